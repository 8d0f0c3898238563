#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query_tree.h"

enum token { T_END, T_WORD, T_NUMBER, T_STRING, T_SIGN };

/* The text, and the token that comes next in it. */
struct parser {
	const char *start;
	const char *at;    /* behind the token */
	const char *token; /* where it begins */
	size_t len;
	enum token kind;
	int depth;
	char *err; /* QUERY_ERROR bytes, empty while all is well */
};

static bool wrong(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool wrong(struct parser *parser, const char *format, ...)
{
	va_list args;
	int len;

	if (*parser->err)
		return false;
	len = snprintf(parser->err, QUERY_ERROR,
		       "Position %zu: ", (size_t)(parser->token - parser->start) + 1);
	va_start(args, format);
	vsnprintf(parser->err + len, QUERY_ERROR - (size_t)len, format, args);
	va_end(args);
	return false;
}

/* -- tokens -------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Quotes of either kind, themselves written twice or after a backslash. */
static size_t string_len(const char *at)
{
	size_t i = 1;

	while (at[i] && (at[i] != at[0] || at[i + 1] == at[0])) {
		if ((at[i] == '\\' && at[i + 1]) || at[i] == at[0])
			i++;
		i++;
	}
	return at[i] ? i + 1 : 0;
}

static void next(struct parser *parser)
{
	const char *at = parser->at + strspn(parser->at, " \t\r\n");

	parser->token = at;
	parser->len = 1;
	if (!*at) {
		parser->kind = T_END;
		parser->len = 0;
	} else if (*at == '\'' || *at == '"') {
		parser->kind = T_STRING;
		parser->len = string_len(at);
		if (parser->len == 0) {
			wrong(parser, "the string has no end.");
			parser->kind = T_END;
		}
	} else if (isdigit((unsigned char)*at) ||
		   (*at == '-' && isdigit((unsigned char)at[1]))) {
		char *end;

		parser->kind = T_NUMBER;
		strtod(at, &end);
		parser->len = (size_t)(end - at);
	} else if (is_word(*at)) {
		parser->kind = T_WORD;
		while (is_word(at[parser->len]))
			parser->len++;
	} else {
		parser->kind = T_SIGN;
		if (at[1] && (strchr("<>!", *at) && (at[1] == '=' || at[1] == '>')))
			parser->len = 2;
	}
	parser->at = at + parser->len;
}

static bool is(const struct parser *parser, const char *text)
{
	return (parser->kind == T_WORD || parser->kind == T_SIGN) &&
	       strlen(text) == parser->len &&
	       strncasecmp(parser->token, text, parser->len) == 0;
}

static bool accept(struct parser *parser, const char *text)
{
	if (!is(parser, text))
		return false;
	next(parser);
	return true;
}

static bool expect(struct parser *parser, const char *text)
{
	return accept(parser, text) || wrong(parser, "%s is expected here.", text);
}

static char *take_string(struct parser *parser)
{
	char *to = malloc(parser->len + 1);
	size_t len = 0;

	for (size_t i = 1; to && i + 1 < parser->len; i++) {
		char c = parser->token[i];

		if (i + 2 < parser->len && (c == '\\' || c == parser->token[0]))
			i++;
		to[len++] = parser->token[i];
	}
	if (to)
		to[len] = '\0';
	next(parser);
	return to;
}

static char *take_word(struct parser *parser)
{
	char *word = parser->kind == T_WORD ? strndup(parser->token, parser->len) : NULL;

	if (!word)
		wrong(parser, "a name is expected here.");
	else
		next(parser);
	return word;
}

/* -- operands ------------------------------------------------------------------------ */

static void path_free(struct path *path)
{
	for (size_t i = 0; i < path->count; i++)
		free(path->parts[i]);
	path->count = 0;
}

static bool path_add(struct parser *parser, struct path *path, char *part)
{
	if (!part)
		return false;
	if (path->count == QUERY_PATH) {
		free(part);
		return wrong(parser, "the path is too long.");
	}
	path->parts[path->count++] = part;
	return true;
}

/* tags.a.b, tags['a'].b, and devices. before it, which says nothing */
static bool take_path(struct parser *parser, struct path *path)
{
	bool more = path_add(parser, path, take_word(parser));

	if (more && strcasecmp(path->parts[0], "devices") == 0 && is(parser, ".")) {
		path_free(path);
		next(parser);
		more = path_add(parser, path, take_word(parser));
	}
	while (more) {
		if (accept(parser, ".")) {
			more = path_add(parser, path, take_word(parser));
		} else if (is(parser, "[")) {
			next(parser);
			if (parser->kind != T_STRING)
				return wrong(parser, "a string is expected here.");
			more = path_add(parser, path, take_string(parser)) &&
			       expect(parser, "]");
		} else {
			return true;
		}
	}
	return false;
}

static struct json *take_literal(struct parser *parser)
{
	struct json *literal = NULL;

	if (parser->kind == T_STRING) {
		char *text = take_string(parser);

		literal = json_new_text(text);
		free(text);
	} else if (parser->kind == T_NUMBER) {
		literal = json_new_number(strtod(parser->token, NULL));
		next(parser);
	} else if (accept(parser, "true")) {
		literal = json_new_bool(true);
	} else if (accept(parser, "false")) {
		literal = json_new_bool(false);
	} else if (accept(parser, "null")) {
		literal = json_new_text(NULL);
	}
	return literal;
}

static void node_free(struct node *node)
{
	if (!node)
		return;
	path_free(&node->path);
	json_free(node->literal);
	node_free(node->left);
	node_free(node->right);
	free(node);
}

/* Takes both sides, also when there is no memory. */
static struct node *new_node(struct parser *parser, enum node_kind kind,
			     struct node *left, struct node *right)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node) {
		wrong(parser, "no memory.");
		node_free(left);
		node_free(right);
		return NULL;
	}
	node->kind = kind;
	node->left = left;
	node->right = right;
	return node;
}

