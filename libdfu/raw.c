/*
 * Raw bytes, with or without the suffix of a plain DFU file: they do not say where they
 * go. Firmware for the start of flash is known by its first two words, [PM0214] 2.3.4.
 */
#include "image.h"
#include "le.h"

#include <stdlib.h>
#include <string.h>

#define FLASH_ADDR 0x08000000u

/* [RM0090] 2.3: SRAM and CCM of the STM32F407. A stack may begin right behind either. */
static bool is_stack_pointer(uint32_t word)
{
	return word % 4 == 0 && ((word > 0x20000000 && word <= 0x20020000) ||
				 (word > 0x10000000 && word <= 0x10010000));
}

/* A Thumb address, bit 0 set, in the file as placed at the start of flash. */
static bool is_reset_vector(uint32_t word, size_t len)
{
	return word % 2 == 1 && word >= FLASH_ADDR && word - FLASH_ADDR < len;
}

static bool is_all(const struct file *file, uint8_t value)
{
	return file->bytes[0] == value &&
	       memcmp(file->bytes, file->bytes + 1, file->len - 1) == 0;
}

static bool is_text(const struct file *file)
{
	size_t i;

	for (i = 0; i < file->len && i < 256; i++) {
		if (!memchr("\t\n\r", file->bytes[i], 3) &&
		    (file->bytes[i] < 0x20 || file->bytes[i] == 0x7f))
			return false;
	}
	return true;
}

static int check_vectors(const struct file *file, struct dfu_error *err)
{
	uint32_t sp, reset;

	if (is_all(file, 0x00))
		return fail(err, DFU_ERR_ARG, "offset 0x0: nothing but zero bytes");
	if (is_all(file, 0xff))
		return fail(err, DFU_ERR_ARG,
			    "offset 0x0: nothing but 0xff, as in blank flash");
	if (is_text(file))
		return fail(err, DFU_ERR_ARG, "offset 0x0: text, in no image format");
	if (file->len < 8)
		return fail(err, DFU_ERR_ARG,
			    "offset 0x%zx: too short for a vector table", file->len);
	sp = get_le32(file->bytes);
	reset = get_le32(file->bytes + 4);
	if (!is_stack_pointer(sp))
		return fail(err, DFU_ERR_ARG,
			    "offset 0x0: raw bytes that do not look like STM32F407 "
			    "firmware: 0x%08" PRIx32 " is no stack pointer",
			    sp);
	if (!is_reset_vector(reset, file->len))
		return fail(err, DFU_ERR_ARG,
			    "offset 0x4: raw bytes that do not look like firmware "
			    "for 0x%08x: its reset vector would be 0x%08" PRIx32,
			    FLASH_ADDR, reset);
	return DFU_OK;
}

static int place(struct dfu_image *image, const struct file *file,
		 const struct dfu_image_opts *opts, struct dfu_error *err)
{
	struct dfu_segment all = { .addr = FLASH_ADDR,
				   .len = file->len,
				   .data = file->bytes };
	int rc;

	if (opts->has_address) {
		all.addr = opts->address;
	} else {
		rc = check_vectors(file, err);
		if (rc < 0)
			return hint(err, (enum dfu_err)rc,
				    "if this is the right file, say where it goes with "
				    "--address");
	}
	return image_add(image, &all, 0, err);
}

int image_read_raw(struct dfu_image *image, const struct file *file,
		   const struct dfu_image_opts *opts, struct dfu_error *err)
{
	return place(image, file, opts, err);
}

int image_read_plain(struct dfu_image *image, const struct file *file,
		     const struct dfu_image_opts *opts, struct dfu_error *err)
{
	struct file payload = *file;
	int suffix_bytes;

	suffix_bytes = suffix_read(image, file, err);
	if (suffix_bytes < 0)
		return suffix_bytes;
	if (suffix_bytes == 0)
		return malformed(err, file->len, "a DFU file should end with a suffix");
	payload.len -= (size_t)suffix_bytes;
	if (payload.len == 0)
		return malformed(err, 0, "nothing before the suffix");
	if (image->info.bcdDFU == 0x011a)
		return malformed(err, 0,
				 "the suffix says DfuSe, but there is no \"DfuSe\" here");
	return place(image, &payload, opts, err);
}

/* -- writing ----------------------------------------------------------------------- */

int image_write_raw(const struct dfu_image *image, uint8_t **out, size_t *len,
		    struct dfu_error *err)
{
	const struct dfu_segment *first = image->segments;
	const struct dfu_segment *last = first + image->n_segments - 1;
	size_t i, bytes;
	uint8_t *file;

	if (first->alt != last->alt)
		return fail(err, DFU_ERR_ARG,
			    "raw bytes have no alternate settings, this has "
			    "several");
	bytes = last->addr - first->addr + last->len;
	if (bytes > DFU_IMAGE_MAX)
		return fail(err, DFU_ERR_ARG,
			    "raw bytes from 0x%08" PRIx32 " to 0x%08" PRIx32
			    " would be more than %u MiB",
			    first->addr, (uint32_t)(first->addr + bytes - 1),
			    DFU_IMAGE_MAX >> 20);
	file = malloc(bytes);
	if (!file)
		return fail(err, DFU_ERR_NOMEM, "no memory for %zu bytes", bytes);
	memset(file, 0xff, bytes);
	for (i = 0; i < image->n_segments; i++)
		memcpy(file + (image->segments[i].addr - first->addr),
		       image->segments[i].data, image->segments[i].len);
	*out = file;
	*len = bytes;
	return DFU_OK;
}
