#include "commands.h"
#include "json.h"
#include "slots.h"
#include "working.h"

#include <stdlib.h>
#include <string.h>

static bool chip, yes, overwrite;

const struct opt erase_options[] = {
	{ OPT_FLAG, 0, "chip", NULL, "all of the flash", &chip, NULL, NULL },
	{ OPT_FLAG, 'y', "yes", NULL, "do not ask", &yes, NULL, NULL },
	{ OPT_FLAG, 0, "overwrite-credentials", NULL, "also the credential slots",
	  &overwrite, NULL, NULL },
	{ 0 },
};

/* Does the slot hold a credential record? Negative on error. */
static int has_record(struct dfu_dev *dev, uint32_t addr, struct dfu_error *err)
{
	uint8_t *content = malloc(SLOT_BYTES);
	int rc;

	if (!content)
		return DFU_ERR_NOMEM;
	rc = dfu_read(dev, addr, content, SLOT_BYTES, err);
	if (rc == 0)
		rc = slot_holds_record(content);
	explicit_bzero(content, SLOT_BYTES);
	free(content);
	return rc;
}

/* Everything but the slots with a record; by one mass erase when there is none. */
static int erase_chip(struct dfu_dev *dev, struct dfu_error *err)
{
	static const uint32_t slots[] = { SLOT_A_ADDR, SLOT_B_ADDR };
	const struct dfu_layout *layout = &dfu_board(dev)->alts[0].layout;
	uint32_t from = layout->regions[0].addr;
	uint32_t end = from + (uint32_t)dfu_layout_bytes(layout);
	unsigned kept = 0;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && !overwrite && i < 2; i++) {
		rc = has_record(dev, slots[i], err);
		if (rc <= 0)
			continue;
		kept++;
		note("keeping the credential record at 0x%08x", slots[i]);
		rc = slots[i] > from
			     ? dfu_erase(dev, from, slots[i] - from, NULL, NULL, err)
			     : 0;
		from = slots[i] + SLOT_BYTES;
	}
	if (rc < 0)
		return rc;
	rc = kept ? dfu_erase(dev, from, end - from, NULL, NULL, err)
		  : dfu_erase_chip(dev, err);
	/* What a flash that was cut off had kept is not wanted back any more. */
	if (rc == 0)
		rc = dfu_journal_forget(board_journal_dir(), dfu_board(dev), err);
	return rc;
}

static int print_verdict(const struct sight *s)
{
	struct json *j;

	if (!globals.json) {
		out("%s: erased\n", s->name);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "board", s->name);
	json_add_bool(j, "erased", true);
	return json_print(j);
}

struct range {
	uint32_t addr, len;
};

static int erase_range(struct dfu_dev *dev, void *ctx, struct dfu_error *err)
{
	const struct range *r = ctx;

	if (chip)
		return erase_chip(dev, err);
	return dfu_erase(dev, r->addr, r->len, slot_guard, &overwrite, err);
}

static int erase(struct range *r)
{
	struct sight sight;
	int status = board_select(&sight);

	if (status != EXIT_DONE)
		return status;
	if (!yes &&
	    !confirm("erase %s of %s?", chip ? "all flash" : "these sectors", sight.name))
		return EXIT_USAGE;
	status = work_on(&sight, erase_range, r);
	return status == EXIT_DONE ? print_verdict(&sight) : status;
}

int cmd_erase(int argc, char **argv)
{
	struct range r = { 0 };

	if (argc != (chip ? 0 : 2))
		return usage_error("erase takes an address and a length, or --chip");
	if (!chip && (!parse_number(argv[0], &r.addr) || !parse_number(argv[1], &r.len)))
		return usage_error("\"%s %s\" is not an address and a length",
				   clean(argv[0]), clean(argv[1]));
	return erase(&r);
}
