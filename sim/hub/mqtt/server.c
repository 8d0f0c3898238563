#include "mqtt/server.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "door.h"
#include "log.h"
#include "mqtt/client.h"
#include "tls.h"

enum {
	EVENTS = 256,      /* of epoll, at a time */
	ACCEPTS = 64,      /* at a time */
	READS = 4,         /* of a connection, before it is the next one's turn */
	READ_BYTES = 16384 /* of a record of TLS */
};

struct connection {
	struct mqtt_client client;
	struct mqtt_server *server;
	struct tls_link *link;
	int fd;
	uint32_t watched; /* what epoll looks for */
	bool shaken;      /* the handshake is done */
	bool unread;      /* what came is not all taken yet */
	bool blocked;     /* the socket takes nothing more for now */
	bool known;       /* it was let in */
	bool due;         /* it is in the list of those that have something to do */
	bool lost;        /* it is the other side that ended it */
	int64_t since_ms;
	char from[DOOR_FROM];
	TAILQ_ENTRY(connection) all;
	TAILQ_ENTRY(connection) todo;
};

TAILQ_HEAD(connections, connection);

struct mqtt_server {
	struct mqtt_clients clients;
	struct hub *hub;
	struct tls *tls;
	int epoll_fd;
	struct door door;
	bool listening;
	bool running;
	int64_t due_ms; /* nothing happens by itself before */
	size_t count;
	size_t stranger_count;
	struct connections known;
	struct connections strangers; /* the oldest first */
	struct connections todo;
};

static void earlier(int64_t *due_ms, int64_t at_ms)
{
	if (at_ms < *due_ms)
		*due_ms = at_ms;
}

/* -- turns ----------------------------------------------------------------------------- */

static void add_todo(struct connection *connection)
{
	if (connection->due)
		return;
	connection->due = true;
	TAILQ_INSERT_TAIL(&connection->server->todo, connection, todo);
}

static void rouse(struct mqtt_client *client)
{
	struct connection *connection =
		(struct connection *)((char *)client -
				      offsetof(struct connection, client));
	struct mqtt_server *server = connection->server;
	bool first = TAILQ_EMPTY(&server->todo);

	add_todo(connection);
	if (first && !server->running)
		hub_wake(server->hub);
}

/* Who goes by itself is of no interest, but one that was in and says no goodbye. */
static void tell_end(const struct connection *connection)
{
	const struct mqtt_client *client = &connection->client;
	const struct mqtt_user *user = &client->session.user;
	bool quiet = client->session.left || client->told ||
		     (connection->lost && !connection->known);

	(quiet ? log_detail : log_event)("MQTT from %s%s%s%s%s is closed: %s",
					 connection->from, *user->device ? ", of " : "",
					 user->device, *user->module ? "/" : "",
					 user->module, client->session.why);
}

static void free_connection(struct connection *connection)
{
	struct mqtt_server *server = connection->server;

	tell_end(connection);
	if (connection->due)
		TAILQ_REMOVE(&server->todo, connection, todo);
	TAILQ_REMOVE(connection->known ? &server->known : &server->strangers, connection,
		     all);
	server->stranger_count -= !connection->known;
	server->count--;
	tls_link_close(connection->link);
	close(connection->fd);
	client_free(&connection->client);
	free(connection);
}

static void lose(struct connection *connection, int stop)
{
	connection->lost = !tls_link_disagreed(connection->link);
	client_close(&connection->client, stop == TLS_FAILED
						  ? tls_link_why(connection->link)
						  : "the client ended the connection "
						    "without DISCONNECT");
}

static void shake(struct connection *connection)
{
	int rc = tls_link_shake(connection->link);

	connection->blocked = rc == TLS_WRITES;
	if (rc == TLS_READS || rc == TLS_WRITES)
		return;
	if (rc != 1) {
		lose(connection, rc);
		return;
	}
	connection->shaken = true;
	client_show(&connection->client, tls_link_certificate(connection->link),
		    tls_link_chain(connection->link));
}

static void take_bytes(struct connection *connection, int64_t now_ms)
{
	struct mqtt_client *client = &connection->client;
	char bytes[READ_BYTES];

	for (int i = 0; i < READS && client_listens(client, now_ms); i++) {
		int len = tls_link_read(connection->link, bytes, sizeof(bytes));

		connection->unread = len > 0 && tls_link_holds(connection->link);
		if (len > 0)
			client_take(client, bytes, (size_t)len, now_ms);
		else if (len != TLS_READS && len != TLS_WRITES)
			lose(connection, len);
		if (!connection->unread)
			return;
	}
}

