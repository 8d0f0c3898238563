/*
 * What programs do when they start, step by step, as the common libraries for this chip
 * do it: each wait has an end, and is over within the time that those give it.
 */
#include "mcu_bench.h"

#define RCC_CR      0x40023800u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR    0x40023808u
#define RCC_CIR     0x4002380Cu
#define RCC_APB1ENR 0x40023840u
#define RCC_BDCR    0x40023870u
#define RCC_CSR     0x40023874u
#define PWR_CR      0x40007000u
#define PWR_CSR     0x40007004u
#define FLASH_ACR   0x40023C00u
#define FLASH_KEYR  0x40023C04u
#define FLASH_SR    0x40023C0Cu
#define FLASH_CR    0x40023C10u
#define IWDG_KR     0x40003000u
#define IWDG_PR     0x40003004u
#define IWDG_RLR    0x40003008u
#define IWDG_SR     0x4000300Cu
#define RTC_TR      0x40002800u
#define RTC_DR      0x40002804u
#define RTC_CR      0x40002808u
#define RTC_ISR     0x4000280Cu
#define RTC_PRER    0x40002810u
#define RTC_WPR     0x40002824u

enum step_kind { END, WRITE, SET, CLEAR, WAIT, STORE };

struct step {
	enum step_kind kind;
	uint32_t address;
	uint32_t bits; /* WAIT: the mask */
	uint32_t value;
	unsigned ms; /* WAIT: at most */
};

#define POLL_CYCLES 500

static bool came(struct bench *bench, const struct step *step)
{
	int64_t end = sched_ns(mcu_sched(bench->mcu)) + step->ms * (int64_t)1000000;

	while ((bench_read(bench, step->address) & step->bits) != step->value) {
		if (sched_ns(mcu_sched(bench->mcu)) >= end)
			return false;
		bench_run(bench, POLL_CYCLES);
	}
	return true;
}

static void run(struct bench *bench, const struct step *steps)
{
	for (const struct step *step = steps; step->kind != END; step++) {
		bool modifies = step->kind == SET || step->kind == CLEAR;
		uint32_t old = modifies ? bench_read(bench, step->address) : 0;

		bench_run(bench, POLL_CYCLES);
		if (step->kind == WRITE)
			bench_write(bench, step->address, step->value);
		else if (step->kind == SET)
			bench_write(bench, step->address, old | step->bits);
		else if (step->kind == CLEAR)
			bench_write(bench, step->address, old & ~step->bits);
		else if (step->kind == STORE)
			assert_true(mcu_flash_store(bench->mcu, step->address, 4,
						    step->value));
		else if (!came(bench, step))
			fail_msg("step %d waits in vain", (int)(step - steps));
	}
}

/* The classic system_stm32f4xx.c: all back to HSI, then 168 MHz from HSE */
static const struct step to_168_mhz[] = {
	{ SET, RCC_CR, 1, 0, 0 },
	{ WRITE, RCC_CFGR, 0, 0, 0 },
	{ CLEAR, RCC_CR, 0x01090000, 0, 0 },
	{ WRITE, RCC_PLLCFGR, 0, 0x24003010, 0 },
	{ CLEAR, RCC_CR, 1u << 18, 0, 0 },
	{ WRITE, RCC_CIR, 0, 0, 0 },
	{ SET, RCC_CR, 1u << 16, 0, 0 },
	{ WAIT, RCC_CR, 1u << 17, 1u << 17, 10 },
	{ SET, RCC_APB1ENR, 1u << 28, 0, 0 },
	{ SET, PWR_CR, 1u << 14, 0, 0 },
	{ WAIT, PWR_CSR, 1u << 14, 1u << 14, 1 },
	{ SET, RCC_CFGR, 0, 0, 0 },
	{ SET, RCC_CFGR, 4u << 13, 0, 0 },
	{ SET, RCC_CFGR, 5u << 10, 0, 0 },
	{ WRITE, RCC_PLLCFGR, 0, 8 | 336u << 6 | 1u << 22 | 7u << 24, 0 },
	{ SET, RCC_CR, 1u << 24, 0, 0 },
	{ WAIT, RCC_CR, 1u << 25, 1u << 25, 2 },
	{ WRITE, FLASH_ACR, 0, 0x705, 0 },
	{ WAIT, FLASH_ACR, 7, 5, 0 },
	{ CLEAR, RCC_CFGR, 3, 0, 0 },
	{ SET, RCC_CFGR, 2, 0, 0 },
	{ WAIT, RCC_CFGR, 0xC, 8, 1 },
	{ END, 0, 0, 0, 0 },
};

/* From whatever runs to the PLL on HSI at 84 MHz: HSI first, PLL off, then anew */
static const struct step to_84_mhz_on_hsi[] = {
	{ SET, RCC_CR, 1, 0, 0 },
	{ WAIT, RCC_CR, 2, 2, 2 },
	{ CLEAR, RCC_CFGR, 3, 0, 0 },
	{ WAIT, RCC_CFGR, 0xC, 0, 5000 },
	{ CLEAR, RCC_CR, 1u << 24, 0, 0 },
	{ WAIT, RCC_CR, 1u << 25, 0, 2 },
	{ WRITE, RCC_PLLCFGR, 0, 16 | 336u << 6 | 1u << 16 | 7u << 24, 0 },
	{ SET, RCC_CR, 1u << 24, 0, 0 },
	{ WAIT, RCC_CR, 1u << 25, 1u << 25, 2 },
	{ SET, RCC_CFGR, 2, 0, 0 },
	{ WAIT, RCC_CFGR, 0xC, 8, 5000 },
	{ CLEAR, RCC_CR, 1u << 16, 0, 0 },
	{ WAIT, RCC_CR, 1u << 17, 0, 100 },
	{ END, 0, 0, 0, 0 },
};

