#include "x509.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

bool x509_common_name(const char *certificate, char *to, size_t room)
{
	X509 *x509 = read_first(certificate);
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
	X509_free(x509);
	return found;
}

bool x509_subject_is(const char *certificate, const char *common_name)
{
	char found[256];

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
