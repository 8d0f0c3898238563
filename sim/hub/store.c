#include "store.h"

#include <sqlite3.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define COLUMNS                                                                          \
	"id, module, managed_by, generation, etag, enabled, edge, reason, scope, "       \
	"status_ms, auth, primary_key, secondary_key, tags, desired, reported, "         \
	"desired_meta, reported_meta, version, desired_version, reported_version"

enum { COLUMN_COUNT = 21 };

enum statement {
	GET,
	INSERT,
	UPDATE,
	DELETE,
	EACH_DEVICE,
	EACH_MODULE,
	COUNT,
	COUNT_MODULES,
	BEGIN,
	COMMIT,
	ROLLBACK,
	GET_POLICY,
	PUT_POLICY,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[GET] = "SELECT " COLUMNS ", row FROM devices WHERE id = ?1 AND module = ?2",
	[INSERT] = "INSERT INTO devices (" COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,"
		   "?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) "
		   "ON CONFLICT DO NOTHING",
	[UPDATE] = "UPDATE devices SET (" COLUMNS ") = (?1,?2,?3,?4,?5,?6,?7,?8,?9,"
		   "?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21) WHERE row = ?22",
	[DELETE] = "DELETE FROM devices WHERE id = ?1 AND (?2 = '' OR module = ?2)",
	[EACH_DEVICE] = "SELECT " COLUMNS ", row FROM devices "
			"WHERE module = '' AND row > ?1 ORDER BY row",
	[EACH_MODULE] = "SELECT " COLUMNS ", row FROM devices "
			"WHERE module <> '' AND row > ?1 AND id = ?2 ORDER BY row",
	[COUNT] = "SELECT count(*), total(enabled) FROM devices WHERE module = ''",
	[COUNT_MODULES] = "SELECT count(*), 0 FROM devices "
			  "WHERE module <> '' AND id = ?1",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[GET_POLICY] = "SELECT name, rights, primary_key, secondary_key FROM policies "
		       "WHERE name = ?1",
	[PUT_POLICY] = "INSERT OR REPLACE INTO policies "
		       "(name, rights, primary_key, secondary_key) "
		       "VALUES (?1, ?2, ?3, ?4)",
};

/* WAL with synchronous=NORMAL: a commit is a write() to the log, no wait for the disk. */
static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = NORMAL;"
	"PRAGMA locking_mode = EXCLUSIVE;"
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
	"CREATE TABLE IF NOT EXISTS policies ("
	" name TEXT PRIMARY KEY, rights INTEGER NOT NULL,"
	" primary_key TEXT NOT NULL, secondary_key TEXT NOT NULL);";

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t devices;
};

static int complain(struct store *store, const char *what)
{
	log_event("hub.db: %s: %s", what, sqlite3_errmsg(store->db));
	return -1;
}

/* -- opening ------------------------------------------------------------------------- */

static bool recount(struct store *store)
{
	int64_t enabled;

	return store_count(store, &store->devices, &enabled) == 1;
}

static bool prepare_all(struct store *store)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[i], NULL) != SQLITE_OK)
			return false;
	return true;
}

struct store *store_open(int dirfd, char *err, size_t err_bytes)
{
	struct store *store = calloc(1, sizeof(*store));
	char path[64];
	int fd;

	if (!store) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	/* SQLite gives its other files the mode of this one. */
	fd = openat(dirfd, "hub.db", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/hub.db", dirfd);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
	    sqlite3_exec(store->db, schema, NULL, NULL, NULL) == SQLITE_OK &&
	    prepare_all(store) && recount(store))
		return store;
	snprintf(err, err_bytes, "hub.db: cannot open it: %s", sqlite3_errmsg(store->db));
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store);
}

/* -- rows ---------------------------------------------------------------------------- */

static void bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

static void bind_device(sqlite3_stmt *stmt, const struct device *device)
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
			bind_text(stmt, i + 1, texts[i]);
		else
			sqlite3_bind_int64(stmt, i + 1, numbers[i]);
	}
}

static void read_text(sqlite3_stmt *stmt, int at, char *to, size_t room)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	snprintf(to, room, "%s", text ? text : "");
}

static char *read_copy(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return text ? strdup(text) : NULL;
}

static void read_twin(sqlite3_stmt *stmt, struct twin *twin)
{
	twin->tags = read_copy(stmt, 13);
	twin->desired = read_copy(stmt, 14);
	twin->reported = read_copy(stmt, 15);
	twin->desired_meta = read_copy(stmt, 16);
	twin->reported_meta = read_copy(stmt, 17);
	twin->version = sqlite3_column_int64(stmt, 18);
	twin->desired_version = sqlite3_column_int64(stmt, 19);
	twin->reported_version = sqlite3_column_int64(stmt, 20);
}

