/*
 * FLASH_CR opens to two keys in their order and closes by LOCK; a wrong key is a bus
 * error, and it stays closed until the next reset. FLASH_OPTCR has its own (RM0090
 * 3.6.1, 3.7.2).
 */
#include "rule.h"

static KEPT unsigned stage;
static volatile unsigned faults;

static void on_fault(void)
{
	faults++;
	skip_fault();
}

static void right(void)
{
	FLASH_CR = FLASH_CR_PG;
	EXPECT(FLASH_CR, FLASH_CR_LOCK);
	FLASH_KEYR = 0x45670123;
	EXPECT(FLASH_CR, FLASH_CR_LOCK);
	FLASH_KEYR = 0xCDEF89AB;
	EXPECT(FLASH_CR, 0);
	FLASH_CR = FLASH_CR_PG;
	EXPECT(FLASH_CR, FLASH_CR_PG);
	FLASH_CR = FLASH_CR_LOCK;
	FLASH_CR = 0;
	EXPECT(FLASH_CR, FLASH_CR_LOCK);
	flash_unlock(); /* as often as one likes */
	EXPECT(FLASH_CR, 0);
	FLASH_OPTCR = 0;
	EXPECT(FLASH_OPTCR, 0x0FFFAAED);
	FLASH_OPTKEYR = 0x08192A3B;
	FLASH_OPTKEYR = 0x4C5D6E7F;
	EXPECT(FLASH_OPTCR, 0x0FFFAAEC);
	FLASH_OPTCR |= 1;
	EXPECT(FLASH_OPTCR, 0x0FFFAAED);
	EXPECT(faults, 0);
}

static void wrong(void)
{
	FLASH_CR = FLASH_CR_LOCK;
	FLASH_KEYR = 0xCDEF89AB; /* the second one first */
	EXPECT(faults, 1);
	flash_unlock();
	EXPECT(FLASH_CR, FLASH_CR_LOCK);
	/* of the option's keys the manual tells of no bus error */
	FLASH_OPTKEYR = 0x08192A3B;
	FLASH_OPTKEYR = 0x08192A3B;
	FLASH_OPTKEYR = 0x08192A3B;
	FLASH_OPTKEYR = 0x4C5D6E7F;
	EXPECT(FLASH_OPTCR, 0x0FFFAAED);
}

void rule(void)
{
	if (fresh())
		stage = 0;
	RCC_CSR |= RCC_CSR_RMVF;
	on_exception(3, on_fault);
	if (stage++ == 0) {
		right();
		wrong();
		system_reset();
	}
	flash_unlock();
	EXPECT(FLASH_CR, 0);
}
