#include "twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* When, and with which version, a property was changed. */
struct stamp {
	char time[TIME_TEXT];
	int64_t version; /* 0: not told, as for reported properties */
};

static struct json *parse_or_empty(const char *text)
{
	struct json *json = text ? json_parse(text, strlen(text), NULL) : NULL;

	return json ? json : json_new_object();
}

/* -- how it looks -------------------------------------------------------------------- */

static void add_properties(struct json *to, const char *name, const char *text,
			   const char *meta_text, int64_t version)
{
	struct json *properties = parse_or_empty(text);
	struct json *meta = parse_or_empty(meta_text);

	if (!json_get(meta, "$lastUpdated"))
		json_add_text(meta, "$lastUpdated", CLOCK_NEVER);
	json_add(properties, "$metadata", meta);
	json_add_number(properties, "$version", (double)version);
	json_add(to, name, properties);
}

static void add_thumbprints(struct json *to, const struct device *device)
{
	struct json *prints = json_add_object(to, "x509Thumbprint");
	bool shown = device->auth == AUTH_SELF_SIGNED;

	json_add_text(prints, "primaryThumbprint",
		      shown && *device->primary ? device->primary : NULL);
	json_add_text(prints, "secondaryThumbprint",
		      shown && *device->secondary ? device->secondary : NULL);
}

static void add_head(struct json *to, const struct device *device)
{
	char etag[ETAG_TEXT], device_etag_text[ETAG_TEXT], changed[TIME_TEXT];
	char active[TIME_TEXT];

	twin_etag(&device->twin, etag);
	device_etag(device, device_etag_text);
	clock_iso(changed, device->status_ms);
	clock_iso(active, device->active_ms);
	json_add_text(to, "deviceId", device->id);
	if (*device->module)
		json_add_text(to, "moduleId", device->module);
	json_add_text(to, "etag", etag);
	json_add_text(to, "deviceEtag", device_etag_text);
	json_add_text(to, "status", device->enabled ? "enabled" : "disabled");
	if (*device->reason)
		json_add_text(to, "statusReason", device->reason);
	json_add_text(to, "statusUpdateTime", changed);
	json_add_text(to, "connectionState", device_connection(device));
	json_add_text(to, "lastActivityTime", active);
	json_add_number(to, "cloudToDeviceMessageCount", (double)device->c2d_count);
	json_add_text(to, "authenticationType", auth_name(device->auth));
	add_thumbprints(to, device);
	json_add_text(to, "modelId", device->model);
	json_add_number(to, "version", (double)device->twin.version);
}

struct json *twin_json(const struct device *device)
{
	const struct twin *twin = &device->twin;
	struct json *json = json_new_object();
	struct json *properties;

	add_head(json, device);
	json_add(json, "tags", parse_or_empty(twin->tags));
	properties = json_add_object(json, "properties");
	add_properties(properties, "desired", twin->desired, twin->desired_meta,
		       twin->desired_version);
	add_properties(properties, "reported", twin->reported, twin->reported_meta,
		       twin->reported_version);
	if (!*device->module)
		json_add_bool(json_add_object(json, "capabilities"), "iotEdge",
			      device->edge);
	if (*device->scope)
		json_add_text(json, "deviceScope", device->scope);
	return json;
}

static void add_plain(struct json *to, const char *name, const char *text,
		      int64_t version)
{
	struct json *properties = parse_or_empty(text);

	json_add_number(properties, "$version", (double)version);
	json_add(to, name, properties);
}

struct json *twin_for_device(const struct twin *twin)
{
	struct json *json = json_new_object();

	add_plain(json, "desired", twin->desired, twin->desired_version);
	add_plain(json, "reported", twin->reported, twin->reported_version);
	return json;
}

/* -- what may be in it --------------------------------------------------------------- */

static const char *check_key(const char *key)
{
	if (!*key || strlen(key) > 1024)
		return "A key of a twin has 1 to 1024 bytes.";
	for (; *key; key++)
		if ((unsigned char)*key < 0x20 || strchr(".$ ", *key))
			return "A key of a twin has no control characters, '.', '$' or "
			       "blanks.";
	return NULL;
}

static const char *check_value(const struct json *value, int depth)
{
	const double most = 4503599627370495.0;
	const char *wrong = NULL;

	if (json_kind(value) == JSON_STRING && strlen(json_text(value)) > 4096)
		return "A string of a twin has at most 4096 bytes.";
	if (json_kind(value) == JSON_NUMBER &&
	    (json_number(value) > most || json_number(value) < -most - 1) &&
	    json_number(value) == (double)(int64_t)json_number(value))
		return "A whole number of a twin is within +-2^52.";
	if (json_kind(value) != JSON_OBJECT && json_kind(value) != JSON_ARRAY)
		return NULL;
	if (depth > TWIN_DEPTH_MAX)
		return "A twin is at most 10 levels deep.";
	for (const struct json *m = json_first(value); m && !wrong; m = json_next(m)) {
		if (json_kind(value) == JSON_OBJECT)
			wrong = check_key(json_key(m));
		if (!wrong)
			wrong = check_value(m, depth + 1);
	}
	return wrong;
}

/* -- merging ------------------------------------------------------------------------- */

static void put_stamp(struct json *meta, const struct stamp *stamp)
{
	json_put(meta, "$lastUpdated", json_new_text(stamp->time));
	if (stamp->version)
		json_put(meta, "$lastUpdatedVersion",
			 json_new_number((double)stamp->version));
}

/* An object member to merge into; what was there and is no object makes room. */
static struct json *object_in(struct json *parent, const char *key)
{
	struct json *member = json_get(parent, key);

	if (json_kind(member) != JSON_OBJECT) {
		json_put(parent, key, json_new_object());
		member = json_get(parent, key);
	}
	return member;
}

