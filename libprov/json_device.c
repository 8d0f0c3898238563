/* A device as JSON: read and changed. */
#include "doc.h"
#include "error.h"
#include "json.h"

#include <string.h>
#include <strings.h>

static const char *const auth_names[] = { "sas", "selfSigned", "certificateAuthority",
					  "none" };

const char *prov_auth_name(enum prov_auth auth)
{
	return (size_t)auth < 4 ? auth_names[auth] : NULL;
}

int prov_auth_from_name(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcasecmp(name, auth_names[i]) == 0)
			return i;
	return -1;
}

static int read_key(const struct doc *keys, const char *name, struct prov_secret **out,
		    struct prov_error *err)
{
	const char *text = doc_text(keys, name);
	struct prov_error inner = { 0 };
	int rc;

	if (!*text)
		return 0;
	rc = prov_secret_from_base64(text, strlen(text), out, &inner);
	if (rc == PROV_ERR_FORMAT)
		return fail(err, PROV_ERR_SERVICE,
			    "the hub shows a %s that is not base64", name);
	if (rc < 0 && err)
		*err = inner;
	return rc;
}

/* Hex digits or nothing; anything else would be a hub's mistake. */
static void read_thumbprint(const struct doc *prints, const char *name, char *to)
{
	const char *text = doc_text(prints, name);
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	if (text[n] == '\0' && n <= PROV_THUMBPRINT_MAX)
		memcpy(to, text, n + 1);
}

/* The registry has an object, rows of a query a name beside the thumbprints. */
static int read_auth(const struct doc *doc, struct prov_device *d, struct prov_error *err)
{
	const struct doc *auth = doc_get(doc, "authentication");
	const struct doc *prints = doc_get(auth ? auth : doc, "x509Thumbprint");
	const struct doc *keys = doc_get(auth, "symmetricKey");
	int kind = prov_auth_from_name(auth ? doc_text(auth, "type")
					    : doc_text(doc, "authenticationType"));
	int rc;

	d->auth = kind < 0 ? PROV_AUTH_NONE : (enum prov_auth)kind;
	read_thumbprint(prints, "primaryThumbprint", d->primary_thumbprint);
	read_thumbprint(prints, "secondaryThumbprint", d->secondary_thumbprint);
	rc = read_key(keys, "primaryKey", &d->primary_key, err);
	return rc < 0 ? rc : read_key(keys, "secondaryKey", &d->secondary_key, err);
}

static void read_texts(const struct doc *doc, struct prov_device *d)
{
	const char *time = doc_text(doc, "statusUpdatedTime");

	copy_clean(d->etag, sizeof(d->etag), doc_text(doc, "etag"));
	copy_clean(d->generation_id, sizeof(d->generation_id),
		   doc_text(doc, "generationId"));
	copy_clean(d->status_reason, sizeof(d->status_reason),
		   doc_text(doc, "statusReason"));
	copy_clean(d->connection_time, sizeof(d->connection_time),
		   doc_text(doc, "connectionStateUpdatedTime"));
	copy_clean(d->status_time, sizeof(d->status_time),
		   *time ? time : doc_text(doc, "statusUpdateTime"));
	copy_clean(d->activity_time, sizeof(d->activity_time),
		   doc_text(doc, "lastActivityTime"));
}

static int read_device(const struct doc *doc, struct prov_device *d,
		       struct prov_error *err)
{
	const char *id = doc_text(doc, "deviceId");

	if (prov_device_id_check(id, NULL) < 0)
		return json_fail_answer("a device", err);
	memcpy(d->id, id, strlen(id) + 1);
	read_texts(doc, d);
	d->disabled = strcasecmp(doc_text(doc, "status"), "disabled") == 0;
	d->connected = strcasecmp(doc_text(doc, "connectionState"), "Connected") == 0;
	d->c2d_pending = doc_count(doc_get(doc, "cloudToDeviceMessageCount"));
	d->edge = doc_is_true(doc_get(doc_get(doc, "capabilities"), "iotEdge"));
	return read_auth(doc, d, err);
}

