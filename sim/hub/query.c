#include "query.h"

#include <string.h>

#include "query_tree.h"

/* A condition over what is not there is neither true nor false. */
enum truth { NO, YES, UNDEFINED };

static const struct json *look_up(const struct path *path, const struct json *twin)
{
	for (size_t i = 0; i < path->count && twin; i++)
		twin = json_get(twin, path->parts[i]);
	return twin;
}

static const struct json *value_of(const struct node *node, const struct json *twin)
{
	return node->kind == NODE_LITERAL ? node->literal : look_up(&node->path, twin);
}

static enum truth truth(bool is)
{
	return is ? YES : NO;
}

/* -1, 0 or 1 for what has an order */
static bool order(const struct json *a, const struct json *b, int *result)
{
	if (json_kind(a) == JSON_NUMBER) {
		double difference = json_number(a) - json_number(b);

		*result = difference > 0 ? 1 : difference < 0 ? -1 : 0;
	} else if (json_kind(a) == JSON_STRING) {
		*result = strcmp(json_text(a), json_text(b));
	} else {
		*result = json_equal(a, b) ? 0 : 1;
		return false;
	}
	return true;
}

static enum truth compare(enum compare how, const struct json *a, const struct json *b)
{
	bool ordered;
	int result;

	if (!a || !b || json_kind(a) != json_kind(b))
		return UNDEFINED;
	ordered = order(a, b, &result);
	if (!ordered && how != COMPARE_EQ && how != COMPARE_NE)
		return UNDEFINED;
	switch (how) {
	case COMPARE_EQ:
		return truth(result == 0);
	case COMPARE_NE:
		return truth(result != 0);
	case COMPARE_LT:
		return truth(result < 0);
	case COMPARE_LE:
		return truth(result <= 0);
	case COMPARE_GT:
		return truth(result > 0);
	case COMPARE_GE:
		return truth(result >= 0);
	}
	return UNDEFINED;
}

static enum truth is_in(const struct json *list, const struct json *value)
{
	if (!value)
		return UNDEFINED;
	for (const struct json *item = json_first(list); item; item = json_next(item))
		if (compare(COMPARE_EQ, item, value) == YES)
			return YES;
	return NO;
}

static enum truth find(enum function function, const struct json *a, const struct json *b)
{
	const char *text = json_text(a), *part = json_text(b);
	size_t len, part_len;

	if (!text || !part)
		return UNDEFINED;
	len = strlen(text);
	part_len = strlen(part);
	if (function == FN_CONTAINS)
		return truth(strstr(text, part) != NULL);
	if (part_len > len)
		return NO;
	if (function == FN_ENDSWITH)
		text += len - part_len;
	return truth(strncmp(text, part, part_len) == 0);
}

static enum truth call(const struct node *node, const struct json *twin)
{
	static const enum json_kind kinds[FUNCTIONS] = {
		[FN_IS_NULL] = JSON_NULL,     [FN_IS_BOOL] = JSON_BOOL,
		[FN_IS_NUMBER] = JSON_NUMBER, [FN_IS_STRING] = JSON_STRING,
		[FN_IS_OBJECT] = JSON_OBJECT,
	};
	const struct json *value = value_of(node->left, twin);

	if (node->function == FN_IS_DEFINED)
		return truth(value != NULL);
	if (node->right)
		return find(node->function, value, value_of(node->right, twin));
	return truth(json_kind(value) == kinds[node->function]);
}

static enum truth evaluate(const struct node *node, const struct json *twin);

static enum truth both(enum node_kind kind, enum truth a, enum truth b)
{
	enum truth decides = kind == NODE_AND ? NO : YES;

	if (a == decides || b == decides)
		return decides;
	return a == UNDEFINED || b == UNDEFINED ? UNDEFINED : a;
}

static enum truth evaluate(const struct node *node, const struct json *twin)
{
	enum truth left;

	switch (node->kind) {
	case NODE_COMPARE:
		return compare(node->compare, value_of(node->left, twin),
			       value_of(node->right, twin));
	case NODE_IN:
		return is_in(node->literal, value_of(node->left, twin));
	case NODE_CALL:
		return call(node, twin);
	case NODE_NOT:
		left = evaluate(node->left, twin);
		return left == UNDEFINED ? UNDEFINED : truth(left == NO);
	case NODE_AND:
	case NODE_OR:
		return both(node->kind, evaluate(node->left, twin),
			    evaluate(node->right, twin));
	case NODE_PATH:
	case NODE_LITERAL:
		break;
	}
	return UNDEFINED;
}

bool query_selects(const struct query *query, const struct json *twin)
{
	return !query->where || evaluate(query->where, twin) == YES;
}

bool query_is_whole(const struct query *query)
{
	return query->select == SELECT_ALL;
}

bool query_is_count(const struct query *query)
{
	return query->select == SELECT_COUNT;
}

struct json *query_row(const struct query *query, struct json *twin)
{
	struct json *row;

	if (query->select == SELECT_ALL)
		return twin;
	row = json_new_object();
	for (size_t i = 0; i < query->field_count; i++) {
		const struct json *value = look_up(&query->fields[i].path, twin);

		if (value)
			json_put(row, query->fields[i].name, json_copy(value));
	}
	json_free(twin);
	return row;
}

struct json *query_count_row(const struct query *query, size_t count)
{
	struct json *row = json_new_object();

	json_add_number(row, query->count_name ? query->count_name : "$1", (double)count);
	return row;
}
