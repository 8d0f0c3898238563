/* What those that are connected hear of changes to their identity and twin. */
#ifndef HUB_NEWS_H
#define HUB_NEWS_H

#include "hub.h"
#include "twin.h"

/*
 * Something was done to the identity or the twin, and is in the store. Who was deleted or
 * disabled is closed, with a device its modules; a new key or thumbprint cuts no
 * connection. Who is connected gets the desired properties if their version is not the one
 * from before: of a patch what `body` has of them, with what it takes away as null; when
 * they were replaced, all that there are now. "$version" is in both.
 */
void news_tell(struct hub *hub, const char *device, const char *module,
	       const struct json *body, enum twin_change how, int64_t version_before);

#endif
