/*
 * Who is connected: one connection a device or module, whatever protocol it came by, and
 * the newer one wins. A request by HTTPS is no presence.
 *
 * All of it is under the hub's lock (hub.h). The calls to a presence come on any thread
 * that has the lock: they note what there is to do and wake their own thread, but neither
 * add nor remove a presence.
 */
#ifndef HUB_PRESENCE_H
#define HUB_PRESENCE_H

#include "device.h"

struct presence;

/* A direct method, on its way to the device. */
struct method_request {
	const char *name;
	const char *rid;     /* to be given back with the answer: hexadecimal digits */
	const char *payload; /* JSON; "null" when there is none */
	size_t payload_len;
};

struct presence_calls {
	/*
	 * It is removed already; its connection has to be closed. The reason is a literal,
	 * or lives as long.
	 */
	void (*close)(struct presence *presence, const char *why);
	/* A cloud-to-device message may wait for it. */
	void (*message)(struct presence *presence);
	/* Its desired properties changed: a JSON object with "$version" in it. */
	void (*desired)(struct presence *presence, const char *patch, size_t len,
			int64_t version);
	/* False: it takes no methods. What `request` points to is gone after the call. */
	bool (*method)(struct presence *presence, const struct method_request *request);
};

struct presence {
	const struct presence_calls *calls;
	char device[ID_MAX + 1];
	char module[ID_MAX + 1]; /* empty: the device itself */
	const char *protocol;    /* "MQTT", for the log; a literal */
	int64_t since_ms;        /* by clock_unix_ms() */
	/* the table's own */
	int64_t active_ms;
	struct presence *next;
};

#define PRESENCE_BUCKETS 4096

#define PRESENCE_ACTIVE_MS 60000

/* Starts out as zeros. */
struct presences {
	struct presence *buckets[PRESENCE_BUCKETS];
	size_t count;
	size_t devices; /* of them; the others are modules */
	/*
	 * Called when one has come, has gone (`changed`), or is active. It may not touch
	 * the table. NULL: nobody wants to know.
	 */
	void (*seen)(void *with, const struct presence *presence, bool changed);
	void *with;
};

/* Closes the one that is there. The presence is its owner's until it is removed. */
void presence_add(struct presences *all, struct presence *presence);
/* Also when it is not there, as after being closed. */
void presence_remove(struct presences *all, struct presence *presence);
/*
 * It sent or received something. Once in PRESENCE_ACTIVE_MS is enough: presence_idle(),
 * which its owner may ask without the lock, says when it is time.
 */
bool presence_idle(const struct presence *presence, int64_t now_ms);
void presence_active(struct presences *all, struct presence *presence, int64_t now_ms);
/* NULL: not connected. With a NULL `module` the device or any module of it. */
struct presence *presence_find(const struct presences *all, const char *device,
			       const char *module);
/* The device's or the module's; with a NULL `module` the device's and all its modules'. */
void presence_close(struct presences *all, const char *device, const char *module,
		    const char *why);

#endif