static const struct step rtc_on_lse[] = {
	{ SET, RCC_APB1ENR, 1u << 28, 0, 0 },
	{ SET, PWR_CR, 1u << 8, 0, 0 },
	{ WAIT, PWR_CR, 1u << 8, 1u << 8, 2 },
	{ SET, RCC_BDCR, 1, 0, 0 },
	{ WAIT, RCC_BDCR, 2, 2, 5000 },
	{ SET, RCC_BDCR, 1u << 16, 0, 0 }, /* to choose a source, the domain resets */
	{ CLEAR, RCC_BDCR, 1u << 16, 0, 0 },
	{ WRITE, RCC_BDCR, 0, 1, 0 },
	{ WAIT, RCC_BDCR, 2, 2, 5000 },
	{ SET, RCC_BDCR, 1u << 8, 0, 0 },
	{ SET, RCC_BDCR, 1u << 15, 0, 0 },
	{ WRITE, RTC_WPR, 0, 0xCA, 0 },
	{ WRITE, RTC_WPR, 0, 0x53, 0 },
	{ WRITE, RTC_ISR, 0, 0xFFFFFFFF, 0 },
	{ WAIT, RTC_ISR, 1u << 6, 1u << 6, 1000 },
	{ CLEAR, RTC_CR, 0x00E00040, 0, 0 },
	{ WRITE, RTC_PRER, 0, 0xFF, 0 },
	{ SET, RTC_PRER, 127u << 16, 0, 0 },
	{ WRITE, RTC_TR, 0, 0x235950, 0 },
	{ WRITE, RTC_DR, 0, 0x267122, 0 },
	{ CLEAR, RTC_ISR, 1u << 7, 0, 0 },
	{ CLEAR, RTC_ISR, 0xA0, 0, 0 },
	{ WAIT, RTC_ISR, 1u << 5, 1u << 5, 1000 },
	{ WRITE, RTC_WPR, 0, 0xFF, 0 },
	{ WAIT, RTC_TR, 0x3FFFFF, 0x235955, 6000 },
	{ WAIT, RTC_DR, 0xFFFFFF, 0x267122, 0 },
	{ WAIT, RTC_TR, 0x3FFFFF, 0, 6000 },
	{ WAIT, RTC_DR, 0xFFFFFF, 0x267122,
	  0 }, /* still the day before: TR held it back */
	{ WAIT, RTC_DR, 0xFFFFFF, 0x269123, 0 },
	{ END, 0, 0, 0, 0 },
};

static const struct step watchdog[] = {
	{ WRITE, IWDG_KR, 0, 0xCCCC, 0 },
	{ WRITE, IWDG_KR, 0, 0x5555, 0 },
	{ WRITE, IWDG_PR, 0, 3, 0 },
	{ WRITE, IWDG_RLR, 0, 1000, 0 },
	{ WAIT, IWDG_SR, 3, 0, 48 },
	{ WRITE, IWDG_KR, 0, 0xAAAA, 0 },
	{ END, 0, 0, 0, 0 },
};

static const struct step erase_and_program[] = {
	{ WRITE, FLASH_KEYR, 0, 0x45670123, 0 },
	{ WRITE, FLASH_KEYR, 0, 0xCDEF89AB, 0 },
	{ WAIT, FLASH_CR, 1u << 31, 0, 0 },
	{ WRITE, FLASH_SR, 0, 0xF3, 0 },
	{ WAIT, FLASH_SR, 1u << 16, 0, 50000 },
	{ CLEAR, FLASH_CR, 0x300, 0, 0 },
	{ SET, FLASH_CR, 0x200, 0, 0 },
	{ CLEAR, FLASH_CR, 0x78, 0, 0 },
	{ SET, FLASH_CR, 2 | 11u << 3, 0, 0 },
	{ SET, FLASH_CR, 1u << 16, 0, 0 },
	{ WAIT, FLASH_SR, 1u << 16, 0, 50000 },
	{ WAIT, FLASH_SR, 0xF2, 0, 0 },
	{ CLEAR, FLASH_CR, 2 | 0x78, 0, 0 },
	{ SET, FLASH_CR, 1, 0, 0 },
	{ STORE, 0x080E0000, 0, 0xFEEDF00D, 0 },
	{ WAIT, FLASH_SR, 1u << 16, 0, 50000 },
	{ WAIT, FLASH_SR, 0xF2, 0, 0 },
	{ CLEAR, FLASH_CR, 1, 0, 0 },
	{ SET, FLASH_CR, 1u << 31, 0, 0 },
	{ WAIT, 0x080E0000, 0xFFFFFFFF, 0xFEEDF00D, 0 },
	{ END, 0, 0, 0, 0 },
};

/* All after one another, and again after a reset without the power gone */
static void as_programs_start(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (int round = 0; round < 2; round++) {
		run(&bench, to_168_mhz);
		assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 168000000);
		run(&bench, erase_and_program);
		run(&bench, to_84_mhz_on_hsi);
		assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 84000000);
		assert_int_equal(mcu_hz(bench.mcu, MCU_PLL48CK), 48000000);
		run(&bench, rtc_on_lse);
		run(&bench, watchdog);
		assert_int_equal(bench.resets, round);
		bench_run_ns(&bench, (int64_t)1001 * 1000000 - 100000);
		assert_int_equal(bench.resets, round);
		bench_run_ns(&bench, 200000);
		assert_int_equal(bench.resets, round + 1);
		mcu_reset_periphs(bench.mcu, MCU_RESET_IWDG, 0);
		assert_true(bench_read(&bench, RCC_CSR) & 1u << 29);
	}
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_programs_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
