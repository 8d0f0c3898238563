#include "amqp/address.h"

#include <string.h>
#include <strings.h>

#include "text.h"

/* A segment of a pattern that begins with % takes what is there. */
static const struct pattern {
	const char *text;
	enum address_kind kind;
} patterns[] = {
	{ "$cbs", ADDRESS_CBS },
	{ "$management", ADDRESS_MANAGEMENT },
	{ "messages/events/%*", ADDRESS_EVENTS },
	{ "messages/devicebound", ADDRESS_DEVICEBOUND },
	{ "messages/servicebound/feedback", ADDRESS_FEEDBACK },
	{ "messages/servicebound/filenotifications", ADDRESS_FILES },
	{ "devices/%d/messages/events", ADDRESS_DEVICE_EVENTS },
	{ "devices/%d/messages/devicebound", ADDRESS_DEVICE_MESSAGES },
	{ "devices/%d/methods/devicebound", ADDRESS_DEVICE_METHODS },
	{ "devices/%d/twin", ADDRESS_DEVICE_TWIN },
	{ "devices/%d/modules/%m/messages/events", ADDRESS_DEVICE_EVENTS },
	{ "devices/%d/modules/%m/messages/devicebound", ADDRESS_DEVICE_MESSAGES },
	{ "devices/%d/modules/%m/methods/devicebound", ADDRESS_DEVICE_METHODS },
	{ "devices/%d/modules/%m/twin", ADDRESS_DEVICE_TWIN },
	{ "%e/$management", ADDRESS_MANAGEMENT },
	{ "%e/consumergroups/%g/partitions/%p", ADDRESS_PARTITION },
};

/* Decodes a segment into `to`; false: it is empty, too long or badly encoded. */
static bool take(char *to, size_t room, const char *segment, size_t len)
{
	return len > 0 && len < room && percent_decode(to, segment, len);
}

static bool take_field(struct address *address, char field, const char *segment,
		       size_t len)
{
	switch (field) {
	case 'd':
		return take(address->device, sizeof(address->device), segment, len);
	case 'm':
		return take(address->module, sizeof(address->module), segment, len);
	case 'e':
		return take(address->entity, sizeof(address->entity), segment, len);
	case 'g':
		return take(address->group, sizeof(address->group), segment, len);
	default:
		return take(address->partition, sizeof(address->partition), segment, len);
	}
}

static bool matches(struct address *address, const char *pattern, const char *text)
{
	while (*pattern && strcmp(pattern, "%*") != 0) {
		size_t pattern_len = strcspn(pattern, "/"), len = strcspn(text, "/");

		if (*pattern == '%'
			    ? !take_field(address, pattern[1], text, len)
			    : len != pattern_len || strncasecmp(pattern, text, len) != 0)
			return false;
		address->rest = text + len;
		pattern += pattern_len + (pattern[pattern_len] == '/');
		text += len + (text[len] == '/');
	}
	return *pattern || !*text;
}

const char *address_path(const char *uri, const char **host, size_t *host_len)
{
	const char *scheme = strstr(uri, "://");

	*host = scheme ? scheme + 3 : uri;
	*host_len = strcspn(*host, "/");
	return *host + *host_len;
}

bool address_parse(struct address *address, const char *text)
{
	const char *host;
	size_t host_len;

	if (strstr(text, "://"))
		text = address_path(text, &host, &host_len);
	text += *text == '/';
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		*address = (struct address){ .kind = patterns[i].kind };
		if (matches(address, patterns[i].text, text))
			return true;
	}
	*address = (struct address){ 0 };
	return false;
}
