/*
 * DIR/control: a UNIX stream socket. One JSON object a line in, one line back:
 *
 *	{"do":"status"}				what the hub is and has
 *	{"do":"fail","pattern":"429:3"}		as --fail
 *	{"do":"fail","clear":true}		nothing fails any more
 *	{"do":"quit"}
 *
 * {"ok":true,...} or {"ok":false,"error":"..."}.
 */
#ifndef HUB_CONTROL_H
#define HUB_CONTROL_H

#include <poll.h>

#include "hub.h"

#define CONTROL_CLIENTS  16
#define CONTROL_POLLFDS  (CONTROL_CLIENTS + 1)
#define CONTROL_LINE_MAX 65536

struct control;

struct control *control_open(int dirfd, struct hub *hub, char *err, size_t err_bytes);
/* Removes the socket. */
void control_close(struct control *control);

/* Fills in what to poll and returns how many; control_run() takes them back. */
size_t control_pollfds(const struct control *control, struct pollfd fds[CONTROL_POLLFDS]);
void control_run(struct control *control, const struct pollfd *fds, size_t count);

bool control_asked_to_quit(const struct control *control);

/* The answer to a line, as memory; sets `*quit`. */
char *control_answer(struct hub *hub, const char *line, size_t len, bool *quit);

#endif
