#include "records.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prov_local.h"

#define FROM 1700000000
#define TO   1800000000

static char dir[] = "/tmp/test_x509.XXXXXX";
static bool has_cli;

/* Files for all tests, as the openssl command makes them; each of it in `dir`. */
static const char setup_script[] =
	"set -e; cd %s; exec >/dev/null 2>&1\n"
	"ca() { n=$1; shift; openssl req -x509 -nodes -newkey \"$@\" -keyout $n.key -out "
	"$n.pem "
	"-subj /CN=$n -days 9000 -addext basicConstraints=critical,CA:TRUE "
	"-addext keyUsage=critical,keyCertSign; }\n"
	"ca ca-rsa rsa:2048\n"
	"ca ca-ec ec -pkeyopt ec_paramgen_curve:P-384\n"
	"openssl req -x509 -nodes -newkey ed25519 -keyout ca-ed.key -out ca-ed.pem -subj "
	"/CN=ed "
	"-addext basicConstraints=critical,CA:TRUE\n"
	"openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "
	"sub.key "
	"-out sub.csr -subj /CN=sub\n"
	"printf "
	"'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,"
	"keyCertSign\\n"
	"subjectKeyIdentifier=hash\\n' "
	">sub.ext\n"
	"openssl x509 -req -in sub.csr -CA ca-rsa.pem -CAkey ca-rsa.key -CAcreateserial "
	"-extfile sub.ext -days 8000 -out sub.pem\n"
	/* a CA without a subject key identifier */
	"printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n' "
	">bare.ext\n"
	"openssl x509 -req -in sub.csr -CA ca-rsa.pem -CAkey ca-rsa.key -CAcreateserial "
	"-extfile bare.ext -days 8000 -out bare.pem\n"
	/* a device, its key in every structure */
	"openssl ecparam -name prime256v1 -genkey -out params.key\n"
	"openssl pkcs8 -topk8 -nocrypt -in params.key -out p8.key\n"
	"openssl pkcs8 -topk8 -nocrypt -in params.key -outform DER -out p8.der\n"
	"openssl ec -in params.key -outform DER -out sec1.der\n"
	"openssl pkcs8 -topk8 -in params.key -passout pass:x -out crypt8.key\n"
	"openssl pkcs8 -topk8 -in params.key -passout pass:x -outform DER -out "
	"crypt8.der\n"
	"openssl ec -in params.key -aes256 -passout pass:x -out crypt1.key\n"
	"openssl ec -in params.key -pubout -out public.key\n"
	"openssl req -x509 -key params.key -subj /CN=dev -out dev.pem "
	"-addext basicConstraints=critical,CA:FALSE\n"
	"openssl x509 -in dev.pem -outform DER -out dev.der\n"
	"cat dev.pem sub.pem ca-rsa.pem >chain.pem\n"
	"cat dev.pem dev.pem dev.pem dev.pem dev.pem dev.pem >many.pem\n"
	"{ cat dev.pem; echo -----BEGIN CERTIFICATE-----; echo AAAA; "
	"echo -----END CERTIFICATE-----; } >broken.pem\n"
	"openssl ecparam -name secp384r1 -genkey -noout -out p384.key\n"
	"openssl ecparam -name prime256v1 -genkey -noout -out another.key\n"
	"echo nonsense >nonsense; : >empty; head -c 70000 /dev/zero >big\n";

static int make_files(void **state)
{
	char script[8192];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	if (system("command -v openssl >/dev/null") != 0)
		return 0;
	has_cli = true;
	snprintf(script, sizeof(script), setup_script, dir);
	return system(script);
}

static int remove_files(void **state)
{
	char script[100];

	(void)state;
	snprintf(script, sizeof(script), "rm -rf %s", dir);
	return system(script);
}

