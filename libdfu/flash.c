/* Reading back, comparing, and leaving. */
#include "dev.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK             (32u << 10) /* between two signs of progress */
#define OPTIONS_BYTES_MAX 4096u

void flash_tell(const struct dfu_dev *dev, const struct dfu_progress *p)
{
	if (dev->set.progress)
		dev->set.progress(dev->set.progress_ctx, p);
}

bool all_ff(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0xff)
			return false;
	return true;
}

int flash_alt_of(const struct dfu_dev *dev, uint32_t addr, size_t len,
		 struct dfu_error *err)
{
	/* System memory, OTP and option bytes never overlap flash: the first match is it. */
	for (unsigned i = 0; i < dev->board.n_alts; i++)
		if (dev->board.alts[i].has_layout &&
		    dfu_layout_covers(&dev->board.alts[i].layout, addr, len, 0))
			return (int)i;
	return fail(err, DFU_ERR_RANGE,
		    "0x%08" PRIx32
		    " and the %zu bytes from there are in no memory of this board",
		    addr, len);
}

int flash_compare(struct dfu_dev *dev, uint32_t addr, const uint8_t *want,
		  const uint8_t *seen, size_t len, struct dfu_error *err)
{
	const struct dfu_layout *layout = &dev->board.alts[ALT_FLASH].layout;
	struct dfu_sector sector;
	size_t i = 0;

	while (i < len && want[i] == seen[i])
		i++;
	if (i == len)
		return 0;
	addr += (uint32_t)i;
	if (!dfu_layout_find(layout, addr, &sector))
		return fail(err, DFU_ERR_VERIFY,
			    "0x%08" PRIx32 " holds %02x instead of %02x", addr, seen[i],
			    want[i]);
	return fail(err, DFU_ERR_VERIFY,
		    "0x%08" PRIx32 " in sector %u holds %02x, image has %02x", addr,
		    sector.index, seen[i], want[i]);
}

/* What [AN3156] 5.1 wants: whole words, and each block of option bytes from its start. */
static void widen(const struct dfu_dev *dev, int alt, uint32_t *addr, size_t *len)
{
	uint32_t end = *addr + (uint32_t)*len;
	struct dfu_sector s;

	if (alt == ALT_OPTIONS &&
	    dfu_layout_find(&dev->board.alts[alt].layout, *addr, &s) &&
	    *len <= s.bytes - (*addr - s.addr) && s.bytes <= OPTIONS_BYTES_MAX) {
		*addr = s.addr;
		*len = s.bytes;
		return;
	}
	*addr &= ~3u;
	*len = ((end + 3) & ~3u) - *addr;
}

int dfu_read(struct dfu_dev *dev, uint32_t addr, uint8_t *buf, size_t len,
	     struct dfu_error *err)
{
	struct dfu_progress p = { .phase = DFU_PHASE_READ, .total = len };
	int alt = len ? flash_alt_of(dev, addr, len, err) : 0, rc;
	uint32_t from = addr;
	size_t wide = len;
	uint8_t *all;

	if (alt < 0 || !len)
		return alt;
	widen(dev, alt, &from, &wide);
	all = malloc(wide);
	if (!all)
		return fail(err, DFU_ERR_NOMEM, "no room to read %zu bytes", wide);
	p.whole_ms = p.left_ms = timing_read_us(wide) / 1000;
	rc = dfuse_select(dev, (uint8_t)alt, err);
	for (size_t at = 0; rc == 0 && at < wide; at += CHUNK) {
		size_t now = wide - at < CHUNK ? wide - at : CHUNK;

		rc = dfuse_read(dev, from + (uint32_t)at, all + at, now, err);
		p.done = at + now < len ? at + now : len;
		p.left_ms = timing_read_us(wide - at - now) / 1000;
		flash_tell(dev, &p);
	}
	if (rc == 0)
		memcpy(buf, all + (addr - from), len);
	wipe_and_free(all, wide);
	return rc;
}

