#include "ops.h"

#include "body.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum phase { START, CHANGE, LOOK };

#define ROUNDS_MAX 5 /* of fetching again what somebody else changed */

static struct op *op_of(struct flow *f)
{
	return (struct op *)f; /* its first member */
}

static void send_get(struct flow *f, const char *id)
{
	f->needs = RIGHT_REGISTRY_READ;
	flow_target(f, "GET", "/devices/", id, "");
}

static int read_result(struct flow *f)
{
	struct prov_job *job = op_of(f)->job;

	prov_device_clear(&job->result);
	return json_read_device(f->call.text, &job->result, &f->error);
}

/* -- create, ensure
 * ----------------------------------------------------------------------- */

static int send_create(struct flow *f)
{
	const struct prov_device *device = op_of(f)->job->device;
	struct prov_secret *body = NULL;
	int rc = body_device(device, &body, &f->error);

	if (rc < 0)
		return rc;
	f->needs = RIGHT_REGISTRY_WRITE;
	flow_target(f, "PUT", "/devices/", device->id, "");
	flow_body(f, body);
	op_of(f)->phase = CHANGE;
	return FLOW_SEND;
}

static bool is_never(const char *time)
{
	return !*time || strncmp(time, "0001-", 5) == 0;
}

/*
 * Is the device that is there now the one that an unanswered request of ours made? It has
 * the keys that we sent, or, when the service was to make them, has never been used.
 */
static bool is_ours(const struct op *op)
{
	const struct prov_device *want = op->job->device, *is = &op->job->result;

	if (!op->unsure || is->auth != want->auth || is->connected)
		return false;
	if (want->primary_key && !prov_secret_equal(want->primary_key, is->primary_key))
		return false;
	if (want->auth == PROV_AUTH_SELFSIGNED &&
	    strcasecmp(want->primary_thumbprint, is->primary_thumbprint) != 0)
		return false;
	return is_never(is->activity_time) && is_never(is->connection_time);
}

static int judge_found(struct op *op)
{
	const struct prov_device *want = op->job->device, *is = &op->job->result;
	struct prov_error *err = &op->f.error;

	if (is_ours(op))
		return 0;
	if (op->job->op == PROV_OP_CREATE) {
		prov_device_clear(&op->job->result);
		return fail(err, PROV_ERR_EXISTS, "%s has a device \"%s\" already",
			    op->f.hub->host, want->id);
	}
	op->job->existed = true;
	if (is->auth == want->auth)
		return 0;
	fail(err, PROV_ERR_REFUSED,
	     "the device \"%s\" is there already, with authentication %s", want->id,
	     prov_auth_name(is->auth));
	return hint(err, PROV_ERR_REFUSED,
		    "ask for that kind, or delete the device first if nobody uses it");
}

static int create_answered(struct flow *f)
{
	struct op *op = op_of(f);

	if (f->rc == 0)
		return read_result(f);
	op->unsure = f->unsure;
	op->first = f->error;
	if (!f->unsure && !(f->rc == PROV_ERR_EXISTS && op->job->op == PROV_OP_ENSURE))
		return f->rc;
	if (f->rc != PROV_ERR_EXISTS && f->rc != PROV_ERR_TIMEOUT &&
	    f->rc != PROV_ERR_GONE && f->rc != PROV_ERR_SERVICE &&
	    f->rc != PROV_ERR_CONNECT && f->rc != PROV_ERR_THROTTLED)
		return f->rc;
	send_get(f, op->job->device->id);
	op->phase = LOOK;
	return FLOW_SEND;
}

static int create_next(struct flow *f)
{
	struct op *op = op_of(f);
	int rc;

	if (op->phase == START)
		return send_create(f);
	if (op->phase == CHANGE)
		return create_answered(f);
	/* It is not there, or cannot be seen: what went wrong at first is the answer. */
	if (f->rc == PROV_ERR_NOTFOUND || f->rc == PROV_ERR_TIMEOUT ||
	    f->rc == PROV_ERR_GONE) {
		f->error = op->first;
		return op->first.code;
	}
	if (f->rc < 0)
		return f->rc;
	rc = read_result(f);
	return rc < 0 ? rc : judge_found(op);
}

/* -- get, update, delete
 * ------------------------------------------------------------------- */

static int get_next(struct flow *f)
{
	if (!f->started) {
		send_get(f, op_of(f)->job->id);
		return FLOW_SEND;
	}
	return f->rc < 0 ? f->rc : read_result(f);
}

/* What was fetched is in the answer: change it, or see that it is as it should be. */
static int send_update(struct op *op)
{
	const struct prov_change *change = op->job->change;
	struct prov_device *is = &op->job->result;
	struct prov_secret *body = NULL;
	struct flow *f = &op->f;
	bool same = false, other;
	int rc = read_result(f);

	if (rc < 0)
		return rc;
	other = change->etag && strcmp(change->etag, is->etag) != 0;
	rc = json_change_device(f->call.text, change, &same, &body, &f->error);
	if (rc == 0 && same && (!other || op->unsure))
		return 0;
	if (rc == 0 && other) {
		prov_secret_free(body);
		fail(&f->error, PROV_ERR_CHANGED,
		     "the device \"%s\" was changed meanwhile", op->job->id);
		return hint(&f->error, PROV_ERR_CHANGED, "look at it again, then decide");
	}
	if (rc < 0)
		return rc;
	f->needs = RIGHT_REGISTRY_WRITE;
	flow_target(f, "PUT", "/devices/", op->job->id, "");
	flow_body(f, body);
	flow_match(f, is->etag);
	op->phase = CHANGE;
	return FLOW_SEND;
}

