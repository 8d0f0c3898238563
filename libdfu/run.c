/* Carrying a plan out: erase, write, the lowest block last, verify. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define RUN_BLOCKS 8u /* written between two signs of progress */

struct run {
	struct dfu_plan *plan;
	struct dfu_dev *dev;
	struct dfu_progress p;
	uint64_t done[DFU_PHASE_VERIFY + 1]; /* of each phase, in bytes */
	size_t from, to;                     /* the sectors that are at work */
	size_t first_sector;                 /* of the block that is written last */
	uint32_t first_off;
};

/* -- write protection -------------------------------------------------------------- */

static int refuse_protected(unsigned sector, uint32_t addr, enum dfu_err code,
			    struct dfu_error *err)
{
	fail(err, code, "sector %u at 0x%08" PRIx32 " is write-protected (nWRP%u is 0)",
	     sector, addr, sector);
	return hint(err, code, "`stmiot option set nwrp%u=1 --yes` lifts that", sector);
}

/* Whether nWRP forbids a sector; false too when the option bytes cannot be read. */
static bool is_protected(struct dfu_dev *dev, unsigned sector)
{
	struct dfu_options *o;
	bool is;

	if (!dev->f407 || dfu_options_read(dev, &o, NULL) < 0)
		return false;
	is = dfu_options_protects(o, sector);
	dfu_options_free(o);
	return is;
}

int plan_check_protection(struct dfu_plan *plan, struct dfu_error *err)
{
	struct dfu_options *o;
	int rc = 0;

	/* Without changes there is nothing to protect from. */
	if (!plan->dev->f407 || !(plan->totals.write + plan->totals.erase))
		return 0;
	/* When they cannot be read, the verify will tell. */
	rc = dfu_options_read(plan->dev, &o, err);
	if (rc == DFU_ERR_GONE || rc == DFU_ERR_CANCELLED)
		return rc;
	if (rc < 0)
		return dfuse_idle(plan->dev, err);
	for (size_t i = 0; rc == 0 && i < plan->n; i++) {
		const struct dfu_sector *s = &plan->sectors[i].sector;

		if (plan->sectors[i].action != DFU_SAME &&
		    dfu_options_protects(o, s->index))
			rc = refuse_protected(s->index, s->addr, DFU_ERR_REFUSED, err);
	}
	dfu_options_free(o);
	return rc == 0 ? dfuse_select(plan->dev, ALT_FLASH, err) : rc;
}

/* -- steps ------------------------------------------------------------------------- */

static void begin_phase(struct run *r, enum dfu_phase phase, uint64_t total)
{
	r->p.phase = phase;
	r->p.done = r->done[phase];
	r->p.total = total;
}

/* A step of `us` begins; `bytes` of the phase are done after it. */
static void begin_step(struct run *r, uint64_t us)
{
	r->p.step_ms = (unsigned)(us / 1000);
	flash_tell(r->dev, &r->p);
}

static void end_step(struct run *r, uint64_t us, uint64_t bytes)
{
	r->p.done = r->done[r->p.phase] += bytes;
	r->p.left_ms = r->p.left_ms > us / 1000 ? r->p.left_ms - us / 1000 : 0;
	r->p.step_ms = 0;
	flash_tell(r->dev, &r->p);
}

static int erase_all(struct run *r, struct dfu_error *err)
{
	struct dfu_plan *plan = r->plan;
	int rc = 0;

	begin_phase(r, DFU_PHASE_ERASE, plan->totals.erase_bytes);
	for (size_t i = r->from; rc == 0 && i < r->to; i++) {
		const struct dfu_sector *s = &plan->sectors[i].sector;
		uint64_t us = timing_erase_ms(s->bytes, r->dev->parallelism) * 1000ull;

		if (plan->sectors[i].action != DFU_ERASE)
			continue;
		begin_step(r, us);
		rc = dfuse_erase_sector(r->dev, s->addr, err);
		end_step(r, us, s->bytes);
		if (rc == 0)
			rc = dfuse_cancelled(r->dev, err);
	}
	return rc;
}

static int write_stretch(struct run *r, size_t i, uint32_t off, uint32_t len,
			 struct dfu_error *err)
{
	uint64_t us = timing_write_us(len, r->dev->parallelism);
	int rc;

	begin_step(r, us);
	rc = dfuse_write(r->dev, r->plan->sectors[i].sector.addr + off,
			 r->plan->work[i].want + off, len, err);
	end_step(r, us, len);
	return rc;
}

static bool is_first(const struct run *r, size_t i, uint32_t off)
{
	return i == r->first_sector && off == r->first_off;
}

/* Blocks that follow one another go in one stretch, up to RUN_BLOCKS of them. */
static int write_sector(struct run *r, size_t i, struct dfu_error *err)
{
	uint32_t block = r->dev->block_bytes, bytes = r->plan->sectors[i].sector.bytes;
	uint32_t off = 0;

	while (off < bytes) {
		uint32_t len = 0, last = block;

		while (last == block && off + len < bytes && len < RUN_BLOCKS * block &&
		       !is_first(r, i, off + len)) {
			last = plan_block_bytes(r->plan, i, off + len);
			len += last;
		}
		if (len) {
			int rc = write_stretch(r, i, off, len, err);

			if (rc < 0)
				return rc;
		}
		/* Behind a short or blank block, or the one for later, goes the next. */
		off += len ? (len + block - 1) / block * block : block;
	}
	return 0;
}

