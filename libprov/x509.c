/*
 * Identities of X.509: P-256 keys and certificates made here or read from files. RFC 5280
 * for what is in a certificate, SEC 1 (appendix C.4) for the key's DER.
 */
#include "local.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (64u << 10) /* bytes of a file; certificates and keys have a few KiB */
#define CN_MAX    64          /* RFC 5280, ub-common-name */
#define CERTS_MAX (1 + (int)RECORD_CERTS_MAX)
#define TIME_MAX  253402300799 /* the last second of 9999: RFC 5280, 4.1.2.5 */

struct prov_x509_ca {
	X509 *cert;
	EVP_PKEY *key;
};

/* -- files ------------------------------------------------------------------------- */

struct file {
	const char *name; /* the last part of its path, for messages */
	uint8_t *bytes;
	size_t len;
};

static void file_free(struct file *f)
{
	if (f->bytes)
		explicit_bzero(f->bytes, FILE_MAX);
	free(f->bytes);
	f->bytes = NULL;
}

static int file_read(const char *path, struct file *f, const struct words *w)
{
	const char *slash = strrchr(path, '/');
	FILE *in = fopen(path, "rb");
	int rc = 0;

	*f = (struct file){ .name = slash ? slash + 1 : path };
	if (!in)
		return local_fail(w, PROV_LOCAL_FILE, "%s: %s", path, strerror(errno));
	/* The only copy of a key is to be ours, which is wiped. */
	setvbuf(in, NULL, _IONBF, 0);
	f->bytes = malloc(FILE_MAX);
	if (!f->bytes)
		rc = local_fail(w, PROV_LOCAL_NOMEM, "no memory");
	else
		f->len = fread(f->bytes, 1, FILE_MAX, in);
	if (rc == 0 && ferror(in))
		rc = local_fail(w, PROV_LOCAL_FILE, "%s: %s", path, strerror(errno));
	else if (rc == 0 && f->len == FILE_MAX)
		rc = local_fail(w, PROV_LOCAL_FORMAT, "%s: has more than 64 KiB",
				f->name);
	fclose(in);
	if (rc < 0)
		file_free(f);
	return rc;
}

static bool has_text(const struct file *f, const char *text)
{
	return memmem(f->bytes, f->len, text, strlen(text)) != NULL;
}

/* Asked for only where a key is encrypted: there is nobody to ask. */
static int no_passphrase(char *buf, int size, int rwflag, void *asked)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)asked = true;
	return -1;
}

/* -- keys -------------------------------------------------------------------------- */

/* True for EC P-256; *kind gets "a key of type RSA", "an EC key on secp384r1". */
static bool is_p256(EVP_PKEY *key, char kind[80])
{
	char group[32];

	if (!EVP_PKEY_is_a(key, "EC")) {
		snprintf(kind, 80, "a key of type %s", EVP_PKEY_get0_type_name(key));
		return false;
	}
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		strcpy(group, "a curve without a name");
	snprintf(kind, 80, "an EC key on %s", group);
	return strcmp(group, SN_X9_62_prime256v1) == 0;
}