int json_read_device(const char *text, struct prov_device *out, struct prov_error *err)
{
	struct prov_device d = { 0 };
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, "a device", &doc, err);

	if (rc < 0)
		return rc;
	rc = read_device(doc, &d, err);
	doc_free(doc);
	if (rc < 0)
		prov_device_clear(&d);
	else
		*out = d;
	return rc;
}

/* -- changing one ------------------------------------------------------------------ */

static bool set_key(struct doc *keys, const char *name, const struct prov_secret *key,
		    bool *changed)
{
	struct prov_secret *text = NULL;
	bool ok;

	if (!key)
		return true;
	if (prov_secret_to_base64(key, &text, NULL) < 0)
		return false;
	ok = doc_set_text(keys, name, prov_secret_text(text), changed);
	prov_secret_free(text);
	return ok;
}

/* "" removes it. */
static bool set_thumbprint(struct doc *prints, const char *name, const char *value,
			   bool *changed)
{
	if (!value || (!*value && !*doc_text(prints, name)))
		return true;
	return doc_set_text(prints, name, *value ? value : NULL, changed);
}

static int change_status(struct doc *doc, const struct prov_change *c, bool *changed,
			 struct prov_error *err)
{
	if (c->set_status &&
	    !doc_set_text(doc, "status", c->disabled ? "disabled" : "enabled", changed))
		return doc_no_memory(err);
	if (c->status_reason &&
	    !doc_set_text(doc, "statusReason", c->status_reason, changed))
		return doc_no_memory(err);
	return 0;
}

static int change_auth(struct doc *doc, const struct prov_change *c, bool *changed,
		       struct prov_error *err)
{
	struct doc *auth = doc_get(doc, "authentication");
	struct doc *keys = doc_get(auth, "symmetricKey"),
		   *prints = doc_get(auth, "x509Thumbprint");
	int kind = prov_auth_from_name(doc_text(auth, "type"));

	if (c->primary_key || c->secondary_key) {
		if (kind != PROV_AUTH_SAS || !doc_is_object(keys))
			return fail(err, PROV_ERR_REFUSED,
				    "this device does not authenticate with keys");
		if (!set_key(keys, "primaryKey", c->primary_key, changed) ||
		    !set_key(keys, "secondaryKey", c->secondary_key, changed))
			return doc_no_memory(err);
	}
	if (c->primary_thumbprint || c->secondary_thumbprint) {
		if (kind != PROV_AUTH_SELFSIGNED || !doc_is_object(prints))
			return fail(err, PROV_ERR_REFUSED,
				    "this device does not authenticate with thumbprints");
		if (!set_thumbprint(prints, "primaryThumbprint", c->primary_thumbprint,
				    changed) ||
		    !set_thumbprint(prints, "secondaryThumbprint",
				    c->secondary_thumbprint, changed))
			return doc_no_memory(err);
	}
	return 0;
}

/* An update without keys would make the service lose the ones it has. */
static int check_keys(const struct doc *doc, struct prov_error *err)
{
	const struct doc *auth = doc_get(doc, "authentication"),
			 *keys = doc_get(auth, "symmetricKey");

	if (prov_auth_from_name(doc_text(auth, "type")) != PROV_AUTH_SAS)
		return 0;
	if (*doc_text(keys, "primaryKey") && *doc_text(keys, "secondaryKey"))
		return 0;
	fail(err, PROV_ERR_RIGHT, "the hub does not show this device's keys");
	return hint(err, PROV_ERR_RIGHT,
		    "an update without them would lose them: use a policy with "
		    "RegistryRead and RegistryWrite");
}

int json_change_device(const char *text, const struct prov_change *change, bool *same,
		       struct prov_secret **out, struct prov_error *err)
{
	struct doc *doc = NULL;
	bool changed = false;
	int rc = json_read_answer(text, doc_is_object, "a device", &doc, err);

	if (rc < 0)
		return rc;
	rc = change_status(doc, change, &changed, err);
	if (rc == 0)
		rc = change_auth(doc, change, &changed, err);
	*same = !changed;
	if (rc == 0 && changed)
		rc = check_keys(doc, err);
	if (rc == 0 && changed)
		rc = doc_print(doc, out, err);
	doc_free(doc);
	return rc;
}
