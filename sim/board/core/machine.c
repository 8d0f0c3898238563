#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "flash.h"
#include "log.h"

/* What the vectors of the ROM are: a stack, and an address whose code is not here. */
#define ROM_STACK 0x20002D40u
#define ROM_START 0x1FFF0101u

#define ROM_STEP_NS 5000000 /* for an oscillator to come up */

struct machine {
	struct core core;
};

/* -- what the chip asks of its core ------------------------------------------------------ */

static void on_line(void *ctx, unsigned irq, bool high)
{
	nvic_line(ctx, irq, high);
}

static void on_nmi(void *ctx, bool high)
{
	struct core *core = ctx;

	if (high && !has(&core->nvic.level, EXC_NMI))
		nvic_pend(core, EXC_NMI);
	put(&core->nvic.level, EXC_NMI, high);
}

static void on_reset(void *ctx, enum mcu_reset why)
{
	struct core *core = ctx;

	core->reset_asked = true;
	core->why = why;
	core_attend(core);
}

static void on_event(void *ctx)
{
	struct core *core = ctx;

	core->event = true;
	core_attend(core);
}

static void on_changed(void *ctx, uint32_t address, uint32_t len)
{
	struct core *core = ctx;

	if (core->cpu)
		cpu_changed(core->cpu, address, len);
}

static void on_flash_busy(void *ctx, int64_t until_cycle)
{
	struct core *core = ctx;

	core->flash_busy_until = until_cycle;
	core_attend(core);
}

static void on_remap(void *ctx, unsigned mem_mode)
{
	struct core *core = ctx;

	if (core->cpu)
		cpu_remap(core->cpu, mem_mode);
	core_attend(core);
}

static uint32_t on_pc(void *ctx)
{
	struct core *core = ctx;

	return core->cpu ? cpu_get(core->cpu, CPU_PC) : 0;
}

/* -- power and reset ----------------------------------------------------------------------- */

/* RM0090 2.4: what the pins put at address 0 */
static unsigned boot_mode(unsigned boot_pins)
{
	static const unsigned modes[4] = { 0, 1, 0, 3 };

	return modes[boot_pins & 3];
}

static void write_rom(struct mcu *mcu)
{
	static const uint32_t vectors[2] = { ROM_STACK, ROM_START };

	memcpy(mcu_system(mcu), vectors, sizeof(vectors));
}

/* What RAM holds after its power was away is anybody's guess. */
static void scramble(struct mcu *mcu)
{
	for (size_t at = 0; at < MCU_SRAM_BYTES; at += 8)
		memcpy(mcu_sram(mcu) + at, &(uint64_t){ mcu_random(mcu) }, 8);
	for (size_t at = 0; at < MCU_CCM_BYTES; at += 8)
		memcpy(mcu_ccm(mcu) + at, &(uint64_t){ mcu_random(mcu) }, 8);
}

void machine_reset(struct machine *machine, enum mcu_reset why, unsigned boot_pins)
{
	struct core *core = &machine->core;

	core->state = CORE_RUNS;
	core->event = core->for_event = false;
	core->reset_asked = core->halted = core->in_rom = false;
	core->flash_busy_until = 0;
	cpu_forget_hit(core->cpu);
	scb_reset(core);
	systick_reset(core);
	debug_reset(core);
	cpu_reset(core->cpu);
	cpu_changed(core->cpu, FLASH_BASE, FLASH_BYTES);
	mcu_reset_periphs(core->mcu, why, boot_pins);
	cpu_remap(core->cpu, boot_mode(boot_pins));
	if (why == MCU_RESET_POWER || why == MCU_RESET_STANDBY) {
		scramble(core->mcu);
		cpu_changed(core->cpu, MCU_SRAM_BASE, MCU_SRAM_BYTES);
	}
	exception_start(core, 0);
}

/* Lets so much time go by without an instruction. */
static void pass(struct core *core, int64_t ns)
{
	core_advance(core, sched_cycle_at(core->sched, sched_ns(core->sched) + ns));
}

/*
 * AN2606, STM32F40xxx: for its USB it runs at 60 MHz from HSE, with the PLL's other output
 * at 48 MHz.
 */
void machine_enter_rom(struct machine *machine)
{
	static const struct {
		uint32_t address, value;
	} writes[] = {
		{ 0x40023800, 0x00010083 }, /* RCC_CR: HSEON, HSION */
		{ 0x40023804, 0x05413C08 }, /* PLLCFGR: HSE / 8 * 240, / 4, / 5 */
		{ 0x40023C00, 0x00000001 }, /* FLASH_ACR: one wait state */
		{ 0x40023800, 0x01010083 }, /* PLLON */
		{ 0x40023808, 0x00000002 }, /* RCC_CFGR: SW is the PLL */
		{ 0x40023830, 0x00100001 }, /* AHB1ENR: GPIOA, and the CCM of the reset */
		{ 0x40023834, 0x00000080 }, /* AHB2ENR: OTG_FS */
		{ 0x40023844, 0x00004000 }, /* APB2ENR: SYSCFG */
	};
	struct core *core = &machine->core;

	core->in_rom = true;
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		mcu_write(core->mcu, writes[i].address, 4, writes[i].value);
		pass(core, ROM_STEP_NS);
	}
}

void machine_jump(struct machine *machine, uint32_t vectors)
{
	struct core *core = &machine->core;

	core->in_rom = false;
	/* what the ROM programmed */
	cpu_changed(core->cpu, FLASH_BASE, FLASH_BYTES);
	cpu_reset(core->cpu);
	exception_start(core, vectors);
}

