#include "cpu_own.h"

#include <string.h>

#include "thumb.h"

#define SRAM1 0x1C000u /* RM0090 2.3.1: what MEMRMP shows of the RAM */

/* -- memory -------------------------------------------------------------------------------- */

static bool inside(uint32_t address, uint32_t len, uint32_t base, uint32_t bytes)
{
	return address - base < bytes && len <= bytes - (address - base);
}

/* The address that the alias at 0 stands for */
static uint32_t real(const struct cpu *cpu, uint32_t address)
{
	static const uint32_t bases[4] = { FLASH_BASE, MCU_SYSTEM_BASE, 0,
					   MCU_SRAM_BASE };

	return address < cpu->alias_bytes ? address + bases[cpu->mem_mode] : address;
}

uint8_t *cpu_memory(struct cpu *cpu, uint32_t address, uint32_t len, bool write)
{
	address = real(cpu, address);
	if (inside(address, len, MCU_SRAM_BASE, MCU_SRAM_BYTES))
		return cpu->sram + (address - MCU_SRAM_BASE);
	if (inside(address, len, MCU_CCM_BASE, MCU_CCM_BYTES))
		return cpu->ccm + (address - MCU_CCM_BASE);
	if (write)
		return NULL;
	if (inside(address, len, FLASH_BASE, FLASH_BYTES))
		return (uint8_t *)cpu->flash + (address - FLASH_BASE);
	if (inside(address, len, MCU_SYSTEM_BASE, MCU_SYSTEM_BYTES))
		return cpu->system + (address - MCU_SYSTEM_BASE);
	return NULL;
}

struct note *cpu_note(struct cpu *cpu, uint32_t address)
{
	if (address - FLASH_BASE < FLASH_BYTES)
		return &cpu->notes->flash[(address - FLASH_BASE) / 2];
	if (address - MCU_SRAM_BASE < MCU_SRAM_BYTES)
		return &cpu->notes->sram[(address - MCU_SRAM_BASE) / 2];
	if (address - MCU_SYSTEM_BASE < MCU_SYSTEM_BYTES)
		return &cpu->notes->system[(address - MCU_SYSTEM_BASE) / 2];
	return address < cpu->alias_bytes ? cpu_note(cpu, real(cpu, address))
					  : &cpu->notes->elsewhere;
}

static void unmap_alias(struct cpu *cpu)
{
	if (cpu->alias_bytes)
		uc_mem_unmap(cpu->uc, 0, cpu->alias_bytes);
	cpu->alias_bytes = 0;
}

static void map(struct cpu *cpu, uint32_t address, uint32_t bytes, unsigned rights,
		const uint8_t *memory)
{
	uc_mem_map_ptr(cpu->uc, address, bytes, rights, (void *)memory);
}

void cpu_remap(struct cpu *cpu, unsigned mem_mode)
{
	const unsigned fixed = UC_PROT_READ | UC_PROT_EXEC;

	mem_mode &= 3;
	if (mem_mode == cpu->mem_mode && cpu->alias_bytes)
		return;
	unmap_alias(cpu);
	cpu->mem_mode = mem_mode;
	if (mem_mode == 0)
		map(cpu, 0, cpu->alias_bytes = FLASH_BYTES, fixed, cpu->flash);
	else if (mem_mode == 1)
		map(cpu, 0, cpu->alias_bytes = MCU_SYSTEM_BYTES, fixed, cpu->system);
	else if (mem_mode == 3)
		map(cpu, 0, cpu->alias_bytes = SRAM1, UC_PROT_ALL, cpu->sram);
}

/* Most of the flash is never run. */
static bool unnoted(struct cpu *cpu, uint32_t address)
{
	address = real(cpu, address) - FLASH_BASE;
	return address < FLASH_BYTES && !cpu->noted[address / TCG_PAGE_BYTES];
}

void cpu_forget(struct cpu *cpu, uint32_t address, uint32_t len)
{
	uint32_t at = 0;

	while (at < len) {
		if (unnoted(cpu, address + at)) {
			at += TCG_PAGE_BYTES - (address + at) % TCG_PAGE_BYTES;
			continue;
		}
		cpu_note(cpu, address + at)->instructions = 0;
		at += 2;
	}
}

void cpu_drop(struct cpu *cpu, uint32_t from, uint32_t to)
{
	tcg_serve(&cpu->client);
	uc_ctl_remove_cache(cpu->uc, (uint64_t)from, (uint64_t)to);
	cpu_forget(cpu, from, to - from);
}

