/*
 * The programs of tests/board/core on the board's processor. Each says itself whether the
 * rule holds; qemu-system-arm has a say in the same (tests/board/qemu).
 */
#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/machine.h"
#include "flash.h"

#define RUN_NS    2000000000 /* a program that takes longer hangs */
#define PROGRAMS  200
#define EXIT_CODE 0x20026u

static const uint32_t uid[3] = { 0x00340025, 0x3137510A, 0x35333938 };

static uint32_t word(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

/* The loadable segments of an ELF file of 32 bits, all of which lie in flash. */
static void program(struct flash *flash, const uint8_t *elf)
{
	const uint8_t *header = elf + word(elf + 28);
	unsigned count = elf[44];
	struct flash_op op = { .kind = FLASH_OP_PROGRAM, .width = FLASH_X32 };

	for (; count > 0; count--, header += 32) {
		uint32_t at = word(header + 12), len = word(header + 16), n;

		if (word(header) != 1)
			continue;
		for (uint32_t done = 0; done < len; done += n) {
			n = len - done < FLASH_OP_MAX ? len - done : FLASH_OP_MAX;
			op.address = at + done;
			op.len = n;
			memcpy(op.data, elf + word(header + 4) + done, n);
			flash_op_begin(flash, &op);
			flash_op_finish(flash, &op);
		}
	}
}

static void load(struct flash *flash, const char *path)
{
	static uint8_t elf[256 * 1024];
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_true(fread(elf, 1, sizeof(elf), file) > 52);
	fclose(file);
	program(flash, elf);
}

static void run_program(void **state)
{
	char path[300];
	struct flash *flash = flash_open(NULL);
	struct machine *machine;
	const char *why;
	uint32_t at, kind = 0, code = 0;

	snprintf(path, sizeof(path), "%s/%s", RULES, (const char *)*state);
	load(flash, path);
	machine = machine_new(flash, uid, 1, 0, &why);
	assert_non_null(machine);
	machine_debug(machine, true);
	machine_run(machine, RUN_NS);
	while (machine_state(machine) == MACHINE_RESETS) {
		machine_reset(machine, machine_reset_cause(machine), 0);
		machine_run(machine, RUN_NS);
	}
	if (machine_state(machine) != MACHINE_HALTED)
		fail_msg("it hangs at 0x%08x", machine_get(machine, CPU_PC));
	at = machine_get(machine, CPU_R0 + 1);
	assert_true(mcu_read(machine_mcu(machine), at, 4, &kind));
	assert_true(mcu_read(machine_mcu(machine), at + 4, 4, &code));
	assert_int_equal(kind, EXIT_CODE);
	if (code)
		fail_msg("it ends with %u", code);
	machine_free(machine);
	flash_close(flash);
}

static int is_program(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".elf") == 0;
}

int main(void)
{
	static struct CMUnitTest tests[PROGRAMS];
	struct dirent **list;
	int count = scandir(RULES, &list, is_program, alphasort);

	if (count <= 0 || count > PROGRAMS) {
		fprintf(stderr, "no programs in %s\n", RULES);
		return 1;
	}
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ .name = list[i]->d_name,
						.test_func = run_program,
						.initial_state = list[i]->d_name };
	return _cmocka_run_group_tests("core", tests, (size_t)count, NULL, NULL);
}
