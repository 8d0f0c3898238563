#include "c2d.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "c2d_own.h"
#include "clock.h"
#include "crypto.h"

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS messages ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL,"
	" ack INTEGER NOT NULL, id TEXT NOT NULL, enqueued_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL, packed BLOB NOT NULL,"
	" deliveries INTEGER NOT NULL DEFAULT 0, lock TEXT NOT NULL DEFAULT '',"
	" locked_ms INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX IF NOT EXISTS messages_device ON messages (device);"
	"CREATE INDEX IF NOT EXISTS messages_expire ON messages (expires_ms);"
	"CREATE TABLE IF NOT EXISTS feedback ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL,"
	" id TEXT NOT NULL, status INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" enqueued_ms INTEGER NOT NULL,"
	" deliveries INTEGER NOT NULL DEFAULT 0, lock TEXT NOT NULL DEFAULT '',"
	" locked_ms INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX IF NOT EXISTS feedback_device ON feedback (device);"
	/* "Pending feedback for deleted devices": it is deleted too */
	"CREATE TRIGGER IF NOT EXISTS devices_deleted AFTER DELETE ON devices BEGIN"
	" DELETE FROM messages WHERE device = old.row;"
	" DELETE FROM feedback WHERE device = old.row; END;";

/*
 * What is locked at the time ?1, or not. A lock of the future is none: the hub's clock was
 * put back.
 */
#define LOCKED(now)   "locked_ms BETWEEN " now " - 59999 AND " now
#define UNLOCKED(now) "locked_ms NOT BETWEEN " now " - 59999 AND " now

_Static_assert(C2D_LOCK_MS == 60000, "LOCKED() has it too");

static const char *const sql[C2D_STATEMENTS] = {
	[SEND] =
		"INSERT INTO messages (device, ack, id, enqueued_ms, expires_ms, packed) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[COUNT] = "SELECT count(*) FROM messages WHERE device = ?1",
	[FIRST] = "SELECT row, enqueued_ms, expires_ms, deliveries, ack, packed "
		  "FROM messages WHERE device = ?2 AND " UNLOCKED(
			  "?1") " ORDER BY row LIMIT 1",
	[LOCKED_BY] = "SELECT row, enqueued_ms, expires_ms, deliveries, ack, packed "
		      "FROM messages WHERE device = ?2 AND lock = ?3",
	[LOCK] = "UPDATE messages SET lock = ?2, locked_ms = ?3 WHERE row = ?1",
	[FIND] = "SELECT row, deliveries FROM messages "
		 "WHERE device = ?2 AND lock = ?3 AND " LOCKED("?1"),
	[UNLOCK] = "UPDATE messages SET lock = '', locked_ms = 0, "
		   "deliveries = deliveries + 1 WHERE row = ?1",
	[REMOVE] = "DELETE FROM messages WHERE row = ?1",
	[ANY_OF] = "SELECT row, expires_ms FROM messages WHERE device = ?2 LIMIT 1",
	[EXPIRED_OF] = "SELECT row, expires_ms FROM messages WHERE device = ?2 "
		       "AND expires_ms <= ?1 AND " UNLOCKED("?1") " LIMIT 1",
	[EXPIRED] = "SELECT row, expires_ms FROM messages "
		    "WHERE expires_ms <= ?1 AND " UNLOCKED("?1") " LIMIT 1",
	[TELL] = "INSERT INTO feedback (device, id, status, at_ms, enqueued_ms) "
		 "SELECT device, id, ?2, ?3, ?4 FROM messages "
		 "WHERE row = ?1 AND ack IN (?5, 3)",
	[WAITING] = "SELECT count(*) FROM feedback WHERE " UNLOCKED("?1"),
	[BATCH] = "SELECT f.row, f.id, f.status, f.at_ms, f.enqueued_ms, d.id, "
		  "d.generation FROM feedback f JOIN devices d ON d.row = f.device "
		  "WHERE " UNLOCKED("?1") " ORDER BY f.row LIMIT 64",
	[LOCK_BATCH] = "UPDATE feedback SET lock = ?2, locked_ms = ?1 WHERE row IN "
		       "(SELECT row FROM feedback WHERE " UNLOCKED(
			       "?1") " ORDER BY row LIMIT 64)",
	[UNLOCK_BATCH] = "UPDATE feedback SET lock = '', locked_ms = 0, "
			 "deliveries = deliveries + 1 WHERE lock = ?2 AND " LOCKED("?1"),
	[REMOVE_BATCH] = "DELETE FROM feedback WHERE lock = ?2 AND " LOCKED("?1"),
	[REMOVE_STALE] = "DELETE FROM feedback WHERE " UNLOCKED(
		"?1") " AND (enqueued_ms <= ?2 OR deliveries >= ?3)",
};

