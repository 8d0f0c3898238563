/* The bench of a test program that has one for all its tests, and whose set_up() opens it. */
#ifndef TESTS_ONE_BENCH_H
#define TESTS_ONE_BENCH_H

#include "mcu_bench.h"

static struct bench bench;

static inline uint32_t rd(uint32_t address)
{
	return bench_read(&bench, address);
}

static inline void wr(uint32_t address, uint32_t value)
{
	bench_write(&bench, address, value);
}

#endif
