/* A message of an Event Hub as an event. */
#ifndef PROV_AMQP_EVENT_H
#define PROV_AMQP_EVENT_H

#include "amqp_message.h"

/* For ids and an offset that came as something else than text. */
struct amqp_event_room {
	char texts[3][40];
};

/* The event points into the message and `room`; its partition is -1. */
void amqp_event_read(const struct amqp_message *message, struct amqp_event_room *room,
		     struct prov_event *out);

#endif
