/* Bits of a timer's registers that cannot be written now: RM0090 17.4.7, 17.4.18. */
#include "tim.h"

#define BDTR_1 0x70FFu /* AOE, BKP, BKE, DTG, from level 1 on */
#define CR2_1  0x7F00u /* OISx and OISxN */
#define BDTR_2 0x0C00u /* OSSR, OSSI */
#define CCER_2 0xAu    /* CCxP and CCxNP of a channel that is an output */
#define CCMR_3 0x78u   /* its OCxM and OCxPE */
#define CCMR_S 0x03u   /* CCxS, of a channel that is on */
#define LOCK   0x0300u

static unsigned level(const struct tim *tim)
{
	return tim->regs[TIM_BDTR / 4] >> 8 & 3;
}

static uint32_t locked_ccer(const struct tim *tim)
{
	uint32_t bits = 0;

	for (unsigned c = 0; level(tim) >= 2 && c < tim->kind->channels; c++)
		if (tim_channel_compares(tim, c))
			bits |= CCER_2 << 4 * c;
	return bits;
}

/* Of CCMR1 or CCMR2, whose lower channel is `first` */
static uint32_t locked_ccmr(const struct tim *tim, unsigned first)
{
	uint32_t bits = 0;

	for (unsigned c = first; c < first + 2; c++) {
		if (tim->regs[TIM_CCER / 4] >> 4 * c & 1)
			bits |= CCMR_S << 8 * (c - first);
		if (level(tim) == 3 && tim_channel_compares(tim, c))
			bits |= CCMR_3 << 8 * (c - first);
	}
	return bits;
}

uint32_t tim_locked(const struct tim *tim, uint32_t offset)
{
	switch (offset) {
	case TIM_CR2:
		return level(tim) >= 1 ? CR2_1 : 0;
	case TIM_CCMR1:
		return locked_ccmr(tim, 0);
	case TIM_CCMR2:
		return locked_ccmr(tim, 2);
	case TIM_CCER:
		return locked_ccer(tim);
	case TIM_BDTR: /* LOCK itself is taken from the first write alone */
		return (level(tim) >= 1 ? BDTR_1 : 0) | (level(tim) >= 2 ? BDTR_2 : 0) |
		       (tim->lock_written ? LOCK : 0);
	default:
		return 0;
	}
}
