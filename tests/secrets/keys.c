/* The keys of a run, from where they lie. */
#include "secrets.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MIN 16 /* bytes, as IoT Hub has it; and the most */
#define KEY_MAX 64

#define TOKEN_MAX 2048 /* bytes of an access token that are looked for */

const char *kind_name(enum kind kind)
{
	static const char *const names[] = {
		[KIND_STORE] = "key of a hub's store",
		[KIND_RECORD] = "key of a record",
		[KIND_PRIVATE] = "private key",
		[KIND_ROOT] = "root in OTP",
		[KIND_STRING] = "key of a connection string",
		[KIND_FILE] = "key of a file",
		[KIND_TOKEN] = "token or signature",
		[KIND_TEXT] = "key in the tests' text",
		[KIND_MARK] = "what goes with a key",
	};

	return names[kind];
}

static bool is_plain(const uint8_t *bytes, size_t len)
{
	bool seen[256] = { false };
	unsigned different = 0;

	for (size_t i = 0; i < len; i++) {
		different += !seen[bytes[i]];
		seen[bytes[i]] = true;
	}
	return different < 8;
}

/* Where the key is in the index, or would be. */
static uint32_t *place(const struct keys *keys, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 0x100000001b3u;
	for (hash ^= hash >> 29;; hash++) {
		uint32_t *at = &keys->index[hash & (keys->slots - 1)];
		const struct key *k = *at ? &keys->list[*at - 1] : NULL;

		if (!k || (k->len == len && memcmp(k->bytes, bytes, len) == 0))
			return at;
	}
}

/* Twice the room before the index is half full. */
static void grow(struct keys *keys)
{
	if (keys->slots > 2 * keys->n)
		return;
	keys->slots = keys->slots ? 2 * keys->slots : 4096;
	keys->list = realloc(keys->list, keys->slots / 2 * sizeof(*keys->list));
	free(keys->index);
	keys->index = calloc(keys->slots, sizeof(*keys->index));
	for (size_t i = 0; i < keys->n; i++)
		*place(keys, keys->list[i].bytes, keys->list[i].len) = (uint32_t)i + 1;
}

void keys_add(struct keys *keys, enum kind kind, const void *bytes, size_t len)
{
	uint32_t *at;

	if (is_plain(bytes, len)) {
		keys->plain++;
		return;
	}
	grow(keys);
	at = place(keys, bytes, len);
	if (*at)
		return;
	keys->list[keys->n] = (struct key){ kind, malloc(len), len };
	memcpy(keys->list[keys->n++].bytes, bytes, len);
	*at = (uint32_t)keys->n;
	keys->count[kind]++;
}

/* -- base64 ----------------------------------------------------------------------- */

static int digit(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static size_t run_of_digits(const uint8_t *text, size_t len)
{
	size_t n = 0;

	while (n < len && digit(text[n]) >= 0)
		n++;
	return n;
}

/* `n` digits to bytes; how many. */
static size_t decode(const uint8_t *text, size_t n, uint8_t *to)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 6 | (uint32_t)digit(text[i]);
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[out++] = (uint8_t)(bits >> have);
		}
	}
	return out;
}

/* A key ends with its padding; where it begins follows from how long keys are. */
void keys_from_base64(struct keys *keys, enum kind kind, const uint8_t *bytes, size_t len)
{
	static const struct {
		size_t digits, padding;
	} shapes[] = { { 22, 2 }, { 43, 1 }, { 86, 2 } }; /* 16, 32 and 64 bytes */
	uint8_t key[KEY_MAX + 2];

	for (size_t i = 0, run; i < len; i += run ? run : 1) {
		size_t pad = 0;

		run = run_of_digits(bytes + i, len - i);
		while (i + run + pad < len && bytes[i + run + pad] == '=')
			pad++;
		for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
			if (pad == shapes[k].padding && run >= shapes[k].digits)
				keys_add(keys, kind, key,
					 decode(bytes + i + run - shapes[k].digits,
						shapes[k].digits, key));
	}
}

/* -- texts ------------------------------------------------------------------------ */

