/*
 * firmware_cuts WHERE IMAGE VERSION IMAGE VERSION: write one and the other firmware to
 * sim/b0, and cut its power while that goes on. BOOT0 is low all the time: before, the
 * bootloader is entered by `dfu` on the console. WHERE is
 *
 *	transfers    at transfer 1, then at 2, and so on until the run is over before
 *	operations   the same, and five times each, at other parts of what the flash does then
 *	erases       within each erase, after small and large parts of it
 *	stub         as transfers; the images have other boot stubs, too
 *	stub/4       at each fourth transfer, and at each one around those with the stub
 *
 * After each cut the bootloader or the application comes up, and the same command run again
 * ends with 0, and its application runs. But while another boot stub is written, and at no
 * other transfer, neither may come up: then BOOT0 leads to the bootloader, and the same
 * command repairs.
 */
#include "chip.h"
#include "fault.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOARD       "sim/b0"
#define FLASH_BYTES 0x100000u
#define TIMEOUT_MS  "150"
#define TIMES_MAX   2000

/*
 * The transfers in which the stub may be missing: its sector's erase, the Set Address and the
 * one block, each a DNLOAD and two GETSTATUS, with an ABORT between.
 */
#define WINDOW 10

/* stmiot-firmware(7): the application, whose length is behind magic and CRC */
#define APP_AT    0x20000u
#define APP_BYTES 0x60000u
#define LENGTH_AT 8

static struct {
	const char *image[2], *version[2];
	uint8_t app[2][APP_BYTES]; /* as it is in flash when it is whole */
	unsigned turn;             /* which image is next */
	bool stub;                 /* the images' stubs differ */
	unsigned came[3];
	unsigned first_dead, last_dead; /* transfers at which nothing comes up */
	bool comes_up[TIMES_MAX];       /* at which something does */
	uint8_t before[FLASH_BYTES], after[FLASH_BYTES];
} s;

static void read_flash(uint8_t *to)
{
	FILE *f = fopen(BOARD "/flash.bin", "r");

	if (!f || fread(to, 1, FLASH_BYTES, f) != FLASH_BYTES)
		die(BOARD "/flash.bin");
	fclose(f);
}

/* `more`: an option, or NULL */
static int flash(const char *more, const char *timeout_ms)
{
	const char *const argv[] = { "stmiot",        "-q", "-b", "sim:b0", "flash",
				     s.image[s.turn], more, NULL };

	chip_forget();
	return run(argv, timeout_ms);
}

/* -- judging --------------------------------------------------------------------------- */

/* Sectors 1 to 3 and 8 to 11 are nobody's business; nor is what is behind the stub. */
static void judge_rest(void)
{
	static const uint32_t ranges[][2] = { { 0x1000, 0x10000 },
					      { 0x80000, FLASH_BYTES } };

	read_flash(s.after);
	for (unsigned i = 0; i < 2; i++)
		if (memcmp(s.before + ranges[i][0], s.after + ranges[i][0],
			   ranges[i][1] - ranges[i][0]) != 0)
			wrong("other bytes than those of the image have changed");
}

static bool is_whole(unsigned which)
{
	const uint8_t *app = s.app[which];
	uint32_t bytes = app[LENGTH_AT] | (uint32_t)app[LENGTH_AT + 1] << 8 |
			 (uint32_t)app[LENGTH_AT + 2] << 16;

	read_flash(s.after);
	return bytes <= APP_BYTES && memcmp(s.after + APP_AT, app, bytes) == 0;
}

static bool runs(unsigned which)
{
	char version[32];

	return strcmp(chip_version(version, sizeof(version)), s.version[which]) == 0 &&
	       is_whole(which);
}

static void judge_dead(unsigned n)
{
	if (!s.stub)
		wrong("neither the bootloader nor the application comes up");
	if (!s.first_dead || n < s.first_dead)
		s.first_dead = n;
	if (n > s.last_dead)
		s.last_dead = n;
	chip_reset(true);
}

/* The stub is missing from its erase to its last block, and in one piece. */
static void judge_window(void)
{
	if (!s.came[CHIP_DEAD])
		wrong("the stub was never missing: it was not written");
	for (unsigned n = s.first_dead; n < s.last_dead; n++)
		if (s.comes_up[n])
			wrong("in between, at %u, something comes up", n);
	if (s.last_dead - s.first_dead >= WINDOW)
		wrong("the stub is missing from %u to %u", s.first_dead, s.last_dead);
}

static void judge_start(unsigned n)
{
	enum chip_is is = chip_comes_up();

	s.came[is]++;
	s.comes_up[n] = is != CHIP_DEAD;
	if (is == CHIP_DEAD)
		judge_dead(n);
	if (is != CHIP_APP)
		return;
	if (!runs(0) && !runs(1))
		wrong("another firmware runs, or a part of one");
	chip_to_rom();
}

