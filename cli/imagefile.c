#include "imagefile.h"

#include <stddef.h>

const char *image_format;
uint32_t image_address;
bool image_address_given;

int image_open(const char *path, struct dfu_image **out)
{
	struct dfu_image_opts opts = { .has_address = image_address_given,
				       .address = image_address };
	const char *warning;
	struct dfu_error err;
	int rc;

	if (image_format)
		opts.format = (enum dfu_format)dfu_format_from_name(image_format);
	rc = dfu_image_load(path, &opts, out, &err);
	/* A path that leads nowhere is a mistake of the command line. */
	if (rc == DFU_ERR_FILE) {
		report(NULL, &err);
		return EXIT_USAGE;
	}
	if (rc == 0) {
		rc = dfu_image_check(*out, dfu_layout_f407(), &err);
		if (rc < 0)
			dfu_image_free(*out);
	}
	/* Also a raw file without an address is a file that cannot be used as it is. */
	if (rc < 0) {
		report(NULL, &err);
		return EXIT_BAD_DATA;
	}
	for (size_t i = 0; (warning = dfu_image_warning(*out, i)) != NULL; i++)
		debug("%s: %s", clean(path), clean(warning));
	return EXIT_DONE;
}
