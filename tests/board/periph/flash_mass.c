/* MER erases all sectors, under the feet of whoever is not in RAM (RM0090 3.6.3). */
#include "rule.h"

#define SEMIHOSTING_EXIT 0x20

static uint32_t block[2] = { 0x20026, __LINE__ }; /* an end that is not well */

/* What rule.h has is gone with the flash: the end is told from here. */
RAMCODE static void erase(void)
{
	bool blank = true;

	FLASH_CR = FLASH_CR_MER | FLASH_CR_PSIZE_32;
	FLASH_CR |= FLASH_CR_STRT;
	while (FLASH_SR & FLASH_SR_BSY)
		;
	for (uint32_t at = 0x08000000; at < 0x08100000; at += 0x400)
		blank = blank && REG(at) == 0xFFFFFFFF;
	if (blank && REG(0x080FFFFC) == 0xFFFFFFFF && FLASH_SR == 0)
		block[1] = 0;
	__asm__ volatile("mov r0, %0\n\tmov r1, %1\n\tbkpt 0xAB"
			 :
			 : "r"(SEMIHOSTING_EXIT), "r"(block)
			 : "r0", "r1", "memory");
}

void rule(void)
{
	flash_unlock();
	flash_program(0x080FFFFC, 0);
	EXPECT(REG(0x080FFFFC), 0);
	irqs_off();
	RCC_CFGR = 11u << 4; /* 1 MHz: it takes 8 s */
	erase();
}
