/*
 * Keys in all their forms, and where they are in some bytes. Each form is looked for by
 * its thirds, so that a key is found as well where it was cut off or broken into lines.
 */
#include "secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD     8u         /* bytes of a needle that are looked up */
#define FILTER   (1u << 26) /* bits */
#define FORM_MAX 8192u

struct needle {
	const uint8_t *bytes;
	uint32_t len;
	uint16_t kind, form;
	struct needle *next; /* with the same place in the table */
};

struct needles {
	struct needle **table; /* by the head */
	uint8_t *filter;       /* a bit a head: most places in a text begin no needle */
	size_t slots;
};

static const char *const forms[] = {
	"raw bytes",
	"hexadecimal",
	"upper-case hexadecimal",
	"hexadecimal with blanks",
	"upper-case hexadecimal with blanks",
	"hexadecimal with colons",
	"upper-case hexadecimal with colons",
	"base64",
	"base64, one byte on",
	"base64, two bytes on",
	"base64url",
	"base64url, one byte on",
	"base64url, two bytes on",
	"URL-escaped base64",
	"URL-escaped base64 in lower case",
	"base64 in escaped JSON",
};

enum { RAW, HEX, BASE64 = 7, BASE64URL = 10, ESCAPED = 13, FORMS = 16 };

/* -- forms ------------------------------------------------------------------------ */

static size_t put_hex(const struct key *key, unsigned form, char *to)
{
	static const char separators[] = { '\0', ' ', ':' };
	char separator = separators[(form - HEX) / 2];
	size_t n = 0;

	for (size_t i = 0; i < key->len; i++) {
		n += (size_t)sprintf(to + n, (form - HEX) % 2 ? "%02X" : "%02x",
				     key->bytes[i]);
		if (separator && i + 1 < key->len)
			to[n++] = separator;
	}
	return n;
}

/* The digits that are of the key alone when `skip` bytes of something else go before. */
static size_t put_base64(const struct key *key, unsigned skip, bool url, char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789";
	size_t first = (8 * skip + 5) / 6, end = 8 * (skip + key->len) / 6, n = 0;

	/* The last digit of a key alone has bits of its own too. */
	if (skip == 0 && 8 * key->len % 6)
		end++;
	for (size_t i = first; i < end; i++) {
		size_t bit = 6 * i - 8 * skip, byte = bit / 8;
		unsigned two = (unsigned)key->bytes[byte] << 8 |
			       (byte + 1 < key->len ? key->bytes[byte + 1] : 0);
		unsigned v = two >> (10 - bit % 8) & 63;

		to[n++] = v < 62 ? digits[v] : (url ? "-_" : "+/")[v - 62];
	}
	return n;
}

/* With '+' and '/' as a URL or a careful writer of JSON has them. */
static size_t put_escaped(const struct key *key, unsigned form, char *to)
{
	static const char *const plus[] = { "%2B", "%2b", "+" };
	static const char *const slash[] = { "%2F", "%2f", "\\/" };
	char plain[FORM_MAX];
	size_t len = put_base64(key, 0, false, plain), n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *escape = plain[i] == '+'   ? plus[form - ESCAPED]
				     : plain[i] == '/' ? slash[form - ESCAPED]
						       : NULL;

		if (escape)
			n += (size_t)sprintf(to + n, "%s", escape);
		else
			to[n++] = plain[i];
	}
	return n;
}

static size_t put_form(const struct key *key, unsigned form, char *to)
{
	if (form >= ESCAPED)
		return put_escaped(key, form, to);
	if (form >= BASE64)
		return put_base64(key, (form - BASE64) % 3, form >= BASE64URL, to);
	if (form >= HEX)
		return put_hex(key, form, to);
	memcpy(to, key->bytes, key->len);
	return key->len;
}

/* -- the table -------------------------------------------------------------------- */

static uint64_t hash(const uint8_t *head)
{
	uint64_t v;

	memcpy(&v, head, HEAD);
	return v * 0x9e3779b97f4a7c15u >> 32;
}

