/* A reader's filter: refused in words, or a position that can be written down again. */
#include "fuzz_hub.h"

#include <inttypes.h>

#include "selector.h"

static const char *const names[] = {
	[BY_OFFSET] = "x-opt-offset",
	[BY_SEQUENCE] = "x-opt-sequence-number",
	[BY_TIME] = "x-opt-enqueuedtimeutc",
};

static void same(const struct position *position)
{
	char text[200], err[SELECTOR_ERROR], value[30];
	struct position again;

	snprintf(value, sizeof(value), "'%" PRId64 "'", position->value);
	snprintf(text, sizeof(text), "amqp.annotation.%s %s %s", names[position->by],
		 position->inclusive ? ">=" : ">",
		 position->latest ? "'@latest'" : value);
	must(selector_parse(text, strlen(text), &again, err));
	must(again.by == position->by && again.inclusive == position->inclusive &&
	     again.latest == position->latest && again.value == position->value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len ? len : 1), err[SELECTOR_ERROR];
	struct position position;
	bool taken;

	must(text != NULL);
	if (len)
		memcpy(text, bytes, len);
	taken = selector_parse(text, len, &position, err);
	must(taken == (*err == '\0'));
	if (taken)
		same(&position);
	free(text);
	return 0;
}
