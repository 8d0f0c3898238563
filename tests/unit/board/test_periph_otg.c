/* The cores of the USB without a cable: RM0090 sections 34 and 35. */
#include "mcu_bench.h"

#define FS       0x50000000u
#define HS       0x40040000u
#define GAHBCFG  0x008u
#define GUSBCFG  0x00Cu
#define GRSTCTL  0x010u
#define GINTSTS  0x014u
#define GINTMSK  0x018u
#define CID      0x03Cu
#define DIEPTXF1 0x104u
#define HFIR     0x404u
#define HPRT     0x440u
#define HCCHAR2  0x540u
#define HCINT2   0x548u
#define DCFG     0x800u
#define DCTL     0x804u
#define DIEPMSK  0x810u
#define DAINT    0x818u
#define DAINTMSK 0x81Cu
#define EMPTY    0x834u
#define DIEPCTL1 0x920u
#define DIEPINT1 0x928u
#define DTXFSTS1 0x938u
#define DOEPCTL0 0xB00u

#define MS      1000000
#define FS_IRQ  67
#define FHMOD   (1u << 29)
#define ENABLE  (1u << 31)
#define DISABLE (1u << 30)
#define SNAK    (1u << 27)
#define CNAK    (1u << 26)

static struct bench bench;

static uint32_t rd(uint32_t offset)
{
	return bench_read(&bench, FS + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
	bench_write(&bench, FS + offset, value);
}

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB2, 7, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 29, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void after_reset(void **state)
{
	(void)state;
	assert_int_equal(rd(GUSBCFG), 0xA00);
	assert_int_equal(rd(GINTSTS), 0x04000020);
	assert_int_equal(rd(HFIR), 0xEA60);
	assert_int_equal(rd(DCFG), 0x02200000);
	assert_int_equal(rd(DIEPCTL1 - 0x20), 0x8000);
	assert_int_equal(rd(DIEPINT1), 0x80);
	assert_int_equal(rd(CID), 0x1200);
	assert_int_equal(bench_read(&bench, HS + CID), 0x1100);
	assert_int_equal(rd(0x1000), 0);
}

/* The master of the bus is idle, and what resets or flushes is done. */
static void resets_and_flushes_end(void **state)
{
	(void)state;
	assert_int_equal(rd(GRSTCTL), 0x80000000);
	wr(GRSTCTL, 0x10 << 6 | 1u << 5);
	assert_int_equal(rd(GRSTCTL), 0x80000400);
	wr(GRSTCTL, 1u << 4);
	assert_int_equal(rd(GRSTCTL), 0x80000000);
	wr(GUSBCFG, 0x1440);
	wr(DCFG, 0x02200013);
	wr(GINTMSK, 0x1000);
	wr(GRSTCTL, 1);
	assert_int_equal(rd(GRSTCTL), 0x80000000);
	assert_int_equal(rd(GINTMSK), 0);
	assert_int_equal(rd(DCFG), 0x02200003); /* DSPD stays */
	assert_int_equal(rd(GUSBCFG), 0x1440);
}

static void a_forced_mode_takes_its_time(void **state)
{
	(void)state;
	wr(GUSBCFG, rd(GUSBCFG) | FHMOD);
	bench_run_ns(&bench, 24 * MS);
	assert_int_equal(rd(GINTSTS) & 1, 0);
	bench_run_ns(&bench, 2 * MS);
	assert_int_equal(rd(GINTSTS) & 1, 1);
	wr(GUSBCFG, rd(GUSBCFG) & ~FHMOD);
	bench_run_ns(&bench, 26 * MS);
	assert_int_equal(rd(GINTSTS) & 1, 0);
}

static void an_endpoint_is_stopped(void **state)
{
	(void)state;
	wr(DIEPCTL1, ENABLE | SNAK | 0x8040);
	assert_int_equal(rd(DIEPCTL1), ENABLE | 0x28040);
	wr(DIEPCTL1, CNAK | 0x8040);
	assert_int_equal(rd(DIEPCTL1), ENABLE | 0x8040);
	assert_int_equal(rd(DIEPINT1), 0x80);
	wr(DIEPCTL1, DISABLE | SNAK | 0x8040);
	assert_int_equal(rd(DIEPCTL1), 0x28040);
	assert_int_equal(rd(DIEPINT1), 0x82);
	wr(DIEPINT1, 0xFF);
	assert_int_equal(rd(DIEPINT1), 0x80);
	wr(DOEPCTL0, 0);
	assert_int_equal(rd(DOEPCTL0), 0x8000);
}

static void a_channel_is_halted(void **state)
{
	(void)state;
	wr(HCCHAR2, 0x8000);
	assert_int_equal(rd(HCINT2), 0);
	wr(HCCHAR2, ENABLE | DISABLE | 0x8000);
	assert_int_equal(rd(HCCHAR2), 0x8000);
	assert_int_equal(rd(HCINT2), 2);
	wr(HCINT2, 2);
	assert_int_equal(rd(HCINT2), 0);
}

/* The one thing that happens by itself: an empty FIFO wants to be filled. */
static void interrupts(void **state)
{
	(void)state;
	wr(DAINTMSK, 2);
	wr(GINTMSK, 1u << 18);
	assert_int_equal(rd(DAINT), 0);
	wr(EMPTY, 2);
	assert_int_equal(rd(DAINT), 2);
	assert_int_equal(rd(GINTSTS) & 1u << 18, 1u << 18);
	assert_false(bench.irq[FS_IRQ]);
	wr(GAHBCFG, 1);
	assert_true(bench.irq[FS_IRQ]);
	wr(EMPTY, 0);
	assert_false(bench.irq[FS_IRQ]);
	wr(DIEPTXF1, 0x00400180);
	assert_int_equal(rd(DTXFSTS1), 0x40);
	wr(GINTMSK, 1u << 6);
	wr(DCTL, 1u << 7); /* SGINAK */
	assert_int_equal(rd(DCTL), 1u << 2);
	assert_true(bench.irq[FS_IRQ]);
	wr(DCTL, 1u << 8);
	assert_false(bench.irq[FS_IRQ]);
}

static void nobody_is_at_the_port(void **state)
{
	(void)state;
	wr(HPRT, 1u << 12);
	bench_run_ns(&bench, 100 * MS);
	assert_int_equal(rd(HPRT), 1u << 12);
	assert_int_equal(rd(GINTSTS), 0x04000020);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(after_reset, set_up, tear_down),
		cmocka_unit_test_setup_teardown(resets_and_flushes_end, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_forced_mode_takes_its_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_endpoint_is_stopped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_channel_is_halted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(interrupts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_is_at_the_port, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
