/*
 * Strangers' images on the virtual chip: noise, firmware with bits changed, instructions drawn
 * by lot that go for the peripherals, and code that writes code. Each runs for ten million
 * instructions, or so often as it locks up or resets at once, in a process of its own, whose
 * memory and end are looked at. A line of TAP.
 *
 *	images NUMBER FIRMWARE.bin
 *
 * The number is the seed: the same one gives the same image.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/machine.h"
#include "flash.h"
#include "tests/board/load.h"

#define INSTRUCTIONS 10000000
#define SLICE_NS     1000000 /* as the board's own loop has it */
#define STARTS_MAX   2000    /* an image may do nothing but reset the chip */
#define HANGS_S      600     /* of the processor: many times what any takes */

/* What it has translated is thrown away at 20000 blocks, of some kilobytes each. */
#ifdef __SANITIZE_ADDRESS__
#define RSS_MAX_KB (512 * 1024) /* with the sanitizer's shadow, and what it keeps back */
#else
#define RSS_MAX_KB (160 * 1024)
#endif

#define IMAGE_BYTES (64 * 1024)
#define VECTORS     98
#define STACK_TOP   0x2001F000u

struct image {
	uint8_t bytes[FLASH_BYTES];
	uint32_t len;
};

static struct image firmware;

/* -- chance -------------------------------------------------------------------------------- */

static uint64_t chance_state;

/* SplitMix64 (Steele, Lea, Flood 2014) */
static uint32_t chance(void)
{
	uint64_t x = chance_state += 0x9E3779B97F4A7C15u;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return (uint32_t)(x ^ x >> 31);
}

static uint32_t below(uint32_t n)
{
	return chance() % n;
}

/* -- writing code --------------------------------------------------------------------------- */

static void put16(struct image *image, uint32_t half)
{
	image->bytes[image->len++] = (uint8_t)half;
	image->bytes[image->len++] = (uint8_t)(half >> 8);
}

static void put_wide(struct image *image, uint32_t word)
{
	put16(image, word >> 16);
	put16(image, word & 0xFFFF);
}

/* MOVW and MOVT, T3 and T1 (ARM DDI 0403, A7.7.76, A7.7.79) */
static void put_constant(struct image *image, unsigned reg, uint32_t value)
{
	for (unsigned top = 0; top < 2; top++) {
		uint32_t half = top ? value >> 16 : value & 0xFFFF;

		put_wide(image, (top ? 0xF2C00000 : 0xF2400000) | reg << 8 |
					(half & 0xFF) | (half >> 8 & 7) << 12 |
					(half >> 11 & 1) << 26 | (half >> 12) << 16);
	}
}

static void put_address(struct image *image, uint32_t at, uint32_t value)
{
	memcpy(image->bytes + at, &value, sizeof(value)); /* little endian, as the chip */
}

/* An address that is of interest, in the middle of what an offset reaches. */
static uint32_t some_address(void)
{
	static const struct {
		uint32_t base, bytes;
	} places[] = {
		{ 0x40000000, 0x8000 },   { 0x40010000, 0x5800 },
		{ 0x40020000, 0x7000 },   { 0x40023800, 0x800 },
		{ 0xE000E000, 0x1000 },   { 0xE0000000, 0x43000 },
		{ 0x20000000, 0x20000 },  { 0x10000000, 0x10000 },
		{ 0x22000000, 0x400000 }, { 0x42000000, 0x800000 },
		{ 0x08000000, 0x100000 }, { 0x1FFF0000, 0x10000 },
		{ 0x50000000, 0x61000 },  { 0x00000000, 0x100000 },
		{ 0x60000000, 0x100000 },
	};
	unsigned i = below(sizeof(places) / sizeof(places[0]) * 2);

	if (i < sizeof(places) / sizeof(places[0]))
		return places[i].base + (below(places[i].bytes) & ~3u);
	return 0x40000000 + (below(0x28000) & ~0x3FFu); /* the start of a peripheral */
}

/* FLASH_KEYR, FLASH_OPTKEYR, IWDG_KR: what random numbers would never find */
static void put_keys(struct image *image)
{
	static const uint32_t keys[][2] = {
		{ 0x40023C04, 0x45670123 }, { 0x40023C04, 0xCDEF89AB },
		{ 0x40023C08, 0x08192A3B }, { 0x40023C08, 0x4C5D6E7F },
		{ 0x40003000, 0x5555 },     { 0x40003000, 0xCCCC },
	};
	unsigned first = below(3) * 2;

	for (unsigned i = first; i < first + 2; i++) {
		put_constant(image, 0, keys[i][0]);
		put_constant(image, 1, keys[i][1]);
		put16(image, 0x6001); /* STR r1, [r0] */
	}
}

/* All clocks on: without, most peripherals read as zero. */
static void put_clocks(struct image *image)
{
	put_constant(image, 0, 0x40023830);
	put_constant(image, 1, chance() | chance());
	for (unsigned i = 0; i < 6; i++)
		put16(image, 0x6001 | i << 6); /* STR r1, [r0, #4 * i] */
}

