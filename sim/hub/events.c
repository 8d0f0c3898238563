#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "events_own.h"

/* Queued and not yet taken by the writing thread; beyond it events_put() says no. */
#define QUEUE_BYTES ((size_t)4 << 20)

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS segments ("
	" row INTEGER PRIMARY KEY, last INTEGER NOT NULL, offset INTEGER NOT NULL,"
	" first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, bytes BLOB NOT NULL);"
	/* where a partition goes on when all of its segments are gone */
	"CREATE TABLE IF NOT EXISTS emptied ("
	" partition INTEGER PRIMARY KEY, last INTEGER NOT NULL,"
	" last_offset INTEGER NOT NULL, last_ms INTEGER NOT NULL, stop INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS stream (partitions INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS made (unix_ms INTEGER NOT NULL);"
	/* 16 MiB of log before it is copied: that waits for the disk */
	"PRAGMA wal_autocheckpoint = 4096;";

/* -- opening ------------------------------------------------------------------------- */

/* Goes on behind the last event of the last segment; false: that is damaged. */
static bool go_on(struct partition *partition, struct sqlite3_stmt *stmt)
{
	size_t len, last_at = 0;
	const char *bytes = db_bytes(stmt, 3, &len);
	int64_t offset = db_int(stmt, 1);

	partition->info.last = db_int(stmt, 0);
	partition->info.last_ms = db_int(stmt, 2);
	partition->info.empty = false;
	partition->stop = offset + (int64_t)len;
	if (events_walk(bytes, len, &last_at) < 1)
		return false;
	partition->info.last_offset = offset + (int64_t)last_at;
	return true;
}

static void read_emptied(struct partition *partition, struct sqlite3_stmt *stmt)
{
	partition->info.last = db_int(stmt, 0);
	partition->info.last_offset = db_int(stmt, 1);
	partition->info.last_ms = db_int(stmt, 2);
	partition->stop = db_int(stmt, 3);
}

/* 1, 0 when it is damaged, or -1. */
static int read_partition(struct events *events, unsigned index)
{
	struct partition *partition = &events->partitions[index];
	struct sqlite3_stmt *last = events->writes[LAST];
	struct sqlite3_stmt *emptied = events->writes[GET_EMPTIED];
	bool whole = true;
	int rc;

	partition->info = (struct partition_info){
		.last = -1, .last_offset = -1, .last_ms = TIME_NONE, .empty = true
	};
	events_bind_rows(last, index);
	rc = db_step(events->db, last);
	if (rc == 1) {
		whole = go_on(partition, last);
	} else if (rc == 0) {
		db_bind_int(emptied, 1, index);
		rc = db_step(events->db, emptied);
		if (rc == 1)
			read_emptied(partition, emptied);
		db_reset(emptied);
	}
	db_reset(last);
	partition->next_sequence = partition->info.begin = partition->info.last + 1;
	partition->next_offset = partition->stop;
	partition->last_ms = partition->info.last_ms;
	if (rc >= 0)
		rc = events_read_oldest(events, index, &partition->info.begin,
					&partition->oldest_ms);
	return rc < 0 ? -1 : whole;
}

static bool read_partitions(struct events *events, char *err, size_t err_bytes)
{
	if (events->settings.partitions < 1 ||
	    events->settings.partitions > EVENTS_PARTITIONS_MAX) {
		snprintf(err, err_bytes, "events.db: it has 1 to %d partitions, not %u",
			 EVENTS_PARTITIONS_MAX, events->settings.partitions);
		return false;
	}
	for (unsigned i = 0; i < events->settings.partitions; i++) {
		int rc = read_partition(events, i);

		if (rc == 1)
			continue;
		snprintf(err, err_bytes, "events.db: partition %u: %s", i,
			 rc == 0 ? "its end is damaged" : db_error(events->db));
		return false;
	}
	return true;
}

/* The value of a table with one row, which is there already or becomes `*value`. */
static bool settle(struct events *events, const char *const sql[2], int64_t *value)
{
	struct sqlite3_stmt *stmts[2];
	int rc;

	if (db_prepare(events->db, sql, stmts, 2) < 0)
		return false;
	db_bind_int(stmts[0], 1, *value);
	rc = db_run(events->db, stmts[0]);
	if (rc >= 0)
		rc = db_step(events->db, stmts[1]);
	if (rc == 1)
		*value = db_int(stmts[1], 0);
	db_reset(stmts[1]);
	return rc == 1;
}

/* The number of partitions and the time of this file, which stay as they were at first. */
static bool read_stream(struct events *events)
{
	static const char *const partitions_sql[] = {
		"INSERT INTO stream SELECT ?1 WHERE NOT EXISTS (SELECT * FROM stream)",
		"SELECT partitions FROM stream",
	};
	static const char *const made_sql[] = {
		"INSERT INTO made SELECT ?1 WHERE NOT EXISTS (SELECT * FROM made)",
		"SELECT unix_ms FROM made",
	};
	int64_t partitions = events->settings.partitions;

	events->made_ms = clock_unix_ms();
	if (!settle(events, partitions_sql, &partitions) ||
	    !settle(events, made_sql, &events->made_ms))
		return false;
	events->settings.partitions = (unsigned)partitions;
	return true;
}

static void init_locks(struct events *events)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&events->more, &attr);
	pthread_cond_init(&events->stored, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&events->lock, NULL);
	pthread_mutex_init(&events->reading, NULL);
}

