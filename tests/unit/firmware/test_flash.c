/* Erasing and programming, one-time memory, and who the chip is. */
#include "mock_bus.h"

#include "drivers/chip.h"
#include "drivers/flash.h"
#include "drivers/iwdg.h"
#include "hw/memory.h"
#include "hw/regs_flash.h"
#include "hw/regs_gpio.h"
#include "hw/regs_misc.h"
#include "hw/regs_rcc.h"

#define AT 0x08010000u

static const uint32_t two[2] = { 0x12345678, 0x9abcdef0 };

static void programs(void **state)
{
	(void)state;
	assert_int_equal(flash_program(AT + 8, two, 2), FLASH_OK);
	assert_int_equal(mock_get(AT + 4), 0xffffffff);
	assert_int_equal(mock_get(AT + 8), 0x12345678);
	assert_int_equal(mock_get(AT + 12), 0x9abcdef0);
	assert_int_equal(mock_get(FLASH_CR), FLASH_CR_LOCK);
}

static void bits_are_only_cleared(void **state)
{
	static const uint32_t word = 0xffff00ff;

	(void)state;
	assert_int_equal(flash_program(AT, two, 1), FLASH_OK);
	assert_int_equal(flash_program(AT, &word, 1), FLASH_WRONG);
	assert_int_equal(mock_get(AT), 0x12345678 & 0xffff00ff);
}

static void erases_one_sector(void **state)
{
	(void)state;
	mock_set(0x0800fffc, 1);
	mock_set(AT, 2);
	mock_set(AT + 0xfffc, 3);
	mock_set(0x08020000, 4);
	assert_int_equal(flash_erase(4), FLASH_OK);
	assert_int_equal(mock_get(0x0800fffc), 1);
	assert_int_equal(mock_get(AT), 0xffffffff);
	assert_int_equal(mock_get(AT + 0xfffc), 0xffffffff);
	assert_int_equal(mock_get(0x08020000), 4);
	assert_int_equal(mock.erases[4], 1);
	assert_int_equal(mock_get(FLASH_CR), FLASH_CR_LOCK);
}

/* [RM0090] 3.5.2: caches are emptied while they are off, and are as before after that. */
static void caches_forget(void **state)
{
	const uint32_t on = FLASH_ACR_ICEN | FLASH_ACR_DCEN | 5;
	bool emptied = false;

	(void)state;
	mock_set(FLASH_ACR, on);
	assert_int_equal(flash_program(AT, two, 1), FLASH_OK);
	for (size_t i = 0; i < mock.n_writes; i++)
		if (mock.writes[i].addr == FLASH_ACR &&
		    mock.writes[i].value == (FLASH_ACR_ICRST | FLASH_ACR_DCRST | 5))
			emptied = true;
	assert_true(emptied);
	assert_int_equal(mock_get(FLASH_ACR), on);
}

static void errors(void **state)
{
	static const struct {
		uint32_t sr;
		enum flash_err err;
	} rows[] = {
		{ FLASH_SR_WRPERR, FLASH_PROTECTED }, { FLASH_SR_PGAERR, FLASH_SEQUENCE },
		{ FLASH_SR_PGPERR, FLASH_SEQUENCE },  { FLASH_SR_PGSERR, FLASH_SEQUENCE },
		{ FLASH_SR_OPERR, FLASH_SEQUENCE },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		mock_reset(state);
		mock.flash_error = rows[i].sr;
		assert_int_equal(flash_program(AT, two, 2), rows[i].err);
		/* The second word was not tried. */
		assert_int_equal(mock.programmed, 1);
		assert_int_equal(mock_get(FLASH_SR), 0);
		assert_int_equal(flash_erase(4), rows[i].err);
		assert_int_equal(mock_get(FLASH_CR) & FLASH_CR_LOCK, FLASH_CR_LOCK);
	}
}

/* What somebody else left in the status register is no error of ours. */
static void complaints_about_others(void **state)
{
	(void)state;
	mock_set(FLASH_SR, FLASH_SR_WRPERR | FLASH_SR_PGSERR);
	assert_int_equal(flash_program(AT, two, 2), FLASH_OK);
}

static void never_ready(void **state)
{
	(void)state;
	mock.flash_stuck = true;
	assert_int_equal(flash_erase(4), FLASH_BUSY);
	assert_int_equal(flash_program(AT, two, 1), FLASH_BUSY);
	assert_int_equal(mock.programmed, 0);
}

