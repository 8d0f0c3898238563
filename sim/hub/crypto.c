#include "crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pem.h"

bool crypto_random(void *to, size_t len)
{
	return len <= INT_MAX && RAND_bytes(to, (int)len) == 1;
}

bool crypto_new_key(char to[KEY_TEXT])
{
	uint8_t key[KEY_BYTES];
	bool made = crypto_random(key, sizeof(key));

	base64_encode(to, key, made ? sizeof(key) : 0);
	OPENSSL_cleanse(key, sizeof(key));
	return made;
}

void crypto_uuid(char to[CRYPTO_UUID_TEXT])
{
	uint64_t id[2] = { 0 };

	crypto_random(id, sizeof(id));
	snprintf(to, CRYPTO_UUID_TEXT, "%08x-%04x-%04x-%04x-%012llx", (unsigned)id[0],
		 (unsigned)(id[0] >> 32) & 0xffff, (unsigned)(id[0] >> 48) & 0xffff,
		 (unsigned)id[1] & 0xffff, (unsigned long long)(id[1] >> 16));
}

bool crypto_hmac(uint8_t mac[SHA256_BYTES], const uint8_t *key, size_t key_len,
		 const char *text, size_t len)
{
	unsigned mac_len = 0;

	return key_len <= INT_MAX &&
	       HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, len,
		    mac, &mac_len) &&
	       mac_len == SHA256_BYTES;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

/* -- base64 -------------------------------------------------------------------------- */

void base64_encode(char *to, const uint8_t *from, size_t len)
{
	EVP_EncodeBlock((unsigned char *)to, from, (int)len);
}

int base64_decode(uint8_t *to, size_t room, const char *from, size_t len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t padding = 0, bytes;
	uint8_t *whole;

	if (len % 4 != 0 || len > INT_MAX / 4)
		return -1;
	while (padding < 2 && padding < len && from[len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < len - padding; i++)
		if (!from[i] || !strchr(alphabet, from[i]))
			return -1;
	bytes = len / 4 * 3 - padding;
	if (bytes > room)
		return -1;
	whole = malloc(len + 1); /* OpenSSL writes the padding's bytes too */
	if (!whole)
		return -1;
	EVP_DecodeBlock(whole, (const unsigned char *)from, (int)len);
	memcpy(to, whole, bytes);
	OPENSSL_cleanse(whole, len);
	free(whole);
	return (int)bytes;
}

/* -- certificates -------------------------------------------------------------------- */

char *pem_text(BIO *bio)
{
	char *at, *text;
	long len = BIO_get_mem_data(bio, &at);

	text = malloc((size_t)len + 1);
	if (text) {
		memcpy(text, at, (size_t)len);
		text[len] = '\0';
	}
	return text;
}

static bool to_pem(struct cert *cert, X509 *x509, EVP_PKEY *key)
{
	BIO *cert_bio = BIO_new(BIO_s_mem());
	BIO *key_bio = BIO_new(BIO_s_mem());

	*cert = (struct cert){ 0 };
	if (cert_bio && key_bio && PEM_write_bio_X509(cert_bio, x509) &&
	    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL)) {
		cert->cert_pem = pem_text(cert_bio);
		cert->key_pem = pem_text(key_bio);
	}
	BIO_free(cert_bio);
	BIO_free(key_bio);
	return cert->cert_pem && cert->key_pem;
}

static X509 *read_cert(const struct cert *cert)
{
	BIO *bio = BIO_new_mem_buf(cert->cert_pem, -1);
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x509;
}

static EVP_PKEY *read_key(const struct cert *cert)
{
	BIO *bio = BIO_new_mem_buf(cert->key_pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static bool extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool added;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension && X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool fill_in(X509 *x509, EVP_PKEY *key, const char *common_name, int days)
{
	X509_NAME *name = X509_get_subject_name(x509);
	uint64_t serial;

	/* 64 characters is what a common name may have; the rest is in the SANs */
	return crypto_random(&serial, sizeof(serial)) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) &&
	       X509_set_version(x509, X509_VERSION_3) && X509_set_pubkey(x509, key) &&
	       X509_time_adj_ex(X509_getm_notBefore(x509), -1, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(x509), days, 0, NULL) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					  (const unsigned char *)common_name,
					  (int)strnlen(common_name, 64), -1, 0);
}

bool crypto_make_ca(struct cert *ca, const char *common_name, int days)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x509 = X509_new();
	bool made = key && x509 && fill_in(x509, key, common_name, days) &&
		    X509_set_issuer_name(x509, X509_get_subject_name(x509)) &&
		    extend(x509, x509, NID_basic_constraints, "critical,CA:TRUE") &&
		    extend(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		    extend(x509, x509, NID_subject_key_identifier, "hash") &&
		    X509_sign(x509, key, EVP_sha256()) && to_pem(ca, x509, key);

	X509_free(x509);
	EVP_PKEY_free(key);
	return made;
}

bool crypto_make_server(struct cert *server, const struct cert *ca,
			const char *common_name, const char *alt_names, int days)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	EVP_PKEY *ca_key = read_key(ca);
	X509 *issuer = read_cert(ca);
	X509 *x509 = X509_new();
	bool made = key && ca_key && issuer && x509 &&
		    fill_in(x509, key, common_name, days) &&
		    X509_set_issuer_name(x509, X509_get_subject_name(issuer)) &&
		    extend(x509, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
		    extend(x509, issuer, NID_key_usage,
			   "critical,digitalSignature,keyEncipherment") &&
		    extend(x509, issuer, NID_ext_key_usage, "serverAuth") &&
		    extend(x509, issuer, NID_subject_key_identifier, "hash") &&
		    extend(x509, issuer, NID_authority_key_identifier, "keyid") &&
		    extend(x509, issuer, NID_subject_alt_name, alt_names) &&
		    X509_sign(x509, ca_key, EVP_sha256()) && to_pem(server, x509, key);

	X509_free(x509);
	X509_free(issuer);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return made;
}

static bool lasts(const X509 *x509, int days)
{
	int left_days, left_seconds;

	return ASN1_TIME_diff(&left_days, &left_seconds, NULL,
			      X509_get0_notAfter(x509)) &&
	       left_days >= days;
}

bool crypto_cert_whole(const struct cert *cert, int days)
{
	X509 *x509 = cert->cert_pem ? read_cert(cert) : NULL;
	EVP_PKEY *key = cert->key_pem ? read_key(cert) : NULL;
	bool whole = x509 && key && X509_check_private_key(x509, key) == 1 &&
		     lasts(x509, days);

	X509_free(x509);
	EVP_PKEY_free(key);
	return whole;
}

bool crypto_cert_serves(const struct cert *server, const struct cert *ca,
			const char *host, int days)
{
	X509 *x509 = server->cert_pem ? read_cert(server) : NULL;
	X509 *issuer = read_cert(ca);
	bool serves = x509 && issuer && crypto_cert_whole(server, days) &&
		      X509_verify(x509, X509_get0_pubkey(issuer)) == 1 &&
		      X509_check_host(x509, host, 0, 0, NULL) == 1;

	X509_free(x509);
	X509_free(issuer);
	return serves;
}

void cert_free(struct cert *cert)
{
	if (cert->key_pem)
		OPENSSL_cleanse(cert->key_pem, strlen(cert->key_pem));
	free(cert->key_pem);
	free(cert->cert_pem);
	*cert = (struct cert){ 0 };
}
