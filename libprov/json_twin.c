/* A twin as JSON. */
#include "doc.h"
#include "error.h"
#include "json.h"

/* Missing, or an object. */
static bool may_be_object(const struct doc *value)
{
	return !value || doc_is_object(value);
}

static bool is_twin(const struct doc *doc)
{
	const struct doc *properties = doc_get(doc, "properties");

	return doc_is_object(doc) && may_be_object(doc_get(doc, "tags")) &&
	       may_be_object(properties) &&
	       may_be_object(doc_get(properties, "desired")) &&
	       may_be_object(doc_get(properties, "reported"));
}

int json_check_twin(const char *text, struct prov_error *err)
{
	struct doc *doc = NULL;
	int rc = json_read_answer(text, is_twin, "a twin", &doc, err);

	doc_free(doc);
	return rc;
}