static bool open_files(struct events *events, int dirfd, char *err, size_t err_bytes)
{
	events->db = db_open(dirfd, "events.db", DB_WRITER, err, err_bytes);
	if (!events->db)
		return false;
	if (db_exec(events->db, schema) < 0 ||
	    db_prepare(events->db, events_write_sql, events->writes, WRITES) < 0 ||
	    !read_stream(events)) {
		snprintf(err, err_bytes, "events.db: cannot open it: %s",
			 db_error(events->db));
		return false;
	}
	if (!read_partitions(events, err, err_bytes))
		return false;
	events->reader = db_open(dirfd, "events.db", DB_READER, err, err_bytes);
	if (!events->reader)
		return false;
	if (db_prepare(events->reader, events_read_sql, events->reads, READS) < 0) {
		snprintf(err, err_bytes, "events.db: cannot read it: %s",
			 db_error(events->reader));
		return false;
	}
	return true;
}

struct events *events_open(int dirfd, const struct events_settings *settings, char *err,
			   size_t err_bytes)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	events->settings = *settings;
	if (!settings->partitions)
		events->settings.partitions = EVENTS_PARTITIONS;
	if (!settings->retention_ms)
		events->settings.retention_ms = EVENTS_RETENTION_MS;
	init_locks(events);
	if (open_files(events, dirfd, err, err_bytes)) {
		if (pthread_create(&events->thread, NULL, events_write, events) == 0) {
			events->started = true;
			return events;
		}
		snprintf(err, err_bytes, "events.db: there is no thread for it");
	}
	events_close(events);
	return NULL;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	if (events->started) {
		pthread_mutex_lock(&events->lock);
		events->closing = true;
		pthread_cond_signal(&events->more);
		pthread_mutex_unlock(&events->lock);
		pthread_join(events->thread, NULL);
	}
	/* The last one that closes it takes the log into the file, as a writer can. */
	db_close(events->reader);
	db_close(events->db);
	for (unsigned i = 0; i < EVENTS_PARTITIONS_MAX; i++) {
		text_free(&events->partitions[i].queued.bytes);
		text_free(&events->partitions[i].writing.bytes);
	}
	pthread_cond_destroy(&events->more);
	pthread_cond_destroy(&events->stored);
	pthread_mutex_destroy(&events->lock);
	pthread_mutex_destroy(&events->reading);
	free(events);
}

/* -- what there is ------------------------------------------------------------------- */

unsigned events_partitions(const struct events *events)
{
	return events->settings.partitions;
}

int64_t events_made_ms(const struct events *events)
{
	return events->made_ms;
}

/* FNV-1a, 32 bits. */
unsigned events_partition_of(const struct events *events, const char *device)
{
	uint32_t hash = 2166136261U;

	for (; *device; device++)
		hash = (hash ^ (unsigned char)*device) * 16777619U;
	return hash % events->settings.partitions;
}

struct partition_info events_info(struct events *events, unsigned partition)
{
	struct partition_info info;

	pthread_mutex_lock(&events->lock);
	info = events->partitions[partition].info;
	pthread_mutex_unlock(&events->lock);
	return info;
}

uint64_t events_stored(struct events *events)
{
	uint64_t ticket;

	pthread_mutex_lock(&events->lock);
	ticket = events->stored_ticket;
	pthread_mutex_unlock(&events->lock);
	return ticket;
}

void events_flush(struct events *events)
{
	uint64_t ticket;

	pthread_mutex_lock(&events->lock);
	ticket = events->ticket;
	while (events->stored_ticket < ticket)
		pthread_cond_wait(&events->stored, &events->lock);
	pthread_mutex_unlock(&events->lock);
}

/* -- queueing ------------------------------------------------------------------------ */

/* Appends the record of an event; false, and all is as before: there is no memory. */
static bool put_record(struct events *events, struct text *to, const struct event *event)
{
	struct record record = { .enqueued_ms = event->enqueued_ms };
	size_t before = to->len;

	text_put(to, (const char *)&record, sizeof(record));
	message_pack(to, &event->message);
	record.packed = (uint32_t)(to->len - before - sizeof(record));
	if (events->settings.encode)
		events->settings.encode(to, event);
	if (to->failed) {
		to->failed = false;
		to->len = before;
		return false;
	}
	record.bytes = (uint32_t)(to->len - before);
	memcpy(to->at + before, &record, sizeof(record));
	return true;
}

static bool queue(struct events *events, unsigned index, const struct message *message)
{
	struct partition *partition = &events->partitions[index];
	struct run *run = &partition->queued;
	int64_t now_ms = clock_unix_ms();
	size_t before = run->bytes.len;
	struct event event = { .partition = index,
			       .sequence = partition->next_sequence,
			       .offset = partition->next_offset,
			       .enqueued_ms = now_ms > partition->last_ms
						      ? now_ms
						      : partition->last_ms,
			       .message = *message };

	if (!put_record(events, &run->bytes, &event))
		return false;
	if (before == 0) {
		run->sequence = event.sequence;
		run->offset = event.offset;
	}
	partition->next_sequence++;
	partition->next_offset += (int64_t)(run->bytes.len - before);
	partition->last_ms = event.enqueued_ms;
	events->queued_bytes += run->bytes.len - before;
	return true;
}

int events_put(struct events *events, const struct message *message, uint64_t *ticket)
{
	unsigned index = events_partition_of(events, message->texts[MESSAGE_DEVICE]);
	int rc = 0;

	if (message_size(message) > MESSAGE_D2C_MAX)
		return -1;
	pthread_mutex_lock(&events->lock);
	if (events->queued_bytes < QUEUE_BYTES) {
		bool first = events->queued_bytes == 0;

		rc = queue(events, index, message) ? 1 : -1;
		if (rc == 1)
			*ticket = ++events->ticket;
		if (rc == 1 && first)
			pthread_cond_signal(&events->more);
	}
	pthread_mutex_unlock(&events->lock);
	return rc;
}
