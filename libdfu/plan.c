/* Deciding: what is read, erased, kept and written. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

/* The first look into a sector is short: mostly it shows at once that all is different. */
#define FIRST_LOOK (4u << 10)
#define LOOK_MAX   (32u << 10)

/* Pieces of kept bytes are apart when so many blank ones are between them. */
#define KEEP_GAP 32u

static void free_work(struct work *w, uint32_t bytes)
{
	wipe_and_free(w->want, bytes);
	free(w->owner);
	wipe_and_free(w->seen, bytes);
	free(w->known);
}

void dfu_plan_free(struct dfu_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++)
		free_work(&plan->work[i], plan->sectors[i].sector.bytes);
	free(plan->sectors);
	free(plan->work);
	journal_clear(&plan->journal);
	free(plan);
}

/* -- what each sector is to hold --------------------------------------------------- */

static int add_sector(struct dfu_plan *plan, const struct dfu_sector *sector,
		      struct dfu_error *err)
{
	struct dfu_plan_sector *sectors =
		realloc(plan->sectors, (plan->n + 1) * sizeof(*sectors));
	struct work *work = realloc(plan->work, (plan->n + 1) * sizeof(*work)), *w;

	plan->sectors = sectors ? sectors : plan->sectors;
	plan->work = work ? work : plan->work;
	if (!sectors || !work)
		return fail(err, DFU_ERR_NOMEM, "no room for the plan");
	w = &work[plan->n];
	*w = (struct work){ malloc(sector->bytes), calloc(1, sector->bytes),
			    malloc(sector->bytes), calloc(1, sector->bytes), false };
	if (!w->want || !w->owner || !w->seen || !w->known) {
		free_work(w, sector->bytes);
		return fail(err, DFU_ERR_NOMEM, "no room for a sector of %u bytes",
			    sector->bytes);
	}
	memset(w->want, 0xff, sector->bytes);
	sectors[plan->n] = (struct dfu_plan_sector){ .sector = *sector };
	plan->n++;
	return 0;
}

/* The plan's index of the sector with `addr`, added when it is new; or an error. */
static int sector_at(struct dfu_plan *plan, uint32_t addr, struct dfu_error *err)
{
	const struct dfu_layout *layout = &plan->dev->board.alts[ALT_FLASH].layout;
	struct dfu_sector sector;
	int rc;

	if (!dfu_layout_find(layout, addr, &sector))
		return fail(err, DFU_ERR_RANGE, "0x%08" PRIx32 " is not in flash", addr);
	for (size_t i = 0; i < plan->n; i++)
		if (plan->sectors[i].sector.addr == sector.addr)
			return (int)i;
	rc = add_sector(plan, &sector, err);
	return rc < 0 ? rc : (int)plan->n - 1;
}

static void claim(struct dfu_plan *plan, size_t i, uint32_t addr, const uint8_t *data,
		  uint32_t len, enum owner owner)
{
	struct dfu_plan_sector *s = &plan->sectors[i];
	uint32_t off = addr - s->sector.addr;

	for (uint32_t k = 0; k < len; k++) {
		if (plan->work[i].owner[off + k] != NOBODY)
			continue;
		plan->work[i].owner[off + k] = (uint8_t)owner;
		plan->work[i].want[off + k] = data[k];
		if (owner == IMAGE) {
			s->image_bytes++;
		} else {
			s->kept_bytes++;
			s->restored_bytes++;
		}
	}
}

static int place(struct dfu_plan *plan, uint32_t addr, const uint8_t *data, size_t len,
		 enum owner owner, struct dfu_error *err)
{
	while (len) {
		int i = sector_at(plan, addr, err);
		uint32_t room, now;

		if (i < 0)
			return i;
		room = plan->sectors[i].sector.addr + plan->sectors[i].sector.bytes -
		       addr;
		now = len < room ? (uint32_t)len : room;
		claim(plan, (size_t)i, addr, data, now, owner);
		addr += now;
		data += now;
		len -= now;
	}
	return 0;
}

/* What a run that was cut off had saved: its bytes go back, its sectors are erased again. */
static int place_journal(struct dfu_plan *plan, struct dfu_error *err)
{
	int rc = journal_open(plan->opts.journal_dir, &plan->dev->board, &plan->journal,
			      err);

	for (size_t k = 0; rc == 0 && k < plan->journal.n; k++) {
		const struct journal_piece *p = &plan->journal.pieces[k];

		if (p->len) {
			if (!plan->opts.no_preserve)
				rc = place(plan, p->addr, p->data, p->len, KEPT, err);
		} else {
			int i = sector_at(plan, p->addr, err);

			rc = i < 0 ? i : 0;
			if (rc == 0)
				plan->work[i].interrupted = true;
		}
	}
	return rc;
}

