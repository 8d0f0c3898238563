/* A provisioning service: its enrolments, and what became of those who registered. */
#include "dps.h"

#include "base64.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- the service ----------------------------------------------------------------------- */

int prov_dps_open(const struct prov_connstr *connstr, const struct prov_hub_opts *opts,
		  struct prov_dps **out, struct prov_error *err)
{
	struct prov_dps *dps;
	int rc;

	if (connstr->kind != PROV_CONNSTR_DPS || (!connstr->key && !connstr->token)) {
		fail(err, PROV_ERR_ARG,
		     "this connection string is not of a provisioning service");
		return hint(err, PROV_ERR_ARG,
			    "take the one of a policy: \"Shared access policies\" of the "
			    "service in the portal");
	}
	dps = calloc(1, sizeof(*dps));
	if (!dps)
		return fail(err, PROV_ERR_NOMEM, "no memory for a service");
	rc = hub_open_other(connstr, NULL, NULL, opts, &dps->hub, err);
	if (rc < 0)
		prov_dps_close(dps);
	else
		*out = dps;
	return rc;
}

void prov_dps_close(struct prov_dps *dps)
{
	if (dps)
		prov_hub_close(dps->hub);
	free(dps);
}

const char *prov_dps_host(const struct prov_dps *dps)
{
	return dps->hub->host;
}

void prov_enrollment_clear(struct prov_enrollment *e)
{
	prov_secret_free(e->primary_key);
	prov_secret_free(e->secondary_key);
	free(e->certificate);
	memset(e, 0, sizeof(*e));
}

/* -- requests -------------------------------------------------------------------------- */

void dps_target(struct flow *f, const char *method, const char *folder, const char *id,
		const char *tail, const char *api)
{
	char encoded[PERCENT_BYTES(PROV_ID_MAX)];

	percent_encode(id, encoded);
	snprintf(f->target, sizeof(f->target), "%s%s%s?api-version=%s", folder, encoded,
		 tail, api);
	f->next = flow_single;
	f->call.method = method;
	f->call.target = f->target;
}

/* Of the hubs' refusals those whose words speak of hubs and devices. */
static void reword(const char *host, const char *what, const char *id,
		   struct prov_error *err)
{
	char msg[sizeof(err->msg)];
	const char *next = err->hint;

	snprintf(msg, sizeof(msg), "%s", err->msg);
	switch (err->code) {
	case PROV_ERR_KEY:
		snprintf(msg, sizeof(msg), "%s does not take this key, or its policy",
			 host);
		next = "copy the connection string of provisioningserviceowner from "
		       "\"Shared access policies\" of the provisioning service again";
		break;
	case PROV_ERR_RIGHT:
		snprintf(msg, sizeof(msg), "%s: the policy lacks the right for this",
			 host);
		next = "use the connection string of provisioningserviceowner";
		break;
	case PROV_ERR_NOTFOUND:
		snprintf(msg, sizeof(msg), "%s has no %s \"%s\"", host, what, id);
		next = "";
		break;
	case PROV_ERR_EXISTS:
		snprintf(msg, sizeof(msg), "%s has the %s \"%s\" already", host, what,
			 id);
		break;
	case PROV_ERR_NOHUB:
		snprintf(msg, sizeof(msg),
			 "%s answers as no provisioning service does (HTTP %d)", host,
			 err->http_status);
		next = "check the HostName in the connection string";
		break;
	case PROV_ERR_THROTTLED:
		next = "try again in a minute; a service takes so many operations in one";
		break;
	default:
		return;
	}
	memcpy(err->msg, msg, sizeof(msg));
	memmove(err->hint, next, strlen(next) + 1);
}

int dps_do(struct prov_dps *dps, struct flow *f, enum dps_what what, const char *id,
	   struct prov_error *err)
{
	static const char *const names[] = { "enrolment", "enrolment group",
					     "registration" };
	struct prov_error why = { 0 };
	int rc = hub_do(dps->hub, f, &why);

