/*
 * The one-time memory is programmed as flash is, bit by bit from 1 to 0, never erased,
 * and a block is locked by a byte of zero (RM0090 3.7.5, table 16).
 */
#include "rule.h"

#define BLOCK(n) (0x1FFF7800u + 32 * (n))
#define LOCK(n)  (0x1FFF7A00u + (n))

void rule(void)
{
	EXPECT(REG(BLOCK(0)), 0xFFFFFFFF);
	EXPECT(REG(BLOCK(15) + 28), 0xFFFFFFFF);
	EXPECT(REG(LOCK(12)), 0xFFFFFFFF);
	flash_unlock();
	flash_program(BLOCK(2), 0x12345678);
	flash_program(BLOCK(2) + 28, 0);
	flash_program(BLOCK(2), 0xFFFFFF00);
	EXPECT(FLASH_SR, 0);
	EXPECT(REG(BLOCK(2)), 0x12345600);
	EXPECT(REG(BLOCK(2) + 28), 0);
	FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_8;
	BYTE(LOCK(2)) = 0;
	EXPECT(FLASH_SR, 0);
	EXPECT(REG(LOCK(0)), 0xFF00FFFF);
	flash_program(BLOCK(2), 0);
	EXPECT(FLASH_SR, FLASH_SR_WRPERR);
	FLASH_SR = FLASH_SR_WRPERR;
	EXPECT(REG(BLOCK(2)), 0x12345600);
	flash_program(BLOCK(3), 0xC0FFEE); /* its neighbours are not */
	flash_program(BLOCK(1) + 28, 0xC0FFEE);
	EXPECT(FLASH_SR, 0);
	EXPECT(REG(BLOCK(3)), 0xC0FFEE);
	EXPECT(REG(BLOCK(1) + 28), 0xC0FFEE);
}
