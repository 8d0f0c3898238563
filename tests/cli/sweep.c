/*
 * sweep FOLDER KIND...: flash a virtual board, and let something go wrong at transfer 1,
 * then at transfer 2, and so on to the last. FOLDER is the board's, KIND is in the table
 * below.
 *
 * Each time the command must end by itself, with the right status and words; the same
 * command run again must end with 0 and the image in flash; and no other byte of the
 * flash may have changed. Prints a line for each kind, and what was wrong for each n.
 */
#include "fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLASH_ADDR  0x08000000u
#define FLASH_BYTES 0x100000u
#define TIMEOUT_MS  "10" /* of a transfer, and of what the board wants to be waited for */
#define LEAVING     12   /* transfers at the end of a run that also starts the program */

/* Two sectors, both with bytes before, behind and in the middle of a word to be kept. */
static const struct element {
	uint32_t addr, len;
} elements[] = { { 0x08000000, 2999 }, { 0x08005001, 5002 } };

static struct {
	const char *folder;
	char selector[80];
	char image[2][32];
	uint8_t bytes[2][2][8192]; /* of each image's elements */
	unsigned turn;             /* which image is next */
	bool starts;               /* without --no-start */
	uint8_t before[FLASH_BYTES], after[FLASH_BYTES];
	unsigned repeats; /* of this kind */
} s;

static const struct fault *power;

/* -- the board --------------------------------------------------------------------- */

static const char *ask(const char *request)
{
	return control_ask(s.folder, request);
}

/* By its address: a board that is asked for its name may be late once. */
static void find_selector(void)
{
	const char *at = strstr(ask("\"status\""), "usbip://");

	if (!at || sscanf(at, "%79[^\"]", s.selector) != 1)
		die("%s: no address", s.folder);
}

static unsigned transfers(void)
{
	return control_number(ask("\"status\""), "\"transfers\":");
}

static void read_flash(uint8_t *to)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/flash.bin", s.folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, to, FLASH_BYTES) != FLASH_BYTES)
		die("%s", path);
	close(fd);
}

/* -- images ------------------------------------------------------------------------ */

static void put_hex(FILE *f, unsigned type, uint32_t addr, const uint8_t *data,
		    unsigned len)
{
	unsigned sum = len + (addr >> 8 & 0xff) + (addr & 0xff) + type;

	fprintf(f, ":%02X%04X%02X", len, addr & 0xffff, type);
	for (unsigned i = 0; i < len; i++) {
		fprintf(f, "%02X", data[i]);
		sum += data[i];
	}
	fprintf(f, "%02X\n", -sum & 0xff);
}

/* Random, but for a vector table that a board can start. */
static void make_image(unsigned which)
{
	static const uint8_t vectors[8] = { 0, 0, 2, 0x20, 9, 0, 0, 8 };
	static const uint8_t upper[2] = { FLASH_ADDR >> 24, FLASH_ADDR >> 16 & 0xff };
	FILE *f;

	snprintf(s.image[which], sizeof(s.image[which]), "image%u.hex", which);
	f = fopen(s.image[which], "w");
	if (!f)
		die("%s", s.image[which]);
	put_hex(f, 4, 0, upper, 2);
	for (unsigned e = 0; e < 2; e++) {
		uint8_t *bytes = s.bytes[which][e];

		for (uint32_t i = 0; i < elements[e].len; i++)
			bytes[i] = (uint8_t)(rand() >> 7);
		if (e == 0)
			memcpy(bytes, vectors, sizeof(vectors));
		for (uint32_t at = 0; at < elements[e].len; at += 32) {
			uint32_t left = elements[e].len - at;

			put_hex(f, 0, elements[e].addr + at, bytes + at,
				left < 32 ? left : 32);
		}
	}
	put_hex(f, 1, 0, NULL, 0);
	fclose(f);
}

/* -- runs -------------------------------------------------------------------------- */

static const char *const *command(void)
{
	static const char *argv[8];
	int n = 0;

	argv[n++] = "stmiot";
	argv[n++] = "-q";
	argv[n++] = "-b";
	argv[n++] = s.selector;
	argv[n++] = "flash";
	argv[n++] = s.image[s.turn];
	argv[n++] = s.starts ? NULL : "--no-start";
	return argv;
}

/* -- judging ----------------------------------------------------------------------- */

static bool speaks(void)
{
	return strncmp(sweep.said, "stmiot: ", 8) == 0 && strlen(sweep.said) > 20;
}

/* A refused transfer is made good by the command itself. */
static bool must_succeed(const struct fault *fault)
{
	return strcmp(fault->name, "stall") == 0;
}

static void judge_fault(const struct fault *fault, int status)
{
	sweep.faults++;
	if (status == 0)
		sweep.alone++;
	else if (fault->after == KILL && status == -SIGKILL)
		return;
	else if (fault->after == INTERRUPT && status == 130)
		return;
	else if (status != 1 || fault->after == KILL || must_succeed(fault))
		wrong("status %d", status);
	else if (!speaks())
		wrong("it failed, and does not say why");
}

/* What the flash is to hold: all as before, and the image. */
static void expect_image(uint8_t *flash)
{
	for (unsigned e = 0; e < 2; e++)
		memcpy(flash + (elements[e].addr - FLASH_ADDR), s.bytes[s.turn][e],
		       elements[e].len);
}

