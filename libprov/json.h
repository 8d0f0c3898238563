/*
 * What the service is sent and what it answers, [REST]. Texts that may hold keys are
 * secrets on their way out, and are wiped after reading by those who have them.
 */
#ifndef PROV_JSON_H
#define PROV_JSON_H

#include "prov.h"

struct doc;

/* A device as the registry shows it, or a row of a query, which has no keys. */
int json_read_device(const char *text, struct prov_device *out, struct prov_error *err);

/*
 * The body that changes the device in `text`: all of it, changed. *same when it is as it
 * should be already, and then no body. PROV_ERR_REFUSED for keys on a device without.
 */
int json_change_device(const char *text, const struct prov_change *change, bool *same,
		       struct prov_secret **out, struct prov_error *err);

/* The answer to a bulk request: each complaint by device id. */
typedef void json_complaint(void *ctx, const char *id, const char *code,
			    const char *text);
int json_read_bulk(const char *text, json_complaint *complaint, void *ctx,
		   struct prov_error *err);

/* What the service says of a failure; empty where it does not. 1 when it says anything, 0
 * when not, or PROV_ERR_NOMEM. */
struct json_failure {
	char code[64], text[200], tracking[128];
};
int json_read_failure(const char *text, struct json_failure *out);

/* {"query":"..."} and the rows of its answer. A row that is not 0 ends it with 1. */
int json_make_query(const char *query, struct prov_secret **out, struct prov_error *err);
int json_read_rows(const char *text, prov_each_row *each, void *ctx,
		   struct prov_error *err);

/* A twin as it is shown: an object, with objects where a twin has them. */
int json_check_twin(const char *text, struct prov_error *err);

/*
 * Is `twin` what it is after `sent` was merged into it, or with `whole` put in place of
 * its tags and desired properties? 1, 0, or a negative code.
 */
int json_twin_holds(const char *twin, const char *sent, bool whole,
		    struct prov_error *err);

/* A direct method; PROV_ERR_FORMAT for a payload that is no JSON. */
int json_make_method(const struct prov_method *method, struct prov_secret **out,
		     struct prov_error *err);
int json_read_method(const char *text, int *status, char **payload,
		     struct prov_error *err);

/* A member of an object as a number not below 0; PROV_ERR_SERVICE when there is none. */
int json_read_count(const char *text, const char *name, uint64_t *out,
		    struct prov_error *err);

/*
 * A whole answer, for those who read what is in it: PROV_ERR_ANSWER when it is malformed,
 * PROV_ERR_NOHUB when it is no JSON at all, or not what `is` says. `what` was asked for:
 * "a device".
 */
int json_read_answer(const char *text, bool (*is)(const struct doc *), const char *what,
		     struct doc **out, struct prov_error *err);
int json_fail_answer(const char *what, struct prov_error *err);

/* `text`, from a caller, must be one JSON object; PROV_ERR_FORMAT with the offset. */
int json_check_object(const char *text, struct prov_error *err);

#endif
