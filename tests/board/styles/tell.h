/*
 * How the programs of this folder and of ../cube tell what they find: on USART2 (PA2), what
 * does not hold; the last word is "passed" or "failed".
 */
#ifndef TELL_H
#define TELL_H

#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

/* USART2 at 115200, with APB1 at 42 MHz; before, nothing is said */
void style_console(void);
void style_say(const char *words);
/* False, and told with the line, where it does not hold. */
bool style_expect(unsigned line, const char *what, uint32_t got, uint32_t from,
		  uint32_t to);
void style_end(void) __attribute__((noreturn));

#define EXPECT(got, want) style_expect(__LINE__, #got, (uint32_t)(got), want, want)
#define EXPECT_WITHIN(got, from, to)                                                     \
	style_expect(__LINE__, #got, (uint32_t)(got), from, to)

#endif
