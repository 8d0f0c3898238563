/* Plans and their runs on a bootloader in memory. */
#include "flash_story.h"

static void test_story(void **state)
{
	struct fake_rom *rom = story_rom();
	struct dfu_plan_totals t;
	struct dfu_error err;

	(void)state;
	if (story_flash(rom, NULL, NULL, &t, &err) != 0)
		fail_msg("%s", err.msg);
	expect_flash(rom, end, "afterwards");
	assert_int_equal(t.same, 1);
	assert_int_equal(t.write, 1);
	assert_int_equal(t.erase, 2);
	assert_int_equal(rom->erases[0], 1);
	assert_int_equal(rom->erases[3], 1);
	assert_int_equal(rom->erases[5] + rom->erases[6] + rom->erases[4], 0);
	assert_int_equal(t.erase_bytes, 2 * 16384);
	assert_int_equal(rom->feature[0], 3);
	/* The lowest block is the last one: nothing starts without it. */
	assert_int_equal(rom->last_write, FAKE_FLASH_ADDR);
	assert_int_equal(rom->state, 2);
	fake_rom_free(rom);
}

static void test_again(void **state)
{
	struct fake_rom *rom = story_rom();
	struct dfu_plan_totals t;
	struct dfu_error err;
	unsigned writes;

	(void)state;
	assert_int_equal(story_flash(rom, NULL, NULL, NULL, &err), 0);
	writes = rom->writes;
	assert_int_equal(story_flash(rom, NULL, NULL, &t, &err), 0);
	assert_int_equal(rom->writes, writes);
	assert_int_equal(rom->erases[0] + rom->erases[3], 2);
	assert_int_equal(t.same, 4);
	assert_int_equal(t.write_bytes + t.erase_bytes + t.verify_bytes, 0);
	fake_rom_free(rom);
}

/* What the image does not cover may go when the caller says so. */
static void test_no_preserve(void **state)
{
	struct dfu_plan_opts opts = { .no_preserve = true };
	struct fake_rom *rom = story_rom();
	struct dfu_plan_totals t;
	struct dfu_error err;

	(void)state;
	assert_int_equal(story_flash(rom, NULL, &opts, &t, &err), 0);
	assert_int_equal(t.kept_bytes, 0);
	assert_memory_equal(rom->flash, end, LEN_A);
	assert_int_equal(rom->flash[0x3910], 0xff);
	assert_int_equal(rom->flash[0xc000], 0xff);
	assert_memory_equal(rom->flash + 0x10000, end + 0x10000, 0x10000);
	fake_rom_free(rom);
}

static void test_full(void **state)
{
	struct dfu_plan_opts opts = { .full = true };
	struct fake_rom *rom = story_rom();
	struct dfu_plan_totals t;
	struct dfu_error err;

	(void)state;
	assert_int_equal(story_flash(rom, NULL, &opts, &t, &err), 0);
	assert_int_equal(t.erase, 4);
	expect_flash(rom, end, "a full flash");
	fake_rom_free(rom);
}

/* -- other bootloaders ------------------------------------------------------------- */

static const struct {
	const char *row;
	uint16_t bcdDevice, transfer_bytes;
	unsigned busy_answers;
	bool no_feature, no_options;
} kinds[] = {
	{ .row = "as it is", .bcdDevice = 0x2200, .transfer_bytes = 2048 },
	{ .row = "polite", .bcdDevice = 0x2300, .transfer_bytes = 2048 },
	{ .row = "1024", .bcdDevice = 0x2300, .transfer_bytes = 1024 },
	{ .row = "64", .bcdDevice = 0x2300, .transfer_bytes = 64 },
	{ .row = "4096", .bcdDevice = 0x2300, .transfer_bytes = 4096 },
	/* Not the unit of our blocks, but the device multiplies by it all the same. */
	{ .row = "66", .bcdDevice = 0x2300, .transfer_bytes = 66 },
	{ .row = "8192", .bcdDevice = 0x2300, .transfer_bytes = 8192 },
	{ .row = "busy", .bcdDevice = 0x2300, .transfer_bytes = 2048, .busy_answers = 3 },
	{ .row = "not serialised",
	  .bcdDevice = 0x2200,
	  .transfer_bytes = 2048,
	  .busy_answers = 40 },
	{ .row = "no feature",
	  .bcdDevice = 0x2200,
	  .transfer_bytes = 2048,
	  .no_feature = true },
	{ .row = "no options",
	  .bcdDevice = 0x2200,
	  .transfer_bytes = 2048,
	  .no_options = true },
};

