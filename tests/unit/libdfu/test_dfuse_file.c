#include "images.h"

/* One target, "ST...", with 00 to 0f at 0x08000000; its CRC is what dfu-suffix finds. */
static void golden(struct dfuse_builder *b)
{
	static const uint8_t data[16] = { 0, 1, 2,  3,  4,  5,  6,  7,
					  8, 9, 10, 11, 12, 13, 14, 15 };
	static const uint8_t crc[] = { 0xda, 0x11, 0x37, 0x7a };

	dfuse_begin(b);
	dfuse_target(b, 0);
	dfuse_element(b, 0x08000000, data, sizeof(data));
	dfuse_end(b);
	assert_int_equal(b->len, 325);
	assert_memory_equal(b->bytes + 321, crc, 4);
}

static void test_golden(void **state)
{
	static struct dfuse_builder b;
	const struct dfu_image_info *info;
	struct dfu_image *image;
	uint8_t *bytes;
	size_t len;

	(void)state;
	golden(&b);
	image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
	info = dfu_image_info(image);
	assert_int_equal(info->format, DFU_FORMAT_DFUSE);
	assert_int_equal(info->idVendor, 0x0483);
	assert_int_equal(info->idProduct, 0xdf11);
	assert_int_equal(info->bcdDevice, 0);
	assert_int_equal(info->bcdDFU, 0x011a);
	assert_true(info->has_suffix);
	assert_int_equal(info->targets, 1);
	assert_int_equal(info->file_bytes, 325);
	assert_int_equal(dfu_image_bytes(image), 16);
	assert_int_equal(dfu_image_segments(image, &(const struct dfu_segment *){ NULL }),
			 1);
	expect_segment(image, 0, 0, 0x08000000, b.bytes + 293, 16);
	assert_null(dfu_image_warning(image, 0));

	assert_int_equal(dfu_image_serialize(image, DFU_FORMAT_DFUSE, &bytes, &len, NULL),
			 DFU_OK);
	assert_int_equal(len, b.len);
	assert_memory_equal(bytes, b.bytes, len);
	free(bytes);
	dfu_image_free(image);
}

/*
 * Two targets: alternate setting 0 with elements at offset 0x11d (8 bytes) and 0x12d (4
 * bytes), alternate setting 1 from 0x139 on with one at 0x24b (4 bytes); 0x257 the
 * suffix.
 */
static void two_targets(struct dfuse_builder *b)
{
	dfuse_begin(b);
	dfuse_target(b, 0);
	dfuse_element(b, 0x08010000, "ABCDEFGH", 8);
	dfuse_element(b, 0x08000000, "abcd", 4);
	dfuse_target(b, 1);
	dfuse_element(b, 0x08000000, "0123", 4);
	dfuse_end(b);
	assert_int_equal(b->len, 0x267);
}