static const char *path(const char *name)
{
	static char paths[4][100];
	static unsigned next;
	char *p = paths[next++ % ROWS(paths)];

	snprintf(p, sizeof(paths[0]), "%s/%s", dir, name);
	return p;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(path(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* A command in `dir`; its output must match the extended regular expression. */
static void shell(const char *command, const char *expect)
{
	char script[1000];

	snprintf(script, sizeof(script),
		 "cd %s && { %s; } 2>&1 | tr '\\n' ' ' | grep -qE '%s'", dir, command,
		 expect);
	if (system(script) != 0)
		fail_msg("`%s` does not say `%s`", command, expect);
}

static void write_pem(const struct prov_x509 *x)
{
	char text[4096];

	assert_int_equal(prov_x509_cert_pem(&x->cert, text, sizeof(text)), 0);
	write_file("out.pem", text, strlen(text));
	assert_int_equal(prov_x509_key_pem(x, text, sizeof(text)), 0);
	write_file("out.key", text, strlen(text));
}

/* -- made here --------------------------------------------------------------------- */

static void check_cert(const struct prov_x509 *x, const char *cn)
{
	const uint8_t *p = x->cert.der;
	X509 *cert = d2i_X509(NULL, &p, (long)x->cert.bytes);
	char name[100];

	assert_non_null(cert);
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name,
				  sizeof(name));
	assert_string_equal(name, cn);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(cert), FROM), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(cert), TO), 0);
	assert_int_equal(X509_check_ca(cert), 0);
	assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_CLIENT);
	assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
	assert_non_null(X509_get0_subject_key_id(cert));
	assert_int_equal(X509_get_version(cert), 2);
	assert_int_equal(x->key_bytes, 121);
	assert_memory_equal(x->key_der, "\x30\x77\x02\x01\x01\x04\x20",
			    7); /* SEC 1, C.4 */
	X509_free(cert);
}

static void test_self_signed(void **state)
{
	static struct prov_x509 x, y;

	(void)state;
	assert_int_equal(prov_x509_make("dev-1", FROM, TO, NULL, &x, NULL, 0), 0);
	check_cert(&x, "dev-1");
	assert_int_equal(x.n_chain, 0);
	assert_int_equal(strlen(x.thumbprint), 64);
	assert_int_equal(prov_x509_make("dev-1", FROM, TO, NULL, &y, NULL, 0), 0);
	assert_memory_not_equal(x.key_der, y.key_der, 121);
	assert_string_not_equal(x.thumbprint, y.thumbprint);
	if (!has_cli)
		skip();
	write_pem(&x);
	shell("openssl verify -attime 1750000000 -purpose sslclient -CAfile out.pem "
	      "out.pem",
	      "out.pem: OK");
	shell("openssl x509 -in out.pem -noout -text",
	      "CA:FALSE.*Digital Signature.*Web Client Auth.*Subject Key Id.*Authority "
	      "Key Id");
	shell("openssl x509 -in out.pem -noout -fingerprint -sha256 | tr -d :",
	      x.thumbprint);
	shell("openssl ec -in out.key -noout -text -check",
	      "EC Key valid.*Private-Key: .256 bit.");
	shell("openssl x509 -in out.pem -noout -pubkey >a; openssl ec -in out.key "
	      "-pubout >b "
	      "2>/dev/null; cmp a b && echo same",
	      "same");
	/* and back again */
	assert_int_equal(prov_x509_load(path("out.pem"), path("out.key"), &y, NULL, 0),
			 0);
	assert_memory_equal(&x, &y, sizeof(x));
	prov_x509_wipe(&x);
	assert_int_equal(x.key_bytes, 0);
}

static void test_by_ca(void **state)
{
	static const struct {
		const char *ca, *key, *verify;
		size_t n_chain;
	} rows[] = {
		{ "ca-rsa.pem", "ca-rsa.key", "-CAfile ca-rsa.pem", 0 },
		{ "ca-ec.pem", "ca-ec.key", "-CAfile ca-ec.pem", 0 },
		{ "sub.pem", "sub.key", "-CAfile ca-rsa.pem -untrusted sub.pem", 1 },
		{ "bare.pem", "sub.key", "-CAfile ca-rsa.pem -untrusted bare.pem", 1 },
	};
	static struct prov_x509 x;
	struct prov_x509_ca *ca;
	char words[200], command[200];
	time_t now = time(NULL);
	size_t i;

	(void)state;
	if (!has_cli)
		skip();
	for (i = 0; i < ROWS(rows); i++) {
		assert_int_equal(prov_x509_ca_load(path(rows[i].ca), path(rows[i].key),
						   &ca, words, sizeof(words)),
				 0);
		assert_int_equal(prov_x509_make("dev-2", now, now + 86400, ca, &x, words,
						sizeof(words)),
				 0);
		assert_int_equal(x.n_chain, rows[i].n_chain);
		write_pem(&x);
		snprintf(command, sizeof(command),
			 "openssl verify -x509_strict -purpose sslclient %s out.pem",
			 rows[i].verify);
		/* The one without an identifier is not strictly RFC 5280's. */
		if (i == 3)
			memmove(command + 15, command + 28, strlen(command + 28) + 1);
		shell(command, "out.pem: OK");
		assert_int_equal(
			prov_x509_make("d", FROM, TO, ca, &x, words, sizeof(words)),
			PROV_LOCAL_ARG);
		assert_string_equal(
			words,
			"the CA's own certificate is not valid for all of that time");
		prov_x509_ca_free(ca);
	}
	prov_x509_ca_free(NULL);
}

