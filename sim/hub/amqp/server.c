#include "amqp/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "amqp/attached.h"
#include "clock.h"
#include "log.h"

#define CONNECTIONS_MAX 4096
#define ACCEPTS         64   /* at a time */
#define TICK_MS         1000 /* for tokens that expire, and who is too slow */

/* -- opening ------------------------------------------------------------------------- */

static bool watch(struct server *server, int fd, void *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = who };

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

struct amqp *amqp_open(struct hub *hub, const struct amqp_settings *settings, char *err,
		       size_t err_bytes)
{
	const struct tls_settings tls = { .tls13 = settings->tls13,
					  .key_pem = settings->key_pem,
					  .chain_pem = settings->chain_pem };
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	server->hub = hub;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->door = (struct door){ .fd = -1, .spare_fd = -1 };
	server->tls = tls_open(&tls, err, err_bytes);
	if (!server->tls) {
		amqp_close((struct amqp *)server);
		return NULL;
	}
	hub->amqp_port = settings->port;
	if (!door_open(&server->door, "AMQP", settings->listen, &hub->amqp_port, err,
		       err_bytes)) {
		amqp_close((struct amqp *)server);
		return NULL;
	}
	if (server->wake_fd >= 0 && watch(server, server->door.fd, &server->door) &&
	    watch(server, server->wake_fd, &server->wake_fd))
		return (struct amqp *)server;
	snprintf(err, err_bytes, "cannot watch the port of AMQP: %s", strerror(errno));
	amqp_close((struct amqp *)server);
	return NULL;
}

/* -- connections --------------------------------------------------------------------- */

static void drop(struct server *server, struct connection *connection)
{
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	server->count--;
	connection_free(connection);
}

/* What is polled of it follows from how it is. */
static void poll_anew(struct server *server, struct connection *connection)
{
	struct epoll_event event = { .data.ptr = connection };

	if (connection_wants_read(connection))
		event.events |= EPOLLIN;
	if (connection->unsent || connection->wants_write)
		event.events |= EPOLLOUT;
	if (event.events == connection->polled)
		return;
	connection->polled = event.events;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void settle(struct server *server, struct connection *connection, bool lives)
{
	if (lives)
		poll_anew(server, connection);
	else
		drop(server, connection);
}

static bool add(struct server *server, int fd, const char *peer)
{
	struct tls_link *tls = tls_link_open(server->tls, fd);
	struct connection *connection =
		tls ? connection_new(server, fd, tls, peer) : NULL;

	if (!connection) {
		tls_link_close(tls);
		return false;
	}
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->count++;
	connection->polled = EPOLLIN;
	if (!watch(server, fd, connection))
		drop(server, connection);
	return true;
}

static void accept_some(struct server *server)
{
	char from[DOOR_FROM];
	int fd = 0;

	for (int i = 0; i < ACCEPTS && fd != DOOR_NOBODY; i++) {
		fd = door_let_in(&server->door, from);
		if (fd < 0)
			continue;
		if (server->count >= CONNECTIONS_MAX)
			log_event("AMQP %s: there are too many connections", from);
		if (server->count >= CONNECTIONS_MAX || !add(server, fd, from))
			close(fd);
	}
}

/* -- the loop ------------------------------------------------------------------------ */

void server_wake(struct server *server)
{
	uint64_t one = 1;
	ssize_t written = write(server->wake_fd, &one, sizeof(one));

	(void)written; /* it fails when it is full, and so is readable already */
}

static void note_stored(void *with)
{
	struct server *server = with;

	if (!server->stored) {
		server->stored = true;
		server_wake(server);
	}
}

static void take_wakes(struct server *server)
{
	uint64_t count;
	ssize_t taken = read(server->wake_fd, &count, sizeof(count));

	(void)taken;
}

/*
 * Those that wait for events to be stored or for the time, and those whose turn ended too
 * early.
 */
static void run_waiting(struct server *server)
{
	int64_t now_ms = clock_steady_ms();
	bool stored = server->stored;
	struct connection *next;

	server->stored = false;
	for (struct connection *connection = server->connections; connection;
	     connection = next) {
		next = connection->next;
		if (connection->more || (stored && connection->waiting) ||
		    now_ms >= connection->tick_ms)
			settle(server, connection, connection_run(connection));
	}
}

static void tick_all(struct server *server)
{
	int64_t steady_ms = clock_steady_ms(), unix_ms = clock_unix_ms();
	struct connection *next;

	for (struct connection *connection = server->connections; connection;
	     connection = next) {
		next = connection->next;
		settle(server, connection,
		       connection_tick(connection, steady_ms, unix_ms));
	}
}

/* When there is something to do that nobody calls for, at the latest. */
static int sleep_ms(const struct server *server, int64_t tick_ms)
{
	int64_t now_ms = clock_steady_ms(), due_ms = tick_ms;

	for (const struct connection *connection = server->connections; connection;
	     connection = connection->next) {
		if (connection->more)
			return 0;
		if (connection->tick_ms < due_ms)
			due_ms = connection->tick_ms;
	}
	if (!server->connections)
		return -1;
	return due_ms <= now_ms ? 0 : clock_nap_ms((int)(due_ms - now_ms));
}

static void serve(struct server *server, const struct epoll_event *events, int count)
{
	for (int i = 0; i < count; i++) {
		void *who = events[i].data.ptr;

		if (who == &server->door)
			accept_some(server);
		else if (who == &server->wake_fd)
			take_wakes(server);
		else
			settle(server, who, connection_run(who));
	}
}

static void *run(void *with)
{
	struct server *server = with;
	struct epoll_event events[64];
	int64_t tick_ms = clock_steady_ms() + TICK_MS;

	while (!server->closing) {
		int count = epoll_wait(server->epoll_fd, events, 64,
				       sleep_ms(server, tick_ms));

		serve(server, events, count);
		attached_run(server);
		run_waiting(server);
		if (clock_steady_ms() >= tick_ms) {
			tick_all(server);
			tick_ms = clock_steady_ms() + TICK_MS;
		}
	}
	while (server->connections)
		drop(server, server->connections);
	return NULL;
}

/* -- starting and ending ------------------------------------------------------------- */

bool amqp_start(struct amqp *amqp)
{
	struct server *server = (struct server *)amqp;

	server->listener = (struct listener){ .stored = note_stored, .with = server };
	hub_listen(server->hub, &server->listener);
	server->started = pthread_create(&server->thread, NULL, run, server) == 0;
	if (!server->started)
		hub_unlisten(server->hub, &server->listener);
	return server->started;
}

void amqp_close(struct amqp *amqp)
{
	struct server *server = (struct server *)amqp;

	if (!server)
		return;
	if (server->started) {
		server->closing = true;
		server_wake(server);
		pthread_join(server->thread, NULL);
		hub_unlisten(server->hub, &server->listener);
	}
	tls_close(server->tls);
	content_free(&server->content);
	door_close(&server->door);
	close(server->wake_fd);
	close(server->epoll_fd);
	free(server);
}
