/* Clocks: 168 MHz from the crystal, or HSI and the reason; reset causes; all off. */
#include "mock_bus.h"

#include "drivers/rcc.h"
#include "drivers/wait.h"
#include "hw/regs_flash.h"
#include "hw/regs_misc.h"

static void the_crystal_and_the_pll(void **state)
{
	(void)state;
	assert_int_equal(rcc_clock_start(), CLOCK_PLL);
	/* [RM0090] 7.3.2: M 8, N 336, P 2, Q 7, from HSE */
	assert_int_equal(mock_get(RCC_PLLCFGR),
			 8 | 336 << 6 | 0 << 16 | 1 << 22 | 7 << 24);
	assert_int_equal(mock_get(RCC_CFGR) & 0xfcff, 2 | 2 << 2 | 5 << 10 | 4 << 13);
	assert_int_equal(mock_get(FLASH_ACR), 5 | 7 << 8);
	assert_true(mock_get(RCC_CR) & RCC_CR_CSSON);
	assert_int_equal(rcc_hclk_hz(), 168000000);
	assert_int_equal(rcc_pclk1_hz(), 42000000);
}

/* Wait states and bus dividers first, the switch last. */
static void nothing_is_too_fast_under_way(void **state)
{
	int wait_states, divider, sw = -1;

	(void)state;
	rcc_clock_start();
	wait_states = mock_find(FLASH_ACR, 0);
	divider = mock_find(RCC_CFGR, 0);
	for (size_t i = 0; i < mock.n_writes && sw < 0; i++)
		if (mock.writes[i].addr == RCC_CFGR && mock.writes[i].value & RCC_CFGR_SW)
			sw = (int)i;
	assert_true(wait_states >= 0 && divider >= 0 && sw >= 0);
	assert_true(wait_states < sw && divider < sw);
}

static void revision_a_does_not_prefetch(void **state)
{
	(void)state;
	mock_set(DBGMCU_IDCODE, 0x10000413);
	assert_int_equal(rcc_clock_start(), CLOCK_PLL);
	assert_int_equal(mock_get(FLASH_ACR), 5 | 6 << 8);
}

static void back_on_hsi(void)
{
	assert_int_equal(mock_get(RCC_CFGR), 0);
	assert_int_equal(mock_get(RCC_CR) & (RCC_CR_HSEON | RCC_CR_PLLON | RCC_CR_CSSON |
					     RCC_CR_HSION),
			 RCC_CR_HSION);
	assert_int_equal(mock_get(RCC_PLLCFGR), RCC_PLLCFGR_RESET);
	assert_int_equal(mock_get(FLASH_ACR), 0);
	assert_int_equal(rcc_hclk_hz(), 16000000);
	assert_int_equal(rcc_pclk1_hz(), 16000000);
}

static void no_crystal(void **state)
{
	(void)state;
	mock.no_hse = true;
	assert_int_equal(rcc_clock_start(), CLOCK_NO_HSE);
	back_on_hsi();
	assert_string_equal(rcc_clock_words(CLOCK_NO_HSE),
			    "the crystal (HSE) did not start");
}

static void no_lock(void **state)
{
	(void)state;
	mock.no_pll = true;
	assert_int_equal(rcc_clock_start(), CLOCK_NO_PLL);
	back_on_hsi();
}

static void no_wait_states(void **state)
{
	(void)state;
	mock.no_wait_states = true;
	assert_int_equal(rcc_clock_start(), CLOCK_NO_FLASH);
	back_on_hsi();
}

/* APB1 bears 42 MHz: its divider goes when the PLL has gone. */
static void nothing_is_too_fast_on_the_way_back(void **state)
{
	(void)state;
	rcc_clock_start();
	mock.n_writes = 0;
	rcc_quiet();
	for (size_t i = 0; i < mock.n_writes; i++)
		if (mock.writes[i].addr == RCC_CFGR) {
			assert_int_equal(mock.writes[i].value & 0xfff0,
					 5 << 10 | 4 << 13);
			break;
		}
	assert_int_equal(mock_get(RCC_CFGR), 0);
}

static void no_switch(void **state)
{
	(void)state;
	mock.no_switch = true;
	assert_int_equal(rcc_clock_start(), CLOCK_NO_SWITCH);
	back_on_hsi();
}

/* [RM0090] 7.2.7: the hardware is on HSI already; the NMI is to be taken. */
static void a_crystal_that_stops(void **state)
{
	(void)state;
	assert_false(rcc_clock_failed());
	mock_set(RCC_CIR, RCC_CIR_CSSF);
	assert_true(rcc_clock_failed());
	assert_int_equal(mock_get(RCC_CIR) & RCC_CIR_CSSF, 0);
	assert_false(rcc_clock_failed());
}

static void frequencies_by_the_registers(void **state)
{
	static const struct {
		uint32_t cfgr, hclk, pclk1;
	} rows[] = {
		{ 0, 16000000, 16000000 },
		{ 1 << 2, 8000000, 8000000 },
		{ 2 << 2 | 8 << 4, 84000000, 84000000 },
		{ 2 << 2 | 11 << 4 | 4 << 10, 10500000, 5250000 },
		{ 12 << 4, 250000, 250000 },
		{ 15 << 4 | 7 << 10, 31250, 1953 },
		{ 5 << 10, 16000000, 4000000 }, /* after the crystal has died */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		mock_set(RCC_CFGR, rows[i].cfgr);
		assert_int_equal(rcc_hclk_hz(), rows[i].hclk);
		assert_int_equal(rcc_pclk1_hz(), rows[i].pclk1);
	}
}

