#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

static const char twin_text[] =
	"{\"deviceId\":\"dev1\",\"status\":\"enabled\",\"version\":3,"
	"\"tags\":{\"room\":\"a\",\"floor\":2,\"a b\":{\"c\":null}},"
	"\"properties\":{\"desired\":{\"led\":{\"on\":true}}}}";

static void selects(void **state)
{
	static const struct {
		const char *where;
		bool selected;
	} rows[] = {
		{ "deviceId = 'dev1'", true },
		{ "devices.deviceId = 'dev1'", true },
		{ "deviceId = 'DEV1'", false },
		{ "deviceId != 'x'", true },
		{ "deviceId <> 'dev1'", false },
		{ "'dev1' = deviceId", true },
		{ "tags.floor >= 2 AND tags.floor < 3", true },
		{ "tags.floor > 2 or tags.room = 'a'", true },
		{ "tags.floor = '2'", false },
		{ "tags.floor != '2'", false }, /* other types: neither */
		{ "tags.none = 1", false },
		{ "NOT tags.none = 1", false },
		{ "not (tags.room = 'b')", true },
		{ "properties.desired.led.on = true", true },
		{ "properties.desired.led.on", false },
		{ "deviceId IN ['a', 'dev1']", true },
		{ "deviceId NOT IN ['a', 'b']", true },
		{ "deviceId NOT IN ['a', 'dev1']", false },
		{ "tags.none not in ['a']", false },
		{ "is_defined(tags.room)", true },
		{ "NOT IS_DEFINED(tags.none)", true },
		{ "is_null(tags['a b'].c)", true },
		{ "is_number(tags.floor) and is_string(tags.room) and is_object(tags)",
		  true },
		{ "STARTSWITH(deviceId, 'dev')", true },
		{ "ENDSWITH(deviceId, '1') AND CONTAINS(deviceId, 'ev')", true },
		{ "ENDSWITH(deviceId, 'longer than it')", false },
		{ "tags.room = 'it''s' OR tags.room = \"a\"", true },
		{ "tags.none = 1 AND tags.room = 'b' OR status = 'enabled'", true },
		{ "tags.none = 1 or tags.room = 'a'", true },
	};
	struct json *twin = json_parse(twin_text, strlen(twin_text), NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[200], err[QUERY_ERROR];
		struct query *query;

		snprintf(text, sizeof(text), "SELECT * FROM devices WHERE %s",
			 rows[i].where);
		query = query_parse(text, err);
		if (!query) {
			/* a path alone is no condition */
			assert_false(rows[i].selected);
			continue;
		}
		assert_int_equal(query_selects(query, twin), rows[i].selected);
		query_free(query);
	}
	json_free(twin);
}

static void refuses_with_a_place(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} rows[] = {
		{ "", "Position 1: select is expected here." },
		{ "SELECT * FROM jobs", "Position 15: only FROM devices" },
		{ "SELECT * FROM devices.modules", "Position 22: FROM devices.modules" },
		{ "SELECT * FROM devices WHERE", "Position 28: a name is expected" },
		{ "SELECT * FROM devices WHERE a = 'x", "the string has no end" },
		{ "SELECT * FROM devices ORDER BY x", "Position 23: GROUP BY and ORDER" },
		{ "SELECT * FROM devices x", "Position 23: this does not belong" },
		{ "SELECT COUNT( FROM devices", "Position 15: ) is expected" },
		{ "SELECT * FROM devices WHERE a IN []", "Position 35: a string" },
		{ "SELECT * FROM devices WHERE (a = 1", "Position 35: ) is expected" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char err[QUERY_ERROR];

		assert_null(query_parse(rows[i].text, err));
		if (!strstr(err, rows[i].err))
			fail_msg("%s: %s", rows[i].text, err);
	}
}

static void nests_only_so_deep(void **state)
{
	char text[400] = "SELECT * FROM devices WHERE ", err[QUERY_ERROR];
	size_t len = strlen(text);

	(void)state;
	memset(text + len, '(', 300);
	assert_null(query_parse(text, err));
	assert_non_null(strstr(err, "too many parentheses"));
}

static void gives_fields(void **state)
{
	struct json *twin = json_parse(twin_text, strlen(twin_text), NULL);
	char err[QUERY_ERROR];
	struct query *query = query_parse("SELECT deviceId, tags.floor AS f, tags.none, "
					  "properties.desired FROM devices",
					  err);
	struct json *row;
	char *text;

	(void)state;
	assert_non_null(query);
	row = query_row(query, twin);
	text = json_print(row);
	assert_string_equal(
		text,
		"{\"deviceId\":\"dev1\",\"f\":2,\"desired\":{\"led\":{\"on\":true}}}");
	free(text);
	json_free(row);
	query_free(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selects),
		cmocka_unit_test(refuses_with_a_place),
		cmocka_unit_test(nests_only_so_deep),
		cmocka_unit_test(gives_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
