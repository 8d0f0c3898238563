#include "amqp/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "amqp/attached.h"
#include "amqp/link.h"
#include "amqp/server.h"
#include "clock.h"
#include "log.h"

/* Turns in one run, before other connections have theirs. */
#define TURNS 8

#define READ_BYTES 16384

void connection_complain(const struct connection *connection, const char *what,
			 const char *why)
{
	log_event("AMQP %s: %s%s%s", connection->peer, what, why && *why ? ": " : "",
		  why ? why : "");
}

/* -- beginning and end --------------------------------------------------------------- */

struct connection *connection_new(struct server *server, int fd, struct tls_link *tls,
				  const char *peer)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	pn_transport_t *transport;

	if (!connection)
		return NULL;
	connection->server = server;
	connection->fd = fd;
	connection->tls = tls;
	snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
	connection->open_by_ms = clock_steady_ms() + CONNECTION_OPEN_MS;
	connection->tick_ms = connection->due_ms = INT64_MAX;
	transport = pn_transport();
	if (!transport ||
	    pn_connection_driver_init(&connection->driver, NULL, transport) != 0) {
		free(connection);
		return NULL;
	}
	pn_connection_set_context(connection->driver.connection, connection);
	pn_transport_set_server(transport);
	sasl_prepare(connection, transport);
	pn_transport_set_max_frame(transport, CONNECTION_FRAME_MAX);
	pn_transport_set_channel_max(transport, CONNECTION_SESSIONS - 1);
	pn_transport_set_idle_timeout(transport, CONNECTION_IDLE_MS);
	return connection;
}

void connection_free(struct connection *connection)
{
	while (connection->nodes)
		link_drop(connection->nodes);
	claims_free(&connection->claims);
	pn_connection_driver_destroy(&connection->driver);
	tls_link_close(connection->tls);
	close(connection->fd);
	free(connection->bytes);
	free(connection->certificate);
	free(connection->chain);
	free(connection);
}

void connection_close(struct connection *connection, const char *condition,
		      const char *why)
{
	pn_connection_t *engine = connection->driver.connection;

	if (pn_connection_state(engine) & PN_LOCAL_CLOSED)
		return;
	connection_complain(connection, condition, why);
	if (pn_connection_state(engine) & PN_LOCAL_UNINIT)
		pn_connection_open(engine);
	pn_condition_set_name(pn_connection_condition(engine), condition);
	pn_condition_set_description(pn_connection_condition(engine), why);
	pn_connection_close(engine);
	/* who does not close now is not waited for: some SDKs first wait for the socket */
	connection->open_by_ms = clock_steady_ms() + CONNECTION_CLOSE_MS;
}

/* -- messages ------------------------------------------------------------------------ */

static bool make_room(struct connection *connection, size_t len)
{
	char *bytes;

	if (len <= connection->room)
		return true;
	bytes = realloc(connection->bytes, len);
	if (!bytes)
		return false;
	connection->bytes = bytes;
	connection->room = len;
	return true;
}

/* Copies the message out of proton. False: there is no memory. */
static bool read_message(struct node *node, size_t len)
{
	struct connection *connection = node->connection;

	if (!make_room(connection, len + 1) ||
	    pn_link_recv(node->link, connection->bytes, len) != (ssize_t)len) {
		node_refuse(node, "amqp:internal-error", "there is no memory");
		return false;
	}
	return true;
}

/* False: the node does not want it now. */
static bool offer(struct node *node, pn_delivery_t *delivery, const char *bytes,
		  size_t len)
{
	if (node->kind->take(node, delivery, bytes, len)) {
		node->held.len = 0;
		node->holding = false;
		return true;
	}
	if (!node->holding) {
		text_put(&node->held, bytes, len);
		node->holding = true;
	}
	return false;
}

/* The message at the head of the link. False: there is none that is whole, or not now. */
static bool take_one(struct node *node)
{
	pn_delivery_t *delivery = pn_link_current(node->link);
	size_t len;
	bool taken;

	if (!delivery || !pn_delivery_readable(delivery) || node->closed)
		return false;
	if (pn_delivery_aborted(delivery)) {
		pn_delivery_settle(delivery);
		return true;
	}
	len = pn_delivery_pending(delivery);
	if (len > node->kind->message_max) {
		node_refuse(node, "amqp:link:message-size-exceeded",
			    "a message has more than %zu bytes", node->kind->message_max);
		return false;
	}
	if (pn_delivery_partial(delivery))
		return false;
	if (node->holding)
		taken = offer(node, delivery, node->held.at, node->held.len);
	else
		taken = read_message(node, len) &&
			offer(node, delivery, node->connection->bytes, len);
	/* Settling it has advanced the link already; twice would skip the next one. */
	if (taken && !node->closed && pn_link_current(node->link) == delivery)
		pn_link_advance(node->link);
	return taken;
}

static void give_credit(struct node *node)
{
	int has = pn_link_credit(node->link) + pn_link_unsettled(node->link);
	int credit = (int)node->kind->credit;

	if (has <= credit / 2)
		pn_link_flow(node->link, credit - has);
}

