/* The flash interface: the rules of RM0090 section 3. */
#include "mcu_bench.h"

#include <string.h>

#define ACR     0x40023C00u
#define KEYR    0x40023C04u
#define OPTKEYR 0x40023C08u
#define SR      0x40023C0Cu
#define CR      0x40023C10u
#define OPTCR   0x40023C14u

#define PG    0x00000001u
#define SER   0x00000002u
#define MER   0x00000004u
#define X16   0x00000100u
#define X32   0x00000200u
#define X64   0x00000300u
#define STRT  0x00010000u
#define EOPIE 0x01000000u
#define ERRIE 0x02000000u
#define LOCK  0x80000000u

#define EOP    0x001u
#define OPERR  0x002u
#define WRPERR 0x010u
#define PGPERR 0x040u
#define PGSERR 0x080u
#define BSY    0x10000u

#define IRQ_FLASH 4
#define SECTOR(n) ((uint32_t)(n) << 3)
#define UNIT_NS   16000
#define MS        1000000

static void unlock(struct bench *bench)
{
	bench_write(bench, KEYR, 0x45670123);
	bench_write(bench, KEYR, 0xCDEF89AB);
	assert_false(bench_read(bench, CR) & LOCK);
}

static void unlock_options(struct bench *bench)
{
	bench_write(bench, OPTKEYR, 0x08192A3B);
	bench_write(bench, OPTKEYR, 0x4C5D6E7F);
	assert_false(bench_read(bench, OPTCR) & 1);
}

static void store(struct bench *bench, uint32_t address, unsigned bytes, uint32_t value)
{
	assert_true(mcu_flash_store(bench->mcu, address, bytes, value));
}

static void program(struct bench *bench, uint32_t address, uint32_t value)
{
	bench_write(bench, CR, X32 | PG);
	store(bench, address, 4, value);
	bench_run_ns(bench, UNIT_NS);
	assert_int_equal(bench_read(bench, SR), 0);
}

static void set_options(struct bench *bench, uint32_t optcr)
{
	unlock_options(bench);
	bench_write(bench, OPTCR, optcr);
	bench_write(bench, OPTCR, optcr | 2);
	bench_run_ns(bench, (int64_t)20000 * MS);
	assert_int_equal(bench_read(bench, SR), 0);
}

static void registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x00000000, "ACR" },     { 0x04, 0x00000000, "KEYR" },
		{ 0x08, 0x00000000, "OPTKEYR" }, { 0x0C, 0x00000000, "SR" },
		{ 0x10, 0x80000000, "CR" },      { 0x14, 0x0FFFAAED, "OPTCR" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_registers(&bench, "FLASH", want, sizeof(want) / sizeof(want[0]));
	bench_write(&bench, ACR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, ACR), 0x1F07);
	bench_write(&bench, CR, 0x0300007F); /* locked */
	assert_int_equal(bench_read(&bench, CR), LOCK);
	bench_write(&bench, OPTCR, 0);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FFFAAED);
	unlock(&bench);
	bench_write(&bench, CR, 0x0300037F & ~STRT);
	assert_int_equal(bench_read(&bench, CR), 0x0300037F);
	bench_write(&bench, CR, LOCK);
	bench_write(&bench, CR, 0);
	assert_int_equal(bench_read(&bench, CR), LOCK);
	unlock(&bench); /* as often as one likes */
	bench_close(&bench);
}

/* RM0090 3.6.1: one wrong key, and nothing unlocks before the next reset. */
static void wrong_keys(void **state)
{
	static const struct {
		uint32_t keyr, right[2], wrong[2];
		uint32_t lock_at, lock;
	} rows[] = {
		{ KEYR, { 0x45670123, 0xCDEF89AB }, { 0x45670123, 0 }, CR, LOCK },
		{ KEYR, { 0x45670123, 0xCDEF89AB }, { 0xCDEF89AB, 0 }, CR, LOCK },
		{ OPTKEYR, { 0x08192A3B, 0x4C5D6E7F }, { 0x08192A3B, 0 }, OPTCR, 1 },
		{ OPTKEYR, { 0x08192A3B, 0x4C5D6E7F }, { 0x45670123, 0 }, OPTCR, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;
		bool first;

		bench_open(&bench);
		first = mcu_write(bench.mcu, rows[i].keyr, 4, rows[i].wrong[0]);
		if (first)
			assert_false(
				mcu_write(bench.mcu, rows[i].keyr, 4, rows[i].wrong[1]));
		assert_int_equal(first, rows[i].wrong[0] == rows[i].right[0]);
		bench_write(&bench, rows[i].keyr, rows[i].right[0]);
		bench_write(&bench, rows[i].keyr, rows[i].right[1]);
		assert_true(bench_read(&bench, rows[i].lock_at) & rows[i].lock);
		mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0);
		bench_write(&bench, rows[i].keyr, rows[i].right[0]);
		assert_true(bench_read(&bench, rows[i].lock_at) & rows[i].lock);
		bench_write(&bench, rows[i].keyr, rows[i].right[1]);
		assert_false(bench_read(&bench, rows[i].lock_at) & rows[i].lock);
		bench_close(&bench);
	}
}

