/*
 * The cores of the USB, OTG_FS and OTG_HS, with nothing at their connectors: RM0090
 * sections 34 and 35. Programs find the core, reset it, flush and set it up as a host or a
 * device; then they wait for a cable. No session begins, so that no transfer, no bus reset
 * and no suspend ever comes.
 */
#include "table.h"

#include <stddef.h>

enum {
	GOTGCTL = 0x000,
	GAHBCFG = 0x008,
	GUSBCFG = 0x00C,
	GRSTCTL = 0x010,
	GINTSTS = 0x014,
	GINTMSK = 0x018,
	GNPTXFSIZ = 0x028,
	GCCFG = 0x038,
	CID = 0x03C,
	GSNPSID = 0x040,
	GHWCFG2 = 0x048,
	DIEPTXF1 = 0x104,
	HCFG = 0x400,
	HPRT = 0x440,
	HCCHAR = 0x500, /* a channel's registers; so are an endpoint's below */
	HCTSIZ = 0x510,
	DCFG = 0x800,
	DCTL = 0x804,
	DIEPMSK = 0x810,
	DOEPMSK = 0x814,
	DAINT = 0x818,
	DAINTMSK = 0x81C,
	DIEPEMPMSK = 0x834,
	DIEPCTL = 0x900,
	DOEPCTL = 0xB00,
	PCGCCTL = 0xE00,
	SPACE = 0xE04,
};

#define GAHBCFG_GINT     (1u << 0)
#define GUSBCFG_FHMOD    (1u << 29)
#define GUSBCFG_FDMOD    (1u << 30)
#define GRSTCTL_CSRST    (1u << 0)
#define GRSTCTL_TXFNUM   0x7C0u
#define GRSTCTL_AHBIDL   (1u << 31)
#define GINTSTS_CMOD     (1u << 0)
#define GINTSTS_GINAKEFF (1u << 6)
#define GINTSTS_GONAKEFF (1u << 7)
#define GINTSTS_IEPINT   (1u << 18)
#define GINTSTS_OEPINT   (1u << 19)
#define GINTSTS_CLEARED  0xF030FC0Au /* by writing 1 */
#define HPRT_WRITABLE    0x0001F1C0u
#define HPRT_PRES        (1u << 6)
#define DCTL_GINSTS      (1u << 2)
#define DCTL_GONSTS      (1u << 3)
#define DCTL_WRITABLE    0x873u
#define DCTL_SGINAK      (1u << 7) /* the others follow: CGINAK, SGONAK, CGONAK */
#define EP_USBAEP        (1u << 15)
#define EP_NAKSTS        (1u << 17)
#define EP_CNAK          (1u << 26)
#define EP_SNAK          (1u << 27)
#define EP_STORED        0x03EC87FFu /* of the configuration */
#define EP_DIS           (1u << 30)
#define EP_ENA           (1u << 31)
#define EP_DONE          (1u << 1) /* EPDISD of DIEPINT and DOEPINT, CHH of HCINT */
#define EP_TXFE          (1u << 7)
#define CHANNEL_STORED   0x3FFEFFFFu

#define EPS        16 /* as many as the map has room for; the FS has 4, the HS 6 */
#define EP_BYTES   0x20u
#define EP_INT     0x08u
#define FORCE_NS   25000000 /* 34.16.2, FHMOD: "must wait at least 25 ms" */
#define FIFO_WORDS 0xFFFF0000u

struct otg {
	struct mcu *mcu;
	bool high_speed;
	struct mcu_line line;
	struct sched_event force;
	uint32_t regs[SPACE / 4];
};

/*
 * Two bits are a status rather than a reset value: CIDSTS of GOTGCTL, as the ID pin is
 * high, and AHBIDL. GSNPSID to GHWCFG4 are not in RM0090: they are Synopsys', what programs
 * tell the core's version and size by, as others have read them from an STM32F407.
 */
