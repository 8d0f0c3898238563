#include "flashing.h"
#include "json.h"
#include "slots.h"
#include "working.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETURN_MS    300 /* a bootloader that comes back after leaving does so within this */
#define FLASH_ORIGIN 0x08000000u
#define APP_ORIGIN   0x08020000u /* stmiot-firmware(7): behind a boot stub */
#define APP_MAGIC    "STMA"

struct job {
	struct worker worker;
	const struct sight *sight;
	const struct flash_how *how;

	struct dfu_plan_totals totals;
	struct dfu_stats stats;
	bool started, returned, stub_apart;
	uint32_t start_addr;
	struct dfu_error err;
};

static const char *action_name(enum dfu_action action)
{
	static const char *const names[] = { "same", "write", "erase" };

	return names[action];
}

static void print_plan(const struct job *j, const struct dfu_plan *plan)
{
	static const char *const heads[] = { "SECTOR", "ADDRESS", "SIZE", "ACTION",
					     "IMAGE",  "WRITE",   "KEPT" };
	const struct dfu_plan_sector *s;
	size_t n = dfu_plan_sectors(plan, &s);
	struct table *t = table_new(7, heads);

	for (size_t i = 0; i < n; i++) {
		char cell[7][16];

		snprintf(cell[0], 16, "%u", s[i].sector.index);
		snprintf(cell[1], 16, "0x%08x", s[i].sector.addr);
		snprintf(cell[2], 16, "%uK", s[i].sector.bytes / 1024);
		snprintf(cell[3], 16, "%s", action_name(s[i].action));
		snprintf(cell[4], 16, "%u", s[i].image_bytes);
		snprintf(cell[5], 16, "%u", s[i].write_bytes);
		snprintf(cell[6], 16, "%u", s[i].kept_bytes);
		table_row(t, (const char *const[]){ cell[0], cell[1], cell[2], cell[3],
						    cell[4], cell[5], cell[6] });
	}
	out("%s:\n", j->sight->name);
	table_print(t);
}

static void tell_restored(const struct job *j, const struct dfu_plan *plan)
{
	const struct dfu_plan_sector *s;
	size_t n = dfu_plan_sectors(plan, &s);
	uint32_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i].action != DFU_SAME)
			bytes += s[i].restored_bytes;
	if (bytes)
		note("%s: putting back %u bytes that a run which was cut off had saved",
		     j->sight->name, bytes);
}

/* For -v: what there is to do, and how it was done. */
static void tell_plan(const struct job *j)
{
	const struct dfu_plan_totals *t = &j->totals;

	debug("%s: %u sectors to erase, %u to write only, %u are the same; "
	      "%u bytes, %u of them kept ones; about %.1f s",
	      j->sight->name, t->erase, t->write, t->same, (unsigned)t->write_bytes,
	      (unsigned)t->kept_bytes, (double)t->estimate_ms / 1000);
}

static void tell_run(const struct job *j)
{
	debug("%s: %u transfers, %u bits at once, %s", j->sight->name,
	      (unsigned)j->stats.transfers, j->stats.parallelism,
	      j->stats.fast ? "without sleeping" : "sleeping as the bootloader asks");
}

/* -- boot stubs -------------------------------------------------------------------- */

static bool is_app(const uint8_t *head)
{
	return memcmp(head, APP_MAGIC, strlen(APP_MAGIC)) == 0;
}

/* A stub, and the application that it starts when that is whole. */
static bool image_has_stub(const struct dfu_image *image)
{
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s), i = 0;

	if (!n || s[0].addr != FLASH_ORIGIN)
		return false;
	while (i < n && s[i].addr != APP_ORIGIN)
		i++;
	return i < n && s[i].len >= strlen(APP_MAGIC) && is_app(s[i].data);
}

/* Or no application at all: then nothing of it is started that is half written. */
static bool board_has_stub(struct dfu_dev *dev)
{
	static const uint8_t blank[] = { 0xff, 0xff, 0xff, 0xff };
	uint8_t head[sizeof(blank)];

	return dfu_read(dev, APP_ORIGIN, head, sizeof(head), NULL) == 0 &&
	       (is_app(head) || memcmp(head, blank, sizeof(head)) == 0);
}

/* A board without a jumper has nothing else that starts the bootloader. */
static void tell_stub(const struct job *j, const struct dfu_plan *plan)
{
	const struct dfu_plan_sector *s;

	if (dfu_plan_sectors(plan, &s) && s[0].sector.addr == FLASH_ORIGIN &&
	    s[0].action == DFU_ERASE)
		note("%s: the boot stub changes: should the power fail while it is "
		     "written, at the end, the bootloader comes up by BOOT0 alone",
		     j->sight->name);
}

