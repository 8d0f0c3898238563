/* Where a server listens, and who comes. */
#ifndef HUB_ADDRESS_H
#define HUB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr_storage;

/* An IP address, of version 4 or 6, and a port. False: the text is none. */
bool address_parse(struct sockaddr_storage *address, const char *text, unsigned port);

#define ADDRESS_TEXT 64

/* "127.0.0.1:8883" */
void address_name(const struct sockaddr_storage *address, char to[ADDRESS_TEXT]);

/*
 * A socket that listens there and does not block; *port is then the true one, which 0
 * leaves to the system. -1: `err` says why, for a server of `protocol`.
 */
int address_listen(const char *text, unsigned *port, const char *protocol, char *err,
		   size_t err_bytes);

#endif
