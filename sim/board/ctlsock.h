/* DIR/control: the UNIX socket of the control protocol. */
#ifndef BOARD_CTLSOCK_H
#define BOARD_CTLSOCK_H

#include <poll.h>
#include <stddef.h>

#include "control.h"

#define CTLSOCK_CLIENTS  16
#define CTLSOCK_POLLFDS  (CTLSOCK_CLIENTS + 1)
#define CTLSOCK_LINE_MAX 65536

struct ctlsock;

struct ctlsock *ctlsock_open(int dirfd, struct control *control, char *err,
			     size_t err_bytes);
/* Removes the socket from the folder. */
void ctlsock_close(struct ctlsock *sock);

/* Fills in what to poll and returns how many; handle() takes them back after poll(). */
size_t ctlsock_pollfds(const struct ctlsock *sock, struct pollfd fds[CTLSOCK_POLLFDS]);
void ctlsock_handle(struct ctlsock *sock, const struct pollfd *fds, size_t count);
/* Sends what is traced, when the board has run. */
void ctlsock_run(struct ctlsock *sock);

#endif
