/* The application as a whole on the mocked chip: starts, good and bad, and the main loop. */
#include "mock_bus.h"

#include "app/app.h"
#include "app/click.h"
#include "app/fault.h"
#include "app/progress.h"
#include "app/status.h"
#include "boot/noinit.h"
#include "drivers/systick.h"
#include "drivers/usart.h"
#include "hw/memory.h"
#include "hw/regs_core.h"
#include "hw/regs_gpio.h"
#include "hw/regs_misc.h"
#include "hw/regs_rcc.h"

#include <string.h>

static int power_on(void **state)
{
	mock_reset(state);
	memset(&noinit, 0x5a, sizeof(noinit));
	return 0;
}

static void turns(unsigned n)
{
	while (n--) {
		systick_tick();
		app_turn();
	}
}

static void a_good_start(void **state)
{
	const char *text;

	(void)state;
	app_start();
	text = mock_sent();
	assert_non_null(strstr(text, "\r\nstmiot STM32F407 "));
	assert_non_null(strstr(text, "start: reset power-on\r\n"));
	assert_non_null(strstr(text, "serial: 208B317A3331\r\n"));
	assert_string_equal(text + strlen(text) - 15, "type 'help'\r\n> ");
	assert_null(strstr(text, "clock:"));
	assert_null(strstr(text, "random:"));
	assert_null(strstr(text, "store:"));
	assert_null(strstr(text, "watchdog:"));
	assert_int_equal(status.clock, CLOCK_PLL);
	assert_true(mock.iwdg_running);
	assert_int_equal(mock_get(STK_LOAD), 167999);
	/* The next reset has its own cause. */
	assert_int_equal(mock_get(RCC_CSR) >> 24, 0);
}

static void a_bad_start(void **state)
{
	const char *text;

	(void)state;
	mock.no_hse = true;
	mock.rng_error = RNG_SR_CECS | RNG_SR_CEIS;
	mock.iwdg_stuck = true;
	app_start();
	text = mock_sent();
	assert_non_null(strstr(
		text, "clock: 16 MHz from HSI: the crystal (HSE) did not start\r\n"));
	assert_non_null(strstr(text, "random: no numbers: no 48 MHz clock\r\n"));
	assert_non_null(strstr(text, "store: no 48 MHz clock\r\n"));
	assert_non_null(strstr(text, "watchdog: it does not take its time\r\n"));
	assert_string_equal(text + strlen(text) - 2, "> ");
	assert_int_equal(mock_get(STK_LOAD), 15999);
	turns(1);
	/* Orange: no crystal. */
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 13 & 1, 1);
}

static void after_a_fault(void **state)
{
	(void)state;
	fault_keep(3, 0, 0xfffffff9);
	mock_set(RCC_CSR, RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF);
	app_start();
	assert_non_null(strstr(mock_sent(), "start: reset software\r\n"));
	assert_true(status.faulted);
	turns(1);
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 14 & 1, 1);
}

static void after_a_stall(void **state)
{
	(void)state;
	progress_begin(TASK_BUTTON);
	mock_set(RCC_CSR, RCC_CSR_IWDGRSTF | RCC_CSR_PINRSTF);
	app_start();
	assert_non_null(strstr(mock_sent(), "watchdog: it ended a stall in: button\r\n"));
}

static void after_the_bootloader(void **state)
{
	(void)state;
	noinit.start = NOINIT_START_ROM_RAN;
	mock_set(RCC_CSR, RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF);
	app_start();
	assert_non_null(strstr(mock_sent(), "start: reset bootloader\r\n"));
}

static void the_loop_feeds_the_watchdog(void **state)
{
	unsigned fed;

	(void)state;
	app_start();
	fed = mock.iwdg_fed;
	turns(10);
	assert_int_equal(mock.iwdg_fed - fed, 10);
	/* SysTick stands still: so does the food. */
	fed = mock.iwdg_fed;
	for (unsigned i = 0; i < 100; i++)
		app_turn();
	assert_int_equal(mock.iwdg_fed, fed);
}