/* -- what is refused --------------------------------------------------------------- */

static void test_requests(void **state)
{
	static const struct {
		const char *id;
		int64_t from, to;
		int rc;
	} rows[] = {
		{ "", FROM, TO, PROV_LOCAL_ARG },
		{ "a b", FROM, TO, PROV_LOCAL_ARG },
		{ "d\xc3\xa4", FROM, TO, PROV_LOCAL_ARG },
		{ "0123456789012345678901234567890123456789012345678901234567890123",
		  FROM, 253402300799, 0 },
		{ "01234567890123456789012345678901234567890123456789012345678901234",
		  FROM, TO, PROV_LOCAL_ARG },
		{ "d", TO, TO, PROV_LOCAL_ARG },
		{ "d", -1, TO, PROV_LOCAL_ARG },
		{ "d", FROM, 253402300800, PROV_LOCAL_ARG },
	};
	static struct prov_x509 x;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++)
		if (prov_x509_make(rows[i].id, rows[i].from, rows[i].to, NULL, &x, NULL,
				   0) != rows[i].rc)
			fail_msg("row %zu", i);
}

static void test_bad_cas(void **state)
{
	static const struct {
		const char *cert, *key;
		int rc;
		const char *words;
	} rows[] = {
		{ "ca-ed.pem", "ca-ed.key", PROV_LOCAL_KEY,
		  "ca-ed.key: holds a key of type ED25519, not RSA or EC" },
		{ "dev.pem", "params.key", PROV_LOCAL_FORMAT,
		  "dev.pem: is not the certificate of a CA" },
		{ "ca-rsa.pem", "ca-ec.key", PROV_LOCAL_KEY,
		  "ca-ec.key: is not the key of ca-rsa.pem" },
		{ "ca-rsa.pem", "crypt8.key", PROV_LOCAL_KEY,
		  "crypt8.key: is encrypted; `openssl pkey -in crypt8.key` decrypts it" },
		{ "ca-rsa.pem", "ca-rsa.pem", PROV_LOCAL_FORMAT,
		  "ca-rsa.pem: holds no private key" },
		{ "ca-rsa.key", "ca-rsa.key", PROV_LOCAL_FORMAT,
		  "ca-rsa.key: holds no certificate" },
		{ "nowhere", "ca-rsa.key", PROV_LOCAL_FILE, NULL },
	};
	struct prov_x509_ca *ca = NULL;
	char words[200];
	size_t i;

	(void)state;
	if (!has_cli)
		skip();
	for (i = 0; i < ROWS(rows); i++) {
		assert_int_equal(prov_x509_ca_load(path(rows[i].cert), path(rows[i].key),
						   &ca, words, sizeof(words)),
				 rows[i].rc);
		assert_null(ca);
		if (rows[i].words)
			assert_string_equal(words, rows[i].words);
	}
}