static int verify_segment(struct dfu_dev *dev, const struct dfu_segment *s, uint8_t *seen,
			  struct dfu_progress *p, struct dfu_error *err)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < s->len; at += CHUNK) {
		size_t now = s->len - at < CHUNK ? s->len - at : CHUNK;
		uint32_t from = s->addr + (uint32_t)at, aligned = from & ~3u;
		size_t wide = ((from + now + 3) & ~3u) - aligned;

		rc = dfuse_read(dev, aligned, seen, wide, err);
		if (rc == 0)
			rc = flash_compare(dev, from, s->data + at,
					   seen + (from - aligned), now, err);
		p->done += now;
		p->left_ms = timing_read_us(p->total - p->done) / 1000;
		flash_tell(dev, p);
	}
	return rc;
}

int dfu_verify(struct dfu_dev *dev, const struct dfu_image *image, struct dfu_error *err)
{
	struct dfu_progress p = { .phase = DFU_PHASE_VERIFY,
				  .total = dfu_image_bytes(image) };
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s);
	int rc = dfu_image_check(image, &dev->board.alts[ALT_FLASH].layout, err);
	uint8_t *seen;

	if (rc < 0)
		return rc;
	seen = malloc(CHUNK + 8);
	if (!seen)
		return fail(err, DFU_ERR_NOMEM, "no room to read back %u bytes", CHUNK);
	p.whole_ms = p.left_ms = timing_read_us(p.total) / 1000;
	rc = dfuse_select(dev, ALT_FLASH, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = verify_segment(dev, &s[i], seen, &p, err);
	wipe_and_free(seen, CHUNK + 8);
	return rc == DFU_ERR_VERIFY ? hint(err, rc, "`stmiot flash` writes what differs")
				    : rc;
}

/*
 * Send it off: [AN3156] 5.5. The GETSTATUS that does may get an answer, or none; that it
 * goes counts. A refused one did nothing, and is sent again.
 */
static int send_off(struct dfu_dev *dev, struct dfu_error *err)
{
	uint8_t d[6];
	struct dfu_xfer x[2] = {
		{ .bmRequestType = 0x21,
		  .bRequest = DFU_DNLOAD,
		  .wIndex = dev->board.interface,
		  .timeout_ms = dev->set.timeouts.control_ms },
		{ .bmRequestType = 0xa1,
		  .bRequest = DFU_GETSTATUS,
		  .wIndex = dev->board.interface,
		  .wLength = 6,
		  .data = d,
		  .timeout_ms = dev->set.timeouts.leave_ms },
	};
	int rc = dev->io.transfer(dev->io.ctx, &x[0], 1, err);

	dev->transfers += 2;
	if (rc < 0)
		return rc;
	if (x[0].result < 0)
		return fail(err, DFU_ERR_STALL, "the bootloader refuses to leave");
	rc = dev->io.transfer(dev->io.ctx, &x[1], 1, NULL);
	if (rc == 0 && x[1].result == DFU_ERR_STALL)
		dev->io.transfer(dev->io.ctx, &x[1], 1, NULL);
	return 0;
}

int dfu_leave(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err)
{
	int rc = dfuse_select(dev, ALT_FLASH, err);

	/* The pointer is at the last block after a download: always set it ([AN3156] 5.5). */
	if (rc == 0)
		rc = dfuse_set_address(dev, addr, err);
	if (rc < 0)
		return rc;
	rc = send_off(dev, err);
	/* Setting the pointer again also finds out, and ends, what state it is in. */
	if ((rc == DFU_ERR_STALL || rc == DFU_ERR_TIMEOUT) &&
	    dfuse_idle(dev, NULL) == 0 && dfuse_set_address(dev, addr, NULL) == 0)
		rc = send_off(dev, err);
	if (rc < 0 && rc != DFU_ERR_GONE && rc != DFU_ERR_IO)
		return rc;
	dev->gone = true;
	return dev->io.wait_gone(dev->io.ctx, dev->set.timeouts.leave_ms);
}