static bool has_code(const struct cpu *cpu, uint32_t address, uint32_t len)
{
	uint32_t last = (address - MCU_SRAM_BASE + len - 1) / TCG_PAGE_BYTES;

	for (uint32_t page = (address - MCU_SRAM_BASE) / TCG_PAGE_BYTES; page <= last;
	     page++)
		if (cpu->code[page])
			return true;
	return false;
}

/* Blocks at the alias of address 0 are those of the memory that it shows. */
void cpu_changed(struct cpu *cpu, uint32_t address, uint32_t len)
{
	bool ram = inside(address, len, MCU_SRAM_BASE, MCU_SRAM_BYTES);
	uint32_t base = ram ? MCU_SRAM_BASE : FLASH_BASE;
	/* one that reaches into it may begin a page earlier */
	uint32_t from = address & ~(TCG_PAGE_BYTES - 1);

	if (ram ? !has_code(cpu, address, len)
		: !inside(address, len, FLASH_BASE, FLASH_BYTES))
		return;
	cpu_drop(cpu, from > base ? from - TCG_PAGE_BYTES : base, address + len);
}

/* -- what the library asks ---------------------------------------------------------------------- */

static bool plain(void *ctx, uint32_t address, unsigned bytes, bool write)
{
	struct cpu *cpu = ctx;

	if (cpu->watches && !cpu->passing && cpu_watched(cpu, address, bytes, write))
		cpu_leave_watched(cpu);
	if (cpu->strict && address & ((bytes < 4 ? bytes : 4) - 1))
		return false;
	return cpu_memory(cpu, address, bytes, write) != NULL;
}

static uint64_t load(void *ctx, uint32_t address, unsigned bytes)
{
	struct cpu *cpu = ctx;
	uint64_t low;

	if (bytes <= 4)
		return cpu->bus.load(cpu->bus.ctx, address, bytes);
	low = cpu->bus.load(cpu->bus.ctx, address, 4);
	return low | (uint64_t)cpu->bus.load(cpu->bus.ctx, address + 4, 4) << 32;
}

static void store(void *ctx, uint32_t address, unsigned bytes, uint64_t value)
{
	struct cpu *cpu = ctx;

	cpu->bus.store(cpu->bus.ctx, address, bytes <= 4 ? bytes : 4, (uint32_t)value);
	if (bytes > 4)
		cpu->bus.store(cpu->bus.ctx, address + 4, 4, (uint32_t)(value >> 32));
}

static bool unwatched(void *ctx, uint32_t address)
{
	struct cpu *cpu = ctx;

	if (cpu->mem_mode == 3 && cpu->alias_bytes)
		return false; /* the RAM has two addresses */
	if (address - MCU_CCM_BASE < MCU_CCM_BYTES)
		return true;
	return address - MCU_SRAM_BASE < MCU_SRAM_BYTES &&
	       !cpu->code[(address - MCU_SRAM_BASE) / TCG_PAGE_BYTES];
}

static void translates(void *ctx, uint32_t pc)
{
	struct cpu *cpu = ctx;
	uint32_t at = real(cpu, pc);

	cpu->translated++;
	cpu_note(cpu, pc)->instructions = 0;
	if (at - FLASH_BASE < FLASH_BYTES)
		cpu->noted[(at - FLASH_BASE) / TCG_PAGE_BYTES] = true;
	/* a block goes over into the next page at most */
	for (int i = 0; i < 2; i++, at += TCG_PAGE_BYTES) {
		uint32_t page = (at - MCU_SRAM_BASE) / TCG_PAGE_BYTES;

		if (at - MCU_SRAM_BASE < MCU_SRAM_BYTES && !cpu->code[page]) {
			cpu->code[page] = true;
			tcg_watch(at);
		}
	}
}

/* -- making it ------------------------------------------------------------------------------ */

void cpu_map(struct cpu *cpu)
{
	const unsigned fixed = UC_PROT_READ | UC_PROT_EXEC;

	map(cpu, FLASH_BASE, FLASH_BYTES, fixed, cpu->flash);
	map(cpu, MCU_SYSTEM_BASE, MCU_SYSTEM_BYTES, fixed, cpu->system);
	map(cpu, MCU_SRAM_BASE, MCU_SRAM_BYTES, UC_PROT_ALL, cpu->sram);
	/* RM0090 2.3.1: it hangs on the data bus only */
	map(cpu, MCU_CCM_BASE, MCU_CCM_BYTES, UC_PROT_READ | UC_PROT_WRITE, cpu->ccm);
	cpu->alias_bytes = 0;
	cpu_remap(cpu, cpu->mem_mode);
	memset(cpu->code, 0, sizeof(cpu->code));
	cpu->client = (struct tcg_client){
		.ctx = cpu,
		.plain = plain,
		.load = load,
		.store = store,
		.unwatched = unwatched,
		.translates = translates,
	};
}
