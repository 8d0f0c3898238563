#include "utf8.h"

#include <stdint.h>

/* By the first byte: how many follow, and between which bounds the second one is. */
static const struct lead {
	uint8_t from;
	uint8_t to;
	uint8_t more;
	uint8_t low;
	uint8_t high;
} leads[] = {
	{ 0x00, 0x7f, 0, 0, 0 },       { 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf }, { 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f }, { 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf }, { 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (byte >= leads[i].from && byte <= leads[i].to)
			return &leads[i];
	return NULL;
}

bool utf8_valid(const char *at, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)at;

	for (size_t i = 0; i < len; i++) {
		const struct lead *lead = find_lead(bytes[i]);

		if (!lead || lead->more >= len - i)
			return false;
		if (lead->more > 0 &&
		    (bytes[i + 1] < lead->low || bytes[i + 1] > lead->high))
			return false;
		for (size_t k = 2; k <= lead->more; k++)
			if ((bytes[i + k] & 0xc0) != 0x80)
				return false;
		i += lead->more;
	}
	return true;
}