static struct node *parse_operand(struct parser *parser)
{
	struct json *literal = take_literal(parser);
	struct node *node =
		new_node(parser, literal ? NODE_LITERAL : NODE_PATH, NULL, NULL);

	if (node)
		node->literal = literal;
	else
		json_free(literal);
	if (node && !literal)
		take_path(parser, &node->path);
	return node;
}

/* -- conditions ---------------------------------------------------------------------- */

static struct node *parse_or(struct parser *parser);

static const struct {
	const char *name;
	int operands;
} functions[FUNCTIONS] = {
	[FN_IS_DEFINED] = { "is_defined", 1 }, [FN_IS_NULL] = { "is_null", 1 },
	[FN_IS_BOOL] = { "is_bool", 1 },       [FN_IS_NUMBER] = { "is_number", 1 },
	[FN_IS_STRING] = { "is_string", 1 },   [FN_IS_OBJECT] = { "is_object", 1 },
	[FN_STARTSWITH] = { "startswith", 2 }, [FN_ENDSWITH] = { "endswith", 2 },
	[FN_CONTAINS] = { "contains", 2 },
};

static struct node *parse_call(struct parser *parser, enum function function)
{
	struct node *node = new_node(parser, NODE_CALL, NULL, NULL);

	if (!node)
		return NULL;
	node->function = function;
	next(parser);
	next(parser); /* the parenthesis, which the caller has seen */
	node->left = parse_operand(parser);
	if (functions[function].operands == 2 && expect(parser, ","))
		node->right = parse_operand(parser);
	expect(parser, ")");
	return node;
}

static struct node *parse_in(struct parser *parser, struct node *left)
{
	struct node *node = new_node(parser, NODE_IN, left, NULL);

	if (!node || !expect(parser, "["))
		return node;
	node->literal = json_new_array();
	do {
		struct json *literal = take_literal(parser);

		if (!literal) {
			wrong(parser, "a string, a number, true, false or null is "
				      "expected here.");
			return node;
		}
		json_push(node->literal, literal);
	} while (accept(parser, ","));
	expect(parser, "]");
	return node;
}

static struct node *parse_comparison(struct parser *parser, struct node *left)
{
	static const struct {
		const char *sign;
		enum compare compare;
	} signs[] = {
		{ "=", COMPARE_EQ },  { "!=", COMPARE_NE }, { "<>", COMPARE_NE },
		{ "<=", COMPARE_LE }, { ">=", COMPARE_GE }, { "<", COMPARE_LT },
		{ ">", COMPARE_GT },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct node *node;

		if (!accept(parser, signs[i].sign))
			continue;
		node = new_node(parser, NODE_COMPARE, left, parse_operand(parser));
		if (node)
			node->compare = signs[i].compare;
		return node;
	}
	wrong(parser, "a comparison, IN or NOT IN is expected here.");
	return left;
}

