/* Which path and method lead where, and what they ask of the client. */
#ifndef HUB_ROUTE_H
#define HUB_ROUTE_H

#include "call.h"

struct route {
	const char *method;
	const char *path; /* {d} is a device's id, {m} a module's, * anything */
	unsigned right;   /* RIGHT_NONE: whoever asks is judged behind the route */
	enum throttle_kind throttle;
	bool takes_body;
	void (*serve)(struct call *call);
};

/*
 * Cuts the target into decoded segments. False: it is too long or badly encoded, and the
 * request was refused.
 */
bool route_split(struct call *call);

/* Sets call->device and call->module. NULL: refused, there is no such path or method. */
const struct route *route_find(struct call *call);

#endif
