/* The chip as a board has it: boot, reset, the ROM's place, lock-up, a debugger. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/machine.h"
#include "flash.h"
#include "tests/board/load.h"

#define MS    1000000
#define CODE  8u /* where programs begin in flash: behind a stack and an address */
#define START (0x08000000u + CODE)

struct chip_under_test {
	struct flash *flash;
	struct machine *machine;
};

static const uint32_t uid[3] = { 0x00340025, 0x3137510A, 0x35333938 };

/* `code` is Thumb; NULL: the flash is blank. */
static void open_chip(struct chip_under_test *chip, const uint16_t *code, uint32_t bytes)
{
	const uint32_t vectors[2] = { 0x20001000, START | 1 };
	const char *why;

	chip->flash = flash_open(NULL);
	assert_non_null(chip->flash);
	if (code) {
		load_bytes(chip->flash, 0x08000000, vectors, sizeof(vectors));
		load_bytes(chip->flash, START, code, bytes);
	}
	chip->machine = machine_new(chip->flash, uid, 1, 0, &why);
	assert_non_null(chip->machine);
}

static void close_chip(struct chip_under_test *chip)
{
	machine_free(chip->machine);
	flash_close(chip->flash);
}

static void test_blank(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, NULL, 0);
	machine_run(chip.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_LOCKED);
	assert_int_equal(machine_ns(chip.machine), MS); /* time goes on */
	close_chip(&chip);
}

/* FLASH_KEYR = KEY1, KEY2; FLASH_CR = the last sector's erase; b . */
static const uint16_t erases[] = { 0x4803, 0x4904, 0x6041, 0x4904, 0x6041, 0x4904,
				   0x6101, 0xE7FE, 0x3C00, 0x4002, 0x0123, 0x4567,
				   0x89AB, 0xCDEF, 0x025A, 0x0001 };

/* While the flash is busy it cannot fetch, and that is not counted as instructions. */
static void test_stall(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, erases, sizeof(erases));
	machine_run(chip.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
	assert_in_range(machine_idle_cycles(chip.machine),
			machine_cycles(chip.machine) - 20, machine_cycles(chip.machine));
	close_chip(&chip);
}

/* ldr r0, [pc, #4]; ldr r0, [r0]; bx r0; nop; .word 0x1FFF0004 */
static const uint16_t to_rom[] = { 0x4801, 0x6800, 0x4700, 0xBF00, 0x0004, 0x1FFF };

static void test_rom(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, to_rom, sizeof(to_rom));
	machine_run(chip.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_IN_ROM);
	assert_true(machine_ns(chip.machine) < MS);
	assert_int_equal(machine_due_ns(chip.machine), INT64_MAX);
	machine_enter_rom(chip.machine);
	assert_int_equal(mcu_hz(machine_mcu(chip.machine), MCU_SYSCLK), 60000000);
	assert_int_equal(mcu_hz(machine_mcu(chip.machine), MCU_PLL48CK), 48000000);
	machine_jump(chip.machine, 0x08000000);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START);
	assert_int_equal(machine_get(chip.machine, CPU_SP), 0x20001000);
	assert_int_equal(mcu_hz(machine_mcu(chip.machine), MCU_SYSCLK), 60000000);
	close_chip(&chip);
}

/* ldr r0, =AIRCR; ldr r1, =SYSRESETREQ with its key; str r1, [r0]; b . */
static const uint16_t resets[] = { 0x4801, 0x4902, 0x6001, 0xE7FE,
				   0xED0C, 0xE000, 0x0004, 0x05FA };

static void test_reset(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, resets, sizeof(resets));
	for (int i = 0; i < 3; i++) {
		machine_run(chip.machine, machine_ns(chip.machine) + MS);
		assert_int_equal(machine_state(chip.machine), MACHINE_RESETS);
		assert_int_equal(machine_reset_cause(chip.machine), MCU_RESET_SOFTWARE);
		/* right behind the store */
		assert_int_equal(machine_get(chip.machine, CPU_PC), START + 6);
		machine_reset(chip.machine, MCU_RESET_SOFTWARE, 0);
		assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
		assert_int_equal(machine_get(chip.machine, CPU_PC), START);
	}
	close_chip(&chip);
}

/* bkpt 0x11, and the vector of HardFault, which is at 0x0800000C: b . */
static const uint16_t breaks[] = { 0xBE11, 0xBE11, 0x0013, 0x0800, 0xBF00, 0xE7FE };

