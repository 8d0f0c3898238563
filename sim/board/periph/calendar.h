/* The calendar of the RTC, in BCD as its registers hold it: RM0090 26.3.5 and 26.6. */
#ifndef PERIPH_CALENDAR_H
#define PERIPH_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar {
	uint32_t tr, dr; /* as RTC_TR and RTC_DR */
	bool hours_12;   /* RTC_CR.FMT */
};

/* A second later; up to the year 99, after which it is 00 again. */
void calendar_second(struct calendar *calendar);
/* An hour later or earlier, for RTC_CR.ADD1H and SUB1H. */
void calendar_add_hour(struct calendar *calendar);
void calendar_sub_hour(struct calendar *calendar);
/* As RTC_ALRMAR wants it */
bool calendar_matches(const struct calendar *calendar, uint32_t alarm);

#endif
