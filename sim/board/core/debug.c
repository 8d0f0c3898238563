#include "core.h"

#include <stddef.h>

#include "log.h"

/* Offsets of 0xE0000000: ITM, DWT, FPB, the core's own debug registers, TPIU (C1) */
#define ITM_STIM   0x00000
#define ITM_TER    0x00E00
#define ITM_TPR    0x00E40
#define ITM_TCR    0x00E80
#define DWT_CTRL   0x01000
#define CYCCNT     0x01004
#define DWT_END    0x01060
#define FPB        0x02000
#define FPB_END    0x02028
#define DHCSR      0x0EDF0
#define DCRDR      0x0EDF8
#define DEMCR      0x0EDFC
#define TPIU_SSPSR 0x40000
#define TPIU_CSPSR 0x40004
#define TPIU_ACPR  0x40010
#define TPIU_SPPR  0x400F0
#define TPIU_FFCR  0x40304

#define TRCENA     (1u << 24)
#define ITMENA     (1u << 0)
#define CYCCNTENA  (1u << 0)
#define NUMCOMP    0x40000000u /* four comparators */
#define FP_CTRL    0x00000260u /* six for instructions, two for literals */
#define DEMCR_BITS 0x010F07F1u

void debug_reset(struct core *core)
{
	struct debug *debug = &core->debug;
	/* C1.6.5: a system reset leaves what a debugger has set up */
	uint32_t demcr = debug->demcr & TRCENA;

	*debug = (struct debug){ .demcr = demcr, .dwt_ctrl = NUMCOMP };
	debug->tpiu[2] = 1; /* SPPR: Manchester, as after power-up */
	debug->tpiu[3] = 0x102;
}

/* -- the cycle counter ---------------------------------------------------------------------- */

static bool counts(const struct debug *debug)
{
	return debug->demcr & TRCENA && debug->dwt_ctrl & CYCCNTENA;
}

static void stop_count(struct core *core)
{
	struct debug *debug = &core->debug;

	if (counts(debug))
		debug->cyccnt = (uint32_t)(core->sched->cycle - debug->cyccnt_since);
}

static void start_count(struct core *core)
{
	core->debug.cyccnt_since = core->sched->cycle - core->debug.cyccnt;
}

/* -- registers -------------------------------------------------------------------------------- */

/* A stimulus port says "ready" only where somebody could be listening (C1.7.3). */
static uint32_t stimulus(const struct debug *debug, uint32_t offset)
{
	return debug->demcr & TRCENA && debug->itm_tcr & ITMENA &&
	       debug->itm_ter >> offset / 4 & 1;
}

static uint32_t *storage(struct debug *debug, uint32_t offset)
{
	if (offset > CYCCNT && offset < DWT_END)
		return &debug->dwt[(offset - DWT_CTRL) / 4];
	if (offset > FPB && offset < FPB_END)
		return &debug->fpb[(offset - FPB) / 4 - 1];
	switch (offset) {
	case ITM_TER:
		return &debug->itm_ter;
	case ITM_TPR:
		return &debug->itm_tpr;
	case ITM_TCR:
		return &debug->itm_tcr;
	case DCRDR:
		return &debug->dcrdr;
	case TPIU_CSPSR:
		return &debug->tpiu[0];
	case TPIU_ACPR:
		return &debug->tpiu[1];
	case TPIU_SPPR:
		return &debug->tpiu[2];
	case TPIU_FFCR:
		return &debug->tpiu[3];
	default:
		return NULL;
	}
}

uint32_t debug_read(struct core *core, uint32_t offset)
{
	struct debug *debug = &core->debug;
	const uint32_t *word = storage(debug, offset);

	if (offset < ITM_STIM + 32 * 4)
		return stimulus(debug, offset);
	if (word)
		return *word;
	switch (offset) {
	case DWT_CTRL:
		return debug->dwt_ctrl;
	case CYCCNT:
		stop_count(core);
		return debug->cyccnt;
	case FPB:
		return FP_CTRL;
	case DHCSR:
		return core->halting ? 1 : 0;
	case DEMCR:
		return debug->demcr;
	case TPIU_SSPSR:
		return 0xF;
	default:
		return 0;
	}
}

void debug_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct debug *debug = &core->debug;
	uint32_t *word = storage(debug, offset);

	stop_count(core);
	if (word)
		*word = (*word & ~mask) | (value & mask);
	else if (offset == DWT_CTRL)
		debug->dwt_ctrl = NUMCOMP | (value & mask & 0x007F1FFF);
	else if (offset == CYCCNT)
		debug->cyccnt = value;
	else if (offset == DEMCR)
		debug->demcr = ((debug->demcr & ~mask) | (value & mask)) & DEMCR_BITS;
	start_count(core);
}

/* -- the MPU: its eight regions are kept, and not enforced -------------------------------------- */

/* Offsets of 0xE000E000 (B3.5) */
#define MPU_TYPE   0xD90
#define MPU_CTRL   0xD94
#define MPU_RNR    0xD98
#define MPU_RBAR   0xD9C
#define MPU_END    0xDBC
#define RBAR_VALID (1u << 4)

/* Once a reset: there are kernels that turn it off and on at each switch. */
static void write_mpu_ctrl(struct debug *debug, uint32_t value)
{
	debug->mpu_ctrl = value;
	if (!(value & 1) || debug->mpu_told)
		return;
	log_event("not modelled: the MPU, which is on: every access is allowed");
	debug->mpu_told = true;
}

uint32_t mpu_read(struct core *core, uint32_t offset)
{
	struct debug *debug = &core->debug;

	switch (offset) {
	case MPU_TYPE:
		return 8 << 8;
	case MPU_CTRL:
		return debug->mpu_ctrl;
	case MPU_RNR:
		return debug->mpu_rnr;
	default: /* RBAR and RASR, and their three aliases */
		return (offset - MPU_RBAR) % 8
			       ? debug->mpu_rasr[debug->mpu_rnr]
			       : debug->mpu_rbar[debug->mpu_rnr] | debug->mpu_rnr;
	}
}

void mpu_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct debug *debug = &core->debug;

	if (offset == MPU_CTRL)
		write_mpu_ctrl(debug, value & mask & 7);
	else if (offset == MPU_RNR)
		debug->mpu_rnr = value & mask & 7;
	else if (offset < MPU_RBAR || offset >= MPU_END)
		return;
	else if ((offset - MPU_RBAR) % 8)
		debug->mpu_rasr[debug->mpu_rnr] = value & 0x173FFF3F;
	else {
		if (value & RBAR_VALID)
			debug->mpu_rnr = value & 7;
		debug->mpu_rbar[debug->mpu_rnr] = value & ~0x1Fu;
	}
}