static int update_next(struct flow *f)
{
	struct op *op = op_of(f);

	if (op->phase == LOOK)
		return f->rc < 0 ? f->rc : send_update(op);
	if (op->phase == CHANGE) {
		if (f->rc == 0)
			return read_result(f);
		op->unsure |= f->unsure;
		if ((f->rc != PROV_ERR_CHANGED && !f->unsure) ||
		    ++op->rounds > ROUNDS_MAX)
			return f->rc;
	}
	send_get(f, op->job->id);
	op->phase = LOOK;
	return FLOW_SEND;
}

static int delete_next(struct flow *f)
{
	const struct prov_job *job = op_of(f)->job;

	if (f->started)
		return f->rc == PROV_ERR_NOTFOUND && f->unsure ? 0 : f->rc;
	f->needs = RIGHT_REGISTRY_WRITE;
	flow_target(f, "DELETE", "/devices/", job->id, "");
	flow_match(f, job->etag);
	return FLOW_SEND;
}

/* -- twins
 * ---------------------------------------------------------------------------------- */

/* A copy that is the caller's; the answer is wiped. */
static int take_text(struct flow *f)
{
	struct prov_job *job = op_of(f)->job;
	int rc = json_check_twin(f->call.text, &f->error);

	if (rc < 0)
		return rc;
	job->text = strdup(f->call.text);
	return job->text ? 0 : fail(&f->error, PROV_ERR_NOMEM, "no memory for a twin");
}

static int send_twin_get(struct flow *f)
{
	f->needs = RIGHT_SERVICE_CONNECT;
	flow_target(f, "GET", "/twins/", op_of(f)->job->id, "");
	return FLOW_SEND;
}

static int twin_get_next(struct flow *f)
{
	if (!f->started)
		return send_twin_get(f);
	return f->rc < 0 ? f->rc : take_text(f);
}

static int send_twin_change(struct flow *f)
{
	const struct prov_job *job = op_of(f)->job;
	struct prov_secret *body = NULL;
	int rc = json_check_object(job->json, &f->error);

	if (rc == 0)
		rc = prov_secret_new(job->json, strlen(job->json), &body, &f->error);
	if (rc < 0)
		return rc;
	f->needs = RIGHT_SERVICE_CONNECT;
	flow_target(f, job->op == PROV_OP_TWIN_PATCH ? "PATCH" : "PUT", "/twins/",
		    job->id, "");
	flow_body(f, body);
	flow_match(f, job->etag);
	op_of(f)->phase = CHANGE;
	return FLOW_SEND;
}

/* The ETag may have been used up by our own request, whose answer was lost. */
static int judge_twin(struct op *op)
{
	const struct prov_job *job = op->job;
	struct flow *f = &op->f;
	int held = f->rc;

	if (held == 0)
		held = json_twin_holds(f->call.text, job->json,
				       job->op == PROV_OP_TWIN_REPLACE, &f->error);
	if (held > 0)
		return take_text(f);
	if (held == PROV_ERR_NOMEM)
		return held;
	if (held < 0)
		snprintf(op->first.msg, sizeof(op->first.msg),
			 "it was changed meanwhile, perhaps by this request, whose "
			 "answer was lost");
	f->error = op->first;
	return PROV_ERR_CHANGED;
}

static int twin_change_next(struct flow *f)
{
	struct op *op = op_of(f);

	if (op->phase == START)
		return send_twin_change(f);
	if (op->phase == LOOK)
		return judge_twin(op);
	if (f->rc == 0)
		return take_text(f);
	if (f->rc != PROV_ERR_CHANGED || !f->unsure)
		return f->rc;
	op->first = f->error;
	op->phase = LOOK;
	return send_twin_get(f);
}

/* -- all of them
 * ----------------------------------------------------------------------------- */

static int (*const nexts[])(struct flow *f) = {
	[PROV_OP_CREATE] = create_next,
	[PROV_OP_ENSURE] = create_next,
	[PROV_OP_GET] = get_next,
	[PROV_OP_UPDATE] = update_next,
	[PROV_OP_DELETE] = delete_next,
	[PROV_OP_TWIN_GET] = twin_get_next,
	[PROV_OP_TWIN_PATCH] = twin_change_next,
	[PROV_OP_TWIN_REPLACE] = twin_change_next,
};

/* What the job lacks is told by the flow's first step. */
static int refuse_next(struct flow *f)
{
	return f->error.code;
}

static int check_job(const struct prov_job *job, struct prov_error *err)
{
	bool makes = job->op == PROV_OP_CREATE || job->op == PROV_OP_ENSURE;
	const char *id = makes ? (job->device ? job->device->id : "") : job->id;

	if ((size_t)job->op >= sizeof(nexts) / sizeof(nexts[0]))
		return fail(err, PROV_ERR_ARG, "no such operation");
	if ((job->op == PROV_OP_UPDATE && !job->change) ||
	    ((job->op == PROV_OP_TWIN_PATCH || job->op == PROV_OP_TWIN_REPLACE) &&
	     !job->json))
		return fail(err, PROV_ERR_ARG,
			    "an operation without what it is to change");
	if (makes && job->device && job->device->auth == PROV_AUTH_SELFSIGNED &&
	    !job->device->primary_thumbprint[0])
		return fail(err, PROV_ERR_ARG, "a self-signed device needs a thumbprint");
	return prov_device_id_check(id ? id : "", err);
}

void op_begin(struct op *op, struct prov_hub *hub, struct prov_job *job)
{
	op->job = job;
	op->f.hub = hub;
	op->f.next = check_job(job, &op->f.error) < 0 ? refuse_next : nexts[job->op];
	job->rc = 0;
	job->done = job->existed = false;
	job->text = NULL;
	memset(&job->result, 0, sizeof(job->result));
	memset(&job->error, 0, sizeof(job->error));
}
