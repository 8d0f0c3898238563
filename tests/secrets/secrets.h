/*
 * The search for keys in what a test run has written: see tests/secrets/run. It shares no
 * code with the product; a record is read here by its description in libprov/record.h.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- keys ------------------------------------------------------------------------- */

enum kind {
	KIND_STORE,   /* of a device or a policy, in a hub's store */
	KIND_RECORD,  /* in a board's record, opened with the root where it is wrapped */
	KIND_PRIVATE, /* the number in a private key: of a record, a file or a hub */
	KIND_ROOT,    /* in a block of a board's OTP */
	KIND_STRING,  /* in a connection string */
	KIND_FILE,    /* a file that holds nothing but a key, as that of a DPS group */
	KIND_TOKEN,   /* an access token, or the signature in a SAS token */
	KIND_TEXT,    /* written in the tests themselves */
	KINDS,
	/* Not a known key, but what only goes before or around one. */
	KIND_MARK = KINDS
};

const char *kind_name(enum kind kind);

struct key {
	enum kind kind;
	uint8_t *bytes;
	size_t len;
};

struct keys {
	struct key *list;
	size_t n;
	/* Numbers in the list, from 1, by a hash of the bytes. */
	uint32_t *index;
	size_t slots;
	size_t count[KINDS];
	size_t plain; /* left out: a few bytes repeated, which is found everywhere */
};

/* A copy, once. The first kind counts. */
void keys_add(struct keys *keys, enum kind kind, const void *bytes, size_t len);

/* What a text says that holds keys: connection strings, tokens, PEM, or a key alone. */
void keys_from_text(struct keys *keys, const uint8_t *text, size_t len);

/* Keys in base64 that stand in other bytes, such as a database's pages. */
void keys_from_base64(struct keys *keys, enum kind kind, const uint8_t *bytes,
		      size_t len);

/* A private key in DER, of any kind that OpenSSL reads. */
void keys_from_der(struct keys *keys, const uint8_t *der, size_t len);

/* What was written to a board's flash and OTP, `at` as keep.c has it. */
struct boards;
struct boards *boards_new(void);
void boards_see(struct boards *boards, struct keys *keys, const char *file,
		const uint8_t *at, size_t len);
/* When all has been seen: open the wrapped records. Frees it. */
void boards_end(struct boards *boards, struct keys *keys);

/* -- needles ---------------------------------------------------------------------- */

/* Every key in every form, ready to be looked for. */
struct needles;
struct needles *needles_new(const struct keys *keys);
void needles_free(struct needles *needles);

struct find {
	size_t offset;
	enum kind kind;
	const char *form; /* "base64", "hexadecimal", ... */
};

typedef void each_find(void *ctx, const struct find *find);

void needles_search(const struct needles *needles, const uint8_t *bytes, size_t len,
		    each_find *each, void *ctx);

#endif
