/*
 * The Device Provisioning Service: tells a device which hub it belongs to, and makes it
 * known there. Here that hub is always this one.
 *
 * Services manage enrolments by HTTPS (dps/routes.h). Devices register by HTTPS or MQTT; for
 * both it is the functions of this header that know what to do. Who calls them has the
 * hub's lock.
 */
#ifndef HUB_DPS_DPS_H
#define HUB_DPS_DPS_H

#include "crypto.h"
#include "errors.h"
#include "hub.h"
#include "dps/roll.h"

/* The host name of all devices, of global Azure. Real services have another each. */
#define DPS_HOST "global.azure-devices-provisioning.net"

#define DPS_RETRY_AFTER_S 3

struct dps {
	char host[HOST_MAX + 1];
	char scope[DPS_SCOPE_TEXT];
	struct policy owner; /* provisioningserviceowner */
	struct roll *roll;
};

/*
 * Reads it from the hub's store, which is open, making what is missing, and writes DIR's
 * dps-connection-string and dps-id-scope. NULL: `err` says why.
 */
struct dps *dps_open(struct store *store, int dirfd, const char *host, char *err,
		     size_t err_bytes);
void dps_close(struct dps *dps);

/* -- devices --------------------------------------------------------------------------- */

/*
 * A device that asks, and what it shows: by MQTT in CONNECT and the handshake before it,
 * by HTTPS with each request.
 */
struct dps_client {
	const char *scope;
	const char *id;          /* of the registration */
	const char *token;       /* "SharedAccessSignature ..."; NULL or empty: none */
	const char *certificate; /* of the client, PEM; NULL: none */
	const char *chain;       /* what it sent besides, PEM; NULL: none */
};

/* All zeros to begin with. */
struct dps_result {
	int status;        /* of HTTP, and of the topic */
	int retry_after_s; /* -1: there is nothing to wait for */
	struct json *body; /* dps_result_free() */
	enum error refused;
	char why[300]; /* for the log when it was refused, without a secret */
};

/*
 * Whether a CONNECT of MQTT is let in, which says nothing of key or certificate: as the
 * real service does, those are judged with each request. ERROR_NONE, or what is wrong and `why`.
 */
enum error dps_connect(const struct hub *hub, const struct dps_client *client, char *why,
		       size_t why_bytes);

/* PUT register: TOPIC_DPS_REGISTER. `body` is what came, of any bytes. */
void dps_register(struct hub *hub, const struct dps_client *client, const char *body,
		  size_t len, struct dps_result *result);
/* GET operations/OPERATION: TOPIC_DPS_POLL. */
void dps_poll(struct hub *hub, const struct dps_client *client, const char *operation,
	      struct dps_result *result);
/* What became of the registration, of HTTPS alone. */
void dps_lookup(struct hub *hub, const struct dps_client *client,
		struct dps_result *result);

void dps_result_free(struct dps_result *result);

/*
 * The key of a device in a group: base64(HMAC-SHA256(group's key, registration id)).
 * False: the group's is no key.
 */
bool dps_derive_key(const char *group_key, const char *id, char to[KEY_TEXT]);

/* {"errorCode":401002,"trackingId":...,"message":...,"timestampUtc":...} */
struct json *dps_error_json(const struct error_kind *kind, const char *message,
			    int64_t now_ms);

#endif
