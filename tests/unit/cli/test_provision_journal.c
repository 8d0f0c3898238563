#include "provision_journal.h"
#include "state_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct provision_journal full = {
	.step = STEP_RECORD,
	.serial = SERIAL,
	.device_id = "dev-1",
	.hub = "h.example",
	.auth = "x509",
	.store = "otp",
	.thumbprints = "00FF ",
	.slot = 1,
	.generation = 0xfffffffe,
	.open_slots = PROV_SLOT_A | PROV_SLOT_B,
	.rotation = "secondary",
	.rotated_at = 1700000000,
	.otp_block = 15,
	.otp_whole = true,
};

static void must_equal(const struct provision_journal *a,
		       const struct provision_journal *b)
{
	assert_int_equal(a->step, b->step);
	assert_string_equal(a->serial, b->serial);
	assert_string_equal(a->device_id, b->device_id);
	assert_string_equal(a->hub, b->hub);
	assert_string_equal(a->auth, b->auth);
	assert_string_equal(a->store, b->store);
	assert_string_equal(a->thumbprints, b->thumbprints);
	assert_int_equal(a->slot, b->slot);
	assert_int_equal(a->generation, b->generation);
	assert_int_equal(a->open_slots, b->open_slots);
	assert_string_equal(a->rotation, b->rotation);
	assert_int_equal(a->rotated_at, b->rotated_at);
	assert_int_equal(a->otp_block, b->otp_block);
	assert_int_equal(a->otp_whole, b->otp_whole);
}

static void test_text(void **state)
{
	struct provision_journal back;
	char *text = provision_journal_format(&full);

	(void)state;
	assert_true(provision_journal_parse(text, strlen(text), &back));
	must_equal(&full, &back);
	free(text);
}

static void test_damaged(void **state)
{
	struct provision_journal back;
	char *text = provision_journal_format(&full);

	(void)state;
	for (size_t len = 0; len < strlen(text); len++)
		assert_false(provision_journal_parse(text, len, &back));
	memcpy(strstr(text, "\"record\""), "\"recorD\"", 8);
	assert_false(provision_journal_parse(text, strlen(text), &back));
	free(text);
}

static void test_out_of_range(void **state)
{
	struct provision_journal j = full, back;
	char *text;

	(void)state;
	j.otp_block = 16;
	text = provision_journal_format(&j);
	assert_false(provision_journal_parse(text, strlen(text), &back));
	free(text);
	j = full;
	j.slot = 2;
	text = provision_journal_format(&j);
	assert_false(provision_journal_parse(text, strlen(text), &back));
	free(text);
}

static void test_file(void **state)
{
	struct provision_lock *lock = NULL, *second = NULL;
	struct provision_journal j;
	char serial[SERIAL_DIGITS + 1];
	struct dfu_error err;
	struct stat st;

	(void)state;
	assert_int_equal(provision_journal_open(SERIAL, &lock, &j, &err), 0);
	assert_int_equal(j.step, STEP_NONE);
	assert_int_equal(j.otp_block, -1);
	assert_int_equal(j.slot, -1);
	assert_string_equal(j.serial, SERIAL);
	assert_int_equal(provision_journal_save(lock, &full, &err), 0);
	assert_int_equal(provision_journal_open(SERIAL, &second, &j, &err), DFU_ERR_BUSY);
	assert_true(err.hint[0]);
	provision_journal_close(lock);

	assert_int_equal(provision_journal_open(SERIAL, &lock, &j, &err), 0);
	must_equal(&full, &j);
	provision_journal_close(lock);
	assert_true(provision_journal_peek(SERIAL, &j));
	assert_true(provision_journal_find("dev-1", "h.example", serial));
	assert_string_equal(serial, SERIAL);
	assert_false(provision_journal_find("dev-2", "h.example", serial));
	assert_false(provision_journal_find("dev-1", "i.example", serial));
	assert_false(provision_journal_peek("000000000000", &j));
	assert_int_equal(stat("stmiot/provision/" SERIAL ".json", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_damaged_file(void **state)
{
	struct provision_lock *lock = NULL;
	struct provision_journal j;
	struct dfu_error err;
	FILE *f = fopen("stmiot/provision/" SERIAL ".json", "w");

	(void)state;
	assert_non_null(f);
	fputs("{\"version\":1}", f);
	fclose(f);
	assert_int_equal(provision_journal_open(SERIAL, &lock, &j, &err), DFU_ERR_FORMAT);
	assert_non_null(strstr(err.msg, SERIAL));
	assert_null(lock);
}

static void test_thumbprints(void **state)
{
	struct provision_journal j = { 0 };
	char one[PROV_THUMBPRINT_MAX + 1], two[PROV_THUMBPRINT_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < THUMBPRINTS_MAX; i++) {
		snprintf(one, sizeof(one), "%064X", i);
		assert_true(provision_journal_add_thumbprint(&j, one));
		assert_true(provision_journal_add_thumbprint(&j, one));
		assert_true(provision_journal_has_thumbprint(&j, one));
	}
	assert_int_equal(strlen(j.thumbprints), THUMBPRINTS_MAX * 65);
	snprintf(one, sizeof(one), "%064X", THUMBPRINTS_MAX);
	assert_false(provision_journal_add_thumbprint(&j, one));
	assert_false(provision_journal_has_thumbprint(&j, one));
	assert_false(provision_journal_has_thumbprint(&j, ""));
	snprintf(two, sizeof(two), "%064X", 3);
	provision_journal_keep_thumbprints(&j, one, two);
	assert_false(provision_journal_has_thumbprint(&j, one));
	assert_true(provision_journal_has_thumbprint(&j, two));
	assert_int_equal(strlen(j.thumbprints), 65);
	provision_journal_keep_thumbprints(&j, "", two);
	assert_true(provision_journal_add_thumbprint(&j, one));
	provision_journal_keep_thumbprints(&j, two, one);
	assert_int_equal(strlen(j.thumbprints), 2 * 65);
	provision_journal_keep_thumbprints(&j, "", "");
	assert_string_equal(j.thumbprints, "");
}

static void test_serials(void **state)
{
	struct provision_lock *lock = NULL;
	struct provision_journal j;
	struct dfu_error err;

	(void)state;
	assert_true(provision_serial_fits(SERIAL));
	assert_false(provision_serial_fits("357a3a7d3137"));
	assert_false(provision_serial_fits("357A3A7D313"));
	assert_false(provision_serial_fits("357A3A7D31377"));
	assert_false(provision_serial_fits("../../357A3A"));
	assert_int_equal(provision_journal_open("../../357A3A", &lock, &j, &err),
			 DFU_ERR_ARG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),         cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_file),
		cmocka_unit_test(test_damaged_file), cmocka_unit_test(test_thumbprints),
		cmocka_unit_test(test_serials),
	};

	return cmocka_run_group_tests(tests, make_state_folder, remove_state_folder);
}
