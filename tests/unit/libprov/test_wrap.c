#include "records.h"

#include "prov_local.h"

/*
 * Made by another implementation: Python's hmac for HKDF, and for GCM blocks of `openssl
 * enc -aes-256-ecb` with GHASH by hand (SP 800-38D, 6.3-6.5):
 *
 *     root = 40 41 .. 5f, salt = a0 a1 .. af, serial 357A3A7D3137, generation 0x01020304
 *     prk = hmac(salt, root); key = hmac(prk, 'stmiot credential wrap 1' 01)
 *         = 3cef5cc3e27fbddb890a02f9782f9d28f75f08bf09279a8505d9444fa30642c1
 *     nonce = 04 03 02 01, type, 00 * 7; data = the serial
 *
 * of 32, 17 and 50 bytes that count from 0, zeros from 32 on.
 */
static const uint8_t sealed_1[48] = {
	0xdc, 0x99, 0xb9, 0x00, 0x10, 0xf5, 0x65, 0xa1, 0x3a, 0xb2, 0x4b, 0x3f,
	0xcb, 0x06, 0x9b, 0xf8, 0x5a, 0xa0, 0xe3, 0xc1, 0xb6, 0x7e, 0x74, 0x01,
	0x9e, 0xf6, 0x07, 0xbf, 0xd7, 0x6d, 0xac, 0x49, 0x77, 0xe2, 0xc5, 0xbe,
	0x57, 0xdb, 0x0d, 0x8d, 0xff, 0x28, 0xb6, 0x11, 0x29, 0xba, 0x43, 0x85,
};
static const uint8_t sealed_2[33] = {
	0x7e, 0x26, 0xc0, 0x20, 0x83, 0xe8, 0xad, 0x07, 0x6d, 0xaa, 0x97,
	0xbc, 0xb4, 0xb3, 0xf8, 0xa1, 0xe3, 0x9a, 0xb2, 0x9e, 0xce, 0x6f,
	0xf0, 0x96, 0x6b, 0x1e, 0xea, 0xc2, 0x36, 0x4c, 0x27, 0xa0, 0xe0,
};
static const uint8_t sealed_private[66] = {
	0xfd, 0xa1, 0x90, 0x44, 0xe1, 0x0d, 0x73, 0xb8, 0xdc, 0x78, 0xfa,
	0xf8, 0x06, 0x32, 0x63, 0x67, 0xcc, 0x86, 0x51, 0x4e, 0x47, 0x53,
	0xa1, 0xfe, 0xa2, 0xe5, 0x6f, 0x1e, 0x3d, 0xa7, 0x80, 0xaa, 0xae,
	0xb4, 0xe6, 0xfa, 0xa5, 0x23, 0x84, 0xe1, 0xdc, 0x4a, 0xe8, 0x79,
	0x0e, 0xba, 0xd5, 0x8e, 0x5a, 0xeb, 0xf7, 0x1c, 0xe7, 0xbf, 0x7a,
	0x8a, 0xbc, 0x0a, 0x20, 0x90, 0xa2, 0x9c, 0x14, 0x64, 0xca, 0xb8,
};

#define GENERATION 0x01020304u

static struct prov_wrap_root vector_root(void)
{
	struct prov_wrap_root root = { .otp_block = 5 };
	unsigned i;

	for (i = 0; i < sizeof(root.bytes); i++)
		root.bytes[i] = (uint8_t)(0x40 + i);
	return root;
}

static const uint8_t vector_salt[16] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
					 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf };

static struct record_fields all_keys(void)
{
	struct record_fields f = sas_fields();

	f.key_2 = (struct record_bytes){ key_bytes, 17 };
	f.private_key = (struct record_bytes){ key_bytes, 50 };
	return f;
}

/* A record with the keys of the vectors. */
static void make_wrapped(uint8_t slot[RECORD_SLOT_BYTES], struct record_view *v)
{
	struct prov_wrap_root root = vector_root();
	struct record_fields f = all_keys();
	struct prov_wrapped w;

	assert_int_equal(
		prov_wrap(&root, SERIAL, GENERATION, vector_salt, &f, &w, NULL, 0), 0);
	assert_true(record_build(&w.fields, GENERATION, SERIAL, slot, RECORD_SLOT_BYTES,
				 v) > 0);
}

