#include "host.h"

static void run(struct flash *flash, enum flash_op_kind kind, uint32_t address,
		const void *data, uint32_t len)
{
	struct flash_op op = {
		.kind = kind, .width = FLASH_X32, .address = address, .len = len
	};

	if (len)
		memcpy(op.data, data, len);
	flash_op_begin(flash, &op);
	flash_op_finish(flash, &op);
}

static uint8_t byte(const struct flash *flash, uint32_t address)
{
	uint8_t got = 0;

	assert_true(flash_read(flash, address, &got, 1));
	return got;
}

static void test_programming_clears_bits(void **state)
{
	struct flash *flash = flash_open(NULL);

	(void)state;
	run(flash, FLASH_OP_PROGRAM, 0x08000000, "\xF0\x0F\x00\xFF", 4);
	run(flash, FLASH_OP_PROGRAM, 0x08000000, "\xCC\xCC\xCC\xCC", 4);
	assert_int_equal(byte(flash, 0x08000000), 0xC0);
	assert_int_equal(byte(flash, 0x08000001), 0x0C);
	assert_int_equal(byte(flash, 0x08000002), 0x00);
	assert_int_equal(byte(flash, 0x08000003), 0xCC);
	run(flash, FLASH_OP_ERASE, 0x08003FFF, NULL, 0);
	assert_int_equal(byte(flash, 0x08000002), 0xFF);
	flash_close(flash);
}

/* Number of sector, base, size and the three typical erase times in ms */
static const struct {
	uint32_t base, bytes;
	int ms[3];
} sectors_table[FLASH_SECTORS] = {
	{ 0x08000000, 16384, { 400, 300, 250 } },
	{ 0x08004000, 16384, { 400, 300, 250 } },
	{ 0x08008000, 16384, { 400, 300, 250 } },
	{ 0x0800C000, 16384, { 400, 300, 250 } },
	{ 0x08010000, 65536, { 1200, 700, 550 } },
	{ 0x08020000, 131072, { 2000, 1300, 1000 } },
	{ 0x08040000, 131072, { 2000, 1300, 1000 } },
	{ 0x08060000, 131072, { 2000, 1300, 1000 } },
	{ 0x08080000, 131072, { 2000, 1300, 1000 } },
	{ 0x080A0000, 131072, { 2000, 1300, 1000 } },
	{ 0x080C0000, 131072, { 2000, 1300, 1000 } },
	{ 0x080E0000, 131072, { 2000, 1300, 1000 } },
};

static void test_sectors(void **state)
{
	struct flash *flash = flash_open(NULL);

	(void)state;
	for (int i = 0; i < FLASH_SECTORS; i++) {
		uint32_t last = sectors_table[i].base + sectors_table[i].bytes - 1;

		assert_int_equal(flash_sector(sectors_table[i].base), i);
		assert_int_equal(flash_sector(last), i);
		assert_int_equal(flash_sector_base(i), sectors_table[i].base);
		assert_int_equal(flash_sector_bytes(i), sectors_table[i].bytes);
		for (int w = 0; w < FLASH_WIDTHS; w++) {
			struct flash_op op = { .kind = FLASH_OP_ERASE,
					       .address = last,
					       .width = (enum flash_width)w };

			assert_int_equal(flash_op_ns(flash, &op),
					 sectors_table[i].ms[w] * INT64_C(1000000));
		}
	}
	assert_int_equal(flash_sector(0x08100000), -1);
	assert_int_equal(flash_sector(0x07FFFFFF), -1);
	flash_close(flash);
}

/* A unit that is only touched takes its 16 us as well. */
static const struct {
	uint32_t address, len;
	enum flash_width width;
	int units;
} units_table[] = {
	{ 0x08000000, 2048, FLASH_X8, 2048 }, { 0x08000000, 2048, FLASH_X16, 1024 },
	{ 0x08000000, 2048, FLASH_X32, 512 }, { 0x08000001, 4, FLASH_X32, 2 },
	{ 0x08000003, 2, FLASH_X16, 2 },      { 0x1FFF7800, 32, FLASH_X32, 8 },
};

static void test_units(void **state)
{
	struct flash *flash = flash_open(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(units_table) / sizeof(units_table[0]); i++) {
		struct flash_op op = { .kind = FLASH_OP_PROGRAM,
				       .len = units_table[i].len,
				       .address = units_table[i].address,
				       .width = units_table[i].width };

		assert_int_equal(flash_op_ns(flash, &op), units_table[i].units * 16000);
	}
	flash_close(flash);
}

static void protect(struct flash *flash, unsigned nwrp)
{
	uint8_t options[16];

	assert_true(flash_read(flash, OPTION_BASE, options, 16));
	options[8] = (uint8_t)nwrp;
	options[9] = (uint8_t)(nwrp >> 8);
	run(flash, FLASH_OP_OPTIONS, OPTION_BASE, options, 16);
	assert_int_equal(flash_nwrp(flash), nwrp & 0x0FFF);
}

