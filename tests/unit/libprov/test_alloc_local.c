/*
 * No memory for what is done on this machine: each allocation of ours fails in turn, and
 * of OpenSSL's thousands every 23rd, or with STMIOT_LONG each. Records and slots need
 * none.
 */
#include "prov_test.h"
#include "records.h"

#include "tests/unit/alloc.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#define FROM 1700000000
#define TO   1700086400

static char dir[] = "/tmp/test-alloc-XXXXXX";
static char ca_pem[64], ca_key[64], dev_pem[64], dev_key[64];

/* -- stories --------------------------------------------------------------------------- */

/* Fields to a record in a slot, planned, chosen, read. */
static int tell_slots(char *words, size_t bytes)
{
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	static struct prov_fields read;
	struct record_fields fields = sas_fields();
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_view view;
	int rc;

	memset(a, 0xff, sizeof(a));
	memset(b, 0xff, sizeof(b));
	rc = prov_slots_plan(&slots, &fields, NULL, &plan, words, bytes);
	if (rc < 0)
		return rc;
	memcpy(a, plan.image, sizeof(a));
	assert_int_equal(record_choose(a, b, sizeof(a), SERIAL, &view), 0);
	rc = prov_fields_read(&view, NULL, &read, words, bytes);
	if (rc == 0)
		rc = prov_slots_revoke(&slots, PROV_SLOT_A, true, &plan, words, bytes);
	prov_slots_plan_wipe(&plan);
	prov_fields_wipe(&read);
	return rc;
}

static int tell_wrap(char *words, size_t bytes)
{
	static uint8_t slot[RECORD_SLOT_BYTES], otp[512], locks[16];
	struct record_fields fields = sas_fields();
	struct prov_otp_plan plan = { 0 };
	uint8_t birth[PROV_OTP_BLOCK_BYTES], key[64];
	struct prov_wrapped wrapped;
	struct record_view view;
	size_t len = 0;
	int rc;

	memset(otp, 0xff, sizeof(otp));
	memset(locks, 0xff, sizeof(locks));
	rc = prov_birth_make(1, "dev-1", birth, words, bytes);
	if (rc == 0)
		rc = prov_otp_choose(otp, locks, NULL, -1, &plan, words, bytes);
	if (rc == 0)
		rc = prov_wrap(&plan.root, SERIAL, 1, NULL, &fields, &wrapped, words,
			       bytes);
	if (rc < 0)
		return rc;
	assert_true(record_build(&wrapped.fields, 1, SERIAL, slot, sizeof(slot), &view) >
		    0);
	rc = prov_unwrap(&plan.root, &view, RECORD_KEY_1, key, sizeof(key), &len, words,
			 bytes);
	if (rc == 0)
		assert_memory_equal(key, key_bytes, 32);
	prov_otp_plan_wipe(&plan);
	return rc;
}

static int tell_make(char *words, size_t bytes)
{
	static struct prov_x509 x;
	struct prov_x509_ca *ca = NULL;
	int rc = prov_x509_make("dev-1", FROM, TO, NULL, &x, words, bytes);

	prov_x509_wipe(&x);
	if (rc == 0)
		rc = prov_x509_ca_load(ca_pem, ca_key, &ca, words, bytes);
	if (rc == 0)
		rc = prov_x509_make("dev-2", FROM, TO, ca, &x, words, bytes);
	prov_x509_ca_free(ca);
	prov_x509_wipe(&x);
	return rc;
}

static int tell_load(char *words, size_t bytes)
{
	static struct prov_x509 x;
	char pem[4096];
	int rc = prov_x509_load(dev_pem, dev_key, &x, words, bytes);

	if (rc == 0)
		rc = prov_x509_key_pem(&x, pem, sizeof(pem));
	if (rc == 0)
		rc = prov_x509_cert_pem(&x.cert, pem, sizeof(pem));
	prov_x509_wipe(&x);
	return rc;
}