_Static_assert(FEEDBACK_BATCH_MAX == 64 && ACK_FULL == 3, "the statements have them too");

/* -- opening ------------------------------------------------------------------------- */

struct c2d *c2d_open(struct store *store, char *err, size_t err_bytes)
{
	struct c2d *c2d = calloc(1, sizeof(*c2d));

	if (!c2d) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	c2d->db = store_db(store);
	if (db_exec(c2d->db, schema) == 1 &&
	    db_prepare(c2d->db, sql, c2d->statements, C2D_STATEMENTS) == 1)
		return c2d;
	snprintf(err, err_bytes, "hub.db: cannot open it: %s", db_error(c2d->db));
	c2d_close(c2d);
	return NULL;
}

/* The statements are closed with the store. */
void c2d_close(struct c2d *c2d)
{
	free(c2d);
}

static const char *const ack_names[ACKS] = {
	[ACK_NONE] = "none",
	[ACK_POSITIVE] = "positive",
	[ACK_NEGATIVE] = "negative",
	[ACK_FULL] = "full",
};

const char *c2d_ack_name(enum c2d_ack ack)
{
	return ack_names[ack];
}

bool c2d_ack_parse(const char *name, enum c2d_ack *ack)
{
	for (int i = 0; i < ACKS; i++) {
		if (strcasecmp(name, ack_names[i]) != 0)
			continue;
		*ack = (enum c2d_ack)i;
		return true;
	}
	return false;
}

/* A random UUID, version 4. */
bool c2d_new_lock(char lock[LOCK_TEXT])
{
	uint8_t raw[16];
	int len = 0;

	if (!crypto_random(raw, sizeof(raw)))
		return false;
	raw[6] = (raw[6] & 0x0f) | 0x40;
	raw[8] = (raw[8] & 0x3f) | 0x80;
	for (int i = 0; i < 16; i++)
		len += sprintf(lock + len,
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			       raw[i]);
	return true;
}

int c2d_end(struct c2d *c2d, int rc)
{
	if (rc >= 0 && db_commit(c2d->db) == 1)
		return rc;
	db_rollback(c2d->db);
	return -1;
}

/* -- the ends of a message ----------------------------------------------------------- */

/* The message is gone, and whoever wanted to hear of that will. */
static int retire(struct c2d *c2d, int64_t row, enum feedback_status status,
		  int64_t at_ms)
{
	struct sqlite3_stmt *tell = c2d->statements[TELL];
	struct sqlite3_stmt *remove = c2d->statements[REMOVE];

	db_bind_int(tell, 1, row);
	db_bind_int(tell, 2, status);
	db_bind_int(tell, 3, at_ms);
	db_bind_int(tell, 4, clock_unix_ms());
	db_bind_int(tell, 5, status == STATUS_SUCCESS ? ACK_POSITIVE : ACK_NEGATIVE);
	if (db_run(c2d->db, tell) < 0)
		return -1;
	db_bind_int(remove, 1, row);
	return db_run(c2d->db, remove);
}

/* All that a statement with the time and a device finds, one after the other. */
static int retire_all(struct c2d *c2d, enum c2d_statement which, int64_t device,
		      enum feedback_status status, int64_t *count)
{
	struct sqlite3_stmt *stmt = c2d->statements[which];
	int64_t now_ms = clock_unix_ms();
	int rc = 1;