static void read_device(sqlite3_stmt *stmt, struct device *device)
{
	read_text(stmt, 0, device->id, sizeof(device->id));
	read_text(stmt, 1, device->module, sizeof(device->module));
	read_text(stmt, 2, device->managed_by, sizeof(device->managed_by));
	read_text(stmt, 3, device->generation, sizeof(device->generation));
	device->etag = (uint32_t)sqlite3_column_int64(stmt, 4);
	device->enabled = sqlite3_column_int(stmt, 5) != 0;
	device->edge = sqlite3_column_int(stmt, 6) != 0;
	read_text(stmt, 7, device->reason, sizeof(device->reason));
	read_text(stmt, 8, device->scope, sizeof(device->scope));
	device->status_ms = sqlite3_column_int64(stmt, 9);
	device->auth = (enum auth)sqlite3_column_int(stmt, 10);
	read_text(stmt, 11, device->primary, sizeof(device->primary));
	read_text(stmt, 12, device->secondary, sizeof(device->secondary));
	read_twin(stmt, &device->twin);
	device->row = sqlite3_column_int64(stmt, COLUMN_COUNT);
}

/* Runs a statement that gives no rows: 1 when it changed one, 0 when it did not. */
static int run(struct store *store, enum statement which)
{
	sqlite3_stmt *stmt = store->statements[which];
	int rc = sqlite3_step(stmt);
	int changed = sqlite3_changes(store->db);

	if (rc != SQLITE_DONE)
		complain(store, "cannot write");
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc == SQLITE_DONE ? changed > 0 : -1;
}

/* -- devices ------------------------------------------------------------------------- */

int store_get(struct store *store, const char *id, const char *module,
	      struct device *device)
{
	sqlite3_stmt *stmt = store->statements[GET];
	int rc;

	*device = (struct device){ 0 };
	bind_text(stmt, 1, id);
	bind_text(stmt, 2, module);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		read_device(stmt, device);
	else if (rc != SQLITE_DONE)
		complain(store, "cannot read");
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

int store_insert(struct store *store, struct device *device)
{
	int rc;

	bind_device(store->statements[INSERT], device);
	rc = run(store, INSERT);
	if (rc == 1)
		device->row = sqlite3_last_insert_rowid(store->db);
	if (rc == 1 && !*device->module)
		store->devices++;
	return rc;
}

int store_update(struct store *store, const struct device *device)
{
	bind_device(store->statements[UPDATE], device);
	sqlite3_bind_int64(store->statements[UPDATE], COLUMN_COUNT + 1, device->row);
	return run(store, UPDATE);
}

int store_delete(struct store *store, const char *id, const char *module)
{
	int rc;

	bind_text(store->statements[DELETE], 1, id);
	bind_text(store->statements[DELETE], 2, module);
	rc = run(store, DELETE);
	if (rc == 1 && !*module)
		store->devices--;
	return rc;
}

int store_each(struct store *store, int64_t after, const char *id,
	       bool (*take)(void *to, struct device *device), void *to)
{
	sqlite3_stmt *stmt = store->statements[id ? EACH_MODULE : EACH_DEVICE];
	bool more = true;
	int rc = SQLITE_DONE;

	sqlite3_bind_int64(stmt, 1, after);
	if (id)
		bind_text(stmt, 2, id);
	while (more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct device device = { 0 };

		read_device(stmt, &device);
		more = take(to, &device);
		device_free(&device);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		complain(store, "cannot read");
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 1 : -1;
}

static int count(struct store *store, enum statement which, int64_t *first,
		 int64_t *second)
{
	sqlite3_stmt *stmt = store->statements[which];
	int rc = sqlite3_step(stmt);

	*first = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	*second = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 1) : 0;
	if (rc != SQLITE_ROW)
		complain(store, "cannot count");
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 1 : -1;
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

	bind_text(store->statements[COUNT_MODULES], 1, id);
	return count(store, COUNT_MODULES, modules, &unused);
}

/* -- transactions -------------------------------------------------------------------- */

int store_begin(struct store *store)
{
	return run(store, BEGIN) < 0 ? -1 : 1;
}

int store_commit(struct store *store)
{
	return run(store, COMMIT) < 0 ? -1 : 1;
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		run(store, ROLLBACK);
	recount(store);
}

/* -- policies ------------------------------------------------------------------------ */

int store_get_policy(struct store *store, const char *name, struct policy *policy)
{
	sqlite3_stmt *stmt = store->statements[GET_POLICY];
	int rc;

	bind_text(stmt, 1, name);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		read_text(stmt, 0, policy->name, sizeof(policy->name));
		policy->rights = (unsigned)sqlite3_column_int(stmt, 1);
		read_text(stmt, 2, policy->primary, sizeof(policy->primary));
		read_text(stmt, 3, policy->secondary, sizeof(policy->secondary));
	}
	sqlite3_reset(stmt);
	return rc == SQLITE_ROW    ? 1
	       : rc == SQLITE_DONE ? 0
				   : complain(store, "cannot read");
}

int store_put_policy(struct store *store, const struct policy *policy)
{
	sqlite3_stmt *stmt = store->statements[PUT_POLICY];

	bind_text(stmt, 1, policy->name);
	sqlite3_bind_int64(stmt, 2, policy->rights);
	bind_text(stmt, 3, policy->primary);
	bind_text(stmt, 4, policy->secondary);
	return run(store, PUT_POLICY);
}
