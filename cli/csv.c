#include "csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *at, *end, *line_start;
	unsigned line;
	struct csv_error *err;
};

static unsigned column(const struct reader *r, const char *at)
{
	return (unsigned)(at - r->line_start) + 1;
}

__attribute__((format(printf, 3, 4))) static bool
wrong(const struct reader *r, const char *at, const char *fmt, ...)
{
	va_list ap;

	r->err->line = r->line;
	r->err->column = column(r, at);
	va_start(ap, fmt);
	vsnprintf(r->err->msg, sizeof(r->err->msg), fmt, ap);
	va_end(ap);
	return false;
}

static bool no_memory(const struct reader *r)
{
	*r->err = (struct csv_error){ .msg = "no memory for the rows" };
	return false;
}

/* How many bytes end a line here: 0, 1 for LF, 2 for CRLF. */
static size_t line_end(const struct reader *r)
{
	size_t left = (size_t)(r->end - r->at);

	if (left && r->at[0] == '\n')
		return 1;
	return left > 1 && r->at[0] == '\r' && r->at[1] == '\n' ? 2 : 0;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Behind an opening quote: *len bytes into `to`, which has room for all of the file. */
static bool read_quoted(struct reader *r, char *to, size_t *len)
{
	const char *open = r->at++;

	for (;;) {
		if (r->at == r->end || line_end(r))
			return wrong(r, open, "the quote that begins here is not closed");
		if (*r->at == '"') {
			r->at++;
			if (r->at == r->end || *r->at != '"')
				break;
		} else if (is_control(*r->at)) {
			return wrong(r, r->at, "a control character");
		}
		to[(*len)++] = *r->at++;
	}
	if (r->at < r->end && *r->at != ',' && !line_end(r))
		return wrong(r, r->at, "a comma must follow the closing quote");
	return true;
}

static bool read_bare(struct reader *r, char *to, size_t *len)
{
	while (r->at < r->end && *r->at != ',' && !line_end(r)) {
		if (*r->at == '"')
			return wrong(r, r->at,
				     "a quote in the middle of a field without quotes");
		if (is_control(*r->at))
			return wrong(r, r->at, "a control character");
		to[(*len)++] = *r->at++;
	}
	return true;
}

static size_t field_bytes_at_most(const struct reader *r)
{
	const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));

	return (size_t)((end ? end : r->end) - r->at);
}

static bool read_cell(struct reader *r, struct csv_row *row)
{
	struct csv_cell *more = realloc(row->cells, (row->n + 1) * sizeof(*more));
	const char *start = r->at;
	size_t len = 0;
	char *text;

	if (!more)
		return no_memory(r);
	row->cells = more;
	text = malloc(field_bytes_at_most(r) + 1);
	if (!text)
		return no_memory(r);
	row->cells[row->n++] =
		(struct csv_cell){ .text = text, .column = column(r, start) };
	if (r->at < r->end && *r->at == '"' ? !read_quoted(r, text, &len)
					    : !read_bare(r, text, &len))
		return false;
	text[len] = '\0';
	return true;
}

static bool read_row(struct reader *r, struct csv *out)
{
	struct csv_row *more = realloc(out->rows, (out->n + 1) * sizeof(*more)), *row;

	if (!more)
		return no_memory(r);
	out->rows = more;
	row = &more[out->n++];
	*row = (struct csv_row){ .line = r->line };
	while (read_cell(r, row)) {
		if (r->at == r->end || *r->at != ',')
			return true;
		r->at++;
	}
	return false;
}

static void skip_comment(struct reader *r)
{
	while (r->at < r->end && !line_end(r))
		r->at++;
}

bool csv_parse(const char *text, size_t len, struct csv *out, struct csv_error *err)
{
	struct reader r = { .at = text, .end = text + len, .line = 1, .err = err };

	*out = (struct csv){ 0 };
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	while (r.at < r.end) {
		r.line_start = r.at;
		if (*r.at == '#')
			skip_comment(&r);
		else if (!line_end(&r) && !read_row(&r, out)) {
			csv_free(out);
			return false;
		}
		r.at += line_end(&r);
		r.line++;
	}
	return true;
}

void csv_free(struct csv *csv)
{
	for (size_t i = 0; i < csv->n; i++) {
		for (size_t k = 0; k < csv->rows[i].n; k++)
			free(csv->rows[i].cells[k].text);
		free(csv->rows[i].cells);
	}
	free(csv->rows);
	*csv = (struct csv){ 0 };
}

const char *csv_quote(const char *text, char *to, size_t bytes)
{
	size_t at = 0;

	/* '#' would begin a comment, and 0xef may be a byte order mark. */
	if (!strpbrk(text, ",\"\r\n") && *text != '#' && *text != '\xef') {
		snprintf(to, bytes, "%s", text);
		return to;
	}
	to[at++] = '"';
	for (; *text && at + 3 < bytes; text++) {
		if (*text == '"')
			to[at++] = '"';
		to[at++] = *text;
	}
	to[at++] = '"';
	to[at] = '\0';
	return to;
}