/* What is changed in that file; then its CRC is put right, unless `cut` is. */
static const struct {
	const char *row;
	size_t cut; /* to this length, when not 0 */
	size_t at;
	uint8_t n, bytes[8];
	const char *words;
} malformed[] = {
	{ "only the magic", 5, 0, 0, { 0 }, "offset 0x5: cut short" },
	{ "cut in the prefix", 10, 0, 0, { 0 }, "offset 0xa: cut short" },
	{ "only a prefix", 11, 0, 0, { 0 }, "offset 0xb: target 1 has 274 bytes" },
	{ "cut in a target", 284, 0, 0, { 0 }, "but only 273 are left" },
	{ "cut before an element",
	  285,
	  0,
	  0,
	  { 0 },
	  "offset 0x11d: element 1 of target 1" },
	{ "cut in an element",
	  0x130,
	  0,
	  0,
	  { 0 },
	  "offset 0x12d: element 2 of target 1 has 8" },
	{ "cut in the data",
	  0x138,
	  0,
	  0,
	  { 0 },
	  "offset 0x12d: element 2 of target 1 says 4 bytes, but only 3 are left" },
	{ "cut between targets",
	  0x139,
	  0,
	  0,
	  { 0 },
	  "offset 0x139: target 2 has 274 bytes" },
	{ "no suffix", 0x257, 0, 0, { 0 }, "offset 0x257: cut short: no DFU suffix" },
	{ "half a suffix", 0x266, 0, 0, { 0 }, "offset 0x257: cut short: no DFU suffix" },
	{ "another version", 0, 5, 1, { 2 }, "offset 0x5: DfuSe version 2" },
	{ "no targets", 0, 10, 1, { 0 }, "offset 0xa: it has no targets" },
	{ "one target more", 0, 10, 1, { 3 }, "offset 0x257: target 3 has 274 bytes" },
	{ "255 targets", 0, 10, 1, { 255 }, "offset 0x257: target 3" },
	{ "one target less",
	  0,
	  10,
	  1,
	  { 1 },
	  "offset 0x139: 286 bytes behind the last target" },
	{ "DFUImageSize 0", 0, 6, 4, { 0 }, "offset 0x6: sizes that disagree" },
	{ "DFUImageSize one off",
	  0,
	  6,
	  4,
	  { 0x58, 2 },
	  "offset 0x6: sizes that disagree" },
	{ "no signature of a target",
	  0,
	  0x139,
	  1,
	  { 't' },
	  "offset 0x139: target 2 does not" },
	{ "dwTargetSize one less",
	  0,
	  11 + 266,
	  1,
	  { 27 },
	  "offset 0x115: sizes that disagree" },
	{ "dwTargetSize huge",
	  0,
	  11 + 269,
	  1,
	  { 255 },
	  "offset 0x115: sizes that disagree" },
	{ "no elements",
	  0,
	  11 + 270,
	  1,
	  { 0 },
	  "offset 0x119: target 1 says 0 elements" },
	{ "10001 elements",
	  0,
	  11 + 270,
	  2,
	  { 0x11, 0x27 },
	  "offset 0x119: target 1 says 10001" },
	{ "a billion elements",
	  0,
	  11 + 273,
	  1,
	  { 0x40 },
	  "offset 0x119: target 1 says 1073741826" },
	{ "one element more",
	  0,
	  11 + 270,
	  1,
	  { 3 },
	  "offset 0x139: element 3 of target 1 says" },
	{ "one element less",
	  0,
	  11 + 270,
	  1,
	  { 1 },
	  "offset 0x115: sizes that disagree" },
	{ "an element of 0 bytes",
	  0,
	  0x121,
	  4,
	  { 0 },
	  "offset 0x11d: element 1 of target 1 has no" },
	{ "an element of 320 KiB",
	  0,
	  0x121,
	  4,
	  { 0xb8, 0xe2, 4, 0 },
	  "offset 0x11d: element 1 of target 1 says 320184 bytes, but only 306 are "
	  "left" },
	{ "negative as an int", 0, 0x121, 4, { 0, 0, 0, 0x80 }, "says 2147483648 bytes" },
	{ "wraps into the map",
	  0,
	  0x11d,
	  8,
	  { 0x10, 0, 0, 8, 0xf8, 255, 255, 255 },
	  "offset 0x11d: element 1 of target 1 says 4294967288 bytes" },
	{ "into the suffix",
	  0,
	  0x24f,
	  1,
	  { 5 },
	  "offset 0x24b: element 1 of target 2 says 5 bytes, but only 4 are left" },
	{ "beyond 4 GiB",
	  0,
	  0x11d,
	  4,
	  { 0xf9, 255, 255, 255 },
	  "offset 0x11d: 8 bytes at 0xfffffff9 reach beyond 4 GiB" },
	{ "overlap in a target",
	  0,
	  0x12d,
	  4,
	  { 7, 0, 1, 8 },
	  "offset 0x12d: 0x08010007 is given a second time, after offset 0x11d" },
	{ "overlap from below",
	  0,
	  0x12d,
	  4,
	  { 0xfd, 255, 0, 8 },
	  "offset 0x12d: 0x08010000 is given a second time, after offset 0x11d" },
	{ "overlap of targets",
	  0,
	  0x139 + 6,
	  1,
	  { 0 },
	  "offset 0x24b: 0x08000000 is given a second time, after offset 0x12d" },
	{ "suffix too short",
	  0,
	  0x262,
	  1,
	  { 15 },
	  "offset 0x262: the suffix says it is 15 bytes" },
	{ "suffix of 0 bytes",
	  0,
	  0x262,
	  1,
	  { 0 },
	  "offset 0x262: the suffix says it is 0 bytes" },
	{ "suffix over the data", 0, 0x262, 1, { 17 }, "sizes that disagree" },
};

static void test_malformed(void **state)
{
	static struct dfuse_builder b;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(malformed); i++) {
		two_targets(&b);
		memcpy(b.bytes + malformed[i].at, malformed[i].bytes, malformed[i].n);
		if (malformed[i].cut)
			b.len = malformed[i].cut;
		else
			put_u32(b.bytes + b.len - 4, slow_crc(b.bytes, b.len - 4));
		expect_refused(malformed[i].row, b.bytes, b.len, NULL, DFU_ERR_FORMAT,
			       malformed[i].words);
	}
}

