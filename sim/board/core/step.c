#include "core.h"

#include <stddef.h>

#include "periph/pwr.h"
#include "thumb.h"

#define SLEEPDEEP   (1u << 2)  /* SCR */
#define DIV_0_TRP   (1u << 4)  /* CCR */
#define LSPACT      (1u << 0)  /* FPCCR */
#define ASPEN       (1u << 31) /* FPCCR */
#define FPDSCR_BITS 0x07C00000u
#define XPSR_IT     0x0600FC00u

#define XN_DEVICES 0x40000000u /* B3.1: peripherals, and the private bus */
#define XN_RAM     0x60000000u
#define XN_SYSTEM  0xE0000000u

void core_advance(struct core *core, int64_t cycle)
{
	struct sched *sched = core->sched;
	int64_t due;

	/* the processor may be ahead of what is due: nobody has seen that time yet */
	while ((due = sched_due(sched)) <= cycle) {
		sched->cycle = due > core->seen ? due : core->seen;
		sched_run(sched);
	}
	sched->cycle = core->seen = cycle;
}

void core_attend(struct core *core)
{
	if (core->cpu) /* peripherals are made, and reset, before it is */
		cpu_stop(core->cpu);
}

static unsigned traps(struct core *core);
static void stopped(struct core *core, enum cpu_why why);

/* -- sleep -------------------------------------------------------------------------------------- */

/* WFI or WFE: as deep as SCR and the PWR say. */
static void fall_asleep(struct core *core, bool for_event)
{
	core->state = CORE_SLEEPS;
	core->for_event = for_event;
	core->depth = core->scb.scr & SLEEPDEEP ? pwr_deep_sleep(core->mcu) : MCU_SLEEP;
}

static void wake(struct core *core)
{
	if (core->for_event)
		core->event = false;
	if (core->depth == MCU_STOP)
		pwr_wake(core->mcu);
	core->state = CORE_RUNS;
}

static bool awake(struct core *core)
{
	if (core->state == CORE_RUNS)
		return true;
	/* Standby ends with a reset only */
	if (core->state == CORE_LOCKED || core->depth == MCU_STANDBY)
		return false;
	if (!nvic_wakes(core) && !(core->for_event && core->event))
		return false;
	wake(core);
	return true;
}

/* -- why the processor stopped ------------------------------------------------------------------ */

static void wait_for_event(struct core *core)
{
	core->event |= cpu_event(core->cpu);
	if (core->event)
		core->event = false;
	else
		fall_asleep(core, true);
}

static void fetch_failed(struct core *core)
{
	uint32_t pc = cpu_get(core->cpu, CPU_PC);

	if ((pc >= XN_DEVICES && pc < XN_RAM) || pc >= XN_SYSTEM)
		fault(core, CFSR_IACCVIOL);
	else
		fault(core, CFSR_IBUSERR);
}

static void access_refused(struct core *core)
{
	if (core->bad_alignment) {
		fault(core, CFSR_UNALIGNED);
		return;
	}
	core->scb.bfar = core->bad_address;
	fault(core, CFSR_PRECISERR | CFSR_BFARVALID);
}

/* B1.5.7 ExecuteFPCheck() */
static bool new_context(struct core *core)
{
	return core->scb.fpccr & ASPEN &&
	       !(cpu_get(core->cpu, CPU_CONTROL) & CPU_CONTROL_FPCA);
}

static void before_float(struct core *core)
{
	struct cpu *cpu = core->cpu;

	if (!scb_float(core)) {
		fault(core, CFSR_NOCP);
		return;
	}
	if (core->scb.fpccr & LSPACT)
		exception_save_float(core);
	if (core->scb.fpccr & LSPACT || !new_context(core))
		return;
	cpu_set(cpu, CPU_FPSCR,
		(cpu_get(cpu, CPU_FPSCR) & ~FPDSCR_BITS) | core->scb.fpdscr);
	cpu_set(cpu, CPU_CONTROL, cpu_get(cpu, CPU_CONTROL) | CPU_CONTROL_FPCA);
}

static void divide(struct core *core)
{
	unsigned divisor = cpu_divisor(core->cpu);

	if (cpu_get(core->cpu, CPU_R0 + divisor) == 0)
		fault(core, CFSR_DIVBYZERO);
	else
		stopped(core, cpu_step(core->cpu));
}

/*
 * B1.5.6 and 8: exceptions and the return from them clear the monitor, so that the next
 * STREX does not store. The library knows nothing of exceptions. Under an IT it is left
 * with the choice.
 */
static void store_exclusive(struct core *core, unsigned told)
{
	struct cpu *cpu = core->cpu;

	if (cpu_get(cpu, CPU_XPSR) & XPSR_IT) {
		core->monitor_cleared = false;
		return;
	}
	cpu_set(cpu, CPU_R0 + told, 1);
	cpu_set(cpu, CPU_PC, cpu_get(cpu, CPU_PC) + 4);
	core->sched->cycle++;
}

/* True: the block opens the monitor before it stores. */
static bool loads_exclusive(struct core *core, unsigned traits, uint32_t at)
{
	if (!(traits & CPU_EXCLUSIVE) ||
	    thumb_store_exclusive(cpu_instruction(core->cpu, at)) >= 0)
		return false;
	core->monitor_cleared = false;
	return true;
}

/*
 * The next block holds an instruction that needs more than the library does. What is
 * before it in the block is run first, so that it stands at the program counter.
 */
