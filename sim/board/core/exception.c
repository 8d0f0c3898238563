#include "core.h"

#define FRAME_BYTES 0x20u
#define FLOAT_BYTES 0x48u /* S0-S15, FPSCR, one word for alignment */
#define FRAME_FLOAT 0x20u /* where they begin */

#define XPSR_ALIGNED (1u << 9) /* in a frame: a word lies between */
#define XPSR_FRAME   0xFF0FFDFFu

#define EXC_RETURN       0xFFFFFFE1u
#define RETURN_BASIC     (1u << 4) /* no floating point in the frame */
#define RETURN_TO_THREAD (1u << 3)
#define RETURN_PSP       (1u << 2)

#define CCR_STKALIGN (1u << 9)
#define CCR_NONBASE  (1u << 0)
#define FPCCR_ASPEN  (1u << 31)
#define FPCCR_LSPEN  (1u << 30)
#define FPCCR_LSPACT (1u << 0)
#define SCR_ONEXIT   (1u << 1)

/* -- the frame ------------------------------------------------------------------------------ */

static bool write_words(struct core *core, uint32_t address, const uint32_t *words,
			unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!access_write_word(core, address + 4 * i, words[i]))
			return false;
	return true;
}

static bool read_words(struct core *core, uint32_t address, uint32_t *words,
		       unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!access_read_word(core, address + 4 * i, &words[i]))
			return false;
	return true;
}

static bool write_float(struct core *core, uint32_t address)
{
	uint32_t words[17];

	cpu_get_float(core->cpu, words);
	return write_words(core, address, words, 17);
}

/* B1.5.7 UpdateFPCCR: whether the fault handlers could have been taken is noted */
static void note_lazy(struct core *core, uint32_t frame)
{
	struct scb *scb = &core->scb;
	int running = nvic_running_priority(core, true);
	uint32_t flags = FPCCR_LSPACT;

	if (!cpu_privileged(core->cpu))
		flags |= 1u << 1;
	if (!cpu_handler(core->cpu))
		flags |= 1u << 3;
	if (running > -1)
		flags |= 1u << 4;        /* HFRDY */
	for (unsigned i = 0; i < 2; i++) /* MMRDY, BFRDY */
		if (has(&core->nvic.enabled, EXC_MEMMANAGE + i) &&
		    nvic_priority(core, EXC_MEMMANAGE + i) < running)
			flags |= 1u << (5 + i);
	scb->fpcar = (frame + FRAME_FLOAT) & ~7u;
	scb->fpccr = (scb->fpccr & (FPCCR_ASPEN | FPCCR_LSPEN)) | flags;
}

static bool float_in_use(struct core *core)
{
	return cpu_get(core->cpu, CPU_CONTROL) & CPU_CONTROL_FPCA;
}

/* PushStack(): false when memory did not take it; the stack pointer has moved all the same. */
static bool push_frame(struct core *core, bool floating)
{
	struct cpu *cpu = core->cpu;
	bool process = !cpu_handler(cpu) && cpu_get(cpu, CPU_CONTROL) & CPU_CONTROL_SPSEL;
	uint32_t bytes = FRAME_BYTES + (floating ? FLOAT_BYTES : 0);
	uint32_t sp = cpu_get(cpu, CPU_SP) & ~3u;
	bool align = floating || core->scb.ccr & CCR_STKALIGN;
	uint32_t odd = align && sp & 4 ? 4 : 0;
	uint32_t frame = sp - bytes - odd;
	uint32_t words[8];
	bool done;

	for (unsigned i = 0; i < 4; i++)
		words[i] = cpu_get(cpu, CPU_R0 + i);
	words[4] = cpu_get(cpu, CPU_R12);
	words[5] = cpu_get(cpu, CPU_LR);
	words[6] = cpu_get(cpu, CPU_PC);
	words[7] = (cpu_get(cpu, CPU_XPSR) & XPSR_FRAME) | (odd ? XPSR_ALIGNED : 0);
	cpu_set(cpu, process ? CPU_PSP : CPU_MSP, frame);
	done = write_words(core, frame, words, 8);
	if (floating && core->scb.fpccr & FPCCR_LSPEN)
		note_lazy(core, frame);
	else if (floating)
		done = done && scb_float(core) && write_float(core, frame + FRAME_FLOAT);
	return done;
}

