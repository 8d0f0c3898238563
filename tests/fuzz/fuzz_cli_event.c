/*
 * A message of an Event Hub to the lines that are printed of it: one line each, which moves
 * no terminal's cursor and is UTF-8, and JSON that a strict reader takes. And JSON of
 * others: what is taken comes out the same when it goes in again.
 */
#include "fuzz.h"

#include "amqp_event.h"
#include "cli/text.h" /* libprov has another one */
#include "event_line.h"

static void check_line(const struct lines *l)
{
	const unsigned char *s = (const unsigned char *)l->at;
	size_t n;

	must(!l->failed && l->n > 0 && l->at[l->n - 1] == '\n');
	for (size_t i = 0; i + 1 < l->n; i += n) {
		n = text_utf8(s + i, l->n - i);
		must(n > 0 && s[i] >= 0x20 && s[i] != 0x7f);
		must(s[i] != 0xc2 || s[i + 1] >= 0xa0);
	}
}

/* Blanks are taken away once. */
static void check_json(const char *text, size_t len)
{
	struct lines once = { .n = 0 }, twice = { .n = 0 };

	if (lines_json(&once, text, len)) {
		must(lines_json(&twice, once.at, once.n));
		must(once.n == twice.n && memcmp(once.at, twice.at, once.n) == 0);
	} else {
		must(once.n == 0);
	}
	lines_free(&once);
	lines_free(&twice);
}

static void check_event(const struct prov_event *event)
{
	struct lines l = { .n = 0 }, again = { .n = 0 };

	event_line(&l, event, true);
	check_line(&l);
	l.n = 0;
	event_json(&l, event);
	check_line(&l);
	must(lines_json(&again, l.at, l.n - 1));
	lines_free(&l);
	lines_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct amqp_codec *codec;
	struct amqp_event_room room;
	struct amqp_message message;
	struct prov_event event;
	struct prov_bytes in = { (const char *)bytes, len };

	if (!codec)
		codec = amqp_codec_new();
	must(codec);
	if (amqp_message_read(codec, in, &message) == AMQP_READ_OK) {
		amqp_event_read(&message, &room, &event);
		check_event(&event);
	}
	check_json((const char *)bytes, len);
	return 0;
}