	if (rc < 0) {
		reword(dps->hub->host, names[what], id, &why);
		if (err)
			*err = why;
	}
	return rc;
}

int dps_check_id(bool group, const char *id, struct prov_error *err)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789-._:");

	if (!group)
		return prov_registration_id_check(id, err);
	if (*id && !id[n] && n <= PROV_ID_MAX)
		return 0;
	return fail(err, PROV_ERR_ARG,
		    "the name of an enrolment group has 1-128 letters, digits and "
		    "\"-._:\"");
}

/* -- enrolments ------------------------------------------------------------------------ */

static const char *folder_of(bool group)
{
	return group ? "/enrollmentGroups/" : "/enrollments/";
}

static void enrollment_target(struct flow *f, const char *method, bool group,
			      const char *id, const char *tail)
{
	dps_target(f, method, folder_of(group), id, tail, DPS_SERVICE_API);
}

static enum dps_what what_of(bool group)
{
	return group ? DPS_GROUP : DPS_ENROLLMENT;
}

/* The flow's answer, to the caller or away. */
static int take(const struct flow *f, bool group, struct prov_enrollment *out,
		struct prov_error *err)
{
	struct prov_enrollment e;
	int rc = dps_read_enrollment(f->call.text, group, &e, err);

	if (rc == 0 && out)
		*out = e;
	return rc;
}

int prov_enrollment_get(struct prov_dps *dps, bool group, const char *id,
			struct prov_enrollment *out, struct prov_error *err)
{
	struct flow f = { 0 };
	int rc = dps_check_id(group, id, err);

	if (rc < 0)
		return rc;
	enrollment_target(&f, "GET", group, id, "");
	rc = dps_do(dps, &f, what_of(group), id, err);
	if (rc == 0)
		rc = take(&f, group, out, err);
	flow_clear(&f);
	return rc;
}

static int check_new(const struct prov_enrollment *e, struct prov_error *err)
{
	struct prov_error inner;

	if (e->attest > PROV_ATTEST_CA ||
	    (e->attest != PROV_ATTEST_KEYS && !e->certificate))
		return fail(err, PROV_ERR_ARG,
			    "an enrolment needs keys, a certificate or a CA's name");
	if (e->group && *e->device_id)
		return fail(err, PROV_ERR_ARG,
			    "an enrolment group has no device id of its own");
	if (*e->device_id && prov_device_id_check(e->device_id, &inner) < 0)
		return fail(err, PROV_ERR_ARG, "%s", inner.msg);
	return dps_check_id(e->group, e->id, err);
}

/* A request of ours without an answer may have made it. */
static int look_for_ours(struct prov_dps *dps, const struct prov_enrollment *want,
			 struct prov_enrollment *out, struct prov_error *err)
{
	struct prov_error first = *err, why;
	struct prov_enrollment is;
	int rc = prov_enrollment_get(dps, want->group, want->id, &is, &why);

	if (rc == 0 && is.attest == want->attest && is.disabled == want->disabled &&
	    strcmp(is.device_id, want->device_id) == 0 && !*is.registration.status) {
		if (out)
			*out = is;
		return 0;
	}
	*err = first;
	return first.code;
}

int prov_enrollment_create(struct prov_dps *dps, const struct prov_enrollment *enrollment,
			   struct prov_enrollment *out, struct prov_error *err)
{
	struct prov_secret *body = NULL;
	struct prov_error why = { 0 };
	struct flow f = { 0 };
	int rc = check_new(enrollment, err);

	if (rc == 0)
		rc = dps_make_enrollment(enrollment, &body, err);
	if (rc < 0)
		return rc;
	enrollment_target(&f, "PUT", enrollment->group, enrollment->id, "");
	flow_body(&f, body);
	rc = dps_do(dps, &f, what_of(enrollment->group), enrollment->id, &why);
	if (rc == 0)
		rc = take(&f, enrollment->group, out, &why);
	else if (rc == PROV_ERR_EXISTS && f.unsure)
		rc = look_for_ours(dps, enrollment, out, &why);
	flow_clear(&f);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

int prov_enrollment_keys(struct prov_dps *dps, bool group, const char *id,
			 struct prov_secret **primary, struct prov_secret **secondary,
			 struct prov_error *err)
{
	struct flow f = { 0 };
	int rc = dps_check_id(group, id, err);

