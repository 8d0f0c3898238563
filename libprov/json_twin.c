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

/* -- what a change has left -------------------------------------------------------- */

/* $metadata and $version: the hub's own. */
static bool is_service(const struct doc *member)
{
	return doc_name(member)[0] == '$';
}

static bool is_gone(const struct doc *value)
{
	return !value || doc_is_null(value);
}

/* `is` or `sent` may be NULL: an object without members. */
static bool holds(const struct doc *is, const struct doc *sent, bool whole)
{
	const struct doc *m, *now;

	for (m = doc_first(sent); m; m = doc_next(m)) {
		now = doc_get(is, doc_name(m));
		if (is_service(m))
			continue;
		if (doc_is_null(m) ? !is_gone(now)
				   : !doc_is_object(m) && !doc_equal(now, m))
			return false;
		if (doc_is_object(m) && (!may_be_object(now) || !holds(now, m, whole)))
			return false;
	}
	for (m = whole ? doc_first(is) : NULL; m; m = doc_next(m))
		if (!is_service(m) && is_gone(doc_get(sent, doc_name(m))))
			return false;
	return true;
}

/* A part that was not sent was not changed; null empties it. */
static bool part_holds(const struct doc *is, const struct doc *sent, bool whole)
{
	if (doc_is_null(sent))
		return holds(is, NULL, true);
	return !sent || (doc_is_object(sent) && holds(is, sent, whole));
}

int json_twin_holds(const char *twin, const char *sent, bool whole,
		    struct prov_error *err)
{
	struct doc *is = NULL, *want = NULL;
	size_t at;
	int rc = json_read_answer(twin, is_twin, "a twin", &is, err);

	if (rc == 0 && doc_parse(sent, &want, &at) == PROV_ERR_NOMEM)
		rc = doc_no_memory(err);
	if (rc == 0 && want)
		rc = part_holds(doc_get(is, "tags"), doc_get(want, "tags"), whole) &&
		     part_holds(doc_get(doc_get(is, "properties"), "desired"),
				doc_get(doc_get(want, "properties"), "desired"), whole);
	doc_free(want);
	doc_free(is);
	return rc;
}
