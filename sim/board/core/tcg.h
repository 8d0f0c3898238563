/*
 * What libunicorn 2.0.1 knows and its interface does not tell, measured on the programs
 * of tests/bench:
 *
 * - Each store to RAM looks for translated code under it first, in 30 to 100 ns: 50
 *   million instructions a second where memory is written, 800 without that.
 * - An access that is not to plain memory does not say which instruction it comes from:
 *   the program counter is the block's, so that the time within a block is lost, and a
 *   fault has no address to return to.
 * - Nor can such an access be refused before the instruction has its effects.
 * - A hook for blocks, which is how time is counted, is a call in front of each: a third
 *   of the time of a loop.
 *
 * The library calls those of its functions by name through the dynamic linker. Those
 * defined in tcg.c and tcgmeter.c take their place, do what is missing, and call the
 * library's.
 */
#ifndef CORE_TCG_H
#define CORE_TCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is put in front of each block in the place of the call of the hook for blocks. It
 * notes the block, takes its cost off what is left, and calls the hook only if that is
 * negative then; the hook may change both.
 */
struct tcg_meter {
	int32_t left;
	uint8_t at; /* where in `recent` the next one goes, in bytes: it goes round */
	const void *costs;
	uint32_t recent[64];
};

/* Who is asked, while a processor runs; all at the time of the access. */
struct tcg_client {
	void *cpu; /* the library's processor, known once it has run; zero before */
	void *ctx;
	/* RAM, or flash that is read: the library's own affair */
	bool (*plain)(void *ctx, uint32_t address, unsigned bytes, bool write);
	/* anything else */
	uint64_t (*load)(void *ctx, uint32_t address, unsigned bytes);
	void (*store)(void *ctx, uint32_t address, unsigned bytes, uint64_t value);
	/* stores to the page at `address` need not be looked at: it is RAM without code */
	bool (*unwatched)(void *ctx, uint32_t address);
	/* the block at `pc` is about to be translated */
	void (*translates)(void *ctx, uint32_t pc);
	/* where its cost, of 32 bits, is found behind meter->costs */
	size_t (*cost_at)(void *ctx, uint32_t pc);
	/* it has so many bytes; true: `*cost` is what it costs, wherever meter->costs is */
	bool (*weigh)(void *ctx, uint32_t pc, unsigned bytes, uint32_t *cost);
	struct tcg_meter *meter;
	/*
	 * as it was given to uc_hook_add(), with `ctx`; in the place of the block's size it
	 * is told weigh()'s cost, or zero if that may change
	 */
	void *hook;
	void *engine;
};

#define TCG_PAGE_BYTES 0x400u /* of the library's for ARM */

/* What this libunicorn lacks of it; NULL: nothing. */
const char *tcg_missing(void);
void tcg_serve(struct tcg_client *client);

/* In load() and store(): the program counter becomes that of the access's instruction. */
void tcg_sync(void);
/* The same, and the instruction is left, undone; uc_emu_stop() comes first. */
_Noreturn void tcg_abort(void);
/* In translates(): stores to the page are looked at from now on. */
void tcg_watch(uint32_t address);

#endif
