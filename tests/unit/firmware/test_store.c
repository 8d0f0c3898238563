/* Starts that are counted in flash, and ids of clicks that never come twice. */
#include "mock_bus.h"

#include "app/click.h"
#include "app/store.h"
#include "drivers/rng.h"
#include "hw/memory.h"
#include "hw/regs_flash.h"
#include "hw/regs_misc.h"

#include <string.h>

static int start(void **state)
{
	mock_reset(state);
	mock.numbers[0] = 1;
	mock.numbers[1] = 0xe90c0001;
	mock.numbers[2] = 0xe90c0002;
	mock.numbers[3] = 0xe90c0003;
	return rng_start() == RNG_OK ? 0 : -1;
}

static void is(struct store_start s, uint32_t epoch, uint32_t boot)
{
	assert_true(s.named);
	assert_int_equal(s.epoch, epoch);
	assert_int_equal(s.boot, boot);
	assert_null(s.why);
}

static void a_blank_sector(void **state)
{
	(void)state;
	is(store_begin(), 0xe90c0001, 1);
	assert_int_equal(mock.erases[STORE_SECTOR], 0);
	for (uint32_t boot = 2; boot < 100; boot++)
		is(store_begin(), 0xe90c0001, boot);
}

static void a_sector_with_something_else(void **state)
{
	(void)state;
	mock_set(STORE_BASE + 0x80, 0x12345678);
	is(store_begin(), 0xe90c0001, 1);
	assert_int_equal(mock.erases[STORE_SECTOR], 1);
	assert_int_equal(mock_get(STORE_BASE + 0x80), 0xffffffff);
}

static void another_epoch_when_all_is_used(void **state)
{
	uint32_t at;

	(void)state;
	is(store_begin(), 0xe90c0001, 1);
	for (at = STORE_BASE + 0x10; at < STORE_BASE + 0xffc; at += 4)
		mock_set(at, 0);
	mock_set(at, 0xc0000000);
	is(store_begin(), 0xe90c0001, 4080 * 8 - 1);
	is(store_begin(), 0xe90c0001, 4080 * 8);
	is(store_begin(), 0xe90c0002, 1);
	assert_int_equal(mock.erases[STORE_SECTOR], 1);
	is(store_begin(), 0xe90c0002, 2);
}

/* A bit that was only half cleared, and reads as set again: the later ones count. */
static void a_bit_that_comes_back(void **state)
{
	(void)state;
	is(store_begin(), 0xe90c0001, 1);
	is(store_begin(), 0xe90c0001, 2);
	is(store_begin(), 0xe90c0001, 3);
	mock_set(STORE_BASE + 0x10, mock_get(STORE_BASE + 0x10) | 2);
	is(store_begin(), 0xe90c0001, 4);
}

/* The power fails at any step of every third start: no epoch and number come again. */
static void cut_off_at_any_step(void **state)
{
	struct store_start seen[40];
	unsigned n, i, cut;

	for (cut = 1; cut < 8; cut++) {
		start(state);
		mock_set(STORE_BASE + 0x40, 0); /* something that must be erased first */
		for (i = n = 0; i < ROWS(seen); i++) {
			struct store_start s;

			mock.flash_stuck = false;
			mock_set(FLASH_SR, 0);
			mock.power_cut = i % 3 == 0 ? cut : 0;
			rng_start();
			s = store_begin();
			/* A chip without power names nothing. */
			if (mock.flash_stuck || !s.named)
				continue;
			for (unsigned k = 0; k < n; k++)
				assert_false(seen[k].epoch == s.epoch &&
					     seen[k].boot == s.boot);
			seen[n++] = s;
		}
		assert_true(n > 20);
	}
}

static void flash_that_refuses(void **state)
{
	struct store_start s;

	(void)state;
	mock.flash_error = FLASH_SR_WRPERR;
	s = store_begin();
	assert_true(s.named);
	assert_int_equal(s.boot, 0);
	assert_int_equal(s.epoch, 0xe90c0002);
	assert_string_equal(s.why, "the sector is write-protected");
}

/* The count cannot be moved on: this start gets an epoch of its own. */
static void flash_that_refuses_later(void **state)
{
	struct store_start s;

	(void)state;
	is(store_begin(), 0xe90c0001, 1);
	mock.flash_error = FLASH_SR_WRPERR;
	s = store_begin();
	assert_true(s.named);
	assert_int_equal(s.epoch, 0xe90c0002);
	assert_int_equal(s.boot, 0);
	mock.flash_error = 0;
	mock_set(FLASH_SR, 0);
	is(store_begin(), 0xe90c0001, 2);
}

static void without_random_numbers(void **state)
{
	struct store_start s;

	(void)state;
	mock.rng_error = RNG_SR_SECS | RNG_SR_SEIS;
	s = store_begin();
	assert_false(s.named);
	assert_string_equal(s.why, "the noise source fails");
	/* Nothing was begun that the next start would take for an epoch. */
	assert_int_equal(mock_get(STORE_BASE), 0xffffffff);
	mock.rng_error = 0;
	is(store_begin(), 0xe90c0001, 1);
	/* Once there is an epoch, none are needed. */
	mock.rng_error = RNG_SR_SECS | RNG_SR_SEIS;
	is(store_begin(), 0xe90c0001, 2);
}

static void clicks(void **state)
{
	static const struct store_start good = { true, 0x5f3a2b1c, 17, NULL },
					none = { 0 };
	struct click click;

	(void)state;
	click_next(&good, &click);
	assert_int_equal(click.number, 1);
	assert_string_equal(click.id, "5f3a2b1c-17-1");
	click_next(&good, &click);
	assert_string_equal(click.id, "5f3a2b1c-17-2");
	click_next(&none, &click);
	assert_int_equal(click.number, 3);
	assert_string_equal(click.id, "");
	assert_int_equal(click_count(), 3);
	click_next(&(struct store_start){ true, 0xffffffff, 0xffffffff, NULL }, &click);
	assert_string_equal(click.id, "ffffffff-4294967295-4");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_blank_sector, start),
		cmocka_unit_test_setup(a_sector_with_something_else, start),
		cmocka_unit_test_setup(another_epoch_when_all_is_used, start),
		cmocka_unit_test_setup(a_bit_that_comes_back, start),
		cmocka_unit_test_setup(cut_off_at_any_step, start),
		cmocka_unit_test_setup(flash_that_refuses, start),
		cmocka_unit_test_setup(flash_that_refuses_later, start),
		cmocka_unit_test_setup(without_random_numbers, start),
		cmocka_unit_test_setup(clicks, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
