/*
 * Reset and clock control: RM0090 section 7. The oscillators take the times that DS8626
 * gives as typical to start; what is in cycles there to stop, they do too.
 */
#include "rcc.h"

#include <string.h>

#include "clocktree.h"
#include "pwr.h"
#include "rtc.h"
#include "table.h"

enum {
	CR = 0x00,
	PLLCFGR = 0x04,
	CFGR = 0x08,
	CIR = 0x0C,
	RSTR = 0x10, /* for six buses, of which the fourth is not there */
	ENR = 0x30,
	LPENR = 0x50,
	BDCR = 0x70,
	CSR = 0x74,
	SSCGR = 0x80,
	PLLI2SCFGR = 0x84,
};

#define CR_HSION    0x00000001u
#define CR_HSITRIM  0x000000F8u
#define CR_HSEON    0x00010000u
#define CR_HSEBYP   0x00040000u
#define CR_CSSON    0x00080000u
#define CR_PLLON    0x01000000u
#define CR_PLLI2SON 0x04000000u
#define CR_WRITABLE                                                                      \
	(CR_HSION | CR_HSITRIM | CR_HSEON | CR_HSEBYP | CR_CSSON | CR_PLLON | CR_PLLI2SON)

#define PLLCFGR_M_SRC    0x0040003Fu /* in common with the PLLI2S */
#define PLLCFGR_WRITABLE 0x0F437FFFu /* bit 29 is reserved and set */
#define PLLCFGR_SRC_HSE  0x00400000u
#define CFGR_WRITABLE    0xFFFFFCF3u
#define SSCGR_WRITABLE   0xCFFFFFFFu
#define I2SCFGR_WRITABLE 0x70007FC0u

#define CIR_FLAGS 0x3Fu
#define CIR_CSSF  0x80u

#define BDCR_LSEON    0x00000001u
#define BDCR_LSEBYP   0x00000004u
#define BDCR_RTCSEL   0x00000300u
#define BDCR_BDRST    0x00010000u
#define BDCR_WRITABLE 0x00018305u

#define CSR_LSION 0x00000001u
#define CSR_RMVF  0x01000000u
#define CSR_PIN   0x04000000u

#define HSI_HZ 16000000u
#define LSI_HZ 32000u

/* In the order of the flags of RCC_CIR */
enum { LSI, LSE, HSI, HSE, PLL, PLLI2S, OSCILLATORS };

/* RCC_CFGR.SW */
enum { SW_HSI, SW_HSE, SW_PLL, SW_NONE };

/*
 * DS8626 tables 30 to 36, typical; of the PLLs only the limits are given (75 to 300 us).
 * To stop: RM0090 7.3.1 and 7.3.20, in cycles of the oscillator itself.
 */
static const struct osc_times {
	int64_t start_ns, stop_ns;
} osc_times[OSCILLATORS] = {
	[LSI] = { 15000, 93750 }, [LSE] = { 2000000000, 183106 },
	[HSI] = { 2200, 375 },    [HSE] = { 2000000, 750 },
	[PLL] = { 100000, 0 },    [PLLI2S] = { 100000, 0 },
};

struct rcc;

struct oscillator {
	struct rcc *rcc;
	bool ready;
	struct sched_event event; /* `ready` is to change */
};

#define SLOTS 6

struct rcc {
	struct mcu *mcu;
	struct mcu_line line;
	struct oscillator osc[OSCILLATORS];
	uint32_t hse_hz, lse_hz; /* what is fitted */
	bool lsi_forced;
	bool stopped;
	unsigned sws;
	uint32_t cr, pllcfgr, cfgr, cir, bdcr, csr, sscgr, plli2scfgr;
	uint32_t rstr[SLOTS], enr[SLOTS], lpenr[SLOTS];
	uint32_t hz[MCU_CLOCKS];
};

