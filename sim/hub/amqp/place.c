#include "amqp/place.h"

#include <string.h>
#include <strings.h>

#include "text.h"

/* A segment of a pattern that begins with % takes what is there. */
static const struct pattern {
	const char *text;
	enum place_kind kind;
} patterns[] = {
	{ "$cbs", PLACE_CBS },
	{ "$management", PLACE_MANAGEMENT },
	{ "messages/events/%*", PLACE_EVENTS },
	{ "messages/devicebound", PLACE_DEVICEBOUND },
	{ "messages/servicebound/feedback", PLACE_FEEDBACK },
	{ "messages/servicebound/filenotifications", PLACE_FILES },
	{ "devices/%d/messages/events", PLACE_DEVICE_EVENTS },
	{ "devices/%d/messages/devicebound", PLACE_DEVICE_MESSAGES },
	{ "devices/%d/methods/devicebound", PLACE_DEVICE_METHODS },
	{ "devices/%d/twin", PLACE_DEVICE_TWIN },
	{ "devices/%d/modules/%m/messages/events", PLACE_DEVICE_EVENTS },
	{ "devices/%d/modules/%m/messages/devicebound", PLACE_DEVICE_MESSAGES },
	{ "devices/%d/modules/%m/methods/devicebound", PLACE_DEVICE_METHODS },
	{ "devices/%d/modules/%m/twin", PLACE_DEVICE_TWIN },
	{ "%e/$management", PLACE_MANAGEMENT },
	{ "%e/consumergroups/%g/partitions/%p", PLACE_PARTITION },
};

/* Decodes a segment into `to`; false: it is empty, too long or badly encoded. */
static bool take(char *to, size_t room, const char *segment, size_t len)
{
	return len > 0 && len < room && percent_decode(to, segment, len);
}

static bool take_field(struct place *place, char field, const char *segment, size_t len)
{
	switch (field) {
	case 'd':
		return take(place->device, sizeof(place->device), segment, len);
	case 'm':
		return take(place->module, sizeof(place->module), segment, len);
	case 'e':
		return take(place->entity, sizeof(place->entity), segment, len);
	case 'g':
		return take(place->group, sizeof(place->group), segment, len);
	default:
		return take(place->partition, sizeof(place->partition), segment, len);
	}
}

static bool matches(struct place *place, const char *pattern, const char *text)
{
	while (*pattern && strcmp(pattern, "%*") != 0) {
		size_t pattern_len = strcspn(pattern, "/"), len = strcspn(text, "/");

		if (*pattern == '%'
			    ? !take_field(place, pattern[1], text, len)
			    : len != pattern_len || strncasecmp(pattern, text, len) != 0)
			return false;
		place->rest = text + len;
		pattern += pattern_len + (pattern[pattern_len] == '/');
		text += len + (text[len] == '/');
	}
	return *pattern || !*text;
}

const char *place_path(const char *uri, const char **host, size_t *host_len)
{
	const char *scheme = strstr(uri, "://");

	*host = scheme ? scheme + 3 : uri;
	*host_len = strcspn(*host, "/");
	return *host + *host_len;
}

bool place_parse(struct place *place, const char *text)
{
	const char *host;
	size_t host_len;

	if (strstr(text, "://"))
		text = place_path(text, &host, &host_len);
	text += *text == '/';
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		*place = (struct place){ .kind = patterns[i].kind };
		if (matches(place, patterns[i].text, text))
			return true;
	}
	*place = (struct place){ 0 };
	return false;
}
