/*
 * The flash interface: RM0090 section 3. The array, its times and what a power cut leaves
 * in it are flash.c's, which the ROM works on too; here are the registers before it.
 * PGAERR never comes up: an access that is aligned stays within a row of 128 bits.
 */
#include <inttypes.h>
#include <string.h>

#include "bkpsram.h"
#include "flash.h"
#include "log.h"
#include "table.h"

enum {
	ACR = 0x00,
	KEYR = 0x04,
	OPTKEYR = 0x08,
	SR = 0x0C,
	CR = 0x10,
	OPTCR = 0x14,
};

#define ACR_WRITABLE 0x1F07u

#define SR_EOP    0x00000001u
#define SR_OPERR  0x00000002u
#define SR_WRPERR 0x00000010u
#define SR_PGPERR 0x00000040u
#define SR_PGSERR 0x00000080u
#define SR_FLAGS  0x000000F3u
#define SR_BSY    0x00010000u

#define CR_PG       0x00000001u
#define CR_SER      0x00000002u
#define CR_MER      0x00000004u
#define CR_STRT     0x00010000u
#define CR_EOPIE    0x01000000u
#define CR_ERRIE    0x02000000u
#define CR_LOCK     0x80000000u
#define CR_WRITABLE 0x8300037Fu

#define OPTCR_OPTLOCK  0x00000001u
#define OPTCR_OPTSTRT  0x00000002u
#define OPTCR_WRITABLE 0x0FFFFFEDu
#define OPTCR_USER     0x000000ECu

/* A pair of keys in the right order; one wrong and nothing unlocks before a reset. */
struct keyhole {
	uint32_t keys[2];
	unsigned turned;
	bool broken;
};

struct flitf {
	struct mcu *mcu;
	struct flash *flash;
	struct mcu_line line;
	uint32_t acr, sr, cr, optcr;
	struct keyhole key, optkey;
	struct flash_op op; /* what runs, FLASH_OP_NONE is nothing */
	int64_t start_ns, end_ns;
	struct sched_event event; /* it ends */
	bool start_waits;         /* STRT came while another ran */
};

static const struct periph_reg regs[] = {
	{ ACR, 0, "ACR" }, { KEYR, 0, "KEYR" },      { OPTKEYR, 0, "OPTKEYR" },
	{ SR, 0, "SR" },   { CR, 0x80000000, "CR" }, { OPTCR, 0x0FFFAAED, "OPTCR" },
	{ 0, 0, NULL },
};

static void show_interrupt(struct flitf *flitf)
{
	bool end = (flitf->sr & SR_EOP) && (flitf->cr & CR_EOPIE);
	bool error = (flitf->sr & SR_OPERR) && (flitf->cr & CR_ERRIE);

	mcu_line_set(flitf->mcu, &flitf->line, end || error);
}

/* RM0090 3.8.4: OPERR only with its interrupt enabled, as EOP */
static void fail(struct flitf *flitf, uint32_t flag)
{
	flitf->sr |= flag;
	if (flitf->cr & CR_ERRIE)
		flitf->sr |= SR_OPERR;
	show_interrupt(flitf);
}

/* -- operations -------------------------------------------------------------------------- */

static void tell_changed(struct flitf *flitf)
{
	const struct flash_op *op = &flitf->op;
	int sector = flash_sector(op->address);

	if (op->kind == FLASH_OP_PROGRAM)
		mcu_flash_changed(flitf->mcu, op->address, op->len);
	else if (op->kind == FLASH_OP_ERASE)
		mcu_flash_changed(flitf->mcu, flash_sector_base(sector),
				  flash_sector_bytes(sector));
	else
		mcu_flash_changed(flitf->mcu, FLASH_BASE, FLASH_BYTES);
}