/* The bits that an F407 has: RM0090 7.3.5 to 7.3.19, which double as reset values of LPENR. */
static const struct gate {
	int bus; /* -1: no such register */
	uint32_t rstr, enr, lpenr, enr_reset, lpenr_reset;
} gates[SLOTS] = {
	{ PERIPH_AHB1, 0x226011FF, 0x7E7411FF, 0x7E6791FF, 0x00100000, 0x7E6791FF },
	{ PERIPH_AHB2, 0x000000C1, 0x000000C1, 0x000000F1, 0, 0x000000F1 },
	{ PERIPH_AHB3, 0x00000001, 0x00000001, 0x00000001, 0, 0x00000001 },
	{ -1, 0, 0, 0, 0, 0 },
	{ PERIPH_APB1, 0x36FEC9FF, 0x36FEC9FF, 0x36FEC9FF, 0, 0x36FEC9FF },
	{ PERIPH_APB2, 0x00075933, 0x00075F33, 0x00075F33, 0, 0x00075F33 },
};

#define APB2_SLOT 5
#define APB2_ADCS 0x00000700u /* three clocks for one row of the table */
#define APB2_ADC  8

static const struct periph_reg regs[] = {
	{ CR, 0x00000083, "CR" },
	{ PLLCFGR, 0x24003010, "PLLCFGR" },
	{ CFGR, 0, "CFGR" },
	{ CIR, 0, "CIR" },
	{ 0x10, 0, "AHB1RSTR" },
	{ 0x14, 0, "AHB2RSTR" },
	{ 0x18, 0, "AHB3RSTR" },
	{ 0x20, 0, "APB1RSTR" },
	{ 0x24, 0, "APB2RSTR" },
	{ 0x30, 0x00100000, "AHB1ENR" },
	{ 0x34, 0, "AHB2ENR" },
	{ 0x38, 0, "AHB3ENR" },
	{ 0x40, 0, "APB1ENR" },
	{ 0x44, 0, "APB2ENR" },
	{ 0x50, 0x7E6791FF, "AHB1LPENR" },
	{ 0x54, 0x000000F1, "AHB2LPENR" },
	{ 0x58, 0x00000001, "AHB3LPENR" },
	{ 0x60, 0x36FEC9FF, "APB1LPENR" },
	{ 0x64, 0x00075F33, "APB2LPENR" },
	{ BDCR, 0, "BDCR" },
	{ CSR, 0x0E000000, "CSR" },
	{ SSCGR, 0, "SSCGR" },
	{ PLLI2SCFGR, 0x20003000, "PLLI2SCFGR" },
	{ 0, 0, NULL },
};

/* -- oscillators ----------------------------------------------------------------------- */

static void show_interrupts(struct rcc *rcc)
{
	mcu_line_set(rcc->mcu, &rcc->line, rcc->cir & rcc->cir >> 8 & CIR_FLAGS);
	mcu_nmi(rcc->mcu, rcc->cir & CIR_CSSF);
}

static bool pll_runs(const struct rcc *rcc, uint32_t cfgr)
{
	bool from_hse = rcc->pllcfgr & PLLCFGR_SRC_HSE;

	return rcc->osc[from_hse ? HSE : HSI].ready &&
	       clocktree_vco(rcc->pllcfgr, cfgr, from_hse ? rcc->hse_hz : HSI_HZ);
}

/* A crystal that is bypassed does not oscillate, and nothing else drives the pins. */
static bool wanted(const struct rcc *rcc, int which)
{
	switch (which) {
	case LSI:
		return (rcc->csr & CSR_LSION) || rcc->lsi_forced;
	case LSE:
		return (rcc->bdcr & (BDCR_LSEON | BDCR_LSEBYP)) == BDCR_LSEON &&
		       rcc->lse_hz;
	case HSI:
		return rcc->cr & CR_HSION;
	case HSE:
		return (rcc->cr & (CR_HSEON | CR_HSEBYP)) == CR_HSEON && rcc->hse_hz;
	case PLL:
		return (rcc->cr & CR_PLLON) && pll_runs(rcc, rcc->pllcfgr);
	default:
		return (rcc->cr & CR_PLLI2SON) && pll_runs(rcc, rcc->plli2scfgr);
	}
}

