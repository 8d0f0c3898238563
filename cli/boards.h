/* Which boards there are, and which of them is meant. */
#ifndef BOARDS_H
#define BOARDS_H

#include "cli.h"

/* A board in sight, by the name that people select it with. */
struct sight {
	char name[160]; /* "path:3-2", "sim:b0", "usbip://..." */
	char sim[64];   /* the virtual board's name, else empty */
	char usbip[160];
	char mode[16]; /* "dfu", "serial", "running", "off" */
	struct dfu_board board;
};

/* What STMIOT_BUS lets us look for. Complains and returns an exit status. */
enum bus { BUS_SIM = 1, BUS_USB = 2 };
int boards_buses(unsigned *out);

/* All boards that STMIOT_BUS lets us look for. The caller frees *out. Returns an exit status. */
int boards_find(struct sight **out, size_t *n);

/* Those of them that -b means, in whatever state; EXIT_NO_BOARD when one is not in sight. */
int boards_find_meant(struct sight **out, size_t *n);

/*
 * The boards that -b, STMIOT_BOARD or `all` mean, as many as `max`; without a selector the
 * only one in sight. Complains and returns an exit status. Waits up to `wait_s` for them.
 * The caller frees *out.
 */
int boards_select(bool all, size_t max, unsigned wait_s, struct sight **out, size_t *n);

/* Settings for every device: time-outs (STMIOT_TIMEOUT_MS caps them) and Ctrl-C. */
struct dfu_settings board_settings(void);

/* The one board that is meant: for the commands about one. Complains; an exit status. */
int board_select(struct sight *sight);

/* The board that a selector means, whatever -b says. Complains; an exit status. */
int board_named(const char *selector, struct sight *out);

/* Select it and open it. */
int board_open(struct sight *sight, struct dfu_dev **out);

/*
 * After a reset: wait until the board's bootloader is back and open it again. False when it
 * does not come within `timeout_ms`.
 */
bool board_reopen(const struct sight *sight, unsigned timeout_ms, struct dfu_dev **out);

/* True when the bootloader shows itself again within `timeout_ms`. */
bool board_returns(const struct sight *sight, unsigned timeout_ms);

/* "0483:df11", "22.00", for tables. */
const char *board_layout_summary(const struct dfu_board *b, char *to, size_t bytes);

/*
 * Where flash keeps what a power cut would lose: the XDG state folder's stmiot/journal, made
 * when missing. A user without a home has none: libdfu says so when there are bytes that
 * it must keep.
 */
const char *board_journal_dir(void);

#endif