	for (*count = 0; rc == 1; *count += rc == 1) {
		int64_t row, expires_ms;

		db_bind_int(stmt, 1, now_ms);
		if (which != EXPIRED)
			db_bind_int(stmt, 2, device);
		rc = db_step(c2d->db, stmt);
		row = rc == 1 ? db_int(stmt, 0) : 0;
		expires_ms = rc == 1 ? db_int(stmt, 1) : 0;
		db_reset(stmt);
		if (rc == 1)
			rc = retire(c2d, row, status,
				    status == STATUS_EXPIRED ? expires_ms : now_ms);
	}
	return rc < 0 ? -1 : 1;
}

/* -- sending ------------------------------------------------------------------------- */

int c2d_count(struct c2d *c2d, const struct device *device, int64_t *count)
{
	struct sqlite3_stmt *stmt = c2d->statements[COUNT];
	int rc;

	db_bind_int(stmt, 1, device->row);
	rc = db_step(c2d->db, stmt);
	*count = rc == 1 ? db_int(stmt, 0) : 0;
	db_reset(stmt);
	return rc;
}

static int insert(struct c2d *c2d, const struct device *device,
		  const struct message *message, enum c2d_ack ack, int64_t expires_ms)
{
	struct sqlite3_stmt *stmt = c2d->statements[SEND];
	const char *id = message->texts[MESSAGE_ID];
	int64_t now_ms = clock_unix_ms();
	struct text packed = { 0 };
	int rc = -1;

	message_pack(&packed, message);
	if (!packed.failed) {
		db_bind_int(stmt, 1, device->row);
		db_bind_int(stmt, 2, ack);
		db_bind_text(stmt, 3, id ? id : "");
		db_bind_int(stmt, 4, now_ms);
		db_bind_int(stmt, 5, expires_ms ? expires_ms : now_ms + C2D_TTL_MS);
		db_bind_bytes(stmt, 6, packed.at, packed.len);
		rc = db_run(c2d->db, stmt);
	}
	text_free(&packed);
	return rc;
}

enum c2d_sent c2d_send(struct c2d *c2d, const struct device *device,
		       const struct message *message, enum c2d_ack ack,
		       int64_t expires_ms)
{
	int64_t count, expired;
	int rc;

	if (message_size(message) > MESSAGE_C2D_MAX)
		return C2D_TOO_LONG;
	if (expires_ms && expires_ms <= clock_unix_ms())
		return C2D_EXPIRED;
	if (db_begin(c2d->db) < 0)
		return C2D_FAILED;
	rc = retire_all(c2d, EXPIRED_OF, device->row, STATUS_EXPIRED, &expired);
	if (rc == 1)
		rc = c2d_count(c2d, device, &count);
	if (rc == 1)
		rc = count >= C2D_QUEUE_MAX
			     ? C2D_FULL
			     : insert(c2d, device, message, ack, expires_ms);
	return (enum c2d_sent)c2d_end(c2d, rc);
}

/* -- receiving ----------------------------------------------------------------------- */

void c2d_delivery_free(struct c2d_delivery *delivery)
{
	text_free(&delivery->packed);
	message_room_free(&delivery->room);
	*delivery = (struct c2d_delivery){ 0 };
}

static bool read_delivery(struct c2d_delivery *delivery, struct sqlite3_stmt *stmt)
{
	size_t len;
	const void *packed = db_bytes(stmt, 5, &len);

	delivery->sequence = db_int(stmt, 0);
	delivery->enqueued_ms = db_int(stmt, 1);
	delivery->expires_ms = db_int(stmt, 2);
	delivery->deliveries = (int)db_int(stmt, 3);
	delivery->ack = (enum c2d_ack)db_int(stmt, 4);
	delivery->packed.len = 0;
	text_put(&delivery->packed, packed, len);
	return !delivery->packed.failed &&
	       message_unpack(&delivery->message, &delivery->room, delivery->packed.at,
			      delivery->packed.len) &&
	       c2d_new_lock(delivery->lock);
}