static void stop_now(struct rcc *rcc, int which)
{
	sched_cancel(mcu_sched(rcc->mcu), &rcc->osc[which].event);
	rcc->osc[which].ready = false;
}

static void settle(struct rcc *rcc, int which)
{
	struct sched *sched = mcu_sched(rcc->mcu);
	struct oscillator *osc = &rcc->osc[which];
	bool want = wanted(rcc, which);
	int64_t ns = want ? osc_times[which].start_ns : osc_times[which].stop_ns;

	if (want == osc->ready)
		sched_cancel(sched, &osc->event);
	else if (ns == 0)
		stop_now(rcc, which);
	else if (!sched_waits(&osc->event))
		sched_at_ns(sched, &osc->event, sched_ns(sched) + ns);
}

static bool switch_ready(const struct rcc *rcc, unsigned sw)
{
	static const int sources[] = { [SW_HSI] = HSI, [SW_HSE] = HSE, [SW_PLL] = PLL };

	return sw != SW_NONE && rcc->osc[sources[sw]].ready;
}

/* What follows from registers and oscillators: the PLLs, the switch, all clocks. */
static void update(struct rcc *rcc)
{
	const struct oscillator *osc = rcc->osc;
	struct clocktree tree;
	uint32_t hz[MCU_CLOCKS];

	for (int i = 0; i < OSCILLATORS; i++)
		settle(rcc, i);
	/* RM0090 7.2: the switch waits until the clock is ready */
	if (switch_ready(rcc, rcc->cfgr & 3))
		rcc->sws = rcc->cfgr & 3;
	tree = (struct clocktree){
		.hsi = osc[HSI].ready ? HSI_HZ : 0,
		.hse = osc[HSE].ready ? rcc->hse_hz : 0,
		.lsi = osc[LSI].ready ? LSI_HZ : 0,
		.lse = osc[LSE].ready ? rcc->lse_hz : 0,
		.pll_ready = osc[PLL].ready,
		.plli2s_ready = osc[PLLI2S].ready,
		.stopped = rcc->stopped,
		.sws = rcc->sws,
		.pllcfgr = rcc->pllcfgr,
		.plli2scfgr = rcc->plli2scfgr,
		.cfgr = rcc->cfgr,
		.bdcr = rcc->bdcr,
	};
	clocktree_hz(&tree, hz);
	if (memcmp(hz, rcc->hz, sizeof(hz)) == 0)
		return;
	memcpy(rcc->hz, hz, sizeof(hz));
	mcu_set_clocks(rcc->mcu, hz);
}

static void settled(void *ctx)
{
	struct oscillator *osc = ctx;
	struct rcc *rcc = osc->rcc;
	int which = (int)(osc - rcc->osc);

	osc->ready = wanted(rcc, which);
	if (osc->ready && (rcc->cir >> 8 >> which & 1))
		rcc->cir |= 1u << which;
	show_interrupts(rcc);
	update(rcc);
}

/* The system clock comes from it, directly or through the PLL. */
static bool drives_system(const struct rcc *rcc, int which)
{
	bool from_hse = rcc->pllcfgr & PLLCFGR_SRC_HSE;

	if (rcc->sws == SW_PLL)
		return which == PLL || which == (from_hse ? HSE : HSI);
	return which == (rcc->sws == SW_HSE ? HSE : HSI);
}

