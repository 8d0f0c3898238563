/*
 * Keys wrapped with a root in OTP (record.h), the choice of its block, and the public
 * birth record. A dump of the flash alone, or of OTP alone, does not give the keys away.
 */
#include "local.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>

#define KEY_BYTES 32 /* of AES-256 */

/* -- the cipher -------------------------------------------------------------------- */

/* HKDF-SHA256, RFC 5869. */
static bool derive(const struct prov_wrap_root *root, const uint8_t *salt,
		   uint8_t out[KEY_BYTES])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256",
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)root->bytes,
						  sizeof(root->bytes)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
						  RECORD_WRAP_SALT_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						  (void *)RECORD_WRAP_INFO,
						  sizeof(RECORD_WRAP_INFO) - 1),
		OSSL_PARAM_END
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok = ctx && EVP_KDF_derive(ctx, out, KEY_BYTES, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

/* What a key is sealed with besides the root: from the record that it is in. */
struct seal {
	uint8_t key[KEY_BYTES];
	uint8_t nonce[RECORD_WRAP_NONCE_BYTES];
	const char *serial;
};

static EVP_CIPHER_CTX *seal_begin(const struct seal *s, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	/* 12 bytes of nonce are the default of this cipher. */
	if (ctx &&
	    EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), s->key, s->nonce, encrypt, NULL) ==
		    1 &&
	    EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)s->serial,
			     RECORD_SERIAL_BYTES) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* `len` bytes and the tag to `out`. */
