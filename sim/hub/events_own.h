/* What the parts of the event stream, events.c, events_write.c and events_read.c, share. */
#ifndef HUB_EVENTS_OWN_H
#define HUB_EVENTS_OWN_H

#include <pthread.h>

#include "db.h"
#include "events.h"

/*
 * A row of the table is a segment: events of one partition that follow one another and
 * came with one commit. Its number has partition and first sequence number in it.
 */
#define SEGMENT_BYTES   65536 /* a longer one has but one event */
#define ROW(p, seq)     ((int64_t)(p) << 48 | (seq))
#define ROW_SEQUENCE(r) ((r) & ((INT64_C(1) << 48) - 1))
#define SEQUENCE_MAX    ((INT64_C(1) << 48) - 1)

/* Before each event in a segment. */
struct record {
	uint32_t bytes;  /* of all, with this */
	uint32_t packed; /* of the message; the rest is what `encode` made */
	int64_t enqueued_ms;
};

struct run {
	struct text bytes; /* records */
	int64_t sequence;  /* of the first */
	int64_t offset;
};

struct partition {
	struct run queued;  /* for the next commit */
	struct run writing; /* in the one that runs; the writing thread's alone */
	int64_t next_sequence;
	int64_t next_offset;
	int64_t last_ms;            /* of what was queued last */
	struct partition_info info; /* of what is stored */
	int64_t stop;               /* the offset behind that */
	int64_t oldest_ms;          /* the writing thread's: of the first segment's end */
};

enum write_statement { INSERT, LAST, OLDEST, DELETE, GET_EMPTIED, PUT_EMPTIED, WRITES };
enum read_statement { LOAD, PROBE, READS };

struct events {
	struct events_settings settings;
	int64_t made_ms;
	struct partition partitions[EVENTS_PARTITIONS_MAX];

	/* the writing thread's alone, and events_open()'s before */
	struct db *db;
	struct sqlite3_stmt *writes[WRITES];

	pthread_mutex_t reading; /* for the next two */
	struct db *reader;
	struct sqlite3_stmt *reads[READS];

	pthread_mutex_t lock;  /* for what follows, and the partitions */
	pthread_cond_t more;   /* something to do for the writing thread */
	pthread_cond_t stored; /* it has done something */
	size_t queued_bytes;
	uint64_t ticket;
	uint64_t stored_ticket;
	bool closing;
	bool started;
	pthread_t thread;
};

extern const char *const events_write_sql[WRITES];
extern const char *const events_read_sql[READS];

/* The first two parameters: all rows of a partition. */
void events_bind_rows(struct sqlite3_stmt *stmt, unsigned partition);
/* The first segment that is stored: where it begins, and when it ends. */
int events_read_oldest(struct events *events, unsigned partition, int64_t *begin,
		       int64_t *oldest_ms);

/*
 * How many records these bytes are, and where the last of them begins; -1 when they are
 * damaged.
 */
int64_t events_walk(const char *bytes, size_t len, size_t *last_at);

/* The writing thread. */
void *events_write(void *events);

#endif
