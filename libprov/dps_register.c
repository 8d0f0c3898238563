/* A device registers with a provisioning service ([DEVICE]). */
#include "dps.h"
#include "json.h"
#include "retry.h"
#include "secret.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS       2000 /* where the service asks for none */
#define STEP_MS       100  /* how often `cancel` is looked at */
#define OPERATION_MAX 200
#define PEM_MAX       4096

struct registering {
	struct prov_dps dps;
	const struct prov_dps_device *device;
	char path[16 + PROV_ID_MAX * 3 + PROV_POLICY_MAX];
	char operation[OPERATION_MAX + 1];
	unsigned wait_ms;
	int64_t deadline_ms;
	struct prov_registration *out;
	struct prov_error *err;
};

/* -- who it is ------------------------------------------------------------------------ */

/* Key and certificates behind one another, as PEM. */
static int make_identity(const struct prov_x509 *x509, struct prov_secret **out,
			 struct prov_error *err)
{
	size_t room = (x509->n_chain + 2) * PEM_MAX, at;
	char *text;
	int rc = secret_make(room, out, err);

	if (rc < 0)
		return rc;
	text = (char *)secret_room(*out);
	rc = prov_x509_key_pem(x509, text, room);
	at = strlen(text);
	if (rc == 0)
		rc = prov_x509_cert_pem(&x509->cert, text + at, room - at);
	for (size_t i = 0; rc == 0 && i < x509->n_chain; i++) {
		at += strlen(text + at);
		rc = prov_x509_cert_pem(&x509->chain[i], text + at, room - at);
	}
	if (rc == 0) {
		secret_trim(*out, strlen(text));
		return 0;
	}
	prov_secret_free(*out);
	*out = NULL;
	return fail(err, PROV_ERR_ARG, "the device's certificate cannot be used");
}

static int open_service(struct registering *r, const struct prov_hub_opts *opts)
{
	const struct prov_dps_device *d = r->device;
	struct prov_connstr cs = { .kind = PROV_CONNSTR_DPS, .policy = "registration" };
	char resource[sizeof(r->path) + 16];
	struct prov_secret *identity = NULL;
	int rc = 0;

	if ((size_t)snprintf(cs.host, sizeof(cs.host), "%s",
			     d->host ? d->host : PROV_DPS_GLOBAL) >= sizeof(cs.host))
		return fail(r->err, PROV_ERR_ARG, "the host's name is too long");
	snprintf(resource, sizeof(resource), "%s/registrations/%s", d->id_scope,
		 d->registration_id);
	if (d->x509)
		rc = make_identity(d->x509, &identity, r->err);
	else
		rc = prov_secret_copy(d->key, &cs.key, r->err);
	if (rc == 0)
		rc = hub_open_other(&cs, resource, identity, opts, &r->dps.hub, r->err);
	prov_secret_free(identity);
	prov_connstr_clear(&cs);
	return rc;
}

static int check_device(const struct prov_dps_device *d, struct prov_error *err)
{
	size_t n = d->id_scope ? strlen(d->id_scope) : 0;

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)d->id_scope[i]))
			n = 0;
	if (n == 0 || n > 64)
		return fail(err, PROV_ERR_ARG,
			    "an id scope has letters and digits, as 0ne00000000");
	if (!d->key == !d->x509)
		return fail(err, PROV_ERR_ARG,
			    "a device registers with a key or with a certificate");
	return prov_registration_id_check(d->registration_id, err);
}

/* -- what the service answers ----------------------------------------------------------- */

static int words_failed(struct registering *r)
{
	const struct prov_registration *is = r->out;

	if (strcmp(is->status, "disabled") == 0) {
		fail(r->err, PROV_ERR_REFUSED, "the enrolment of \"%s\" is disabled",
		     r->device->registration_id);
		return hint(r->err, PROV_ERR_REFUSED, "enable it at the service");
	}
	return fail(r->err, PROV_ERR_SERVICE,
		    "the service could not assign \"%s\" to a hub%s%s",
		    r->device->registration_id, *is->error ? ": " : "", is->error);
}