static void trapped(struct core *core)
{
	unsigned traits;
	uint32_t at;

	traits = cpu_find(core->cpu, traps(core) & ~CPU_MASKS, &at);
	if (!traits)
		stopped(core, cpu_step(core->cpu));
	else if (loads_exclusive(core, traits, at))
		return;
	else if (at != cpu_get(core->cpu, CPU_PC))
		stopped(core, cpu_run_to(core->cpu, at));
	else if (traits & CPU_BREAK)
		core->halted = true;
	else if (traits & CPU_FLOAT)
		before_float(core);
	else if (traits & CPU_EXCLUSIVE)
		store_exclusive(core, (unsigned)thumb_store_exclusive(
					      cpu_instruction(core->cpu, at)));
	else
		divide(core);
}

static unsigned traps(struct core *core)
{
	const struct scb *scb = &core->scb;
	unsigned set = core->halting ? CPU_BREAK : 0;

	/* behind MSR CONTROL another context may begin, or none */
	if (nvic_masked(core) || scb->fpdscr || !(scb->fpccr & ASPEN))
		set |= CPU_MASKS;
	if (core->monitor_cleared)
		set |= CPU_EXCLUSIVE;
	if (scb->ccr & DIV_0_TRP)
		set |= CPU_DIVIDE;
	if (!scb_float(core) || scb->fpccr & LSPACT || (scb->fpdscr && new_context(core)))
		set |= CPU_FLOAT;
	return set;
}

static void watched(struct core *core)
{
	if (core->halting)
		core->halted = true;
	else
		stopped(core, cpu_pass(core->cpu));
}

/* The system memory holds nothing but vectors: whoever comes there wants the ROM. */
static void undefined(struct core *core)
{
	if (cpu_get(core->cpu, CPU_PC) - MCU_SYSTEM_BASE < MCU_SYSTEM_BYTES)
		core->in_rom = true;
	else
		fault(core, CFSR_UNDEFINSTR);
}

static void stopped(struct core *core, enum cpu_why why)
{
	switch (why) {
	case CPU_DUE:
		break;
	case CPU_TRAP:
		trapped(core);
		break;
	case CPU_WFI:
		fall_asleep(core, false);
		break;
	case CPU_WFE:
		wait_for_event(core);
		break;
	case CPU_SVC:
		fault_synchronous(core, EXC_SVCALL);
		break;
	case CPU_BKPT:
		fault_bkpt(core);
		break;
	case CPU_UNDEFINED:
		undefined(core);
		break;
	case CPU_NOCP:
		fault(core, CFSR_NOCP);
		break;
	case CPU_INVSTATE:
		fault(core, CFSR_INVSTATE);
		break;
	case CPU_LEFT:
		if (cpu_handler(core->cpu))
			exception_return(core, cpu_get(core->cpu, CPU_PC) | 1);
		else
			fetch_failed(core);
		break;
	case CPU_FETCH:
		fetch_failed(core);
		break;
	case CPU_REFUSED:
		access_refused(core);
		break;
	case CPU_WATCHED:
		watched(core);
		break;
	}
}

/* -- the run --------------------------------------------------------------------------------------- */

/* RM0090 3.5: the bus to the flash waits, and the processor with it. */
static bool stalled(struct core *core)
{
	uint32_t pc = cpu_get(core->cpu, CPU_PC);

	return core->flash_busy_until > core->sched->cycle &&
	       !(pc - MCU_SRAM_BASE < MCU_SRAM_BYTES);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void after_block(struct core *core)
{
	if (cpu_event(core->cpu))
		core->event = true;
	if (cpu_base_written(core->cpu))
		cpu_set(core->cpu, CPU_BASEPRI, cpu_get(core->cpu, CPU_BASEPRI) & 0xF0);
}

/* No instruction is executed until then. */
static void idle(struct core *core, int64_t until)
{
	if (until > core->sched->cycle)
		core->idle_cycles += until - core->sched->cycle;
	core_advance(core, until);
}

/* False: time has gone by instead. */
static bool ready(struct core *core, int64_t until)
{
	enum exception next;
	int64_t due = earlier(sched_due(core->sched), until);

	if (!awake(core)) {
		idle(core, due);
		return false;
	}
	next = nvic_next(core);
	if (next)
		exception_enter(core, next);
	if (core->halted) /* its frame was watched for */
		return false;
	if (!stalled(core))
		return true;
	idle(core, earlier(core->flash_busy_until, due));
	return false;
}

static bool goes_on(const struct core *core, int64_t until)
{
	return core->sched->cycle < until && !core->reset_asked && !core->halted &&
	       !core->in_rom;
}

void core_run(struct core *core, int64_t until)
{
	while (goes_on(core, until)) {
		core_advance(core, core->sched->cycle);
		/* what was due may have been a reset */
		if (!goes_on(core, until) || !ready(core, until))
			continue;
		cpu_trap(core->cpu, traps(core));
		cpu_strict(core->cpu, core->scb.ccr & CCR_UNALIGN_TRP);
		cpu_keep_float(core->cpu, !(core->scb.fpccr & ASPEN));
		stopped(core, cpu_run(core->cpu, earlier(sched_due(core->sched), until)));
		after_block(core);
	}
}

void core_step(struct core *core)
{
	struct cpu_hit hit = cpu_hit(core->cpu);

	core_advance(core, core->sched->cycle);
	core->halted = false;
	cpu_forget_hit(core->cpu);
	if (core->reset_asked || !ready(core, core->sched->cycle + 1))
		return;
	cpu_trap(core->cpu, traps(core) & ~CPU_BREAK);
	/* the debugger has been told of this one */
	if (hit.kinds && hit.pc == cpu_get(core->cpu, CPU_PC))
		stopped(core, cpu_pass(core->cpu));
	else
		stopped(core, cpu_step(core->cpu));
	after_block(core);
}
