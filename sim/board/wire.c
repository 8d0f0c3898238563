#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static uint8_t *grow(struct bytes *bytes, size_t len)
{
	size_t room = bytes->room ? bytes->room : 1024;
	uint8_t *at;

	if (bytes->failed || len > BYTES_MAX - bytes->len) {
		bytes->failed = true;
		return NULL;
	}
	while (room < bytes->len + len)
		room *= 2;
	if (room != bytes->room) {
		at = realloc(bytes->at, room);
		if (!at) {
			bytes->failed = true;
			return NULL;
		}
		bytes->at = at;
		bytes->room = room;
	}
	bytes->len += len;
	return bytes->at + bytes->len - len;
}

void bytes_put(struct bytes *bytes, const void *from, size_t len)
{
	uint8_t *to = len ? grow(bytes, len) : NULL;

	if (to)
		memcpy(to, from, len);
}

void bytes_put_zeros(struct bytes *bytes, size_t len)
{
	uint8_t *to = grow(bytes, len);

	if (to)
		memset(to, 0, len);
}

/* A field of fixed size, cut if need be so that it still ends in a zero. */
void bytes_put_text(struct bytes *bytes, const char *text, size_t field)
{
	size_t len = strnlen(text, field - 1);

	bytes_put(bytes, text, len);
	bytes_put_zeros(bytes, field - len);
}

void bytes_put_u16(struct bytes *bytes, uint16_t value)
{
	uint8_t be[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	bytes_put(bytes, be, sizeof(be));
}

void bytes_put_u32(struct bytes *bytes, uint32_t value)
{
	bytes_put_u16(bytes, (uint16_t)(value >> 16));
	bytes_put_u16(bytes, (uint16_t)value);
}

void bytes_drop(struct bytes *bytes, size_t len)
{
	if (len > 0 && len < bytes->len)
		memmove(bytes->at, bytes->at + len, bytes->len - len);
	bytes->len -= len;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	memset(bytes, 0, sizeof(*bytes));
}

bool wire_send(int fd, const uint8_t *from, size_t len, size_t *sent)
{
	*sent = 0;
	while (*sent < len) {
		ssize_t n =
			send(fd, from + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN || errno == EWOULDBLOCK;
		*sent += (size_t)n;
	}
	return true;
}

uint16_t wire_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t wire_u32(const uint8_t *at)
{
	return (uint32_t)wire_u16(at) << 16 | wire_u16(at + 2);
}
