/*
 * The state folder: what of a chip outlives a power cut. Each write is in the file when
 * the call returns, and so survives the process, however it ends.
 */
#ifndef BOARD_STORE_H
#define BOARD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_file { STORE_FLASH, STORE_OTP, STORE_OPTIONS, STORE_FILES };

/* What a chip is rather than holds. */
struct chip {
	uint32_t uid[3]; /* the 96 bits at 0x1FFF7A10 */
	unsigned rev;    /* bcdDevice of the ROM: 0x2200 or 0x2100 */
	bool boot0;      /* the jumper */
};

/*
 * Opens `dir`, making it if need be, and locks it: a chip is in one place at a time.
 * NULL: `err` says why.
 */
struct store *store_open(const char *dir, char *err, size_t err_bytes);
void store_close(struct store *store);
int store_dirfd(const struct store *store);

/*
 * Reads a whole file into `bytes`; a file that is not there yet is made from what `bytes`
 * holds. Each returns 0, or -1 with the words in store_error().
 */
int store_load(struct store *store, enum store_file file, uint8_t *bytes, size_t len);
int store_save(struct store *store, enum store_file file, size_t at, const uint8_t *bytes,
	       size_t len);
/* Returns 1 when there was no chip yet; `*chip` is then untouched. */
int store_load_chip(struct store *store, struct chip *chip);
int store_save_chip(struct store *store, const struct chip *chip);

/* The first failure, NULL while there was none. */
const char *store_error(const struct store *store);

/* 24 hex digits, as --uid takes them */
bool chip_parse_uid(uint32_t uid[3], const char *digits);

#endif
