/* Messages to devices, and feedback ([C2D]). */
#include "amqp_token.h"
#include "bag.h"
#include "doc.h"
#include "hub.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define C2D_PORT        5671
#define IDLE_MS         60000
#define TOKEN_S         3600
#define STEP_MS         100
#define FEEDBACK_CREDIT 10

struct prov_c2d {
	struct prov_connstr connstr;
	struct prov_c2d_opts opts;
	char *ca_file, *connect_to;
	struct amqp *amqp;
	struct amqp_node *cbs;
	struct amqp_link *sender, *feedback;
	int64_t renew_at;
	bool answered; /* of the token or the message that was sent last */
	int rc;
	struct prov_error problem;
	/* While feedback is taken. */
	prov_each_feedback *each;
	void *ctx;
	bool enough;
};

__attribute__((format(printf, 2, 3))) static void trace(struct prov_c2d *c,
							const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_line(c->opts.trace, c->opts.ctx, fmt, ap);
	va_end(ap);
}

/* -- refusals ---------------------------------------------------------------------------- */

static const struct {
	const char *condition;
	enum prov_err code;
	const char *words, *hint;
} refusals[] = {
	{ "amqp:not-found", PROV_ERR_NOTFOUND, "has no such device",
	  "ids are case-sensitive; stmiot device list shows them" },
	{ "amqp:resource-limit-exceeded", PROV_ERR_QUOTA,
	  "the device has as many messages waiting as it may have (50)",
	  "let the device connect and take them, or drop them: stmiot device purge" },
	{ "amqp:link:message-size-exceeded", PROV_ERR_ARG, "the message is too long",
	  "a device is sent 64 KiB at most, properties included" },
	{ "amqp:unauthorized-access", PROV_ERR_RIGHT,
	  "this policy may not send to devices",
	  "take a policy with ServiceConnect, such as \"service\"" },
	{ "com.microsoft:argument-error", PROV_ERR_REFUSED, "the hub refuses the message",
	  NULL },
};

static int refuse(const struct prov_c2d *c, const struct amqp_fault *fault,
		  struct prov_error *err)
{
	char said[200];
	size_t n = sizeof(refusals) / sizeof(refusals[0]), i = 0;

	while (i < n && strcmp(refusals[i].condition, fault->condition) != 0)
		i++;
	if (i == n)
		return amqp_words(c->connstr.host, fault, err);
	copy_clean(said, sizeof(said), fault->description);
	fail(err, refusals[i].code, "%s: %s%s%s%s", c->connstr.host, refusals[i].words,
	     *said ? " (" : "", said, *said ? ")" : "");
	if (err)
		copy_clean(err->service_code, sizeof(err->service_code),
			   fault->condition);
	return refusals[i].hint ? hint(err, refusals[i].code, "%s", refusals[i].hint)
				: (int)refusals[i].code;
}

/* -- waiting ----------------------------------------------------------------------------- */

static const struct amqp_fault *closed_link(const struct prov_c2d *c)
{
	struct amqp_link *const links[] = { c->sender, c->feedback };

	for (size_t i = 0; i < 2; i++)
		if (links[i] && amqp_link_state(links[i]) == AMQP_CLOSED)
			return amqp_link_fault(links[i]);
	return c->cbs ? amqp_node_fault(c->cbs) : NULL;
}

static int step(struct prov_c2d *c, int wait_ms, struct prov_error *err)
{
	const struct amqp_fault *fault;
	int rc = amqp_step(c->amqp, wait_ms, err);

	if (rc < 0)
		return rc;
	fault = closed_link(c);
	if (fault)
		return refuse(c, fault, err);
	if (c->opts.cancel && *c->opts.cancel)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	return 0;
}

static int await_answer(struct prov_c2d *c, const char *what, struct prov_error *err)
{
	int64_t until = steady_ms() + c->opts.answer_ms;
	int rc = 0;

	while (rc == 0 && !c->answered) {
		rc = step(c, STEP_MS, err);
		if (rc == 0 && !c->answered && steady_ms() >= until)
			return fail(err, PROV_ERR_TIMEOUT, "%s: no answer to %s in %u ms",
				    c->connstr.host, what, c->opts.answer_ms);
	}
	if (c->answered && c->rc < 0) {
		rc = c->rc;
		if (err)
			*err = c->problem;
	}
	return c->answered ? c->rc : rc;
}

static void token_answered(void *ctx, unsigned number, const struct amqp_answer *answer)
{
	struct prov_c2d *c = ctx;

	(void)number;
	c->rc = amqp_token_words(c->connstr.host, answer, &c->problem);
	c->answered = true;
}

