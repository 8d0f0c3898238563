/* What is around the chip on the Discovery: button, LEDs, and the parts on its buses. */
#include "mcu_bench.h"

#include "parts/discovery.h"
#include "periph/pins.h"

#define GPIOA 0x40020000u
#define GPIOD 0x40020C00u
#define MODER 0x00u
#define PUPDR 0x0Cu
#define IDR   0x10u
#define BSRR  0x18u
#define AFRH  0x24u
#define TIM4  0x40000800u

static struct bench bench;
static struct discovery *board;

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 0, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 2, true);
	board = discovery_new(bench.mcu);
	assert_non_null(board);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	discovery_free(board);
	bench_close(&bench);
	return 0;
}

static uint32_t button(void)
{
	return bench_read(&bench, GPIOA + IDR) & 1;
}

static void test_button(void **state)
{
	(void)state;
	assert_false(button());
	/* the board's resistor is stronger than the chip's */
	bench_write(&bench, GPIOA + PUPDR, 0x64000001);
	assert_false(button());
	discovery_press(board, true);
	assert_true(discovery_pressed(board));
	assert_true(button());
	discovery_press(board, false);
	assert_false(discovery_pressed(board));
	assert_false(button());
}

static void pass(int64_t ns)
{
	struct sched *sched = mcu_sched(bench.mcu);

	sched->cycle = sched_cycle_at(sched, sched_ns(sched) + ns);
	sched_run(sched);
}

/* X2 is there, X3 is not. */
static void test_crystals(void **state)
{
	(void)state;
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 28, true);
	bench_write(&bench, 0x40007000, 1u << 8);
	bench_write(&bench, 0x40023800, 1u << 16);
	bench_write(&bench, 0x40023870, 1);
	pass(10000000000);
	assert_int_equal(bench_read(&bench, 0x40023800) >> 17 & 1, 1);
	assert_int_equal(bench_read(&bench, 0x40023870), 1);
}

static void test_click(void **state)
{
	(void)state;
	discovery_click(board, 50000000);
	assert_true(button());
	pass(49000000);
	assert_true(button());
	pass(2000000);
	assert_false(button());
	assert_false(discovery_pressed(board));
	/* who presses now holds it, whatever was begun */
	discovery_click(board, 50000000);
	discovery_press(board, true);
	pass(60000000);
	assert_true(button());
}

static void test_leds(void **state)
{
	static const struct {
		const char *name, *colour;
		unsigned number; /* of port D */
	} leds[] = {
		{ "LD3", "orange", 13 },
		{ "LD4", "green", 12 },
		{ "LD5", "red", 14 },
		{ "LD6", "blue", 15 },
	};

	(void)state;
	bench_write(&bench, GPIOD + MODER, 0x55000000);
	for (unsigned i = 0; i < sizeof(leds) / sizeof(leds[0]); i++) {
		assert_string_equal(discovery_leds[i].name, leds[i].name);
		assert_string_equal(discovery_leds[i].colour, leds[i].colour);
		assert_true(discovery_brightness(board, i) == 0);
		bench_write(&bench, GPIOD + BSRR, 1u << leds[i].number);
		assert_true(discovery_brightness(board, i) == 1);
		bench_write(&bench, GPIOD + BSRR, 0x10000u << leds[i].number);
		assert_true(discovery_brightness(board, i) == 0);
		assert_int_equal(discovery_changes(board, i), 2);
	}
}

static void test_usb_leds(void **state)
{
	(void)state;
	assert_true(discovery_brightness(board, 4) == 0);
	assert_true(discovery_brightness(board, 5) == 0);
	bench_write(&bench, GPIOA + MODER, 0xA8000000u | 1u << 18);
	bench_write(&bench, GPIOA + BSRR, 1u << 9);
	assert_true(discovery_brightness(board, 4) == 1);
	/* LD8 shines while PD5 is low */
	bench_write(&bench, GPIOD + MODER, 1u << 10);
	assert_true(discovery_brightness(board, 5) == 1);
	bench_write(&bench, GPIOD + BSRR, 1u << 5);
	assert_true(discovery_brightness(board, 5) == 0);
}

static void test_pwm(void **state)
{
	(void)state;
	bench_write(&bench, GPIOD + AFRH, 0x20000000); /* PD15: AF2 */
	bench_write(&bench, GPIOD + MODER, 0x80000000u);
	bench_write(&bench, TIM4 + 0x2C, 999);
	bench_write(&bench, TIM4 + 0x40, 250);
	bench_write(&bench, TIM4 + 0x1C, 0x6000);
	bench_write(&bench, TIM4 + 0x20, 0x1000);
	bench_write(&bench, TIM4, 1);
	assert_true(discovery_brightness(board, 3) > 0.249);
	assert_true(discovery_brightness(board, 3) < 0.251);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crystals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_button, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_click, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_usb_leds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pwm, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
