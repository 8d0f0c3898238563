#include "mqtt/packet.h"

#include <string.h>

#include "utf8.h"

#define REST_MAX  268435455 /* section 2.2.3: four bytes of seven bits */
#define ROOM_IDLE 1024      /* what a reader may keep while there is nothing to read */

/* What is left of a packet. */
struct cursor {
	const uint8_t *at;
	size_t len;
};

static const char cut_short[] = "the packet ends within a field";
static const char too_long[] = "the packet goes on behind its last field";
static const char no_memory[] = "there is no memory";

/* -- fields -------------------------------------------------------------------------- */

static bool take_byte(struct cursor *from, unsigned *byte)
{
	if (from->len < 1)
		return false;
	*byte = *from->at++;
	from->len--;
	return true;
}

static bool take_number(struct cursor *from, unsigned *number)
{
	if (from->len < 2)
		return false;
	*number = (unsigned)from->at[0] << 8 | from->at[1];
	from->at += 2;
	from->len -= 2;
	return true;
}

static bool take_bytes(struct cursor *from, struct mqtt_bytes *bytes)
{
	unsigned len;

	if (!take_number(from, &len) || from->len < len)
		return false;
	*bytes = (struct mqtt_bytes){ (const char *)from->at, len };
	from->at += len;
	from->len -= len;
	return true;
}

static const char *take_text(struct cursor *from, struct mqtt_bytes *text)
{
	if (!take_bytes(from, text))
		return cut_short;
	if (memchr(text->at, '\0', text->len))
		return "a text holds U+0000 [MQTT-1.5.3-2]";
	if (!utf8_valid(text->at, text->len))
		return "a text is no UTF-8 [MQTT-1.5.3-1]";
	return NULL;
}

static bool has_wildcard(struct mqtt_bytes topic)
{
	return memchr(topic.at, '+', topic.len) || memchr(topic.at, '#', topic.len);
}

static const char *take_topic(struct cursor *from, struct mqtt_bytes *topic)
{
	const char *wrong = take_text(from, topic);

	if (wrong)
		return wrong;
	if (topic->len == 0)
		return "a topic is empty [MQTT-4.7.3-1]";
	if (has_wildcard(*topic))
		return "a topic that is published to has a wildcard [MQTT-4.7.1-1]";
	return NULL;
}

/* A wildcard is all of its level, and # the last one. */
static const char *take_filter(struct cursor *from, struct mqtt_bytes *filter)
{
	const char *wrong = take_text(from, filter);

	if (wrong)
		return wrong;
	if (filter->len == 0)
		return "a topic filter is empty [MQTT-4.7.3-1]";
	for (size_t i = 0; i < filter->len; i++) {
		bool starts = i == 0 || filter->at[i - 1] == '/';
		bool last = i == filter->len - 1;

		if (filter->at[i] == '#' && (!starts || !last))
			return "# is not the last level of a topic filter "
			       "[MQTT-4.7.1-2]";
		if (filter->at[i] == '+' &&
		    (!starts || (!last && filter->at[i + 1] != '/')))
			return "+ is not a whole level of a topic filter [MQTT-4.7.1-3]";
	}
	return NULL;
}

static const char *take_id(struct cursor *from, uint16_t *id)
{
	unsigned number;

	if (!take_number(from, &number))
		return cut_short;
	if (number == 0)
		return "a packet identifier is 0 [MQTT-2.3.1-1]";
	*id = (uint16_t)number;
	return NULL;
}

/* -- packets: sections 3.1 to 3.14 ---------------------------------------------------- */

#define CONNECT_RESERVED    0x01
#define CONNECT_CLEAN       0x02
#define CONNECT_WILL        0x04
#define CONNECT_WILL_RETAIN 0x20
#define CONNECT_PASSWORD    0x40
#define CONNECT_USER        0x80