/* Wherever it is cut off, and whatever byte is damaged, it is refused. */
static void test_every_byte(void **state)
{
	static struct dfuse_builder b;
	size_t i;

	(void)state;
	golden(&b);
	for (i = 0; i < b.len; i++) {
		struct dfu_image_opts dfuse = { .format = DFU_FORMAT_DFUSE };

		expect_refused("cut", b.bytes, i, &dfuse, DFU_ERR_FORMAT,
			       i ? "offset 0x" : "empty");
		b.bytes[i] ^= 0x40;
		expect_refused("damaged", b.bytes, b.len, &dfuse, DFU_ERR_FORMAT,
			       "offset 0x");
		b.bytes[i] ^= 0x40;
	}
	b.bytes[300] ^= 1;
	expect_refused(
		"crc", b.bytes, b.len, NULL, DFU_ERR_FORMAT,
		"offset 0x141: the suffix has the CRC 0x7a3711da, the bytes before it");
}

/* Legal, or harmless, and met in the wild. */
static const struct {
	const char *row;
	size_t at;
	uint8_t n, bytes[4];
	const char *warning; /* or NULL */
} accepted[] = {
	{ "DFUImageSize with the suffix",
	  6,
	  2,
	  { 0x67, 2 },
	  "DFUImageSize counts the suffix" },
	{ "bTargetNamed 0", 11 + 7, 1, { 0 }, NULL },
	{ "a name without an end", 11 + 265, 1, { 'x' }, NULL },
	{ "a suffix of DFU 1.0", 0x257 + 6, 2, { 0, 1 }, "the suffix says DFU 0100" },
	{ "a bcdDevice", 0x257, 2, { 0x00, 0x22 }, NULL },
	{ "any device", 0x257 + 2, 4, { 255, 255, 255, 255 }, NULL },
};

static void test_accepted(void **state)
{
	static struct dfuse_builder b;
	struct dfu_image *image;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(accepted); i++) {
		two_targets(&b);
		memcpy(b.bytes + accepted[i].at, accepted[i].bytes, accepted[i].n);
		put_u32(b.bytes + b.len - 4, slow_crc(b.bytes, b.len - 4));
		image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
		expect_segment(image, 0, 0, 0x08000000, "abcd", 4);
		expect_segment(image, 1, 0, 0x08010000, "ABCDEFGH", 8);
		expect_segment(image, 2, 1, 0x08000000, "0123", 4);
		assert_int_equal(dfu_image_info(image)->targets, 2);
		if (accepted[i].warning)
			assert_true(has_warning(image, accepted[i].warning));
		else
			assert_null(dfu_image_warning(image, 0));
		dfu_image_free(image);
	}
}

/* [DFU] appendix B: fields count from the end, so a suffix may be longer. */
static void test_long_suffix(void **state)
{
	static struct dfuse_builder b;
	struct dfu_image *image;

	(void)state;
	golden(&b);
	memmove(b.bytes + 309 + 4, b.bytes + 309, 16);
	memset(b.bytes + 309, 0xee, 4);
	b.len += 4;
	b.bytes[b.len - 5] = 20;
	put_u32(b.bytes + b.len - 4, slow_crc(b.bytes, b.len - 4));
	image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
	expect_segment(image, 0, 0, 0x08000000, b.bytes + 293, 16);
	dfu_image_free(image);
}

/* Elements that touch are one segment, also from two targets of one setting. */
static void test_joined(void **state)
{
	static struct dfuse_builder b;
	struct dfu_image *image;
	const struct dfu_segment *s;

	(void)state;
	dfuse_begin(&b);
	dfuse_target(&b, 0);
	dfuse_element(&b, 0x08000004, "efgh", 4);
	dfuse_element(&b, 0x0800000c, "xyz", 3);
	dfuse_target(&b, 0);
	dfuse_element(&b, 0x08000000, "abcd", 4);
	dfuse_element(&b, 0x08000008, "ijkl", 4);
	dfuse_end(&b);
	image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
	assert_int_equal(dfu_image_segments(image, &s), 1);
	expect_segment(image, 0, 0, 0x08000000, "abcdefghijklxyz", 15);
	dfu_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),      cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_long_suffix), cmocka_unit_test(test_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
