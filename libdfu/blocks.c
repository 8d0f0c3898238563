/* Runs of blocks: what is read and written by block numbers, [AN3156] 5.1. */
#include "dfuse.h"

/* Whether block numbers still reach `addr`, so that no Set Address is needed. */
static bool in_reach(const struct dfu_dev *dev, uint32_t addr)
{
	uint32_t off = addr - dev->pointer;

	return dev->has_pointer && addr >= dev->pointer && off % dev->block_bytes == 0 &&
	       off / dev->block_bytes + 2 + WINDOW_READS <= UINT16_MAX;
}

static uint16_t block_number(const struct dfu_dev *dev, uint32_t addr)
{
	return (uint16_t)((addr - dev->pointer) / dev->block_bytes + 2);
}

static int point_at(struct dfu_dev *dev, uint32_t addr, bool whole_blocks,
		    struct dfu_error *err)
{
	/*
	 * [AN3156] 5.1 multiplies the block number by the length of the transfer, ST's code
	 * by its constant; for short blocks only number 2 is beyond doubt.
	 */
	if (in_reach(dev, addr) &&
	    ((whole_blocks && dev->numbered) || addr == dev->pointer))
		return 0;
	return dfuse_set_address(dev, addr, err);
}

/* Blocks that may go at once: one when their numbers do not tell their addresses. */
static size_t window(const struct dfu_dev *dev, size_t blocks)
{
	return dev->numbered ? blocks : 1;
}

/* One window of UPLOADs, from number `block` on. */
static int upload(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
		  struct dfu_error *err)
{
	struct dfu_xfer x[WINDOW_READS];
	struct status st;
	size_t n = 0;
	int rc;

	for (size_t at = 0; at < len; at += dev->block_bytes, n++) {
		size_t left = len - at;

		x[n] = dfuse_request(
			dev, REQ_IN, DFU_UPLOAD, (uint16_t)(block_number(dev, addr) + n),
			buf + at,
			(uint16_t)(left < dev->block_bytes ? left : dev->block_bytes),
			dev->set.timeouts.control_ms);
	}
	rc = dfuse_send(dev, x, n, err);
	dev->state = rc < 0 ? STATE_UNKNOWN : dfuUPLOAD_IDLE;
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		uint32_t where = addr + (uint32_t)i * dev->block_bytes;

		if (x[i].result == x[i].wLength)
			continue;
		dev->state = STATE_UNKNOWN;
		rc = dfuse_status(dev, dev->set.timeouts.control_ms, &st, err);
		if (rc < 0)
			return rc;
		dev->state = st.bState;
		if (st.bState == dfuERROR)
			return dfuse_explain(&st, "read", where, err);
		return fail(err, DFU_ERR_STALL,
			    "read at 0x%08" PRIx32
			    ": the bootloader gives %d of %u bytes",
			    where, x[i].result < 0 ? 0 : x[i].result, x[i].wLength);
	}
	return 0;
}

static int read_some(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
		     struct dfu_error *err)
{
	int rc = point_at(dev, addr, len % dev->block_bytes == 0, err);

	if (rc == 0)
		rc = dfuse_ready(dev, dfuUPLOAD_IDLE, err);
	if (rc == 0)
		rc = upload(dev, addr, buf, len, err);
	return rc;
}

int dfuse_read(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
	       struct dfu_error *err)
{
	while (len) {
		size_t now = window(dev, WINDOW_READS) * dev->block_bytes;
		int rc;

		if (now > len)
			now = len < dev->block_bytes ? len : len - len % dev->block_bytes;
		rc = read_some(dev, addr, buf, now, err);
		if (dfuse_worth_another_try(rc) && !dev->gone &&
		    dfuse_recover(dev, dev->set.timeouts.control_ms, NULL) == 0)
			rc = read_some(dev, addr, buf, now, err);
		if (rc < 0)
			return rc;
		addr += (uint32_t)now;
		buf += now;
		len -= now;
		rc = dfuse_cancelled(dev, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int dfuse_write(struct dfu_dev *dev, uint32_t addr, const uint8_t *buf, size_t len,
		struct dfu_error *err)
{
	struct op ops[WINDOW_OPS];

	while (len) {
		size_t n = 0, now = 0;
		int rc = point_at(dev, addr, len >= dev->block_bytes, err);

		if (rc < 0)
			return rc;
		for (; n < window(dev, WINDOW_OPS) && len - now >= dev->block_bytes;
		     n++, now += dev->block_bytes)
			ops[n] = (struct op){ (uint16_t)(block_number(dev, addr) + n),
					      buf + now,
					      dev->block_bytes,
					      dev->set.timeouts.write_ms,
					      addr + (uint32_t)now,
					      "write" };
		if (!n) {
			ops[n++] = (struct op){
				2,    buf,    (uint16_t)len, dev->set.timeouts.write_ms,
				addr, "write"
			};
			now = len;
		}
		rc = dfuse_run(dev, ops, n, err);
		if (rc < 0)
			return rc;
		addr += (uint32_t)now;
		buf += now;
		len -= now;
		rc = dfuse_cancelled(dev, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
