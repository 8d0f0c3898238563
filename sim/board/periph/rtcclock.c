#include "rtcclock.h"

#include "pwr.h"

#define SHIFTR_ADD1S  0x80000000u
#define FOLLOW_CYCLES 2
#define NS_PER_S      1000000000

/* -- time ---------------------------------------------------------------------------------- */

static int64_t now_ns(const struct rtc *rtc)
{
	return sched_ns(mcu_sched(rtc->mcu));
}

/* Rounded up, so that what is due then has happened. */
static int64_t cycles_ns(const struct rtc *rtc, int64_t cycles)
{
	return cycles / rtc->hz * NS_PER_S +
	       (cycles % rtc->hz * NS_PER_S + rtc->hz - 1) / rtc->hz;
}

static int64_t tick_cycles(const struct rtc *rtc)
{
	return (rtc->prer >> 16 & 0x7F) + 1;
}

static int64_t last_tick(const struct rtc *rtc)
{
	return rtc->prer & 0x7FFF;
}

/* Cycles of RTCCLK since the second began, negative after a shift. */
static int64_t phase_now(const struct rtc *rtc)
{
	int64_t ns = now_ns(rtc) - rtc->second_ns;

	if (!rtc->hz)
		return rtc->phase;
	if (ns < 0)
		return -((-ns * rtc->hz + NS_PER_S - 1) / NS_PER_S);
	return ns / NS_PER_S * rtc->hz + ns % NS_PER_S * rtc->hz / NS_PER_S;
}

/* The prescaler's down-counter; before the first start it is at its reset value. */
uint32_t rtcclock_sub_seconds(const struct rtc *rtc)
{
	int64_t phase = phase_now(rtc), ticks = phase / tick_cycles(rtc);

	if (!rtc->hz && !phase)
		return 0;
	if (phase < 0 && phase % tick_cycles(rtc))
		ticks--;
	return (uint32_t)(last_tick(rtc) - ticks) & 0xFFFF;
}

static bool runs(const struct rtc *rtc)
{
	return rtc->hz && !(rtc->isr & ISR_INITF);
}

static void plan_second(struct rtc *rtc)
{
	struct sched *sched = mcu_sched(rtc->mcu);

	if (runs(rtc))
		sched_at_ns(
			sched, &rtc->second,
			rtc->second_ns +
				cycles_ns(rtc, tick_cycles(rtc) * (last_tick(rtc) + 1)));
	else
		sched_cancel(sched, &rtc->second);
}

/* -- flags ----------------------------------------------------------------------------------- */

/* 26.5: interrupts go by way of the EXTI, and end Standby. */
void rtcclock_show_flags(struct rtc *rtc)
{
	bool alarm = rtc->isr / ISR_ALRF & rtc->cr / CR_ALRIE & 3;
	bool wakeup = (rtc->isr & ISR_WUTF) && (rtc->cr & CR_WUTIE);

	mcu_exti_set(rtc->mcu, MCU_EXTI_RTC_ALARM, alarm);
	mcu_exti_set(rtc->mcu, MCU_EXTI_RTC_WAKEUP, wakeup);
}

static void set_flag(struct rtc *rtc, uint32_t flag, uint32_t enable)
{
	rtc->isr |= flag;
	rtcclock_show_flags(rtc);
	if (rtc->cr & enable)
		pwr_wakeup(rtc->mcu);
}

static void plan_follower(struct follower *follower)
{
	struct rtc *rtc = follower->rtc;

	if (follower->waits && rtc->hz)
		sched_at_ns(mcu_sched(rtc->mcu), &follower->event,
			    now_ns(rtc) + cycles_ns(rtc, FOLLOW_CYCLES));
	else
		sched_cancel(mcu_sched(rtc->mcu), &follower->event);
}

static void follow(struct rtc *rtc, int which, bool waits)
{
	rtc->followers[which].waits = waits;
	plan_follower(&rtc->followers[which]);
}

/* 26.3.5: the calendar and its prescaler stand still in initialization mode. */
static void stop_calendar(struct rtc *rtc)
{
	sched_cancel(mcu_sched(rtc->mcu), &rtc->second);
	for (int i = 0; i < ALARMS; i++)
		sched_cancel(mcu_sched(rtc->mcu), &rtc->alarms[i].event);
}

static void followed(void *ctx)
{
	struct follower *follower = ctx;
	struct rtc *rtc = follower->rtc;

	follower->waits = false;
	rtc->isr ^= follower->bit;
	if (follower->bit == ISR_INITF)
		stop_calendar(rtc);
}

