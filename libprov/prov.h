/*
 * libprov: the cloud's side of a board's identity.
 *
 * Connection strings, SAS tokens, the device registry of Azure IoT Hub over HTTPS (one
 * device at a time, many at once, in bulk), twins, methods, and keys for the Device
 * Provisioning Service derived offline. It never touches a board.
 *
 * Conventions of the whole header:
 *   - Functions return 0 on success, else a negative `enum prov_err`, and then fill
 *     `err`, which may be NULL.
 *   - What is handed out through `**out` belongs to the caller and has a free function
 *     that takes NULL; text handed out as `char **` goes to free(). What is returned as
 *     a pointer belongs to the object it came from. `*out` is written on success only.
 *   - Keys and tokens are in `struct prov_secret`. None is in a message, hint or trace.
 *   - Times of the clock are seconds since 1970, UTC; periods are milliseconds, unless
 *     a name says otherwise.
 *   - Nothing is printed, and no signal handler is installed.
 *   - One hub belongs to one thread at a time; different hubs are independent.
 *
 * Sources: [REST] Microsoft's "IoT Hub REST API reference", api-version 2021-04-12. [SAS]
 * "Control access to IoT Hub using shared access signatures". [IDS] "Understand the
 * identity registry in your IoT hub". [ERR] "Understand and resolve Azure IoT Hub
 * errors". [QUOTA] "IoT Hub quotas and throttling". [DPS] "Symmetric key attestation".
 */
#ifndef PROV_H
#define PROV_H

#include "prov_device.h"
#include "prov_events.h"
#include "prov_local.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- errors -------------------------------------------------------------------------- */

enum prov_err {
	PROV_OK = 0,
	PROV_ERR_ARG = -1,    /* the caller asks for what cannot be */
	PROV_ERR_FORMAT = -2, /* malformed; `at` is the offset of the first wrong byte */
	PROV_ERR_FILE = -3,  /* no reading a file, running a command, loading a library */
	PROV_ERR_NOMEM = -4, /* no memory */
	PROV_ERR_RESOLVE = -5,    /* the host name has no address */
	PROV_ERR_CONNECT = -6,    /* nobody answers at the port, or it is blocked */
	PROV_ERR_PROXY = -7,      /* the proxy cannot be reached, or refuses */
	PROV_ERR_TIMEOUT = -8,    /* no answer within the time for it */
	PROV_ERR_GONE = -9,       /* the connection was lost in the middle */
	PROV_ERR_TLS = -10,       /* the TLS handshake failed */
	PROV_ERR_UNTRUSTED = -11, /* the server's certificate is not by a CA we trust */
	PROV_ERR_NAME = -12,      /* the server's certificate is for another name */
	PROV_ERR_CLOCK = -13,     /* refused because this machine's clock is off */
	PROV_ERR_EXPIRED = -14,   /* the token has expired */
	PROV_ERR_KEY = -15,       /* the hub does not know this key or policy */
	PROV_ERR_RIGHT = -16,     /* the policy or role lacks the right for this */
	PROV_ERR_NOTFOUND = -17,  /* no such device */
	PROV_ERR_EXISTS = -18,    /* a device of this name is there already */
	PROV_ERR_CHANGED = -19,   /* it was changed meanwhile (ETag) */
	PROV_ERR_THROTTLED = -20, /* too many requests, also after waiting */
	PROV_ERR_QUOTA = -21,     /* the hub's quota is used up */
	PROV_ERR_OFFLINE = -22,   /* the device is not connected */
	PROV_ERR_SERVICE = -23,   /* the service failed, or refuses what it was sent */
	PROV_ERR_NOHUB = -24,     /* what answers there is no IoT Hub */
	PROV_ERR_CANCELLED =
		-25,            /* the caller's `cancel` was set, or a callback said so */
	PROV_ERR_REFUSED = -26, /* a guard forbids it: nothing was changed */
	PROV_ERR_ANSWER = -27,  /* the hub's answer is malformed JSON, wrong at `at` */
	PROV_ERR_TAKEN = -28    /* other readers have all places of a consumer group */
};

