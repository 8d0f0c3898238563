/* Reset and clock control: the rules of RM0090 section 7. */
#include "mcu_bench.h"

#include <string.h>

#include "periph/pwr.h"
#include "periph/rcc.h"

#define RCC        0x40023800u
#define CR         (RCC + 0x00)
#define PLLCFGR    (RCC + 0x04)
#define CFGR       (RCC + 0x08)
#define CIR        (RCC + 0x0C)
#define AHB1RSTR   (RCC + 0x10)
#define APB1RSTR   (RCC + 0x20)
#define AHB1ENR    (RCC + 0x30)
#define APB1ENR    (RCC + 0x40)
#define APB2ENR    (RCC + 0x44)
#define BDCR       (RCC + 0x70)
#define CSR        (RCC + 0x74)
#define PLLI2SCFGR (RCC + 0x84)
#define PWR_CR     0x40007000u

#define IRQ_RCC 5

static void registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x00000083, "CR" },         { 0x04, 0x24003010, "PLLCFGR" },
		{ 0x08, 0x00000000, "CFGR" },       { 0x0C, 0x00000000, "CIR" },
		{ 0x10, 0x00000000, "AHB1RSTR" },   { 0x14, 0x00000000, "AHB2RSTR" },
		{ 0x18, 0x00000000, "AHB3RSTR" },   { 0x20, 0x00000000, "APB1RSTR" },
		{ 0x24, 0x00000000, "APB2RSTR" },   { 0x30, 0x00100000, "AHB1ENR" },
		{ 0x34, 0x00000000, "AHB2ENR" },    { 0x38, 0x00000000, "AHB3ENR" },
		{ 0x40, 0x00000000, "APB1ENR" },    { 0x44, 0x00000000, "APB2ENR" },
		{ 0x50, 0x7E6791FF, "AHB1LPENR" },  { 0x54, 0x000000F1, "AHB2LPENR" },
		{ 0x58, 0x00000001, "AHB3LPENR" },  { 0x60, 0x36FEC9FF, "APB1LPENR" },
		{ 0x64, 0x00075F33, "APB2LPENR" },  { 0x70, 0x00000000, "BDCR" },
		{ 0x74, 0x0E000000, "CSR" },        { 0x80, 0x00000000, "SSCGR" },
		{ 0x84, 0x20003000, "PLLI2SCFGR" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_registers(&bench, "RCC", want, sizeof(want) / sizeof(want[0]));
	bench_close(&bench);
}

/* What a register keeps of all ones and of all zeros, at reset and with HSI as clock */
static void bits_that_can_be_written(void **state)
{
	static const struct {
		uint32_t offset, ones, zeros;
	} rows[] = {
		{ 0x04, 0x2F437FFF, 1u << 29 },
		{ 0x10, 0x226011FF, 0 },
		{ 0x14, 0x000000C1, 0 },
		{ 0x18, 0x00000001, 0 },
		{ 0x1C, 0, 0 },
		{ 0x20, 0x36FEC9FF, 0 },
		{ 0x24, 0x00075933, 0 },
		{ 0x30, 0x7E7411FF, 0 },
		{ 0x34, 0x000000C1, 0 },
		{ 0x38, 0x00000001, 0 },
		{ 0x40, 0x36FEC9FF, 0 },
		{ 0x44, 0x00075F33, 0 },
		{ 0x50, 0x7E6791FF, 0 },
		{ 0x54, 0x000000F1, 0 },
		{ 0x58, 0x00000001, 0 },
		{ 0x60, 0x36FEC9FF, 0 },
		{ 0x64, 0x00075F33, 0 },
		{ 0x80, 0xCFFFFFFF, 0 },
		{ 0x84, 0x70007FC0, 0 },
		{ 0x0C, 0x00003F00, 0 },
		{ 0x28, 0, 0 },
		{ 0x70, 0, 0 }, /* PWR_CR.DBP is clear */
		{ 0x08, 0xFFFFFCF3, 0 },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_write(&bench, RCC + rows[i].offset, 0xFFFFFFFF);
		assert_int_equal(bench_read(&bench, RCC + rows[i].offset), rows[i].ones);
		bench_write(&bench, RCC + rows[i].offset, 0);
		assert_int_equal(bench_read(&bench, RCC + rows[i].offset), rows[i].zeros);
	}
	bench_close(&bench);
}