/* A write-protected sector: nothing happens, at once and without a word. */
static void test_write_protection(void **state)
{
	const struct flash_op erase = { .kind = FLASH_OP_ERASE, .address = 0x08004000 };
	const struct flash_op mass = { .kind = FLASH_OP_MASS_ERASE };
	struct flash *flash = flash_open(NULL);

	(void)state;
	run(flash, FLASH_OP_PROGRAM, 0x08004000, "\x12\x34\x56\x78", 4);
	run(flash, FLASH_OP_PROGRAM, 0x08008000, "\x12\x34\x56\x78", 4);
	protect(flash, 0x0FFD); /* sector 1 */
	run(flash, FLASH_OP_PROGRAM, 0x08004000, "\0\0\0\0", 4);
	run(flash, FLASH_OP_ERASE, 0x08004000, NULL, 0);
	run(flash, FLASH_OP_MASS_ERASE, 0, NULL, 0);
	assert_int_equal(byte(flash, 0x08004000), 0x12);
	assert_int_equal(byte(flash, 0x08008000), 0x12);
	assert_int_equal(flash_op_ns(flash, &erase), 0);
	assert_int_equal(flash_op_ns(flash, &mass), 0);
	run(flash, FLASH_OP_ERASE, 0x08008000, NULL, 0);
	assert_int_equal(byte(flash, 0x08008000), 0xFF);
	protect(flash, 0x0FFF);
	run(flash, FLASH_OP_MASS_ERASE, 0, NULL, 0);
	assert_int_equal(byte(flash, 0x08004000), 0xFF);
	flash_close(flash);
}

static void test_otp(void **state)
{
	struct flash *flash = flash_open(NULL);

	(void)state;
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7800, "\xF0\xFF\xFF\xFF", 4);
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7820, "\xF0\xFF\xFF\xFF", 4);
	/* lock block 1 alone: the word's other bytes are FF */
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7A00, "\xFF\x00\xFF\xFF", 4);
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7800, "\0\0\0\0", 4);
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7820, "\0\0\0\0", 4);
	assert_int_equal(byte(flash, 0x1FFF7800), 0x00);
	assert_int_equal(byte(flash, 0x1FFF7820), 0xF0);
	/* nothing brings a bit back */
	run(flash, FLASH_OP_PROGRAM, 0x1FFF7A00, "\xFF\xFF\xFF\xFF", 4);
	run(flash, FLASH_OP_UNPROTECT, 0, NULL, 0);
	assert_int_equal(byte(flash, 0x1FFF7A01), 0x00);
	assert_int_equal(byte(flash, 0x1FFF7820), 0xF0);
	flash_close(flash);
}

static void test_options(void **state)
{
	uint8_t options[16];
	struct flash *flash = flash_open(NULL);

	(void)state;
	assert_int_equal(flash_rdp(flash), 0);
	run(flash, FLASH_OP_PROGRAM, 0x08004000, "\x12\x34\x56\x78", 4);
	flash_read(flash, OPTION_BASE, options, 16);
	options[1] = 0x55;
	run(flash, FLASH_OP_OPTIONS, OPTION_BASE, options, 16);
	assert_int_equal(flash_rdp(flash), 1);
	assert_int_equal(byte(flash, 0x08004000), 0x12);
	/* RM0090: going back from level 1 erases the flash */
	options[1] = 0xAA;
	run(flash, FLASH_OP_OPTIONS, OPTION_BASE, options, 16);
	assert_int_equal(flash_rdp(flash), 0);
	assert_int_equal(byte(flash, 0x08004000), 0xFF);
	/* and from level 2 there is no way back */
	options[1] = 0xCC;
	run(flash, FLASH_OP_OPTIONS, OPTION_BASE, options, 16);
	options[1] = 0xAA;
	run(flash, FLASH_OP_OPTIONS, OPTION_BASE, options, 16);
	assert_int_equal(flash_rdp(flash), 2);
	flash_close(flash);
}

static void test_cut_program(void **state)
{
	const struct flash_op op = { .kind = FLASH_OP_PROGRAM,
				     .width = FLASH_X32,
				     .address = 0x08000000,
				     .len = 2048 };
	struct flash *flash = flash_open(NULL);

	(void)state;
	flash_op_cut(flash, &op, 0.25, 1);
	assert_int_equal(byte(flash, 0x08000000 + 511), 0x00);
	assert_int_equal(byte(flash, 0x08000000 + 512), 0xFF);
	flash_close(flash);
}

static void test_bounds(void **state)
{
	struct flash *flash = flash_open(NULL);
	uint8_t got[16];

	(void)state;
	assert_true(flash_has(0x080FFFF0, 16));
	assert_false(flash_has(0x080FFFF1, 16));
	assert_false(flash_has(0x08000000, 0xFFFFFFFF));
	assert_false(flash_has(0x07FFFFFF, 2));
	assert_false(flash_read(flash, 0x1FFF7A10, got, 4));
	assert_false(flash_read(flash, 0xFFFFFFFF, got, 16));
	flash_close(flash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programming_clears_bits),
		cmocka_unit_test(test_sectors),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_write_protection),
		cmocka_unit_test(test_otp),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_cut_program),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