/* The lowest block: with a vector table or a header in it, nothing starts without. */
static void find_first(struct run *r)
{
	struct dfu_plan *plan = r->plan;

	r->first_sector = plan->n;
	for (size_t i = r->from; i < r->to; i++) {
		if (plan->sectors[i].action == DFU_SAME)
			continue;
		for (uint32_t off = 0; off < plan->sectors[i].sector.bytes;
		     off += r->dev->block_bytes) {
			if (!plan_block_bytes(plan, i, off))
				continue;
			r->first_sector = i;
			r->first_off = off;
			return;
		}
	}
}

static int write_all(struct run *r, struct dfu_error *err)
{
	struct dfu_plan *plan = r->plan;
	int rc = 0;

	begin_phase(r, DFU_PHASE_WRITE, plan->totals.write_bytes);
	find_first(r);
	for (size_t i = r->from; rc == 0 && i < r->to; i++)
		if (plan->sectors[i].action != DFU_SAME)
			rc = write_sector(r, i, err);
	if (rc == 0 && r->first_sector < plan->n)
		rc = write_stretch(r, r->first_sector, r->first_off,
				   plan_block_bytes(plan, r->first_sector, r->first_off),
				   err);
	return rc;
}

/* Blocks that matter and follow one another, compared where somebody owns the bytes. */
static int verify_stretch(struct run *r, size_t i, uint32_t off, uint32_t len,
			  struct dfu_error *err)
{
	const struct dfu_sector *s = &r->plan->sectors[i].sector;
	struct work *w = &r->plan->work[i];
	int rc = dfuse_read(r->dev, s->addr + off, w->seen + off, len, err);

	if (rc < 0)
		return rc;
	for (uint32_t k = off; k < off + len; k++)
		if (w->owner[k] == NOBODY)
			w->seen[k] = w->want[k];
	rc = flash_compare(r->dev, s->addr + off, w->want + off, w->seen + off, len, err);
	/* [AN3156] 5.1 note 2: a protected sector reports no error, and does nothing. */
	if (rc == DFU_ERR_VERIFY && is_protected(r->dev, s->index))
		rc = refuse_protected(s->index, s->addr, DFU_ERR_VERIFY, err);
	return rc;
}

static int verify_sector(struct run *r, size_t i, struct dfu_error *err)
{
	uint32_t block = r->dev->block_bytes, bytes = r->plan->sectors[i].sector.bytes,
		 len;
	int rc = 0;

	for (uint32_t off = 0; rc == 0 && off < bytes; off += len ? len : block) {
		for (len = 0; off + len < bytes && len < 2 * RUN_BLOCKS * block &&
			      plan_block_matters(r->plan, i, off + len);)
			len += block;
		if (off + len > bytes)
			len = bytes - off;
		if (!len)
			continue;
		rc = verify_stretch(r, i, off, len, err);
		end_step(r, timing_read_us(len), len);
	}
	return rc;
}

static int verify_all(struct run *r, struct dfu_error *err)
{
	int rc = 0;

	begin_phase(r, DFU_PHASE_VERIFY, r->plan->totals.verify_bytes);
	for (size_t i = r->from; rc == 0 && i < r->to; i++)
		if (r->plan->sectors[i].action != DFU_SAME)
			rc = verify_sector(r, i, err);
	return rc;
}

/* Before the first erase. Where nothing is to be kept, it is no loss when that fails. */
static int store_journal(struct dfu_plan *plan, struct dfu_error *err)
{
	int rc;

	if (!plan->journal.path[0] || !plan->totals.erase)
		return 0;
	rc = journal_store(&plan->journal, err);
	if (rc != DFU_ERR_FILE)
		return rc;
	if (!plan->totals.kept_bytes)
		return 0;
	return hint(err, rc,
		    "set XDG_STATE_HOME to a folder that can be written, "
		    "or give the bytes up with --no-preserve");
}

/* Those from `from` up to, but not, `to`. */
static int change_sectors(struct run *r, size_t from, size_t to, struct dfu_error *err)
{
	int rc;

	r->from = from;
	r->to = to;
	rc = erase_all(r, err);
	if (rc == 0)
		rc = write_all(r, err);
	if (rc == 0 && !r->plan->opts.no_verify)
		rc = verify_all(r, err);
	return rc;
}

static int change(struct run *r, struct dfu_error *err)
{
	struct dfu_plan *plan = r->plan;
	size_t apart = plan->opts.lowest_apart && plan->n ? 1 : 0;
	int rc = feature_set(r->dev, r->dev->set.voltage, err);

	if (rc == 0)
		rc = store_journal(plan, err);
	if (rc == 0)
		rc = change_sectors(r, apart, plan->n, err);
	if (rc == 0 && apart)
		rc = change_sectors(r, 0, apart, err);
	return rc;
}

int dfu_plan_run(struct dfu_plan *plan, struct dfu_error *err)
{
	struct run r = { .plan = plan, .dev = plan->dev };
	int rc = 0;

	r.p.whole_ms = r.p.left_ms = plan->totals.estimate_ms;
	if (plan->totals.write + plan->totals.erase)
		rc = change(&r, err);
	if (rc == 0)
		rc = journal_remove(&plan->journal, err);
	return rc;
}
