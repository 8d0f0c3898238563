/* What gdb.c (packets) and gdbcmd.c (what they ask for) know of one another. */
#ifndef BOARD_GDB_OWN_H
#define BOARD_GDB_OWN_H

#include "gdb.h"

#define PACKET_BYTES   4096 /* as we tell it in qSupported */
#define OUT_BYTES      (4 * PACKET_BYTES)
#define POINTS_MAX     64
#define SIGTRAP_NUMBER 5

enum parse { PARSE_IDLE, PARSE_BODY, PARSE_ESCAPE, PARSE_SUM_1, PARSE_SUM_2 };

struct point {
	bool used;
	char kind; /* '0' to '4' of the Z packet */
	uint32_t address, len;
};

struct gdb {
	struct gdb_target target;
	enum parse parse;
	uint8_t packet[PACKET_BYTES + 1];
	size_t len;
	bool too_long;
	uint8_t sum;   /* of what came */
	uint8_t given; /* what it says it is */
	bool no_ack;
	bool running; /* a continue is to be answered when it stops */
	bool gone;
	struct point points[POINTS_MAX];
	uint8_t out[OUT_BYTES];
	size_t out_len;
};

/* An answer that is a text, and one that may hold zeros. */
void gdb_answer(struct gdb *gdb, const char *body);
void gdb_answer_bytes(struct gdb *gdb, const char *body, size_t len);

/* The packet in `gdb` is whole. */
void gdb_run_packet(struct gdb *gdb);
/* Stops what runs, and says so. */
void gdb_interrupt(struct gdb *gdb);
void gdb_tell_stop(struct gdb *gdb, unsigned signal);
void gdb_clear_points(struct gdb *gdb);

int gdb_digit(char c); /* -1: none */

#endif
