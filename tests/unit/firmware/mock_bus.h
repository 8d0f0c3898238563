/*
 * An STM32F407's bus as the firmware's drivers see it: arrays, and beside them what a
 * register does besides keeping its value, read from [RM0090]. What is not there fails the
 * test: no driver may reach for it.
 */
#ifndef MOCK_BUS_H
#define MOCK_BUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hw/reg.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* What is wrong with the chip, and what it was seen to do. */
struct mock {
	/* clocks that never come */
	bool no_hsi, no_hse, no_pll, no_switch, no_wait_states;
	/* flash */
	bool flash_stuck, flash_deaf; /* busy for ever; takes no keys */
	uint32_t flash_error;         /* what the next operation leaves in FLASH_SR */
	bool flash_forgets;           /* programming does nothing */
	unsigned erases[12], programmed;
	unsigned power_cut; /* 1: the next erase or word is the last thing that happens */
	/* random numbers: 0 ends the list, then they count on */
	uint32_t numbers[8];
	bool rng_silent;
	uint32_t rng_error;   /* RNG_SR_... that stand */
	unsigned rng_recover; /* restarts after which they are gone */
	/* watchdog */
	bool iwdg_stuck;
	bool iwdg_running;
	unsigned iwdg_fed;
	/* console */
	bool usart_stuck;
	char sent[8192];
	size_t n_sent;
	/* core */
	unsigned resets, halts;
	uint32_t started_sp, started_pc;
	/* all writes, in order */
	struct mock_write {
		uint32_t addr, value;
	} writes[4096];
	size_t n_writes;
};
extern struct mock mock;

/* A chip after power-on, its flash blank; a cmocka setup. */
int mock_reset(void **state);

/* A register or a word of memory, without any of what reading or writing it does. */
uint32_t mock_get(uint32_t addr);
void mock_set(uint32_t addr, uint32_t value);

/* The bytes of memory at an address. */
uint8_t *mock_memory(uint32_t addr);

/* The first write to `addr` from the n-th write on; -1 when there is none. */
int mock_find(uint32_t addr, size_t from);

/* A byte arrives at the console. */
void mock_receive(uint8_t byte, uint32_t errors);

/* What was sent since the last call, as text. */
const char *mock_sent(void);

#endif
