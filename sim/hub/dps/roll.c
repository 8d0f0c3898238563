#include "dps/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "x509.h"

#define COLUMNS                                                                          \
	"row, grouped, id, etag, created_ms, updated_ms, attestation, primary_key, "     \
	"secondary_key, rest"
#define REGISTRATION_COLUMNS                                                             \
	"id, grouped, operation, etag, by_certificate, status, substatus, hub, device, " \
	"error_code, error, created_ms, updated_ms"

enum roll_statement {
	GET,
	PUT,
	DELETE,
	DELETE_REGISTRATIONS,
	EACH,
	GET_REGISTRATION,
	PUT_REGISTRATION,
	DELETE_REGISTRATION,
	EACH_REGISTRATION,
	GET_SCOPE,
	PUT_SCOPE,
	STATEMENTS
};

static const char *const sql[STATEMENTS] = {
	[GET] = "SELECT " COLUMNS " FROM enrollments WHERE grouped = ?1 AND id = ?2",
	[PUT] = "INSERT INTO enrollments (grouped, id, etag, created_ms, updated_ms, "
		"attestation, primary_key, secondary_key, rest) "
		"VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (grouped, id) DO UPDATE "
		"SET (etag, updated_ms, attestation, primary_key, secondary_key, rest) = "
		"(?3,?5,?6,?7,?8,?9)",
	[DELETE] = "DELETE FROM enrollments WHERE grouped = ?1 AND id = ?2",
	[DELETE_REGISTRATIONS] = "DELETE FROM registrations "
				 "WHERE (?1 AND grouped = ?2) "
				 "OR (NOT ?1 AND grouped = '' AND id = ?2)",
	[EACH] = "SELECT " COLUMNS " FROM enrollments WHERE grouped = ?1 AND row > ?2 "
		 "ORDER BY row",
	[GET_REGISTRATION] = "SELECT " REGISTRATION_COLUMNS ", row FROM registrations "
			     "WHERE id = ?1",
	[PUT_REGISTRATION] =
		"INSERT INTO registrations (" REGISTRATION_COLUMNS ") "
		"VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) "
		"ON CONFLICT (id) DO UPDATE SET (" REGISTRATION_COLUMNS ") = "
		"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
	[DELETE_REGISTRATION] = "DELETE FROM registrations WHERE id = ?1",
	[EACH_REGISTRATION] = "SELECT " REGISTRATION_COLUMNS ", row FROM registrations "
			      "WHERE grouped = ?1 AND row > ?2 ORDER BY row",
	[GET_SCOPE] = "SELECT scope FROM dps",
	[PUT_SCOPE] = "INSERT INTO dps (scope) VALUES (?1)",
};

/* Ids are the same whatever the case of their letters is. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS dps (scope TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS enrollments ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT,"
	" grouped INTEGER NOT NULL, id TEXT NOT NULL COLLATE NOCASE,"
	" etag TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
	" attestation INTEGER NOT NULL, primary_key NOT NULL, secondary_key,"
	" rest TEXT NOT NULL, UNIQUE (grouped, id));"
	"CREATE TABLE IF NOT EXISTS registrations ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE COLLATE NOCASE, grouped TEXT NOT NULL COLLATE NOCASE,"
	" operation TEXT NOT NULL, etag TEXT NOT NULL, by_certificate INTEGER NOT NULL,"
	" status INTEGER NOT NULL, substatus INTEGER NOT NULL, hub TEXT NOT NULL,"
	" device TEXT NOT NULL, error_code INTEGER NOT NULL, error TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL);"
	"CREATE INDEX IF NOT EXISTS registrations_grouped ON registrations (grouped);";

struct roll {
	struct db *db;
	struct sqlite3_stmt *statements[STATEMENTS];
};

struct roll *roll_open(struct db *db, char *err, size_t err_bytes)
{
	struct roll *roll = calloc(1, sizeof(*roll));

	if (!roll) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	roll->db = db;
	if (db_exec(db, schema) == 1 &&
	    db_prepare(db, sql, roll->statements, STATEMENTS) == 1)
		return roll;
	snprintf(err, err_bytes, "hub.db: cannot open it: %s", db_error(db));
	roll_close(roll);
	return NULL;
}

void roll_close(struct roll *roll)
{
	free(roll);
}

/* -- the id scope -------------------------------------------------------------------- */

