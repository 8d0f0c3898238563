/* A plan, inside: for each sector what it is to hold, and how that is brought about. */
#ifndef DFU_PLAN_H
#define DFU_PLAN_H

#include "dev.h"
#include "journal.h"

/* Whose byte of a sector it is. */
/* BLANK: nobody's byte of a sector whose erase was cut off, which left anything there. */
enum owner { NOBODY, IMAGE, KEPT, BLANK };

/* What goes with a struct dfu_plan_sector: three arrays of the sector's length. */
struct work {
	uint8_t *want;  /* what the sector is to hold, ff where nobody cares */
	uint8_t *owner; /* an enum owner for each byte */
	uint8_t *seen;  /* what it holds, as far as `known` says */
	uint8_t *known;
	bool interrupted; /* an earlier run was cut off while it erased this */
};

struct dfu_plan {
	struct dfu_dev *dev;
	struct dfu_plan_opts opts;
	struct dfu_plan_totals totals;
	struct journal journal;
	struct dfu_plan_sector *sectors;
	struct work *work;
	size_t n;
};

/* The block of `sector` at `off`, without the blank bytes at its end; 0 for a blank one. */
uint32_t plan_block_bytes(const struct dfu_plan *plan, size_t sector, uint32_t off);

/* Whether the block at `off` has bytes that must be right. */
bool plan_block_matters(const struct dfu_plan *plan, size_t sector, uint32_t off);

/* DFU_ERR_REFUSED when the option bytes say that a sector to be changed is protected. */
int plan_check_protection(struct dfu_plan *plan, struct dfu_error *err);

#endif
