#include "board.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "operation.h"
#include "pace.h"
#include "usbdev.h"
#include "view.h"

struct board {
	struct store *store;
	struct clock *clock;
	struct chip chip;
	uint32_t seed;
	uint32_t powers; /* how often it has been given power */
	struct flash *flash;
	struct machine *machine; /* while there is power, as the next */
	struct discovery *parts;
	void (*powered)(void *ctx, struct mcu *mcu);
	void *powered_ctx;
	struct pace pace;
	struct rom *rom;
	struct usbdev usb;
	struct faults faults;

	bool power;
	bool attached;
	enum board_mode mode;
	unsigned resets; /* that the chip asked for itself, since power on */
	unsigned plugs;  /* how often it has appeared on the bus */
	bool jumped;
	uint32_t jumped_to;

	int64_t free_ns; /* the end of all that was begun */
	struct operation operation;

	uint64_t total_ns;
	struct board_counters counters;
};

/* -- the end of an operation ------------------------------------------------------- */

static void spend(struct board *board, uint64_t *counter, int64_t ns)
{
	*counter += (uint64_t)ns;
	board->total_ns += (uint64_t)ns;
}

static void spend_operation(struct board *board, int64_t ns)
{
	bool program = board->operation.op.kind == FLASH_OP_PROGRAM;

	spend(board, program ? &board->counters.program_ns : &board->counters.erase_ns,
	      ns);
}

static void cut_operation(struct board *board, double done)
{
	if (!operation_runs(&board->operation))
		return;
	log_event("power or reset in the middle of a flash operation, %.0f %% of it done",
		  done * 100);
	spend_operation(board, (int64_t)(done * (double)operation_ns(&board->operation)));
	operation_stop(&board->operation, board->flash, done);
}

static void stop_operation(struct board *board)
{
	cut_operation(board, operation_done(&board->operation, clock_now(board->clock)));
}

static void reset(struct board *board, enum mcu_reset why);

static void finish_operation(struct board *board)
{
	enum flash_op_kind kind = board->operation.op.kind;

	spend_operation(board, operation_ns(&board->operation));
	operation_finish(&board->operation, board->flash);
	if (kind == FLASH_OP_PROGRAM)
		board->counters.programmed_bytes += board->operation.op.len;
	rom_operated(board->rom);
	/* the F4's ROM resets the chip to load new option bytes (AN3156 5.5) */
	if (kind == FLASH_OP_OPTIONS || kind == FLASH_OP_UNPROTECT) {
		log_event("option bytes written: RDP level %d, nWRP 0x%03x",
			  flash_rdp(board->flash), flash_nwrp(board->flash));
		reset(board, MCU_RESET_OPTIONS);
	}
}

/* -- boot -------------------------------------------------------------------------- */

#define BOOT0_PIN 1u

/* RM0090 3.7.3: at read protection level 2 the chip boots from flash only */
static unsigned boot_pins(const struct board *board)
{
	return board->chip.boot0 && flash_rdp(board->flash) != 2 ? BOOT0_PIN : 0;
}

static void run_from(struct board *board, uint32_t vectors)
{
	board->mode = BOARD_RUNNING;
	board->jumped = true;
	board->jumped_to = vectors;
	pace_start(&board->pace, board->clock, board->machine);
}

static void enter_rom(struct board *board)
{
	machine_enter_rom(board->machine);
	rom_reset(board->rom);
	usbdev_reset(&board->usb);
	board->mode = BOARD_ROM;
	board->plugs++;
	log_event("ROM bootloader starts");
}

/* The chip has been reset. */
static void boot(struct board *board, unsigned pins)
{
	board->jumped = false;
	board->operation.cut = false;
	board->free_ns = clock_now(board->clock);
	if (pins) {
		enter_rom(board);
		return;
	}
	run_from(board, FLASH_BASE);
	if (!board->resets)
		log_event("boots from flash");
}

static void restart(struct board *board, enum mcu_reset why)
{
	unsigned pins = boot_pins(board);

	machine_reset(board->machine, why, pins);
	boot(board, pins);
}

static void reset(struct board *board, enum mcu_reset why)
{
	stop_operation(board);
	board->resets = 0;
	log_event("system reset");
	restart(board, why);
}

void board_reset(struct board *board)
{
	if (board->power)
		reset(board, MCU_RESET_PIN);
}

static void tell_power(struct board *board)
{
	if (board->powered)
		board->powered(board->powered_ctx,
			       board->machine ? machine_mcu(board->machine) : NULL);
}

void board_on_power(struct board *board, void (*powered)(void *ctx, struct mcu *mcu),
		    void *ctx)
{
	board->powered = powered;
	board->powered_ctx = ctx;
	tell_power(board);
}

static void drop_machine(struct board *board)
{
	struct machine *machine = board->machine;

	board->machine = NULL;
	tell_power(board);
	discovery_free(board->parts);
	board->parts = NULL;
	machine_free(machine);
}

