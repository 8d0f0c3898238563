#include "core.h"

#include <inttypes.h>
#include <stdio.h>

#include "log.h"

/* -- lock-up ----------------------------------------------------------------------------------- */

static void log_registers(struct core *core)
{
	static const char *const names[] = { "r0",  "r1", "r2", "r3", "r4",  "r5",
					     "r6",  "r7", "r8", "r9", "r10", "r11",
					     "r12", "sp", "lr", "pc" };
	char line[200];
	int len = 0;

	for (unsigned i = 0; i <= CPU_PC; i++) {
		len += snprintf(line + len, sizeof(line) - (size_t)len, "%s%s %08" PRIx32,
				i % 8 ? ", " : "", names[i],
				cpu_get(core->cpu, CPU_R0 + i));
		if (i % 8 == 7) {
			log_event("  %s", line);
			len = 0;
		}
	}
	log_event("  xpsr %08" PRIx32 ", msp %08" PRIx32 ", psp %08" PRIx32
		  ", control %" PRIx32,
		  cpu_get(core->cpu, CPU_XPSR), cpu_get(core->cpu, CPU_MSP),
		  cpu_get(core->cpu, CPU_PSP), cpu_get(core->cpu, CPU_CONTROL));
	log_event("  cfsr %08" PRIx32 ", hfsr %08" PRIx32 ", mmfar %08" PRIx32
		  ", bfar %08" PRIx32,
		  core->scb.cfsr, core->scb.hfsr, core->scb.mmfar, core->scb.bfar);
}

static void log_recent(struct core *core)
{
	uint32_t blocks[CPU_RECENT];
	char line[CPU_RECENT * 9 + 1] = "";
	int len = 0;

	cpu_recent(core->cpu, blocks);
	for (unsigned i = 0; i < CPU_RECENT && blocks[i]; i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " %08" PRIx32,
				blocks[i]);
	if (len)
		log_event("  came by%s", line);
}

void fault_lock_up(struct core *core, const char *why)
{
	if (core->state == CORE_LOCKED)
		return;
	core->state = CORE_LOCKED;
	log_event("the processor locks up: %s", why);
	log_registers(core);
	log_recent(core);
}

/* -- faults -------------------------------------------------------------------------------------- */

static enum exception exception_of(uint32_t cfsr)
{
	return cfsr & 0xFFFF0000 ? EXC_USAGEFAULT
	       : cfsr & 0xFF00   ? EXC_BUSFAULT
				 : EXC_MEMMANAGE;
}

enum exception fault_target(struct core *core, enum exception exception)
{
	if (has(&core->nvic.enabled, exception) &&
	    nvic_priority(core, exception) < nvic_running_priority(core, true))
		return exception;
	core->scb.hfsr |= HFSR_FORCED;
	if (nvic_running_priority(core, true) <= -1)
		return EXC_NONE;
	return EXC_HARDFAULT;
}

static void enter(struct core *core, enum exception exception)
{
	if (exception)
		exception_enter(core, exception);
	else
		fault_lock_up(core, "a fault in a handler of the highest priority");
}

void fault(struct core *core, uint32_t cfsr)
{
	core->scb.cfsr |= cfsr;
	enter(core, fault_target(core, exception_of(cfsr)));
}

void fault_hard(struct core *core, uint32_t hfsr)
{
	core->scb.hfsr |= hfsr;
	enter(core, nvic_running_priority(core, true) > -1 ? EXC_HARDFAULT : EXC_NONE);
}

void fault_synchronous(struct core *core, enum exception exception)
{
	enter(core, fault_target(core, exception));
}

/* C1.4.1: halting debug, the monitor, or a fault */
void fault_bkpt(struct core *core)
{
	const uint32_t monitor = 1u << 16; /* DEMCR.MON_EN */

	core->scb.dfsr |= 1u << 1;
	if (core->halting)
		core->halted = true;
	else if (core->debug.demcr & monitor &&
		 nvic_priority(core, EXC_DEBUG) < nvic_running_priority(core, true))
		exception_enter(core, EXC_DEBUG);
	else
		fault_hard(core, HFSR_DEBUGEVT);
}
