/* Where a reader of events goes, and where it goes on. */
#include "events.h"

/* cmocka has one of its own. */
#undef fail

#include "prov_test.h"

static const struct {
	const char *host, *address;
	bool good;
	unsigned port;
	const char *entity;
} redirects[] = {
	{ "ns.servicebus.windows.net",
	  "amqps://ns.servicebus.windows.net:5671/iothub-ehub-x-1/$management", true,
	  5671, "iothub-ehub-x-1" },
	{ "localhost", "amqps://localhost:15671/hub/$management", true, 15671, "hub" },
	{ "h", "amqps://h/e/ConsumerGroups/$Default/Partitions/0", true, 5671, "e" },
	{ "h", "e/$management", true, 5671, "e" },
	{ "h", "/e", true, 5671, "e" },
	{ "", "amqps://h:5671/e/$management", false, 0, "" },
	{ "h", "amqps://h:5671", false, 0, "" },
	{ "h", "amqps://h:5671/$management", false, 0, "" },
	{ "h", "amqps://h:x/e/$management", false, 0, "" },
	{ "h", "", false, 0, "" },
	{ "h", "/", false, 0, "" },
};

static void test_redirect(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(redirects); i++) {
		struct events_place place = { .port = 1 };

		assert_int_equal(
			events_redirect(redirects[i].host, redirects[i].address, &place),
			redirects[i].good);
		if (!redirects[i].good)
			continue;
		assert_string_equal(place.host, redirects[i].host);
		assert_int_equal(place.port, redirects[i].port);
		assert_string_equal(place.entity, redirects[i].entity);
	}
}

/* What the listener was told last. */
static struct prov_notice told[8];
static size_t n_told;

static int note(void *ctx, const struct prov_notice *notice)
{
	(void)ctx;
	assert_true(n_told < COUNT(told));
	told[n_told++] = *notice;
	return 0;
}

static const struct prov_listener listener = { .notice = note };

/* A reader of one partition that has the events 10 to 20. */
static void make(struct events_reader *r, enum prov_since since, int64_t since_ms)
{
	memset(r, 0, sizeof(*r));
	r->listener = &listener;
	r->opts.since = since;
	r->opts.since_ms = since_ms;
	r->n_parts = 1;
	r->parts[0].first = 10;
	r->parts[0].last = 20;
	strcpy(r->parts[0].last_offset, "2000");
	strcpy(r->place.host, "h");
	strcpy(r->place.entity, "e");
	n_told = 0;
}

static void assert_filter(const struct events_reader *r, const char *want)
{
	char filter[160];

	events_filter(&r->parts[0], filter, sizeof(filter));
	assert_string_equal(filter, want);
}

static bool advance(struct events_reader *r, int64_t sequence, const char *offset,
		    int64_t ms)
{
	struct prov_event e = { .sequence = sequence, .enqueued_ms = ms };

	if (offset)
		e.offset = (struct prov_bytes){ offset, strlen(offset) };
	return events_advance(&r->parts[0], &e);
}

static void test_begin(void **state)
{
	static struct events_reader r;
	static const struct prov_position at[] = { { 1, 5 }, { 0, 12 } };

	(void)state;
	make(&r, PROV_SINCE_LATEST, 0);
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-offset > '2000'");
	assert_int_equal(told[0].count, 0);
	make(&r, PROV_SINCE_LATEST, 0);
	r.parts[0].last_offset[0] = '\0';
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-sequence-number > '20'");
	make(&r, PROV_SINCE_EARLIEST, 0);
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-offset > '-1'");
	assert_int_equal(told[0].kind, PROV_NOTICE_PARTITION);
	assert_int_equal(told[0].count, 11);
	make(&r, PROV_SINCE_TIME, 1700000000000);
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-enqueued-time > '1699999999999'");
	make(&r, PROV_SINCE_EARLIEST, 0);
	r.opts.positions = at;
	r.opts.n_positions = COUNT(at);
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-sequence-number > '12'");
	assert_int_equal(told[0].count, 8);
}

