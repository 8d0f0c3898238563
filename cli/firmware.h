/*
 * The bundled firmware: the image that was built beforehand, or its sources and how they are
 * built. Both are found beside this very program, in ../share/stmiot.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include "dfu.h"
#include "json.h"

/*
 * Build it in `dir`, or with NULL in the cache folder; the folder comes back in `to`. There
 * are then firmware.elf, firmware.map, firmware.sizes and firmware.files. Complains; an exit
 * status.
 */
int firmware_build(const char *dir, char *to, size_t bytes);

/* What it takes, from `dir`, as printed tables or as an array. Complains; an exit status. */
int firmware_print_sizes(const char *dir);
int firmware_print_files(const char *dir);
struct json *firmware_sizes_json(const char *dir);
struct json *firmware_files_json(const char *dir);

/* Open the image: the one that is there, else one that is built. Says which it is. */
int firmware_open(struct dfu_image **out);

/* The version that the application's header in an image bears; empty when it has none. */
void firmware_version(const struct dfu_image *image, char *to, size_t bytes);

#endif
