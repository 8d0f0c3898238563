/* Transcripts: what a recording says, what is read of one, and that the two agree. */
#include "dev.h"
#include "flash_story.h"

#include <fcntl.h>
#include <sys/stat.h>

/* -- reading ----------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *words; /* of the refusal; NULL when it is taken */
} texts[] = {
	{ "", NULL },
	{ "# nothing\n\n   \n", NULL },
	{ "device 0483:df11 2200 357A3A7D3137", NULL },
	{ "device 0483:df11 2200 -\ndfu 0b 2048 011a\nalt 0 @Flash "
	  "/0x08000000/01*016Kg\n",
	  NULL },
	{ "device 0483:df11\n", "line 1" },
	{ "device 0483df11 2200 -\n", "line 1" },
	{ "device 0483:df1g 2200 -\n", "line 1" },
	{ "device 0483:df11 12200 -\n", "line 1" },
	{ "device 0483:df11 2200 "
	  "0123456789012345678901234567890123456789012345678901234567890123\n",
	  "line 1" },
	{ "dfu 0b 2048\n", "line 1" },
	{ "dfu 0b 65536 011a\n", "line 1" },
	{ "\nalt 8 @x\n", "line 2" },
	{ "alt\n", "line 1" },
	{ "alt 7\n", NULL },
	{ "out DNLOAD 0 41 00 00 01 08\n", NULL },
	{ "out DNLOAD 0 stall # refused\n", NULL },
	{ "in UPLOAD 2 2048*ff\nin UPLOAD 3 1024*-- 1024*ff\n", NULL },
	{ "in UPLOAD 2 4096*ff\n", NULL },
	{ "in UPLOAD 2 4096*ff 00\n", "line 1" },
	{ "in UPLOAD 2 4097*ff\n", "line 1" },
	{ "in UPLOAD 2 99999999*ff\n", "line 1" },
	{ "in UPLOAD 2 *ff\n", "line 1" },
	{ "in UPLOAD 2 4*\n", "line 1" },
	{ "in UPLOAD 2 4*fff\n", "line 1" },
	{ "in UPLOAD 2 f\n", "line 1" },
	{ "in UPLOAD ff\n", "line 1" },
	{ "in UPLOAD 65536 ff\n", "line 1" },
	{ "out UPLOAD 2 ff\n", "line 1" },
	{ "in DNLOAD 2 ff\n", "line 1" },
	{ "in NONSENSE\n", "line 1" },
	{ "on GETSTATUS\n", "line 1" },
	{ "in\n", "line 1" },
	{ "out ABORT\nout CLRSTATUS stall x\n", "line 2" },
	{ "gone\n", NULL },
	{ "stays\n", NULL },
	{ "went\n", "line 1" },
	/* A description in the middle is no transfer. */
	{ "out ABORT\ndfu 0b 2048 011a\n", "line 2" },
};

static void test_texts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(texts); i++) {
		size_t len = strlen(texts[i].text);
		char *copy = malloc(len + 1);
		struct dfu_error err = { 0 };
		struct dfu_board board;
		struct dfu_io io;
		int rc;

		memcpy(copy, texts[i].text, len);
		rc = dfu_replay(copy, len, &io, &board, &err);
		free(copy);
		if (rc != (texts[i].words ? DFU_ERR_FORMAT : 0) ||
		    (rc && !strstr(err.msg, texts[i].words)))
			fail_msg("\"%s\": %d %s", texts[i].text, rc, err.msg);
		if (rc == 0)
			io.close(io.ctx);
	}
}