static const struct periph_reg regs[] = {
	{ GOTGCTL, 0x00010800, "GOTGCTL" },
	{ 0x004, 0, "GOTGINT" },
	{ GAHBCFG, 0, "GAHBCFG" },
	{ GUSBCFG, 0x00000A00, "GUSBCFG" },
	{ GRSTCTL, GRSTCTL_AHBIDL, "GRSTCTL" },
	{ GINTSTS, 0x04000020, "GINTSTS" },
	{ GINTMSK, 0, "GINTMSK" },
	{ 0x01C, 0, "GRXSTSR" },
	{ 0x020, 0, "GRXSTSP" },
	{ 0x024, 0x00000200, "GRXFSIZ" },
	{ GNPTXFSIZ, 0x00000200, "HNPTXFSIZ" },
	{ 0x02C, 0x00080200, "HNPTXSTS" },
	{ GCCFG, 0, "GCCFG" },
	{ CID, 0x00001200, "CID" },
	{ GSNPSID, 0x4F54281A, "GSNPSID" },
	{ 0x044, 0, "GHWCFG1" },
	{ GHWCFG2, 0x229DCD20, "GHWCFG2" },
	{ 0x04C, 0x020001E8, "GHWCFG3" },
	{ 0x050, 0x0FF08030, "GHWCFG4" },
	{ 0x100, 0x02000600, "HPTXFSIZ" },
	{ DIEPTXF1, 0x02000400, "DIEPTXF1" },
	{ 0x108, 0x02000400, "DIEPTXF2" },
	{ 0x10C, 0x02000400, "DIEPTXF3" },
	{ HCFG, 0, "HCFG" },
	{ 0x404, 0x0000EA60, "HFIR" },
	{ 0x408, 0x00003FFF, "HFNUM" },
	{ 0x410, 0x00080100, "HPTXSTS" },
	{ 0x414, 0, "HAINT" },
	{ 0x418, 0, "HAINTMSK" },
	{ HPRT, 0, "HPRT" },
	{ DCFG, 0x02200000, "DCFG" },
	{ DCTL, 0, "DCTL" },
	{ 0x808, 0x00000010, "DSTS" },
	{ DIEPMSK, 0, "DIEPMSK" },
	{ DOEPMSK, 0, "DOEPMSK" },
	{ DAINT, 0, "DAINT" },
	{ DAINTMSK, 0, "DAINTMSK" },
	{ 0x828, 0x000017D7, "DVBUSDIS" },
	{ 0x82C, 0x000005B8, "DVBUSPULSE" },
	{ DIEPEMPMSK, 0, "DIEPEMPMSK" },
	{ PCGCCTL, 0, "PCGCCTL" },
	{ 0, 0, NULL },
};

/* What differs in the HS core */
static const struct periph_reg high_speed[] = {
	{ CID, 0x00001100, NULL },
	{ GHWCFG2, 0x229ED590, NULL },
	{ 0x04C, 0x03F403E8, NULL },
	{ 0x050, 0x17F00030, NULL },
};