/* RM0090 7.2.7 */
static void fail_hse(struct rcc *rcc)
{
	bool drives = drives_system(rcc, HSE);

	stop_now(rcc, HSE);
	if (!(rcc->cr & CR_CSSON))
		return;
	rcc->cr &= ~CR_HSEON;
	rcc->cir |= CIR_CSSF;
	if (drives) {
		if (rcc->sws == SW_PLL)
			rcc->cr &= ~CR_PLLON;
		rcc->cr |= CR_HSION;
		rcc->osc[HSI].ready = true;
		rcc->cfgr &= ~3u;
	}
	show_interrupts(rcc);
}

void rcc_crystals(struct mcu *mcu, uint32_t hse_hz, uint32_t lse_hz)
{
	struct rcc *rcc = mcu_periph(mcu, "RCC");
	bool fails = rcc->osc[HSE].ready && !hse_hz;

	rcc->hse_hz = hse_hz;
	rcc->lse_hz = lse_hz;
	if (fails)
		fail_hse(rcc);
	if (!lse_hz)
		stop_now(rcc, LSE);
	update(rcc);
}

/* Called while the chip resets, too, when there is no clock yet: the event does the rest. */
void rcc_force_lsi(struct mcu *mcu, bool on)
{
	struct rcc *rcc = mcu_periph(mcu, "RCC");

	rcc->lsi_forced = on;
	settle(rcc, LSI);
}

static void back_to_hsi(struct rcc *rcc)
{
	stop_now(rcc, HSE);
	stop_now(rcc, PLL);
	stop_now(rcc, PLLI2S);
	sched_cancel(mcu_sched(rcc->mcu), &rcc->osc[HSI].event);
	rcc->osc[HSI].ready = true;
	rcc->sws = SW_HSI;
}

void rcc_stop(struct mcu *mcu)
{
	struct rcc *rcc = mcu_periph(mcu, "RCC");

	rcc->cr &= ~(CR_HSEON | CR_PLLON | CR_PLLI2SON);
	rcc->cr |= CR_HSION;
	rcc->cfgr &= ~3u;
	back_to_hsi(rcc);
	rcc->stopped = true;
	update(rcc);
}

void rcc_wake(struct mcu *mcu)
{
	struct rcc *rcc = mcu_periph(mcu, "RCC");

	rcc->stopped = false;
	update(rcc);
}

/* -- the gates ------------------------------------------------------------------------- */

static void set_clocks_of(struct rcc *rcc, unsigned slot, uint32_t enr)
{
	enum periph_bus bus = (enum periph_bus)gates[slot].bus;
	uint32_t changed = rcc->enr[slot] ^ enr;

	rcc->enr[slot] = enr;
	for (unsigned bit = 0; bit < 32; bit++) {
		if (!(changed >> bit & 1))
			continue;
		if (bus == PERIPH_APB2 && (APB2_ADCS >> bit & 1))
			mcu_periph_clock(rcc->mcu, bus, APB2_ADC, enr & APB2_ADCS);
		else
			mcu_periph_clock(rcc->mcu, bus, bit, enr >> bit & 1);
	}
}

bool rcc_adc_clocked(const struct mcu *mcu, unsigned adc)
{
	const struct rcc *rcc = mcu_periph(mcu, "RCC");

	return rcc->enr[APB2_SLOT] >> (APB2_ADC + adc) & 1;
}

static void set_resets_of(struct rcc *rcc, unsigned slot, uint32_t rstr)
{
	enum periph_bus bus = (enum periph_bus)gates[slot].bus;
	uint32_t changed = rcc->rstr[slot] ^ rstr;

	rcc->rstr[slot] = rstr;
	for (unsigned bit = 0; bit < 32; bit++)
		if (changed >> bit & 1)
			mcu_periph_reset(rcc->mcu, bus, bit, rstr >> bit & 1);
}

/* -- registers ------------------------------------------------------------------------- */

static uint32_t read_cr(const struct rcc *rcc)
{
	return rcc->cr | (uint32_t)rcc->osc[HSI].ready << 1 |
	       (uint32_t)rcc->osc[HSE].ready << 17 | (uint32_t)rcc->osc[PLL].ready << 25 |
	       (uint32_t)rcc->osc[PLLI2S].ready << 27;
}