static int by_address(const void *a, const void *b)
{
	uint32_t left = ((const struct dfu_plan_sector *)a)->sector.addr;
	uint32_t right = ((const struct dfu_plan_sector *)b)->sector.addr;

	return left < right ? -1 : left > right;
}

/* Both arrays by address; there are a dozen sectors, so the second one is simply redone. */
static int sort_sectors(struct dfu_plan *plan, struct dfu_error *err)
{
	struct dfu_plan_sector *sorted = malloc((plan->n + 1) * sizeof(*sorted));
	struct work *work = malloc((plan->n + 1) * sizeof(*work));

	if (!sorted || !work) {
		free(sorted);
		free(work);
		return fail(err, DFU_ERR_NOMEM, "no room for the plan");
	}
	if (plan->n)
		memcpy(sorted, plan->sectors, plan->n * sizeof(*sorted));
	qsort(sorted, plan->n, sizeof(*sorted), by_address);
	for (size_t i = 0; i < plan->n; i++)
		for (size_t k = 0; k < plan->n; k++)
			if (plan->sectors[k].sector.addr == sorted[i].sector.addr)
				work[i] = plan->work[k];
	free(plan->sectors);
	free(plan->work);
	plan->sectors = sorted;
	plan->work = work;
	return 0;
}

static int place_all(struct dfu_plan *plan, const struct dfu_image *image,
		     struct dfu_error *err)
{
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = place(plan, s[i].addr, s[i].data, s[i].len, IMAGE, err);
	if (rc == 0)
		rc = place_journal(plan, err);
	if (rc == 0)
		rc = sort_sectors(plan, err);
	return rc;
}

/* -- looking ----------------------------------------------------------------------- */

/* Make `len` bytes from `off` on known, in whole words. */
static int look(struct dfu_plan *plan, size_t i, uint32_t off, uint32_t len,
		struct dfu_error *err)
{
	struct dfu_plan_sector *s = &plan->sectors[i];
	struct work *w = &plan->work[i];
	uint32_t end = (off + len + 3) & ~3u;
	int rc;

	off &= ~3u;
	if (end > s->sector.bytes)
		end = s->sector.bytes;
	rc = dfuse_read(plan->dev, s->sector.addr + off, w->seen + off, end - off, err);
	if (rc < 0)
		return rc;
	memset(w->known + off, 1, end - off);
	s->read_bytes += end - off;
	return 0;
}

/* The next stretch from *off on whose bytes have (or, for `not`, have not) the owner. */
static uint32_t stretch(const uint8_t *owner, uint32_t bytes, uint32_t *off, bool nobodys)
{
	uint32_t end;

	while (*off < bytes && (owner[*off] == NOBODY) != nobodys)
		(*off)++;
	end = *off;
	while (end < bytes && (owner[end] == NOBODY) == nobodys)
		end++;
	return end - *off;
}

struct verdict {
	bool differs, blank;
};

static void judge(const struct work *w, uint32_t off, uint32_t len, struct verdict *v)
{
	if (memcmp(w->want + off, w->seen + off, len) != 0)
		v->differs = true;
	if (!all_ff(w->seen + off, len))
		v->blank = false;
}

/* Compare the owned bytes, until it is clear that the sector must be erased. */
static int compare(struct dfu_plan *plan, size_t i, struct verdict *v,
		   struct dfu_error *err)
{
	const struct work *w = &plan->work[i];
	uint32_t bytes = plan->sectors[i].sector.bytes, off = 0, len, now = FIRST_LOOK;

	while ((len = stretch(w->owner, bytes, &off, false)) > 0) {
		int rc;

		if (len > now)
			len = now;
		rc = look(plan, i, off, len, err);
		if (rc < 0)
			return rc;
		judge(w, off, len, v);
		if (v->differs && (!v->blank || w->interrupted))
			return 0;
		off += len;
		now = now < LOOK_MAX ? 2 * now : LOOK_MAX;
	}
	return 0;
}