static void begin(struct flitf *flitf, int64_t start_ns)
{
	struct sched *sched = mcu_sched(flitf->mcu);

	flitf->start_ns = start_ns;
	flitf->end_ns = start_ns + flash_op_ns(flitf->flash, &flitf->op);
	flitf->sr |= SR_BSY;
	flash_op_begin(flitf->flash, &flitf->op);
	sched_at_ns(sched, &flitf->event, flitf->end_ns);
	mcu_flash_busy(flitf->mcu, flitf->event.cycle);
}

static void start_erase(struct flitf *flitf);

static void finish(struct flitf *flitf)
{
	bool unprotects = flash_op_unprotects(flitf->flash, &flitf->op);

	sched_cancel(mcu_sched(flitf->mcu), &flitf->event);
	flash_op_finish(flitf->flash, &flitf->op);
	if (unprotects) /* RM0090 3.7.3: the backup SRAM goes with the flash */
		bkpsram_erase(flitf->mcu);
	tell_changed(flitf);
	flitf->op.kind = FLASH_OP_NONE;
	flitf->sr &= ~SR_BSY;
	if (flitf->cr & CR_EOPIE)
		flitf->sr |= SR_EOP;
	flitf->optcr &= ~OPTCR_OPTSTRT;
	show_interrupt(flitf);
	if (flitf->start_waits)
		start_erase(flitf);
	else
		flitf->cr &= ~CR_STRT;
}

static void ended(void *ctx)
{
	finish(ctx);
}

/* Reset or power fails in the middle. The core may be gone: it hears nothing of it. */
static void cut(struct flitf *flitf)
{
	int64_t whole_ns = flitf->end_ns - flitf->start_ns;
	int64_t done_ns = sched_ns(mcu_sched(flitf->mcu)) - flitf->start_ns;
	double fraction = whole_ns > 0 ? (double)done_ns / (double)whole_ns : 1;

	log_event("power or reset in the middle of a flash operation, %.0f %% of it done",
		  fraction * 100);
	sched_cancel(mcu_sched(flitf->mcu), &flitf->event);
	flash_op_cut(flitf->flash, &flitf->op, fraction < 0 ? 0 : fraction,
		     flitf->op.address + 1);
}

/* False, with the error shown: 64 bits want 9 V on VPP, which no USB board has. */
static bool take_width(struct flitf *flitf)
{
	unsigned psize = flitf->cr >> 8 & 3;

	if (psize >= FLASH_WIDTHS) {
		fail(flitf, SR_PGPERR);
		return false;
	}
	flitf->op.width = (enum flash_width)psize;
	return true;
}

/* False: STRT asks for nothing, or for what is forbidden. */
static bool may_erase(struct flitf *flitf, bool mass, unsigned snb)
{
	unsigned nwrp = flash_nwrp(flitf->flash);

	if (!mass && (!(flitf->cr & CR_SER) || snb >= FLASH_SECTORS))
		return false;
	if (mass ? nwrp == 0x0FFF : nwrp >> snb & 1)
		return take_width(flitf);
	fail(flitf, SR_WRPERR);
	return false;
}

static void start_erase(struct flitf *flitf)
{
	unsigned snb = flitf->cr >> 3 & 0xF;
	bool mass = flitf->cr & CR_MER;

	flitf->start_waits = false;
	if (!may_erase(flitf, mass, snb)) {
		flitf->cr &= ~CR_STRT;
		return;
	}
	flitf->op.kind = mass ? FLASH_OP_MASS_ERASE : FLASH_OP_ERASE;
	flitf->op.address = mass ? FLASH_BASE : flash_sector_base((int)snb);
	if (mass)
		log_event("the program erases the flash");
	else
		log_event("the program erases sector %u", snb);
	begin(flitf, sched_ns(mcu_sched(flitf->mcu)));
}

