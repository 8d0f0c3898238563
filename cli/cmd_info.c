#include "boards.h"
#include "commands.h"
#include "json.h"
#include "provision_journal.h"
#include "slots.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct opt info_options[] = { { 0 } };

/* What could be read; under read protection only the descriptors are. */
struct facts {
	const struct sight *sight;
	const struct dfu_board *board;
	bool protected;
	struct dfu_options *options;
	struct dfu_otp otp;
	struct slot_facts slots[2];
};

static int read_slots(struct dfu_dev *dev, struct facts *f, struct dfu_error *err)
{
	static const uint32_t addr[] = { SLOT_A_ADDR, SLOT_B_ADDR };
	uint8_t *content = malloc(2 * SLOT_BYTES);
	const char *serial =
		provision_serial_fits(f->board->serial) ? f->board->serial : NULL;
	int rc = content ? 0 : DFU_ERR_NOMEM;

	for (unsigned i = 0; rc == 0 && i < 2; i++)
		rc = dfu_read(dev, addr[i], content + i * SLOT_BYTES, SLOT_BYTES, err);
	if (rc == 0)
		slots_look(content, content + SLOT_BYTES, serial, f->slots);
	if (content)
		explicit_bzero(content, 2 * SLOT_BYTES);
	free(content);
	return rc;
}

static int read_facts(struct dfu_dev *dev, struct facts *f, struct dfu_error *err)
{
	int rc = dfu_options_read(dev, &f->options, err);

	if (rc == 0)
		rc = dfu_otp_read(dev, &f->otp, err);
	if (rc == 0)
		rc = read_slots(dev, f, err);
	if (rc != DFU_ERR_PROTECTED)
		return rc;
	f->protected = true;
	return 0;
}

static void count_otp(const struct dfu_otp *otp, unsigned *used, unsigned *locked)
{
	*used = *locked = 0;
	for (unsigned i = 0; i < DFU_OTP_BLOCKS; i++) {
		unsigned k = 0;

		while (k < DFU_OTP_BLOCK_BYTES && otp->data[i][k] == 0xff)
			k++;
		*used += k < DFU_OTP_BLOCK_BYTES;
		*locked += otp->lock[i] != 0xff;
	}
}

/* "4 x 16K, 1 x 64K, 7 x 128K at 0x08000000" */
static void layout_words(const struct dfu_layout *l, char *to, size_t bytes)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < l->n_regions && at < bytes; i++) {
		const struct dfu_region *r = &l->regions[i];
		bool kib = r->sector_bytes % 1024 == 0;

		at += (size_t)snprintf(to + at, bytes - at, "%s%u x %u%s", i ? ", " : "",
				       r->sectors,
				       kib ? r->sector_bytes / 1024 : r->sector_bytes,
				       kib ? "K" : " bytes");
	}
	if (at < bytes && l->n_regions)
		snprintf(to + at, bytes - at, " at 0x%08x", l->regions[0].addr);
}

__attribute__((format(printf, 2, 3))) static void line(const char *name, const char *fmt,
						       ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out("%-18s %s\n", name, clean(text));
}

static void print_memory(const struct facts *f)
{
	unsigned used, locked;
	const char *name;
	char text[32], slot[600];

	for (size_t i = 0;
	     (name = dfu_options_field(i)) != NULL && strcmp(name, "nwrp0") != 0; i++) {
		dfu_options_get(f->options, name, text, sizeof(text), NULL, NULL);
		line(i ? "" : "option bytes", "%s %s", name, text);
	}
	count_otp(&f->otp, &used, &locked);
	line("OTP", "%u of %u blocks used, %u locked", used, DFU_OTP_BLOCKS, locked);
	for (unsigned i = 0; i < 2; i++) {
		slot_words(&f->slots[i], slot, sizeof(slot));
		line(i ? "" : "credential slots", "%c %s", "AB"[i], slot);
	}
}

