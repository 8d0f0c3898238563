#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb_own.h"

/* -- out ---------------------------------------------------------------------------------- */

static void put(struct gdb *gdb, const char *text, size_t len)
{
	if (len > OUT_BYTES - gdb->out_len)
		return; /* it asks without reading: it will find its answers missing */
	memcpy(gdb->out + gdb->out_len, text, len);
	gdb->out_len += len;
}

void gdb_answer_bytes(struct gdb *gdb, const char *body, size_t len)
{
	unsigned sum = 0;
	char tail[4];

	for (size_t i = 0; i < len; i++)
		sum += (uint8_t)body[i];
	snprintf(tail, sizeof(tail), "#%02x", sum & 0xFF);
	if (len + 4 > OUT_BYTES - gdb->out_len)
		return;
	put(gdb, "$", 1);
	put(gdb, body, len);
	put(gdb, tail, 3);
}

void gdb_answer(struct gdb *gdb, const char *body)
{
	gdb_answer_bytes(gdb, body, strlen(body));
}

const uint8_t *gdb_output(const struct gdb *gdb, size_t *len)
{
	*len = gdb->out_len;
	return gdb->out;
}

void gdb_sent(struct gdb *gdb, size_t len)
{
	gdb->out_len -= len;
	memmove(gdb->out, gdb->out + len, gdb->out_len);
}

/* -- packets ------------------------------------------------------------------------------------------------------ */

int gdb_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void packet_ended(struct gdb *gdb)
{
	bool good = gdb->sum == gdb->given && !gdb->too_long;

	gdb->parse = PARSE_IDLE;
	if (!gdb->no_ack)
		put(gdb, good ? "+" : "-", 1);
	if (good)
		gdb_run_packet(gdb);
}

static void keep(struct gdb *gdb, uint8_t byte)
{
	if (gdb->len < PACKET_BYTES)
		gdb->packet[gdb->len++] = byte;
	else
		gdb->too_long = true;
}

static void start_packet(struct gdb *gdb)
{
	gdb->parse = PARSE_BODY;
	gdb->len = 0;
	gdb->sum = 0;
	gdb->too_long = false;
}

static void feed_body(struct gdb *gdb, uint8_t byte)
{
	if (byte == '#') {
		gdb->parse = PARSE_SUM_1;
		return;
	}
	if (byte == '$') { /* the one before was cut short */
		start_packet(gdb);
		return;
	}
	gdb->sum = (uint8_t)(gdb->sum + byte);
	if (byte == '}')
		gdb->parse = PARSE_ESCAPE;
	else
		keep(gdb, byte);
}

static void feed_byte(struct gdb *gdb, uint8_t byte)
{
	int value = gdb_digit((char)byte);

	switch (gdb->parse) {
	case PARSE_IDLE:
		if (byte == '$')
			start_packet(gdb);
		else if (byte == 3)
			gdb_interrupt(gdb);
		break;
	case PARSE_BODY:
		feed_body(gdb, byte);
		break;
	case PARSE_ESCAPE:
		gdb->sum = (uint8_t)(gdb->sum + byte);
		keep(gdb, byte ^ 0x20);
		gdb->parse = PARSE_BODY;
		break;
	case PARSE_SUM_1:
		gdb->given = (uint8_t)((unsigned)value << 4);
		gdb->parse = value < 0 ? PARSE_IDLE : PARSE_SUM_2;
		break;
	case PARSE_SUM_2:
		gdb->given |= (uint8_t)value;
		if (value < 0)
			gdb->parse = PARSE_IDLE;
		else
			packet_ended(gdb);
		break;
	}
}

bool gdb_feed(struct gdb *gdb, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && !gdb->gone; i++)
		feed_byte(gdb, bytes[i]);
	return !gdb->gone;
}

void gdb_poll(struct gdb *gdb)
{
	if (!gdb->running || gdb->target.state(gdb->target.ctx) == GDB_RUNS)
		return;
	gdb->running = false;
	gdb_tell_stop(gdb, SIGTRAP_NUMBER);
}

struct gdb *gdb_new(const struct gdb_target *target)
{
	struct gdb *gdb = calloc(1, sizeof(*gdb));

	if (!gdb)
		return NULL;
	gdb->target = *target;
	gdb->target.halt(gdb->target.ctx);
	return gdb;
}

void gdb_free(struct gdb *gdb)
{
	if (!gdb)
		return;
	gdb_clear_points(gdb);
	if (!gdb->running)
		gdb->target.resume(gdb->target.ctx);
	free(gdb);
}
