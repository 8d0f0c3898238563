/* The TCP side of USB/IP: who is connected, and the bytes to and from them. */
#ifndef BOARD_SERVER_H
#define BOARD_SERVER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "usbip.h"

#define SERVER_CONNECTIONS 16
#define SERVER_POLLFDS     (SERVER_CONNECTIONS + 1)

struct server;

/* Listens on a numeric `address`, or `localhost`; port "0" is any free one. */
struct server *server_open(const char *address, const char *port,
			   struct usbip_export *export, const struct clock *clock,
			   char *err, size_t err_bytes);
void server_close(struct server *server);
unsigned server_port(const struct server *server);

/* Fills in what to poll and returns how many; handle() takes them back after poll(). */
size_t server_pollfds(const struct server *server, struct pollfd fds[SERVER_POLLFDS]);
void server_handle(struct server *server, const struct pollfd *fds, size_t count);

/* Runs what is due and sends what it gave. */
void server_run(struct server *server);
int64_t server_due_ns(const struct server *server);

#endif
