#include "crypto.h"

#include "wipe.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static void *take(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return wipe_realloc(NULL, len);
}

static void *resize(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return wipe_realloc(p, len);
}

static void give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	wipe_free(p);
}

/*
 * OpenSSL wipes what it calls a key, but neither the DER and PEM that it decodes and
 * encodes keys by, nor what it has deciphered. This must be before its first allocation,
 * and so before main(), where a program may still set other functions.
 */
__attribute__((constructor)) static void set_memory(void)
{
	(void)CRYPTO_set_mem_functions(take, resize, give_back);
}

int crypto_hmac_sha256(const uint8_t *key, size_t key_len, const void *msg,
		       size_t msg_len, uint8_t mac[CRYPTO_SHA256_BYTES],
		       struct prov_error *err)
{
	unsigned len = CRYPTO_SHA256_BYTES;

	if (key_len > INT32_MAX ||
	    !HMAC(EVP_sha256(), key, (int)key_len, msg, msg_len, mac, &len))
		return fail(err, PROV_ERR_NOMEM, "no memory for an HMAC-SHA256");
	return 0;
}

int crypto_random(void *to, size_t len, struct prov_error *err)
{
	if (len > INT32_MAX || RAND_priv_bytes(to, (int)len) != 1)
		return fail(err, PROV_ERR_SERVICE, "OpenSSL has no random bytes to give");
	return 0;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