struct machine *machine_new(struct flash *flash, const uint32_t uid[3], uint64_t seed,
			    unsigned boot_pins, const char **why)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct core *core = &machine->core;
	const struct mcu_core ops = {
		.ctx = core,
		.line = on_line,
		.nmi = on_nmi,
		.reset = on_reset,
		.event = on_event,
		.flash_changed = on_changed,
		.flash_busy = on_flash_busy,
		.remap = on_remap,
		.wrote = on_changed,
		.pc = on_pc,
	};
	const struct cpu_bus bus = { core, access_load, access_store };

	*why = "no memory";
	if (!machine)
		return NULL;
	core->mcu = mcu_new(flash, uid, &ops);
	if (core->mcu) {
		core->sched = mcu_sched(core->mcu);
		core->cpu = cpu_new(core->mcu, flash_array(flash), &bus, why);
	}
	if (!core->cpu) {
		machine_free(machine);
		return NULL;
	}
	systick_init(core);
	mcu_seed(core->mcu, seed);
	write_rom(core->mcu);
	machine_reset(machine, MCU_RESET_POWER, boot_pins);
	return machine;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	cpu_free(machine->core.cpu);
	mcu_free(machine->core.mcu);
	free(machine);
}

struct mcu *machine_mcu(struct machine *machine)
{
	return machine->core.mcu;
}

/* -- the run ---------------------------------------------------------------------------------- */

void machine_run(struct machine *machine, int64_t until_ns)
{
	struct core *core = &machine->core;

	while (sched_ns(core->sched) < until_ns && !core->halted && !core->in_rom &&
	       !core->reset_asked) /* again, if the clocks were changed */
		core_run(core, sched_cycle_at(core->sched, until_ns));
}

enum machine_state machine_state(const struct machine *machine)
{
	const struct core *core = &machine->core;

	if (core->reset_asked)
		return MACHINE_RESETS;
	if (core->halted)
		return MACHINE_HALTED;
	if (core->in_rom)
		return MACHINE_IN_ROM;
	return core->state == CORE_LOCKED   ? MACHINE_LOCKED
	       : core->state == CORE_SLEEPS ? MACHINE_SLEEPS
					    : MACHINE_RUNS;
}

enum mcu_reset machine_reset_cause(const struct machine *machine)
{
	return machine->core.why;
}

int64_t machine_ns(const struct machine *machine)
{
	return sched_ns(machine->core.sched);
}

int64_t machine_cycles(const struct machine *machine)
{
	return machine->core.sched->cycle;
}

int64_t machine_idle_cycles(const struct machine *machine)
{
	return machine->core.idle_cycles;
}

int64_t machine_due_ns(struct machine *machine)
{
	struct core *core = &machine->core;
	int64_t due = sched_due(core->sched);

	if (core->halted || core->in_rom)
		return INT64_MAX;
	if (core->state == CORE_RUNS || core->reset_asked)
		return sched_ns(core->sched);
	/* from outside something has come that wakes it */
	if (core->state == CORE_SLEEPS && core->depth != MCU_STANDBY && nvic_wakes(core))
		return sched_ns(core->sched) + 1;
	return due == SCHED_NEVER ? INT64_MAX : sched_ns_at(core->sched, due);
}

/* -- for a debugger ------------------------------------------------------------------------------ */

void machine_debug(struct machine *machine, bool attached)
{
	machine->core.halting = attached;
	machine->core.halted = false;
	cpu_forget_hit(machine->core.cpu);
}

void machine_halt(struct machine *machine)
{
	machine->core.halted = true;
}

void machine_resume(struct machine *machine)
{
	if (machine->core.halted)
		core_step(&machine->core); /* past a breakpoint */
}

void machine_step(struct machine *machine)
{
	core_step(&machine->core);
	machine->core.halted = true;
}

void machine_break(struct machine *machine, uint32_t address, bool on)
{
	cpu_break(machine->core.cpu, address, on);
}

_Static_assert(MACHINE_WRITES == CPU_WRITES && MACHINE_READS == CPU_READS,
	       "they are handed on");

bool machine_watch(struct machine *machine, uint32_t address, uint32_t len,
		   unsigned kinds, bool on)
{
	return cpu_watch(machine->core.cpu, address, len, kinds, on);
}

bool machine_watched(const struct machine *machine, uint32_t *address, unsigned *kinds)
{
	struct cpu_hit hit = cpu_hit(machine->core.cpu);

	*address = hit.address;
	*kinds = hit.kinds;
	return machine->core.halted && hit.kinds;
}

bool machine_read(struct machine *machine, uint32_t address, unsigned bytes,
		  uint32_t *value)
{
	return access_peek(&machine->core, address, bytes, value);
}

bool machine_write(struct machine *machine, uint32_t address, unsigned bytes,
		   uint32_t value)
{
	return access_poke(&machine->core, address, bytes, value);
}

uint32_t machine_get(struct machine *machine, unsigned reg)
{
	return cpu_get(machine->core.cpu, reg);
}

void machine_set(struct machine *machine, unsigned reg, uint32_t value)
{
	cpu_set(machine->core.cpu, reg, value);
}

uint64_t machine_get_double(struct machine *machine, unsigned n)
{
	return cpu_get_double(machine->core.cpu, n);
}

void machine_set_double(struct machine *machine, unsigned n, uint64_t value)
{
	cpu_set_double(machine->core.cpu, n, value);
}