static bool make_machine(struct board *board, const char **why)
{
	uint64_t chance = (uint64_t)board->powers++ << 32 | board->seed;

	board->machine =
		machine_new(board->flash, board->chip.uid, chance, boot_pins(board), why);
	if (!board->machine)
		return false;
	board->parts = discovery_new(machine_mcu(board->machine));
	if (!board->parts) {
		*why = "no memory";
		drop_machine(board);
		return false;
	}
	board->pace = (struct pace){ 0 };
	tell_power(board);
	return true;
}

static void power_off(struct board *board)
{
	drop_machine(board);
	board->power = false;
	board->mode = BOARD_OFF;
	board->jumped = false;
	log_event("power off");
}

void board_power(struct board *board, bool on)
{
	const char *why;

	if (on == board->power)
		return;
	if (!on) {
		stop_operation(board);
		power_off(board);
		return;
	}
	if (!make_machine(board, &why)) {
		log_event("no power: %s", why);
		return;
	}
	board->power = true;
	board->resets = 0;
	log_event("power on, BOOT0 %s", board->chip.boot0 ? "high" : "low");
	boot(board, boot_pins(board));
}

static void power_fault(struct board *board, const struct fault *fault)
{
	bool stay = fault->stay;

	log_event("fault: %s", fault_name(fault->kind));
	power_off(board);
	if (!stay)
		board_power(board, true);
}

void board_boot0(struct board *board, bool on)
{
	board->chip.boot0 = on;
	if (board->store)
		store_save_chip(board->store, &board->chip);
	log_event("BOOT0 %s", on ? "high" : "low");
}

static bool in(uint32_t word, uint32_t base, uint32_t bytes)
{
	return word >= base && word - base <= bytes;
}