static void put_access(struct image *image)
{
	unsigned reg = below(8), size = below(4);

	put_constant(image, reg, some_address());
	if (below(2))
		put_constant(image, below(8), chance() & chance());
	for (unsigned n = 1 + below(6); n > 0; n--)
		put16(image, size == 0   ? 0x7000 | (chance() & 0x807) | reg << 3
			     : size == 1 ? 0x8000 | (chance() & 0x847) | reg << 3
					 : 0x6000 | (chance() & 0xFC7) | reg << 3);
}

static void put_instruction(struct image *image)
{
	switch (below(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		put_access(image);
		break;
	case 4:
		put_wide(image, 0xE8000000 | (chance() & 0x1FFFFFFF)); /* any wide one */
		break;
	case 5:
		put_wide(image, 0xEE000000 | (chance() & 0xFFFFFF & ~0x500u) | 0xA00);
		break;
	case 6: /* MSR and MRS of any */
		put_wide(image, (below(2) ? 0xF3808800 : 0xF3EF8000) | below(8) << 16 |
					below(8) << 8 | below(24));
		break;
	case 7:
		put16(image, 0xB660 | (chance() & 0x17)); /* CPS */
		break;
	case 8:
		put16(image, 0xDF00 | below(256)); /* SVC */
		break;
	case 9:
		put16(image, 0xBF00 | below(256)); /* IT, WFI, WFE, SEV */
		break;
	case 10:
		put16(image, 0xD000 | below(14) << 8 | (chance() & 0x9F)); /* B<c> */
		break;
	case 11:
		if (below(4) == 0)
			put_keys(image);
		break;
	default:
		put16(image, chance() & 0x5FFF); /* arithmetic and logic */
	}
}

/* -- the kinds of images ----------------------------------------------------------------------- */

/*
 * A way on from any exception: the stack, whatever became of it, is set up anew with a frame
 * that returns to some place of the program.
 */
static void put_return(struct image *image, uint32_t to)
{
	put_constant(image, 0, STACK_TOP);
	put_wide(image, 0xF3808808); /* MSR MSP, r0 */
	put_constant(image, 1, to);
	put16(image, 0x6181); /* STR r1, [r0, #24]: the frame's PC */
	put_constant(image, 1, 0x01000000);
	put16(image, 0x61C1); /* STR r1, [r0, #28]: and xPSR */
	put_constant(image, 0, 0xFFFFFFF9);
	put16(image, 0x4700); /* BX r0 */
}

static void make_noise(struct image *image)
{
	bool goes_on = below(4) > 0;

	image->len = (1024 + below(IMAGE_BYTES - 1024)) & ~1u;
	for (uint32_t i = 0; i < image->len; i++)
		image->bytes[i] = (uint8_t)chance();
	put_address(image, 0, 0x20000000 + (below(0x20000) & ~7u));
	for (unsigned i = 1; i < VECTORS; i++)
		put_address(image, i * 4, 0x08000000 + (below(image->len) | 1));
	/* most of it is a fault, from which some find a way on, and the others lock up */
	for (unsigned i = 2; goes_on && i < VECTORS; i++) {
		put_address(image, i * 4, 0x08000001 + image->len);
		put_return(image, 0x08000000 + (below(image->len) & ~1u));
	}
}

static void make_changed(struct image *image)
{
	*image = firmware;
	for (unsigned n = 1 + below(64); n > 0; n--)
		image->bytes[below(image->len)] ^= (uint8_t)(1u << below(8));
}

static void make_program(struct image *image)
{
	uint32_t handlers;

	image->len = VECTORS * 4;
	put_clocks(image);
	while (image->len < IMAGE_BYTES / 4)
		put_instruction(image);
	handlers = image->len;
	put_address(image, 0, STACK_TOP);
	for (unsigned i = 1; i < VECTORS; i++) {
		uint32_t to = VECTORS * 4 + (below(handlers - VECTORS * 4) & ~1u);
		bool returns = i == 2 || i == 3 || below(3) > 0;

		if (i > 1 && returns)
			put_address(image, i * 4, 0x08000001 + image->len);
		else
			put_address(image, i * 4,
				    i == 1 ? 0x08000001 + VECTORS * 4 : 0x08000001 + to);
		put_return(image, 0x08000000 + to);
	}
}

/* Code that it has just written, over and over, in one place or through all of RAM. */
static void make_rewriter(struct image *image)
{
	uint32_t mask = (8u << below(12)) - 1, loop;

	image->len = VECTORS * 4;
	put_address(image, 0, STACK_TOP);
	for (unsigned i = 1; i < VECTORS; i++)
		put_address(image, i * 4, 0x08000001 + VECTORS * 4);
	put_constant(image, 3, below(mask + 1) & ~7u);
	put_constant(image, 5, 0x47702000); /* MOVS r0, #0; BX lr */
	put_constant(image, 7, mask & ~7u);
	loop = image->len;
	put_constant(image, 4, 0x20000000);
	put16(image, 0x3308);        /* ADDS r3, #8 */
	put16(image, 0x403B);        /* ANDS r3, r7 */
	put16(image, 0x18E4);        /* ADDS r4, r4, r3 */
	put_wide(image, 0xF0850555); /* EOR r5, r5, #0x55 */
	put16(image, 0x6025);        /* STR r5, [r4] */
	put16(image, 0x1C66);        /* ADDS r6, r4, #1 */
	put16(image, 0x47B0);        /* BLX r6 */
	put16(image, 0xE000 | (((loop - image->len - 4) >> 1) & 0x7FF)); /* B loop */
}

static const struct kind {
	const char *name;
	void (*make)(struct image *image);
} kinds[] = {
	{ "noise", make_noise },
	{ "drawn by lot", make_program },
	{ "changed firmware", make_changed },
	{ "rewriter", make_rewriter },
};

static const struct kind *kind_of(unsigned n)
{
	return &kinds[n % (sizeof(kinds) / sizeof(kinds[0]))];
}

/* -- running one --------------------------------------------------------------------------------- */

struct result {
	int64_t instructions;
	unsigned starts;
	enum machine_state state;
};

static int64_t executed(const struct machine *machine)
{
	return machine_cycles(machine) - machine_idle_cycles(machine);
}

/* Nothing will ever happen on it. */
static bool at_rest(struct machine *machine)
{
	return machine_state(machine) != MACHINE_RUNS &&
	       machine_due_ns(machine) == INT64_MAX;
}

static void run(struct machine *machine, struct result *result)
{
	while (executed(machine) < INSTRUCTIONS && result->starts < STARTS_MAX) {
		if (machine_state(machine) == MACHINE_RESETS) {
			machine_reset(machine, machine_reset_cause(machine), 0);
			result->starts++;
		} else if (at_rest(machine) || machine_state(machine) == MACHINE_LOCKED ||
			   machine_state(machine) == MACHINE_IN_ROM) {
			/* somebody presses the button */
			machine_reset(machine, MCU_RESET_PIN, 0);
			result->starts++;
		}
		machine_run(machine, machine_ns(machine) + SLICE_NS);
	}
	result->instructions = executed(machine);
	result->state = machine_state(machine);
}

static int run_image(const struct image *image, uint64_t seed, struct result *result)
{
	static const uint32_t uid[3] = { 1, 2, 3 };
	const char *why = NULL;
	struct flash *flash = flash_open(NULL);
	struct machine *machine;

	if (!flash)
		return 1;
	load_bytes(flash, FLASH_BASE, image->bytes, image->len);
	machine = machine_new(flash, uid, seed, 0, &why);
	if (!machine)
		return 1;
	run(machine, result);
	machine_free(machine);
	flash_close(flash);
	return 0;
}

static int child(unsigned n, int to)
{
	static struct image image;
	const struct rlimit seconds = { HANGS_S, HANGS_S };
	struct result result = { 0 };
	int rc;

	setrlimit(RLIMIT_CPU, &seconds);
	chance_state = n;
	kind_of(n)->make(&image);
	rc = run_image(&image, n, &result);
	return rc == 0 && write(to, &result, sizeof(result)) == sizeof(result) ? 0 : 1;
}

/* Its end, its memory, and how far it came, as a line. */
static bool look(unsigned n)
{
	struct result result = { 0 };
	struct rusage used;
	int ends[2], status;
	bool good;
	pid_t pid;

	if (pipe(ends) < 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child(n, ends[1]));
	close(ends[1]);
	good = pid > 0 && read(ends[0], &result, sizeof(result)) == sizeof(result) &&
	       wait4(pid, &status, 0, &used) == pid && status == 0;
	close(ends[0]);
	if (!good)
		memset(&used, 0, sizeof(used));
	good = good && used.ru_maxrss <= RSS_MAX_KB &&
	       (result.instructions >= INSTRUCTIONS || result.starts == STARTS_MAX);
	printf("%s %u - image %u, %s: %.1f million instructions, %u starts, %ld KiB, "
	       "%ld.%02ld s\n",
	       good ? "ok" : "not ok", n, n, kind_of(n)->name,
	       (double)result.instructions / 1e6, result.starts, used.ru_maxrss,
	       used.ru_utime.tv_sec, used.ru_utime.tv_usec / 10000);
	return good;
}

static bool load_firmware(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	firmware.len = (uint32_t)fread(firmware.bytes, 1, sizeof(firmware.bytes), f);
	fclose(f);
	return firmware.len > 0;
}

int main(int argc, char **argv)
{
	unsigned n = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	if (n == 0 || !load_firmware(argv[2])) {
		fprintf(stderr, "usage: images NUMBER FIRMWARE.bin\n");
		return 2;
	}
	return look(n) ? 0 : 1;
}
