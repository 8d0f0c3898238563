/* Where a server listens. */
#ifndef HUB_ADDRESS_H
#define HUB_ADDRESS_H

#include <stdbool.h>

struct sockaddr_storage;

/* An IP address, of version 4 or 6, and a port. False: the text is none. */
bool address_parse(struct sockaddr_storage *address, const char *text, unsigned port);

#endif
