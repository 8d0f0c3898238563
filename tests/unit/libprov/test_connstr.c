#include "prov_test.h"

#define KEY    ";SharedAccessKey=" TEST_KEY
#define POLICY ";SharedAccessKeyName=iothubowner"
#define TOKEN                                                                            \
	"SharedAccessSignature sr=h&sig="                                                \
	"iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se=1700000000&skn=p"

static const struct {
	const char *text;
	enum prov_connstr_kind kind;
	const char *host;
	unsigned port;
	const char *device, *policy, *entity;
	const char *formatted; /* NULL: as `text` */
} good[] = {
	{ "HostName=myhub.azure-devices.net" POLICY KEY, PROV_CONNSTR_SERVICE,
	  "myhub.azure-devices.net", 0, "", "iothubowner", "", NULL },
	{ " \tsharedaccesskey=" TEST_KEY ";HOSTNAME=MyHub.Azure-Devices.Net" POLICY "\n",
	  PROV_CONNSTR_SERVICE, "myhub.azure-devices.net", 0, "", "iothubowner", "",
	  "HostName=myhub.azure-devices.net" POLICY KEY },
	{ "HostName=localhost:8443" POLICY KEY ";", PROV_CONNSTR_SERVICE, "localhost",
	  8443, "", "iothubowner", "", "HostName=localhost:8443" POLICY KEY },
	{ "HostName=h;SharedAccessSignature=" TOKEN, PROV_CONNSTR_SERVICE, "h", 0, "", "",
	  "", NULL },
	{ "HostName=h;DeviceId=dev-1.+%_#*?!(),:=@$'" KEY, PROV_CONNSTR_DEVICE, "h", 0,
	  "dev-1.+%_#*?!(),:=@$'", "", "", NULL },
	{ "HostName=h;DeviceId=d;ModuleId=m" KEY ";GatewayHostName=localhost:18883",
	  PROV_CONNSTR_DEVICE, "h", 0, "d", "", "", NULL },
	{ "HostName=h;DeviceId=d;x509=TRUE", PROV_CONNSTR_DEVICE, "h", 0, "d", "", "",
	  "HostName=h;DeviceId=d;x509=true" },
	{ "HostName=d.azure-devices-provisioning.net" POLICY KEY, PROV_CONNSTR_DPS,
	  "d.azure-devices-provisioning.net", 0, "", "iothubowner", "", NULL },
	{ "Endpoint=sb://ns.servicebus.windows.net/" POLICY KEY ";EntityPath=eh",
	  PROV_CONNSTR_EVENTHUB, "ns.servicebus.windows.net", 0, "", "iothubowner", "eh",
	  NULL },
	{ "Endpoint=sb://localhost:15671" POLICY KEY, PROV_CONNSTR_EVENTHUB, "localhost",
	  15671, "", "iothubowner", "", "Endpoint=sb://localhost:15671/" POLICY KEY },
};

