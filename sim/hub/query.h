/*
 * The part of the IoT Hub query language that is about devices (Microsoft's "IoT Hub
 * query language for device and module twins, jobs, and message routing"):
 *
 *	SELECT * | COUNT() [AS name] | path [AS name], ... FROM devices [WHERE condition]
 *
 * with =, !=, <>, <, <=, >, >=, [NOT] IN [...], AND, OR, NOT, parentheses, IS_DEFINED,
 * IS_NULL, IS_BOOL, IS_NUMBER, IS_STRING, IS_OBJECT, STARTSWITH, ENDSWITH and CONTAINS,
 * over the members of the twin. A comparison with what is not there, or of different
 * types, is neither true nor false, and selects nothing.
 */
#ifndef HUB_QUERY_H
#define HUB_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

#define QUERY_ERROR 200

struct query;

/* NULL: `err` says what is wrong and where. */
struct query *query_parse(const char *text, char err[QUERY_ERROR]);
void query_free(struct query *query);

/* Does the condition hold for this twin? */
bool query_selects(const struct query *query, const struct json *twin);

/* Whole twins, rows with what was asked for, or one row with a count? */
bool query_is_whole(const struct query *query);
bool query_is_count(const struct query *query);

/* A row of what was asked for; takes the twin. */
struct json *query_row(const struct query *query, struct json *twin);
struct json *query_count_row(const struct query *query, size_t count);

#endif
