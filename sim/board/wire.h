/* Bytes on their way out and out of a socket, and numbers in network order. */
#ifndef BOARD_WIRE_H
#define BOARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *at;
	size_t len;
	size_t room;
	bool failed; /* no memory, or more than the limit: nothing more goes in */
};

/* What a peer that does not read may make us hold. */
#define BYTES_MAX (8u << 20)

void bytes_put(struct bytes *bytes, const void *from, size_t len);
void bytes_put_zeros(struct bytes *bytes, size_t len);
void bytes_put_text(struct bytes *bytes, const char *text, size_t field);
void bytes_put_u16(struct bytes *bytes, uint16_t value);
void bytes_put_u32(struct bytes *bytes, uint32_t value);
void bytes_drop(struct bytes *bytes, size_t len);
void bytes_free(struct bytes *bytes);

/*
 * As much of it as the socket takes without waiting; `*sent` is how much that was. False:
 * it takes nothing any more.
 */
bool wire_send(int fd, const uint8_t *from, size_t len, size_t *sent);

uint16_t wire_u16(const uint8_t *at);
uint32_t wire_u32(const uint8_t *at);

#endif