/* Whether to ask again: 1; 0 is assigned. */
static int judge(struct registering *r, const struct http_call *call)
{
	const struct doc *state;
	struct doc *doc = NULL;
	char status[24];
	int rc = json_read_answer(call->text, doc_is_object, "a registration", &doc,
				  r->err);

	if (rc < 0)
		return rc;
	copy_clean(status, sizeof(status), doc_text(doc, "status"));
	copy_clean(r->operation, sizeof(r->operation), doc_text(doc, "operationId"));
	state = doc_get(doc, "registrationState");
	if (state)
		dps_read_registration(state, r->out);
	if (!*r->out->status)
		copy_clean(r->out->status, sizeof(r->out->status), status);
	doc_free(doc);
	r->wait_ms = WAIT_MS;
	if (*call->retry_after)
		retry_header(call->retry_after, (int64_t)time(NULL), &r->wait_ms);
	if (strcmp(status, "assigned") == 0 && *r->out->hub && *r->out->device_id)
		return 0;
	if (strcmp(status, "failed") == 0 || strcmp(status, "disabled") == 0)
		return words_failed(r);
	if (strcmp(status, "assigning") != 0 && strcmp(status, "unassigned") != 0)
		return json_fail_answer("a registration", r->err);
	return *r->operation ? 1 : json_fail_answer("a registration", r->err);
}

static void reword(struct registering *r, struct prov_error *err)
{
	const struct prov_dps_device *d = r->device;
	const char *by = d->key ? "this key" : "this certificate";

	if (err->code == PROV_ERR_KEY || err->code == PROV_ERR_RIGHT) {
		snprintf(err->msg, sizeof(err->msg),
			 "the service lets in no \"%s\" with %s", d->registration_id, by);
		snprintf(err->hint, sizeof(err->hint),
			 "is it enrolled at id scope %s, by itself or by a group of this "
			 "key or CA?",
			 d->id_scope);
		err->code = PROV_ERR_KEY;
	} else if (err->code == PROV_ERR_NOTFOUND) {
		snprintf(err->msg, sizeof(err->msg),
			 "there is no id scope %s, or nobody enrolled \"%s\" there",
			 d->id_scope, d->registration_id);
		snprintf(err->hint, sizeof(err->hint),
			 "the portal shows the id scope of a provisioning service");
	}
}

/* -- asking ----------------------------------------------------------------------------- */

static int ask(struct registering *r, struct flow *f)
{
	struct prov_error why = { 0 };
	int rc = dps_do(&r->dps, f, DPS_REGISTRATION, r->device->registration_id, &why);

	if (rc < 0) {
		reword(r, &why);
		rc = why.code;
		if (r->err)
			*r->err = why;
	} else {
		rc = judge(r, &f->call);
	}
	flow_clear(f);
	return rc;
}

static int begin(struct registering *r)
{
	struct doc *doc = doc_object();
	struct prov_secret *body = NULL;
	struct flow f = { 0 };
	int rc = doc_finish(
		doc,
		doc && doc_add_text(doc, "registrationId", r->device->registration_id),
		&body, r->err);

	if (rc < 0)
		return rc;
	dps_target(&f, "PUT", r->path, r->device->registration_id, "/register",
		   DPS_DEVICE_API);
	flow_body(&f, body);
	return ask(r, &f);
}

static int poll_once(struct registering *r)
{
	struct flow f = { 0 };
	char folder[sizeof(r->path) + PROV_ID_MAX * 3 + 16];

	snprintf(folder, sizeof(folder), "%s%s/operations/", r->path,
		 r->device->registration_id);
	if (strlen(r->operation) > PROV_ID_MAX)
		return json_fail_answer("a registration", r->err);
	dps_target(&f, "GET", folder, r->operation, "", DPS_DEVICE_API);
	return ask(r, &f);
}

static int pause_ms(struct registering *r)
{
	const volatile int *cancel = r->dps.hub->opts.cancel;
	int64_t until = steady_ms() + r->wait_ms;

	if (until >= r->deadline_ms)
		return fail(r->err, PROV_ERR_TIMEOUT,
			    "the service has not assigned \"%s\" in time",
			    r->device->registration_id);
	while (steady_ms() < until) {
		int64_t left = until - steady_ms();

		if (cancel && *cancel)
			return fail(r->err, PROV_ERR_CANCELLED, "cancelled");
		poll(NULL, 0, (int)(left < STEP_MS ? left : STEP_MS));
	}
	return 0;
}

int prov_dps_register(const struct prov_dps_device *device,
		      const struct prov_hub_opts *opts, struct prov_registration *out,
		      struct prov_error *err)
{
	struct registering r = { .device = device, .out = out, .err = err };
	int rc = check_device(device, err);

	if (rc == 0)
		rc = open_service(&r, opts);
	if (rc < 0)
		return rc;
	memset(out, 0, sizeof(*out));
	snprintf(r.path, sizeof(r.path), "/%s/registrations/", device->id_scope);
	r.deadline_ms = steady_ms() + r.dps.hub->opts.timeout_ms;
	rc = begin(&r);
	while (rc > 0) {
		rc = pause_ms(&r);
		if (rc == 0)
			rc = poll_once(&r);
	}
	prov_hub_close(r.dps.hub);
	return rc;
}