static void add(struct needles *n, const char *text, size_t len, enum kind kind,
		unsigned form)
{
	uint64_t h = hash((const uint8_t *)text);
	struct needle **at = &n->table[h & (n->slots - 1)];
	uint8_t *copy;

	for (; *at; at = &(*at)->next)
		if ((*at)->len == len && memcmp((*at)->bytes, text, len) == 0)
			return;
	*at = malloc(sizeof(**at) + len);
	copy = memcpy(*at + 1, text, len);
	**at = (struct needle){ copy, (uint32_t)len, (uint16_t)kind, (uint16_t)form,
				NULL };
	n->filter[h % FILTER / 8] |= (uint8_t)(1u << h % 8);
}

/* A row of zeros in a key would be found in every file. */
static bool is_telling(const char *text, size_t len)
{
	size_t changes = 0;

	for (size_t i = 1; i < len; i++)
		changes += text[i] != text[i - 1];
	return len >= HEAD && changes >= HEAD - 2;
}

static void add_form(struct needles *n, const struct key *key, unsigned form)
{
	char text[FORM_MAX];
	size_t len = put_form(key, form, text), parts = len < 3 * HEAD ? 2 : 3;

	for (size_t i = 0; i < parts; i++) {
		size_t from = len * i / parts, to = len * (i + 1) / parts;

		if (is_telling(text + from, to - from))
			add(n, text + from, to - from, key->kind, form);
	}
}

struct needles *needles_new(const struct keys *keys)
{
	struct needles *n = calloc(1, sizeof(*n));

	for (n->slots = 4096; n->slots < keys->n * FORMS * 3; n->slots *= 2)
		;
	n->table = calloc(n->slots, sizeof(struct needle *));
	n->filter = calloc(FILTER / 8, 1);
	for (size_t i = 0; i < keys->n; i++)
		for (unsigned form = 0; form < FORMS; form++)
			add_form(n, &keys->list[i], form);
	return n;
}

void needles_free(struct needles *n)
{
	for (size_t i = 0; i < n->slots; i++)
		while (n->table[i]) {
			struct needle *gone = n->table[i];

			n->table[i] = gone->next;
			free(gone);
		}
	free(n->table);
	free(n->filter);
	free(n);
}

/* -- searching -------------------------------------------------------------------- */

/* What goes before a key, or around it, whether the key is known or not. */
static const struct mark {
	const char *word, *form;
	const char *
		others; /* of the characters that go with it, besides letters and digits */
	size_t at_least;
} marks[] = {
	{ "sig=", "a signature", "%+/=", 20 },
	{ "SharedAccessKey=", "a connection string", "+/=", 16 },
	{ "Bearer ", "an access token", "._~+/=-", 12 },
	{ "PRIVATE KEY-----", "PEM", "", 0 },
};

static bool goes_on(const struct mark *m, const uint8_t *at, const uint8_t *end)
{
	size_t n = 0;

	while (n < m->at_least && at + n < end && at[n] &&
	       ((at[n] >= '0' && at[n] <= '9') || (at[n] >= 'A' && at[n] <= 'Z') ||
		(at[n] >= 'a' && at[n] <= 'z') || strchr(m->others, at[n])))
		n++;
	return n == m->at_least;
}

static void search_marks(const uint8_t *bytes, size_t len, each_find *each, void *ctx)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct mark *m = &marks[i];
		const uint8_t *at = bytes, *end = bytes + len;
		size_t n = strlen(m->word);

		while ((at = memmem(at, (size_t)(end - at), m->word, n))) {
			at += n;
			if (goes_on(m, at, end))
				each(ctx, &(struct find){ (size_t)(at - bytes) - n,
							  KIND_MARK, m->form });
		}
	}
}

void needles_search(const struct needles *n, const uint8_t *bytes, size_t len,
		    each_find *each, void *ctx)
{
	search_marks(bytes, len, each, ctx);
	for (size_t i = 0; i + HEAD <= len; i++) {
		uint64_t h = hash(bytes + i);
		const struct needle *needle;

		if (!(n->filter[h % FILTER / 8] >> h % 8 & 1))
			continue;
		for (needle = n->table[h & (n->slots - 1)]; needle; needle = needle->next)
			if (needle->len <= len - i &&
			    memcmp(needle->bytes, bytes + i, needle->len) == 0)
				break;
		if (needle)
			each(ctx, &(struct find){ i, (enum kind)needle->kind,
						  forms[needle->form] });
	}
}
