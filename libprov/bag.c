#include "bag.h"

#include "base64.h"

#include <string.h>

/* The names that [MQTTHUB] has for properties of the system. */
static const struct {
	const char *name;
	size_t at;
} systems[] = {
	{ "$.mid", offsetof(struct prov_telemetry, message_id) },
	{ "$.cid", offsetof(struct prov_telemetry, correlation_id) },
	{ "$.ct", offsetof(struct prov_telemetry, content_type) },
	{ "$.ce", offsetof(struct prov_telemetry, content_encoding) },
};

#define N_SYSTEMS (sizeof(systems) / sizeof(systems[0]))

static const char *system_value(const struct prov_telemetry *t, size_t i)
{
	const char *value;

	memcpy(&value, (const char *)t + systems[i].at, sizeof(value));
	return value;
}

static size_t pair_bytes(const char *name, const char *value)
{
	return PERCENT_BYTES(strlen(name)) + (value ? PERCENT_BYTES(strlen(value)) : 0);
}

size_t bag_bytes(const struct prov_telemetry *t)
{
	size_t bytes = 1;

	for (size_t i = 0; i < N_SYSTEMS; i++)
		if (system_value(t, i))
			bytes += pair_bytes(systems[i].name, system_value(t, i));
	for (size_t i = 0; i < t->n_properties; i++)
		bytes += pair_bytes(t->properties[i].name, t->properties[i].value);
	return bytes;
}

size_t bag_counted(const struct prov_telemetry *t)
{
	size_t bytes = t->len;

	for (size_t i = 0; i < N_SYSTEMS; i++)
		if (system_value(t, i))
			bytes += strlen(system_value(t, i));
	for (size_t i = 0; i < t->n_properties; i++) {
		const struct prov_property *p = &t->properties[i];

		bytes += strlen(p->name) + (p->value ? strlen(p->value) : 0);
	}
	return bytes;
}

static char *write_pair(char *to, bool first, const char *name, const char *value)
{
	if (!first)
		*to++ = '&';
	percent_encode(name, to);
	to += strlen(to);
	if (value) {
		*to++ = '=';
		percent_encode(value, to);
		to += strlen(to);
	}
	return to;
}

size_t bag_write(const struct prov_telemetry *t, char *to)
{
	char *at = to;

	*at = '\0';
	for (size_t i = 0; i < N_SYSTEMS; i++)
		if (system_value(t, i))
			at = write_pair(at, at == to, systems[i].name,
					system_value(t, i));
	for (size_t i = 0; i < t->n_properties; i++)
		at = write_pair(at, at == to, t->properties[i].name,
				t->properties[i].value);
	return (size_t)(at - to);
}

bool bag_next(const char **at, const char *end, struct bag_pair *pair)
{
	const char *stop, *equals;

	while (*at < end && **at == '&')
		(*at)++;
	if (*at >= end)
		return false;
	stop = memchr(*at, '&', (size_t)(end - *at));
	stop = stop ? stop : end;
	equals = memchr(*at, '=', (size_t)(stop - *at));
	pair->name = *at;
	pair->name_len = (size_t)((equals ? equals : stop) - *at);
	pair->value = equals ? equals + 1 : NULL;
	pair->value_len = equals ? (size_t)(stop - equals - 1) : 0;
	*at = stop;
	return true;
}
