#include <dlfcn.h>
#include <stddef.h>

#include "tcg_own.h"

/*
 * Operations of the library's intermediate code (tcg-opc.h of 2.0.1). Their arguments are
 * temporaries, as addresses, and constants; some functions want a temporary by its offset
 * in the translator's state instead.
 */
enum {
	SET_LABEL = 1,
	CONSTANT_32 = 6,
	LOAD_32 = 13,
	STORE_32 = 16,
	SUBTRACT_32 = 18,
	LOAD_BYTE = 67,
	LOAD_64 = 73,
	STORE_BYTE = 74,
	ADD_64 = 78
};

enum { TYPE_32, TYPE_64 }; /* of a temporary */

/* The beginning of one, as of 2.0.1 */
struct operation {
	uint8_t code;
	void *next, *previous;
	uintptr_t arguments[3];
};

#define NOT_NEGATIVE 3 /* a condition */

typedef void call_fn(void *tcg, void *function, void *result, int count, void **args);
typedef void branch_fn(void *tcg, int condition, uintptr_t offset, int32_t with,
		       void *label);
typedef int code_fn(void *tcg, struct tcg_block *block);

#pragma GCC visibility push(default)
call_fn tcg_gen_callN_arm;
branch_fn tcg_gen_brcondi_i32_arm;
code_fn tcg_gen_code_arm;
void check_exit_request_arm(void *tcg);
#pragma GCC visibility pop

static struct {
	call_fn *call;
	void *(*temporary)(void *tcg, int type, bool outlives_label);
	void (*done)(void *tcg, void *temporary);
	uintptr_t (*constant_32)(void *tcg, int32_t value); /* an offset */
	uintptr_t (*constant_64)(void *tcg, int64_t value);
	struct operation *(*operation)(void *tcg, int operation);
	void (*operation_1)(void *tcg, int operation, uintptr_t a);
	void (*operation_3)(void *tcg, int operation, uintptr_t a, uintptr_t b,
			    uintptr_t c);
	code_fn *code;
	void *(*label)(void *tcg);
	branch_fn *branch_if;
} library;

/* Of the block that is being translated */
static uint32_t translating;
static void *counted; /* the label of what need not ask, until it is set */
static struct operation *cost_load, *cost_given;

static const struct {
	const char *name;
	void *at;
} names[] = {
	{ "tcg_gen_callN_arm", &library.call },
	{ "tcg_temp_new_internal_arm", &library.temporary },
	{ "tcg_temp_free_internal_arm", &library.done },
	{ "tcg_const_i32_arm", &library.constant_32 },
	{ "tcg_const_i64_arm", &library.constant_64 },
	{ "tcg_gen_op1_arm", &library.operation_1 },
	{ "tcg_gen_op3_arm", &library.operation_3 },
	{ "tcg_emit_op_arm", &library.operation },
	{ "tcg_gen_code_arm", &library.code },
	{ "gen_new_label_arm", &library.label },
	{ "tcg_gen_brcondi_i32_arm", &library.branch_if },
};

const char *tcg_meter_missing(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *symbol = dlsym(RTLD_NEXT, names[i].name);

		if (!symbol)
			return names[i].name;
		*(void **)names[i].at = symbol;
	}
	return NULL;
}

void tcg_meter_begin(uint32_t pc)
{
	translating = pc;
	counted = NULL;
	cost_load = NULL;
}

/* -- code ----------------------------------------------------------------------------- */

static uintptr_t new_temporary(void *tcg, int type)
{
	return (uintptr_t)library.temporary(tcg, type, false);
}

static uintptr_t new_pointer(void *tcg, const void *value)
{
	return (uintptr_t)tcg + library.constant_64(tcg, (int64_t)(intptr_t)value);
}

static uintptr_t new_word(void *tcg, uint32_t value)
{
	return (uintptr_t)tcg + library.constant_32(tcg, (int32_t)value);
}

static void done(void *tcg, uintptr_t temporary)
{
	library.done(tcg, (void *)temporary);
}

