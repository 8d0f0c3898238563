/*
 * The Cortex-M4's parts as they know one another (ARMv7-M, DDI 0403): the NVIC, the
 * system control block, SysTick, the debug units, and the exception model between them.
 * machine.h is for the rest of the board.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "cpu.h"
#include "mcu.h"

/* B1.5.2 */
enum exception {
	EXC_NONE,
	EXC_RESET,
	EXC_NMI,
	EXC_HARDFAULT,
	EXC_MEMMANAGE,
	EXC_BUSFAULT,
	EXC_USAGEFAULT,
	EXC_SVCALL = 11,
	EXC_DEBUG,
	EXC_PENDSV = 14,
	EXC_SYSTICK,
	EXC_IRQ,
	EXCEPTIONS = EXC_IRQ + MCU_IRQS
};

#define PRIORITY_LOWEST 256 /* of Thread mode without masks */

/* A set of exceptions: most are never there, and looking for one must be quick. */
struct exceptions {
	uint64_t words[(EXCEPTIONS + 63) / 64];
};

static inline bool has(const struct exceptions *set, unsigned exception)
{
	return set->words[exception / 64] >> exception % 64 & 1;
}

static inline void put(struct exceptions *set, unsigned exception, bool in)
{
	uint64_t bit = (uint64_t)1 << exception % 64;

	if (in)
		set->words[exception / 64] |= bit;
	else
		set->words[exception / 64] &= ~bit;
}

struct nvic {
	uint8_t priority[EXCEPTIONS]; /* the upper four bits are there */
	struct exceptions enabled, pending, active;
	struct exceptions level; /* the line is high */
};

struct scb {
	uint32_t vtor, prigroup, scr, ccr;
	uint32_t cfsr, hfsr, dfsr, mmfar, bfar;
	uint32_t cpacr, fpccr, fpcar, fpdscr;
	uint32_t actlr;
};

struct systick {
	struct sched_event zero; /* the counter gets there */
	uint32_t ctrl, load;
	uint32_t value; /* at `since` */
	int64_t since;
	bool passed; /* COUNTFLAG */
};

/* Registers that keep what is written and do nothing. */
struct debug {
	uint32_t demcr, dcrdr;
	uint32_t dwt_ctrl;
	int64_t cyccnt_since; /* CYCCNT was zero then, if it counts */
	uint32_t cyccnt;      /* if it does not */
	uint32_t dwt[32], fpb[10], itm_ter, itm_tpr, itm_tcr, tpiu[4];
	uint32_t mpu_ctrl, mpu_rnr, mpu_rbar[8], mpu_rasr[8];
	bool mpu_told; /* that it does nothing */
};

enum core_state { CORE_RUNS, CORE_SLEEPS, CORE_LOCKED };

struct core {
	struct mcu *mcu;
	struct sched *sched;
	struct cpu *cpu;
	struct nvic nvic;
	struct scb scb;
	struct systick systick;
	struct debug debug;

	enum core_state state;
	enum mcu_sleep depth; /* while it sleeps */
	bool for_event;       /* it sleeps in WFE */
	bool event;           /* the event register */
	bool monitor_cleared; /* by an exception, since the last LDREX */
	bool reset_asked;
	enum mcu_reset why;
	int64_t flash_busy_until;
	int64_t idle_cycles;
	int64_t seen; /* the latest time that anybody has been told */
	bool in_rom;  /* it came to the system memory, whose code is not ours */

	int64_t accessed; /* the time of the last access beyond the RAMs */
	/* the access that was refused */
	uint32_t bad_address;
	bool bad_write, bad_alignment;

	bool halting; /* a debugger is there: BKPT and breakpoints stop */
	bool halted;
};

/* -- nvic.c ------------------------------------------------------------------------------- */

/* The priority of what runs (B1.5.4); `masks`: PRIMASK, FAULTMASK, BASEPRI count. */
int nvic_running_priority(struct core *core, bool masks);
int nvic_priority(const struct core *core, enum exception exception);
/* Of what is pending and enabled; EXC_NONE. */
enum exception nvic_first(const struct core *core);
/* What is to be taken now, EXC_NONE: nothing. */
enum exception nvic_next(struct core *core);
/* Something is pending that would be taken if PRIMASK were clear: it ends WFI. */
bool nvic_wakes(struct core *core);
/* Something is pending that waits for the masks alone. */
bool nvic_masked(struct core *core);
void nvic_pend(struct core *core, enum exception exception);
void nvic_line(struct core *core, unsigned irq, bool high);
void nvic_enter(struct core *core, enum exception exception);
void nvic_leave(struct core *core, enum exception exception);
unsigned nvic_active(const struct core *core); /* how many */
uint32_t nvic_read(struct core *core, uint32_t offset);
void nvic_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);