/* Filled in by the call that fails. `hint` is the next step, or empty. */
struct prov_error {
	enum prov_err code;
	char msg[320];
	char hint[320];
	size_t at;             /* of PROV_ERR_FORMAT and PROV_ERR_ANSWER */
	int http_status;       /* of the answer that made it fail; 0 without one */
	char service_code[64]; /* "DeviceNotFound", "429001"; empty without one */
	char tracking_id[128]; /* what Microsoft's support asks for; empty without one */
};

/* The version of the library, "0.1.0". */
const char *prov_version(void);

/* The name of a code for JSON and scripts: "not-found", "throttled", ... */
const char *prov_err_name(enum prov_err code);

/* -- secrets ------------------------------------------------------------------------- */

/*
 * Bytes that are locked in memory where the limits allow it, wiped when freed, and
 * followed by a zero byte, so that text can be used as a string.
 *
 * So that no copies are left elsewhere, the library has curl, OpenSSL and cJSON wipe what
 * they free, in the whole process: their blocks still come from malloc(). A program may
 * set functions of its own (curl_global_init_mem, CRYPTO_set_mem_functions,
 * cJSON_InitHooks) from main() on, before it calls us: they stay.
 */
struct prov_secret;

#define PROV_SECRET_MAX (1 << 20) /* bytes; more is PROV_ERR_ARG; of a file 64 KiB */

int prov_secret_new(const void *bytes, size_t len, struct prov_secret **out,
		    struct prov_error *err);

/* From the system's generator. */
int prov_secret_random(size_t len, struct prov_secret **out, struct prov_error *err);

/* Strict base64 with padding; PROV_ERR_FORMAT with the offset. Never shows the text. */
int prov_secret_from_base64(const char *text, size_t len, struct prov_secret **out,
			    struct prov_error *err);

/*
 * All of a file ("-" is standard input), or of a descriptor, without white space at its
 * end. `name` is for messages.
 */
int prov_secret_from_file(const char *path, struct prov_secret **out,
			  struct prov_error *err);
int prov_secret_from_fd(int fd, const char *name, struct prov_secret **out,
			struct prov_error *err);

/* The base64 text of a secret, as another secret. */
int prov_secret_to_base64(const struct prov_secret *secret, struct prov_secret **out,
			  struct prov_error *err);

int prov_secret_copy(const struct prov_secret *secret, struct prov_secret **out,
		     struct prov_error *err);

/* Valid until the secret is freed. `len` may be NULL. */
const uint8_t *prov_secret_bytes(const struct prov_secret *secret, size_t *len);
const char *prov_secret_text(const struct prov_secret *secret);

/* In a time that does not depend on the bytes. Two NULLs are equal. */
bool prov_secret_equal(const struct prov_secret *a, const struct prov_secret *b);

void prov_secret_free(struct prov_secret *secret);

/* -- connection strings -------------------------------------------------------------- */

enum prov_connstr_kind {
	PROV_CONNSTR_SERVICE, /* HostName=;SharedAccessKeyName=;SharedAccessKey= */
	PROV_CONNSTR_DEVICE,  /* HostName=;DeviceId=;SharedAccessKey= or x509=true */
	PROV_CONNSTR_DPS,     /* the service kind, of *.azure-devices-provisioning.net */
	PROV_CONNSTR_EVENTHUB /* Endpoint=sb://;SharedAccessKeyName=;SharedAccessKey=;...
			       */
};

#define PROV_HOST_MAX   255
#define PROV_ID_MAX     128
#define PROV_POLICY_MAX 128

/* Empty strings and NULL where a string has no such field. */
struct prov_connstr {
	enum prov_connstr_kind kind;
	char host[PROV_HOST_MAX + 1];    /* lower case, without a port */
	uint16_t port;                   /* 0 when there is none in it */
	char gateway[PROV_HOST_MAX + 8]; /* GatewayHostName, as it is */
	char device_id[PROV_ID_MAX + 1];
	char module_id[PROV_ID_MAX + 1];
	char policy[PROV_POLICY_MAX + 1];
	char entity_path[257]; /* EntityPath of Event Hubs */
	bool x509;
	struct prov_secret *key;   /* decoded from base64 */
	struct prov_secret *token; /* SharedAccessSignature: a ready-made token */
};

/*
 * PROV_ERR_FORMAT names the field and the offset of what is wrong. Field names are taken
 * in any case, fields in any order; an unknown field, one given twice and a missing one
 * are errors. White space around the whole is skipped.
 */
