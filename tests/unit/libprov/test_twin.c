/* Twins, of a hub that answers by a script. */
#include "answers.h"

/* What a hub says of a twin that is none; the last is one. */
static const struct {
	const char *body;
	int rc;
	size_t at;
} twins[] = {
	{ "{\"tags\":{\"a\":1,},", PROV_ERR_ANSWER, 15 },
	{ " {\"tags\"", PROV_ERR_ANSWER, 8 },
	{ "{\"version\":1}}", PROV_ERR_ANSWER, 13 },
	/* What cJSON alone minds. */
	{ "{\"tags\":{\"a\":\"\\ud800\"}}", PROV_ERR_ANSWER, 14 },
	{ "[{\"version\":1}]", PROV_ERR_NOHUB, 0 },
	{ "\"twin\"", PROV_ERR_NOHUB, 0 },
	{ "twin", PROV_ERR_NOHUB, 0 },
	{ "", PROV_ERR_NOHUB, 0 },
	{ "{\"tags\":[]}", PROV_ERR_NOHUB, 0 },
	{ "{\"properties\":7}", PROV_ERR_NOHUB, 0 },
	{ "{\"properties\":{\"desired\":null}}", PROV_ERR_NOHUB, 0 },
	{ "{\"tags\":{},\"properties\":{\"desired\":{}}}", 0, 0 },
};

static void test_no_twin(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(twins); i++) {
		const struct fake_step steps[] = {
			{ "GET /twins/d1?", NULL, 200, NULL, twins[i].body, 0 },
			{ "PATCH /twins/d1?", NULL, 200, NULL, twins[i].body, 0 },
		};
		struct fake_hub *fake = fake_start(steps, COUNT(steps));
		struct prov_hub *hub = fake_open(fake, NULL);
		struct prov_error err = { 0 };
		char *text = NULL;
		int rc = prov_twin_get(hub, "d1", &text, &err);

		if (rc != twins[i].rc || err.at != twins[i].at || (rc < 0 && !*err.hint))
			fail_msg("%s: %d at %zu: %s", twins[i].body, rc, err.at, err.msg);
		free(text);
		assert_int_equal(prov_twin_patch(hub, "d1", "{}", NULL, NULL, NULL), rc);
		prov_hub_close(hub);
		fake_end(fake);
	}
}

/* -- an ETag that our own request used up -------------------------------------------- */

/* What was sent under an ETag, and what is there after its answer was lost. */
static const struct lost {
	bool whole; /* PUT */
	const char *sent, *is;
	bool ours;
} losts[] = {
	{ false, "{\"tags\":{\"a\":1}}", "{\"tags\":{\"a\":1,\"b\":2}}", true },
	{ false, "{\"tags\":{\"a\":1}}", "{\"tags\":{\"a\":2}}", false },
	{ false, "{\"tags\":{\"a\":1}}", "{}", false },
	{ false, "{\"tags\":{\"a\":null}}", "{\"tags\":{\"b\":2}}", true },
	{ false, "{\"tags\":{\"a\":null}}", "{\"tags\":{\"a\":2}}", false },
	{ false, "{\"tags\":null}", "{\"tags\":{}}", true },
	{ false, "{\"tags\":null}", "{\"tags\":{\"a\":2}}", false },
	{ false, "{\"tags\":{\"a\":{\"b\":[1,\"x\"],\"c\":{}}}}",
	  "{\"tags\":{\"a\":{\"b\":[1,\"x\"],\"d\":true}}}", true },
	{ false, "{\"tags\":{\"a\":{\"b\":[1,\"x\"]}}}", "{\"tags\":{\"a\":{\"b\":[1]}}}",
	  false },
	{ false, "{\"tags\":{\"a\":{}}}", "{\"tags\":{\"a\":7}}", false },
	{ false, "{\"properties\":{\"desired\":{\"t\":2.0}}}",
	  "{\"properties\":{\"desired\":{\"t\":2,\"$metadata\":{},\"$version\":4}}}",
	  true },
	{ false, "{\"properties\":{\"desired\":{\"t\":2}}}",
	  "{\"properties\":{\"reported\":{\"t\":2}}}", false },
	{ true, "{\"tags\":{\"a\":1},\"properties\":{\"desired\":{\"t\":2}}}",
	  "{\"version\":3,\"tags\":{\"a\":1},\"properties\":{\"desired\":{\"t\":2,"
	  "\"$metadata\":{},\"$version\":4},\"reported\":{\"r\":1}}}",
	  true },
	{ true, "{\"tags\":{\"a\":1}}", "{\"tags\":{\"a\":1,\"b\":2}}", false },
	{ true, "{\"tags\":{\"a\":{\"b\":1}}}", "{\"tags\":{\"a\":{\"b\":1,\"c\":2}}}",
	  false },
	{ true, "{\"tags\":{}}", "{}", true },
};

static int change(struct prov_hub *hub, const struct lost *l, char **out,
		  struct prov_error *err)
{
	return (l->whole ? prov_twin_replace : prov_twin_patch)(hub, "d1", l->sent,
								"AA=", out, err);
}

static void test_lost_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(losts); i++) {
		const struct lost *l = &losts[i];
		const char *line = l->whole ? "PUT /twins/d1?" : "PATCH /twins/d1?";
		const struct fake_step steps[] = {
			{ line, "If-Match: \"AA=\"", 0, NULL, NULL, 0 },
			{ line, "If-Match: \"AA=\"", 412, NULL,
			  FAILURE("PreconditionFailed", "no"), 0 },
			{ "GET /twins/d1?", NULL, 200, NULL, l->is, 0 },
		};
		struct fake_hub *fake = fake_start(steps, COUNT(steps));
		struct prov_hub *hub = fake_open(fake, NULL);
		struct prov_error err = { 0 };
		char *text = NULL;
		int rc = change(hub, l, &text, &err);

		prov_hub_close(hub);
		fake_end(fake);
		if (rc != (l->ours ? 0 : PROV_ERR_CHANGED))
			fail_msg("%s for %s: %d %s", l->is, l->sent, rc, err.msg);
		if (l->ours)
			assert_string_equal(text, l->is);
		else
			assert_true(*err.hint);
		free(text);
	}
}

/* Nothing was lost, or nothing can be seen. */
static void test_not_ours(void **state)
{
	static const struct fake_step steps[] = {
		{ "PATCH /twins/d1?", NULL, 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "PATCH /twins/d1?", NULL, 503, NULL, FAILURE("ServerBusy", "no"), 0 },
		{ "PATCH /twins/d1?", NULL, 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "GET /twins/d1?", NULL, 404, NULL, NOT_FOUND, 0 },
	};
	const struct lost l = { .sent = "{\"tags\":{\"a\":1}}" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	assert_int_equal(change(hub, &l, NULL, &err), PROV_ERR_CHANGED);
	assert_null(strstr(err.msg, "perhaps"));
	assert_int_equal(change(hub, &l, NULL, &err), PROV_ERR_CHANGED);
	assert_non_null(strstr(err.msg, "perhaps by this request"));
	assert_int_equal(err.http_status, 412);
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_twin),
		cmocka_unit_test(test_lost_answer),
		cmocka_unit_test(test_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
