/* Tables for people: columns as wide as their widest cells, two spaces between. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 12

struct table {
	unsigned columns;
	size_t n, room;
	size_t widths[COLUMNS];
	char *(*rows)[COLUMNS];
	bool failed;
};

struct table *table_new(unsigned columns, const char *const *heads)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns < COLUMNS ? columns : COLUMNS;
	if (heads)
		table_row(t, heads);
	return t;
}

/* Characters, not bytes: each that is no continuation byte of UTF-8. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void table_row(struct table *t, const char *const *cells)
{
	unsigned i;

	if (!t)
		return;
	if (t->n == t->room) {
		size_t room = t->room ? t->room * 2 : 16;
		void *more = realloc(t->rows, room * sizeof(*t->rows));

		if (!more) {
			t->failed = true;
			return;
		}
		t->rows = more;
		t->room = room;
	}
	for (i = 0; i < t->columns; i++) {
		char *cell = strdup(clean(cells[i] && *cells[i] ? cells[i] : "-"));
		size_t width = cell ? width_of(cell) : 0;

		t->rows[t->n][i] = cell;
		t->failed |= !cell;
		if (width > t->widths[i])
			t->widths[i] = width;
	}
	t->n++;
}

void table_free(struct table *t)
{
	size_t row;
	unsigned i;

	for (row = 0; t && row < t->n; row++)
		for (i = 0; i < t->columns; i++)
			free(t->rows[row][i]);
	if (t)
		free(t->rows);
	free(t);
}

int table_print(struct table *t)
{
	bool failed = !t || t->failed;
	size_t row;
	unsigned i;

	if (failed)
		complain("no memory for the table");
	for (row = 0; t && row < t->n; row++) {
		for (i = 0; i < t->columns; i++) {
			char *cell = t->rows[row][i];

			if (cell && !failed)
				out("%s%*s", cell,
				    i + 1 < t->columns
					    ? (int)(t->widths[i] + 2 - width_of(cell))
					    : 0,
				    "");
		}
		if (!failed)
			out("\n");
	}
	table_free(t);
	return failed ? EXIT_FAILED : EXIT_DONE;
}
