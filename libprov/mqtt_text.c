#include "mqtt_text.h"

#include "bag.h"
#include "base64.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_PORT 1883
#define TLS_PORT   8883

/* -- URLs --------------------------------------------------------------------------- */

static int no_url(struct prov_error *err, const char *why)
{
	fail(err, PROV_ERR_ARG, "the broker's URL: %s", why);
	return hint(err, PROV_ERR_ARG, "mqtts://HOST[:PORT], or mqtt:// without TLS");
}

/* The scheme's length; -1 when it is another one. */
static int take_scheme(const char *text, bool *tls, bool *said)
{
	static const struct {
		const char *name;
		bool tls;
	} schemes[] = { { "mqtt://", false },
			{ "mqtts://", true },
			{ "tcp://", false },
			{ "ssl://", true } };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].name);

		if (strncasecmp(text, schemes[i].name, len) == 0) {
			*tls = schemes[i].tls;
			*said = true;
			return (int)len;
		}
	}
	*said = false;
	return strstr(text, "://") ? -1 : 0;
}

/* "[V6]" or a name; its length, 0 when it is none. */
static size_t take_host(const char *text)
{
	const char *close;
	size_t len;

	if (*text != '[')
		return host_length(text, strlen(text));
	close = strchr(text, ']');
	if (!close)
		return 0;
	len = (size_t)(close - text);
	if (len == 1 || strspn(text + 1, "0123456789abcdefABCDEF:.") != len - 1)
		return 0;
	return len + 1;
}

int mqtt_url_parse(const char *text, struct mqtt_url *out, struct prov_error *err)
{
	bool said = false, tls = false;
	int scheme = take_scheme(text, &tls, &said);
	const char *end;
	size_t len;
	long port;

	if (scheme < 0)
		return no_url(err, "its scheme is none of MQTT");
	if (strchr(text, '@'))
		return no_url(err, "no user and no password in it, which others can see");
	text += scheme;
	len = take_host(text);
	if (len == 0 || len > PROV_HOST_MAX)
		return no_url(err, "it has no host name");
	end = text + len;
	port = tls ? TLS_PORT : PLAIN_PORT;
	if (*end == ':') {
		size_t digits = strcspn(end + 1, "/");

		if (!parse_port(end + 1, digits, &port))
			return no_url(err, "its port is none");
		end += 1 + digits;
	}
	if (strcmp(end, "") != 0 && strcmp(end, "/") != 0)
		return no_url(err, "nothing follows the host and the port");
	memcpy(out->host, text, len);
	out->host[len] = '\0';
	out->port = (uint16_t)port;
	out->tls = said ? tls : port != PLAIN_PORT;
	return 0;
}

/* -- filters ------------------------------------------------------------------------ */

int mqtt_filter_check(const char *filter, struct prov_error *err)
{
	size_t len = strlen(filter);

	if (len == 0 || len > 65535)
		return fail(err, PROV_ERR_ARG, "a topic has 1 to 65535 bytes");
	for (size_t i = 0; i < len; i++) {
		bool alone = (i == 0 || filter[i - 1] == '/') &&
			     (i + 1 == len || filter[i + 1] == '/');

		if (filter[i] == '+' && !alone)
			return fail(err, PROV_ERR_ARG,
				    "the topic '%s': '+' stands for a whole level",
				    filter);
		if (filter[i] == '#' && (!alone || i + 1 != len))
			return fail(err, PROV_ERR_ARG,
				    "the topic '%s': '#' is its last level", filter);
	}
	return 0;
}

bool mqtt_filter_fits(const char *filter, const char *topic, size_t len,
		      struct prov_bytes *level)
{
	const char *at = topic, *end = topic + len;

	level->at = NULL;
	level->len = 0;
	/* [MQTT] 4.7.2: the server's own topics are not for wildcards. */
	if (len && *topic == '$' && (*filter == '+' || *filter == '#'))
		return false;
	for (;;) {
		size_t want = strcspn(filter, "/"), have;
		const char *slash = memchr(at, '/', (size_t)(end - at));

		have = (size_t)((slash ? slash : end) - at);
		if (want == 1 && *filter == '#')
			return true;
		if (want == 1 && *filter == '+') {
			if (!level->at)
				*level = (struct prov_bytes){ at, have };
		} else if (want != have || memcmp(filter, at, have) != 0) {
			return false;
		}
		filter += want;
		if (!slash)
			return !*filter || strcmp(filter, "/#") == 0;
		if (!*filter)
			return false;
		filter++;
		at = slash + 1;
	}
}

