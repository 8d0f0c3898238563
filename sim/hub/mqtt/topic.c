#include "mqtt/topic.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MAX 600 /* of a topic: a $rid and an operationId with it */

enum { DEVICE = 1, MODULE = 2, DPS = 4 };

/* What may follow the pattern. */
enum tail { TAIL_NONE, TAIL_BAG, TAIL_QUERY };

/* In a pattern @ is the user's device id, & its module id, and = a number. */
struct row {
	enum topic_kind kind;
	unsigned who;
	const char *pattern;
	enum tail tail;
};

static const struct row published[] = {
	{ TOPIC_TELEMETRY, DEVICE, "devices/@/messages/events/", TAIL_BAG },
	{ TOPIC_TELEMETRY, MODULE, "devices/@/modules/&/messages/events/", TAIL_BAG },
	{ TOPIC_METHOD_RESULT, DEVICE | MODULE, "$iothub/methods/res/=/?", TAIL_QUERY },
	{ TOPIC_TWIN_GET, DEVICE | MODULE, "$iothub/twin/GET/?", TAIL_QUERY },
	{ TOPIC_TWIN_REPORTED, DEVICE | MODULE,
	  "$iothub/twin/PATCH/properties/reported/?", TAIL_QUERY },
	{ TOPIC_DPS_REGISTER, DPS, "$dps/registrations/PUT/iotdps-register/?",
	  TAIL_QUERY },
	{ TOPIC_DPS_POLL, DPS, "$dps/registrations/GET/iotdps-get-operationstatus/?",
	  TAIL_QUERY },
};

