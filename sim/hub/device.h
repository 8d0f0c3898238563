/* A device, or a module of one: its identity and its twin, as the store keeps them. */
#ifndef HUB_DEVICE_H
#define HUB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define ID_MAX     128 /* characters of a device or module id */
#define SECRET_MAX 128 /* of a key in base64, or a thumbprint in hex */
#define REASON_MAX 128 /* of the status reason, which may be UTF-8 */
#define MODEL_MAX  128 /* of a model id of DTDL */
#define ETAG_TEXT  32

enum auth { AUTH_SAS, AUTH_SELF_SIGNED, AUTH_CA, AUTH_NONE, AUTHS };

struct twin {
	/* JSON texts; NULL is {} */
	char *tags;
	char *desired;
	char *reported;
	char *desired_meta;
	char *reported_meta;
	int64_t version; /* of the whole; gives the etag */
	int64_t desired_version;
	int64_t reported_version;
};

struct device {
	int64_t row; /* of the store, 0 while it is not in it */
	char id[ID_MAX + 1];
	char module[ID_MAX + 1]; /* empty: the device itself */
	char managed_by[ID_MAX + 1];
	char generation[32];
	uint32_t etag;
	bool enabled;
	bool edge;
	char reason[REASON_MAX * 4 + 1];
	char scope[300];
	int64_t status_ms; /* when the status changed, or TIME_NONE */
	enum auth auth;
	/* keys or thumbprints, by `auth` */
	char primary[SECRET_MAX + 1];
	char secondary[SECRET_MAX + 1];
	struct twin twin;
	/* What the hub knows of it; the store does not write these. */
	bool connected;
	int64_t connection_ms;     /* when that changed, or TIME_NONE */
	int64_t active_ms;         /* or TIME_NONE */
	char model[MODEL_MAX + 1]; /* that it named last, or empty */
	int64_t c2d_count;
};

/* Wipes the keys. */
void device_free(struct device *device);

/* Is it made of the characters that an id may have? */
bool device_id_valid(const char *id);

/*
 * A new identity under a name: enabled, with new keys, generation and etag. False: there
 * is no randomness.
 */
bool device_init(struct device *device, const char *id, const char *module,
		 int64_t now_ms);

/*
 * Makes the identity what `body` says, as PUT does: what is missing there gets its
 * default, empty keys are made. NULL, or a sentence that says what is wrong.
 */
const char *device_apply(struct device *device, const struct json *body, int64_t now_ms);

/* A new etag; every change of an identity gets one. */
bool device_touch(struct device *device);
void device_etag(const struct device *device, char to[ETAG_TEXT]);
void twin_etag(const struct twin *twin, char to[ETAG_TEXT]);

/* Does an If-Match header, with or without quotes, name this etag? "*" names any. */
bool etag_matches(const char *if_match, const char *etag);

const char *auth_name(enum auth auth);

/* "Connected" */
const char *device_connection(const struct device *device);

/* The answer to GET /devices/ID, or of a module. */
struct json *device_json(const struct device *device);

#endif
