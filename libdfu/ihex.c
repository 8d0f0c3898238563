/*
 * Intel HEX, "Hexadecimal Object File Format Specification", revision A, 1988. A line is
 * ':', the number of data bytes, a 16-bit offset, the type, the data, and a checksum that
 * makes the sum of all bytes 0.
 */
#include "image.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TYPE_DATA = 0,
	TYPE_END = 1,
	TYPE_SEGMENT = 2,       /* bits 4-19 of the base */
	TYPE_START_SEGMENT = 3, /* CS:IP */
	TYPE_LINEAR = 4,        /* bits 16-31 of the base */
	TYPE_START_LINEAR = 5   /* EIP */
};

/* How many bytes each type but data has. */
static const uint8_t type_bytes[] = { [TYPE_END] = 0,
				      [TYPE_SEGMENT] = 2,
				      [TYPE_START_SEGMENT] = 4,
				      [TYPE_LINEAR] = 2,
				      [TYPE_START_LINEAR] = 4 };

struct record {
	size_t at; /* of the ':' in the file */
	uint8_t len, type;
	uint16_t offset;
	const uint8_t *data;
};

struct reader {
	const struct file *file;
	size_t at;
	unsigned line;
	uint8_t *to; /* where the next record's bytes go */
	uint32_t base;
	bool linear;
	struct dfu_error *err;
};

