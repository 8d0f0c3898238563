#include "json.h"
#include "cli.h"
#include "text.h"

#include <cjson/cJSON.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON drops a member that it has no memory for without a word. */
static atomic_bool memory_ran_out;

static cJSON *own(struct json *json)
{
	return (cJSON *)(void *)json;
}

static const cJSON *see(const struct json *json)
{
	return (const cJSON *)(const void *)json;
}

static struct json *give(cJSON *item)
{
	if (!item)
		memory_ran_out = true;
	return (struct json *)(void *)item;
}

struct json *json_object(void)
{
	return give(cJSON_CreateObject());
}

struct json *json_array(void)
{
	return give(cJSON_CreateArray());
}

void json_free(struct json *json)
{
	cJSON_Delete(own(json));
}

/* A text may be a key that was asked for. cJSON's own are wiped by libprov's doing. */
static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void json_add(struct json *to, const char *key, struct json *child)
{
	cJSON_bool done = key ? cJSON_AddItemToObject(own(to), key, own(child))
			      : cJSON_AddItemToArray(own(to), own(child));

	if (!done) {
		memory_ran_out = true;
		cJSON_Delete(own(child));
	}
}

void json_add_text(struct json *to, const char *key, const char *text)
{
	size_t bytes;
	char *copy;

	if (!text) {
		json_add(to, key, give(cJSON_CreateNull()));
		return;
	}
	bytes = strlen(text) + 1;
	copy = malloc(bytes);
	if (!copy) {
		memory_ran_out = true;
		return;
	}
	text_clean(copy, bytes, text, false);
	json_add(to, key, give(cJSON_CreateString(copy)));
	wipe(copy);
}

void json_add_format(struct json *to, const char *key, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_add_text(to, key, text);
}

void json_add_number(struct json *to, const char *key, double number)
{
	json_add(to, key, give(cJSON_CreateNumber(number)));
}

void json_add_bool(struct json *to, const char *key, bool value)
{
	json_add(to, key, give(cJSON_CreateBool(value)));
}

struct json *json_parse(const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *item = cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (!item)
		return NULL;
	while (end < text + len && *end && strchr(" \t\r\n", *end))
		end++;
	if (end != text + len) {
		cJSON_Delete(item);
		return NULL;
	}
	return (struct json *)(void *)item;
}

const struct json *json_get(const struct json *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(see(json), key);

	return (const struct json *)(const void *)item;
}

const char *json_text(const struct json *json, const char *key)
{
	return cJSON_GetStringValue(see(json_get(json, key)));
}

bool json_number(const struct json *json, const char *key, double *number)
{
	const cJSON *item = see(json_get(json, key));

	if (!cJSON_IsNumber(item))
		return false;
	*number = item->valuedouble;
	return true;
}

bool json_bool(const struct json *json, const char *key, bool *value)
{
	const cJSON *item = see(json_get(json, key));

	if (!cJSON_IsBool(item))
		return false;
	*value = cJSON_IsTrue(item);
	return true;
}

size_t json_count(const struct json *json)
{
	return (size_t)cJSON_GetArraySize(see(json));
}

const struct json *json_at(const struct json *json, size_t i, const char **key)
{
	const cJSON *item = cJSON_GetArrayItem(see(json), (int)i);

	if (key)
		*key = item ? item->string : NULL;
	return (const struct json *)(const void *)item;
}

char *json_line(const struct json *json)
{
	return cJSON_PrintUnformatted(see(json));
}

char *json_words(const struct json *json)
{
	if (cJSON_IsString(see(json)))
		return strdup(see(json)->valuestring);
	return json_line(json);
}

static int print(struct json *json, char *text)
{
	int status = EXIT_DONE;

	if (atomic_exchange(&memory_ran_out, false) || !text) {
		complain("no memory for the JSON document");
		status = EXIT_FAILED;
	} else {
		/* At once: several threads print lines of one stream. */
		out("%s\n", text);
	}
	wipe(text);
	json_free(json);
	return status;
}

