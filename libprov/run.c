/* Jobs: many at once, and the single calls, which are jobs too. */
#include "crypto.h"
#include "ops.h"

#include <stdlib.h>
#include <string.h>

#define PARALLEL 8

struct run {
	struct prov_hub *hub;
	struct prov_job *jobs;
	size_t n, started;
	prov_job_done *done;
	void *ctx;
	bool no_memory;   /* for the next one */
	struct op *spare; /* of the job that ended last, for the next one */
};

static struct flow *run_more(void *ctx)
{
	struct run *run = ctx;
	struct op *op = run->spare;

	if (run->started == run->n)
		return NULL;
	if (op)
		memset(op, 0, sizeof(*op));
	else
		op = calloc(1, sizeof(*op));
	run->spare = NULL;
	run->no_memory = !op;
	if (!op)
		return NULL;
	op_begin(op, run->hub, &run->jobs[run->started++]);
	return &op->f;
}

static int run_ended(void *ctx, struct flow *f, int rc)
{
	struct run *run = ctx;
	struct op *op = (struct op *)f;
	struct prov_job *job = op->job;
	int stop = 0;

	job->rc = rc;
	if (rc < 0)
		job->error = f->error;
	job->done = rc != PROV_ERR_CANCELLED;
	flow_clear(f);
	free(run->spare);
	run->spare = op;
	if (job->done && run->done)
		stop = run->done(run->ctx, job);
	return stop;
}

int prov_run(struct prov_hub *hub, struct prov_job *jobs, size_t n, unsigned parallel,
	     prov_job_done *done, void *ctx, struct prov_error *err)
{
	struct run run = { hub, jobs, n, 0, done, ctx, false, NULL };
	int rc = hub_run(hub, &(struct flow_source){ run_more, run_ended, &run },
			 parallel ? parallel : PARALLEL, err);

	free(run.spare);
	if (rc == 0 && run.no_memory)
		rc = fail(err, PROV_ERR_NOMEM, "no memory for a request");
	for (size_t i = run.started; i < n; i++) {
		jobs[i].rc = rc ? rc : PROV_ERR_CANCELLED;
		jobs[i].done = jobs[i].existed = false;
		jobs[i].text = NULL;
		memset(&jobs[i].result, 0, sizeof(jobs[i].result));
		fail(&jobs[i].error, jobs[i].rc, "not begun");
	}
	if (rc == 0 && run.started < n)
		rc = fail(err, PROV_ERR_CANCELLED, "ended early");
	return rc;
}

void prov_jobs_clear(struct prov_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		prov_device_clear(&jobs[i].result);
		free(jobs[i].text);
		jobs[i].text = NULL;
	}
}

/* One job; its device or text goes to the caller, or away. */
static int run_one(struct prov_hub *hub, struct prov_job *job, struct prov_device *out,
		   char **text, struct prov_error *err)
{
	int rc = prov_run(hub, job, 1, 1, NULL, NULL, err);

	if (rc == 0 && out) {
		*out = job->result;
		memset(&job->result, 0, sizeof(job->result));
	}
	if (rc == 0 && text) {
		*text = job->text;
		job->text = NULL;
	}
	prov_jobs_clear(job, 1);
	return rc;
}

int prov_device_create(struct prov_hub *hub, const struct prov_device *device,
		       struct prov_device *out, struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_CREATE, .device = device };

	return run_one(hub, &job, out, NULL, err);
}

int prov_device_ensure(struct prov_hub *hub, const struct prov_device *device,
		       struct prov_device *out, bool *existed, struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_ENSURE, .device = device };
	int rc = run_one(hub, &job, out, NULL, err);

	if (rc == 0 && existed)
		*existed = job.existed;
	return rc;
}

int prov_device_get(struct prov_hub *hub, const char *id, struct prov_device *out,
		    struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_GET, .id = id };

	return run_one(hub, &job, out, NULL, err);
}

int prov_device_update(struct prov_hub *hub, const char *id,
		       const struct prov_change *change, struct prov_device *out,
		       struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_UPDATE, .id = id, .change = change };

	return run_one(hub, &job, out, NULL, err);
}

int prov_device_regenerate(struct prov_hub *hub, const char *id, bool secondary,
			   struct prov_device *out, struct prov_error *err)
{
	struct prov_change change = { 0 };
	struct prov_secret *key = NULL;
	int rc = prov_secret_random(CRYPTO_SHA256_BYTES, &key, err);

	if (rc < 0)
		return rc;
	change.primary_key = secondary ? NULL : key;
	change.secondary_key = secondary ? key : NULL;
	rc = prov_device_update(hub, id, &change, out, err);
	prov_secret_free(key);
	return rc;
}

int prov_device_delete(struct prov_hub *hub, const char *id, const char *etag,
		       struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_DELETE, .id = id, .etag = etag };

	return run_one(hub, &job, NULL, NULL, err);
}

int prov_twin_get(struct prov_hub *hub, const char *id, char **json,
		  struct prov_error *err)
{
	struct prov_job job = { .op = PROV_OP_TWIN_GET, .id = id };

	return run_one(hub, &job, NULL, json, err);
}

int prov_twin_patch(struct prov_hub *hub, const char *id, const char *json,
		    const char *etag, char **out, struct prov_error *err)
{
	struct prov_job job = {
		.op = PROV_OP_TWIN_PATCH, .id = id, .json = json, .etag = etag
	};

	return run_one(hub, &job, NULL, out, err);
}

int prov_twin_replace(struct prov_hub *hub, const char *id, const char *json,
		      const char *etag, char **out, struct prov_error *err)
{
	struct prov_job job = {
		.op = PROV_OP_TWIN_REPLACE, .id = id, .json = json, .etag = etag
	};

	return run_one(hub, &job, NULL, out, err);
}
