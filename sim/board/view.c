#include "view.h"

#include "core/cpu.h"

void view_machine(struct board_view *view, struct machine *machine,
		  const struct pace *pace)
{
	view->state = machine_state(machine);
	view->pc = machine_get(machine, CPU_PC);
	view->cycles = machine_cycles(machine);
	view->virtual_ns = machine_ns(machine);
	if (pace->busy_ns > 0)
		view->mips = (double)(view->cycles - machine_idle_cycles(machine)) *
			     1000 / (double)pace->busy_ns;
}

const char *board_mode_name(enum board_mode mode)
{
	static const char *const names[] = {
		[BOARD_OFF] = "off",
		[BOARD_ROM] = "rom",
		[BOARD_RUNNING] = "running",
	};

	return names[mode];
}

/* The state of the processor, in the ROM and without power too. */
const char *board_state_name(const struct board_view *view)
{
	static const char *const names[] = {
		[MACHINE_RUNS] = "runs",     [MACHINE_SLEEPS] = "sleeps",
		[MACHINE_LOCKED] = "locked", [MACHINE_HALTED] = "halted",
		[MACHINE_IN_ROM] = "rom",    [MACHINE_RESETS] = "resets",
	};

	return view->mode == BOARD_OFF ? "off" : names[view->state];
}
