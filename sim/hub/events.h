/*
 * The built-in event stream, DIR/events.db: what devices send, for the readers of
 * messages/events. A device's events are all in one of the partitions, by a hash of its id
 * that never changes, and have there a sequence number, which grows by one, and an
 * offset, which grows by their bytes.
 *
 * Many events are written by one commit, on a thread of its own: events_put() queues one,
 * and what is queued while a commit runs is in the next. A ticket says when an event is
 * stored: it may be acknowledged then, and survives the process, however that ends (db.h).
 * Readers see what is stored, and nothing before.
 *
 * All may be called from any thread, a cursor from one at a time.
 */
#ifndef HUB_EVENTS_H
#define HUB_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

#define EVENTS_PARTITIONS     4 /* unless the settings say otherwise */
#define EVENTS_PARTITIONS_MAX 32
#define EVENTS_RETENTION_MS   INT64_C(86400000)

struct events;

struct event {
	unsigned partition;
	int64_t sequence;    /* from 0 */
	int64_t offset;      /* in decimal digits it is what clients call so */
	int64_t enqueued_ms; /* by the hub's clock, but never less than of the one before */
	struct message message;
	/* What `encode` had made of it; NULL and 0 when there was none. */
	const void *encoded;
	size_t encoded_len;
};

struct events_settings {
	unsigned partitions;  /* 0: the usual; counts only where the file is new */
	int64_t retention_ms; /* 0: the usual */
	/*
	 * Called on the writing thread when events up to this ticket are stored; they
	 * wait for it who want theirs stored. May be NULL.
	 */
	void (*stored)(void *with, uint64_t ticket);
	/*
	 * Called by events_put(), on its thread and under its lock: appends the bytes in
	 * which readers want the event, so that these are made once. May be NULL.
	 */
	void (*encode)(struct text *to, const struct event *event);
	void *with;
};

/* What readers may ask about a partition. */
struct partition_info {
	int64_t begin;       /* the sequence number of its first event, or of the next */
	int64_t last;        /* of its last, that may be gone; -1 before there was one */
	int64_t last_offset; /* -1 likewise */
	int64_t last_ms;     /* TIME_NONE likewise */
	bool empty;
};

/* NULL: `err` says why. */
struct events *events_open(int dirfd, const struct events_settings *settings, char *err,
			   size_t err_bytes);
/* Stores what is queued. Cursors are closed before. */
void events_close(struct events *events);

unsigned events_partitions(const struct events *events);
/* When the stream was made, by clock_unix_ms(). */
int64_t events_made_ms(const struct events *events);
unsigned events_partition_of(const struct events *events, const char *device);
struct partition_info events_info(struct events *events, unsigned partition);

/*
 * Queues a copy of the message, which has a MESSAGE_DEVICE: 1, and *ticket is more than
 * any before. 0: too much is queued, because the database is slow or fails; `stored` will
 * be called when to try again. -1: it is longer than MESSAGE_D2C_MAX, or no memory.
 */
int events_put(struct events *events, const struct message *message, uint64_t *ticket);
/* Events up to this ticket are stored. */
uint64_t events_stored(struct events *events);
/* Waits until all that was queued before is stored. */
void events_flush(struct events *events);

/* -- reading ------------------------------------------------------------------------- */

enum position_by { BY_OFFSET, BY_SEQUENCE, BY_TIME };

/* Where to begin: behind the event with this value, or with it. */
struct position {
	enum position_by by;
	bool inclusive;
	bool latest; /* with what comes from now on; inclusive: with the last there is */
	int64_t value; /* an offset of -1 is the beginning */
};

struct cursor;

/*
 * 1, and the sequence number with which to begin. 0: there has not been such an offset or
 * sequence number yet. -1: the database fails.
 */
int events_seek(struct events *events, unsigned partition,
		const struct position *position, int64_t *next);

/* Where `next` is gone already, it begins with what is there. NULL: no memory. */
struct cursor *cursor_open(struct events *events, unsigned partition, int64_t next);
void cursor_close(struct cursor *cursor);

/* 1: the next event, good until the call after; 0: there is none yet; -1: failure. */
int cursor_next(struct cursor *cursor, struct event *event);

#endif