static void test_load(void **state)
{
	static const struct {
		const char *cert, *key;
		int rc;
		const char *words;
		size_t n_chain;
	} rows[] = {
		{ "dev.pem", "params.key", 0, NULL, 0 },
		{ "dev.pem", "p8.key", 0, NULL, 0 },
		{ "dev.der", "p8.der", 0, NULL, 0 },
		{ "dev.pem", "sec1.der", 0, NULL, 0 },
		{ "chain.pem", "p8.key", 0, NULL, 1 },
		{ "dev.pem", "crypt8.key", PROV_LOCAL_KEY,
		  "crypt8.key: is encrypted; `openssl pkey -in crypt8.key` decrypts it",
		  0 },
		{ "dev.pem", "crypt8.der", PROV_LOCAL_KEY,
		  "crypt8.der: is encrypted; `openssl pkey -in crypt8.der` decrypts it",
		  0 },
		{ "dev.pem", "crypt1.key", PROV_LOCAL_KEY,
		  "crypt1.key: is encrypted; `openssl pkey -in crypt1.key` decrypts it",
		  0 },
		{ "dev.pem", "ca-rsa.key", PROV_LOCAL_KEY,
		  "ca-rsa.key: holds a key of type RSA, enrolment needs EC P-256", 0 },
		{ "dev.pem", "p384.key", PROV_LOCAL_KEY,
		  "p384.key: holds an EC key on secp384r1, enrolment needs EC P-256", 0 },
		{ "dev.pem", "another.key", PROV_LOCAL_KEY,
		  "another.key: is not the key of dev.pem", 0 },
		{ "dev.pem", "public.key", PROV_LOCAL_FORMAT,
		  "public.key: holds no private key", 0 },
		{ "dev.pem", "nonsense", PROV_LOCAL_FORMAT,
		  "nonsense: holds no private key", 0 },
		{ "dev.pem", "empty", PROV_LOCAL_FORMAT, "empty: holds no private key",
		  0 },
		{ "nonsense", "p8.key", PROV_LOCAL_FORMAT,
		  "nonsense: holds no certificate", 0 },
		{ "empty", "p8.key", PROV_LOCAL_FORMAT, "empty: holds no certificate",
		  0 },
		{ "big", "p8.key", PROV_LOCAL_FORMAT, "big: has more than 64 KiB", 0 },
		{ "many.pem", "p8.key", PROV_LOCAL_FORMAT,
		  "many.pem: certificate 6 is malformed, or one of more than 5", 0 },
		{ "broken.pem", "p8.key", PROV_LOCAL_FORMAT,
		  "broken.pem: certificate 2 is malformed, or one of more than 5", 0 },
		{ "nowhere", "p8.key", PROV_LOCAL_FILE, NULL, 0 },
		{ "", "p8.key", PROV_LOCAL_FILE, NULL, 0 },
	};
	static struct prov_x509 x, zero;
	char words[200];
	size_t i;

	(void)state;
	if (!has_cli)
		skip();
	for (i = 0; i < ROWS(rows); i++) {
		int rc = prov_x509_load(path(rows[i].cert), path(rows[i].key), &x, words,
					sizeof(words));

		if (rc != rows[i].rc)
			fail_msg("row %zu: %d %s", i, rc, words);
		assert_int_equal(x.n_chain, rows[i].n_chain);
		if (rc < 0)
			assert_memory_equal(&x, &zero, sizeof(x));
		else
			assert_int_equal(x.key_bytes, 121);
		if (rows[i].words)
			assert_string_equal(words, rows[i].words);
	}
}

static void test_pem_room(void **state)
{
	static struct prov_x509 x;
	char text[4096];
	size_t len;

	(void)state;
	assert_int_equal(prov_x509_make("d", FROM, TO, NULL, &x, NULL, 0), 0);
	assert_int_equal(prov_x509_key_pem(&x, text, sizeof(text)), 0);
	len = strlen(text);
	assert_int_equal(prov_x509_key_pem(&x, text, len + 1), 0);
	assert_int_equal(prov_x509_key_pem(&x, text, len), PROV_LOCAL_ARG);
	x.cert.bytes = sizeof(x.cert.der);
	assert_int_equal(prov_x509_cert_pem(&x.cert, text, sizeof(text)), 0);
}

/* What is made here fits into a record, wrapped or not. */
static void test_into_record(void **state)
{
	static struct prov_x509 x;
	static uint8_t slot[RECORD_SLOT_BYTES];
	struct record_fields f = { .auth = RECORD_AUTH_X509,
				   .hub_host = "h",
				   .device_id = "d",
				   .private_key = { x.key_der, 0 },
				   .cert = { x.cert.der, 0 } };
	const struct prov_wrap_root root = { 0, { 1 } };
	struct prov_wrapped wrapped;
	struct record_view v;

	(void)state;
	assert_int_equal(prov_x509_make("d", FROM, TO, NULL, &x, NULL, 0), 0);
	f.private_key.len = x.key_bytes;
	f.cert.len = x.cert.bytes;
	assert_true(record_build(&f, 1, SERIAL, slot, sizeof(slot), &v) > 0);
	assert_int_equal(prov_wrap(&root, SERIAL, 1, NULL, &f, &wrapped, NULL, 0), 0);
	assert_true(record_build(&wrapped.fields, 1, SERIAL, slot, sizeof(slot), &v) > 0);
	assert_null(memmem(slot, sizeof(slot), x.key_der, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_signed), cmocka_unit_test(test_by_ca),
		cmocka_unit_test(test_requests),    cmocka_unit_test(test_bad_cas),
		cmocka_unit_test(test_load),        cmocka_unit_test(test_pem_room),
		cmocka_unit_test(test_into_record),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
