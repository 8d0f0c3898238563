/* One-time programmable memory, [RM0090] 3.6.5: 16 blocks of 32 bytes and a lock byte each. */
#include "dev.h"

#include <string.h>

/* Other chips have other things there: the L4 its option bytes. */
static int check_there(const struct dfu_dev *dev, struct dfu_error *err)
{
	const struct dfu_alt *alt = &dev->board.alts[ALT_OTP];

	if (dev->board.n_alts > ALT_OTP && alt->has_layout &&
	    strcmp(alt->layout.name, "OTP Memory") == 0 &&
	    dfu_layout_covers(&alt->layout, DFU_OTP_ADDR,
			      DFU_OTP_BLOCKS * DFU_OTP_BLOCK_BYTES, DFU_READABLE) &&
	    dfu_layout_covers(&alt->layout, DFU_OTP_LOCKS_ADDR, DFU_OTP_BLOCKS,
			      DFU_READABLE))
		return 0;
	return fail(err, DFU_ERR_RANGE, "this bootloader has no OTP memory at 0x%08x",
		    DFU_OTP_ADDR);
}

int dfu_otp_read(struct dfu_dev *dev, struct dfu_otp *out, struct dfu_error *err)
{
	int rc = check_there(dev, err);

	if (rc == 0)
		rc = dfu_read(dev, DFU_OTP_ADDR, &out->data[0][0], sizeof(out->data),
			      err);

	if (rc == 0)
		rc = dfu_read(dev, DFU_OTP_LOCKS_ADDR, out->lock, sizeof(out->lock), err);
	return rc;
}

static int check_open(struct dfu_dev *dev, unsigned block, struct dfu_error *err)
{
	struct dfu_otp otp;
	int rc = dfu_otp_read(dev, &otp, err);

	if (rc == 0 && otp.lock[block] != 0xff)
		rc = fail(err, DFU_ERR_REFUSED, "OTP block %u is locked for ever", block);
	explicit_bzero(&otp, sizeof(otp));
	return rc;
}

int dfu_otp_write(struct dfu_dev *dev, uint32_t offset, const uint8_t *bytes, size_t len,
		  struct dfu_error *err)
{
	unsigned block = offset / DFU_OTP_BLOCK_BYTES;
	int rc;

	if (!len || len > DFU_OTP_BLOCK_BYTES ||
	    offset >= DFU_OTP_BLOCKS * DFU_OTP_BLOCK_BYTES ||
	    (offset + len - 1) / DFU_OTP_BLOCK_BYTES != block)
		return fail(
			err, DFU_ERR_ARG,
			"%zu bytes at offset %u are not within one OTP block of %u bytes",
			len, offset, DFU_OTP_BLOCK_BYTES);
	rc = check_open(dev, block, err);
	if (rc == 0)
		rc = program(dev, ALT_OTP, DFU_OTP_ADDR + offset, bytes, len,
			     DFU_VOLTAGE_1V8, err);
	return rc;
}

int dfu_otp_lock(struct dfu_dev *dev, unsigned block, struct dfu_error *err)
{
	static const uint8_t locked = 0x00;
	int rc;

	if (block >= DFU_OTP_BLOCKS)
		return fail(err, DFU_ERR_ARG, "there are OTP blocks 0 to %u, not %u",
			    DFU_OTP_BLOCKS - 1, block);
	rc = check_open(dev, block, err);
	/* Byte-wise, its word's other bytes ff: a tool that padded with 00 locked four. */
	if (rc == 0)
		rc = program(dev, ALT_OTP, DFU_OTP_LOCKS_ADDR + block, &locked, 1,
			     DFU_VOLTAGE_1V8, err);
	return rc;
}
