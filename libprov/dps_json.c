/* Enrolments and registrations as JSON ([SERVICE] "Individual Enrollment"). */
#include "dps.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const attest_names[] = { "symmetricKey", "x509", "x509CA", "other" };

const char *prov_attest_name(enum prov_attest attest)
{
	return (size_t)attest < 4 ? attest_names[attest] : NULL;
}

/* -- written ------------------------------------------------------------------------- */

/* As base64; without a key an empty text, which has the service make one. */
static bool add_key(struct doc *to, const char *name, const struct prov_secret *key)
{
	struct prov_secret *text = NULL;
	bool ok = !key || prov_secret_to_base64(key, &text, NULL) == 0;

	ok = ok && doc_add_text(to, name, text ? prov_secret_text(text) : "");
	prov_secret_free(text);
	return ok;
}

/* The document owns it; NULL without memory, as with a parent of NULL. */
static struct doc *add_object(struct doc *parent, const char *name)
{
	struct doc *child = parent ? doc_object() : NULL;

	return child && doc_add(parent, name, child) ? child : NULL;
}

/* "x509": {"clientCertificates": {"primary": {"certificate": "..."}}} */
static bool add_certificate(struct doc *x509, const struct prov_enrollment *e)
{
	struct doc *both;

	if (e->attest == PROV_ATTEST_CA)
		return doc_add_text(add_object(x509, "caReferences"), "primary",
				    e->certificate);
	both = add_object(x509, e->group ? "signingCertificates" : "clientCertificates");
	return doc_add_text(add_object(both, "primary"), "certificate", e->certificate);
}

static bool add_attestation(struct doc *attestation, const struct prov_enrollment *e)
{
	bool keys = e->attest == PROV_ATTEST_KEYS;
	struct doc *how;

	if (!doc_add_text(attestation, "type", keys ? "symmetricKey" : "x509"))
		return false;
	how = add_object(attestation, keys ? "symmetricKey" : "x509");
	return keys ? add_key(how, "primaryKey", e->primary_key) &&
			       add_key(how, "secondaryKey", e->secondary_key)
		    : add_certificate(how, e);
}

int dps_make_enrollment(const struct prov_enrollment *e, struct prov_secret **out,
			struct prov_error *err)
{
	struct doc *doc = doc_object();
	bool ok = doc &&
		  doc_add_text(doc, e->group ? "enrollmentGroupId" : "registrationId",
			       e->id);

	ok = ok && add_attestation(add_object(doc, "attestation"), e) &&
	     doc_add_text(doc, "provisioningStatus",
			  e->disabled ? "disabled" : "enabled");
	if (ok && *e->device_id)
		ok = doc_add_text(doc, "deviceId", e->device_id);
	if (ok && *e->hub)
		ok = doc_add_text(doc, "iotHubHostName", e->hub);
	return doc_finish(doc, ok, out, err);
}

/* -- read ---------------------------------------------------------------------------- */

#define TAKE(to, doc, name) copy_clean(to, sizeof(to), doc_text(doc, name))

void dps_read_registration(const struct doc *doc, struct prov_registration *out)
{
	memset(out, 0, sizeof(*out));
	TAKE(out->id, doc, "registrationId");
	TAKE(out->status, doc, "status");
	TAKE(out->substatus, doc, "substatus");
	TAKE(out->hub, doc, "assignedHub");
	TAKE(out->device_id, doc, "deviceId");
	TAKE(out->error, doc, "errorMessage");
	TAKE(out->updated, doc, "lastUpdatedDateTimeUtc");
	TAKE(out->etag, doc, "etag");
}

int dps_read_registration_text(const char *text, struct prov_registration *out,
			       struct prov_error *err)
{
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, "a registration", &doc, err);

	if (rc < 0)
		return rc;
	dps_read_registration(doc, out);
	doc_free(doc);
	return *out->status ? 0 : json_fail_answer("a registration", err);
}

static enum prov_attest read_attest(const struct doc *attestation)
{
	const char *type = doc_text(attestation, "type");

	if (strcasecmp(type, "symmetricKey") == 0)
		return PROV_ATTEST_KEYS;
	if (strcasecmp(type, "x509") != 0)
		return PROV_ATTEST_OTHER;
	return doc_is_object(doc_get(doc_get(attestation, "x509"), "caReferences"))
		       ? PROV_ATTEST_CA
		       : PROV_ATTEST_X509;
}

static void read_thumbprint(const struct doc *x509, bool group, char *to)
{
	const struct doc *certs =
		doc_get(x509, group ? "signingCertificates" : "clientCertificates");
	const struct doc *info = doc_get(doc_get(certs, "primary"), "info");
	const char *text = doc_text(info, "sha256Thumbprint");
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	if (text[n] == '\0' && n <= PROV_THUMBPRINT_MAX)
		memcpy(to, text, n + 1);
}

