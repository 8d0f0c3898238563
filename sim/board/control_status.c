/* What is told of the board: {"do":"status"} and {"do":"leds"}. */
#include "control.h"

#include <inttypes.h>
#include <stdio.h>

#include "request.h"
#include "serial.h"

static void put_faults(struct cJSON *to, const struct faults *faults)
{
	struct cJSON *list = put_list(to, "faults");

	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->armed[i];
		struct cJSON *item = put_item(list);

		put_text(item, "kind", fault_name(fault->kind));
		if (fault->at)
			put_number(item, "at", fault->at);
		if (fault->erase)
			put_number(item, "erase", fault->erase);
		if (fault->kind == FAULT_POWER)
			put_number(item, "fraction", fault->fraction);
		if (fault->kind == FAULT_FLIP) {
			put_hex(item, "address", 8, fault->address);
			put_number(item, "bit", fault->bit);
			put_number(item, "times", fault->times);
		}
		if (fault->stay)
			put_bool(item, "stay", true);
	}
}

static void put_counters(struct cJSON *to, const struct board_counters *counters)
{
	static const char *const names[DFU_REQUESTS] = {
		"detach",    "dnload",   "upload", "getstatus",
		"clrstatus", "getstate", "abort",
	};
	struct cJSON *list = put_object(to, "counters");

	put_number(list, "transfers", (double)counters->transfers);
	for (int i = 0; i < DFU_REQUESTS; i++)
		put_number(list, names[i], (double)counters->requests[i]);
	put_number(list, "stalls", (double)counters->stalls);
	put_number(list, "set_address", (double)counters->set_address);
	put_number(list, "erases", (double)counters->erases);
	put_number(list, "mass_erases", (double)counters->mass_erases);
	put_number(list, "option_writes", (double)counters->option_writes);
	put_number(list, "programmed_bytes", (double)counters->programmed_bytes);
	put_number(list, "bus_us", (double)(counters->bus_ns / 1000));
	put_number(list, "erase_us", (double)(counters->erase_ns / 1000));
	put_number(list, "program_us", (double)(counters->program_ns / 1000));
}

static void put_chip(struct cJSON *to, const struct board_view *view)
{
	char uid[25], rev[5];

	snprintf(uid, sizeof(uid), "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
		 view->chip.uid[0], view->chip.uid[1], view->chip.uid[2]);
	snprintf(rev, sizeof(rev), "%04x", view->chip.rev & 0xFFFF);
	put_text(to, "serial", view->serial);
	put_text(to, "uid", uid);
	put_text(to, "rev", rev);
}

static void put_rom(struct cJSON *to, const struct board_view *view)
{
	if (view->jumped)
		put_hex(to, "jumped_to", 8, view->jumped_to);
	else
		put_text(to, "jumped_to", NULL);
	put_text(to, "dfu_state", rom_state_name(view->rom.state));
	put_text(to, "dfu_status", rom_status_name(view->rom.status));
	put_hex(to, "pointer", 8, view->rom.pointer);
	put_number(to, "device_feature", view->rom.feature);
	put_number(to, "rdp", view->rdp);
	put_hex(to, "nwrp", 4, view->nwrp);
}

/* Every one of them was logged, too. */
static void put_unmodelled(struct cJSON *to, struct board *board)
{
	struct machine *machine = board_machine(board);
	struct cJSON *list = put_list(to, "unmodelled");
	struct mcu_unmodelled seen[MCU_UNMODELLED_MAX];
	size_t count = 0;

	if (machine)
		count = mcu_unmodelled(machine_mcu(machine), seen, MCU_UNMODELLED_MAX);
	for (size_t i = 0; i < count; i++) {
		struct cJSON *item = put_item(list);
		char name[32];

		mcu_register_name(seen[i].row, seen[i].address - seen[i].row->base, name,
				  sizeof(name));
		put_text(item, "register", name);
		put_hex(item, "address", 8, seen[i].address);
		put_hex(item, "pc", 8, seen[i].pc);
		put_number(item, "count", (double)seen[i].count);
	}
}

static void put_ports(struct cJSON *to, const struct serial *serial)
{
	struct cJSON *list = put_list(to, "ports");
	struct serial_view view;

	for (size_t i = 0; serial && serial_look(serial, i, &view); i++) {
		struct cJSON *item = put_item(list);

		put_text(item, "port", view.port);
		put_text(item, "kind", view.kind);
		put_text(item, "path", view.path);
	}
}

static void put_machine(struct cJSON *to, const struct board_view *view)
{
	put_text(to, "state", board_state_name(view));
	if (view->mode == BOARD_RUNNING)
		put_hex(to, "pc", 8, view->pc);
	else
		put_text(to, "pc", NULL);
	put_number(to, "cycles", (double)view->cycles);
	put_number(to, "virtual_us", (double)(view->virtual_ns / 1000));
	put_number(to, "mips", view->mips);
}

bool control_status(struct control *control, struct request *request)
{
	struct cJSON *to = request->answer;
	struct board_view view;

	board_look(control->board, &view);
	put_text(to, "name", control->name);
	put_chip(to, &view);
	put_text(to, "usbip", control->usbip);
	if (control->gdb_port)
		put_number(to, "gdb", control->gdb_port);
	put_text(to, "time", control->time == CLOCK_REAL ? "real" : "none");
	put_bool(to, "power", view.power);
	put_bool(to, "boot0", view.chip.boot0);
	put_text(to, "mode", board_mode_name(view.mode));
	put_bool(to, "attached", view.attached);
	put_rom(to, &view);
	put_faults(to, board_faults(control->board));
	put_counters(to, &view.counters);
	put_number(to, "board_us", (double)(view.total_ns / 1000));
	put_machine(to, &view);
	put_unmodelled(to, control->board);
	put_ports(to, control->serial);
	put_text(to, "version", STMIOT_VERSION);
	return true;
}

bool control_leds(struct control *control, struct request *request)
{
	const struct discovery *parts = board_discovery(control->board);
	struct cJSON *list = put_list(request->answer, "leds");
	struct board_view view;

	board_look(control->board, &view);
	for (unsigned i = 0; i < DISCOVERY_LEDS; i++) {
		const struct discovery_led *led = &discovery_leds[i];
		double brightness = parts ? discovery_brightness(parts, i) : 0;
		struct cJSON *item = put_item(list);
		char pin[8];

		snprintf(pin, sizeof(pin), "P%c%u", 'A' + led->pin / 16, led->pin % 16);
		put_text(item, "name", led->name);
		put_text(item, "colour", led->colour);
		put_text(item, "pin", pin);
		put_bool(item, "on", brightness > 0);
		put_number(item, "brightness", brightness);
		put_number(item, "changes",
			   parts ? (double)discovery_changes(parts, i) : 0);
	}
	put_bool(request->answer, "pressed", parts && discovery_pressed(parts));
	put_bool(request->answer, "power", view.power);
	put_bool(request->answer, "boot0", view.chip.boot0);
	put_text(request->answer, "mode", board_mode_name(view.mode));
	put_text(request->answer, "state", board_state_name(&view));
	return true;
}
