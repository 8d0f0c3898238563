#include "drivers/rcc.h"

#include "drivers/wait.h"
#include "hw/reg.h"
#include "hw/regs_flash.h"
#include "hw/regs_misc.h"

#include <stddef.h>

#define HSI_HZ 16000000u
#define HSE_HZ 8000000u

/* [DS8626] HSE oscillator: a crystal starts in 2 ms, typically; a bad one takes longer. */
#define HSE_START_US 100000u
/* [DS8626] main PLL: 300 us at most; HSI oscillator: 4 us. */
#define PLL_LOCK_US  2000u
#define HSI_START_US 500u
#define SWITCH_US    500u

/* 8 MHz / 8 * 336 / 2 = 168 MHz; / 7 = 48 MHz ([RM0090] 7.3.2). */
#define PLL_M  8u
#define PLL_N  336u
#define PLL_P  2u
#define PLL_Q  7u
#define PLL_HZ (HSE_HZ / PLL_M * PLL_N / PLL_P)

/* -- the system clock --------------------------------------------------------------- */

/* [ES0182]: on revision A, prefetching returns wrong data. */
static uint32_t prefetch(void)
{
	bool rev_a = reg_read(DBGMCU_IDCODE) >> 16 == DBGMCU_IDCODE_REV_A;

	return rev_a ? 0 : FLASH_ACR_PRFTEN;
}

/* [RM0090] 3.5.1: five wait states for 168 MHz at 2.7 V and more, and read them back. */
static bool set_wait_states(void)
{
	reg_write(FLASH_ACR,
		  FLASH_ACR_LATENCY_5WS | FLASH_ACR_ICEN | FLASH_ACR_DCEN | prefetch());
	return wait_for(FLASH_ACR, FLASH_ACR_LATENCY, FLASH_ACR_LATENCY_5WS, SWITCH_US);
}

static bool start_hse(void)
{
	reg_set(RCC_CR, RCC_CR_HSEON);
	return wait_for(RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_START_US);
}

static bool start_pll(void)
{
	/* [RM0090] 5.4.1: only while the PLL is off. */
	rcc_enable(GATE_PWR);
	reg_set(PWR_CR, PWR_CR_VOS);
	reg_write(RCC_PLLCFGR, RCC_PLLCFGR_PLLM(PLL_M) | RCC_PLLCFGR_PLLN(PLL_N) |
				       RCC_PLLCFGR_PLLP(PLL_P) | RCC_PLLCFGR_PLLQ(PLL_Q) |
				       RCC_PLLCFGR_PLLSRC_HSE);
	reg_set(RCC_CR, RCC_CR_PLLON);
	return wait_for(RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, PLL_LOCK_US);
}

/* APB1 at 42 MHz, APB2 at 84 MHz, their limits, before AHB is too fast for them. */
static bool switch_to_pll(void)
{
	reg_change(RCC_CFGR, RCC_CFGR_HPRE | RCC_CFGR_PPRE1 | RCC_CFGR_PPRE2,
		   RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2);
	reg_change(RCC_CFGR, RCC_CFGR_SW, RCC_CFGR_SW_PLL);
	return wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL, SWITCH_US);
}

/* First HSI; then, when nothing is fast any more, dividers, the others, wait states. */
static void back_to_hsi(void)
{
	reg_set(RCC_CR, RCC_CR_HSION);
	wait_for(RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY, HSI_START_US);
	reg_clear(RCC_CFGR, RCC_CFGR_SW);
	if (!wait_for(RCC_CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_HSI, SWITCH_US))
		return;
	reg_write(RCC_CFGR, 0);
	reg_clear(RCC_CR, RCC_CR_CSSON | RCC_CR_PLLON | RCC_CR_PLLI2SON | RCC_CR_HSEON);
	/* Their settings can be written when they have stopped. */
	wait_for(RCC_CR, RCC_CR_PLLRDY | RCC_CR_HSERDY, 0, SWITCH_US);
	reg_clear(RCC_CR, RCC_CR_HSEBYP);
	reg_write(RCC_PLLCFGR, RCC_PLLCFGR_RESET);
	reg_write(FLASH_ACR, 0);
}

enum clock rcc_clock_start(void)
{
	enum clock clock = !start_hse()         ? CLOCK_NO_HSE
			   : !start_pll()       ? CLOCK_NO_PLL
			   : !set_wait_states() ? CLOCK_NO_FLASH
			   : !switch_to_pll()   ? CLOCK_NO_SWITCH
						: CLOCK_PLL;

	if (clock == CLOCK_PLL)
		reg_set(RCC_CR, RCC_CR_CSSON);
	else
		back_to_hsi();
	return clock;
}

const char *rcc_clock_words(enum clock clock)
{
	static const char *const words[] = {
		[CLOCK_PLL] = "168 MHz from the crystal",
		[CLOCK_NO_HSE] = "the crystal (HSE) did not start",
		[CLOCK_NO_PLL] = "the PLL did not lock",
		[CLOCK_NO_FLASH] = "the flash did not take its wait states",
		[CLOCK_NO_SWITCH] = "the switch to the PLL did not happen",
		[CLOCK_LOST] = "the crystal (HSE) stopped",
	};

	return words[clock];
}