/* An enrolment for one hub has a list of one. */
static int read_hub(const struct doc *doc, struct prov_enrollment *e,
		    struct prov_error *err)
{
	const struct doc *first = doc_first(doc_get(doc, "iotHubs"));
	char *line;

	TAKE(e->hub, doc, "iotHubHostName");
	if (*e->hub || !first || doc_next(first))
		return 0;
	line = doc_line(first);
	if (!line)
		return doc_no_memory(err);
	if (*line == '"') {
		copy_clean(e->hub, sizeof(e->hub), line + 1);
		e->hub[strcspn(e->hub, "\"")] = '\0';
	}
	free(line);
	return 0;
}

static int read_enrollment(const struct doc *doc, bool group, struct prov_enrollment *e,
			   struct prov_error *err)
{
	const struct doc *attestation = doc_get(doc, "attestation");

	memset(e, 0, sizeof(*e));
	e->group = group;
	TAKE(e->id, doc, group ? "enrollmentGroupId" : "registrationId");
	if (!*e->id || !attestation)
		return json_fail_answer("an enrolment", err);
	TAKE(e->etag, doc, "etag");
	TAKE(e->device_id, doc, "deviceId");
	TAKE(e->created, doc, "createdDateTimeUtc");
	TAKE(e->updated, doc, "lastUpdatedDateTimeUtc");
	e->disabled = strcasecmp(doc_text(doc, "provisioningStatus"), "disabled") == 0;
	e->attest = read_attest(attestation);
	read_thumbprint(doc_get(attestation, "x509"), group, e->thumbprint);
	dps_read_registration(doc_get(doc, "registrationState"), &e->registration);
	return read_hub(doc, e, err);
}

int dps_read_enrollment(const char *text, bool group, struct prov_enrollment *out,
			struct prov_error *err)
{
	struct prov_enrollment e;
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, "an enrolment", &doc, err);

	if (rc < 0)
		return rc;
	rc = read_enrollment(doc, group, &e, err);
	doc_free(doc);
	if (rc == 0)
		*out = e;
	return rc;
}

static int read_key(const struct doc *keys, const char *name, struct prov_secret **out,
		    struct prov_error *err)
{
	const char *text = doc_text(keys, name);
	int rc = PROV_ERR_FORMAT;

	if (*text)
		rc = prov_secret_from_base64(text, strlen(text), out, err);
	if (rc != PROV_ERR_FORMAT)
		return rc;
	return fail(err, PROV_ERR_SERVICE, "the service shows no %s in base64", name);
}

int dps_read_keys(const char *text, struct prov_secret **primary,
		  struct prov_secret **secondary, struct prov_error *err)
{
	struct prov_secret *first = NULL, *second = NULL;
	const struct doc *keys;
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, "an attestation", &doc, err);

	if (rc < 0)
		return rc;
	keys = doc_get(doc, "symmetricKey");
	if (!doc_is_object(keys))
		rc = fail(err, PROV_ERR_REFUSED, "this enrolment has no symmetric keys");
	if (rc == 0)
		rc = read_key(keys, "primaryKey", &first, err);
	if (rc == 0)
		rc = read_key(keys, "secondaryKey", &second, err);
	doc_free(doc);
	if (rc < 0) {
		prov_secret_free(first);
		prov_secret_free(second);
		return rc;
	}
	*primary = first;
	*secondary = second;
	return 0;
}

/* -- changed ------------------------------------------------------------------------- */

static bool set_key(struct doc *keys, const char *name, const struct prov_secret *key)
{
	struct prov_secret *text = NULL;
	bool changed, ok = prov_secret_to_base64(key, &text, NULL) == 0;

	ok = ok && doc_set_text(keys, name, prov_secret_text(text), &changed);
	prov_secret_free(text);
	return ok;
}

static bool set_keys(struct doc *attestation, const struct prov_secret *primary,
		     const struct prov_secret *secondary)
{
	struct doc *keys = doc_get(attestation, "symmetricKey");

	if (!keys)
		keys = add_object(attestation, "symmetricKey");
	return keys && set_key(keys, "primaryKey", primary) &&
	       set_key(keys, "secondaryKey", secondary);
}

int dps_change_enrollment(const char *text, const struct prov_enrollment_change *change,
			  const struct prov_secret *primary,
			  const struct prov_secret *secondary, struct prov_secret **out,
			  struct prov_error *err)
{
	struct doc *doc = NULL;
	bool changed, ok = true;
	int rc = json_read_answer(text, doc_is_object, "an enrolment", &doc, err);

	if (rc < 0)
		return rc;
	if (change->set_status)
		ok = doc_set_text(doc, "provisioningStatus",
				  change->disabled ? "disabled" : "enabled", &changed);
	if (ok && change->device_id)
		ok = doc_set_text(doc, "deviceId",
				  *change->device_id ? change->device_id : NULL,
				  &changed);
	if (ok && primary && secondary)
		ok = set_keys(doc_get(doc, "attestation"), primary, secondary);
	return doc_finish(doc, ok, out, err);
}
