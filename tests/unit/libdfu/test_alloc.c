/*
 * No memory: each allocation of a whole flash fails in turn. With a sanitizer this also
 * shows that nothing leaks, and that nothing is freed twice.
 */
#include "flash_story.h"

#include "tests/unit/alloc.h"

/* Open, plan, run, options and close, with a recording and a journal. */
static int whole(struct fake_rom *rom, const struct dfu_image *image, const char *dir,
		 struct dfu_error *err)
{
	struct dfu_range mask = { FAKE_FLASH_ADDR, 16 };
	char path[320];
	struct dfu_settings set = { .record = path,
				    .record_mask = &mask,
				    .n_record_mask = 1 };
	struct dfu_plan_opts opts = { .journal_dir = dir };
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_options *options = NULL;
	struct dfu_plan *plan = NULL;
	struct dfu_dev *dev = NULL;
	int rc;

	snprintf(path, sizeof(path), "%s/t", dir);
	alloc.counting = true;
	rc = dfu_open_io(&io, &board, &set, &dev, err);
	if (rc == 0)
		rc = dfu_plan_make(dev, image, &opts, &plan, err);
	if (rc == 0)
		rc = dfu_plan_run(plan, err);
	if (rc == 0)
		rc = dfu_verify(dev, image, err);
	if (rc == 0)
		rc = dfu_options_read(dev, &options, err);
	if (rc == 0)
		rc = dfu_otp_write(dev, 0, (const uint8_t *)"abc", 3, err);
	dfu_options_free(options);
	dfu_plan_free(plan);
	dfu_close(dev);
	alloc.counting = false;
	unlink(path);
	return rc;
}

static void test_flash(void **state)
{
	struct dfu_image *image = story_image();
	struct dfu_error err;
	char *dir = story_dir(), path[400];
	bool done = false;

	(void)state;
	story_journal(dir, path, sizeof(path));
	for (alloc.fail_at = 1; !done; alloc.fail_at++) {
		struct fake_rom *rom = story_rom();
		int rc;

		alloc.count = 0;
		memset(&err, 0, sizeof(err));
		rc = whole(rom, image, dir, &err);
		done = alloc.count < alloc.fail_at;
		if (done && rc != 0)
			fail_msg("without a failure: %s", err.msg);
		/* Some are only for comfort: without them it goes on. */
		if (rc < 0 && rc != DFU_ERR_NOMEM && rc != DFU_ERR_FILE)
			fail_msg("allocation %u: %d %s", (unsigned)alloc.fail_at, rc,
				 err.msg);
		if (rc == 0)
			expect_flash(rom, end, "with what was left");
		assert_true(rom->closed);
		fake_rom_reset(rom);
		if (story_flash(rom, NULL, &(struct dfu_plan_opts){ .journal_dir = dir },
				NULL, &err) != 0)
			fail_msg("after allocation %u: %s", (unsigned)alloc.fail_at,
				 err.msg);
		expect_flash(rom, end, "again");
		fake_rom_free(rom);
	}
	assert_true(alloc.fail_at > 50);
	dfu_image_free(image);
	story_remove(dir);
}

static void test_replay(void **state)
{
	static const char text[] = "device 0483:df11 2200 -\nout ABORT\n";
	struct dfu_board board;
	struct dfu_error err;
	struct dfu_io io;
	int rc;

	(void)state;
	for (alloc.fail_at = 1;; alloc.fail_at++) {
		alloc.count = 0;
		alloc.counting = true;
		rc = dfu_replay(text, strlen(text), &io, &board, &err);
		alloc.counting = false;
		if (rc == 0)
			break;
		assert_int_equal(rc, DFU_ERR_NOMEM);
	}
	assert_int_equal(alloc.fail_at, 4);
	io.close(io.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flash),
		cmocka_unit_test(test_replay),
	};

	return cmocka_run_group_tests(tests, story_set_up, NULL);
}
