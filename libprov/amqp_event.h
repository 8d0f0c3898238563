/* A message of an Event Hub as an event. */
#ifndef PROV_AMQP_EVENT_H
#define PROV_AMQP_EVENT_H

#include "amqp_value.h"

/* What an event needs beside its bytes; starts out as zeros, and serves event by event. */
struct amqp_event_room {
	struct prov_named *named;
	size_t n_named;
	uint8_t *body; /* of several pieces */
	size_t body_room;
	char texts[3][40]; /* ids and offset that came as numbers */
};

enum amqp_event_result { AMQP_EVENT_OK, AMQP_EVENT_MALFORMED, AMQP_EVENT_NOMEM };

/* The event points into `bytes` and `room`; its partition is -1. */
enum amqp_event_result amqp_event_read(struct amqp_span bytes,
				       struct amqp_event_room *room,
				       struct prov_event *out);

/* Frees what it holds, not the struct itself. */
void amqp_event_room_clear(struct amqp_event_room *room);

#endif