static int put_token(struct prov_c2d *c, struct prov_error *err)
{
	const struct prov_sas sas = { c->connstr.host, c->connstr.policy, c->connstr.key,
				      (int64_t)time(NULL) + TOKEN_S };
	int rc;

	if (steady_ms() < c->renew_at)
		return 0;
	trace(c, "put-token for %s", c->connstr.host);
	c->answered = false;
	rc = amqp_put_token(c->cbs, &sas, token_answered, c, err);
	if (rc == 0)
		rc = await_answer(c, "a token", err);
	if (rc == 0)
		c->renew_at = steady_ms() + TOKEN_S * 750;
	return rc;
}

/* -- connecting -------------------------------------------------------------------------- */

static bool copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static int take_opts(struct prov_c2d *c, const struct prov_connstr *connstr,
		     const struct prov_c2d_opts *opts, struct prov_error *err)
{
	c->opts = *opts;
	c->opts.connect_ms = opts->connect_ms ? opts->connect_ms : 10000;
	c->opts.answer_ms = opts->answer_ms ? opts->answer_ms : 30000;
	memcpy(c->connstr.host, connstr->host, sizeof(c->connstr.host));
	memcpy(c->connstr.policy, connstr->policy, sizeof(c->connstr.policy));
	if (!copy(&c->ca_file, opts->ca_file) || !copy(&c->connect_to, opts->connect_to))
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	return prov_secret_copy(connstr->key, &c->connstr.key, err);
}

static int connect_to_hub(struct prov_c2d *c, struct prov_error *err)
{
	const struct amqp_opts opts = {
		.tls = { c->connstr.host, C2D_PORT, c->connect_to, c->ca_file,
			 c->opts.connect_ms, c->opts.cancel },
		.idle_ms = IDLE_MS,
	};
	int rc;

	trace(c, "AMQP to %s:%u%s%s", c->connstr.host, C2D_PORT,
	      c->connect_to ? " at " : "", c->connect_to ? c->connect_to : "");
	rc = amqp_open(&opts, &c->amqp, err);
	if (rc == 0)
		rc = amqp_node_open(c->amqp, "$cbs", &c->cbs, err);
	return rc == 0 ? put_token(c, err) : rc;
}

int prov_c2d_open(const struct prov_connstr *connstr, const struct prov_c2d_opts *opts,
		  struct prov_c2d **out, struct prov_error *err)
{
	static const struct prov_c2d_opts none;
	struct prov_c2d *c;
	int rc;

	if (connstr->kind != PROV_CONNSTR_SERVICE || !connstr->key)
		return hint(err,
			    fail(err, PROV_ERR_ARG,
				 "messages to devices are sent with the key of a policy "
				 "that has ServiceConnect"),
			    "give a connection string of the hub with SharedAccessKey");
	c = calloc(1, sizeof(*c));
	if (!c)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	rc = take_opts(c, connstr, opts ? opts : &none, err);
	if (rc == 0)
		rc = connect_to_hub(c, err);
	if (rc < 0)
		prov_c2d_close(c);
	else
		*out = c;
	return rc;
}

void prov_c2d_close(struct prov_c2d *c)
{
	if (!c)
		return;
	amqp_close(c->amqp);
	amqp_node_free(c->cbs);
	prov_connstr_clear(&c->connstr);
	free(c->ca_file);
	free(c->connect_to);
	free(c);
}

/* -- sending ----------------------------------------------------------------------------- */

static void settled(void *ctx, const struct amqp_fault *refused)
{
	struct prov_c2d *c = ctx;

	c->answered = true;
	c->rc = refused ? refuse(c, refused, &c->problem) : 0;
}

static const char *const acks[] = { NULL, "positive", "negative", "full" };

static int check(const struct prov_c2d_message *m, struct prov_error *err)
{
	const struct prov_telemetry counted = {
		.len = m->len,
		.message_id = m->message_id,
		.correlation_id = m->correlation_id,
		.content_type = m->content_type,
		.content_encoding = m->content_encoding,
		.properties = m->properties,
		.n_properties = m->n_properties,
	};
	size_t total = bag_counted(&counted);

	if (total > PROV_C2D_MAX)
		return fail(err, PROV_ERR_ARG,
			    "the message has %zu bytes, properties included; a device "
			    "is sent %d at most",
			    total, PROV_C2D_MAX);
	if ((size_t)m->ack >= sizeof(acks) / sizeof(acks[0]))
		return fail(err, PROV_ERR_ARG, "there is no such kind of feedback");
	return prov_device_id_check(m->device_id, err);
}

