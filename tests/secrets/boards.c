/*
 * The keys that are on boards: records in the two slots of the flash, and roots in OTP.
 * By the description of the record in libprov/record.h, and in a few lines.
 */
#include "secrets.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_A     0x8000u
#define SLOT_BYTES 0x4000u
#define SLOTS_END  (SLOT_A + 2 * SLOT_BYTES)
#define HEAD_BYTES 0x20u

#define OTP_BYTES   512u
#define BLOCK_BYTES 32u
#define TAG_BYTES   16u
#define SALT_BYTES  16u

enum { TLV_KEY_1 = 0x04, TLV_KEY_2, TLV_PRIVATE, TLV_WRAP = 0x11 };

/* A key as it lies in a record. */
struct sealed {
	char *folder; /* of the board */
	uint16_t type;
	uint8_t generation[4], serial[12], salt[SALT_BYTES];
	uint8_t *bytes; /* and the tag behind them */
	size_t len;
};

struct root {
	char *folder;
	uint8_t bytes[BLOCK_BYTES];
};

struct boards {
	struct sealed *sealed;
	size_t n_sealed;
	struct root *roots;
	size_t n_roots;
};

struct boards *boards_new(void)
{
	return calloc(1, sizeof(struct boards));
}

static uint32_t u16(const uint8_t *p)
{
	return (uint32_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
	return u16(p) | u16(p + 2) << 16;
}

static void add_key(struct keys *keys, uint32_t type, const uint8_t *bytes, size_t len)
{
	if (type == TLV_PRIVATE)
		keys_from_der(keys, bytes, len);
	else
		keys_add(keys, KIND_RECORD, bytes, len);
}

/* -- records ---------------------------------------------------------------------- */

static void add_sealed(struct boards *b, const char *folder, const uint8_t *slot,
		       const uint8_t *tlv, const uint8_t *wrap)
{
	struct sealed *s;

	/* Each write to a slot shows all of it once more. */
	for (s = b->sealed; s < b->sealed + b->n_sealed; s++)
		if (s->len == u16(tlv + 2) && memcmp(s->bytes, tlv + 4, s->len) == 0)
			return;
	b->sealed = realloc(b->sealed, (b->n_sealed + 1) * sizeof(*b->sealed));
	s = &b->sealed[b->n_sealed++];
	*s = (struct sealed){ .folder = strdup(folder),
			      .type = (uint16_t)u16(tlv),
			      .len = u16(tlv + 2) };
	memcpy(s->generation, slot + 0x0c, sizeof(s->generation));
	memcpy(s->serial, slot + 0x10, sizeof(s->serial));
	memcpy(s->salt, wrap + 8, sizeof(s->salt));
	s->bytes = malloc(s->len);
	memcpy(s->bytes, tlv + 4, s->len);
}

/* The TLVs in turn, as far as they were written. NULL at the end. */
static const uint8_t *next_tlv(const uint8_t *slot, const uint8_t *at)
{
	const uint8_t *end = slot + SLOT_BYTES;
	uint32_t total = u32(slot + 8);

	if (total >= HEAD_BYTES + 4 && total <= SLOT_BYTES)
		end = slot + total - 4;
	at = at ? at + 4 + (u16(at + 2) + 3) / 4 * 4 : slot + HEAD_BYTES;
	return at + 4 <= end && u16(at) != 0 && u16(at) != 0xffff &&
			       at + 4 + u16(at + 2) <= end
		       ? at
		       : NULL;
}

/* Also a record that was cut off: its key may be in use all the same. */
static void see_slot(struct boards *b, struct keys *keys, const char *folder,
		     const uint8_t *slot)
{
	const uint8_t *tlv, *wrap = NULL;

	if (memcmp(slot, "STMI", 4) != 0)
		return;
	for (tlv = next_tlv(slot, NULL); tlv; tlv = next_tlv(slot, tlv))
		if (u16(tlv) == TLV_WRAP && u16(tlv + 2) == 4 + SALT_BYTES)
			wrap = tlv;
	for (tlv = next_tlv(slot, NULL); tlv; tlv = next_tlv(slot, tlv)) {
		if (u16(tlv) < TLV_KEY_1 || u16(tlv) > TLV_PRIVATE)
			continue;
		if (wrap && u16(tlv + 2) > TAG_BYTES)
			add_sealed(b, folder, slot, tlv, wrap);
		else
			add_key(keys, u16(tlv), tlv + 4, u16(tlv + 2));
	}
}

/* -- what was written to where ---------------------------------------------------- */

static void add_root(struct boards *b, const char *folder, const uint8_t *bytes)
{
	b->roots = realloc(b->roots, (b->n_roots + 1) * sizeof(*b->roots));
	b->roots[b->n_roots] = (struct root){ .folder = strdup(folder) };
	memcpy(b->roots[b->n_roots++].bytes, bytes, BLOCK_BYTES);
}

struct place {
	size_t at, len;
	const uint8_t *bytes;
};

/* "@OFFSET BYTES", the bytes, and a line's end */
static bool next_place(const uint8_t **at, const uint8_t *end, struct place *place)
{
	const uint8_t *line = memchr(*at, '\n', (size_t)(end - *at));

	if (!line ||
	    sscanf((const char *)*at, "@%zu %zu\n", &place->at, &place->len) != 2 ||
	    place->len > (size_t)(end - line - 1))
		return false;
	place->bytes = line + 1;
	*at = place->bytes + place->len + 1;
	return *at <= end;
}

static void see_flash(struct boards *b, struct keys *keys, const char *folder,
		      const uint8_t *at, const uint8_t *end)
{
	uint8_t *flash = malloc(SLOTS_END);
	struct place p;

	memset(flash, 0xff, SLOTS_END);
	while (next_place(&at, end, &p)) {
		if (p.at >= SLOTS_END || p.at + p.len <= SLOT_A)
			continue;
		memcpy(flash + p.at, p.bytes,
		       p.len < SLOTS_END - p.at ? p.len : SLOTS_END - p.at);
		see_slot(b, keys, folder, flash + SLOT_A);
		see_slot(b, keys, folder, flash + SLOT_A + SLOT_BYTES);
	}
	free(flash);
}

static void see_otp(struct boards *b, const char *folder, const uint8_t *at,
		    const uint8_t *end)
{
	struct place p;

	while (next_place(&at, end, &p))
		if (p.len == BLOCK_BYTES && p.at % BLOCK_BYTES == 0 && p.at < OTP_BYTES)
			add_root(b, folder, p.bytes);
}

void boards_see(struct boards *b, struct keys *keys, const char *file, const uint8_t *at,
		size_t len)
{
	const char *slash = strrchr(file, '/');
	char *folder;

	if (!slash)
		return;
	folder = strndup(file, (size_t)(slash - file));
	if (strcmp(slash, "/flash.bin") == 0)
		see_flash(b, keys, folder, at, at + len);
	else if (strcmp(slash, "/otp.bin") == 0)
		see_otp(b, folder, at, at + len);
	free(folder);
}

/* -- wrapped keys ----------------------------------------------------------------- */

static bool derive(const struct root *root, const struct sealed *s, uint8_t key[32])
{
	static const char info[] = "stmiot credential wrap 1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string("digest", (char *)"SHA256", 6),
		OSSL_PARAM_octet_string("key", (void *)root->bytes, BLOCK_BYTES),
		OSSL_PARAM_octet_string("salt", (void *)s->salt, SALT_BYTES),
		OSSL_PARAM_octet_string("info", (void *)info, sizeof(info) - 1),
		OSSL_PARAM_END,
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	bool ok = EVP_KDF_derive(ctx, key, 32, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

static bool unseal(const struct root *root, const struct sealed *s, uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[32], nonce[12] = { 0 };
	size_t len = s->len - TAG_BYTES;
	int n;
	bool ok;

	memcpy(nonce, s->generation, sizeof(s->generation));
	nonce[4] = (uint8_t)s->type;
	nonce[5] = (uint8_t)(s->type >> 8);
	ok = derive(root, s, key) &&
	     EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, s->serial, sizeof(s->serial)) == 1 &&
	     EVP_DecryptUpdate(ctx, to, &n, s->bytes, (int)len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, s->bytes + len) ==
		     1 &&
	     EVP_DecryptFinal_ex(ctx, to + len, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

/* What opens a record is a root; OTP may also hold what anybody may know. */
void boards_end(struct boards *b, struct keys *keys)
{
	uint8_t key[1024];

	for (size_t i = 0; i < b->n_sealed; i++) {
		const struct sealed *s = &b->sealed[i];

		for (size_t k = 0; k < b->n_roots && s->len <= sizeof(key); k++) {
			const struct root *root = &b->roots[k];

			if (strcmp(root->folder, s->folder) != 0 || !unseal(root, s, key))
				continue;
			keys_add(keys, KIND_ROOT, root->bytes, BLOCK_BYTES);
			add_key(keys, s->type, key, s->len - TAG_BYTES);
			break;
		}
		free(s->folder);
		free(s->bytes);
	}
	for (size_t k = 0; k < b->n_roots; k++)
		free(b->roots[k].folder);
	free(b->sealed);
	free(b->roots);
	free(b);
}