/* The first message that waits, or the one that this lock was for. */
static int lock_one(struct c2d *c2d, const struct device *device, const char *old_lock,
		    struct c2d_delivery *delivery)
{
	struct sqlite3_stmt *find = c2d->statements[old_lock ? LOCKED_BY : FIRST];
	struct sqlite3_stmt *lock = c2d->statements[LOCK];
	int64_t now_ms = clock_unix_ms();
	int rc;

	if (old_lock)
		db_bind_text(find, 3, old_lock);
	else
		db_bind_int(find, 1, now_ms);
	db_bind_int(find, 2, device->row);
	rc = db_step(c2d->db, find);
	if (rc == 1 && !read_delivery(delivery, find))
		rc = -1;
	db_reset(find);
	if (rc != 1)
		return rc;
	db_bind_int(lock, 1, delivery->sequence);
	db_bind_text(lock, 2, delivery->lock);
	db_bind_int(lock, 3, now_ms);
	return db_run(c2d->db, lock);
}

static int receive(struct c2d *c2d, const struct device *device, const char *old_lock,
		   struct c2d_delivery *delivery)
{
	int64_t expired;
	int rc;

	if (db_begin(c2d->db) < 0)
		return -1;
	rc = retire_all(c2d, EXPIRED_OF, device->row, STATUS_EXPIRED, &expired);
	if (rc == 1)
		rc = lock_one(c2d, device, old_lock, delivery);
	return c2d_end(c2d, rc);
}

int c2d_receive(struct c2d *c2d, const struct device *device,
		struct c2d_delivery *delivery)
{
	return receive(c2d, device, NULL, delivery);
}

int c2d_receive_again(struct c2d *c2d, const struct device *device, const char *lock,
		      struct c2d_delivery *delivery)
{
	return *lock ? receive(c2d, device, lock, delivery) : 0;
}

/* "IoT Hub increments the delivery count only when your device explicitly abandons". */
static int abandon(struct c2d *c2d, int64_t row, int64_t deliveries)
{
	struct sqlite3_stmt *stmt = c2d->statements[UNLOCK];

	if (deliveries + 1 >= C2D_DELIVERIES_MAX)
		return retire(c2d, row, STATUS_DELIVERIES, clock_unix_ms());
	db_bind_int(stmt, 1, row);
	return db_run(c2d->db, stmt);
}

int c2d_settle(struct c2d *c2d, const struct device *device, const char *lock,
	       enum c2d_outcome outcome)
{
	struct sqlite3_stmt *find = c2d->statements[FIND];
	int64_t now_ms = clock_unix_ms(), row, deliveries;
	int rc;

	if (!*lock || db_begin(c2d->db) < 0)
		return *lock ? -1 : 0;
	db_bind_int(find, 1, now_ms);
	db_bind_int(find, 2, device->row);
	db_bind_text(find, 3, lock);
	rc = db_step(c2d->db, find);
	row = rc == 1 ? db_int(find, 0) : 0;
	deliveries = rc == 1 ? db_int(find, 1) : 0;
	db_reset(find);
	if (rc == 1 && outcome == C2D_ABANDON)
		rc = abandon(c2d, row, deliveries);
	else if (rc == 1)
		rc = retire(c2d, row,
			    outcome == C2D_COMPLETE ? STATUS_SUCCESS : STATUS_REJECTED,
			    now_ms);
	return c2d_end(c2d, rc);
}

int c2d_purge(struct c2d *c2d, const struct device *device, int64_t *count)
{
	if (db_begin(c2d->db) < 0)
		return -1;
	return c2d_end(c2d, retire_all(c2d, ANY_OF, device->row, STATUS_PURGED, count));
}

int c2d_tidy(struct c2d *c2d)
{
	int64_t count;

	if (db_begin(c2d->db) < 0)
		return -1;
	return c2d_end(c2d, retire_all(c2d, EXPIRED, 0, STATUS_EXPIRED, &count));
}
