/* Packets of MQTT as tests write them, byte for byte. */
#ifndef MQTT_BYTES_H
#define MQTT_BYTES_H

#include <string.h>

#include "text.h"

/* A literal with its length, which NULs do not end. */
#define B(literal) literal, sizeof(literal) - 1

static inline void put_text(struct text *to, const char *text)
{
	size_t len = strlen(text);
	const char head[] = { (char)(len >> 8), (char)len };

	text_put(to, head, 2);
	text_put(to, text, len);
}

/* The packet with this first byte and what is behind its length, which is freed. */
static inline void put_packet(struct text *to, unsigned first, struct text *rest)
{
	size_t len = rest->len;
	char byte = (char)first;

	text_put(to, &byte, 1);
	do {
		byte = (char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
		text_put(to, &byte, 1);
		len >>= 7;
	} while (len > 0);
	text_put(to, rest->at, rest->len);
	text_free(rest);
}

#endif
