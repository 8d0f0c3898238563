#include "boards.h"
#include "commands.h"
#include "sys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX (16u << 20)

static const char *output;

const struct opt read_options[] = {
	{ OPT_TEXT, 'o', "output", "FILE", "where to; - is standard output (the default)", &output,
	  NULL, "file" },
	{ 0 },
};

static int deliver(const uint8_t *bytes, uint32_t len)
{
	struct dfu_error err;

	if (!output || strcmp(output, "-") == 0) {
		out_bytes(bytes, len);
		return EXIT_DONE;
	}
	if (sys_write_file(output, bytes, len, 0600, &err) < 0)
		return report(NULL, &err);
	return EXIT_DONE;
}

static int read_memory(uint32_t addr, uint32_t len)
{
	uint8_t *bytes = malloc(len);
	struct dfu_error err;
	struct dfu_dev *dev = NULL;
	struct sight sight;
	int status;

	if (!bytes) {
		complain("no memory for %u bytes", len);
		return EXIT_FAILED;
	}
	status = board_open(&sight, NULL, &dev);
	if (status == EXIT_DONE)
		status = dfu_read(dev, addr, bytes, len, &err) < 0 ? report(sight.name, &err)
								    : deliver(bytes, len);
	dfu_close(dev);
	free(bytes);
	return status;
}

int cmd_read(int argc, char **argv)
{
	uint32_t addr, len;

	if (argc != 2)
		return usage_error("read takes an address and a length");
	if (!parse_number(argv[0], &addr) || !parse_number(argv[1], &len) || !len ||
	    len > READ_MAX)
		return usage_error("\"%s %s\" is not an address and a length", clean(argv[0]),
				   clean(argv[1]));
	if ((!output || strcmp(output, "-") == 0) && isatty(STDOUT_FILENO))
		return usage_error("the bytes would go to the terminal: give -o FILE");
	return read_memory(addr, len);
}
