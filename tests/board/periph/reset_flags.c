/*
 * RCC_CSR says why the chip was reset, and adds it up until RMVF; each reset pulls the
 * pin low, which shows too (RM0090 7.1.1, 7.3.21).
 */
#include "rule.h"

#define FLAGS 0xFE000000u

static KEPT unsigned stage;

static const uint32_t want[] = {
	0x0E000000, /* power: POR, BOR, and the pin */
	0x14000000, /* software */
	0x24000000, /* the independent watchdog */
	0x44000000, /* the window watchdog */
	0x04000000, /* the pin alone */
	0x14000000, /* software again, and that is left standing */
	0x34000000,
};

static void let_iwdg_bite(void)
{
	IWDG_KR = 0xCCCC;
	IWDG_KR = 0x5555;
	IWDG_RLR = 1;
	while (IWDG_SR)
		;
	IWDG_KR = 0xAAAA;
	for (;;)
		sleep();
}

static void next(void)
{
	switch (stage++) {
	case 0:
	case 4:
		system_reset();
	case 1:
	case 5:
		let_iwdg_bite();
		break;
	case 2:
		RCC_APB1ENR |= BIT(11);
		WWDG_CR = BIT(7); /* below 0x40 */
		break;
	case 3:
		by_hand("reset");
		break;
	default:
		return;
	}
	wait_cycles(100000);
	UNREACHED();
}

void rule(void)
{
	if (fresh())
		stage = 0;
	EXPECT(RCC_CSR & FLAGS, want[stage]);
	if (stage != 5) {
		RCC_CSR |= RCC_CSR_RMVF;
		EXPECT(RCC_CSR & FLAGS, 0);
	}
	next();
	EXPECT(stage, 7);
}
