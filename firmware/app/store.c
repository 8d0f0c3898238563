#include "app/store.h"

#include "drivers/flash.h"
#include "drivers/rng.h"
#include "hw/memory.h"
#include "hw/reg.h"

#include <stddef.h>

#define MAGIC     0x424d5453u /* "STMB" */
#define EPOCH_AT  (STORE_BASE + 0x04u)
#define BITS_AT   (STORE_BASE + 0x10u)
#define BITS_END  (STORE_BASE + 0x1000u)
#define BLANK     0xffffffffu
#define WORD_BITS 32u

static bool is_ready(void)
{
	return reg_read(STORE_BASE) == MAGIC &&
	       reg_read(EPOCH_AT) == ~reg_read(EPOCH_AT + 4);
}

/* The word behind the last that has a cleared bit; BITS_AT when none has. */
static uint32_t end_of_used(void)
{
	uint32_t at = BITS_END;

	while (at > BITS_AT && reg_read(at - 4) == BLANK)
		at -= 4;
	return at;
}

/* How many bits of a word are used: up to the highest that is cleared. */
static unsigned used_bits(uint32_t word)
{
	unsigned n = 0;

	while (word != BLANK) {
		word = word >> 1 | 1u << (WORD_BITS - 1);
		n++;
	}
	return n;
}

/* Clear the next bit. *boot is its number from 1 on; 0 when there is none left. */
static enum flash_err count_start(uint32_t *boot)
{
	uint32_t at = end_of_used(), word;
	unsigned bit = at > BITS_AT ? used_bits(reg_read(at - 4)) : WORD_BITS;

	*boot = 0;
	if (bit == WORD_BITS)
		bit = 0;
	else
		at -= 4;
	if (at == BITS_END)
		return FLASH_OK;
	*boot = (at - BITS_AT) / 4 * WORD_BITS + bit + 1;
	word = reg_read(at) & ~(1u << bit);
	return flash_program(at, &word, 1);
}

static bool is_blank(void)
{
	uint32_t at = STORE_BASE;

	while (at < BITS_END && reg_read(at) == BLANK)
		at += 4;
	return at == BITS_END;
}

/* The magic last: what was cut off before that is erased again. */
static enum flash_err make_ready(uint32_t epoch)
{
	const uint32_t words[2] = { epoch, ~epoch }, magic = MAGIC;
	enum flash_err err = is_blank() ? FLASH_OK : flash_erase(STORE_SECTOR);

	if (err == FLASH_OK)
		err = flash_program(EPOCH_AT, words, 2);
	if (err == FLASH_OK)
		err = flash_program(STORE_BASE, &magic, 1);
	return err;
}

static bool draw_epoch(struct store_start *s)
{
	uint8_t bytes[4];
	enum rng_err err = rng_bytes(bytes, sizeof(bytes));

	if (err != RNG_OK) {
		s->why = rng_words(err);
		return false;
	}
	s->epoch = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
		   (uint32_t)bytes[3] << 24;
	return true;
}

/* Another epoch: kept when the flash takes it, else for this start alone. */
static void begin_epoch(struct store_start *s)
{
	enum flash_err err;

	if (!draw_epoch(s))
		return;
	s->named = true;
	err = make_ready(s->epoch);
	if (err == FLASH_OK)
		err = count_start(&s->boot);
	if (err == FLASH_OK)
		return;
	s->why = flash_words(err);
	s->boot = 0;
	/* What was half kept must not be gone on with by the next start. */
	s->named = draw_epoch(s);
}

struct store_start store_begin(void)
{
	struct store_start s = { 0 };

	if (is_ready()) {
		enum flash_err err = count_start(&s.boot);

		s.epoch = reg_read(EPOCH_AT);
		s.named = err == FLASH_OK && s.boot > 0;
		if (s.named)
			return s;
		s.boot = 0;
		if (err != FLASH_OK) {
			s.named = draw_epoch(&s);
			s.why = flash_words(err);
			return s;
		}
	}
	begin_epoch(&s);
	return s;
}
