#include "amqp/attached.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/server.h"
#include "clock.h"

#define NOTES_MAX 1000

enum note_kind { NOTE_MESSAGE, NOTE_DESIRED, NOTE_METHOD };

/* What somebody on another thread wants of the device. */
struct note {
	struct note *next;
	enum note_kind kind;
	char *name;
	char rid[METHOD_RID_TEXT + 1];
	char *bytes;
	size_t len;
};

static void free_notes(struct note *note)
{
	while (note) {
		struct note *next = note->next;

		free(note->name);
		free(note->bytes);
		free(note);
		note = next;
	}
}

/* -- what others call: with the hub's lock, on any thread ---------------------------- */

static struct attached *attached_of(struct presence *presence)
{
	return (struct attached *)presence;
}

static void wake(struct attached *attached)
{
	struct server *server = attached->connection->server;

	if (attached->noted)
		return;
	attached->noted = true;
	attached->next_noted = server->noted;
	server->noted = attached;
	server_wake(server);
}

static bool note(struct attached *attached, enum note_kind kind, const char *name,
		 const char *rid, const char *bytes, size_t len)
{
	struct note **end = &attached->notes;
	struct note *new;

	if (attached->note_count >= NOTES_MAX)
		return false;
	new = calloc(1, sizeof(*new));
	if (!new)
		return false;
	new->kind = kind;
	new->name = strdup(name);
	snprintf(new->rid, sizeof(new->rid), "%s", rid);
	new->bytes = malloc(len + 1);
	new->len = len;
	if (!new->name || !new->bytes) {
		free_notes(new);
		return false;
	}
	memcpy(new->bytes, bytes, len);
	while (*end)
		end = &(*end)->next;
	*end = new;
	attached->note_count++;
	wake(attached);
	return true;
}

static void be_closed(struct presence *presence, const char *why)
{
	struct attached *attached = attached_of(presence);

	attached->why_closed = why;
	wake(attached);
}

static void be_told_message(struct presence *presence)
{
	note(attached_of(presence), NOTE_MESSAGE, "", "", "", 0);
}

static void be_told_desired(struct presence *presence, const char *patch, size_t len,
			    int64_t version)
{
	(void)version; /* it is in the patch */
	if (attached_of(presence)->takes_desired)
		note(attached_of(presence), NOTE_DESIRED, "", "", patch, len);
}

static bool be_asked(struct presence *presence, const struct method_request *request)
{
	return attached_of(presence)->takes_methods &&
	       note(attached_of(presence), NOTE_METHOD, request->name, request->rid,
		    request->payload, request->payload_len);
}

static const struct presence_calls calls = {
	.close = be_closed,
	.message = be_told_message,
	.desired = be_told_desired,
	.method = be_asked,
};

/* -- coming and going ---------------------------------------------------------------- */

static struct attached *find(const struct connection *connection,
			     const struct place *place)
{
	struct attached *attached = connection->attached;

	while (attached && (strcmp(attached->identity.device, place->device) != 0 ||
			    strcmp(attached->identity.module, place->module) != 0))
		attached = attached->next;
	return attached;
}

static void introduce(struct hub *hub, struct attached *attached)
{
	struct presence *presence = &attached->presence;

	presence->calls = &calls;
	presence->protocol = "AMQP";
	presence->since_ms = clock_unix_ms();
	memcpy(presence->device, attached->identity.device, sizeof(presence->device));
	memcpy(presence->module, attached->identity.module, sizeof(presence->module));
	lock_take(&hub->lock);
	presence_add(&hub->presences, presence);
	lock_give(&hub->lock);
}

/* Who has to wait may come at once: only too many are refused. */
static bool may_connect(const struct node *node)
{
	struct hub *hub = node_hub(node);
	bool may;

	lock_take(&hub->lock);
	may = node_throttle(node, THROTTLE_CONNECT) >= 0;
	lock_give(&hub->lock);
	return may;
}

/* NULL: the node was refused. */
static struct attached *admit(struct node *node)
{
	struct connection *connection = node->connection;
	struct hub *hub = node_hub(node);
	struct login login = { .device = node->place.device,
			       .module = node->place.module,
			       .certificate = connection->certificate,
			       .chain = connection->chain };
	struct attached *attached = calloc(1, sizeof(*attached));
	char why[400];
	enum error error;