/* The first private key; before it there may be other blocks, as "EC PARAMETERS". */
static EVP_PKEY *decode_key(const struct file *f, bool *asked)
{
	EVP_PKEY *key = NULL;
	BIO *bio = BIO_new_mem_buf(f->bytes, (int)f->len);
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(
		&key, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
	int at = -1;

	if (bio && ctx &&
	    OSSL_DECODER_CTX_set_pem_password_cb(ctx, no_passphrase, asked) == 1)
		/* It stops behind a block that it has no use for: go on while it moves.
		 */
		while (OSSL_DECODER_from_bio(ctx, bio) != 1 && !key && !BIO_eof(bio) &&
		       BIO_tell(bio) > at)
			at = BIO_tell(bio);
	OSSL_DECODER_CTX_free(ctx);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

/* A private key, PEM or DER, in any of the usual structures. */
static int key_read(const char *path, EVP_PKEY **out, struct file *f,
		    const struct words *w)
{
	bool asked = false;
	int rc = file_read(path, f, w);

	if (rc < 0)
		return rc;
	*out = decode_key(f, &asked);
	if (!*out && (asked || has_text(f, "ENCRYPTED")))
		rc = local_fail(w, PROV_LOCAL_KEY,
				"%s: is encrypted; `openssl pkey -in %s` decrypts it",
				f->name, f->name);
	else if (!*out)
		rc = local_fail(w, PROV_LOCAL_FORMAT, "%s: holds no private key",
				f->name);
	file_free(f);
	return rc;
}

static bool key_to_der(EVP_PKEY *key, struct prov_x509 *out)
{
	uint8_t *to = out->key_der;
	size_t room = sizeof(out->key_der);
	OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(
		key, EVP_PKEY_KEYPAIR, "DER", "type-specific", NULL);
	bool ok = ctx && OSSL_ENCODER_to_data(ctx, &to, &room) == 1;

	OSSL_ENCODER_CTX_free(ctx);
	out->key_bytes = ok ? sizeof(out->key_der) - room : 0;
	return ok;
}

/* -- certificates ------------------------------------------------------------------ */

static bool cert_to_der(X509 *cert, struct prov_x509_cert *out)
{
	uint8_t *to = out->der;
	int len = i2d_X509(cert, NULL);

	if (len <= 0 || (size_t)len > sizeof(out->der))
		return false;
	out->bytes = (size_t)i2d_X509(cert, &to);
	return true;
}

static void certs_free(X509 **certs, size_t n)
{
	while (n > 0)
		X509_free(certs[--n]);
}

/* The certificates of a PEM file; false when one is malformed or there are too many. */
static bool certs_from_pem(BIO *bio, X509 **certs, size_t *n)
{
	X509 *cert;

	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (*n == (size_t)CERTS_MAX) {
			X509_free(cert);
			return false;
		}
		certs[(*n)++] = cert;
	}
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* The certificates of a file in their order; none when it fails. */
static int certs_read(const char *path, X509 **certs, size_t *n, struct file *f,
		      const struct words *w)
{
	const uint8_t *p;
	BIO *bio;
	bool whole;
	int rc = file_read(path, f, w);

	*n = 0;
	if (rc < 0)
		return rc;
	p = f->bytes;
	bio = BIO_new_mem_buf(f->bytes, (int)f->len);
	ERR_clear_error();
	whole = bio && certs_from_pem(bio, certs, n);
	if (whole && *n == 0 && (certs[0] = d2i_X509(NULL, &p, (long)f->len)) != NULL)
		*n = 1;
	if (!whole)
		rc = local_fail(
			w, PROV_LOCAL_FORMAT,
			"%s: certificate %zu is malformed, or one of more than %d",
			f->name, *n + 1, CERTS_MAX);
	else if (*n == 0)
		rc = local_fail(w, PROV_LOCAL_FORMAT, "%s: holds no certificate",
				f->name);
	if (rc < 0) {
		certs_free(certs, *n);
		*n = 0;
	}
	BIO_free(bio);
	ERR_clear_error();
	file_free(f);
	return rc;
}

int prov_x509_thumbprint(const uint8_t *der, size_t len,
			 char out[PROV_X509_THUMBPRINT_CHARS])
{
	uint8_t hash[32];
	size_t i;

	out[0] = '\0';
	errno = 0;
	if (EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL) != 1)
		return errno == ENOMEM ? PROV_LOCAL_NOMEM : PROV_LOCAL_CRYPTO;
	for (i = 0; i < sizeof(hash); i++)
		snprintf(out + 2 * i, 3, "%02X", hash[i]);
	return 0;
}

/* -- a certificate authority ------------------------------------------------------- */

static int ca_check(const struct prov_x509_ca *ca, const struct file *cert,
		    const struct file *key, const struct words *w)
{
	if (!EVP_PKEY_is_a(ca->key, "RSA") && !EVP_PKEY_is_a(ca->key, "EC"))
		return local_fail(w, PROV_LOCAL_KEY,
				  "%s: holds a key of type %s, not RSA or EC", key->name,
				  EVP_PKEY_get0_type_name(ca->key));
	/* 1: a CA by its basic constraints; the other values are guesses. */
	if (X509_check_ca(ca->cert) != 1)
		return local_fail(w, PROV_LOCAL_FORMAT,
				  "%s: is not the certificate of a CA", cert->name);
	if (X509_check_private_key(ca->cert, ca->key) != 1)
		return local_fail(w, PROV_LOCAL_KEY, "%s: is not the key of %s",
				  key->name, cert->name);
	return 0;
}

int prov_x509_ca_load(const char *cert_file, const char *key_file,
		      struct prov_x509_ca **out, char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	struct prov_x509_ca *ca = calloc(1, sizeof(*ca));
	X509 *certs[CERTS_MAX];
	struct file cert, key;
	size_t n;
	int rc;

	if (!ca)
		return local_fail(&w, PROV_LOCAL_NOMEM, "no memory");
	rc = certs_read(cert_file, certs, &n, &cert, &w);
	if (rc == 0) {
		ca->cert = certs[0];
		certs_free(certs + 1, n - 1);
		rc = key_read(key_file, &ca->key, &key, &w);
	}
	if (rc == 0)
		rc = ca_check(ca, &cert, &key, &w);
	ERR_clear_error();
	if (rc < 0) {
		prov_x509_ca_free(ca);
		return rc;
	}
	*out = ca;
	return 0;
}

void prov_x509_ca_free(struct prov_x509_ca *ca)
{
	if (!ca)
		return;
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	free(ca);
}

/* -- making ------------------------------------------------------------------------ */

/* 16 random bytes, positive and never 0 (at most 20: RFC 5280, 4.1.2.2). */
static bool set_serial(X509 *cert)
{
	uint8_t bytes[16];
	BIGNUM *n = NULL;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok;
}

static bool set_names(X509 *cert, const char *device_id, const X509 *issuer)
{
	X509_NAME *name = X509_NAME_new();
	bool ok =
		name &&
		X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					   (const uint8_t *)device_id, -1, -1, 0) == 1 &&
		X509_set_subject_name(cert, name) == 1 &&
		X509_set_issuer_name(cert,
				     issuer ? X509_get_subject_name(issuer) : name) == 1;

	X509_NAME_free(name);
	return ok;
}

