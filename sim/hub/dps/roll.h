/*
 * What the Device Provisioning Service remembers, in hub.db: enrolments, who registered,
 * and the id scope.
 *
 * Calls return 1 (done, found), 0 (there is none) or -1 (the database fails; the reason
 * is in the log).
 */
#ifndef HUB_DPS_ROLL_H
#define HUB_DPS_ROLL_H

#include "db.h"
#include "dps/enrollment.h"
#include "dps/registration.h"

#define DPS_SCOPE_TEXT 12 /* 0ne and eight hex digits */

struct roll;

/* NULL: `err` says why. The db is to be open for longer than the roll. */
struct roll *roll_open(struct db *db, char *err, size_t err_bytes);
void roll_close(struct roll *roll);

/* Makes it when there is none yet. */
int roll_scope(struct roll *roll, char scope[DPS_SCOPE_TEXT]);

/* -- enrolments: `group` tells which of the two kinds ----------------------------------- */

/* The caller frees what was found. */
int roll_get(struct roll *roll, bool group, const char *id,
	     struct enrollment *enrollment);
/* Puts it into the place of that with its id, or a new one. */
int roll_put(struct roll *roll, const struct enrollment *enrollment);
/* With its registrations. */
int roll_delete(struct roll *roll, bool group, const char *id);
/*
 * Calls `take` for enrolments in the order in which they were made, after row `after`.
 * `take` ends it by returning false.
 */
int roll_each(struct roll *roll, bool group, int64_t after,
	      bool (*take)(void *to, const struct enrollment *enrollment), void *to);

/* -- registrations ---------------------------------------------------------------------- */

int roll_get_registration(struct roll *roll, const char *id,
			  struct registration *registration);
int roll_put_registration(struct roll *roll, const struct registration *registration);
int roll_delete_registration(struct roll *roll, const char *id);
/* Those of a group, as roll_each(). */
int roll_each_registration(struct roll *roll, const char *group, int64_t after,
			   bool (*take)(void *to,
					const struct registration *registration),
			   void *to);

#endif
