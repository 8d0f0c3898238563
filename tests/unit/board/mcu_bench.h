/*
 * A chip without a processor, for tests of its peripherals: registers are read and
 * written by address, time runs when the test says so.
 */
#ifndef TESTS_MCU_BENCH_H
#define TESTS_MCU_BENCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mcu.h"
#include "flash.h"

struct bench {
	struct mcu *mcu;
	struct flash *flash;
	bool irq[MCU_IRQS];       /* the lines' levels */
	unsigned rises[MCU_IRQS]; /* how often each went high */
	bool nmi;
	unsigned resets;    /* how often one was asked for */
	enum mcu_reset why; /* the last one */
	unsigned events;
	int64_t flash_busy_until;
	unsigned mem_mode;
	unsigned flash_changes;
};

static void bench_line(void *ctx, unsigned irq, bool high)
{
	struct bench *bench = ctx;

	bench->irq[irq] = high;
	bench->rises[irq] += high;
}

static void bench_nmi(void *ctx, bool high)
{
	struct bench *bench = ctx;

	bench->nmi = high;
}

static void bench_reset(void *ctx, enum mcu_reset why)
{
	struct bench *bench = ctx;

	bench->resets++;
	bench->why = why;
}

static void bench_event(void *ctx)
{
	struct bench *bench = ctx;

	bench->events++;
}

static void bench_flash_changed(void *ctx, uint32_t address, uint32_t len)
{
	struct bench *bench = ctx;

	(void)address;
	(void)len;
	bench->flash_changes++;
}

static void bench_flash_busy(void *ctx, int64_t until_cycle)
{
	struct bench *bench = ctx;

	bench->flash_busy_until = until_cycle;
}

static void bench_remap(void *ctx, unsigned mem_mode)
{
	struct bench *bench = ctx;

	bench->mem_mode = mem_mode;
}

static void bench_wrote(void *ctx, uint32_t address, uint32_t len)
{
	(void)ctx;
	(void)address;
	(void)len;
}

__attribute__((unused)) static void bench_open(struct bench *bench)
{
	static const uint32_t uid[3] = { 0x00340025, 0x3137510A, 0x35333938 };
	const struct mcu_core core = {
		.ctx = bench,
		.line = bench_line,
		.nmi = bench_nmi,
		.reset = bench_reset,
		.event = bench_event,
		.flash_changed = bench_flash_changed,
		.flash_busy = bench_flash_busy,
		.remap = bench_remap,
		.wrote = bench_wrote,
	};

	*bench = (struct bench){ .flash = flash_open(NULL) };
	assert_non_null(bench->flash);
	bench->mcu = mcu_new(bench->flash, uid, &core);
	assert_non_null(bench->mcu);
}

__attribute__((unused)) static void bench_close(struct bench *bench)
{
	mcu_free(bench->mcu);
	flash_close(bench->flash);
}

__attribute__((unused)) static uint32_t bench_read(struct bench *bench, uint32_t address)
{
	uint32_t value = 0;

	assert_true(mcu_read(bench->mcu, address, 4, &value));
	return value;
}

__attribute__((unused)) static void bench_write(struct bench *bench, uint32_t address,
						uint32_t value)
{
	assert_true(mcu_write(bench->mcu, address, 4, value));
}

/* Lets so many cycles of HCLK go by; what is due on the way happens at its time. */
__attribute__((unused)) static void bench_run(struct bench *bench, int64_t cycles)
{
	struct sched *sched = mcu_sched(bench->mcu);
	int64_t end = sched->cycle + cycles;

	while (sched_due(sched) <= end) {
		if (sched_due(sched) > sched->cycle)
			sched->cycle = sched_due(sched);
		sched_run(sched);
	}
	sched->cycle = end;
}

/* So many nanoseconds, at whatever HCLK is on the way */
__attribute__((unused)) static void bench_run_ns(struct bench *bench, int64_t ns)
{
	struct sched *sched = mcu_sched(bench->mcu);
	int64_t end_ns = sched_ns(sched) + ns;

	while (sched_due(sched) != SCHED_NEVER &&
	       sched_ns_at(sched, sched_due(sched)) <= end_ns) {
		if (sched_due(sched) > sched->cycle)
			sched->cycle = sched_due(sched);
		sched_run(sched);
	}
	if (sched_cycle_at(sched, end_ns) > sched->cycle)
		sched->cycle = sched_cycle_at(sched, end_ns);
}

/* The class lists `count` registers as the manual has them, and shows their reset values. */
__attribute__((unused)) static void bench_registers(struct bench *bench, const char *name,
						    const struct periph_reg *want,
						    size_t count)
{
	const struct periph_row *row = periph_find(name);
	const struct periph_reg *regs;

	assert_non_null(row);
	assert_non_null(row->class);
	regs = row->class->regs;
	for (size_t i = 0; i < count; i++) {
		uint32_t value;

		assert_string_equal(regs[i].name, want[i].name);
		assert_int_equal(regs[i].offset, want[i].offset);
		assert_int_equal(regs[i].reset, want[i].reset);
		assert_true(mcu_peek(bench->mcu, row->base + want[i].offset, 4, &value));
		assert_int_equal(value, want[i].reset);
	}
	assert_null(regs[count].name);
}

#endif