static void waiting_ends(void **state)
{
	(void)state;
	mock_set(PWR_CR, 5);
	assert_true(wait_for(PWR_CR, 4, 4, 0));
	assert_true(wait_for(PWR_CR, 4 | 2, 4, 0));
	assert_false(wait_for(PWR_CR, 2, 2, 1000));
	assert_false(wait_for(PWR_CR, 2, 2, 0));
}

static void what_the_bootloader_left_is_gone(void **state)
{
	static const uint32_t resets[][2] = { { RCC_AHB1RSTR, RCC_AHB1RSTR_ALL },
					      { RCC_AHB2RSTR, RCC_AHB2RSTR_ALL },
					      { RCC_AHB3RSTR, RCC_AHB3RSTR_ALL },
					      { RCC_APB1RSTR, RCC_APB1RSTR_ALL },
					      { RCC_APB2RSTR, RCC_APB2RSTR_ALL } };

	(void)state;
	rcc_clock_start();
	mock_set(RCC_AHB2ENR, 1 << 7); /* USB */
	mock_set(RCC_APB1ENR, 0xffffffff);
	mock_set(RCC_CIR, 0x3f00);
	assert_true(rcc_is_warm());
	mock.n_writes = 0;
	rcc_quiet();
	back_on_hsi();
	assert_false(rcc_is_warm());
	assert_int_equal(mock_get(RCC_AHB1ENR), RCC_AHB1ENR_RESET);
	assert_int_equal(mock_get(RCC_AHB2ENR), 0);
	assert_int_equal(mock_get(RCC_APB1ENR), 0);
	assert_int_equal(mock_get(RCC_CIR), 0);
	for (size_t i = 0; i < ROWS(resets); i++) {
		int at = mock_find(resets[i][0], 0);

		assert_true(at >= 0);
		assert_int_equal(mock.writes[at].value, resets[i][1]);
		assert_int_equal(mock_get(resets[i][0]), 0);
	}
}

static void all_off_ends_even_when_nothing_answers(void **state)
{
	(void)state;
	rcc_clock_start();
	mock.no_switch = mock.no_hsi = true;
	rcc_quiet();
	assert_int_equal(mock_get(RCC_APB1ENR), 0);
	/* Still running on it: nothing is switched off. */
	assert_true(mock_get(RCC_CR) & RCC_CR_PLLON);
	assert_int_equal(mock_get(FLASH_ACR) & 7, 5);
}

static void gates(void **state)
{
	(void)state;
	rcc_enable(GATE_USART3);
	assert_int_equal(mock_get(RCC_APB1ENR), 1 << 18);
	rcc_enable(GATE_RNG);
	assert_int_equal(mock_get(RCC_AHB2ENR), 1 << 6);
	rcc_enable(GATE_SYSCFG);
	assert_int_equal(mock_get(RCC_APB2ENR), 1 << 14);
	rcc_enable((enum rcc_gate)(GATE_GPIOA + 4));
	assert_int_equal(mock_get(RCC_AHB1ENR), RCC_AHB1ENR_RESET | 1 << 4);
	rcc_disable(GATE_SYSCFG);
	assert_int_equal(mock_get(RCC_APB2ENR), 0);
}

static void causes_of_a_reset(void **state)
{
	static const struct {
		uint32_t csr;
		enum reset_cause cause;
		const char *words;
	} rows[] = {
		{ 0x0e000000, RESET_POWER_ON, "power-on" },
		{ 0x06000000, RESET_BROWN_OUT, "brown-out" },
		{ 0x04000000, RESET_PIN, "pin" },
		{ 0x14000000, RESET_SOFTWARE, "software" },
		{ 0x24000000, RESET_WATCHDOG, "watchdog" },
		{ 0x44000000, RESET_WINDOW_WATCHDOG, "window-watchdog" },
		{ 0x84000000, RESET_LOW_POWER, "low-power" },
		{ 0x00000003, RESET_UNKNOWN, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		mock_set(RCC_CSR, rows[i].csr);
		assert_int_equal(rcc_reset_cause(), rows[i].cause);
		assert_string_equal(rcc_reset_words(rows[i].cause), rows[i].words);
	}
	mock_set(RCC_CSR, 0x14000001);
	rcc_reset_cause_clear();
	assert_int_equal(mock_get(RCC_CSR), 1);
	assert_string_equal(rcc_reset_words(RESET_BOOTLOADER), "bootloader");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_crystal_and_the_pll, mock_reset),
		cmocka_unit_test_setup(nothing_is_too_fast_under_way, mock_reset),
		cmocka_unit_test_setup(nothing_is_too_fast_on_the_way_back, mock_reset),
		cmocka_unit_test_setup(revision_a_does_not_prefetch, mock_reset),
		cmocka_unit_test_setup(no_crystal, mock_reset),
		cmocka_unit_test_setup(no_lock, mock_reset),
		cmocka_unit_test_setup(no_wait_states, mock_reset),
		cmocka_unit_test_setup(no_switch, mock_reset),
		cmocka_unit_test_setup(a_crystal_that_stops, mock_reset),
		cmocka_unit_test_setup(frequencies_by_the_registers, mock_reset),
		cmocka_unit_test_setup(waiting_ends, mock_reset),
		cmocka_unit_test_setup(what_the_bootloader_left_is_gone, mock_reset),
		cmocka_unit_test_setup(all_off_ends_even_when_nothing_answers,
				       mock_reset),
		cmocka_unit_test_setup(gates, mock_reset),
		cmocka_unit_test_setup(causes_of_a_reset, mock_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
