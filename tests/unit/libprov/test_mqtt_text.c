/* URLs of brokers, topic filters, and what topics say. */
#include "mqtt_text.h"
#include "prov_test.h"

static const struct {
	const char *url;
	const char *host; /* NULL: refused */
	unsigned port;
	bool tls;
} urls[] = {
	{ "mqtt://broker", "broker", 1883, false },
	{ "mqtts://broker", "broker", 8883, true },
	{ "mqtts://broker:1884/", "broker", 1884, true },
	{ "MQTTS://broker", "broker", 8883, true },
	{ "tcp://127.0.0.1:1", "127.0.0.1", 1, false },
	{ "ssl://h.example", "h.example", 8883, true },
	{ "mqtt://[::1]:1883", "[::1]", 1883, false },
	{ "mqtts://[fe80::1]", "[fe80::1]", 8883, true },
	{ "broker", "broker", 1883, false },
	{ "broker:8883", "broker", 8883, true },
	{ "", NULL, 0, false },
	{ "mqtt://", NULL, 0, false },
	{ "mqtt://:1883", NULL, 0, false },
	{ "mqtt://h:", NULL, 0, false },
	{ "mqtt://h:0", NULL, 0, false },
	{ "mqtt://h:65536", NULL, 0, false },
	{ "mqtt://h/path", NULL, 0, false },
	{ "mqtt://u:secret@h", NULL, 0, false },
	{ "http://h", NULL, 0, false },
	{ "mqtt://[::1", NULL, 0, false },
	{ "mqtt://[x]", NULL, 0, false },
	{ "mqtt://[]", NULL, 0, false },
	{ "mqtt://[::1]x", NULL, 0, false },
	{ "mqtt://h h", NULL, 0, false },
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct mqtt_url out = { .port = 0 };
		struct prov_error err = { 0 };
		int rc = mqtt_url_parse(urls[i].url, &out, &err);

		assert_int_equal(rc, urls[i].host ? 0 : PROV_ERR_ARG);
		assert_null(strstr(err.msg, "secret"));
		if (!urls[i].host)
			continue;
		assert_string_equal(out.host, urls[i].host);
		assert_int_equal(out.port, urls[i].port);
		assert_int_equal(out.tls, urls[i].tls);
	}
}

static const struct {
	const char *filter;
	bool good;
} filters[] = {
	{ "#", true },      { "+", true },     { "a/+/b", true }, { "a/#", true },
	{ "+/+/#", true },  { "/", true },     { "a b", true },   { "", false },
	{ "a/b#", false },  { "#/a", false },  { "a+", false },   { "a/+b/c", false },
	{ "a/#/b", false }, { "a/##", false },
};

static void test_filters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(filters); i++)
		assert_int_equal(mqtt_filter_check(filters[i].filter, NULL),
				 filters[i].good ? 0 : PROV_ERR_ARG);
}

/* The examples of [MQTT] 4.7 among them. `level` is NULL where it does not fit. */
static const struct {
	const char *filter, *topic, *level;
} fits[] = {
	{ "sport/#", "sport", "" },    { "sport/#", "sport/a/b", "" },
	{ "sport/+", "sport", NULL },  { "sport/+", "sport/", "" },
	{ "sport/+", "sport/a", "a" }, { "sport/+", "sport/a/b", NULL },
	{ "+/+", "/finance", "" },     { "/+", "/finance", "finance" },
	{ "+", "/finance", NULL },     { "a/+/c/+", "a/b/c/d", "b" },
	{ "a", "ab", NULL },           { "ab", "a", NULL },
	{ "#", "$SYS/x", NULL },       { "+/x", "$SYS/x", NULL },
	{ "$SYS/#", "$SYS/x", "" },    { "a/b", "a", NULL },
	{ "a", "a/b", NULL },
};

static void test_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fits); i++) {
		struct prov_bytes level;
		bool fit = mqtt_filter_fits(fits[i].filter, fits[i].topic,
					    strlen(fits[i].topic), &level);

		assert_int_equal(fit, fits[i].level != NULL);
		if (!fit)
			continue;
		assert_int_equal(level.len, strlen(fits[i].level));
		if (level.len)
			assert_memory_equal(level.at, fits[i].level, level.len);
	}
}

/* "device|module|message id|content type|name=value;..." */
static const struct {
	const char *topic, *says;
} topics[] = {
	{ "devices/d1/messages/events/", "d1||||" },
	{ "devices/d1/messages/events", "d1||||" },
	{ "devices/d1/modules/m/messages/events/a=1", "d1|m|||a=1;" },
	{ "devices/d/messages/events/"
	  "%24.mid=id%201&$.ct=application%2Fjson&k%20=v%3D&alone",
	  "d||id 1|application/json|k =v=;alone;" },
	/* what is not encoded rightly stays as it is */
	{ "devices/d/messages/events/a%2=b%zz", "d||||a%2=b%zz;" },
	{ "devices/d/messages/events/a/b=c", "d||||a/b=c;" },
	{ "devices/d/messages/devicebound/", NULL },
	{ "devices/d", NULL },
	{ "devices//messages/events/", NULL },
	{ "devices/d/modules//messages/events/a=1", NULL },
	{ "x/d/messages/events/", NULL },
};

static void add_bytes(char *to, struct prov_bytes b, const char *behind)
{
	sprintf(to + strlen(to), "%.*s%s", (int)b.len, b.at ? b.at : "", behind);
}

static void test_topics(void **state)
{
	struct mqtt_room room = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(topics); i++) {
		struct prov_event e = { 0 };
		char text[200] = "";
		bool is = mqtt_topic_event(topics[i].topic, strlen(topics[i].topic),
					   &room, &e);

		assert_int_equal(is, topics[i].says != NULL);
		if (!is)
			continue;
		add_bytes(text, e.device, "|");
		add_bytes(text, e.module, "|");
		add_bytes(text, e.message_id, "|");
		add_bytes(text, e.content_type, "|");
		for (size_t k = 0; k < e.n_properties; k++) {
			bool has = e.properties[k].value.type == PROV_VALUE_TEXT;

			add_bytes(text, e.properties[k].name, has ? "=" : ";");
			if (has)
				add_bytes(text, e.properties[k].value.bytes, ";");
		}
		assert_string_equal(text, topics[i].says);
	}
	mqtt_room_free(&room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_topics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