static const struct {
	const char *text;
	size_t at;
	const char *says;
} bad[] = {
	{ "", 0, "is empty" },
	{ " \n", 2, "is empty" },
	{ "nonsense", 0, "without '='" },
	{ "HostName=h;;DeviceId=d", 11, "without '='" },
	{ "HostName=h;Colour=red", 11, "unknown field" },
	{ "HostName=h;HostName=h", 11, "HostName for the second time" },
	{ "HostName=;DeviceId=d", 9, "HostName is empty" },
	{ "HostName=h_st!" POLICY KEY, 13, "wrong character in HostName" },
	{ "HostName=h:99999" POLICY KEY, 10, "wrong character in HostName" },
	{ "HostName=:1" POLICY KEY, 9, "is no host name" },
	{ "HostName=h" KEY, 71, "no SharedAccessKeyName" },
	{ "HostName=h" POLICY, 42, "no SharedAccessKey" },
	{ "HostName=h;DeviceId=d", 21, "no SharedAccessKey" },
	{ "DeviceId=d" KEY, 71, "no HostName" },
	{ "HostName=h;DeviceId=a/b" KEY, 20, "no device id" },
	{ "HostName=h;DeviceId=a b" KEY, 21, "wrong character in DeviceId" },
	{ "HostName=h" POLICY ";SharedAccessKey=AAEC*wQ=", 63, "not base64" },
	{ "HostName=h" POLICY ";SharedAccessKey=AAE", 62, "not base64" },
	{ "HostName=h" POLICY ";SharedAccessKey=AAF=", 61, "not base64" },
	{ "HostName=h;DeviceId=d;x509=maybe", 27, "neither true nor false" },
	{ "HostName=h;DeviceId=d;x509=true" KEY, 48, "beside x509" },
	{ "HostName=h" POLICY ";EntityPath=e" KEY, 54, "no place" },
	{ "Endpoint=http://h/" POLICY KEY, 9, "begin with sb://" },
	{ "Endpoint=sb:///" POLICY KEY, 9, "is no host name" },
	{ "Endpoint=sb://h;HostName=h", 9, "beside HostName" },
	{ "HostName=h;SharedAccessSignature=SharedAccessSignature", 33, "no SAS token" },
	{ "HostName=h" POLICY KEY ";SharedAccessSignature=" TOKEN, 126, "beside a key" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct prov_error err = { 0 };
		struct prov_secret *text = NULL;
		struct prov_connstr cs;

		if (prov_connstr_parse(good[i].text, &cs, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		assert_int_equal(cs.kind, good[i].kind);
		assert_string_equal(cs.host, good[i].host);
		assert_int_equal(cs.port, good[i].port);
		assert_string_equal(cs.device_id, good[i].device);
		assert_string_equal(cs.policy, good[i].policy);
		assert_string_equal(cs.entity_path, good[i].entity);
		assert_int_equal(prov_connstr_format(&cs, &text, &err), 0);
		assert_string_equal(prov_secret_text(text),
				    good[i].formatted ? good[i].formatted : good[i].text);
		prov_secret_free(text);
		prov_connstr_clear(&cs);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct prov_error err = { 0 };
		struct prov_connstr cs;
		char byte[30];

		assert_int_equal(prov_connstr_parse(bad[i].text, &cs, &err),
				 PROV_ERR_FORMAT);
		snprintf(byte, sizeof(byte), " byte %zu", bad[i].at);
		if (!strstr(err.msg, bad[i].says) || err.at != bad[i].at ||
		    !strstr(err.msg, byte))
			fail_msg("%s: at %zu, not %zu: %s", bad[i].text, err.at,
				 bad[i].at, err.msg);
	}
}

/* Whatever is wrong, the words show nothing of the key. */
static void test_no_key_in_words(void **state)
{
	static const char *const texts[] = {
		"HostName=h;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0c2VjcmV0!",
		"HostName=h;c2VjcmV0c2VjcmV0=",
		"c2VjcmV0c2VjcmV0",
		"HostName=h;SharedAccessKey=c2VjcmV0;SharedAccessKey=c2VjcmV0",
		"HostName=c2VjcmV0/;SharedAccessKeyName=p;SharedAccessKey=c2VjcmV0",
		"HostName=h;DeviceId=c2VjcmV0/;SharedAccessKey=c2VjcmV0",
		"HostName=h;SharedAccessSignature=c2VjcmV0",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct prov_error err = { 0 };
		struct prov_connstr cs;

		assert_int_equal(prov_connstr_parse(texts[i], &cs, &err),
				 PROV_ERR_FORMAT);
		assert_null(strstr(err.msg, "c2Vj"));
		assert_null(strstr(err.hint, "c2Vj"));
	}
}

static void test_ids(void **state)
{
	char longest[PROV_ID_MAX + 2];
	struct prov_error err;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[PROV_ID_MAX + 1] = '\0';
	assert_int_equal(prov_device_id_check(longest, &err), PROV_ERR_ARG);
	longest[PROV_ID_MAX] = '\0';
	assert_int_equal(prov_device_id_check(longest, &err), 0);
	assert_int_equal(prov_device_id_check("", &err), PROV_ERR_ARG);
	assert_int_equal(prov_device_id_check("a/b", &err), PROV_ERR_ARG);
	assert_int_equal(prov_device_id_check("..", &err), PROV_ERR_ARG);
	assert_int_equal(prov_device_id_check("d\xc3\xa9", &err), PROV_ERR_ARG);
	assert_int_equal(prov_registration_id_check("sn-007-a1", &err), 0);
	assert_int_equal(prov_registration_id_check("SN-007", &err), PROV_ERR_ARG);
	assert_int_equal(prov_registration_id_check("-a", &err), PROV_ERR_ARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_key_in_words),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