static void merge(struct json *target, struct json *meta, const struct json *patch,
		  const struct stamp *stamp)
{
	put_stamp(meta, stamp);
	for (const struct json *m = json_first(patch); m; m = json_next(m)) {
		const char *key = json_key(m);

		if (json_kind(m) == JSON_NULL) {
			json_remove(target, key);
			json_remove(meta, key);
			continue;
		}
		if (json_kind(m) == JSON_OBJECT) {
			if (json_kind(json_get(target, key)) != JSON_OBJECT)
				json_remove(meta, key);
			merge(object_in(target, key), object_in(meta, key), m, stamp);
			continue;
		}
		json_put(target, key, json_copy(m));
		json_put(meta, key, json_new_object());
		put_stamp(json_get(meta, key), stamp);
	}
}

static void take_text(char **to, char *from)
{
	free(*to);
	*to = from;
}

/*
 * Merges `patch` into the text of a section and its metadata, or makes them anew. What
 * comes out goes to `*text` and `*meta_text` only when all is well.
 */
static const char *change_section(char **text, char **meta_text, const struct json *patch,
				  enum twin_change how, const struct stamp *stamp,
				  size_t most)
{
	bool anew = how == TWIN_REPLACE || json_kind(patch) == JSON_NULL;
	struct json *target = anew ? json_new_object() : parse_or_empty(*text);
	struct json *meta = anew ? json_new_object() : parse_or_empty(*meta_text);
	const char *wrong = check_value(patch, 1);
	char *merged = NULL, *merged_meta = NULL;

	if (!wrong) {
		merge(target, meta, patch, stamp);
		merged = json_print(target);
		merged_meta = json_print(meta);
		if (!merged || !merged_meta)
			wrong = "There is no memory for this twin.";
		else if (strlen(merged) > most)
			wrong = most == TWIN_TAGS_MAX ? "Tags are at most 8 KB."
						      : "Properties are at most 32 KB.";
	}
	if (!wrong) {
		take_text(text, merged);
		take_text(meta_text, merged_meta);
	} else {
		free(merged);
		free(merged_meta);
	}
	json_free(target);
	json_free(meta);
	return wrong;
}

static const char *change_tags(struct twin *twin, const struct json *tags,
			       enum twin_change how, const struct stamp *stamp)
{
	char *unused = NULL;
	const char *wrong =
		change_section(&twin->tags, &unused, tags, how, stamp, TWIN_TAGS_MAX);

	free(unused);
	return wrong;
}

static const char *change_desired(struct twin *twin, const struct json *desired,
				  enum twin_change how, struct stamp *stamp)
{
	struct json *patch = json_copy(desired);
	const char *wrong;

	/* there in every twin that was read, and the hub's own */
	json_remove(patch, "$metadata");
	json_remove(patch, "$version");
	stamp->version = twin->desired_version + 1;
	wrong = change_section(&twin->desired, &twin->desired_meta, patch, how, stamp,
			       TWIN_PROPERTIES_MAX);
	if (!wrong)
		twin->desired_version++;
	json_free(patch);
	return wrong;
}

/* A section: NULL when there is nothing to do with it, `*wrong` set when it is no object.
 */
static const struct json *section(const struct json *body, const char *key,
				  enum twin_change how, const char **wrong)
{
	static const char *const words = "tags, properties and desired are objects.";
	const struct json *json = json_get(body, key);
	enum json_kind kind = json_kind(json);

	if (kind != JSON_NONE && kind != JSON_NULL && kind != JSON_OBJECT)
		*wrong = words;
	return *wrong || (kind == JSON_NONE && how == TWIN_PATCH) ? NULL : json;
}

static const char *apply(struct twin *twin, const struct json *body, enum twin_change how,
			 struct stamp *stamp)
{
	const char *wrong = NULL;
	const struct json *tags = section(body, "tags", how, &wrong);
	const struct json *properties = section(body, "properties", how, &wrong);
	const struct json *desired = section(properties, "desired", how, &wrong);
	struct json *nothing = json_new_object();
	bool replace = how == TWIN_REPLACE;

	if (!wrong && (tags || replace))
		wrong = change_tags(twin, tags ? tags : nothing, how, stamp);
	if (!wrong && (desired || replace))
		wrong = change_desired(twin, desired ? desired : nothing, how, stamp);
	json_free(nothing);
	return wrong;
}

const char *twin_apply(struct twin *twin, const struct json *body, enum twin_change how,
		       int64_t now_ms)
{
	char *tags = twin->tags ? strdup(twin->tags) : NULL;
	struct stamp stamp = { .version = 0 };
	const char *wrong;

	clock_iso(stamp.time, now_ms);
	if (json_kind(body) != JSON_OBJECT)
		wrong = "A twin is a JSON object.";
	else
		wrong = apply(twin, body, how, &stamp);
	if (wrong) {
		/* the tags may have been changed before the properties were refused */
		take_text(&twin->tags, tags);
		return wrong;
	}
	twin->version++;
	free(tags);
	return NULL;
}

bool twin_is_stale(const struct twin *twin, int64_t version)
{
	return version >= 0 && version != twin->reported_version;
}

const char *twin_report(struct twin *twin, const struct json *patch, int64_t now_ms)
{
	struct stamp stamp = { .version = 0 };
	const char *wrong;

	if (json_kind(patch) != JSON_OBJECT)
		return "Reported properties are a JSON object.";
	clock_iso(stamp.time, now_ms);
	wrong = change_section(&twin->reported, &twin->reported_meta, patch, TWIN_PATCH,
			       &stamp, TWIN_PROPERTIES_MAX);
	if (wrong)
		return wrong;
	twin->reported_version++;
	twin->version++;
	return NULL;
}