/* Registers that keep what is written, and those whose bits are cleared by writing 1 */
static const struct kept {
	uint16_t offset, stride, count;
	uint32_t written, cleared;
} kept[] = {
	{ GOTGCTL, 0, 1, 0x00000E02, 0 },
	{ 0x004, 0, 1, 0, 0x000E0304 },
	{ GAHBCFG, 0, 1, 0x000001BF, 0 },
	{ GINTSTS, 0, 1, 0, GINTSTS_CLEARED },
	{ GINTMSK, 0, 1, 0xF77EFCFE, 0 },
	{ 0x024, 0, 1, 0x0000FFFF, 0 },
	{ GNPTXFSIZ, 0, 1, 0xFFFFFFFF, 0 },
	{ GCCFG, 0, 1, 0x003F0000, 0 },
	{ CID, 0, 1, 0xFFFFFFFF, 0 },
	{ 0x100, 4, EPS, 0xFFFFFFFF, 0 },
	{ HCFG, 0, 1, 0x00000003, 0 },
	{ 0x404, 0, 1, 0x0000FFFF, 0 },
	{ 0x418, 0, 1, 0x0000FFFF, 0 },
	{ HCCHAR + 0x04, EP_BYTES, EPS, 0x8001FFFF, 0 },
	{ HCCHAR + EP_INT, EP_BYTES, EPS, 0, 0x000007FF },
	{ HCCHAR + 0x0C, EP_BYTES, EPS, 0x000007FF, 0 },
	{ HCTSIZ, EP_BYTES, EPS, 0xFFFFFFFF, 0 },
	{ HCTSIZ + 0x04, EP_BYTES, EPS, 0xFFFFFFFF, 0 },
	{ DCFG, 0, 1, 0x03001FF7, 0 },
	{ DIEPMSK, 0, 1, 0x0000FFFF, 0 },
	{ DOEPMSK, 0, 1, 0x0000FFFF, 0 },
	{ DAINTMSK, 0, 1, 0xFFFFFFFF, 0 },
	{ 0x828, 0, 1, 0x0000FFFF, 0 },
	{ 0x82C, 0, 1, 0x00000FFF, 0 },
	{ DIEPEMPMSK, 0, 1, 0x0000FFFF, 0 },
	{ DIEPCTL + EP_INT, EP_BYTES, EPS, 0, 0xFFFFFFFF & ~EP_TXFE },
	{ DIEPCTL + 0x10, EP_BYTES, EPS, 0x7FFFFFFF, 0 },
	{ DIEPCTL + 0x14, EP_BYTES, EPS, 0xFFFFFFFF, 0 },
	{ DOEPCTL + EP_INT, EP_BYTES, EPS, 0, 0xFFFFFFFF & ~EP_TXFE },
	{ DOEPCTL + 0x10, EP_BYTES, EPS, 0x7FFFFFFF, 0 },
	{ DOEPCTL + 0x14, EP_BYTES, EPS, 0xFFFFFFFF, 0 },
	{ PCGCCTL, 0, 1, 0x00000003, 0 },
};

static uint32_t *reg(struct otg *otg, uint32_t offset)
{
	return &otg->regs[offset / 4];
}

/* The number of the endpoint or channel whose control register this is; -1: it is none. */
static int number_of(uint32_t offset, uint32_t first)
{
	bool one = offset - first < EPS * EP_BYTES && (offset - first) % EP_BYTES == 0;

	return one ? (int)((offset - first) / EP_BYTES) : -1;
}

/* -- interrupts -------------------------------------------------------------------------- */

/* DAINT: the IN endpoints with something to tell, and the OUT ones above them */
static uint32_t endpoints(struct otg *otg)
{
	uint32_t in = *reg(otg, DIEPMSK) & ~EP_TXFE, out = *reg(otg, DOEPMSK);
	uint32_t empty = *reg(otg, DIEPEMPMSK), all = 0;

	for (unsigned i = 0; i < EPS; i++) {
		uint32_t at = i * EP_BYTES + EP_INT;
		uint32_t wanted = in | (empty >> i & 1 ? EP_TXFE : 0);

		if (*reg(otg, DIEPCTL + at) & wanted)
			all |= 1u << i;
		if (*reg(otg, DOEPCTL + at) & out & ~EP_TXFE)
			all |= 0x10000u << i;
	}
	return all;
}

static void show(struct otg *otg)
{
	uint32_t *sts = reg(otg, GINTSTS), wanted;

	*reg(otg, DAINT) = endpoints(otg);
	wanted = *reg(otg, DAINT) & *reg(otg, DAINTMSK);
	*sts &= ~(GINTSTS_IEPINT | GINTSTS_OEPINT | GINTSTS_GINAKEFF | GINTSTS_GONAKEFF);
	*sts |= wanted & 0xFFFF ? GINTSTS_IEPINT : 0;
	*sts |= wanted >> 16 ? GINTSTS_OEPINT : 0;
	*sts |= *reg(otg, DCTL) & DCTL_GINSTS ? GINTSTS_GINAKEFF : 0;
	*sts |= *reg(otg, DCTL) & DCTL_GONSTS ? GINTSTS_GONAKEFF : 0;
	mcu_line_set(otg->mcu, &otg->line,
		     (*reg(otg, GAHBCFG) & GAHBCFG_GINT) && (*sts & *reg(otg, GINTMSK)));
}