static void test_vectors(void **state)
{
	static const struct {
		uint16_t type;
		const uint8_t *bytes;
		size_t len;
	} rows[] = {
		{ RECORD_KEY_1, sealed_1, sizeof(sealed_1) },
		{ RECORD_KEY_2, sealed_2, sizeof(sealed_2) },
		{ RECORD_PRIVATE_KEY, sealed_private, sizeof(sealed_private) },
	};
	struct prov_wrap_root root = vector_root();
	uint8_t slot[RECORD_SLOT_BYTES], key[256];
	struct record_wrap wrap;
	struct record_view v;
	struct record_tlv tlv;
	size_t i, len;

	(void)state;
	make_wrapped(slot, &v);
	assert_true(v.wrapped && record_wrap_get(&v, &wrap));
	assert_int_equal(wrap.otp_block, 5);
	assert_memory_equal(wrap.salt, vector_salt, sizeof(wrap.salt));
	for (i = 0; i < ROWS(rows); i++) {
		assert_true(record_find(&v, rows[i].type, &tlv));
		assert_int_equal(tlv.len, rows[i].len);
		assert_memory_equal(tlv.data, rows[i].bytes, rows[i].len);
		assert_int_equal(prov_unwrap(&root, &v, rows[i].type, key, sizeof(key),
					     &len, NULL, 0),
				 0);
		assert_int_equal(len, rows[i].len - 16);
		assert_memory_equal(key, key_bytes, len);
	}
}

/* Without a salt of the caller's, each wrapping has its own. */
static void test_salt(void **state)
{
	struct prov_wrap_root root = vector_root();
	struct record_fields f = all_keys();
	struct prov_wrapped a, b;

	(void)state;
	assert_int_equal(prov_wrap(&root, SERIAL, 1, NULL, &f, &a, NULL, 0), 0);
	assert_int_equal(prov_wrap(&root, SERIAL, 1, NULL, &f, &b, NULL, 0), 0);
	assert_memory_not_equal(a.wrap.salt, b.wrap.salt, sizeof(a.wrap.salt));
	assert_memory_not_equal(a.key_1, b.key_1, 32);
	f.key_2.data = NULL;
	assert_int_equal(prov_wrap(&root, SERIAL, 1, NULL, &f, &a, NULL, 0), 0);
	assert_null(a.fields.key_2.data);
	f.key_1.len = 65;
	assert_int_equal(prov_wrap(&root, SERIAL, 1, NULL, &f, &a, NULL, 0),
			 PROV_LOCAL_CRYPTO);
	assert_int_equal(prov_wrap(&root, "357", 1, NULL, &f, &a, NULL, 0),
			 PROV_LOCAL_ARG);
}

/* A record copied to another board, an older generation, a swapped key: none opens. */
static void test_bound(void **state)
{
	static const struct {
		const char *row;
		uint32_t at;
		uint8_t value;
	} rows[] = {
		{ "serial", 0x1b, '8' },
		{ "generation", 0x0c, 5 },
		{ "ciphertext", 0x54, 0 },
		{ "tag", 0x83, 0 },
	};
	struct prov_wrap_root root = vector_root();
	uint8_t slot[RECORD_SLOT_BYTES], key[64];
	struct record_view v;
	char words[200];
	size_t i, len;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		make_wrapped(slot, &v);
		slot[rows[i].at] = rows[i].value;
		reseal(slot);
		assert_int_equal(record_parse(slot, sizeof(slot), NULL, &v), RECORD_OK);
		memset(key, 0x11, sizeof(key));
		if (prov_unwrap(&root, &v, RECORD_KEY_1, key, sizeof(key), &len, words,
				sizeof(words)) != PROV_LOCAL_KEY)
			fail_msg("%s", rows[i].row);
		assert_string_equal(
			words, "OTP block 5 does not hold the root of the record's keys");
		assert_memory_not_equal(key, key_bytes, 4);
	}
	make_wrapped(slot, &v);
	root.bytes[31] ^= 1;
	assert_int_equal(
		prov_unwrap(&root, &v, RECORD_KEY_1, key, sizeof(key), &len, NULL, 0),
		PROV_LOCAL_KEY);
}