static void no_keys(void **state)
{
	(void)state;
	mock.flash_deaf = true;
	assert_int_equal(flash_program(AT, two, 1), FLASH_LOCKED);
	assert_int_equal(mock.programmed, 0);
	assert_int_equal(flash_erase(4), FLASH_LOCKED);
	assert_int_equal(mock.erases[4], 0);
}

static void it_says_ok_and_does_nothing(void **state)
{
	(void)state;
	mock.flash_forgets = true;
	assert_int_equal(flash_program(AT, two, 1), FLASH_WRONG);
	assert_string_equal(flash_words(FLASH_WRONG),
			    "the flash does not hold what was written");
}

static void one_time_memory(void **state)
{
	(void)state;
	*mock_memory(0x1fff7800 + 3 * 32 + 31) = 0x42;
	*mock_memory(0x1fff7a00 + 3) = 0x00;
	assert_int_equal(otp_block(3)[31], 0x42);
	assert_int_equal(otp_block(4)[0], 0xff);
	assert_true(otp_is_locked(3));
	assert_false(otp_is_locked(4));
}

/* Unique ids and the serials that the ROM made of them. */
static void serials(void **state)
{
	static const struct {
		uint32_t uid[3];
		const char *serial;
	} rows[] = {
		{ { 0x00580027, 0x3331500b, 0x20333153 }, "208B317A3331" },
		{ { 0xffffffff, 0xffff0000, 0x00000002 }, "00000001FFFF" },
		{ { 0, 0, 0 }, "000000000000" },
	};
	char serial[CHIP_SERIAL_CHARS];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		for (unsigned k = 0; k < 3; k++)
			mock_set(UID_BASE + 4 * k, rows[i].uid[k]);
		chip_serial(serial);
		assert_string_equal(serial, rows[i].serial);
	}
}

static void the_chip(void **state)
{
	struct chip chip = chip_look();

	(void)state;
	assert_int_equal(chip.device, 0x413);
	assert_int_equal(chip.revision, 0x100f);
	assert_int_equal(chip.flash_kib, 1024);
}

static void quiet(void **state)
{
	(void)state;
	mock_set(SYSCFG_MEMRMP, 1);
	mock_set(FLASH_CR, 0); /* the bootloader has unlocked it */
	assert_true(chip_is_rom_mapped());
	chip_quiet();
	assert_false(chip_is_rom_mapped());
	assert_int_equal(mock_get(SYSCFG_MEMRMP), 0);
	assert_int_equal(mock_get(RCC_APB2ENR), 0);
	assert_int_equal(mock_get(FLASH_CR), FLASH_CR_LOCK);
	chip_map_rom();
	assert_int_equal(mock_get(SYSCFG_MEMRMP), 1);
	assert_int_equal(mock_get(RCC_APB2ENR), 0);
}

static void watchdog(void **state)
{
	(void)state;
	assert_true(iwdg_start(8000));
	assert_true(mock.iwdg_running);
	assert_int_equal(mock_get(IWDG_PR), 6);
	assert_int_equal(mock_get(IWDG_RLR), 1000);
	assert_int_equal(mock.iwdg_fed, 1);
	assert_int_equal(mock_get(DBGMCU_APB1_FZ), 1 << 12);
	assert_true(iwdg_start(100000));
	assert_int_equal(mock_get(IWDG_RLR), 4095);
}

static void a_watchdog_that_does_not_listen(void **state)
{
	(void)state;
	mock.iwdg_stuck = true;
	assert_false(iwdg_start(8000));
	assert_true(mock.iwdg_running);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(programs, mock_reset),
		cmocka_unit_test_setup(bits_are_only_cleared, mock_reset),
		cmocka_unit_test_setup(erases_one_sector, mock_reset),
		cmocka_unit_test_setup(caches_forget, mock_reset),
		cmocka_unit_test_setup(errors, mock_reset),
		cmocka_unit_test_setup(complaints_about_others, mock_reset),
		cmocka_unit_test_setup(never_ready, mock_reset),
		cmocka_unit_test_setup(no_keys, mock_reset),
		cmocka_unit_test_setup(it_says_ok_and_does_nothing, mock_reset),
		cmocka_unit_test_setup(one_time_memory, mock_reset),
		cmocka_unit_test_setup(serials, mock_reset),
		cmocka_unit_test_setup(the_chip, mock_reset),
		cmocka_unit_test_setup(quiet, mock_reset),
		cmocka_unit_test_setup(watchdog, mock_reset),
		cmocka_unit_test_setup(a_watchdog_that_does_not_listen, mock_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