static int make_scope(struct roll *roll, char scope[DPS_SCOPE_TEXT])
{
	uint32_t random;

	if (!crypto_random(&random, sizeof(random)))
		return -1;
	snprintf(scope, DPS_SCOPE_TEXT, "0ne%08" PRIX32, random);
	db_bind_text(roll->statements[PUT_SCOPE], 1, scope);
	return db_run(roll->db, roll->statements[PUT_SCOPE]);
}

int roll_scope(struct roll *roll, char scope[DPS_SCOPE_TEXT])
{
	struct sqlite3_stmt *stmt = roll->statements[GET_SCOPE];
	int rc = db_step(roll->db, stmt);

	if (rc == 1)
		db_copy_text(stmt, 0, scope, DPS_SCOPE_TEXT);
	db_reset(stmt);
	return rc == 0 ? make_scope(roll, scope) : rc;
}

/* -- enrolments ---------------------------------------------------------------------- */

/*
 * Keys and names are text, certificates DER: whoever looks for keys in the store, which
 * end as PEM does, finds none that are none.
 */
static bool has_certificates(enum attestation by)
{
	return by == ATTEST_CERTIFICATE || by == ATTEST_SIGNER;
}

static char *read_attestation(struct sqlite3_stmt *stmt, int at, enum attestation by)
{
	const char *text;
	const void *der;
	size_t len;

	if (has_certificates(by)) {
		der = db_bytes(stmt, at, &len);
		return der ? x509_pem(der, len) : NULL;
	}
	text = db_text(stmt, at);
	return text ? strdup(text) : NULL;
}

static void read_enrollment(struct sqlite3_stmt *stmt, struct enrollment *enrollment)
{
	const char *rest = db_text(stmt, 9);

	*enrollment = (struct enrollment){ .row = db_int(stmt, 0),
					   .group = db_int(stmt, 1) != 0,
					   .created_ms = db_int(stmt, 4),
					   .updated_ms = db_int(stmt, 5),
					   .by = (enum attestation)db_int(stmt, 6) };
	db_copy_text(stmt, 2, enrollment->id, sizeof(enrollment->id));
	db_copy_text(stmt, 3, enrollment->etag, sizeof(enrollment->etag));
	enrollment->primary = read_attestation(stmt, 7, enrollment->by);
	enrollment->secondary = read_attestation(stmt, 8, enrollment->by);
	enrollment->rest = json_parse(rest, strlen(rest), NULL);
}

int roll_get(struct roll *roll, bool group, const char *id, struct enrollment *enrollment)
{
	struct sqlite3_stmt *stmt = roll->statements[GET];
	int rc;

	*enrollment = (struct enrollment){ 0 };
	db_bind_int(stmt, 1, group);
	db_bind_text(stmt, 2, id);
	rc = db_step(roll->db, stmt);
	if (rc == 1)
		read_enrollment(stmt, enrollment);
	db_reset(stmt);
	return rc;
}

/* What it returns is freed when the statement was run. */
static uint8_t *bind_attestation(struct sqlite3_stmt *stmt, int at, const char *said,
				 enum attestation by)
{
	uint8_t *der = NULL;
	size_t len = 0;

	if (!said || !has_certificates(by)) {
		db_bind_text(stmt, at, said);
		return NULL;
	}
	der = x509_der(said, &len);
	db_bind_bytes(stmt, at, der, len);
	return der;
}

int roll_put(struct roll *roll, const struct enrollment *enrollment)
{
	struct sqlite3_stmt *stmt = roll->statements[PUT];
	char *rest = json_print(enrollment->rest);
	uint8_t *primary, *secondary;
	int rc;

	if (!rest)
		return -1;
	db_bind_int(stmt, 1, enrollment->group);
	db_bind_text(stmt, 2, enrollment->id);
	db_bind_text(stmt, 3, enrollment->etag);
	db_bind_int(stmt, 4, enrollment->created_ms);
	db_bind_int(stmt, 5, enrollment->updated_ms);
	db_bind_int(stmt, 6, enrollment->by);
	primary = bind_attestation(stmt, 7, enrollment->primary, enrollment->by);
	secondary = bind_attestation(stmt, 8, enrollment->secondary, enrollment->by);
	db_bind_text(stmt, 9, rest);
	rc = db_run(roll->db, stmt);
	free(primary);
	free(secondary);
	free(rest);
	return rc;
}

static int run_delete(struct roll *roll, enum roll_statement which, bool group,
		      const char *id)
{
	db_bind_int(roll->statements[which], 1, group);
	db_bind_text(roll->statements[which], 2, id);
	return db_run(roll->db, roll->statements[which]);
}

