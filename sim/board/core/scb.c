#include "core.h"

#include <stddef.h>

/* Offsets of 0xE000E000 (B3.2) */
#define ACTLR  0x008
#define CPUID  0xD00
#define ICSR   0xD04
#define VTOR   0xD08
#define AIRCR  0xD0C
#define SCR    0xD10
#define CCR    0xD14
#define SHPR1  0xD18
#define SHCSR  0xD24
#define CFSR   0xD28
#define HFSR   0xD2C
#define DFSR   0xD30
#define MMFAR  0xD34
#define BFAR   0xD38
#define CPACR  0xD88
#define FPCCR  0xF34
#define FPCAR  0xF38
#define FPDSCR 0xF3C

#define VECTKEY     0x05FAu
#define VECTKEYSTAT 0xFA050000u
#define SYSRESETREQ (1u << 2)
#define CLRACTIVE   (1u << 1)
#define CPACR_FLOAT 0x00F00000u
#define FPCCR_RESET 0xC0000000u /* ASPEN, LSPEN */
#define FPCCR_BITS  0xC000017Bu
#define STKALIGN    0x200u

/* B4.1: who it is, by offset; what is not here reads as zero. DDI 0439 table 4-1. */
static const struct {
	uint16_t offset;
	uint32_t value;
} identity[] = {
	{ CPUID, 0x410FC241 }, { 0xD40, 0x00000030 }, /* ID_PFR0, 1 */
	{ 0xD44, 0x00000200 }, { 0xD48, 0x00100000 }, /* ID_DFR0 */
	{ 0xD50, 0x00100030 },                        /* ID_MMFR0 to 3 */
	{ 0xD58, 0x01000000 }, { 0xD60, 0x01101110 }, /* ID_ISAR0 to 4 */
	{ 0xD64, 0x02112000 }, { 0xD68, 0x21232231 }, { 0xD6C, 0x01111131 },
	{ 0xD70, 0x01310132 }, { 0xF40, 0x10110021 }, /* MVFR0, 1 */
	{ 0xF44, 0x11000011 }, { 0xFD0, 0x00000004 }, /* the peripheral's and the component's id */
	{ 0xFE0, 0x0000000C }, { 0xFE4, 0x000000B0 }, { 0xFE8, 0x0000000B },
	{ 0xFF0, 0x0000000D }, { 0xFF4, 0x000000E0 }, { 0xFF8, 0x00000005 },
	{ 0xFFC, 0x000000B1 },
};

/* SHCSR's bits, and what they say of whom */
static const struct {
	uint8_t bit;
	uint8_t exception;
	char what; /* active, pending, enabled */
} handlers[] = {
	{ 0, EXC_MEMMANAGE, 'a' },  { 1, EXC_BUSFAULT, 'a' },
	{ 3, EXC_USAGEFAULT, 'a' }, { 7, EXC_SVCALL, 'a' },
	{ 8, EXC_DEBUG, 'a' },      { 10, EXC_PENDSV, 'a' },
	{ 11, EXC_SYSTICK, 'a' },   { 12, EXC_USAGEFAULT, 'p' },
	{ 13, EXC_MEMMANAGE, 'p' }, { 14, EXC_BUSFAULT, 'p' },
	{ 15, EXC_SVCALL, 'p' },    { 16, EXC_MEMMANAGE, 'e' },
	{ 17, EXC_BUSFAULT, 'e' },  { 18, EXC_USAGEFAULT, 'e' },
};

#define HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

void scb_reset(struct core *core)
{
	core->scb = (struct scb){ .ccr = STKALIGN, .fpccr = FPCCR_RESET };
	core->nvic = (struct nvic){ 0 };
	for (unsigned i = EXC_NMI; i < EXC_IRQ; i++)
		put(&core->nvic.enabled, i, i < EXC_MEMMANAGE || i > EXC_USAGEFAULT);
}

bool scb_float(struct core *core)
{
	unsigned rights = core->scb.cpacr >> 20 & 3;

	return rights == 3 || (rights == 1 && cpu_privileged(core->cpu));
}

/* -- reading ------------------------------------------------------------------------------ */

static struct exceptions *handler_set(struct core *core, size_t i)
{
	struct nvic *nvic = &core->nvic;

	return handlers[i].what == 'a'   ? &nvic->active
	       : handlers[i].what == 'p' ? &nvic->pending
					 : &nvic->enabled;
}

static uint32_t read_shcsr(struct core *core)
{
	uint32_t value = 0;

	for (size_t i = 0; i < HANDLERS; i++)
		value |= (uint32_t)has(handler_set(core, i), handlers[i].exception)
			 << handlers[i].bit;
	return value;
}

static bool irq_pending(const struct nvic *nvic)
{
	return nvic->pending.words[0] >> EXC_IRQ || nvic->pending.words[1];
}

