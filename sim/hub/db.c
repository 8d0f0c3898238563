#include "db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

/* Writers and readers of one file stop one another for moments only. */
#define BUSY_MS 5000

struct db {
	sqlite3 *handle;
	char name[32];
};

static int complain(struct db *db)
{
	log_event("%s: %s", db->name, sqlite3_errmsg(db->handle));
	return -1;
}

/* -- opening ------------------------------------------------------------------------- */

#define LOGGED "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"

static const char *const pragmas[] = {
	[DB_ALONE] = (LOGGED "PRAGMA locking_mode = EXCLUSIVE;"),
	[DB_WRITER] = LOGGED,
	[DB_READER] = "PRAGMA query_only = ON;",
};

struct db *db_open(int dirfd, const char *name, enum db_use use, char *err,
		   size_t err_bytes)
{
	struct db *db = calloc(1, sizeof(*db));
	char path[64];
	int fd;

	if (!db) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	snprintf(db->name, sizeof(db->name), "%s", name);
	/* SQLite gives its other files the mode of this one. */
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	if (sqlite3_open_v2(path, &db->handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db->handle, BUSY_MS) == SQLITE_OK &&
	    sqlite3_exec(db->handle, pragmas[use], NULL, NULL, NULL) == SQLITE_OK)
		return db;
	snprintf(err, err_bytes, "%s: cannot open it: %s", name,
		 sqlite3_errmsg(db->handle));
	db_close(db);
	return NULL;
}

void db_close(struct db *db)
{
	sqlite3_stmt *stmt;

	if (!db)
		return;
	while ((stmt = sqlite3_next_stmt(db->handle, NULL)) != NULL)
		sqlite3_finalize(stmt);
	sqlite3_close(db->handle);
	free(db);
}

const char *db_error(struct db *db)
{
	return sqlite3_errmsg(db->handle);
}

int db_exec(struct db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 1
		       : complain(db);
}

int db_prepare(struct db *db, const char *const *sql, sqlite3_stmt **statements,
	       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sqlite3_prepare_v3(db->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &statements[i], NULL) != SQLITE_OK)
			return complain(db);
	return 1;
}

/* -- parameters and columns ---------------------------------------------------------- */

void db_bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
	sqlite3_bind_int64(stmt, at, value);
}

void db_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

void db_bind_bytes(sqlite3_stmt *stmt, int at, const void *bytes, size_t len)
{
	sqlite3_bind_blob64(stmt, at, bytes, len, SQLITE_STATIC);
}

int64_t db_int(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt, column);
}

const char *db_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

void db_copy_text(sqlite3_stmt *stmt, int column, char *to, size_t room)
{
	const char *text = db_text(stmt, column);

	snprintf(to, room, "%s", text ? text : "");
}

const void *db_bytes(sqlite3_stmt *stmt, int column, size_t *len)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	*len = (size_t)sqlite3_column_bytes(stmt, column);
	return bytes;
}

/* -- running ------------------------------------------------------------------------- */

int db_step(struct db *db, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : complain(db);
}

void db_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

int db_run(struct db *db, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);
	int changed = sqlite3_changes(db->handle);

	if (rc != SQLITE_DONE)
		complain(db);
	db_reset(stmt);
	return rc == SQLITE_DONE ? changed > 0 : -1;
}

int64_t db_last_row(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int db_begin(struct db *db)
{
	return db_exec(db, "BEGIN IMMEDIATE");
}

int db_commit(struct db *db)
{
	return db_exec(db, "COMMIT");
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->handle))
		db_exec(db, "ROLLBACK");
}