/* Runs until `bits` of the register at `address` are set; how long that took. */
static int64_t wait_for(struct bench *bench, uint32_t address, uint32_t bits)
{
	struct sched *sched = mcu_sched(bench->mcu);
	int64_t start = sched_ns(sched);

	while (!(bench_read(bench, address) & bits)) {
		assert_true(sched_due(sched) != SCHED_NEVER);
		bench_run(bench, sched_due(sched) - sched->cycle);
	}
	return sched_ns(sched) - start;
}

static void set(struct bench *bench, uint32_t address, uint32_t bits)
{
	bench_write(bench, address, bench_read(bench, address) | bits);
}

static void clear(struct bench *bench, uint32_t address, uint32_t bits)
{
	bench_write(bench, address, bench_read(bench, address) & ~bits);
}

static void unlock_backup_domain(struct bench *bench)
{
	set(bench, APB1ENR, 1u << 28);
	set(bench, PWR_CR, 1u << 8);
}

/* Start-up times of DS8626: the ready bit follows, and goes with the oscillator. */
static void oscillators_take_their_time(void **state)
{
	static const struct {
		uint32_t at, on, ready;
		int64_t ns;
		uint8_t flag; /* in RCC_CIR */
	} rows[] = {
		{ CR, 1u << 16, 1u << 17, 2000000, 3 },
		{ CR, 1u << 24, 1u << 25, 100000, 4 }, /* on HSI */
		{ CR, 1u << 26, 1u << 27, 100000, 5 },
		{ CSR, 1u << 0, 1u << 1, 15000, 0 },
		{ BDCR, 1u << 0, 1u << 1, 2000000000, 1 },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_backup_domain(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ns;

		bench_write(&bench, CIR, 0x100u << rows[i].flag);
		set(&bench, rows[i].at, rows[i].on);
		assert_false(bench_read(&bench, rows[i].at) & rows[i].ready);
		ns = wait_for(&bench, rows[i].at, rows[i].ready);
		assert_in_range(ns, rows[i].ns, rows[i].ns + 63);
		assert_true(bench.irq[IRQ_RCC]);
		assert_int_equal(bench_read(&bench, CIR),
				 0x100u << rows[i].flag | 1u << rows[i].flag);
		set(&bench, CIR, 0x10000u << rows[i].flag);
		assert_false(bench.irq[IRQ_RCC]);
		assert_int_equal(bench_read(&bench, CIR), 0x100u << rows[i].flag);
		clear(&bench, rows[i].at, rows[i].on);
		bench_run_ns(&bench, 200000);
		assert_false(bench_read(&bench, rows[i].at) & rows[i].ready);
		assert_false(bench.irq[IRQ_RCC]);
	}
	bench_close(&bench);
}

static void an_interrupt_that_is_not_enabled_leaves_no_flag(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	set(&bench, CR, 1u << 16);
	wait_for(&bench, CR, 1u << 17);
	assert_int_equal(bench_read(&bench, CIR), 0);
	bench_close(&bench);
}

static void to_168_mhz(struct bench *bench)
{
	set(bench, CR, 1u << 16);
	wait_for(bench, CR, 1u << 17);
	bench_write(bench, CFGR, 4u << 13 | 5u << 10); /* APB2 / 2, APB1 / 4 */
	bench_write(bench, PLLCFGR, 7u << 24 | 1u << 22 | 336u << 6 | 8);
	set(bench, CR, 1u << 24);
	wait_for(bench, CR, 1u << 25);
	set(bench, CFGR, 2);
}

static void the_usual_168_mhz(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	to_168_mhz(&bench);
	assert_int_equal(bench_read(&bench, CFGR) & 0xF, 0xA); /* SWS follows */
	assert_int_equal(mcu_hz(bench.mcu, MCU_SYSCLK), 168000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 168000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), 42000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK2), 84000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_TIMCLK1), 84000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_TIMCLK2), 168000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PLL48CK), 48000000);
	assert_int_equal(mcu_sched(bench.mcu)->hz, 168000000);
	bench_close(&bench);
}

