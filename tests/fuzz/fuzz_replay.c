/*
 * A transcript, and with it a device that answers anything: open, plan, run, read, verify,
 * option bytes and leaving, whatever comes.
 */
#include "fuzz.h"
#include "dev.h"

static void use(struct dfu_dev *dev)
{
	static const uint8_t bytes[3000] = { 0x00, 0x00, 0x02, 0x20,
					     0x09, 0x00, 0x00, 0x08 };
	struct dfu_options *options = NULL;
	struct dfu_plan *plan = NULL;
	struct dfu_image *image;
	struct dfu_error err;
	uint8_t seen[100];
	int rc;

	must(dfu_image_from_bytes(0x08003800, bytes, sizeof(bytes), &image, NULL) == 0);
	rc = dfu_plan_make(dev, image, NULL, &plan, &err);
	if (rc == 0)
		rc = dfu_plan_run(plan, &err);
	if (rc < 0)
		check_error(&err, rc);
	dfu_plan_free(plan);
	rc = dfu_verify(dev, image, &err);
	if (rc < 0)
		check_error(&err, rc);
	dfu_image_free(image);
	rc = dfu_read(dev, DFU_OTP_ADDR + 1, seen, sizeof(seen), &err);
	if (rc < 0)
		check_error(&err, rc);
	rc = dfu_options_read(dev, &options, &err);
	if (rc == 0 && dfu_options_set(options, "wdg_sw", "0", &err) == 0)
		rc = dfu_options_write(dev, options, &err);
	if (rc < 0)
		check_error(&err, rc);
	dfu_options_free(options);
	rc = dfu_leave(dev, 0x08000000, &err);
	if (rc < 0)
		check_error(&err, rc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* Nothing sleeps for longer than this. */
	struct dfu_settings set = { .timeouts = { 3, 3, 3, 3, 3 } };
	struct dfu_board *board = calloc(1, sizeof(*board));
	struct dfu_dev *dev;
	struct dfu_error err;
	struct dfu_io io;
	int rc;

	must(board != NULL);
	rc = dfu_replay((const char *)bytes, len, &io, board, &err);
	if (rc < 0) {
		check_error(&err, rc);
		free(board);
		return 0;
	}
	rc = dfu_open_io(&io, board, &set, &dev, &err);
	if (rc < 0)
		check_error(&err, rc);
	else
		use(dev);
	if (rc == 0)
		dfu_close(dev);
	free(board);
	return 0;
}
