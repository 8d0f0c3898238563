/* The PUBACKs that a client waits for: they go in the order in which it published. */
#ifndef HUB_MQTT_ACKS_H
#define HUB_MQTT_ACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The event is not queued yet, and so has no ticket (events.h). */
#define TICKET_NONE UINT64_MAX

/* Starts out as zeros. */
struct acks {
	struct ack {
		uint64_t ticket;
		uint16_t packet;
	} * at;
	size_t room; /* a power of two */
	size_t first;
	size_t count;
};

void acks_free(struct acks *acks);

/* The packet is to be acknowledged when events up to the ticket are stored. False: no
 * memory. */
bool acks_push(struct acks *acks, uint16_t packet, uint64_t ticket);
/* The first that had none gets its ticket. */
void acks_give(struct acks *acks, uint64_t ticket);
/* The next packet that can be acknowledged now; 0: none. */
uint16_t acks_pop(struct acks *acks, uint64_t stored);

#endif
