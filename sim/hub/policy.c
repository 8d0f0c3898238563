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

static int ready(struct store *store, size_t i, struct policy *policy)
{
	int rc = store_get_policy(store, built_in[i].name, policy);

	if (rc != 0)
		return rc;
	*policy = (struct policy){ .rights = built_in[i].rights };
	snprintf(policy->name, sizeof(policy->name), "%s", built_in[i].name);
	return crypto_new_key(policy->primary) && crypto_new_key(policy->secondary)
		       ? store_put_policy(store, policy)
		       : -1;
}

static int save(int dirfd, const char *host, const struct policy *policy, bool owner)
{
	char text[512], name[100];
	int rc;

	snprintf(text, sizeof(text),
		 "HostName=%s;SharedAccessKeyName=%s;SharedAccessKey=%s\n", host,
		 policy->name, policy->primary);
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
		rc = ready(store, i, &policies->list[i]);
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