static void judge_flash(void)
{
	unsigned differ = 0;
	uint32_t first = 0;

	read_flash(s.after);
	expect_image(s.before);
	for (uint32_t i = FLASH_BYTES; i-- > 0;) {
		if (s.before[i] == s.after[i])
			continue;
		first = i;
		differ++;
	}
	if (differ)
		wrong("%u bytes are wrong, the first at 0x%08x: %02x instead of %02x",
		      differ, FLASH_ADDR + first, s.after[first], s.before[first]);
}

static void judge_journal(void)
{
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/stmiot/journal", getenv("XDG_STATE_HOME"));
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			wrong("the journal %s stays", entry->d_name);
	if (dir)
		closedir(dir);
}

static void back_to_rom(void)
{
	if (strstr(ask("\"status\""), "\"mode\":\"running\""))
		ask("\"reset\"");
}

static void repeat(void)
{
	int status;

	fault_clear(power, s.folder);
	back_to_rom();
	s.repeats++;
	status = run(command(), NULL);
	if (status != 0)
		wrong("status %d when it is repeated", status);
	judge_flash();
	judge_journal();
}

static int strike(const struct fault *fault, unsigned n, const char *timeout_ms)
{
	snprintf(sweep.doing, sizeof(sweep.doing), "%s%s at transfer %u",
		 s.starts ? "leave-" : "", fault->name, n);
	read_flash(s.before);
	back_to_rom();
	fault_arm(fault, s.folder, n);
	return run_with(fault, s.folder, n, command(), timeout_ms);
}

static void one(const struct fault *fault, unsigned n)
{
	int status = strike(fault, n, TIMEOUT_MS);

	/* On a busy machine TIMEOUT_MS may be too short for an answer that is on its way. */
	if (must_succeed(fault) && status != 0) {
		repeat();
		s.turn ^= 1;
		status = strike(fault, n, NULL);
	}
	judge_fault(fault, status);
	repeat();
	s.turn ^= 1;
}

/* The transfers of an undisturbed run, each image once so that the next ones erase. */
static unsigned count(void)
{
	unsigned most = 0;

	snprintf(sweep.doing, sizeof(sweep.doing), "undisturbed");
	for (int i = 0; i < 2; i++) {
		read_flash(s.before);
		back_to_rom();
		ask("\"clear-counters\"");
		if (run(command(), NULL) != 0)
			wrong("it fails");
		judge_flash();
		if (transfers() > most)
			most = transfers();
		s.turn ^= 1;
	}
	return most;
}

static void tell(const char *name)
{
	printf("# %s: %u faults, %u made good at once; %u runs repeated\n", name,
	       sweep.faults, sweep.alone, s.repeats);
	fflush(stdout);
	sweep.faults = sweep.alone = s.repeats = 0;
}

/* "leave-KIND" is KIND while the program is started. */
static void sweep_transfers(const char *name)
{
	static const char leave[] = "leave-";
	bool starts = strncmp(name, leave, strlen(leave)) == 0;
	const struct fault *fault = fault_find(name + (starts ? strlen(leave) : 0));
	unsigned last, first;

	s.starts = starts;
	last = count();
	first = starts && last > LEAVING ? last - LEAVING : 1;
	for (unsigned n = first; n <= last; n++)
		one(fault, n);
	s.starts = false;
	tell(name);
}

/* -- erases ------------------------------------------------------------------------ */

static void cut_erase(unsigned nth, double fraction)
{
	fault_arm_cut(s.folder, "erase", nth, fraction);
	judge_fault(power, run(command(), TIMEOUT_MS));
}

static void sweep_erases(void)
{
	static const double fractions[] = { 0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1 };

	for (unsigned nth = 1; nth <= 2; nth++) {
		for (unsigned i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++) {
			snprintf(sweep.doing, sizeof(sweep.doing), "erase %u cut at %g",
				 nth, fractions[i]);
			read_flash(s.before);
			cut_erase(nth, fractions[i]);
			repeat();
			s.turn ^= 1;
		}
	}
	tell("erase");
}

/* An erase is cut, and then the run that is to make it good, at each of its transfers. */
static void sweep_twice(void)
{
	for (unsigned n = 1, last = count(); n <= last; n++) {
		snprintf(sweep.doing, sizeof(sweep.doing),
			 "erase cut, then power at transfer %u", n);
		read_flash(s.before);
		cut_erase(1 + n % 2, 0.5);
		fault_arm(power, s.folder, n);
		judge_fault(power, run(command(), TIMEOUT_MS));
		repeat();
		s.turn ^= 1;
	}
	tell("twice");
}

static void run_kind(const char *name)
{
	if (strcmp(name, "erase") == 0)
		sweep_erases();
	else if (strcmp(name, "twice") == 0)
		sweep_twice();
	else
		sweep_transfers(name);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: sweep FOLDER KIND...");
	s.folder = argv[1];
	power = fault_find("power");
	find_selector();
	srand(1);
	make_image(0);
	make_image(1);
	for (int i = 2; i < argc; i++)
		run_kind(argv[i]);
	return sweep.wrong ? 1 : 0;
}