static void test_unwrap_refuses(void **state)
{
	struct prov_wrap_root root = vector_root();
	uint8_t slot[RECORD_SLOT_BYTES], key[64];
	struct record_view v;
	size_t len;

	(void)state;
	make_wrapped(slot, &v);
	assert_int_equal(prov_unwrap(&root, &v, RECORD_KEY_1, key, 31, &len, NULL, 0),
			 PROV_LOCAL_ARG);
	assert_int_equal(
		prov_unwrap(&root, &v, RECORD_VENDOR, key, sizeof(key), &len, NULL, 0),
		PROV_LOCAL_ARG);
	make_slot(slot, 1, SERIAL);
	assert_int_equal(record_parse(slot, sizeof(slot), SERIAL, &v), RECORD_OK);
	assert_int_equal(
		prov_unwrap(&root, &v, RECORD_KEY_1, key, sizeof(key), &len, NULL, 0),
		PROV_LOCAL_ARG);
}

/* Wrapped keys are longer by the tag, and bounded so. */
static void test_wrapped_lengths(void **state)
{
	const struct record_wrap wrap = { 0, RECORD_WRAP_AES256_GCM, { 0 } };
	static const struct {
		size_t len;
		int good;
	} rows[] = { { 31, 0 }, { 32, 1 }, { 80, 1 } };
	struct record_fields f = sas_fields();
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_view v;
	size_t i;

	(void)state;
	f.wrap = &wrap;
	for (i = 0; i < ROWS(rows); i++) {
		f.key_1.len = rows[i].len;
		assert_int_equal(record_build(&f, 1, SERIAL, slot, sizeof(slot), &v) > 0,
				 rows[i].good);
	}
}

/* -- OTP --------------------------------------------------------------------------- */

struct otp {
	uint8_t data[16][32], lock[16];
};

static struct otp blank_otp(void)
{
	struct otp otp;

	memset(&otp, 0xff, sizeof(otp));
	return otp;
}

static int choose(const struct otp *otp, const struct record_view *record, int journal,
		  struct prov_otp_plan *plan, char words[200])
{
	return prov_otp_choose(otp->data[0], otp->lock, record, journal, plan, words,
			       200);
}

static void check_root(const struct prov_otp_plan *plan)
{
	unsigned at;

	for (at = 0; at < 32; at += 4)
		assert_false(record_is_blank(plan->root.bytes + at, 4));
}

static void test_fresh_block(void **state)
{
	struct otp otp = blank_otp();
	struct prov_otp_plan plan, again;
	char words[200];
	unsigned i;

	(void)state;
	assert_int_equal(choose(&otp, NULL, -1, &plan, words), 0);
	assert_int_equal(plan.root.otp_block, 0);
	assert_true(plan.burn && plan.lock);
	check_root(&plan);
	assert_int_equal(choose(&otp, NULL, -1, &again, words), 0);
	assert_memory_not_equal(plan.root.bytes, again.root.bytes, 32);
	otp.data[0][31] = 0x7f;
	otp.lock[1] = 0;
	otp.lock[2] = 0xfe;
	assert_int_equal(choose(&otp, NULL, -1, &plan, words), 0);
	assert_int_equal(plan.root.otp_block, 3);
	for (i = 3; i < 16; i++)
		otp.data[i][0] = 0;
	assert_int_equal(choose(&otp, NULL, -1, &plan, words), PROV_LOCAL_SPENT);
	assert_string_equal(words, "no block of OTP is blank and open: all 16 are used");
	assert_int_equal(choose(&otp, NULL, 16, &plan, words), PROV_LOCAL_ARG);
}

