/* Runs of a plan that are cancelled, cut off or disturbed at any transfer. */
#include "flash_story.h"

/* Ctrl-C between any two transfers: CANCELLED, the board idle, and the command repairs it. */
struct stopper {
	struct fake_rom *rom;
	struct dfu_io inner;
	volatile int cancel;
	uint64_t at;
};

static int stop_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	struct stopper *s = ctx;
	int rc = s->inner.transfer(s->inner.ctx, x, n, err);

	if (s->rom->transfers >= s->at)
		s->cancel = 1;
	return rc;
}

static int stop_set_alt(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err)
{
	struct stopper *s = ctx;

	return s->inner.set_alt(s->inner.ctx, interface, alt, err);
}

static int stop_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct stopper *s = ctx;

	return s->inner.wait_gone(s->inner.ctx, timeout_ms);
}

static void stop_close(void *ctx)
{
	struct stopper *s = ctx;

	s->inner.close(s->inner.ctx);
}

static void test_cancel(void **state)
{
	struct dfu_image *image = story_image();
	unsigned row, cancelled = 0;
	uint64_t n;

	(void)state;
	for (row = 0; row < 2; row++) {
		for (n = 5; n < 130; n++) {
			struct fake_rom *rom = story_rom();
			struct dfu_board board = fake_rom_board(rom);
			struct stopper s = { rom, fake_rom_io(rom), 0, n };
			struct dfu_io io = { &s, stop_transfer, stop_set_alt,
					     stop_wait_gone, stop_close };
			struct dfu_settings set = { .cancel = &s.cancel, .poll = row };
			struct dfu_plan *plan = NULL;
			struct dfu_dev *dev = NULL;
			struct dfu_error err;
			int rc;

			rom->poll_ms = row;
			rc = dfu_open_io(&io, &board, &set, &dev, &err);
			if (rc == 0)
				rc = dfu_plan_make(dev, image, NULL, &plan, &err);
			if (rc == 0)
				rc = dfu_plan_run(plan, &err);
			if (rc < 0 && (rc != DFU_ERR_CANCELLED || rom->state != 2))
				fail_msg("at %u: %d, state %u: %s", (unsigned)n, rc,
					 rom->state, err.msg);
			cancelled += rc < 0;
			dfu_plan_free(plan);
			dfu_close(dev);
			assert_int_equal(rom->state, 2);
			assert_null(rom->broken_rule);
			fake_rom_free(rom);
		}
	}
	assert_true(cancelled > 200);
	dfu_image_free(image);
}

/* -- faults at every transfer ------------------------------------------------------ */

static uint64_t transfers_of(const char *dir)
{
	struct dfu_plan_opts opts = { .journal_dir = dir };
	struct fake_rom *rom = story_rom();
	struct dfu_error err;
	uint64_t n;

	assert_int_equal(story_flash(rom, NULL, &opts, NULL, &err), 0);
	n = rom->transfers;
	fake_rom_free(rom);
	return n;
}

/* The command again, by which all must be well whatever was before. */
static void expect_repair(struct fake_rom *rom, const struct dfu_plan_opts *opts,
			  const char *when)
{
	struct dfu_error err;
	char path[400];

	fake_rom_reset(rom);
	if (story_flash(rom, NULL, opts, NULL, &err) != 0)
		fail_msg("%s: the same command again: %s", when, err.msg);
	expect_flash(rom, end, when);
	story_journal(opts->journal_dir, path, sizeof(path));
	if (access(path, F_OK) == 0)
		fail_msg("%s: the journal is still there", when);
}

static void test_power_cuts(void **state)
{
	char *dir = story_dir();
	struct dfu_plan_opts opts = { .journal_dir = dir };
	uint64_t total = transfers_of(dir), n;

	(void)state;
	for (n = 1; n <= total; n++) {
		struct fake_rom *rom = story_rom();
		struct dfu_error err;
		char when[40];
		int rc;

		snprintf(when, sizeof(when), "power cut at %u", (unsigned)n);
		rom->fault = FAULT_POWER_CUT;
		rom->fault_at = n;
		rc = story_flash(rom, NULL, &opts, NULL, &err);
		/* At the last transfers there is nothing left to fail. */
		if (rc != DFU_ERR_GONE && rc != 0)
			fail_msg("%s: %d %s", when, rc, err.msg);
		expect_repair(rom, &opts, when);
		fake_rom_free(rom);
	}
	story_remove(dir);
}

