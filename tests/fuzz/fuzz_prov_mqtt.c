/* Topics of others, filters, and URLs of brokers. */
#include "fuzz_prov.h"
#include "mqtt_text.h"

static volatile unsigned fuzz_sink;

/* A byte of each field, so that none reaches beyond what it is in. */
static unsigned look(struct prov_bytes b)
{
	return b.len ? (unsigned char)b.at[0] + (unsigned char)b.at[b.len - 1] : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char prefix[] = "devices/d/messages/events/";
	char *text = fuzz_text(bytes, len), *topic;
	struct mqtt_room room = { 0 };
	struct prov_event event = { 0 };
	struct prov_bytes level;
	struct prov_error err;
	struct mqtt_url url;
	unsigned sum = 0;
	size_t n = strlen(prefix) + len;

	(void)mqtt_url_parse(text, &url, &err);
	if (mqtt_filter_check(text, &err) == 0 &&
	    mqtt_filter_fits(text, text, strlen(text), &level))
		sum += look(level);
	topic = malloc(n);
	if (!topic)
		abort();
	memcpy(topic, prefix, strlen(prefix));
	memcpy(topic + strlen(prefix), bytes, len);
	(void)mqtt_topic_event((const char *)bytes, len, &room, &event);
	if (!mqtt_topic_event(topic, n, &room, &event))
		abort();
	for (size_t i = 0; i < event.n_properties; i++)
		sum += look(event.properties[i].name) +
		       (event.properties[i].value.type == PROV_VALUE_TEXT
				? look(event.properties[i].value.bytes)
				: 0);
	sum += look(event.message_id) + look(event.content_type);
	free(topic);
	free(text);
	mqtt_room_free(&room);
	fuzz_sink = sum;
	return 0;
}
