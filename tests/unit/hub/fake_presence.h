/* A device or module that is connected, but not by any protocol. */
#ifndef FAKE_PRESENCE_H
#define FAKE_PRESENCE_H

#include <stdio.h>

#include "hub.h"

/* What the fake one was told last. */
struct fake {
	struct presence presence; /* first */
	bool takes;
	int methods;
	char name[40];
	char rid[METHOD_RID_TEXT];
	char payload[100];
	const char *closed;
	int messages;
	int desireds;
	char desired[200];
	int64_t version;
};

static inline void fake_close(struct presence *presence, const char *why)
{
	((struct fake *)presence)->closed = why;
}

static inline void fake_message(struct presence *presence)
{
	((struct fake *)presence)->messages++;
}

static inline void fake_desired(struct presence *presence, const char *patch, size_t len,
				int64_t version)
{
	struct fake *fake = (struct fake *)presence;

	snprintf(fake->desired, sizeof(fake->desired), "%.*s", (int)len, patch);
	fake->version = version;
	fake->desireds++;
}

static inline bool fake_method(struct presence *presence,
			       const struct method_request *request)
{
	struct fake *fake = (struct fake *)presence;

	if (!fake->takes)
		return false;
	fake->methods++;
	snprintf(fake->name, sizeof(fake->name), "%s", request->name);
	snprintf(fake->rid, sizeof(fake->rid), "%s", request->rid);
	snprintf(fake->payload, sizeof(fake->payload), "%.*s", (int)request->payload_len,
		 request->payload);
	return true;
}

static const struct presence_calls fake_calls = { fake_close, fake_message, fake_desired,
						  fake_method };

static inline void come(struct presences *all, struct fake *fake, const char *device,
			const char *module, bool takes)
{
	*fake = (struct fake){ .takes = takes };
	fake->presence.calls = &fake_calls;
	fake->presence.protocol = "fake";
	snprintf(fake->presence.device, sizeof(fake->presence.device), "%s", device);
	snprintf(fake->presence.module, sizeof(fake->presence.module), "%s", module);
	presence_add(all, &fake->presence);
}

static inline void go(struct presences *all, struct fake *fake)
{
	presence_remove(all, &fake->presence);
}

#endif
