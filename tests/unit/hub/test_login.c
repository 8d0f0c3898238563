/* Who is let in, by which token or certificate, and what the log learns when not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "login.h"
#include "x509.h"

#define DAY 86400

static struct cert root, stranger; /* CAs */
static struct cert leaf, module_leaf, strange_leaf;

static char keys[2][SECRET_MAX + 1]; /* of sas1 */
static char module_key[SECRET_MAX + 1];

static void put(const char *id, const char *rest)
{
	char line[100], body[500];

	snprintf(line, sizeof(line), "PUT /devices/%s" V, id);
	snprintf(body, sizeof(body), "{\"deviceId\":\"%s\"%s}", id, rest);
	expect(line, body, 200, "");
}

static void put_thumbprints(const char *id, const char *primary, const char *secondary)
{
	char rest[400];

	snprintf(rest, sizeof(rest),
		 ",\"authentication\":{\"type\":\"selfSigned\",\"x509Thumbprint\":"
		 "{\"primaryThumbprint\":\"%s\",\"secondaryThumbprint\":\"%s\"}}",
		 primary, secondary);
	put(id, rest);
}

static void make_devices(void)
{
	static const char ca[] =
		",\"authentication\":{\"type\":\"certificateAuthority\"}";
	char sha1[THUMBPRINT_TEXT], sha256[THUMBPRINT_TEXT];
	struct device device;

	put("sas1", "");
	put("sas2", ",\"status\":\"disabled\"");
	expect("PUT /devices/sas1/modules/m1" V,
	       "{\"deviceId\":\"sas1\",\"moduleId\":\"m1\"}", 200, "");
	expect("PUT /devices/sas2/modules/m1" V,
	       "{\"deviceId\":\"sas2\",\"moduleId\":\"m1\"}", 200, "");
	assert_true(x509_thumbprint(leaf.cert_pem, 40, sha1));
	assert_true(x509_thumbprint(leaf.cert_pem, 64, sha256));
	put_thumbprints("print1", sha1, "");
	for (char *at = sha256; *at; at++) /* case does not count */
		*at = (char)(*at >= 'A' ? *at + 32 : *at);
	put_thumbprints(
		"print2",
		"0000000000000000000000000000000000000000000000000000000000000000",
		sha256);
	put("ca1", ca);
	put("ca2", ca);
	expect("PUT /devices/ca1/modules/m1" V,
	       "{\"deviceId\":\"ca1\",\"moduleId\":\"m1\",\"authentication\":{\"type\":"
	       "\"certificateAuthority\"}}",
	       200, "");
	assert_int_equal(store_get(hub.store, "sas1", "", &device), 1);
	strcpy(keys[0], device.primary);
	strcpy(keys[1], device.secondary);
	device_free(&device);
	assert_int_equal(store_get(hub.store, "sas1", "m1", &device), 1);
	strcpy(module_key, device.primary);
	device_free(&device);
}

static int set_up(void **state)
{
	static const char names[] = "DNS:device";

	hub_set_up(state);
	assert_true(crypto_make_ca(&root, "factory", 100));
	assert_true(crypto_make_ca(&stranger, "factory", 100)); /* the name is no proof */
	assert_true(crypto_make_server(&leaf, &root, "ca1", names, 50));
	assert_true(crypto_make_server(&module_leaf, &root, "ca1/m1", names, 50));
	assert_true(crypto_make_server(&strange_leaf, &stranger, "ca1", names, 50));
	hub.device_cas = strdup(root.cert_pem);
	make_devices();
	return 0;
}

static int tear_down(void **state)
{
	struct cert *all[] = { &root, &stranger, &leaf, &module_leaf, &strange_leaf };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cert_free(all[i]);
	return hub_tear_down(state);
}

static char why[300];
static struct identity who;

static enum error check(const char *device, const char *module, const char *token,
			const char *certificate)
{
	struct login login = { .device = device,
			       .module = module,
			       .token = token,
			       .certificate = certificate,
			       .chain = NULL };

	why[0] = '\0';
	return login_check(&hub, &login, &who, why, sizeof(why));
}

/* Is it refused so, in words with this in them? */
static void refused(enum error expected, const char *words, enum error got)
{
	if (got != expected || !strstr(why, words))
		fail_msg("%s (%s), not %s (%s)", error_kind(got)->name, why,
			 error_kind(expected)->name, words);
}

static void let_in(enum error got)
{
	if (got != ERROR_NONE)
		fail_msg("refused: %s", why);
}