static void send_bytes(struct connection *connection, int64_t now_ms)
{
	struct text *out = &connection->client.session.out;
	size_t sent = 0;

	if (connection->client.asleep_until_ms > now_ms)
		return;
	connection->blocked = false;
	while (sent < out->len) {
		int len =
			tls_link_write(connection->link, out->at + sent, out->len - sent);

		if (len > 0) {
			sent += (size_t)len;
			continue;
		}
		connection->blocked = true;
		if (len != TLS_READS && len != TLS_WRITES)
			lose(connection, len);
		break;
	}
	if (sent == out->len) {
		text_free(out);
	} else if (sent > 0) {
		memmove(out->at, out->at + sent, out->len - sent + 1);
		out->len -= sent;
	}
}

static void watch(struct connection *connection, int64_t now_ms)
{
	struct mqtt_client *client = &connection->client;
	bool listens = client_listens(client, now_ms);
	struct epoll_event event = { .events = (listens || !connection->shaken ? EPOLLIN
									       : 0) |
					       (connection->blocked ? EPOLLOUT : 0),
				     .data.ptr = connection };

	if (connection->unread && listens)
		add_todo(connection);
	if (event.events == connection->watched)
		return;
	connection->watched = event.events;
	epoll_ctl(connection->server->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

/* It was let in just now. */
static void make_known(struct connection *connection)
{
	struct mqtt_server *server = connection->server;

	connection->known = true;
	TAILQ_REMOVE(&server->strangers, connection, all);
	TAILQ_INSERT_TAIL(&server->known, connection, all);
	server->stranger_count--;
}

/* Does what can be done for it now. It may be gone afterwards. */
static void take_turn(struct connection *connection, int64_t now_ms)
{
	struct mqtt_client *client = &connection->client;

	if (!connection->shaken)
		shake(connection);
	if (connection->shaken) {
		client_run(client, now_ms);
		take_bytes(connection, now_ms);
		send_bytes(connection, now_ms);
		/* now that there is room */
		client_run(client, now_ms);
		if (client->session.out.len > 0 && !connection->blocked)
			send_bytes(connection, now_ms);
	}
	if (client_closed(client)) {
		free_connection(connection);
		return;
	}
	if (!connection->known && client->session.state == SESSION_OPEN)
		make_known(connection);
	earlier(&connection->server->due_ms,
		client_due_ms(client, now_ms, clock_unix_ms()));
	watch(connection, now_ms);
}

static void run_todo(struct mqtt_server *server, int64_t now_ms)
{
	struct connections todo = TAILQ_HEAD_INITIALIZER(todo);
	struct connection *connection;

	/* what is added meanwhile is for the next time */
	TAILQ_CONCAT(&todo, &server->todo, todo);
	while ((connection = TAILQ_FIRST(&todo))) {
		TAILQ_REMOVE(&todo, connection, todo);
		connection->due = false;
		take_turn(connection, now_ms);
	}
}

/* -- time ------------------------------------------------------------------------------ */

static void tick_all(struct mqtt_server *server, struct connections *list, int64_t now_ms,
		     int64_t unix_ms)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, list, all)
	{
		struct mqtt_client *client = &connection->client;
		int64_t due_ms = client_due_ms(client, now_ms, unix_ms);

		if (due_ms <= now_ms) {
			client_tick(client, now_ms, unix_ms);
			add_todo(connection);
		} else {
			earlier(&server->due_ms, due_ms);
		}
	}
}

static void tick(struct mqtt_server *server, int64_t now_ms)
{
	int64_t unix_ms = clock_unix_ms();

	if (now_ms < server->due_ms)
		return;
	server->due_ms = INT64_MAX;
	tick_all(server, &server->strangers, now_ms, unix_ms);
	tick_all(server, &server->known, now_ms, unix_ms);
}

/* -- who comes ------------------------------------------------------------------------- */

static void listen_on(struct mqtt_server *server, bool on)
{
	struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = NULL };

	if (on != server->listening)
		epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->door.fd, &event);
	server->listening = on;
}

static void welcome(struct mqtt_server *server, int fd, const char *from, int64_t now_ms)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	if (connection)
		connection->link = tls_link_open(server->tls, fd);
	if (!connection || !connection->link ||
	    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		if (connection)
			tls_link_close(connection->link);
		free(connection);
		close(fd);
		return;
	}
	connection->server = server;
	connection->fd = fd;
	connection->watched = EPOLLIN;
	connection->since_ms = now_ms;
	snprintf(connection->from, sizeof(connection->from), "%s", from);
	client_start(&connection->client, &server->clients, now_ms);
	TAILQ_INSERT_TAIL(&server->strangers, connection, all);
	server->count++;
	server->stranger_count++;
	earlier(&server->due_ms, mqtt_session_deadline(&connection->client.session));
}

