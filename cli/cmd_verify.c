#include "commands.h"
#include "imagefile.h"
#include "json.h"
#include "working.h"

const struct opt verify_options[] = { IMAGE_OPTIONS, { 0 } };

static int print_verdict(const struct sight *s, const struct dfu_image *image)
{
	struct json *j;

	if (!globals.json) {
		out("%s: holds all %zu bytes of the image\n", s->name,
		    dfu_image_bytes(image));
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_bool(j, "ok", true);
	json_add_number(j, "image_bytes", (double)dfu_image_bytes(image));
	return json_print(j);
}

static int compare(struct dfu_dev *dev, void *ctx, struct dfu_error *err)
{
	return dfu_verify(dev, ctx, err);
}

int cmd_verify(int argc, char **argv)
{
	struct dfu_image *image;
	struct sight sight;
	int status;

	if (argc != 1)
		return usage_error("verify takes one image");
	status = image_open(argv[0], &image);
	if (status != EXIT_DONE)
		return status;
	status = board_select(&sight);
	if (status == EXIT_DONE)
		status = work_on(&sight, compare, image);
	if (status == EXIT_DONE)
		status = print_verdict(&sight, image);
	dfu_image_free(image);
	return status;
}