int prov_connstr_parse(const char *text, struct prov_connstr *out,
		       struct prov_error *err);

/* The string, which is a secret; in the order that the portal has. */
int prov_connstr_format(const struct prov_connstr *connstr, struct prov_secret **out,
			struct prov_error *err);

/* Wipes and frees what it holds, not the struct itself. */
void prov_connstr_clear(struct prov_connstr *connstr);

/* 1-128 of the characters that [IDS] has; PROV_ERR_ARG names the first wrong one. */
int prov_device_id_check(const char *id, struct prov_error *err);

/* -- SAS tokens ([SAS])
 * ------------------------------------------------------------------ */

struct prov_sas {
	const char *resource; /* "myhub.azure-devices.net/devices/dev1", not encoded */
	const char *policy;   /* skn; NULL for a device's own key */
	const struct prov_secret *key;
	int64_t expires_unix;
};

/* "SharedAccessSignature sr=...&sig=...[&skn=...]&se=..." */
int prov_sas_make(const struct prov_sas *sas, struct prov_secret **out,
		  struct prov_error *err);

/* What a token says of itself; its signature is checked to be base64 and not shown. */
struct prov_sas_info {
	char resource[512]; /* decoded */
	char policy[PROV_POLICY_MAX + 1];
	int64_t expires_unix;
};
int prov_sas_parse(const char *token, struct prov_sas_info *out, struct prov_error *err);

/* -- the Device Provisioning Service, offline ([DPS]) -------------------------------- */

/* 1-128 of lower-case letters, digits and "-._:", beginning and ending with the former.
 */
int prov_registration_id_check(const char *id, struct prov_error *err);

/*
 * The key of one device of a symmetric-key enrolment group: HMAC-SHA256 of the
 * registration id under the group's key (16-64 bytes). Needs no network: the group enrols
 * whoever has it.
 */
int prov_dps_derive_key(const struct prov_secret *group_key, const char *registration_id,
			struct prov_secret **out, struct prov_error *err);

/* -- a hub --------------------------------------------------------------------------- */

struct prov_hub;

/* Zero is the default. Where a field is a pointer, what it points to is copied. */
struct prov_hub_opts {
	const char *ca_file;    /* PEM; trust these alone instead of the system's */
	const char *connect_to; /* "HOST:PORT" to connect to in place of the hub's own */
	const char *token_command; /* shell command that prints an Entra ID token */
	const char *user_agent;    /* before ours; "stmiot/0.1.0" */
	unsigned timeout_ms;       /* for an operation with all its repeats: 60000 */
	unsigned connect_ms;       /* until connected, TLS included: 10000 */
	unsigned request_ms;       /* from a request to the end of its answer: 30000 */
	unsigned backoff_ms;       /* the longest first wait before a repeat: 1000 */
	unsigned backoff_max_ms;   /* the longest wait unless the hub names one: 30000 */
	bool no_retry;
	const volatile int *cancel; /* looked at ten times a second; may be NULL */
	/* A line each for requests, answers and waits, secrets masked; may be NULL. */
	void (*trace)(void *ctx, const char *line);
	/* Before a wait of `ms`: "the hub is throttling"; may be NULL. */
	void (*waiting)(void *ctx, unsigned ms, const char *why);
	void *ctx; /* for both */
};

/*
 * Nothing is sent yet. `connstr` is of the service kind, or, with a `token_command`, may
 * have nothing but its host; PROV_ERR_ARG otherwise. A token is signed when needed and
 * again before it expires. Proxies are taken from the environment as curl does.
 *
 * The first hub loads libcurl.so.4, with which the library is not linked; PROV_ERR_FILE
 * where it is not there.
 *
 * The service refuses a wrong key and a right that is lacking with the same words: up to
 * two further requests, which read a device and a twin called "stmiot-probe", tell
 * PROV_ERR_KEY from PROV_ERR_RIGHT. Where they cannot, the hint has both.
 */
int prov_hub_open(const struct prov_connstr *connstr, const struct prov_hub_opts *opts,
		  struct prov_hub **out, struct prov_error *err);
void prov_hub_close(struct prov_hub *hub);