/* RM0090 7.2.6: the switch happens when the source is ready. */
static void the_switch_waits(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, CFGR, 1);
	set(&bench, CR, 1u << 16);
	assert_int_equal(bench_read(&bench, CFGR), 1);
	wait_for(&bench, CR, 1u << 17);
	assert_int_equal(bench_read(&bench, CFGR), 5);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 8000000);
	bench_write(&bench, CFGR, 3); /* not allowed */
	assert_int_equal(bench_read(&bench, CFGR), 7);
	bench_write(&bench, CFGR, 0);
	assert_int_equal(bench_read(&bench, CFGR), 0);
	bench_close(&bench);
}

static void what_drives_the_system_stays_on(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	clear(&bench, CR, 1); /* HSI is the clock */
	assert_int_equal(bench_read(&bench, CR), 0x83);
	to_168_mhz(&bench);
	clear(&bench, CR, 1);
	bench_run_ns(&bench, 1000);
	assert_false(bench_read(&bench, CR) & 3); /* and now it is not */
	clear(&bench, CR, 1u << 24 | 1u << 16);
	bench_run_ns(&bench, 1000);
	assert_int_equal(bench_read(&bench, CR) & 0x03030000, 0x03030000);
	set(&bench, CR, 1u << 18); /* HSEBYP: not while HSE is on */
	assert_false(bench_read(&bench, CR) & 1u << 18);
	bench_write(&bench, PLLCFGR, 0x24003010); /* nor PLLCFGR while the PLL is */
	assert_int_equal(bench_read(&bench, PLLCFGR), 0x27405408);
	bench_close(&bench);
}

static void a_pll_that_does_not_lock(void **state)
{
	static const struct {
		uint32_t pllcfgr;
		bool locks;
	} rows[] = {
		{ 7u << 24 | 336u << 6 | 16, true },            /* 1 MHz, 336 MHz */
		{ 7u << 24 | 216u << 6 | 8, true },             /* 2 MHz, 432 MHz */
		{ 7u << 24 | 217u << 6 | 8, false },            /* 434 MHz */
		{ 7u << 24 | 336u << 6 | 1, false },            /* M is 1 */
		{ 7u << 24 | 336u << 6 | 0, false },            /* or 0 */
		{ 7u << 24 | 336u << 6 | 17, false },           /* 0.94 MHz */
		{ 7u << 24 | 60u << 6 | 7, false },             /* 2.3 MHz */
		{ 7u << 24 | 49u << 6 | 8, false },             /* N below 50 */
		{ 7u << 24 | 99u << 6 | 16, false },            /* 99 MHz */
		{ 7u << 24 | 1u << 22 | 336u << 6 | 8, false }, /* HSE is off */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		bench_open(&bench);
		bench_write(&bench, PLLCFGR, rows[i].pllcfgr);
		set(&bench, CR, 1u << 24);
		bench_run_ns(&bench, 1000000);
		assert_int_equal(bench_read(&bench, CR) >> 25 & 1, rows[i].locks);
		bench_close(&bench);
	}
}

