/* Option bytes, OTP, read protection and hostile layouts, on a bootloader in memory. */
#include "images.h"
#include "fake_rom.h"

struct open {
	struct fake_rom *rom;
	struct dfu_dev *dev;
	struct dfu_error err;
};

static struct open open_rom(struct fake_rom *rom)
{
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct open o = { .rom = rom };

	if (dfu_open_io(&io, &board, NULL, &o.dev, &o.err) != 0)
		fail_msg("%s", o.err.msg);
	return o;
}

static void shut(struct open *o)
{
	dfu_close(o->dev);
	if (o->rom->broken_rule)
		fail_msg("%s", o->rom->broken_rule);
	fake_rom_free(o->rom);
}

/* -- option bytes ------------------------------------------------------------------ */

static const struct {
	const char *field, *value;
	int code;
	uint8_t at, byte; /* raw afterwards; the bytes were ef aa ff ff ... */
	const char *words;
} sets[] = {
	{ "rdp", "0", 0, 1, 0xaa, "level 0" },
	{ "rdp", "1", 0, 1, 0x55, "level 1" },
	{ "rdp", "2", DFU_ERR_REFUSED, 1, 0xaa, "never written" },
	{ "rdp", "0xcc", DFU_ERR_ARG, 1, 0xaa, "from 0 to 1" },
	{ "rdp", "170", DFU_ERR_ARG, 1, 0xaa, "from 0 to 1" },
	{ "bor_lev", "0", 0, 0, 0xe3, "2.7 V" },
	{ "bor_lev", "3", 0, 0, 0xef, "off" },
	{ "bor_lev", "4", DFU_ERR_ARG, 0, 0xef, "from 0 to 3" },
	{ "wdg_sw", "0", 0, 0, 0xcf, "0" },
	{ "nrst_stop", "0", 0, 0, 0xaf, "0" },
	{ "nrst_stdby", "0", 0, 0, 0x6f, "0" },
	{ "nwrp", "0", 0, 9, 0xf0, "0x000" },
	{ "nwrp", "0x1000", DFU_ERR_ARG, 9, 0xff, "from 0 to 4095" },
	{ "nwrp3", "0", 0, 8, 0xf7, "0" },
	{ "nwrp11", "0", 0, 9, 0xf7, "0" },
	{ "nwrp12", "0", DFU_ERR_ARG, 9, 0xff, "no option byte \"nwrp12\"" },
	{ "", "0", DFU_ERR_ARG, 9, 0xff, "no option byte \"\"" },
	{ "wdg_sw", "", DFU_ERR_ARG, 0, 0xef, "cannot be \"\"" },
	{ "wdg_sw", "1x", DFU_ERR_ARG, 0, 0xef, "cannot be" },
	{ "wdg_sw", "-1", DFU_ERR_ARG, 0, 0xef, "cannot be" },
	{ "wdg_sw", " 1", DFU_ERR_ARG, 0, 0xef, "cannot be" },
	{ "wdg_sw", "+1", DFU_ERR_ARG, 0, 0xef, "cannot be" },
	{ "wdg_sw", "18446744073709551616", DFU_ERR_ARG, 0, 0xef, "cannot be" },
};

static void test_fields(void **state)
{
	struct open o = open_rom(fake_rom_new());
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(sets); i++) {
		struct dfu_options *opts;
		char text[20];
		int rc;

		assert_int_equal(dfu_options_read(o.dev, &opts, &o.err), 0);
		rc = dfu_options_set(opts, sets[i].field, sets[i].value, &o.err);
		if (rc != sets[i].code ||
		    dfu_options_raw(opts)[sets[i].at] != sets[i].byte)
			fail_msg("%s=%s: %d, %02x", sets[i].field, sets[i].value, rc,
				 dfu_options_raw(opts)[sets[i].at]);
		if (rc < 0) {
			if (!strstr(o.err.msg, sets[i].words))
				fail_msg("%s=%s: %s", sets[i].field, sets[i].value,
					 o.err.msg);
		} else {
			assert_int_equal(dfu_options_get(opts, sets[i].field, text,
							 sizeof(text), NULL, &o.err),
					 0);
			assert_string_equal(text, sets[i].words);
		}
		dfu_options_free(opts);
	}
	assert_int_equal(o.rom->option_writes, 0);
	shut(&o);
}

