#include "amqp/batch.h"

#include <stdint.h>
#include <string.h>

/* Descriptors of a message's sections, "AMQP" version 1.0, section 3.2. */
enum {
	HEADER = 0x70,
	DELIVERY_ANNOTATIONS,
	MESSAGE_ANNOTATIONS,
	PROPERTIES,
	APPLICATION_PROPERTIES,
	DATA,
	SEQUENCE,
	VALUE,
	FOOTER
};

#define DESCRIBED      0x00
#define SMALL_ULONG    0x53
#define ULONG          0x80
#define BINARY_SHORT   0xa0
#define BINARY_LONG    0xb0
#define VARIABLE_FIRST 0xa /* among the upper halves of format codes */

struct section {
	uint8_t code;
	uint8_t format; /* of its value */
	const char *value;
	size_t value_len; /* without what says so */
};

static uint64_t number(const char *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | (uint8_t)at[i];
	return value;
}

static bool take(struct batch *from, size_t len)
{
	if (from->len < len)
		return false;
	from->at += len;
	from->len -= len;
	return true;
}

/* Section 1.2: the upper half of a format code says how long a value is. */
static bool take_value(struct batch *from, struct section *section)
{
	static const uint8_t widths[16] = {
		[0x5] = 1, [0x6] = 2, [0x7] = 4, [0x8] = 8, [0x9] = 16, [0xa] = 1,
		[0xb] = 4, [0xc] = 1, [0xd] = 4, [0xe] = 1, [0xf] = 4,
	};
	uint8_t half;
	size_t width;

	if (from->len < 1)
		return false;
	section->format = (uint8_t)*from->at;
	half = section->format >> 4;
	width = widths[half];
	if (half < 4 || !take(from, 1) || from->len < width)
		return false;
	section->value_len = width;
	if (half >= VARIABLE_FIRST) {
		section->value_len = number(from->at, width);
		take(from, width);
	}
	section->value = from->at;
	return take(from, section->value_len);
}

static bool take_section(struct batch *from, struct section *section)
{
	size_t width = from->len > 1 && (uint8_t)from->at[1] == ULONG ? 8 : 1;
	uint64_t code;

	if (from->len < 2 + width || *from->at != DESCRIBED ||
	    (width == 1 && from->at[1] != SMALL_ULONG))
		return false;
	code = number(from->at + 2, width);
	section->code = (uint8_t)code;
	return code >= HEADER && code <= FOOTER && take(from, 2 + width) &&
	       take_value(from, section);
}

static bool is_data(const struct section *section)
{
	return section->code == DATA &&
	       (section->format == BINARY_SHORT || section->format == BINARY_LONG);
}

/* Whole, and with a body. */
static bool is_message(const char *bytes, size_t len)
{
	struct batch left = { bytes, len };
	struct section section;
	bool body = false;

	while (left.len > 0) {
		if (!take_section(&left, &section))
			return false;
		body |= is_data(&section) || section.code == SEQUENCE ||
			section.code == VALUE;
	}
	return body;
}

bool batch_open(struct batch *batch, const char *bytes, size_t len)
{
	struct batch left = { bytes, len };
	struct section section;
	size_t count = 0;

	*batch = left;
	while (left.len > 0) {
		if (!take_section(&left, &section))
			return false;
		if (section.code <= MESSAGE_ANNOTATIONS ||
		    (section.code == PROPERTIES && section.value_len == 0))
			continue;
		if (!is_data(&section) || !is_message(section.value, section.value_len))
			return false;
		count++;
	}
	return count > 0;
}

bool batch_next(struct batch *batch, const char **message, size_t *len)
{
	struct section section;

	while (batch->len > 0 && take_section(batch, &section)) {
		if (!is_data(&section))
			continue;
		*message = section.value;
		*len = section.value_len;
		return true;
	}
	return false;
}