static void plli2s_shares_m_and_the_source(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, PLLI2SCFGR, 2u << 28 | 192u << 6);
	set(&bench, CR, 1u << 26);
	wait_for(&bench, CR, 1u << 27);
	bench_write(&bench, PLLCFGR, 7u << 24 | 1u << 22 | 336u << 6 | 8);
	assert_int_equal(bench_read(&bench, PLLCFGR), 0x27005410);
	bench_write(&bench, PLLI2SCFGR, 3u << 28 | 193u << 6);
	assert_int_equal(bench_read(&bench, PLLI2SCFGR), 2u << 28 | 192u << 6);
	bench_close(&bench);
}

static void prescalers(void **state)
{
	static const struct {
		uint32_t cfgr, hclk, pclk1, pclk2, timclk1, timclk2;
	} rows[] = {
		{ 0x0000, 16000000, 16000000, 16000000, 16000000, 16000000 },
		{ 0x0080, 8000000, 8000000, 8000000, 8000000, 8000000 },
		{ 0x00C0, 250000, 250000, 250000, 250000, 250000 }, /* 64 */
		{ 0x00F0, 31250, 31250, 31250, 31250, 31250 },
		{ 0x1000, 16000000, 8000000, 16000000, 16000000, 16000000 },
		{ 0x1C00, 16000000, 1000000, 16000000, 2000000, 16000000 },
		{ 0xE000, 16000000, 16000000, 1000000, 16000000, 2000000 },
		{ 0x0C00, 16000000, 16000000, 16000000, 16000000, 16000000 },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_write(&bench, CFGR, rows[i].cfgr);
		assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), rows[i].hclk);
		assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), rows[i].pclk1);
		assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK2), rows[i].pclk2);
		assert_int_equal(mcu_hz(bench.mcu, MCU_TIMCLK1), rows[i].timclk1);
		assert_int_equal(mcu_hz(bench.mcu, MCU_TIMCLK2), rows[i].timclk2);
	}
	bench_close(&bench);
}

static void no_crystal(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	rcc_crystals(bench.mcu, 0, 0);
	unlock_backup_domain(&bench);
	set(&bench, CR, 1u << 16);
	set(&bench, BDCR, 1);
	bench_run_ns(&bench, 5000000000);
	assert_int_equal(bench_read(&bench, CR), 0x10083);
	assert_int_equal(bench_read(&bench, BDCR), 1);
	rcc_crystals(bench.mcu, 8000000, 32768);
	bench_run_ns(&bench, 5000000000);
	assert_int_equal(bench_read(&bench, CR), 0x30083);
	assert_int_equal(bench_read(&bench, BDCR), 3);
	bench_close(&bench);
}

static void a_bypassed_crystal_gives_no_clock(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	set(&bench, CR, 1u << 18);
	set(&bench, CR, 1u << 16);
	bench_run_ns(&bench, 10000000);
	assert_int_equal(bench_read(&bench, CR), 0x50083);
	bench_close(&bench);
}

/* RM0090 7.2.7 */
static void clock_security_system(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	to_168_mhz(&bench);
	set(&bench, CR, 1u << 19);
	rcc_crystals(bench.mcu, 0, 0);
	assert_true(bench.nmi);
	assert_int_equal(bench_read(&bench, CIR), 0x80);
	assert_int_equal(bench_read(&bench, CR), 0x00080083);
	assert_int_equal(bench_read(&bench, CFGR) & 0xF, 0);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 16000000);
	bench_write(&bench, CIR, 1u << 23);
	assert_false(bench.nmi);
	assert_int_equal(bench_read(&bench, CIR), 0);
	bench_close(&bench);
}

static void without_css_nobody_is_told(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	to_168_mhz(&bench);
	rcc_crystals(bench.mcu, 0, 0);
	assert_false(bench.nmi);
	assert_int_equal(bench_read(&bench, CFGR) & 0xF, 0xA);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 1000000);
	bench_close(&bench);
}