/* C1.4.1: without a debugger BKPT is a fault, with one it halts. */
static void test_bkpt(void **state)
{
	struct chip_under_test chip;
	uint32_t hfsr;

	(void)state;
	open_chip(&chip, breaks, sizeof(breaks));
	machine_run(chip.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
	assert_int_equal(machine_get(chip.machine, CPU_XPSR) & CPU_XPSR_IPSR, 3);
	assert_int_equal(machine_get(chip.machine, CPU_PC), 0x08000012);
	assert_true(machine_read(chip.machine, 0xE000ED2C, 4, &hfsr));
	assert_int_equal(hfsr, 0x80000000);
	machine_debug(chip.machine, true);
	machine_reset(chip.machine, MCU_RESET_PIN, 0);
	machine_run(chip.machine, 2 * MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START);
	close_chip(&chip);
}

/* 1: adds r0, #1; adds r1, r0; cmp r0, r1; beq 1b; eors r2, r1; b 1b */
static const uint16_t counts[] = { 0x3001, 0x1809, 0x4288, 0xD0FB, 0x404A, 0xE7F9 };

static void test_breakpoint(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, counts, sizeof(counts));
	machine_run(chip.machine, MS);
	machine_debug(chip.machine, true);
	machine_break(chip.machine, START + 4, true);
	machine_run(chip.machine, 2 * MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 4);
	machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 6);
	machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 8);
	machine_step(chip.machine);
	machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START);
	for (uint32_t i = 0, r0 = machine_get(chip.machine, CPU_R0); i < 5; i++) {
		machine_resume(chip.machine);
		machine_run(chip.machine, machine_ns(chip.machine) + MS);
		assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
		assert_int_equal(machine_get(chip.machine, CPU_PC), START + 4);
		assert_int_equal(machine_get(chip.machine, CPU_R0), ++r0);
	}
	machine_break(chip.machine, START + 4, false);
	machine_resume(chip.machine);
	machine_run(chip.machine, machine_ns(chip.machine) + MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
	close_chip(&chip);
}

/*
 * ldr r0, [pc, #16]; movs r1, #0; 1: adds r1, #1; str r1, [r0]; ldrb r2, [r0, #17];
 * ldmia r0!, {r3, r4}; strh r1, [r0, #2]; subs r0, #8; b 1b; nop; .word 0x20000100
 */
static const uint16_t accesses[] = { 0x4804, 0x2100, 0x3101, 0x6001, 0x7C42, 0xC818,
				     0x8041, 0x3808, 0xE7F8, 0xBF00, 0x0100, 0x2000 };

/* At the instruction that makes the access, once a turn, and nowhere else. */
static void test_watch(void **state)
{
	static const struct {
		uint32_t address, len;
		unsigned kinds;
		uint32_t pc, hit;
	} rows[] = {
		{ 0x20000100, 4, MACHINE_WRITES, START + 6, 0x20000100 },
		{ 0x20000102, 1, MACHINE_WRITES, START + 6, 0x20000102 },
		{ 0x20000111, 1, MACHINE_READS, START + 8, 0x20000111 },
		{ 0x20000104, 4, MACHINE_READS, START + 10, 0x20000104 },
		{ 0x20000106, 8, MACHINE_READS, START + 10, 0x20000106 },
		{ 0x2000010A, 2, MACHINE_READS | MACHINE_WRITES, START + 12, 0x2000010A },
		{ 0x20000109, 100, MACHINE_WRITES, START + 12, 0x2000010A },
	};
	struct chip_under_test chip;
	uint32_t address, turn;
	unsigned kinds;

	(void)state;
	open_chip(&chip, accesses, sizeof(accesses));
	machine_run(chip.machine, MS);
	machine_debug(chip.machine, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(machine_watch(chip.machine, rows[i].address, rows[i].len,
					  rows[i].kinds, true));
		machine_run(chip.machine, machine_ns(chip.machine) + MS);
		assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
		for (turn = machine_get(chip.machine, CPU_R0 + 1);; turn++) {
			assert_int_equal(machine_get(chip.machine, CPU_PC), rows[i].pc);
			assert_int_equal(machine_get(chip.machine, CPU_R0 + 1), turn);
			assert_true(machine_watched(chip.machine, &address, &kinds));
			assert_int_equal(address, rows[i].hit);
			assert_int_equal(kinds, rows[i].kinds);
			if (turn % 4 == 3)
				break;
			machine_resume(chip.machine);
			machine_run(chip.machine, machine_ns(chip.machine) + MS);
			assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
		}
		assert_true(machine_watch(chip.machine, rows[i].address, rows[i].len,
					  rows[i].kinds, false));
		assert_false(machine_watch(chip.machine, rows[i].address, rows[i].len,
					   rows[i].kinds, false));
		machine_resume(chip.machine);
		machine_run(chip.machine, machine_ns(chip.machine) + MS);
		assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
		assert_false(machine_watched(chip.machine, &address, &kinds));
	}
	close_chip(&chip);
}

