/* An event as a line, for people and as JSON. */
#ifndef EVENT_LINE_H
#define EVENT_LINE_H

#include "lines.h"
#include "prov.h"

/*
 * "time device body": a body that is not UTF-8 in hex, and nothing in it that would move a
 * terminal's cursor. With `properties`, what the sender says beside the body follows.
 */
void event_line(struct lines *to, const struct prov_event *event, bool properties);

/*
 * One object. The body is JSON where it is JSON and its sender does not say otherwise, else
 * text, else base64; "body_type" says which.
 */
void event_json(struct lines *to, const struct prov_event *event);

#endif