const char *prov_hub_host(const struct prov_hub *hub);

/* Of the connections so far; for a summary and for tests. */
struct prov_stats {
	uint64_t requests;
	uint64_t retries;
	uint64_t connections; /* opened */
	uint64_t wait_ms;     /* spent waiting before repeats, over all jobs */
	bool has_skew;
	int64_t skew_s; /* our clock minus the hub's, from its Date header */
};
void prov_hub_stats(const struct prov_hub *hub, struct prov_stats *out);

/* -- devices
 * ----------------------------------------------------------------------------- */

enum prov_auth {
	PROV_AUTH_SAS,        /* two symmetric keys */
	PROV_AUTH_SELFSIGNED, /* one or two thumbprints of certificates */
	PROV_AUTH_CA,         /* a certificate whose CA the hub knows */
	PROV_AUTH_NONE
};

/* "sas", "selfSigned", "certificateAuthority", "none"; -1 when unknown. */
const char *prov_auth_name(enum prov_auth auth);
int prov_auth_from_name(const char *name);

#define PROV_THUMBPRINT_MAX 64 /* hex digits: SHA-256 of the certificate's DER */

/*
 * A device of the registry. Callers fill in `id`, `auth`, `disabled` and, if they have
 * their own, keys or thumbprints; for empty keys the service makes them. Times are as the
 * service writes them, "0001-01-01T00:00:00" for never; strings are empty where it is
 * silent.
 */
struct prov_device {
	char id[PROV_ID_MAX + 1];
	char etag[64];
	char generation_id[64];
	enum prov_auth auth;
	bool disabled;
	char status_reason[PROV_ID_MAX + 1];
	struct prov_secret *primary_key, *secondary_key; /* 32 bytes, decoded */
	char primary_thumbprint[PROV_THUMBPRINT_MAX + 1];
	char secondary_thumbprint[PROV_THUMBPRINT_MAX + 1];
	bool connected;
	char connection_time[40], status_time[40], activity_time[40];
	uint64_t c2d_pending; /* messages to the device that wait */
	bool edge;
};

/* Wipes and frees what it holds, not the struct itself. */
void prov_device_clear(struct prov_device *device);

/* The connection string of a device, with the primary or the secondary key, or x509=true.
 */
int prov_device_connstr(const struct prov_hub *hub, const struct prov_device *device,
			bool secondary, struct prov_secret **out, struct prov_error *err);

/*
 * PROV_ERR_EXISTS when the id is taken. A request that got no answer is followed by a
 * look whether it was done all the same, so that no device is made twice or taken for
 * another's. `out` (may be NULL) gets the device with its keys; clear it.
 */
int prov_device_create(struct prov_hub *hub, const struct prov_device *device,
		       struct prov_device *out, struct prov_error *err);

/*
 * The same, but a device that is there already is fetched and used as it is; `*existed`
 * (may be NULL) says so. PROV_ERR_REFUSED when its authentication is of another kind. A
 * device is never deleted and made anew.
 */
int prov_device_ensure(struct prov_hub *hub, const struct prov_device *device,
		       struct prov_device *out, bool *existed, struct prov_error *err);

int prov_device_get(struct prov_hub *hub, const char *id, struct prov_device *out,
		    struct prov_error *err);

/* What an update changes: what is NULL or false stays as it is. */
struct prov_change {
	bool set_status;
	bool disabled;
	const char *status_reason;
	const struct prov_secret *primary_key, *secondary_key;
	const char *primary_thumbprint, *secondary_thumbprint; /* "" removes the second */
	const char *etag; /* the device must still have this one, else PROV_ERR_CHANGED */
};

/*
 * Fetch, change, and send back all of it under the ETag, keys and unknown fields
 * included: an update without keys would lose them. Changed by somebody else in between:
 * fetched again. `out` (may be NULL) gets the device as it is then; clear it.
 */
int prov_device_update(struct prov_hub *hub, const char *id,
		       const struct prov_change *change, struct prov_device *out,
		       struct prov_error *err);

/*
 * Replace one of the two keys by a new random one made here; the other one stays. Needs a
 * device with keys, else PROV_ERR_REFUSED.
 */
int prov_device_regenerate(struct prov_hub *hub, const char *id, bool secondary,
			   struct prov_device *out, struct prov_error *err);

