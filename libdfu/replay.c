/* The replayer: a device that answers by a transcript. */
#include "dev.h"
#include "transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_INTERFACE 11
#define LINE_BYTES    4096u /* of data that one line may stand for */
#define MASKED        0x100 /* "--": any byte */

struct replay {
	char *text;
	size_t len, at;
	unsigned line;
};

static bool is_word(const char *word, size_t len, const char *want)
{
	return strlen(want) == len && memcmp(word, want, len) == 0;
}

/* -- words ------------------------------------------------------------------------- */

/* The next line that has words; false at the end. */
static bool next_line(struct replay *r, const char **line, size_t *len)
{
	while (r->at < r->len) {
		const char *from = r->text + r->at;
		const char *end = memchr(from, '\n', r->len - r->at);
		const char *stop;

		*len = end ? (size_t)(end - from) : r->len - r->at;
		r->at += *len + (end ? 1 : 0);
		r->line++;
		stop = memchr(from, '#', *len);
		if (stop)
			*len = (size_t)(stop - from);
		while (*len && (*from == ' ' || *from == '\t')) {
			from++;
			(*len)--;
		}
		while (*len && (from[*len - 1] == ' ' || from[*len - 1] == '\t'))
			(*len)--;
		*line = from;
		if (*len)
			return true;
	}
	return false;
}

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(const char **at, size_t *left, const char **word)
{
	size_t n = 0;

	while (*left && (**at == ' ' || **at == '\t')) {
		(*at)++;
		(*left)--;
	}
	*word = *at;
	while (n < *left && (*at)[n] != ' ' && (*at)[n] != '\t')
		n++;
	*at += n;
	*left -= n;
	return n;
}

static bool take_number(const char *word, size_t len, int base, uint32_t max,
			uint32_t *out)
{
	uint32_t value = 0;

	if (!len || len > 8)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = word[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : 99;

		if (digit >= base)
			return false;
		value = value * (uint32_t)base + (uint32_t)digit;
	}
	*out = value;
	return value <= max;
}

/* "41", "2048*ff", "--": bytes into `to`, MASKED for any. False when malformed. */
static bool take_bytes(const char *word, size_t len, int *to, size_t *n)
{
	const char *star = memchr(word, '*', len);
	uint32_t count = 1, byte;

	if (star) {
		if (!take_number(word, (size_t)(star - word), 10, LINE_BYTES, &count))
			return false;
		len -= (size_t)(star + 1 - word);
		word = star + 1;
	}
	if (len == 2 && memcmp(word, "--", 2) == 0)
		byte = MASKED;
	else if (len != 2 || !take_number(word, len, 16, 255, &byte))
		return false;
	if (count > LINE_BYTES - *n)
		return false;
	while (count--)
		to[(*n)++] = (int)byte;
	return true;
}

/* -- one transfer ------------------------------------------------------------------ */

struct expected {
	const struct transcript_request *request;
	uint32_t wValue;
	int failure; /* 0, or DFU_ERR_STALL, ... */
	int data[LINE_BYTES];
	size_t n;
};

static bool parse_transfer(const char *line, size_t len, struct expected *x)
{
	const char *word;
	size_t n = next_word(&line, &len, &word);
	bool in = n == 2 && memcmp(word, "in", 2) == 0;

	memset(x, 0, offsetof(struct expected, data));
	x->n = 0;
	if (!in && !(n == 3 && memcmp(word, "out", 3) == 0))
		return false;
	n = next_word(&line, &len, &word);
	x->request = transcript_by_name(word, n);
	if (!x->request || in != !!(x->request->bmRequestType & 0x80))
		return false;
	if (x->request->has_value) {
		n = next_word(&line, &len, &word);
		if (!take_number(word, n, 10, UINT16_MAX, &x->wValue))
			return false;
	}
	while ((n = next_word(&line, &len, &word)) > 0) {
		x->failure = transcript_failure(word, n);
		if (x->failure)
			return next_word(&line, &len, &word) == 0;
		if (!take_bytes(word, n, x->data, &x->n))
			return false;
	}
	return true;
}

