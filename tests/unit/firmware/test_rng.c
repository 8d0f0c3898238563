/* Random numbers, or none: nothing that is doubtful gets out. */
#include "mock_bus.h"

#include "drivers/rng.h"
#include "hw/regs_misc.h"
#include "hw/regs_rcc.h"

#include <string.h>

static const uint8_t zeros[16];

static void numbers(void **state)
{
	static const uint32_t list[] = { 0x11223344, 0x55667788, 0x99aabbcc };
	static const uint8_t want[6] = { 0x88, 0x77, 0x66, 0x55, 0xcc, 0xbb };
	uint8_t got[6];

	(void)state;
	memcpy(mock.numbers, list, sizeof(list));
	assert_int_equal(rng_start(), RNG_OK);
	assert_true(mock_get(RCC_AHB2ENR) & 1 << 6);
	assert_int_equal(mock_get(RNG_CR), RNG_CR_RNGEN);
	/* The first number is for comparing only. */
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_OK);
	assert_memory_equal(got, want, sizeof(want));
}

static void same_number_twice(void **state)
{
	static const uint32_t list[] = { 1, 2, 3, 3, 4 };
	uint8_t got[16];

	(void)state;
	memcpy(mock.numbers, list, sizeof(list));
	assert_int_equal(rng_start(), RNG_OK);
	memset(got, 0xee, sizeof(got));
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_REPEATS);
	assert_memory_equal(got, zeros, sizeof(got));
}

static void no_clock(void **state)
{
	uint8_t got[4] = { 1, 2, 3, 4 };

	(void)state;
	mock.rng_error = RNG_SR_CECS | RNG_SR_CEIS;
	assert_int_equal(rng_start(), RNG_NO_CLOCK);
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_NO_CLOCK);
	assert_memory_equal(got, zeros, sizeof(got));
	assert_string_equal(rng_words(RNG_NO_CLOCK), "no 48 MHz clock");
}

static void a_seed_error_that_stays(void **state)
{
	uint8_t got[4] = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(rng_start(), RNG_OK);
	mock.rng_error = RNG_SR_SECS | RNG_SR_SEIS;
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_SEED);
	assert_memory_equal(got, zeros, sizeof(got));
}

static void a_seed_error_that_passes(void **state)
{
	static const uint32_t list[] = { 10, 20, 30, 40 };
	uint8_t got[4];

	(void)state;
	memcpy(mock.numbers, list, sizeof(list));
	assert_int_equal(rng_start(), RNG_OK);
	mock.rng_error = RNG_SR_SEIS;
	mock.rng_recover = 2;
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_OK);
	/* 20 came first after the new start. */
	assert_int_equal(got[0], 30);
}

static void nothing_comes(void **state)
{
	uint8_t got[4] = { 1, 2, 3, 4 };

	(void)state;
	mock.rng_silent = true;
	assert_int_equal(rng_start(), RNG_SILENT);
	assert_int_equal(rng_bytes(got, sizeof(got)), RNG_SILENT);
	assert_memory_equal(got, zeros, sizeof(got));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers, mock_reset),
		cmocka_unit_test_setup(same_number_twice, mock_reset),
		cmocka_unit_test_setup(no_clock, mock_reset),
		cmocka_unit_test_setup(a_seed_error_that_stays, mock_reset),
		cmocka_unit_test_setup(a_seed_error_that_passes, mock_reset),
		cmocka_unit_test_setup(nothing_comes, mock_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