static void test_kinds(void **state)
{
	struct dfu_image *image = story_image();
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(kinds); i++) {
		struct fake_rom *rom = story_rom();
		struct dfu_io io = fake_rom_io(rom);
		struct dfu_plan *plan = NULL;
		struct dfu_dev *dev = NULL;
		struct dfu_board board;
		struct dfu_error err;
		int rc;

		rom->transfer_bytes = kinds[i].transfer_bytes;
		rom->busy_answers = kinds[i].busy_answers;
		rom->no_feature = kinds[i].no_feature;
		rom->no_options = kinds[i].no_options;
		board = fake_rom_board(rom);
		board.bcdDevice = kinds[i].bcdDevice;
		rc = dfu_open_io(&io, &board, NULL, &dev, &err);
		if (rc == 0)
			rc = dfu_plan_make(dev, image, NULL, &plan, &err);
		if (rc == 0)
			rc = dfu_plan_run(plan, &err);
		if (rc == 0)
			rc = dfu_verify(dev, image, &err);
		if (rc < 0)
			fail_msg("%s: %s", kinds[i].row, err.msg);
		expect_flash(rom, end, kinds[i].row);
		dfu_plan_free(plan);
		dfu_close(dev);
		assert_int_equal(rom->state, 2);
		fake_rom_free(rom);
	}
	dfu_image_free(image);
}

/*
 * Two whole sectors: what was read last left the address pointer where the second erase
 * takes it from.
 */
