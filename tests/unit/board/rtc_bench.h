/* A chip whose real-time clock runs: its registers, and how the time is set. */
#ifndef TESTS_RTC_BENCH_H
#define TESTS_RTC_BENCH_H

#include "mcu_bench.h"

#define RTC      0x40002800u
#define TR       (RTC + 0x00)
#define DR       (RTC + 0x04)
#define CR       (RTC + 0x08)
#define ISR      (RTC + 0x0C)
#define PRER     (RTC + 0x10)
#define WUTR     (RTC + 0x14)
#define ALRMAR   (RTC + 0x1C)
#define ALRMBR   (RTC + 0x20)
#define WPR      (RTC + 0x24)
#define SSR      (RTC + 0x28)
#define SHIFTR   (RTC + 0x2C)
#define ALRMASSR (RTC + 0x44)
#define BKP(n)   (RTC + 0x50 + 4 * (n))

#define APB1ENR 0x40023840u
#define BDCR    0x40023870u
#define CSR     0x40023874u
#define PWR_CR  0x40007000u

#define IRQ_WKUP  3
#define IRQ_ALARM 41

#define ALRAWF 0x001u
#define WUTWF  0x004u
#define SHPF   0x008u
#define INITS  0x010u
#define RSF    0x020u
#define INITF  0x040u
#define INIT   0x080u
#define ALRAF  0x100u
#define ALRBF  0x200u
#define WUTF   0x400u

#define ALRAE  0x0100u
#define ALRBE  0x0200u
#define WUTE   0x0400u
#define ALRAIE 0x1000u
#define WUTIE  0x4000u

#define TWO_NS 61100 /* two cycles of 32,768 Hz, up to the next of HCLK */
#define SECOND ((int64_t)1000000000)

static inline void unlock_domain(struct bench *bench)
{
	bench_write(bench, APB1ENR, 1u << 28);
	bench_write(bench, PWR_CR, 0x4100);
}

static inline void unlock(struct bench *bench)
{
	bench_write(bench, WPR, 0xCA);
	bench_write(bench, WPR, 0x53);
}

/* On LSE, which takes its two seconds; the clock counts since `RTCEN`. */
static inline void start(struct bench *bench)
{
	bench_open(bench);
	unlock_domain(bench);
	bench_write(bench, BDCR, 1);
	bench_run_ns(bench, 2 * SECOND);
	assert_int_equal(bench_read(bench, BDCR), 3);
	bench_write(bench, BDCR, 0x8101);
	unlock(bench);
}

static inline void set_time(struct bench *bench, uint32_t tr, uint32_t dr, uint32_t cr)
{
	bench_write(bench, ISR, 0xFFFFFFFF);
	bench_run_ns(bench, TWO_NS);
	assert_int_equal(bench_read(bench, ISR) & (INITF | RSF), INITF);
	bench_write(bench, CR, cr);
	bench_write(bench, PRER, 0xFF);
	bench_write(bench, PRER, 0x7F00FF);
	bench_write(bench, TR, tr);
	bench_write(bench, DR, dr);
	bench_write(bench, ISR, ~INIT);
}

#endif
