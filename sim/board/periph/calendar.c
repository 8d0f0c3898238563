#include "calendar.h"

#define TR_SECONDS 0x0000007Fu
#define TR_MINUTES 0x00007F00u
#define TR_HOURS   0x003F0000u
#define TR_PM      0x00400000u
#define DR_DAY     0x0000003Fu
#define DR_MONTH   0x00001F00u
#define DR_WEEKDAY 0x0000E000u
#define DR_YEAR    0x00FF0000u

#define ALARM_MSK1  0x00000080u
#define ALARM_MSK2  0x00008000u
#define ALARM_MSK3  0x00800000u
#define ALARM_MSK4  0x80000000u
#define ALARM_WDSEL 0x40000000u

static uint32_t get(uint32_t reg, uint32_t field)
{
	return (reg & field) / (field & -field);
}

static void set(uint32_t *reg, uint32_t field, uint32_t value)
{
	*reg = (*reg & ~field) | (value * (field & -field) & field);
}

/* One more, and from `last` on to `first`; true: it went over. */
static bool step(uint32_t *reg, uint32_t field, uint32_t last, uint32_t first)
{
	uint32_t value = get(*reg, field);

	if (value >= last) {
		set(reg, field, first);
		return true;
	}
	set(reg, field, (value & 0xF) == 9 ? (value & ~0xFu) + 0x10 : value + 1);
	return false;
}

static uint32_t last_day(const struct calendar *calendar)
{
	uint32_t year = get(calendar->dr, DR_YEAR);

	switch (get(calendar->dr, DR_MONTH)) {
	case 0x02:
		return ((year >> 4) * 10 + (year & 0xF)) % 4 == 0 ? 0x29 : 0x28;
	case 0x04:
	case 0x06:
	case 0x09:
	case 0x11:
		return 0x30;
	default:
		return 0x31;
	}
}

static void add_day(struct calendar *calendar)
{
	step(&calendar->dr, DR_WEEKDAY, 7, 1);
	if (step(&calendar->dr, DR_DAY, last_day(calendar), 0x01) &&
	    step(&calendar->dr, DR_MONTH, 0x12, 0x01))
		step(&calendar->dr, DR_YEAR, 0x99, 0x00);
}

/* 12, 1, 2... 11 AM, 12 PM: the half of the day changes before the hour goes over. */
void calendar_add_hour(struct calendar *calendar)
{
	if (!calendar->hours_12) {
		if (step(&calendar->tr, TR_HOURS, 0x23, 0x00))
			add_day(calendar);
		return;
	}
	if (get(calendar->tr, TR_HOURS) == 0x11) {
		if (calendar->tr & TR_PM)
			add_day(calendar);
		calendar->tr ^= TR_PM;
	}
	step(&calendar->tr, TR_HOURS, 0x12, 0x01);
}

/* 26.6.3: SUB1H does nothing when the hour is 0. */
void calendar_sub_hour(struct calendar *calendar)
{
	uint32_t hour = get(calendar->tr, TR_HOURS);
	uint32_t before = (hour & 0xF) ? hour - 1 : hour - 0x10 + 9;

	if (calendar->hours_12) {
		if (hour == 0x12 && !(calendar->tr & TR_PM))
			return;
		if (hour == 0x12)
			calendar->tr ^= TR_PM;
		if (hour == 0x01)
			before = 0x12;
	} else if (hour == 0) {
		return;
	}
	set(&calendar->tr, TR_HOURS, before);
}

void calendar_second(struct calendar *calendar)
{
	if (step(&calendar->tr, TR_SECONDS, 0x59, 0x00) &&
	    step(&calendar->tr, TR_MINUTES, 0x59, 0x00))
		calendar_add_hour(calendar);
}

static bool day_matches(const struct calendar *calendar, uint32_t alarm)
{
	if (alarm & ALARM_WDSEL)
		return (alarm >> 24 & 0xF) == get(calendar->dr, DR_WEEKDAY);
	return (alarm >> 24 & 0x3F) == get(calendar->dr, DR_DAY);
}

bool calendar_matches(const struct calendar *calendar, uint32_t alarm)
{
	uint32_t differ = calendar->tr ^ alarm;

	return ((alarm & ALARM_MSK1) || !(differ & TR_SECONDS)) &&
	       ((alarm & ALARM_MSK2) || !(differ & TR_MINUTES)) &&
	       ((alarm & ALARM_MSK3) || !(differ & (TR_HOURS | TR_PM))) &&
	       ((alarm & ALARM_MSK4) || day_matches(calendar, alarm));
}
