#include "news.h"

#include <stdlib.h>
#include <string.h>

static struct json *patch_of(const struct twin *twin, const struct json *body,
			     enum twin_change how)
{
	const struct json *said = json_get(json_get(body, "properties"), "desired");
	struct json *patch;

	if (how == TWIN_PATCH && json_kind(said) == JSON_OBJECT)
		patch = json_copy(said);
	else if (twin->desired)
		patch = json_parse(twin->desired, strlen(twin->desired), NULL);
	else
		patch = json_new_object();
	json_remove(patch, "$metadata");
	json_remove(patch, "$version");
	json_add_number(patch, "$version", (double)twin->desired_version);
	return patch;
}

static void tell_desired(struct presence *presence, const struct twin *twin,
			 const struct json *body, enum twin_change how)
{
	struct json *patch = patch_of(twin, body, how);
	char *text = json_print(patch);

	if (text)
		presence->calls->desired(presence, text, strlen(text),
					 twin->desired_version);
	free(text);
	json_free(patch);
}

void news_tell(struct hub *hub, const char *device, const char *module,
	       const struct json *body, enum twin_change how, int64_t version_before)
{
	const char *which = *module ? module : NULL; /* NULL: its modules too */
	struct presence *presence = presence_find(&hub->presences, device, which);
	struct device now;
	int rc;

	if (!presence)
		return;
	rc = store_get(hub->store, device, module, &now);
	if (rc == 0)
		presence_close(&hub->presences, device, which, "it was deleted");
	else if (rc == 1 && !now.enabled)
		presence_close(&hub->presences, device, which, "it was disabled");
	else if (rc == 1 && now.twin.desired_version != version_before &&
		 (presence = presence_find(&hub->presences, device, module)))
		tell_desired(presence, &now.twin, body, how);
	device_free(&now);
}
