/*
 * A sector whose bit in nWRP is 0 can be neither programmed nor erased: FLASH_OPTCR
 * writes the option bytes with OPTSTRT, and shows them after a reset (RM0090 3.7.1,
 * 3.7.4).
 */
#include "rule.h"

#define AT       0x080E0000u
#define USER_RDP HALFWORD(0x1FFFC000u)
#define NWRP     HALFWORD(0x1FFFC008u)

static KEPT unsigned stage;

static void write_options(uint32_t optcr)
{
	option_write(optcr);
	EXPECT(FLASH_OPTCR & FLASH_OPTCR_OPTSTRT, 0);
	FLASH_OPTCR |= 1;
}

static void protected(void)
{
	EXPECT(FLASH_OPTCR, 0x07FFAAED);
	flash_unlock();
	flash_program(AT, 0);
	EXPECT(FLASH_SR, FLASH_SR_WRPERR);
	FLASH_SR = FLASH_SR_WRPERR;
	flash_erase(11);
	EXPECT(FLASH_SR, FLASH_SR_WRPERR);
	FLASH_SR = FLASH_SR_WRPERR;
	EXPECT(REG(AT), 0xC0FFEE);
	flash_program(AT - 4, 0xC0FFEE); /* the sector before it */
	EXPECT(FLASH_SR, 0);
	EXPECT(REG(AT - 4), 0xC0FFEE);
}

static void first(void)
{
	EXPECT(USER_RDP & 0xFFEC, 0xAAEC);
	EXPECT(NWRP & 0xFFF, 0xFFF);
	flash_unlock();
	flash_program(AT, 0xC0FFEE);
	write_options(0x07FFAAEC);
	protected();
	stage = 1;
	system_reset();
}

void rule(void)
{
	if (fresh())
		stage = 0;
	RCC_CSR |= RCC_CSR_RMVF;
	if (stage == 0)
		first();
	EXPECT(NWRP & 0xFFF, 0x7FF);
	protected();
	write_options(0x0FFFAAEC);
	flash_unlock();
	flash_erase(11);
	EXPECT(FLASH_SR, 0);
	EXPECT(REG(AT), 0xFFFFFFFF);
}
