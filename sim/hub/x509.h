/* Certificates that clients show. All texts are PEM. */
#ifndef HUB_X509_H
#define HUB_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THUMBPRINT_TEXT 65
#define X509_NAME_TEXT  512

/* What a certificate says of itself. */
struct x509_info {
	char subject[X509_NAME_TEXT]; /* "CN=a, O=b", cut off */
	char issuer[X509_NAME_TEXT];
	char sha1[THUMBPRINT_TEXT];
	char sha256[THUMBPRINT_TEXT];
	char serial[48]; /* hex, cut off */
	int version;
	int64_t from_ms; /* unix */
	int64_t until_ms;
};

/*
 * The thumbprint of the first certificate in hex digits, upper case: SHA-1's when
 * `digits` is 40, SHA-256's when it is 64. False: neither, or this is no certificate.
 */
bool x509_thumbprint(const char *certificate, size_t digits, char to[THUMBPRINT_TEXT]);

/*
 * A certificate as clients send it in JSON, PEM or the base64 of its DER, as PEM. Returns
 * memory, or NULL: it is none.
 */
char *x509_read_pem(const char *text);

/* The first certificate as DER, and back. Return memory, or NULL: it is none. */
uint8_t *x509_der(const char *certificate, size_t *len);
char *x509_pem(const uint8_t *der, size_t len);

/* Of the first certificate. False: it is none. */
bool x509_describe(const char *certificate, struct x509_info *info);

/* Is this its subject's common name? Case counts, as in a device's id. */
bool x509_subject_is(const char *certificate, const char *common_name);

/* The subject's common name, cut off at `room`. False: there is none, or a NUL in it. */
bool x509_common_name(const char *certificate, char *to, size_t room);

/*
 * Do signatures lead from the certificate, over those in `chain` (NULL: none), to one of
 * `roots`, and are all good at that time? A root need not have signed itself.
 */
bool x509_leads(const char *certificate, const char *chain, const char *roots,
		int64_t unix_ms);

/*
 * Those certificates of `pem` whose subject has this common name, as PEM. Returns memory,
 * or NULL: there is none.
 */
char *x509_find(const char *pem, const char *common_name);

#endif