/* The access is done when it goes on, and once; a step halts too; time goes as ever. */
static void test_watch_steps(void **state)
{
	struct chip_under_test chip, other;
	uint32_t address, value;
	unsigned kinds;

	(void)state;
	open_chip(&chip, accesses, sizeof(accesses));
	open_chip(&other, accesses, sizeof(accesses));
	machine_debug(chip.machine, true);
	assert_true(machine_watch(chip.machine, 0x20000100, 4, MACHINE_WRITES, true));
	assert_true(machine_write(chip.machine, 0x20000100, 4, 0x55));
	for (int i = 0; i < 3; i++)
		machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 6);
	assert_false(machine_watched(chip.machine, &address, &kinds));
	machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 6);
	assert_true(machine_watched(chip.machine, &address, &kinds));
	assert_true(machine_read(chip.machine, 0x20000100, 4, &value));
	assert_int_equal(value, 0x55);
	machine_step(chip.machine);
	assert_int_equal(machine_get(chip.machine, CPU_PC), START + 8);
	assert_false(machine_watched(chip.machine, &address, &kinds));
	assert_true(machine_read(chip.machine, 0x20000100, 4, &value));
	assert_int_equal(value, 1);
	for (int i = 0; i < 50; i++) {
		machine_resume(chip.machine);
		machine_run(chip.machine, machine_ns(chip.machine) + MS);
	}
	assert_int_equal(machine_get(chip.machine, CPU_R0 + 1), 51);
	assert_int_equal(machine_cycles(chip.machine), 2 + 50 * 7 + 1);
	machine_debug(chip.machine, false); /* nobody is there to be told */
	machine_run(chip.machine, MS);
	machine_run(other.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_RUNS);
	assert_int_equal(machine_cycles(chip.machine), machine_cycles(other.machine));
	for (unsigned i = CPU_R0; i <= CPU_XPSR; i++)
		assert_int_equal(machine_get(chip.machine, i),
				 machine_get(other.machine, i));
	close_chip(&chip);
	close_chip(&other);
}

/* A debugger has the aliases of single bits as the processor has them (RM0090 2.3.3). */
static void test_bits(void **state)
{
	struct chip_under_test chip;
	uint32_t value;

	(void)state;
	open_chip(&chip, accesses, sizeof(accesses));
	machine_debug(chip.machine, true);
	assert_true(machine_write(chip.machine, 0x20000100, 4, 0x20));
	assert_true(machine_read(chip.machine, 0x22002014, 4, &value));
	assert_int_equal(value, 1);
	assert_true(machine_read(chip.machine, 0x22002018, 4, &value));
	assert_int_equal(value, 0);
	assert_true(machine_write(chip.machine, 0x22002018, 4, 1));
	assert_true(machine_read(chip.machine, 0x20000100, 4, &value));
	assert_int_equal(value, 0x60);
	/* RCC_CR: HSIRDY */
	assert_true(machine_read(chip.machine, 0x42470004, 4, &value));
	assert_int_equal(value, 1);
	close_chip(&chip);
}

/* svc #0; b .; the vector of SVCall, which is at 0x0800002C; and there: b . */
static const uint16_t calls[] = { 0xDF00, 0xE7FE, [18] = 0x0031, 0x0800, 0xE7FE };

/* An exception's frame is as good as a store: the handler's first instruction is next. */
static void test_watch_frame(void **state)
{
	struct chip_under_test chip;
	uint32_t address;
	unsigned kinds;

	(void)state;
	open_chip(&chip, calls, sizeof(calls));
	machine_debug(chip.machine, true);
	assert_true(machine_watch(chip.machine, 0x20000FF0, 2, MACHINE_WRITES, true));
	machine_run(chip.machine, MS);
	assert_int_equal(machine_state(chip.machine), MACHINE_HALTED);
	assert_int_equal(machine_get(chip.machine, CPU_PC), 0x08000030);
	assert_true(machine_watched(chip.machine, &address, &kinds));
	assert_int_equal(address, 0x20000FF0);
	close_chip(&chip);
}

