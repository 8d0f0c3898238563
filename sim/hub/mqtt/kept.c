#include "mqtt/kept.h"

#include <stdio.h>
#include <stdlib.h>

#include "db.h"

/* The kinds of topics are in the file by their numbers. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS mqtt_sessions (device INTEGER PRIMARY KEY);"
	"CREATE TABLE IF NOT EXISTS mqtt_subscriptions ("
	" device INTEGER NOT NULL, kind INTEGER NOT NULL, qos INTEGER NOT NULL,"
	" PRIMARY KEY (device, kind)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS mqtt_flights ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL,"
	" packet INTEGER NOT NULL, lock TEXT NOT NULL, UNIQUE (device, packet));"
	"CREATE TRIGGER IF NOT EXISTS mqtt_forgotten AFTER DELETE ON mqtt_sessions BEGIN"
	" DELETE FROM mqtt_subscriptions WHERE device = old.device;"
	" DELETE FROM mqtt_flights WHERE device = old.device; END;"
	"CREATE TRIGGER IF NOT EXISTS mqtt_devices_deleted AFTER DELETE ON devices BEGIN"
	" DELETE FROM mqtt_sessions WHERE device = old.row; END;";

enum statement {
	BEGIN,
	FORGET,
	GRANTED,
	SUBSCRIBE,
	UNSUBSCRIBE,
	FLIGHTS,
	FLY,
	FLY_AGAIN,
	LAND,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "INSERT INTO mqtt_sessions (device) VALUES (?1) ON CONFLICT DO NOTHING",
	[FORGET] = "DELETE FROM mqtt_sessions WHERE device = ?1",
	[GRANTED] = "SELECT kind, qos FROM mqtt_subscriptions WHERE device = ?1",
	[SUBSCRIBE] = "INSERT OR REPLACE INTO mqtt_subscriptions (device, kind, qos) "
		      "VALUES (?1, ?2, ?3)",
	[UNSUBSCRIBE] = "DELETE FROM mqtt_subscriptions WHERE device = ?1 AND kind = ?2",
	[FLIGHTS] =
		"SELECT packet, lock FROM mqtt_flights WHERE device = ?1 ORDER BY row",
	[FLY] = "INSERT INTO mqtt_flights (device, packet, lock) VALUES (?1, ?2, ?3) "
		"ON CONFLICT DO NOTHING",
	[FLY_AGAIN] =
		"UPDATE mqtt_flights SET lock = ?3 WHERE device = ?1 AND packet = ?2",
	[LAND] = "DELETE FROM mqtt_flights WHERE device = ?1 AND packet = ?2",
};

struct kept {
	struct db *db;
	struct sqlite3_stmt *statements[STATEMENTS];
};

struct kept *kept_open(struct store *store, char *err, size_t err_bytes)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (!kept) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	kept->db = store_db(store);
	if (db_exec(kept->db, schema) == 1 &&
	    db_prepare(kept->db, sql, kept->statements, STATEMENTS) == 1)
		return kept;
	snprintf(err, err_bytes, "hub.db: cannot open it: %s", db_error(kept->db));
	kept_close(kept);
	return NULL;
}

/* The statements are closed with the store. */
void kept_close(struct kept *kept)
{
	free(kept);
}

/* A statement of a device, whose parameters behind that are set. */
static int run(struct kept *kept, enum statement which, int64_t device)
{
	db_bind_int(kept->statements[which], 1, device);
	return db_run(kept->db, kept->statements[which]);
}

int kept_begin(struct kept *kept, int64_t device)
{
	return run(kept, BEGIN, device);
}

int kept_forget(struct kept *kept, int64_t device)
{
	return run(kept, FORGET, device);
}

/* -- subscriptions -------------------------------------------------------------------- */

int kept_granted(struct kept *kept, int64_t device, int qos[TOPIC_KINDS])
{
	struct sqlite3_stmt *stmt = kept->statements[GRANTED];
	int rc;

	for (int i = 0; i < TOPIC_KINDS; i++)
		qos[i] = -1;
	db_bind_int(stmt, 1, device);
	while ((rc = db_step(kept->db, stmt)) == 1) {
		int64_t kind = db_int(stmt, 0);

		if (kind >= 0 && kind < TOPIC_KINDS)
			qos[kind] = db_int(stmt, 1) > 0;
	}
	db_reset(stmt);
	return rc < 0 ? -1 : 1;
}

int kept_subscribe(struct kept *kept, int64_t device, enum topic_kind kind, int qos)
{
	enum statement which = qos < 0 ? UNSUBSCRIBE : SUBSCRIBE;

	db_bind_int(kept->statements[which], 2, kind);
	if (qos >= 0)
		db_bind_int(kept->statements[which], 3, qos);
	return run(kept, which, device);
}

/* -- messages on their way -------------------------------------------------------------- */

int kept_flights(struct kept *kept, int64_t device,
		 struct kept_flight list[SESSION_FLIGHT_MAX], size_t *count)
{
	struct sqlite3_stmt *stmt = kept->statements[FLIGHTS];
	int rc = 0;

	db_bind_int(stmt, 1, device);
	for (*count = 0; *count < SESSION_FLIGHT_MAX; (*count)++) {
		rc = db_step(kept->db, stmt);
		if (rc != 1)
			break;
		list[*count].packet = (uint16_t)db_int(stmt, 0);
		db_copy_text(stmt, 1, list[*count].lock, sizeof(list[*count].lock));
	}
	db_reset(stmt);
	return rc < 0 ? -1 : 1;
}

/* One that is sent again keeps its place. */
int kept_fly(struct kept *kept, int64_t device, const struct kept_flight *flight)
{
	int rc = 0;

	for (enum statement which = FLY; which <= FLY_AGAIN && rc == 0; which++) {
		db_bind_int(kept->statements[which], 2, flight->packet);
		db_bind_text(kept->statements[which], 3, flight->lock);
		rc = run(kept, which, device);
	}
	return rc;
}

int kept_land(struct kept *kept, int64_t device, uint16_t packet)
{
	db_bind_int(kept->statements[LAND], 2, packet);
	return run(kept, LAND, device);
}
