/*
 * A file of SQLite in the hub's folder, whose header only db.c knows. WAL, with
 * synchronous=NORMAL: a commit is a write() to the log, no wait for the disk, and so what
 * was committed survives the process, however that ends, but maybe not the machine.
 *
 * A db and its statements are used by one thread at a time. Calls that return an int give
 * 1 (done, a row), 0 (there is none) or -1 (the database fails; the reason is in the log).
 */
#ifndef HUB_DB_H
#define HUB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct sqlite3_stmt; /* a statement, of SQLite itself */

enum db_use {
	DB_ALONE,  /* makes the file, and nobody else may open it */
	DB_WRITER, /* makes the file, beside which there are readers */
	DB_READER
};

/* NULL: `err` says why. `dirfd` stays open as long as the db. */
struct db *db_open(int dirfd, const char *name, enum db_use use, char *err,
		   size_t err_bytes);
void db_close(struct db *db);
/* What the last call that failed has to say. */
const char *db_error(struct db *db);

/* Runs statements that give nothing, such as a schema. */
int db_exec(struct db *db, const char *sql);
/* They are there until the db is closed. */
int db_prepare(struct db *db, const char *const *sql, struct sqlite3_stmt **statements,
	       size_t count);

/* Parameters are counted from 1. What they point to has to stay until db_reset(). */
void db_bind_int(struct sqlite3_stmt *stmt, int at, int64_t value);
void db_bind_text(struct sqlite3_stmt *stmt, int at, const char *text);
void db_bind_bytes(struct sqlite3_stmt *stmt, int at, const void *bytes, size_t len);

/* 1: there is a row, of which columns, counted from 0, are good until the next step. */
int db_step(struct db *db, struct sqlite3_stmt *stmt);
/* After the last step that is wanted. */
void db_reset(struct sqlite3_stmt *stmt);
/* A statement that gives no rows, and its reset: 1 when it changed some, 0 when not. */
int db_run(struct db *db, struct sqlite3_stmt *stmt);
int64_t db_last_row(struct db *db);

int64_t db_int(struct sqlite3_stmt *stmt, int column);
/* NULL where the column has none. */
const char *db_text(struct sqlite3_stmt *stmt, int column);
/* Cut off where `room` ends; empty where the column has none. */
void db_copy_text(struct sqlite3_stmt *stmt, int column, char *to, size_t room);
const void *db_bytes(struct sqlite3_stmt *stmt, int column, size_t *len);

int db_begin(struct db *db);
int db_commit(struct db *db);
/* Also where there is nothing to roll back. */
void db_rollback(struct db *db);

#endif
