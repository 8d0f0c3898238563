/*
 * The real-time clock and its backup registers: RM0090 section 26. It runs on RTCCLK
 * through every reset but that of the backup domain. Calibration, tamper and time-stamp
 * registers are kept and do nothing: the crystal is exact, and nothing is wired to the
 * pins.
 */
#include "rtc.h"

#include <string.h>

#include "pwr.h"
#include "rtcclock.h"
#include "table.h"

enum {
	TR = 0x00,
	DR = 0x04,
	CR = 0x08,
	ISR = 0x0C,
	PRER = 0x10,
	WUTR = 0x14,
	CALIBR = 0x18,
	ALRMAR = 0x1C,
	ALRMBR = 0x20,
	WPR = 0x24,
	SSR = 0x28,
	SHIFTR = 0x2C,
	TSTR = 0x30,
	TSDR = 0x34,
	TSSSR = 0x38,
	CALR = 0x3C,
	TAFCR = 0x40,
	ALRMASSR = 0x44,
	ALRMBSSR = 0x48,
	BKPR = 0x50,
	END = 0xA0,
};

#define TR_WRITABLE     0x007F7F7Fu
#define DR_WRITABLE     0x00FFFF3Fu
#define ALRMSS_WRITABLE 0x0F007FFFu

static const struct periph_reg regs[] = {
	{ TR, 0, "TR" },
	{ DR, 0x2101, "DR" },
	{ CR, 0, "CR" },
	{ ISR, 0x7, "ISR" },
	{ PRER, 0x007F00FF, "PRER" },
	{ WUTR, 0xFFFF, "WUTR" },
	{ CALIBR, 0, "CALIBR" },
	{ ALRMAR, 0, "ALRMAR" },
	{ ALRMBR, 0, "ALRMBR" },
	{ WPR, 0, "WPR" },
	{ SSR, 0, "SSR" },
	{ SHIFTR, 0, "SHIFTR" },
	{ TSTR, 0, "TSTR" },
	{ TSDR, 0, "TSDR" },
	{ TSSSR, 0, "TSSSR" },
	{ CALR, 0, "CALR" },
	{ TAFCR, 0, "TAFCR" },
	{ ALRMASSR, 0, "ALRMASSR" },
	{ ALRMBSSR, 0, "ALRMBSSR" },
	{ 0x50, 0, "BKP0R" },
	{ 0x54, 0, "BKP1R" },
	{ 0x58, 0, "BKP2R" },
	{ 0x5C, 0, "BKP3R" },
	{ 0x60, 0, "BKP4R" },
	{ 0x64, 0, "BKP5R" },
	{ 0x68, 0, "BKP6R" },
	{ 0x6C, 0, "BKP7R" },
	{ 0x70, 0, "BKP8R" },
	{ 0x74, 0, "BKP9R" },
	{ 0x78, 0, "BKP10R" },
	{ 0x7C, 0, "BKP11R" },
	{ 0x80, 0, "BKP12R" },
	{ 0x84, 0, "BKP13R" },
	{ 0x88, 0, "BKP14R" },
	{ 0x8C, 0, "BKP15R" },
	{ 0x90, 0, "BKP16R" },
	{ 0x94, 0, "BKP17R" },
	{ 0x98, 0, "BKP18R" },
	{ 0x9C, 0, "BKP19R" },
	{ 0, 0, NULL },
};

/* -- reading ------------------------------------------------------------------------------------ */

/* 26.3.6: SSR holds TR and DR as they are, TR holds DR, until DR is read. */
static void hold(struct rtc *rtc, bool tr)
{
	if (rtc->cr & CR_BYPSHAD)
		return;
	if (!rtc->dr_held)
		rtc->shadow.dr = rtc->calendar.dr;
	if (tr && !rtc->tr_held)
		rtc->shadow.tr = rtc->calendar.tr;
	rtc->tr_held |= tr;
	rtc->dr_held = true;
}

static void let_go(struct rtc *rtc)
{
	rtc->tr_held = rtc->dr_held = false;
}