/* OpenSSL picks UTCTime or GeneralizedTime by the year, as RFC 5280, 4.1.2.5 wants it. */
static bool set_times(X509 *cert, int64_t not_before, int64_t not_after)
{
	return X509_time_adj_ex(X509_getm_notBefore(cert), 0, 0,
				&(time_t){ not_before }) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), 0, 0, &(time_t){ not_after });
}

static bool add_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool ok = x && X509_add_ext(cert, x, -1) == 1;

	X509_EXTENSION_free(x);
	return ok;
}

static bool add_extensions(X509 *cert, X509 *issuer)
{
	static const struct {
		int nid;
		const char *value;
	} extensions[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "clientAuth" },
		{ NID_subject_key_identifier, "hash" },
	};
	X509V3_CTX ctx;
	size_t i;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (!add_extension(cert, &ctx, extensions[i].nid, extensions[i].value))
			return false;
	/* Of a CA that has no identifier there is none to point to. */
	if (X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) < 0)
		return true;
	return add_extension(cert, &ctx, NID_authority_key_identifier, "keyid");
}

static X509 *make_cert(const char *device_id, int64_t not_before, int64_t not_after,
		       const struct prov_x509_ca *ca, EVP_PKEY *key)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    set_names(cert, device_id, ca ? ca->cert : NULL) &&
	    set_times(cert, not_before, not_after) && X509_set_pubkey(cert, key) == 1 &&
	    add_extensions(cert, ca ? ca->cert : cert) &&
	    X509_sign(cert, ca ? ca->key : key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool is_self_issued(X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) ==
	       0;
}

/* A name that the record takes too, and that RFC 5280 has room for. */
static int check_name(const char *name, const struct words *w)
{
	size_t len = strlen(name), i;

	if (len == 0 || len > CN_MAX)
		return local_fail(w, PROV_LOCAL_ARG,
				  "a certificate's name has 1 to %d characters, not %zu",
				  CN_MAX, len);
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return local_fail(
				w, PROV_LOCAL_ARG,
				"character %zu of the name is not ASCII, or blank",
				i + 1);
	return 0;
}

/* ASN1_TIME_cmp_time_t gives -2 for a time that it cannot read. */
static int check_times(int64_t not_before, int64_t not_after,
		       const struct prov_x509_ca *ca, const struct words *w)
{
	int begins, ends;

	if (not_after <= not_before || not_before < 0 || not_after > TIME_MAX)
		return local_fail(w, PROV_LOCAL_ARG,
				  "a certificate cannot be valid from %lld to %lld",
				  (long long)not_before, (long long)not_after);
	if (!ca)
		return 0;
	begins = ASN1_TIME_cmp_time_t(X509_get0_notBefore(ca->cert), not_before);
	ends = ASN1_TIME_cmp_time_t(X509_get0_notAfter(ca->cert), not_after);
	if (begins > 0 || begins == -2 || ends < 0)
		return local_fail(
			w, PROV_LOCAL_ARG,
			"the CA's own certificate is not valid for all of that time");
	return 0;
}