void exception_save_float(struct core *core)
{
	if (!write_float(core, core->scb.fpcar)) {
		fault(core, CFSR_LSPERR);
		return;
	}
	core->scb.fpccr &= ~FPCCR_LSPACT;
}

/* -- entry -------------------------------------------------------------------------------------- */

static uint32_t return_code(struct core *core, bool floating)
{
	uint32_t code = EXC_RETURN | (floating ? 0 : RETURN_BASIC);

	if (cpu_handler(core->cpu))
		return code;
	code |= RETURN_TO_THREAD;
	if (cpu_get(core->cpu, CPU_CONTROL) & CPU_CONTROL_SPSEL)
		code |= RETURN_PSP;
	return code;
}

/* ExceptionTaken(): the frame is there already. */
static void take(struct core *core, enum exception exception, uint32_t code)
{
	struct cpu *cpu = core->cpu;
	uint32_t flags = cpu_get(cpu, CPU_XPSR) & 0xF80F0000;
	uint32_t vector;

	nvic_enter(core, exception);
	core->monitor_cleared = true;
	core->sched->cycle++; /* so that no chain of exceptions stops time */
	core->state = CORE_RUNS;
	core->event = true;
	cpu_set(cpu, CPU_XPSR, flags | CPU_XPSR_T | exception);
	cpu_set(cpu, CPU_CONTROL, cpu_get(cpu, CPU_CONTROL) & CPU_CONTROL_NPRIV);
	cpu_set(cpu, CPU_LR, code);
	if (!access_read_word(core, core->scb.vtor + 4 * exception, &vector)) {
		if (exception == EXC_HARDFAULT)
			fault_lock_up(core, "no vector for a HardFault");
		else
			fault_hard(core, HFSR_VECTTBL);
		return;
	}
	cpu_set(cpu, CPU_XPSR, flags | (vector & 1 ? CPU_XPSR_T : 0) | exception);
	cpu_set(cpu, CPU_PC, vector & ~1u);
}

/*
 * B1.5.10: the frame found no memory. That fault and what was to be taken are both
 * pending, as seen from where the processor comes from: the first of them is taken.
 */
static enum exception derived(struct core *core, enum exception exception)
{
	enum exception target;

	core->scb.cfsr |= CFSR_STKERR;
	target = fault_target(core, EXC_BUSFAULT);
	if (!target)
		return EXC_NONE;
	put(&core->nvic.pending, exception, true);
	put(&core->nvic.pending, target, true);
	return nvic_priority(core, target) < nvic_priority(core, exception) ||
			       (nvic_priority(core, target) ==
					nvic_priority(core, exception) &&
				target < exception)
		       ? target
		       : exception;
}

void exception_enter(struct core *core, enum exception exception)
{
	bool floating = float_in_use(core);
	uint32_t code = return_code(core, floating);

	if (!push_frame(core, floating))
		exception = derived(core, exception);
	if (exception)
		take(core, exception, code);
	else
		fault_lock_up(core, "no stack for a HardFault");
}

void exception_start(struct core *core, uint32_t vectors)
{
	struct cpu *cpu = core->cpu;
	uint32_t msp = 0, pc = 0;
	bool there = access_read_word(core, vectors, &msp) &&
		     access_read_word(core, vectors + 4, &pc);

	cpu_set(cpu, CPU_MSP, msp & ~3u);
	cpu_set(cpu, CPU_LR, 0xFFFFFFFF);
	cpu_set(cpu, CPU_XPSR, pc & 1 ? CPU_XPSR_T : 0);
	cpu_set(cpu, CPU_PC, pc & ~1u);
	if (!there)
		fault_lock_up(core, "no vectors to start from");
}

/* -- return --------------------------------------------------------------------------------------- */

/* What is wrong with it, if anything; B1.5.8 */
static bool valid_return(struct core *core, uint32_t code, enum exception leaving)
{
	unsigned active = nvic_active(core);

	if ((code & 0xFFFFFFE0) != 0xFFFFFFE0 || !has(&core->nvic.active, leaving))
		return false;
	switch (code & 0xF) {
	case 0x1:
		return active > 1;
	case 0x9:
	case 0xD:
		return active == 1 || core->scb.ccr & CCR_NONBASE;
	default:
		return false;
	}
}