/* -- topics of a hub ---------------------------------------------------------------- */

void mqtt_room_free(struct mqtt_room *room)
{
	free(room->properties);
	free(room->text);
	memset(room, 0, sizeof(*room));
}

/* Decoded text is never longer than what it was; each has a zero byte. */
static bool make_room(struct mqtt_room *room, size_t len)
{
	struct prov_named *properties;
	char *text;

	room->at = 0;
	if (room->bytes > 2 * len)
		return true;
	text = realloc(room->text, 4 * len + 64);
	if (text)
		room->text = text;
	/* A pair has two bytes at least, the '&' counted. */
	properties = realloc(room->properties, (2 * len + 32) * sizeof(*properties));
	if (properties)
		room->properties = properties;
	if (text && properties)
		room->bytes = 4 * len + 64;
	return text && properties;
}

/* As it is where it is not encoded rightly. */
static struct prov_bytes decode(struct mqtt_room *room, const char *text, size_t len)
{
	char *to = room->text + room->at;
	int n = percent_decode(text, len, to, len + 1);

	if (n < 0)
		return (struct prov_bytes){ text, len };
	room->at += (size_t)n + 1;
	return (struct prov_bytes){ to, (size_t)n };
}

static bool is_name(struct prov_bytes b, const char *name)
{
	return b.len == strlen(name) && memcmp(b.at, name, b.len) == 0;
}

/* [MQTTHUB], "Sending device-to-cloud messages" */
static struct prov_bytes *system_field(struct prov_event *event, struct prov_bytes name)
{
	const struct {
		const char *name;
		struct prov_bytes *field;
	} fields[] = {
		{ "$.mid", &event->message_id },  { "$.cid", &event->correlation_id },
		{ "$.uid", &event->user_id },     { "$.to", &event->to },
		{ "$.ct", &event->content_type }, { "$.ce", &event->content_encoding },
		{ "$.sub", &event->subject },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (is_name(name, fields[i].name))
			return fields[i].field;
	return NULL;
}

static void take_bag(const char *bag, const char *end, struct mqtt_room *room,
		     struct prov_event *out)
{
	struct bag_pair pair;

	room->n_properties = 0;
	while (bag_next(&bag, end, &pair)) {
		struct prov_bytes name = decode(room, pair.name, pair.name_len);
		struct prov_bytes value = { NULL, 0 }, *field = system_field(out, name);
		struct prov_named *named;

		if (pair.value)
			value = decode(room, pair.value, pair.value_len);
		if (field) {
			*field = value;
			continue;
		}
		named = &room->properties[room->n_properties++];
		named->name = name;
		named->value.type = pair.value ? PROV_VALUE_TEXT : PROV_VALUE_NULL;
		named->value.bytes = value;
	}
	out->properties = room->properties;
	out->n_properties = room->n_properties;
}

bool mqtt_topic_event(const char *topic, size_t len, struct mqtt_room *room,
		      struct prov_event *out)
{
	static const char *const kinds[] = { "devices/+/messages/events/#",
					     "devices/+/modules/+/messages/events/#" };
	static const char events[] = "/messages/events";
	struct prov_bytes device, module = { NULL, 0 };
	const char *bag, *end = topic + len;

	if (mqtt_filter_fits(kinds[1], topic, len, &device)) {
		module.at = device.at + device.len + strlen("/modules/");
		module.len = (size_t)((const char *)memchr(module.at, '/',
							   (size_t)(end - module.at)) -
				      module.at);
		bag = module.at + module.len;
	} else if (mqtt_filter_fits(kinds[0], topic, len, &device)) {
		bag = device.at + device.len;
	} else {
		return false;
	}
	if (device.len == 0 || (module.at && module.len == 0))
		return false;
	out->device = device;
	out->module = module;
	bag += sizeof(events) - 1;
	if (bag < end && make_room(room, (size_t)(end - bag)))
		take_bag(bag + 1, end, room, out);
	return true;
}