static void test_answers(void **state)
{
	static const char text[] = "device 1234:5678 2300 -\n"
				   "out DNLOAD 2 01 -- 03\n"
				   "in UPLOAD 2 01 --\n"
				   "in GETSTATUS stall\n"
				   "out SETALT 1\n"
				   "out ABORT timeout\n"
				   "gone\n"
				   "out \x1b[2J CLRSTATUS\n";
	uint8_t out[3] = { 1, 99, 3 }, in[6] = { 0 };
	struct dfu_xfer x[3] = {
		{ 0x21, DFU_DNLOAD, 2, 0, 3, out, 10, 0 },
		{ 0xa1, DFU_UPLOAD, 2, 0, 6, in, 10, 0 },
		{ 0xa1, DFU_GETSTATUS, 0, 0, 6, in, 10, 0 },
	};
	struct dfu_board board;
	struct dfu_error err;
	struct dfu_io io;

	(void)state;
	assert_int_equal(dfu_replay(text, strlen(text), &io, &board, &err),
			 DFU_ERR_FORMAT);
	assert_int_equal(dfu_replay(text, strlen(text) - 19, &io, &board, &err), 0);
	assert_string_equal(board.serial, "");
	assert_int_equal(board.idProduct, 0x5678);
	/* A line that is not "gone" is left for the transfer that it is. */
	assert_int_equal(io.wait_gone(io.ctx, 0), 0);
	assert_int_equal(io.transfer(io.ctx, x, 3, &err), 0);
	assert_int_equal(x[0].result, 3);
	assert_int_equal(x[1].result, 2);
	assert_int_equal(in[1], 0xff);
	assert_int_equal(x[2].result, DFU_ERR_STALL);
	assert_int_equal(io.set_alt(io.ctx, 0, 1, &err), 0);
	assert_false(dfu_replay_done(&io));
	x[0] = (struct dfu_xfer){ 0x21, DFU_ABORT, 0, 0, 0, NULL, 10, 0 };
	assert_int_equal(io.transfer(io.ctx, x, 2, &err), DFU_ERR_TIMEOUT);
	assert_int_equal(x[1].result, DFU_ERR_CANCELLED);
	assert_int_equal(io.wait_gone(io.ctx, 0), 1);
	assert_true(dfu_replay_done(&io));
	assert_int_equal(io.transfer(io.ctx, x, 1, &err), DFU_ERR_IO);
	io.close(io.ctx);
}

/* -- recording and replaying ------------------------------------------------------- */

static char *read_text(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = malloc(4 << 20);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, 4 << 20, f);
	fclose(f);
	return text;
}

/* The whole story over any io; the errors too must be the same. */
static int whole(const struct dfu_io *io, const struct dfu_board *board,
		 const struct dfu_settings *set, struct dfu_error *err)
{
	struct dfu_image *image = story_image();
	struct dfu_plan *plan = NULL;
	struct dfu_dev *dev = NULL;
	int rc = dfu_open_io(io, board, set, &dev, err);

	if (rc == 0)
		rc = dfu_plan_make(dev, image, NULL, &plan, err);
	if (rc == 0)
		rc = dfu_plan_run(plan, err);
	if (rc == 0)
		rc = dfu_leave(dev, FAKE_FLASH_ADDR, err);
	dfu_plan_free(plan);
	dfu_close(dev);
	dfu_image_free(image);
	return rc;
}

static bool used_up;
static void (*close_inner)(void *);

static void close_and_note(void *ctx)
{
	struct dfu_io io = { .ctx = ctx };

	used_up = dfu_replay_done(&io);
	close_inner(ctx);
}

