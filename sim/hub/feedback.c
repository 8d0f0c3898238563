#include "c2d.h"

#include <stdlib.h>

#include "c2d_own.h"
#include "clock.h"

#define FEEDBACK_TTL_MS         INT64_C(3600000)
#define FEEDBACK_DELIVERIES_MAX 10

static const char *const status_names[STATUSES] = {
	[STATUS_SUCCESS] = "Success",
	[STATUS_EXPIRED] = "Expired",
	[STATUS_DELIVERIES] = "DeliveryCountExceeded",
	[STATUS_REJECTED] = "Rejected",
	[STATUS_PURGED] = "Purged",
};

void feedback_free(struct feedback *feedback)
{
	free(feedback->body);
	*feedback = (struct feedback){ 0 };
}

/* What nobody has read for too long, or abandoned too often, goes. */
static int remove_stale(struct c2d *c2d, int64_t now_ms)
{
	struct sqlite3_stmt *stmt = c2d->statements[REMOVE_STALE];

	db_bind_int(stmt, 1, now_ms);
	db_bind_int(stmt, 2, now_ms - FEEDBACK_TTL_MS);
	db_bind_int(stmt, 3, FEEDBACK_DELIVERIES_MAX);
	return db_run(c2d->db, stmt);
}

/*
 * "When the batch reaches to 64 messages, or in 15 seconds from last sent, whichever comes
 * first."
 */
static int is_due(struct c2d *c2d, int64_t now_ms)
{
	struct sqlite3_stmt *stmt = c2d->statements[WAITING];
	int64_t count;
	int rc;

	db_bind_int(stmt, 1, now_ms);
	rc = db_step(c2d->db, stmt);
	count = rc == 1 ? db_int(stmt, 0) : 0;
	db_reset(stmt);
	if (rc < 0)
		return -1;
	return count >= FEEDBACK_BATCH_MAX ||
	       (count > 0 &&
		(now_ms < c2d->batch_ms || now_ms - c2d->batch_ms >= FEEDBACK_WAIT_MS));
}

static void add_record(struct json *array, struct sqlite3_stmt *stmt)
{
	const char *status = status_names[db_int(stmt, 2) % STATUSES];
	struct json *record = json_new_object();
	char when[TIME_TEXT];

	clock_iso(when, db_int(stmt, 3));
	json_add_text(record, "originalMessageId", db_text(stmt, 1));
	json_add_text(record, "deviceGenerationId", db_text(stmt, 6));
	json_add_text(record, "deviceId", db_text(stmt, 5));
	json_add_text(record, "enqueuedTimeUtc", when);
	json_add_text(record, "statusCode", status);
	json_add_text(record, "description", status);
	json_push(array, record);
}

static int read_batch(struct c2d *c2d, struct feedback *feedback, int64_t now_ms)
{
	struct sqlite3_stmt *stmt = c2d->statements[BATCH];
	struct json *array = json_new_array();
	int rc;

	db_bind_int(stmt, 1, now_ms);
	while ((rc = db_step(c2d->db, stmt)) == 1) {
		if (feedback->records++ == 0)
			feedback->enqueued_ms = db_int(stmt, 4);
		add_record(array, stmt);
	}
	db_reset(stmt);
	feedback->body = json_print(array);
	json_free(array);
	return rc < 0 || !feedback->body ? -1 : 1;
}

static int lock_batch(struct c2d *c2d, struct feedback *feedback, int64_t now_ms)
{
	struct sqlite3_stmt *stmt = c2d->statements[LOCK_BATCH];

	if (!c2d_new_lock(feedback->lock))
		return -1;
	db_bind_int(stmt, 1, now_ms);
	db_bind_text(stmt, 2, feedback->lock);
	return db_run(c2d->db, stmt);
}

int feedback_receive(struct c2d *c2d, struct feedback *feedback)
{
	int64_t now_ms = clock_unix_ms();
	int rc;

	feedback_free(feedback);
	if (db_begin(c2d->db) < 0)
		return -1;
	rc = remove_stale(c2d, now_ms);
	if (rc >= 0)
		rc = is_due(c2d, now_ms);
	if (rc == 1)
		rc = read_batch(c2d, feedback, now_ms);
	if (rc == 1)
		rc = lock_batch(c2d, feedback, now_ms);
	rc = c2d_end(c2d, rc);
	if (rc == 1)
		c2d->batch_ms = now_ms;
	else
		feedback_free(feedback);
	return rc;
}

int feedback_settle(struct c2d *c2d, const char *lock, enum c2d_outcome outcome)
{
	struct sqlite3_stmt *stmt =
		c2d->statements[outcome == C2D_ABANDON ? UNLOCK_BATCH : REMOVE_BATCH];

	if (!*lock)
		return 0;
	db_bind_int(stmt, 1, clock_unix_ms());
	db_bind_text(stmt, 2, lock);
	return db_run(c2d->db, stmt);
}