/* Nobody's bytes of a sector that is erased become kept ones. */
static int keep_rest(struct dfu_plan *plan, size_t i, struct dfu_error *err)
{
	struct dfu_plan_sector *s = &plan->sectors[i];
	struct work *w = &plan->work[i];
	uint32_t off = 0, len;

	while ((len = stretch(w->owner, s->sector.bytes, &off, true)) > 0) {
		int rc = look(plan, i, off, len, err);

		if (rc < 0)
			return rc;
		for (uint32_t k = off; k < off + len; k++) {
			/* A cut-off erase leaves garbage; what was to be kept is in the journal. */
			if (w->seen[k] == 0xff || w->interrupted)
				continue;
			w->owner[k] = KEPT;
			w->want[k] = w->seen[k];
			s->kept_bytes++;
		}
		off += len;
	}
	return 0;
}

static int look_at_all(struct dfu_plan *plan, size_t i, struct dfu_error *err)
{
	const struct work *w = &plan->work[i];
	uint32_t bytes = plan->sectors[i].sector.bytes, off = 0, len;

	while (off < bytes) {
		int rc;

		for (len = 0; off + len < bytes && !w->known[off + len];)
			len++;
		rc = len ? look(plan, i, off, len, err) : 0;
		if (rc < 0)
			return rc;
		off += len ? len : 1;
	}
	return 0;
}

/* 1 when what the image leaves of the sector is not to be kept. */
static int ask_guard(struct dfu_plan *plan, size_t i, struct dfu_error *err)
{
	const struct dfu_sector *s = &plan->sectors[i].sector;
	int rc;

	if (!plan->opts.guard)
		return 0;
	rc = plan->opts.guard(plan->opts.guard_ctx, s, NULL, err);
	if (rc <= 0)
		return rc;
	rc = look_at_all(plan, i, err);
	return rc < 0 ? rc
		      : plan->opts.guard(plan->opts.guard_ctx, s, plan->work[i].seen,
					 err);
}

/* What was to be kept of it is in the journal: the rest was blank, and is to be so again. */
static void claim_blanks(struct dfu_plan *plan, size_t i)
{
	uint8_t *owner = plan->work[i].owner;

	for (uint32_t k = 0; k < plan->sectors[i].sector.bytes; k++)
		if (owner[k] == NOBODY)
			owner[k] = BLANK;
}

static int decide(struct dfu_plan *plan, size_t i, struct dfu_error *err)
{
	struct dfu_plan_sector *s = &plan->sectors[i];
	struct verdict v = { .differs = plan->opts.full, .blank = !plan->opts.full };
	int rc = 0;

	/* Of a run that was cut off, and nobody's concern any more. */
	if (!s->image_bytes && !s->kept_bytes)
		return 0;
	if (plan->work[i].interrupted && !plan->opts.no_preserve)
		claim_blanks(plan, i);
	if (!plan->opts.full)
		rc = compare(plan, i, &v, err);
	if (rc < 0)
		return rc;
	s->action = !v.differs                              ? DFU_SAME
		    : v.blank && !plan->work[i].interrupted ? DFU_WRITE
							    : DFU_ERASE;
	if (s->action != DFU_SAME)
		rc = ask_guard(plan, i, err);
	if (rc == 0 && s->action == DFU_ERASE && !plan->opts.no_preserve)
		rc = keep_rest(plan, i, err);
	return rc < 0 ? rc : 0;
}

/* -- adding up --------------------------------------------------------------------- */

uint32_t plan_block_bytes(const struct dfu_plan *plan, size_t sector, uint32_t off)
{
	const struct work *w = &plan->work[sector];
	uint32_t end = off + plan->dev->block_bytes,
		 bytes = plan->sectors[sector].sector.bytes;

	if (end > bytes)
		end = bytes;
	while (end > off && w->want[end - 1] == 0xff)
		end--;
	return (end - off + 3) & ~3u;
}

bool plan_block_matters(const struct dfu_plan *plan, size_t sector, uint32_t off)
{
	const struct work *w = &plan->work[sector];
	uint32_t end = off + plan->dev->block_bytes,
		 bytes = plan->sectors[sector].sector.bytes;

	for (; off < end && off < bytes; off++)
		if (w->owner[off] != NOBODY)
			return true;
	return false;
}