static void programming_takes_its_time(void **state)
{
	struct sched *sched;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	sched = mcu_sched(bench.mcu);
	unlock(&bench);
	bench_write(&bench, CR, X32 | PG);
	store(&bench, 0x08001000, 4, 0x12345678);
	assert_int_equal(bench_read(&bench, SR), BSY);
	assert_int_equal(bench.flash_busy_until, sched->cycle + 256);
	bench_run(&bench, 255);
	assert_int_equal(bench_read(&bench, SR), BSY);
	bench_run(&bench, 1);
	assert_int_equal(bench_read(&bench, SR), 0); /* no EOP without EOPIE */
	assert_int_equal(bench_read(&bench, 0x08001000), 0x12345678);
	assert_int_equal(bench.flash_changes, 1);
	program(&bench, 0x08001000, 0xFF0000FF); /* bits are only ever cleared */
	assert_int_equal(bench_read(&bench, 0x08001000), 0x12000078);
	bench_close(&bench);
}

/* The bus holds a store back until the one before is done. */
static void stores_in_a_row(void **state)
{
	struct bench bench;
	int64_t start;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	bench_write(&bench, CR, X16 | PG);
	start = mcu_sched(bench.mcu)->cycle;
	store(&bench, 0x080E0000, 2, 0x1111);
	store(&bench, 0x080E0002, 2, 0x2222);
	store(&bench, 0x080E0004, 2, 0x3333);
	assert_int_equal(bench.flash_busy_until, start + 3 * 256);
	bench_run_ns(&bench, 3 * UNIT_NS - 100);
	assert_int_equal(bench_read(&bench, SR), BSY);
	bench_run_ns(&bench, 100);
	assert_int_equal(bench_read(&bench, SR), 0);
	assert_int_equal(bench_read(&bench, 0x080E0000), 0x22221111);
	assert_int_equal(bench_read(&bench, 0x080E0004), 0xFFFF3333);
	bench_close(&bench);
}

static void stores_that_are_refused(void **state)
{
	static const struct {
		uint32_t cr, address;
		unsigned bytes;
		uint32_t sr;
	} rows[] = {
		{ X32, 0x08008000, 4, PGSERR },             /* PG is clear */
		{ X32 | PG | LOCK, 0x08008000, 4, PGSERR }, /* locked */
		{ X32 | PG | SER, 0x08008000, 4, PGSERR },
		{ X32 | PG | MER, 0x08008000, 4, PGSERR },
		{ X32 | PG, 0x08008000, 2, PGPERR },
		{ X32 | PG, 0x08008000, 1, PGPERR },
		{ X16 | PG, 0x08008000, 4, PGPERR },
		{ PG, 0x08008000, 2, PGPERR },
		{ X64 | PG, 0x08008000, 4, PGPERR },
		{ X32 | PG, 0x08004000, 4, WRPERR }, /* sector 1 is protected */
		{ X32 | PG, 0x1FFF7820, 4, WRPERR }, /* OTP block 1 is locked */
		{ X32 | PG, 0x1FFFC000, 4, WRPERR },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		bool interrupt = i % 2;
		struct bench bench;
		uint32_t before;

		bench_open(&bench);
		unlock(&bench);
		set_options(&bench, 0x0FFDAAEC);
		bench_write(&bench, CR, PG);
		store(&bench, 0x1FFF7A01, 1, 0);
		bench_run_ns(&bench, UNIT_NS);
		before = bench_read(&bench, rows[i / 2].address);
		bench.flash_busy_until = 0;
		bench_write(&bench, CR, rows[i / 2].cr | (interrupt ? ERRIE : 0));
		store(&bench, rows[i / 2].address, rows[i / 2].bytes, 0);
		assert_int_equal(bench_read(&bench, SR),
				 rows[i / 2].sr | (interrupt ? OPERR : 0));
		assert_int_equal(bench.irq[IRQ_FLASH], interrupt);
		assert_int_equal(bench.flash_busy_until, 0);
		bench_write(&bench, SR, 0xF3);
		assert_int_equal(bench_read(&bench, SR), 0);
		assert_false(bench.irq[IRQ_FLASH]);
		bench_run_ns(&bench, UNIT_NS);
		assert_int_equal(bench_read(&bench, rows[i / 2].address), before);
		bench_close(&bench);
	}
}