	if (rc < 0)
		return rc;
	enrollment_target(&f, "POST", group, id, "/attestationmechanism");
	rc = dps_do(dps, &f, what_of(group), id, err);
	if (rc == 0)
		rc = dps_read_keys(f.call.text, primary, secondary, err);
	flow_clear(&f);
	return rc;
}

static int changed_meanwhile(const char *id, struct prov_error *err)
{
	fail(err, PROV_ERR_CHANGED, "the enrolment \"%s\" was changed meanwhile", id);
	return hint(err, PROV_ERR_CHANGED, "look at it again, then decide");
}

/* The body that changes what `got` was answered, with the keys that it has. */
static int make_update(struct prov_dps *dps, const struct flow *got, bool group,
		       const char *id, const struct prov_enrollment_change *change,
		       char etag[64], struct prov_secret **body, struct prov_error *err)
{
	const struct prov_secret *first = change->primary_key,
				 *second = change->secondary_key;
	struct prov_secret *primary = NULL, *secondary = NULL;
	struct prov_enrollment is = { 0 };
	int rc = dps_read_enrollment(got->call.text, group, &is, err);

	if (rc == 0 && change->etag && strcmp(change->etag, is.etag) != 0)
		rc = changed_meanwhile(id, err);
	if (rc == 0 && is.attest != PROV_ATTEST_KEYS && (first || second))
		rc = fail(err, PROV_ERR_REFUSED, "this enrolment has no symmetric keys");
	if (rc == 0 && is.attest == PROV_ATTEST_KEYS && !(first && second))
		rc = prov_enrollment_keys(dps, group, id, &primary, &secondary, err);
	if (rc == 0)
		rc = dps_change_enrollment(got->call.text, change,
					   first ? first : primary,
					   second ? second : secondary, body, err);
	memcpy(etag, is.etag, sizeof(is.etag));
	prov_secret_free(primary);
	prov_secret_free(secondary);
	return rc;
}

int prov_enrollment_update(struct prov_dps *dps, bool group, const char *id,
			   const struct prov_enrollment_change *change,
			   struct prov_enrollment *out, struct prov_error *err)
{
	struct prov_secret *body = NULL;
	struct flow got = { 0 }, f = { 0 };
	char etag[64] = "";
	int rc = dps_check_id(group, id, err);

	if (rc < 0)
		return rc;
	enrollment_target(&got, "GET", group, id, "");
	rc = dps_do(dps, &got, what_of(group), id, err);
	if (rc == 0)
		rc = make_update(dps, &got, group, id, change, etag, &body, err);
	flow_clear(&got);
	if (rc < 0)
		return rc;
	enrollment_target(&f, "PUT", group, id, "");
	flow_body(&f, body);
	flow_match(&f, etag);
	rc = dps_do(dps, &f, what_of(group), id, err);
	if (rc == 0)
		rc = take(&f, group, out, err);
	flow_clear(&f);
	return rc;
}

/* What is gone after a request without an answer is as it should be. */
static int delete (struct prov_dps *dps, struct flow *f, enum dps_what what,
		   const char *id, const char *etag, struct prov_error *err)
{
	int rc;

	flow_match(f, etag);
	rc = dps_do(dps, f, what, id, err);
	if (rc == PROV_ERR_NOTFOUND && f->unsure)
		rc = 0;
	flow_clear(f);
	return rc;
}

int prov_enrollment_delete(struct prov_dps *dps, bool group, const char *id,
			   const char *etag, struct prov_error *err)
{
	struct flow f = { 0 };
	int rc = dps_check_id(group, id, err);

	if (rc < 0)
		return rc;
	enrollment_target(&f, "DELETE", group, id, "");
	return delete (dps, &f, what_of(group), id, etag, err);
}

/* -- registrations --------------------------------------------------------------------- */

int prov_registration_get(struct prov_dps *dps, const char *id,
			  struct prov_registration *out, struct prov_error *err)
{
	struct prov_registration r;
	struct flow f = { 0 };
	int rc = prov_registration_id_check(id, err);