static void deactivate(struct core *core, enum exception leaving)
{
	nvic_leave(core, leaving);
	if (leaving != EXC_NMI)
		cpu_set(core->cpu, CPU_FAULTMASK, 0);
}

/* PopStack() */
static bool pop_frame(struct core *core, uint32_t code, uint32_t words[8])
{
	struct cpu *cpu = core->cpu;
	bool process = code & RETURN_PSP, floating = !(code & RETURN_BASIC);
	uint32_t frame = cpu_get(cpu, process ? CPU_PSP : CPU_MSP);
	uint32_t sp = frame + FRAME_BYTES + (floating ? FLOAT_BYTES : 0);
	uint32_t registers[17];

	if (!read_words(core, frame, words, 8))
		return false;
	if (floating && core->scb.fpccr & FPCCR_LSPACT) {
		core->scb.fpccr &= ~FPCCR_LSPACT; /* they never left */
	} else if (floating) {
		if (!scb_float(core) ||
		    !read_words(core, frame + FRAME_FLOAT, registers, 17))
			return false;
		cpu_set_float(cpu, registers);
	}
	if (words[7] & XPSR_ALIGNED && (floating || core->scb.ccr & CCR_STKALIGN))
		sp |= 4;
	cpu_set(cpu, process ? CPU_PSP : CPU_MSP, sp);
	return true;
}

static void restore(struct core *core, uint32_t code, const uint32_t words[8])
{
	struct cpu *cpu = core->cpu;
	uint32_t control = cpu_get(cpu, CPU_CONTROL) & CPU_CONTROL_NPRIV;
	uint32_t xpsr = words[7] & XPSR_FRAME & ~XPSR_ALIGNED;

	for (unsigned i = 0; i < 4; i++)
		cpu_set(cpu, CPU_R0 + i, words[i]);
	cpu_set(cpu, CPU_R12, words[4]);
	cpu_set(cpu, CPU_LR, words[5]);
	if (!(code & RETURN_BASIC))
		control |= CPU_CONTROL_FPCA;
	if (code & RETURN_PSP)
		control |= CPU_CONTROL_SPSEL;
	cpu_set(cpu, CPU_XPSR, xpsr);
	cpu_set(cpu, CPU_CONTROL, control);
	cpu_set(cpu, CPU_PC, words[6] & ~1u);
}

/* B1.5.18 */
static void sleep_on_exit(struct core *core)
{
	if (core->scb.scr & SCR_ONEXIT && !cpu_handler(core->cpu) && !nvic_active(core)) {
		core->state = CORE_SLEEPS;
		core->for_event = false;
	}
}

/* The frame stays where it is: what failed is the way back. */
static void take_fault(struct core *core, enum exception exception, uint32_t code)
{
	enum exception target = fault_target(core, exception);

	if (target)
		take(core, target, code);
	else
		fault_lock_up(core, "a fault on the way out of a handler");
}

void exception_return(struct core *core, uint32_t code)
{
	enum exception leaving = cpu_get(core->cpu, CPU_XPSR) & CPU_XPSR_IPSR;
	bool valid = valid_return(core, code, leaving);
	bool to_handler = !(code & RETURN_TO_THREAD);
	enum exception next;
	uint32_t words[8];

	deactivate(core, leaving);
	if (!valid) {
		cpu_set(core->cpu, CPU_LR, 0xF0000000 | (code & 0x0FFFFFFF));
		core->scb.cfsr |= CFSR_INVPC;
		take_fault(core, EXC_USAGEFAULT, code | 0xF0000000);
		return;
	}
	next = nvic_next(core);
	if (next) { /* tail-chaining: the frame stays where it is */
		take(core, next, code);
		return;
	}
	if (!pop_frame(core, code, words)) {
		core->scb.cfsr |= CFSR_UNSTKERR;
		take_fault(core, EXC_BUSFAULT, code);
		return;
	}
	restore(core, code, words);
	core->event = true;
	core->monitor_cleared = true;
	if (cpu_handler(core->cpu) != to_handler) {
		fault(core, CFSR_INVPC);
		return;
	}
	sleep_on_exit(core);
}