static int bad(const struct reader *r, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(const struct reader *r, size_t at, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return malformed(r->err, at, "line %u: %s", r->line, what);
}

/* Past line ends, blanks and the end-of-file mark of DOS; false at the end of the file.
 */
static bool skip_blanks(struct reader *r)
{
	for (; r->at < r->file->len; r->at++) {
		uint8_t c = r->file->bytes[r->at];
		bool crlf = c == '\r' && r->at + 1 < r->file->len &&
			    r->file->bytes[r->at + 1] == '\n';

		if (!memchr(" \t\r\n\x1a", c, 5))
			return true;
		if (c == '\n' || (c == '\r' && !crlf))
			r->line++;
	}
	return false;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* `n` bytes of two digits each. */
static int read_bytes(struct reader *r, size_t n, uint8_t *to)
{
	size_t i;

	for (i = 0; i < 2 * n; i++, r->at++) {
		int digit;

		if (r->at == r->file->len || r->file->bytes[r->at] == '\r' ||
		    r->file->bytes[r->at] == '\n')
			return bad(r, r->at, "the record is cut short");
		digit = hex_digit(r->file->bytes[r->at]);
		if (digit < 0)
			return bad(r, r->at, "0x%02x is no hexadecimal digit",
				   r->file->bytes[r->at]);
		to[i / 2] = (uint8_t)(i % 2 ? to[i / 2] | digit : digit << 4);
	}
	return DFU_OK;
}

static uint8_t sum(const uint8_t *bytes, size_t n)
{
	uint8_t total = 0;

	while (n--)
		total = (uint8_t)(total + *bytes++);
	return total;
}

static int read_record(struct reader *r, struct record *rec)
{
	uint8_t head[4], check, want;
	int rc;

	rec->at = r->at;
	if (r->file->bytes[r->at] != ':')
		return bad(r, r->at, "a record should begin with ':'");
	r->at++;
	rc = read_bytes(r, sizeof(head), head);
	if (rc < 0)
		return rc;
	rec->len = head[0];
	rec->offset = (uint16_t)(head[1] << 8 | head[2]);
	rec->type = head[3];
	rec->data = r->to;
	rc = read_bytes(r, rec->len, r->to);
	if (rc == DFU_OK)
		rc = read_bytes(r, 1, &check);
	if (rc < 0)
		return rc;
	want = (uint8_t) - (sum(head, sizeof(head)) + sum(rec->data, rec->len));
	if (check != want)
		return bad(r, r->at - 2,
			   "the checksum is %02x, the bytes before it make %02x", check,
			   want);
	if (r->at < r->file->len && !memchr(" \t\r\n\x1a", r->file->bytes[r->at], 5))
		return bad(r, r->at, "more than the record says");
	return DFU_OK;
}

static int add_data(struct reader *r, struct dfu_image *image, const struct record *rec)
{
	struct dfu_segment segment = { .addr = r->base + rec->offset,
				       .len = rec->len,
				       .data = rec->data };

	if (rec->len == 0)
		return DFU_OK;
	/* The specification wraps within the segment, not all programs do: nobody means
	 * it. */
	if (!r->linear && rec->offset + rec->len > 0x10000)
		return bad(r, rec->at, "the data runs over the end of its 64 KiB");
	r->to += rec->len;
	return image_add(image, &segment, rec->at, r->err);
}

static int use_record(struct reader *r, struct dfu_image *image, const struct record *rec)
{
	uint32_t high, low;

	if (rec->type == TYPE_DATA)
		return add_data(r, image, rec);
	if (rec->type >= sizeof(type_bytes))
		return bad(r, rec->at, "record type %02x is not known", rec->type);
	if (rec->len != type_bytes[rec->type])
		return bad(r, rec->at, "a record of type %02x has %u bytes, not %u",
			   rec->type, type_bytes[rec->type], rec->len);
	if (rec->type == TYPE_END)
		return DFU_OK;
	high = (uint32_t)(rec->data[0] << 8 | rec->data[1]);
	low = rec->len == 4 ? (uint32_t)(rec->data[2] << 8 | rec->data[3]) : 0;
	if (rec->type == TYPE_SEGMENT || rec->type == TYPE_LINEAR) {
		r->linear = rec->type == TYPE_LINEAR;
		r->base = high << (r->linear ? 16 : 4);
	} else {
		image->info.entry =
			(high << (rec->type == TYPE_START_LINEAR ? 16 : 4)) + low;
	}
	return DFU_OK;
}

int image_read_ihex(struct dfu_image *image, const struct file *file,
		    const struct dfu_image_opts *opts, struct dfu_error *err)
{
	struct reader r = { .file = file, .line = 1, .err = err };
	struct record rec = { .type = TYPE_DATA };
	int rc;

	(void)opts;
	/* Two digits make a byte, so this is enough, and one record is on its way. */
	image->decoded = malloc(file->len / 2 + 256);
	if (!image->decoded)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu bytes", file->len / 2);
	r.to = image->decoded;
	while (rec.type != TYPE_END) {
		if (!skip_blanks(&r))
			return bad(&r, r.at, "cut short: there is no end record");
		rc = read_record(&r, &rec);
		if (rc < 0)
			return rc;
		rc = use_record(&r, image, &rec);
		if (rc < 0)
			return rc;
	}
	if (skip_blanks(&r))
		return bad(&r, r.at, "more behind the end record");
	if (image->n_pieces == 0)
		return malformed(err, rec.at, "there is no data before the end record");
	return DFU_OK;
}

/* -- writing ----------------------------------------------------------------------- */

#define LINE_BYTES 16u
/* ':', 4 bytes before the data, the data, the checksum, and '\n' */
#define LINE_CHARS (1 + 2 * (4 + LINE_BYTES + 1) + 1)

static char *put_record(char *p, uint8_t type, uint16_t offset, const uint8_t *data,
			uint8_t n)
{
	const uint8_t head[4] = { n, (uint8_t)(offset >> 8), (uint8_t)offset, type };
	uint8_t i;

	p += sprintf(p, ":%02X%04X%02X", n, offset, type);
	for (i = 0; i < n; i++)
		p += sprintf(p, "%02X", data[i]);
	return p +
	       sprintf(p, "%02X\n", (uint8_t) - (sum(head, sizeof(head)) + sum(data, n)));
}

static char *put_segment(char *p, const struct dfu_segment *s, uint32_t *high)
{
	size_t done, n;

	for (done = 0; done < s->len; done += n) {
		uint32_t addr = s->addr + (uint32_t)done;
		uint8_t upper[2] = { (uint8_t)(addr >> 24), (uint8_t)(addr >> 16) };

		if (addr >> 16 != *high)
			p = put_record(p, TYPE_LINEAR, 0, upper, 2);
		*high = addr >> 16;
		/* Lines end where 16 bytes do, and so never run over 64 KiB. */
		n = LINE_BYTES - addr % LINE_BYTES;
		if (n > s->len - done)
			n = s->len - done;
		p = put_record(p, TYPE_DATA, (uint16_t)addr, s->data + done, (uint8_t)n);
	}
	return p;
}

int image_write_ihex(const struct dfu_image *image, uint8_t **out, size_t *len,
		     struct dfu_error *err)
{
	uint32_t high = 0x10000, entry = image->info.entry;
	uint8_t start[4] = { (uint8_t)(entry >> 24), (uint8_t)(entry >> 16),
			     (uint8_t)(entry >> 8), (uint8_t)entry };
	size_t lines = 2, i;
	char *file, *p;

	for (i = 0; i < image->n_segments; i++) {
		const struct dfu_segment *s = &image->segments[i];

		if (s->alt != 0)
			return fail(err, DFU_ERR_ARG,
				    "Intel HEX has no alternate settings, this has bytes "
				    "for %u",
				    s->alt);
		/* A short line at either end, and a line for each 64 KiB begun. */
		lines += s->len / LINE_BYTES + 2 + s->len / 0x10000 + 2;
	}
	p = file = malloc(lines * LINE_CHARS + 1);
	if (!file)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu lines", lines);
	for (i = 0; i < image->n_segments; i++)
		p = put_segment(p, &image->segments[i], &high);
	if (entry)
		p = put_record(p, TYPE_START_LINEAR, 0, start, 4);
	p = put_record(p, TYPE_END, 0, NULL, 0);
	*out = (uint8_t *)file;
	*len = (size_t)(p - file);
	return DFU_OK;
}