/* -- telling them ---------------------------------------------------------------------- */

static const struct story {
	const char *name;
	int (*tell)(char *words, size_t bytes);
	bool ssl;
	uint64_t at_least, at_most; /* allocations */
} stories[] = {
	{ "slots", tell_slots, true, 0, 0 },
	{ "wrap", tell_wrap, false, 0, 0 },
	{ "make", tell_make, false, 3, 3 },
	{ "load", tell_load, false, 2, 2 },
	{ "wrap, OpenSSL", tell_wrap, true, 20, 10000 },
	{ "make, OpenSSL", tell_make, true, 500, 100000 },
	{ "load, OpenSSL", tell_load, true, 500, 100000 },
};

#define STEP 23

static __thread bool with_ssl;

static int tell(const struct story *s, char *words, size_t bytes)
{
	int rc;

	*words = '\0';
	alloc.count = 0;
	alloc.counting = true;
	with_ssl = s->ssl;
	rc = s->tell(words, bytes);
	with_ssl = false;
	alloc.counting = false;
	return rc;
}

static unsigned tell_all(const struct story *s)
{
	unsigned wrong = 0, step = s->ssl && !getenv("STMIOT_LONG") ? STEP : 1;
	char words[200];
	bool done = false;

	/* What OpenSSL keeps from the first time on is to be there. */
	alloc.fail_at = 0;
	assert_int_equal(tell(s, words, sizeof(words)), 0);
	for (alloc.fail_at = 1; !done; alloc.fail_at += step) {
		int rc = tell(s, words, sizeof(words));

		done = alloc.count < alloc.fail_at;
		if (rc == 0 || (!done && rc == PROV_LOCAL_NOMEM))
			continue;
		print_error("%s, allocation %u of %u: %d %s\n", s->name,
			    (unsigned)alloc.fail_at, (unsigned)alloc.count, rc, words);
		wrong++;
	}
	assert_in_range(alloc.count, s->at_least, s->at_most);
	return wrong;
}

static void test_stories(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		wrong += tell_all(&stories[i]);
	assert_int_equal(wrong, 0);
}

/* -- files ----------------------------------------------------------------------------- */

static void *ssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return with_ssl ? __wrap_malloc(n) : __real_malloc(n);
}

static void *ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return with_ssl ? __wrap_realloc(p, n) : __real_realloc(p, n);
}

static void ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void write_ca(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *is_ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
						    "critical,CA:TRUE");
	FILE *f;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_time_adj_ex(X509_getm_notBefore(cert), 0, 0, &(time_t){ FROM });
	X509_time_adj_ex(X509_getm_notAfter(cert), 0, 0, &(time_t){ TO });
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"ca", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_add_ext(cert, is_ca, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	f = fopen(ca_pem, "w");
	PEM_write_X509(f, cert);
	fclose(f);
	f = fopen(ca_key, "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_EXTENSION_free(is_ca);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	static struct prov_x509 x;
	char pem[4096];

	(void)state;
	if (!CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) || !mkdtemp(dir))
		return -1;
	snprintf(ca_pem, sizeof(ca_pem), "%s/ca.pem", dir);
	snprintf(ca_key, sizeof(ca_key), "%s/ca.key", dir);
	snprintf(dev_pem, sizeof(dev_pem), "%s/dev.pem", dir);
	snprintf(dev_key, sizeof(dev_key), "%s/dev.key", dir);
	write_ca();
	if (prov_x509_make("dev-1", FROM, TO, NULL, &x, NULL, 0) < 0)
		return -1;
	prov_x509_cert_pem(&x.cert, pem, sizeof(pem));
	write_text(dev_pem, pem);
	prov_x509_key_pem(&x, pem, sizeof(pem));
	write_text(dev_key, pem);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(ca_pem);
	unlink(ca_key);
	unlink(dev_pem);
	unlink(dev_key);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
