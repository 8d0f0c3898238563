/*
 * DfuSe files, [UM0391]: a prefix, targets (one for each alternate setting) of elements
 * (an address and bytes), and the suffix of every DFU file. All little-endian and packed.
 */
#include "image.h"
#include "le.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* [UM0391] 2.1: szSignature 5, bVersion, DFUImageSize 4, bTargets */
enum {
	PREFIX_VERSION = 5,
	PREFIX_IMAGE_SIZE = 6,
	PREFIX_TARGETS = 10,
	PREFIX_BYTES = 11
};

/* [UM0391] 2.3.2: szSignature 6, bAlternateSetting, bTargetNamed 4, szTargetName 255, ...
 */
enum {
	TARGET_ALT = 6,
	TARGET_NAMED = 7,
	TARGET_NAME = 11,
	TARGET_SIZE = 266,
	TARGET_ELEMENTS = 270,
	TARGET_BYTES = 274
};

/* [UM0391] 2.3.3: dwElementAddress, dwElementSize, then the data */
enum { ELEMENT_ADDRESS = 0, ELEMENT_SIZE = 4, ELEMENT_BYTES = 8 };

/* What is left to read: `at` never passes `end`, which is where the suffix begins. */
struct cursor {
	const uint8_t *bytes;
	size_t at, end;
};

static size_t left(const struct cursor *c)
{
	return c->end - c->at;
}

static int check_prefix(struct dfu_image *image, const struct file *file,
			size_t suffix_bytes, struct dfu_error *err)
{
	const uint8_t *p = file->bytes;
	uint32_t size;

	if (file->len < PREFIX_BYTES + suffix_bytes)
		return malformed(err, file->len, "cut short: a DfuSe prefix has %d bytes",
				 PREFIX_BYTES);
	if (memcmp(p, "DfuSe", 5) != 0)
		return malformed(err, 0, "does not begin with \"DfuSe\"");
	if (p[PREFIX_VERSION] != 1)
		return malformed(err, PREFIX_VERSION, "DfuSe version %u, only 1 is known",
				 p[PREFIX_VERSION]);
	if (p[PREFIX_TARGETS] == 0)
		return malformed(err, PREFIX_TARGETS, "it has no targets");
	image->info.targets = p[PREFIX_TARGETS];
	/* [UM0391] says the whole file; ST's own files leave the suffix out. */
	size = get_le32(p + PREFIX_IMAGE_SIZE);
	if (suffix_bytes > 0 && size == file->len)
		image_warn(image,
			   "DFUImageSize counts the suffix, ST's own files do not");
	else if (suffix_bytes > 0 && size != file->len - suffix_bytes)
		return malformed(err, PREFIX_IMAGE_SIZE,
				 "sizes that disagree: DFUImageSize is %" PRIu32
				 ", %zu bytes are before the suffix",
				 size, file->len - suffix_bytes);
	return DFU_OK;
}

static int read_element(struct dfu_image *image, struct cursor *c, uint8_t alt,
			unsigned target, uint32_t element, struct dfu_error *err)
{
	const uint8_t *p = c->bytes + c->at;
	struct dfu_segment segment = { .alt = alt };
	int rc;

	if (left(c) < ELEMENT_BYTES)
		return malformed(err, c->at,
				 "element %" PRIu32
				 " of target %u has %d bytes before its data, "
				 "but only %zu are left",
				 element, target, ELEMENT_BYTES, left(c));
	segment.addr = get_le32(p + ELEMENT_ADDRESS);
	segment.len = get_le32(p + ELEMENT_SIZE);
	segment.data = p + ELEMENT_BYTES;
	if (segment.len == 0)
		return malformed(err, c->at,
				 "element %" PRIu32 " of target %u has no bytes", element,
				 target);
	if (segment.len > left(c) - ELEMENT_BYTES)
		return malformed(err, c->at,
				 "element %" PRIu32 " of target %u says %zu bytes, "
				 "but only %zu are left",
				 element, target, segment.len, left(c) - ELEMENT_BYTES);
	rc = image_add(image, &segment, c->at, err);
	if (rc < 0)
		return rc;
	c->at += ELEMENT_BYTES + segment.len;
	return DFU_OK;
}

static int read_target(struct dfu_image *image, struct cursor *c, unsigned target,
		       struct dfu_error *err)
{
	const uint8_t *p = c->bytes + c->at;
	size_t start = c->at;
	uint32_t n, i;
	int rc;

	if (left(c) < TARGET_BYTES)
		return malformed(err, start,
				 "target %u has %d bytes before its elements, "
				 "but only %zu are left",
				 target, TARGET_BYTES, left(c));
	if (memcmp(p, "Target", 6) != 0)
		return malformed(err, start, "target %u does not begin with \"Target\"",
				 target);
	n = get_le32(p + TARGET_ELEMENTS);
	if (n == 0 || n > DFUSE_ELEMENTS_MAX)
		return malformed(err, start + TARGET_ELEMENTS,
				 "target %u says %" PRIu32
				 " elements, 1 to %u make sense",
				 target, n, DFUSE_ELEMENTS_MAX);
	c->at += TARGET_BYTES;
	for (i = 1; i <= n; i++) {
		rc = read_element(image, c, p[TARGET_ALT], target, i, err);
		if (rc < 0)
			return rc;
	}
	if (get_le32(p + TARGET_SIZE) != c->at - start - TARGET_BYTES)
		return malformed(err, start + TARGET_SIZE,
				 "sizes that disagree: target %u says %" PRIu32
				 " bytes, its elements have %zu",
				 target, get_le32(p + TARGET_SIZE),
				 c->at - start - TARGET_BYTES);
	return DFU_OK;
}