static bool matches(const struct expected *e, const struct dfu_xfer *x)
{
	if (e->request->bmRequestType != x->bmRequestType ||
	    e->request->bRequest != x->bRequest ||
	    (e->request->has_value && e->wValue != x->wValue))
		return false;
	if (e->failure)
		return true;
	if (x->bmRequestType & 0x80)
		return e->n <= x->wLength;
	if (e->n != x->wLength)
		return false;
	for (size_t i = 0; i < e->n; i++)
		if (e->data[i] != MASKED && e->data[i] != x->data[i])
			return false;
	return true;
}

static int answer(struct replay *r, struct dfu_xfer *x, struct dfu_error *err)
{
	const struct transcript_request *q =
		transcript_by_code(x->bmRequestType, x->bRequest);
	struct expected *e = malloc(sizeof(*e));
	struct replay before = *r;
	const char *line = "";
	size_t len = 0;
	bool fits;

	if (!e)
		return fail(err, DFU_ERR_NOMEM, "no room for a transfer");
	fits = next_line(r, &line, &len) && parse_transfer(line, len, e) && matches(e, x);
	if (!fits) {
		char has[60] = "", clean[60];
		unsigned number = r->line;

		/* The line stays the next one: it has not been used. */
		*r = before;
		free(e);
		x->result = DFU_ERR_IO;
		memcpy(has, line, len < sizeof(has) ? len : sizeof(has) - 1);
		copy_clean(clean, sizeof(clean), has);
		return fail(err, DFU_ERR_IO,
			    "transcript line %u has \"%s\", but %s %u comes", number,
			    clean, q ? q->name : "?", x->wValue);
	}
	x->result = e->failure ? e->failure : (int)e->n;
	if (!e->failure && (x->bmRequestType & 0x80))
		for (size_t i = 0; i < e->n; i++)
			x->data[i] = e->data[i] == MASKED ? 0xff : (uint8_t)e->data[i];
	free(e);
	return 0;
}

static int replay_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	int first = 0;

	for (size_t i = 0; i < n; i++)
		x[i].result = DFU_ERR_CANCELLED;
	for (size_t i = 0; i < n && !first; i++) {
		int rc = answer(ctx, &x[i], err);

		if (rc < 0)
			return rc;
		if (x[i].result < 0 && x[i].result != DFU_ERR_STALL)
			first = fail(err, (enum dfu_err)x[i].result,
				     "the transcript says \"%s\"",
				     transcript_failure_word(x[i].result));
	}
	return first;
}

static int replay_set_alt(void *ctx, uint8_t interface, uint8_t alt,
			  struct dfu_error *err)
{
	struct dfu_xfer x = { .bmRequestType = 0x01,
			      .bRequest = SET_INTERFACE,
			      .wValue = alt,
			      .wIndex = interface };
	int rc = replay_transfer(ctx, &x, 1, err);

	if (rc == 0 && x.result < 0)
		return fail(err, DFU_ERR_STALL, "the transcript says \"stall\"");
	return rc;
}

static int replay_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct replay *r = ctx, before = *r;
	const char *line;
	size_t len;

	(void)timeout_ms;
	if (next_line(r, &line, &len)) {
		if (is_word(line, len, "gone"))
			return 1;
		if (is_word(line, len, "stays"))
			return 0;
	}
	*r = before; /* a transfer: not this one's */
	return 0;
}

static void replay_close(void *ctx)
{
	struct replay *r = ctx;

	free(r->text);
	free(r);
}

bool dfu_replay_done(const struct dfu_io *io)
{
	struct replay probe = *(const struct replay *)io->ctx;
	const char *line;
	size_t len;

	return !next_line(&probe, &line, &len);
}

/* -- the header -------------------------------------------------------------------- */

static bool take_device(const char *line, size_t len, struct dfu_board *b)
{
	char serial[sizeof(b->serial)] = "";
	const char *word;
	uint32_t vid, pid, bcd;
	size_t n = next_word(&line, &len, &word);

	if (n != 9 || word[4] != ':' || !take_number(word, 4, 16, 0xffff, &vid) ||
	    !take_number(word + 5, 4, 16, 0xffff, &pid))
		return false;
	n = next_word(&line, &len, &word);
	if (!take_number(word, n, 16, 0xffff, &bcd))
		return false;
	n = next_word(&line, &len, &word);
	if (!n || n >= sizeof(b->serial))
		return false;
	if (!is_word(word, n, "-")) {
		memcpy(serial, word, n);
		copy_clean(b->serial, sizeof(b->serial), serial);
	}
	b->idVendor = (uint16_t)vid;
	b->idProduct = (uint16_t)pid;
	b->bcdDevice = (uint16_t)bcd;
	return true;
}

