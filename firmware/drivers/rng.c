#include "drivers/rng.h"

#include "drivers/rcc.h"
#include "drivers/wait.h"
#include "hw/reg.h"
#include "hw/regs_misc.h"

/* [RM0090] 24.3: a number takes 40 periods of 48 MHz, less than a microsecond. */
#define NUMBER_US 100u
#define TRIES     3

/* [RM0090] 24.3.1, FIPS 140-2: each number is compared with the one before it. */
static uint32_t last;

static void restart(void)
{
	reg_clear(RNG_CR, RNG_CR_RNGEN);
	/* [RM0090] 24.3.2: writing zero clears. */
	reg_write(RNG_SR, 0);
	reg_set(RNG_CR, RNG_CR_RNGEN);
}

static enum rng_err number(uint32_t *out)
{
	uint32_t sr;
	bool came = wait_for(RNG_SR, RNG_SR_DRDY, RNG_SR_DRDY, NUMBER_US);

	sr = reg_read(RNG_SR);
	if (sr & (RNG_SR_CECS | RNG_SR_CEIS))
		return RNG_NO_CLOCK;
	if (sr & (RNG_SR_SECS | RNG_SR_SEIS))
		return RNG_SEED;
	if (!came)
		return RNG_SILENT;
	*out = reg_read(RNG_DR);
	if (*out == last)
		return RNG_REPEATS;
	last = *out;
	return RNG_OK;
}

/* A seed error may pass when the source is started anew ([RM0090] 24.3.2). */
static enum rng_err number_after_all(uint32_t *out)
{
	enum rng_err err = number(out);
	unsigned i;

	for (i = 1; i < TRIES && err == RNG_SEED; i++) {
		restart();
		err = number(out);
		/* The first number after a start is for comparing only. */
		if (err == RNG_OK)
			err = number(out);
	}
	return err;
}

enum rng_err rng_start(void)
{
	uint32_t first;

	rcc_enable(GATE_RNG);
	restart();
	last = 0;
	return number_after_all(&first);
}

enum rng_err rng_bytes(uint8_t *bytes, size_t len)
{
	enum rng_err err = RNG_OK;
	uint32_t word = 0;
	size_t i;

	for (i = 0; i < len && err == RNG_OK; i++) {
		if (i % 4 == 0)
			err = number_after_all(&word);
		bytes[i] = (uint8_t)(word >> 8 * (i % 4));
	}
	if (err != RNG_OK)
		for (i = 0; i < len; i++)
			bytes[i] = 0;
	return err;
}

const char *rng_words(enum rng_err err)
{
	static const char *const words[] = {
		[RNG_OK] = "ok",
		[RNG_NO_CLOCK] = "no 48 MHz clock",
		[RNG_SEED] = "the noise source fails",
		[RNG_SILENT] = "no number came",
		[RNG_REPEATS] = "a number came twice",
	};

	return words[err];
}
