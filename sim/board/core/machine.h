/*
 * The chip with its processor: what a board powers, resets and runs. Its time begins with
 * power, and stands still unless machine_run() moves it.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu.h"

struct machine;

enum machine_state {
	MACHINE_RUNS,
	MACHINE_SLEEPS, /* WFI, WFE, Stop */
	MACHINE_LOCKED, /* a fault in a fault handler */
	MACHINE_HALTED, /* for a debugger */
	MACHINE_IN_ROM, /* it has jumped into the system memory */
	MACHINE_RESETS, /* it waits for machine_reset() */
};

/*
 * With power just on, and reset with those pins (BOOT1:BOOT0). `flash` has to outlive it.
 * What is left to chance follows from `seed`. NULL: `why` has the words.
 */
struct machine *machine_new(struct flash *flash, const uint32_t uid[3], uint64_t seed,
			    unsigned boot_pins, const char **why);
void machine_free(struct machine *machine);

struct mcu *machine_mcu(struct machine *machine);

void machine_reset(struct machine *machine, enum mcu_reset why, unsigned boot_pins);
/* The ROM takes over: clocks as it wants them. The processor stands still. */
void machine_enter_rom(struct machine *machine);
/* A jump to the vectors at an address, as the ROM makes it: no reset. */
void machine_jump(struct machine *machine, uint32_t vectors);

/*
 * Runs until that time, at the end of the instructions' block, or until it comes to one
 * of the last three states.
 */
void machine_run(struct machine *machine, int64_t until_ns);
enum machine_state machine_state(const struct machine *machine);
/* Of MACHINE_RESETS: why. */
enum mcu_reset machine_reset_cause(const struct machine *machine);
/* When something happens by itself; the present time while instructions run. */
int64_t machine_due_ns(struct machine *machine);
int64_t machine_ns(const struct machine *machine);
/* Instructions and idle cycles since power on */
int64_t machine_cycles(const struct machine *machine);
/* Those of them in which no instruction was executed */
int64_t machine_idle_cycles(const struct machine *machine);

/* -- for a debugger --------------------------------------------------------------------- */

/* With it, breakpoints and BKPT halt. */
void machine_debug(struct machine *machine, bool attached);
void machine_halt(struct machine *machine);
void machine_resume(struct machine *machine);
void machine_step(struct machine *machine);
void machine_break(struct machine *machine, uint32_t address, bool on);
/*
 * With a debugger, an access to address..address+len halts the processor in front of the
 * instruction that makes it, which is where GDB expects an ARM to halt, and goes on with
 * it; an exception's frame halts in front of its handler. The DMA is not watched. `kinds`
 * are MACHINE_WRITES, MACHINE_READS or both. As long as there is one everything takes many
 * times as long. False: there are too many, or none such to be taken off.
 */
#define MACHINE_WRITES 1u
#define MACHINE_READS  2u
bool machine_watch(struct machine *machine, uint32_t address, uint32_t len,
		   unsigned kinds, bool on);
/* It halts for such an access: the first watched address of it, and the watch's kinds. */
bool machine_watched(const struct machine *machine, uint32_t *address, unsigned *kinds);
/* Memory as a debugger sees it: nothing that a read does besides; False: nothing there. */
bool machine_read(struct machine *machine, uint32_t address, unsigned bytes,
		  uint32_t *value);
/* Flash is not written this way. */
bool machine_write(struct machine *machine, uint32_t address, unsigned bytes,
		   uint32_t value);
/* `reg` is one of enum cpu_reg */
uint32_t machine_get(struct machine *machine, unsigned reg);
void machine_set(struct machine *machine, unsigned reg, uint32_t value);
/* D0 to D15, two words of S0 to S31 each */
uint64_t machine_get_double(struct machine *machine, unsigned n);
void machine_set_double(struct machine *machine, unsigned n, uint64_t value);

#endif
