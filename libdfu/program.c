/* Erasing and programming by hand. */
#include "dev.h"

#include <stdlib.h>
#include <string.h>

#define CMD_ERASE     0x41
#define CMD_UNPROTECT 0x92
#define PIECE         (16u << 10) /* between two signs of progress */

static const struct dfu_layout *flash_layout(const struct dfu_dev *dev)
{
	return &dev->board.alts[ALT_FLASH].layout;
}

/* -- erasing ----------------------------------------------------------------------- */

static int check_bounds(const struct dfu_dev *dev, uint32_t addr, size_t len,
			struct dfu_error *err)
{
	const struct dfu_layout *layout = flash_layout(dev);
	struct dfu_sector first, last;

	if (!len || !dfu_layout_covers(layout, addr, len, DFU_ERASABLE))
		return fail(err, DFU_ERR_RANGE,
			    "0x%08" PRIx32
			    " and the %zu bytes from there are not all in flash",
			    addr, len);
	dfu_layout_find(layout, addr, &first);
	dfu_layout_find(layout, addr + (uint32_t)len - 1, &last);
	if (first.addr == addr && last.addr + last.bytes == addr + len)
		return 0;
	fail(err, DFU_ERR_ARG, "only whole sectors can be erased");
	return hint(err, DFU_ERR_ARG, "those around it are 0x%08" PRIx32 " %" PRIu32,
		    first.addr, last.addr + last.bytes - first.addr);
}

static int check_blank(struct dfu_dev *dev, uint32_t addr, size_t len,
		       struct dfu_error *err)
{
	uint8_t seen[PIECE];
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < len; at += sizeof(seen)) {
		size_t now = len - at < sizeof(seen) ? len - at : sizeof(seen), i = 0;

		rc = dfuse_read(dev, addr + (uint32_t)at, seen, now, err);
		while (rc == 0 && i < now && seen[i] == 0xff)
			i++;
		if (rc == 0 && i < now) {
			fail(err, DFU_ERR_VERIFY,
			     "0x%08" PRIx32 " holds %02x after the erase",
			     addr + (uint32_t)(at + i), seen[i]);
			rc = hint(err, DFU_ERR_VERIFY,
				  "the sector may be write-protected: "
				  "`stmiot option show` tells");
		}
	}
	return rc;
}

/* Each sector of the range in turn; stops at the first error. */
static int each_sector(struct dfu_dev *dev, uint32_t addr, size_t len,
		       int (*visit)(struct dfu_dev *, const struct dfu_sector *, void *,
				    struct dfu_error *),
		       void *ctx, struct dfu_error *err)
{
	struct dfu_sector s;
	size_t done = 0;
	int rc = 0;

	while (rc == 0 && done < len &&
	       dfu_layout_find(flash_layout(dev), addr + (uint32_t)done, &s)) {
		rc = visit(dev, &s, ctx, err);
		done += s.bytes;
	}
	return rc;
}

struct guarded {
	dfu_guard *guard;
	void *ctx;
};

static int ask(struct dfu_dev *dev, const struct dfu_sector *s, void *ctx,
	       struct dfu_error *err)
{
	const struct guarded *g = ctx;
	int rc = g->guard(g->ctx, s, NULL, err);
	uint8_t *content;

	if (rc <= 0)
		return rc;
	content = malloc(s->bytes);
	if (!content)
		return fail(err, DFU_ERR_NOMEM, "no room for a sector of %u bytes",
			    s->bytes);
	rc = dfuse_read(dev, s->addr, content, s->bytes, err);
	if (rc == 0)
		rc = g->guard(g->ctx, s, content, err);
	wipe_and_free(content, s->bytes);
	return rc < 0 ? rc : 0;
}

static int erase_one(struct dfu_dev *dev, const struct dfu_sector *s, void *ctx,
		     struct dfu_error *err)
{
	struct dfu_progress *p = ctx;
	unsigned ms = timing_erase_ms(s->bytes, dev->parallelism);
	int rc;

	p->step_ms = ms;
	flash_tell(dev, p);
	rc = dfuse_erase_sector(dev, s->addr, err);
	if (rc == 0)
		rc = check_blank(dev, s->addr, s->bytes, err);
	p->step_ms = 0;
	p->done += s->bytes;
	p->left_ms = p->left_ms > ms ? p->left_ms - ms : 0;
	flash_tell(dev, p);
	return rc < 0 ? rc : dfuse_cancelled(dev, err);
}

static int add_time(struct dfu_dev *dev, const struct dfu_sector *s, void *ctx,
		    struct dfu_error *err)
{
	struct dfu_progress *p = ctx;

	(void)err;
	p->whole_ms += timing_erase_ms(s->bytes, dev->parallelism);
	p->left_ms = p->whole_ms;
	return 0;
}

