/*
 * A reader of one partition of the built-in endpoint, for a consumer group: a cursor, whose
 * events go out as they were encoded when they came.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "amqp/server.h"
#include "selector.h"

/* Event Hubs': without an epoch, of one partition and consumer group. */
#define READERS_MAX 5

#define SELECTOR      "apache.org:selector-filter:string"
#define SELECTOR_CODE UINT64_C(0x468C00000004)

struct reader {
	struct node node;
	struct reader *next; /* of the server's */
	unsigned partition;
	bool has_epoch;
	int64_t epoch;
	struct cursor *cursor;
};

/* -- who else reads ------------------------------------------------------------------ */

static bool beside(const struct reader *one, const struct reader *other)
{
	return one->partition == other->partition &&
	       strcasecmp(one->node.place.group, other->node.place.group) == 0;
}

/* Readers with an epoch are alone: the higher epoch wins, and the same one too. */
static bool check_epochs(struct reader *reader)
{
	const struct reader *other = reader->node.connection->server->readers;
	unsigned count = 0;

	for (; other; other = other->next) {
		if (!beside(reader, other))
			continue;
		count++;
		if (other->has_epoch && !reader->has_epoch) {
			node_refuse(&reader->node, "amqp:link:stolen",
				    "At least one receiver for the endpoint is created "
				    "with epoch of '%" PRId64 "', and so non-epoch "
				    "receiver is not allowed. Either reconnect with a "
				    "higher epoch, or make sure all epoch receivers are "
				    "closed or disconnected.",
				    other->epoch);
			return false;
		}
		if (other->has_epoch && other->epoch > reader->epoch) {
			node_refuse(
				&reader->node, "amqp:link:stolen",
				"Receiver with a higher epoch of '%" PRId64
				"' already exists. A new receiver with epoch of '%" PRId64
				"' cannot be created.",
				other->epoch, reader->epoch);
			return false;
		}
	}
	if (reader->has_epoch || count < READERS_MAX)
		return true;
	node_refuse(&reader->node, "amqp:resource-limit-exceeded",
		    "Exceeded the maximum number of allowed receivers per partition in a "
		    "consumer group which is %d.",
		    READERS_MAX);
	return false;
}

static void take_over(struct reader *reader)
{
	struct reader *next;

	if (!reader->has_epoch)
		return;
	for (struct reader *other = reader->node.connection->server->readers; other;
	     other = next) {
		next = other->next;
		if (beside(reader, other))
			node_refuse(&other->node, "amqp:link:stolen",
				    "New receiver with higher epoch of '%" PRId64
				    "' is created hence current receiver is getting "
				    "disconnected.",
				    reader->epoch);
	}
}

/* -- what the client asks for -------------------------------------------------------- */

static bool read_epoch(struct reader *reader)
{
	pn_data_t *data = pn_link_remote_properties(reader->node.link);

	/* A link without properties has no data either. */
	if (!data)
		return false;
	pn_data_rewind(data);
	if (!pn_data_next(data) || pn_data_type(data) != PN_MAP)
		return false;
	pn_data_enter(data);
	while (pn_data_next(data)) {
		pn_atom_t name = pn_data_get_atom(data);
		bool wanted = (name.type == PN_SYMBOL || name.type == PN_STRING) &&
			      content_named(name.u.as_bytes, "com.microsoft:epoch");

		if (!pn_data_next(data) || !wanted)
			continue;
		reader->epoch = pn_data_type(data) == PN_INT ? pn_data_get_int(data)
							     : pn_data_get_long(data);
		return pn_data_type(data) == PN_INT || pn_data_type(data) == PN_LONG;
	}
	return false;
}

static bool is_selector(pn_atom_t atom)
{
	if (atom.type == PN_ULONG)
		return atom.u.as_ulong == SELECTOR_CODE;
	return (atom.type == PN_SYMBOL || atom.type == PN_STRING) &&
	       content_named(atom.u.as_bytes, SELECTOR);
}

/* The text of the value at which `data` is, described as a selector; NULL: it is none. */
static pn_bytes_t read_selector(pn_data_t *data, bool named)
{
	pn_bytes_t text = { 0 };

	if (pn_data_is_described(data)) {
		pn_data_enter(data);
		if (pn_data_next(data) && is_selector(pn_data_get_atom(data)) &&
		    pn_data_next(data) && pn_data_type(data) == PN_STRING)
			text = pn_data_get_string(data);
		pn_data_exit(data);
	} else if (named && pn_data_type(data) == PN_STRING) {
		text = pn_data_get_string(data);
	}
	return text;
}