static uint32_t *plain(struct rtc *rtc, uint32_t offset)
{
	switch (offset) {
	case CR:
		return &rtc->cr;
	case PRER:
		return &rtc->prer;
	case WUTR:
		return &rtc->wutr;
	case CALIBR:
		return &rtc->calibr;
	case ALRMAR:
	case ALRMBR:
		return &rtc->alarms[offset == ALRMBR].time;
	case ALRMASSR:
	case ALRMBSSR:
		return &rtc->alarms[offset == ALRMBSSR].ss;
	case CALR:
		return &rtc->calr;
	case TAFCR:
		return &rtc->tafcr;
	default:
		return offset >= BKPR && offset < END ? &rtc->bkpr[(offset - BKPR) / 4]
						      : NULL;
	}
}

static uint32_t read_isr(const struct rtc *rtc)
{
	bool year = rtc->calendar.dr & 0x00FF0000;

	return rtc->isr | (year ? ISR_INITS : 0);
}

static uint32_t rtc_peek(void *self, uint32_t offset)
{
	struct rtc *rtc = self;
	const uint32_t *reg = plain(rtc, offset);

	switch (offset) {
	case TR:
		return rtc->tr_held ? rtc->shadow.tr : rtc->calendar.tr;
	case DR:
		return rtc->dr_held ? rtc->shadow.dr : rtc->calendar.dr;
	case ISR:
		return read_isr(rtc);
	case SSR:
		return rtcclock_sub_seconds(rtc);
	default:
		return reg ? *reg : 0;
	}
}

static uint32_t rtc_read(void *self, uint32_t offset)
{
	struct rtc *rtc = self;
	uint32_t value = rtc_peek(rtc, offset);

	if (offset == SSR)
		hold(rtc, true);
	else if (offset == TR)
		hold(rtc, false);
	else if (offset == DR)
		let_go(rtc);
	return value;
}

/* -- writing ------------------------------------------------------------------------------------ */

static void write_isr(struct rtc *rtc, uint32_t value)
{
	rtc->isr &= value | ~ISR_FLAGS;
	rtcclock_show_flags(rtc);
	if (rtc->keys < 2)
		return;
	if ((value & ISR_INIT) && !(rtc->isr & ISR_INIT)) {
		rtcclock_enter_init(rtc);
		let_go(rtc);
	} else if (!(value & ISR_INIT) && (rtc->isr & ISR_INIT)) {
		rtcclock_leave_init(rtc);
	} else if (!(value & ISR_RSF)) {
		rtcclock_lose_sync(rtc);
	}
}

/* 26.6.3: FMT and DCE in initialization mode alone, WUCKSEL while the timer is off */
static uint32_t cr_writable(const struct rtc *rtc)
{
	uint32_t writable = CR_KEPT;

	if (!rtcclock_initializing(rtc))
		writable &= ~(CR_FMT | CR_DCE);
	if ((rtc->cr & CR_WUTE) || !(rtc->isr & ISR_WUTWF))
		writable &= ~CR_WUCKSEL;
	return writable;
}

static void write_cr(struct rtc *rtc, uint32_t value)
{
	uint32_t writable = cr_writable(rtc);
	uint32_t cr = (rtc->cr & ~writable) | (value & writable);
	uint32_t changed = cr ^ rtc->cr;

	rtc->cr = cr;
	rtc->calendar.hours_12 = cr & CR_FMT;
	for (int i = 0; i < ALARMS; i++)
		if (changed & CR_ALRE << i)
			rtcclock_switch_alarm(rtc, i, cr & CR_ALRE << i);
	if (changed & CR_WUTE)
		rtcclock_switch_wakeup(rtc, cr & CR_WUTE);
	if ((value & CR_ADD1H) && !rtcclock_initializing(rtc))
		calendar_add_hour(&rtc->calendar);
	if ((value & CR_SUB1H) && !rtcclock_initializing(rtc))
		calendar_sub_hour(&rtc->calendar);
	rtcclock_show_flags(rtc);
}

