/* Flashing many boards at once: a thread and a bar for each, one verdict for each. */
#ifndef FLASHING_H
#define FLASHING_H

#include "boards.h"

struct flash_how {
	const struct dfu_image *image;
	struct dfu_plan_opts plan;
	enum dfu_voltage voltage;
	bool poll, start, dry_run;
	const char *record;  /* transcript; one board only */
	bool record_secrets; /* with what is in the credential slots */
};

/* Returns the exit status for all: that of one board, or EXIT_FAILED when they differ. */
int flash_boards(const struct sight *boards, size_t n, const struct flash_how *how);

#endif
