#include "amqp/frames.h"

#include <string.h>

enum { BEGIN = 0x11, ATTACH = 0x12, DETACH = 0x16, END = 0x17 };

#define PROTOCOL_HEADER 8 /* "AMQP" and the version: no frame's size begins so */

static bool is_protocol(const uint8_t *head)
{
	return memcmp(head, "AMQP", 4) == 0;
}

/* How many bytes have to be there to know what it is. */
static size_t wanted(const struct frames *frames)
{
	uint32_t size;

	if (frames->have < 4)
		return 4;
	if (is_protocol(frames->head))
		return PROTOCOL_HEADER;
	size = (uint32_t)frames->head[0] << 24 | (uint32_t)frames->head[1] << 16 |
	       (uint32_t)frames->head[2] << 8 | frames->head[3];
	/* shorter than any: proton will say so */
	return size < FRAMES_HEAD ? (size < 4 ? 4 : size) : FRAMES_HEAD;
}

/* The performative of a frame on a session; 0: it is another frame. */
static uint8_t performative(const struct frames *frames)
{
	const uint8_t *head = frames->head;

	return frames->have == FRAMES_HEAD && head[4] == 2 && head[5] == 0 &&
			       head[8] == 0x00 && head[9] == 0x53
		       ? head[10]
		       : 0;
}

static void judge(struct frames *frames)
{
	unsigned channel = (unsigned)frames->head[6] << 8 | frames->head[7];
	uint8_t code = performative(frames);

	frames->drops = false;
	frames->left = 0;
	if (frames->have < FRAMES_HEAD)
		return;
	frames->left =
		((uint32_t)frames->head[0] << 24 | (uint32_t)frames->head[1] << 16 |
		 (uint32_t)frames->head[2] << 8 | frames->head[3]) -
		FRAMES_HEAD;
	if (channel >= FRAMES_CHANNELS)
		return;
	if (code == BEGIN)
		frames->ended[channel] = false;
	frames->drops = frames->ended[channel] && code >= ATTACH && code <= END;
	if (code == END)
		frames->ended[channel] = true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t frames_take(struct frames *frames, uint8_t *to, const uint8_t *from, size_t len)
{
	size_t written = 0;

	while (len > 0) {
		bool head = frames->left == 0;
		size_t part =
			least(len, head ? wanted(frames) - frames->have : frames->left);

		if (head)
			memcpy(frames->head + frames->have, from, part);
		else if (!frames->drops)
			memcpy(to + written, from, part);
		if (!head && !frames->drops)
			written += part;
		from += part;
		len -= part;
		if (!head) {
			frames->left -= (uint32_t)part;
			continue;
		}
		frames->have += part;
		if (frames->have < wanted(frames))
			continue;
		judge(frames);
		if (!frames->drops) {
			memcpy(to + written, frames->head, frames->have);
			written += frames->have;
		}
		frames->have = 0;
	}
	return written;
}