/* True: it has not done all that it could. */
static bool pump_node(struct node *node)
{
	bool more = false;

	if (!node->closed && !node->kind->sends) {
		int left = NODE_BURST;

		while (left > 0 && take_one(node))
			left--;
		more = left == 0;
	}
	if (!node->closed && node->kind->pump)
		more |= node->kind->pump(node);
	if (node->closed)
		return false;
	if (!node->kind->sends)
		give_credit(node);
	else if (!more && pn_link_get_drain(node->link))
		pn_link_drained(node->link);
	return more;
}

static bool is_full(struct connection *connection)
{
	return pn_transport_pending(connection->driver.transport) > CONNECTION_OUTGOING;
}

static bool pump(struct connection *connection)
{
	bool more = false;

	connection->due_ms = INT64_MAX;
	for (struct node *node = connection->nodes; node; node = node->next)
		if (!is_full(connection))
			more |= pump_node(node);
	return more;
}

/* -- what proton says ---------------------------------------------------------------- */

static void remote_open(struct connection *connection)
{
	pn_connection_t *engine = connection->driver.connection;

	pn_connection_set_container(engine, connection->server->hub->host);
	pn_connection_open(engine);
	log_detail("AMQP %s: opens %s", connection->peer,
		   pn_connection_remote_hostname(engine)
			   ? pn_connection_remote_hostname(engine)
			   : "");
}

static void remote_close(struct connection *connection)
{
	pn_connection_t *engine = connection->driver.connection;

	while (connection->nodes)
		link_drop(connection->nodes);
	if (!(pn_connection_state(engine) & PN_LOCAL_CLOSED))
		pn_connection_close(engine);
}

static void remote_begin(struct connection *connection, pn_session_t *session)
{
	if (++connection->sessions > CONNECTION_SESSIONS) {
		connection_close(connection, "amqp:resource-limit-exceeded",
				 "there are too many sessions");
		return;
	}
	pn_session_set_incoming_capacity(session, CONNECTION_INCOMING);
	pn_session_open(session);
}

static void remote_end(struct connection *connection, pn_session_t *session)
{
	struct node *next;

	for (struct node *node = connection->nodes; node; node = next) {
		next = node->next;
		if (pn_link_session(node->link) == session)
			link_drop(node);
	}
	connection->sessions--;
	pn_session_close(session);
	pn_session_free(session);
}

static void sent_changed(pn_delivery_t *delivery)
{
	struct node *node = pn_link_get_context(pn_delivery_link(delivery));

	if (!pn_link_is_sender(pn_delivery_link(delivery)))
		return;
	if (node && !node->closed && node->kind->settled)
		node->kind->settled(node, delivery);
	else if (pn_delivery_updated(delivery))
		node_settle(node, delivery, 1);
}

static void tell_error(struct connection *connection)
{
	pn_condition_t *condition = pn_transport_condition(connection->driver.transport);
	const char *name = pn_condition_get_name(condition);
	const char *why = pn_condition_get_description(condition);

	if (*connection->sasl_why)
		connection_complain(connection, "PLAIN is refused", connection->sasl_why);
	else if (why && strstr(why, "connection aborted"))
		log_detail("AMQP %s: left", connection->peer);
	else
		connection_complain(connection, name ? name : "ends", why);
}

static void handle(struct connection *connection, pn_event_t *event)
{
	switch (pn_event_type(event)) {
	case PN_CONNECTION_REMOTE_OPEN:
		remote_open(connection);
		break;
	case PN_CONNECTION_REMOTE_CLOSE:
		remote_close(connection);
		break;
	case PN_SESSION_REMOTE_OPEN:
		remote_begin(connection, pn_event_session(event));
		break;
	case PN_SESSION_REMOTE_CLOSE:
		remote_end(connection, pn_event_session(event));
		break;
	case PN_LINK_REMOTE_OPEN:
		link_opened(connection, pn_event_link(event));
		break;
	case PN_LINK_REMOTE_CLOSE:
		link_detached(pn_event_link(event), true);
		break;
	case PN_LINK_REMOTE_DETACH:
		link_detached(pn_event_link(event), false);
		break;
	case PN_DELIVERY:
		sent_changed(pn_event_delivery(event));
		break;
	case PN_TRANSPORT_ERROR:
		tell_error(connection);
		break;
	default:
		break;
	}
}

static void handle_all(struct connection *connection)
{
	pn_event_t *event;

	while ((event = pn_connection_driver_next_event(&connection->driver)))
		handle(connection, event);
}

/* -- reading and writing ------------------------------------------------------------- */

static void end_driver(struct connection *connection)
{
	pn_connection_driver_read_close(&connection->driver);
	pn_connection_driver_write_close(&connection->driver);
}