static void add_up_sector(struct dfu_plan *plan, size_t i)
{
	struct dfu_plan_sector *s = &plan->sectors[i];
	struct dfu_plan_totals *t = &plan->totals;
	unsigned bits = timing_parallelism(plan->dev->set.voltage);

	t->image_bytes += s->image_bytes;
	t->same += s->action == DFU_SAME;
	t->write += s->action == DFU_WRITE;
	t->erase += s->action == DFU_ERASE;
	if (s->action == DFU_SAME)
		return;
	for (uint32_t off = 0; off < s->sector.bytes; off += plan->dev->block_bytes) {
		s->write_bytes += plan_block_bytes(plan, i, off);
		if (!plan->opts.no_verify && plan_block_matters(plan, i, off))
			t->verify_bytes += plan->dev->block_bytes;
	}
	t->kept_bytes += s->kept_bytes;
	t->write_bytes += s->write_bytes;
	t->estimate_ms += timing_write_us(s->write_bytes, bits) / 1000;
	if (s->action != DFU_ERASE)
		return;
	t->erase_bytes += s->sector.bytes;
	t->estimate_ms += timing_erase_ms(s->sector.bytes, bits);
}

static int decide_all(struct dfu_plan *plan, struct dfu_error *err)
{
	struct dfu_progress p = { .phase = DFU_PHASE_READ };
	int rc = 0;

	for (size_t i = 0; i < plan->n; i++)
		p.total += plan->sectors[i].image_bytes;
	p.whole_ms = p.left_ms = timing_read_us(p.total) / 1000;
	for (size_t i = 0; rc == 0 && i < plan->n; i++) {
		flash_tell(plan->dev, &p);
		rc = decide(plan, i, err);
		p.done += plan->sectors[i].image_bytes;
		p.left_ms = timing_read_us(p.total - p.done) / 1000;
		if (rc == 0)
			add_up_sector(plan, i);
	}
	flash_tell(plan->dev, &p);
	plan->totals.estimate_ms += timing_read_us(plan->totals.verify_bytes) / 1000;
	return rc;
}

/* -- the journal of what comes ----------------------------------------------------- */

static int save_kept(struct dfu_plan *plan, size_t i, struct dfu_error *err)
{
	const struct dfu_plan_sector *s = &plan->sectors[i];
	const struct work *w = &plan->work[i];
	uint32_t at = 0;
	int rc = journal_add(&plan->journal, s->sector.addr, NULL, 0, err);

	while (rc == 0 && at < s->sector.bytes) {
		uint32_t end, quiet = 0;

		if (w->owner[at] != KEPT) {
			at++;
			continue;
		}
		for (end = at; end < s->sector.bytes && quiet < KEEP_GAP; end++)
			quiet = w->owner[end] == KEPT    ? 0
				: w->owner[end] == IMAGE ? KEEP_GAP
							 : quiet + 1;
		while (w->owner[end - 1] != KEPT)
			end--;
		rc = journal_add(&plan->journal, s->sector.addr + at, w->want + at,
				 end - at, err);
		at = end;
	}
	return rc;
}

/* From here on the journal is that of this run, which knows all that the old one did. */
static int renew_journal(struct dfu_plan *plan, struct dfu_error *err)
{
	int rc = 0;

	journal_clear(&plan->journal);
	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		if (plan->sectors[i].action == DFU_ERASE)
			rc = save_kept(plan, i, err);
	return rc;
}

int dfu_plan_make(struct dfu_dev *dev, const struct dfu_image *image,
		  const struct dfu_plan_opts *opts, struct dfu_plan **out,
		  struct dfu_error *err)
{
	static const struct dfu_plan_opts none;
	struct dfu_plan *plan = calloc(1, sizeof(*plan));
	int rc;

	if (!plan)
		return fail(err, DFU_ERR_NOMEM, "no room for the plan");
	plan->dev = dev;
	plan->opts = opts ? *opts : none;
	rc = dfu_image_check(image, &dev->board.alts[ALT_FLASH].layout, err);
	if (rc == 0)
		rc = place_all(plan, image, err);
	if (rc == 0)
		rc = dfuse_select(dev, ALT_FLASH, err);
	if (rc == 0)
		rc = decide_all(plan, err);
	if (rc == 0)
		rc = plan_check_protection(plan, err);
	if (rc == 0)
		rc = renew_journal(plan, err);
	if (rc < 0) {
		dfu_plan_free(plan);
		return rc;
	}
	*out = plan;
	return 0;
}

size_t dfu_plan_sectors(const struct dfu_plan *plan, const struct dfu_plan_sector **out)
{
	*out = plan->sectors;
	return plan->n;
}

const struct dfu_plan_totals *dfu_plan_totals(const struct dfu_plan *plan)
{
	return &plan->totals;
}
