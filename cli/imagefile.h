/* The image that a command is given: read and checked before any board is touched. */
#ifndef IMAGEFILE_H
#define IMAGEFILE_H

#include "cli.h"

/* What --format and --address say; the commands that take images share these options. */
extern const char *image_format;
extern uint32_t image_address;
extern bool image_address_given;

#define IMAGE_OPTIONS                                                                    \
	{ OPT_CHOICE,                                                                    \
	  0,                                                                             \
	  "format",                                                                      \
	  "auto|dfuse|dfu|hex|elf|bin",                                                  \
	  "what the image is (default: by its content)",                                 \
	  &image_format,                                                                 \
	  NULL,                                                                          \
	  NULL },                                                                        \
	{                                                                                \
		OPT_NUMBER, 0, "address", "ADDR", "where a raw image belongs",           \
			&image_address, &image_address_given, NULL                       \
	}

/* Load it, whatever is in it. Complains; an exit status. */
int image_load(const char *path, struct dfu_image **out);

/* Load it and check that it fits an STM32F407. Complains; an exit status. */
int image_open(const char *path, struct dfu_image **out);

/* The format that a word ("dfu", "hex", "bin") names, or without one the path's extension. */
bool image_format_of(const char *path, const char *word, enum dfu_format *format);

/* Write it as a file of *len bytes, or to standard output for "-". Complains; an exit status.
 */
int image_write(const struct dfu_image *image, enum dfu_format format, const char *path,
		size_t *len);

#endif