int roll_delete(struct roll *roll, bool group, const char *id)
{
	int rc = db_begin(roll->db);

	if (rc == 1)
		rc = run_delete(roll, DELETE_REGISTRATIONS, group, id);
	if (rc >= 0)
		rc = run_delete(roll, DELETE, group, id);
	if (rc >= 0 && db_commit(roll->db) == 1)
		return rc;
	db_rollback(roll->db);
	return -1;
}

int roll_each(struct roll *roll, bool group, int64_t after,
	      bool (*take)(void *to, const struct enrollment *enrollment), void *to)
{
	struct sqlite3_stmt *stmt = roll->statements[EACH];
	bool more = true;
	int rc = 0;

	db_bind_int(stmt, 1, group);
	db_bind_int(stmt, 2, after);
	while (more && (rc = db_step(roll->db, stmt)) == 1) {
		struct enrollment enrollment;

		read_enrollment(stmt, &enrollment);
		more = take(to, &enrollment);
		enrollment_free(&enrollment);
	}
	db_reset(stmt);
	return rc < 0 ? -1 : 1;
}

/* -- registrations ------------------------------------------------------------------- */

static void read_registration(struct sqlite3_stmt *stmt,
			      struct registration *registration)
{
	*registration = (struct registration){
		.by_certificate = db_int(stmt, 4) != 0,
		.status = (enum registration_status)db_int(stmt, 5),
		.substatus = (enum registration_substatus)db_int(stmt, 6),
		.error_code = (int)db_int(stmt, 9),
		.created_ms = db_int(stmt, 11),
		.updated_ms = db_int(stmt, 12),
		.row = db_int(stmt, 13),
	};
	db_copy_text(stmt, 0, registration->id, sizeof(registration->id));
	db_copy_text(stmt, 1, registration->group, sizeof(registration->group));
	db_copy_text(stmt, 2, registration->operation, sizeof(registration->operation));
	db_copy_text(stmt, 3, registration->etag, sizeof(registration->etag));
	db_copy_text(stmt, 7, registration->hub, sizeof(registration->hub));
	db_copy_text(stmt, 8, registration->device, sizeof(registration->device));
	db_copy_text(stmt, 10, registration->error, sizeof(registration->error));
}

int roll_get_registration(struct roll *roll, const char *id,
			  struct registration *registration)
{
	struct sqlite3_stmt *stmt = roll->statements[GET_REGISTRATION];
	int rc;

	db_bind_text(stmt, 1, id);
	rc = db_step(roll->db, stmt);
	if (rc == 1)
		read_registration(stmt, registration);
	db_reset(stmt);
	return rc;
}

int roll_put_registration(struct roll *roll, const struct registration *registration)
{
	struct sqlite3_stmt *stmt = roll->statements[PUT_REGISTRATION];

	db_bind_text(stmt, 1, registration->id);
	db_bind_text(stmt, 2, registration->group);
	db_bind_text(stmt, 3, registration->operation);
	db_bind_text(stmt, 4, registration->etag);
	db_bind_int(stmt, 5, registration->by_certificate);
	db_bind_int(stmt, 6, registration->status);
	db_bind_int(stmt, 7, registration->substatus);
	db_bind_text(stmt, 8, registration->hub);
	db_bind_text(stmt, 9, registration->device);
	db_bind_int(stmt, 10, registration->error_code);
	db_bind_text(stmt, 11, registration->error);
	db_bind_int(stmt, 12, registration->created_ms);
	db_bind_int(stmt, 13, registration->updated_ms);
	return db_run(roll->db, stmt);
}

int roll_delete_registration(struct roll *roll, const char *id)
{
	db_bind_text(roll->statements[DELETE_REGISTRATION], 1, id);
	return db_run(roll->db, roll->statements[DELETE_REGISTRATION]);
}

int roll_each_registration(struct roll *roll, const char *group, int64_t after,
			   bool (*take)(void *to,
					const struct registration *registration),
			   void *to)
{
	struct sqlite3_stmt *stmt = roll->statements[EACH_REGISTRATION];
	bool more = true;
	int rc = 0;

	db_bind_text(stmt, 1, group);
	db_bind_int(stmt, 2, after);
	while (more && (rc = db_step(roll->db, stmt)) == 1) {
		struct registration registration;

		read_registration(stmt, &registration);
		more = take(to, &registration);
	}
	db_reset(stmt);
	return rc < 0 ? -1 : 1;
}
