/*
 * What the programs of this folder share. Each holds the chip against one rule of RM0090:
 * rule() is called from reset, with HSI as the clock, DWT_CYCCNT counting and RAM but for
 * KEPT initialised. Each expectation stands beside what is measured; a program that comes
 * to the end of rule() with all of them met has passed.
 */
#ifndef RULE_H
#define RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "rm0090.h"

void rule(void);

/* Over resets, but not without power */
#define KEPT __attribute__((section(".kept")))
/* Executed from RAM */
#define RAMCODE __attribute__((section(".ramcode"), long_call, noinline))

/* What `got` is must be `want`; else its words, the line and both values are told. */
#define EXPECT(got, want) expect(__LINE__, #got, (uint32_t)(got), (uint32_t)(want))
/* For what takes as long as it takes a program to look */
#define EXPECT_WITHIN(got, from, to) expect_within(__LINE__, #got, got, from, to)

/* A reset should have come before. */
#define UNREACHED() expect(__LINE__, "going on", true, false)

bool expect(unsigned line, const char *what, uint32_t got, uint32_t want);
bool expect_within(unsigned line, const char *what, uint32_t got, uint32_t from,
		   uint32_t to);
/* As expect(), of row `name` in a table */
bool expect_of(unsigned line, const char *what, const char *name, uint32_t got,
	       uint32_t want);
/* Ends it, with what was found so far. */
void finish(void) __attribute__((noreturn));

/* True as soon as the condition is, false when it is not within so many cycles. */
#define COMES(condition, cycles)                                                         \
	({                                                                               \
		uint32_t since_ = DWT_CYCCNT;                                            \
		bool came_ = false;                                                      \
		while (!(came_ = (condition)) && DWT_CYCCNT - since_ < (cycles))         \
			;                                                                \
		came_;                                                                   \
	})

void wait_cycles(uint32_t cycles);
/* `handler` is called at the interrupt, which is enabled. */
void on_irq(unsigned irq, void (*handler)(void));
/* By the number of the exception; 3 is HardFault. */
void on_exception(unsigned number, void (*handler)(void));
/* For the faults: goes on behind the instruction at fault, and clears CFSR. */
void skip_fault(void);

void irqs_off(void);
void irqs_on(void);
void barrier(void);
void sleep(void); /* WFI */

/*
 * Something is done to the board: "press" and "release" of its button, "press later" in
 * some 20 ms, "reset" by its pin, "power" off and on, "no crystal" any more, "type 3 abc"
 * into USART3.
 */
void by_hand(const char *what);

void flash_unlock(void);
/* Once it is unlocked, 32 bits at a time: */
void flash_erase(unsigned sector);
void flash_program(uint32_t address, uint32_t word);

/* Programs the option bytes: what FLASH_OPTCR is to hold of them, unlocked. */
void option_write(uint32_t optcr);

/*
 * The LSI runs, and the RTC from it; the backup domain may be written, the RTC's keys are
 * still to come.
 */
void rtc_on_lsi(void);

/* 168 MHz from the crystal: AHB 168, APB1 42, APB2 84. */
void clock_168_mhz(void);

void system_reset(void) __attribute__((noreturn));
/* Whether power has just come, and not a reset of the program's own */
bool fresh(void);

void pin_mode(uint32_t port, unsigned pin, unsigned mode); /* MODER's: 1 output, 2 AF */
void pin_function(uint32_t port, unsigned pin, unsigned af);

#endif