static const char *take_connect_flags(struct cursor *from, struct mqtt_connect *connect)
{
	unsigned flags;

	if (!take_byte(from, &flags))
		return cut_short;
	connect->clean = flags & CONNECT_CLEAN;
	connect->has_will = flags & CONNECT_WILL;
	connect->will.qos = flags >> 3 & 3;
	connect->will.retain = flags & CONNECT_WILL_RETAIN;
	connect->has_password = flags & CONNECT_PASSWORD;
	connect->has_user = flags & CONNECT_USER;
	if (flags & CONNECT_RESERVED)
		return "the reserved flag of CONNECT is set [MQTT-3.1.2-3]";
	if (!connect->has_will && connect->will.qos != 0)
		return "the QoS of a will without a will [MQTT-3.1.2-13]";
	if (!connect->has_will && connect->will.retain)
		return "the retain flag of a will without a will [MQTT-3.1.2-15]";
	if (connect->will.qos == 3)
		return "the will has QoS 3 [MQTT-3.1.2-14]";
	if (connect->has_password && !connect->has_user)
		return "a password without a user name [MQTT-3.1.2-22]";
	return NULL;
}

static const char *take_connect_payload(struct cursor *from, struct mqtt_connect *connect)
{
	const char *wrong = take_text(from, &connect->client_id);

	if (!wrong && connect->has_will) {
		wrong = take_topic(from, &connect->will.topic);
		if (!wrong && !take_bytes(from, &connect->will.message))
			wrong = cut_short;
	}
	if (!wrong && connect->has_user)
		wrong = take_text(from, &connect->user);
	if (!wrong && connect->has_password && !take_bytes(from, &connect->password))
		wrong = cut_short;
	return wrong;
}

static bool bytes_are(struct mqtt_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.at, text, bytes.len) == 0;
}

/* Version 3.1 had another name, and gets the same answer as any level that is not ours. */
static const char *read_connect(struct mqtt_packet *packet, unsigned flags,
				struct cursor *from)
{
	struct mqtt_connect *connect = &packet->connect;
	struct mqtt_bytes name;
	const char *wrong;

	(void)flags;
	*connect = (struct mqtt_connect){ 0 };
	wrong = take_text(from, &name);
	if (wrong)
		return wrong;
	if (!take_byte(from, &connect->level))
		return cut_short;
	if (!bytes_are(name, "MQTT") &&
	    (!bytes_are(name, "MQIsdp") || connect->level == MQTT_LEVEL))
		return "the protocol's name is not MQTT [MQTT-3.1.2-1]";
	if (connect->level != MQTT_LEVEL) {
		from->len = 0;
		return NULL;
	}
	wrong = take_connect_flags(from, connect);
	if (wrong)
		return wrong;
	if (!take_number(from, &connect->keep_alive_s))
		return cut_short;
	return take_connect_payload(from, connect);
}

#define PUBLISH_RETAIN 0x1
#define PUBLISH_DUP    0x8

static const char *read_publish(struct mqtt_packet *packet, unsigned flags,
				struct cursor *from)
{
	struct mqtt_publish *publish = &packet->publish;
	const char *wrong;

	*publish = (struct mqtt_publish){
		.qos = flags >> 1 & 3,
		.dup = flags & PUBLISH_DUP,
		.retain = flags & PUBLISH_RETAIN,
	};
	if (publish->qos == 3)
		return "PUBLISH has QoS 3 [MQTT-3.3.1-4]";
	if (publish->qos == 0 && publish->dup)
		return "PUBLISH repeats what has QoS 0 [MQTT-3.3.1-2]";
	wrong = take_topic(from, &publish->topic);
	if (!wrong && publish->qos > 0)
		wrong = take_id(from, &publish->id);
	publish->payload = (struct mqtt_bytes){ (const char *)from->at, from->len };
	from->len = 0;
	return wrong;
}

static const char *read_id(struct mqtt_packet *packet, unsigned flags,
			   struct cursor *from)
{
	(void)flags;
	return take_id(from, &packet->id);
}

static const char *check_filters(struct mqtt_filters *filters, struct cursor from)
{
	struct mqtt_bytes filter;
	const char *wrong;
	unsigned qos;

	for (; from.len > 0; filters->count++) {
		wrong = take_filter(&from, &filter);
		if (wrong)
			return wrong;
		if (!filters->with_qos)
			continue;
		if (!take_byte(&from, &qos))
			return cut_short;
		if (qos > 2)
			return "SUBSCRIBE asks for a QoS above 2 [MQTT-3-8.3-4]";
	}
	return NULL;
}

static const char *read_filters(struct mqtt_packet *packet, struct cursor *from,
				bool with_qos)
{
	struct mqtt_filters *filters = &packet->filters;
	const char *wrong;

	*filters = (struct mqtt_filters){ .with_qos = with_qos };
	wrong = take_id(from, &filters->id);
	if (!wrong)
		wrong = check_filters(filters, *from);
	filters->left = (struct mqtt_bytes){ (const char *)from->at, from->len };
	from->len = 0;
	return wrong;
}

