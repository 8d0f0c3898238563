/* The journal of bytes to be kept: its text, its file, and what a damaged one does. */
#include "journal.h"
#include "flash_story.h"

#include <sys/stat.h>

/* The CRC of the lines before, as the library wants it behind "crc ". */
static size_t sealed(char *to, size_t bytes, const char *lines)
{
	return (size_t)snprintf(to, bytes, "%scrc %08x\n", lines,
				~slow_crc((const uint8_t *)lines, strlen(lines)));
}

static int parse(const char *text, size_t len, struct journal *j, struct dfu_error *err)
{
	char *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, text, len);
	rc = journal_parse(copy, len, j, err);
	free(copy);
	return rc;
}

static const struct {
	const char *lines; /* without the CRC */
	size_t n;          /* pieces, or */
	const char *words; /* of the refusal */
} good[] = {
	{ "stmiot journal 1\n", 0, NULL },
	{ "stmiot journal 1\nsector 0x08000000\n", 1, NULL },
	{ "stmiot journal 1\nsector 0x08000000\nkeep 0x08003910 00ff\n", 2, NULL },
	{ "stmiot journal 2\n", 0, "line 1 is not" },
	{ "stmiot journal 1\nsector 0x0800000\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nsector 0x080000000\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nsector 08000000\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nsector 0x0800000G\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910 \n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910 0\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910 0x\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910  00\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nkeep 0x08003910 FF\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\n\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nsector 0x08000000\r\n", 0, "line 2 is damaged" },
	{ "stmiot journal 1\nsector 0x08000000\ncrc 00000000\n", 0, "line 3 is damaged" },
	{ "stmiot journal 1\nsector 0x08000000", 0, "line 2 is damaged" },
	{ "", 0, "line 1 is not" },
	{ "\n", 0, "line 1 is not" },
};

static void test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(good); i++) {
		struct dfu_error err = { 0 };
		struct journal j;
		char text[300];
		size_t len = sealed(text, sizeof(text), good[i].lines);
		int rc = parse(text, len, &j, &err);

		if (!good[i].words) {
			if (rc < 0 || j.n != good[i].n)
				fail_msg("row %u: %d %s", (unsigned)i, rc, err.msg);
		} else if (rc != DFU_ERR_FORMAT || !strstr(err.msg, good[i].words) ||
			   j.n) {
			fail_msg("row %u: %d %s", (unsigned)i, rc, err.msg);
		}
		journal_clear(&j);
	}
}

/* Whatever a disk makes of it: cut short anywhere, any byte wrong, anything behind it. */
static void test_damage(void **state)
{
	struct dfu_error err;
	struct journal j;
	char text[300], bad[300];
	size_t len =
		sealed(text, sizeof(text),
		       "stmiot journal 1\nsector 0x08000000\nkeep 0x08003910 00ff\n");
	size_t i;

	(void)state;
	for (i = 0; i < len; i++) {
		if (parse(text, i, &j, &err) != DFU_ERR_FORMAT)
			fail_msg("cut at %u is taken", (unsigned)i);
		memcpy(bad, text, len);
		bad[i] ^= 1;
		if (parse(bad, len, &j, &err) != DFU_ERR_FORMAT)
			fail_msg("byte %u wrong is taken", (unsigned)i);
	}
	text[len] = '\n';
	assert_int_equal(parse(text, len + 1, &j, &err), DFU_ERR_FORMAT);
	text[len] = '\0';
	assert_int_equal(parse(text, len + 1, &j, &err), DFU_ERR_FORMAT);
}

static struct dfu_board a_board(const char *serial, const char *path)
{
	struct dfu_board b = { .bus = DFU_BUS_OTHER };

	snprintf(b.serial, sizeof(b.serial), "%s", serial);
	snprintf(b.path, sizeof(b.path), "%s", path);
	return b;
}

