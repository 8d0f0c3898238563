/* The five built-in shared access policies and what they allow. */
#ifndef HUB_POLICY_H
#define HUB_POLICY_H

#include <stddef.h>

#include "store.h"

enum {
	RIGHT_NONE = 0,
	RIGHT_REGISTRY_READ = 1,
	RIGHT_REGISTRY_WRITE = 2,
	RIGHT_SERVICE_CONNECT = 4,
	RIGHT_DEVICE_CONNECT = 8,
	RIGHT_PROVISIONING = 16, /* of the Device Provisioning Service's own policy */
};

#define POLICY_COUNT 5
#define POLICY_LINE  512

struct policies {
	struct policy list[POLICY_COUNT];
};

/*
 * Reads them from the store, making those that are missing, and writes DIR's
 * connection-string and policies/NAME. 0, or -1 with the reason in `err`.
 */
int policies_open(struct policies *policies, struct store *store, int dirfd,
		  const char *host, char *err, size_t err_bytes);

/* One from the store, made with new keys when it is not there: as the store's calls. */
int policy_ready(struct store *store, const char *name, unsigned rights,
		 struct policy *policy);

/* Its connection string for that host, as a line. Wipe it. */
void policy_connection_string(const struct policy *policy, const char *host,
			      char to[POLICY_LINE]);

/* Policy names are case-insensitive. NULL: no such policy. */
const struct policy *policy_find(const struct policies *policies, const char *name);

/* "RegistryWrite", for the log; the first one when there are several */
const char *right_name(unsigned right);

#endif
