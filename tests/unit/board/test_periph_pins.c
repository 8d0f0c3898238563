/* Ports, external interrupts and SYSCFG: RM0090 sections 8, 9.2 and 12.2. */
#include "one_bench.h"

#include "periph/pins.h"

#define GPIOA      0x40020000u
#define GPIOB      0x40020400u
#define GPIOD      0x40020C00u
#define MODER      0x00u
#define OTYPER     0x04u
#define PUPDR      0x0Cu
#define IDR        0x10u
#define ODR        0x14u
#define BSRR       0x18u
#define LCKR       0x1Cu
#define AFRL       0x20u
#define EXTI       0x40013C00u
#define SYSCFG     0x40013800u
#define PIN_BIT(n) (1u << (n))

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	for (unsigned bit = 0; bit < 9; bit++)
		mcu_periph_clock(bench.mcu, PERIPH_AHB1, bit, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB2, 14, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void reset_values(void **state)
{
	static const struct {
		uint32_t address, value;
	} rows[] = {
		{ GPIOA + MODER, 0xA8000000 },
		{ GPIOA + 0x08, 0x0C000000 },
		{ GPIOA + PUPDR, 0x64000000 },
		{ GPIOB + MODER, 0x00000280 },
		{ GPIOB + 0x08, 0x000000C0 },
		{ GPIOB + PUPDR, 0x00000100 },
		{ GPIOD + MODER, 0 },
		{ GPIOD + ODR, 0 },
		{ EXTI, 0 },
		{ SYSCFG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rd(rows[i].address), rows[i].value);
}

static void a_port_without_clock_is_dead(void **state)
{
	(void)state;
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, false);
	wr(GPIOD + MODER, 1);
	assert_int_equal(rd(GPIOD + MODER), 0);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	assert_int_equal(rd(GPIOD + MODER), 0);
}

static void outputs(void **state)
{
	(void)state;
	wr(GPIOD + MODER, 0x55000000); /* 12 to 15 */
	wr(GPIOD + BSRR, PIN_BIT(12) | PIN_BIT(13) | PIN_BIT(13 + 16));
	assert_int_equal(rd(GPIOD + ODR), 0x3000); /* set wins */
	assert_int_equal(rd(GPIOD + IDR), 0x3000);
	wr(GPIOD + BSRR, PIN_BIT(12 + 16));
	assert_true(pins_level(bench.mcu, PIN('D', 13)));
	assert_false(pins_level(bench.mcu, PIN('D', 12)));
	assert_int_equal(rd(GPIOD + BSRR), 0);
	/* the upper half alone resets */
	assert_true(mcu_write(bench.mcu, GPIOD + BSRR + 2, 2, PIN_BIT(13)));
	assert_int_equal(rd(GPIOD + ODR), 0);
	/* and a byte of ODR leaves the others */
	wr(GPIOD + ODR, 0x1234);
	assert_true(mcu_write(bench.mcu, GPIOD + ODR + 1, 1, 0x56));
	assert_int_equal(rd(GPIOD + ODR), 0x5634);
}

static void inputs(void **state)
{
	(void)state;
	assert_int_equal(rd(GPIOD + IDR), 0);
	wr(GPIOD + PUPDR, 1); /* PD0 up */
	assert_int_equal(rd(GPIOD + IDR), 1);
	pins_drive(bench.mcu, PIN('D', 0), PIN_LOW);
	pins_drive(bench.mcu, PIN('D', 7), PIN_HIGH);
	assert_int_equal(rd(GPIOD + IDR), 0x80);
	wr(GPIOD + MODER, 3u << 14); /* PD7 analog */
	assert_int_equal(rd(GPIOD + IDR), 0);
}

static void an_open_drain_lets_go(void **state)
{
	(void)state;
	wr(GPIOD + OTYPER, 1);
	wr(GPIOD + MODER, 1);
	wr(GPIOD + ODR, 1);
	assert_false(pins_level(bench.mcu, PIN('D', 0)));
	wr(GPIOD + PUPDR, 1);
	assert_true(pins_level(bench.mcu, PIN('D', 0)));
	pins_drive(bench.mcu, PIN('D', 0), PIN_LOW);
	assert_int_equal(rd(GPIOD + IDR), 0);
	pins_drive(bench.mcu, PIN('D', 0), PIN_HIGH);
	wr(GPIOD + ODR, 0);
	assert_int_equal(rd(GPIOD + IDR), 0);
}

static void lock(uint32_t pins, bool last)
{
	wr(GPIOD + LCKR, 0x10000 | pins);
	wr(GPIOD + LCKR, pins);
	wr(GPIOD + LCKR, 0x10000 | (last ? pins : pins ^ 1));
	rd(GPIOD + LCKR);
}

static void a_lock_holds_until_reset(void **state)
{
	(void)state;
	lock(0x8001, false); /* another pin in the last step: not locked */
	assert_int_equal(rd(GPIOD + LCKR) & 0x10000, 0);
	wr(GPIOD + MODER, 1);
	assert_int_equal(rd(GPIOD + MODER), 1);
	lock(0x8001, true);
	assert_int_equal(rd(GPIOD + LCKR), 0x18001);
	wr(GPIOD + MODER, 0xFFFFFFFF);
	assert_int_equal(rd(GPIOD + MODER), 0x3FFFFFFD);
	wr(GPIOD + AFRL, 0xFFFFFFFF);
	assert_int_equal(rd(GPIOD + AFRL), 0xFFFFFFF0);
	wr(GPIOD + AFRL + 4, 0xFFFFFFFF);
	assert_int_equal(rd(GPIOD + AFRL + 4), 0x0FFFFFFF);
	wr(GPIOD + ODR, 1); /* the output is free */
	assert_true(pins_level(bench.mcu, PIN('D', 0)));
	mcu_periph_reset(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_reset(bench.mcu, PERIPH_AHB1, 3, false);
	assert_int_equal(rd(GPIOD + LCKR), 0);
	wr(GPIOD + MODER, 3);
	assert_int_equal(rd(GPIOD + MODER), 3);
}

static bool source_level;

static enum pin_drive drive(void *ctx)
{
	(void)ctx;
	return source_level ? PIN_HIGH : PIN_LOW;
}

static double duty(void *ctx)
{
	(void)ctx;
	return 0.25;
}

static void alternate_functions_put_out(void **state)
{
	static const struct pin_source source = { drive, duty, NULL };

	(void)state;
	source_level = true;
	pins_source(bench.mcu, PIN('D', 11), 7, &source);
	wr(GPIOD + MODER, 2u << 22);
	assert_false(pins_level(bench.mcu, PIN('D', 11)));
	wr(GPIOD + AFRL + 4, 7u << 12);
	assert_true(pins_routed(bench.mcu, PIN('D', 11), 7));
	assert_int_equal(rd(GPIOD + IDR), 0x800);
	assert_true(pins_duty(bench.mcu, PIN('D', 11)) == 0.25);
	wr(GPIOD + AFRL + 4, 0);
	assert_false(pins_routed(bench.mcu, PIN('D', 11), 7));
	assert_true(pins_duty(bench.mcu, PIN('D', 11)) == 0);
}

/* -- EXTI -------------------------------------------------------------------------------- */

static void press(bool down)
{
	pins_drive(bench.mcu, PIN('A', 0), down ? PIN_HIGH : PIN_LOW);
}

static void edges_of_a_pin(void **state)
{
	(void)state;
	press(true);
	assert_int_equal(rd(EXTI + 0x14), 0); /* no edge chosen */
	press(false);
	wr(EXTI + 0x08, 1); /* rising */
	press(true);
	assert_int_equal(rd(EXTI + 0x14), 1); /* pending, masked */
	assert_false(bench.irq[6]);
	wr(EXTI, 1);
	assert_true(bench.irq[6]);
	wr(EXTI + 0x14, 1);
	assert_false(bench.irq[6]);
	press(false);
	assert_int_equal(rd(EXTI + 0x14), 0);
	wr(EXTI + 0x0C, 1); /* falling too */
	press(true);
	press(false);
	assert_int_equal(bench.rises[6], 2);
}

static void syscfg_chooses_the_port(void **state)
{
	(void)state;
	wr(EXTI + 0x08, 1u << 13);
	wr(EXTI, 1u << 13);
	wr(SYSCFG + 0x14, 0x20); /* line 13: port C */
	pins_drive(bench.mcu, PIN('A', 13), PIN_LOW);
	pins_drive(bench.mcu, PIN('B', 13), PIN_HIGH);
	assert_false(bench.irq[40]);
	pins_drive(bench.mcu, PIN('C', 13), PIN_HIGH);
	assert_true(bench.irq[40]);
}

static void software_and_events(void **state)
{
	(void)state;
	wr(EXTI + 0x10, 1u << 5); /* masked: nothing */
	assert_int_equal(rd(EXTI + 0x14), 0);
	wr(EXTI + 0x14, 1u << 5);
	wr(EXTI, 1u << 5);
	wr(EXTI + 0x10, 1u << 5);
	assert_true(bench.irq[23]);
	wr(EXTI + 0x14, 1u << 5);
	assert_int_equal(rd(EXTI + 0x10), 0);
	wr(EXTI + 0x04, 1u << MCU_EXTI_RTC_WAKEUP);
	wr(EXTI + 0x08, 1u << MCU_EXTI_RTC_WAKEUP);
	mcu_exti_set(bench.mcu, MCU_EXTI_RTC_WAKEUP, true);
	assert_int_equal(bench.events, 1);
	assert_false(bench.irq[3]);
}

/* -- SYSCFG ------------------------------------------------------------------------------ */

static void memory_at_zero(void **state)
{
	(void)state;
	wr(SYSCFG, 3);
	assert_int_equal(bench.mem_mode, 3);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 1); /* BOOT0 */
	mcu_periph_clock(bench.mcu, PERIPH_APB2, 14, true);
	assert_int_equal(rd(SYSCFG), 1);
	assert_int_equal(bench.mem_mode, 1);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 2); /* BOOT1 alone */
	assert_int_equal(bench.mem_mode, 0);
}

static void compensation_cell(void **state)
{
	(void)state;
	wr(SYSCFG + 0x20, 1);
	assert_int_equal(rd(SYSCFG + 0x20), 0x101);
	wr(SYSCFG + 0x20, 0);
	assert_int_equal(rd(SYSCFG + 0x20), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(a_port_without_clock_is_dead),
		TEST(outputs),
		TEST(inputs),
		TEST(an_open_drain_lets_go),
		TEST(a_lock_holds_until_reset),
		TEST(alternate_functions_put_out),
		TEST(edges_of_a_pin),
		TEST(syscfg_chooses_the_port),
		TEST(software_and_events),
		TEST(memory_at_zero),
		TEST(compensation_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
