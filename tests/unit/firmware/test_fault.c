/* Faults over a restart, and a watchdog that is fed only for work that was done. */
#include "mock_bus.h"

#include "app/fault.h"
#include "app/progress.h"
#include "app/stack.h"
#include "hw/memory.h"
#include "hw/regs_core.h"

#include <string.h>

#define SP 0x20001000u

static const uint32_t frame[8] = { 0xa0, 0xa1,       0xa2,       0xa3,
				   0xac, 0x08020ee1, 0x08020abc, 0x61000000 };

static int start(void **state)
{
	mock_reset(state);
	memset(&noinit, 0xa5, sizeof(noinit)); /* power-on: anything */
	memcpy(mock_memory(SP), frame, sizeof(frame));
	mock_set(SCB_CFSR, 1 << 9 | 1 << 15);
	mock_set(SCB_HFSR, 1 << 30);
	mock_set(SCB_BFAR, 0xdeadbeef);
	mock_set(SCB_MMAR, 0x11111111);
	return 0;
}

static void none_after_power_on(void **state)
{
	struct fault_record f;

	(void)state;
	assert_false(fault_take(&f));
	memset(&noinit, 0, sizeof(noinit));
	assert_false(fault_take(&f));
	memset(&noinit, 0xff, sizeof(noinit));
	assert_false(fault_take(&f));
}

static void kept_and_taken_once(void **state)
{
	struct fault_record f;

	(void)state;
	fault_keep(5, SP, 0xfffffff9);
	assert_true(fault_take(&f));
	assert_int_equal(f.count, 1);
	assert_int_equal(f.exception, 5);
	assert_memory_equal(f.r, frame, 16);
	assert_int_equal(f.r12, 0xac);
	assert_int_equal(f.lr, 0x08020ee1);
	assert_int_equal(f.pc, 0x08020abc);
	assert_int_equal(f.psr, 0x61000000);
	assert_int_equal(f.sp, SP);
	assert_int_equal(f.exc_return, 0xfffffff9);
	assert_int_equal(f.hfsr, 1 << 30);
	assert_false(fault_take(&f));
}

static void faults_before_the_report_are_counted(void **state)
{
	struct fault_record f;

	(void)state;
	fault_keep(3, SP, 0xfffffff9);
	fault_keep(5, SP, 0xfffffff9);
	assert_true(fault_take(&f));
	assert_int_equal(f.count, 2);
	assert_int_equal(f.exception, 5);
	fault_keep(4, SP, 0xfffffff9);
	assert_true(fault_take(&f));
	assert_int_equal(f.count, 1);
}

static void a_record_that_is_damaged(void **state)
{
	struct fault_record f;

	(void)state;
	fault_keep(5, SP, 0xfffffff9);
	noinit.fault.pc ^= 4;
	assert_false(fault_take(&f));
}

/* A stack that overflowed, or a wild one: only what is in RAM is read. */
static void stacks_that_are_none(void **state)
{
	static const uint32_t sps[] = { 0x1ffffff0, 0x2001ffe4, 0x20020000,
					0xfffffff0, 0x20001002, 0 };
	struct fault_record f;

	(void)state;
	for (size_t i = 0; i < ROWS(sps); i++) {
		fault_keep(3, sps[i], 0xfffffff9);
		assert_true(fault_take(&f));
		assert_int_equal(f.framed, 0);
		assert_int_equal(f.pc, 0);
	}
	fault_keep(3, 0x2001ffe0, 0xfffffff9);
	assert_true(fault_take(&f));
	assert_int_equal(f.framed, 1);
}

static void in_words(void **state)
{
	static const struct {
		uint32_t exception, cfsr;
		const char *want;
	} rows[] = {
		{ 5, 1 << 9 | 1 << 15,
		  "bus fault 5 (precise) at 0xdeadbeef, pc 0x08020abc" },
		{ 4, 1 << 1 | 1 << 7,
		  "memory fault 4 (access not allowed) at 0x11111111" },
		{ 6, 1 << 16, "usage fault 6 (undefined instruction), pc" },
		{ 3, 0, "hard fault 3 (unknown cause), pc" },
		{ 2, 0, "NMI 2 (" },
		{ 55, 0, "unexpected interrupt 55 (" },
		{ 5, 1 << 12, "the stack is full" },
	};
	struct fault_record f;
	char words[200];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		mock_set(SCB_CFSR, rows[i].cfsr);
		fault_keep(rows[i].exception, SP, 0xfffffff9);
		assert_true(fault_take(&f));
		fault_words(&f, words, sizeof(words));
		if (!strstr(words, rows[i].want))
			fail_msg("row %zu: %s", i, words);
	}
	fault_words(&f, words, 20);
	assert_int_equal(strlen(words), 19);
}

/* -- progress ----------------------------------------------------------------------- */

static void all(struct progress *p)
{
	for (unsigned i = 0; i < TASKS; i++) {
		progress_begin((enum task)i);
		progress_end(p, (enum task)i);
	}
}

static void every_task_and_time(void **state)
{
	struct progress p = { 0 };

	(void)state;
	assert_false(progress_made(&p, 1));
	all(&p);
	assert_true(progress_made(&p, 1));
	/* Time stands still: a loop that spins is none that works. */
	all(&p);
	assert_false(progress_made(&p, 1));
	assert_true(progress_made(&p, 2));
	/* One is left out. */
	for (unsigned i = 1; i < TASKS; i++)
		progress_end(&p, (enum task)i);
	assert_false(progress_made(&p, 3));
	progress_end(&p, (enum task)0);
	assert_true(progress_made(&p, 3));
}

static void who_hangs(void **state)
{
	struct progress p = { 0 };

	(void)state;
	assert_null(progress_stuck());
	progress_begin(TASK_BUTTON);
	assert_string_equal(progress_stuck(), "button");
	progress_end(&p, TASK_BUTTON);
	assert_string_equal(progress_stuck(), "main loop");
}

static void stack(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < STACK_BYTES; at += 4)
		mock_set(RAM_BASE + at, STACK_PAINT);
	assert_int_equal(stack_used(), 0);
	mock_set(RAM_BASE + STACK_BYTES - 400, 0);
	assert_int_equal(stack_used(), 400);
	mock_set(RAM_BASE, 0);
	assert_int_equal(stack_used(), stack_bytes());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(none_after_power_on, start),
		cmocka_unit_test_setup(kept_and_taken_once, start),
		cmocka_unit_test_setup(faults_before_the_report_are_counted, start),
		cmocka_unit_test_setup(a_record_that_is_damaged, start),
		cmocka_unit_test_setup(stacks_that_are_none, start),
		cmocka_unit_test_setup(in_words, start),
		cmocka_unit_test_setup(every_task_and_time, start),
		cmocka_unit_test_setup(who_hangs, start),
		cmocka_unit_test_setup(stack, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
