/* Pins, edges, interrupts, and what the board has where. */
#include "mock_bus.h"

#include "board/board.h"
#include "board/leds.h"
#include "drivers/core.h"
#include "drivers/exti.h"
#include "hw/regs_core.h"
#include "hw/regs_gpio.h"
#include "hw/regs_rcc.h"

static void a_pin_and_no_other(void **state)
{
	static const struct gpio_setup pins[] = {
		{ { PORT_D, 8 }, PIN_ALTERNATE, PULL_UP, 7, false },
		{ { PORT_D, 3 }, PIN_ALTERNATE, PULL_DOWN, 11, false },
	};

	(void)state;
	mock_set(GPIO_MODER(3), 0xffffffff);
	mock_set(GPIO_AFRH(3), 0xffffffff);
	gpio_set_up(&pins[0]);
	gpio_set_up(&pins[1]);
	assert_int_equal(mock_get(GPIO_MODER(3)), 0xffffffff & ~(1u << 16) & ~(1u << 6));
	assert_int_equal(mock_get(GPIO_AFRH(3)), 0xfffffff7);
	assert_int_equal(mock_get(GPIO_AFRL(3)), 11 << 12);
	assert_int_equal(mock_get(GPIO_PUPDR(3)), 1 << 16 | 2 << 6);
	assert_int_equal(mock_get(RCC_AHB1ENR), RCC_AHB1ENR_RESET | 1 << 3);
}

static void an_output_begins_at_its_level(void **state)
{
	static const struct gpio_setup high = {
		{ PORT_E, 3 }, PIN_OUTPUT, PULL_NONE, 0, true
	};
	int level, mode;

	(void)state;
	gpio_set_up(&high);
	level = mock_find(GPIO_BSRR(4), 0);
	mode = mock_find(GPIO_MODER(4), 0);
	assert_true(level >= 0 && level < mode);
	assert_int_equal(mock_get(GPIO_ODR(4)), 8);
	gpio_write(high.at, false);
	assert_int_equal(mock_get(GPIO_ODR(4)), 0);
	assert_false(gpio_read(high.at));
	mock_set(GPIO_IDR(4), 8);
	assert_true(gpio_read(high.at));
}

static void edges(void **state)
{
	static const struct gpio_pin pin = { PORT_D, 6 };

	(void)state;
	mock_set(SYSCFG_EXTICR(1), 0xffff);
	mock_set(EXTI_PR, 1 << 6 | 1 << 5);
	exti_enable(pin);
	assert_int_equal(mock_get(SYSCFG_EXTICR(1)), 0xf3ff);
	assert_int_equal(mock_get(EXTI_RTSR), 1 << 6);
	assert_int_equal(mock_get(EXTI_FTSR), 1 << 6);
	assert_int_equal(mock_get(EXTI_IMR), 1 << 6);
	assert_int_equal(mock_get(EXTI_PR), 1 << 5);
	assert_true(mock_get(RCC_APB2ENR) & 1 << 14);
	assert_false(exti_take(pin));
	mock_set(EXTI_PR, 1 << 6 | 1 << 5);
	assert_true(exti_take(pin));
	assert_int_equal(mock_get(EXTI_PR), 1 << 5);
}

static void interrupts(void **state)
{
	(void)state;
	core_irq_enable(39, 0x80);
	core_irq_enable(6, 0xc0);
	assert_int_equal(mock_get(NVIC_IPR(9)), 0x80000000);
	assert_int_equal(mock_get(NVIC_IPR(1)), 0x00c00000);
	assert_int_equal(mock.writes[mock_find(NVIC_ISER(1), 0)].value, 1 << 7);
	assert_int_equal(mock.writes[mock_find(NVIC_ISER(0), 0)].value, 1 << 6);
}

