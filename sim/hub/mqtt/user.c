#include "mqtt/user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 4

/* SCOPE/registrations/ID; hubs have a dot or a port in their name, id scopes have none. */
static bool is_dps(char *const parts[], size_t count)
{
	return count == 3 && strcmp(parts[1], "registrations") == 0 &&
	       strncmp(parts[0], "0ne", 3) == 0 && !strpbrk(parts[0], ".:");
}

static const char *take_name(char *to, size_t room, const char *from, const char *wrong)
{
	return snprintf(to, room, "%s", from) < (int)room && *to ? NULL : wrong;
}

static const char *take_names(struct mqtt_user *user, char *const parts[], size_t count)
{
	static const char wrong_device[] = "the user name has no valid device id";
	const char *wrong;

	if (count < 2)
		return "the user name is not HOST/DEVICE/?api-version=...";
	user->dps = is_dps(parts, count);
	wrong = take_name(user->host, sizeof(user->host), parts[0],
			  "the user name does not begin with a host");
	if (!wrong)
		wrong = take_name(user->device, sizeof(user->device),
				  parts[user->dps ? 2 : 1], wrong_device);
	if (!wrong && !device_id_valid(user->device))
		wrong = wrong_device;
	if (wrong || user->dps || count < 3)
		return wrong;
	wrong = take_name(user->module, sizeof(user->module), parts[2],
			  "the user name has no valid module id");
	if (!wrong && !device_id_valid(user->module))
		wrong = "the user name has no valid module id";
	return wrong;
}

/* -- what comes behind the names ------------------------------------------------------ */

static bool take_value(char *to, size_t room, const char *query, const char *name)
{
	size_t len = 0;
	const char *value = query_value(query, name, &len);
	char *decoded = malloc(len + 1);
	bool taken = decoded && (!value || percent_decode(decoded, value, len));

	if (taken && value)
		snprintf(to, room, "%s", decoded);
	free(decoded);
	return taken;
}

static const char *take_query(struct mqtt_user *user, const char *query)
{
	const char *agent = user->dps ? "ClientVersion" : "DeviceClientType";
	size_t len;
	const char *version = query_value(query, "api-version", &len);

	if (version && len >= sizeof(user->api_version))
		return "the api-version of the user name is none";
	if (!take_value(user->api_version, sizeof(user->api_version), query,
			"api-version") ||
	    !take_value(user->agent, sizeof(user->agent), query, agent) ||
	    !take_value(user->model_id, sizeof(user->model_id), query, "model-id"))
		return "the user name is badly percent-encoded";
	return NULL;
}

/* The query is what begins with ?, or else the part that has the api-version in it. */
static char *find_query(char *part)
{
	static const char name[] = "api-version=";
	size_t len = strcspn(part, "/");
	const char *found = memmem(part, len, name, sizeof(name) - 1);

	if (*part == '?')
		return part + 1;
	return found && (found == part || found[-1] == '&') ? part : NULL;
}

/* Splits at slashes up to the query; one at the end is one too many, and no harm. */
static const char *split(char *text, char *parts[PARTS_MAX], size_t *count, char **query)
{
	*count = 0;
	*query = NULL;
	while (text) {
		if (*count >= 2)
			*query = find_query(text);
		if (*query || (*count >= 2 && !*text))
			return NULL;
		if (*count == PARTS_MAX - 1)
			return "the user name has too many parts";
		parts[(*count)++] = strsep(&text, "/");
	}
	return NULL;
}

/* -- the client identifier ------------------------------------------------------------ */

static const char *check_client_id(const struct mqtt_user *user, struct mqtt_bytes id)
{
	size_t len = strlen(user->device), module_len = strlen(user->module);

	if (id.len >= len && memcmp(id.at, user->device, len) == 0) {
		const char *rest = id.at + len;

		if (module_len == 0
			    ? id.len == len
			    : id.len == len + 1 + module_len && *rest == '/' &&
				      memcmp(rest + 1, user->module, module_len) == 0)
			return NULL;
	}
	return user->dps ? "the client identifier is not the registration id of the user "
			   "name"
	       : module_len > 0 ? "the client identifier is not the DEVICE/MODULE of the "
				  "user name"
				: "the client identifier is not the device id of the "
				  "user name";
}

const char *mqtt_user_parse(struct mqtt_user *user, const struct mqtt_connect *connect)
{
	char *parts[PARTS_MAX], *query, *text;
	const char *wrong;
	size_t count;

	*user = (struct mqtt_user){ 0 };
	if (!connect->has_user)
		return "there is no user name";
	text = strndup(connect->user.at, connect->user.len);
	if (!text)
		return "there is no memory";
	wrong = split(text, parts, &count, &query);
	if (!wrong)
		wrong = take_names(user, parts, count);
	if (!wrong && query)
		wrong = take_query(user, query);
	if (!wrong)
		wrong = check_client_id(user, connect->client_id);
	free(text);
	return wrong;
}