/* -- host or device ----------------------------------------------------------------------- */

/* Without a cable the ID pin is high, and the core a device, unless it is told otherwise. */
static void mode_is_forced(void *ctx)
{
	struct otg *otg = ctx;
	uint32_t force = *reg(otg, GUSBCFG) & (GUSBCFG_FHMOD | GUSBCFG_FDMOD);

	*reg(otg, GINTSTS) &= ~GINTSTS_CMOD;
	if (force == GUSBCFG_FHMOD)
		*reg(otg, GINTSTS) |= GINTSTS_CMOD;
	show(otg);
}

static void write_usbcfg(struct otg *otg, uint32_t value)
{
	uint32_t changed = *reg(otg, GUSBCFG) ^ value;
	struct sched *sched = mcu_sched(otg->mcu);

	*reg(otg, GUSBCFG) = value & (otg->high_speed ? 0xE3FEBF47 : 0xE0003F47);
	if (changed & (GUSBCFG_FHMOD | GUSBCFG_FDMOD))
		sched_at_ns(sched, &otg->force, sched_ns(sched) + FORCE_NS);
}

/* -- resets ------------------------------------------------------------------------------- */

static void to_reset_values(struct otg *otg)
{
	for (uint32_t i = 0; i < SPACE / 4; i++)
		otg->regs[i] = 0;
	for (const struct periph_reg *row = regs; row->name; row++)
		*reg(otg, row->offset) = row->reset;
	for (size_t i = 0;
	     otg->high_speed && i < sizeof(high_speed) / sizeof(*high_speed); i++)
		*reg(otg, high_speed[i].offset) = high_speed[i].reset;
	for (unsigned i = 0; i < EPS; i++) {
		*reg(otg, DIEPCTL + EP_INT + i * EP_BYTES) = EP_TXFE;
		*reg(otg, DOEPCTL + EP_INT + i * EP_BYTES) = EP_TXFE;
	}
	*reg(otg, DIEPCTL) = *reg(otg, DOEPCTL) = EP_USBAEP;
}

/*
 * CSRST takes back all but the choice of the PHY, some of PCGCCTL, HCFG and DCFG
 * (34.16.2); ST's own GCCFG is outside of the core.
 */
static void soft_reset(struct otg *otg)
{
	uint32_t phy = *reg(otg, GUSBCFG), power = *reg(otg, GCCFG);
	uint32_t clocks = *reg(otg, PCGCCTL), host = *reg(otg, HCFG);
	uint32_t speed = *reg(otg, DCFG) & 3, mode = *reg(otg, GINTSTS) & GINTSTS_CMOD;

	to_reset_values(otg);
	*reg(otg, GUSBCFG) = phy;
	*reg(otg, GCCFG) = power;
	*reg(otg, PCGCCTL) = clocks;
	*reg(otg, HCFG) = host;
	*reg(otg, DCFG) |= speed;
	*reg(otg, GINTSTS) |= mode;
}

/* -- registers ---------------------------------------------------------------------------- */

/* An endpoint or channel that is to stop does so at once: nothing is under way. */
static void write_control(struct otg *otg, uint32_t offset, uint32_t value, bool channel)
{
	uint32_t stored = channel ? CHANNEL_STORED : EP_STORED;
	uint32_t was = *reg(otg, offset);
	uint32_t now =
		(value & stored) | ((was | value) & EP_ENA) | (was & ~stored & ~EP_ENA);

	if (!channel && (value & EP_SNAK))
		now |= EP_NAKSTS;
	if (!channel && (value & EP_CNAK))
		now &= ~EP_NAKSTS;
	if ((value & EP_DIS) && (now & EP_ENA)) {
		now &= ~(EP_ENA | EP_DIS);
		*reg(otg, offset + EP_INT) |= EP_DONE;
	}
	if (offset == DIEPCTL || offset == DOEPCTL)
		now |= EP_USBAEP; /* endpoint 0 always is */
	*reg(otg, offset) = now;
}

