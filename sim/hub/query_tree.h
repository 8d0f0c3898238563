/* A query as query_parse.c reads it and query.c runs it. */
#ifndef HUB_QUERY_TREE_H
#define HUB_QUERY_TREE_H

#include "query.h"

#define QUERY_PATH   16 /* members from the twin down */
#define QUERY_FIELDS 32
#define QUERY_DEPTH  64 /* parentheses and NOTs within one another */

enum node_kind {
	NODE_PATH,
	NODE_LITERAL,
	NODE_COMPARE,
	NODE_IN,
	NODE_CALL,
	NODE_NOT,
	NODE_AND,
	NODE_OR
};

enum compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

enum function {
	FN_IS_DEFINED,
	FN_IS_NULL,
	FN_IS_BOOL,
	FN_IS_NUMBER,
	FN_IS_STRING,
	FN_IS_OBJECT,
	FN_STARTSWITH,
	FN_ENDSWITH,
	FN_CONTAINS,
	FUNCTIONS
};

struct path {
	char *parts[QUERY_PATH];
	size_t count;
};

struct node {
	enum node_kind kind;
	enum compare compare;
	enum function function;
	struct path path;
	struct json *literal; /* NODE_IN: an array of them */
	struct node *left;
	struct node *right;
};

struct field {
	struct path path;
	char *name; /* after AS, or the last part of the path */
};

struct query {
	enum { SELECT_ALL, SELECT_COUNT, SELECT_FIELDS } select;
	char *count_name;
	struct field fields[QUERY_FIELDS];
	size_t field_count;
	struct node *where; /* NULL: all */
};

#endif
