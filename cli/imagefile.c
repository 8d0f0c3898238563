#include "imagefile.h"

#include <stddef.h>

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
