#include "records.h"

/*
 * The record of sas_fields() of generation 7, made by another implementation: Python's
 * struct and zlib,
 *
 *     tlv(t, d) = pack('<HH', t, len(d)) + d + bytes(-len(d) % 4)
 *     head = pack('<4sHHII12s', b'STMI', 1, 32, 32 + len(tlvs) + 4, 7, b'357A3A7D3137')
 *     head += pack('<I', crc32(head));  record = head + tlvs;  += pack('<I',
 * crc32(record))
 */
static const uint8_t golden[0x84] = {
	0x53, 0x54, 0x4d, 0x49, 0x01, 0x00, 0x20, 0x00, /* magic, schema, header */
	0x84, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, /* T, generation */
	'3',  '5',  '7',  'A',  '3',  'A',  '7',  'D',  /* 0x10: serial */
	'3',  '1',  '3',  '7',  0x9e, 0xbd, 0x0f, 0x79, /* 0x1c: CRC */
	0x01, 0x00, 0x15, 0x00, 'h',  'u',  'b',  '.',  /* 0x20: 01 hub host */
	'a',  'z',  'u',  'r',  'e',  '-',  'd',  'e',  'v',  'i',  'c',
	'e',  's',  '.',  'n',  'e',  't',  0x00, 0x00, 0x00, 0x02, 0x00,
	0x05, 0x00, 'd',  'e',  'v',  '-',              /* 0x3c: 02 device id */
	'1',  0x00, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, /* 0x48: 03 auth */
	0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x20, 0x00, /* 0x50: 04 key */
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
	0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
	0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x0c,
	0x00, 0x08, 0x00, 0x00, 0xf1, 0x53, 0x65,       /* 0x74: 0c issued at */
	0x00, 0x00, 0x00, 0x00, 0x78, 0x68, 0x03, 0x5c, /* 0x80: CRC */
};

enum { HOST = 0x20, ID = 0x3c, AUTH = 0x48, KEY = 0x50, ISSUED = 0x74, END = 0x80 };

