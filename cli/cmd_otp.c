#include "boards.h"
#include "commands.h"
#include "json.h"
#include "provision_journal.h"
#include "slots.h"
#include "sys.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool yes;

const struct opt otp_options[] = {
	{ OPT_FLAG, 'y', "yes", NULL, "do not ask: nothing of this can be undone", &yes,
	  NULL, NULL },
	{ 0 },
};

static bool is_blank(const uint8_t *block)
{
	for (unsigned i = 0; i < DFU_OTP_BLOCK_BYTES; i++)
		if (block[i] != 0xff)
			return false;
	return true;
}

/* -- show -------------------------------------------------------------------------- */

/* The block that the next record of this board will be wrapped by, as a bit. */
static unsigned root_to_come(const char *serial)
{
	struct provision_journal journal;

	return provision_serial_fits(serial) &&
			       provision_journal_peek(serial, &journal) &&
			       journal.otp_block >= 0
		       ? 1u << journal.otp_block
		       : 0;
}

/*
 * The blocks with the roots of records in flash, and of one that provisioning will write,
 * a bit each: they are secret.
 */
static int find_roots(struct dfu_dev *dev, unsigned *roots, struct dfu_error *err)
{
	uint8_t *slots = malloc(2 * SLOT_BYTES);
	struct slot_facts facts[2];
	int rc = DFU_ERR_NOMEM;

	*roots = root_to_come(dfu_board(dev)->serial);
	if (slots)
		rc = dfu_read(dev, SLOT_A_ADDR, slots, 2 * SLOT_BYTES, err);
	else
		sys_fail(err, DFU_ERR_NOMEM, "no memory to read the slots");
	if (rc == 0)
		slots_look(slots, slots + SLOT_BYTES, NULL, facts);
	for (unsigned i = 0; rc == 0 && i < 2; i++)
		*roots |= facts[i].wrapped ? 1u << facts[i].otp_block : 0;
	if (slots)
		explicit_bzero(slots, 2 * SLOT_BYTES);
	free(slots);
	return rc;
}

static int show_json(const struct sight *s, const struct dfu_otp *otp, unsigned roots)
{
	struct json *j = json_object(), *list = json_array();
	char text[2 * DFU_OTP_BLOCK_BYTES + 1];

	for (unsigned i = 0; i < DFU_OTP_BLOCKS; i++) {
		struct json *b = json_object();

		text_hex(otp->data[i], DFU_OTP_BLOCK_BYTES, text);
		json_add_number(b, "block", i);
		json_add_bool(b, "locked", otp->lock[i] != 0xff);
		json_add_bool(b, "blank", is_blank(otp->data[i]));
		json_add_text(b, "data", roots >> i & 1 ? NULL : text);
		json_add(list, NULL, b);
	}
	json_add_text(j, "board", s->name);
	json_add(j, "blocks", list);
	return json_print(j);
}

static int show_table(const struct dfu_otp *otp, unsigned roots)
{
	static const char *const heads[] = { "BLOCK", "STATE", "DATA" };
	struct table *t = table_new(3, heads);
	char text[2 * DFU_OTP_BLOCK_BYTES + 1], number[12];

	for (unsigned i = 0; i < DFU_OTP_BLOCKS; i++) {
		bool blank = is_blank(otp->data[i]);

		text_hex(otp->data[i], DFU_OTP_BLOCK_BYTES, text);
		snprintf(number, sizeof(number), "%u", i);
		table_row(t, (const char *const[]){ number,
						    otp->lock[i] != 0xff ? "locked"
						    : blank              ? "blank"
									 : "written",
						    blank ? ""
						    : roots >> i & 1
							    ? "(root of wrapped keys)"
							    : text });
	}
	table_print(t);
	return EXIT_DONE;
}

/* Whatever shows them: it is not there any more. */
static void wipe_roots(struct dfu_otp *otp, unsigned roots)
{
	for (unsigned i = 0; i < DFU_OTP_BLOCKS; i++)
		if ((roots >> i & 1) && !is_blank(otp->data[i]))
			explicit_bzero(otp->data[i], DFU_OTP_BLOCK_BYTES);
}

static int show(void)
{
	struct dfu_error err;
	struct dfu_dev *dev;
	struct dfu_otp otp;
	struct sight s;
	unsigned roots;
	int status = board_open(&s, &dev);

	if (status != EXIT_DONE)
		return status;
	if (dfu_otp_read(dev, &otp, &err) < 0 || find_roots(dev, &roots, &err) < 0) {
		status = report(s.name, &err);
	} else {
		wipe_roots(&otp, roots);
		status = globals.json ? show_json(&s, &otp, roots)
				      : show_table(&otp, roots);
	}
	explicit_bzero(&otp, sizeof(otp));
	dfu_close(dev);
	return status;
}