static const uint8_t *find(const uint8_t *from, const uint8_t *end, const char *word)
{
	const uint8_t *at = memmem(from, (size_t)(end - from), word, strlen(word));

	return at ? at + strlen(word) : NULL;
}

static void take_strings(struct keys *keys, const uint8_t *text, const uint8_t *end)
{
	uint8_t key[KEY_MAX + 2];

	while ((text = find(text, end, "SharedAccessKey="))) {
		size_t n = run_of_digits(text, (size_t)(end - text));

		if (n * 3 / 4 >= KEY_MIN && n * 3 / 4 <= KEY_MAX)
			keys_add(keys, KIND_STRING, key, decode(text, n, key));
	}
}

/* The value of "sig=" without its escapes. */
static void take_signatures(struct keys *keys, const uint8_t *text, const uint8_t *end)
{
	uint8_t plain[100], key[KEY_MAX + 16];

	while ((text = find(text, end, "&sig="))) {
		size_t n = 0;

		for (; text < end && n < 86; n++) {
			if (*text == '%' && end - text > 2) {
				char hex[3] = { (char)text[1], (char)text[2], '\0' };

				plain[n] = (uint8_t)strtoul(hex, NULL, 16);
				text += 3;
			} else {
				plain[n] = *text++;
			}
			if (digit(plain[n]) < 0)
				break;
		}
		if (n * 3 / 4 >= KEY_MIN)
			keys_add(keys, KIND_TOKEN, key, decode(plain, n, key));
	}
}

/* Three parts of base64url, the first two of which are JSON objects. */
static void take_access_token(struct keys *keys, const uint8_t *text, size_t len)
{
	if (len > 20 && memcmp(text, "eyJ", 3) == 0 && memmem(text, len, ".eyJ", 4))
		keys_add(keys, KIND_TOKEN, text, len < TOKEN_MAX ? len : TOKEN_MAX);
}

static void take_number(struct keys *keys, const EVP_PKEY *key, const char *name)
{
	uint8_t bytes[1024];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
	    BN_num_bytes(n) <= (int)sizeof(bytes))
		keys_add(keys, KIND_PRIVATE, bytes, (size_t)BN_bn2bin(n, bytes));
	BN_clear_free(n);
}

static void take_private(struct keys *keys, EVP_PKEY *key)
{
	if (key) {
		take_number(keys, key, OSSL_PKEY_PARAM_PRIV_KEY);
		take_number(keys, key, OSSL_PKEY_PARAM_RSA_D);
		take_number(keys, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
		take_number(keys, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	}
	EVP_PKEY_free(key);
	ERR_clear_error();
}

void keys_from_der(struct keys *keys, const uint8_t *der, size_t len)
{
	take_private(keys, d2i_AutoPrivateKey(NULL, &der, (long)len));
}

static int no_passphrase(char *to, int size, int writing, void *ctx)
{
	(void)to, (void)size, (void)writing, (void)ctx;
	return -1;
}

static void take_pem(struct keys *keys, const uint8_t *text, const uint8_t *end)
{
	const uint8_t *next;

	for (; (next = find(text, end, "-----BEGIN ")); text = next) {
		BIO *bio = BIO_new_mem_buf(next - 11, (int)(end - next + 11));
		const uint8_t *line = memchr(next, '\n', (size_t)(end - next));

		if (line && find(next, line, "PRIVATE KEY"))
			take_private(keys, PEM_read_bio_PrivateKey(bio, NULL,
								   no_passphrase, NULL));
		BIO_free(bio);
	}
}

void keys_from_text(struct keys *keys, const uint8_t *text, size_t len)
{
	const uint8_t *end = text + len;
	size_t whole = len;

	while (whole && (text[whole - 1] == '\n' || text[whole - 1] == '\r'))
		whole--;
	take_strings(keys, text, end);
	take_signatures(keys, text, end);
	take_pem(keys, text, end);
	take_access_token(keys, text, whole);
	if (whole % 4 == 0 && whole <= 88 && whole - run_of_digits(text, whole) <= 2)
		keys_from_base64(keys, KIND_FILE, text, whole);
}