static uint32_t rcc_read(void *self, uint32_t offset)
{
	const struct rcc *rcc = self;

	switch (offset) {
	case CR:
		return read_cr(rcc);
	case PLLCFGR:
		return rcc->pllcfgr;
	case CFGR:
		return rcc->cfgr | rcc->sws << 2;
	case CIR:
		return rcc->cir;
	case BDCR:
		return rcc->bdcr | (uint32_t)rcc->osc[LSE].ready << 1;
	case CSR:
		return rcc->csr | (uint32_t)rcc->osc[LSI].ready << 1;
	case SSCGR:
		return rcc->sscgr;
	case PLLI2SCFGR:
		return rcc->plli2scfgr;
	default:
		break;
	}
	if (offset >= RSTR && offset < RSTR + SLOTS * 4)
		return rcc->rstr[(offset - RSTR) / 4];
	if (offset >= ENR && offset < ENR + SLOTS * 4)
		return rcc->enr[(offset - ENR) / 4];
	if (offset >= LPENR && offset < LPENR + SLOTS * 4)
		return rcc->lpenr[(offset - LPENR) / 4];
	return 0;
}

/* What drives the system clock stays on, and a crystal that is on is not bypassed. */
static void write_cr(struct rcc *rcc, uint32_t value)
{
	if (drives_system(rcc, HSI))
		value |= CR_HSION;
	if (drives_system(rcc, HSE))
		value |= CR_HSEON;
	if (drives_system(rcc, PLL))
		value |= CR_PLLON;
	if (rcc->cr & CR_HSEON)
		value = (value & ~CR_HSEBYP) | (rcc->cr & CR_HSEBYP);
	rcc->cr = value & CR_WRITABLE;
}

/* RM0090 7.3.2: only while the PLL is off; M and the source while both are */
static void write_pllcfgr(struct rcc *rcc, uint32_t value)
{
	uint32_t writable = PLLCFGR_WRITABLE;

	if (rcc->cr & CR_PLLON)
		writable = 0;
	if (rcc->cr & CR_PLLI2SON)
		writable &= ~PLLCFGR_M_SRC;
	rcc->pllcfgr = (rcc->pllcfgr & ~writable) | (value & writable);
}

static void write_cir(struct rcc *rcc, uint32_t value)
{
	rcc->cir = (rcc->cir & ~0x3F00u) | (value & 0x3F00);
	rcc->cir &= ~(value >> 16 & (CIR_FLAGS | CIR_CSSF));
	show_interrupts(rcc);
}

static void write_bdcr(struct rcc *rcc, uint32_t value)
{
	if (!pwr_dbp(rcc->mcu))
		return;
	if (value & BDCR_BDRST) {
		rcc->bdcr = BDCR_BDRST;
		stop_now(rcc, LSE);
		rtc_backup_reset(rcc->mcu);
		return;
	}
	/* once it is chosen, only a reset of the domain takes it back */
	if (rcc->bdcr & BDCR_RTCSEL)
		value = (value & ~BDCR_RTCSEL) | (rcc->bdcr & BDCR_RTCSEL);
	if (rcc->bdcr & BDCR_LSEON)
		value = (value & ~BDCR_LSEBYP) | (rcc->bdcr & BDCR_LSEBYP);
	rcc->bdcr = value & BDCR_WRITABLE;
}

static void write_csr(struct rcc *rcc, uint32_t value)
{
	if (value & CSR_RMVF)
		rcc->csr = 0;
	rcc->csr = (rcc->csr & ~CSR_LSION) | (value & CSR_LSION);
}

static void write_gates(struct rcc *rcc, uint32_t offset, uint32_t value)
{
	unsigned slot = (offset - RSTR) % (ENR - RSTR) / 4;

	if (slot >= SLOTS || gates[slot].bus < 0)
		return;
	if (offset < ENR)
		set_resets_of(rcc, slot, value & gates[slot].rstr);
	else if (offset < LPENR)
		set_clocks_of(rcc, slot, value & gates[slot].enr);
	else
		rcc->lpenr[slot] = value & gates[slot].lpenr;
}