static bool seal(const struct seal *s, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = seal_begin(s, 1);
	int n;
	bool ok = ctx && EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
		  EVP_CipherFinal_ex(ctx, out + len, &n) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, RECORD_WRAP_TAG_BYTES,
				      out + len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* `len` bytes to `out`, from as many and a tag. */
static bool unseal(const struct seal *s, const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = seal_begin(s, 0);
	int n;
	bool ok = ctx && EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RECORD_WRAP_TAG_BYTES,
				      (void *)(in + len)) == 1 &&
		  EVP_CipherFinal_ex(ctx, out + len, &n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		explicit_bzero(out, len);
	return ok;
}

/* -- wrapping ---------------------------------------------------------------------- */

/* One key; one that is not there stays so. False when it is too long, or on failure. */
static bool wrap_key(struct seal *s, uint32_t generation, uint16_t type,
		     const struct record_bytes *plain, uint8_t *to, size_t room,
		     struct record_bytes *out)
{
	*out = (struct record_bytes){ 0 };
	if (!plain->data)
		return true;
	if (plain->len > room - RECORD_WRAP_TAG_BYTES)
		return false;
	record_wrap_nonce(generation, type, s->nonce);
	if (!seal(s, plain->data, plain->len, to))
		return false;
	*out = (struct record_bytes){ to, plain->len + RECORD_WRAP_TAG_BYTES };
	return true;
}

int prov_wrap(const struct prov_wrap_root *root, const char *serial, uint32_t generation,
	      const uint8_t *salt, const struct record_fields *plain,
	      struct prov_wrapped *out, char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	struct seal s = { .serial = serial };
	struct record_fields *f = &out->fields;
	int rc = 0;

	*f = *plain;
	f->wrap = &out->wrap;
	out->wrap.otp_block = (uint8_t)root->otp_block;
	out->wrap.algorithm = RECORD_WRAP_AES256_GCM;
	if (strlen(serial) != RECORD_SERIAL_BYTES)
		return local_fail(&w, PROV_LOCAL_ARG, "the serial has not twelve digits");
	if (salt)
		memcpy(out->wrap.salt, salt, sizeof(out->wrap.salt));
	else if (RAND_bytes(out->wrap.salt, sizeof(out->wrap.salt)) != 1)
		return local_fail(&w, PROV_LOCAL_CRYPTO, "no randomness for a salt");
	if (!derive(root, out->wrap.salt, s.key))
		rc = local_fail(&w, PROV_LOCAL_CRYPTO,
				"OpenSSL cannot derive a key (HKDF)");
	else if (!wrap_key(&s, generation, RECORD_KEY_1, &plain->key_1, out->key_1,
			   sizeof(out->key_1), &f->key_1) ||
		 !wrap_key(&s, generation, RECORD_KEY_2, &plain->key_2, out->key_2,
			   sizeof(out->key_2), &f->key_2) ||
		 !wrap_key(&s, generation, RECORD_PRIVATE_KEY, &plain->private_key,
			   out->private_key, sizeof(out->private_key), &f->private_key))
		rc = local_fail(&w, PROV_LOCAL_CRYPTO,
				"a key is too long, or OpenSSL cannot wrap it");
	explicit_bzero(&s, sizeof(s));
	return rc;
}

int prov_unwrap(const struct prov_wrap_root *root, const struct record_view *view,
		uint16_t type, uint8_t *out, size_t room, size_t *len, char *words,
		size_t bytes)
{
	struct words w = local_begin(words, bytes);
	struct seal s = { .serial = view->serial };
	struct record_wrap wrap;
	struct record_tlv tlv;
	int rc = 0;

	if (!record_wrap_get(view, &wrap))
		return local_fail(&w, PROV_LOCAL_ARG,
				  "the record's keys are not wrapped");
	if (!record_find(view, type, &tlv) || tlv.len < RECORD_WRAP_TAG_BYTES)
		return local_fail(&w, PROV_LOCAL_ARG, "the record has no such key");
	*len = tlv.len - RECORD_WRAP_TAG_BYTES;
	if (*len > room)
		return local_fail(&w, PROV_LOCAL_ARG, "the key has %zu bytes", *len);
	record_wrap_nonce(view->generation, type, s.nonce);
	if (!derive(root, wrap.salt, s.key))
		rc = local_fail(&w, PROV_LOCAL_CRYPTO,
				"OpenSSL cannot derive a key (HKDF)");
	else if (!unseal(&s, tlv.data, *len, out))
		rc = local_fail(
			&w, PROV_LOCAL_KEY,
			"OTP block %u does not hold the root of the record's keys",
			root->otp_block);
	explicit_bzero(&s, sizeof(s));
	return rc;
}

/* -- the block of the root --------------------------------------------------------- */

#define WORD 4u
#define OPEN                                                                             \
	0xff /* [RM0090] "OTP area": the lock byte of a block that may be written        \
	      */
#define LOCKED 0x00

static const uint8_t birth_magic[WORD] = { 'S', 'T', 'M', 'B' };

/*
 * Random bytes into the words that are blank. Words that are not were burned before: they
 * stay, even if cut off halfway, as programming can only clear more bits of them.
 */
static bool complete(uint8_t *block)
{
	uint8_t *word;

	for (word = block; word < block + PROV_OTP_BLOCK_BYTES; word += WORD)
		while (record_is_blank(word, WORD))
			if (RAND_bytes(word, WORD) != 1)
				return false;
	return true;
}

static bool is_complete(const uint8_t *block)
{
	unsigned at;

	for (at = 0; at < PROV_OTP_BLOCK_BYTES; at += WORD)
		if (record_is_blank(block + at, WORD))
			return false;
	return true;
}

/* A block that is already known to be the root's, by a record or by a journal. */
static int known_block(const uint8_t *block, uint8_t lock, bool burned,
		       struct prov_otp_plan *out, const struct words *w)
{
	unsigned i = out->root.otp_block;

	if (lock != OPEN && lock != LOCKED)
		return local_fail(
			w, PROV_LOCAL_REFUSED,
			"the lock byte of OTP block %u is 0x%02x, neither 00 nor ff", i,
			lock);
	if (memcmp(block, birth_magic, sizeof(birth_magic)) == 0)
		return local_fail(w, PROV_LOCAL_REFUSED,
				  "OTP block %u holds the birth record, no root", i);
	if (!is_complete(block) && (burned || lock == LOCKED))
		return local_fail(w, PROV_LOCAL_KEY,
				  "OTP block %u was never fully burned: it holds no root",
				  i);
	memcpy(out->root.bytes, block, PROV_OTP_BLOCK_BYTES);
	out->burn = !is_complete(block);
	out->lock = lock == OPEN;
	if (!complete(out->root.bytes))
		return local_fail(w, PROV_LOCAL_CRYPTO, "no randomness for a root");
	return 0;
}

static int fresh_block(const uint8_t *data, const uint8_t *lock,
		       struct prov_otp_plan *out, const struct words *w)
{
	unsigned i = 0;

	while (i < PROV_OTP_BLOCKS &&
	       (lock[i] != OPEN ||
		!record_is_blank(data + i * PROV_OTP_BLOCK_BYTES, PROV_OTP_BLOCK_BYTES)))
		i++;
	if (i == PROV_OTP_BLOCKS)
		return local_fail(w, PROV_LOCAL_SPENT,
				  "no block of OTP is blank and open: all 16 are used");
	out->root.otp_block = i;
	out->burn = out->lock = true;
	memset(out->root.bytes, 0xff, PROV_OTP_BLOCK_BYTES);
	if (!complete(out->root.bytes))
		return local_fail(w, PROV_LOCAL_CRYPTO, "no randomness for a root");
	return 0;
}

int prov_otp_choose(const uint8_t *data, const uint8_t *lock,
		    const struct record_view *record, int journal_block,
		    struct prov_otp_plan *out, char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	struct record_wrap wrap;
	bool burned = record && record_wrap_get(record, &wrap);
	int block = burned ? wrap.otp_block : journal_block;
	int rc;

	memset(out, 0, sizeof(*out));
	if (block >= (int)PROV_OTP_BLOCKS)
		return local_fail(&w, PROV_LOCAL_ARG, "OTP has no block %d", block);
	if (block < 0) {
		rc = fresh_block(data, lock, out, &w);
	} else {
		out->root.otp_block = (unsigned)block;
		rc = known_block(data + (unsigned)block * PROV_OTP_BLOCK_BYTES,
				 lock[block], burned, out, &w);
	}
	if (rc < 0)
		prov_otp_plan_wipe(out);
	return rc;
}

void prov_otp_plan_wipe(struct prov_otp_plan *plan)
{
	explicit_bzero(plan, sizeof(*plan));
}

/* -- the birth record -------------------------------------------------------------- */

enum {
	BIRTH_VERSION = 4,
	BIRTH_REVISION = 6,
	BIRTH_ID = 8,
	BIRTH_ID_BYTES = 20,
	BIRTH_CRC = 28,
	SHA256_BYTES = 32
};

static void put_crc(uint8_t *p, uint32_t crc)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(crc >> 8 * i);
}

