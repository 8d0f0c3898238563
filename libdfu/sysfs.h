/* Which USB devices there are, by Linux's sysfs: no rights and no library needed. */
#ifndef DFU_SYSFS_H
#define DFU_SYSFS_H

#include "dev.h"

/* The boards with one of the ids (or the ROM's own), by path. Nothing is opened. */
int sysfs_scan(const struct dfu_usb_id *ids, size_t n_ids, struct dfu_board **out,
	       size_t *n, struct dfu_error *err);

/* What is at this path now; false when nothing is. */
bool sysfs_board(const char *path, struct dfu_board *board);

#endif