static bool take_dfu(const char *line, size_t len, struct dfu_board *b)
{
	static const int bases[3] = { 16, 10, 16 };
	uint32_t v[3];
	const char *word;

	for (int i = 0; i < 3; i++) {
		size_t n = next_word(&line, &len, &word);

		if (!take_number(word, n, bases[i], 0xffff, &v[i]))
			return false;
	}
	b->bmAttributes = (uint8_t)v[0];
	b->wTransferSize = (uint16_t)v[1];
	b->bcdDFUVersion = (uint16_t)v[2];
	return true;
}

static bool take_alt(const char *line, size_t len, struct dfu_board *b)
{
	const char *word;
	uint32_t alt;
	size_t n = next_word(&line, &len, &word);
	char name[sizeof(b->alts[0].name)] = "";

	if (!take_number(word, n, 10, DFU_ALTS - 1, &alt) || len > sizeof(name))
		return false;
	if (len)
		memcpy(name, line + 1, len - 1);
	copy_clean(b->alts[alt].name, sizeof(b->alts[alt].name), name);
	b->alts[alt].has_layout =
		dfu_layout_parse(b->alts[alt].name, &b->alts[alt].layout, NULL) == 0;
	if (alt >= b->n_alts)
		b->n_alts = alt + 1;
	return true;
}

/* The lines before the first transfer; r is left there. */
static bool take_header(struct replay *r, struct dfu_board *b)
{
	for (;;) {
		struct replay before = *r;
		const char *line, *word;
		size_t len, n;

		if (!next_line(r, &line, &len))
			return true;
		n = next_word(&line, &len, &word);
		if (is_word(word, n, "device") ? !take_device(line, len, b)
		    : is_word(word, n, "dfu")
			    ? !take_dfu(line, len, b)
			    : is_word(word, n, "alt") && !take_alt(line, len, b))
			return false;
		if (!is_word(word, n, "device") && !is_word(word, n, "dfu") &&
		    !is_word(word, n, "alt")) {
			*r = before;
			return true;
		}
	}
}

/* All lines are read once before the first is used, so that a mistake in one shows at once. */
static int check_lines(const struct replay *r, struct dfu_error *err)
{
	struct expected *e = malloc(sizeof(*e));
	struct replay probe = *r;
	const char *line;
	size_t len;
	int rc = 0;

	if (!e)
		return fail(err, DFU_ERR_NOMEM, "no room for a transfer");
	while (rc == 0 && next_line(&probe, &line, &len))
		if (!parse_transfer(line, len, e) && !is_word(line, len, "gone") &&
		    !is_word(line, len, "stays"))
			rc = fail(err, DFU_ERR_FORMAT,
				  "transcript line %u cannot be read", probe.line);
	free(e);
	return rc;
}

int dfu_replay(const char *text, size_t len, struct dfu_io *io, struct dfu_board *board,
	       struct dfu_error *err)
{
	struct replay *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (r)
		r->text = malloc(len + 1);
	if (!r || !r->text) {
		free(r);
		return fail(err, DFU_ERR_NOMEM, "no room for a transcript");
	}
	memcpy(r->text, text, len);
	r->len = len;
	memset(board, 0, sizeof(*board));
	board->bus = DFU_BUS_OTHER;
	board->is_dfu = true;
	board->bmAttributes = 0x0b;
	board->wTransferSize = 2048;
	board->bcdDFUVersion = 0x011a;
	snprintf(board->selector, sizeof(board->selector), "replay");
	if (!take_header(r, board))
		rc = fail(err, DFU_ERR_FORMAT, "transcript line %u cannot be read",
			  r->line);
	if (rc == 0)
		rc = check_lines(r, err);
	if (rc < 0) {
		replay_close(r);
		return rc;
	}
	*io = (struct dfu_io){ r, replay_transfer, replay_set_alt, replay_wait_gone,
			       replay_close };
	return 0;
}