static const char *device_token(const char *resource, const char *key, const char *policy,
				int64_t seconds)
{
	static char token[400];

	sign_token(token, resource, key, policy,
		   (unsigned long long)(clock_unix_ms() / 1000 + seconds));
	return token;
}

static const char *policy_token(const char *resource, const char *name)
{
	return device_token(resource, policy_find(&hub.policies, name)->primary, name,
			    3600);
}

static void takes_a_token_of_either_key(void **state)
{
	int64_t until_ms = clock_unix_ms() + 3600000;

	(void)state;
	for (int i = 0; i < 2; i++) {
		let_in(check("sas1", "",
			     device_token(HOST "/devices/sas1", keys[i], NULL, 3600),
			     NULL));
		assert_string_equal(who.device, "sas1");
		assert_string_equal(who.module, "");
		assert_int_equal(strlen(who.generation), 18);
		assert_in_range(who.expires_ms, until_ms - 5000, until_ms + 60000);
		assert_string_equal(who.auth_method,
				    "{\"scope\":\"device\",\"type\":\"sas\",\"issuer\":"
				    "\"iothub\",\"acceptingIpFilterRule\":null}");
	}
	let_in(check(
		"sas1", "m1",
		device_token(HOST "/devices/sas1/modules/m1", module_key, NULL, 3600),
		NULL));
	assert_string_equal(who.module, "m1");
	assert_non_null(strstr(who.auth_method, "\"scope\":\"module\""));
	/* a token counts more than a certificate that comes along */
	let_in(check("sas1", "", device_token(HOST "/devices/sas1", keys[0], NULL, 3600),
		     leaf.cert_pem));
}

static void takes_a_token_of_a_policy(void **state)
{
	(void)state;
	let_in(check("sas1", "", policy_token(HOST, "device"), NULL));
	assert_non_null(strstr(who.auth_method, "\"scope\":\"hub\""));
	let_in(check("sas1", "m1", policy_token(HOST "/devices/sas1", "iothubowner"),
		     NULL));
	refused(ERROR_ACCESS, "lacks the right DeviceConnect",
		check("sas1", "", policy_token(HOST, "service"), NULL));
	refused(ERROR_ACCESS, "not for " HOST "/devices/sas1",
		check("sas1", "", policy_token(HOST "/devices/sas2", "device"), NULL));
}

static void says_what_is_wrong_with_a_token(void **state)
{
	static const char own[] = HOST "/devices/sas1";
	static const char other_key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

	(void)state;
	refused(ERROR_ACCESS, "neither a token nor a certificate",
		check("sas1", "", NULL, NULL));
	refused(ERROR_ACCESS, "neither a token nor a certificate",
		check("sas1", "", "", NULL));
	refused(ERROR_NO_DEVICE, "not registered: device 'nobody'",
		check("nobody", "", device_token(own, keys[0], NULL, 3600), NULL));
	refused(ERROR_NO_DEVICE, "device 'sas1', module 'm9'",
		check("sas1", "m9", device_token(own, keys[0], NULL, 3600), NULL));
	refused(ERROR_NO_DEVICE, "not registered", /* case counts */
		check("SAS1", "", device_token(own, keys[0], NULL, 3600), NULL));
	refused(ERROR_UNAUTHORIZED, "malformed", check("sas1", "", "nonsense", NULL));
	refused(ERROR_ACCESS, "Entra", check("sas1", "", "Bearer x", NULL));
	refused(ERROR_UNAUTHORIZED, "expired at",
		check("sas1", "", device_token(own, keys[0], NULL, -3600), NULL));
	refused(ERROR_UNAUTHORIZED, "not signed with a key of the identity",
		check("sas1", "", device_token(own, other_key, NULL, 3600), NULL));
	/* a device's key does not open its module, nor the other way round */
	refused(ERROR_UNAUTHORIZED, "not signed with a key of the identity",
		check("sas1", "m1", device_token(own, keys[0], NULL, 3600), NULL));
	refused(ERROR_ACCESS, "not for " HOST "/devices/sas1",
		check("sas1", "",
		      device_token(HOST "/devices/sas1/modules/m1", module_key, NULL,
				   3600),
		      NULL));
	refused(ERROR_ACCESS, "not for",
		check("sas1", "",
		      device_token("other.example/devices/sas1", keys[0], NULL, 3600),
		      NULL));
	refused(ERROR_ACCESS, "not for", /* by segments */
		check("sas1", "", device_token(HOST "/devices/sas", keys[0], NULL, 3600),
		      NULL));
	refused(ERROR_UNAUTHORIZED, "no policy 'nobody'",
		check("sas1", "", device_token(own, keys[0], "nobody", 3600), NULL));
	refused(ERROR_UNAUTHORIZED, "certificates",
		check("print1", "",
		      device_token(HOST "/devices/print1", keys[0], NULL, 3600), NULL));
}

