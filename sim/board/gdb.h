/*
 * GDB's remote serial protocol (GDB manual, appendix E) over bytes: packets in, packets
 * out. What is debugged stands behind struct gdb_target; the socket is gdbserver.c's.
 */
#ifndef BOARD_GDB_H
#define BOARD_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of target.xml */
enum gdb_reg {
	GDB_R0,
	GDB_SP = 13,
	GDB_LR,
	GDB_PC,
	GDB_XPSR,
	GDB_D0,
	GDB_FPSCR = GDB_D0 + 16,
	GDB_MSP,
	GDB_PSP,
	GDB_PRIMASK,
	GDB_BASEPRI,
	GDB_FAULTMASK,
	GDB_CONTROL,
	GDB_REGS
};

/* What is watched for, one bit or both */
#define GDB_WRITES 1u
#define GDB_READS  2u

enum gdb_stop { GDB_RUNS, GDB_STOPPED, GDB_LOCKED };

struct gdb_target {
	void *ctx;
	/* a double register is 64 bits wide, the others the lower 32 */
	uint64_t (*get)(void *ctx, enum gdb_reg reg);
	void (*set)(void *ctx, enum gdb_reg reg, uint64_t value);
	/* false: nothing answers at some address of it */
	bool (*peek)(void *ctx, uint32_t address, uint8_t *bytes, size_t len);
	bool (*poke)(void *ctx, uint32_t address, const uint8_t *bytes, size_t len);
	/* erases the sectors of address..address+len, or (`bytes`) programs them */
	bool (*flash)(void *ctx, uint32_t address, const uint8_t *bytes, size_t len);
	void (*halt)(void *ctx);
	void (*resume)(void *ctx);
	void (*step)(void *ctx);
	void (*reset)(void *ctx);
	/* false: there are no more */
	bool (*set_break)(void *ctx, uint32_t address, bool on);
	/* false: there are no more */
	bool (*set_watch)(void *ctx, uint32_t address, uint32_t len, unsigned kinds,
			  bool on);
	/* it has stopped for such an access: where, and the watch's kinds */
	bool (*watched)(void *ctx, uint32_t *address, unsigned *kinds);
	enum gdb_stop (*state)(void *ctx);
};

struct gdb;

/* A debugger has come: the target is halted. `target` is copied. NULL: no memory. */
struct gdb *gdb_new(const struct gdb_target *target);
/* It has gone: its breakpoints go, and the target runs on. */
void gdb_free(struct gdb *gdb);

/* What the debugger sent. False: it said good-bye. */
bool gdb_feed(struct gdb *gdb, const uint8_t *bytes, size_t len);
/* Tells it when the target has stopped by itself. */
void gdb_poll(struct gdb *gdb);

/* What is to be sent; gdb_sent() says how much of it was. */
const uint8_t *gdb_output(const struct gdb *gdb, size_t *len);
void gdb_sent(struct gdb *gdb, size_t len);

#endif
