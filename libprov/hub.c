#include "hub.h"

#include "secret.h"
#include "token.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_S (60 * 60)

void hub_trace(struct prov_hub *hub, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_line(hub->opts.trace, hub->opts.ctx, fmt, ap);
	va_end(ap);
}

static int check_opts(const struct prov_connstr *cs, const struct prov_hub_opts *opts,
		      struct prov_error *err)
{
	if (cs->kind != PROV_CONNSTR_SERVICE)
		return hint(
			err,
			fail(err, PROV_ERR_ARG, "this connection string is not of a hub"),
			"take the one of a policy: \"Shared access policies\" in the "
			"portal, "
			"with HostName, SharedAccessKeyName and SharedAccessKey");
	if (!cs->host[0])
		return fail(err, PROV_ERR_ARG, "a hub needs a host name");
	if (!cs->key && !cs->token && !opts->token_command)
		return fail(err, PROV_ERR_ARG,
			    "a hub needs a key, a token or a command for one");
	return 0;
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
	return value ? value : otherwise;
}

static void take_opts(struct prov_hub *hub, const struct prov_hub_opts *opts)
{
	hub->opts = *opts;
	hub->opts.ca_file = hub->opts.connect_to = NULL;
	hub->opts.token_command = hub->opts.user_agent = NULL;
	hub->opts.timeout_ms = or_default(opts->timeout_ms, 60000);
	hub->opts.connect_ms = or_default(opts->connect_ms, 10000);
	hub->opts.request_ms = or_default(opts->request_ms, 30000);
	hub->opts.backoff_ms = or_default(opts->backoff_ms, 1000);
	hub->opts.backoff_max_ms = or_default(opts->backoff_max_ms, 30000);
}

static int take_secrets(struct prov_hub *hub, const struct prov_connstr *cs,
			const struct prov_hub_opts *opts, struct prov_error *err)
{
	int rc = 0;

	memcpy(hub->host, cs->host, sizeof(hub->host));
	memcpy(hub->policy, cs->policy, sizeof(hub->policy));
	if (opts->token_command) {
		hub->token_command = strdup(opts->token_command);
		return hub->token_command
			       ? 0
			       : fail(err, PROV_ERR_NOMEM, "no memory for a hub");
	}
	if (cs->key)
		rc = prov_secret_copy(cs->key, &hub->key, err);
	else if (cs->token)
		rc = prov_secret_copy(cs->token, &hub->fixed_token, err);
	return rc;
}

static int open_hub(const struct prov_connstr *connstr,
		    const struct prov_secret *identity, const struct prov_hub_opts *opts,
		    struct prov_hub **out, struct prov_error *err)
{
	char agent[120];
	struct prov_hub *hub;
	int rc;

	hub = calloc(1, sizeof(*hub));
	if (!hub)
		return fail(err, PROV_ERR_NOMEM, "no memory for a hub");
	take_opts(hub, opts);
	snprintf(agent, sizeof(agent), "%.60s%slibprov/%s",
		 opts->user_agent ? opts->user_agent : "", opts->user_agent ? " " : "",
		 prov_version());
	rc = take_secrets(hub, connstr, opts, err);
	if (rc == 0)
		rc = http_open(&(struct http_opts){ hub->host, connstr->port,
						    opts->ca_file, opts->connect_to,
						    agent, hub->opts.connect_ms,
						    identity },
			       &hub->pool, err);
	if (rc < 0) {
		prov_hub_close(hub);
		return rc;
	}
	*out = hub;
	return 0;
}

static const struct prov_hub_opts no_opts;

int prov_hub_open(const struct prov_connstr *connstr, const struct prov_hub_opts *opts,
		  struct prov_hub **out, struct prov_error *err)
{
	int rc;

	opts = opts ? opts : &no_opts;
	rc = check_opts(connstr, opts, err);
	return rc < 0 ? rc : open_hub(connstr, NULL, opts, out, err);
}

int hub_open_other(const struct prov_connstr *connstr, const char *resource,
		   const struct prov_secret *identity, const struct prov_hub_opts *opts,
		   struct prov_hub **out, struct prov_error *err)
{
	struct prov_hub *hub = NULL;
	int rc = open_hub(connstr, identity, opts ? opts : &no_opts, &hub, err);

	if (rc < 0)
		return rc;
	hub->other = true;
	hub->resource = resource ? strdup(resource) : NULL;
	if (resource && !hub->resource) {
		prov_hub_close(hub);
		return fail(err, PROV_ERR_NOMEM, "no memory for a service");
	}
	*out = hub;
	return 0;
}

void prov_hub_close(struct prov_hub *hub)
{
	if (!hub)
		return;
	http_close(hub->pool);
	prov_secret_free(hub->key);
	prov_secret_free(hub->fixed_token);
	prov_secret_free(hub->authorization);
	free(hub->token_command);
	free(hub->resource);
	free(hub);
}

const char *prov_hub_host(const struct prov_hub *hub)
{
	return hub->host;
}

void prov_hub_stats(const struct prov_hub *hub, struct prov_stats *out)
{
	*out = hub->stats;
}

/* "Bearer ..." of what the command prints. */
static int run_command(struct prov_hub *hub, struct prov_secret **out,
		       struct prov_error *err)
{
	struct prov_secret *token = NULL;
	char *text;
	int rc = token_run(hub->token_command, hub->opts.request_ms, hub->opts.cancel,
			   &token, err);

	if (rc < 0)
		return rc;
	rc = secret_make(strlen(prov_secret_text(token)) + sizeof("Bearer "), out, err);
	if (rc == 0) {
		text = (char *)secret_room(*out);
		secret_trim(*out,
			    (size_t)sprintf(text, "Bearer %s", prov_secret_text(token)));
	}
	prov_secret_free(token);
	return rc;
}

int hub_authorize(struct prov_hub *hub, bool anew, struct prov_error *err)
{
	int64_t now = (int64_t)time(NULL);
	struct prov_secret *value = NULL;
	int rc;

	if (hub->authorization && now < hub->renew_unix && now >= hub->made_unix && !anew)
		return 0;
	if (hub->token_command)
		rc = run_command(hub, &value, err);
	else if (hub->fixed_token)
		rc = prov_secret_copy(hub->fixed_token, &value, err);
	else if (!hub->key)
		return 0;
	else
		rc = prov_sas_make(
			&(struct prov_sas){ hub->resource ? hub->resource : hub->host,
					    hub->policy[0] ? hub->policy : NULL, hub->key,
					    now + TOKEN_S },
			&value, err);
	if (rc < 0)
		return rc;
	prov_secret_free(hub->authorization);
	hub->authorization = value;
	hub->made_unix = now;
	hub->renew_unix = now + TOKEN_S * 3 / 4;
	return 0;
}
