#include "dps/dps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

/* The policy of a service when it is made. */
#define OWNER "provisioningserviceowner"

static int save(const struct dps *dps, int dirfd)
{
	char line[POLICY_LINE];
	int rc;

	policy_connection_string(&dps->owner, dps->host, line);
	rc = folder_write(dirfd, "dps-connection-string", line);
	explicit_bzero(line, sizeof(line));
	snprintf(line, sizeof(line), "%s\n", dps->scope);
	return rc < 0 ? rc : folder_write(dirfd, "dps-id-scope", line);
}

struct dps *dps_open(struct store *store, int dirfd, const char *host, char *err,
		     size_t err_bytes)
{
	struct dps *dps = calloc(1, sizeof(*dps));

	if (!dps) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	snprintf(dps->host, sizeof(dps->host), "%s", host);
	dps->roll = roll_open(store_db(store), err, err_bytes);
	if (dps->roll && roll_scope(dps->roll, dps->scope) == 1 &&
	    policy_ready(store, OWNER, RIGHT_PROVISIONING, &dps->owner) == 1 &&
	    save(dps, dirfd) == 0)
		return dps;
	if (dps->roll)
		snprintf(err, err_bytes,
			 "cannot keep the Device Provisioning Service: %s",
			 strerror(errno));
	dps_close(dps);
	return NULL;
}

void dps_close(struct dps *dps)
{
	if (!dps)
		return;
	roll_close(dps->roll);
	explicit_bzero(&dps->owner, sizeof(dps->owner));
	free(dps);
}
