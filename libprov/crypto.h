/* The door to OpenSSL's HMAC and generator; X.509 and key wrapping have their own. */
#ifndef PROV_CRYPTO_H
#define PROV_CRYPTO_H

#include "error.h"

#define CRYPTO_SHA256_BYTES 32

int crypto_hmac_sha256(const uint8_t *key, size_t key_len, const void *msg,
		       size_t msg_len, uint8_t mac[CRYPTO_SHA256_BYTES],
		       struct prov_error *err);

int crypto_random(void *to, size_t len, struct prov_error *err);

/* In a time that depends on `len` alone. */
bool crypto_equal(const void *a, const void *b, size_t len);

#endif
