#include "imagefile.h"
#include "sys.h"

#include <stdlib.h>
#include <string.h>

const char *image_format;
uint32_t image_address;
bool image_address_given;

/* A path that leads nowhere is a mistake of the command line, a bad file one of the file. */
static int refuse(const struct dfu_error *err)
{
	report(NULL, err);
	return err->code == DFU_ERR_FILE ? EXIT_USAGE : EXIT_BAD_DATA;
}

int image_load(const char *path, struct dfu_image **out)
{
	struct dfu_image_opts opts = { .has_address = image_address_given,
				       .address = image_address };
	struct dfu_error err;
	int rc;

	if (image_format)
		opts.format = (enum dfu_format)dfu_format_from_name(image_format);
	rc = dfu_image_load(path, &opts, out, &err);
	if (rc == DFU_ERR_NOMEM || rc == DFU_ERR_CANCELLED)
		return report(NULL, &err);
	return rc < 0 ? refuse(&err) : EXIT_DONE;
}

int image_open(const char *path, struct dfu_image **out)
{
	const char *warning;
	struct dfu_error err;
	int status = image_load(path, out);

	if (status != EXIT_DONE)
		return status;
	if (dfu_image_check(*out, dfu_layout_f407(), &err) < 0) {
		dfu_image_free(*out);
		*out = NULL;
		return refuse(&err);
	}
	for (size_t i = 0; (warning = dfu_image_warning(*out, i)) != NULL; i++)
		debug("%s: %s", clean(path), clean(warning));
	return EXIT_DONE;
}

bool image_format_of(const char *path, const char *word, enum dfu_format *format)
{
	const char *dot = strrchr(path, '.');

	if (!word)
		word = dot ? dot + 1 : "";
	if (strcmp(word, "dfu") == 0)
		*format = DFU_FORMAT_DFUSE;
	else if (strcmp(word, "hex") == 0 || strcmp(word, "ihex") == 0)
		*format = DFU_FORMAT_IHEX;
	else if (strcmp(word, "bin") == 0)
		*format = DFU_FORMAT_RAW;
	else
		return false;
	return true;
}

int image_write(const struct dfu_image *image, enum dfu_format format, const char *path,
		size_t *len)
{
	struct dfu_error err;
	uint8_t *bytes;
	int rc;

	if (dfu_image_serialize(image, format, &bytes, len, &err) < 0)
		return report(globals.command->name, &err);
	if (strcmp(path, "-") == 0) {
		out_bytes(bytes, *len);
		free(bytes);
		return EXIT_DONE;
	}
	rc = sys_write_file(path, bytes, *len, sys_file_mode(), &err);
	free(bytes);
	return rc < 0 ? report(globals.command->name, &err) : EXIT_DONE;
}