static int print_text(const struct facts *f)
{
	const struct dfu_board *b = f->board;
	char text[200];

	line("board", "%s", f->sight->name);
	line("serial", "%s", b->serial);
	line("usb", "%04x:%04x at %s", b->idVendor, b->idProduct, b->path);
	line("bootloader", "%s, protocol %x.%x, %u bytes a transfer", b->product,
	     b->bcdDevice >> 12, b->bcdDevice >> 8 & 15, b->wTransferSize);
	for (unsigned i = 0; i < b->n_alts; i++) {
		if (!b->alts[i].has_layout)
			continue;
		layout_words(&b->alts[i].layout, text, sizeof(text));
		line(i ? "" : "memory", "%s: %s", b->alts[i].layout.name, text);
	}
	if (f->protected)
		line("read protection",
		     "on (RDP level 1): nothing else can be read; "
		     "`stmiot option unprotect --yes` lifts it and erases all flash");
	else
		print_memory(f);
	return EXIT_DONE;
}

static void add_memory(struct json *j, const struct facts *f)
{
	struct json *options = json_object(), *otp = json_object(),
		    *slots = json_object();
	struct json *records = json_array();
	unsigned used, locked;
	const char *name;
	uint32_t number;
	char text[32];

	for (size_t i = 0; (name = dfu_options_field(i)) != NULL; i++) {
		dfu_options_get(f->options, name, text, sizeof(text), &number, NULL);
		json_add_number(options, name, number);
	}
	count_otp(&f->otp, &used, &locked);
	json_add_number(otp, "blocks", DFU_OTP_BLOCKS);
	json_add_number(otp, "used", used);
	json_add_number(otp, "locked", locked);
	json_add_text(slots, "a", slot_state_words(f->slots[0].state));
	json_add_text(slots, "b", slot_state_words(f->slots[1].state));
	json_add(records, NULL, slot_json(&f->slots[0], 'A'));
	json_add(records, NULL, slot_json(&f->slots[1], 'B'));
	json_add(j, "options", options);
	json_add(j, "otp", otp);
	json_add(j, "slots", slots);
	json_add(j, "credentials", records);
}

static int print_json(const struct facts *f)
{
	const struct dfu_board *b = f->board;
	struct json *j = json_object(), *memory = json_array();

	json_add_text(j, "board", f->sight->name);
	json_add_text(j, "serial", b->serial);
	json_add_text(j, "path", b->path);
	json_add_format(j, "vid", "%04x", b->idVendor);
	json_add_format(j, "pid", "%04x", b->idProduct);
	json_add_format(j, "bcdDevice", "%04x", b->bcdDevice);
	json_add_text(j, "product", b->product);
	json_add_number(j, "wTransferSize", b->wTransferSize);
	for (unsigned i = 0; i < b->n_alts; i++)
		json_add_text(memory, NULL, b->alts[i].name);
	json_add(j, "memory", memory);
	json_add_bool(j, "read_protected", f->protected);
	if (!f->protected) {
		add_memory(j, f);
	} else {
		json_add_text(j, "options", NULL);
		json_add_text(j, "otp", NULL);
		json_add_text(j, "slots", NULL);
	}
	return json_print(j);
}

int cmd_info(int argc, char **argv)
{
	struct facts f = { 0 };
	struct dfu_error err;
	struct dfu_dev *dev;
	struct sight sight;
	int status;

	if (argc)
		return usage_error("info takes no arguments, and has \"%s\"",
				   clean(argv[0]));
	status = board_open(&sight, &dev);
	if (status != EXIT_DONE)
		return status;
	f.sight = &sight;
	f.board = dfu_board(dev);
	if (read_facts(dev, &f, &err) < 0)
		status = report(sight.name, &err);
	else
		status = globals.json ? print_json(&f) : print_text(&f);
	dfu_options_free(f.options);
	explicit_bzero(&f.otp, sizeof(f.otp));
	dfu_close(dev);
	return status;
}
