/* Comma-separated values: what is accepted can be written and is read again as it was. */
#include "fuzz.h"

#include "csv.h"

#include <stdio.h>

static bool is_blank_row(const struct csv_row *row)
{
	return row->n == 1 && !row->cells[0].text[0];
}

static char *write_rows(const struct csv *csv, size_t *len)
{
	char *text = NULL, cell[8192];
	FILE *to = open_memstream(&text, len);

	must(to != NULL);
	for (size_t i = 0; i < csv->n; i++) {
		/* A lone empty field would be a blank line. */
		if (is_blank_row(&csv->rows[i]))
			fputs("\"\"", to);
		for (size_t k = 0; k < csv->rows[i].n; k++) {
			csv_quote(csv->rows[i].cells[k].text, cell, sizeof(cell));
			fprintf(to, "%s%s", k ? "," : "", cell);
		}
		fputc('\n', to);
	}
	fclose(to);
	return text;
}

static void check_same_rows(const struct csv *a, const struct csv *b)
{
	must(a->n == b->n);
	for (size_t i = 0; i < a->n; i++) {
		must(a->rows[i].n == b->rows[i].n);
		for (size_t k = 0; k < a->rows[i].n; k++)
			must(strcmp(a->rows[i].cells[k].text, b->rows[i].cells[k].text) ==
			     0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct csv_error err = { 0 };
	struct csv csv, again;
	char *text;

	if (!csv_parse((const char *)bytes, len, &csv, &err)) {
		must(err.line > 0 && err.column > 0 && err.msg[0]);
		return 0;
	}
	text = write_rows(&csv, &len);
	must(csv_parse(text, len, &again, &err));
	check_same_rows(&csv, &again);
	free(text);
	csv_free(&again);
	csv_free(&csv);
	return 0;
}
