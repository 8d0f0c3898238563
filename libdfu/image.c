/* An image: pieces as a reader found them become segments, sorted, joined and apart. */
#include "image.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int image_new(const char *name, size_t file_bytes, struct dfu_image **out,
	      struct dfu_error *err)
{
	struct dfu_image *image = calloc(1, sizeof(*image));

	if (!image)
		return fail(err, DFU_ERR_NOMEM, "no memory for an image");
	image->name = strdup(name);
	if (!image->name) {
		free(image);
		return fail(err, DFU_ERR_NOMEM, "no memory for an image");
	}
	image->info.idVendor = image->info.idProduct = 0xffff;
	image->info.bcdDevice = image->info.bcdDFU = 0xffff;
	image->info.targets = 1;
	image->info.file_bytes = file_bytes;
	*out = image;
	return DFU_OK;
}

void dfu_image_free(struct dfu_image *image)
{
	if (!image)
		return;
	free(image->name);
	free(image->segments);
	free(image->bytes);
	free(image->pieces);
	free(image->decoded);
	free(image);
}

void image_warn(struct dfu_image *image, const char *fmt, ...)
{
	va_list ap;

	if (image->n_warnings == IMAGE_WARNINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(image->warnings[image->n_warnings++], sizeof(image->warnings[0]), fmt,
		  ap);
	va_end(ap);
}

int malformed(struct dfu_error *err, size_t offset, const char *fmt, ...)
{
	char what[sizeof(err->msg) - 32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return fail(err, DFU_ERR_FORMAT, "offset 0x%zx: %s", offset, what);
}

int image_blame(const char *name, struct dfu_error *err, int rc)
{
	char clean[64], msg[sizeof(err->msg)];
	size_t len = strlen(name);
	bool cut = len >= sizeof(clean);

	if (!err || len == 0)
		return rc;
	copy_clean(clean, sizeof(clean), cut ? name + len - (sizeof(clean) - 1) : name);
	memcpy(msg, err->msg, sizeof(msg));
	if (strcmp(name, "-") == 0)
		snprintf(err->msg, sizeof(err->msg), "standard input: %.200s", msg);
	else
		snprintf(err->msg, sizeof(err->msg), "\"%s%s\": %.165s", cut ? "..." : "",
			 clean, msg);
	return rc;
}

int image_add(struct dfu_image *image, const struct dfu_segment *segment, size_t offset,
	      struct dfu_error *err)
{
	if (segment->len > ((uint64_t)1 << 32) - segment->addr)
		return malformed(err, offset,
				 "%zu bytes at 0x%08" PRIx32 " reach beyond 4 GiB",
				 segment->len, segment->addr);
	/* Program headers may share the file's bytes, so that they add up to more than
	 * it. */
	if (segment->len > DFU_IMAGE_MAX - image->piece_bytes)
		return malformed(err, offset, "more than %u MiB to load",
				 DFU_IMAGE_MAX >> 20);
	if (image->n_pieces == image->room) {
		size_t room = image->room ? 2 * image->room : 16;
		struct piece *pieces = realloc(image->pieces, room * sizeof(*pieces));

		if (!pieces)
			return fail(err, DFU_ERR_NOMEM, "no memory for %zu segments",
				    room);
		image->pieces = pieces;
		image->room = room;
	}
	image->pieces[image->n_pieces++] = (struct piece){ *segment, offset };
	image->piece_bytes += segment->len;
	return DFU_OK;
}

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->segment.alt != y->segment.alt)
		return x->segment.alt < y->segment.alt ? -1 : 1;
	if (x->segment.addr != y->segment.addr)
		return x->segment.addr < y->segment.addr ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint64_t end_of(const struct dfu_segment *segment)
{
	return segment->addr + (uint64_t)segment->len;
}

/* The piece of the two that comes later in the file is to blame. */
static int refuse_overlap(const struct piece *a, const struct piece *b,
			  struct dfu_error *err)
{
	const struct piece *first = a->offset < b->offset ? a : b;
	const struct piece *second = first == a ? b : a;

	return malformed(err, second->offset,
			 "0x%08" PRIx32 " is given a second time, after offset 0x%zx",
			 b->segment.addr, first->offset);
}

/* Segments of the sorted pieces, with the neighbours joined; bytes are copied in order.
 */
static void join_pieces(struct dfu_image *image)
{
	struct dfu_segment *last = NULL;
	uint8_t *to = image->bytes;
	size_t i;

	for (i = 0; i < image->n_pieces; i++) {
		const struct dfu_segment *s = &image->pieces[i].segment;

		memcpy(to, s->data, s->len);
		if (last && last->alt == s->alt && end_of(last) == s->addr) {
			last->len += s->len;
		} else {
			last = &image->segments[image->n_segments++];
			*last = *s;
			last->data = to;
		}
		to += s->len;
	}
}

int image_settle(struct dfu_image *image, struct dfu_error *err)
{
	size_t i;

	qsort(image->pieces, image->n_pieces, sizeof(*image->pieces), by_place);
	for (i = 1; i < image->n_pieces; i++) {
		const struct piece *a = &image->pieces[i - 1], *b = a + 1;

		if (a->segment.alt == b->segment.alt &&
		    end_of(&a->segment) > b->segment.addr)
			return refuse_overlap(a, b, err);
	}
	image->bytes = malloc(image->piece_bytes);
	image->segments = calloc(image->n_pieces, sizeof(*image->segments));
	if (!image->bytes || !image->segments)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu bytes",
			    image->piece_bytes);
	join_pieces(image);
	free(image->pieces);
	free(image->decoded);
	image->pieces = NULL;
	image->decoded = NULL;
	return DFU_OK;
}

const struct dfu_image_info *dfu_image_info(const struct dfu_image *image)
{
	return &image->info;
}

size_t dfu_image_segments(const struct dfu_image *image, const struct dfu_segment **out)
{
	*out = image->segments;
	return image->n_segments;
}

size_t dfu_image_bytes(const struct dfu_image *image)
{
	return image->piece_bytes;
}

const char *dfu_image_name(const struct dfu_image *image)
{
	return image->name;
}

const char *dfu_image_warning(const struct dfu_image *image, size_t i)
{
	return i < image->n_warnings ? image->warnings[i] : NULL;
}
