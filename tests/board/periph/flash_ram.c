/*
 * Flash that a program in RAM erases and programs: it goes on meanwhile and sees BSY
 * (RM0090 3.6.3, 3.6.4). The times are the data sheet's typical ones, table 41.
 */
#include "rule.h"

#define SECTOR 11
#define AT     0x080E0000u

/* Cycles from the start until BSY falls; `polls` how often it was seen */
RAMCODE static uint32_t erase(unsigned *polls)
{
	uint32_t since = DWT_CYCCNT;

	FLASH_CR = FLASH_CR_SER | FLASH_CR_SNB(SECTOR) | FLASH_CR_PSIZE_32;
	FLASH_CR |= FLASH_CR_STRT;
	for (*polls = 0; FLASH_SR & FLASH_SR_BSY; ++*polls)
		;
	return DWT_CYCCNT - since;
}

RAMCODE static uint32_t program(uint32_t at, uint32_t word, unsigned *polls)
{
	uint32_t since = DWT_CYCCNT;

	FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_32;
	REG(at) = word;
	for (*polls = 0; FLASH_SR & FLASH_SR_BSY; ++*polls)
		;
	return DWT_CYCCNT - since;
}

void rule(void)
{
	unsigned polls;

	flash_unlock();
	irqs_off(); /* the vectors are in flash */
	EXPECT_WITHIN(program(AT, 0x12345678, &polls), 16 * 16, 16 * 20);
	EXPECT(polls > 20, true);
	EXPECT(REG(AT), 0x12345678);
	EXPECT_WITHIN(erase(&polls), 16000000, 16100000);
	EXPECT(polls > 1000000, true);
	EXPECT(REG(AT), 0xFFFFFFFF);
	EXPECT(FLASH_SR, 0);
	EXPECT(FLASH_CR & FLASH_CR_STRT, 0);
}
