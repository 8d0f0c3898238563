#include "bag.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static const char no_memory[] = "there is no memory for the properties";

static const char *const keys[BAG_SYSTEMS] = {
	[BAG_MESSAGE_ID] = "$.mid",      [BAG_CORRELATION_ID] = "$.cid",
	[BAG_USER_ID] = "$.uid",         [BAG_TO] = "$.to",
	[BAG_EXPIRY] = "$.exp",          [BAG_CONTENT_TYPE] = "$.ct",
	[BAG_CONTENT_ENCODING] = "$.ce", [BAG_SUBJECT] = "$.sub",
	[BAG_OUTPUT_NAME] = "$.on",      [BAG_INTERFACE_ID] = "$.ifid",
	[BAG_CREATION_TIME] = "$.ctime",
};

const char *bag_key(enum bag_system system)
{
	return keys[system];
}

/* What looks like the system's and is not known stays with the application. */
static enum bag_system find_system(const char *key)
{
	for (int i = BAG_APPLICATION + 1; i < BAG_SYSTEMS; i++)
		if (strcmp(keys[i], key) == 0)
			return (enum bag_system)i;
	return BAG_APPLICATION;
}

/* Decodes to *to and moves it on. */
static const char *take_decoded(char **to, const char *from, size_t len)
{
	size_t decoded;

	if (!percent_decode(*to, from, len))
		return "a property is badly percent-encoded";
	decoded = strlen(*to);
	if (!utf8_valid(*to, decoded))
		return "a property is no UTF-8";
	*to += decoded + 1;
	return NULL;
}

static void put_property(struct bag *bag, const char *key, const char *value)
{
	size_t i = 0;

	while (i < bag->count && strcmp(bag->list[i].key, key) != 0)
		i++;
	bag->list[i] = (struct bag_property){ find_system(key), key, value };
	bag->count += i == bag->count;
}

static const char *take_property(struct bag *bag, char **to, const char *from, size_t len)
{
	const char *equals = memchr(from, '=', len);
	size_t key_len = equals ? (size_t)(equals - from) : len;
	const char *key = *to, *value = NULL;
	const char *wrong;

	if (key_len == 0)
		return "a property has no name";
	wrong = take_decoded(to, from, key_len);
	if (!wrong && equals) {
		value = *to;
		wrong = take_decoded(to, equals + 1, len - key_len - 1);
	}
	if (!wrong)
		put_property(bag, key, value);
	return wrong;
}

static size_t pair_length(const char *from, size_t len)
{
	const char *end = memchr(from, '&', len);

	return end ? (size_t)(end - from) : len;
}

static size_t count_pairs(const char *from, size_t len)
{
	size_t count = 0;

	for (size_t i = 0, pair; i < len; i += pair + 1) {
		pair = pair_length(from + i, len - i);
		count += pair > 0;
	}
	return count;
}

const char *bag_parse(struct bag *bag, const char *from, size_t len)
{
	size_t pairs = count_pairs(from, len);
	const char *wrong = NULL;
	char *to;

	*bag = (struct bag){ 0 };
	if (pairs == 0)
		return NULL;
	if (pairs > BAG_MAX)
		return "there are more properties than the hub takes";
	/* A NUL for each = and each &, and one more. */
	bag->bytes = to = malloc(len + 2);
	bag->list = calloc(pairs, sizeof(*bag->list));
	if (!bag->bytes || !bag->list)
		wrong = no_memory;
	for (size_t i = 0, pair; i < len && !wrong; i += pair + 1) {
		pair = pair_length(from + i, len - i);
		if (pair > 0)
			wrong = take_property(bag, &to, from + i, pair);
	}
	if (wrong)
		bag_free(bag);
	return wrong;
}

void bag_free(struct bag *bag)
{
	free(bag->list);
	free(bag->bytes);
	*bag = (struct bag){ 0 };
}

const struct bag_property *bag_find(const struct bag *bag, enum bag_system system)
{
	for (size_t i = 0; i < bag->count; i++)
		if (bag->list[i].system == system)
			return &bag->list[i];
	return NULL;
}

static void put_encoded(struct text *to, const char *text)
{
	char *encoded = percent_encode(text);

	if (encoded)
		text_put(to, encoded, strlen(encoded));
	else
		to->failed = true;
	free(encoded);
}

void bag_write(struct text *to, const struct bag_property *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_put(to, "&", 1);
		put_encoded(to, list[i].key);
		if (!list[i].value)
			continue;
		text_put(to, "=", 1);
		put_encoded(to, list[i].value);
	}
}
