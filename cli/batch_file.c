/* The lines of a batch file, checked before anything is touched. */
#include "batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const heads[] = { "board", "device_id", "hub" };

__attribute__((format(printf, 4, 5))) static bool
wrong(struct csv_error *err, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;

	err->line = line;
	err->column = column;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return false;
}

static bool check_header(const struct csv *csv, struct csv_error *err)
{
	const struct csv_row *row = csv->rows;

	if (!csv->n)
		return wrong(err, 1, 1, "the header board,device_id[,hub] is missing");
	if (row->n < 2 || row->n > 3)
		return wrong(err, row->line, 1,
			     "the header has %zu fields; it is board,device_id[,hub]",
			     row->n);
	for (size_t i = 0; i < row->n; i++)
		if (strcmp(row->cells[i].text, heads[i]) != 0)
			return wrong(err, row->line, row->cells[i].column,
				     "the header has \"%.40s\" where \"%s\" should be",
				     row->cells[i].text, heads[i]);
	return true;
}

static bool check_fields(const struct csv_row *row, size_t columns, struct csv_error *err)
{
	const struct csv_cell *last = &row->cells[row->n - 1];
	struct prov_error id;

	if (row->n > columns)
		return wrong(err, row->line, row->cells[columns].column,
			     "a field more than the header has");
	if (row->n < columns)
		return wrong(err, row->line, last->column + (unsigned)strlen(last->text),
			     "%zu fields; the header has %zu", row->n, columns);
	if (!row->cells[0].text[0])
		return wrong(err, row->line, row->cells[0].column, "no board is named");
	if (row->cells[1].text[0] && prov_device_id_check(row->cells[1].text, &id) < 0)
		return wrong(err, row->line, row->cells[1].column, "%.140s", id.msg);
	return true;
}

static struct batch_line take(const struct csv_row *row)
{
	return (struct batch_line){
		.line = row->line,
		.board = row->cells[0].text,
		.device_id = row->cells[1].text,
		.hub = row->n > 2 && row->cells[2].text[0] ? row->cells[2].text : NULL,
		.board_column = row->cells[0].column,
		.device_column = row->cells[1].column,
	};
}

static int by_board(const void *a, const void *b)
{
	const struct batch_line *x = a, *y = b;
	int order = strcmp(x->board, y->board);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_device(const void *a, const void *b)
{
	const struct batch_line *x = a, *y = b;
	int order = strcmp(x->device_id, y->device_id);

	if (!order)
		order = strcmp(x->hub ? x->hub : "", y->hub ? y->hub : "");
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool same_device(const struct batch_line *x, const struct batch_line *y)
{
	return x->device_id[0] && strcmp(x->device_id, y->device_id) == 0 &&
	       strcmp(x->hub ? x->hub : "", y->hub ? y->hub : "") == 0;
}

/* On a copy, which is sorted. */
static bool check_twice(struct batch_line *lines, size_t n, struct csv_error *err)
{
	qsort(lines, n, sizeof(*lines), by_board);
	for (size_t i = 1; i < n; i++)
		if (strcmp(lines[i - 1].board, lines[i].board) == 0)
			return wrong(err, lines[i].line, lines[i].board_column,
				     "the board \"%.40s\" is in line %u already",
				     lines[i].board, lines[i - 1].line);
	qsort(lines, n, sizeof(*lines), by_device);
	for (size_t i = 1; i < n; i++)
		if (same_device(&lines[i - 1], &lines[i]))
			return wrong(err, lines[i].line, lines[i].device_column,
				     "the device \"%.40s\" is in line %u already",
				     lines[i].device_id, lines[i - 1].line);
	return true;
}

bool batch_lines(const struct csv *csv, struct batch_line **out, size_t *n,
		 struct csv_error *err)
{
	size_t count = csv->n ? csv->n - 1 : 0;
	struct batch_line *lines = calloc(2 * count + 1, sizeof(*lines));
	bool good = lines && check_header(csv, err);

	if (!lines)
		wrong(err, 0, 0, "no memory for the rows");
	if (good && count > BATCH_ROWS_MAX)
		good = wrong(err, csv->rows[BATCH_ROWS_MAX + 1].line, 1,
			     "more than %u boards", BATCH_ROWS_MAX);
	for (size_t i = 0; good && i < count; i++) {
		good = check_fields(&csv->rows[i + 1], csv->rows->n, err);
		if (good)
			lines[i] = lines[count + i] = take(&csv->rows[i + 1]);
	}
	if (good)
		good = check_twice(lines + count, count, err);
	if (!good) {
		free(lines);
		return false;
	}
	*out = lines;
	*n = count;
	return true;
}