/* A burn that was cut off after any number of bytes goes on in the same block. */
static void test_journal(void **state)
{
	struct otp otp;
	struct prov_otp_plan first, plan;
	char words[200];
	unsigned burned, i;

	(void)state;
	for (burned = 0; burned <= 32; burned++) {
		otp = blank_otp();
		assert_int_equal(choose(&otp, NULL, -1, &first, words), 0);
		memcpy(otp.data[0], first.root.bytes, burned);
		assert_int_equal(choose(&otp, NULL, 0, &plan, words), 0);
		assert_int_equal(plan.root.otp_block, 0);
		assert_true(plan.lock);
		assert_int_equal(plan.burn, record_is_blank(otp.data[0] + 28, 4));
		check_root(&plan);
		for (i = 0; i < 32; i++) /* programming gives exactly that root */
			assert_int_equal(otp.data[0][i] & plan.root.bytes[i],
					 plan.root.bytes[i]);
		if (!plan.burn)
			assert_memory_equal(plan.root.bytes, otp.data[0], 32);
	}
	otp.lock[0] = 0;
	assert_int_equal(choose(&otp, NULL, 0, &plan, words), 0);
	assert_false(plan.burn || plan.lock);
	otp.lock[0] = 0x7f;
	assert_int_equal(choose(&otp, NULL, 0, &plan, words), PROV_LOCAL_REFUSED);
	otp.lock[3] = 0;
	assert_int_equal(choose(&otp, NULL, 3, &plan, words), PROV_LOCAL_KEY);
}

/* A record names its block, whatever the journal says. */
static void test_record_block(void **state)
{
	struct prov_wrap_root root = vector_root();
	struct otp otp = blank_otp();
	uint8_t slot[RECORD_SLOT_BYTES], key[64];
	struct prov_otp_plan plan;
	struct record_view v;
	char words[200];
	size_t len;

	(void)state;
	make_wrapped(slot, &v);
	assert_int_equal(choose(&otp, &v, 2, &plan, words), PROV_LOCAL_KEY);
	assert_string_equal(words,
			    "OTP block 5 was never fully burned: it holds no root");
	memcpy(otp.data[5], root.bytes, 32);
	otp.lock[5] = 0;
	assert_int_equal(choose(&otp, &v, 2, &plan, words), 0);
	assert_false(plan.burn || plan.lock);
	assert_int_equal(prov_unwrap(&plan.root, &v, RECORD_KEY_1, key, sizeof(key), &len,
				     NULL, 0),
			 0);
	make_slot(slot, 1, SERIAL);
	assert_int_equal(record_parse(slot, sizeof(slot), SERIAL, &v), RECORD_OK);
	assert_int_equal(choose(&otp, &v, -1, &plan, words), 0);
	assert_int_equal(plan.root.otp_block, 0);
}

static void test_birth(void **state)
{
	/* printf dev-1 | sha256sum; the CRC is zlib's */
	static const uint8_t head[28] = { 'S',  'T',  'M',  'B',  1,    0,    0x34,
					  0x12, 0x03, 0x88, 0xfb, 0x62, 0x6c, 0xa8,
					  0x9a, 0x12, 0x78, 0x47, 0x44, 0x39, 0x89,
					  0x33, 0x4b, 0x8c, 0x29, 0xe1, 0x75, 0x67 };
	struct otp otp = blank_otp();
	struct prov_otp_plan plan;
	uint16_t revision;
	char words[200];
	unsigned i;

	(void)state;
	assert_false(prov_birth_parse(otp.data[0], &revision));
	assert_int_equal(prov_birth_make(0x1234, "dev-1", otp.data[0], NULL, 0), 0);
	assert_memory_equal(otp.data[0], head, sizeof(head));
	assert_true(prov_birth_parse(otp.data[0], &revision) && revision == 0x1234);
	assert_true(prov_birth_matches(otp.data[0], "dev-1"));
	assert_false(prov_birth_matches(otp.data[0], "dev-2"));
	assert_int_equal(choose(&otp, NULL, 0, &plan, words), PROV_LOCAL_REFUSED);
	for (i = 0; i < 32; i++) {
		otp.data[0][i] ^= 1;
		assert_false(prov_birth_parse(otp.data[0], &revision));
		otp.data[0][i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_salt),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_unwrap_refuses),
		cmocka_unit_test(test_wrapped_lengths),
		cmocka_unit_test(test_fresh_block),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_record_block),
		cmocka_unit_test(test_birth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