static void test_golden(void **state)
{
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_view v;
	uint64_t issued_at;
	char text[32];

	(void)state;
	make_slot(slot, 7, SERIAL);
	assert_memory_equal(slot, golden, sizeof(golden));
	assert_true(record_is_blank(slot + 0x84, RECORD_SLOT_BYTES - 0x84 - 4));
	assert_memory_equal(slot + RECORD_SLOT_BYTES - 4, "\xa5\xa5\xa5\xa5", 4);
	assert_int_equal(record_parse(slot, sizeof(slot), SERIAL, &v), RECORD_OK);
	assert_int_equal(v.generation, 7);
	assert_int_equal(v.total_bytes, 0x84);
	assert_int_equal(v.auth, RECORD_AUTH_SAS);
	assert_string_equal(v.serial, SERIAL);
	assert_false(v.wrapped);
	assert_true(record_text(&v, RECORD_HUB_HOST, text, sizeof(text)));
	assert_string_equal(text, "hub.azure-devices.net");
	assert_true(record_issued_at(&v, &issued_at));
	assert_int_equal(issued_at, 1700000000);
	assert_int_equal(record_crc32(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
	assert_int_equal(record_crc32(record_crc32(0, (const uint8_t *)"1234", 4),
				      (const uint8_t *)"56789", 5),
			 0xcbf43926);
}

/* `n` bytes of `value` at `at` of the small record; then the CRCs fit again, unless
 * `raw`. */
static const struct {
	const char *row;
	uint32_t at;
	uint64_t value;
	unsigned n;
	int raw;
	enum record_err err;
	uint32_t err_at;
	uint16_t type;
} malformed[] = {
	{ "magic", 0, 'X', 1, 0, RECORD_ERR_MAGIC, 0, 0 },
	{ "header damaged", 0x0c, 8, 1, 1, RECORD_ERR_HEADER_CRC, 0x1c, 0 },
	{ "schema 2", 4, 2, 1, 0, RECORD_ERR_SCHEMA, 4, 0 },
	{ "header of 36", 6, 36, 1, 0, RECORD_ERR_SCHEMA, 6, 0 },
	{ "T 0", 8, 0, 4, 0, RECORD_ERR_TOTAL, 8, 0 },
	{ "T a header only", 8, 0x20, 4, 0, RECORD_ERR_TOTAL, 8, 0 },
	{ "T odd", 8, 0x82, 4, 0, RECORD_ERR_TOTAL, 8, 0 },
	{ "T over the commit word", 8, 0x4000, 4, 0, RECORD_ERR_TOTAL, 8, 0 },
	{ "T huge", 8, 0xfffffffc, 4, 0, RECORD_ERR_TOTAL, 8, 0 },
	{ "generation 0", 0x0c, 0, 4, 0, RECORD_ERR_GENERATION, 0x0c, 0 },
	{ "generation -1", 0x0c, 0xffffffff, 4, 0, RECORD_ERR_GENERATION, 0x0c, 0 },
	{ "serial lower case", 0x13, 'a', 1, 0, RECORD_ERR_DIGITS, 0x13, 0 },
	{ "serial G", 0x1b, 'G', 1, 0, RECORD_ERR_DIGITS, 0x1b, 0 },
	{ "another board's", 0x1b, '8', 1, 0, RECORD_ERR_SERIAL, 0x1b, 0 },
	{ "a bit of a value", KEY + 8, 0x55, 1, 1, RECORD_ERR_CRC, END, 0 },
	{ "the CRC", END, 0, 4, 1, RECORD_ERR_CRC, END, 0 },
	{ "longer than it is", 8, 0x88, 4, 0, RECORD_ERR_TLV, END, 0x6878 },
	{ "type 0", HOST, 0, 2, 0, RECORD_ERR_TLV, HOST, 0 },
	{ "type ffff", ID, 0xffff, 2, 0, RECORD_ERR_TLV, ID, 0xffff },
	{ "over the end", ISSUED + 2, 9, 2, 0, RECORD_ERR_TLV, ISSUED, 0x0c },
	{ "far over the end", ISSUED + 2, 0xffff, 2, 0, RECORD_ERR_TLV, ISSUED, 0x0c },
	{ "padding", ID + 10, 1, 1, 0, RECORD_ERR_PADDING, ID + 10, 2 },
	{ "padding of one", HOST + 0x1b, 1, 1, 0, RECORD_ERR_PADDING, HOST + 0x1b, 1 },
	{ "a second host", ID, 1, 2, 0, RECORD_ERR_TWICE, ID, 1 },
	{ "a second key", ISSUED, 4, 2, 0, RECORD_ERR_TWICE, ISSUED, 4 },
	{ "key of 8", ISSUED, 5, 2, 0, RECORD_ERR_VALUE_BYTES, ISSUED + 2, 5 },
	{ "keep-alive of 8", ISSUED, 0x0d, 2, 0, RECORD_ERR_VALUE_BYTES, ISSUED + 2,
	  0x0d },
	{ "address of 8", ISSUED, 0x0f, 2, 0, RECORD_ERR_VALUE_BYTES, ISSUED + 2, 0x0f },
	{ "wrap of 8", ISSUED, 0x11, 2, 0, RECORD_ERR_VALUE_BYTES, ISSUED + 2, 0x11 },
	{ "scope of 32 bytes and blanks", KEY, 0x0a, 2, 0, RECORD_ERR_VALUE, KEY + 4,
	  0x0a },
	{ "auth 0", AUTH + 4, 0, 1, 0, RECORD_ERR_VALUE, AUTH + 4, 3 },
	{ "auth 5", AUTH + 4, 5, 1, 0, RECORD_ERR_VALUE, AUTH + 4, 3 },
	{ "NUL in the host", HOST + 7, 0, 1, 0, RECORD_ERR_VALUE, HOST + 7, 1 },
	{ "blank in the id", ID + 4, ' ', 1, 0, RECORD_ERR_VALUE, ID + 4, 2 },
	{ "control in the id", ID + 8, 0x1b, 1, 0, RECORD_ERR_VALUE, ID + 8, 2 },
	{ "8 bit in the id", ID + 8, 0xe4, 1, 0, RECORD_ERR_VALUE, ID + 8, 2 },
	{ "issued at 0", ISSUED + 4, 0, 8, 0, RECORD_ERR_VALUE, ISSUED + 4, 0x0c },
	{ "no host", HOST, 0x10, 2, 0, RECORD_ERR_MISSING, END, 1 },
	{ "no id", ID, 0x0b, 2, 0, RECORD_ERR_MISSING, END, 2 },
	{ "no auth", AUTH, 0x8003, 2, 0, RECORD_ERR_MISSING, END, 3 },
	{ "no key", KEY, 5, 2, 0, RECORD_ERR_MISSING, END, 4 },
	{ "x509 without", AUTH + 4, 2, 1, 0, RECORD_ERR_MISSING, END, 6 },
	{ "dps without", AUTH + 4, 3, 1, 0, RECORD_ERR_MISSING, END, 0x0a },
	{ "dps-x509 without", AUTH + 4, 4, 1, 0, RECORD_ERR_MISSING, END, 6 },
	{ "not committed", 0x3ffc, 0xffffffff, 4, 0, RECORD_ERR_UNCOMMITTED, 0x3ffc, 0 },
	{ "revoked", 0x3ffc, 0, 4, 0, RECORD_ERR_REVOKED, 0x3ffc, 0 },
	{ "commit half", 0x3ffc, 0xffffa5a5, 4, 0, RECORD_ERR_COMMIT, 0x3ffc, 0 },
	{ "revoked half", 0x3ffc, 0xa5a50000, 4, 0, RECORD_ERR_COMMIT, 0x3ffc, 0 },
	/* and what is good all the same */
	{ "unknown type", ISSUED, 0x12, 2, 0, RECORD_OK, 0, 0 },
	{ "unknown type", ISSUED, 0x7fff, 2, 0, RECORD_OK, 0, 0 },
	{ "vendor type", ISSUED, 0xfffe, 2, 0, RECORD_OK, 0, 0 },
	{ "highest generation", 0x0c, RECORD_GENERATION_MAX, 4, 0, RECORD_OK, 0, 0 },
	{ "bytes behind it", 0x84, 0, 4, 0, RECORD_OK, 0, 0 },
};

static void test_malformed(void **state)
{
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_view v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(malformed); i++) {
		enum record_err err;

		make_slot(slot, 7, SERIAL);
		put_le(slot + malformed[i].at, malformed[i].value, malformed[i].n);
		if (!malformed[i].raw && slot[8] != 0x88)
			reseal(slot);
		if (slot[8] == 0x88) { /* the old CRC becomes a TLV */
			put_le(slot + 0x1c, record_crc32(0, slot, 0x1c), 4);
			put_le(slot + 0x84, record_crc32(0, slot, 0x84), 4);
		}
		err = record_parse(slot, sizeof(slot), SERIAL, &v);
		if (err != malformed[i].err || v.err_at != malformed[i].err_at ||
		    v.err_type != malformed[i].type)
			fail_msg("%s: %d (%s) at 0x%x, type %x", malformed[i].row, err,
				 record_err_words(err), v.err_at, v.err_type);
	}
}

static void test_lengths(void **state)
{
	static const struct {
		size_t bytes;
		enum record_err err;
	} rows[] = {
		{ 0, RECORD_ERR_LENGTH },         { 0x24, RECORD_ERR_LENGTH },
		{ 0x2a, RECORD_ERR_LENGTH },      { 0x28, RECORD_ERR_TOTAL },
		{ 0x84, RECORD_ERR_TOTAL },       { 0x88, RECORD_OK },
		{ 0x8c, RECORD_ERR_UNCOMMITTED },
	};
	uint8_t slot[0x8c];
	struct record_view v;
	size_t i;

	(void)state;
	memset(slot, 0xff, sizeof(slot));
	assert_int_equal(record_parse(slot, sizeof(slot), NULL, &v), RECORD_ERR_BLANK);
	memcpy(slot, golden, sizeof(golden));
	put_le(slot + 0x84, RECORD_COMMIT_VALID, 4);
	for (i = 0; i < ROWS(rows); i++)
		if (record_parse(slot, rows[i].bytes, NULL, &v) != rows[i].err)
			fail_msg("%zu bytes", rows[i].bytes);
}

/* Any bit that changes is noticed, but behind the record, where nothing is. */
static void test_each_bit(void **state)
{
	uint8_t slot[0xa0];
	struct record_view v;
	size_t bit;

	(void)state;
	memset(slot, 0xff, sizeof(slot));
	memcpy(slot, golden, sizeof(golden));
	put_le(slot + sizeof(slot) - 4, RECORD_COMMIT_VALID, 4);
	for (bit = 0; bit < 8 * sizeof(slot); bit++) {
		bool behind = bit / 8 >= sizeof(golden) && bit / 8 < sizeof(slot) - 4;

		slot[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if ((record_parse(slot, sizeof(slot), SERIAL, &v) == RECORD_OK) != behind)
			fail_msg("bit %zu of byte 0x%zx", bit % 8, bit / 8);
		slot[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_serial(void **state)
{
	static const struct {
		const char *serial;
		enum record_err err;
		uint32_t at;
	} rows[] = {
		{ NULL, RECORD_OK, 0 },
		{ SERIAL, RECORD_OK, 0 },
		{ "", RECORD_ERR_SERIAL, 0x10 },
		{ "357A3A7D313", RECORD_ERR_SERIAL, 0x1b },
		{ "357A3A7D31370", RECORD_ERR_SERIAL, 0x10 },
		{ "357a3a7d3137", RECORD_ERR_SERIAL, 0x13 },
	};
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_view v;
	size_t i;

	(void)state;
	make_slot(slot, 7, SERIAL);
	for (i = 0; i < ROWS(rows); i++) {
		assert_int_equal(record_parse(slot, sizeof(slot), rows[i].serial, &v),
				 rows[i].err);
		assert_int_equal(v.err_at, rows[i].at);
		assert_int_equal(v.generation, 7);
		assert_string_equal(v.serial, SERIAL);
	}
}

/* -- choosing ---------------------------------------------------------------------- */

static void test_choose(void **state)
{
	/* generation 0: blank; commit word, serial's last digit */
	static const struct {
		struct {
			uint32_t generation, commit;
			char last;
		} a, b;
		int want;
	} rows[] = {
		{ { 0, 0, 0 }, { 0, 0, 0 }, -1 },
		{ { 1, RECORD_COMMIT_VALID, '7' }, { 0, 0, 0 }, 0 },
		{ { 0, 0, 0 }, { 1, RECORD_COMMIT_VALID, '7' }, 1 },
		{ { 2, RECORD_COMMIT_VALID, '7' }, { 3, RECORD_COMMIT_VALID, '7' }, 1 },
		{ { 3, RECORD_COMMIT_VALID, '7' }, { 2, RECORD_COMMIT_VALID, '7' }, 0 },
		{ { 3, RECORD_COMMIT_VALID, '7' }, { 3, RECORD_COMMIT_VALID, '7' }, 0 },
		{ { 0x7fffffff, RECORD_COMMIT_VALID, '7' },
		  { 0x80000000, RECORD_COMMIT_VALID, '7' },
		  1 },
		{ { RECORD_GENERATION_MAX, RECORD_COMMIT_VALID, '7' },
		  { 1, RECORD_COMMIT_VALID, '7' },
		  0 },
		{ { 2, RECORD_COMMIT_VALID, '7' }, { 3, RECORD_COMMIT_REVOKED, '7' }, 0 },
		{ { 2, RECORD_COMMIT_VALID, '7' }, { 3, RECORD_COMMIT_NONE, '7' }, 0 },
		{ { 2, RECORD_COMMIT_VALID, '7' }, { 3, RECORD_COMMIT_VALID, '8' }, 0 },
		{ { 2, RECORD_COMMIT_REVOKED, '7' },
		  { 3, RECORD_COMMIT_VALID, '8' },
		  -1 },
	};
	uint8_t slots[2][RECORD_SLOT_BYTES];
	char serial[] = SERIAL;
	struct record_view v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		memset(slots, 0xff, sizeof(slots));
		serial[11] = rows[i].a.last;
		if (rows[i].a.generation) {
			make_slot(slots[0], rows[i].a.generation, serial);
			put_le(slots[0] + 0x3ffc, rows[i].a.commit, 4);
		}
		serial[11] = rows[i].b.last;
		if (rows[i].b.generation) {
			make_slot(slots[1], rows[i].b.generation, serial);
			put_le(slots[1] + 0x3ffc, rows[i].b.commit, 4);
		}
		if (record_choose(slots[0], slots[1], RECORD_SLOT_BYTES, SERIAL, &v) !=
		    rows[i].want)
			fail_msg("row %zu", i);
		if (rows[i].want >= 0)
			assert_ptr_equal(v.slot, slots[rows[i].want]);
	}
}

/* -- building ---------------------------------------------------------------------- */

static void check_lengths(const struct record_view *v)
{
	static const struct {
		uint16_t type, len;
	} want[] = {
		{ 1, 1 },     { 2, 1 },      { 3, 1 },      { 4, 64 },    { 5, 33 },
		{ 6, 50 },    { 7, 501 },    { 8, 502 },    { 8, 503 },   { 9, 2048 },
		{ 9, 1 },     { 9, 2 },      { 9, 3 },      { 0x0a, 11 }, { 0x0b, 5 },
		{ 0x0c, 8 },  { 0x0d, 2 },   { 0x0e, 13 },  { 0x0f, 16 }, { 0x10, 12 },
		{ 0x11, 20 }, { 0x8000, 0 }, { 0xfffe, 9 },
	};
	uint32_t cursor = 0;
	struct record_tlv tlv;
	size_t i;

	for (i = 0; record_next(v, &cursor, &tlv); i++) {
		assert_in_range(i, 0, ROWS(want) - 1);
		assert_int_equal(tlv.type, want[i].type);
		assert_int_equal(tlv.len, want[i].len);
		assert_int_equal(tlv.at % 4, 0);
	}
	assert_int_equal(i, ROWS(want));
}

static void test_all(void **state)
{
	const struct record_wrap wrap = { 15, RECORD_WRAP_AES256_GCM, "0123456789abcde" };
	struct record_fields f = all_fields(&wrap);
	uint8_t slot[RECORD_SLOT_BYTES], nonce[RECORD_WRAP_NONCE_BYTES];
	uint32_t cursor = 0, n = 0;
	struct record_wrap back;
	struct record_view v;
	struct record_tlv tlv;
	uint64_t issued_at;
	uint16_t seconds;
	char text[6];

	(void)state;
	assert_true(record_build(&f, 1, SERIAL, slot, sizeof(slot), &v) > 0);
	check_lengths(&v);
	assert_true(v.wrapped && v.auth == RECORD_AUTH_DPS_X509);
	assert_true(record_wrap_get(&v, &back));
	assert_memory_equal(&back, &wrap, sizeof(wrap));
	assert_true(record_issued_at(&v, &issued_at) && issued_at == 0x123456789aull);
	assert_true(record_keep_alive(&v, &seconds) && seconds == 0x1234);
	assert_true(record_text(&v, RECORD_REGISTRATION_ID, text, 6));
	assert_string_equal(text, "reg-1");
	assert_false(record_text(&v, RECORD_REGISTRATION_ID, text, 5));
	assert_string_equal(text, "");
	assert_false(record_text(&v, 0x7000, text, 0));
	while (record_next_of(&v, RECORD_ROOT_CERT, &cursor, &tlv))
		n++;
	assert_int_equal(n, 4);
	record_wrap_nonce(0x01020304, 0x0506, nonce);
	assert_memory_equal(nonce, "\4\3\2\1\6\5\0\0\0\0\0\0", 12);
}

static void test_nothing_there(void **state)
{
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_fields f = sas_fields();
	struct record_view v;
	struct record_wrap wrap;
	struct record_tlv tlv;
	uint64_t issued_at;
	uint16_t seconds;
	char text[8];

	(void)state;
	f.issued_at = 0;
	assert_true(record_build(&f, 1, SERIAL, slot, sizeof(slot), &v) > 0);
	assert_false(record_find(&v, RECORD_KEY_2, &tlv));
	assert_false(record_issued_at(&v, &issued_at));
	assert_false(record_keep_alive(&v, &seconds));
	assert_false(record_wrap_get(&v, &wrap));
	assert_false(record_text(&v, RECORD_GATEWAY, text, sizeof(text)));
}

/* What the builder refuses: a field of the small record replaced. */
static const struct {
	const char *row;
	struct record_fields f;
	uint32_t generation;
	const char *serial;
	enum record_err err;
	uint16_t type;
} refused[] = {
	{ "no generation", { 0 }, 0, SERIAL, RECORD_ERR_GENERATION, 0 },
	{ "generations used up", { 0 }, 0xffffffff, SERIAL, RECORD_ERR_GENERATION, 0 },
	{ "serial short", { 0 }, 1, "357A3A7D313", RECORD_ERR_DIGITS, 0 },
	{ "serial long", { 0 }, 1, SERIAL "0", RECORD_ERR_SERIAL, 0 },
	{ "serial lower case", { 0 }, 1, "357a3a7d3137", RECORD_ERR_DIGITS, 0 },
	{ "host empty", { .hub_host = "" }, 1, SERIAL, RECORD_ERR_VALUE_BYTES, 1 },
	{ "host with a blank", { .hub_host = "a b" }, 1, SERIAL, RECORD_ERR_VALUE, 1 },
	{ "key of 15", { .key_1 = { blob, 15 } }, 1, SERIAL, RECORD_ERR_VALUE_BYTES, 4 },
	{ "key of 65", { .key_1 = { blob, 65 } }, 1, SERIAL, RECORD_ERR_VALUE_BYTES, 4 },
	{ "cert of 2049",
	  { .cert = { blob, 2049 } },
	  1,
	  SERIAL,
	  RECORD_ERR_VALUE_BYTES,
	  7 },
	{ "far too long",
	  { .cert = { blob, 65536 } },
	  1,
	  SERIAL,
	  RECORD_ERR_VALUE_BYTES,
	  7 },
	{ "scope", { .id_scope = "x\n" }, 1, SERIAL, RECORD_ERR_VALUE, 0x0a },
	{ "auth 9", { .auth = (enum record_auth)9 }, 1, SERIAL, RECORD_ERR_VALUE, 3 },
	{ "x509 without",
	  { .auth = RECORD_AUTH_X509 },
	  1,
	  SERIAL,
	  RECORD_ERR_MISSING,
	  6 },
	{ "vendor type of ours",
	  { .vendor = { { 0x7fff, { blob, 1 } } } },
	  1,
	  SERIAL,
	  RECORD_ERR_TLV,
	  0x7fff },
	{ "vendor type ffff",
	  { .vendor = { { 0xffff, { blob, 1 } } } },
	  1,
	  SERIAL,
	  RECORD_ERR_TLV,
	  0xffff },
	{ "too much",
	  { .chain = { { blob, 2048 }, { blob, 2048 }, { blob, 2048 }, { blob, 2048 } },
	    .roots = { { blob, 2048 }, { blob, 2048 }, { blob, 2048 }, { blob, 2048 } } },
	  1,
	  SERIAL,
	  RECORD_ERR_ROOM,
	  9 },
};

static struct record_fields with_row(const struct record_fields *row)
{
	struct record_fields f = sas_fields();

	if (row->auth)
		f.auth = row->auth;
	if (row->hub_host)
		f.hub_host = row->hub_host;
	if (row->key_1.data)
		f.key_1 = row->key_1;
	f.cert = row->cert;
	f.id_scope = row->id_scope;
	memcpy(f.chain, row->chain, sizeof(f.chain));
	memcpy(f.roots, row->roots, sizeof(f.roots));
	memcpy(f.vendor, row->vendor, sizeof(f.vendor));
	return f;
}

static void test_refused(void **state)
{
	uint8_t slot[RECORD_SLOT_BYTES];
	struct record_view v;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(refused); i++) {
		struct record_fields f = with_row(&refused[i].f);
		int32_t rc = record_build(&f, refused[i].generation, refused[i].serial,
					  slot, sizeof(slot), &v);

		if (rc != (int32_t)refused[i].err || v.err_type != refused[i].type)
			fail_msg("%s: %d type %x", refused[i].row, rc, v.err_type);
		assert_true(record_is_blank(slot, sizeof(slot)));
	}
}

/* A slot that the record fills to the last word, and one a word too small. */
static void test_room(void **state)
{
	struct record_fields f = sas_fields();
	uint8_t slot[0x88];
	struct record_view v;

	(void)state;
	assert_int_equal(record_build(&f, 7, SERIAL, slot, 0x88, &v), 0x84);
	assert_memory_equal(slot, golden, sizeof(golden));
	assert_int_equal(record_build(&f, 7, SERIAL, slot, 0x84, &v), RECORD_ERR_ROOM);
	assert_int_equal(v.err_at, ISSUED);
	assert_int_equal(record_build(&f, 7, SERIAL, slot, 0x28, &v), RECORD_ERR_ROOM);
	assert_int_equal(record_build(&f, 7, SERIAL, slot, 0x24, &v), RECORD_ERR_LENGTH);
}

static void test_words(void **state)
{
	int err;

	(void)state;
	for (err = RECORD_ERR_ROOM; err <= RECORD_OK; err++)
		assert_true(strlen(record_err_words((enum record_err)err)) > 4);
	assert_string_equal(record_err_words((enum record_err) - 99), "an unknown error");
}

/* -- the firmware's compiler ------------------------------------------------------- */

/*
 * They need nothing that a freestanding compiler does not bring along, reading needs
 * nothing of building, and they stay small.
 */
static void test_freestanding(void **state)
{
	static const char script[] =
		"set -e; cc=arm-none-eabi; o=$(mktemp -d); trap 'rm -r $o' EXIT\n"
		"for f in record record_build; do\n"
		"$cc-gcc -std=c11 -mcpu=cortex-m4 -mthumb -ffreestanding -Os -Wall "
		"-Wextra -Werror -c libprov/$f.c -o $o/$f.o\n"
		"done\n"
		"needs() { $cc-nm -u \"$1\" | grep -vE ' (memcpy|memset|memcmp)$'; }\n"
		"test -z \"$(needs $o/record.o)\"\n"
		"test \"$(needs $o/record_build.o | tr -d ' U\\n')\" = "
		"record_crc32record_parserecord_wipe\n"
		"test \"$($cc-size $o/*.o | awk 'NR > 1 { code += $1; data += $2 + $3 }\n"
		"END { print code <= 3584 && !data }')\" = 1";

	(void)state;
	if (system("command -v arm-none-eabi-gcc >/dev/null && test -e libprov/record.c"))
		skip();
	setenv("C_INCLUDE_PATH", "tests/unit/libprov/freestanding", 1);
	assert_int_equal(system(script), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),  cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_serial),  cmocka_unit_test(test_choose),
		cmocka_unit_test(test_all),     cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_room),
		cmocka_unit_test(test_words),   cmocka_unit_test(test_freestanding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