static void write_key(struct rtc *rtc, uint32_t key)
{
	if (key == 0xCA)
		rtc->keys = 1;
	else if (key == 0x53 && rtc->keys == 1)
		rtc->keys = 2;
	else
		rtc->keys = 0;
}

/* An alarm is written while it is off, or the whole clock is. */
static void write_alarm(struct rtc *rtc, int which, uint32_t *reg, uint32_t value)
{
	if (rtcclock_initializing(rtc) || (rtc->isr & ISR_ALRWF << which))
		*reg = value;
}

/* Behind the keys of RTC_WPR */
static void write_protected(struct rtc *rtc, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case TR:
		if (rtcclock_initializing(rtc))
			rtc->calendar.tr = value & TR_WRITABLE;
		break;
	case DR:
		if (rtcclock_initializing(rtc))
			rtc->calendar.dr = value & DR_WRITABLE;
		break;
	case CR:
		write_cr(rtc, value);
		break;
	case PRER:
		if (rtcclock_initializing(rtc))
			rtc->prer = value & 0x007F7FFF;
		break;
	case WUTR:
		if (rtc->isr & ISR_WUTWF)
			rtc->wutr = value & 0xFFFF;
		break;
	case CALIBR:
		if (rtcclock_initializing(rtc))
			rtc->calibr = value & 0x9F;
		break;
	case ALRMAR:
	case ALRMBR:
		write_alarm(rtc, offset == ALRMBR, plain(rtc, offset), value);
		break;
	case ALRMASSR:
	case ALRMBSSR:
		write_alarm(rtc, offset == ALRMBSSR, plain(rtc, offset),
			    value & ALRMSS_WRITABLE);
		break;
	case SHIFTR:
		rtcclock_shift(rtc, value);
		break;
	case CALR:
		rtc->calr = value & 0xE1FF;
		break;
	default:
		break;
	}
}

static void rtc_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct rtc *rtc = self;

	(void)mask;
	if (!pwr_dbp(rtc->mcu))
		return;
	if (offset >= BKPR && offset < END)
		rtc->bkpr[(offset - BKPR) / 4] = value;
	else if (offset == TAFCR)
		rtc->tafcr = value & 0x0007FF9F;
	else if (offset == WPR)
		write_key(rtc, value & 0xFF);
	else if (offset == ISR)
		write_isr(rtc, value);
	else if (rtc->keys == 2)
		write_protected(rtc, offset, value);
}

/* -- reset ---------------------------------------------------------------------------------- */

void rtc_backup_reset(struct mcu *mcu)
{
	struct rtc *rtc = mcu_periph(mcu, "RTC");

	rtc->calendar = (struct calendar){ .dr = 0x2101 };
	rtc->cr = 0;
	rtc->isr = 0x7;
	rtc->prer = 0x007F00FF;
	rtc->wutr = 0xFFFF;
	rtc->calibr = rtc->calr = rtc->tafcr = 0;
	rtc->keys = 0;
	memset(rtc->bkpr, 0, sizeof(rtc->bkpr));
	for (int i = 0; i < ALARMS; i++)
		rtc->alarms[i].time = rtc->alarms[i].ss = 0;
	rtcclock_reset(rtc);
}

/* A system reset ends an initialization, and the shadow registers are loaded again. */
static void rtc_reset(void *self)
{
	struct rtc *rtc = self;

	let_go(rtc);
	if (mcu_reset_cause(rtc->mcu) == MCU_RESET_POWER)
		rtc_backup_reset(rtc->mcu);
	else
		rtcclock_leave_init(rtc);
}

static bool rtc_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	(void)row;
	rtcclock_open(self, mcu);
	return true;
}

static void rtc_sync(void *self)
{
	rtcclock_sync(self);
}

static void rtc_clocks(void *self)
{
	rtcclock_clocks(self);
}

const struct periph_class rtc_class = {
	.size = sizeof(struct rtc),
	.open = rtc_open,
	.reset = rtc_reset,
	.read = rtc_read,
	.peek = rtc_peek,
	.write = rtc_write,
	.sync = rtc_sync,
	.clocks = rtc_clocks,
	.regs = regs,
};