static uint32_t word_at(const struct flash *flash, uint32_t address)
{
	uint8_t b[4] = { 0 };

	if (!flash_read(flash, address, b, sizeof(b)))
		return 0;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

/*
 * AN3156 5.7: not a reset but a jump. Clocks, the USB core and SYSCFG_MEMRMP stay as the
 * ROM had them, for whatever runs next to cope with. Without code there: a system reset.
 */
static void leave(struct board *board)
{
	uint32_t pointer = rom_look(board->rom).pointer;
	uint32_t msp = word_at(board->flash, pointer);
	uint32_t pc = word_at(board->flash, pointer + 4);
	bool stack = in(msp, 0x20000000, 0x20000) || in(msp, 0x10000000, 0x10000);

	if (!stack || !(pc & 1) || flash_sector(pc & ~1u) < 0) {
		log_event("leave: no code at 0x%08" PRIx32, pointer);
		reset(board, MCU_RESET_SOFTWARE);
		return;
	}
	log_event("leave: jumps to 0x%08" PRIx32, pointer);
	machine_jump(board->machine, pointer);
	run_from(board, pointer);
}

/* -- the run of time --------------------------------------------------------------- */

static void count_operation(struct board *board)
{
	if (board->operation.op.kind == FLASH_OP_ERASE)
		board->counters.erases++;
	else if (board->operation.op.kind == FLASH_OP_OPTIONS)
		board->counters.option_writes++;
	else if (operation_erases(&board->operation))
		board->counters.mass_erases++;
}

static void start_operation(struct board *board, int64_t at_ns)
{
	count_operation(board);
	operation_start(&board->operation, board->flash, &board->faults, at_ns);
	board->free_ns = board->operation.end_ns;
}

int64_t board_due_ns(const struct board *board)
{
	return board->mode == BOARD_RUNNING ? pace_due_ns(&board->pace, board->machine)
					    : operation_due_ns(&board->operation);
}

static void run_until(struct board *board, int64_t now_ns)
{
	struct operation *operation = &board->operation;

	if (operation_due_ns(operation) > now_ns)
		return;
	if (!operation->cut) {
		finish_operation(board);
		return;
	}
	operation->cut = false;
	cut_operation(board, operation->fault.fraction);
	power_fault(board, &operation->fault);
}

/* A firmware may do nothing else: its 1st, 2nd, 4th... reset is worth a line. */
static void reset_itself(struct board *board)
{
	static const char *const causes[] = {
		[MCU_RESET_SOFTWARE] = "by software",
		[MCU_RESET_IWDG] = "by the independent watchdog",
		[MCU_RESET_WWDG] = "by the window watchdog",
		[MCU_RESET_LOW_POWER] = "for a low-power mode that is forbidden",
		[MCU_RESET_OPTIONS] = "to load new option bytes",
		[MCU_RESET_STANDBY] = "out of Standby",
		[MCU_RESET_POWER] = "by its supply",
		[MCU_RESET_PIN] = "by its pin",
	};
	enum mcu_reset why = machine_reset_cause(board->machine);
	unsigned n = ++board->resets;

	if ((n & (n - 1)) == 0)
		log_event("resets itself %s, %u since power on", causes[why], n);
	restart(board, why);
}

static void run_machine(struct board *board)
{
	pace_run(&board->pace, board->machine);
	if (machine_state(board->machine) == MACHINE_RESETS)
		reset_itself(board);
	else if (machine_state(board->machine) == MACHINE_IN_ROM)
		enter_rom(board);
}

void board_run(struct board *board)
{
	if (board->mode == BOARD_RUNNING)
		run_machine(board);
	else
		run_until(board, clock_now(board->clock));
}

/* -- the USB device ---------------------------------------------------------------- */

static unsigned plugged(void *ctx)
{
	const struct board *board = ctx;

	return board->mode == BOARD_ROM ? board->plugs : 0;
}

static void ident(void *ctx, struct usb_ident *ident)
{
	const struct board *board = ctx;

	usbdev_ident(&board->usb, ident);
}

/* The ROM keeps its DFU state: nothing but a reset is known to clear it. */
static void attached(void *ctx)
{
	struct board *board = ctx;

	usbdev_reset(&board->usb);
}

static int64_t ready_ns(void *ctx)
{
	const struct board *board = ctx;

	return board->free_ns;
}

static void count_request(struct board *board, const struct usb_setup *setup,
			  const uint8_t *data)
{
	board->counters.transfers++;
	if ((setup->bmRequestType & USB_TYPE_MASK) != USB_TYPE_CLASS ||
	    setup->bRequest >= DFU_REQUESTS)
		return;
	board->counters.requests[setup->bRequest]++;
	if (setup->bRequest == DFU_DNLOAD && setup->wValue == 0 && setup->wLength == 5 &&
	    data[0] == 0x21)
		board->counters.set_address++;
}

static int control(void *ctx, const struct usb_setup *setup, uint8_t *data,
		   int64_t start_ns, int64_t *end_ns)
{
	struct board *board = ctx;
	unsigned plugs = board->plugs;
	struct fault fault;
	int64_t bus_ns;
	int n;

	run_until(board, start_ns);
	if (board->mode != BOARD_ROM || board->plugs != plugs)
		return USB_GONE;
	count_request(board, setup, data);
	fault = faults_transfer(&board->faults);
	if (fault.kind == FAULT_POWER || fault.kind == FAULT_DISCONNECT) {
		power_fault(board, &fault);
		return USB_GONE;
	}
	if (fault.kind != FAULT_NONE)
		log_event("fault: %s", fault_name(fault.kind));
	if (fault.kind == FAULT_TIMEOUT)
		return USB_SILENT;
	n = fault.kind == FAULT_STALL ? USB_STALL
				      : usbdev_control(&board->usb, setup, data);
	if (n == USB_STALL)
		board->counters.stalls++;
	bus_ns = usb_bus_ns(setup, n);
	spend(board, &board->counters.bus_ns, bus_ns);
	*end_ns = start_ns + bus_ns;
	board->free_ns = *end_ns;
	return n;
}

static void control_done(void *ctx, int64_t end_ns)
{
	struct board *board = ctx;

	if (board->mode != BOARD_ROM)
		return;
	switch (rom_sent(board->rom, &board->operation.op)) {
	case ROM_OPERATE:
		start_operation(board, end_ns);
		break;
	case ROM_LEAVE:
		leave(board);
		break;
	case ROM_WAIT:
		break;
	}
}

struct usb_device board_usb(struct board *board)
{
	static const struct usb_device_ops ops = {
		.plugged = plugged,
		.ident = ident,
		.attached = attached,
		.ready_ns = ready_ns,
		.control = control,
		.control_done = control_done,
	};

	return (struct usb_device){ &ops, board };
}

/* -- the rest ---------------------------------------------------------------------- */

struct board *board_new(struct store *store, struct clock *clock, const struct chip *chip,
			uint32_t seed)
{
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->store = store;
	board->clock = clock;
	board->chip = *chip;
	board->seed = seed;
	board->flash = flash_open(store);
	board->rom = board->flash ? rom_new(board->flash, &board->faults) : NULL;
	if (!board->rom) {
		flash_close(board->flash);
		free(board);
		return NULL;
	}
	board->usb.rom = board->rom;
	usbdesc_init(&board->usb.desc, chip->rev, chip->uid);
	board_power(board, true);
	if (!board->power) {
		board_free(board);
		return NULL;
	}
	return board;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	stop_operation(board);
	drop_machine(board);
	rom_free(board->rom);
	flash_close(board->flash);
	free(board);
}

struct machine *board_machine(struct board *board)
{
	return board->machine;
}

struct discovery *board_discovery(struct board *board)
{
	return board->parts;
}

struct faults *board_faults(struct board *board)
{
	return &board->faults;
}

void board_clear_counters(struct board *board)
{
	memset(&board->counters, 0, sizeof(board->counters));
}

void board_set_attached(struct board *board, bool attached_now)
{
	board->attached = attached_now;
}

void board_look(const struct board *board, struct board_view *view)
{
	memset(view, 0, sizeof(*view));
	view->chip = board->chip;
	memcpy(view->serial, board->usb.desc.serial, sizeof(view->serial));
	view->power = board->power;
	view->mode = board->mode;
	view->attached = board->attached;
	view->jumped = board->jumped;
	view->jumped_to = board->jumped_to;
	view->rom = rom_look(board->rom);
	view->rdp = flash_rdp(board->flash);
	view->nwrp = flash_nwrp(board->flash);
	view->total_ns = board->total_ns;
	view->counters = board->counters;
	if (board->machine)
		view_machine(view, board->machine, &board->pace);
}