/* -- the private peripheral bus: offsets of 0xE0000000 ------------------------------------- */

/* False: nothing answers, or not to the unprivileged. */
bool ppb_read(struct core *core, uint32_t offset, unsigned bytes, uint32_t *value);
bool ppb_write(struct core *core, uint32_t offset, unsigned bytes, uint32_t value);

/* The same for a debugger, who may. */
bool ppb_peek(struct core *core, uint32_t offset, unsigned bytes, uint32_t *value);
bool ppb_poke(struct core *core, uint32_t offset, unsigned bytes, uint32_t value);

void scb_reset(struct core *core);
uint32_t scb_read(struct core *core, uint32_t offset);
void scb_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);
bool scb_float(struct core *core); /* CPACR lets the present code use the FPU */

void systick_init(struct core *core);
void systick_reset(struct core *core);
uint32_t systick_read(struct core *core, uint32_t offset);
void systick_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);

void debug_reset(struct core *core);
uint32_t debug_read(struct core *core, uint32_t offset);
void debug_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);
uint32_t mpu_read(struct core *core, uint32_t offset);
void mpu_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);

/* -- exception.c ------------------------------------------------------------------------------ */

/* Pushes a frame and goes to the handler (B1.5.6). */
void exception_enter(struct core *core, enum exception exception);
/* A branch to EXC_RETURN in Handler mode (B1.5.8). */
void exception_return(struct core *core, uint32_t exc_return);
/* The FPU's registers go to where FPCAR says (B1.5.7). */
void exception_save_float(struct core *core);
/* MSP and PC from the vector table at `vectors`. */
void exception_start(struct core *core, uint32_t vectors);

/* -- fault.c ------------------------------------------------------------------------------------ */

#define CCR_UNALIGN_TRP (1u << 3)
#define CCR_BFHFNMIGN   (1u << 8)
#define CFSR_IACCVIOL   (1u << 0)
#define CFSR_IBUSERR    (1u << 8)
#define CFSR_PRECISERR  (1u << 9)
#define CFSR_UNSTKERR   (1u << 11)
#define CFSR_STKERR     (1u << 12)
#define CFSR_LSPERR     (1u << 13)
#define CFSR_BFARVALID  (1u << 15)
#define CFSR_UNDEFINSTR (1u << 16)
#define CFSR_INVSTATE   (1u << 17)
#define CFSR_INVPC      (1u << 18)
#define CFSR_NOCP       (1u << 19)
#define CFSR_UNALIGNED  (1u << 24)
#define CFSR_DIVBYZERO  (1u << 25)
#define HFSR_VECTTBL    (1u << 1)
#define HFSR_FORCED     (1u << 30)
#define HFSR_DEBUGEVT   (1u << 31)

/* The fault that `cfsr` stands for is taken, as HardFault if need be, or the core locks up. */
void fault(struct core *core, uint32_t cfsr);
void fault_hard(struct core *core, uint32_t hfsr);
/* As an instruction's: SVC; of too low a priority it is a HardFault (B1.5.3). */
void fault_synchronous(struct core *core, enum exception exception);
void fault_bkpt(struct core *core);
void fault_lock_up(struct core *core, const char *why);
/* Which exception a fault leads to: its own, HardFault, or EXC_NONE where none may be taken. */
enum exception fault_target(struct core *core, enum exception exception);

/* -- access.c: what the processor finds beyond the RAMs ------------------------------------------- */

uint32_t access_load(void *ctx, uint32_t address, unsigned bytes);
void access_store(void *ctx, uint32_t address, unsigned bytes, uint32_t value);
/* The same without a processor's rights: for frames, vectors, a debugger. */
bool access_read_word(struct core *core, uint32_t address, uint32_t *value);
bool access_write_word(struct core *core, uint32_t address, uint32_t value);
bool access_peek(struct core *core, uint32_t address, unsigned bytes, uint32_t *value);
bool access_poke(struct core *core, uint32_t address, unsigned bytes, uint32_t value);

/* -- step.c: the run ------------------------------------------------------------------------------- */

/* All that is due by `cycle` happens at its time; then it is `cycle`. */
void core_advance(struct core *core, int64_t cycle);
/* Something may be taken now: the processor stops behind the present block. */
void core_attend(struct core *core);
/* Runs until then, the present block's end included, or a reset or a halt is asked for. */
void core_run(struct core *core, int64_t until);
/* The next instruction alone. */
void core_step(struct core *core);

#endif
