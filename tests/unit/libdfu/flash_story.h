/*
 * A flash to tell everything with: a board that was used before, and an image for parts of
 * its sectors 0, 3, 5 and 6.
 *
 *   0  another firmware, and settings at its end: erased, the settings kept
 *   3  bytes before and behind the image's: erased, they are kept
 *   4  not the image's
 *   5  blank: written only
 *   6  holds what the image has: left alone
 *  11  not the image's
 */
#ifndef FLASH_STORY_H
#define FLASH_STORY_H

#include "images.h"
#include "fake_rom.h"

#include <unistd.h>

#define OFF_A 0u
#define LEN_A 4100u
#define OFF_B 0xc804u
#define LEN_B 6150u
#define OFF_C 0x20000u
#define LEN_C 9000u
#define OFF_D 0x40000u
#define LEN_D 2000u

static inline void fill(uint8_t *to, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		to[i] = (uint8_t)(seed >> 16);
	}
}

static inline void story_bytes(uint8_t *a, uint8_t *b, uint8_t *c, uint8_t *d)
{
	fill(a, LEN_A, 1);
	fill(b, LEN_B, 2);
	memset(b + 2044, 0xff, 2048); /* a blank block in the middle */
	fill(c, LEN_C, 3);
	memset(c + 2048, 0xff, 2048);
	fill(d, LEN_D, 4);
}

static inline struct dfu_image *story_image(void)
{
	static struct dfuse_builder file;
	static uint8_t a[LEN_A], b[LEN_B], c[LEN_C], d[LEN_D];

	story_bytes(a, b, c, d);
	dfuse_begin(&file);
	dfuse_target(&file, 0);
	dfuse_element(&file, FAKE_FLASH_ADDR + OFF_A, a, LEN_A);
	dfuse_element(&file, FAKE_FLASH_ADDR + OFF_B, b, LEN_B);
	dfuse_element(&file, FAKE_FLASH_ADDR + OFF_C, c, LEN_C);
	dfuse_element(&file, FAKE_FLASH_ADDR + OFF_D, d, LEN_D);
	dfuse_end(&file);
	return expect_image(file.bytes, file.len, DFU_FORMAT_DFUSE);
}

/* The board as it was used before. */
static inline struct fake_rom *story_rom(void)
{
	struct fake_rom *rom = fake_rom_new();

	fill(rom->flash, 12000, 77);
	fill(rom->flash + 0x3910, 700, 78);
	fill(rom->flash + 0xc000, 300, 79);
	fill(rom->flash + OFF_B + LEN_B - 50, 80, 80);
	fill(rom->flash + 0x10000, 5000, 81);
	fill(rom->flash + OFF_D, LEN_D, 4);
	fill(rom->flash + OFF_D + LEN_D, 99, 82);
	fill(rom->flash + 0xe0000, 400, 83);
	return rom;
}

/* Flash as it is to be afterwards: of the tests whose group begins with story_set_up(). */
static uint8_t end[FAKE_FLASH_BYTES];

static inline int story_set_up(void **state)
{
	struct fake_rom *rom = story_rom();

	(void)state;
	memcpy(end, rom->flash, sizeof(end));
	story_bytes(end + OFF_A, end + OFF_B, end + OFF_C, end + OFF_D);
	fake_rom_free(rom);
	return 0;
}

/* A new folder for journals. */
static inline char *story_dir(void)
{
	const char *shm = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	const char *tmp =
		getenv("TMPDIR"); /* thousands of fsync: in memory, if possible */
	char *dir = malloc(300);

	assert_non_null(dir);
	snprintf(dir, 300, "%.200s/stmiot-test-XXXXXX", tmp ? tmp : shm);
	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline void story_journal(const char *dir, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s/357A3A7D3137@1-1.journal", dir);
}

static inline void story_remove(char *dir)
{
	char path[400];

	story_journal(dir, path, sizeof(path));
	unlink(path);
	if (rmdir(dir) != 0)
		fail_msg("%s is not empty", dir);
	free(dir);
}

/* Open, plan, run and close; `rom` is left as the library leaves it. */
static inline int story_flash(struct fake_rom *rom, const struct dfu_settings *set,
			      const struct dfu_plan_opts *opts,
			      struct dfu_plan_totals *totals, struct dfu_error *err)
{
	struct dfu_image *image = story_image();
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_plan *plan = NULL;
	struct dfu_dev *dev = NULL;
	int rc;

	memset(err, 0, sizeof(*err));
	rc = dfu_open_io(&io, &board, set, &dev, err);
	if (rc == 0)
		rc = dfu_plan_make(dev, image, opts, &plan, err);
	if (rc == 0 && totals)
		*totals = *dfu_plan_totals(plan);
	if (rc == 0)
		rc = dfu_plan_run(plan, err);
	dfu_plan_free(plan);
	dfu_close(dev);
	dfu_image_free(image);
	assert_true(rom->closed);
	return rc;
}

/* The first byte of flash that is not as it should be. */
static inline void expect_flash(const struct fake_rom *rom, const uint8_t *want,
				const char *when)
{
	bool same = memcmp(rom->flash, want, FAKE_FLASH_BYTES) == 0;

	for (size_t i = 0; !same && i < FAKE_FLASH_BYTES; i++)
		if (rom->flash[i] != want[i])
			fail_msg("%s: 0x%08zx holds %02x, should be %02x", when,
				 FAKE_FLASH_ADDR + i, rom->flash[i], want[i]);
	if (rom->broken_rule)
		fail_msg("%s: %s", when, rom->broken_rule);
}

#endif
