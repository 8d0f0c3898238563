#include "images.h"

static const struct {
	const char *row, *text;
	const char *words; /* of the message */
} malformed[] = {
	{ "no end record", ":0100000041BE\n",
	  "offset 0xe: line 2: cut short: there is no end" },
	{ "only an end", ":00000001FF\n", "there is no data before the end record" },
	{ "more after the end", ":0100000041BE\n:00000001FF\n:0100000041BE\n",
	  "offset 0x1a: line 3: more behind the end record" },
	{ "no colon", ":0100000041BE\n0100000041BE\n",
	  "offset 0xe: line 2: a record should begin" },
	{ "two on a line", ":0100000041BE:00000001FF\n",
	  "offset 0xd: line 1: more than" },
	{ "checksum", ":0100000041BF\n:00000001FF\n",
	  "offset 0xb: line 1: the checksum is bf, the bytes before it make be" },
	{ "checksum of the end", ":0100000041BE\n:00000001FE\n",
	  "offset 0x17: line 2: the checksum" },
	{ "no digit", ":01000000G1BE\n",
	  "offset 0x9: line 1: 0x47 is no hexadecimal digit" },
	{ "a NUL", ":0100000041BE\n:01000\0", "line 2" },
	{ "half a byte", ":0100000041BE\n:0100010\n",
	  "offset 0x16: line 2: the record is cut short" },
	{ "cut in the data", ":04000000414243\n:00000001FF\n",
	  "offset 0xf: line 1: the record is" },
	{ "cut at the end", ":0100000041BE\n:0400000041",
	  "offset 0x19: line 2: the record is cut" },
	{ "cut in the checksum", ":0100000041B",
	  "offset 0xc: line 1: the record is cut short" },
	{ "longer than it says", ":0100000041BE00\n",
	  "offset 0xd: line 1: more than the record" },
	{ "type 06", ":0100000041BE\n:00000006FA\n",
	  "offset 0xe: line 2: record type 06" },
	{ "end with data", ":0100000041BE\n:0100000100FE\n",
	  "line 2: a record of type 01 has 0" },
	{ "segment of one byte", ":0100000210ED\n",
	  "offset 0x0: line 1: a record of type 02 has 2" },
	{ "linear of three", ":03000004080000F1\n",
	  "line 1: a record of type 04 has 2 bytes, not 3" },
	{ "start of two", ":020000050800F1\n",
	  "line 1: a record of type 05 has 4 bytes, not 2" },
	{ "start segment of two", ":020000030800F3\n",
	  "line 1: a record of type 03 has 4" },
	{ "over 64 KiB",
	  ":04FFFE004142434"
	  "4F5\n:00000001FF\n",
	  "offset 0x0: line 1: the data runs" },
	{ "over 4 GiB", ":02000004FFFFFC\n:02FFFF0041427D\n:00000001FF\n",
	  "offset 0x10: 2 bytes at 0xffffffff reach beyond 4 GiB" },
	{ "twice", ":0100000041BE\n:0100000041BE\n:00000001FF\n",
	  "offset 0xe: 0x00000000 is given a second time, after offset 0x0" },
	{ "overlap",
	  ":020004004142"
	  "77\n:0200030043"
	  "4474\n:00000001FF\n",
	  "offset 0x10: 0x00000004 is given a second time, after offset 0x0" },
};

static void test_malformed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(malformed); i++) {
		struct dfu_image_opts opts = { .format = DFU_FORMAT_IHEX };
		const uint8_t *text = (const uint8_t *)malformed[i].text;
		size_t len = strlen(malformed[i].text);

		/* The one with a NUL is longer than it looks. */
		if (strcmp(malformed[i].row, "a NUL") == 0)
			len++;
		expect_refused(malformed[i].row, text, len, &opts, DFU_ERR_FORMAT,
			       malformed[i].words);
	}
}