/* meter->recent[] = pc */
static void note_block(void *tcg, uintptr_t meter, uint32_t pc)
{
	uintptr_t at = new_temporary(tcg, TYPE_64), place = new_temporary(tcg, TYPE_64);
	uintptr_t step = new_pointer(tcg, (void *)sizeof(uint32_t));
	uintptr_t address = new_word(tcg, pc);

	library.operation_3(tcg, LOAD_BYTE, at, meter, offsetof(struct tcg_meter, at));
	library.operation_3(tcg, ADD_64, place, at, meter);
	library.operation_3(tcg, STORE_32, address, place,
			    offsetof(struct tcg_meter, recent));
	library.operation_3(tcg, ADD_64, at, at, step);
	library.operation_3(tcg, STORE_BYTE, at, meter, offsetof(struct tcg_meter, at));
	done(tcg, at);
	done(tcg, place);
	done(tcg, step);
	done(tcg, address);
}

/* meter->left -= the block's cost; if that is not negative, to the label */
static void count_block(void *tcg, uintptr_t meter, size_t cost_at, void *label)
{
	uintptr_t costs = new_temporary(tcg, TYPE_64);
	uintptr_t cost = new_temporary(tcg, TYPE_32), left = new_temporary(tcg, TYPE_32);

	library.operation_3(tcg, LOAD_64, costs, meter,
			    offsetof(struct tcg_meter, costs));
	cost_load = library.operation(tcg, LOAD_32);
	cost_load->arguments[0] = cost;
	cost_load->arguments[1] = costs;
	cost_load->arguments[2] = cost_at;
	library.operation_3(tcg, LOAD_32, left, meter, offsetof(struct tcg_meter, left));
	library.operation_3(tcg, SUBTRACT_32, left, left, cost);
	library.operation_3(tcg, STORE_32, left, meter, offsetof(struct tcg_meter, left));
	library.branch_if(tcg, NOT_NEGATIVE, left - (uintptr_t)tcg, 0, label);
	done(tcg, costs);
	done(tcg, cost);
	done(tcg, left);
}

static void call_hook(void *tcg, const struct tcg_client *client, uint32_t pc)
{
	uintptr_t args[] = {
		new_pointer(tcg, client->engine),
		new_pointer(tcg, (void *)(uintptr_t)pc),
		new_temporary(tcg, TYPE_32),
		new_pointer(tcg, client->ctx),
	};

	cost_given = library.operation(tcg, CONSTANT_32);
	cost_given->arguments[0] = args[2];
	cost_given->arguments[1] = 0;
	library.call(tcg, client->hook, NULL, 4, (void **)args);
	for (size_t i = 0; i < 4; i++)
		done(tcg, args[i]);
}

/* Any call that is translated; the hook's is the first in its block. */
void tcg_gen_callN_arm(void *tcg, void *function, void *result, int count, void **args)
{
	const struct tcg_client *client = tcg_client_now();
	uintptr_t meter;

	if (function != client->hook) {
		library.call(tcg, function, result, count, args);
		return;
	}
	counted = library.label(tcg);
	meter = new_pointer(tcg, client->meter);
	note_block(tcg, meter, translating);
	count_block(tcg, meter, client->cost_at(client->ctx, translating), counted);
	done(tcg, meter);
	call_hook(tcg, client, translating);
}

/*
 * The block is whole, and code is made of it: if its cost can not change, it is a part of
 * that code, and the table's pointer is loaded for nobody, which the library finds out.
 */
int tcg_gen_code_arm(void *tcg, struct tcg_block *block)
{
	const struct tcg_client *client = tcg_client_now();
	uint32_t cost;

	if (cost_load && client->weigh(client->ctx, translating, block->bytes, &cost)) {
		cost_load->code = CONSTANT_32;
		cost_load->arguments[1] = cost_given->arguments[1] = cost;
	}
	cost_load = NULL;
	return library.code(tcg, block);
}

/*
 * The first one behind the hook looks whether uc_emu_stop() was called, which only the
 * hook does.
 */
void tcg_gen_brcondi_i32_arm(void *tcg, int condition, uintptr_t offset, int32_t with,
			     void *label)
{
	library.branch_if(tcg, condition, offset, with, label);
	if (counted)
		library.operation_1(tcg, SET_LABEL, (uintptr_t)counted);
	counted = NULL;
}

/*
 * The same, behind each access: an access that is to end the run is left by tcg_abort().
 * So nothing ends a block within, and values stay in the host's registers.
 */
void check_exit_request_arm(void *tcg)
{
	(void)tcg;
}
