/*
 * The independent watchdog: RM0090 section 21. It counts the LSI, which it keeps on, and
 * nothing but a reset stops it. While a debugger holds the processor the chip's time
 * stands still, and the watchdog with it, whatever DBGMCU_APB1_FZ says.
 */
#include "flash.h"
#include "rcc.h"
#include "table.h"

enum { KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0C };

#define KEY_RELOAD 0xAAAA
#define KEY_ACCESS 0x5555
#define KEY_START  0xCCCC

#define COUNTER_MAX 0xFFF
#define NS_PER_S    1000000000

/* 21.4.4: a new value arrives within five cycles of the LSI. */
#define UPDATE_CYCLES 5

/* PR or RLR: written on the bus, in force in the domain of the LSI some cycles later */
struct crossing {
	struct iwdg *iwdg;
	uint32_t value, wanted;
	bool pending;
	struct sched_event event;
};

struct iwdg {
	struct mcu *mcu;
	bool access;
	bool started;
	bool counts; /* the LSI runs */
	uint32_t count;
	int64_t since_ns; /* when the counter was at `count` */
	struct crossing pr, rlr;
	struct sched_event expiry;
};

static const struct periph_reg regs[] = {
	{ KR, 0, "KR" }, { PR, 0, "PR" }, { RLR, 0xFFF, "RLR" },
	{ SR, 0, "SR" }, { 0, 0, NULL },
};

static int64_t now_ns(const struct iwdg *iwdg)
{
	return sched_ns(mcu_sched(iwdg->mcu));
}

static int64_t lsi_ns(const struct iwdg *iwdg, int64_t cycles)
{
	return cycles * NS_PER_S / mcu_hz(iwdg->mcu, MCU_LSI);
}

/* 4, 8, 16... 256, and 256 again */
static uint32_t divider(const struct iwdg *iwdg)
{
	return 4u << (iwdg->pr.value < 6 ? iwdg->pr.value : 6);
}

/* -- the counter ------------------------------------------------------------------------- */

static void expired(void *ctx)
{
	struct iwdg *iwdg = ctx;

	mcu_ask_reset(iwdg->mcu, MCU_RESET_IWDG);
}

static void count_from(struct iwdg *iwdg, uint32_t count)
{
	iwdg->count = count;
	iwdg->since_ns = now_ns(iwdg);
	if (iwdg->started && iwdg->counts)
		sched_at_ns(mcu_sched(iwdg->mcu), &iwdg->expiry,
			    iwdg->since_ns +
				    lsi_ns(iwdg, (int64_t)(count + 1) * divider(iwdg)));
}

static uint32_t count_now(const struct iwdg *iwdg)
{
	int64_t tick_ns = lsi_ns(iwdg, divider(iwdg));
	int64_t ticks = (now_ns(iwdg) - iwdg->since_ns) / tick_ns;

	return ticks < iwdg->count ? iwdg->count - (uint32_t)ticks : 0;
}

static void start(struct iwdg *iwdg)
{
	if (iwdg->started)
		return;
	iwdg->started = true;
	rcc_force_lsi(iwdg->mcu, true);
	count_from(iwdg, COUNTER_MAX);
}

/* -- the registers that cross over ------------------------------------------------------- */

static void cross(struct crossing *crossing)
{
	struct iwdg *iwdg = crossing->iwdg;

	if (crossing->pending && iwdg->counts)
		sched_at_ns(mcu_sched(iwdg->mcu), &crossing->event,
			    now_ns(iwdg) + lsi_ns(iwdg, UPDATE_CYCLES));
}

static void crossed(void *ctx)
{
	struct crossing *crossing = ctx;
	struct iwdg *iwdg = crossing->iwdg;
	uint32_t count = iwdg->started ? count_now(iwdg) : 0;

	crossing->value = crossing->wanted;
	crossing->pending = false;
	if (iwdg->started && crossing == &iwdg->pr)
		count_from(iwdg, count);
}

