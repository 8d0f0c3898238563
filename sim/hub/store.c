#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "db.h"

#define COLUMNS                                                                          \
	"id, module, managed_by, generation, etag, enabled, edge, reason, scope, "       \
	"status_ms, auth, primary_key, secondary_key, tags, desired, reported, "         \
	"desired_meta, reported_meta, version, desired_version, reported_version"

enum { COLUMN_COUNT = 21 };

/* What is read beside the columns, and from where. */
#define READ                                                                             \
	"SELECT " COLUMNS ", row, connection_ms, active_ms, model FROM devices "         \
	"LEFT JOIN activity ON activity.device = row "                                   \
	"LEFT JOIN models ON models.device = row "

enum statement {
	GET,
	INSERT,
	UPDATE,
	DELETE,
	EACH_DEVICE,
	EACH_MODULE,
	COUNT,
	COUNT_MODULES,
	CONNECTION,
	ACTIVE,
	MODEL,
	GET_POLICY,
	PUT_POLICY,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[GET] = READ "WHERE id = ?1 AND module = ?2",
	[INSERT] = "INSERT INTO devices (" COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,"
		   "?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) "
		   "ON CONFLICT DO NOTHING",
	[UPDATE] = "UPDATE devices SET (" COLUMNS ") = (?1,?2,?3,?4,?5,?6,?7,?8,?9,"
		   "?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) WHERE row = ?22",
	[DELETE] = "DELETE FROM devices WHERE id = ?1 AND (?2 = '' OR module = ?2)",
	[EACH_DEVICE] = READ "WHERE module = '' AND row > ?1 ORDER BY row",
	[EACH_MODULE] = READ "WHERE module <> '' AND row > ?1 AND id = ?2 ORDER BY row",
	[COUNT] = "SELECT count(*), total(enabled) FROM devices WHERE module = ''",
	[COUNT_MODULES] = "SELECT count(*), 0 FROM devices "
			  "WHERE module <> '' AND id = ?1",
	[CONNECTION] = "INSERT INTO activity (device, connection_ms, active_ms) "
		       "SELECT row, ?3, ?3 FROM devices WHERE id = ?1 AND module = ?2 "
		       "ON CONFLICT DO UPDATE SET connection_ms = ?3, active_ms = ?3",
	[ACTIVE] = "INSERT INTO activity (device, active_ms) "
		   "SELECT row, ?3 FROM devices WHERE id = ?1 AND module = ?2 "
		   "ON CONFLICT DO UPDATE SET active_ms = ?3",
	[MODEL] = "INSERT INTO models (device, model) "
		  "SELECT row, ?3 FROM devices WHERE id = ?1 AND module = ?2 "
		  "ON CONFLICT DO UPDATE SET model = ?3",
	[GET_POLICY] = "SELECT name, rights, primary_key, secondary_key FROM policies "
		       "WHERE name = ?1",
	[PUT_POLICY] = "INSERT OR REPLACE INTO policies "
		       "(name, rights, primary_key, secondary_key) "
		       "VALUES (?1, ?2, ?3, ?4)",
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS devices ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL, module TEXT NOT NULL, managed_by TEXT NOT NULL,"
	" generation TEXT NOT NULL, etag INTEGER NOT NULL, enabled INTEGER NOT NULL,"
	" edge INTEGER NOT NULL, reason TEXT NOT NULL, scope TEXT NOT NULL,"
	" status_ms INTEGER NOT NULL, auth INTEGER NOT NULL,"
	" primary_key TEXT NOT NULL, secondary_key TEXT NOT NULL,"
	" tags TEXT, desired TEXT, reported TEXT, desired_meta TEXT, reported_meta TEXT,"
	" version INTEGER NOT NULL, desired_version INTEGER NOT NULL,"
	" reported_version INTEGER NOT NULL,"
	" UNIQUE (id, module));"
	"CREATE TABLE IF NOT EXISTS activity ("
	" device INTEGER PRIMARY KEY, connection_ms INTEGER, active_ms INTEGER);"
	"CREATE TRIGGER IF NOT EXISTS activity_deleted AFTER DELETE ON devices BEGIN"
	" DELETE FROM activity WHERE device = old.row; END;"
	"CREATE TABLE IF NOT EXISTS models (device INTEGER PRIMARY KEY, model TEXT);"
	"CREATE TRIGGER IF NOT EXISTS models_deleted AFTER DELETE ON devices BEGIN"
	" DELETE FROM models WHERE device = old.row; END;"
	"CREATE TABLE IF NOT EXISTS policies ("
	" name TEXT PRIMARY KEY, rights INTEGER NOT NULL,"
	" primary_key TEXT NOT NULL, secondary_key TEXT NOT NULL);";

struct store {
	struct db *db;
	struct sqlite3_stmt *statements[STATEMENTS];
	int64_t devices;
	void (*complete)(void *with, struct device *device);
	void *with;
};

/* -- opening ------------------------------------------------------------------------- */

static bool recount(struct store *store)
{
	int64_t enabled;

	return store_count(store, &store->devices, &enabled) == 1;
}

struct store *store_open(int dirfd, char *err, size_t err_bytes)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	store->db = db_open(dirfd, "hub.db", DB_ALONE, err, err_bytes);
	if (store->db && db_exec(store->db, schema) == 1 &&
	    db_prepare(store->db, sql, store->statements, STATEMENTS) == 1 &&
	    recount(store))
		return store;
	if (store->db)
		snprintf(err, err_bytes, "hub.db: cannot open it: %s",
			 db_error(store->db));
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	db_close(store->db);
	free(store);
}