/* -- write and lock ---------------------------------------------------------------- */

/* "3" or "3/16": a block, and an offset in it. */
static bool parse_place(const char *text, uint32_t *block, uint32_t *offset)
{
	const char *slash = strchr(text, '/');
	char first[16];

	*offset = 0;
	snprintf(first, sizeof(first), "%.*s", slash ? (int)(slash - text) : 15, text);
	if (!parse_number(first, block) || *block >= DFU_OTP_BLOCKS)
		return false;
	return !slash ||
	       (parse_number(slash + 1, offset) && *offset < DFU_OTP_BLOCK_BYTES);
}

static int write_verdict(const struct sight *s, uint32_t block, uint32_t offset,
			 size_t len)
{
	struct json *j;

	if (!globals.json) {
		out("%s: %zu bytes written to OTP block %u\n", s->name, len, block);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_number(j, "block", block);
	json_add_number(j, "offset", offset);
	json_add_number(j, "written_bytes", (double)len);
	return json_print(j);
}

static int lock_verdict(const struct sight *s, uint32_t block)
{
	struct json *j;

	if (!globals.json) {
		out("%s: OTP block %u is locked\n", s->name, block);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_number(j, "block", block);
	json_add_bool(j, "locked", true);
	return json_print(j);
}

static int write_bytes(uint32_t block, uint32_t offset, const uint8_t *bytes, size_t len)
{
	struct dfu_error err;
	struct dfu_dev *dev;
	struct sight s;
	int status = board_open(&s, &dev);

	if (status != EXIT_DONE)
		return status;
	if (!yes && !confirm("%s: burn %zu bytes into OTP block %u for ever?", s.name,
			     len, block))
		status = EXIT_USAGE;
	else if (dfu_otp_write(dev, block * DFU_OTP_BLOCK_BYTES + offset, bytes, len,
			       &err) < 0)
		status = report(s.name, &err);
	else
		status = write_verdict(&s, block, offset, len);
	dfu_close(dev);
	return status;
}

static int write_file(int argc, char **argv)
{
	uint32_t block, offset;
	size_t len;
	char *bytes;
	int status;

	if (argc != 2)
		return usage_error("otp write takes BLOCK[/OFFSET] and a file");
	if (!parse_place(argv[0], &block, &offset))
		return usage_error("\"%s\" is not an OTP block from 0 to %u",
				   clean(argv[0]), DFU_OTP_BLOCKS - 1);
	bytes = sys_read_file(argv[1], 4096, &len);
	if (!bytes) {
		complain("%s: %s", clean(argv[1]), strerror(errno));
		return EXIT_USAGE;
	}
	if (!len || len > DFU_OTP_BLOCK_BYTES - offset) {
		complain("%s holds %zu bytes; %u fit into the block from offset %u",
			 clean(argv[1]), len, DFU_OTP_BLOCK_BYTES - offset, offset);
		free(bytes);
		return EXIT_BAD_DATA;
	}
	status = write_bytes(block, offset, (const uint8_t *)bytes, len);
	explicit_bzero(bytes, len);
	free(bytes);
	return status;
}

static int lock(int argc, char **argv)
{
	uint32_t block, offset;
	struct dfu_error err;
	struct dfu_dev *dev;
	struct sight s;
	int status;

	if (argc != 1 || strchr(argv[0], '/') || !parse_place(argv[0], &block, &offset))
		return usage_error("otp lock takes a block from 0 to %u",
				   DFU_OTP_BLOCKS - 1);
	status = board_open(&s, &dev);
	if (status != EXIT_DONE)
		return status;
	if (!yes && !confirm("%s: lock OTP block %u for ever?", s.name, block))
		status = EXIT_USAGE;
	else if (dfu_otp_lock(dev, block, &err) < 0)
		status = report(s.name, &err);
	else
		status = lock_verdict(&s, block);
	dfu_close(dev);
	return status;
}

int cmd_otp(int argc, char **argv)
{
	if (strcmp(argv[0], "write") == 0)
		return write_file(argc - 1, argv + 1);
	if (strcmp(argv[0], "lock") == 0)
		return lock(argc - 1, argv + 1);
	return argc > 1 ? usage_error("otp show takes no arguments") : show();
}