static const struct row subscribed[] = {
	{ TOPIC_C2D, DEVICE, "devices/@/messages/devicebound/#", TAIL_NONE },
	{ TOPIC_INPUTS, MODULE, "devices/@/modules/&/inputs/#", TAIL_NONE },
	{ TOPIC_INPUTS, MODULE, "devices/@/modules/&/#", TAIL_NONE }, /* for .NET's SDK */
	{ TOPIC_METHODS, DEVICE | MODULE, "$iothub/methods/POST/#", TAIL_NONE },
	{ TOPIC_TWIN_RESULTS, DEVICE | MODULE, "$iothub/twin/res/#", TAIL_NONE },
	{ TOPIC_TWIN_DESIRED, DEVICE | MODULE, "$iothub/twin/PATCH/properties/desired/#",
	  TAIL_NONE },
	{ TOPIC_DPS_RESULTS, DPS, "$dps/registrations/res/#", TAIL_NONE },
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* -- matching ------------------------------------------------------------------------ */

/*
 * Some SDKs encode ids in topics, others do not, and that for embedded C subscribes to
 * devices/+/messages/devicebound/#: what a client gets is its own anyway.
 */
static bool is_id(const char *at, size_t len, const char *id)
{
	char decoded[3 * ID_MAX + 1];

	if (len == 1 && *at == '+')
		return true;
	if (len == strlen(id) && memcmp(at, id, len) == 0)
		return true;
	return len < sizeof(decoded) && percent_decode(decoded, at, len) &&
	       strcmp(decoded, id) == 0;
}

static bool read_status(int *status, const char *at, size_t len)
{
	bool negative = len > 0 && *at == '-';
	unsigned long long value;

	if (!parse_whole(at + negative, len - negative, INT_MAX, &value))
		return false;
	*status = negative ? -(int)value : (int)value;
	return true;
}

struct match {
	bool fits;
	bool foreign; /* it would, with another's ids */
	int status;
	struct mqtt_bytes tail;
};

static bool match_part(struct match *match, const struct mqtt_user *user, char sign,
		       const char *at, size_t len)
{
	if (sign == '=')
		return read_status(&match->status, at, len);
	if (!is_id(at, len, sign == '@' ? user->device : user->module))
		match->foreign = true;
	return true;
}

static struct match match_row(const struct row *row, const struct mqtt_user *user,
			      struct mqtt_bytes name)
{
	struct match match = { 0 };
	size_t i = 0;

	for (const char *p = row->pattern; *p; p++) {
		const char *slash;

		if (!strchr("@&=", *p)) {
			if (i == name.len || name.at[i++] != *p)
				return (struct match){ 0 };
			continue;
		}
		slash = memchr(name.at + i, '/', name.len - i);
		if (!slash || !match_part(&match, user, *p, name.at + i,
					  (size_t)(slash - name.at) - i))
			return (struct match){ 0 };
		i = (size_t)(slash - name.at);
	}
	match.tail = (struct mqtt_bytes){ name.at + i, name.len - i };
	match.fits = (row->tail != TAIL_NONE || i == name.len) && !match.foreign;
	return match;
}

static unsigned who_is(const struct mqtt_user *user)
{
	return user->dps ? DPS : *user->module ? MODULE : DEVICE;
}

static const char *find_row(const struct row **found, struct match *match,
			    const struct row *rows, size_t count,
			    const struct mqtt_user *user, struct mqtt_bytes name)
{
	bool foreign = false, other_kind = false;

	for (size_t i = 0; i < count; i++) {
		*match = match_row(&rows[i], user, name);
		*found = &rows[i];
		if (match->fits && (rows[i].who & who_is(user)))
			return NULL;
		other_kind |= match->fits || match->foreign;
		foreign |= match->foreign && (rows[i].who & who_is(user));
	}
	if (foreign)
		return "the topic is another device's or module's";
	return other_kind ? "the topic is for another kind of client: devices, modules "
			    "and DPS have their own"
			  : "it is no topic of the hub's";
}

/* -- what follows --------------------------------------------------------------------- */

static const char *take_rid(struct topic *topic, const char *query)
{
	size_t len;
	const char *rid = query_value(query, "$rid", &len);

	if (!rid || len == 0)
		return "the topic has no $rid";
	if (len > TOPIC_RID_MAX)
		return "the $rid of the topic has more than 128 characters";
	memcpy(topic->rid, rid, len);
	topic->rid[len] = '\0';
	return NULL;
}

static const char *take_version(struct topic *topic, const char *query)
{
	unsigned long long value;
	size_t len;
	const char *version = query_value(query, "$version", &len);

	if (!version || len == 0)
		return NULL;
	if (!parse_whole(version, len, INT64_MAX, &value))
		return "the $version of the topic is no number";
	topic->version = (int64_t)value;
	return NULL;
}

static const char *take_operation(struct topic *topic, const char *query)
{
	size_t len;
	const char *operation = query_value(query, "operationId", &len);

	if (!operation || len == 0)
		return "the topic has no operationId";
	if (len > TOPIC_OPERATION_MAX ||
	    !percent_decode(topic->operation, operation, len))
		return "the operationId of the topic is none";
	return NULL;
}

static const char *take_query(struct topic *topic, struct mqtt_bytes tail)
{
	char query[QUERY_MAX + 1];
	const char *wrong;

	if (tail.len > QUERY_MAX)
		return "the topic is too long behind its question mark";
	memcpy(query, tail.at, tail.len);
	query[tail.len] = '\0';
	wrong = take_rid(topic, query);
	if (!wrong && topic->kind == TOPIC_TWIN_REPORTED)
		wrong = take_version(topic, query);
	if (!wrong && topic->kind == TOPIC_DPS_POLL)
		wrong = take_operation(topic, query);
	return wrong;
}

static const char *find_topic(struct topic *topic, const struct row *rows, size_t count,
			      const struct mqtt_user *user, struct mqtt_bytes name)
{
	struct match match;
	const struct row *row;
	const char *wrong = find_row(&row, &match, rows, count, user, name);

	if (wrong)
		return wrong;
	*topic = (struct topic){ .kind = row->kind,
				 .status = match.status,
				 .version = -1 };
	if (row->tail == TAIL_QUERY)
		return take_query(topic, match.tail);
	topic->bag = match.tail;
	return NULL;
}

const char *topic_published(struct topic *topic, const struct mqtt_user *user,
			    struct mqtt_bytes name)
{
	return find_topic(topic, published, ROWS(published), user, name);
}

const char *topic_subscribed(struct topic *topic, const struct mqtt_user *user,
			     struct mqtt_bytes filter)
{
	return find_topic(topic, subscribed, ROWS(subscribed), user, filter);
}

/* -- writing ------------------------------------------------------------------------- */

/* An id as the device has it in its filter, but for what no topic may hold. */
static void put_id(struct text *to, const char *id)
{
	char *encoded = strpbrk(id, "+#") ? percent_encode(id) : strdup(id);

	if (encoded)
		text_put(to, encoded, strlen(encoded));
	else
		to->failed = true;
	free(encoded);
}

void topic_write_c2d(struct text *to, const struct mqtt_user *user,
		     const struct bag_property *list, size_t count)
{
	text_add(to, "devices/");
	put_id(to, user->device);
	text_add(to, "/messages/devicebound/");
	bag_write(to, list, count);
}

void topic_write_input(struct text *to, const struct mqtt_user *user, const char *input,
		       const struct bag_property *list, size_t count)
{
	text_add(to, "devices/");
	put_id(to, user->device);
	text_add(to, "/modules/");
	put_id(to, user->module);
	text_add(to, "/inputs/");
	put_id(to, input);
	text_add(to, "/");
	bag_write(to, list, count);
}

void topic_write_method(struct text *to, const char *method, const char *rid)
{
	text_add(to, "$iothub/methods/POST/");
	put_id(to, method);
	text_add(to, "/?$rid=%s", rid);
}

void topic_write_twin_result(struct text *to, int status, const char *rid,
			     long long version)
{
	text_add(to, "$iothub/twin/res/%d/?$rid=%s", status, rid);
	if (version >= 0)
		text_add(to, "&$version=%lld", version);
}

void topic_write_desired(struct text *to, long long version)
{
	text_add(to, "$iothub/twin/PATCH/properties/desired/?$version=%lld", version);
}

void topic_write_dps_result(struct text *to, int status, const char *rid,
			    int retry_after_s)
{
	text_add(to, "$dps/registrations/res/%d/?$rid=%s", status, rid);
	if (retry_after_s >= 0)
		text_add(to, "&retry-after=%d", retry_after_s);
}