struct db *store_db(struct store *store)
{
	return store->db;
}

void store_complete_with(struct store *store,
			 void (*complete)(void *with, struct device *device), void *with)
{
	store->complete = complete;
	store->with = with;
}

/* -- rows ---------------------------------------------------------------------------- */

static void bind_device(struct sqlite3_stmt *stmt, const struct device *device)
{
	const char *const texts[COLUMN_COUNT] = {
		[0] = device->id,
		[1] = device->module,
		[2] = device->managed_by,
		[3] = device->generation,
		[7] = device->reason,
		[8] = device->scope,
		[11] = device->primary,
		[12] = device->secondary,
		[13] = device->twin.tags,
		[14] = device->twin.desired,
		[15] = device->twin.reported,
		[16] = device->twin.desired_meta,
		[17] = device->twin.reported_meta,
	};
	const int64_t numbers[COLUMN_COUNT] = {
		[4] = device->etag,
		[5] = device->enabled,
		[6] = device->edge,
		[9] = device->status_ms,
		[10] = device->auth,
		[18] = device->twin.version,
		[19] = device->twin.desired_version,
		[20] = device->twin.reported_version,
	};

	for (int i = 0; i < COLUMN_COUNT; i++) {
		bool is_text = i < 4 || i == 7 || i == 8 || (i >= 11 && i <= 17);

		if (is_text)
			db_bind_text(stmt, i + 1, texts[i]);
		else
			db_bind_int(stmt, i + 1, numbers[i]);
	}
}

static char *read_copy(struct sqlite3_stmt *stmt, int at)
{
	const char *text = db_text(stmt, at);

	return text ? strdup(text) : NULL;
}

static void read_twin(struct sqlite3_stmt *stmt, struct twin *twin)
{
	twin->tags = read_copy(stmt, 13);
	twin->desired = read_copy(stmt, 14);
	twin->reported = read_copy(stmt, 15);
	twin->desired_meta = read_copy(stmt, 16);
	twin->reported_meta = read_copy(stmt, 17);
	twin->version = db_int(stmt, 18);
	twin->desired_version = db_int(stmt, 19);
	twin->reported_version = db_int(stmt, 20);
}

/* No device was ever active in 1970. */
static int64_t read_time(struct sqlite3_stmt *stmt, int at)
{
	int64_t unix_ms = db_int(stmt, at);

	return unix_ms ? unix_ms : TIME_NONE;
}

static void read_device(struct store *store, struct sqlite3_stmt *stmt,
			struct device *device)
{
	db_copy_text(stmt, 0, device->id, sizeof(device->id));
	db_copy_text(stmt, 1, device->module, sizeof(device->module));
	db_copy_text(stmt, 2, device->managed_by, sizeof(device->managed_by));
	db_copy_text(stmt, 3, device->generation, sizeof(device->generation));
	device->etag = (uint32_t)db_int(stmt, 4);
	device->enabled = db_int(stmt, 5) != 0;
	device->edge = db_int(stmt, 6) != 0;
	db_copy_text(stmt, 7, device->reason, sizeof(device->reason));
	db_copy_text(stmt, 8, device->scope, sizeof(device->scope));
	device->status_ms = db_int(stmt, 9);
	device->auth = (enum auth)db_int(stmt, 10);
	db_copy_text(stmt, 11, device->primary, sizeof(device->primary));
	db_copy_text(stmt, 12, device->secondary, sizeof(device->secondary));
	read_twin(stmt, &device->twin);
	device->row = db_int(stmt, COLUMN_COUNT);
	device->connection_ms = read_time(stmt, COLUMN_COUNT + 1);
	device->active_ms = read_time(stmt, COLUMN_COUNT + 2);
	db_copy_text(stmt, COLUMN_COUNT + 3, device->model, sizeof(device->model));
	if (store->complete)
		store->complete(store->with, device);
}

static int run(struct store *store, enum statement which)
{
	return db_run(store->db, store->statements[which]);
}

/* -- devices ------------------------------------------------------------------------- */

