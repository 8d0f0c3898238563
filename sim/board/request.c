#include "request.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- a line and its answer --------------------------------------------------------- */

/* NULL also when something follows the object on its line. */
static cJSON *parse(const char *line, size_t len)
{
	const char *end = line;
	cJSON *json = cJSON_ParseWithLengthOpts(line, len, &end, 0);

	for (; json && end < line + len; end++)
		if (!memchr(" \t\r", *end, 3)) {
			cJSON_Delete(json);
			return NULL;
		}
	return json;
}

void request_begin(struct request *request, const char *line, size_t len)
{
	*request = (struct request){ .json = parse(line, len),
				     .answer = cJSON_CreateObject() };
	cJSON_AddTrueToObject(request->answer, "ok");
}

char *request_end(struct request *request, bool ok)
{
	char *text;

	if (!ok) {
		cJSON_Delete(request->answer);
		request->answer = cJSON_CreateObject();
		cJSON_AddFalseToObject(request->answer, "ok");
		cJSON_AddStringToObject(request->answer, "error", request->error);
	}
	text = cJSON_PrintUnformatted(request->answer);
	cJSON_Delete(request->answer);
	cJSON_Delete(request->json);
	return text;
}

bool refuse(struct request *request, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(request->error, sizeof(request->error), format, args);
	va_end(args);
	return false;
}

/* -- what is asked ----------------------------------------------------------------- */

static const cJSON *get(const struct request *request, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(request->json, key);
}

bool request_is_json(const struct request *request)
{
	return request->json != NULL;
}

bool request_is_object(const struct request *request)
{
	return cJSON_IsObject(request->json);
}

bool request_has(const struct request *request, const char *key)
{
	return get(request, key) != NULL;
}

static bool is_one_of(const char *key, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count && keys[i]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

const char *request_stranger(const struct request *request, const char *const *keys,
			     size_t count)
{
	const cJSON *item;

	for (item = request->json->child; item; item = item->next)
		if (!is_one_of(item->string, keys, count))
			return item->string;
	return NULL;
}

const char *request_text(const struct request *request, const char *key)
{
	return cJSON_GetStringValue(get(request, key));
}

bool request_bool(struct request *request, const char *key, bool *value)
{
	const cJSON *item = get(request, key);

	if (item && !cJSON_IsBool(item))
		return refuse(request, "\"%s\" is true or false", key);
	if (item)
		*value = cJSON_IsTrue(item);
	return true;
}

bool request_number(struct request *request, const char *key, uint32_t least,
		    uint32_t most, uint32_t *value)
{
	const cJSON *item = get(request, key);

	if (!item)
		return true;
	if (!cJSON_IsNumber(item) || item->valuedouble < least ||
	    item->valuedouble > most || (uint32_t)item->valuedouble != item->valuedouble)
		return refuse(request,
			      "\"%s\" is a whole number from %" PRIu32 " to %" PRIu32,
			      key, least, most);
	*value = (uint32_t)item->valuedouble;
	return true;
}

bool request_address(struct request *request, const char *key, uint32_t *value)
{
	const cJSON *item = get(request, key);
	unsigned long long address;
	char *end;

	if (!cJSON_IsString(item))
		return request_number(request, key, 0, UINT32_MAX, value);
	address = strtoull(item->valuestring, &end, 16);
	if (strncmp(item->valuestring, "0x", 2) != 0 || *end ||
	    end == item->valuestring + 2 || address > UINT32_MAX)
		return refuse(request, "\"%s\" is a number or \"0x\" and hex digits",
			      key);
	*value = (uint32_t)address;
	return true;
}

bool request_fraction(struct request *request, const char *key, double *value)
{
	const cJSON *item = get(request, key);

	if (item && (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) ||
		     !(item->valuedouble <= 1)))
		return refuse(request, "\"%s\" is a number from 0 to 1", key);
	if (item)
		*value = item->valuedouble;
	return true;
}

bool request_texts(struct request *request, const char *key, const char **texts,
		   size_t max, size_t *count)
{
	const cJSON *list = get(request, key), *item;

	if (!list)
		return true;
	if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) > max)
		return refuse(request, "\"%s\" is a list of at most %zu texts", key, max);
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item))
			return refuse(request, "\"%s\" is a list of texts", key);
		texts[(*count)++] = item->valuestring;
	}
	return true;
}

/* -- what is answered -------------------------------------------------------------- */

void put_number(struct cJSON *to, const char *key, double value)
{
	cJSON_AddNumberToObject(to, key, value);
}

void put_text(struct cJSON *to, const char *key, const char *text)
{
	if (text)
		cJSON_AddStringToObject(to, key, text);
	else
		cJSON_AddNullToObject(to, key);
}

void put_bool(struct cJSON *to, const char *key, bool value)
{
	cJSON_AddBoolToObject(to, key, value);
}

void put_hex(struct cJSON *to, const char *key, int digits, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*" PRIx32, digits, value);
	cJSON_AddStringToObject(to, key, text);
}

struct cJSON *put_object(struct cJSON *to, const char *key)
{
	return cJSON_AddObjectToObject(to, key);
}

struct cJSON *put_list(struct cJSON *to, const char *key)
{
	return cJSON_AddArrayToObject(to, key);
}

struct cJSON *put_item(struct cJSON *list)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddItemToArray(list, item);
	return item;
}
