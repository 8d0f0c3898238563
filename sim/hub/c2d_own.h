/* What c2d.c and feedback.c share. */
#ifndef HUB_C2D_OWN_H
#define HUB_C2D_OWN_H

#include "c2d.h"
#include "db.h"

enum c2d_statement {
	SEND,
	COUNT,
	FIRST,
	LOCKED_BY,
	LOCK,
	FIND,
	UNLOCK,
	REMOVE,
	ANY_OF,
	EXPIRED_OF,
	EXPIRED,
	TELL,
	WAITING,
	BATCH,
	LOCK_BATCH,
	UNLOCK_BATCH,
	REMOVE_BATCH,
	REMOVE_STALE,
	C2D_STATEMENTS
};

/* Their order is in the hub's files. */
enum feedback_status {
	STATUS_SUCCESS,
	STATUS_EXPIRED,
	STATUS_DELIVERIES,
	STATUS_REJECTED,
	STATUS_PURGED,
	STATUSES
};

struct c2d {
	struct db *db;
	struct sqlite3_stmt *statements[C2D_STATEMENTS];
	int64_t batch_ms; /* when the last batch of feedback went, 0 before */
};

/* False: there is no randomness. */
bool c2d_new_lock(char lock[LOCK_TEXT]);

/* Commits, or rolls back when `rc` is negative or that fails; returns `rc` or -1. */
int c2d_end(struct c2d *c2d, int rc);

#endif