/* NULL, or what is wrong with it. Without a filter it begins with the first event. */
static const char *read_position(struct node *node, struct position *position,
				 char err[SELECTOR_ERROR])
{
	pn_data_t *data = pn_terminus_filter(pn_link_remote_source(node->link));

	*position = (struct position){ .by = BY_OFFSET, .value = -1 };
	pn_data_rewind(data);
	if (!pn_data_next(data) || pn_data_type(data) != PN_MAP)
		return NULL;
	pn_data_enter(data);
	while (pn_data_next(data)) {
		bool named = is_selector(pn_data_get_atom(data));
		pn_bytes_t text;

		if (!pn_data_next(data))
			break;
		text = read_selector(data, named);
		if (text.start)
			return selector_parse(text.start, text.size, position, err) ? NULL
										    : err;
	}
	return NULL;
}

/* -- attaching ----------------------------------------------------------------------- */

static bool has_group(const struct hub *hub, const char *group)
{
	if (strcasecmp(group, "$Default") == 0)
		return true;
	for (size_t i = 0; i < hub->group_count; i++)
		if (strcasecmp(group, hub->groups[i]) == 0)
			return true;
	return false;
}

/* Is what it names there, and may the client read it? */
static bool check_place(struct reader *reader)
{
	struct node *node = &reader->node;
	const struct place *place = &node->place;
	struct hub *hub = node_hub(node);
	char entity[PLACE_ENTITY_MAX];
	char path[2 * PLACE_ENTITY_MAX];
	unsigned long long partition;

	amqp_entity(hub, entity, sizeof(entity));
	if (strcasecmp(place->entity, entity) != 0) {
		node_refuse(node, "amqp:not-found", "there is no '%s' here, but %s",
			    place->entity, entity);
		return false;
	}
	snprintf(path, sizeof(path), "/%s/ConsumerGroups/%s/Partitions/%s", place->entity,
		 place->group, place->partition);
	if (!service_enter(node, path))
		return false;
	if (!has_group(hub, place->group)) {
		node_refuse(node, "amqp:not-found",
			    "there is no consumer group '%s' here", place->group);
		return false;
	}
	if (!parse_whole(place->partition, strlen(place->partition),
			 events_partitions(hub->events) - 1, &partition)) {
		node_refuse(
			node, "com.microsoft:argument-out-of-range",
			"The specified partition is invalid for an EventHub partition "
			"sender or receiver. It should be between 0 and %u.",
			events_partitions(hub->events) - 1);
		return false;
	}
	reader->partition = (unsigned)partition;
	return true;
}

static bool open_cursor(struct reader *reader)
{
	struct node *node = &reader->node;
	struct events *events = node_hub(node)->events;
	char err[SELECTOR_ERROR];
	struct position position;
	const char *wrong = read_position(node, &position, err);
	int64_t next;
	int rc;

	if (wrong) {
		node_refuse(node, "amqp:not-allowed", "%s", wrong);
		return false;
	}
	rc = events_seek(events, reader->partition, &position, &next);
	if (rc == 0) {
		node_refuse(node, "com.microsoft:argument-error",
			    "The supplied %s '%" PRId64
			    "' is invalid. The last one in the partition is less.",
			    position.by == BY_OFFSET ? "offset" : "sequence number",
			    position.value);
		return false;
	}
	if (rc == 1)
		reader->cursor = cursor_open(events, reader->partition, next);
	if (!reader->cursor)
		node_refuse(node, "amqp:internal-error", "the event stream fails");
	return reader->cursor;
}

static bool open_reader(struct node *node)
{
	struct reader *reader = (struct reader *)node;
	struct server *server = node->connection->server;

	reader->has_epoch = read_epoch(reader);
	if (!check_place(reader) || !check_epochs(reader) || !open_cursor(reader))
		return false;
	take_over(reader);
	reader->next = server->readers;
	server->readers = reader;
	node->connection->waiting++;
	return true;
}

static void close_reader(struct node *node)
{
	struct reader *reader = (struct reader *)node;
	struct reader **at = &node->connection->server->readers;

	cursor_close(reader->cursor);
	reader->cursor = NULL;
	while (*at && *at != reader)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = reader->next;
	node->connection->waiting--;
}

/* -- reading ------------------------------------------------------------------------- */

/* One that was stored when there was nobody to encode it. */
static void send_packed(struct node *node, const struct event *event)
{
	struct text bytes = { 0 };

	amqp_encode(&bytes, event);
	if (!bytes.failed)
		node_send(node, bytes.at, bytes.len);
	text_free(&bytes);
}

static bool pump(struct node *node)
{
	struct reader *reader = (struct reader *)node;
	struct event event;
	int left = NODE_BURST;
	int rc = 1;

	while (left > 0 && node_may_send(node) &&
	       (rc = cursor_next(reader->cursor, &event)) == 1) {
		if (event.encoded)
			node_send(node, event.encoded, event.encoded_len);
		else
			send_packed(node, &event);
		left--;
	}
	if (rc < 0)
		node_refuse(node, "amqp:internal-error", "the event stream fails");
	return left == 0;
}

const struct node_kind node_reader = {
	.name = "reader",
	.sends = true,
	.bytes = sizeof(struct reader),
	.open = open_reader,
	.pump = pump,
	.close = close_reader,
};
