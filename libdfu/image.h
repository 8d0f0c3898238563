/*
 * What the readers and writers of the file formats share: the file as it was read, and
 * the image that a reader fills piece by piece. Messages say the offset; the name of the
 * file is put in front of them once, in image_load.c.
 */
#ifndef DFU_IMAGE_H
#define DFU_IMAGE_H

#include "error.h"

/* [UM0391]: a target counts its elements; more than this is no firmware. */
#define DFUSE_ELEMENTS_MAX 10000u

/* A file, whole. */
struct file {
	const uint8_t *bytes;
	size_t len;
};

/* Bytes as a reader finds them, before they are sorted and joined. */
struct piece {
	struct dfu_segment segment;
	size_t offset; /* in the file */
};

#define IMAGE_WARNINGS 8

struct dfu_image {
	char *name;
	struct dfu_image_info info;
	struct dfu_segment *segments;
	size_t n_segments;
	uint8_t *bytes; /* of all segments */
	char warnings[IMAGE_WARNINGS][160];
	size_t n_warnings;

	/* While it is read. */
	struct piece *pieces;
	size_t n_pieces, room;
	size_t piece_bytes;
	uint8_t *decoded; /* what pieces point into where the file itself will not do */
};

/* -- image.c -- */

int image_new(const char *name, size_t file_bytes, struct dfu_image **out,
	      struct dfu_error *err);
int image_add(struct dfu_image *image, const struct dfu_segment *segment, size_t offset,
	      struct dfu_error *err);
/* Sort and join the pieces, refuse overlaps, and take a copy of the bytes. */
int image_settle(struct dfu_image *image, struct dfu_error *err);
void image_warn(struct dfu_image *image, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* DFU_ERR_FORMAT with "offset 0x...: " in front. */
int malformed(struct dfu_error *err, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put the name, quoted and cut to a length that leaves room, in front of the message. */
int image_blame(const char *name, struct dfu_error *err, int rc);

/* -- the readers: image_settle() is called for them -- */

typedef int image_reader(struct dfu_image *image, const struct file *file,
			 const struct dfu_image_opts *opts, struct dfu_error *err);
image_reader image_read_dfuse, image_read_plain, image_read_ihex, image_read_elf,
	image_read_raw;

/* -- the writers -- */

typedef int image_writer(const struct dfu_image *image, uint8_t **out, size_t *len,
			 struct dfu_error *err);
image_writer image_write_dfuse, image_write_ihex, image_write_raw;

/* -- dfu_suffix.c: [DFU] appendix B -- */

#define DFU_SUFFIX_BYTES 16u

/*
 * Read the suffix into image->info. Returns its length, 0 when there is none, or
 * DFU_ERR_FORMAT for one that is damaged.
 */
int suffix_read(struct dfu_image *image, const struct file *file, struct dfu_error *err);
bool suffix_present(const struct file *file);
/* Write one for 0483:df11 behind `len` bytes. */
void suffix_write(uint8_t *bytes, size_t len);

#endif
