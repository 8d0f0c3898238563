#include "tcg_own.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <unicorn/unicorn.h>

/* The library's, as of 2.0.1; the processor's state and a block stay opaque. */
typedef uint64_t load_fn(void *env, uint32_t address, uint32_t how, uintptr_t from);
typedef void store_fn(void *env, uint32_t address, uint64_t value, uint32_t how,
		      uintptr_t from);
typedef void fill_fn(void *cpu, uint32_t address, uint64_t physical, uint32_t attributes,
		     int rights, int mmu, uint32_t bytes);
typedef void *translate_fn(void *cpu, uint32_t pc, uint32_t base, uint32_t flags,
			   int how);

#pragma GCC visibility push(default) /* all else of the board is hidden */
load_fn helper_ret_ldub_mmu_arm, helper_le_lduw_mmu_arm, helper_le_ldul_mmu_arm,
	helper_le_ldq_mmu_arm;
store_fn helper_ret_stb_mmu_arm, helper_le_stw_mmu_arm, helper_le_stl_mmu_arm,
	helper_le_stq_mmu_arm;
fill_fn tlb_set_page_with_attrs_arm;
translate_fn tb_gen_code_arm;
#pragma GCC visibility pop

static struct {
	load_fn *load[4]; /* by log2 of the bytes */
	store_fn *store[4];
	fill_fn *fill;
	translate_fn *translate;
	void (*set_dirty)(void *cpu, uint32_t address);
	void (*flush_page)(void *cpu, uint32_t address);
	bool (*restore)(void *cpu, uintptr_t from, bool leave);
	void (*leave)(void *cpu, uintptr_t from);
} library;

static const struct {
	const char *name;
	void *at;
} names[] = {
	{ "helper_ret_ldub_mmu_arm", &library.load[0] },
	{ "helper_le_lduw_mmu_arm", &library.load[1] },
	{ "helper_le_ldul_mmu_arm", &library.load[2] },
	{ "helper_le_ldq_mmu_arm", &library.load[3] },
	{ "helper_ret_stb_mmu_arm", &library.store[0] },
	{ "helper_le_stw_mmu_arm", &library.store[1] },
	{ "helper_le_stl_mmu_arm", &library.store[2] },
	{ "helper_le_stq_mmu_arm", &library.store[3] },
	{ "tlb_set_page_with_attrs_arm", &library.fill },
	{ "tb_gen_code_arm", &library.translate },
	{ "tlb_set_dirty_arm", &library.set_dirty },
	{ "tlb_flush_page_arm", &library.flush_page },
	{ "cpu_restore_state_arm", &library.restore },
	{ "cpu_loop_exit_restore_arm", &library.leave },
};

static struct tcg_client *client;
static uintptr_t from; /* the host's address of the present access */

/* -- binding ---------------------------------------------------------------------------- */

const char *tcg_missing(void)
{
	unsigned major, minor;

	uc_version(&major, &minor);
	if (major != 2 || minor != 0)
		return "the board needs libunicorn 2.0";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *symbol = dlsym(RTLD_NEXT, names[i].name);

		if (!symbol)
			return names[i].name;
		*(void **)names[i].at = symbol;
	}
	return tcg_meter_missing();
}

void tcg_serve(struct tcg_client *next)
{
	client = next;
}

const struct tcg_client *tcg_client_now(void)
{
	return client;
}

/* -- accesses: the slow path, which RAM takes once a page and all else each time ---------- */

static uint64_t load(unsigned size, void *env, uint32_t address, uint32_t how,
		     uintptr_t ret)
{
	unsigned bytes = 1u << size;
	uint64_t value;

	from = ret;
	if (client->plain(client->ctx, address, bytes, false))
		value = library.load[size](env, address, how, ret);
	else
		value = client->load(client->ctx, address, bytes);
	from = 0;
	return value;
}

static void store(unsigned size, void *env, uint32_t address, uint64_t value,
		  uint32_t how, uintptr_t ret)
{
	unsigned bytes = 1u << size;

	from = ret;
	if (client->plain(client->ctx, address, bytes, true))
		library.store[size](env, address, value, how, ret);
	else
		client->store(client->ctx, address, bytes, value);
	from = 0;
}

#define LOAD(name, size)                                                                 \
	uint64_t name(void *env, uint32_t address, uint32_t how, uintptr_t ret)          \
	{                                                                                \
		return load(size, env, address, how, ret);                               \
	}
#define STORE(name, size, type)                                                          \
	void name(void *env, uint32_t address, uint64_t value, uint32_t how,             \
		  uintptr_t ret)                                                         \
	{                                                                                \
		store(size, env, address, (type)value, how, ret);                        \
	}

LOAD(helper_ret_ldub_mmu_arm, 0)
LOAD(helper_le_lduw_mmu_arm, 1)
LOAD(helper_le_ldul_mmu_arm, 2)
LOAD(helper_le_ldq_mmu_arm, 3)
STORE(helper_ret_stb_mmu_arm, 0, uint8_t)
STORE(helper_le_stw_mmu_arm, 1, uint16_t)
STORE(helper_le_stl_mmu_arm, 2, uint32_t)
STORE(helper_le_stq_mmu_arm, 3, uint64_t)

void tcg_sync(void)
{
	if (from)
		library.restore(client->cpu, from, true);
}

_Noreturn void tcg_abort(void)
{
	library.leave(client->cpu, from);
	abort(); /* it does not come back */
}

/* -- pages and blocks ------------------------------------------------------------------------- */

void tlb_set_page_with_attrs_arm(void *which, uint32_t address, uint64_t physical,
				 uint32_t attributes, int rights, int mmu, uint32_t bytes)
{
	client->cpu = which;
	library.fill(which, address, physical, attributes, rights, mmu, bytes);
	if (client->unwatched(client->ctx, address))
		library.set_dirty(which, address & ~(TCG_PAGE_BYTES - 1));
}

void *tb_gen_code_arm(void *which, uint32_t pc, uint32_t base, uint32_t flags, int how)
{
	client->cpu = which;
	tcg_meter_begin(pc);
	client->translates(client->ctx, pc);
	return library.translate(which, pc, base, flags, how);
}

void tcg_watch(uint32_t address)
{
	library.flush_page(client->cpu, address & ~(TCG_PAGE_BYTES - 1));
}
