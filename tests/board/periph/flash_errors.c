/* The error flags of FLASH_SR: what raises each, and that writing 1 clears it (3.9.4). */
#include "rule.h"

#define AT 0x080E0000u

static volatile uint32_t seen;

static void on_flash(void)
{
	seen = FLASH_SR;
	FLASH_SR = seen;
}

void rule(void)
{
	REG(AT) = 0; /* locked */
	EXPECT(FLASH_SR, FLASH_SR_PGSERR);
	FLASH_SR = 0;
	EXPECT(FLASH_SR, FLASH_SR_PGSERR);
	FLASH_SR = FLASH_SR_PGSERR;
	EXPECT(FLASH_SR, 0);
	flash_unlock();
	REG(AT) = 0; /* without PG */
	EXPECT(FLASH_SR, FLASH_SR_PGSERR);
	FLASH_SR = FLASH_SR_PGSERR;
	FLASH_CR = FLASH_CR_SER | FLASH_CR_PG | FLASH_CR_PSIZE_32; /* with too much */
	REG(AT) = 0;
	EXPECT(FLASH_SR, FLASH_SR_PGSERR);
	FLASH_SR = FLASH_SR_PGSERR;
	EXPECT(REG(AT), 0xFFFFFFFF);
	/* the end shows with its interrupt enabled, and so does an error */
	on_irq(FLASH_IRQ, on_flash);
	FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_32 | FLASH_CR_EOPIE;
	REG(AT) = 0x600D;
	EXPECT(COMES(seen, 1000), true);
	EXPECT(seen, FLASH_SR_EOP);
	EXPECT(FLASH_SR, 0);
	seen = 0;
	FLASH_CR = FLASH_CR_PSIZE_32 | FLASH_CR_ERRIE;
	REG(AT) = 0;
	EXPECT(COMES(seen, 1000), true);
	EXPECT(seen, FLASH_SR_PGSERR | FLASH_SR_OPERR);
	EXPECT(REG(AT), 0x600D);
}