int dfu_erase(struct dfu_dev *dev, uint32_t addr, size_t len, dfu_guard *guard,
	      void *guard_ctx, struct dfu_error *err)
{
	struct dfu_progress p = { .phase = DFU_PHASE_ERASE, .total = len };
	struct guarded g = { guard, guard_ctx };
	int rc = check_bounds(dev, addr, len, err);

	if (rc == 0)
		rc = dfuse_select(dev, ALT_FLASH, err);
	if (rc == 0 && guard)
		rc = each_sector(dev, addr, len, ask, &g, err);
	if (rc == 0)
		rc = feature_set(dev, dev->set.voltage, err);
	if (rc == 0)
		rc = each_sector(dev, addr, len, add_time, &p, err);
	if (rc == 0)
		rc = each_sector(dev, addr, len, erase_one, &p, err);
	return rc;
}

int dfu_erase_chip(struct dfu_dev *dev, struct dfu_error *err)
{
	static const uint8_t cmd[1] = { CMD_ERASE };
	const struct dfu_layout *layout = flash_layout(dev);
	struct dfu_progress p = { .phase = DFU_PHASE_ERASE,
				  .total = dfu_layout_bytes(layout) };
	struct op op = {
		0,           cmd, 1, dev->set.timeouts.chip_ms, layout->regions[0].addr,
		"mass erase"
	};
	int rc = feature_set(dev, dev->set.voltage, err);

	if (rc < 0)
		return rc;
	p.step_ms = timing_chip_ms(dev->parallelism);
	p.left_ms = p.whole_ms = p.step_ms;
	flash_tell(dev, &p);
	rc = dfuse_run(dev, &op, 1, err);
	for (size_t i = 0; rc == 0 && i < layout->n_regions; i++)
		rc = check_blank(dev, layout->regions[i].addr,
				 (size_t)layout->regions[i].sectors *
					 layout->regions[i].sector_bytes,
				 err);
	p.done = p.total;
	p.step_ms = 0;
	p.left_ms = 0;
	flash_tell(dev, &p);
	return rc;
}

/* -- programming without an erase -------------------------------------------------- */

/* Programming can only clear bits. */
static int check_bits(uint32_t addr, const uint8_t *have, const uint8_t *want, size_t len,
		      struct dfu_error *err)
{
	for (size_t i = 0; i < len; i++)
		if ((have[i] & want[i]) != want[i])
			return fail(err, DFU_ERR_REFUSED,
				    "0x%08" PRIx32
				    " holds %02x: only an erase could make it %02x",
				    addr + (uint32_t)i, have[i], want[i]);
	return 0;
}

/*
 * Whole words, the bytes around ours ff: those keep what they have. *out is for the
 * caller to free.
 */
static int widen(uint32_t addr, const uint8_t *bytes, size_t len, uint8_t **out,
		 uint32_t *from, size_t *wide, struct dfu_error *err)
{
	*from = addr & ~3u;
	*wide = ((addr + (uint32_t)len + 3) & ~3u) - *from;
	*out = malloc(*wide);
	if (!*out)
		return fail(err, DFU_ERR_NOMEM, "no room for %zu bytes", *wide);
	memset(*out, 0xff, *wide);
	memcpy(*out + (addr - *from), bytes, len);
	return 0;
}

int program(struct dfu_dev *dev, int alt, uint32_t addr, const uint8_t *bytes, size_t len,
	    enum dfu_voltage voltage, struct dfu_error *err)
{
	uint8_t *want = NULL, *have = malloc(len + 8);
	uint32_t from;
	size_t wide;
	int rc = widen(addr, bytes, len, &want, &from, &wide, err);

	if (rc == 0 && !have)
		rc = fail(err, DFU_ERR_NOMEM, "no room for %zu bytes", len);
	if (rc == 0)
		rc = feature_set(dev, voltage, err);
	if (rc == 0)
		rc = dfuse_select(dev, (uint8_t)alt, err);
	if (rc == 0)
		rc = dfuse_read(dev, from, have, wide, err);
	if (rc == 0)
		rc = check_bits(addr, have + (addr - from), bytes, len, err);
	if (rc == 0)
		rc = dfuse_write(dev, from, want, wide, err);
	if (rc == 0)
		rc = dfuse_read(dev, from, have, wide, err);
	if (rc == 0)
		rc = flash_compare(dev, addr, bytes, have + (addr - from), len, err);
	wipe_and_free(want, wide);
	wipe_and_free(have, len + 8);
	return rc;
}

int dfu_program(struct dfu_dev *dev, uint32_t addr, const uint8_t *bytes, size_t len,
		bool bytewise, struct dfu_error *err)
{
	if (!len || !dfu_layout_covers(flash_layout(dev), addr, len, DFU_WRITEABLE))
		return fail(err, DFU_ERR_RANGE,
			    "0x%08" PRIx32
			    " and the %zu bytes from there are not all in flash",
			    addr, len);
	return program(dev, ALT_FLASH, addr, bytes, len,
		       bytewise ? DFU_VOLTAGE_1V8 : dev->set.voltage, err);
}

/* -- read unprotect ---------------------------------------------------------------- */

int dfu_unprotect(struct dfu_dev *dev, struct dfu_error *err)
{
	static uint8_t cmd[1] = { CMD_UNPROTECT };
	int rc = dfuse_idle(dev, err);

	if (rc == 0)
		rc = dfuse_reset_after(dev, 0, cmd, sizeof(cmd), "read unprotect", err);
	return rc;
}
