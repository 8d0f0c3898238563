/* DIR: where the hub keeps what it is. One process at a time has it. */
#ifndef HUB_FOLDER_H
#define HUB_FOLDER_H

#include <stddef.h>

#include "crypto.h"

/* Makes it if need be, and locks it. The descriptor, or -1 with the reason in `err`. */
int folder_open(const char *dir, char *err, size_t err_bytes);

/* A whole file as text, or NULL; errno says why. */
char *folder_read(int dirfd, const char *name);
/* In place only when it is whole, with mode 0600. 0, or -1 and errno. */
int folder_write(int dirfd, const char *name, const char *text);

/*
 * Reads ca.pem, ca.key, server.pem and server.key, making what is missing, has another
 * hosts or is near its end. `chain_pem` is the server's certificate with the CA's.
 */
int folder_certs(int dirfd, const char *host, const char *dps_host, struct cert *server,
		 char **chain_pem, char *err, size_t err_bytes);

#endif