/* TLS came to a stop: is it for good? */
static void stop(struct connection *connection, int stopped)
{
	connection->wants_write = stopped == TLS_WRITES;
	if (stopped == TLS_READS || stopped == TLS_WRITES)
		return;
	/* many leave without a goodbye in TLS */
	if (stopped == TLS_FAILED && !connection->shaken)
		connection_complain(connection, "no handshake",
				    tls_link_why(connection->tls));
	end_driver(connection);
}

/* 1: the handshake is done; else why it stopped. */
static int shake(struct connection *connection)
{
	int rc;

	if (connection->shaken)
		return 1;
	rc = tls_link_shake(connection->tls);
	if (rc != 1) {
		stop(connection, rc);
		return rc;
	}
	connection->shaken = true;
	connection->wants_write = false;
	connection->certificate = tls_link_certificate(connection->tls);
	connection->chain = tls_link_chain(connection->tls);
	return 1;
}

/* What sessions hold of messages that are not whole, or not wanted yet. */
static size_t waiting_bytes(struct connection *connection)
{
	pn_session_t *session = pn_session_head(connection->driver.connection, 0);
	size_t bytes = 0;

	for (; session; session = pn_session_next(session, 0))
		bytes += pn_session_incoming_bytes(session);
	return bytes;
}

/* True: there was something. */
static bool read_some(struct connection *connection)
{
	pn_rwbytes_t room = pn_connection_driver_read_buffer(&connection->driver);
	uint8_t bytes[READ_BYTES];
	size_t taken;
	int len;

	if (room.size <= connection->frames.have || is_full(connection))
		return false;
	taken = room.size - connection->frames.have;
	len = tls_link_read(connection->tls, bytes,
			    taken < sizeof(bytes) ? taken : sizeof(bytes));
	if (len <= 0) {
		stop(connection, len);
		return false;
	}
	connection->wants_write = false;
	taken = frames_take(&connection->frames, (uint8_t *)room.start, bytes,
			    (size_t)len);
	explicit_bzero(bytes, (size_t)len); /* there may be a token in it */
	if (taken)
		pn_connection_driver_read_done(&connection->driver, taken);
	if (waiting_bytes(connection) > CONNECTION_WAITING_MAX)
		connection_close(connection, "amqp:resource-limit-exceeded",
				 "too many messages are not whole");
	return true;
}

static bool write_some(struct connection *connection)
{
	pn_bytes_t bytes = pn_connection_driver_write_buffer(&connection->driver);
	bool wrote = false;
	int len;

	connection->unsent = false;
	while (bytes.size > 0) {
		len = tls_link_write(connection->tls, bytes.start, bytes.size);
		if (len <= 0) {
			connection->unsent = len == TLS_READS || len == TLS_WRITES;
			if (!connection->unsent)
				end_driver(connection);
			return wrote;
		}
		wrote = true;
		bytes = pn_connection_driver_write_done(&connection->driver, (size_t)len);
	}
	if (pn_connection_driver_write_closed(&connection->driver))
		pn_connection_driver_read_close(&connection->driver);
	return wrote;
}

bool connection_run(struct connection *connection)
{
	int64_t tick_ms;
	int turns = 0, shaken = shake(connection);
	bool busy = shaken == 1;

	if (shaken == TLS_ENDED || shaken == TLS_FAILED)
		return false; /* proton has heard nothing, and has nothing to say */
	while (busy && turns++ < TURNS) {
		busy = read_some(connection);
		handle_all(connection);
		busy |= pump(connection);
		busy |= write_some(connection);
		handle_all(connection);
	}
	connection->more = busy;
	tick_ms = pn_transport_tick(connection->driver.transport, clock_steady_ms());
	connection->tick_ms =
		tick_ms && tick_ms < connection->due_ms ? tick_ms : connection->due_ms;
	return !pn_connection_driver_finished(&connection->driver);
}

bool connection_wants_read(struct connection *connection)
{
	return pn_connection_driver_read_buffer(&connection->driver).size >
		       connection->frames.have &&
	       !is_full(connection);
}

/* -- time ---------------------------------------------------------------------------- */

static void expire(struct connection *connection, int64_t unix_ms)
{
	struct claim *claim;

	while ((claim = claims_expire(&connection->claims, unix_ms))) {
		for (struct node *node = connection->nodes; node; node = node->next)
			if (node->claim == claim && !node->closed)
				node_refuse(node, "amqp:unauthorized-access",
					    "its token has expired");
		claim_free(claim);
		if (!connection->claims.count)
			connection_close(connection, "amqp:unauthorized-access",
					 "its token has expired");
	}
}

bool connection_tick(struct connection *connection, int64_t steady_ms, int64_t unix_ms)
{
	pn_connection_t *engine = connection->driver.connection;

	if (steady_ms >= connection->open_by_ms) {
		if (!(pn_connection_state(engine) & PN_LOCAL_CLOSED))
			connection_complain(connection, "it takes too long",
					    connection->shaken
						    ? "no link is attached"
						    : "the handshake of TLS is not done");
		return false;
	}
	expire(connection, unix_ms);
	return connection_run(connection);
}
