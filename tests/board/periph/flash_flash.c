/* A program in flash that programs and erases it stands still until it is done (3.6). */
#include "rule.h"

#define AT 0x080C0000u

void rule(void)
{
	uint32_t since, cycles;

	flash_unlock();
	FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_32;
	since = DWT_CYCCNT;
	REG(AT) = 0xCAFEF00D;
	cycles = DWT_CYCCNT - since;
	EXPECT_WITHIN(cycles, 256, 300); /* 16 us at 16 MHz */
	EXPECT(FLASH_SR & FLASH_SR_BSY, 0);
	EXPECT(REG(AT), 0xCAFEF00D);
	FLASH_CR = FLASH_CR_SER | FLASH_CR_SNB(10u) | FLASH_CR_PSIZE_32;
	since = DWT_CYCCNT;
	FLASH_CR |= FLASH_CR_STRT;
	cycles = DWT_CYCCNT - since;
	EXPECT_WITHIN(cycles, 16000000, 16000100); /* 1 s for 128 KiB */
	EXPECT(FLASH_SR & FLASH_SR_BSY, 0);
	EXPECT(REG(AT), 0xFFFFFFFF);
}