int prov_x509_make(const char *device_id, int64_t not_before, int64_t not_after,
		   const struct prov_x509_ca *ca, struct prov_x509 *out, char *words,
		   size_t bytes)
{
	struct words w = local_begin(words, bytes);
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	bool ok;
	int rc = check_name(device_id, &w);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = check_times(not_before, not_after, ca, &w);
	if (rc < 0)
		return rc;
	key = EVP_EC_gen("P-256");
	cert = key ? make_cert(device_id, not_before, not_after, ca, key) : NULL;
	ok = cert && key_to_der(key, out) && cert_to_der(cert, &out->cert) &&
	     prov_x509_thumbprint(out->cert.der, out->cert.bytes, out->thumbprint) == 0;
	/* An intermediate CA goes along, a root is with whoever verifies. */
	if (ok && ca && !is_self_issued(ca->cert))
		ok = cert_to_der(ca->cert, &out->chain[out->n_chain++]);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (!ok) {
		prov_x509_wipe(out);
		return local_fail(&w, PROV_LOCAL_CRYPTO,
				  "OpenSSL cannot make a P-256 key or its certificate");
	}
	return 0;
}

/* -- loading ----------------------------------------------------------------------- */

static int check_identity(EVP_PKEY *key, X509 *cert, const struct file *kf,
			  const struct file *cf, const struct words *w)
{
	char kind[80];

	if (!is_p256(key, kind))
		return local_fail(w, PROV_LOCAL_KEY,
				  "%s: holds %s, enrolment needs EC P-256", kf->name,
				  kind);
	if (X509_check_private_key(cert, key) != 1)
		return local_fail(w, PROV_LOCAL_KEY, "%s: is not the key of %s", kf->name,
				  cf->name);
	return 0;
}

static int fill(EVP_PKEY *key, X509 **certs, size_t n, const struct file *cf,
		struct prov_x509 *out, const struct words *w)
{
	size_t i;

	if (!cert_to_der(certs[0], &out->cert))
		return local_fail(w, PROV_LOCAL_FORMAT,
				  "%s: the certificate has more than %zu bytes", cf->name,
				  sizeof(out->cert.der));
	for (i = 1; i < n; i++) {
		if (is_self_issued(certs[i]))
			continue;
		if (!cert_to_der(certs[i], &out->chain[out->n_chain++]))
			return local_fail(w, PROV_LOCAL_FORMAT,
					  "%s: certificate %zu has more than %zu bytes",
					  cf->name, i + 1, sizeof(out->cert.der));
	}
	if (!key_to_der(key, out) ||
	    prov_x509_thumbprint(out->cert.der, out->cert.bytes, out->thumbprint) < 0)
		return local_fail(w, PROV_LOCAL_CRYPTO, "OpenSSL cannot encode the key");
	return 0;
}

int prov_x509_load(const char *cert_file, const char *key_file, struct prov_x509 *out,
		   char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	X509 *certs[CERTS_MAX];
	EVP_PKEY *key = NULL;
	struct file cf, kf;
	size_t n;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = certs_read(cert_file, certs, &n, &cf, &w);
	if (rc == 0)
		rc = key_read(key_file, &key, &kf, &w);
	if (rc == 0)
		rc = check_identity(key, certs[0], &kf, &cf, &w);
	if (rc == 0)
		rc = fill(key, certs, n, &cf, out, &w);
	certs_free(certs, n);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (rc < 0)
		prov_x509_wipe(out);
	return rc;
}

/* -- PEM --------------------------------------------------------------------------- */

static int pem(const char *label, const uint8_t *der, size_t len, char *out, size_t room)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	long n;
	int rc = PROV_LOCAL_ARG;

	if (!bio || PEM_write_bio(bio, label, "", der, (long)len) <= 0) {
		BIO_free(bio);
		return PROV_LOCAL_NOMEM;
	}
	n = BIO_get_mem_data(bio, &text);
	if (n > 0 && (size_t)n < room) {
		memcpy(out, text, (size_t)n);
		out[n] = '\0';
		rc = 0;
	}
	if (n > 0)
		explicit_bzero(text, (size_t)n);
	BIO_free(bio);
	return rc;
}

int prov_x509_cert_pem(const struct prov_x509_cert *cert, char *out, size_t room)
{
	return pem(PEM_STRING_X509, cert->der, cert->bytes, out, room);
}

int prov_x509_key_pem(const struct prov_x509 *x509, char *out, size_t room)
{
	return pem(PEM_STRING_ECPRIVATEKEY, x509->key_der, x509->key_bytes, out, room);
}

void prov_x509_wipe(struct prov_x509 *x509)
{
	explicit_bzero(x509, sizeof(*x509));
}
