#include "crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

int crypto_hmac_sha256(const uint8_t *key, size_t key_len, const void *msg,
		       size_t msg_len, uint8_t mac[CRYPTO_SHA256_BYTES],
		       struct prov_error *err)
{
	unsigned len = CRYPTO_SHA256_BYTES;

	if (key_len > INT32_MAX ||
	    !HMAC(EVP_sha256(), key, (int)key_len, msg, msg_len, mac, &len))
		return fail(err, PROV_ERR_NOMEM, "OpenSSL cannot make an HMAC-SHA256");
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