static const struct {
	const char *text;
	uint32_t addr;
	const char *data;
	uint32_t entry;
} good[] = {
	{ ":0100000041BE\n:00000001FF\n", 0, "A", 0 },
	{ ":0100000041BE\r\n:00000001FF\r\n", 0, "A", 0 },
	{ ":0100000041BE\r:00000001FF", 0, "A", 0 },
	{ "\n \t\r\n:0100000041BE \n\n:00000001FF\n\n\x1a", 0, "A", 0 },
	{ ":01beef0041"
	  "11\n:00000001ff\n",
	  0xbeef, "A", 0 },
	{ ":01BEEF0041"
	  "11\n:00000001FF\n",
	  0xbeef, "A", 0 },
	/* linear: the base stays for what follows, in any order, joined */
	{ ":020000040800F2\n:020002004344"
	  "75\n:0200000041427B\n:00000001FF\n",
	  0x08000000, "ABCD", 0 },
	/* over a 64 KiB border, with a new base; and without one */
	{ ":02000004080"
	  "0F2\n:01FFFF0041C0\n:02000004080"
	  "1F1\n:0100000042BD\n:00000001FF\n",
	  0x0800ffff, "AB", 0 },
	{ ":020000040800F2\n:02FFFF0041427D\n:00000001FF\n", 0x0800ffff, "AB", 0 },
	/* segment: 16 times the base */
	{ ":020000021234B6\n:0100100041AE\n:00000001FF\n", 0x12350, "A", 0 },
	{ ":02000002FFFFFE\n:01FFFF0041C0\n:00000001FF\n", 0x10ffef, "A", 0 },
	/* start addresses, EIP and CS:IP */
	{ ":0400000508000131BD\n:0100000041BE\n:00000001FF\n", 0, "A", 0x08000131 },
	{ ":0400000312345678E5\n:0100000041BE\n:00000001FF\n", 0, "A", 0x179b8 },
	/* empty data records, an end record with an offset, the last byte there is */
	{ ":0000000000\n:0100000041BE\n:00123401B9\n", 0, "A", 0 },
	{ ":02000004FFFFFC\n:01FFFF0041C0\n:00000001FF\n", 0xffffffff, "A", 0 },
};

static void test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(good); i++) {
		struct dfu_image *image;
		const struct dfu_segment *s;

		image = expect_image((const uint8_t *)good[i].text, strlen(good[i].text),
				     DFU_FORMAT_AUTO);
		assert_int_equal(dfu_image_info(image)->format, DFU_FORMAT_IHEX);
		assert_int_equal(dfu_image_info(image)->idVendor, 0xffff);
		assert_int_equal(dfu_image_info(image)->entry, good[i].entry);
		assert_int_equal(dfu_image_segments(image, &s), 1);
		expect_segment(image, 0, 0, good[i].addr, good[i].data,
			       strlen(good[i].data));
		dfu_image_free(image);
	}
}

/* 255 data bytes, the most a record has. */
static void test_longest_record(void **state)
{
	char text[700], *p = text;
	struct dfu_image *image;
	uint8_t data[255];
	unsigned total = 0xff, i;

	(void)state;
	p += sprintf(p, ":FF000000");
	for (i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(7 * i);
		total += data[i];
		p += sprintf(p, "%02x", data[i]);
	}
	p += sprintf(p, "%02X\n:00000001FF\n", -total & 0xff);
	image = expect_image((uint8_t *)text, (size_t)(p - text), DFU_FORMAT_AUTO);
	expect_segment(image, 0, 0, 0, data, sizeof(data));
	dfu_image_free(image);
}

static void test_written(void **state)
{
	static const char in[] =
		":04000005080001"
		"31BD\n"
		":020000040800F2\n:11FFF800000102030405060708090A0B0C0D0E0F1070\n"
		":02000004080"
		"2F0\n:0100000042BD\n:00000001FF\n";
	static const char want[] = ":020000040800F2\n"
				   ":08FFF8000001020304050607E5\n"
				   ":020000040801F1\n"
				   ":0900000008090A0B0C0D0E0F108B\n"
				   ":020000040802F0\n"
				   ":0100000042BD\n"
				   ":0400000508000131BD\n"
				   ":00000001FF\n";
	struct dfu_image *image;
	uint8_t *bytes;
	size_t len;

	(void)state;
	image = expect_image((const uint8_t *)in, strlen(in), DFU_FORMAT_AUTO);
	assert_int_equal(dfu_image_serialize(image, DFU_FORMAT_IHEX, &bytes, &len, NULL),
			 DFU_OK);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(bytes, want, len);
	free(bytes);
	dfu_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_longest_record),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