static const char *read_subscribe(struct mqtt_packet *packet, unsigned flags,
				  struct cursor *from)
{
	const char *wrong = read_filters(packet, from, true);

	(void)flags;
	if (!wrong && packet->filters.count == 0)
		wrong = "SUBSCRIBE without a topic filter [MQTT-3.8.3-3]";
	return wrong;
}

static const char *read_unsubscribe(struct mqtt_packet *packet, unsigned flags,
				    struct cursor *from)
{
	const char *wrong = read_filters(packet, from, false);

	(void)flags;
	if (!wrong && packet->filters.count == 0)
		wrong = "UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]";
	return wrong;
}

static const char *read_nothing(struct mqtt_packet *packet, unsigned flags,
				struct cursor *from)
{
	(void)packet;
	(void)flags;
	(void)from;
	return NULL;
}

bool mqtt_next_filter(struct mqtt_filters *filters, struct mqtt_bytes *filter,
		      unsigned *qos)
{
	struct cursor from = { (const uint8_t *)filters->left.at, filters->left.len };

	*qos = 0;
	if (!take_bytes(&from, filter) || (filters->with_qos && !take_byte(&from, qos)))
		return false;
	filters->left = (struct mqtt_bytes){ (const char *)from.at, from.len };
	return true;
}

/* -- the stream ---------------------------------------------------------------------- */

#define ANY_FLAGS 0x10

/* By type, table 2.1 and 2.2. Those without `read` are none that a client sends. */
static const struct kind {
	const char *(*read)(struct mqtt_packet *packet, unsigned flags,
			    struct cursor *from);
	unsigned flags;
	const char *wrong; /* when there are other flags */
} kinds[16] = {
	[MQTT_CONNECT] = { read_connect, 0, "flags of CONNECT are set [MQTT-2.2.2-2]" },
	[MQTT_PUBLISH] = { read_publish, ANY_FLAGS, NULL },
	[MQTT_PUBACK] = { read_id, 0, "flags of PUBACK are set [MQTT-2.2.2-2]" },
	[MQTT_PUBREC] = { read_id, 0, "flags of PUBREC are set [MQTT-2.2.2-2]" },
	[MQTT_PUBREL] = { read_id, 2, "the flags of PUBREL are not 2 [MQTT-3.6.1-1]" },
	[MQTT_PUBCOMP] = { read_id, 0, "flags of PUBCOMP are set [MQTT-2.2.2-2]" },
	[MQTT_SUBSCRIBE] = { read_subscribe, 2,
			     "the flags of SUBSCRIBE are not 2 [MQTT-3.8.1-1]" },
	[MQTT_UNSUBSCRIBE] = { read_unsubscribe, 2,
			       "the flags of UNSUBSCRIBE are not 2 [MQTT-3.10.1-1]" },
	[MQTT_PINGREQ] = { read_nothing, 0, "flags of PINGREQ are set [MQTT-2.2.2-2]" },
	[MQTT_DISCONNECT] = { read_nothing, 0,
			      "flags of DISCONNECT are set [MQTT-3.14.1-1]" },
};

static const char *check_first(uint8_t first)
{
	const struct kind *kind = &kinds[first >> 4];

	if (!kind->read)
		return "a packet of a type that no client sends [MQTT-4.8.0-1]";
	return kind->flags == ANY_FLAGS || kind->flags == (first & 0xf) ? NULL
									: kind->wrong;
}

/* The remaining length, section 2.2.3. 1: it is there, 0: not all of it, -1: it is none.
 */
