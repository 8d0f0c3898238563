/* Vectors made with Microsoft's azure-iot-common 1.13.3; the DPS key is that of [DPS]. */
#include "prov_test.h"

static const struct {
	const char *resource, *policy, *token;
} vectors[] = {
	{ "myhub.azure-devices.net", "iothubowner",
	  "SharedAccessSignature sr=myhub.azure-devices.net"
	  "&sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D"
	  "&skn=iothubowner&se=1700000000" },
	{ "myhub.azure-devices.net/devices/dev1", NULL,
	  "SharedAccessSignature sr=myhub.azure-devices.net%2Fdevices%2Fdev1"
	  "&sig=i%2BYmMcSSZc4KzBi6ejz3l0iL%2B2sN0CE3q6vSm837h2g%3D&se=1700000000" },
	{ "0ne00000000/registrations/reg1", "registration",
	  "SharedAccessSignature sr=0ne00000000%2Fregistrations%2Freg1"
	  "&sig=7uQ5ACrqOdcOFyMppU0fqErxGaHoahqupYKao%2F8DFdE%3D"
	  "&skn=registration&se=1700000000" },
};

static void test_vectors(void **state)
{
	struct prov_secret *key = test_key(TEST_KEY), *token = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct prov_sas sas = { vectors[i].resource, vectors[i].policy, key,
					      1700000000 };
		struct prov_sas_info info;

		assert_int_equal(prov_sas_make(&sas, &token, NULL), 0);
		assert_string_equal(prov_secret_text(token), vectors[i].token);
		assert_int_equal(prov_sas_parse(prov_secret_text(token), &info, NULL), 0);
		assert_string_equal(info.resource, vectors[i].resource);
		assert_string_equal(info.policy,
				    vectors[i].policy ? vectors[i].policy : "");
		assert_int_equal(info.expires_unix, 1700000000);
		prov_secret_free(token);
	}
	prov_secret_free(key);
}

#define SIG "sig=iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D"

static const struct {
	const char *token;
	int rc;
	const char *says;
} foreign[] = {
	/* another order, lower-case escapes, nothing encoded */
	{ "SharedAccessSignature " SIG "&se=1&sr=a%2fb", 0, "" },
	{ "SharedAccessSignature sr=a/b&" SIG "&se=1&skn=", 0, "" },
	{ "", PROV_ERR_FORMAT, "begin with" },
	{ "SharedAccessSignature ", PROV_ERR_FORMAT, "one each" },
	{ "SharedAccessSignature sr=a&sr=a&" SIG "&se=1", PROV_ERR_FORMAT, "one each" },
	{ "SharedAccessSignature sr=a%2&" SIG "&se=1", PROV_ERR_FORMAT, "no resource" },
	{ "SharedAccessSignature sr=a%00&" SIG "&se=1", PROV_ERR_FORMAT, "no resource" },
	{ "SharedAccessSignature sr=a&sig=AAAA&se=1", PROV_ERR_FORMAT, "no signature" },
	{ "SharedAccessSignature sr=a&" SIG "&se=1e9", PROV_ERR_FORMAT, "no time" },
	{ "SharedAccessSignature sr=a&" SIG "&se=9999999999999999", PROV_ERR_FORMAT,
	  "no time" },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(foreign); i++) {
		struct prov_error err = { 0 };
		struct prov_sas_info info;

		assert_int_equal(prov_sas_parse(foreign[i].token, &info, &err),
				 foreign[i].rc);
		if (!strstr(err.msg, foreign[i].says))
			fail_msg("%s: %s", foreign[i].token, err.msg);
		assert_null(strstr(err.msg, "iIzE"));
	}
}

static void test_dps(void **state)
{
	struct prov_secret *group =
		test_key("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG"
			 "1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==");
	struct prov_secret *want =
		test_key("Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
	struct prov_secret *key = NULL;
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_dps_derive_key(group,
					     "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", &key,
					     NULL),
			 0);
	assert_true(prov_secret_equal(key, want));
	prov_secret_free(key);
	key = NULL;
	assert_int_equal(prov_dps_derive_key(group, "UPPER", &key, &err), PROV_ERR_ARG);
	prov_secret_free(want);
	want = test_key("AAAA");
	assert_int_equal(prov_dps_derive_key(want, "a", &key, &err), PROV_ERR_ARG);
	assert_null(key);
	prov_secret_free(want);
	prov_secret_free(group);
}

static void test_refused(void **state)
{
	struct prov_secret *key = test_key(TEST_KEY), *token = NULL;
	struct prov_error err;
	char resource[600];

	(void)state;
	memset(resource, 'a', sizeof(resource));
	resource[599] = '\0';
	assert_int_equal(
		prov_sas_make(&(struct prov_sas){ resource, NULL, key, 1 }, &token, &err),
		PROV_ERR_ARG);
	assert_int_equal(
		prov_sas_make(&(struct prov_sas){ "a", NULL, NULL, 1 }, &token, &err),
		PROV_ERR_ARG);
	prov_secret_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_dps),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