	if (!attached) {
		node_refuse_error(node, ERROR_SERVER, "no memory");
		return NULL;
	}
	attached->connection = connection;
	if (!may_connect(node)) {
		free(attached);
		node_refuse_error(node, ERROR_THROTTLED, "new connections are throttled");
		return NULL;
	}
	error = claims_login(&connection->claims, hub, &login, &attached->identity,
			     &attached->claim, why, sizeof(why));
	if (error != ERROR_NONE) {
		free(attached);
		node_refuse_error(node, error, why);
		return NULL;
	}
	attached->device.row = attached->identity.row;
	introduce(hub, attached);
	attached->next = connection->attached;
	connection->attached = attached;
	return attached;
}

bool attached_enter(struct node *node)
{
	struct attached *attached = find(node->connection, &node->place);

	if (!attached)
		attached = admit(node);
	if (!attached)
		return false;
	node->attached = attached;
	node->claim = attached->claim;
	attached->nodes++;
	return true;
}

static void forget(struct server *server, struct attached *attached)
{
	struct attached **at = &server->noted;

	while (*at && *at != attached)
		at = &(*at)->next_noted;
	if (*at)
		*at = attached->next_noted;
}

void attached_leave(struct node *node)
{
	struct attached *attached = node->attached;
	struct hub *hub = node_hub(node);
	struct attached **at = &node->connection->attached;

	node->attached = NULL;
	if (--attached->nodes > 0)
		return;
	while (*at != attached)
		at = &(*at)->next;
	*at = attached->next;
	lock_take(&hub->lock);
	presence_remove(&hub->presences, &attached->presence);
	forget(node->connection->server, attached);
	lock_give(&hub->lock);
	free_notes(attached->notes);
	free(attached);
}

/* -- notes --------------------------------------------------------------------------- */

struct node *attached_node(const struct attached *attached, const struct node_kind *kind)
{
	struct node *node = attached->connection->nodes;

	while (node && (node->kind != kind || node->attached != attached || node->closed))
		node = node->next;
	return node;
}

static void heed(struct attached *attached, const struct note *note)
{
	static const struct node_kind *const kinds[] = {
		[NOTE_MESSAGE] = &node_messages,
		[NOTE_DESIRED] = &node_twin_out,
		[NOTE_METHOD] = &node_methods_out,
	};
	struct node *node = attached_node(attached, kinds[note->kind]);

	if (!node)
		return;
	switch (note->kind) {
	case NOTE_MESSAGE:
		messages_look(node);
		break;
	case NOTE_DESIRED:
		twin_send_desired(node, note->bytes, note->len);
		break;
	case NOTE_METHOD:
		methods_send(node, note->name, note->rid, note->bytes, note->len);
		break;
	}
}

/* Its nodes end, and with the last of them it is gone. */
static void close_all(struct attached *attached, const char *why)
{
	struct connection *connection = attached->connection;
	bool alone = connection->attached == attached && !attached->next;

	for (struct node *node = connection->nodes; node; node = node->next)
		if (node->attached == attached)
			node_refuse(node, "amqp:link:detach-forced", "%s", why);
	if (alone)
		connection_close(connection, "amqp:connection:forced", why);
}

static struct attached *take_noted(struct server *server, struct note **notes,
				   const char **why_closed)
{
	struct attached *attached;

	lock_take(&server->hub->lock);
	attached = server->noted;
	if (attached) {
		server->noted = attached->next_noted;
		attached->noted = false;
		*notes = attached->notes;
		*why_closed = attached->why_closed;
		attached->notes = NULL;
		attached->note_count = 0;
	}
	lock_give(&server->hub->lock);
	return attached;
}

void attached_run(struct server *server)
{
	struct attached *attached;
	struct note *notes;
	const char *why;

	while ((attached = take_noted(server, &notes, &why))) {
		attached->connection->more = true;
		for (struct note *note = why ? NULL : notes; note; note = note->next)
			heed(attached, note);
		free_notes(notes);
		if (why)
			close_all(attached, why);
	}
}

/* The hub's lock is not taken for every message. */
void attached_active(struct node *node)
{
	struct presence *presence = &node->attached->presence;
	struct hub *hub = node_hub(node);
	int64_t now_ms = clock_unix_ms();

	if (!presence_idle(presence, now_ms))
		return;
	lock_take(&hub->lock);
	presence_active(&hub->presences, presence, now_ms);
	lock_give(&hub->lock);
}
