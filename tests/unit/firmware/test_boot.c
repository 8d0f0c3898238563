/* The boot stub: what it makes of a header, and whom it starts, in which state. */
#include "images.h"

#include "boot/boot.h"
#include "boot/noinit.h"
#include "hw/regs_core.h"
#include "hw/regs_gpio.h"
#include "hw/regs_rcc.h"

#include <string.h>

#define ROM_SP 0x20001000u
#define ROM_PC 0x1fff0101u

static enum app_state check(void)
{
	struct app_entry entry;

	return app_check(mock_memory(APP_BASE), APP_BYTES, APP_BASE, &entry);
}

static int after_reset(void **state)
{
	mock_reset(state);
	memset(&noinit, 0, sizeof(noinit));
	mock_set(ROM_BASE, ROM_SP);
	mock_set(ROM_BASE + 4, ROM_PC);
	image_make();
	return 0;
}

static void a_whole_application(void **state)
{
	struct app_entry entry;

	(void)state;
	assert_int_equal(app_check(mock_memory(APP_BASE), APP_BYTES, APP_BASE, &entry),
			 APP_OK);
	assert_int_equal(entry.vectors, APP_BASE + 0x200);
	assert_int_equal(entry.sp, IMAGE_SP);
	assert_int_equal(entry.pc, IMAGE_PC);
}

/* One word is changed; where `seal` says so, the CRC fits all the same. */
static void applications_that_are_not(void **state)
{
	static const struct {
		uint32_t at, word;
		bool seal;
		enum app_state want;
	} rows[] = {
		{ 0x00, 0xffffffff, true, APP_BLANK },
		{ 0x00, 0x20002000, true, APP_NO_MAGIC }, /* a vector table: not ours */
		{ APP_VALID, 0xffffffff, true, APP_NOT_VALID },
		{ APP_VALID, 0, true, APP_NOT_VALID },
		{ 0x0c, 2 | 40 << 16, true, APP_NEWER },
		{ 0x08, 0, false, APP_BAD_LENGTH },
		{ 0x08, 0x7fc, false, APP_BAD_LENGTH },
		{ 0x08, IMAGE_BYTES + 2, false, APP_BAD_LENGTH },
		{ 0x08, APP_BYTES + 4, false, APP_BAD_LENGTH },
		{ 0x08, 0xfffffffc, false, APP_BAD_LENGTH },
		{ 0x08, IMAGE_BYTES - 4, false, APP_BAD_CRC },
		{ 0x04, 0, false, APP_BAD_CRC },
		{ 0x14, 1, false, APP_BAD_CRC },
		{ IMAGE_BYTES - 4, 0xffffffff, false, APP_BAD_CRC },
		{ 0x10, APP_BASE + 0x100, true, APP_BAD_VECTORS }, /* not aligned */
		{ 0x10, APP_BASE + IMAGE_BYTES, true, APP_BAD_VECTORS },
		{ 0x10, APP_BASE - 0x200, true, APP_BAD_VECTORS },
		{ 0x10, 0, true, APP_BAD_VECTORS },
		{ 0x200, 0x20000000, true, APP_BAD_VECTORS },
		{ 0x200, 0x20020008, true, APP_BAD_VECTORS },
		{ 0x200, 0x20001004, true, APP_BAD_VECTORS },
		{ 0x200, 0x10000000, true, APP_BAD_VECTORS },
		{ 0x200, 0x10010008, true, APP_BAD_VECTORS },
		{ 0x200, 0x10010000, true, APP_OK }, /* CCM */
		{ 0x200, 0x20020000, true, APP_OK },
		{ 0x204, APP_BASE + 0x800, true, APP_BAD_VECTORS }, /* not Thumb */
		{ 0x204, APP_BASE + IMAGE_BYTES + 1, true, APP_BAD_VECTORS },
		{ 0x204, 0x08000101, true, APP_BAD_VECTORS },
		{ 0x204, 0xffffffff, true, APP_BAD_VECTORS },
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		after_reset(state);
		mock_set(APP_BASE + rows[i].at, rows[i].word);
		if (rows[i].seal)
			image_seal(IMAGE_BYTES);
		if (check() != rows[i].want)
			fail_msg("row %zu: %d", i, check());
	}
}

static void no_room(void **state)
{
	struct app_entry entry;

	(void)state;
	assert_int_equal(app_check(mock_memory(APP_BASE), 0x7ff, APP_BASE, &entry),
			 APP_BAD_LENGTH);
	assert_int_equal(
		app_check(mock_memory(APP_BASE), IMAGE_BYTES - 1, APP_BASE, &entry),
		APP_BAD_LENGTH);
	assert_int_equal(app_check(mock_memory(APP_BASE), IMAGE_BYTES, APP_BASE, &entry),
			 APP_OK);
}

/* As a flash that is cut off leaves it: blocks of 2 KiB from the second on, then the first. */
static void cut_off_at_any_word(void **state)
{
	static uint8_t whole[IMAGE_BYTES];
	uint32_t done;

	after_reset(state);
	memcpy(whole, mock_memory(APP_BASE), sizeof(whole));
	memset(mock_memory(APP_BASE), 0xff, sizeof(whole));
	for (done = 0; done < IMAGE_BYTES; done += 4) {
		uint32_t at = (done + 0x800) % IMAGE_BYTES;

		assert_int_not_equal(check(), APP_OK);
		memcpy(mock_memory(APP_BASE + at), whole + at, 4);
	}
	assert_int_equal(check(), APP_OK);
}

/* -- whom it starts ----------------------------------------------------------------- */