/* With an `etag` only while the device has it; NULL: in any case. */
int prov_device_delete(struct prov_hub *hub, const char *id, const char *etag,
		       struct prov_error *err);

/* A callback of a list; not zero ends it with PROV_ERR_CANCELLED. */
typedef int prov_each_device(void *ctx, const struct prov_device *device);
typedef int prov_each_row(void *ctx, const char *json);

/*
 * Every device, page by page, by a query: without keys. `where` (may be NULL) is a
 * condition in the hub's query language, "status = 'disabled'".
 */
int prov_device_list(struct prov_hub *hub, const char *where, prov_each_device *each,
		     void *ctx, struct prov_error *err);

/* Any query, a JSON text a row. `page` rows at a time; 0 is 1000. */
int prov_query(struct prov_hub *hub, const char *query, unsigned page,
	       prov_each_row *each, void *ctx, struct prov_error *err);

struct prov_statistics {
	uint64_t total, enabled, disabled;
	uint64_t connected;
};
int prov_statistics(struct prov_hub *hub, struct prov_statistics *out,
		    struct prov_error *err);

/* -- twins, methods, messages
 * ------------------------------------------------------------ */

/* The twin as JSON text. */
int prov_twin_get(struct prov_hub *hub, const char *id, char **json,
		  struct prov_error *err);

/*
 * Merge `json` ({"tags":{},"properties":{"desired":{}}}) into the twin, or replace its
 * tags and desired properties. PROV_ERR_FORMAT with the offset when it is not a JSON
 * object. `etag`: NULL is any. `out` (may be NULL) gets the twin afterwards.
 *
 * When the answer to a request is lost and its repeat finds another ETag, the twin is
 * fetched: PROV_ERR_CHANGED only if it is not what was asked for.
 */
int prov_twin_patch(struct prov_hub *hub, const char *id, const char *json,
		    const char *etag, char **out, struct prov_error *err);
int prov_twin_replace(struct prov_hub *hub, const char *id, const char *json,
		      const char *etag, char **out, struct prov_error *err);

struct prov_method {
	const char *name;
	const char *payload; /* JSON text; NULL is null */
	unsigned response_s; /* 5-300; 0 is 30 */
	unsigned connect_s;  /* wait for the device to connect so long, 0-300 */
	const char *module;  /* of the device; NULL: the device's own method */
};

/*
 * Call a method of a device or module. `status` and `payload` (JSON text; may be NULL) are what the
 * device answers. PROV_ERR_OFFLINE when it is not there. Not repeated once it was sent.
 */
int prov_method_call(struct prov_hub *hub, const char *id,
		     const struct prov_method *method, int *status, char **payload,
		     struct prov_error *err);

/* Drop the messages that wait for a device; `purged` (may be NULL) is how many. */
int prov_c2d_purge(struct prov_hub *hub, const char *id, uint64_t *purged,
		   struct prov_error *err);

/* -- many at once
 * ------------------------------------------------------------------------ */

enum prov_op {
	PROV_OP_CREATE,     /* as prov_device_create */
	PROV_OP_ENSURE,     /* as prov_device_ensure */
	PROV_OP_GET,        /* as prov_device_get */
	PROV_OP_UPDATE,     /* as prov_device_update */
	PROV_OP_DELETE,     /* as prov_device_delete */
	PROV_OP_TWIN_GET,   /* as prov_twin_get */
	PROV_OP_TWIN_PATCH, /* as prov_twin_patch */
	PROV_OP_TWIN_REPLACE
};

/* One operation. All it points to must stay until it is done. */
struct prov_job {
	enum prov_op op;
	const char *id;                   /* but for CREATE and ENSURE */
	const struct prov_device *device; /* CREATE, ENSURE */
	const struct prov_change *change; /* UPDATE */
	const char *json;                 /* TWIN_PATCH, TWIN_REPLACE */
	const char *etag;                 /* DELETE, TWIN_PATCH, TWIN_REPLACE */
	/* Filled in. */
	int rc;                    /* 0 or an enum prov_err */
	bool done;                 /* `rc` is final */
	bool existed;              /* ENSURE: it was there already */
	struct prov_device result; /* CREATE, ENSURE, GET, UPDATE: clear it */
	char *text;                /* TWIN_*: free it */
	struct prov_error error;
};