int prov_birth_make(uint16_t revision, const char *device_id,
		    uint8_t out[PROV_OTP_BLOCK_BYTES], char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	uint8_t hash[SHA256_BYTES];

	if (EVP_Digest(device_id, strlen(device_id), hash, NULL, EVP_sha256(), NULL) != 1)
		return local_fail(&w, PROV_LOCAL_CRYPTO, "OpenSSL has no SHA-256");
	memset(out, 0, PROV_OTP_BLOCK_BYTES);
	memcpy(out, birth_magic, sizeof(birth_magic));
	out[BIRTH_VERSION] = 1;
	out[BIRTH_REVISION] = (uint8_t)revision;
	out[BIRTH_REVISION + 1] = (uint8_t)(revision >> 8);
	memcpy(out + BIRTH_ID, hash, BIRTH_ID_BYTES);
	put_crc(out + BIRTH_CRC, record_crc32(0, out, BIRTH_CRC));
	return 0;
}

bool prov_birth_parse(const uint8_t block[PROV_OTP_BLOCK_BYTES], uint16_t *revision)
{
	uint8_t crc[4];

	put_crc(crc, record_crc32(0, block, BIRTH_CRC));
	if (memcmp(block, birth_magic, sizeof(birth_magic)) != 0 ||
	    block[BIRTH_VERSION] != 1 || memcmp(block + BIRTH_CRC, crc, sizeof(crc)) != 0)
		return false;
	*revision = (uint16_t)(block[BIRTH_REVISION] | block[BIRTH_REVISION + 1] << 8);
	return true;
}

bool prov_birth_matches(const uint8_t block[PROV_OTP_BLOCK_BYTES], const char *device_id)
{
	uint8_t want[PROV_OTP_BLOCK_BYTES];
	uint16_t revision;

	return prov_birth_parse(block, &revision) &&
	       prov_birth_make(revision, device_id, want, NULL, 0) == 0 &&
	       memcmp(want, block, sizeof(want)) == 0;
}