static uint32_t read_icsr(struct core *core)
{
	const struct nvic *nvic = &core->nvic;
	uint32_t running = cpu_get(core->cpu, CPU_XPSR) & CPU_XPSR_IPSR;
	uint32_t value = running | (uint32_t)nvic_first(core) << 12;

	if (nvic_active(core) <= (running ? 1u : 0u))
		value |= 1u << 11; /* RETTOBASE */
	return value | (uint32_t)irq_pending(nvic) << 22 |
	       (uint32_t)has(&nvic->pending, EXC_SYSTICK) << 26 |
	       (uint32_t)has(&nvic->pending, EXC_PENDSV) << 28 |
	       (uint32_t)has(&nvic->pending, EXC_NMI) << 31;
}

static uint32_t read_shpr(const struct core *core, uint32_t offset)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		value |= (uint32_t)core->nvic.priority[4 + offset - SHPR1 + i] << 8 * i;
	return value;
}

/* What is kept as it is written */
static uint32_t *kept(struct scb *scb, uint32_t offset)
{
	switch (offset) {
	case ACTLR:
		return &scb->actlr;
	case VTOR:
		return &scb->vtor;
	case SCR:
		return &scb->scr;
	case CCR:
		return &scb->ccr;
	case CFSR:
		return &scb->cfsr;
	case HFSR:
		return &scb->hfsr;
	case DFSR:
		return &scb->dfsr;
	case MMFAR:
		return &scb->mmfar;
	case BFAR:
		return &scb->bfar;
	case CPACR:
		return &scb->cpacr;
	case FPCCR:
		return &scb->fpccr;
	case FPCAR:
		return &scb->fpcar;
	case FPDSCR:
		return &scb->fpdscr;
	default:
		return NULL;
	}
}

uint32_t scb_read(struct core *core, uint32_t offset)
{
	const uint32_t *word = kept(&core->scb, offset);

	if (word)
		return *word;
	if (offset == ICSR)
		return read_icsr(core);
	if (offset == AIRCR)
		return VECTKEYSTAT | core->scb.prigroup << 8;
	if (offset == SHCSR)
		return read_shcsr(core);
	if (offset >= SHPR1 && offset < SHCSR)
		return read_shpr(core, offset);
	for (size_t i = 0; i < sizeof(identity) / sizeof(identity[0]); i++)
		if (identity[i].offset == offset)
			return identity[i].value;
	return 0;
}

/* -- writing ------------------------------------------------------------------------------ */

static void write_icsr(struct core *core, uint32_t value)
{
	struct nvic *nvic = &core->nvic;

	if (value & 1u << 31)
		nvic_pend(core, EXC_NMI);
	if (value & 1u << 28)
		nvic_pend(core, EXC_PENDSV);
	else if (value & 1u << 27)
		put(&nvic->pending, EXC_PENDSV, false);
	if (value & 1u << 26)
		nvic_pend(core, EXC_SYSTICK);
	else if (value & 1u << 25)
		put(&nvic->pending, EXC_SYSTICK, false);
}

static void write_aircr(struct core *core, uint32_t value)
{
	if (value >> 16 != VECTKEY)
		return;
	core->scb.prigroup = value >> 8 & 7;
	if (value & CLRACTIVE)
		core->nvic.active = core->nvic.pending = (struct exceptions){ 0 };
	if (value & SYSRESETREQ)
		mcu_ask_reset(core->mcu, MCU_RESET_SOFTWARE);
}

static void write_shpr(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned exception = 4 + offset - SHPR1 + i;
		/* B1.5.2: the others are not there */
		bool there = exception <= EXC_USAGEFAULT || exception == EXC_SVCALL ||
			     exception == EXC_DEBUG || exception >= EXC_PENDSV;

		if (mask >> 8 * i & 0xFF && there)
			core->nvic.priority[exception] = value >> 8 * i & 0xF0;
	}
}

static void write_shcsr(struct core *core, uint32_t value)
{
	for (size_t i = 0; i < HANDLERS; i++)
		put(handler_set(core, i), handlers[i].exception,
		    value >> handlers[i].bit & 1);
}

/* The bits of those that are kept; what is not here is cleared by ones. */
static uint32_t writable(uint32_t offset)
{
	switch (offset) {
	case VTOR:
		return 0xFFFFFF80;
	case ACTLR:
		return 0x307;
	case SCR:
		return 0x16;
	case CCR:
		return 0x31B;
	case CPACR:
		return CPACR_FLOAT;
	case FPCCR:
		return FPCCR_BITS;
	case FPCAR:
		return 0xFFFFFFF8;
	case FPDSCR:
		return 0x07C00000;
	case MMFAR:
	case BFAR:
		return 0xFFFFFFFF;
	default:
		return 0;
	}
}

void scb_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	uint32_t *word = kept(&core->scb, offset);

	if (offset == CFSR || offset == HFSR || offset == DFSR)
		*word &= ~(value & mask);
	else if (word)
		*word = (*word & ~(mask & writable(offset))) |
			(value & mask & writable(offset));
	else if (offset == ICSR)
		write_icsr(core, value & mask);
	else if (offset == AIRCR)
		write_aircr(core, value & mask);
	else if (offset == SHCSR)
		write_shcsr(core, (read_shcsr(core) & ~mask) | (value & mask));
	else if (offset >= SHPR1 && offset < SHCSR)
		write_shpr(core, offset, value, mask);
	core_attend(core);
}