	if (rc < 0)
		return rc;
	dps_target(&f, "GET", "/registrations/", id, "", DPS_SERVICE_API);
	rc = dps_do(dps, &f, DPS_REGISTRATION, id, err);
	if (rc == 0)
		rc = dps_read_registration_text(f.call.text, &r, err);
	flow_clear(&f);
	if (rc == 0)
		*out = r;
	return rc;
}

int prov_registration_delete(struct prov_dps *dps, const char *id, struct prov_error *err)
{
	struct flow f = { 0 };
	int rc = prov_registration_id_check(id, err);

	if (rc < 0)
		return rc;
	dps_target(&f, "DELETE", "/registrations/", id, "", DPS_SERVICE_API);
	return delete (dps, &f, DPS_REGISTRATION, id, NULL, err);
}

/* -- lists, page by page --------------------------------------------------------------- */

struct list {
	bool group;
	prov_each_enrollment *enrollment;
	prov_each_registration *registration;
	void *ctx;
	struct prov_error *err;
	int rc; /* of a row that is none */
};

static int list_row(void *ctx, const char *json)
{
	struct list *list = ctx;
	struct prov_registration r;
	struct prov_enrollment e;

	if (list->enrollment) {
		list->rc = dps_read_enrollment(json, list->group, &e, list->err);
		return list->rc < 0 || list->enrollment(list->ctx, &e) != 0;
	}
	list->rc = dps_read_registration_text(json, &r, list->err);
	return list->rc < 0 || list->registration(list->ctx, &r) != 0;
}

static int read_page(struct list *list, const struct flow *f, struct prov_error *err)
{
	int rc = json_read_rows(f->call.text, list_row, list, err);

	if (rc <= 0)
		return rc;
	return list->rc < 0 ? list->rc : fail(err, PROV_ERR_CANCELLED, "ended early");
}

/* `folder` with `id`, which is "" for enrolments: their path has none. */
static int list_pages(struct prov_dps *dps, struct list *list, const char *folder,
		      const char *id, unsigned page, struct prov_error *err)
{
	char *continuation = NULL;
	int rc;

	list->err = err;
	do {
		struct prov_secret *body = NULL;
		struct flow f = { 0 };

		rc = json_make_query("SELECT * FROM enrollments", &body, err);
		if (rc < 0)
			break;
		dps_target(&f, "POST", folder, id, *id ? "/query" : "query",
			   DPS_SERVICE_API);
		flow_body(&f, body);
		f.call.max_items = page;
		f.call.continuation = continuation;
		rc = dps_do(dps, &f, DPS_GROUP, id, err);
		if (rc == 0)
			rc = read_page(list, &f, err);
		free(continuation);
		continuation = f.call.next;
		f.call.next = NULL;
		flow_clear(&f);
	} while (rc == 0 && continuation);
	free(continuation);
	return rc;
}

int prov_enrollment_list(struct prov_dps *dps, bool group, unsigned page,
			 prov_each_enrollment *each, void *ctx, struct prov_error *err)
{
	struct list list = { .group = group, .enrollment = each, .ctx = ctx };

	return list_pages(dps, &list, folder_of(group), "", page, err);
}

int prov_registration_list(struct prov_dps *dps, const char *group, unsigned page,
			   prov_each_registration *each, void *ctx,
			   struct prov_error *err)
{
	struct list list = { .registration = each, .ctx = ctx };
	int rc = dps_check_id(true, group, err);

	return rc < 0 ? rc : list_pages(dps, &list, "/registrations/", group, page, err);
}