bool rcc_clock_failed(void)
{
	if (!(reg_read(RCC_CIR) & RCC_CIR_CSSF))
		return false;
	reg_set(RCC_CIR, RCC_CIR_CSSC);
	return true;
}

/* [RM0090] 7.3.3: the field's upper half on, it divides by 2, 4, ... */
static uint32_t divided(uint32_t hz, uint32_t field, uint32_t half)
{
	return field < half ? hz : hz >> (field - half + 1);
}

uint32_t rcc_hclk_hz(void)
{
	uint32_t cfgr = reg_read(RCC_CFGR), sws = cfgr & RCC_CFGR_SWS;
	uint32_t hpre = (cfgr & RCC_CFGR_HPRE) >> 4;
	uint32_t hz = sws == RCC_CFGR_SWS_HSI   ? HSI_HZ
		      : sws == RCC_CFGR_SWS_HSE ? HSE_HZ
						: PLL_HZ;

	/* There is no division by 32. */
	return divided(hz, hpre, 8) >> (hpre >= 12 ? 1 : 0);
}

uint32_t rcc_pclk1_hz(void)
{
	return divided(rcc_hclk_hz(), (reg_read(RCC_CFGR) & RCC_CFGR_PPRE1) >> 10, 4);
}

/* -- all off ------------------------------------------------------------------------ */

/* Each bus: where its peripherals are reset and clocked, which there are, and reset value. */
static const struct bus {
	uint32_t rstr, enr, all, enabled;
} buses[] = {
	{ RCC_AHB1RSTR, RCC_AHB1ENR, RCC_AHB1RSTR_ALL, RCC_AHB1ENR_RESET },
	{ RCC_AHB2RSTR, RCC_AHB2ENR, RCC_AHB2RSTR_ALL, 0 },
	{ RCC_AHB3RSTR, RCC_AHB3ENR, RCC_AHB3RSTR_ALL, 0 },
	{ RCC_APB1RSTR, RCC_APB1ENR, RCC_APB1RSTR_ALL, 0 },
	{ RCC_APB2RSTR, RCC_APB2ENR, RCC_APB2RSTR_ALL, 0 },
};
#define BUSES (sizeof(buses) / sizeof(buses[0]))

void rcc_quiet(void)
{
	size_t i;

	for (i = 0; i < BUSES; i++) {
		reg_write(buses[i].rstr, buses[i].all);
		reg_write(buses[i].rstr, 0);
	}
	back_to_hsi();
	reg_write(RCC_CIR, RCC_CIR_CLEAR_ALL);
	for (i = 0; i < BUSES; i++)
		reg_write(buses[i].enr, buses[i].enabled);
}

bool rcc_is_warm(void)
{
	size_t i;

	if (reg_read(RCC_CFGR) & RCC_CFGR_SWS)
		return true;
	for (i = 0; i < BUSES; i++)
		if (reg_read(buses[i].enr) & buses[i].all)
			return true;
	return false;
}

/* -- peripherals -------------------------------------------------------------------- */

static uint32_t enr_of(enum rcc_gate gate)
{
	return RCC_BASE + ((uint32_t)gate >> 8);
}

static uint32_t bit_of(enum rcc_gate gate)
{
	return 1u << (gate & 0xff);
}

void rcc_enable(enum rcc_gate gate)
{
	reg_set(enr_of(gate), bit_of(gate));
	/* [ES0182]: two cycles until it may be used; a read takes as long. */
	reg_read(enr_of(gate));
}

void rcc_disable(enum rcc_gate gate)
{
	reg_clear(enr_of(gate), bit_of(gate));
}

/* -- the reason of the last reset --------------------------------------------------- */

enum reset_cause rcc_reset_cause(void)
{
	/* [RM0090] 7.3.21; the pin's flag comes with all, the brown-out's with power-on. */
	static const struct {
		uint32_t flag;
		enum reset_cause cause;
	} flags[] = {
		{ RCC_CSR_LPWRRSTF, RESET_LOW_POWER },
		{ RCC_CSR_WWDGRSTF, RESET_WINDOW_WATCHDOG },
		{ RCC_CSR_IWDGRSTF, RESET_WATCHDOG },
		{ RCC_CSR_SFTRSTF, RESET_SOFTWARE },
		{ RCC_CSR_PORRSTF, RESET_POWER_ON },
		{ RCC_CSR_BORRSTF, RESET_BROWN_OUT },
		{ RCC_CSR_PINRSTF, RESET_PIN },
	};
	uint32_t csr = reg_read(RCC_CSR);
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (csr & flags[i].flag)
			return flags[i].cause;
	return RESET_UNKNOWN;
}

void rcc_reset_cause_clear(void)
{
	reg_set(RCC_CSR, RCC_CSR_RMVF);
}

const char *rcc_reset_words(enum reset_cause cause)
{
	static const char *const words[] = {
		[RESET_UNKNOWN] = "unknown",
		[RESET_POWER_ON] = "power-on",
		[RESET_BROWN_OUT] = "brown-out",
		[RESET_PIN] = "pin",
		[RESET_SOFTWARE] = "software",
		[RESET_WATCHDOG] = "watchdog",
		[RESET_WINDOW_WATCHDOG] = "window-watchdog",
		[RESET_LOW_POWER] = "low-power",
		[RESET_BOOTLOADER] = "bootloader",
	};

	return words[cause];
}
