/* Comma-separated values (RFC 4180), as people and spreadsheets write them. */
#ifndef CSV_H
#define CSV_H

#include <stdbool.h>
#include <stddef.h>

struct csv_cell {
	char *text;
	unsigned column; /* of its first byte in the line, from 1 */
};

struct csv_row {
	unsigned line; /* from 1 */
	size_t n;
	struct csv_cell *cells;
};

struct csv {
	struct csv_row *rows;
	size_t n;
};

/* Where a file is malformed; `line` 0 means that memory ran out. */
struct csv_error {
	unsigned line, column;
	char msg[160];
};

/*
 * Parse a whole file. Lines end in LF or CRLF, the last one may end without; a byte order
 * mark, blank lines and lines that begin with '#' are skipped. A field in quotes may hold
 * commas and doubled quotes, none holds a control character. False with `err` filled in.
 */
bool csv_parse(const char *text, size_t len, struct csv *out, struct csv_error *err);
void csv_free(struct csv *csv);

/* A field for a line of output, quoted where it must be; cut to `bytes`. Returns `to`. */
const char *csv_quote(const char *text, char *to, size_t bytes);

#endif