static void test_erase_moves_pointer(void **state)
{
	static uint8_t bytes[2 * 131072];
	struct fake_rom *rom = story_rom();
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_image *image;
	struct dfu_plan *plan;
	struct dfu_dev *dev;
	struct dfu_error err;

	(void)state;
	board.bcdDevice = 0x2300;
	memset(rom->flash + OFF_C, 0, sizeof(bytes));
	memset(bytes, 0x5a, sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 4, "abc", 4);
	assert_int_equal(dfu_image_from_bytes(FAKE_FLASH_ADDR + OFF_C, bytes,
					      sizeof(bytes), &image, &err),
			 0);
	assert_int_equal(dfu_open_io(&io, &board, NULL, &dev, &err), 0);
	assert_int_equal(dfu_plan_make(dev, image, NULL, &plan, &err), 0);
	if (dfu_plan_run(plan, &err) != 0)
		fail_msg("%s", err.msg);
	assert_memory_equal(rom->flash + OFF_C, bytes, sizeof(bytes));
	dfu_plan_free(plan);
	if (dfu_erase(dev, FAKE_FLASH_ADDR + OFF_C, sizeof(bytes), NULL, NULL, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(rom->flash[OFF_C], 0xff);
	assert_int_equal(rom->flash[OFF_C + sizeof(bytes) - 1], 0xff);
	assert_null(rom->broken_rule);
	dfu_image_free(image);
	dfu_close(dev);
	fake_rom_free(rom);
}

/* -- what forbids a flash ---------------------------------------------------------- */

/* A flash that fails with `code` and these words, and leaves the board idle. */
static void expect_error(struct fake_rom *rom, const struct dfu_plan_opts *opts, int code,
			 const char *words, const char *hint)
{
	struct dfu_error err;
	int rc = story_flash(rom, NULL, opts, NULL, &err);

	if (rc != code || (int)err.code != code || !strstr(err.msg, words) ||
	    !strstr(err.hint, hint))
		fail_msg("%d (%d) %s, %s", rc, err.code, err.msg, err.hint);
	assert_int_equal(rom->state, 2);
	assert_null(rom->broken_rule);
}

static void test_write_protection(void **state)
{
	struct fake_rom *rom = story_rom();

	(void)state;
	rom->options[8] = 0xf7;
	/* Seen up front: nothing is touched. */
	expect_error(rom, NULL, DFU_ERR_REFUSED,
		     "sector 3 at 0x0800c000 is write-protected", "option set nwrp3=1");
	assert_int_equal(rom->writes + rom->erases[0] + rom->erases[3], 0);
	/* Unreadable at first: the verify finds it, and asks again. */
	rom->options_refused = 1;
	expect_error(rom, NULL, DFU_ERR_VERIFY,
		     "sector 3 at 0x0800c000 is write-protected", "option set nwrp3=1");
	/* Never readable: where it differs is all that can be told. */
	rom->options_refused = 0;
	rom->no_options = true;
	expect_error(rom, NULL, DFU_ERR_VERIFY, "in sector 3 holds", "");
	/* The sectors that the image does not change may be protected. */
	rom->no_options = false;
	rom->options[8] = 0xff & ~(1 << 6 | 1 << 4);
	if (story_flash(rom, NULL, NULL, NULL, &(struct dfu_error){ 0 }) != 0)
		fail_msg("sectors 4 and 6 need no change");
	expect_flash(rom, end, "with sectors 4 and 6 protected");
	fake_rom_free(rom);
}

static void test_read_protection(void **state)
{
	struct dfu_plan_opts full = { .full = true };
	struct fake_rom *rom = story_rom();

	(void)state;
	rom->protected = true;
	expect_error(rom, NULL, DFU_ERR_PROTECTED, "read-protected", "option unprotect");
	/* Without the comparison it is the erase that says so. */
	expect_error(rom, &full, DFU_ERR_PROTECTED, "read-protected", "option unprotect");
	assert_int_equal(rom->writes, 0);
	fake_rom_free(rom);
}

struct guard {
	const uint8_t *flash;
	unsigned asked, shown;
	unsigned refuse, give_up; /* the indices of sectors */
};

static int guard(void *ctx, const struct dfu_sector *s, const uint8_t *content,
		 struct dfu_error *err)
{
	struct guard *g = ctx;

	g->asked += !content;
	if (!content)
		return 1;
	g->shown++;
	assert_memory_equal(content, g->flash + (s->addr - FAKE_FLASH_ADDR), s->bytes);
	if (s->index != g->refuse)
		return s->index == g->give_up;
	err->code = DFU_ERR_REFUSED;
	strcpy(err->msg, "it holds a key");
	err->hint[0] = '\0';
	return DFU_ERR_REFUSED;
}

static void test_guard(void **state)
{
	struct guard g = { .refuse = 5, .give_up = 99 };
	struct dfu_plan_opts opts = { .guard = guard, .guard_ctx = &g };
	struct fake_rom *rom = story_rom();

	(void)state;
	g.flash = rom->flash;
	expect_error(rom, &opts, DFU_ERR_REFUSED, "holds a key", "");
	assert_int_equal(rom->writes + rom->erases[0], 0);
	assert_int_equal(g.asked, 3);
	assert_int_equal(g.shown, 3);
	/* The sector that stays as it is is nobody's business. */
	g.refuse = 6;
	if (story_flash(rom, NULL, &opts, NULL, &(struct dfu_error){ 0 }) != 0)
		fail_msg("sector 6 does not change");
	expect_flash(rom, end, "guarded");
	fake_rom_free(rom);
}

/* A sector that its guard gives up is written without what it held besides. */
static void test_guard_gives_up(void **state)
{
	struct guard g = { .refuse = 99 };
	struct dfu_plan_opts opts = { .guard = guard, .guard_ctx = &g };
	struct fake_rom *rom = story_rom();
	struct dfu_plan_totals t;
	struct dfu_error err;

	(void)state;
	g.flash = rom->flash;
	assert_int_equal(story_flash(rom, NULL, &opts, &t, &err), 0);
	assert_memory_equal(rom->flash, end, LEN_A);
	assert_int_equal(rom->flash[0x3910], 0xff);
	/* Sector 3 is nobody's: its bytes are kept. */
	assert_true(t.kept_bytes > 0);
	assert_memory_equal(rom->flash + 0xc000, end + 0xc000, 0x4000);
	fake_rom_free(rom);
}

/* What may not go into flash is known before anything is asked of the board. */
static void test_wrong_image(void **state)
{
	struct fake_rom *rom = story_rom();
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_image *image;
	struct dfu_plan *plan;
	struct dfu_dev *dev;
	struct dfu_error err;
	uint64_t before;

	(void)state;
	assert_int_equal(dfu_image_from_bytes(0x1fffc000, (const uint8_t *)"abcd", 4,
					      &image, &err),
			 0);
	assert_int_equal(dfu_open_io(&io, &board, NULL, &dev, &err), 0);
	before = rom->transfers;
	assert_int_equal(dfu_plan_make(dev, image, NULL, &plan, &err), DFU_ERR_RANGE);
	assert_int_equal(dfu_verify(dev, image, &err), DFU_ERR_RANGE);
	assert_int_equal(rom->transfers, before);
	dfu_image_free(image);
	dfu_close(dev);
	fake_rom_free(rom);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_preserve),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_erase_moves_pointer),
		cmocka_unit_test(test_write_protection),
		cmocka_unit_test(test_read_protection),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_guard_gives_up),
		cmocka_unit_test(test_wrong_image),
	};

	return cmocka_run_group_tests(tests, story_set_up, NULL);
}
