/* What can be wrong with a hub, looked at one after the other. */
#include "hub.h"

#include <stdio.h>
#include <string.h>

struct check {
	struct prov_hub *hub;
	const struct prov_ports *ports;
	char probe[40]; /* a device id that nobody has */
	int answer;     /* of the first request: what it found */
	struct prov_error answer_error;
};

static int send_next(struct flow *f)
{
	return f->started ? f->rc : FLOW_SEND;
}

static int probe(struct check *c, const char *method, const char *folder, const char *id,
		 unsigned needs, struct prov_error *err)
{
	struct flow f = { .next = send_next, .needs = needs };
	int rc;

	flow_target(&f, method, folder, id, "");
	if (strcmp(method, "DELETE") == 0)
		flow_match(&f, NULL);
	rc = hub_do(c->hub, &f, err);
	flow_clear(&f);
	return rc;
}

static int check_name(struct check *c, struct prov_finding *f)
{
	bool proxied = false;
	int rc = http_try_hub(c->hub->pool, &proxied, &f->error);

	snprintf(f->text, sizeof(f->text),
		 proxied ? "%.150s is looked up by the proxy" : "%.150s has an address",
		 http_host(c->hub->pool));
	return rc == PROV_ERR_RESOLVE ? rc : 0;
}

static int check_port(struct check *c, struct prov_finding *f, uint16_t port)
{
	int rc = http_try_port(c->hub->pool, port, &f->error);

	snprintf(f->text, sizeof(f->text), "port %u is open", port);
	return rc;
}

static int check_https(struct check *c, struct prov_finding *f)
{
	bool proxied = false;
	int rc = http_try_hub(c->hub->pool, &proxied, &f->error);

	snprintf(f->text, sizeof(f->text), "port %u is open%s", http_port(c->hub->pool),
		 proxied ? ", by the proxy" : "");
	return rc;
}

static int check_mqtt(struct check *c, struct prov_finding *f)
{
	return check_port(c, f, c->ports && c->ports->mqtt ? c->ports->mqtt : 8883);
}

static int check_amqp(struct check *c, struct prov_finding *f)
{
	return check_port(c, f, c->ports && c->ports->amqp ? c->ports->amqp : 5671);
}

/* The first request of all: any answer means that TLS is well. */
static int check_tls(struct check *c, struct prov_finding *f)
{
	c->answer = probe(c, "GET", "/devices/", c->probe, RIGHT_REGISTRY_READ,
			  &c->answer_error);
	snprintf(f->text, sizeof(f->text), "its certificate is trusted and has its name");
	if (c->answer == 0 || c->answer_error.http_status)
		return 0;
	f->error = c->answer_error;
	return c->answer;
}

static int check_clock(struct check *c, struct prov_finding *f)
{
	const struct prov_stats *s = &c->hub->stats;
	int64_t off = s->skew_s < 0 ? -s->skew_s : s->skew_s;

	snprintf(f->text, sizeof(f->text), "the clocks are %" PRId64 " s apart", off);
	if (!s->has_skew)
		snprintf(f->text, sizeof(f->text), "the hub does not tell its time");
	if (!s->has_skew || off <= CLOCK_SLACK_S)
		return 0;
	fail(&f->error, PROV_ERR_CLOCK,
	     "this machine's clock is %" PRId64 " s %s the hub's", off,
	     s->skew_s < 0 ? "behind" : "ahead of");
	return hint(&f->error, PROV_ERR_CLOCK, "set the clock: timedatectl set-ntp true");
}

/* A right that is lacking does not speak against the key. */
static int check_key(struct check *c, struct prov_finding *f)
{
	snprintf(f->text, sizeof(f->text), "the hub takes it");
	if (c->answer == 0 || c->answer == PROV_ERR_NOTFOUND ||
	    c->answer == PROV_ERR_RIGHT)
		return 0;
	f->error = c->answer_error;
	return c->answer;
}