void rtcclock_lose_sync(struct rtc *rtc)
{
	rtc->isr &= ~ISR_RSF;
	follow(rtc, SYNC_FOLLOWS, !(rtc->isr & ISR_INIT));
}

/* -- alarms ---------------------------------------------------------------------------------- */

static uint32_t alarm_bit(const struct alarm *alarm, uint32_t bit_of_a)
{
	return bit_of_a << (alarm - alarm->rtc->alarms);
}

/* The next tick of this second, from `tick` on, at which the masked sub-seconds match */
static void plan_alarm(struct alarm *alarm, int64_t tick)
{
	struct rtc *rtc = alarm->rtc;
	struct sched *sched = mcu_sched(rtc->mcu);
	int64_t step = (int64_t)1 << (alarm->ss >> 24 & 0xF);
	int64_t off =
		(last_tick(rtc) - (int64_t)(alarm->ss & 0x7FFF) - tick) & (step - 1);

	sched_cancel(sched, &alarm->event);
	if (step == 1 || !runs(rtc) || !(rtc->cr & alarm_bit(alarm, CR_ALRE)) ||
	    !calendar_matches(&rtc->calendar, alarm->time) || tick + off > last_tick(rtc))
		return;
	alarm->tick = tick + off;
	sched_at_ns(sched, &alarm->event,
		    rtc->second_ns + cycles_ns(rtc, alarm->tick * tick_cycles(rtc)));
}

static void ring(struct alarm *alarm)
{
	set_flag(alarm->rtc, alarm_bit(alarm, ISR_ALRF), alarm_bit(alarm, CR_ALRIE));
}

static void rings(void *ctx)
{
	struct alarm *alarm = ctx;

	ring(alarm);
	plan_alarm(alarm, alarm->tick + 1);
}

/* Without sub-seconds the second itself is the match. */
static void check_alarm(struct alarm *alarm)
{
	const struct rtc *rtc = alarm->rtc;

	if (!(alarm->ss >> 24 & 0xF) && (rtc->cr & alarm_bit(alarm, CR_ALRE)) &&
	    calendar_matches(&rtc->calendar, alarm->time))
		ring(alarm);
	plan_alarm(alarm, 0);
}

static int64_t next_tick(const struct rtc *rtc)
{
	int64_t phase = phase_now(rtc);

	return phase < 0 ? 0 : phase / tick_cycles(rtc) + 1;
}

/* What is ahead in this second may have changed. */
static void plan_alarms(struct rtc *rtc)
{
	for (int i = 0; i < ALARMS; i++)
		plan_alarm(&rtc->alarms[i], next_tick(rtc));
}

/* -- the wake-up timer ------------------------------------------------------------------------ */

static bool wakeup_by_seconds(const struct rtc *rtc)
{
	return rtc->cr & 4;
}

static void plan_wakeup(struct rtc *rtc, int64_t from_ns)
{
	struct sched *sched = mcu_sched(rtc->mcu);
	uint32_t period = rtc->wutr + 1;
	unsigned shift = 4 - (rtc->cr & 3);

	sched_cancel(sched, &rtc->wakeup);
	if (!(rtc->cr & CR_WUTE))
		return;
	rtc->wakeup_left = period + ((rtc->cr & 6) == 6 ? 0x10000 : 0);
	if (!wakeup_by_seconds(rtc) && rtc->hz)
		sched_at_ns(sched, &rtc->wakeup,
			    from_ns + cycles_ns(rtc, (int64_t)period << shift));
}

static void wakeup_due(void *ctx)
{
	struct rtc *rtc = ctx;

	plan_wakeup(rtc, rtc->wakeup.ns);
	set_flag(rtc, ISR_WUTF, CR_WUTIE);
}

/* -- the second -------------------------------------------------------------------------------- */

static void second_passed(void *ctx)
{
	struct rtc *rtc = ctx;

	rtc->second_ns = rtc->second.ns;
	calendar_second(&rtc->calendar);
	plan_second(rtc);
	for (int i = 0; i < ALARMS; i++)
		check_alarm(&rtc->alarms[i]);
	if ((rtc->cr & CR_WUTE) && wakeup_by_seconds(rtc) && --rtc->wakeup_left == 0)
		wakeup_due(rtc);
}

void rtcclock_sync(struct rtc *rtc)
{
	rtc->phase = phase_now(rtc);
}