static void test_watch_limits(void **state)
{
	struct chip_under_test chip;
	unsigned count = 0;

	(void)state;
	open_chip(&chip, counts, sizeof(counts));
	assert_false(machine_watch(chip.machine, 0x20000000, 0, MACHINE_READS, true));
	assert_false(machine_watch(chip.machine, 0x20000000, 4, 0, true));
	assert_false(machine_watch(chip.machine, 0xFFFFFFFE, 4, MACHINE_READS, true));
	assert_true(machine_watch(chip.machine, 0xFFFFFFFE, 2, MACHINE_READS, true));
	while (machine_watch(chip.machine, 0x20000000 + count, 1, MACHINE_READS, true))
		assert_true(++count < 1000);
	assert_true(count >= 4); /* as many as the chip has comparators */
	assert_true(machine_watch(chip.machine, 0x20000000, 1, MACHINE_READS, false));
	assert_true(machine_watch(chip.machine, 0x20001000, 1, MACHINE_READS, true));
	close_chip(&chip);
}

/* However the time is cut into pieces, an instruction is a cycle. */
static void test_slices(void **state)
{
	struct chip_under_test one, other;

	(void)state;
	open_chip(&one, counts, sizeof(counts));
	open_chip(&other, counts, sizeof(counts));
	machine_run(one.machine, 10 * MS);
	for (int64_t ns = 0; ns < 10 * MS; ns += 7001)
		machine_run(other.machine, ns);
	machine_run(other.machine, 10 * MS);
	assert_int_equal(machine_cycles(one.machine), machine_cycles(other.machine));
	for (unsigned i = CPU_R0; i <= CPU_XPSR; i++)
		assert_int_equal(machine_get(one.machine, i),
				 machine_get(other.machine, i));
	/* six instructions a turn at 16 MHz */
	assert_in_range(machine_get(one.machine, CPU_R0), 160000 / 6 - 1, 160000 / 6 + 1);
	close_chip(&one);
	close_chip(&other);
}

/* More instructions in one run than are counted down at once, which is 2^30. */
static void test_long_run(void **state)
{
	struct chip_under_test chip;

	(void)state;
	open_chip(&chip, counts, sizeof(counts));
	machine_run(chip.machine, (int64_t)70 * 1000 * MS);
	assert_in_range(machine_cycles(chip.machine), 1120000000, 1120000006);
	assert_in_range(machine_get(chip.machine, CPU_R0), 1120000000 / 6 - 1,
			1120000000 / 6 + 1);
	close_chip(&chip);
}

/* CCR = 0x210, DIV_0_TRP; r2 = 3; r1 = 0; 1: udiv r0, r1, r2; adds r1, #1; b 1b */
static const uint16_t divides[] = { 0x4804, 0xF44F, 0x7104, 0x6001, 0x2203, 0x2100,
				    0xFBB1, 0xF0F2, 0x3101, 0xE7FB, 0xED14, 0xE000 };

/* Each division is run alone and translated anew: what that costs is given back. */
static void test_many_translations(void **state)
{
	struct chip_under_test chip;
	uint32_t divided, done;

	(void)state;
	open_chip(&chip, divides, sizeof(divides));
	machine_set(chip.machine, CPU_R0 + 9, 0x12345678);
	machine_set(chip.machine, CPU_PSP, 0x20000800);
	machine_run(chip.machine, 5 * MS);
	divided = machine_get(chip.machine, CPU_R0);
	done = machine_get(chip.machine, CPU_R0 + 1);
	assert_in_range(done, 80000 / 3 - 10, 80000 / 3 + 10);
	assert_in_range(divided, (done - 1) / 3, done / 3);
	assert_int_equal(machine_get(chip.machine, CPU_R0 + 9), 0x12345678);
	assert_int_equal(machine_get(chip.machine, CPU_PSP), 0x20000800);
	assert_int_equal(machine_get(chip.machine, CPU_SP), 0x20001000);
	close_chip(&chip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_rom),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_bkpt),
		cmocka_unit_test(test_breakpoint),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_steps),
		cmocka_unit_test(test_watch_frame),
		cmocka_unit_test(test_watch_limits),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_long_run),
		cmocka_unit_test(test_many_translations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