/* The lowest sector is as it was until all others are as they are to be. */
static void test_lowest_apart(void **state)
{
	static uint8_t before[16384];
	char *dir = story_dir();
	struct dfu_plan_opts opts = { .journal_dir = dir, .lowest_apart = true };
	uint64_t total = transfers_of(dir), n;
	unsigned touched = 0;

	(void)state;
	for (n = 1; n <= total; n++) {
		struct fake_rom *rom = story_rom();
		struct dfu_error err;
		char when[40];

		snprintf(when, sizeof(when), "power cut at %u", (unsigned)n);
		memcpy(before, rom->flash, sizeof(before));
		rom->fault = FAULT_POWER_CUT;
		rom->fault_at = n;
		story_flash(rom, NULL, &opts, NULL, &err);
		if (memcmp(rom->flash, before, sizeof(before)) != 0) {
			assert_memory_equal(rom->flash + sizeof(before),
					    end + sizeof(before),
					    FAKE_FLASH_BYTES - sizeof(before));
			touched++;
		}
		expect_repair(rom, &opts, when);
		fake_rom_free(rom);
	}
	assert_in_range(touched, 1, total / 2);
	story_remove(dir);
}

/* Cut off twice: the second run has the first one's journal, and leaves its own. */
static void test_two_power_cuts(void **state)
{
	char *dir = story_dir();
	struct dfu_plan_opts opts = { .journal_dir = dir };
	uint64_t total = transfers_of(dir), n, m;

	(void)state;
	for (n = 3; n <= total; n += 11) {
		for (m = 1 + n % 13; m <= total; m += 13) {
			struct fake_rom *rom = story_rom();
			struct dfu_error err;
			char when[60];

			snprintf(when, sizeof(when), "power cuts at %u and %u",
				 (unsigned)n, (unsigned)m);
			rom->fault = FAULT_POWER_CUT;
			rom->fault_at = n;
			story_flash(rom, NULL, &opts, NULL, &err);
			fake_rom_reset(rom);
			rom->fault = FAULT_POWER_CUT;
			rom->fault_at = rom->transfers + m;
			story_flash(rom, NULL, &opts, NULL, &err);
			expect_repair(rom, &opts, when);
			fake_rom_free(rom);
		}
	}
	story_remove(dir);
}

static const struct {
	const char *row;
	enum fake_fault fault;
	unsigned times;
} faults[] = {
	{ "stall", FAULT_STALL, 1 },
	{ "stalls", FAULT_STALL, 3 },
	{ "confused", FAULT_CONFUSED, 1 },
	{ "confused again", FAULT_CONFUSED, 2 },
	{ "lost", FAULT_LOST, 1 },
	{ "unheard", FAULT_UNHEARD, 1 },
	{ "unheard twice", FAULT_UNHEARD, 2 },
	{ "broken", FAULT_BROKEN, 1 },
	{ "broken for good", FAULT_BROKEN, 100000 },
};

/* One fault at transfer n: made good, or an error after which the board is idle. */
static bool one_fault(size_t row, uint64_t n, const struct dfu_plan_opts *opts)
{
	struct fake_rom *rom = story_rom();
	struct dfu_error err;
	char when[80];
	int rc;

	snprintf(when, sizeof(when), "%s at %u", faults[row].row, (unsigned)n);
	rom->pointer_lost = true;
	rom->fault = faults[row].fault;
	rom->fault_at = n;
	rom->fault_times = faults[row].times;
	rc = story_flash(rom, NULL, opts, NULL, &err);
	if (rc == 0)
		expect_flash(rom, end, when);
	else if (err.code != (enum dfu_err)rc || !err.msg[0])
		fail_msg("%s: code %d, but %d \"%s\"", when, rc, err.code, err.msg);
	if (rom->state != 2 && rom->transfers > n + faults[row].times + 2)
		fail_msg("%s: left in state %u with %d: %s", when, rom->state, rc,
			 err.msg);
	expect_repair(rom, opts, when);
	fake_rom_free(rom);
	return rc == 0;
}

static void test_faults(void **state)
{
	char *dir = story_dir();
	struct dfu_plan_opts opts = { .journal_dir = dir };
	uint64_t total = transfers_of(dir), n, good;
	size_t row;

	(void)state;
	for (row = 0; row < ROWS(faults); row++) {
		for (good = 0, n = 1; n <= total; n += faults[row].times == 1 ? 1 : 5)
			good += one_fault(row, n, &opts);
		/* All but those in opening and selecting. */
		if (faults[row].times == 1 &&
		    good * 10 < total * (faults[row].fault == FAULT_CONFUSED ? 5 : 8))
			fail_msg("%s: only %u of %u made good", faults[row].row,
				 (unsigned)good, (unsigned)total);
	}
	story_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_lowest_apart),
		cmocka_unit_test(test_two_power_cuts),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, story_set_up, NULL);
}