static void test_round_trip(void **state)
{
	struct dfu_board board = a_board("357A3A7D3137", "3-1.4");
	char *dir = story_dir();
	struct journal j, back;
	struct dfu_error err;
	struct stat st;
	uint8_t bytes[300];

	(void)state;
	fill(bytes, sizeof(bytes), 5);
	assert_int_equal(journal_open(dir, &board, &j, &err), 0);
	assert_int_equal(j.n, 0);
	assert_int_equal(journal_add(&j, 0x08000000, NULL, 0, &err), 0);
	assert_int_equal(journal_add(&j, 0x08003910, bytes, sizeof(bytes), &err), 0);
	assert_int_equal(journal_store(&j, &err), 0);
	assert_int_equal(journal_store(&j, &err), 0);
	assert_int_equal(stat(j.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_non_null(strstr(j.path, "/357A3A7D3137@3-1.4.journal"));

	assert_int_equal(journal_open(dir, &board, &back, &err), 0);
	assert_int_equal(back.n, 2);
	assert_int_equal(back.pieces[0].addr, 0x08000000);
	assert_int_equal(back.pieces[0].len, 0);
	assert_int_equal(back.pieces[1].len, sizeof(bytes));
	assert_memory_equal(back.pieces[1].data, bytes, sizeof(bytes));
	journal_clear(&back);

	assert_int_equal(journal_remove(&j, &err), 0);
	assert_int_equal(journal_remove(&j, &err), 0);
	assert_int_equal(journal_open(dir, &board, &back, &err), 0);
	assert_int_equal(back.n, 0);
	journal_clear(&j);
	story_remove(dir);
}

static void test_names(void **state)
{
	struct dfu_board board = a_board("../../etc/x y", "1-1");
	char *dir = story_dir(), longer[600];
	struct journal j;
	struct dfu_error err;

	(void)state;
	assert_int_equal(journal_open(dir, &board, &j, &err), 0);
	assert_string_equal(strrchr(j.path, '/'), "/.._.._etc_x_y@1-1.journal");
	assert_int_equal(journal_open(NULL, &board, &j, &err), 0);
	assert_string_equal(j.path, "");
	assert_int_equal(journal_remove(&j, &err), 0);
	/* Where nothing can be stored, nothing is; storing says so. */
	assert_int_equal(journal_open("/nowhere/at/all", &board, &j, &err), 0);
	assert_int_equal(journal_store(&j, &err), DFU_ERR_FILE);
	/* A path that does not fit would be another file. */
	memset(longer, '/', sizeof(longer));
	memcpy(longer, dir, strlen(dir));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(journal_open(longer, &board, &j, &err), DFU_ERR_ARG);
	story_remove(dir);
}

/* The bytes of a whole MB in many pieces take no time to read. */
static void test_large(void **state)
{
	struct dfu_board board = a_board("x", "1-1");
	char *dir = story_dir(), path[600];
	struct journal j, back;
	struct dfu_error err;
	uint8_t bytes[64];
	unsigned i;

	(void)state;
	memset(bytes, 0x55, sizeof(bytes));
	assert_int_equal(journal_open(dir, &board, &j, &err), 0);
	for (i = 0; i < 10000; i++)
		assert_int_equal(journal_add(&j, 0x08000000 + i * 100, bytes, 64, &err),
				 0);
	assert_int_equal(journal_store(&j, &err), 0);
	assert_int_equal(journal_open(dir, &board, &back, &err), 0);
	assert_int_equal(back.n, 10000);
	journal_clear(&back);
	journal_clear(&j);
	snprintf(path, sizeof(path), "%s", j.path);
	unlink(path);
	story_remove(dir);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A damaged journal stops the flash before anything happens, and stays. */
static void test_damaged_file(void **state)
{
	char *dir = story_dir(), path[400];
	struct dfu_plan_opts opts = { .journal_dir = dir };
	struct fake_rom *rom = story_rom();
	struct dfu_error err;

	(void)state;
	story_journal(dir, path, sizeof(path));
	write_file(path, "stmiot journal 1\nsector 0x0");
	assert_int_equal(story_flash(rom, NULL, &opts, NULL, &err), DFU_ERR_FORMAT);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.hint, "move it away"));
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(rom->writes + rom->erases[0], 0);
	fake_rom_free(rom);
	story_remove(dir);
}

/* A folder that takes no file: nothing is erased. */
static void test_no_room(void **state)
{
	char *dir = story_dir(), path[420];
	struct dfu_plan_opts opts = { .journal_dir = dir };
	struct fake_rom *rom = story_rom();
	struct dfu_error err;

	(void)state;
	story_journal(dir, path, 400);
	strcat(path, ".new");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(story_flash(rom, NULL, &opts, NULL, &err), DFU_ERR_FILE);
	assert_non_null(strstr(err.msg, "nothing was erased"));
	assert_int_equal(rom->writes + rom->erases[0] + rom->erases[3], 0);
	rmdir(path);
	fake_rom_free(rom);
	story_remove(dir);
}

/* An image for another place after a run that was cut off: only the kept bytes return. */
static void test_other_image(void **state)
{
	static uint8_t bytes[3000], was[128];
	char *dir = story_dir();
	struct dfu_plan_opts opts = { .journal_dir = dir, .full = true };
	struct fake_rom *rom = NULL;
	struct dfu_image *image;
	struct dfu_plan *plan;
	struct dfu_board board;
	struct dfu_dev *dev;
	struct dfu_error err;
	uint64_t at = 20;
	struct dfu_io io;

	(void)state;
	/* Cut off while sector 3 is erased, and before sector 5 is. */
	do {
		fake_rom_free(rom);
		rom = story_rom();
		memcpy(was, rom->flash + 0x3910, sizeof(was));
		rom->fault = FAULT_POWER_CUT;
		rom->fault_at = at++;
		story_flash(rom, NULL, &opts, NULL, &err);
	} while (!rom->erases[3]);
	board = fake_rom_board(rom);
	io = fake_rom_io(rom);
	fake_rom_reset(rom);
	fill(bytes, sizeof(bytes), 6);
	assert_int_equal(dfu_image_from_bytes(FAKE_FLASH_ADDR + 0xa0000, bytes,
					      sizeof(bytes), &image, &err),
			 0);
	assert_int_equal(dfu_open_io(&io, &board, NULL, &dev, &err), 0);
	memset(rom->erases, 0, sizeof(rom->erases));
	assert_int_equal(dfu_plan_make(dev, image, &opts, &plan, &err), 0);
	assert_int_equal(dfu_plan_run(plan, &err), 0);
	assert_memory_equal(rom->flash + 0x3910, was, sizeof(was));
	assert_memory_equal(rom->flash + 0xa0000, bytes, sizeof(bytes));
	/* Of sector 5 nothing was to be kept, and this image has nothing for it. */
	assert_int_equal(rom->erases[5] + rom->erases[4] + rom->erases[11], 0);
	dfu_plan_free(plan);
	dfu_image_free(image);
	dfu_close(dev);
	fake_rom_free(rom);
	story_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),      cmocka_unit_test(test_damage),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_names),
		cmocka_unit_test(test_large),      cmocka_unit_test(test_damaged_file),
		cmocka_unit_test(test_no_room),    cmocka_unit_test(test_other_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