/* None twice, whatever the service sends. */
static void test_advance(void **state)
{
	static struct events_reader r;

	(void)state;
	make(&r, PROV_SINCE_LATEST, 0);
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_false(advance(&r, 20, "2000", 1));
	assert_true(advance(&r, 21, "2100", 2));
	assert_false(advance(&r, 21, "2100", 2));
	assert_false(advance(&r, 3, "300", 2));
	assert_true(advance(&r, 22, NULL, 3));
	assert_filter(&r, "amqp.annotation.x-opt-sequence-number > '22'");
	assert_true(advance(&r, 23, "it's", 4));
	assert_filter(&r, "amqp.annotation.x-opt-sequence-number > '23'");
	assert_true(advance(&r, 24, "2400", 5));
	assert_filter(&r, "amqp.annotation.x-opt-offset > '2400'");
}

static void test_resume(void **state)
{
	static struct events_reader r;

	(void)state;
	make(&r, PROV_SINCE_EARLIEST, 0);
	assert_int_equal(events_settle(&r, NULL), 0);
	r.connected = true;
	assert_true(advance(&r, 12, "1200", 7000));
	/* The same stream, which goes on. */
	n_told = 0;
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-offset > '1200'");
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].count, 8);
	/* It has forgotten what comes next. */
	n_told = 0;
	r.parts[0].first = 15;
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_int_equal(told[0].kind, PROV_NOTICE_GAP);
	assert_int_equal(told[0].count, 2);
	assert_int_equal(told[0].first, 13);
	assert_int_equal(told[0].last, 14);
	/* It has begun anew. */
	r.parts[0].first = 0;
	r.parts[0].last = 3;
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-offset > '-1'");
	assert_true(advance(&r, 0, "0", 8000));
	/* Another Event Hub. */
	strcpy(r.place.host, "h2");
	r.parts[0].last = 900;
	assert_int_equal(events_settle(&r, NULL), 0);
	assert_filter(&r, "amqp.annotation.x-opt-enqueued-time > '7999'");
	assert_true(advance(&r, 5, "5", 8001));
}

static const struct {
	const char *condition, *description;
	enum prov_err code;
} words[] = {
	{ "amqp:unauthorized-access", "no", PROV_ERR_RIGHT },
	{ "amqp:unauthorized-access", "ExpiredToken: it has", PROV_ERR_CLOCK },
	{ "com.microsoft:auth-failed", "", PROV_ERR_KEY },
	{ "amqp:link:stolen", "New receiver with higher epoch", PROV_ERR_TAKEN },
	{ "amqp:not-allowed", "At least one receiver is created with epoch",
	  PROV_ERR_TAKEN },
	{ "amqp:resource-limit-exceeded", "maximum number of allowed receivers is 5",
	  PROV_ERR_TAKEN },
	{ "amqp:resource-limit-exceeded", "local-idle-timeout expired", PROV_ERR_GONE },
	{ "amqp:resource-limit-exceeded", "", PROV_ERR_QUOTA },
	{ "amqp:not-found", "", PROV_ERR_NOTFOUND },
	{ "amqp:connection:forced", "", PROV_ERR_GONE },
	{ "com.example:new", "what?", PROV_ERR_SERVICE },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct amqp_fault fault = { .condition = "" };
		struct prov_error err;

		strcpy(fault.condition, words[i].condition);
		strcpy(fault.description, words[i].description);
		assert_int_equal(amqp_words("h", &fault, &err), words[i].code);
		assert_int_equal(err.code, words[i].code);
		assert_string_equal(err.service_code, words[i].condition);
		assert_non_null(strstr(err.msg, words[i].description));
		assert_int_equal(amqp_words("h", &fault, NULL), words[i].code);
	}
}

/* Refused before anything is sent. */
static void test_refused(void **state)
{
	static const char *const strings[] = {
		"HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=" TEST_KEY,
		"Endpoint=sb://h/;SharedAccessKeyName=p;SharedAccessKey=" TEST_KEY,
		"HostName=h;SharedAccessSignature=SharedAccessSignature "
		"sr=h&sig=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8%3D&se=1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		struct prov_connstr cs;
		struct prov_error err;

		assert_int_equal(prov_connstr_parse(strings[i], &cs, &err), 0);
		assert_int_equal(prov_events_read(&cs, NULL, &listener, &err),
				 PROV_ERR_ARG);
		assert_true(*err.hint);
		prov_connstr_clear(&cs);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect), cmocka_unit_test(test_begin),
		cmocka_unit_test(test_advance),  cmocka_unit_test(test_resume),
		cmocka_unit_test(test_words),    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
