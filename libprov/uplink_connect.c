/* A device's connection to its hub: with whose right, and what it means when refused. */
#include "hub.h"
#include "secret.h"
#include "uplink.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

__attribute__((format(printf, 2, 3))) static void trace(const struct prov_uplink *u,
							const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_line(u->opts.trace, u->opts.ctx, fmt, ap);
	va_end(ap);
}

/* A hub says 5 to all of these ([MQTTHUB]). */
static int refused(const struct prov_uplink *u, struct prov_error *err)
{
	fail(err, PROV_ERR_KEY, "%s: does not let '%s' in", u->login.host,
	     u->login.client_id);
	if (!u->login.key && !u->login.token)
		return hint(err, PROV_ERR_KEY,
			    "the certificate is not the device's, or the device is "
			    "disabled or not there");
	return hint(err, PROV_ERR_KEY,
		    "the key is not the device's, or the device is disabled or not "
		    "there, or this machine's clock is off");
}

/* When to connect anew: before the token ends, as there is no other way to renew it. */
static int64_t renewal(int64_t until_unix)
{
	int64_t left = until_unix - time(NULL);

	return until_unix ? steady_ms() + left * 1000 * 4 / 5 : 0;
}

static struct mqtt_opts options(struct prov_uplink *u)
{
	const struct login *l = &u->login;

	return (struct mqtt_opts){
		.host = l->host,
		.port = l->port,
		.tls = true,
		.ca_file = l->ca_file,
		.connect_to = l->connect_to,
		.cert_file = l->cert_file,
		.key_file = l->key_file,
		.client_id = l->client_id,
		.user = l->user,
		.clean = !u->opts.keep_session,
		.keep_alive_s = u->opts.keep_alive_s,
		.connect_ms = u->opts.connect_ms,
		.in_flight = u->room,
		.cancel = u->opts.cancel,
		.lost = uplink_lost,
		.ctx = u,
	};
}

int uplink_connect(struct prov_uplink *u, struct prov_error *err)
{
	struct mqtt_opts opts = options(u);
	struct prov_secret *password = NULL;
	int64_t until_unix;
	int rc;

	mqtt_close(u->mqtt);
	u->mqtt = NULL;
	rc = login_password(&u->login, u->opts.token_s, &password, &until_unix, err);
	if (rc < 0)
		return rc;
	u->broken = false;
	trace(u, "mqtts://%s:%u, as %s, token %s", u->login.host, u->login.port,
	      u->login.user, password ? "***" : "none");
	rc = mqtt_connect(&opts, password, &u->mqtt, NULL, err);
	prov_secret_free(password);
	if (rc == PROV_ERR_KEY)
		return refused(u, err);
	if (rc < 0)
		return rc;
	u->stats.connections++;
	u->connected_ms = steady_ms();
	u->renew_ms = u->login.token ? 0 : renewal(until_unix);
	trace(u, "connected");
	return 0;
}

static int check_device(const struct prov_device *device,
			const struct prov_uplink_opts *opts, struct prov_error *err)
{
	if (device->disabled) {
		fail(err, PROV_ERR_RIGHT, "'%s' is disabled%s%s", device->id,
		     *device->status_reason ? ": " : "", device->status_reason);
		return hint(err, PROV_ERR_RIGHT, "enable it, and try again");
	}
	if (!opts->cert_file && !device->primary_key)
		return fail(err, PROV_ERR_ARG,
			    "'%s' has no key that can be read: give its certificate and "
			    "the private key of that",
			    device->id);
	return 0;
}

int prov_uplink_open_by(struct prov_hub *hub, const char *device_id,
			const struct prov_uplink_opts *opts, struct prov_uplink **out,
			struct prov_error *err)
{
	struct prov_connstr cs = { .kind = PROV_CONNSTR_DEVICE };
	struct prov_device device = { 0 };
	int rc = prov_device_get(hub, device_id, &device, err);

	if (rc < 0)
		return rc;
	rc = check_device(&device, opts, err);
	if (rc == 0) {
		snprintf(cs.host, sizeof(cs.host), "%s", prov_hub_host(hub));
		memcpy(cs.device_id, device.id, sizeof(cs.device_id));
		cs.x509 = opts->cert_file != NULL;
		cs.key = cs.x509 ? NULL : device.primary_key;
		rc = prov_uplink_open(&cs, opts, out, err);
	}
	prov_device_clear(&device);
	return rc;
}
