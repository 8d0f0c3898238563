#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "crypto.h"
#include "sas.h"

/* Bytes 00 to 1f; the tokens are azure-iot-common 1.13.3's. */
static const char key[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

static const struct {
	const char *token;
	const char *resource;
	const char *policy;
} vectors[] = {
	{ "sr=myhub.azure-devices.net&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%"
	  "3D"
	  "&skn=iothubowner&se=1700000000",
	  "myhub.azure-devices.net", "iothubowner" },
	{ "sr=myhub.azure-devices.net%2Fdevices%2Fdev1&sig=i%2BYmMcSSZc4KzBi6ejz3l0iL%"
	  "2B2sN0"
	  "CE3q6vSm837h2g%3D&se=1700000000",
	  "myhub.azure-devices.net/devices/dev1", "" },
	{ "sr=0ne00000000%2Fregistrations%2Freg1&sig="
	  "7uQ5ACrqOdcOFyMppU0fqErxGaHoahqupYKao%"
	  "2F8DFdE%3D&skn=registration&se=1700000000",
	  "0ne00000000/registrations/reg1", "registration" },
	/* the same bytes, not encoded: another signature */
	{ "se=1700000000&skn=registration&sig=%"
	  "2FDXjGH9xOqCuKiu5nSimzwsFO6rzxtlvdc7CwSoNSJE%"
	  "3D&sr=0ne00000000/registrations/reg1",
	  "0ne00000000/registrations/reg1", "registration" },
};

static void put_scheme(char *to, size_t room, const char *token)
{
	assert_true(snprintf(to, room, "SharedAccessSignature %s", token) < (int)room);
}

static void reads_what_sdks_sign(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char header[400];
		struct sas sas;

		put_scheme(header, sizeof(header), vectors[i].token);
		assert_null(sas_parse(&sas, header));
		assert_string_equal(sas.resource, vectors[i].resource);
		assert_string_equal(sas.policy, vectors[i].policy);
		assert_int_equal(sas.expires_unix, 1700000000);
		assert_true(sas_signed_by(&sas, key));
		assert_false(sas_signed_by(&sas, "AAAAAAAAAAAAAAAAAAAAAA=="));
		assert_false(sas_signed_by(&sas, ""));
		assert_false(sas_signed_by(&sas, "no base64"));
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const tokens[] = {
		"",
		"sr=a&sig=AAAA&se=1", /* no 32 bytes */
		"sr=a&se=1",          /* no sig */
		"sr=%zz&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se=1",
		"sr=a&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se=-1",
		("sr=a&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se="
		 "99999999999999999999"),
		"sr=&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		char header[400];
		struct sas sas;

		put_scheme(header, sizeof(header), tokens[i]);
		assert_non_null(sas_parse(&sas, header));
		assert_non_null(sas_parse(&sas, tokens[i]));
	}
}

static void covers_by_whole_segments(void **state)
{
	static const struct {
		const char *resource;
		const char *path;
		bool covered;
	} rows[] = {
		{ "hub.net", "/devices/d1", true },
		{ "hub.net/", "/devices/d1", true },
		{ "hub.net/devices/d1", "/devices/d1", true },
		{ "hub.net/devices/d1", "/devices/d1/messages/events", true },
		{ "hub.net/devices/d1/", "/devices/d1/messages/events", true },
		{ "hub.net/devices/d1", "/devices/d12", false },
		{ "hub.net/devices/D1", "/devices/d1", false },
		{ "hub.network", "/devices/d1", false },
		{ "other.net", "/devices/d1", false },
		{ "hub.ne", "/devices/d1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sas sas = { 0 };

		strcpy(sas.resource, rows[i].resource);
		assert_int_equal(sas_covers(&sas, "hub.net", rows[i].path),
				 rows[i].covered);
	}
}

static void expires_after_the_skew(void **state)
{
	struct sas sas = { .expires_unix = 1000 };

	(void)state;
	assert_false(sas_expired(&sas, (1000 + SAS_SKEW_S) * INT64_C(1000)));
	assert_true(sas_expired(&sas, (1001 + SAS_SKEW_S) * INT64_C(1000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_sdks_sign),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(covers_by_whole_segments),
		cmocka_unit_test(expires_after_the_skew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
