/* What the fuzzers of the image formats check of every image that is accepted. */
#ifndef FUZZ_H
#define FUZZ_H

#include "dfu.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* One line, not empty, and the code that was returned. */
static inline void check_error(const struct dfu_error *err, int rc)
{
	must((int)err->code == rc && rc < 0);
	must(memchr(err->msg, '\0', sizeof(err->msg)) != NULL && err->msg[0] != '\0');
	must(memchr(err->hint, '\0', sizeof(err->hint)) != NULL);
	must(strpbrk(err->msg, "\n\r\x1b") == NULL);
}

/* Sorted, apart, not joinable, within the address space; their bytes can be read. */
static inline void check_segments(const struct dfu_image *image)
{
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s), total = 0, i, k;
	volatile uint8_t sum = 0;

	must(n > 0);
	for (i = 0; i < n; i++) {
		must(s[i].len > 0 && s[i].len <= ((uint64_t)1 << 32) - s[i].addr);
		for (k = 0; k < s[i].len; k++)
			sum ^= s[i].data[k];
		total += s[i].len;
		if (i == 0 || s[i].alt != s[i - 1].alt)
			must(i == 0 || s[i].alt > s[i - 1].alt);
		else
			must(s[i].addr > s[i - 1].addr + (uint64_t)s[i - 1].len);
	}
	(void)sum;
	must(total == dfu_image_bytes(image));
}

static inline void check_same(const struct dfu_image *a, const struct dfu_image *b)
{
	const struct dfu_segment *x, *y;
	size_t n = dfu_image_segments(a, &x), i;

	must(n == dfu_image_segments(b, &y));
	for (i = 0; i < n; i++) {
		must(x[i].alt == y[i].alt && x[i].addr == y[i].addr &&
		     x[i].len == y[i].len);
		must(memcmp(x[i].data, y[i].data, x[i].len) == 0);
	}
}

/* What is written is read again as the same image, and without a complaint. */
static inline void check_round_trip(const struct dfu_image *image, enum dfu_format format)
{
	struct dfu_image_opts opts = { .format = format };
	struct dfu_image *back;
	struct dfu_error err;
	uint8_t *bytes;
	size_t len;
	int rc;

	rc = dfu_image_serialize(image, format, &bytes, &len, &err);
	if (rc < 0) {
		must(rc == DFU_ERR_ARG);
		check_error(&err, rc);
		return;
	}
	must(dfu_image_parse(bytes, len, "back", &opts, &back, NULL) == DFU_OK);
	must(dfu_image_warning(back, 0) == NULL);
	check_segments(back);
	check_same(image, back);
	dfu_image_free(back);
	free(bytes);
}

/* Parse, and check whatever comes of it. */
static inline void check_file(const uint8_t *bytes, size_t len,
			      const struct dfu_image_opts *opts)
{
	struct dfu_image *image = NULL;
	struct dfu_error err;
	int rc;

	rc = dfu_image_parse(bytes, len, "fw", opts, &image, &err);
	if (rc < 0) {
		must(image == NULL);
		check_error(&err, rc);
		return;
	}
	check_segments(image);
	/* Program headers may share bytes of the file, nothing else makes more of them.
	 */
	must(dfu_image_bytes(image) <= len ||
	     dfu_image_info(image)->format == DFU_FORMAT_ELF);
	check_round_trip(image, DFU_FORMAT_DFUSE);
	check_round_trip(image, DFU_FORMAT_IHEX);
	rc = dfu_image_check(image, dfu_layout_f407(), &err);
	if (rc < 0)
		check_error(&err, rc);
	dfu_image_free(image);
}

/* Put a suffix of 16 bytes with the right CRC behind `len` bytes: [DFU] appendix B. */
static inline void put_suffix(uint8_t *bytes, size_t len, uint16_t bcdDFU)
{
	const uint8_t suffix[] = {
		0,   0,   0x11, 0xdf, 0x83, 4, (uint8_t)bcdDFU, (uint8_t)(bcdDFU >> 8),
		'U', 'F', 'D',  16
	};
	uint32_t crc = 0xffffffff;

	memcpy(bytes + len, suffix, sizeof(suffix));
	for (size_t i = 0; i < len + 12; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	for (size_t i = 0; i < 4; i++)
		bytes[len + 12 + i] = (uint8_t)(crc >> 8 * i);
}

#endif