static int take_rest(struct cursor *from, size_t *rest)
{
	unsigned byte;

	*rest = 0;
	for (unsigned shift = 0; shift < 28; shift += 7) {
		if (!take_byte(from, &byte))
			return 0;
		*rest |= (size_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 1;
	}
	return -1;
}

void mqtt_reader_put(struct mqtt_reader *reader, const void *bytes, size_t len)
{
	struct text *text = &reader->bytes;

	if (reader->taken > 0) {
		text->len -= reader->taken;
		memmove(text->at, text->at + reader->taken, text->len);
		reader->taken = 0;
	}
	text_put(text, bytes, len);
}

/* A thousand devices that are silent shall not hold the room of their last packets. */
static void drop_taken(struct mqtt_reader *reader)
{
	if (reader->taken < reader->bytes.len)
		return;
	reader->bytes.len = reader->taken = 0;
	if (reader->bytes.room > ROOM_IDLE)
		text_free(&reader->bytes);
}

static const char *read_packet(struct mqtt_packet *packet, uint8_t first,
			       struct cursor from)
{
	const char *wrong;

	packet->type = (enum mqtt_type)(first >> 4);
	wrong = kinds[first >> 4].read(packet, first & 0xf, &from);
	return !wrong && from.len > 0 ? too_long : wrong;
}

int mqtt_reader_next(struct mqtt_reader *reader, struct mqtt_packet *packet,
		     const char **wrong)
{
	struct cursor from = { 0 };
	unsigned first;
	size_t rest;
	int known;

	*wrong = reader->bytes.failed ? no_memory : NULL;
	if (*wrong)
		return -1;
	drop_taken(reader);
	if (reader->bytes.len > 0)
		from = (struct cursor){ (const uint8_t *)reader->bytes.at + reader->taken,
					reader->bytes.len - reader->taken };
	if (!take_byte(&from, &first))
		return 0;
	*wrong = check_first((uint8_t)first);
	if (*wrong)
		return -1;
	known = take_rest(&from, &rest);
	if (known < 0)
		*wrong = "the remaining length has more than four bytes";
	else if (known > 0 && rest > reader->limit)
		*wrong = "the packet is larger than the hub takes";
	if (*wrong)
		return -1;
	if (known == 0 || from.len < rest)
		return 0;
	from.len = rest;
	*wrong = read_packet(packet, (uint8_t)first, from);
	reader->taken = (size_t)((const char *)from.at - reader->bytes.at) + rest;
	return *wrong ? -1 : 1;
}

void mqtt_reader_free(struct mqtt_reader *reader)
{
	text_free(&reader->bytes);
	reader->taken = 0;
}

/* -- writing ------------------------------------------------------------------------- */

static void put_byte(struct text *to, unsigned byte)
{
	char c = (char)byte;

	text_put(to, &c, 1);
}

static void put_number(struct text *to, unsigned number)
{
	put_byte(to, number >> 8);
	put_byte(to, number & 0xff);
}

static void put_header(struct text *to, enum mqtt_type type, unsigned flags, size_t rest)
{
	put_byte(to, (unsigned)type << 4 | flags);
	do {
		put_byte(to, (unsigned)(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
		rest >>= 7;
	} while (rest > 0);
}

void mqtt_write_connack(struct text *to, enum mqtt_connack code, bool present)
{
	put_header(to, MQTT_CONNACK, 0, 2);
	put_byte(to, present && code == MQTT_ACCEPTED); /* [MQTT-3.2.2-4] */
	put_byte(to, code);
}

bool mqtt_write_publish(struct text *to, const struct mqtt_publish *publish)
{
	size_t head = 2 + publish->topic.len + (publish->qos > 0 ? 2 : 0);
	unsigned flags = publish->qos << 1 | (publish->dup ? PUBLISH_DUP : 0) |
			 (publish->retain ? PUBLISH_RETAIN : 0);

	if (publish->topic.len > MQTT_TEXT_MAX || publish->payload.len > REST_MAX - head)
		return false;
	put_header(to, MQTT_PUBLISH, flags, head + publish->payload.len);
	put_number(to, (unsigned)publish->topic.len);
	text_put(to, publish->topic.at, publish->topic.len);
	if (publish->qos > 0)
		put_number(to, publish->id);
	if (publish->payload.len > 0)
		text_put(to, publish->payload.at, publish->payload.len);
	return true;
}

void mqtt_write_ack(struct text *to, enum mqtt_type type, uint16_t id)
{
	put_header(to, type, 0, 2);
	put_number(to, id);
}

void mqtt_write_suback(struct text *to, uint16_t id, const uint8_t *codes, size_t count)
{
	put_header(to, MQTT_SUBACK, 0, 2 + count);
	put_number(to, id);
	text_put(to, (const char *)codes, count);
}

void mqtt_write_pingresp(struct text *to)
{
	put_header(to, MQTT_PINGRESP, 0, 0);
}
