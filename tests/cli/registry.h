/* What a local hub holds, as a service with all rights sees it. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "prov.h"

/* The hub of this folder; dies when it cannot be reached. */
void registry_open(const char *folder);

unsigned registry_count(void);

/*
 * False: there is no such device. Clear what it gives. Its keys are added to the file
 * keys.seen, for the search for secrets.
 */
bool registry_get(const char *id, struct prov_device *out);

/* Made at the same time, and with the same keys if it has keys. */
bool registry_same(const struct prov_device *a, const struct prov_device *b);

/* A device with keys that no board has, or with a certificate of somebody else's. */
#define STRANGER "0000000000000000000000000000000000000000000000000000000000000001"
void registry_create(const char *id, enum prov_auth auth);

bool registry_has_thumbprint(const struct prov_device *device, const char *thumbprint);

#endif