/* Told when a job is done, in the order in which they end; not zero starts no further
 * ones. */
typedef int prov_job_done(void *ctx, struct prov_job *job);

/*
 * Run the jobs through one set of kept-alive connections, at most `parallel` (0 is 8) at
 * a time, each with the hub's whole `timeout_ms` from its start. Jobs fail one by one:
 * the return value is the first failure's, and `err` its copy; PROV_ERR_CANCELLED leaves
 * jobs that were not finished with `done` false. A key that the hub refuses ends it for
 * all.
 */
int prov_run(struct prov_hub *hub, struct prov_job *jobs, size_t n, unsigned parallel,
	     prov_job_done *done, void *ctx, struct prov_error *err);

/* Frees the results of jobs, not the array. */
void prov_jobs_clear(struct prov_job *jobs, size_t n);

#define PROV_BULK_MAX 100 /* devices in a request ([REST] "Bulk registry operations") */

enum prov_bulk_op {
	PROV_BULK_CREATE,
	PROV_BULK_ENSURE, /* those already there are fetched one by one and used */
	PROV_BULK_UPDATE, /* status, keys and thumbprints of `device`, as a whole */
	PROV_BULK_DELETE
};

/* A row of a bulk operation: `device` in and out. */
struct prov_bulk_row {
	struct prov_device device; /* clear it */
	int rc;                    /* 0 or an enum prov_err */
	bool done;                 /* `rc` is final */
	bool existed;              /* ENSURE: it was there already */
	struct prov_error error;
};

typedef int prov_bulk_done(void *ctx, struct prov_bulk_row *row);

/*
 * Any number of devices by requests of a hundred, `parallel` (0 is 2) of them at a time.
 * The service does not tell the keys that it makes, so those of devices created here
 * without any are made here; a hub that takes none but its own is asked for them
 * afterwards. Rows fail one by one, as in prov_run; those that the hub throttles within a
 * request are sent again after the wait that it asks for, as a whole request would be.
 * UPDATE and DELETE go by the device's `etag` when it has one; what an unanswered update
 * of ours has changed is not taken for somebody else's.
 */
int prov_bulk(struct prov_hub *hub, enum prov_bulk_op op, struct prov_bulk_row *rows,
	      size_t n, unsigned parallel, prov_bulk_done *done, void *ctx,
	      struct prov_error *err);

/* Registry operations in a minute and unit of a tier ("F1", "B1", "S2", ...); 0: unknown.
 */
unsigned prov_tier_rate(const char *tier);

/* -- what can be wrong
 * --------------------------------------------------------------------- */

enum prov_check {
	PROV_CHECK_NAME,          /* the host name has an address */
	PROV_CHECK_HTTPS,         /* port 443 */
	PROV_CHECK_MQTT,          /* port 8883 */
	PROV_CHECK_AMQP,          /* port 5671 */
	PROV_CHECK_TLS,           /* the certificate's chain and name */
	PROV_CHECK_CLOCK,         /* within four minutes of the hub's */
	PROV_CHECK_KEY,           /* the hub takes the key or token */
	PROV_CHECK_REGISTRY_READ, /* the rights of the policy */
	PROV_CHECK_REGISTRY_WRITE,
	PROV_CHECK_SERVICE_CONNECT
};

/* One finding. With `skipped` it could not be looked at because of an earlier one. */
struct prov_finding {
	enum prov_check check;
	int rc; /* 0 or an enum prov_err */
	bool skipped;
	char text[200]; /* what was found, when it is good */
	struct prov_error error;
};

/* Where else a hub's other doors are; 0 is the real port. */
struct prov_ports {
	uint16_t mqtt, amqp;
};

typedef int prov_each_finding(void *ctx, const struct prov_finding *finding);

/*
 * Look at all of it in this order, without repeats. Nothing is changed: rights are tried
 * on a device that does not exist. The return value is the first failure's.
 */
int prov_hub_check(struct prov_hub *hub, const struct prov_ports *ports,
		   prov_each_finding *each, void *ctx, struct prov_error *err);

#ifdef __cplusplus
}
#endif

#include "prov_c2d.h"
#include "prov_dps.h"

#endif
