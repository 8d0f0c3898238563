#include "doc.h"

#include "error.h"
#include "secret.h"
#include "wipe.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * A text that turns out to be malformed is parsed up to there, and what was made of it is
 * freed by cJSON. Before main(), where a program may still set other functions.
 */
__attribute__((constructor)) static void set_memory(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ malloc, wipe_free });
}

static cJSON *own(struct doc *doc)
{
	return (cJSON *)(void *)doc;
}

static const cJSON *see(const struct doc *doc)
{
	return (const cJSON *)(const void *)doc;
}

static struct doc *give(cJSON *item)
{
	return (struct doc *)(void *)item;
}

int doc_no_memory(struct prov_error *err)
{
	return fail(err, PROV_ERR_NOMEM, "no memory for JSON");
}

/* cJSON has the same answer to both, but malloc leaves a word. */
int doc_parse(const char *text, struct doc **out, size_t *at)
{
	const char *end = NULL;

	errno = 0;
	*out = give(cJSON_ParseWithOpts(text, &end, true));
	if (*out)
		return 0;
	if (errno == ENOMEM)
		return PROV_ERR_NOMEM;
	/* What only cJSON minds, as half a surrogate, is where it says. */
	if (!doc_find_fault(text, at))
		*at = end ? (size_t)(end - text) : 0;
	return PROV_ERR_FORMAT;
}

/* Texts may be keys. */
static void wipe(cJSON *item)
{
	for (; item; item = item->next) {
		if (item->valuestring)
			explicit_bzero(item->valuestring, strlen(item->valuestring));
		wipe(item->child);
	}
}

void doc_free(struct doc *doc)
{
	wipe(own(doc));
	cJSON_Delete(own(doc));
}

/* -- reading ----------------------------------------------------------------------- */

bool doc_is_object(const struct doc *value)
{
	return cJSON_IsObject(see(value));
}

bool doc_is_array(const struct doc *value)
{
	return cJSON_IsArray(see(value));
}

bool doc_is_number(const struct doc *value)
{
	return cJSON_IsNumber(see(value));
}

bool doc_is_null(const struct doc *value)
{
	return cJSON_IsNull(see(value));
}

bool doc_is_true(const struct doc *value)
{
	return cJSON_IsTrue(see(value));
}

struct doc *doc_get(const struct doc *object, const char *name)
{
	return give(cJSON_GetObjectItemCaseSensitive(see(object), name));
}

const char *doc_text(const struct doc *object, const char *name)
{
	const char *s = cJSON_GetStringValue(see(doc_get(object, name)));

	return s ? s : "";
}

int doc_int(const struct doc *value)
{
	return cJSON_IsNumber(see(value)) ? see(value)->valueint : 0;
}

uint64_t doc_count(const struct doc *value)
{
	const cJSON *v = see(value);

	return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 9e15
		       ? (uint64_t)v->valuedouble
		       : 0;
}

const struct doc *doc_first(const struct doc *value)
{
	return value ? give(see(value)->child) : NULL;
}

const struct doc *doc_next(const struct doc *member)
{
	return give(see(member)->next);
}

const char *doc_name(const struct doc *member)
{
	return see(member)->string;
}

bool doc_equal(const struct doc *a, const struct doc *b)
{
	return cJSON_Compare(see(a), see(b), true);
}

/* -- writing ----------------------------------------------------------------------- */

struct doc *doc_object(void)
{
	return give(cJSON_CreateObject());
}

bool doc_add(struct doc *object, const char *name, struct doc *child)
{
	if (cJSON_AddItemToObject(own(object), name, own(child)))
		return true;
	doc_free(child);
	return false;
}

bool doc_add_text(struct doc *object, const char *name, const char *value)
{
	return doc_add(object, name, give(cJSON_CreateString(value)));
}

bool doc_add_number(struct doc *object, const char *name, double value)
{
	return cJSON_AddNumberToObject(own(object), name, value);
}

bool doc_add_json(struct doc *object, const char *name, const char *json)
{
	return cJSON_AddRawToObject(own(object), name, json);
}

/* Their contents change places; names and places in the document stay. */
static void swap(cJSON *a, cJSON *b)
{
	cJSON old = *a;

	a->type = b->type;
	a->child = b->child;
	a->valuestring = b->valuestring;
	a->valueint = b->valueint;
	a->valuedouble = b->valuedouble;
	b->type = old.type;
	b->child = old.child;
	b->valuestring = old.valuestring;
	b->valueint = old.valueint;
	b->valuedouble = old.valuedouble;
}

bool doc_set_text(struct doc *object, const char *name, const char *value, bool *changed)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(own(object), name), *now;
	const char *text = cJSON_GetStringValue(item);

	if (value ? text && strcmp(text, value) == 0 : cJSON_IsNull(item))
		return true;
	*changed = true;
	now = value ? cJSON_CreateString(value) : cJSON_CreateNull();
	if (!now)
		return false;
	if (!item)
		return doc_add(object, name, give(now));
	swap(item, now);
	doc_free(give(now));
	return true;
}

char *doc_line(const struct doc *value)
{
	return cJSON_PrintUnformatted(see(value));
}

/* cJSON's own printing would leave copies behind as it grows. */
int doc_print(const struct doc *doc, struct prov_secret **out, struct prov_error *err)
{
	for (size_t room = 1024; room <= PROV_SECRET_MAX; room *= 4) {
		struct prov_secret *s = NULL;
		int rc = secret_make(room, &s, err);

		if (rc < 0)
			return rc;
		if (cJSON_PrintPreallocated((cJSON *)(const void *)doc,
					    (char *)secret_room(s), (int)room, 0)) {
			secret_trim(s, strlen((char *)secret_room(s)));
			*out = s;
			return 0;
		}
		prov_secret_free(s);
	}
	return fail(err, PROV_ERR_ARG, "more than %d bytes of JSON", PROV_SECRET_MAX);
}

int doc_finish(struct doc *doc, bool complete, struct prov_secret **out,
	       struct prov_error *err)
{
	int rc = doc && complete ? doc_print(doc, out, err) : doc_no_memory(err);

	doc_free(doc);
	return rc;
}
