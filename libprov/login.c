/* How a device says who it is ([MQTTHUB], "Using the MQTT protocol directly"). */
#include "base64.h"
#include "hub.h"
#include "secret.h"
#include "uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MQTT_PORT 8883

static bool copy_text(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static int copy_secret(const struct prov_secret *from, struct prov_secret **to,
		       struct prov_error *err)
{
	return from ? prov_secret_copy(from, to, err) : 0;
}

/* "HOST" or "HOST:PORT" of a gateway, else the hub itself. */
static int take_host(const struct prov_connstr *cs, struct login *l,
		     struct prov_error *err)
{
	const char *colon = strrchr(cs->gateway, ':');
	size_t len = colon ? (size_t)(colon - cs->gateway) : strlen(cs->gateway);
	char *end;
	unsigned long port;

	/* A port in HostName is that of HTTPS. */
	l->port = MQTT_PORT;
	if (!*cs->gateway) {
		snprintf(l->host, sizeof(l->host), "%s", cs->host);
		return 0;
	}
	snprintf(l->host, sizeof(l->host), "%.*s", (int)len, cs->gateway);
	if (!colon)
		return 0;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port == 0 || port > 65535)
		return fail(err, PROV_ERR_ARG, "GatewayHostName: not HOST:PORT");
	l->port = (uint16_t)port;
	return 0;
}

static void take_names(const struct prov_connstr *cs, const char *agent, struct login *l)
{
	bool module = *cs->module_id != '\0';
	char encoded[PERCENT_BYTES(128)];
	char short_agent[129];

	snprintf(short_agent, sizeof(short_agent), "%s", agent);
	percent_encode(short_agent, encoded);
	snprintf(l->client_id, sizeof(l->client_id), "%s%s%s", cs->device_id,
		 module ? "/" : "", cs->module_id);
	snprintf(l->user, sizeof(l->user),
		 "%s/%s/?api-version=" API_VERSION "&DeviceClientType=%s", cs->host,
		 l->client_id, encoded);
	snprintf(l->resource, sizeof(l->resource), "%s/devices/%s%s%s", cs->host,
		 cs->device_id, module ? "/modules/" : "", cs->module_id);
	snprintf(l->topic, sizeof(l->topic), "devices/%s%s%s/messages/events/",
		 cs->device_id, module ? "/modules/" : "", cs->module_id);
}

static int check(const struct prov_connstr *cs, const struct prov_uplink_opts *opts,
		 struct prov_error *err)
{
	if (cs->kind != PROV_CONNSTR_DEVICE)
		return fail(err, PROV_ERR_ARG, "not the connection string of a device");
	if (strpbrk(cs->device_id, "+#") || strpbrk(cs->module_id, "+#"))
		return fail(err, PROV_ERR_ARG,
			    "'%s': MQTT has no topic for an id with '+' or '#'",
			    cs->device_id);
	if (!cs->key && !cs->token && !opts->cert_file)
		return fail(err, PROV_ERR_ARG, "'%s' needs its certificate and its key",
			    cs->device_id);
	if (!opts->cert_file != !opts->key_file)
		return fail(err, PROV_ERR_ARG, "a certificate and its key go together");
	return 0;
}

int login_make(const struct prov_connstr *connstr, const struct prov_uplink_opts *opts,
	       struct login *out, struct prov_error *err)
{
	struct login *l = out;
	struct prov_sas_info info;
	int rc = check(connstr, opts, err);

	if (rc == 0)
		rc = take_host(connstr, l, err);
	if (rc == 0 && connstr->token) {
		rc = prov_sas_parse(prov_secret_text(connstr->token), &info, err);
		l->token_until_unix = rc == 0 ? info.expires_unix : 0;
	}
	if (rc == 0)
		rc = copy_secret(connstr->key, &l->key, err);
	if (rc == 0)
		rc = copy_secret(connstr->token, &l->token, err);
	if (rc < 0)
		return rc;
	take_names(connstr,
		   opts->user_agent ? opts->user_agent : "stmiot/" STMIOT_VERSION, l);
	if (!copy_text(opts->ca_file, &l->ca_file) ||
	    !copy_text(opts->connect_to, &l->connect_to) ||
	    !copy_text(opts->cert_file, &l->cert_file) ||
	    !copy_text(opts->key_file, &l->key_file))
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	return 0;
}

void login_clear(struct login *login)
{
	prov_secret_free(login->key);
	prov_secret_free(login->token);
	free(login->ca_file);
	free(login->connect_to);
	free(login->cert_file);
	free(login->key_file);
	memset(login, 0, sizeof(*login));
}

int login_password(const struct login *login, unsigned token_s, struct prov_secret **out,
		   int64_t *until_unix, struct prov_error *err)
{
	struct prov_sas sas = { .resource = login->resource,
				.key = login->key,
				.expires_unix = time(NULL) + token_s };

	*out = NULL;
	*until_unix = 0;
	if (login->token) {
		*until_unix = login->token_until_unix;
		if (*until_unix <= time(NULL))
			return fail(err, PROV_ERR_EXPIRED,
				    "the token of '%s' has expired", login->client_id);
		return prov_secret_copy(login->token, out, err);
	}
	if (!login->key)
		return 0;
	*until_unix = sas.expires_unix;
	return prov_sas_make(&sas, out, err);
}
