#include "images.h"

/* A stack pointer, a reset vector, and as many bytes behind them as to make `len`. */
static const struct {
	const char *row;
	uint32_t sp, reset;
	size_t len;
	const char *words; /* of the refusal, NULL when it is firmware */
} vectors[] = {
	{ "end of SRAM", 0x20020000, 0x08000009, 64, NULL },
	{ "in SRAM", 0x20000400, 0x08000009, 64, NULL },
	{ "first word of SRAM", 0x20000004, 0x08000009, 64, NULL },
	{ "end of CCM", 0x10010000, 0x08000009, 64, NULL },
	{ "last byte of the file", 0x20020000, 0x0800003f, 64, NULL },
	{ "only a vector table", 0x20020000, 0x08000001, 8, NULL },
	{ "behind SRAM", 0x20020004, 0x08000009, 64,
	  "offset 0x0: raw bytes that do not look" },
	{ "before SRAM", 0x1ffffffc, 0x08000009, 64, "0x1ffffffc is no stack pointer" },
	{ "nothing below it", 0x20000000, 0x08000009, 64,
	  "0x20000000 is no stack pointer" },
	{ "behind CCM", 0x10010004, 0x08000009, 64, "0x10010004 is no stack pointer" },
	{ "not of whole words", 0x2001fffe, 0x08000009, 64,
	  "0x2001fffe is no stack pointer" },
	{ "a jump of Arm code", 0xea000006, 0xe59ff014, 64,
	  "0xea000006 is no stack pointer" },
	{ "not Thumb", 0x20020000, 0x08000008, 64,
	  "offset 0x4: raw bytes that do not look" },
	{ "behind the file", 0x20020000, 0x08000041, 64,
	  "reset vector would be 0x08000041" },
	{ "linked elsewhere", 0x20020000, 0x08020131, 64,
	  "reset vector would be 0x08020131" },
	{ "in RAM", 0x20020000, 0x20000101, 64, "reset vector would be 0x20000101" },
	{ "7 bytes", 0x20020000, 0x08000001, 7,
	  "offset 0x7: too short for a vector table" },
	{ "1 byte", 0x20020001, 0x08000001, 1,
	  "offset 0x1: too short for a vector table" },
	{ "zeros", 0, 0, 64, "offset 0x0: nothing but zero bytes" },
	{ "a zero", 0, 0, 1, "offset 0x0: nothing but zero bytes" },
	{ "blank", 0xffffffff, 0xffffffff, 8,
	  "offset 0x0: nothing but 0xff, as in blank flash" },
};

static size_t build(uint8_t *file, size_t i)
{
	memset(file, 0, 64);
	put_u32(file, vectors[i].sp);
	put_u32(file + 4, vectors[i].reset);
	return vectors[i].len;
}

static void test_vectors(void **state)
{
	uint8_t file[64];
	size_t i, len;

	(void)state;
	for (i = 0; i < ROWS(vectors); i++) {
		struct dfu_image *image;

		len = build(file, i);
		if (vectors[i].words) {
			expect_refused(vectors[i].row, file, len, NULL, DFU_ERR_ARG,
				       vectors[i].words);
			continue;
		}
		image = expect_image(file, len, DFU_FORMAT_AUTO);
		assert_int_equal(dfu_image_info(image)->format, DFU_FORMAT_RAW);
		expect_segment(image, 0, 0, 0x08000000, file, len);
		dfu_image_free(image);
	}
}

/* With an address all of them go where they are told. */
static void test_address(void **state)
{
	struct dfu_image_opts opts = { .has_address = true, .address = 0x08020000 };
	struct dfu_error err;
	uint8_t file[64];
	size_t i, len;

	(void)state;
	for (i = 0; i < ROWS(vectors); i++) {
		struct dfu_image *image;

		len = build(file, i);
		assert_int_equal(parse_copy(file, len, &opts, &image, &err), DFU_OK);
		expect_segment(image, 0, 0, 0x08020000, file, len);
		dfu_image_free(image);
	}
	opts.address = 0xffffffff;
	expect_refused("beyond 4 GiB", file, 2, &opts, DFU_ERR_FORMAT,
		       "offset 0x0: 2 bytes at 0xffffffff reach beyond 4 GiB");
	expect_refused("empty", file, 0, &opts, DFU_ERR_FORMAT, "the file is empty");
}

