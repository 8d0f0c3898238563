/* The recorder: a struct dfu_io around another one that writes down what passes. */
#include "dev.h"
#include "transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMD_SET_ADDRESS 0x21 /* [AN3156] 5.2 */

struct recorder {
	struct dfu_io inner;
	FILE *f;
	uint32_t pointer; /* as the transfers set it, for the mask */
	uint32_t block_bytes;
	struct dfu_range *mask;
	size_t n_mask;
};

/* "48*ff" for eight equal bytes or more, else the bytes; "--" for one that is masked. */
static void put_bytes(FILE *f, const int *bytes, size_t len)
{
	size_t i = 0, run;

	for (; i < len; i += run) {
		for (run = 1; i + run < len && bytes[i + run] == bytes[i];)
			run++;
		if (run < 8)
			run = 1;
		fputc(' ', f);
		if (run > 1)
			fprintf(f, "%zu*", run);
		fprintf(f, bytes[i] < 0 ? "--" : "%02x", (unsigned)bytes[i]);
	}
}

static bool is_masked(const struct recorder *r, uint32_t addr)
{
	for (size_t i = 0; i < r->n_mask; i++)
		if (addr - r->mask[i].addr < r->mask[i].len)
			return true;
	return false;
}

static void put_payload(struct recorder *r, const struct dfu_xfer *x, size_t len)
{
	bool memory = (x->bRequest == DFU_DNLOAD || x->bRequest == DFU_UPLOAD) &&
		      x->wValue >= 2;
	uint32_t addr = r->pointer + (x->wValue - 2u) * r->block_bytes;
	int *bytes = malloc((len + 1) * sizeof(*bytes));

	if (!bytes)
		return;
	for (size_t i = 0; i < len; i++)
		bytes[i] = memory && is_masked(r, addr + (uint32_t)i) ? -1 : x->data[i];
	put_bytes(r->f, bytes, len);
	free(bytes);
}

static void put_line(struct recorder *r, const struct dfu_xfer *x)
{
	const struct transcript_request *q =
		transcript_by_code(x->bmRequestType, x->bRequest);
	const char *failure = transcript_failure_word(x->result);
	bool in = x->bmRequestType & 0x80;

	if (!q || x->result == DFU_ERR_CANCELLED)
		return;
	fprintf(r->f, "%-3s %s", in ? "in" : "out", q->name);
	if (q->has_value)
		fprintf(r->f, " %u", x->wValue);
	if (failure)
		fprintf(r->f, " %s", failure);
	else if (in)
		put_payload(r, x, x->result > 0 ? (size_t)x->result : 0);
	else
		put_payload(r, x, x->wLength);
	fputc('\n', r->f);
	if (!failure && x->bRequest == DFU_DNLOAD && x->wValue == 0 && x->wLength == 5 &&
	    x->data[0] == CMD_SET_ADDRESS)
		r->pointer = (uint32_t)(x->data[1] | x->data[2] << 8 | x->data[3] << 16) |
			     (uint32_t)x->data[4] << 24;
}

static int record_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	struct recorder *r = ctx;
	int rc = r->inner.transfer(r->inner.ctx, x, n, err);

	for (size_t i = 0; i < n; i++)
		put_line(r, &x[i]);
	fflush(r->f);
	return rc;
}

static int record_set_alt(void *ctx, uint8_t interface, uint8_t alt,
			  struct dfu_error *err)
{
	struct recorder *r = ctx;
	int rc = r->inner.set_alt(r->inner.ctx, interface, alt, err);
	const char *failure = transcript_failure_word(rc);

	fprintf(r->f, "out SETALT %u%s%s\n", alt, failure ? " " : "",
		failure ? failure : "");
	return rc;
}

static int record_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct recorder *r = ctx;
	int gone = r->inner.wait_gone(r->inner.ctx, timeout_ms);

	fputs(gone ? "gone\n" : "stays\n", r->f);
	return gone;
}

static void record_close(void *ctx)
{
	struct recorder *r = ctx;

	r->inner.close(r->inner.ctx);
	fclose(r->f);
	free(r->mask);
	free(r);
}

/* A word of a line, and what is behind '#' is a comment: other characters for these. */
static void put_text(FILE *f, const char *text, bool word)
{
	for (; *text; text++)
		fputc(*text == '#' || (word && *text == ' ') ? '?' : *text, f);
	fputc('\n', f);
}

static void put_header(FILE *f, const struct dfu_board *b)
{
	fprintf(f, "device %04x:%04x %04x ", b->idVendor, b->idProduct, b->bcdDevice);
	put_text(f, b->serial[0] ? b->serial : "-", true);
	fprintf(f, "dfu %02x %u %04x\n", b->bmAttributes, b->wTransferSize,
		b->bcdDFUVersion);
	for (unsigned i = 0; i < b->n_alts; i++) {
		fprintf(f, "alt %u ", i);
		put_text(f, b->alts[i].name, false);
	}
}

static struct recorder *make_recorder(const struct dfu_settings *set)
{
	size_t bytes = set->n_record_mask * sizeof(struct dfu_range);
	struct recorder *r = calloc(1, sizeof(*r));
	int fd;

	if (!r)
		return NULL;
	r->mask = malloc(bytes + 1);
	fd = open(set->record, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r->f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!r->mask || !r->f) {
		if (fd >= 0)
			close(fd);
		free(r->mask);
		free(r);
		return NULL;
	}
	if (bytes)
		memcpy(r->mask, set->record_mask, bytes);
	r->n_mask = set->n_record_mask;
	return r;
}

int record_wrap(struct dfu_io *io, const struct dfu_board *board,
		const struct dfu_settings *set, struct dfu_error *err)
{
	struct recorder *r = make_recorder(set);

	if (!r)
		return fail(err, DFU_ERR_FILE, "%s cannot be made: %s", set->record,
			    strerror(errno));
	r->inner = *io;
	r->pointer = 0x08000000; /* [AN3156] 5.2: after a reset */
	r->block_bytes = board->wTransferSize;
	put_header(r->f, board);
	*io = (struct dfu_io){ r, record_transfer, record_set_alt, record_wait_gone,
			       record_close };
	return 0;
}