/* DS8626 table 40 */
static void erases(void **state)
{
	static const struct {
		uint32_t cr, first, last;
		int64_t ms;
	} rows[] = {
		{ X32 | SER | SECTOR(0), 0x08000000, 0x08003FFC, 250 },
		{ SER | SECTOR(3), 0x0800C000, 0x0800FFFC, 400 },
		{ X16 | SER | SECTOR(4), 0x08010000, 0x0801FFFC, 700 },
		{ X32 | SER | SECTOR(11), 0x080E0000, 0x080FFFFC, 1000 },
		{ X32 | MER, 0x08000000, 0x080FFFFC, 8000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		bench_open(&bench);
		unlock(&bench);
		program(&bench, rows[i].first, 0);
		program(&bench, rows[i].last, 0);
		if (rows[i].first > 0x08000000)
			program(&bench, rows[i].first - 4, 0);
		bench_write(&bench, CR, rows[i].cr | EOPIE);
		bench_write(&bench, CR, rows[i].cr | EOPIE | STRT);
		bench_run_ns(&bench, rows[i].ms * MS - 1000);
		assert_int_equal(bench_read(&bench, SR), BSY);
		assert_int_equal(bench_read(&bench, CR), rows[i].cr | EOPIE | STRT);
		assert_false(bench.irq[IRQ_FLASH]);
		bench_run_ns(&bench, 1000);
		assert_int_equal(bench_read(&bench, SR), EOP);
		assert_int_equal(bench_read(&bench, CR), rows[i].cr | EOPIE);
		assert_true(bench.irq[IRQ_FLASH]);
		assert_int_equal(bench_read(&bench, rows[i].first), 0xFFFFFFFF);
		assert_int_equal(bench_read(&bench, rows[i].last), 0xFFFFFFFF);
		if (rows[i].first > 0x08000000)
			assert_int_equal(bench_read(&bench, rows[i].first - 4), 0);
		bench_write(&bench, SR, EOP);
		assert_false(bench.irq[IRQ_FLASH]);
		bench_close(&bench);
	}
}

static void erases_that_are_refused(void **state)
{
	static const struct {
		uint32_t cr, sr;
	} rows[] = {
		{ X32 | STRT, 0 },                    /* nothing is asked for */
		{ X32 | SER | SECTOR(12) | STRT, 0 }, /* no such sector */
		{ X32 | SER | SECTOR(1) | STRT, WRPERR },
		{ X32 | MER | STRT, WRPERR }, /* one protected sector is enough */
		{ X64 | SER | SECTOR(2) | STRT, PGPERR },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	set_options(&bench, 0x0FFDAAEC);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_write(&bench, CR, rows[i].cr);
		assert_int_equal(bench_read(&bench, SR), rows[i].sr);
		assert_int_equal(bench_read(&bench, CR), rows[i].cr & ~STRT);
		bench_write(&bench, SR, 0xF3);
	}
	bench_close(&bench);
}

/* A change of HCLK changes no time, but the cycle it ends at. */
static void an_erase_outlives_a_change_of_hclk(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	bench_write(&bench, CR, X32 | SER | STRT);
	assert_int_equal(bench.flash_busy_until, 4000000);
	bench_run(&bench, 2000000);
	bench_write(&bench, 0x40023808, 0x80); /* HCLK is 8 MHz */
	assert_int_equal(bench.flash_busy_until, 3000000);
	bench_run(&bench, 1000000);
	assert_int_equal(bench_read(&bench, SR), 0);
	bench_close(&bench);
}

static void a_start_waits_for_what_runs(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	program(&bench, 0x08004000, 0);
	bench_write(&bench, CR, X32 | PG);
	store(&bench, 0x08000000, 4, 0);
	bench_write(&bench, CR, X32 | SER | SECTOR(1) | STRT);
	bench_run_ns(&bench, UNIT_NS);
	assert_int_equal(bench_read(&bench, 0x08000000), 0);
	assert_int_equal(bench_read(&bench, 0x08004000), 0);
	assert_int_equal(bench_read(&bench, SR), BSY);
	assert_true(bench_read(&bench, CR) & STRT);
	bench_run_ns(&bench, (int64_t)250 * MS);
	assert_false(bench_read(&bench, CR) & STRT);
	assert_int_equal(bench_read(&bench, 0x08004000), 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, SR), 0);
	bench_close(&bench);
}

