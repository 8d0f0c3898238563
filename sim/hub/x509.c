#include "x509.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto.h"
#include "pem.h"

#define CHAIN_MAX 16 /* certificates of a text; more are not looked at */

static X509 *read_first(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x509;
}

static void free_all(STACK_OF(X509) * list)
{
	sk_X509_pop_free(list, X509_free);
}

/* NULL: no memory. */
static STACK_OF(X509) * read_all(const char *pem)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem ? pem : "", -1);
	X509 *x509;

	while (list && bio && sk_X509_num(list) < CHAIN_MAX &&
	       (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (!sk_X509_push(list, x509)) {
			X509_free(x509);
			break;
		}
	BIO_free(bio);
	return list;
}

bool x509_thumbprint(const char *certificate, size_t digits, char to[THUMBPRINT_TEXT])
{
	const EVP_MD *hash = digits == 40   ? EVP_sha1()
			     : digits == 64 ? EVP_sha256()
					    : NULL;
	X509 *x509 = hash ? read_first(certificate) : NULL;
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool made = x509 && X509_digest(x509, hash, bytes, &len) && len * 2 == digits;

	for (unsigned i = 0; made && i < len; i++)
		snprintf(to + 2 * i, 3, "%02X", bytes[i]);
	X509_free(x509);
	return made;
}

static bool common_name(X509 *x509, char *to, size_t room)
{
	X509_NAME *name = x509 ? X509_get_subject_name(x509) : NULL;
	int at = name ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
	unsigned char *utf8 = NULL;
	int len = -1;
	bool found;

	if (at >= 0)
		len = ASN1_STRING_to_UTF8(
			&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	found = len > 0 && !memchr(utf8, 0, (size_t)len);
	if (found)
		snprintf(to, room, "%.*s", len, (const char *)utf8);
	OPENSSL_free(utf8);
	return found;
}

bool x509_common_name(const char *certificate, char *to, size_t room)
{
	X509 *x509 = read_first(certificate);
	bool found = common_name(x509, to, room);

	X509_free(x509);
	return found;
}

bool x509_subject_is(const char *certificate, const char *common_name)
{
	char found[300]; /* a module's is two ids long */

	return x509_common_name(certificate, found, sizeof(found)) &&
	       strcmp(found, common_name) == 0;
}

static bool verify(X509 *leaf, STACK_OF(X509) * chain, STACK_OF(X509) * roots,
		   int64_t unix_ms)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool ready = store && context;
	bool leads = false;

	for (int i = 0; ready && i < sk_X509_num(roots); i++)
		ready = X509_STORE_add_cert(store, sk_X509_value(roots, i));
	if (ready && X509_STORE_CTX_init(context, store, leaf, chain)) {
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
		X509_STORE_CTX_set_time(context, 0, (time_t)(unix_ms / 1000));
		leads = X509_verify_cert(context) == 1;
	}
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return leads;
}

bool x509_leads(const char *certificate, const char *chain, const char *roots,
		int64_t unix_ms)
{
	X509 *leaf = read_first(certificate);
	STACK_OF(X509) *between = read_all(chain);
	STACK_OF(X509) *top = read_all(roots);
	bool leads = leaf && between && top && verify(leaf, between, top, unix_ms);

	free_all(top);
	free_all(between);
	X509_free(leaf);
	return leads;
}

/* -- as JSON has them ----------------------------------------------------------------- */

static char *write_pem(X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;

	if (x509 && bio && PEM_write_bio_X509(bio, x509))
		pem = pem_text(bio);
	BIO_free(bio);
	X509_free(x509);
	return pem;
}

uint8_t *x509_der(const char *certificate, size_t *len)
{
	X509 *x509 = read_first(certificate);
	unsigned char *made = NULL;
	int bytes = x509 ? i2d_X509(x509, &made) : -1;
	uint8_t *der = bytes > 0 ? malloc((size_t)bytes) : NULL;

	if (der)
		memcpy(der, made, *len = (size_t)bytes);
	OPENSSL_free(made);
	X509_free(x509);
	return der;
}

char *x509_pem(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;

	return len > 0 && len <= LONG_MAX ? write_pem(d2i_X509(NULL, &at, (long)len))
					  : NULL;
}

static char *read_base64(const char *base64)
{
	size_t len = 0, room = strlen(base64);
	char *packed = malloc(room + 1), *pem = NULL;
	uint8_t *der = malloc(room + 1);
	int bytes = -1;

	for (const char *c = base64; packed && *c; c++)
		if (!strchr(" \t\r\n", *c))
			packed[len++] = *c;
	if (packed && der)
		bytes = base64_decode(der, room, packed, len);
	if (bytes > 0)
		pem = x509_pem(der, (size_t)bytes);
	free(packed);
	free(der);
	return pem;
}

char *x509_read_pem(const char *text)
{
	return strstr(text, "-----BEGIN") ? write_pem(read_first(text))
					  : read_base64(text);
}

char *x509_find(const char *pem, const char *name)
{
	STACK_OF(X509) *list = read_all(pem);
	BIO *bio = BIO_new(BIO_s_mem());
	char found[256], *text = NULL;
	bool any = false;

	for (int i = 0; list && bio && i < sk_X509_num(list); i++) {
		X509 *x509 = sk_X509_value(list, i);

		if (common_name(x509, found, sizeof(found)) && strcmp(found, name) == 0)
			any |= PEM_write_bio_X509(bio, x509) == 1;
	}
	if (any)
		text = pem_text(bio);
	BIO_free(bio);
	free_all(list);
	return text;
}

/* -- what they say -------------------------------------------------------------------- */

static void describe_name(const X509_NAME *name, char to[X509_NAME_TEXT])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio &&
	    X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ) >= 0)
		text = pem_text(bio);
	snprintf(to, X509_NAME_TEXT, "%s", text ? text : "");
	free(text);
	BIO_free(bio);
}

static int64_t time_ms(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void describe_serial(const X509 *x509, char *to, size_t room)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;

	snprintf(to, room, "%s", hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(number);
}

bool x509_describe(const char *certificate, struct x509_info *info)
{
	X509 *x509 = read_first(certificate);

	if (!x509)
		return false;
	describe_name(X509_get_subject_name(x509), info->subject);
	describe_name(X509_get_issuer_name(x509), info->issuer);
	describe_serial(x509, info->serial, sizeof(info->serial));
	info->version = (int)X509_get_version(x509) + 1;
	info->from_ms = time_ms(X509_get0_notBefore(x509));
	info->until_ms = time_ms(X509_get0_notAfter(x509));
	X509_free(x509);
	return x509_thumbprint(certificate, 40, info->sha1) &&
	       x509_thumbprint(certificate, 64, info->sha256);
}
