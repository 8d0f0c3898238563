#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "events_own.h"
#include "log.h"

/* Short segments are read together, up to as much. */
#define LOAD_BYTES SEGMENT_BYTES

const char *const events_read_sql[READS] = {
	/* the segment with the event of row ?2, or those after it */
	[LOAD] = "SELECT row, offset, bytes, last FROM segments WHERE row BETWEEN "
		 "coalesce((SELECT max(row) FROM segments WHERE row BETWEEN ?1 AND ?2), "
		 "?2) AND ?3 AND last >= ?4 ORDER BY row",
	[PROBE] = "SELECT row, offset, first_ms, last FROM segments "
		  "WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC LIMIT 1",
};

struct cursor {
	struct events *events;
	unsigned partition;
	int64_t next;
	/* segments that were read, and where in them `next` is */
	struct text bytes;
	size_t at;
	int64_t offset;
	struct message_room room;
};

struct cursor *cursor_open(struct events *events, unsigned partition, int64_t next)
{
	struct cursor *cursor = calloc(1, sizeof(*cursor));

	if (cursor) {
		cursor->events = events;
		cursor->partition = partition;
		cursor->next = next;
	}
	return cursor;
}

void cursor_close(struct cursor *cursor)
{
	if (!cursor)
		return;
	text_free(&cursor->bytes);
	message_room_free(&cursor->room);
	free(cursor);
}

/* -- reading on ---------------------------------------------------------------------- */

static int damaged(const struct cursor *cursor)
{
	log_event("events.db: partition %u is damaged near event %lld", cursor->partition,
		  (long long)cursor->next);
	return -1;
}

int64_t events_walk(const char *bytes, size_t len, size_t *last_at)
{
	struct record record;
	int64_t count = 0;

	for (size_t at = 0; at < len; at += record.bytes) {
		if (len - at < sizeof(record))
			return -1;
		memcpy(&record, bytes + at, sizeof(record));
		if (record.bytes > len - at || record.bytes < sizeof(record) ||
		    record.packed > record.bytes - sizeof(record))
			return -1;
		*last_at = at;
		count++;
	}
	return count;
}

/* The record at the cursor, where there is one. */
static void get_record(const struct cursor *cursor, struct record *record)
{
	memcpy(record, cursor->bytes.at + cursor->at, sizeof(*record));
}

static void step(struct cursor *cursor, const struct record *record)
{
	cursor->at += record->bytes;
	cursor->offset += record->bytes;
	cursor->next++;
}

/* Appends the segment in this row. */
static bool take_segment(struct cursor *cursor, struct sqlite3_stmt *stmt)
{
	int64_t count = db_int(stmt, 3) - ROW_SEQUENCE(db_int(stmt, 0)) + 1;
	size_t len, last_at;
	const char *bytes = db_bytes(stmt, 2, &len);

	if (events_walk(bytes, len, &last_at) != count) {
		damaged(cursor);
		return false;
	}
	text_put(&cursor->bytes, bytes, len);
	return !cursor->bytes.failed;
}

/* With `reading`: reads the segments that come. 1 when there were some. */
static int read_segments(struct cursor *cursor, struct sqlite3_stmt *stmt)
{
	struct db *db = cursor->events->reader;
	int64_t wanted = cursor->next;
	struct record record;
	int rc = 0;

	while (cursor->bytes.len < LOAD_BYTES && (rc = db_step(db, stmt)) == 1) {
		if (cursor->bytes.len == 0) {
			cursor->next = ROW_SEQUENCE(db_int(stmt, 0));
			cursor->offset = db_int(stmt, 1);
		}
		if (!take_segment(cursor, stmt)) {
			rc = -1;
			break;
		}
	}
	/* what comes before one that fails can be read */
	if (cursor->bytes.len == 0) {
		cursor->next = wanted;
		return rc;
	}
	/* it may be in the middle of a segment */
	while (cursor->next < wanted) {
		get_record(cursor, &record);
		step(cursor, &record);
	}
	return 1;
}

static int load(struct cursor *cursor)
{
	struct events *events = cursor->events;
	struct sqlite3_stmt *stmt = events->reads[LOAD];
	int64_t last = events_info(events, cursor->partition).last;
	int rc;

	if (cursor->next > last)
		return 0;
	cursor->bytes.len = 0;
	cursor->bytes.failed = false;
	cursor->at = 0;
	pthread_mutex_lock(&events->reading);
	db_bind_int(stmt, 1, ROW(cursor->partition, 0));
	db_bind_int(stmt, 2, ROW(cursor->partition, cursor->next));
	db_bind_int(stmt, 3, ROW(cursor->partition, last));
	db_bind_int(stmt, 4, cursor->next);
	rc = read_segments(cursor, stmt);
	db_reset(stmt);
	pthread_mutex_unlock(&events->reading);
	if (rc != 1)
		cursor->bytes.len = 0;
	return rc;
}

