#include "drivers/flash.h"

#include "drivers/wait.h"
#include "hw/cpu.h"
#include "hw/memory.h"
#include "hw/reg.h"
#include "hw/regs_flash.h"

/* [DS8626] flash memory programming, x32: a word 100 us, a sector of 128 KiB 2 s at most. */
#define WORD_US  1000u
#define ERASE_US 4000000u

#define SR_ERRORS                                                                        \
	(FLASH_SR_OPERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR |          \
	 FLASH_SR_PGSERR)

/* What has been read before may have changed ([RM0090] 3.5.2). */
static void drop_caches(void)
{
	uint32_t acr = reg_read(FLASH_ACR);
	uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

	reg_write(FLASH_ACR, off);
	reg_write(FLASH_ACR, off | FLASH_ACR_ICRST | FLASH_ACR_DCRST);
	reg_write(FLASH_ACR, off);
	reg_write(FLASH_ACR, acr);
}

static enum flash_err wait_idle(uint32_t budget_us)
{
	uint32_t sr;

	if (!wait_for(FLASH_SR, FLASH_SR_BSY, 0, budget_us))
		return FLASH_BUSY;
	sr = reg_read(FLASH_SR);
	/* A one clears. */
	reg_write(FLASH_SR, SR_ERRORS | FLASH_SR_EOP);
	return sr & FLASH_SR_WRPERR ? FLASH_PROTECTED
	       : sr & SR_ERRORS     ? FLASH_SEQUENCE
				    : FLASH_OK;
}

static enum flash_err unlock(void)
{
	/* A complaint about an earlier user is none about us. */
	if (wait_idle(ERASE_US) == FLASH_BUSY)
		return FLASH_BUSY;
	if (reg_read(FLASH_CR) & FLASH_CR_LOCK) {
		reg_write(FLASH_KEYR, FLASH_KEY1);
		reg_write(FLASH_KEYR, FLASH_KEY2);
	}
	return reg_read(FLASH_CR) & FLASH_CR_LOCK ? FLASH_LOCKED : FLASH_OK;
}

void flash_lock(void)
{
	reg_write(FLASH_CR, FLASH_CR_LOCK);
}

enum flash_err flash_erase(unsigned sector)
{
	enum flash_err err = unlock();
	uint32_t cr = FLASH_CR_SER | FLASH_CR_SNB(sector) | FLASH_CR_PSIZE_X32;

	if (err != FLASH_OK)
		return err;
	reg_write(FLASH_CR, cr);
	reg_write(FLASH_CR, cr | FLASH_CR_STRT);
	err = wait_idle(ERASE_US);
	flash_lock();
	drop_caches();
	return err;
}

static enum flash_err program_word(uint32_t addr, uint32_t word)
{
	reg_write(addr, word);
	/* It must have reached the flash before that is asked whether it is busy. */
	cpu_barrier();
	return wait_idle(WORD_US);
}

enum flash_err flash_program(uint32_t addr, const uint32_t *words, size_t n)
{
	enum flash_err err = unlock();
	size_t i;

	if (err != FLASH_OK)
		return err;
	reg_write(FLASH_CR, FLASH_CR_PG | FLASH_CR_PSIZE_X32);
	for (i = 0; i < n && err == FLASH_OK; i++)
		err = program_word(addr + 4 * (uint32_t)i, words[i]);
	flash_lock();
	drop_caches();
	for (i = 0; i < n && err == FLASH_OK; i++)
		if (reg_read(addr + 4 * (uint32_t)i) != words[i])
			err = FLASH_WRONG;
	return err;
}

const char *flash_words(enum flash_err err)
{
	static const char *const words[] = {
		[FLASH_OK] = "ok",
		[FLASH_BUSY] = "the flash does not come to an end",
		[FLASH_LOCKED] = "the flash does not take its keys",
		[FLASH_PROTECTED] = "the sector is write-protected",
		[FLASH_SEQUENCE] = "the flash refuses",
		[FLASH_WRONG] = "the flash does not hold what was written",
	};

	return words[err];
}

/* -- one-time memory ---------------------------------------------------------------- */

const uint8_t *otp_block(unsigned block)
{
	return mem_at(OTP_BASE + block * OTP_BLOCK_BYTES);
}

/* 0x00 locks; what is neither that nor 0xff is a lock that was cut off. */
bool otp_is_locked(unsigned block)
{
	return *mem_at(OTP_LOCKS + block) != 0xff;
}
