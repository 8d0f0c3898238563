/*
 * The half of the real-time clock that runs by itself: seconds, alarms, the wake-up timer,
 * the bits of RTC_ISR that follow. rtc.c has the registers.
 */
#ifndef PERIPH_RTCCLOCK_H
#define PERIPH_RTCCLOCK_H

#include "calendar.h"
#include "core/mcu.h"

#define CR_WUCKSEL 0x00000007u
#define CR_BYPSHAD 0x00000020u
#define CR_FMT     0x00000040u
#define CR_DCE     0x00000080u
#define CR_ALRE    0x00000100u /* of alarm A; those of B are the next bits */
#define CR_WUTE    0x00000400u
#define CR_ALRIE   0x00001000u
#define CR_WUTIE   0x00004000u
#define CR_ADD1H   0x00010000u
#define CR_SUB1H   0x00020000u
#define CR_KEPT    0x00FCFFFFu

#define ISR_ALRWF 0x00000001u /* of alarm A */
#define ISR_WUTWF 0x00000004u
#define ISR_SHPF  0x00000008u
#define ISR_INITS 0x00000010u
#define ISR_RSF   0x00000020u
#define ISR_INITF 0x00000040u
#define ISR_INIT  0x00000080u
#define ISR_ALRF  0x00000100u /* of alarm A */
#define ISR_WUTF  0x00000400u
#define ISR_FLAGS 0x00007F00u

#define ALARMS           2
#define BACKUP_REGISTERS 20

struct rtc;

/* A bit of RTC_ISR that changes two cycles of RTCCLK after its cause (26.6.4) */
struct follower {
	struct rtc *rtc;
	uint32_t bit;
	bool waits;
	struct sched_event event;
};

enum {
	INIT_FOLLOWS,
	SYNC_FOLLOWS,
	ALARM_A_FOLLOWS,
	ALARM_B_FOLLOWS,
	WAKEUP_FOLLOWS,
	SHIFT_FOLLOWS,
	FOLLOWERS
};

struct alarm {
	struct rtc *rtc;
	uint32_t time, ss; /* RTC_ALRMxR, RTC_ALRMxSSR */
	int64_t tick;      /* of the sub-second match that `event` is for */
	struct sched_event event;
};

struct rtc {
	struct mcu *mcu;
	struct calendar calendar;
	uint32_t hz;       /* of RTCCLK */
	int64_t second_ns; /* when this second began; to come after a shift */
	int64_t phase;     /* in RTCCLK, while that stands still */
	uint32_t cr, isr, prer, wutr, calibr, calr, tafcr;
	uint32_t bkpr[BACKUP_REGISTERS];
	struct alarm alarms[ALARMS];
	uint32_t wakeup_left; /* seconds, with WUCKSEL 1xx */
	unsigned keys;        /* of RTC_WPR that were right: 2 is open */
	bool tr_held, dr_held;
	struct calendar shadow;
	struct follower followers[FOLLOWERS];
	struct sched_event second, wakeup;
};

void rtcclock_open(struct rtc *rtc, struct mcu *mcu);
/* The reset of the backup domain, for what is not a plain register */
void rtcclock_reset(struct rtc *rtc);
/* As in struct periph_class */
void rtcclock_sync(struct rtc *rtc);
void rtcclock_clocks(struct rtc *rtc);

/* What RTC_SSR shows */
uint32_t rtcclock_sub_seconds(const struct rtc *rtc);

/* RTC_ISR's flags or their enables in RTC_CR have changed. */
void rtcclock_show_flags(struct rtc *rtc);
/* The shadow registers are to be loaded again: RSF goes, and comes back (26.3.6). */
void rtcclock_lose_sync(struct rtc *rtc);

/* Initialization mode (26.3.5); the calendar goes on from what is written in it. */
bool rtcclock_initializing(const struct rtc *rtc);
void rtcclock_enter_init(struct rtc *rtc);
void rtcclock_leave_init(struct rtc *rtc);

/* RTC_CR has changed in that bit. */
void rtcclock_switch_alarm(struct rtc *rtc, int which, bool on);
void rtcclock_switch_wakeup(struct rtc *rtc, bool on);
/* RTC_SHIFTR is written. */
void rtcclock_shift(struct rtc *rtc, uint32_t value);

#endif