static void write_scalar(FILE *to, const cJSON *item)
{
	char *text = cJSON_PrintUnformatted(item);

	if (!text)
		memory_ran_out = true;
	else
		fputs(text, to);
	wipe(text);
}

static void write_key(FILE *to, const char *key)
{
	cJSON *item = cJSON_CreateStringReference(key);

	if (!item)
		memory_ran_out = true;
	else
		write_scalar(to, item);
	fputs(": ", to);
	cJSON_Delete(item);
}

/* Two blanks a level, a member a line; cJSON's own way is tabs, also in the middle. */
static void write_pretty(FILE *to, const cJSON *item, int depth)
{
	bool object = cJSON_IsObject(item);
	const cJSON *child;

	if ((!object && !cJSON_IsArray(item)) || !item->child) {
		write_scalar(to, item);
		return;
	}
	fputc(object ? '{' : '[', to);
	cJSON_ArrayForEach(child, item)
	{
		fprintf(to, "%s\n%*s", child == item->child ? "" : ",", 2 * depth + 2,
			"");
		if (object)
			write_key(to, child->string);
		write_pretty(to, child, depth + 1);
	}
	fprintf(to, "\n%*s%c", 2 * depth, "", object ? '}' : ']');
}

int json_print(struct json *json)
{
	char *text = NULL;
	size_t len;
	FILE *to = json ? open_memstream(&text, &len) : NULL;

	if (to) {
		write_pretty(to, see(json), 0);
		if (fclose(to) != 0)
			memory_ran_out = true;
	}
	return print(json, text);
}

int json_print_line(struct json *json)
{
	return print(json, json ? json_line(json) : NULL);
}

/* -- texts of others --------------------------------------------------------------- */

/* A string with its quotes; gives what follows. Control characters are escaped. */
static const char *write_string(FILE *to, const char *at)
{
	fputc('"', to);
	for (at++; *at && *at != '"'; at++) {
		unsigned char c = (unsigned char)*at, next = (unsigned char)at[1];

		if (c == '\\' && next) {
			fputc(c, to);
			fputc(*++at, to);
		} else if (c < ' ' || c == 0x7f) {
			fprintf(to, "\\u%04x", c);
		} else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			fprintf(to, "\\u%04x", next);
			at++;
		} else {
			fputc(c, to);
		}
	}
	fputc('"', to);
	return *at ? at + 1 : at;
}

static void new_line(FILE *to, int depth)
{
	fprintf(to, "\n%*s", 2 * depth, "");
}

/* The layout of write_pretty() for a text that json_parse() has found to be JSON. */
static void write_indented(FILE *to, const char *at)
{
	int depth = 0;

	while (*at) {
		char c = *at++;

		if (c == '"') {
			at = write_string(to, at - 1);
		} else if (c == '{' || c == '[') {
			at += strspn(at, " \t\r\n");
			fputc(c, to);
			if (*at == '}' || *at == ']')
				fputc(*at++, to);
			else
				new_line(to, ++depth);
		} else if (c == '}' || c == ']') {
			new_line(to, --depth);
			fputc(c, to);
		} else if (c == ',') {
			fputc(c, to);
			new_line(to, depth);
		} else if (c == ':') {
			fputs(": ", to);
		} else if (!strchr(" \t\r\n", c)) {
			fputc(c, to);
		}
	}
}

int json_print_text(const char *text)
{
	struct json *json = text ? json_parse(text, strlen(text)) : NULL;
	char *pretty = NULL;
	size_t len;
	FILE *to;

	if (text && !json) {
		complain("what came as JSON is none");
		return EXIT_BAD_DATA;
	}
	to = text ? open_memstream(&pretty, &len) : NULL;
	if (to) {
		write_indented(to, text);
		if (fclose(to) != 0)
			memory_ran_out = true;
	}
	return print(json, pretty);
}