static void start_options(struct flitf *flitf)
{
	struct flash_op *op = &flitf->op;

	/* RM0090 3.7.3: at level 2 nothing of them changes any more */
	if (flash_rdp(flitf->flash) == 2) {
		flitf->optcr &= ~OPTCR_OPTSTRT;
		return;
	}
	op->width = FLASH_X32;
	op->kind = FLASH_OP_OPTIONS;
	op->address = OPTION_BASE;
	op->len = OPTION_BYTES;
	flash_read(flitf->flash, OPTION_BASE, op->data, OPTION_BYTES);
	op->data[0] =
		(uint8_t)((op->data[0] & ~OPTCR_USER) | (flitf->optcr & OPTCR_USER));
	op->data[1] = (uint8_t)(flitf->optcr >> 8);
	op->data[8] = (uint8_t)(flitf->optcr >> 16);
	op->data[9] = (uint8_t)(flitf->optcr >> 24);
	log_event("the program writes the option bytes: OPTCR 0x%08" PRIx32,
		  flitf->optcr);
	begin(flitf, sched_ns(mcu_sched(flitf->mcu)));
}

/* -- programming -------------------------------------------------------------------------- */

/* What forbids a store of so many bytes there; 0: nothing does. */
static uint32_t program_error(const struct flitf *flitf, uint32_t address, unsigned bytes)
{
	if ((flitf->cr & (CR_LOCK | CR_PG | CR_SER | CR_MER)) != CR_PG)
		return SR_PGSERR;
	if (bytes != 1u << (flitf->cr >> 8 & 3))
		return SR_PGPERR;
	/* the option bytes change by FLASH_OPTCR alone */
	if (address >= OPTION_BASE || flash_protected(flitf->flash, address))
		return SR_WRPERR;
	return 0;
}

static bool store(void *ctx, uint32_t address, unsigned bytes, uint32_t value)
{
	struct flitf *flitf = ctx;
	int64_t start_ns = sched_ns(mcu_sched(flitf->mcu));
	uint32_t error;

	/* the bus holds the store back until the one before is done (RM0090 3.6.2) */
	while (flitf->op.kind != FLASH_OP_NONE) {
		start_ns = flitf->end_ns;
		finish(flitf);
	}
	error = program_error(flitf, address, bytes);
	if (error) {
		fail(flitf, error);
		return true;
	}
	take_width(flitf);
	flitf->op.kind = FLASH_OP_PROGRAM;
	flitf->op.address = address;
	flitf->op.len = bytes;
	for (unsigned i = 0; i < bytes; i++)
		flitf->op.data[i] = (uint8_t)(value >> 8 * i);
	begin(flitf, start_ns);
	return true;
}

/* -- registers ---------------------------------------------------------------------------- */

/* True: the second of both keys was right. */
static bool turn(struct flitf *flitf, struct keyhole *hole, uint32_t key)
{
	if (hole->broken)
		return false;
	if (key != hole->keys[hole->turned]) {
		hole->broken = true;
		mcu_bus_error(flitf->mcu);
		return false;
	}
	hole->turned = (hole->turned + 1) % 2;
	return hole->turned == 0;
}

static uint32_t flitf_read(void *self, uint32_t offset)
{
	const struct flitf *flitf = self;

	switch (offset) {
	case ACR:
		return flitf->acr;
	case SR:
		return flitf->sr;
	case CR:
		return flitf->cr;
	case OPTCR:
		return flitf->optcr;
	default:
		return 0;
	}
}

/*
 * While one operation runs the bus holds back a write of CR (RM0090 3.8.5). Here it is
 * taken: what runs has what it needs, and the next start waits for its end.
 */
static void write_cr(struct flitf *flitf, uint32_t value)
{
	if (flitf->cr & CR_LOCK)
		return;
	flitf->cr = (flitf->cr & CR_STRT) | (value & CR_WRITABLE);
	show_interrupt(flitf);
	if (!(value & CR_STRT) || (flitf->cr & CR_STRT))
		return;
	flitf->cr |= CR_STRT;
	if (flitf->op.kind != FLASH_OP_NONE)
		flitf->start_waits = true;
	else
		start_erase(flitf);
}