static void it_talks(void **state)
{
	(void)state;
	app_start();
	mock_sent();
	for (const char *p = "led blue on\r"; *p; p++)
		mock_receive((uint8_t)*p, 0);
	turns(1);
	assert_string_equal(mock_sent(), "led blue on\r\nok\r\n> ");
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 15, 1);
	for (const char *p = "led blue auto\r"; *p; p++)
		mock_receive((uint8_t)*p, 0);
	turns(1);
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 15, 0);
}

/* Who sends ends of lines for ever gets prompts, and starves nobody. */
static void a_flood_on_the_console(void **state)
{
	unsigned fed, i;

	(void)state;
	app_start();
	mock_sent();
	for (i = 0; i < 40; i++)
		mock_receive('\r', 0);
	systick_tick();
	fed = mock.iwdg_fed;
	assert_true(app_turn());
	assert_int_equal(strlen(mock_sent()), 16 * 4);
	assert_int_equal(mock.iwdg_fed, fed + 1);
	assert_true(app_turn());
	assert_false(app_turn());
	assert_int_equal(strlen(mock_sent()), 24 * 4);
}

static void press(bool down)
{
	mock_set(GPIO_IDR(0), down);
	mock_set(EXTI_PR, 1);
	app_on_button();
	assert_int_equal(mock_get(EXTI_PR), 0);
}

static void a_click(void **state)
{
	unsigned before;

	(void)state;
	app_start();
	turns(30);
	before = click_count();
	mock_sent();
	press(true);
	turns(25);
	assert_int_equal(click_count(), before + 1);
	assert_non_null(strstr(mock_sent(), ", id 00001001-1-"));
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 15, 1);
	turns(1000);
	press(false);
	turns(25);
	assert_int_equal(click_count(), before + 1);
	assert_int_equal(mock_get(GPIO_ODR(3)) >> 15, 0);
	/* Too short: the contact bounced. */
	press(true);
	turns(5);
	press(false);
	turns(50);
	assert_int_equal(click_count(), before + 1);
}

static void it_blinks(void **state)
{
	unsigned on = 0, changes = 0, last = 2;

	(void)state;
	app_start();
	for (unsigned i = 0; i < 5000; i++) {
		unsigned now = mock_get(GPIO_ODR(3)) >> 12 & 1;

		turns(1);
		on += now;
		changes += now != last;
		last = now;
	}
	assert_in_range(on, 400, 600);
	assert_in_range(changes, 9, 12);
}

/* [RM0090] 7.2.7: the hardware has switched to HSI, and raises the NMI. */
static void the_crystal_dies(void **state)
{
	(void)state;
	app_start();
	mock_sent();
	assert_false(app_on_nmi());
	mock_set(RCC_CIR, RCC_CIR_CSSF);
	mock_set(RCC_CFGR, mock_get(RCC_CFGR) & ~15u);
	mock_set(RCC_CR, 0x83);
	assert_true(app_on_nmi());
	turns(1);
	assert_non_null(strstr(mock_sent(),
			       "clock: 16 MHz from HSI: the crystal (HSE) stopped\r\n"));
	assert_int_equal(status.clock, CLOCK_LOST);
	assert_int_equal(mock_get(STK_LOAD), 15999);
	/* 115200 of the 4 MHz that APB1 has now */
	assert_int_equal(mock_get(0x40004808), 35);
}

static void sleep_when_nothing_waits(void **state)
{
	(void)state;
	app_start();
	assert_false(app_turn());
	mock.usart_stuck = true;
	usart_write("x", 1);
	assert_true(app_turn());
	mock.usart_stuck = false;
	assert_false(app_turn());
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_start, power_on),
		cmocka_unit_test_setup(a_bad_start, power_on),
		cmocka_unit_test_setup(after_a_fault, power_on),
		cmocka_unit_test_setup(after_a_stall, power_on),
		cmocka_unit_test_setup(after_the_bootloader, power_on),
		cmocka_unit_test_setup(the_loop_feeds_the_watchdog, power_on),
		cmocka_unit_test_setup(it_talks, power_on),
		cmocka_unit_test_setup(a_flood_on_the_console, power_on),
		cmocka_unit_test_setup(a_click, power_on),
		cmocka_unit_test_setup(it_blinks, power_on),
		cmocka_unit_test_setup(the_crystal_dies, power_on),
		cmocka_unit_test_setup(sleep_when_nothing_waits, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