static void otp_and_its_locks(void **state)
{
	uint32_t value;
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	program(&bench, 0x1FFF7800, 0xCAFE0001);
	assert_int_equal(bench_read(&bench, 0x1FFF7800), 0xCAFE0001);
	bench_write(&bench, CR, PG);
	store(&bench, 0x1FFF7A00, 1, 0); /* LOCKB0 */
	bench_run_ns(&bench, UNIT_NS);
	assert_true(mcu_read(bench.mcu, 0x1FFF7A00, 1, &value));
	assert_int_equal(value, 0);
	store(&bench, 0x1FFF781F, 1, 0);
	assert_int_equal(bench_read(&bench, SR), WRPERR);
	assert_int_equal(bench_read(&bench, 0x1FFF781C), 0xFFFFFFFF);
	bench_write(&bench, SR, WRPERR);
	program(&bench, 0x1FFF7820, 0); /* its neighbour is free */
	bench_write(&bench, CR, X32 | MER | STRT);
	bench_run_ns(&bench, (int64_t)8000 * MS);
	assert_int_equal(bench_read(&bench, 0x1FFF7800), 0xCAFE0001);
	bench_close(&bench);
}

static void option_bytes(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_options(&bench);
	bench_write(&bench, OPTCR, 0x0FF0AA8C); /* nothing yet */
	assert_int_equal(flash_nwrp(bench.flash), 0xFFF);
	bench_write(&bench, OPTCR, 0x0FF0AA8E);
	assert_int_equal(bench_read(&bench, SR), BSY);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FF0AA8E);
	bench_run_ns(&bench, (int64_t)250 * MS);
	assert_int_equal(bench_read(&bench, SR), 0);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FF0AA8C);
	assert_int_equal(flash_nwrp(bench.flash), 0xFF0);
	assert_int_equal(flash_user(bench.flash) & 0xEC, 0x8C);
	assert_int_equal(flash_rdp(bench.flash), 0);
	bench_write(&bench, OPTCR, 0x0FF0AA8D); /* OPTLOCK */
	bench_write(&bench, OPTCR, 0x0FFFAAEE);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FF0AA8D);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FF0AA8D);
	bench_close(&bench);
}

/* By bytes, as half of the world writes them */
static void option_bytes_one_by_one(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_options(&bench);
	assert_true(mcu_write(bench.mcu, OPTCR + 2, 2, 0x0FFE));
	assert_true(mcu_write(bench.mcu, OPTCR, 1, 0xEE));
	bench_run_ns(&bench, (int64_t)250 * MS);
	assert_int_equal(bench_read(&bench, OPTCR), 0x0FFEAAEC);
	assert_int_equal(flash_nwrp(bench.flash), 0xFFE);
	bench_close(&bench);
}

static void read_protection(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	program(&bench, 0x080FFFFC, 0);
	bench_write(&bench, 0x40023830, 1u << 18); /* BKPSRAM's clock */
	bench_write(&bench, 0x40023840, 1u << 28); /* PWR's */
	bench_write(&bench, 0x40007000, 0x4100);   /* DBP */
	bench_write(&bench, 0x40024FFC, 0xC0FFEE);
	set_options(&bench, 0x0FFF55EC);
	assert_int_equal(flash_rdp(bench.flash), 1);
	assert_int_equal(bench_read(&bench, 0x080FFFFC), 0);
	assert_int_equal(bench_read(&bench, 0x40024FFC), 0xC0FFEE);
	/* back to 0 takes the flash and the backup SRAM along, and the time of it */
	bench_write(&bench, OPTCR, 0x0FFFAAEE);
	bench_run_ns(&bench, (int64_t)8250 * MS - 1000);
	assert_int_equal(bench_read(&bench, SR), BSY);
	bench_run_ns(&bench, 1000);
	assert_int_equal(bench_read(&bench, SR), 0);
	assert_int_equal(flash_rdp(bench.flash), 0);
	assert_int_equal(bench_read(&bench, 0x080FFFFC), 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, 0x40024FFC), 0);
	/* and from level 2 there is no way */
	bench_write(&bench, OPTCR, 0x0FFFCCEE);
	bench_run_ns(&bench, (int64_t)250 * MS);
	assert_int_equal(flash_rdp(bench.flash), 2);
	bench_write(&bench, OPTCR, 0x0FFFAAEE);
	assert_int_equal(bench_read(&bench, SR), 0);
	bench_run_ns(&bench, (int64_t)250 * MS);
	assert_int_equal(flash_rdp(bench.flash), 2);
	bench_close(&bench);
}