/* Is there a place for one more? The oldest stranger loses its own, if that is due. */
static bool make_place(struct mqtt_server *server, int64_t now_ms)
{
	struct connection *oldest = TAILQ_FIRST(&server->strangers);

	if (server->stranger_count < MQTT_STRANGERS)
		return true;
	if (now_ms < oldest->since_ms + MQTT_STRANGER_MS) {
		earlier(&server->due_ms, oldest->since_ms + MQTT_STRANGER_MS);
		return false;
	}
	client_close(&oldest->client, "it did not come in, and others wait to");
	free_connection(oldest);
	return true;
}

static void accept_some(struct mqtt_server *server, int64_t now_ms)
{
	char from[DOOR_FROM];
	bool place = true;
	int fd = 0;

	for (int i = 0; i < ACCEPTS && fd != DOOR_NOBODY; i++) {
		place = make_place(server, now_ms);
		if (!place)
			break;
		fd = door_let_in(&server->door, from);
		if (fd >= 0 && server->count < MQTT_CONNECTIONS) {
			welcome(server, fd, from, now_ms);
		} else if (fd >= 0) {
			close(fd);
			log_event("MQTT: a connection is closed: there are %d already",
				  MQTT_CONNECTIONS);
		}
	}
	listen_on(server, place);
}

/* -- the whole ------------------------------------------------------------------------- */

/* A device is a descriptor. */
static void want_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= 2 * MQTT_CONNECTIONS)
		return;
	limit.rlim_cur = limit.rlim_max < 2 * MQTT_CONNECTIONS ? limit.rlim_max
							       : 2 * MQTT_CONNECTIONS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_socket(struct mqtt_server *server, const struct mqtt_settings *settings,
			char *err, size_t err_bytes)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	server->hub->mqtt_port = settings->port;
	if (!door_open(&server->door, "MQTT", settings->listen, &server->hub->mqtt_port,
		       err, err_bytes))
		return false;
	server->listening =
		epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->door.fd, &event) == 0;
	if (!server->listening)
		snprintf(err, err_bytes, "cannot watch the port of MQTT: %s",
			 strerror(errno));
	return server->listening;
}

struct mqtt_server *mqtt_open(struct hub *hub, const struct mqtt_settings *settings,
			      char *err, size_t err_bytes)
{
	struct tls_settings tls = { .tls13 = settings->tls13,
				    .key_pem = settings->key_pem,
				    .chain_pem = settings->chain_pem };
	struct mqtt_server *server = calloc(1, sizeof(*server));

	if (!server) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	want_descriptors();
	server->hub = hub;
	server->due_ms = INT64_MAX;
	server->clients.rouse = rouse;
	TAILQ_INIT(&server->known);
	TAILQ_INIT(&server->strangers);
	TAILQ_INIT(&server->todo);
	server->door = (struct door){ .fd = -1, .spare_fd = -1 };
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->tls = tls_open(&tls, err, err_bytes);
	if (server->tls && clients_open(&server->clients, hub, err, err_bytes) == 0 &&
	    open_socket(server, settings, err, err_bytes))
		return server;
	mqtt_close(server);
	return NULL;
}

static void close_all(struct connections *list)
{
	struct connection *connection;

	while ((connection = TAILQ_FIRST(list))) {
		client_close(&connection->client, "the hub ends");
		free_connection(connection);
	}
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void mqtt_close(struct mqtt_server *server)
{
	if (!server)
		return;
	server->running = true;
	close_all(&server->strangers);
	close_all(&server->known);
	clients_close(&server->clients);
	tls_close(server->tls);
	door_close(&server->door);
	close_fd(server->epoll_fd);
	free(server);
}

int mqtt_pollfd(const struct mqtt_server *server)
{
	return server->epoll_fd;
}

int mqtt_timeout_ms(const struct mqtt_server *server)
{
	int64_t left_ms;

	if (!TAILQ_EMPTY(&server->todo))
		return 0;
	if (server->due_ms == INT64_MAX)
		return -1;
	left_ms = server->due_ms - clock_steady_ms();
	return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

void mqtt_run(struct mqtt_server *server)
{
	struct epoll_event events[EVENTS];
	int64_t now_ms = clock_steady_ms();
	bool comes = !server->listening;
	int count;

	server->running = true;
	tick(server, now_ms);
	clients_stored(&server->clients);
	count = epoll_wait(server->epoll_fd, events, EVENTS, 0);
	for (int i = 0; i < count; i++) {
		struct connection *connection = events[i].data.ptr;

		if (!connection)
			comes = true;
		else if (events[i].events & (EPOLLERR | EPOLLHUP) &&
			 !client_listens(&connection->client, now_ms))
			client_close(&connection->client, "the connection was reset");
		if (connection)
			add_todo(connection);
	}
	run_todo(server, now_ms);
	if (comes)
		accept_some(server, now_ms);
	server->running = false;
}
