#include "clocktree.h"

#include <string.h>

/* A PLL without its reference runs on at its lowest: the manual has no figure. */
#define UNLOCKED_HZ 1000000

#define PLLSRC_HSE  0x00400000u
#define CFGR_I2SSRC 0x00800000u

/* 0xxx: 1, then 2 to 16; HPRE has no 32 and goes on with 64 to 512 */
static uint32_t divide_ahb(uint32_t hz, unsigned hpre)
{
	static const unsigned shifts[8] = { 1, 2, 3, 4, 6, 7, 8, 9 };

	return hpre & 8 ? hz >> shifts[hpre & 7] : hz;
}

static uint32_t divide_apb(uint32_t hz, unsigned ppre)
{
	return ppre & 4 ? hz >> ((ppre & 3) + 1) : hz;
}

uint32_t clocktree_vco(uint32_t pllcfgr, uint32_t cfgr, uint32_t source)
{
	uint32_t m = pllcfgr & 0x3F, n = cfgr >> 6 & 0x1FF;
	uint64_t vco;

	if (m < 2 || n < 50 || n > 432)
		return 0;
	if (source / m < 950000 || source / m > 2100000)
		return 0;
	vco = (uint64_t)source * n / m;
	return vco >= 100000000 && vco <= 432000000 ? (uint32_t)vco : 0;
}

static uint32_t rtc_hz(const struct clocktree *tree)
{
	unsigned rtcpre = tree->cfgr >> 16 & 0x1F;

	if (!(tree->bdcr & 0x8000))
		return 0;
	switch (tree->bdcr >> 8 & 3) {
	case 1:
		return tree->lse;
	case 2:
		return tree->lsi;
	case 3:
		return rtcpre >= 2 ? tree->hse / rtcpre : 0;
	default:
		return 0;
	}
}

static void bus_hz(const struct clocktree *tree, uint32_t hz[MCU_CLOCKS])
{
	unsigned ppre1 = tree->cfgr >> 10 & 7, ppre2 = tree->cfgr >> 13 & 7;

	hz[MCU_HCLK] = divide_ahb(hz[MCU_SYSCLK], tree->cfgr >> 4 & 0xF);
	if (tree->stopped) {
		hz[MCU_SYSCLK] = 0;
		return;
	}
	hz[MCU_PCLK1] = divide_apb(hz[MCU_HCLK], ppre1);
	hz[MCU_PCLK2] = divide_apb(hz[MCU_HCLK], ppre2);
	hz[MCU_TIMCLK1] = ppre1 & 4 ? hz[MCU_PCLK1] * 2 : hz[MCU_PCLK1];
	hz[MCU_TIMCLK2] = ppre2 & 4 ? hz[MCU_PCLK2] * 2 : hz[MCU_PCLK2];
}

/* Nothing drives I2S_CKIN. */
static uint32_t i2s_hz(const struct clocktree *tree, uint32_t source)
{
	uint32_t r = tree->plli2scfgr >> 28 & 7;

	if (!tree->plli2s_ready || tree->cfgr & CFGR_I2SSRC || r < 2)
		return 0;
	return clocktree_vco(tree->pllcfgr, tree->plli2scfgr, source) / r;
}

void clocktree_hz(const struct clocktree *tree, uint32_t hz[MCU_CLOCKS])
{
	uint32_t source = tree->pllcfgr & PLLSRC_HSE ? tree->hse : tree->hsi;
	uint32_t vco =
		tree->pll_ready ? clocktree_vco(tree->pllcfgr, tree->pllcfgr, source) : 0;
	unsigned pllp = ((tree->pllcfgr >> 16 & 3) + 1) * 2;
	unsigned pllq = tree->pllcfgr >> 24 & 0xF;
	const uint32_t sources[4] = { tree->hsi, tree->hse, vco / pllp, 0 };

	memset(hz, 0, MCU_CLOCKS * sizeof(*hz));
	hz[MCU_SYSCLK] = sources[tree->sws] ? sources[tree->sws] : UNLOCKED_HZ;
	bus_hz(tree, hz);
	hz[MCU_PLL48CK] = pllq >= 2 ? vco / pllq : 0;
	hz[MCU_I2SCLK] = i2s_hz(tree, source);
	hz[MCU_LSI] = tree->lsi;
	hz[MCU_LSE] = tree->lse;
	hz[MCU_RTCCLK] = rtc_hz(tree);
}
