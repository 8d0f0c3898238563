#include "commands.h"
#include "firmware.h"
#include "flashing.h"
#include "imagefile.h"
#include "slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOARDS_MAX 64

static bool full, no_verify, no_start, no_preserve, overwrite, poll_time, no_enter,
	dry_run, all, secrets;
static const char *voltage, *record;
static uint32_t wait_s;

const struct opt flash_options[] = {
	IMAGE_OPTIONS,
	{ OPT_FLAG, 0, "full", NULL, "erase and write all, without comparing first",
	  &full, NULL, NULL },
	{ OPT_FLAG, 0, "no-verify", NULL, "do not read back", &no_verify, NULL, NULL },
	{ OPT_FLAG, 0, "no-start", NULL, "stay in the bootloader", &no_start, NULL,
	  NULL },
	{ OPT_FLAG, 0, "no-preserve", NULL,
	  "lose the bytes of a sector that the image does not cover", &no_preserve, NULL,
	  NULL },
	{ OPT_FLAG, 0, "overwrite-credentials", NULL,
	  "write also where a credential record is", &overwrite, NULL, NULL },
	{ OPT_CHOICE, 0, "voltage", "auto|1.8|2.1|2.4|2.7",
	  "the board's supply at least; auto is 2.7 (powered over USB)", &voltage, NULL,
	  NULL },
	{ OPT_FLAG, 0, "poll", NULL, "sleep whenever the bootloader says so", &poll_time,
	  NULL, NULL },
	{ OPT_FLAG, 0, "no-enter", NULL, "never ask running firmware for its bootloader",
	  &no_enter, NULL, NULL },
	{ OPT_FLAG, 0, "dry-run", NULL, "print the plan; change nothing", &dry_run, NULL,
	  NULL },
	{ OPT_NUMBER, 0, "wait", "SECONDS", "wait so long for a board", &wait_s, NULL,
	  NULL },
	{ OPT_FLAG, 0, "all", NULL, "every board in sight", &all, NULL, NULL },
	{ OPT_TEXT, 0, "record", "FILE",
	  "write a transcript of all transfers (one board)", &record, NULL, "file" },
	{ OPT_FLAG, 0, "secrets", NULL, "--record: also what is in the credential slots",
	  &secrets, NULL, NULL },
	{ 0 },
};

/* --voltage, in the order of its choices */
static enum dfu_voltage voltage_of(const char *text)
{
	static const char *const words[] = { "auto", "1.8", "2.1", "2.4", "2.7" };

	for (unsigned i = 0; text && i < 5; i++)
		if (strcmp(text, words[i]) == 0)
			return (enum dfu_voltage)i;
	return DFU_VOLTAGE_AUTO;
}

static int flash(struct flash_how *how, const struct sight *boards, size_t n)
{
	if (record && n > 1)
		return usage_error("--record is for one board");
	return flash_boards(boards, n, how);
}

int cmd_flash(int argc, char **argv)
{
	struct flash_how how = {
		.plan = { .full = full,
			  .no_verify = no_verify,
			  .no_preserve = no_preserve,
			  .guard = overwrite ? NULL : slot_guard },
		.voltage = voltage_of(voltage),
		.poll = poll_time,
		.start = !no_start,
		.dry_run = dry_run,
		.record = record,
		.record_secrets = secrets,
	};
	struct dfu_image *image = NULL;
	struct sight *boards = NULL;
	size_t n = 0;
	int status;

	if (argc > 1)
		return usage_error("flash takes one image, and has \"%s\" too",
				   clean(argv[1]));
	if (!argc && (image_format || image_address_given))
		return usage_error("--format and --address are for an IMAGE");
	status = argc ? image_open(argv[0], &image) : firmware_open(&image);
	if (status != EXIT_DONE)
		return status;
	how.image = image;
	status = boards_select(all, BOARDS_MAX, wait_s, &boards, &n);
	if (status == EXIT_DONE) {
		how.plan.journal_dir = board_journal_dir();
		status = flash(&how, boards, n);
	}
	free(boards);
	dfu_image_free(image);
	return status;
}