static int judge_right(int rc, const char *right, struct prov_finding *f)
{
	snprintf(f->text, sizeof(f->text), "has %s", right);
	return rc == PROV_ERR_NOTFOUND ? 0 : rc;
}

static int check_read(struct check *c, struct prov_finding *f)
{
	f->error = c->answer_error;
	return judge_right(c->answer, "RegistryRead", f);
}

static int check_write(struct check *c, struct prov_finding *f)
{
	int rc = probe(c, "DELETE", "/devices/", c->probe, RIGHT_REGISTRY_WRITE,
		       &f->error);

	return judge_right(rc, "RegistryWrite", f);
}

static int check_service(struct check *c, struct prov_finding *f)
{
	int rc = probe(c, "GET", "/twins/", c->probe, RIGHT_SERVICE_CONNECT, &f->error);

	return judge_right(rc, "ServiceConnect", f);
}

#define BIT(check) (1u << (check))
#define REACHED    (BIT(PROV_CHECK_NAME) | BIT(PROV_CHECK_HTTPS))
#define SPOKEN     (REACHED | BIT(PROV_CHECK_TLS))
#define KNOWN      (SPOKEN | BIT(PROV_CHECK_KEY))

/* In the order of the enumeration; `after`: what must be well before. */
static const struct {
	int (*look)(struct check *c, struct prov_finding *f);
	unsigned after;
} checks[] = {
	[PROV_CHECK_NAME] = { check_name, 0 },
	[PROV_CHECK_HTTPS] = { check_https, BIT(PROV_CHECK_NAME) },
	[PROV_CHECK_MQTT] = { check_mqtt, BIT(PROV_CHECK_NAME) },
	[PROV_CHECK_AMQP] = { check_amqp, BIT(PROV_CHECK_NAME) },
	[PROV_CHECK_TLS] = { check_tls, REACHED },
	[PROV_CHECK_CLOCK] = { check_clock, SPOKEN },
	[PROV_CHECK_KEY] = { check_key, SPOKEN },
	[PROV_CHECK_REGISTRY_READ] = { check_read, KNOWN },
	[PROV_CHECK_REGISTRY_WRITE] = { check_write, KNOWN },
	[PROV_CHECK_SERVICE_CONNECT] = { check_service, KNOWN },
};

static int make_probe(struct check *c, struct prov_error *err)
{
	struct prov_secret *random = NULL;
	const uint8_t *b;
	int rc = prov_secret_random(8, &random, err);

	if (rc < 0)
		return rc;
	b = prov_secret_bytes(random, NULL);
	snprintf(c->probe, sizeof(c->probe),
		 "stmiot-probe-%02x%02x%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		 b[4], b[5], b[6], b[7]);
	prov_secret_free(random);
	return 0;
}

int prov_hub_check(struct prov_hub *hub, const struct prov_ports *ports,
		   prov_each_finding *each, void *ctx, struct prov_error *err)
{
	struct check c = { .hub = hub, .ports = ports };
	bool no_retry = hub->opts.no_retry;
	int rc = make_probe(&c, err), first = rc;
	unsigned well = 0;

	hub->opts.no_retry = true;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && rc == 0; i++) {
		struct prov_finding f = { .check = (enum prov_check)i };

		f.skipped = (checks[i].after & well) != checks[i].after;
		f.rc = f.skipped ? 0 : checks[i].look(&c, &f);
		if (f.rc == 0 && !f.skipped)
			well |= BIT(i);
		if (f.rc < 0 && first == 0) {
			first = f.rc;
			if (err)
				*err = f.error;
		}
		if (f.rc == 0)
			memset(&f.error, 0, sizeof(f.error));
		if (f.rc == PROV_ERR_CANCELLED || each(ctx, &f) != 0)
			rc = fail(err, PROV_ERR_CANCELLED, "cancelled");
	}
	hub->opts.no_retry = no_retry;
	return rc ? rc : first;
}