void rtcclock_clocks(struct rtc *rtc)
{
	uint32_t hz = mcu_hz(rtc->mcu, MCU_RTCCLK);

	if (hz == rtc->hz)
		return;
	rtc->hz = hz;
	if (hz)
		rtc->second_ns =
			now_ns(rtc) - (rtc->phase > 0 ? cycles_ns(rtc, rtc->phase) : 0);
	plan_second(rtc);
	plan_alarms(rtc);
	plan_wakeup(rtc, now_ns(rtc));
	for (int i = 0; i < FOLLOWERS; i++)
		plan_follower(&rtc->followers[i]);
}

/* -- what the registers ask for ------------------------------------------------------------ */

bool rtcclock_initializing(const struct rtc *rtc)
{
	return rtc->isr & ISR_INITF;
}

void rtcclock_enter_init(struct rtc *rtc)
{
	rtc->isr |= ISR_INIT;
	follow(rtc, INIT_FOLLOWS, true);
	rtc->isr &= ~ISR_RSF;
	follow(rtc, SYNC_FOLLOWS, false);
}

void rtcclock_leave_init(struct rtc *rtc)
{
	bool was = rtcclock_initializing(rtc);

	follow(rtc, INIT_FOLLOWS, false);
	rtc->isr &= ~(ISR_INIT | ISR_INITF);
	if (was) {
		rtc->second_ns = now_ns(rtc);
		rtc->phase = 0;
		plan_second(rtc);
		plan_alarms(rtc);
	}
	rtcclock_lose_sync(rtc);
}

void rtcclock_switch_alarm(struct rtc *rtc, int which, bool on)
{
	struct alarm *alarm = &rtc->alarms[which];

	rtc->isr &= ~alarm_bit(alarm, ISR_ALRWF);
	follow(rtc, ALARM_A_FOLLOWS + which, !on);
	plan_alarm(alarm, next_tick(rtc));
}

void rtcclock_switch_wakeup(struct rtc *rtc, bool on)
{
	rtc->isr &= ~ISR_WUTWF;
	follow(rtc, WAKEUP_FOLLOWS, !on);
	plan_wakeup(rtc, now_ns(rtc));
}

/* 26.3.8: a second ahead, and parts of one back */
void rtcclock_shift(struct rtc *rtc, uint32_t value)
{
	int64_t ticks = value & 0x7FFF;

	if ((rtc->isr & (ISR_SHPF | ISR_INIT)) || !rtc->hz)
		return;
	if (value & SHIFTR_ADD1S)
		ticks -= last_tick(rtc) + 1;
	if (ticks < 0)
		rtc->second_ns -= cycles_ns(rtc, -ticks * tick_cycles(rtc));
	else
		rtc->second_ns += cycles_ns(rtc, ticks * tick_cycles(rtc));
	rtc->isr |= ISR_SHPF;
	follow(rtc, SHIFT_FOLLOWS, true);
	rtcclock_lose_sync(rtc);
	plan_second(rtc);
	plan_alarms(rtc);
}

void rtcclock_reset(struct rtc *rtc)
{
	for (int i = 0; i < FOLLOWERS; i++)
		follow(rtc, i, false);
	rtc->second_ns = now_ns(rtc);
	rtc->phase = 0;
	plan_second(rtc);
	plan_alarms(rtc);
	plan_wakeup(rtc, now_ns(rtc));
	rtcclock_lose_sync(rtc);
	rtcclock_show_flags(rtc);
}

void rtcclock_open(struct rtc *rtc, struct mcu *mcu)
{
	static const uint32_t bits[FOLLOWERS] = {
		[INIT_FOLLOWS] = ISR_INITF,    [SYNC_FOLLOWS] = ISR_RSF,
		[ALARM_A_FOLLOWS] = ISR_ALRWF, [ALARM_B_FOLLOWS] = ISR_ALRWF << 1,
		[WAKEUP_FOLLOWS] = ISR_WUTWF,  [SHIFT_FOLLOWS] = ISR_SHPF,
	};

	rtc->mcu = mcu;
	rtc->second = (struct sched_event){ .fire = second_passed, .ctx = rtc };
	rtc->wakeup = (struct sched_event){ .fire = wakeup_due, .ctx = rtc };
	for (int i = 0; i < FOLLOWERS; i++)
		rtc->followers[i] = (struct follower){
			.rtc = rtc,
			.bit = bits[i],
			.event = { .fire = followed, .ctx = &rtc->followers[i] },
		};
	for (int i = 0; i < ALARMS; i++)
		rtc->alarms[i] = (struct alarm){
			.rtc = rtc,
			.event = { .fire = rings, .ctx = &rtc->alarms[i] },
		};
}
