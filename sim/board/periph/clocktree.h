/*
 * RM0090 figure 21, as arithmetic: what the registers of the RCC and the oscillators that
 * run make of the chip's clocks.
 */
#ifndef PERIPH_CLOCKTREE_H
#define PERIPH_CLOCKTREE_H

#include "core/mcu.h"

/* In Hz, 0 for what is not ready */
struct clocktree {
	uint32_t hsi, hse, lsi, lse;
	bool pll_ready, plli2s_ready;
	bool stopped; /* STOP: nothing runs but LSI, LSE and what hangs on them */
	unsigned sws; /* RCC_CFGR.SWS */
	uint32_t pllcfgr, plli2scfgr, cfgr, bdcr;
};

void clocktree_hz(const struct clocktree *tree, uint32_t hz[MCU_CLOCKS]);

/*
 * The frequency of a VCO with M of `pllcfgr` and N of `cfgr` (RCC_PLLCFGR again or
 * RCC_PLLI2SCFGR) on `source` Hz; 0 if it does not lock: DS8626 tables 36 and 37.
 */
uint32_t clocktree_vco(uint32_t pllcfgr, uint32_t cfgr, uint32_t source);

#endif
