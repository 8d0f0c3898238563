#include "boards.h"
#include "commands.h"
#include "json.h"

#define RETURN_MS 300

static uint32_t address = 0x08000000;

const struct opt start_options[] = {
	{ OPT_NUMBER, 0, "address", "ADDR", "of the vector table (default 0x08000000)",
	  &address, NULL, NULL },
	{ 0 },
};

static int print_verdict(const struct sight *s)
{
	struct json *j;

	if (!globals.json) {
		out("%s: started at 0x%08x\n", s->name, address);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_bool(j, "started", true);
	json_add_format(j, "address", "0x%08x", address);
	return json_print(j);
}

int cmd_start(int argc, char **argv)
{
	struct dfu_error err;
	struct dfu_dev *dev = NULL;
	struct sight sight;
	int status, rc;

	if (argc)
		return usage_error("start takes no arguments, and has \"%s\"",
				   clean(argv[0]));
	status = board_open(&sight, &dev);
	if (status != EXIT_DONE)
		return status;
	rc = dfu_leave(dev, address, &err);
	dfu_close(dev);
	if (rc < 0)
		return report(sight.name, &err);
	if (rc == 0 || board_returns(&sight, RETURN_MS)) {
		complain("%s: the bootloader is back instead of a program\n"
			 "is there one at 0x%08x? Else take the jumper off BOOT0 and "
			 "reset the board",
			 sight.name, address);
		return EXIT_FAILED;
	}
	return print_verdict(&sight);
}
