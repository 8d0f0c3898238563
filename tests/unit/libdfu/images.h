/* What the tests of the file formats share. Files are copied to the heap, to their exact
 * size, so that a sanitizer sees every step over the end. */
#ifndef TEST_IMAGES_H
#define TEST_IMAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dfu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static inline void put_u16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void put_u32(uint8_t *p, uint32_t value)
{
	put_u16(p, value & 0xffff);
	put_u16(p + 2, value >> 16);
}

/* [DFU] appendix B, bit by bit, as the specification has it and the library has not. */
static inline uint32_t slow_crc(const uint8_t *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	int bit;

	while (len--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

static inline int parse_copy(const uint8_t *bytes, size_t len,
			     const struct dfu_image_opts *opts, struct dfu_image **out,
			     struct dfu_error *err)
{
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	memset(err, 0, sizeof(*err));
	rc = dfu_image_parse(copy, len, "fw", opts, out, err);
	free(copy);
	return rc;
}

static inline struct dfu_image *expect_image(const uint8_t *bytes, size_t len,
					     enum dfu_format format)
{
	struct dfu_image_opts opts = { .format = format };
	struct dfu_image *image = NULL;
	struct dfu_error err;
	int rc = parse_copy(bytes, len, &opts, &image, &err);

	if (rc < 0)
		fail_msg("refused with %d: %s", rc, err.msg);
	return image;
}

/* It is refused with this code, and with a message that has the name and these words. */
static inline void expect_refused(const char *row, const uint8_t *bytes, size_t len,
				  const struct dfu_image_opts *opts, int code,
				  const char *words)
{
	struct dfu_image *image = NULL;
	struct dfu_error err;
	int rc = parse_copy(bytes, len, opts, &image, &err);

	if (rc == DFU_OK)
		fail_msg("%s: was accepted", row);
	if (rc != code || (int)err.code != code)
		fail_msg("%s: code %d, should be %d: %s", row, rc, code, err.msg);
	if (!strstr(err.msg, words))
		fail_msg("%s: \"%s\" lacks \"%s\"", row, err.msg, words);
	if (strncmp(err.msg, "\"fw\": ", 6) != 0 || strchr(err.msg, '\n'))
		fail_msg("%s: \"%s\" is not one line with the name in front", row,
			 err.msg);
	assert_null(image);
}

static inline void expect_segment(const struct dfu_image *image, size_t i, uint8_t alt,
				  uint32_t addr, const void *data, size_t len)
{
	const struct dfu_segment *s;

	assert_true(i < dfu_image_segments(image, &s));
	assert_int_equal(s[i].alt, alt);
	assert_int_equal(s[i].addr, addr);
	assert_int_equal(s[i].len, len);
	assert_memory_equal(s[i].data, data, len);
}

static inline void expect_same(const struct dfu_image *a, const struct dfu_image *b)
{
	const struct dfu_segment *x, *y;
	size_t n = dfu_image_segments(a, &x), i;

	assert_int_equal(n, dfu_image_segments(b, &y));
	assert_int_equal(dfu_image_bytes(a), dfu_image_bytes(b));
	for (i = 0; i < n; i++)
		expect_segment(b, i, x[i].alt, x[i].addr, x[i].data, x[i].len);
}

static inline bool has_warning(const struct dfu_image *image, const char *words)
{
	const char *text;
	size_t i;

	for (i = 0; (text = dfu_image_warning(image, i)) != NULL; i++) {
		if (strstr(text, words))
			return true;
	}
	return false;
}

/* -- a writer of DfuSe files that knows nothing of the library's ------------------- */

struct dfuse_builder {
	uint8_t bytes[65536];
	size_t len, target;
};

static inline void dfuse_begin(struct dfuse_builder *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->bytes, "DfuSe\1", 6);
	b->len = 11;
}

static inline void dfuse_target(struct dfuse_builder *b, uint8_t alt)
{
	b->target = b->len;
	memcpy(b->bytes + b->len, "Target", 6);
	b->bytes[b->len + 6] = alt;
	b->bytes[b->len + 7] = 1;
	memcpy(b->bytes + b->len + 11, "ST...", 5);
	b->len += 274;
	b->bytes[10]++;
}

static inline void dfuse_element(struct dfuse_builder *b, uint32_t addr, const void *data,
				 size_t len)
{
	put_u32(b->bytes + b->len, addr);
	put_u32(b->bytes + b->len + 4, (uint32_t)len);
	memcpy(b->bytes + b->len + 8, data, len);
	b->len += 8 + len;
	put_u32(b->bytes + b->target + 266, (uint32_t)(b->len - b->target - 274));
	b->bytes[b->target + 270]++;
}

static inline void dfuse_end(struct dfuse_builder *b)
{
	static const uint8_t suffix[] = { 0,    0, 0x11, 0xdf, 0x83, 4,
					  0x1a, 1, 'U',  'F',  'D',  16 };

	put_u32(b->bytes + 6, (uint32_t)b->len);
	memcpy(b->bytes + b->len, suffix, sizeof(suffix));
	b->len += 16;
	put_u32(b->bytes + b->len - 4, slow_crc(b->bytes, b->len - 4));
}

#endif