static void why_it_reset(void **state)
{
	static const struct {
		enum mcu_reset why;
		uint32_t flags;
	} rows[] = {
		{ MCU_RESET_PIN, 0x04000000 },
		{ MCU_RESET_SOFTWARE, 0x14000000 },
		{ MCU_RESET_IWDG, 0x24000000 },
		{ MCU_RESET_WWDG, 0x44000000 },
		{ MCU_RESET_LOW_POWER, 0x84000000 },
		{ MCU_RESET_OPTIONS, 0x14000000 },
		{ MCU_RESET_STANDBY, 0 },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(&bench, CSR, 1u << 24);
		assert_int_equal(bench_read(&bench, CSR), 0);
		mcu_reset_periphs(bench.mcu, rows[i].why, 0);
		assert_int_equal(bench_read(&bench, CSR), rows[i].flags);
	}
	/* they add up */
	mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0);
	mcu_reset_periphs(bench.mcu, MCU_RESET_IWDG, 0);
	assert_int_equal(bench_read(&bench, CSR), 0x24000000);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, CSR), 0x34000000);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	assert_int_equal(bench_read(&bench, CSR), 0x0E000000);
	bench_close(&bench);
}

static void a_reset_goes_back_to_hsi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	to_168_mhz(&bench);
	set(&bench, CSR, 1);
	bench_run_ns(&bench, 100000);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, CR), 0x83);
	assert_int_equal(bench_read(&bench, CFGR), 0);
	assert_int_equal(bench_read(&bench, APB1ENR), 0);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 16000000);
	bench_run_ns(&bench, 100000);
	assert_int_equal(bench_read(&bench, CSR), 0x14000000 | 0x0E000000);
	bench_close(&bench);
}

static void backup_domain(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_backup_domain(&bench);
	bench_write(&bench, BDCR, 0x8101); /* LSE for the RTC */
	wait_for(&bench, BDCR, 2);
	assert_int_equal(mcu_hz(bench.mcu, MCU_RTCCLK), 32768);
	bench_write(&bench, BDCR, 0x8201); /* the choice is made */
	assert_int_equal(bench_read(&bench, BDCR), 0x8103);
	bench_write(&bench, BDCR, 0x8105); /* no bypass while it is on */
	assert_int_equal(bench_read(&bench, BDCR), 0x8103);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, BDCR), 0x8103);
	assert_int_equal(mcu_hz(bench.mcu, MCU_RTCCLK), 32768);
	bench_write(&bench, BDCR, 0x10000); /* DBP is clear again */
	assert_int_equal(bench_read(&bench, BDCR), 0x8103);
	unlock_backup_domain(&bench);
	bench_write(&bench, BDCR, 0x18101);
	assert_int_equal(bench_read(&bench, BDCR), 0x10000);
	bench_write(&bench, BDCR, 0x8200);
	set(&bench, CSR, 1);
	wait_for(&bench, CSR, 2);
	assert_int_equal(mcu_hz(bench.mcu, MCU_RTCCLK), 32000);
	bench_write(&bench, BDCR, 0x10000);
	bench_write(&bench, BDCR, 0x8300);
	set(&bench, CR, 1u << 16);
	wait_for(&bench, CR, 1u << 17);
	assert_int_equal(mcu_hz(bench.mcu, MCU_RTCCLK), 0);
	bench_write(&bench, CFGR, 8u << 16);
	assert_int_equal(mcu_hz(bench.mcu, MCU_RTCCLK), 1000000);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	assert_int_equal(bench_read(&bench, BDCR), 0);
	bench_close(&bench);
}

