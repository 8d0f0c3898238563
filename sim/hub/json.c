#include "json.h"

#include <cjson/cJSON.h>
#include <string.h>

/* A struct json is a cJSON under another name. */
static cJSON *in(const struct json *json)
{
	return (cJSON *)(void *)json;
}

static struct json *out(const cJSON *json)
{
	return (struct json *)(void *)json;
}

/* cJSON ends a text at it: better refused than cut off. */
static const char *find_zero(const char *text, size_t len)
{
	static const char zero[] = "\\u0000";

	for (size_t i = 0; i + sizeof(zero) - 1 <= len; i++) {
		if (text[i] != '\\')
			continue;
		if (memcmp(text + i, zero, sizeof(zero) - 1) == 0)
			return text + i;
		i++;
	}
	return NULL;
}

struct json *json_parse(const char *text, size_t len, size_t *at)
{
	const char *end = text, *zero = find_zero(text, len);
	cJSON *json = zero ? NULL : cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (zero)
		end = zero;
	while (json && end < text + len && strchr(" \t\r\n", *end) && *end)
		end++;
	if (json && end != text + len) {
		cJSON_Delete(json);
		json = NULL;
	}
	if (at)
		*at = end ? (size_t)(end - text) : 0;
	return out(json);
}

char *json_print(const struct json *json)
{
	return json ? cJSON_PrintUnformatted(in(json)) : NULL;
}

void json_free(struct json *json)
{
	cJSON_Delete(in(json));
}

/* -- reading ------------------------------------------------------------------------- */

enum json_kind json_kind(const struct json *json)
{
	if (!json || cJSON_IsInvalid(in(json)))
		return JSON_NONE;
	if (cJSON_IsBool(in(json)))
		return JSON_BOOL;
	if (cJSON_IsNumber(in(json)))
		return JSON_NUMBER;
	if (cJSON_IsString(in(json)))
		return JSON_STRING;
	if (cJSON_IsArray(in(json)))
		return JSON_ARRAY;
	return cJSON_IsObject(in(json)) ? JSON_OBJECT : JSON_NULL;
}

const char *json_text(const struct json *json)
{
	return json ? cJSON_GetStringValue(in(json)) : NULL;
}

double json_number(const struct json *json)
{
	return json && cJSON_IsNumber(in(json)) ? in(json)->valuedouble : 0;
}

bool json_is_true(const struct json *json)
{
	return json && cJSON_IsTrue(in(json));
}

bool json_equal(const struct json *a, const struct json *b)
{
	return a && b && cJSON_Compare(in(a), in(b), 1);
}

size_t json_count(const struct json *json)
{
	return json ? (size_t)cJSON_GetArraySize(in(json)) : 0;
}

struct json *json_get(const struct json *object, const char *key)
{
	return out(cJSON_GetObjectItemCaseSensitive(in(object), key));
}

const char *json_get_text(const struct json *object, const char *key)
{
	return json_text(json_get(object, key));
}

struct json *json_first(const struct json *json)
{
	return json ? out(in(json)->child) : NULL;
}

struct json *json_next(const struct json *member)
{
	return out(in(member)->next);
}

const char *json_key(const struct json *member)
{
	return in(member)->string;
}

/* -- making -------------------------------------------------------------------------- */

struct json *json_new_object(void)
{
	return out(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
	return out(cJSON_CreateArray());
}

struct json *json_new_text(const char *text)
{
	return out(text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

struct json *json_new_number(double number)
{
	return out(cJSON_CreateNumber(number));
}

struct json *json_new_bool(bool value)
{
	return out(cJSON_CreateBool(value));
}

struct json *json_copy(const struct json *json)
{
	return out(cJSON_Duplicate(in(json), 1));
}

void json_put(struct json *object, const char *key, struct json *value)
{
	if (json_get(object, key))
		cJSON_ReplaceItemInObjectCaseSensitive(in(object), key, in(value));
	else
		json_add(object, key, value);
}

void json_add(struct json *object, const char *key, struct json *value)
{
	if (!cJSON_AddItemToObject(in(object), key, in(value)))
		json_free(value);
}

void json_add_text(struct json *object, const char *key, const char *text)
{
	json_add(object, key, json_new_text(text));
}

void json_add_number(struct json *object, const char *key, double number)
{
	json_add(object, key, json_new_number(number));
}

void json_add_bool(struct json *object, const char *key, bool value)
{
	json_add(object, key, json_new_bool(value));
}

struct json *json_add_object(struct json *object, const char *key)
{
	return out(cJSON_AddObjectToObject(in(object), key));
}

void json_push(struct json *array, struct json *value)
{
	if (!cJSON_AddItemToArray(in(array), in(value)))
		json_free(value);
}

void json_remove(struct json *object, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(in(object), key);
}