static void keeps_out_who_is_disabled(void **state)
{
	(void)state;
	refused(ERROR_UNAUTHORIZED, "disabled: device 'sas2'",
		check("sas2", "", policy_token(HOST, "device"), NULL));
	refused(ERROR_UNAUTHORIZED, "disabled: device 'sas2', module 'm1'",
		check("sas2", "m1", policy_token(HOST, "device"), NULL));
}

static void takes_a_certificate_by_its_thumbprint(void **state)
{
	(void)state;
	let_in(check("print1", "", NULL, leaf.cert_pem)); /* SHA-1, primary */
	assert_non_null(strstr(who.auth_method, "x509Certificate"));
	assert_true(who.expires_ms == INT64_MAX);
	let_in(check("print2", "", NULL, leaf.cert_pem)); /* SHA-256, secondary */
	refused(ERROR_UNAUTHORIZED, "neither of the registered thumbprints",
		check("print1", "", NULL, strange_leaf.cert_pem));
	refused(ERROR_UNAUTHORIZED, "neither of the registered thumbprints",
		check("print1", "", NULL, "no certificate"));
	refused(ERROR_UNAUTHORIZED, "no certificates, but keys",
		check("sas1", "", NULL, leaf.cert_pem));
}

static void takes_a_certificate_by_its_ca(void **state)
{
	char *cas = hub.device_cas;

	(void)state;
	let_in(check("ca1", "", NULL, leaf.cert_pem));
	assert_non_null(strstr(who.auth_method, "x509CA"));
	let_in(check("ca1", "m1", NULL, module_leaf.cert_pem));
	refused(ERROR_UNAUTHORIZED, "common name is not the id",
		check("ca2", "", NULL, leaf.cert_pem));
	refused(ERROR_UNAUTHORIZED, "common name is not the id",
		check("ca1", "m1", NULL, leaf.cert_pem));
	refused(ERROR_UNAUTHORIZED, "common name is not the id",
		check("ca1", "", NULL, module_leaf.cert_pem));
	refused(ERROR_UNAUTHORIZED, "does not lead to a CA",
		check("ca1", "", NULL, strange_leaf.cert_pem));
	hub.device_cas = NULL;
	refused(ERROR_UNAUTHORIZED, "does not lead to a CA",
		check("ca1", "", NULL, leaf.cert_pem));
	hub.device_cas = cas;
	clock_offset(60 * DAY);
	refused(ERROR_UNAUTHORIZED, "does not lead to a CA",
		check("ca1", "", NULL, leaf.cert_pem));
	clock_offset(0);
	let_in(check("ca1", "", NULL, leaf.cert_pem));
}

static void reads_certificates(void **state)
{
	char text[THUMBPRINT_TEXT], name[4];
	char *both;

	(void)state;
	assert_false(x509_thumbprint(leaf.cert_pem, 41, text));
	assert_false(x509_thumbprint("", 40, text));
	assert_true(x509_thumbprint(leaf.cert_pem, 40, text));
	assert_int_equal(strspn(text, "0123456789ABCDEF"), 40);
	assert_true(x509_common_name(root.cert_pem, name, sizeof(name)));
	assert_string_equal(name, "fac");
	assert_false(x509_subject_is(leaf.cert_pem, "CA1"));
	/* a CA among others, and one that is not first */
	assert_int_equal(asprintf(&both, "%s%s", stranger.cert_pem, root.cert_pem) > 0,
			 1);
	assert_true(x509_leads(leaf.cert_pem, NULL, both, clock_unix_ms()));
	free(both);
	/* what signed it does not come from the client */
	assert_false(x509_leads(leaf.cert_pem, root.cert_pem, stranger.cert_pem,
				clock_unix_ms()));
	assert_false(x509_leads(leaf.cert_pem, NULL, "", clock_unix_ms()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_token_of_either_key),
		cmocka_unit_test(takes_a_token_of_a_policy),
		cmocka_unit_test(says_what_is_wrong_with_a_token),
		cmocka_unit_test(keeps_out_who_is_disabled),
		cmocka_unit_test(takes_a_certificate_by_its_thumbprint),
		cmocka_unit_test(takes_a_certificate_by_its_ca),
		cmocka_unit_test(reads_certificates),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