static void test_hint(void **state)
{
	static const char page[] =
		"<!DOCTYPE html>\n<html><body>Not found</body></html>\n";
	struct dfu_image *image = NULL;
	struct dfu_error err;

	(void)state;
	expect_refused("html", (const uint8_t *)page, strlen(page), NULL, DFU_ERR_ARG,
		       "offset 0x0: text, in no image format");
	assert_int_equal(
		parse_copy((const uint8_t *)page, strlen(page), NULL, &image, &err),
		DFU_ERR_ARG);
	assert_non_null(strstr(err.hint, "--address"));
}

/* -- the same with a suffix -------------------------------------------------------- */

static size_t put_suffix(uint8_t *file, size_t len, unsigned bcdDFU)
{
	uint8_t *p = file + len;

	put_u16(p, 0x2200);
	put_u16(p + 2, 0xdf11);
	put_u16(p + 4, 0x0483);
	put_u16(p + 6, bcdDFU);
	memcpy(p + 8, "UFD\20", 4);
	put_u32(p + 12, slow_crc(file, len + 12));
	return len + 16;
}

static void test_plain(void **state)
{
	const struct dfu_image_info *info;
	uint8_t file[64 + 16];
	struct dfu_image *image;
	size_t len;

	(void)state;
	len = put_suffix(file, build(file, 0), 0x0100);
	image = expect_image(file, len, DFU_FORMAT_AUTO);
	info = dfu_image_info(image);
	assert_int_equal(info->format, DFU_FORMAT_PLAIN);
	assert_true(info->has_suffix);
	assert_int_equal(info->bcdDevice, 0x2200);
	assert_int_equal(info->idProduct, 0xdf11);
	assert_int_equal(info->idVendor, 0x0483);
	assert_int_equal(info->bcdDFU, 0x0100);
	assert_int_equal(info->file_bytes, 80);
	expect_segment(image, 0, 0, 0x08000000, file, 64);
	dfu_image_free(image);

	image = expect_image(file, len, DFU_FORMAT_RAW);
	assert_true(has_warning(image, "it looks like a plain DFU file"));
	assert_int_equal(dfu_image_bytes(image), 80);
	dfu_image_free(image);
}

static void test_plain_malformed(void **state)
{
	struct dfu_image_opts plain = { .format = DFU_FORMAT_PLAIN };
	uint8_t file[64 + 16];
	size_t len;

	(void)state;
	len = put_suffix(file, build(file, 0), 0x0100);
	expect_refused("cut", file, len - 1, &plain, DFU_ERR_FORMAT,
		       "offset 0x4f: a DFU file");
	expect_refused("short", file, 15, &plain, DFU_ERR_FORMAT,
		       "offset 0xf: a DFU file");
	file[20] ^= 1;
	expect_refused("damaged", file, len, NULL, DFU_ERR_FORMAT,
		       "offset 0x4c: the suffix has");
	len = put_suffix(file, build(file, 0), 0x011a);
	expect_refused("says DfuSe", file, len, NULL, DFU_ERR_FORMAT,
		       "offset 0x0: the suffix says");
	len = put_suffix(file, 0, 0x0100);
	expect_refused("no payload", file, len, NULL, DFU_ERR_FORMAT,
		       "offset 0x0: nothing before");
	file[11] = 17;
	put_u32(file + 12, slow_crc(file, 12));
	expect_refused("long suffix", file, len, NULL, DFU_ERR_FORMAT,
		       "offset 0xb: the suffix says");
	len = put_suffix(file, build(file, 7), 0x0100);
	expect_refused("no firmware", file, len, NULL, DFU_ERR_ARG,
		       "is no stack pointer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