int image_read_dfuse(struct dfu_image *image, const struct file *file,
		     const struct dfu_image_opts *opts, struct dfu_error *err)
{
	struct cursor c = { .bytes = file->bytes, .at = PREFIX_BYTES };
	unsigned target;
	int suffix_bytes, rc;

	(void)opts;
	suffix_bytes = suffix_read(image, file, err);
	if (suffix_bytes < 0)
		return suffix_bytes;
	rc = check_prefix(image, file, (size_t)suffix_bytes, err);
	if (rc < 0)
		return rc;
	c.end = file->len - (size_t)suffix_bytes;
	for (target = 1; target <= image->info.targets; target++) {
		rc = read_target(image, &c, target, err);
		if (rc < 0)
			return rc;
	}
	/* Looked at last: of a file that was cut short, the element says where. */
	if (suffix_bytes == 0)
		return malformed(err, c.at,
				 "cut short: no DFU suffix behind the last target");
	if (left(&c) > 0)
		return malformed(err, c.at, "%zu bytes behind the last target", left(&c));
	if (image->info.bcdDFU != 0x011a)
		image_warn(image, "the suffix says DFU %04x, DfuSe files have 011a",
			   image->info.bcdDFU);
	return DFU_OK;
}

/* -- writing ----------------------------------------------------------------------- */

/* Segments of the alternate setting of segment `first`, and their bytes with headers. */
static size_t target_extent(const struct dfu_image *image, size_t first, size_t *bytes)
{
	size_t i;

	*bytes = 0;
	for (i = first; i < image->n_segments; i++) {
		if (image->segments[i].alt != image->segments[first].alt)
			break;
		*bytes += ELEMENT_BYTES + image->segments[i].len;
	}
	return i - first;
}

static uint8_t *put_target(const struct dfu_image *image, size_t first, size_t n,
			   size_t bytes, uint8_t *p)
{
	size_t i;

	memcpy(p, "Target", 6);
	p[TARGET_ALT] = image->segments[first].alt;
	put_le32(p + TARGET_NAMED, 1);
	/* The name that ST's and dfu-util's tools give. */
	memcpy(p + TARGET_NAME, "ST...", 5);
	put_le32(p + TARGET_SIZE, (uint32_t)bytes);
	put_le32(p + TARGET_ELEMENTS, (uint32_t)n);
	p += TARGET_BYTES;
	for (i = first; i < first + n; i++) {
		const struct dfu_segment *s = &image->segments[i];

		put_le32(p + ELEMENT_ADDRESS, s->addr);
		put_le32(p + ELEMENT_SIZE, (uint32_t)s->len);
		memcpy(p + ELEMENT_BYTES, s->data, s->len);
		p += ELEMENT_BYTES + s->len;
	}
	return p;
}

static int measure(const struct dfu_image *image, size_t *payload, unsigned *targets,
		   struct dfu_error *err)
{
	size_t i, n, bytes;

	*payload = PREFIX_BYTES;
	*targets = 0;
	for (i = 0; i < image->n_segments; i += n) {
		n = target_extent(image, i, &bytes);
		if (n > DFUSE_ELEMENTS_MAX)
			return fail(err, DFU_ERR_ARG,
				    "%zu segments are too many for DfuSe", n);
		*payload += TARGET_BYTES + bytes;
		++*targets;
	}
	/* Alternate settings come from a file of at most 255 targets. */
	assert(*targets <= UINT8_MAX);
	return DFU_OK;
}

int image_write_dfuse(const struct dfu_image *image, uint8_t **out, size_t *len,
		      struct dfu_error *err)
{
	size_t payload, i, n, bytes;
	unsigned targets;
	uint8_t *file, *p;
	int rc;

	rc = measure(image, &payload, &targets, err);
	if (rc < 0)
		return rc;
	file = calloc(1, payload + DFU_SUFFIX_BYTES);
	if (!file)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu bytes", payload);
	memcpy(file, "DfuSe", 5);
	file[PREFIX_VERSION] = 1;
	put_le32(file + PREFIX_IMAGE_SIZE, (uint32_t)payload);
	file[PREFIX_TARGETS] = (uint8_t)targets;
	p = file + PREFIX_BYTES;
	for (i = 0; i < image->n_segments; i += n) {
		n = target_extent(image, i, &bytes);
		p = put_target(image, i, n, bytes, p);
	}
	suffix_write(file, payload);
	*out = file;
	*len = payload + DFU_SUFFIX_BYTES;
	return DFU_OK;
}
