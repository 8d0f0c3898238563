/* Serial lines: those of boards that run our firmware, and the terminal one sits at. */
#ifndef TTY_H
#define TTY_H

#include "dfu.h"

#include <stdbool.h>

/* A serial port of a board with our firmware, by sysfs. */
struct tty_board {
	char name[48];   /* "path:3-2", a selector */
	char device[64]; /* "/dev/ttyACM0" */
	char path[40];   /* "3-2" */
	char serial[32];
};
/* The caller frees *out. False without memory. */
bool tty_boards(struct tty_board **out, size_t *n);

/*
 * Open a line for ourselves alone, raw, at so many bits a second (a pseudo-terminal, which
 * has none, not for ourselves: its other users are asked by flock() only). A descriptor to
 * be closed with tty_close(), or an error: DFU_ERR_NODEV, DFU_ERR_ACCESS, DFU_ERR_BUSY.
 */
int tty_open(const char *path, bool pseudo, unsigned baud, struct dfu_error *err);
/* The same of "127.0.0.1:4000", for which there is no rate. */
int tty_dial(const char *address, struct dfu_error *err);
void tty_close(int fd);

bool tty_knows_baud(unsigned baud);

/* Standard input, if it is a terminal: each key at once and as it is. True if it is one. */
bool tty_keys_begin(void);
void tty_keys_end(void);

#endif
