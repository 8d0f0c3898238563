/*
 * JSON documents: the door to cJSON. They may hold keys, and so are wiped when freed.
 *
 * A `struct doc` is a value, the whole document or one in it. Reading takes NULL for what
 * is not there; writing gives false or NULL without memory, and then the document is fit
 * for doc_free alone.
 */
#ifndef PROV_DOC_H
#define PROV_DOC_H

#include "prov.h"

struct doc;

/*
 * All of the text must be one value. PROV_ERR_FORMAT: it is none, *at is the first wrong
 * byte; or PROV_ERR_NOMEM. There is no message: only the caller knows whose text it is.
 */
int doc_parse(const char *text, struct doc **out, size_t *at);
void doc_free(struct doc *doc);

/* Where a text ceases to be JSON; false when it does not. */
bool doc_find_fault(const char *text, size_t *at);

bool doc_is_object(const struct doc *value);
bool doc_is_array(const struct doc *value);
bool doc_is_number(const struct doc *value);
bool doc_is_null(const struct doc *value);
bool doc_is_true(const struct doc *value);

struct doc *doc_get(const struct doc *object, const char *name);

/* Of a member that is text, else "". */
const char *doc_text(const struct doc *object, const char *name);

/* Of a number, as near as an int comes to it; 0 when it is none. */
int doc_int(const struct doc *value);

/* Of a number; 0 when it is none, is below zero, or cannot be counted exactly. */
uint64_t doc_count(const struct doc *value);

/* Members of an object or an array in turn; a member's name, NULL in arrays. */
const struct doc *doc_first(const struct doc *value);
const struct doc *doc_next(const struct doc *member);
const char *doc_name(const struct doc *member);

/* Of one kind and one content; the order of members does not count. */
bool doc_equal(const struct doc *a, const struct doc *b);

struct doc *doc_object(void);
bool doc_add_text(struct doc *object, const char *name, const char *value);
bool doc_add_number(struct doc *object, const char *name, double value);

/* JSON that doc_parse() takes, as it is: with numbers that no double holds. */
bool doc_add_json(struct doc *object, const char *name, const char *json);

/* The child is taken, and freed at once when that fails; NULL is refused. */
bool doc_add(struct doc *object, const char *name, struct doc *child);

/* Set a member to a text, or with NULL to null; *changed becomes true when it was not so.
 */
bool doc_set_text(struct doc *object, const char *name, const char *value, bool *changed);

/* On one line, to be freed with free(); NULL without memory. */
char *doc_line(const struct doc *value);

/* The same as a secret. */
int doc_print(const struct doc *doc, struct prov_secret **out, struct prov_error *err);

/* Print and free it; PROV_ERR_NOMEM when it is not `complete`. */
int doc_finish(struct doc *doc, bool complete, struct prov_secret **out,
	       struct prov_error *err);

int doc_no_memory(struct prov_error *err);

#endif
