/* What the hub needs of OpenSSL, whose headers only crypto.c knows. */
#ifndef HUB_CRYPTO_H
#define HUB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES    32 /* of the keys that the hub makes */
#define KEY_TEXT     45 /* one of them in base64, with its NUL */
#define SHA256_BYTES 32

#define CRYPTO_UUID_TEXT 37

/* False: there is no randomness to be had. */
bool crypto_random(void *to, size_t len);
/* A new key in base64. */
bool crypto_new_key(char to[KEY_TEXT]);

/* 36 characters, random, as request ids and the like are. */
void crypto_uuid(char to[CRYPTO_UUID_TEXT]);

bool crypto_hmac(uint8_t mac[SHA256_BYTES], const uint8_t *key, size_t key_len,
		 const char *text, size_t len);
/* Takes the same time wherever they differ. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* `to` has room for (len + 2) / 3 * 4 + 1 bytes. */
void base64_encode(char *to, const uint8_t *from, size_t len);
/* Strict: padded, no blanks. The number of bytes, or -1; none more than `room`. */
int base64_decode(uint8_t *to, size_t room, const char *from, size_t len);

/* A certificate and its private key, both PEM, RSA-2048 as the real hub's. */
struct cert {
	char *cert_pem;
	char *key_pem;
};

bool crypto_make_ca(struct cert *ca, const char *common_name, int days);
/* `alt_names` as OpenSSL writes them: "DNS:a,DNS:b,IP:127.0.0.1" */
bool crypto_make_server(struct cert *server, const struct cert *ca,
			const char *common_name, const char *alt_names, int days);
/* Is it signed by `ca`, made for `host`, and good for `days` more? */
bool crypto_cert_serves(const struct cert *server, const struct cert *ca,
			const char *host, int days);
/* Certificate and key fit, and it is good for `days` more. */
bool crypto_cert_whole(const struct cert *cert, int days);
void cert_free(struct cert *cert);

#endif