/* -- the work of one board --------------------------------------------------------- */

/* A stack pointer in RAM and a reset vector in flash, [PM0214] 2.3.4. */
static bool is_vector_table(const uint8_t *b)
{
	uint32_t sp = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
	uint32_t reset = b[4] | b[5] << 8 | b[6] << 16 | (uint32_t)b[7] << 24;

	return (sp >> 20 == 0x200 || sp >> 20 == 0x100) && (reset & 1) &&
	       reset >> 20 == 0x080;
}

/* Where to jump: the start of flash when a program is there, else the image's own start. */
static uint32_t start_address(struct dfu_dev *dev, const struct dfu_image *image)
{
	const struct dfu_segment *s;
	uint8_t head[8];

	if (!dfu_image_segments(image, &s) || s[0].addr == FLASH_ORIGIN)
		return FLASH_ORIGIN;
	if (dfu_read(dev, FLASH_ORIGIN, head, sizeof(head), NULL) == 0 &&
	    is_vector_table(head))
		return FLASH_ORIGIN;
	return s[0].len >= 8 && is_vector_table(s[0].data) ? s[0].addr : FLASH_ORIGIN;
}

static int start_program(struct job *j, struct dfu_dev *dev, struct dfu_error *err)
{
	int rc;

	j->start_addr = start_address(dev, j->how->image);
	rc = dfu_leave(dev, j->start_addr, err);
	j->started = rc == 1;
	return rc < 0 ? rc : 0;
}

/* Said once, however many boards there are. */
static void tell_voltage(const struct job *j)
{
	static bool told;

	if (j->how->voltage != DFU_VOLTAGE_AUTO || !(j->totals.erase + j->totals.write))
		return;
	workers_lock();
	if (!told)
		note("taking the supply for 2.7 V or more, since USB powers the board "
		     "(--voltage says otherwise)");
	told = true;
	workers_unlock();
}

static int carry_out(struct job *j, struct dfu_dev *dev, struct dfu_plan *plan,
		     struct dfu_error *err)
{
	int rc;

	j->totals = *dfu_plan_totals(plan);
	tell_restored(j, plan);
	tell_plan(j);
	if (j->how->dry_run) {
		if (!globals.json)
			print_plan(j, plan);
		return 0;
	}
	tell_voltage(j);
	if (j->stub_apart)
		tell_stub(j, plan);
	rc = dfu_plan_run(plan, err);
	dfu_stats(dev, &j->stats);
	tell_run(j);
	if (rc == 0 && j->how->start)
		rc = start_program(j, dev, err);
	return rc;
}

static int flash_board(struct job *j, struct dfu_error *err)
{
	static const struct dfu_range slots = { SLOT_A_ADDR, 2 * SLOT_BYTES };
	struct dfu_settings set = worker_settings(&j->worker, true);
	struct dfu_plan_opts opts = j->how->plan;
	struct dfu_plan *plan = NULL;
	struct dfu_dev *dev = NULL;
	int rc;

	set.voltage = j->how->voltage;
	set.poll = j->how->poll;
	set.record = j->how->record;
	set.record_mask = &slots;
	set.n_record_mask = j->how->record_secrets ? 0 : 1;
	rc = dfu_open(&j->sight->board, &set, &dev, err);
	if (rc == 0)
		j->stub_apart = image_has_stub(j->how->image) && board_has_stub(dev);
	opts.lowest_apart = j->stub_apart;
	if (rc == 0)
		rc = dfu_plan_make(dev, j->how->image, &opts, &plan, err);
	if (rc == 0)
		rc = carry_out(j, dev, plan, err);
	dfu_plan_free(plan);
	dfu_close(dev);
	if (rc == 0 && j->started)
		j->returned = board_returns(j->sight, RETURN_MS);
	return rc;
}

/* Cut off in the middle of the work: what to do next, where libdfu knows nothing better. */
static void hint_again(const struct job *j, struct dfu_error *err)
{
	bool begun = j->totals.erase + j->totals.write && !j->how->dry_run;

	if (begun && !err->hint[0])
		snprintf(err->hint, sizeof(err->hint),
			 "the bootloader is unharmed; run the same command to try again");
}

static int work(struct worker *w)
{
	struct job *j = (struct job *)w;

	if (flash_board(j, &j->err) == 0)
		return EXIT_DONE;
	hint_again(j, &j->err);
	return report(w->name, &j->err);
}

