#include "pace.h"

#include <time.h>

#define MS 1000000

#define SLICE_NS  (1 * MS)   /* the chip runs so much at a time */
#define BUDGET_NS (5 * MS)   /* of the host's time, before others have their turn */
#define BEHIND_NS (100 * MS) /* what it lags behind by more than that is given up */
/* Idle, it need not wake the host for every tick: nobody sees it until then. */
#define IDLE_NS (8 * MS)

static int64_t host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void pace_start(struct pace *pace, struct clock *clock, const struct machine *machine)
{
	pace->clock = clock;
	pace->ran_ns = clock_now(clock);
	pace->epoch_ns = pace->ran_ns - machine_ns(machine);
}

static bool stopped(const struct machine *machine)
{
	return machine_state(machine) >= MACHINE_HALTED;
}

void pace_run(struct pace *pace, struct machine *machine)
{
	int64_t now = clock_now(pace->clock) - pace->epoch_ns;
	int64_t begun = host_ns();

	pace->ran_ns = clock_now(pace->clock);
	while (machine_ns(machine) < now && !stopped(machine)) {
		int64_t until = machine_ns(machine) + SLICE_NS;

		machine_run(machine, until < now ? until : now);
		if (host_ns() - begun >= BUDGET_NS)
			break;
	}
	pace->busy_ns += host_ns() - begun;
	if (now - machine_ns(machine) > BEHIND_NS || stopped(machine))
		pace->epoch_ns += now - machine_ns(machine);
}

int64_t pace_due_ns(const struct pace *pace, struct machine *machine)
{
	enum machine_state state = machine_state(machine);
	int64_t due = machine_due_ns(machine);

	if (due == INT64_MAX)
		return CLOCK_NEVER;
	due += pace->epoch_ns;
	if (state == MACHINE_RUNS)
		return due + SLICE_NS;
	if (pace->clock->mode == CLOCK_REAL && due < pace->ran_ns + IDLE_NS)
		return pace->ran_ns + IDLE_NS;
	return due;
}
