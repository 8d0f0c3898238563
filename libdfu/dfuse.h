/* What dfuse.c, the states and operations, lends to blocks.c, the runs of blocks. */
#ifndef DFU_DFUSE_H
#define DFU_DFUSE_H

#include "dev.h"

#define REQ_OUT 0x21 /* class, interface: [DFU] 3 */
#define REQ_IN  0xa1

/*
 * How many operations are on their way at once. A window costs one round trip; eight
 * blocks are 80 ms of programming at x32, often enough for a bar and a Ctrl-C.
 */
#define WINDOW_OPS   8u
#define WINDOW_READS 16u

struct dfu_xfer dfuse_request(const struct dfu_dev *dev, uint8_t type, uint8_t req,
			      uint16_t value, uint8_t *data, uint16_t len,
			      unsigned timeout_ms);

/* dfu_io's transfer, counted; the device is marked when it is gone. */
int dfuse_send(struct dfu_dev *dev, struct dfu_xfer *x, size_t n, struct dfu_error *err);

/* Bring the device to dfuIDLE, unless it is in the state that is `fine`. */
int dfuse_ready(struct dfu_dev *dev, uint8_t fine, struct dfu_error *err);

/* A stall, a time-out or a transfer that broke: once more may do. */
bool dfuse_worth_another_try(int rc);

/*
 * After a surprise: from now on politely. The address pointer should outlive this; since
 * blocks that go elsewhere would destroy what is there, it is set again all the same.
 */
int dfuse_recover(struct dfu_dev *dev, unsigned busy_ms, struct dfu_error *err);

#endif