int store_get(struct store *store, const char *id, const char *module,
	      struct device *device)
{
	struct sqlite3_stmt *stmt = store->statements[GET];
	int rc;

	*device = (struct device){ 0 };
	db_bind_text(stmt, 1, id);
	db_bind_text(stmt, 2, module);
	rc = db_step(store->db, stmt);
	if (rc == 1)
		read_device(store, stmt, device);
	db_reset(stmt);
	return rc;
}

int store_insert(struct store *store, struct device *device)
{
	int rc;

	bind_device(store->statements[INSERT], device);
	rc = run(store, INSERT);
	if (rc == 1)
		device->row = db_last_row(store->db);
	if (rc == 1 && !*device->module)
		store->devices++;
	return rc;
}

int store_update(struct store *store, const struct device *device)
{
	bind_device(store->statements[UPDATE], device);
	db_bind_int(store->statements[UPDATE], COLUMN_COUNT + 1, device->row);
	return run(store, UPDATE);
}

int store_delete(struct store *store, const char *id, const char *module)
{
	int rc;

	db_bind_text(store->statements[DELETE], 1, id);
	db_bind_text(store->statements[DELETE], 2, module);
	rc = run(store, DELETE);
	if (rc == 1 && !*module)
		store->devices--;
	return rc;
}

int store_seen(struct store *store, const char *id, const char *module, int64_t unix_ms,
	       bool connection)
{
	enum statement which = connection ? CONNECTION : ACTIVE;

	db_bind_text(store->statements[which], 1, id);
	db_bind_text(store->statements[which], 2, module);
	db_bind_int(store->statements[which], 3, unix_ms);
	return run(store, which);
}

int store_model(struct store *store, const char *id, const char *module,
		const char *model)
{
	db_bind_text(store->statements[MODEL], 1, id);
	db_bind_text(store->statements[MODEL], 2, module);
	db_bind_text(store->statements[MODEL], 3, model);
	return run(store, MODEL);
}

int store_each(struct store *store, int64_t after, const char *id,
	       bool (*take)(void *to, struct device *device), void *to)
{
	struct sqlite3_stmt *stmt = store->statements[id ? EACH_MODULE : EACH_DEVICE];
	bool more = true;
	int rc = 0;

	db_bind_int(stmt, 1, after);
	if (id)
		db_bind_text(stmt, 2, id);
	while (more && (rc = db_step(store->db, stmt)) == 1) {
		struct device device = { 0 };

		read_device(store, stmt, &device);
		more = take(to, &device);
		device_free(&device);
	}
	db_reset(stmt);
	return rc < 0 ? -1 : 1;
}

static int count(struct store *store, enum statement which, int64_t *first,
		 int64_t *second)
{
	struct sqlite3_stmt *stmt = store->statements[which];
	int rc = db_step(store->db, stmt);

	*first = rc == 1 ? db_int(stmt, 0) : 0;
	*second = rc == 1 ? db_int(stmt, 1) : 0;
	db_reset(stmt);
	return rc == 1 ? 1 : -1;
}

int store_count(struct store *store, int64_t *all, int64_t *enabled)
{
	return count(store, COUNT, all, enabled);
}

int64_t store_devices(const struct store *store)
{
	return store->devices;
}

int store_count_modules(struct store *store, const char *id, int64_t *modules)
{
	int64_t unused;

	db_bind_text(store->statements[COUNT_MODULES], 1, id);
	return count(store, COUNT_MODULES, modules, &unused);
}

/* -- transactions -------------------------------------------------------------------- */

int store_begin(struct store *store)
{
	return db_begin(store->db);
}

int store_commit(struct store *store)
{
	return db_commit(store->db);
}

void store_rollback(struct store *store)
{
	db_rollback(store->db);
	recount(store);
}

/* -- policies ------------------------------------------------------------------------ */

int store_get_policy(struct store *store, const char *name, struct policy *policy)
{
	struct sqlite3_stmt *stmt = store->statements[GET_POLICY];
	int rc;

	db_bind_text(stmt, 1, name);
	rc = db_step(store->db, stmt);
	if (rc == 1) {
		db_copy_text(stmt, 0, policy->name, sizeof(policy->name));
		policy->rights = (unsigned)db_int(stmt, 1);
		db_copy_text(stmt, 2, policy->primary, sizeof(policy->primary));
		db_copy_text(stmt, 3, policy->secondary, sizeof(policy->secondary));
	}
	db_reset(stmt);
	return rc;
}

int store_put_policy(struct store *store, const struct policy *policy)
{
	struct sqlite3_stmt *stmt = store->statements[PUT_POLICY];

	db_bind_text(stmt, 1, policy->name);
	db_bind_int(stmt, 2, policy->rights);
	db_bind_text(stmt, 3, policy->primary);
	db_bind_text(stmt, 4, policy->secondary);
	return run(store, PUT_POLICY);
}