static void test_round_trip(void **state)
{
	static const enum fake_fault faults[] = { FAULT_NONE, FAULT_STALL, FAULT_LOST,
						  FAULT_BROKEN, FAULT_POWER_CUT };
	char *dir = story_dir(), path[320];
	size_t i, len;

	(void)state;
	snprintf(path, sizeof(path), "%s/t", dir);
	for (i = 0; i < ROWS(faults); i++) {
		struct dfu_settings set = { .record = path };
		struct fake_rom *rom = story_rom();
		struct dfu_board board = fake_rom_board(rom), back;
		struct dfu_io io = fake_rom_io(rom);
		struct dfu_error err = { 0 }, again = { 0 };
		struct stat st;
		char *text;
		int rc;

		strcpy(board.serial, i ? "a b#c" : "357A3A7D3137");
		rom->fault = faults[i];
		rom->fault_at = 60;
		rc = whole(&io, &board, &set, &err);
		assert_int_equal(rc, faults[i] == FAULT_POWER_CUT ? DFU_ERR_GONE : 1);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		text = read_text(path, &len);
		assert_int_equal(dfu_replay(text, len, &io, &back, &err), 0);
		free(text);
		assert_string_equal(back.serial, i ? "a?b?c" : board.serial);
		assert_int_equal(back.n_alts, 4);
		assert_memory_equal(&back.alts, &board.alts, sizeof(board.alts));
		close_inner = io.close;
		io.close = close_and_note;
		if (whole(&io, &back, NULL, &again) != rc)
			fail_msg("fault %u: replayed with %s", (unsigned)i, again.msg);
		assert_true(used_up);
		/* A file that is there is not written over. */
		io = fake_rom_io(rom);
		fake_rom_reset(rom);
		assert_int_equal(whole(&io, &board, &set, &err), DFU_ERR_FILE);
		assert_non_null(strstr(err.msg, path));
		assert_true(rom->closed);
		unlink(path);
		fake_rom_free(rom);
	}
	story_remove(dir);
}

/* What is masked is in no line, be it read or written. */
static void test_mask(void **state)
{
	static const struct dfu_range mask[] = { { 0x08003910, 700 },
						 { 0x08000100, 16 } };
	char *dir = story_dir(), path[320], hex[40];
	struct dfu_settings set = { .record = path,
				    .record_mask = mask,
				    .n_record_mask = 2 };
	struct fake_rom *rom = story_rom();
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_error err;
	uint8_t a[LEN_A];
	size_t len;
	char *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/t", dir);
	assert_int_equal(whole(&io, &board, &set, &err), 1);
	text = read_text(path, &len);
	text[len] = '\0';
	assert_non_null(strstr(text, " 700*--"));
	assert_non_null(strstr(text, " 16*--"));
	snprintf(hex, sizeof(hex), "%02x %02x %02x %02x %02x", rom->flash[0x3910],
		 rom->flash[0x3911], rom->flash[0x3912], rom->flash[0x3913],
		 rom->flash[0x3914]);
	assert_null(strstr(text, hex));
	fill(a, sizeof(a), 1);
	snprintf(hex, sizeof(hex), "%02x %02x %02x %02x %02x", a[0x101], a[0x102],
		 a[0x103], a[0x104], a[0x105]);
	assert_null(strstr(text, hex));
	/* Its neighbours are there. */
	snprintf(hex, sizeof(hex), "%02x %02x %02x %02x %02x", a[0x110], a[0x111],
		 a[0x112], a[0x113], a[0x114]);
	assert_non_null(strstr(text, hex));
	free(text);
	unlink(path);
	fake_rom_free(rom);
	story_remove(dir);
}

/* An alternate setting without a name can be recorded, and read again. */
static void test_nameless(void **state)
{
	char *dir = story_dir(), path[320];
	struct dfu_settings set = { .record = path };
	struct fake_rom *rom = story_rom();
	struct dfu_board board = fake_rom_board(rom), back;
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_error err;
	struct dfu_dev *dev;
	size_t len;
	char *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/t", dir);
	board.alts[2].name[0] = '\0';
	board.alts[3].name[0] = '\0';
	assert_int_equal(dfu_open_io(&io, &board, &set, &dev, &err), 0);
	dfu_close(dev);
	text = read_text(path, &len);
	if (dfu_replay(text, len, &io, &back, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(back.n_alts, 4);
	io.close(io.ctx);
	free(text);
	unlink(path);
	fake_rom_free(rom);
	story_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),      cmocka_unit_test(test_answers),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_mask),
		cmocka_unit_test(test_nameless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
