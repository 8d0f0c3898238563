/* The writing thread of the event stream. */
#include "events.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "events_own.h"

/* How often it looks for what is too old, and tries a commit again. */
#define TIDY_MS  1000
#define RETRY_MS 1000
/* Segments that one commit deletes: it holds up those who wait for theirs. */
#define TIDY_SEGMENTS 256

const char *const events_write_sql[WRITES] = {
	[INSERT] = "INSERT INTO segments (row, last, offset, first_ms, last_ms, bytes) "
		   "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[LAST] = "SELECT last, offset, last_ms, bytes FROM segments "
		 "WHERE row BETWEEN ?1 AND ?2 ORDER BY row DESC LIMIT 1",
	[OLDEST] = "SELECT row, last_ms FROM segments WHERE row BETWEEN ?1 AND ?2 "
		   "ORDER BY row",
	[DELETE] = "DELETE FROM segments WHERE row BETWEEN ?1 AND ?2",
	[GET_EMPTIED] = "SELECT last, last_offset, last_ms, stop FROM emptied "
			"WHERE partition = ?1",
	[PUT_EMPTIED] = "INSERT OR REPLACE INTO emptied "
			"(partition, last, last_offset, last_ms, stop) "
			"VALUES (?1, ?2, ?3, ?4, ?5)",
};

/* -- statements ---------------------------------------------------------------------- */

void events_bind_rows(struct sqlite3_stmt *stmt, unsigned partition)
{
	db_bind_int(stmt, 1, ROW(partition, 0));
	db_bind_int(stmt, 2, ROW(partition, SEQUENCE_MAX));
}

int events_read_oldest(struct events *events, unsigned index, int64_t *begin,
		       int64_t *oldest_ms)
{
	struct sqlite3_stmt *stmt = events->writes[OLDEST];
	int rc;

	events_bind_rows(stmt, index);
	rc = db_step(events->db, stmt);
	if (rc == 1) {
		*begin = ROW_SEQUENCE(db_int(stmt, 0));
		*oldest_ms = db_int(stmt, 1);
	}
	db_reset(stmt);
	return rc;
}

/* -- writing ------------------------------------------------------------------------- */

/* Records of a run that go into one row. */
struct segment {
	size_t len;
	size_t last_at; /* where the last record begins */
	int64_t count;
	int64_t first_ms;
	int64_t last_ms;
};

/* From `at` on, at least one. */
static struct segment next_segment(const struct run *run, size_t at)
{
	struct segment segment = { 0 };
	struct record record;

	while (at < run->bytes.len) {
		memcpy(&record, run->bytes.at + at, sizeof(record));
		if (segment.count && segment.len + record.bytes > SEGMENT_BYTES)
			break;
		if (segment.count++ == 0)
			segment.first_ms = record.enqueued_ms;
		segment.last_ms = record.enqueued_ms;
		segment.last_at = at;
		segment.len += record.bytes;
		at += record.bytes;
	}
	return segment;
}

/* Writes a run as segments, and says in `info` what is stored when that is committed. */
static bool write_run(struct events *events, unsigned index, struct partition_info *info)
{
	struct run *run = &events->partitions[index].writing;
	struct sqlite3_stmt *stmt = events->writes[INSERT];
	int64_t sequence = run->sequence;
	struct segment segment;

	for (size_t at = 0; at < run->bytes.len; at += segment.len) {
		segment = next_segment(run, at);
		info->last = sequence + segment.count - 1;
		info->last_offset = run->offset + (int64_t)segment.last_at;
		info->last_ms = segment.last_ms;
		info->empty = false;
		db_bind_int(stmt, 1, ROW(index, sequence));
		db_bind_int(stmt, 2, info->last);
		db_bind_int(stmt, 3, run->offset + (int64_t)at);
		db_bind_int(stmt, 4, segment.first_ms);
		db_bind_int(stmt, 5, segment.last_ms);
		db_bind_bytes(stmt, 6, run->bytes.at + at, segment.len);
		if (db_run(events->db, stmt) < 0)
			return false;
		sequence = info->last + 1;
	}
	return true;
}

static bool commit_runs(struct events *events, struct partition_info *infos)
{
	bool well = db_begin(events->db) == 1;

	for (unsigned i = 0; well && i < events->settings.partitions; i++)
		well = write_run(events, i, &infos[i]);
	if (well && db_commit(events->db) == 1)
		return true;
	db_rollback(events->db);
	return false;
}

/* With the lock: what is queued is the writing thread's now. */
static void take_runs(struct events *events, struct partition_info *infos)
{
	for (unsigned i = 0; i < events->settings.partitions; i++) {
		struct partition *partition = &events->partitions[i];
		struct run empty = partition->writing;

		partition->writing = partition->queued;
		partition->queued = empty;
		infos[i] = partition->info;
	}
	events->queued_bytes = 0;
}

