/*
 * What a flash would lose if the power went: the bytes of partly covered sectors, stored
 * before the first erase and taken away after the verify. One text file a board:
 *
 *     stmiot journal 1
 *     sector 0x08000000
 *     keep 0x08003910 00112233...
 *     crc 1a2b3c4d
 *
 * Each erased sector has a line, since one that was being erased when the power went may
 * read as blank without being it. The CRC-32 is over all lines before its own.
 */
#ifndef DFU_JOURNAL_H
#define DFU_JOURNAL_H

#include "error.h"

struct journal_piece {
	uint32_t addr;
	uint32_t len; /* 0 marks a sector that was to be erased */
	uint8_t *data;
};

struct journal {
	char path[512];
	size_t n;
	struct journal_piece *pieces;
};

/*
 * The board's journal, empty when there is none. DFU_ERR_FORMAT for one that is damaged:
 * the file is left for a person to look at.
 */
int journal_open(const char *dir, const struct dfu_board *board, struct journal *j,
		 struct dfu_error *err);

/* Parse the text of a journal; for journal_open and its tests. */
int journal_parse(const char *text, size_t len, struct journal *j, struct dfu_error *err);

/* Add a piece (the bytes are copied), or a sector when `len` is 0. */
int journal_add(struct journal *j, uint32_t addr, const uint8_t *data, uint32_t len,
		struct dfu_error *err);

/* Put it on the disk for good, or take it away. */
int journal_store(const struct journal *j, struct dfu_error *err);
int journal_remove(const struct journal *j, struct dfu_error *err);

/* Forget the pieces, not the path. */
void journal_clear(struct journal *j);

#endif