static void a_quiet_core(void **state)
{
	(void)state;
	mock_set(STK_CTRL, 7);
	mock_set(MPU_CTRL, 1);
	core_faults_enable();
	assert_int_equal(mock_get(SCB_SHCSR), 7 << 16);
	core_quiet();
	assert_int_equal(mock_get(STK_CTRL), 0);
	assert_int_equal(mock_get(MPU_CTRL), 0);
	assert_int_equal(mock_get(SCB_SHCSR), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(mock_get(NVIC_ICER(i)), 0xffffffff);
		assert_int_equal(mock_get(NVIC_ICPR(i)), 0xffffffff);
	}
	assert_int_equal(mock_get(SCB_ICSR), 1 << 25 | 1 << 27);
}

static void a_reset(void **state)
{
	(void)state;
	core_reset();
	assert_int_equal(mock.resets, 1);
	assert_int_equal(mock.halts, 1);
}

static void the_board(void **state)
{
	(void)state;
	board_pins();
	/* [UM1472]: LEDs PD12-15, console PD8/9, codec's reset PD4, the sensor's CS PE3 */
	assert_int_equal(mock_get(GPIO_MODER(3)), 1 << 24 | 1 << 26 | 1 << 28 | 1 << 30 |
							  2 << 16 | 2 << 18 | 1 << 8);
	assert_int_equal(mock_get(GPIO_AFRH(3)), 0x77);
	assert_int_equal(mock_get(GPIO_ODR(3)), 0);
	assert_int_equal(mock_get(GPIO_ODR(4)), 8);
	/* The debugger's pins stay what they are. */
	assert_int_equal(mock_get(GPIO_MODER(0)), 0xa8000000);
	assert_false(board_button());
	mock_set(GPIO_IDR(0), 1);
	assert_true(board_button());
	board_button_watch();
	assert_int_equal(mock_get(EXTI_IMR), 1);
	assert_int_equal(mock_get(SYSCFG_EXTICR(0)) & 15, 0);
	assert_false(board_button_edge());
	mock_set(EXTI_PR, 1);
	assert_true(board_button_edge());
}

static unsigned lit(void)
{
	return mock_get(GPIO_ODR(3)) >> 12;
}

static void leds_on_their_own(void **state)
{
	struct leds_view view = { 0 };

	(void)state;
	leds_show(&view, 1050);
	assert_int_equal(lit(), 1);
	leds_show(&view, 1150);
	assert_int_equal(lit(), 0);
	leds_show(&(struct leds_view){ .slow = true }, 1150);
	assert_int_equal(lit(), 2);
	leds_show(&(struct leds_view){ .fault = true }, 1150);
	assert_int_equal(lit(), 4);
	leds_show(&(struct leds_view){ .pressed = true }, 1150);
	assert_int_equal(lit(), 8);
}

static void leds_as_told(void **state)
{
	struct leds_view view = { .slow = true, .fault = true };

	(void)state;
	leds_mode(LED_GREEN, LED_ON);
	leds_mode(LED_RED, LED_OFF);
	leds_show(&view, 1150);
	assert_int_equal(lit(), 1 | 2);
	assert_int_equal(leds_mode_of(LED_RED), LED_OFF);
	leds_mode(LED_GREEN, LED_AUTO);
	leds_mode(LED_RED, LED_AUTO);
	leds_show(&view, 1150);
	assert_int_equal(lit(), 2 | 4);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_pin_and_no_other, mock_reset),
		cmocka_unit_test_setup(an_output_begins_at_its_level, mock_reset),
		cmocka_unit_test_setup(edges, mock_reset),
		cmocka_unit_test_setup(interrupts, mock_reset),
		cmocka_unit_test_setup(a_quiet_core, mock_reset),
		cmocka_unit_test_setup(a_reset, mock_reset),
		cmocka_unit_test_setup(the_board, mock_reset),
		cmocka_unit_test_setup(leds_on_their_own, mock_reset),
		cmocka_unit_test_setup(leds_as_told, mock_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