/* The flash is gone before the protection is. */
static void unprotecting_cut_short(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	program(&bench, 0x08000000, 0);
	program(&bench, 0x080FFFFC, 0);
	set_options(&bench, 0x0FFF55EC);
	bench_write(&bench, OPTCR, 0x0FFFAAEE);
	bench_run_ns(&bench, (int64_t)4125 * MS);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	assert_int_equal(flash_rdp(bench.flash), 1);
	assert_int_equal(bench_read(&bench, 0x08000000), 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, 0x080FFFFC), 0);
	bench_close(&bench);
}

static void cut_in_the_middle(void **state)
{
	struct bench bench;
	uint32_t word;

	(void)state;
	bench_open(&bench);
	unlock(&bench);
	program(&bench, 0x08004000, 0);
	program(&bench, 0x08007FFC, 0);
	bench_write(&bench, CR, X32 | SER | SECTOR(1) | STRT);
	bench_run_ns(&bench, (int64_t)125 * MS);
	mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0);
	assert_int_equal(bench_read(&bench, SR), 0);
	assert_int_equal(bench_read(&bench, CR), LOCK);
	assert_int_equal(bench.flash_busy_until, mcu_sched(bench.mcu)->cycle);
	bench_run_ns(&bench, (int64_t)500 * MS);
	assert_int_equal(bench_read(&bench, 0x08004000), 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, 0x08007FFC), 0);
	unlock(&bench);
	bench_write(&bench, CR, X32 | PG);
	store(&bench, 0x08000000, 4, 0);
	mcu_free(bench.mcu); /* the power goes */
	assert_true(flash_read(bench.flash, 0x08000000, (uint8_t *)&word, 4));
	assert_int_equal(word, 0xFFFFFFFF);
	flash_close(bench.flash);
}

static void backup_sram(void **state)
{
	static const struct {
		enum mcu_reset why;
		bool kept;
	} rows[] = {
		{ MCU_RESET_PIN, true },
		{ MCU_RESET_SOFTWARE, true },
		{ MCU_RESET_STANDBY, false }, /* the regulator is off */
		{ MCU_RESET_POWER, false },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_write(&bench, 0x40023840, 1u << 28);
		bench_write(&bench, 0x40007000, 0x4100);
		bench_write(&bench, 0x40024000, 1); /* without its clock */
		bench_write(&bench, 0x40023830, 1u << 18);
		bench_write(&bench, 0x40007000, 0x4000);
		bench_write(&bench, 0x40024000, 2); /* without DBP */
		assert_int_equal(bench_read(&bench, 0x40024000), 0);
		bench_write(&bench, 0x40007000, 0x4100);
		bench_write(&bench, 0x40024000, 0x11223344);
		assert_true(mcu_write(bench.mcu, 0x40024002, 1, 0x55));
		mcu_reset_periphs(bench.mcu, rows[i].why, 0);
		assert_int_equal(bench_read(&bench, 0x40024000), 0);
		bench_write(&bench, 0x40023830, 1u << 18);
		assert_int_equal(bench_read(&bench, 0x40024000),
				 rows[i].kept ? 0x11553344 : 0);
		bench_write(&bench, 0x40023840, 1u << 28);
		bench_write(&bench, 0x40007000, 0x4100);
		bench_write(&bench, 0x40024000, 0);
		mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0);
	}
	/* with the backup regulator Standby keeps it */
	bench_write(&bench, 0x40023840, 1u << 28);
	bench_write(&bench, 0x40023830, 1u << 18);
	bench_write(&bench, 0x40007000, 0x4100);
	bench_write(&bench, 0x40007004, 0x200);
	bench_write(&bench, 0x40024000, 3);
	mcu_reset_periphs(bench.mcu, MCU_RESET_STANDBY, 0);
	bench_write(&bench, 0x40023830, 1u << 18);
	assert_int_equal(bench_read(&bench, 0x40024000), 3);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(wrong_keys),
		cmocka_unit_test(programming_takes_its_time),
		cmocka_unit_test(stores_in_a_row),
		cmocka_unit_test(stores_that_are_refused),
		cmocka_unit_test(erases),
		cmocka_unit_test(erases_that_are_refused),
		cmocka_unit_test(an_erase_outlives_a_change_of_hclk),
		cmocka_unit_test(a_start_waits_for_what_runs),
		cmocka_unit_test(otp_and_its_locks),
		cmocka_unit_test(option_bytes),
		cmocka_unit_test(option_bytes_one_by_one),
		cmocka_unit_test(read_protection),
		cmocka_unit_test(unprotecting_cut_short),
		cmocka_unit_test(cut_in_the_middle),
		cmocka_unit_test(backup_sram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
