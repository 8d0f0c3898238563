#include "cpu_own.h"

#include <string.h>

#define IPSR_BOOT 1 /* any exception: privileged, whatever CONTROL says */

static const int reg_ids[CPU_REGS] = {
	[0] = UC_ARM_REG_R0,
	UC_ARM_REG_R1,
	UC_ARM_REG_R2,
	UC_ARM_REG_R3,
	UC_ARM_REG_R4,
	UC_ARM_REG_R5,
	UC_ARM_REG_R6,
	UC_ARM_REG_R7,
	UC_ARM_REG_R8,
	UC_ARM_REG_R9,
	UC_ARM_REG_R10,
	UC_ARM_REG_R11,
	UC_ARM_REG_R12,
	[CPU_SP] = UC_ARM_REG_SP,
	[CPU_LR] = UC_ARM_REG_LR,
	[CPU_PC] = UC_ARM_REG_PC,
	[CPU_XPSR] = UC_ARM_REG_XPSR,
	[CPU_MSP] = UC_ARM_REG_MSP,
	[CPU_PSP] = UC_ARM_REG_PSP,
	[CPU_PRIMASK] = UC_ARM_REG_PRIMASK,
	[CPU_FAULTMASK] = UC_ARM_REG_FAULTMASK,
	[CPU_BASEPRI] = UC_ARM_REG_BASEPRI,
	[CPU_CONTROL] = UC_ARM_REG_CONTROL,
	[CPU_FPSCR] = UC_ARM_REG_FPSCR,
};

bool cpu_handler(struct cpu *cpu)
{
	return (get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_IPSR) != 0;
}

bool cpu_privileged(struct cpu *cpu)
{
	return cpu_handler(cpu) || !(get(cpu, UC_ARM_REG_CONTROL) & CPU_CONTROL_NPRIV);
}

/* The library reads and writes these as MRS and MSR do: without privilege, not at all. */
static bool is_special(enum cpu_reg reg)
{
	return reg >= CPU_MSP && reg <= CPU_CONTROL;
}

uint32_t cpu_get(struct cpu *cpu, enum cpu_reg reg)
{
	uint32_t value;

	if (!is_special(reg) || reg == CPU_CONTROL || cpu_privileged(cpu))
		return get(cpu, reg_ids[reg]);
	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	value = get(cpu, reg_ids[reg]);
	set(cpu, UC_ARM_REG_IPSR, 0);
	return value;
}

/* Its XPSR leaves GE out, and takes the T bit for what decides between ARM and Thumb. */
static void set_xpsr(struct cpu *cpu, uint32_t value)
{
	set(cpu, UC_ARM_REG_XPSR, value);
	set(cpu, UC_ARM_REG_APSR_G, value);
}

/* SPSEL is taken in Thread mode only, the rest with privilege. */
static void set_control(struct cpu *cpu, uint32_t value)
{
	uint32_t ipsr = get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_IPSR;

	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	set(cpu, UC_ARM_REG_CONTROL, 0);
	set(cpu, UC_ARM_REG_IPSR, 0);
	set(cpu, UC_ARM_REG_CONTROL, value);
	set(cpu, UC_ARM_REG_IPSR, ipsr);
}

void cpu_set(struct cpu *cpu, enum cpu_reg reg, uint32_t value)
{
	if (reg == CPU_XPSR) {
		set_xpsr(cpu, value);
	} else if (reg == CPU_CONTROL) {
		set_control(cpu, value);
	} else if (reg == CPU_PC) {
		/* bit 0 is what it takes T from */
		bool thumb = get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T;

		set(cpu, UC_ARM_REG_PC, (value & ~1u) | thumb);
	} else if (!is_special(reg) || cpu_privileged(cpu)) {
		set(cpu, reg_ids[reg], value);
	} else {
		set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
		set(cpu, reg_ids[reg], value);
		set(cpu, UC_ARM_REG_IPSR, 0);
	}
}

void cpu_get_float(struct cpu *cpu, uint32_t words[17])
{
	for (int i = 0; i < 8; i++)
		uc_reg_read(cpu->uc, UC_ARM_REG_D0 + i, &words[2 * i]);
	words[16] = get(cpu, UC_ARM_REG_FPSCR);
}

void cpu_set_float(struct cpu *cpu, const uint32_t words[17])
{
	for (int i = 0; i < 8; i++)
		uc_reg_write(cpu->uc, UC_ARM_REG_D0 + i, &words[2 * i]);
	set(cpu, UC_ARM_REG_FPSCR, words[16]);
}

void cpu_reset(struct cpu *cpu)
{
	static const uint32_t zero[17];

	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	set(cpu, UC_ARM_REG_PRIMASK, 0);
	set(cpu, UC_ARM_REG_FAULTMASK, 0);
	set(cpu, UC_ARM_REG_BASEPRI, 0);
	set_control(cpu, 0);
	set(cpu, UC_ARM_REG_MSP, 0);
	set(cpu, UC_ARM_REG_PSP, 0);
	cpu_set_float(cpu, zero);
	for (int i = CPU_R0; i <= CPU_LR; i++)
		set(cpu, reg_ids[i], 0);
	set_xpsr(cpu, CPU_XPSR_T);
	cpu_strict(cpu, false);
	cpu->event = cpu->base_written = false;
	memset(cpu->meter.recent, 0, sizeof(cpu->meter.recent));
}

uint64_t cpu_get_double(struct cpu *cpu, unsigned n)
{
	uint64_t value = 0;

	uc_reg_read(cpu->uc, UC_ARM_REG_D0 + (int)n, &value);
	return value;
}

void cpu_set_double(struct cpu *cpu, unsigned n, uint64_t value)
{
	uc_reg_write(cpu->uc, UC_ARM_REG_D0 + (int)n, &value);
}
