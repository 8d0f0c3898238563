/* The twin of a device: shown, and changed. */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W device_wishes

/* -- a patch of the options --desired and --tag ------------------------------------- */

/* A tag without a value is one less. */
static bool add_tags(struct json *tags)
{
	size_t i;

	for (i = 0; i < W.tags.n; i++) {
		const char *equals = strchr(W.tags.items[i], '=');
		char key[512];

		if (!equals || equals == W.tags.items[i] ||
		    (size_t)(equals - W.tags.items[i]) >= sizeof(key)) {
			usage_error("--tag %s: not KEY=VALUE", clean(W.tags.items[i]));
			return false;
		}
		snprintf(key, sizeof(key), "%.*s", (int)(equals - W.tags.items[i]),
			 W.tags.items[i]);
		json_add_text(tags, key, equals[1] ? equals + 1 : NULL);
	}
	return true;
}

/* One JSON object, which is then sent as it came: numbers stay as they are. */
static char *take_desired(void)
{
	const char *source;
	char *text = device_take_json(W.desired, true, &source);
	struct json *json = text ? json_parse(text, strlen(text)) : NULL;
	bool good = json && text[strspn(text, " \t\r\n")] == '{';

	if (text && !good)
		complain("%s: not one JSON object", clean(source));
	json_free(json);
	if (good)
		return text;
	free(text);
	return NULL;
}

/* {"tags":{...},"properties":{"desired":...}}; NULL after saying why. */
static char *make_patch(int *status)
{
	static const char form[] = "{\"tags\":%s,\"properties\":{\"desired\":%s}}";
	char *tags = NULL, *desired = NULL, *text = NULL;
	struct json *json = json_object();
	size_t bytes;

	*status = EXIT_USAGE;
	if (!add_tags(json))
		goto out;
	*status = EXIT_BAD_DATA;
	if (W.desired && !(desired = take_desired()))
		goto out;
	*status = EXIT_FAILED;
	tags = json_line(json);
	bytes = sizeof(form) + (tags ? strlen(tags) : 0) +
		(desired ? strlen(desired) : 2);
	text = tags ? malloc(bytes) : NULL;
	if (text)
		snprintf(text, bytes, form, tags, desired ? desired : "{}");
	else
		complain("no memory for a twin");
out:
	json_free(json);
	free(desired);
	free(tags);
	return text;
}

/* -- the verb ----------------------------------------------------------------------- */

static int change_twin(struct prov_hub *hub, const char *id)
{
	const char *word = W.patch ? W.patch : W.replace, *source = "device twin";
	char *text, *twin = NULL;
	struct prov_error err;
	int rc, status = EXIT_FAILED;

	text = word ? device_take_json(word, true, &source) : make_patch(&status);
	if (!text)
		return status;
	rc = W.replace ? prov_twin_replace(hub, id, text, NULL, &twin, &err)
		       : prov_twin_patch(hub, id, text, NULL, &twin, &err);
	status = rc < 0 ? device_report_json("device twin", source, &err)
			: json_print_text(twin);
	free(twin);
	free(text);
	return status;
}

static int check_options(void)
{
	bool makes = W.desired || W.tags.n > 0;

	if (!!W.patch + !!W.replace + makes + W.watch > 1)
		return usage_error("device twin: one of --patch, --replace, --watch, or "
				   "--desired and --tag");
	if (!W.watch && (W.interval || W.count_given || W.timeout))
		return usage_error("device twin: --interval, --count and --timeout go "
				   "with --watch");
	if (W.count_given && W.count == 0)
		return usage_error("--count 0: from 1 on");
	return EXIT_DONE;
}

int device_twin(struct prov_hub *hub, int argc, char **argv)
{
	int status = check_options();
	struct prov_error err;
	char *twin = NULL;

	(void)argc;
	if (status != EXIT_DONE)
		return status;
	if (W.watch)
		return device_watch(hub, argv[0]);
	if (W.patch || W.replace || W.desired || W.tags.n > 0)
		return change_twin(hub, argv[0]);
	if (prov_twin_get(hub, argv[0], &twin, &err) < 0)
		return report_prov("device twin", &err);
	status = json_print_text(twin);
	free(twin);
	return status;
}
