#include "boards.h"
#include "commands.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

const struct opt list_options[] = { { 0 } };

static struct json *region_json(const struct dfu_region *r)
{
	struct json *j = json_object();

	json_add_format(j, "address", "0x%08x", r->addr);
	json_add_number(j, "sectors", r->sectors);
	json_add_number(j, "sector_bytes", r->sector_bytes);
	json_add_bool(j, "readable", r->type & DFU_READABLE);
	json_add_bool(j, "erasable", r->type & DFU_ERASABLE);
	json_add_bool(j, "writeable", r->type & DFU_WRITEABLE);
	return j;
}

static struct json *alts_json(const struct dfu_board *b)
{
	struct json *list = json_array();

	for (unsigned i = 0; i < b->n_alts; i++) {
		const struct dfu_alt *a = &b->alts[i];
		struct json *j = json_object(), *regions = json_array();

		json_add_number(j, "alt", i);
		json_add_text(j, "string", a->name);
		json_add_text(j, "name", a->has_layout ? a->layout.name : NULL);
		for (size_t k = 0; a->has_layout && k < a->layout.n_regions; k++)
			json_add(regions, NULL, region_json(&a->layout.regions[k]));
		json_add(j, "regions", regions);
		json_add(list, NULL, j);
	}
	return list;
}

static const char *access_word(enum dfu_access access)
{
	static const char *const words[] = { "ok", "denied", "busy", "failed" };

	return words[access];
}

/* A virtual board that is off the bus has no ids yet. */
static void add_id(struct json *j, const char *key, bool known, uint16_t id)
{
	if (known)
		json_add_format(j, key, "%04x", id);
	else
		json_add_text(j, key, NULL);
}

static struct json *board_json(const struct sight *s)
{
	const struct dfu_board *b = &s->board;
	struct json *j = json_object();

	json_add_text(j, "selector", s->name);
	json_add_text(j, "serial", b->serial[0] ? b->serial : NULL);
	json_add_text(j, "path", b->path[0] ? b->path : NULL);
	add_id(j, "vid", b->idVendor, b->idVendor);
	add_id(j, "pid", b->idVendor, b->idProduct);
	add_id(j, "bcdDevice", b->idVendor, b->bcdDevice);
	json_add_text(j, "mode", s->mode);
	json_add_text(j, "product", b->product[0] ? b->product : NULL);
	json_add_text(j, "node", b->node[0] ? b->node : NULL);
	json_add_text(j, "usbip", s->usbip[0] ? s->usbip : NULL);
	json_add_text(j, "access", access_word(b->access));
	json_add_text(j, "why", b->why[0] ? b->why : NULL);
	json_add(j, "alternates", alts_json(b));
	return j;
}

static int print_json(const struct sight *all, size_t n)
{
	struct json *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(list, NULL, board_json(&all[i]));
	return json_print(list);
}

static void print_table(const struct sight *all, size_t n)
{
	static const char *const heads[] = { "BOARD", "SERIAL", "MODE", "MEMORY" };
	struct table *t = table_new(4, heads);

	for (size_t i = 0; i < n; i++) {
		char memory[96];

		table_row(t, (const char *const[]){
				     all[i].name, all[i].board.serial, all[i].mode,
				     board_layout_summary(&all[i].board, memory,
							  sizeof(memory)) });
	}
	table_print(t);
}

/* What keeps us from a board is said behind the table, with the line that mends it. */
static void explain(const struct sight *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].board.access == DFU_ACCESS_DENIED)
			complain("%s: %s\n`sudo stmiot udev install` mends that",
				 all[i].name, clean(all[i].board.why));
		else if (all[i].board.why[0])
			debug("%s: %s", all[i].name, clean(all[i].board.why));
}

int cmd_list(int argc, char **argv)
{
	struct sight *all = NULL;
	size_t n = 0;
	int status;

	if (argc)
		return usage_error("list takes no arguments, and has \"%s\"",
				   clean(argv[0]));
	status = globals.boards.n ? boards_find_meant(&all, &n) : boards_find(&all, &n);
	if (status == EXIT_DONE && globals.json)
		status = print_json(all, n);
	else if (status == EXIT_DONE && n)
		print_table(all, n);
	else if (status == EXIT_DONE)
		note("no board is in sight; `stmiot doctor` finds what is wrong, "
		     "`stmiot sim up` starts a virtual one");
	if (status == EXIT_DONE)
		explain(all, n);
	free(all);
	return status;
}