/* 1: there is a record at the cursor. */
static int reach(struct cursor *cursor, struct record *record)
{
	int rc = cursor->at < cursor->bytes.len ? 1 : load(cursor);

	if (rc == 1)
		get_record(cursor, record);
	return rc;
}

int cursor_next(struct cursor *cursor, struct event *event)
{
	struct record record;
	const char *bytes;
	int rc = reach(cursor, &record);

	if (rc != 1)
		return rc;
	bytes = cursor->bytes.at + cursor->at + sizeof(record);
	event->partition = cursor->partition;
	event->sequence = cursor->next;
	event->offset = cursor->offset;
	event->enqueued_ms = record.enqueued_ms;
	if (!message_unpack(&event->message, &cursor->room, bytes, record.packed))
		return damaged(cursor);
	event->encoded_len = record.bytes - sizeof(record) - record.packed;
	event->encoded = event->encoded_len ? bytes + record.packed : NULL;
	step(cursor, &record);
	return 1;
}

/* -- where to begin ------------------------------------------------------------------ */

static bool is_behind(const struct position *position, int64_t value)
{
	return value > position->value ||
	       (position->inclusive && value == position->value);
}

/* The segment with an event, or the last before it. */
struct probe {
	int64_t sequence;
	int64_t value; /* of its first event: offset or time */
	int64_t last;
};

static int probe(struct events *events, unsigned partition, int64_t sequence,
		 enum position_by by, struct probe *probe)
{
	struct sqlite3_stmt *stmt = events->reads[PROBE];
	int rc;

	pthread_mutex_lock(&events->reading);
	db_bind_int(stmt, 1, ROW(partition, 0));
	db_bind_int(stmt, 2, ROW(partition, sequence));
	rc = db_step(events->reader, stmt);
	if (rc == 1) {
		probe->sequence = ROW_SEQUENCE(db_int(stmt, 0));
		probe->value = db_int(stmt, by == BY_OFFSET ? 1 : 2);
		probe->last = db_int(stmt, 3);
	}
	db_reset(stmt);
	pthread_mutex_unlock(&events->reading);
	return rc;
}

/* The last segment that does not begin behind the position: its first event. */
static int find_segment(struct events *events, unsigned partition,
			const struct position *position, int64_t *sequence)
{
	struct partition_info info = events_info(events, partition);
	int64_t low = info.begin, high = info.last + 1;

	*sequence = low;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		struct probe found = { 0 };
		int rc = probe(events, partition, middle, position->by, &found);

		if (rc < 0)
			return -1;
		if (rc == 0) { /* deleted meanwhile */
			low = middle + 1;
		} else if (is_behind(position, found.value)) {
			high = found.sequence;
		} else {
			*sequence = found.sequence;
			low = found.last + 1;
		}
	}
	return 1;
}

static int find_event(struct events *events, unsigned partition,
		      const struct position *position, int64_t *next)
{
	struct cursor *cursor;
	struct record record;
	int64_t sequence = 0;
	int rc;

	if (find_segment(events, partition, position, &sequence) < 0)
		return -1;
	cursor = cursor_open(events, partition, sequence);
	if (!cursor)
		return -1;
	while ((rc = reach(cursor, &record)) == 1) {
		int64_t value =
			position->by == BY_OFFSET ? cursor->offset : record.enqueued_ms;

		if (is_behind(position, value))
			break;
		step(cursor, &record);
	}
	*next = cursor->next;
	cursor_close(cursor);
	return rc < 0 ? -1 : 1;
}

int events_seek(struct events *events, unsigned partition,
		const struct position *position, int64_t *next)
{
	struct partition_info info = events_info(events, partition);

	if (position->latest) {
		*next = info.last + (position->inclusive && !info.empty ? 0 : 1);
		return 1;
	}
	if (position->by == BY_SEQUENCE) {
		if (position->value > info.last)
			return 0;
		*next = position->value + (position->inclusive ? 0 : 1);
		if (*next < info.begin)
			*next = info.begin;
		return 1;
	}
	if (position->by == BY_OFFSET && position->value > info.last_offset)
		return 0;
	return find_event(events, partition, position, next);
}
