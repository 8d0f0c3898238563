#include "commands.h"
#include "sys.h"
#include "working.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX (16u << 20)

static const char *output;

const struct opt read_options[] = {
	{ OPT_TEXT, 'o', "output", "FILE", "where to; - is standard output (the default)",
	  &output, NULL, "file" },
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

struct memory {
	uint32_t addr, len;
	uint8_t *bytes;
};

static int fetch(struct dfu_dev *dev, void *ctx, struct dfu_error *err)
{
	struct memory *m = ctx;

	return dfu_read(dev, m->addr, m->bytes, m->len, err);
}

static int read_memory(struct memory *m)
{
	struct sight sight;
	int status = board_select(&sight);

	if (status != EXIT_DONE)
		return status;
	m->bytes = malloc(m->len);
	if (!m->bytes) {
		complain("no memory for %u bytes", m->len);
		return EXIT_FAILED;
	}
	status = work_on(&sight, fetch, m);
	if (status == EXIT_DONE)
		status = deliver(m->bytes, m->len);
	free(m->bytes);
	return status;
}

int cmd_read(int argc, char **argv)
{
	struct memory m = { 0 };

	if (argc != 2)
		return usage_error("read takes an address and a length");
	if (!parse_number(argv[0], &m.addr) || !parse_number(argv[1], &m.len) || !m.len ||
	    m.len > READ_MAX)
		return usage_error("\"%s %s\" is not an address and a length",
				   clean(argv[0]), clean(argv[1]));
	if ((!output || strcmp(output, "-") == 0) && isatty(STDOUT_FILENO))
		return usage_error("the bytes would go to the terminal: give -o FILE");
	return read_memory(&m);
}