static void write_dctl(struct otg *otg, uint32_t value)
{
	uint32_t naks = *reg(otg, DCTL) & (DCTL_GINSTS | DCTL_GONSTS);

	naks |= value & DCTL_SGINAK ? DCTL_GINSTS : 0;
	naks &= value & DCTL_SGINAK << 1 ? ~DCTL_GINSTS : ~0u;
	naks |= value & DCTL_SGINAK << 2 ? DCTL_GONSTS : 0;
	naks &= value & DCTL_SGINAK << 3 ? ~DCTL_GONSTS : ~0u;
	*reg(otg, DCTL) = (value & DCTL_WRITABLE) | naks;
}

/* GRSTCTL's own bits are all done before the program looks again. */
static void write_rstctl(struct otg *otg, uint32_t value)
{
	if (value & GRSTCTL_CSRST)
		soft_reset(otg);
	*reg(otg, GRSTCTL) = GRSTCTL_AHBIDL | (value & GRSTCTL_TXFNUM);
}

static void write_kept(struct otg *otg, uint32_t offset, uint32_t value)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		const struct kept *row = &kept[i];
		uint32_t past = offset - row->offset;
		uint32_t *at = reg(otg, offset);

		if (row->stride ? past % row->stride || past / row->stride >= row->count
				: past)
			continue;
		*at = (*at & ~row->written & ~(value & row->cleared)) |
		      (value & row->written);
		return;
	}
}

static void otg_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct otg *otg = self;

	if (offset >= SPACE)
		return; /* a FIFO: the frame stays there */
	value = (*reg(otg, offset) & ~mask) | (value & mask);
	if (offset == GRSTCTL)
		write_rstctl(otg, value);
	else if (offset == GUSBCFG)
		write_usbcfg(otg, value);
	else if (offset == DCTL)
		write_dctl(otg, value);
	else if (offset == HPRT)
		*reg(otg, HPRT) = value & HPRT_WRITABLE & ~HPRT_PRES;
	else if (number_of(offset, HCCHAR) >= 0)
		write_control(otg, offset, value, true);
	else if (number_of(offset, DIEPCTL) >= 0 || number_of(offset, DOEPCTL) >= 0)
		write_control(otg, offset, value, false);
	else
		write_kept(otg, offset, value);
	show(otg);
}

/* DTXFSTS: an endpoint's FIFO is as empty as it is deep */
static uint32_t fifo_space(struct otg *otg, int endpoint)
{
	uint32_t size = endpoint ? *reg(otg, DIEPTXF1 + 4 * ((uint32_t)endpoint - 1))
				 : *reg(otg, GNPTXFSIZ);

	return endpoint || size & FIFO_WORDS ? size >> 16 : size;
}

static uint32_t otg_read(void *self, uint32_t offset)
{
	struct otg *otg = self;
	int endpoint = number_of(offset, DIEPCTL + 0x18);

	if (offset >= SPACE)
		return 0;
	return endpoint >= 0 ? fifo_space(otg, endpoint) : *reg(otg, offset);
}

static void otg_reset(void *self)
{
	struct otg *otg = self;

	sched_cancel(mcu_sched(otg->mcu), &otg->force);
	to_reset_values(otg);
	show(otg);
}

static bool otg_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct otg *otg = self;

	otg->mcu = mcu;
	otg->high_speed = row->number;
	otg->line.irq = (uint8_t)row->irqs[0];
	otg->force = (struct sched_event){ .fire = mode_is_forced, .ctx = otg };
	return true;
}

const struct periph_class otg_class = {
	.size = sizeof(struct otg),
	.open = otg_open,
	.reset = otg_reset,
	.read = otg_read,
	.write = otg_write,
	.regs = regs,
};