static void test_names(void **state)
{
	struct open o = open_rom(fake_rom_new());
	struct dfu_options *opts;
	uint32_t number;
	char text[20];
	size_t i;

	(void)state;
	o.rom->options[8] = 0xfe;
	assert_int_equal(dfu_options_read(o.dev, &opts, &o.err), 0);
	for (i = 0; dfu_options_field(i); i++) {
		assert_non_null(dfu_options_help(i));
		assert_int_equal(dfu_options_get(opts, dfu_options_field(i), text,
						 sizeof(text), &number, &o.err),
				 0);
	}
	assert_null(dfu_options_help(i));
	assert_true(dfu_options_protects(opts, 0));
	assert_false(dfu_options_protects(opts, 1));
	assert_false(dfu_options_protects(opts, 12));
	assert_int_equal(
		dfu_options_get(opts, "nope", text, sizeof(text), &number, &o.err),
		DFU_ERR_ARG);
	dfu_options_free(opts);
	shut(&o);
}

static void test_write_options(void **state)
{
	static const uint8_t want[16] = {
		0xef, 0xaa, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct open o = open_rom(fake_rom_new());
	struct dfu_options *opts;

	(void)state;
	assert_int_equal(dfu_options_read(o.dev, &opts, &o.err), 0);
	assert_int_equal(dfu_options_write(o.dev, opts, &o.err), 0);
	assert_int_equal(o.rom->option_writes, 0);
	assert_int_equal(dfu_options_set(opts, "nwrp1", "0", &o.err), 0);
	assert_int_equal(dfu_options_write(o.dev, opts, &o.err), 1);
	assert_memory_equal(o.rom->options, want, 16);
	assert_int_equal(o.rom->option_writes, 1);
	assert_true(o.rom->gone);
	dfu_options_free(opts);
	shut(&o);
}

static void test_options_refused(void **state)
{
	struct open o = open_rom(fake_rom_new()), other = open_rom(fake_rom_new());
	struct dfu_options *opts;

	(void)state;
	assert_int_equal(dfu_options_read(o.dev, &opts, &o.err), 0);
	assert_int_equal(dfu_options_set(opts, "wdg_sw", "0", &o.err), 0);
	assert_int_equal(dfu_options_write(other.dev, opts, &o.err), DFU_ERR_ARG);
	o.rom->options[8] = 0;
	assert_int_equal(dfu_options_write(o.dev, opts, &o.err), DFU_ERR_REFUSED);
	assert_non_null(strstr(o.err.msg, "have changed"));
	assert_int_equal(o.rom->option_writes + other.rom->option_writes, 0);
	dfu_options_free(opts);
	shut(&o);
	shut(&other);
}

/* -- read protection --------------------------------------------------------------- */

static void expect_protected(int rc, const struct dfu_error *err)
{
	assert_int_equal(rc, DFU_ERR_PROTECTED);
	assert_non_null(strstr(err->msg, "read-protected"));
	assert_non_null(strstr(err->hint, "option unprotect"));
}

static void test_read_protection(void **state)
{
	struct open o = open_rom(fake_rom_new());
	uint8_t bytes[8] = { 0 };

	(void)state;
	o.rom->protected = true;
	expect_protected(dfu_read(o.dev, FAKE_FLASH_ADDR, bytes, 8, &o.err), &o.err);
	expect_protected(dfu_erase(o.dev, FAKE_FLASH_ADDR, 16384, NULL, NULL, &o.err),
			 &o.err);
	expect_protected(dfu_erase_chip(o.dev, &o.err), &o.err);
	expect_protected(dfu_program(o.dev, FAKE_FLASH_ADDR, bytes, 8, false, &o.err),
			 &o.err);
	/* After each error the next command finds a board that listens. */
	assert_int_equal(dfu_unprotect(o.dev, &o.err), 0);
	assert_int_equal(o.rom->unprotects, 1);
	shut(&o);
}

static void test_unprotect_that_stays(void **state)
{
	struct open o = open_rom(fake_rom_new());

	(void)state;
	o.rom->stays = true;
	assert_int_equal(dfu_unprotect(o.dev, &o.err), DFU_ERR_TIMEOUT);
	shut(&o);
}

/* -- one-time programmable memory -------------------------------------------------- */

static void test_otp(void **state)
{
	struct open o = open_rom(fake_rom_new());
	struct dfu_otp otp;
	unsigned i;

	(void)state;
	assert_int_equal(dfu_otp_write(o.dev, 33, (const uint8_t *)"abc", 3, &o.err), 0);
	assert_memory_equal(o.rom->otp + 33, "abc", 3);
	assert_int_equal(dfu_otp_lock(o.dev, 5, &o.err), 0);
	for (i = 0; i < 16; i++)
		assert_int_equal(o.rom->otp[512 + i], i == 5 ? 0x00 : 0xff);
	assert_int_equal(dfu_otp_lock(o.dev, 5, &o.err), DFU_ERR_REFUSED);
	assert_int_equal(dfu_otp_write(o.dev, 160, (const uint8_t *)"a", 1, &o.err),
			 DFU_ERR_REFUSED);
	assert_int_equal(dfu_otp_write(o.dev, 33, (const uint8_t *)"z", 1, &o.err),
			 DFU_ERR_REFUSED);
	assert_non_null(strstr(o.err.msg, "0x1fff7821 holds 61"));
	assert_int_equal(dfu_otp_write(o.dev, 31, (const uint8_t *)"ab", 2, &o.err),
			 DFU_ERR_ARG);
	assert_int_equal(dfu_otp_write(o.dev, 0, NULL, 0, &o.err), DFU_ERR_ARG);
	assert_int_equal(
		dfu_otp_write(o.dev, UINT32_MAX, (const uint8_t *)"ab", 2, &o.err),
		DFU_ERR_ARG);
	assert_int_equal(dfu_otp_lock(o.dev, 16, &o.err), DFU_ERR_ARG);
	assert_int_equal(dfu_otp_read(o.dev, &otp, &o.err), 0);
	assert_memory_equal(&otp.data[1][1], "abc", 3);
	assert_int_equal(otp.lock[5], 0);
	assert_int_equal(o.rom->state == 2 || o.rom->state == 9, true);
	shut(&o);
}

/* The L4 has its option bytes where the F4 has its OTP area. */
static void test_otp_elsewhere(void **state)
{
	struct fake_rom *rom = fake_rom_new();
	struct dfu_board board = fake_rom_board(rom);
	struct dfu_io io = fake_rom_io(rom);
	struct dfu_otp otp;
	struct dfu_dev *dev;
	struct dfu_error err;

	(void)state;
	strcpy(board.alts[1].name, "@Option Bytes  /0x1FFF7800/01*528 e");
	strcpy(board.alts[2].name, "@OTP Memory /0x1FFF7000/01*0001Ke");
	for (int i = 1; i < 3; i++)
		assert_int_equal(
			dfu_layout_parse(board.alts[i].name, &board.alts[i].layout, &err),
			0);
	assert_int_equal(dfu_open_io(&io, &board, NULL, &dev, &err), 0);
	assert_int_equal(dfu_otp_lock(dev, 0, &err), DFU_ERR_RANGE);
	assert_int_equal(dfu_otp_write(dev, 0, (const uint8_t *)"", 1, &err),
			 DFU_ERR_RANGE);
	assert_int_equal(dfu_otp_read(dev, &otp, &err), DFU_ERR_RANGE);
	assert_int_equal(rom->otp[512], 0xff);
	dfu_close(dev);
	fake_rom_free(rom);
}

/* -- programming and erasing by hand ----------------------------------------------- */

static int refuse(void *ctx, const struct dfu_sector *s, const uint8_t *content,
		  struct dfu_error *err)
{
	unsigned *asked = ctx;

	(*asked)++;
	if (!content)
		return 1;
	if (s->index == 1) {
		err->code = DFU_ERR_REFUSED;
		strcpy(err->msg, "not this one");
		return DFU_ERR_REFUSED;
	}
	return 0;
}

static void test_by_hand(void **state)
{
	struct open o = open_rom(fake_rom_new());
	unsigned asked = 0;
	uint8_t word[4];

	(void)state;
	assert_int_equal(dfu_program(o.dev, FAKE_FLASH_ADDR + 0x101,
				     (const uint8_t *)"hello", 5, false, &o.err),
			 0);
	assert_memory_equal(o.rom->flash + 0x100, "\xffhello\xff\xff", 8);
	assert_int_equal(dfu_program(o.dev, FAKE_FLASH_ADDR + 0x101,
				     (const uint8_t *)"Hello", 5, true, &o.err),
			 0);
	assert_int_equal(o.rom->feature[0], 0);
	assert_int_equal(dfu_program(o.dev, FAKE_FLASH_ADDR + 0x101,
				     (const uint8_t *)"hello", 5, true, &o.err),
			 DFU_ERR_REFUSED);
	assert_int_equal(dfu_program(o.dev, 0x1fffc000, word, 4, true, &o.err),
			 DFU_ERR_RANGE);
	assert_int_equal(dfu_program(o.dev, FAKE_FLASH_ADDR, word, 0, true, &o.err),
			 DFU_ERR_RANGE);
	assert_int_equal(dfu_program(o.dev, 0x080ffffe, word, 4, true, &o.err),
			 DFU_ERR_RANGE);

	assert_int_equal(dfu_erase(o.dev, FAKE_FLASH_ADDR, 100, NULL, NULL, &o.err),
			 DFU_ERR_ARG);
	assert_non_null(strstr(o.err.hint, "0x08000000 16384"));
	assert_int_equal(dfu_erase(o.dev, FAKE_FLASH_ADDR, 32768, refuse, &asked, &o.err),
			 DFU_ERR_REFUSED);
	assert_int_equal(asked, 4);
	assert_int_equal(o.rom->erases[0], 0);
	assert_int_equal(dfu_erase(o.dev, FAKE_FLASH_ADDR, 16384, refuse, &asked, &o.err),
			 0);
	assert_int_equal(o.rom->flash[0x101], 0xff);
	assert_int_equal(dfu_erase_chip(o.dev, &o.err), 0);
	assert_int_equal(o.rom->mass_erases, 1);
	shut(&o);
}

static void test_protected_erase(void **state)
{
	struct open o = open_rom(fake_rom_new());

	(void)state;
	o.rom->flash[16384 + 5] = 0;
	o.rom->options[8] = 0xfd;
	assert_int_equal(
		dfu_erase(o.dev, FAKE_FLASH_ADDR + 16384, 16384, NULL, NULL, &o.err),
		DFU_ERR_VERIFY);
	assert_non_null(strstr(o.err.msg, "0x08004005 holds 00"));
	assert_non_null(strstr(o.err.hint, "write-protected"));
	shut(&o);
}

/* -- hostile boards ---------------------------------------------------------------- */

static const struct {
	const char *flash, *options;
	uint16_t transfer_bytes, bcd_dfu;
	int code;
	const char *words;
} boards[] = {
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFFC000/01*016 e", 2048, 0x011a, 0, "" },
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFFC000/01*016 e", 63, 0x011a,
	  DFU_ERR_FORMAT, "wTransferSize 63" },
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFFC000/01*016 e", 0, 0x011a,
	  DFU_ERR_FORMAT, "wTransferSize 0" },
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFFC000/01*016 e", 2048, 0x0110,
	  DFU_ERR_FORMAT, "speaks DFU 1.10" },
	{ "Flash", "@O /0x1FFFC000/01*016 e", 2048, 0x011a, DFU_ERR_FORMAT,
	  "not DfuSe with a memory layout" },
	{ "@Flash /0x08000000/04*006 g", "@O /0x1FFFC000/01*016 e", 2048, 0x011a,
	  DFU_ERR_FORMAT, "sectors of 6 bytes at 0x08000000" },
	{ "@Flash /0x08000002/04*016Kg", "@O /0x1FFFC000/01*016 e", 2048, 0x011a,
	  DFU_ERR_FORMAT, "at 0x08000002" },
	{ "@Flash /0x08000000/01*512Mg", "@O /0x1FFFC000/01*016 e", 2048, 0x011a,
	  DFU_ERR_FORMAT, "sectors of 536870912 bytes" },
	/* The option bytes are not in the first region, or in one of hundreds of MB. */
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFF0000/01*004 e/0x1FFFC000/01*016 e",
	  2048, 0x011a, 0, "" },
	{ "@Flash /0x08000000/04*016Kg", "@O /0x10000000/01*512Mg", 2048, 0x011a, 0, "" },
	{ "@Flash /0x08000000/04*016Kg", "@O /0x1FFFC000/04*004 e", 2048, 0x011a, 0, "" },
};

