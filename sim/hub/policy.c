#include "policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "crypto.h"
#include "folder.h"

static const struct {
	const char *name;
	unsigned rights;
} built_in[POLICY_COUNT] = {
	{ "iothubowner", RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE |
				 RIGHT_SERVICE_CONNECT | RIGHT_DEVICE_CONNECT },
	{ "service", RIGHT_SERVICE_CONNECT },
	{ "device", RIGHT_DEVICE_CONNECT },
	{ "registryRead", RIGHT_REGISTRY_READ },
	{ "registryReadWrite", RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE },
};

int policy_ready(struct store *store, const char *name, unsigned rights,
		 struct policy *policy)
{
	int rc = store_get_policy(store, name, policy);

	if (rc != 0)
		return rc;
	*policy = (struct policy){ .rights = rights };
	snprintf(policy->name, sizeof(policy->name), "%s", name);
	return crypto_new_key(policy->primary) && crypto_new_key(policy->secondary)
		       ? store_put_policy(store, policy)
		       : -1;
}

void policy_connection_string(const struct policy *policy, const char *host,
			      char to[POLICY_LINE])
{
	snprintf(to, POLICY_LINE,
		 "HostName=%s;SharedAccessKeyName=%s;SharedAccessKey=%s\n", host,
		 policy->name, policy->primary);
}

static int save(int dirfd, const char *host, const struct policy *policy, bool owner)
{
	char text[POLICY_LINE], name[100];
	int rc;

	policy_connection_string(policy, host, text);
	snprintf(name, sizeof(name), "policies/%s", policy->name);
	rc = folder_write(dirfd, name, text);
	if (rc == 0 && owner)
		rc = folder_write(dirfd, "connection-string", text);
	explicit_bzero(text, sizeof(text));
	return rc;
}

int policies_open(struct policies *policies, struct store *store, int dirfd,
		  const char *host, char *err, size_t err_bytes)
{
	int rc = 1;

	if (mkdirat(dirfd, "policies", 0700) < 0 && errno != EEXIST)
		rc = -1;
	for (size_t i = 0; i < POLICY_COUNT && rc == 1; i++) {
		rc = policy_ready(store, built_in[i].name, built_in[i].rights,
				  &policies->list[i]);
		if (rc == 1 && save(dirfd, host, &policies->list[i], i == 0) < 0)
			rc = -1;
	}
	if (rc != 1)
		snprintf(err, err_bytes, "cannot keep the policies: %s", strerror(errno));
	return rc == 1 ? 0 : -1;
}

const struct policy *policy_find(const struct policies *policies, const char *name)
{
	for (size_t i = 0; i < POLICY_COUNT; i++)
		if (strcasecmp(policies->list[i].name, name) == 0)
			return &policies->list[i];
	return NULL;
}

const char *right_name(unsigned right)
{
	if (right & RIGHT_REGISTRY_READ)
		return "RegistryRead";
	if (right & RIGHT_REGISTRY_WRITE)
		return "RegistryWrite";
	return right & RIGHT_SERVICE_CONNECT ? "ServiceConnect" : "DeviceConnect";
}