/* [RM0090]: nothing is left that was not there after a reset. */
static void as_after_a_reset(void)
{
	assert_int_equal(mock_get(RCC_CFGR), 0);
	assert_int_equal(mock_get(RCC_CR) & (RCC_CR_HSEON | RCC_CR_PLLON), 0);
	assert_int_equal(mock_get(RCC_AHB1ENR), RCC_AHB1ENR_RESET);
	assert_int_equal(mock_get(RCC_AHB2ENR), 0);
	assert_int_equal(mock_get(RCC_APB1ENR), 0);
	assert_int_equal(mock_get(RCC_APB2ENR), 0);
	assert_int_equal(mock_get(STK_CTRL), 0);
	assert_int_equal(mock_get(NVIC_ICER(0)), 0xffffffff);
	assert_false(mock.iwdg_running);
}

static void started_app(void)
{
	as_after_a_reset();
	assert_int_equal(mock.started_sp, IMAGE_SP);
	assert_int_equal(mock.started_pc, IMAGE_PC);
	assert_int_equal(mock_get(SCB_VTOR), APP_BASE + 0x200);
	assert_int_equal(mock_get(SYSCFG_MEMRMP), 0);
}

static void started_rom(void)
{
	as_after_a_reset();
	assert_int_equal(mock.started_sp, ROM_SP);
	assert_int_equal(mock.started_pc, ROM_PC);
	assert_int_equal(mock_get(SCB_VTOR), 0);
	assert_int_equal(mock_get(SYSCFG_MEMRMP), 1);
	/* The next reset has a reason of its own. */
	assert_int_equal(mock_get(RCC_CSR) & 0xfe000000, 0);
}

static void the_application_after_power_on(void **state)
{
	(void)state;
	noinit.boot = 0x12345678; /* RAM holds anything */
	stub_run();
	started_app();
	assert_int_equal(noinit.start, NOINIT_START_RESET);
	/* The application finds out why the chip was reset. */
	assert_int_equal(mock_get(RCC_CSR) & RCC_CSR_PORRSTF, RCC_CSR_PORRSTF);
}

static void the_rom_without_an_application(void **state)
{
	(void)state;
	mock_set(APP_BASE + 0x900, 0);
	stub_run();
	started_rom();
}

/* What the application's `dfu` does, and what comes of it. */
static void the_rom_when_asked(void **state)
{
	(void)state;
	boot_ask();
	assert_int_equal(mock.resets, 1);
	mock_set(RCC_CSR, RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF);
	stub_run();
	started_rom();
	/* Once. */
	assert_int_equal(noinit.boot, 0);
	mock_set(SYSCFG_MEMRMP, 0);
	stub_run();
	started_app();
}

/* As the stub itself does in a fault, also after a reset whose reason nobody has cleared. */
static void the_rom_when_the_stub_asks(void **state)
{
	static const uint32_t csr[] = { RCC_CSR_PORRSTF | RCC_CSR_PINRSTF,
					RCC_CSR_IWDGRSTF | RCC_CSR_PINRSTF,
					RCC_CSR_WWDGRSTF | RCC_CSR_PINRSTF,
					RCC_CSR_LPWRRSTF | RCC_CSR_PINRSTF };

	for (size_t i = 0; i < ROWS(csr); i++) {
		after_reset(state);
		mock_set(RCC_CSR, csr[i]);
		boot_ask();
		/* Flags stay until they are cleared ([RM0090] 7.3.21). */
		mock_set(RCC_CSR, mock_get(RCC_CSR) | RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF);
		stub_run();
		started_rom();
	}
}

static void the_question_of_another_day(void **state)
{
	static const uint32_t csr[] = { RCC_CSR_PORRSTF | RCC_CSR_PINRSTF,
					RCC_CSR_PINRSTF,
					RCC_CSR_IWDGRSTF | RCC_CSR_PINRSTF };

	for (size_t i = 0; i < ROWS(csr); i++) {
		after_reset(state);
		noinit.boot = NOINIT_BOOT_ROM;
		mock_set(RCC_CSR, csr[i]);
		stub_run();
		started_app();
		assert_int_equal(noinit.boot, 0);
	}
}

/* It leaves its clocks, USB, SysTick and its own mapping; and the flag of the old reset. */
static void after_the_rom_s_jump(void **state)
{
	static const uint32_t left[][2] = { { RCC_CFGR, 2 | 2 << 2 },
					    { RCC_AHB2ENR, 1 << 7 },
					    { SYSCFG_MEMRMP, 1 } };

	for (size_t i = 0; i < ROWS(left); i++) {
		after_reset(state);
		mock_set(RCC_CSR, RCC_CSR_SFTRSTF | RCC_CSR_PINRSTF);
		mock_set(STK_CTRL, 7);
		mock_set(left[i][0], left[i][1]);
		noinit.boot = NOINIT_BOOT_ROM;
		stub_run();
		started_app();
		assert_int_equal(noinit.start, NOINIT_START_ROM_RAN);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_whole_application, after_reset),
		cmocka_unit_test_setup(applications_that_are_not, after_reset),
		cmocka_unit_test_setup(no_room, after_reset),
		cmocka_unit_test_setup(cut_off_at_any_word, after_reset),
		cmocka_unit_test_setup(the_application_after_power_on, after_reset),
		cmocka_unit_test_setup(the_rom_without_an_application, after_reset),
		cmocka_unit_test_setup(the_rom_when_asked, after_reset),
		cmocka_unit_test_setup(the_rom_when_the_stub_asks, after_reset),
		cmocka_unit_test_setup(the_question_of_another_day, after_reset),
		cmocka_unit_test_setup(after_the_rom_s_jump, after_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