static void judge_status(int status)
{
	sweep.faults++;
	if (status != 0 && status != 1)
		wrong("status %d", status);
	else if (status == 1 && strncmp(sweep.said, "stmiot: ", 8) != 0)
		wrong("it failed, and does not say why");
}

static void repeat(void)
{
	int status = flash("--no-start", NULL);

	chip_reset(false);
	if (status != 0)
		wrong("status %d when it is repeated", status);
	if (chip_comes_up() != CHIP_APP || !runs(s.turn))
		wrong("the application that was written does not run");
	judge_rest();
	s.turn ^= 1;
}

/* -- sweeps ---------------------------------------------------------------------------- */

/* At transfer n, or in the n-th erase. False: the run was over before. */
static bool cut(const char *what, unsigned n, double part)
{
	const struct fault *power = fault_find("power");
	bool struck;
	int status;

	read_flash(s.before);
	chip_to_rom();
	snprintf(sweep.doing, sizeof(sweep.doing), "%s %u, %g of it done", what, n, part);
	fault_arm_cut(BOARD, what, n, part);
	status = flash(NULL, TIMEOUT_MS);
	struck = fault_struck(power, BOARD, n);
	fault_clear(power, BOARD);
	if (struck) {
		judge_status(status);
		judge_start(n);
		repeat();
	} else if (status != 0 || chip_comes_up() != CHIP_APP) {
		wrong("status %d, and nothing has happened", status);
	} else {
		s.turn ^= 1;
	}
	return struck;
}

/* From n up to `to`, or until both images' runs were over before. The last n. */
static unsigned cut_transfers(unsigned n, unsigned to, unsigned step, unsigned parts)
{
	unsigned last = 0, over = 0;

	for (; over < 2 && n <= to; n += step) {
		bool struck = true;

		for (unsigned i = 0; struck && i < parts; i++)
			struck = cut("at", n, (0.5 + i) / parts);
		over = struck ? 0 : over + 1;
		if (struck)
			last = n;
	}
	return last;
}

static unsigned cut_run(unsigned step, unsigned parts)
{
	unsigned last = cut_transfers(1, TIMES_MAX - 1, step, parts);

	if (step > 1 && s.first_dead)
		cut_transfers(s.first_dead - step, s.last_dead + step, 1, parts);
	return last;
}

static unsigned cut_erases(void)
{
	static const double parts[] = { 0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 1 };
	unsigned nth = 1, i = 0;

	while (cut("erase", nth, parts[i])) {
		i = (i + 1) % (sizeof(parts) / sizeof(parts[0]));
		nth += i == 0;
	}
	return nth - 1;
}

/* Each image once, undisturbed; the second one stays. */
static void take(char **argv)
{
	chip_open(BOARD);
	chip_reset(false);
	for (s.turn = 0; s.turn < 2; s.turn++) {
		s.image[s.turn] = argv[2 * s.turn];
		s.version[s.turn] = argv[2 * s.turn + 1];
		if (chip_comes_up() != CHIP_APP)
			die("no application, to begin with");
		chip_to_rom();
		if (flash(NULL, NULL) != 0)
			die("%s: status %d: %s", s.image[s.turn], sweep.status,
			    sweep.said);
		read_flash(s.after);
		memcpy(s.app[s.turn], s.after + APP_AT, APP_BYTES);
	}
	s.turn = 0;
	if (chip_comes_up() != CHIP_APP || !runs(1))
		die("the second firmware does not run, to begin with");
}

int main(int argc, char **argv)
{
	char *slash = argc == 6 ? strchr(argv[1], '/') : NULL;
	unsigned last;

	if (argc != 6)
		die("usage: firmware_cuts WHERE IMAGE VERSION IMAGE VERSION");
	if (slash)
		*slash = '\0';
	s.stub = strcmp(argv[1], "stub") == 0;
	take(argv + 2);
	if (strcmp(argv[1], "erases") == 0)
		last = cut_erases();
	else
		last = cut_run(slash ? (unsigned)atoi(slash + 1) : 1,
			       strcmp(argv[1], "operations") == 0 ? 5 : 1);
	if (!last || !s.came[CHIP_ROM] || !s.came[CHIP_APP])
		wrong("%u cuts", sweep.faults);
	if (s.stub)
		judge_window();
	printf("# %s: %u cuts at up to %u; up came the ROM %u times, the application %u, "
	       "nothing %u (from %u to %u)\n",
	       argv[1], sweep.faults, last, s.came[CHIP_ROM], s.came[CHIP_APP],
	       s.came[CHIP_DEAD], s.first_dead, s.last_dead);
	return sweep.wrong ? 1 : 0;
}