static struct node *parse_operation(struct parser *parser)
{
	struct node *left;

	for (int i = 0; i < FUNCTIONS && parser->kind == T_WORD; i++)
		if (is(parser, functions[i].name) &&
		    parser->at[strspn(parser->at, " \t\r\n")] == '(')
			return parse_call(parser, (enum function)i);
	left = parse_operand(parser);
	if (*parser->err)
		return left;
	if (accept(parser, "in"))
		return parse_in(parser, left);
	if (accept(parser, "not")) {
		if (!expect(parser, "in"))
			return left;
		return new_node(parser, NODE_NOT, parse_in(parser, left), NULL);
	}
	return parse_comparison(parser, left);
}

static struct node *parse_not(struct parser *parser)
{
	struct node *node = NULL;

	if (++parser->depth > QUERY_DEPTH)
		wrong(parser, "too many parentheses.");
	else if (accept(parser, "not"))
		node = new_node(parser, NODE_NOT, parse_not(parser), NULL);
	else if (accept(parser, "(")) {
		node = parse_or(parser);
		expect(parser, ")");
	} else
		node = parse_operation(parser);
	parser->depth--;
	return node;
}

/* Both sides are there, or the parser has an error and nobody runs the tree. */
static struct node *parse_and(struct parser *parser)
{
	struct node *node = parse_not(parser);

	while (!*parser->err && accept(parser, "and"))
		node = new_node(parser, NODE_AND, node, parse_not(parser));
	return node;
}

static struct node *parse_or(struct parser *parser)
{
	struct node *node = parse_and(parser);

	while (!*parser->err && accept(parser, "or"))
		node = new_node(parser, NODE_OR, node, parse_and(parser));
	return node;
}

/* -- the statement ------------------------------------------------------------------- */

static bool take_field(struct parser *parser, struct query *query)
{
	struct field *field = &query->fields[query->field_count];

	if (query->field_count == QUERY_FIELDS)
		return wrong(parser, "too many fields.");
	query->field_count++;
	if (!take_path(parser, &field->path))
		return false;
	if (accept(parser, "as"))
		field->name = take_word(parser);
	else
		field->name = strdup(field->path.parts[field->path.count - 1]);
	return field->name != NULL;
}

static bool parse_select(struct parser *parser, struct query *query)
{
	if (!expect(parser, "select"))
		return false;
	if (accept(parser, "*"))
		return true;
	if (is(parser, "count") && parser->at[strspn(parser->at, " ")] == '(') {
		query->select = SELECT_COUNT;
		next(parser);
		next(parser);
		if (!expect(parser, ")"))
			return false;
		if (accept(parser, "as"))
			query->count_name = take_word(parser);
		return !*parser->err;
	}
	query->select = SELECT_FIELDS;
	do {
		if (!take_field(parser, query))
			return false;
	} while (accept(parser, ","));
	return true;
}

static bool parse_from(struct parser *parser)
{
	if (!expect(parser, "from"))
		return false;
	if (!is(parser, "devices"))
		return wrong(parser, "only FROM devices is served by this hub.");
	next(parser);
	if (is(parser, "."))
		return wrong(parser, "FROM devices.modules and devices.jobs are not "
				     "served by this hub.");
	return true;
}

static bool parse_statement(struct parser *parser, struct query *query)
{
	if (!parse_select(parser, query) || !parse_from(parser))
		return false;
	if (accept(parser, "where"))
		query->where = parse_or(parser);
	if (is(parser, "group") || is(parser, "order"))
		return wrong(parser, "GROUP BY and ORDER BY are not served by this hub.");
	if (parser->kind != T_END)
		return wrong(parser, "this does not belong to a query.");
	return !*parser->err;
}

struct query *query_parse(const char *text, char err[QUERY_ERROR])
{
	struct query *query = calloc(1, sizeof(*query));
	struct parser parser = { .start = text, .at = text, .token = text, .err = err };

	err[0] = '\0';
	if (!query) {
		snprintf(err, QUERY_ERROR, "no memory.");
		return NULL;
	}
	next(&parser);
	if (parse_statement(&parser, query) && !*err)
		return query;
	query_free(query);
	return NULL;
}

void query_free(struct query *query)
{
	if (!query)
		return;
	for (size_t i = 0; i < query->field_count; i++) {
		path_free(&query->fields[i].path);
		free(query->fields[i].name);
	}
	free(query->count_name);
	node_free(query->where);
	free(query);
}