/* 21.4.2: locked, or the one before has not arrived yet: nothing happens. */
static void write_crossing(struct crossing *crossing, uint32_t value)
{
	if (!crossing->iwdg->access || crossing->pending)
		return;
	crossing->wanted = value;
	crossing->pending = true;
	cross(crossing);
}

static void reset_crossing(struct crossing *crossing, uint32_t value)
{
	crossing->value = value;
	crossing->pending = false;
	sched_cancel(mcu_sched(crossing->iwdg->mcu), &crossing->event);
}

/* -- registers --------------------------------------------------------------------------- */

static uint32_t iwdg_read(void *self, uint32_t offset)
{
	const struct iwdg *iwdg = self;

	switch (offset) {
	case PR:
		return iwdg->pr.value;
	case RLR:
		return iwdg->rlr.value;
	case SR:
		return iwdg->pr.pending | (uint32_t)iwdg->rlr.pending << 1;
	default:
		return 0;
	}
}

static void write_key(struct iwdg *iwdg, uint32_t key)
{
	iwdg->access = key == KEY_ACCESS;
	if (key == KEY_START)
		start(iwdg);
	else if (key == KEY_RELOAD && iwdg->started)
		count_from(iwdg, iwdg->rlr.value);
}

static void iwdg_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct iwdg *iwdg = self;

	(void)mask;
	if (offset == KR)
		write_key(iwdg, value & 0xFFFF);
	else if (offset == PR)
		write_crossing(&iwdg->pr, value & 7);
	else if (offset == RLR)
		write_crossing(&iwdg->rlr, value & COUNTER_MAX);
}

/* The LSI begins or ends: no other clock concerns the watchdog. */
static void iwdg_clocks(void *self)
{
	struct iwdg *iwdg = self;
	bool counts = mcu_hz(iwdg->mcu, MCU_LSI) > 0;

	if (counts == iwdg->counts)
		return;
	iwdg->counts = counts;
	sched_cancel(mcu_sched(iwdg->mcu), &iwdg->expiry);
	sched_cancel(mcu_sched(iwdg->mcu), &iwdg->pr.event);
	sched_cancel(mcu_sched(iwdg->mcu), &iwdg->rlr.event);
	count_from(iwdg, iwdg->count);
	cross(&iwdg->pr);
	cross(&iwdg->rlr);
}

static void iwdg_reset(void *self)
{
	struct iwdg *iwdg = self;

	sched_cancel(mcu_sched(iwdg->mcu), &iwdg->expiry);
	reset_crossing(&iwdg->pr, 0);
	reset_crossing(&iwdg->rlr, COUNTER_MAX);
	iwdg->access = false;
	iwdg->started = false;
	iwdg->counts = mcu_hz(iwdg->mcu, MCU_LSI) > 0;
	iwdg->count = COUNTER_MAX;
	rcc_force_lsi(iwdg->mcu, false);
	if (!(flash_user(mcu_flash(iwdg->mcu)) & FLASH_USER_WDG_SW))
		start(iwdg);
}

static bool iwdg_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct iwdg *iwdg = self;

	(void)row;
	iwdg->mcu = mcu;
	iwdg->expiry = (struct sched_event){ .fire = expired, .ctx = iwdg };
	iwdg->pr.iwdg = iwdg->rlr.iwdg = iwdg;
	iwdg->pr.event = (struct sched_event){ .fire = crossed, .ctx = &iwdg->pr };
	iwdg->rlr.event = (struct sched_event){ .fire = crossed, .ctx = &iwdg->rlr };
	return true;
}

const struct periph_class iwdg_class = {
	.size = sizeof(struct iwdg),
	.open = iwdg_open,
	.reset = iwdg_reset,
	.read = iwdg_read,
	.write = iwdg_write,
	.clocks = iwdg_clocks,
	.regs = regs,
};
