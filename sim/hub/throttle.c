#include "throttle.h"

#include <string.h>
#include <strings.h>

struct limit {
	double count;
	int64_t per_ms;
};

enum { SECOND = 1000, MINUTE = 60000 };

/*
 * The columns of the table. Methods are metered by 4 KB: 160 KB, 480 KB, 24 MB a second.
 * The last two are of "Azure IoT Hub Device Provisioning Service limits".
 */
static const struct limit limits[][THROTTLES] = {
	{ { 0, 1 },
	  { 100, MINUTE },
	  { 20, MINUTE },
	  { 100, SECOND },
	  { 50, SECOND },
	  { 40, SECOND },
	  { 100, SECOND },
	  { 100, SECOND },
	  { 100, MINUTE },
	  { 1000, MINUTE },
	  { 1000, MINUTE } },
	{ { 0, 1 },
	  { 100, MINUTE },
	  { 20, MINUTE },
	  { 100, SECOND },
	  { 50, SECOND },
	  { 120, SECOND },
	  { 120, SECOND },
	  { 120, SECOND },
	  { 100, MINUTE },
	  { 1000, MINUTE },
	  { 1000, MINUTE } },
	{ { 0, 1 },
	  { 5000, MINUTE },
	  { 1000, MINUTE },
	  { 500, SECOND },
	  { 250, SECOND },
	  { 6000, SECOND },
	  { 6000, SECOND },
	  { 6000, SECOND },
	  { 5000, MINUTE },
	  { 1000, MINUTE },
	  { 1000, MINUTE } },
};

static const struct tier {
	const char *name;
	unsigned column;
	bool basic;
} tiers[] = {
	{ "free", 0, false }, { "F1", 0, false }, { "B1", 0, true }, { "S1", 0, false },
	{ "B2", 1, true },    { "S2", 1, false }, { "B3", 2, true }, { "S3", 2, false },
};

static void set_up(struct throttle *throttle, const struct tier *tier, int64_t now_ms)
{
	throttle->basic = tier->basic;
	for (int kind = 1; kind < THROTTLES; kind++) {
		const struct limit *limit = &limits[tier->column][kind];

		throttle->per_ms[kind] = limit->count / (double)limit->per_ms;
		throttle->burst[kind] = limit->count;
		throttle->level[kind] = limit->count;
		throttle->filled_ms[kind] = now_ms;
	}
}

bool throttle_init(struct throttle *throttle, const char *tier, int64_t now_ms)
{
	*throttle = (struct throttle){ 0 };
	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
		if (strcasecmp(tiers[i].name, tier) != 0)
			continue;
		set_up(throttle, &tiers[i], now_ms);
		return true;
	}
	return false;
}

bool throttle_allows(const struct throttle *throttle, enum throttle_kind kind)
{
	return !throttle->basic ||
	       (kind != THROTTLE_TWIN_READ && kind != THROTTLE_TWIN_UPDATE &&
		kind != THROTTLE_METHOD);
}

static void fill(struct throttle *throttle, enum throttle_kind kind, int64_t now_ms)
{
	int64_t passed_ms = now_ms - throttle->filled_ms[kind];

	throttle->level[kind] += (double)passed_ms * throttle->per_ms[kind];
	if (throttle->level[kind] > throttle->burst[kind])
		throttle->level[kind] = throttle->burst[kind];
	throttle->filled_ms[kind] = now_ms;
}

int64_t throttle_take(struct throttle *throttle, enum throttle_kind kind, unsigned count,
		      int64_t now_ms, int *retry_s)
{
	double wait_ms;

	if (throttle->per_ms[kind] <= 0)
		return 0;
	fill(throttle, kind, now_ms);
	wait_ms = (count - throttle->level[kind]) / throttle->per_ms[kind];
	if (wait_ms > THROTTLE_QUEUE_MS) {
		*retry_s = 1 + (int)((wait_ms - THROTTLE_QUEUE_MS) / 1000);
		return -1;
	}
	throttle->level[kind] -= count;
	return wait_ms > 0 ? (int64_t)(wait_ms + 0.5) : 0;
}

const char *throttle_name(enum throttle_kind kind)
{
	static const char *const names[THROTTLES] = {
		[THROTTLE_NONE] = "None",
		[THROTTLE_REGISTRY] = "CRUD",
		[THROTTLE_QUERY] = "Query",
		[THROTTLE_TWIN_READ] = "TwinRead",
		[THROTTLE_TWIN_UPDATE] = "TwinUpdate",
		[THROTTLE_METHOD] = "DirectMethod",
		[THROTTLE_CONNECT] = "DeviceConnect",
		[THROTTLE_D2C] = "DeviceToCloud",
		[THROTTLE_C2D] = "CloudToDevice",
		[THROTTLE_PROVISIONING] = "Provisioning",
		[THROTTLE_REGISTRATION] = "Registration",
	};

	return names[kind];
}
