#include "app/progress.h"

#include "boot/noinit.h"

#include <stddef.h>

#define ALL_TASKS ((1u << TASKS) - 1)
#define NO_TASK   TASKS

void progress_begin(enum task task)
{
	noinit.task = NOINIT_TASK | (uint32_t)task;
}

void progress_end(struct progress *p, enum task task)
{
	p->done |= 1u << task;
	noinit.task = NOINIT_TASK | NO_TASK;
}

bool progress_made(struct progress *p, uint32_t now_ms)
{
	if (p->done != ALL_TASKS || now_ms == p->fed_ms)
		return false;
	p->done = 0;
	p->fed_ms = now_ms;
	return true;
}

const char *progress_stuck(void)
{
	static const char *const names[] = {
		[TASK_CLOCK] = "clock",   [TASK_CONSOLE] = "console",
		[TASK_BUTTON] = "button", [TASK_LEDS] = "leds",
		[NO_TASK] = "main loop",
	};
	uint32_t task = noinit.task - NOINIT_TASK;

	return task <= NO_TASK ? names[task] : NULL;
}
