/* The console's port: its speed by the clock, both queues, and what is lost. */
#include "mock_bus.h"

#include "drivers/rcc.h"
#include "drivers/systick.h"
#include "drivers/usart.h"
#include "hw/regs_core.h"
#include "hw/regs_rcc.h"
#include "hw/regs_usart.h"

#include <string.h>

static int start(void **state)
{
	mock_reset(state);
	usart_start();
	while (usart_get() >= 0)
		;
	mock_sent();
	return 0;
}

/* [RM0090] table 136: 115200 at 42 MHz is 22.8125. */
static void speed(void **state)
{
	(void)state;
	assert_int_equal(mock_get(USART3_BRR), 139);
	assert_int_equal(rcc_clock_start(), CLOCK_PLL);
	usart_start();
	assert_int_equal(mock_get(USART3_BRR), 22 * 16 + 13);
	assert_int_equal(mock_get(USART3_CR1), 1 << 13 | 1 << 5 | 1 << 3 | 1 << 2);
	assert_true(mock_get(RCC_APB1ENR) & 1 << 18);
	assert_true(mock_get(NVIC_ISER(1)) & 1 << 7);
}

static void what_arrives(void **state)
{
	(void)state;
	assert_int_equal(usart_get(), -1);
	mock_receive('a', 0);
	mock_receive(0xff, 0);
	assert_int_equal(usart_get(), 'a');
	assert_int_equal(usart_get(), 0xff);
	assert_int_equal(usart_get(), -1);
	/* An interrupt without anything. */
	usart_receive();
	assert_int_equal(usart_get(), -1);
}

static void what_is_lost(void **state)
{
	unsigned before = usart_losses().received;

	(void)state;
	mock_receive('a', USART_SR_ORE);
	assert_int_equal(usart_get(), 'a');
	mock_receive('b', USART_SR_FE);
	mock_receive('c', USART_SR_NF);
	assert_int_equal(usart_get(), -1);
	assert_int_equal(usart_losses().received - before, 3);
	/* Whatever stands, the interrupt is satisfied. */
	assert_int_equal(mock_get(USART3_SR), 0);
	mock_set(USART3_SR, USART_SR_ORE);
	usart_receive();
	assert_int_equal(mock_get(USART3_SR), 0);
	assert_int_equal(usart_losses().received - before, 4);
}

static void more_than_there_is_room_for(void **state)
{
	unsigned before = usart_losses().received, i;

	(void)state;
	for (i = 0; i < 300; i++)
		mock_receive((uint8_t)i, 0);
	assert_int_equal(usart_losses().received - before, 300 - 256);
	for (i = 0; i < 256; i++)
		assert_int_equal(usart_get(), i);
	assert_int_equal(usart_get(), -1);
}

static void what_is_sent(void **state)
{
	(void)state;
	usart_write("hello", 5);
	assert_string_equal(mock_sent(), "hello");
	assert_false(usart_pump());
	assert_true(usart_flush());
}

static void a_line_that_is_slow(void **state)
{
	unsigned before = usart_losses().sent;
	char text[1500];

	(void)state;
	memset(text, 'x', sizeof(text));
	mock.usart_stuck = true;
	usart_write(text, 1000);
	assert_true(usart_pump());
	assert_string_equal(mock_sent(), "");
	/* 1024 fit; what is more waits for a tenth of a second, and is dropped. */
	usart_write(text, 30);
	assert_int_equal(usart_losses().sent - before, 6);
	assert_false(usart_flush());
	mock.usart_stuck = false;
	assert_false(usart_pump());
	assert_int_equal(strlen(mock_sent()), 1024);
	usart_write(text, sizeof(text));
	assert_int_equal(strlen(mock_sent()), sizeof(text));
}

/* The first byte that finds no room waits; those behind it do not each wait again. */
static void a_dead_line_does_not_hold_the_loop_up(void **state)
{
	char text[1024];
	unsigned before;

	(void)state;
	memset(text, 'x', sizeof(text));
	mock.usart_stuck = true;
	usart_write(text, sizeof(text));
	before = usart_losses().sent;
	usart_write(text, sizeof(text));
	assert_int_equal(usart_losses().sent - before, sizeof(text));
	mock.usart_stuck = false;
	usart_pump();
}

static void ticks(void **state)
{
	uint32_t before = systick_ms();

	(void)state;
	systick_start();
	assert_int_equal(mock_get(STK_LOAD), 15999);
	assert_int_equal(mock_get(STK_CTRL), 7);
	systick_tick();
	systick_tick();
	assert_int_equal(systick_ms() - before, 2);
	assert_int_equal(rcc_clock_start(), CLOCK_PLL);
	systick_start();
	assert_int_equal(mock_get(STK_LOAD), 167999);
	assert_int_equal(systick_ms() - before, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(speed, start),
		cmocka_unit_test_setup(what_arrives, start),
		cmocka_unit_test_setup(what_is_lost, start),
		cmocka_unit_test_setup(more_than_there_is_room_for, start),
		cmocka_unit_test_setup(what_is_sent, start),
		cmocka_unit_test_setup(a_line_that_is_slow, start),
		cmocka_unit_test_setup(a_dead_line_does_not_hold_the_loop_up, start),
		cmocka_unit_test_setup(ticks, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
