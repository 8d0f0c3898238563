/* Power control: RM0090 section 5. The supply is 3.3 V and steady. */
#include "pwr.h"

#include "flash.h"
#include "pins.h"
#include "rcc.h"
#include "table.h"

enum { CR = 0x00, CSR = 0x04 };

#define CR_PDDS     0x0002u
#define CR_CWUF     0x0004u
#define CR_CSBF     0x0008u
#define CR_DBP      0x0100u
#define CR_VOS      0x4000u
#define CR_WRITABLE 0x43F3u

#define CSR_WUF    0x0001u
#define CSR_SBF    0x0002u
#define CSR_BRR    0x0008u
#define CSR_EWUP   0x0100u
#define CSR_BRE    0x0200u
#define CSR_VOSRDY 0x4000u

/* Neither the manual nor DS8626 has a time for the two regulators. */
#define VOS_NS    40000
#define BACKUP_NS 50000

struct pwr {
	struct mcu *mcu;
	uint32_t cr, csr;
	bool standby;
	struct sched_event vos, backup; /* that regulator gets ready */
};

static const struct periph_reg regs[] = {
	{ CR, 0x4000, "CR" },
	{ CSR, 0, "CSR" },
	{ 0, 0, NULL },
};

static void vos_ready(void *ctx)
{
	struct pwr *pwr = ctx;

	pwr->csr |= CSR_VOSRDY;
}

static void backup_ready(void *ctx)
{
	struct pwr *pwr = ctx;

	pwr->csr |= CSR_BRR;
}

static void start_vos(struct pwr *pwr)
{
	struct sched *sched = mcu_sched(pwr->mcu);

	pwr->csr &= ~CSR_VOSRDY;
	sched_at_ns(sched, &pwr->vos, sched_ns(sched) + VOS_NS);
}

/* -- what others ask --------------------------------------------------------------------- */

bool pwr_dbp(const struct mcu *mcu)
{
	const struct pwr *pwr = mcu_periph(mcu, "PWR");

	return pwr->cr & CR_DBP;
}

bool pwr_bre(const struct mcu *mcu)
{
	const struct pwr *pwr = mcu_periph(mcu, "PWR");

	return pwr->csr & CSR_BRE;
}

enum mcu_sleep pwr_deep_sleep(struct mcu *mcu)
{
	struct pwr *pwr = mcu_periph(mcu, "PWR");
	unsigned user = flash_user(mcu_flash(mcu));
	bool standby = pwr->cr & CR_PDDS;

	if (!(user & (standby ? FLASH_USER_NRST_STDBY : FLASH_USER_NRST_STOP)))
		mcu_ask_reset(mcu, MCU_RESET_LOW_POWER);
	rcc_stop(mcu);
	if (!standby)
		return MCU_STOP;
	pwr->standby = true;
	pwr->csr |= CSR_SBF;
	/* RM0090 5.3.6: with the flag still up the chip wakes at once */
	if (pwr->csr & CSR_WUF)
		mcu_ask_reset(mcu, MCU_RESET_STANDBY);
	return MCU_STANDBY;
}

void pwr_wake(struct mcu *mcu)
{
	rcc_wake(mcu);
}

void pwr_wakeup(struct mcu *mcu)
{
	struct pwr *pwr = mcu_periph(mcu, "PWR");

	pwr->csr |= CSR_WUF;
	if (pwr->standby)
		mcu_ask_reset(mcu, MCU_RESET_STANDBY);
}

/* A rising edge on WKUP, which is PA0: the button of the board */
static void pin_changed(void *ctx, unsigned pin, bool level)
{
	struct pwr *pwr = ctx;

	if (pin == PIN('A', 0) && level && (pwr->csr & CSR_EWUP))
		pwr_wakeup(pwr->mcu);
}

/* -- registers --------------------------------------------------------------------------- */

static uint32_t pwr_read(void *self, uint32_t offset)
{
	const struct pwr *pwr = self;

	return offset == CR ? pwr->cr : offset == CSR ? pwr->csr : 0;
}

static void write_cr(struct pwr *pwr, uint32_t value)
{
	bool vos = (value ^ pwr->cr) & CR_VOS;

	pwr->cr = value & CR_WRITABLE;
	if (value & CR_CWUF)
		pwr->csr &= ~CSR_WUF;
	if (value & CR_CSBF)
		pwr->csr &= ~CSR_SBF;
	if (vos)
		start_vos(pwr);
}

static void write_csr(struct pwr *pwr, uint32_t value)
{
	struct sched *sched = mcu_sched(pwr->mcu);

	pwr->csr = (pwr->csr & ~(CSR_EWUP | CSR_BRE)) | (value & (CSR_EWUP | CSR_BRE));
	if (!(pwr->csr & CSR_BRE)) {
		pwr->csr &= ~CSR_BRR;
		sched_cancel(sched, &pwr->backup);
	} else if (!(pwr->csr & CSR_BRR) && !sched_waits(&pwr->backup)) {
		sched_at_ns(sched, &pwr->backup, sched_ns(sched) + BACKUP_NS);
	}
}

static void pwr_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	(void)mask;
	if (offset == CR)
		write_cr(self, value);
	else if (offset == CSR)
		write_csr(self, value);
}

/* The flags and the backup regulator outlive all but the loss of power (RM0090 5.4.2). */
static void pwr_reset(void *self)
{
	struct pwr *pwr = self;

	pwr->cr = CR_VOS;
	pwr->csr &= ~CSR_EWUP;
	if (!mcu_resetting(pwr->mcu))
		return;
	pwr->standby = false;
	if (mcu_reset_cause(pwr->mcu) == MCU_RESET_POWER) {
		pwr->csr = 0;
		sched_cancel(mcu_sched(pwr->mcu), &pwr->backup);
	}
	start_vos(pwr);
}

static bool pwr_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct pwr *pwr = self;

	(void)row;
	pwr->mcu = mcu;
	pwr->vos = (struct sched_event){ .fire = vos_ready, .ctx = pwr };
	pwr->backup = (struct sched_event){ .fire = backup_ready, .ctx = pwr };
	pins_watch(mcu, pin_changed, pwr);
	return true;
}

const struct periph_class pwr_class = {
	.size = sizeof(struct pwr),
	.open = pwr_open,
	.reset = pwr_reset,
	.read = pwr_read,
	.write = pwr_write,
	.regs = regs,
};