static int send_to(struct prov_c2d *c, const struct prov_c2d_message *m,
		   struct prov_error *err)
{
	char to[PROV_ID_MAX + 40];
	const struct amqp_outgoing out = {
		.to = to,
		.message_id = m->message_id,
		.correlation_id = m->correlation_id,
		.content_type = m->content_type,
		.content_encoding = m->content_encoding,
		.expires_ms = m->expires_unix * 1000,
		.ack = acks[m->ack],
		.properties = m->properties,
		.n_properties = m->n_properties,
		.body = m->body,
		.len = m->len,
	};

	snprintf(to, sizeof(to), "/devices/%s/messages/devicebound", m->device_id);
	return amqp_send(c->sender, &out, err);
}

int prov_c2d_send(struct prov_c2d *c, const struct prov_c2d_message *message,
		  struct prov_error *err)
{
	const struct amqp_link_opts opts = { .name = "devicebound",
					     .address = "/messages/devicebound",
					     .settled = settled,
					     .ctx = c };
	int rc = check(message, err);

	if (rc == 0)
		rc = put_token(c, err);
	if (rc < 0)
		return rc;
	if (!c->sender)
		c->sender = amqp_sender(c->amqp, &opts);
	if (!c->sender)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	c->answered = false;
	rc = send_to(c, message, err);
	return rc == 0 ? await_answer(c, "a message", err) : rc;
}

/* A step, with a token that has not ended. */
static int turn(struct prov_c2d *c, int wait_ms, struct prov_error *err)
{
	int rc = put_token(c, err);

	return rc == 0 ? step(c, wait_ms, err) : rc;
}

int prov_c2d_keep(struct prov_c2d *c, struct prov_error *err)
{
	return turn(c, 0, err);
}

/* -- feedback ---------------------------------------------------------------------------- */

#define TAKE(to, doc, name) copy_clean(to, sizeof(to), doc_text(doc, name))

static void tell(struct prov_c2d *c, const struct doc *record)
{
	struct prov_feedback f;

	TAKE(f.device_id, record, "deviceId");
	TAKE(f.message_id, record, "originalMessageId");
	TAKE(f.status, record, "statusCode");
	TAKE(f.description, record, "description");
	TAKE(f.time, record, "enqueuedTimeUtc");
	if (c->each(c->ctx, &f) != 0)
		c->enough = true;
}

/* A batch: an array of records. */
static void got_feedback(void *ctx, enum amqp_reading reading,
			 const struct amqp_message *m)
{
	const struct doc *record;
	struct prov_c2d *c = ctx;
	struct doc *doc = NULL;
	char *text = NULL;
	size_t at;

	(void)reading;
	if (m && m->body.type == PROV_VALUE_BINARY)
		text = strndup(m->body.bytes.at, m->body.bytes.len);
	if (!text || doc_parse(text, &doc, &at) < 0 || !doc_is_array(doc))
		c->rc = fail(&c->problem, PROV_ERR_SERVICE,
			     "%s: a batch of feedback cannot be read", c->connstr.host);
	else
		for (record = doc_first(doc); record && !c->enough;
		     record = doc_next(record))
			tell(c, record);
	doc_free(doc);
	free(text);
}

int prov_c2d_feedback(struct prov_c2d *c, unsigned timeout_ms, prov_each_feedback *each,
		      void *ctx, struct prov_error *err)
{
	const struct amqp_link_opts opts = { .name = "feedback",
					     .address = "/messages/serviceBound/feedback",
					     .got = got_feedback,
					     .ctx = c };
	int64_t until = steady_ms() + timeout_ms;
	int rc = 0;

	c->each = each;
	c->ctx = ctx;
	c->enough = false;
	c->rc = 0;
	if (!c->feedback) {
		c->feedback = amqp_receiver(c->amqp, &opts);
		if (!c->feedback)
			return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
		amqp_credit(c->feedback, FEEDBACK_CREDIT);
	}
	while (rc == 0 && !c->enough) {
		rc = turn(c, STEP_MS, err);
		if (rc == 0 && c->rc < 0) {
			rc = c->rc;
			if (err)
				*err = c->problem;
		}
		if (rc == 0 && !c->enough && steady_ms() >= until)
			rc = fail(err, PROV_ERR_TIMEOUT, "no feedback in time");
	}
	return rc;
}
