/*
 * The bytes of a client of MQTT: packets, and then the user name, topics and properties
 * in them. However they are cut up on their way they are the same packets, and the same
 * refusal in words; what borrows from the bytes stays within them.
 */
#include "fuzz_hub.h"

#include "mqtt/topic.h"

#define LIMIT 2048

/* Reads each byte, for the sanitizer to look. */
static unsigned sum_bytes(struct mqtt_bytes bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum = sum * 31 + (unsigned char)bytes.at[i];
	return sum;
}

static void check_bag(struct mqtt_bytes bytes)
{
	struct text text = { 0 };
	struct bag bag, again;

	if (bag_parse(&bag, bytes.at, bytes.len)) {
		must(bag.count == 0 && !bag.bytes);
		return;
	}
	bag_write(&text, bag.list, bag.count);
	must(!text.failed && !bag_parse(&again, text.at, text.len));
	must(again.count == bag.count);
	for (size_t i = 0; i < bag.count; i++) {
		const struct bag_property *a = &bag.list[i], *b = &again.list[i];

		must(a->system == b->system && strcmp(a->key, b->key) == 0);
		must(!a->value == !b->value);
		must(!a->value || strcmp(a->value, b->value) == 0);
	}
	bag_free(&again);
	bag_free(&bag);
	text_free(&text);
}

static void check_published(const struct mqtt_user *user, struct mqtt_bytes name)
{
	struct topic topic;
	const char *wrong = topic_published(&topic, user, name);

	if (wrong) {
		must(*wrong != '\0');
		return;
	}
	if (topic.kind == TOPIC_TELEMETRY)
		check_bag(topic.bag);
	else
		must(*topic.rid != '\0' && strlen(topic.rid) <= TOPIC_RID_MAX);
}

static void check_connect(struct mqtt_user *user, const struct mqtt_connect *connect)
{
	struct mqtt_user other;

	if (connect->level != MQTT_LEVEL || mqtt_user_parse(&other, connect))
		return;
	must(device_id_valid(other.device));
	must(!*other.module || device_id_valid(other.module));
	*user = other;
}

static unsigned check_packet(struct mqtt_user *user, struct mqtt_packet *packet)
{
	struct mqtt_bytes filter;
	struct topic topic;
	unsigned sum = 0, qos;
	size_t count = 0;

	switch (packet->type) {
	case MQTT_CONNECT:
		check_connect(user, &packet->connect);
		return sum_bytes(packet->connect.client_id) +
		       sum_bytes(packet->connect.user) +
		       sum_bytes(packet->connect.password) +
		       sum_bytes(packet->connect.will.message);
	case MQTT_PUBLISH:
		must(packet->publish.qos < 3 &&
		     (packet->publish.id == 0) == (packet->publish.qos == 0));
		check_published(user, packet->publish.topic);
		return sum_bytes(packet->publish.topic) +
		       sum_bytes(packet->publish.payload);
	case MQTT_SUBSCRIBE:
	case MQTT_UNSUBSCRIBE:
		must(packet->filters.id != 0);
		for (; mqtt_next_filter(&packet->filters, &filter, &qos); count++) {
			must(qos < 3);
			sum += sum_bytes(filter) + qos;
			topic_subscribed(&topic, user, filter);
		}
		must(count == packet->filters.count && packet->filters.left.len == 0);
		return sum;
	default:
		return 0;
	}
}

struct outcome {
	unsigned packets;
	unsigned sum;
	const char *wrong;
};

static struct outcome read_all(const uint8_t *bytes, size_t len, size_t piece)
{
	struct mqtt_reader reader = { .limit = LIMIT };
	struct mqtt_user user = { .host = "hub.example", .device = "dev1" };
	struct outcome outcome = { 0 };

	for (size_t i = 0; i < len && !outcome.wrong; i += piece) {
		struct mqtt_packet packet;
		int rc;

		mqtt_reader_put(&reader, bytes + i, len - i < piece ? len - i : piece);
		while ((rc = mqtt_reader_next(&reader, &packet, &outcome.wrong)) == 1) {
			outcome.packets++;
			outcome.sum = outcome.sum * 31 + (unsigned)packet.type +
				      check_packet(&user, &packet);
		}
		must((rc < 0) == (outcome.wrong != NULL));
		must(rc < 0 || reader.bytes.len - reader.taken <= LIMIT + 5);
	}
	mqtt_reader_free(&reader);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct outcome whole = read_all(bytes, len, len + 1);
	struct outcome pieces = read_all(bytes, len, 7);
	struct outcome drops = read_all(bytes, len, 1);

	must(whole.packets == pieces.packets && whole.packets == drops.packets);
	must(whole.sum == pieces.sum && whole.sum == drops.sum);
	must(whole.wrong == pieces.wrong && whole.wrong == drops.wrong);
	return 0;
}
