/* What a device says in its topics and its CONNECT: the bag, names, tokens. */
#include "bag.h"
#include "prov_test.h"
#include "uplink.h"

static const struct {
	struct prov_telemetry telemetry;
	struct prov_property property;
	const char *bag;
} bags[] = {
	{ { 0 }, { NULL, NULL }, "" },
	{ { .message_id = "id1",
	    .content_type = "application/json",
	    .content_encoding = "utf-8" },
	  { "k \xc3\xa9", "v=1&2" },
	  "%24.mid=id1&%24.ct=application%2Fjson&%24.ce=utf-8&k%20%C3%A9=v%3D1%262" },
	{ { .correlation_id = "c" }, { "alone", NULL }, "%24.cid=c&alone" },
	{ { 0 }, { "empty", "" }, "empty=" },
	/* What a topic filter would be made of, and a character of the plain ones. */
	{ { 0 }, { "+#/", "a-b_c.d~" }, "%2B%23%2F=a-b_c.d%7E" },
	{ { .message_id = "" }, { "", "" }, "%24.mid=&=" },
};

static void test_bag_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bags); i++) {
		struct prov_telemetry t = bags[i].telemetry;
		char *to;
		size_t room;

		t.properties = &bags[i].property;
		t.n_properties = bags[i].property.name != NULL;
		room = bag_bytes(&t);
		to = malloc(room);
		assert_non_null(to);
		assert_int_equal(bag_write(&t, to), strlen(bags[i].bag));
		assert_true(strlen(to) < room);
		assert_string_equal(to, bags[i].bag);
		free(to);
	}
}

/* What is counted is what was given, not what percent-encoding makes of it. */
static void test_bag_counted(void **state)
{
	const struct prov_property properties[] = { { "k &", "\xc3\xa9" },
						    { "alone", NULL } };
	const struct prov_telemetry t = {
		.len = 1000,
		.message_id = "id1",
		.correlation_id = "",
		.content_type = "a/b",
		.properties = properties,
		.n_properties = 2,
	};
	const struct prov_telemetry none = { .len = PROV_TELEMETRY_MAX };

	(void)state;
	assert_int_equal(bag_counted(&t), 1000 + 3 + 3 + 5 + 5);
	assert_int_equal(bag_counted(&none), PROV_TELEMETRY_MAX);
}

/* As "name|value", or "name|" alone without a value, an end of line behind each. */
static const struct {
	const char *bag, *pairs;
} read_bags[] = {
	{ "", "" },
	{ "a=1", "a|=1\n" },
	{ "a=1&b=2", "a|=1\nb|=2\n" },
	{ "a", "a|\n" },
	{ "a=&b", "a|=\nb|\n" },
	{ "&&a=1&&", "a|=1\n" },
	{ "a=b=c", "a|=b=c\n" },
	{ "=", "|=\n" },
	{ "%24.mid=x%26y", "%24.mid|=x%26y\n" },
};

static void test_bag_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(read_bags); i++) {
		const char *at = read_bags[i].bag, *end = at + strlen(at);
		struct bag_pair p;
		char text[100] = "";

		while (bag_next(&at, end, &p))
			sprintf(text + strlen(text), "%.*s|%s%.*s\n", (int)p.name_len,
				p.name, p.value ? "=" : "", (int)p.value_len,
				p.value ? p.value : "");
		assert_string_equal(text, read_bags[i].pairs);
	}
}

#define KEY "SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct {
	const char *connstr;
	const char *host;
	unsigned port;
	const char *client_id, *user, *resource, *topic;
} logins[] = {
	{ "HostName=h.net;DeviceId=dev1;" KEY, "h.net", 8883, "dev1",
	  "h.net/dev1/?api-version=2021-04-12&DeviceClientType=a%2F1%20b",
	  "h.net/devices/dev1", "devices/dev1/messages/events/" },
	{ "HostName=h.net;DeviceId=dev1;ModuleId=m;" KEY, "h.net", 8883, "dev1/m",
	  "h.net/dev1/m/?api-version=2021-04-12&DeviceClientType=a%2F1%20b",
	  "h.net/devices/dev1/modules/m", "devices/dev1/modules/m/messages/events/" },
	{ "HostName=h.net;DeviceId=dev1;GatewayHostName=edge;" KEY, "edge", 8883, "dev1",
	  "h.net/dev1/?api-version=2021-04-12&DeviceClientType=a%2F1%20b",
	  "h.net/devices/dev1", "devices/dev1/messages/events/" },
};

static void test_login(void **state)
{
	const struct prov_uplink_opts opts = { .user_agent = "a/1 b" };

	(void)state;
	for (size_t i = 0; i < COUNT(logins); i++) {
		struct prov_connstr cs;
		struct prov_secret *password = NULL;
		struct prov_sas_info info;
		struct login l = { .port = 0 };
		int64_t until;

		assert_int_equal(prov_connstr_parse(logins[i].connstr, &cs, NULL), 0);
		assert_int_equal(login_make(&cs, &opts, &l, NULL), 0);
		assert_string_equal(l.host, logins[i].host);
		assert_int_equal(l.port, logins[i].port);
		assert_string_equal(l.client_id, logins[i].client_id);
		assert_string_equal(l.user, logins[i].user);
		assert_string_equal(l.resource, logins[i].resource);
		assert_string_equal(l.topic, logins[i].topic);
		assert_int_equal(login_password(&l, 600, &password, &until, NULL), 0);
		assert_int_equal(prov_sas_parse(prov_secret_text(password), &info, NULL),
				 0);
		assert_string_equal(info.resource, logins[i].resource);
		assert_int_equal(info.expires_unix, until);
		prov_secret_free(password);
		login_clear(&l);
		prov_connstr_clear(&cs);
	}
}

static const struct {
	const char *connstr;
	struct prov_uplink_opts opts;
	enum prov_err code;
	const char *says;
} refused[] = {
	{ "HostName=h.net;SharedAccessKeyName=p;" KEY,
	  { 0 },
	  PROV_ERR_ARG,
	  "not the connection string of a device" },
	{ "HostName=h.net;DeviceId=a+b;" KEY, { 0 }, PROV_ERR_ARG, "'+' or '#'" },
	{ "HostName=h.net;DeviceId=d;x509=true", { 0 }, PROV_ERR_ARG, "certificate" },
	{ "HostName=h.net;DeviceId=d;x509=true",
	  { .cert_file = "c" },
	  PROV_ERR_ARG,
	  "go together" },
	{ "HostName=h.net;DeviceId=d;" KEY,
	  { .ca_file = "/nowhere/ca.pem" },
	  PROV_ERR_FILE,
	  "/nowhere/ca.pem" },
	{ "HostName=h.net;DeviceId=d;" KEY,
	  { .connect_to = "nonsense" },
	  PROV_ERR_ARG,
	  "HOST:PORT" },
	{ "HostName=h.net;DeviceId=d;" KEY,
	  { .connect_to = "127.0.0.1:1" },
	  PROV_ERR_CONNECT,
	  "nobody listens at 127.0.0.1:1" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct prov_connstr cs;
		struct prov_uplink *u = NULL;
		struct prov_error err;

		assert_int_equal(prov_connstr_parse(refused[i].connstr, &cs, NULL), 0);
		assert_int_equal(prov_uplink_open(&cs, &refused[i].opts, &u, &err),
				 refused[i].code);
		assert_non_null(strstr(err.msg, refused[i].says));
		assert_null(u);
		prov_connstr_clear(&cs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bag_written), cmocka_unit_test(test_bag_counted),
		cmocka_unit_test(test_bag_read),    cmocka_unit_test(test_login),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