/* -- verdicts ---------------------------------------------------------------------- */

static void verdict_json(const struct job *j)
{
	const struct dfu_plan_totals *t = &j->totals;
	bool ok = j->worker.status == EXIT_DONE;
	struct json *e = json_object();

	json_add_text(e, "event", "verdict");
	json_add_text(e, "board", j->sight->name);
	json_add_bool(e, "ok", ok);
	json_add_number(e, "exit", j->worker.status);
	json_add_text(e, "why", ok ? NULL : j->err.msg);
	json_add_number(e, "image_bytes", (double)t->image_bytes);
	json_add_number(e, "written_bytes", j->how->dry_run ? 0 : (double)t->write_bytes);
	json_add_number(e, "kept_bytes", (double)t->kept_bytes);
	json_add_number(e, "sectors_erased", t->erase);
	json_add_number(e, "sectors_written", t->write + t->erase);
	json_add_number(e, "sectors_same", t->same);
	json_add_bool(e, "dry_run", j->how->dry_run);
	json_add_bool(e, "verified", ok && !j->how->dry_run && !j->how->plan.no_verify);
	json_add_bool(e, "started", j->started);
	json_add_number(e, "estimate_ms", (double)t->estimate_ms);
	json_add_number(e, "ms", j->worker.ms);
	json_add_number(e, "transfers", (double)j->stats.transfers);
	json_add_number(e, "recoveries", (double)j->stats.recoveries);
	json_add_number(e, "parallelism", j->stats.parallelism);
	json_print_line(e);
}

static const char *plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

static void verdict_text(const struct job *j)
{
	const struct dfu_plan_totals *t = &j->totals;
	char what[128], start[64] = "";

	if (j->how->dry_run) {
		out("%s: would erase %u sector%s and write %u bytes in about %.1f s\n",
		    j->sight->name, t->erase, plural(t->erase), (unsigned)t->write_bytes,
		    (double)t->estimate_ms / 1000);
		return;
	}
	if (t->erase + t->write)
		snprintf(what, sizeof(what), "%u bytes written, %u sector%s erased%s",
			 (unsigned)t->write_bytes, t->erase, plural(t->erase),
			 j->how->plan.no_verify ? ", not verified" : ", verified");
	else
		snprintf(what, sizeof(what), "nothing to do: all %u bytes are there",
			 (unsigned)t->image_bytes);
	if (j->started)
		snprintf(start, sizeof(start), ", started at 0x%08x", j->start_addr);
	out("%s: %s%s, %.1f s\n", j->sight->name, what, start, j->worker.ms / 1000.0);
}

/* What a person should know besides the verdict. */
static void remarks(const struct job *j)
{
	if (j->worker.status != EXIT_DONE || j->how->dry_run)
		return;
	if (j->stats.recoveries)
		note("%s: failed transfers that were made good: %u; from the first on it "
		     "went the slow way",
		     j->sight->name, (unsigned)j->stats.recoveries);
	if (j->how->start && (!j->started || j->returned))
		complain("%s: the bootloader is back instead of the program\n"
			 "take the jumper off BOOT0 and reset the board",
			 j->sight->name);
}

static int conclude(const struct job *jobs, size_t n)
{
	int status = jobs[0].worker.status;

	for (size_t i = 0; i < n; i++) {
		if (globals.json)
			verdict_json(&jobs[i]);
		else if (jobs[i].worker.status == EXIT_DONE)
			verdict_text(&jobs[i]);
		else if (n > 1)
			out("%s: failed (%d)\n", jobs[i].sight->name,
			    jobs[i].worker.status);
		remarks(&jobs[i]);
		if (jobs[i].worker.status != status)
			status = EXIT_FAILED;
	}
	return status;
}

/* -- all of them ------------------------------------------------------------------- */

int flash_boards(const struct sight *boards, size_t n, const struct flash_how *how)
{
	struct worker **workers = calloc(n, sizeof(struct worker *));
	struct job *jobs = calloc(n, sizeof(*jobs));
	int status = EXIT_FAILED;

	if (!jobs || !workers) {
		complain("no memory for %zu boards", n);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		jobs[i].worker = (struct worker){ .name = boards[i].name, .work = work };
		jobs[i].sight = &boards[i];
		jobs[i].how = how;
		workers[i] = &jobs[i].worker;
	}
	workers_run(workers, n);
	status = conclude(jobs, n);
out:
	free(workers);
	free(jobs);
	return status;
}
