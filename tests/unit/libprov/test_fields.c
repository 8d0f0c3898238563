#include "records.h"

#include "prov_local.h"

static const struct prov_wrap_root root = { 5, { 1, 2, 3 } };

/* Built, read and built again, a record is the same to the byte. */
static void test_round_trip(void **state)
{
	static uint8_t slot[RECORD_SLOT_BYTES], again[RECORD_SLOT_BYTES];
	static struct prov_fields back;
	const struct record_fields rows[] = { sas_fields(), all_fields(NULL) };
	struct record_view v, w;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		assert_true(record_build(&rows[i], 7, SERIAL, slot, sizeof(slot), &v) >
			    0);
		assert_int_equal(prov_fields_read(&v, NULL, &back, NULL, 0), 0);
		assert_true(record_build(&back.fields, 7, SERIAL, again, sizeof(again),
					 &w) > 0);
		assert_memory_equal(slot, again, sizeof(slot));
	}
}

/* A wrapped one comes out plain, and is then the same credentials. */
static void test_wrapped(void **state)
{
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	static struct prov_fields back;
	const struct prov_wrap_root other = { 5, { 9 } };
	struct record_fields f = all_fields(NULL);
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_view v;
	char words[100];

	(void)state;
	memset(a, 0xff, sizeof(a));
	memset(b, 0xff, sizeof(b));
	assert_int_equal(prov_slots_plan(&slots, &f, &root, &plan, NULL, 0), 0);
	memcpy(a, plan.image, sizeof(a));
	assert_int_equal(record_choose(a, b, sizeof(a), SERIAL, &v), 0);
	assert_int_equal(prov_fields_read(&v, NULL, &back, words, sizeof(words)),
			 PROV_LOCAL_KEY);
	assert_string_equal(words, "the record's keys are wrapped with a root in OTP");
	assert_int_equal(prov_fields_read(&v, &other, &back, NULL, 0), PROV_LOCAL_KEY);
	assert_null(back.fields.hub_host);
	assert_int_equal(prov_fields_read(&v, &root, &back, NULL, 0), 0);
	assert_null(back.fields.wrap);
	assert_int_equal(back.fields.key_1.len, 64);
	assert_memory_equal(back.fields.key_1.data, key_bytes, 64);
	assert_int_equal(prov_slots_plan(&slots, &back.fields, &root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_NOTHING);
}

/* What could not be written again is refused, not lost. */
static void test_too_much(void **state)
{
	static const struct {
		uint32_t at;
		uint16_t type;
		const char *words;
	} rows[] = {
		{ 0x74, 0x0077,
		  "the record holds a value of type 0077 at 0x74 that this version "
		  "cannot keep" },
		{ 0x74, 0x8001, NULL },
		{ 0x74, 0x0008, NULL },
	};
	static uint8_t slot[RECORD_SLOT_BYTES];
	static struct prov_fields back;
	struct record_view v;
	char words[100];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		make_slot(slot, 7, SERIAL);
		put_le(slot + rows[i].at, rows[i].type, 2);
		reseal(slot);
		assert_int_equal(record_parse(slot, sizeof(slot), SERIAL, &v), RECORD_OK);
		assert_int_equal(prov_fields_read(&v, NULL, &back, words, sizeof(words)),
				 rows[i].words ? PROV_LOCAL_FORMAT : 0);
		if (rows[i].words)
			assert_string_equal(words, rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
