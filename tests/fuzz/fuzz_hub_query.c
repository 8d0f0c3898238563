/* The query language. What is no query is refused in words; what is one can be run. */
#include "fuzz_hub.h"

#include "json.h"
#include "query.h"

static struct json *make_twin(void)
{
	static const char text[] =
		"{\"deviceId\":\"dev1\",\"status\":\"enabled\",\"tags\":{\"a\":{\"b\":1},"
		"\"c\":\"x\",\"d\":null,\"e\":[1,true]}}";

	return json_parse(text, sizeof(text) - 1, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1), err[QUERY_ERROR];
	struct query *query;

	must(text != NULL);
	memcpy(text, bytes, len);
	text[len] = '\0';
	query = query_parse(text, err);
	must((query == NULL) == (*err != '\0'));
	if (query) {
		struct json *twin = make_twin();

		query_selects(query, twin);
		if (query_is_count(query)) {
			json_free(twin);
			twin = query_count_row(query, 1);
		} else {
			twin = query_row(query, twin);
		}
		must(twin != NULL);
		json_free(twin);
	}
	query_free(query);
	free(text);
	return 0;
}
