/* Random numbers from the chip. Where anything is wrong with them, there are none. */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rng_err {
	RNG_OK,
	RNG_NO_CLOCK, /* 48 MHz from the PLL is missing, or too slow */
	RNG_SEED,     /* the noise source fails, also when it is started anew */
	RNG_SILENT,   /* no number came */
	RNG_REPEATS   /* the same number twice in a row */
};

/* Needs rcc_clock_start() to have given CLOCK_PLL. */
enum rng_err rng_start(void);

/* `len` bytes; on an error `bytes` is all zero. */
enum rng_err rng_bytes(uint8_t *bytes, size_t len);

const char *rng_words(enum rng_err err);

#endif