static void clocks_of_peripherals(void **state)
{
	const struct periph_row *spi3 = periph_find("SPI3");
	const struct periph_row *adc = periph_find("ADC");
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(bench_read(&bench, PWR_CR), 0); /* without its clock */
	bench_write(&bench, PWR_CR, 0x100);
	set(&bench, APB1ENR, 1u << 28 | 1u << 15);
	assert_int_equal(bench_read(&bench, PWR_CR), 0x4000);
	assert_true(mcu_periph_clocked(bench.mcu, spi3));
	assert_true(mcu_periph_clocked(bench.mcu, periph_find("I2S3ext")));
	clear(&bench, APB1ENR, 1u << 28 | 1u << 15);
	assert_int_equal(bench_read(&bench, PWR_CR), 0);
	assert_false(mcu_periph_clocked(bench.mcu, spi3));
	bench_write(&bench, APB2ENR, 1u << 10); /* ADC3 alone */
	assert_true(mcu_periph_clocked(bench.mcu, adc));
	bench_write(&bench, APB2ENR, 0);
	assert_false(mcu_periph_clocked(bench.mcu, adc));
	bench_close(&bench);
}

static void resets_of_peripherals(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_backup_domain(&bench);
	assert_int_equal(bench_read(&bench, PWR_CR), 0x4100);
	set(&bench, APB1RSTR, 1u << 28);
	assert_int_equal(bench_read(&bench, PWR_CR), 0x4000);
	set(&bench, PWR_CR, 0x100); /* held */
	assert_int_equal(bench_read(&bench, PWR_CR), 0x4000);
	clear(&bench, APB1RSTR, 1u << 28);
	set(&bench, PWR_CR, 0x100);
	assert_int_equal(bench_read(&bench, PWR_CR), 0x4100);
	bench_close(&bench);
}

/* The RCC is on the AHB: a byte is a byte (bit-banding and C code with bytes do that). */
static void single_bytes(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_true(mcu_write(bench.mcu, CIR + 1, 1, 0x08));
	set(&bench, CR, 1u << 16);
	wait_for(&bench, CR, 1u << 17);
	assert_int_equal(bench_read(&bench, CIR), 0x808);
	assert_true(mcu_write(bench.mcu, CIR + 2, 1, 0x08));
	assert_int_equal(bench_read(&bench, CIR), 0x800);
	assert_true(mcu_write(bench.mcu, AHB1ENR, 2, 0x1008));
	assert_int_equal(bench_read(&bench, AHB1ENR), 0x00101008);
	bench_close(&bench);
}

static void stop_and_wake(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	to_168_mhz(&bench);
	set(&bench, CSR, 1);
	bench_run_ns(&bench, 100000);
	rcc_stop(bench.mcu);
	assert_int_equal(mcu_hz(bench.mcu, MCU_SYSCLK), 0);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), 0);
	assert_int_equal(mcu_hz(bench.mcu, MCU_TIMCLK2), 0);
	assert_int_equal(mcu_hz(bench.mcu, MCU_LSI), 32000);
	rcc_wake(bench.mcu);
	assert_int_equal(bench_read(&bench, CR), 0x83);
	assert_int_equal(bench_read(&bench, CFGR), 4u << 13 | 5u << 10);
	assert_int_equal(mcu_hz(bench.mcu, MCU_HCLK), 16000000);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), 4000000);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(bits_that_can_be_written),
		cmocka_unit_test(oscillators_take_their_time),
		cmocka_unit_test(an_interrupt_that_is_not_enabled_leaves_no_flag),
		cmocka_unit_test(the_usual_168_mhz),
		cmocka_unit_test(the_switch_waits),
		cmocka_unit_test(what_drives_the_system_stays_on),
		cmocka_unit_test(a_pll_that_does_not_lock),
		cmocka_unit_test(plli2s_shares_m_and_the_source),
		cmocka_unit_test(prescalers),
		cmocka_unit_test(no_crystal),
		cmocka_unit_test(a_bypassed_crystal_gives_no_clock),
		cmocka_unit_test(clock_security_system),
		cmocka_unit_test(without_css_nobody_is_told),
		cmocka_unit_test(why_it_reset),
		cmocka_unit_test(a_reset_goes_back_to_hsi),
		cmocka_unit_test(backup_domain),
		cmocka_unit_test(clocks_of_peripherals),
		cmocka_unit_test(resets_of_peripherals),
		cmocka_unit_test(single_bytes),
		cmocka_unit_test(stop_and_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