static void test_boards(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(boards); i++) {
		struct fake_rom *rom = fake_rom_new();
		struct dfu_board board = fake_rom_board(rom);
		struct dfu_io io = fake_rom_io(rom);
		struct dfu_options *opts = NULL;
		struct dfu_dev *dev = NULL;
		struct dfu_error err = { 0 };
		int rc;

		strcpy(board.alts[0].name, boards[i].flash);
		strcpy(board.alts[1].name, boards[i].options);
		for (int k = 0; k < 2; k++)
			board.alts[k].has_layout =
				dfu_layout_parse(board.alts[k].name,
						 &board.alts[k].layout, NULL) == 0;
		board.wTransferSize = boards[i].transfer_bytes;
		board.bcdDFUVersion = boards[i].bcd_dfu;
		rc = dfu_open_io(&io, &board, NULL, &dev, &err);
		if (rc != boards[i].code || !strstr(err.msg, boards[i].words))
			fail_msg("row %u: %d %s", (unsigned)i, rc, err.msg);
		if (rc == 0) {
			assert_int_equal(dfu_options_read(dev, &opts, &err), 0);
			assert_memory_equal(dfu_options_raw(opts), rom->options, 16);
		}
		dfu_options_free(opts);
		dfu_close(dev);
		assert_true(rom->closed);
		fake_rom_free(rom);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_write_options),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_read_protection),
		cmocka_unit_test(test_unprotect_that_stays),
		cmocka_unit_test(test_otp),
		cmocka_unit_test(test_otp_elsewhere),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_protected_erase),
		cmocka_unit_test(test_boards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