/* With the lock: readers may have it. */
static void publish(struct events *events, const struct partition_info *infos,
		    uint64_t ticket)
{
	for (unsigned i = 0; i < events->settings.partitions; i++) {
		struct partition *partition = &events->partitions[i];
		struct run *run = &partition->writing;

		if (run->bytes.len == 0)
			continue;
		if (partition->info.empty)
			partition->oldest_ms = infos[i].last_ms;
		partition->info = infos[i];
		partition->stop = run->offset + (int64_t)run->bytes.len;
		run->bytes.len = 0;
	}
	events->stored_ticket = ticket;
	pthread_cond_broadcast(&events->stored);
}

/* With the lock: sleeps for at most so long, less when something is to be done. */
static void sleep_ms(struct events *events, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&events->more, &events->lock, &until);
}

/*
 * With the lock, which it gives back while it writes. A commit that fails is tried again
 * until it succeeds, or the hub ends: what is queued was not acknowledged.
 */
static bool write_queued(struct events *events)
{
	struct partition_info infos[EVENTS_PARTITIONS_MAX];
	uint64_t ticket = events->ticket;
	bool well;

	take_runs(events, infos);
	pthread_mutex_unlock(&events->lock);
	well = commit_runs(events, infos);
	pthread_mutex_lock(&events->lock);
	while (!well && !events->closing) {
		sleep_ms(events, RETRY_MS);
		pthread_mutex_unlock(&events->lock);
		well = commit_runs(events, infos);
		pthread_mutex_lock(&events->lock);
	}
	if (!well)
		return false;
	publish(events, infos, ticket);
	if (events->settings.stored) {
		pthread_mutex_unlock(&events->lock);
		events->settings.stored(events->settings.with, ticket);
		pthread_mutex_lock(&events->lock);
	}
	return true;
}

/* -- retention ----------------------------------------------------------------------- */

/* The last of the first segments that are too old; -1 when none is. */
static int64_t last_too_old(struct events *events, unsigned index, int64_t before_ms)
{
	struct sqlite3_stmt *stmt = events->writes[OLDEST];
	int64_t row = -1;

	events_bind_rows(stmt, index);
	for (int i = 0; i < TIDY_SEGMENTS && db_step(events->db, stmt) == 1 &&
			db_int(stmt, 1) < before_ms;
	     i++)
		row = db_int(stmt, 0);
	db_reset(stmt);
	return row;
}

static bool delete_to(struct events *events, unsigned index, int64_t row)
{
	const struct partition *partition = &events->partitions[index];
	struct sqlite3_stmt *delete = events->writes[DELETE];
	struct sqlite3_stmt *put = events->writes[PUT_EMPTIED];
	bool well = db_begin(events->db) == 1;

	db_bind_int(delete, 1, ROW(index, 0));
	db_bind_int(delete, 2, row);
	well = well && db_run(events->db, delete) >= 0;
	db_bind_int(put, 1, index);
	db_bind_int(put, 2, partition->info.last);
	db_bind_int(put, 3, partition->info.last_offset);
	db_bind_int(put, 4, partition->info.last_ms);
	db_bind_int(put, 5, partition->stop);
	well = well && db_run(events->db, put) >= 0;
	if (well && db_commit(events->db) == 1)
		return true;
	db_rollback(events->db);
	return false;
}

/*
 * Deletes what is too old in a partition, some at a time; true: there is more of it. Only
 * this thread changes what is stored, and so may read it without the lock.
 */
static bool tidy_partition(struct events *events, unsigned index, int64_t before_ms)
{
	struct partition *partition = &events->partitions[index];
	int64_t begin, oldest_ms = 0, row;
	int rc;

	if (partition->info.empty || partition->oldest_ms >= before_ms)
		return false;
	row = last_too_old(events, index, before_ms);
	begin = partition->info.last + 1;
	if (row >= 0 && !delete_to(events, index, row))
		return false;
	rc = events_read_oldest(events, index, &begin, &oldest_ms);
	if (rc < 0)
		return false;
	pthread_mutex_lock(&events->lock);
	partition->info.begin = begin;
	partition->info.empty = rc == 0;
	pthread_mutex_unlock(&events->lock);
	partition->oldest_ms = oldest_ms;
	return rc == 1 && oldest_ms < before_ms;
}

static bool tidy(struct events *events)
{
	int64_t before_ms = clock_unix_ms() - events->settings.retention_ms;
	bool more = false;

	for (unsigned i = 0; i < events->settings.partitions; i++)
		more |= tidy_partition(events, i, before_ms);
	return more;
}

/* -- the thread ---------------------------------------------------------------------- */

void *events_write(void *with)
{
	struct events *events = with;
	int64_t due_ms = clock_steady_ms();

	pthread_mutex_lock(&events->lock);
	for (;;) {
		int64_t now_ms = clock_steady_ms();

		if (!events->queued_bytes && !events->closing && now_ms < due_ms)
			sleep_ms(events, clock_nap_ms((int)(due_ms - now_ms)));
		if (events->queued_bytes && !write_queued(events))
			break;
		if (events->closing && !events->queued_bytes)
			break;
		if (clock_steady_ms() < due_ms)
			continue;
		pthread_mutex_unlock(&events->lock);
		due_ms = clock_steady_ms() + (tidy(events) ? 0 : TIDY_MS);
		pthread_mutex_lock(&events->lock);
	}
	pthread_mutex_unlock(&events->lock);
	return NULL;
}
