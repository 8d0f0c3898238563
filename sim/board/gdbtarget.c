#include "gdbtarget.h"

#include <string.h>

#include "core/cpu.h"
#include "core/machine.h"

static struct machine *machine_of(void *ctx)
{
	return board_machine(ctx);
}

/* -- registers ------------------------------------------------------------------------------- */

static const uint8_t reg_map[] = {
	[GDB_XPSR] = CPU_XPSR,
	[GDB_FPSCR] = CPU_FPSCR,
	[GDB_MSP] = CPU_MSP,
	[GDB_PSP] = CPU_PSP,
	[GDB_PRIMASK] = CPU_PRIMASK,
	[GDB_BASEPRI] = CPU_BASEPRI,
	[GDB_FAULTMASK] = CPU_FAULTMASK,
	[GDB_CONTROL] = CPU_CONTROL,
};

static bool is_double(enum gdb_reg reg)
{
	return reg >= GDB_D0 && reg < GDB_FPSCR;
}

/* R0 to PC have the same numbers on both sides. */
static unsigned cpu_reg_of(enum gdb_reg reg)
{
	return reg <= GDB_PC ? (unsigned)reg : reg_map[reg];
}

static uint64_t get(void *ctx, enum gdb_reg reg)
{
	struct machine *machine = machine_of(ctx);

	if (!machine)
		return 0;
	return is_double(reg) ? machine_get_double(machine, reg - GDB_D0)
			      : machine_get(machine, cpu_reg_of(reg));
}

static void set(void *ctx, enum gdb_reg reg, uint64_t value)
{
	struct machine *machine = machine_of(ctx);

	if (!machine)
		return;
	if (is_double(reg))
		machine_set_double(machine, reg - GDB_D0, value);
	else
		machine_set(machine, cpu_reg_of(reg), (uint32_t)value);
}

/* -- memory ------------------------------------------------------------------------------------- */

/* Words where the address lets it: registers of peripherals have no other size. */
static unsigned unit_at(uint32_t address, size_t left)
{
	return left >= 4 && !(address & 3) ? 4 : left >= 2 && !(address & 1) ? 2 : 1;
}

static bool peek(void *ctx, uint32_t address, uint8_t *bytes, size_t len)
{
	struct machine *machine = machine_of(ctx);
	unsigned unit;

	for (size_t at = 0; at < len; at += unit) {
		uint32_t value;

		unit = unit_at(address + (uint32_t)at, len - at);
		if (!machine ||
		    !machine_read(machine, address + (uint32_t)at, unit, &value))
			return false;
		memcpy(bytes + at, &value, unit); /* little endian, as every host here */
	}
	return true;
}

static bool poke(void *ctx, uint32_t address, const uint8_t *bytes, size_t len)
{
	struct machine *machine = machine_of(ctx);
	unsigned unit;

	for (size_t at = 0; at < len; at += unit) {
		uint32_t value = 0;

		unit = unit_at(address + (uint32_t)at, len - at);
		memcpy(&value, bytes + at, unit);
		if (!machine ||
		    !machine_write(machine, address + (uint32_t)at, unit, value))
			return false;
	}
	return true;
}

static void operate(struct board *board, const struct flash_op *op)
{
	struct mcu *mcu = machine_mcu(board_machine(board));

	flash_op_begin(mcu_flash(mcu), op);
	flash_op_finish(mcu_flash(mcu), op);
	mcu_flash_changed(mcu, FLASH_BASE, FLASH_BYTES);
}

/* As a probe does it, with the chip's own times left out. */
static bool flash(void *ctx, uint32_t address, const uint8_t *bytes, size_t len)
{
	static struct flash_op op;
	uint32_t end = address + (uint32_t)len;

	if (!machine_of(ctx) || len > FLASH_BYTES || address < FLASH_BASE ||
	    end > FLASH_BASE + FLASH_BYTES)
		return false;
	while (address < end) {
		int sector = flash_sector(address);

		op = (struct flash_op){ .kind = bytes ? FLASH_OP_PROGRAM : FLASH_OP_ERASE,
					.width = FLASH_X8,
					.address = address };
		if (bytes) {
			op.len = end - address < FLASH_OP_MAX ? end - address
							      : FLASH_OP_MAX;
			memcpy(op.data, bytes, op.len);
			bytes += op.len;
			address += op.len;
		} else {
			address = flash_sector_base(sector) + flash_sector_bytes(sector);
		}
		operate(ctx, &op);
	}
	return true;
}

/* -- running ----------------------------------------------------------------------------------- */

static void halt(void *ctx)
{
	if (machine_of(ctx))
		machine_halt(machine_of(ctx));
}

static void resume(void *ctx)
{
	if (machine_of(ctx))
		machine_resume(machine_of(ctx));
}

static void step(void *ctx)
{
	if (machine_of(ctx))
		machine_step(machine_of(ctx));
}

static void reset(void *ctx)
{
	board_reset(ctx);
	gdbtarget_attach(ctx, true);
}

static bool set_break(void *ctx, uint32_t address, bool on)
{
	if (!machine_of(ctx))
		return false;
	machine_break(machine_of(ctx), address, on);
	return true;
}

_Static_assert(GDB_WRITES == MACHINE_WRITES && GDB_READS == MACHINE_READS,
	       "they are handed on");

static bool set_watch(void *ctx, uint32_t address, uint32_t len, unsigned kinds, bool on)
{
	return machine_of(ctx) && machine_watch(machine_of(ctx), address, len, kinds, on);
}

static bool watched(void *ctx, uint32_t *address, unsigned *kinds)
{
	return machine_of(ctx) && machine_watched(machine_of(ctx), address, kinds);
}

static enum gdb_stop state(void *ctx)
{
	enum machine_state now =
		machine_of(ctx) ? machine_state(machine_of(ctx)) : MACHINE_IN_ROM;

	return now == MACHINE_HALTED   ? GDB_STOPPED
	       : now == MACHINE_LOCKED ? GDB_LOCKED
				       : GDB_RUNS;
}

void gdbtarget_attach(struct board *board, bool attached)
{
	if (board_machine(board))
		machine_debug(board_machine(board), attached);
}

struct gdb_target gdbtarget(struct board *board)
{
	return (struct gdb_target){
		.ctx = board,
		.get = get,
		.set = set,
		.peek = peek,
		.poke = poke,
		.flash = flash,
		.halt = halt,
		.resume = resume,
		.step = step,
		.reset = reset,
		.set_break = set_break,
		.set_watch = set_watch,
		.watched = watched,
		.state = state,
	};
}
