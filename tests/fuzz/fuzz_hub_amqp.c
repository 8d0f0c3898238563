/*
 * What the hub reads of AMQP itself. An address is refused, or its parts are within their
 * bounds; of a stream of frames no byte is made, and how it is cut does not matter.
 */
#include "fuzz_hub.h"

#include "amqp/frames.h"
#include "amqp/place.h"

static void check_place(const char *text)
{
	struct place place;

	if (!place_parse(&place, text)) {
		must(place.kind == PLACE_UNKNOWN);
		return;
	}
	must(place.kind > PLACE_UNKNOWN && place.kind < PLACE_KINDS);
	must(strlen(place.entity) < sizeof(place.entity));
	must(strlen(place.group) < sizeof(place.group));
	must(strlen(place.device) < sizeof(place.device));
	must(strlen(place.module) < sizeof(place.module));
	must(!place.rest || (place.rest >= text && place.rest <= text + strlen(text)));
}

static size_t run(uint8_t *to, const uint8_t *bytes, size_t len, size_t piece)
{
	struct frames frames = { 0 };
	size_t written = 0;

	for (size_t at = 0; at < len; at += piece) {
		size_t part = len - at < piece ? len - at : piece;
		size_t kept = frames.have;
		size_t more = frames_take(&frames, to + written, bytes + at, part);

		must(more <= part + kept);
		must(frames.have < FRAMES_HEAD);
		written += more;
	}
	return written;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *whole = malloc(len + 1), *pieces = malloc(len + 1);
	char *text = malloc(len + 1);
	size_t written;

	must(whole && pieces && text);
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	check_place(text);
	written = run(whole, bytes, len, len ? len : 1);
	must(written <= len);
	must(run(pieces, bytes, len, 3) == written);
	must(memcmp(whole, pieces, written) == 0);
	free(whole);
	free(pieces);
	free(text);
	return 0;
}
