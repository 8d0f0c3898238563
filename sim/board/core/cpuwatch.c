#include "cpu_own.h"

static void on_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
		      int64_t value, void *ctx)
{
	(void)uc;
	(void)type;
	(void)address;
	(void)size;
	(void)value;
	(void)ctx;
}

/*
 * With a hook for accesses, be it for none that there are, the library makes code that
 * asks for each: the only way to see those to RAM.
 */
static void look(struct cpu *cpu)
{
	bool wanted = cpu->strict || cpu->watches;

	if (wanted == cpu->looks)
		return;
	cpu->looks = wanted;
	if (wanted)
		uc_hook_add(cpu->uc, &cpu->look_hook,
			    UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_access, cpu,
			    (uint64_t)NOWHERE, (uint64_t)NOWHERE);
	else
		uc_hook_del(cpu->uc, cpu->look_hook);
	cpu_drop(cpu, FLASH_BASE, FLASH_BASE + FLASH_BYTES);
	cpu_drop(cpu, MCU_SRAM_BASE, MCU_SRAM_BASE + MCU_SRAM_BYTES);
}

void cpu_look_again(struct cpu *cpu)
{
	cpu->looks = false;
	look(cpu);
}

void cpu_strict(struct cpu *cpu, bool strict)
{
	cpu->strict = strict;
	look(cpu);
}

/* `kinds` of zero is a free place. */
static struct watch *find(struct cpu *cpu, struct watch wanted)
{
	for (unsigned i = 0; i < CPU_WATCHES; i++) {
		struct watch *watch = &cpu->watch[i];

		if (watch->kinds == wanted.kinds &&
		    (!wanted.kinds ||
		     (watch->first == wanted.first && watch->last == wanted.last)))
			return watch;
	}
	return NULL;
}

bool cpu_watch(struct cpu *cpu, uint32_t address, uint32_t len, unsigned kinds, bool on)
{
	const struct watch none = { 0 };
	const struct watch watch = { address, address + (len - 1), kinds };
	struct watch *place;

	if (!kinds || !len || watch.last < address)
		return false;
	place = find(cpu, on ? none : watch);
	if (!place)
		return false;
	*place = on ? watch : none;
	cpu->watches += on ? 1 : -1u;
	look(cpu);
	return true;
}

bool cpu_watched(struct cpu *cpu, uint32_t address, uint32_t len, bool write)
{
	for (unsigned i = 0; cpu->watches && i < CPU_WATCHES; i++) {
		const struct watch *watch = &cpu->watch[i];

		if (!(watch->kinds & (write ? CPU_WRITES : CPU_READS)) ||
		    address > watch->last || address + (len - 1) < watch->first)
			continue;
		cpu->hit = (struct cpu_hit){
			.address = address > watch->first ? address : watch->first,
			.kinds = watch->kinds,
			.pc = NOWHERE,
		};
		return true;
	}
	return false;
}

struct cpu_hit cpu_hit(const struct cpu *cpu)
{
	return cpu->hit;
}

void cpu_forget_hit(struct cpu *cpu)
{
	cpu->hit = (struct cpu_hit){ 0 };
}
