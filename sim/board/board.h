/*
 * The chip on its board: power, reset, the boot pins, and what runs after them. It is a
 * USB device while the ROM runs.
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "core/machine.h"
#include "faults.h"
#include "parts/discovery.h"
#include "rom.h"
#include "store.h"
#include "usb.h"

enum board_mode { BOARD_OFF, BOARD_ROM, BOARD_RUNNING };

struct board_counters {
	uint64_t transfers;
	uint64_t requests[DFU_REQUESTS]; /* by bRequest */
	uint64_t stalls;
	uint64_t set_address;
	uint64_t erases;
	uint64_t mass_erases;
	uint64_t option_writes;
	uint64_t programmed_bytes;
	uint64_t bus_ns;
	uint64_t erase_ns;
	uint64_t program_ns;
};

struct board_view {
	struct chip chip;
	char serial[13];
	bool power;
	enum board_mode mode;
	bool attached; /* a host has it */
	bool jumped;   /* `jumped_to` says where to */
	uint32_t jumped_to;
	struct rom_view rom;
	int rdp;
	unsigned nwrp;
	uint64_t total_ns; /* all the time the board was at work */
	struct board_counters counters;
	/* of the chip, since power on */
	enum machine_state state;
	uint32_t pc;
	int64_t cycles, virtual_ns;
	double mips; /* instructions in a microsecond of the host's, while it runs */
};

struct board;

/*
 * A board with the state of `store` (NULL: a new one that forgets), powered. `clock` and
 * `store` have to outlive it. What is left to chance on it follows from `seed`, and is
 * something else each time that it gets power. NULL: store_error() has the words, or there
 * is no memory.
 */
struct board *board_new(struct store *store, struct clock *clock, const struct chip *chip,
			uint32_t seed);
/* Takes the power away; an operation of the flash that runs is cut short. */
void board_free(struct board *board);

void board_power(struct board *board, bool on);
void board_reset(struct board *board);
void board_boot0(struct board *board, bool on);

/* Does what is due; board_due_ns() says when that is, CLOCK_NEVER included. */
void board_run(struct board *board);
int64_t board_due_ns(const struct board *board);

/* The chip, and what is soldered to it; NULL without power. */
struct machine *board_machine(struct board *board);
struct discovery *board_discovery(struct board *board);
/* `powered` is told of the chip now, and at each change of the power; NULL: there is none. */
void board_on_power(struct board *board, void (*powered)(void *ctx, struct mcu *mcu),
		    void *ctx);

struct faults *board_faults(struct board *board);
void board_clear_counters(struct board *board);
void board_look(const struct board *board, struct board_view *view);
const char *board_mode_name(enum board_mode mode);
const char *board_state_name(const struct board_view *view);

/* The server of the device says whether a host has it. */
void board_set_attached(struct board *board, bool attached);
struct usb_device board_usb(struct board *board);

#endif
