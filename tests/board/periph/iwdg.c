/*
 * The independent watchdog's registers open with a key and take their time; once started
 * it bites after RLR steps of LSI / 4 << PR, unless it is fed (RM0090 21.3, 21.4).
 */
#include "rule.h"

static KEPT unsigned stage;
static KEPT uint32_t waited;

void rule(void)
{
	if (fresh())
		stage = 0;
	if (stage++ == 1) {
		EXPECT(RCC_CSR & RCC_CSR_IWDGRSTF, RCC_CSR_IWDGRSTF);
		EXPECT_WITHIN(waited, 16 * 9800, 16 * 10200); /* 10 ms */
		EXPECT(IWDG_RLR, 0xFFF);
		EXPECT(IWDG_PR, 0);
		return;
	}
	RCC_CSR |= RCC_CSR_RMVF | RCC_CSR_LSION;
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true);
	IWDG_PR = 3;
	IWDG_RLR = 100;
	EXPECT(IWDG_SR, 0);
	EXPECT(IWDG_RLR, 0xFFF);
	IWDG_KR = 0x5555;
	EXPECT(IWDG_KR, 0);
	IWDG_PR = 3; /* / 32: 1 ms */
	IWDG_RLR = 9;
	EXPECT(IWDG_SR, 3); /* PVU, RVU */
	EXPECT(COMES(IWDG_SR == 0, 16000), true);
	EXPECT(IWDG_PR, 3);
	EXPECT(IWDG_RLR, 9);
	IWDG_KR = 0xAAAA; /* closes it again */
	IWDG_RLR = 1000;
	EXPECT(IWDG_SR, 0);
	IWDG_KR = 0xCCCC;
	IWDG_KR = 0xAAAA;
	for (unsigned i = 0; i < 5; i++) {
		wait_cycles(16 * 8000);
		IWDG_KR = 0xAAAA;
	}
	EXPECT(stage, 1);
	for (uint32_t since = DWT_CYCCNT;;)
		waited = DWT_CYCCNT - since;
}