static void write_optcr(struct flitf *flitf, uint32_t value)
{
	if ((flitf->optcr & OPTCR_OPTLOCK) || flitf->op.kind != FLASH_OP_NONE)
		return;
	flitf->optcr = value & (OPTCR_WRITABLE | OPTCR_OPTSTRT);
	if (value & OPTCR_OPTSTRT)
		start_options(flitf);
}

static void flitf_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct flitf *flitf = self;
	uint32_t merged = (flitf_read(self, offset) & ~mask) | (value & mask);

	switch (offset) {
	case ACR:
		flitf->acr = merged & ACR_WRITABLE;
		break;
	case KEYR:
		if ((flitf->cr & CR_LOCK) && turn(flitf, &flitf->key, value & mask))
			flitf->cr &= ~CR_LOCK;
		break;
	case OPTKEYR:
		if ((flitf->optcr & OPTCR_OPTLOCK) &&
		    turn(flitf, &flitf->optkey, value & mask))
			flitf->optcr &= ~OPTCR_OPTLOCK;
		break;
	case SR:
		flitf->sr &= ~(value & mask & SR_FLAGS);
		show_interrupt(flitf);
		break;
	case CR:
		write_cr(flitf, merged);
		break;
	case OPTCR:
		write_optcr(flitf, merged);
		break;
	default:
		break;
	}
}

/* -- the class ---------------------------------------------------------------------------- */

/* HCLK has changed: the same time is another cycle. */
static void flitf_clocks(void *self)
{
	struct flitf *flitf = self;

	if (flitf->op.kind != FLASH_OP_NONE)
		mcu_flash_busy(flitf->mcu, flitf->event.cycle);
}

static void flitf_reset(void *self)
{
	struct flitf *flitf = self;
	uint8_t option[OPTION_BYTES] = { 0 };

	if (flitf->op.kind != FLASH_OP_NONE) {
		cut(flitf);
		tell_changed(flitf);
		flitf->op.kind = FLASH_OP_NONE;
		mcu_flash_busy(flitf->mcu, mcu_sched(flitf->mcu)->cycle);
	}
	flash_read(flitf->flash, OPTION_BASE, option, sizeof(option));
	flitf->acr = 0;
	flitf->sr = 0;
	flitf->cr = CR_LOCK;
	flitf->optcr = OPTCR_OPTLOCK | (option[0] & OPTCR_USER) |
		       (uint32_t)option[1] << 8 | (uint32_t)option[8] << 16 |
		       (uint32_t)(option[9] & 0x0F) << 24;
	flitf->key.turned = flitf->optkey.turned = 0;
	flitf->key.broken = flitf->optkey.broken = false;
	flitf->start_waits = false;
	show_interrupt(flitf);
}

static bool flitf_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct flitf *flitf = self;

	flitf->mcu = mcu;
	flitf->flash = mcu_flash(mcu);
	flitf->line.irq = (uint8_t)row->irqs[0];
	flitf->key.keys[0] = 0x45670123;
	flitf->key.keys[1] = 0xCDEF89AB;
	flitf->optkey.keys[0] = 0x08192A3B;
	flitf->optkey.keys[1] = 0x4C5D6E7F;
	flitf->event = (struct sched_event){ .fire = ended, .ctx = flitf };
	mcu_on_flash_store(mcu, store, flitf);
	return true;
}

static void flitf_close(void *self)
{
	struct flitf *flitf = self;

	if (flitf->op.kind != FLASH_OP_NONE)
		cut(flitf);
}

const struct periph_class flitf_class = {
	.size = sizeof(struct flitf),
	.open = flitf_open,
	.close = flitf_close,
	.reset = flitf_reset,
	.read = flitf_read,
	.write = flitf_write,
	.clocks = flitf_clocks,
	.regs = regs,
};
