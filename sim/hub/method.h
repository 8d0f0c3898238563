/*
 * Direct methods: a request by HTTPS that waits until the device has answered. All under
 * the hub's lock.
 */
#ifndef HUB_METHOD_H
#define HUB_METHOD_H

#include "presence.h"

struct call;
struct hub;

#define METHOD_PAYLOAD_MAX (128 * 1024)
#define METHOD_TIMEOUT_S   30
#define METHOD_TIMEOUT_MIN 5
#define METHOD_TIMEOUT_MAX 300
#define METHOD_RID_TEXT    20

struct method;

/* Starts out as zeros. */
struct methods {
	struct method *first;
	uint64_t last_rid;
};

/*
 * Sends what the call's body says to the device or module that it names, and leaves the
 * answer pending; or refuses the call.
 */
void method_start(struct call *call);

/*
 * The device answers; no bytes are null. It may have connected again in between. False:
 * nobody waits for it, or it is not JSON or too long, which the caller gets as an error.
 */
bool method_answer(struct hub *hub, const struct presence *from, const char *rid,
		   int status, const char *payload, size_t len);
/* It takes methods from now on: what waits for it may go. */
void method_ready(struct hub *hub, struct presence *presence);

/* Lets calls end whose time is over. When the next one does: INT64_MAX, none. */
void methods_tick(struct hub *hub, int64_t steady_ms);
int64_t methods_due_ms(const struct hub *hub);
/* All of them end, because the hub does. */
void methods_close(struct hub *hub);

#endif
