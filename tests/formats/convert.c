/*
 * convert dump FILE                  what the library reads: ids, then a line for each
 * segment convert write FORMAT FILE OUT      what it writes
 *
 * For comparing it with other tools; FILE is read as if it went to 0x08000000 when it is
 * raw.
 */
#include "dfu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int complain(const struct dfu_error *err)
{
	fprintf(stderr, "%s\n", err->msg);
	return 1;
}

static int load(const char *path, struct dfu_image **out, struct dfu_error *err)
{
	struct dfu_image_opts opts = { .has_address = false };
	int rc;

	rc = dfu_image_load(path, &opts, out, err);
	if (rc != DFU_ERR_ARG)
		return rc;
	opts.has_address = true;
	opts.address = 0x08000000;
	return dfu_image_load(path, &opts, out, err);
}

static void dump(const struct dfu_image *image)
{
	const struct dfu_image_info *info = dfu_image_info(image);
	const struct dfu_segment *s;
	size_t n = dfu_image_segments(image, &s), i, k;

	printf("%s %04x:%04x %04x %04x\n", dfu_format_name(info->format), info->idVendor,
	       info->idProduct, info->bcdDevice, info->bcdDFU);
	for (i = 0; i < n; i++) {
		printf("%u 0x%08x %zu ", s[i].alt, (unsigned)s[i].addr, s[i].len);
		for (k = 0; k < s[i].len; k++)
			printf("%02x", s[i].data[k]);
		printf("\n");
	}
}

static int write_out(const struct dfu_image *image, const char *format, const char *path,
		     struct dfu_error *err)
{
	uint8_t *bytes;
	size_t len;
	FILE *f;
	int rc;

	rc = dfu_image_serialize(image, (enum dfu_format)dfu_format_from_name(format),
				 &bytes, &len, err);
	if (rc < 0)
		return complain(err);
	f = fopen(path, "wb");
	rc = !f || fwrite(bytes, 1, len, f) != len;
	if (f && fclose(f) != 0)
		rc = 1;
	free(bytes);
	return rc;
}

int main(int argc, char **argv)
{
	bool is_dump = argc == 3 && strcmp(argv[1], "dump") == 0;
	bool is_write = argc == 5 && strcmp(argv[1], "write") == 0;
	struct dfu_image *image;
	struct dfu_error err;
	int rc = 0;

	if (!is_dump && !is_write)
		return 2;
	if (load(argv[is_dump ? 2 : 3], &image, &err) < 0)
		return complain(&err);
	if (is_dump)
		dump(image);
	else
		rc = write_out(image, argv[2], argv[4], &err);
	dfu_image_free(image);
	return rc;
}
