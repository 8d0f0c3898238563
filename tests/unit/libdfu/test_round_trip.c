/* Images written in each format: what is read back is the same. */
#include "images.h"

static uint32_t random_state = 1;

/* xorshift32: the same every time */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % limit;
}

/* Up to 20 elements in random order for up to `alts` settings; some touch, none overlap.
 */
static struct dfu_image *random_image(unsigned alts)
{
	static struct dfuse_builder b;
	uint8_t data[1200];
	unsigned alt, n, i;

	dfuse_begin(&b);
	for (alt = 0; alt < alts; alt++) {
		unsigned first = random_below(64);

		dfuse_target(&b, (uint8_t)(alts - 1 - alt));
		n = 1 + random_below(20);
		for (i = 0; i < n; i++) {
			/* 37 * i modulo 64 meets no slot twice */
			uint32_t slot = (first + 37 * i) % 64;
			size_t len = random_below(4) ? 1 + random_below(1200) : 1200, j;

			for (j = 0; j < len; j++)
				data[j] = (uint8_t)random_below(256);
			dfuse_element(&b, 0x0800f000 + 1200 * slot, data, len);
		}
	}
	dfuse_end(&b);
	return expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
}

static void there_and_back(const struct dfu_image *image, enum dfu_format format)
{
	struct dfu_image *back;
	uint8_t *bytes = NULL;
	size_t len;

	assert_int_equal(dfu_image_serialize(image, format, &bytes, &len, NULL), DFU_OK);
	back = expect_image(bytes, len, DFU_FORMAT_AUTO);
	assert_int_equal(dfu_image_info(back)->format, format);
	assert_null(dfu_image_warning(back, 0));
	expect_same(image, back);
	dfu_image_free(back);
	free(bytes);
}

static void test_round_trips(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		struct dfu_image *image = random_image(1 + random_below(3));

		there_and_back(image, DFU_FORMAT_DFUSE);
		dfu_image_free(image);
		image = random_image(1);
		there_and_back(image, DFU_FORMAT_IHEX);
		dfu_image_free(image);
	}
}

/* Raw: every segment where it belongs, 0xff elsewhere. */
static void test_raw_written(void **state)
{
	const struct dfu_segment *s;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		struct dfu_image *image = random_image(1);
		size_t n = dfu_image_segments(image, &s), len, at = 0, k;
		uint8_t *bytes = NULL;

		assert_int_equal(
			dfu_image_serialize(image, DFU_FORMAT_RAW, &bytes, &len, NULL),
			DFU_OK);
		for (k = 0; k < n; k++) {
			for (; at < s[k].addr - s[0].addr; at++)
				assert_int_equal(bytes[at], 0xff);
			assert_memory_equal(bytes + at, s[k].data, s[k].len);
			at += s[k].len;
		}
		assert_int_equal(at, len);
		free(bytes);
		dfu_image_free(image);
	}
}

static void expect_unwritten(const struct dfu_image *image, enum dfu_format format,
			     const char *words)
{
	struct dfu_error err;
	uint8_t *bytes = NULL;
	size_t len;

	assert_int_equal(dfu_image_serialize(image, format, &bytes, &len, &err),
			 DFU_ERR_ARG);
	if (!strstr(err.msg, words))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, words);
	assert_null(bytes);
}

static void test_not_written(void **state)
{
	static struct dfuse_builder b;
	struct dfu_image *image;

	(void)state;
	dfuse_begin(&b);
	dfuse_target(&b, 0);
	dfuse_element(&b, 0x08000000, "a", 1);
	dfuse_element(&b, 0x08000000 + DFU_IMAGE_MAX, "b", 1);
	dfuse_end(&b);
	image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
	expect_unwritten(
		image, DFU_FORMAT_RAW,
		"raw bytes from 0x08000000 to 0x0c000000 would be more than 64 MiB");
	expect_unwritten(image, DFU_FORMAT_ELF, "images cannot be written as elf");
	expect_unwritten(image, DFU_FORMAT_PLAIN, "images cannot be written as dfu");
	expect_unwritten(image, DFU_FORMAT_AUTO, "images cannot be written as auto");
	expect_unwritten(image, (enum dfu_format)99,
			 "images cannot be written as that format");
	dfu_image_free(image);
	image = random_image(2);
	expect_unwritten(image, DFU_FORMAT_RAW, "raw bytes have no alternate settings");
	expect_unwritten(image, DFU_FORMAT_IHEX, "Intel HEX has no alternate settings");
	dfu_image_free(image);
}

/* A byte here and a byte there: HEX has no limit, DfuSe files beyond ours would not be
 * read. */
static void test_many_segments(void **state)
{
	char *text = malloc(10001 * 14 + 13), *p = text;
	struct dfu_image *image;
	unsigned i;

	(void)state;
	for (i = 0; i < 10001; i++) {
		unsigned addr = 2 * i;

		p += sprintf(p, ":01%04X00AA%02X\n", addr,
			     -(1 + addr / 256 + addr + 0xaa) & 0xff);
	}
	p += sprintf(p, ":00000001FF\n");
	image = expect_image((uint8_t *)text, (size_t)(p - text), DFU_FORMAT_AUTO);
	free(text);
	there_and_back(image, DFU_FORMAT_IHEX);
	expect_unwritten(image, DFU_FORMAT_DFUSE,
			 "10001 segments are too many for DfuSe");
	dfu_image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_raw_written),
		cmocka_unit_test(test_not_written),
		cmocka_unit_test(test_many_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
