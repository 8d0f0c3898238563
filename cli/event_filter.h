/* Which events are wanted. */
#ifndef EVENT_FILTER_H
#define EVENT_FILTER_H

#include "prov.h"

/*
 * Names of devices, with the wildcards of a shell (*, ?, [...]). One with a slash is of a
 * module, "dev1/mod1"; one without is of a device and all its modules. An event that is of
 * no device goes by its topic, as it is shown. None: every event.
 */
bool event_from(const struct prov_event *event, char *const *names, size_t n);

/* What was seen lately: the last 65536 events at least, in two megabytes. */
struct seen;

struct seen *seen_new(void); /* NULL without memory */
void seen_free(struct seen *seen);

/*
 * Is it another one than those seen, by device, module and message id? One without a
 * message id always is.
 */
bool seen_first(struct seen *seen, const struct prov_event *event);

#endif
