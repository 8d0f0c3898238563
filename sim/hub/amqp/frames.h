/*
 * Leaves out what a client says of a session that it has ended already. Microsoft's
 * JavaScript clients do that, when a message was under way to them; the real hub passes
 * over it, proton would end the connection.
 */
#ifndef HUB_AMQP_FRAMES_H
#define HUB_AMQP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "AMQP" version 1.0, section 2.3: of a frame, up to its performative's code. */
#define FRAMES_HEAD     11
#define FRAMES_CHANNELS 256

/* Starts out as zeros. */
struct frames {
	uint8_t head[FRAMES_HEAD]; /* of a frame, until it is known what that is */
	size_t have;
	uint32_t left; /* of a frame, behind its head */
	bool drops;    /* this one is left out */
	bool ended[FRAMES_CHANNELS];
};

/*
 * Copies what is to be read; `to` has room for `len` bytes and those that the calls before
 * have kept, `frames->have`. How many there are: what is not known yet comes with the next
 * call.
 */
size_t frames_take(struct frames *frames, uint8_t *to, const uint8_t *from, size_t len);

#endif