static void rcc_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct rcc *rcc = self;
	uint32_t merged = (rcc_read(self, offset) & ~mask) | (value & mask);

	switch (offset) {
	case CR:
		write_cr(rcc, merged);
		break;
	case PLLCFGR:
		write_pllcfgr(rcc, merged);
		break;
	case CFGR:
		rcc->cfgr = merged & CFGR_WRITABLE;
		break;
	case CIR:
		write_cir(rcc, merged);
		break;
	case BDCR:
		write_bdcr(rcc, merged);
		break;
	case CSR:
		write_csr(rcc, merged);
		break;
	case SSCGR:
		rcc->sscgr = merged & SSCGR_WRITABLE;
		break;
	case PLLI2SCFGR:
		if (!(rcc->cr & CR_PLLI2SON))
			rcc->plli2scfgr = merged & I2SCFGR_WRITABLE;
		break;
	default:
		if (offset >= RSTR && offset < BDCR)
			write_gates(rcc, offset, merged);
		return;
	}
	update(rcc);
}

/* -- reset ----------------------------------------------------------------------------- */

/* RM0090 7.1 and figure 20: what resets from within pulls NRST low, which sets PINRSTF */
static uint32_t reset_flags(enum mcu_reset why)
{
	static const uint32_t flags[] = {
		[MCU_RESET_POWER] = 0x0E000000,    [MCU_RESET_PIN] = CSR_PIN,
		[MCU_RESET_SOFTWARE] = 0x14000000, [MCU_RESET_IWDG] = 0x24000000,
		[MCU_RESET_WWDG] = 0x44000000,     [MCU_RESET_LOW_POWER] = 0x84000000,
		[MCU_RESET_OPTIONS] = 0x14000000, /* the ROM asks for it */
		[MCU_RESET_STANDBY] = 0,
	};

	return flags[why];
}

static void reset_power(struct rcc *rcc)
{
	stop_now(rcc, LSI);
	stop_now(rcc, LSE);
	rcc->bdcr = 0;
	rcc->csr = 0;
}

static void rcc_reset(void *self)
{
	struct rcc *rcc = self;
	enum mcu_reset why = mcu_reset_cause(rcc->mcu);

	if (why == MCU_RESET_POWER)
		reset_power(rcc);
	rcc->csr = (rcc->csr & ~CSR_LSION) | reset_flags(why);
	rcc->cr = 0x81;
	rcc->pllcfgr = 0x24003010;
	rcc->cfgr = 0;
	rcc->cir = 0;
	rcc->sscgr = 0;
	rcc->plli2scfgr = 0x20003000;
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		rcc->rstr[slot] = 0;
		rcc->enr[slot] = gates[slot].enr_reset;
		rcc->lpenr[slot] = gates[slot].lpenr_reset;
	}
	rcc->stopped = false;
	back_to_hsi(rcc);
	show_interrupts(rcc);
	update(rcc);
}

static bool rcc_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct rcc *rcc = self;

	rcc->mcu = mcu;
	rcc->line.irq = (uint8_t)row->irqs[0];
	rcc->hse_hz = RCC_HSE_HZ;
	rcc->lse_hz = RCC_LSE_HZ;
	for (int i = 0; i < OSCILLATORS; i++) {
		rcc->osc[i].rcc = rcc;
		rcc->osc[i].event.fire = settled;
		rcc->osc[i].event.ctx = &rcc->osc[i];
	}
	return true;
}

const struct periph_class rcc_class = {
	.size = sizeof(struct rcc),
	.open = rcc_open,
	.reset = rcc_reset,
	.read = rcc_read,
	.write = rcc_write,
	.regs = regs,
};
