/* Descriptors and strings, as the F407 has them and as a hostile device may. */
#include "dev.h"
#include "images.h"

static const uint8_t device[18] = { 0x12, 1,    0,    1, 0,    0, 0, 0x40, 0x83,
				    4,    0x11, 0xdf, 0, 0x22, 1, 2, 3,    1 };

#define INTERFACE(alt) 9, 4, 0, alt, 0, 0xfe, 1, 2, 4 + alt
#define DFU_F407       9, 0x21, 0x0b, 0xff, 0, 0, 8, 0x1a, 1
#define CONFIG         9, 2, 0x36, 0, 1, 1, 0, 0xc0, 0x32

static const uint8_t f407[] = { CONFIG,       INTERFACE(0), INTERFACE(1),
				INTERFACE(2), INTERFACE(3), DFU_F407 };

/* -- the configuration ------------------------------------------------------------- */

static const struct {
	const char *row;
	uint8_t d[40];
	size_t len;
	bool is_dfu;
	unsigned n_alts, transfer_bytes;
} configs[] = {
	{ "nothing", { 0 }, 0, false, 0, 0 },
	{ "one byte", { 9 }, 1, false, 0, 0 },
	{ "bLength 0", { CONFIG, 0, 0, INTERFACE(0) }, 20, false, 0, 0 },
	{ "bLength 1", { CONFIG, 1, INTERFACE(0) }, 19, false, 0, 0 },
	{ "cut within", { CONFIG, INTERFACE(0) }, 17, false, 0, 0 },
	{ "longer than all",
	  { CONFIG, 255, 4, 0, 0, 0, 0xfe, 1, 2, 4 },
	  18,
	  false,
	  0,
	  0 },
	{ "short interface", { CONFIG, 8, 4, 0, 0, 0, 0xfe, 1, 2 }, 17, false, 0, 0 },
	{ "alone", { CONFIG, INTERFACE(0) }, 18, true, 1, 0 },
	{ "function cut", { CONFIG, INTERFACE(0), DFU_F407 }, 26, true, 1, 0 },
	{ "with function", { CONFIG, INTERFACE(0), DFU_F407 }, 27, true, 1, 2048 },
	{ "function first", { CONFIG, DFU_F407, INTERFACE(0) }, 27, true, 1, 0 },
	{ "wTransferSize 0",
	  { CONFIG, INTERFACE(0), 9, 0x21, 0, 0, 0, 0, 0, 0, 0 },
	  27,
	  true,
	  1,
	  0 },
	{ "wTransferSize 65535",
	  { CONFIG, INTERFACE(0), 9, 0x21, 0, 0, 0, 255, 255, 0, 0 },
	  27,
	  true,
	  1,
	  65535 },
	{ "alternate 7", { CONFIG, 9, 4, 0, 7, 0, 0xfe, 1, 2, 4 }, 18, true, 8, 0 },
	{ "alternate 8", { CONFIG, 9, 4, 0, 8, 0, 0xfe, 1, 2, 4 }, 18, false, 0, 0 },
	{ "alternate 255", { CONFIG, 9, 4, 0, 255, 0, 0xfe, 1, 2, 4 }, 18, false, 0, 0 },
	{ "runtime mode", { CONFIG, 9, 4, 0, 0, 0, 0xfe, 1, 1, 4 }, 18, false, 0, 0 },
	{ "storage", { CONFIG, 9, 4, 0, 0, 2, 8, 6, 80, 4 }, 18, false, 0, 0 },
	{ "two interfaces",
	  { CONFIG, INTERFACE(0), 9, 4, 1, 1, 0, 0xfe, 1, 2, 5 },
	  27,
	  true,
	  1,
	  0 },
};

static void test_config(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(configs); i++) {
		struct dfu_board board = { .bus = DFU_BUS_OTHER };
		uint8_t strings[DFU_ALTS] = { 0 };
		uint8_t *copy = malloc(configs[i].len + 1);

		memcpy(copy, configs[i].d, configs[i].len);
		copy = realloc(copy, configs[i].len ? configs[i].len : 1);
		if (desc_config(copy, configs[i].len, &board, strings) !=
			    configs[i].is_dfu ||
		    board.n_alts != configs[i].n_alts ||
		    board.wTransferSize != configs[i].transfer_bytes)
			fail_msg("%s: %u alternates, %u bytes", configs[i].row,
				 board.n_alts, board.wTransferSize);
		free(copy);
	}
}

/* -- all of it --------------------------------------------------------------------- */

/* A device of descriptors only: string i is texts[i]. */
struct thing {
	const uint8_t *device, *config;
	size_t device_len, config_len;
	const uint16_t *texts[8];
	int string_length; /* bLength for all, when not 0 */
	bool no_strings;
};

static int send_string(const struct thing *t, unsigned index, struct dfu_xfer *x)
{
	const uint16_t *text = index < 8 ? t->texts[index] : NULL;
	uint8_t d[255] = { 0 };
	size_t n = 0;

	if (t->no_strings || !text)
		return DFU_ERR_STALL;
	for (; text[n] && n < 126; n++) {
		d[2 + 2 * n] = (uint8_t)text[n];
		d[3 + 2 * n] = (uint8_t)(text[n] >> 8);
	}
	d[0] = (uint8_t)(t->string_length ? t->string_length : (int)(2 + 2 * n));
	d[1] = 3;
	memcpy(x->data, d, 2 + 2 * n);
	return (int)(2 + 2 * n);
}

static int thing_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	const struct thing *t = ctx;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		unsigned type = x[i].wValue >> 8;
		const uint8_t *from = type == 1 ? t->device : t->config;
		size_t len = type == 1 ? t->device_len : t->config_len;

		assert_int_equal(x[i].bmRequestType, 0x80);
		assert_int_equal(x[i].bRequest, 6);
		if (type == 3) {
			x[i].result = send_string(t, x[i].wValue & 0xff, &x[i]);
			continue;
		}
		len = len < x[i].wLength ? len : x[i].wLength;
		memcpy(x[i].data, from, len);
		x[i].result = (int)len;
	}
	return 0;
}

static int load(struct thing *t, struct dfu_board *board)
{
	struct dfu_io io = { .ctx = t, .transfer = thing_transfer };
	struct dfu_error err = { 0 };

	return desc_load(&io, 100, board, &err);
}

static const uint16_t lang[] = { 0x0409, 0 };

static void test_load(void **state)
{
	struct thing t = { device,
			   f407,
			   sizeof(device),
			   sizeof(f407),
			   { lang, NULL, u"STM32  BOOTLOADER", u"357A3A7D3137",
			     u"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
			     u"@Option Bytes  /0x1FFFC000/01*016 e",
			     u"@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
			     u"@Device Feature/0xFFFF0000/01*004 e" },
			   0,
			   false };
	struct dfu_board board = { .bus = DFU_BUS_OTHER };

	(void)state;
	assert_int_equal(load(&t, &board), 0);
	assert_true(board.is_dfu);
	assert_int_equal(board.idVendor, 0x0483);
	assert_int_equal(board.bcdDevice, 0x2200);
	assert_string_equal(board.product, "STM32  BOOTLOADER");
	assert_string_equal(board.serial, "357A3A7D3137");
	assert_int_equal(board.n_alts, 4);
	assert_int_equal(board.bmAttributes, 0x0b);
	assert_int_equal(board.wTransferSize, 2048);
	assert_int_equal(board.bcdDFUVersion, 0x011a);
	for (int i = 0; i < 4; i++)
		assert_true(board.alts[i].has_layout);
	/* The next device at this place has no strings: nothing of the old one is left. */
	t.no_strings = true;
	t.config_len = 18;
	assert_int_equal(load(&t, &board), 0);
	assert_int_equal(board.n_alts, 1);
	assert_string_equal(board.alts[0].name, "");
	assert_false(board.alts[0].has_layout);
	assert_int_equal(board.wTransferSize, 0);
}

static void test_strings(void **state)
{
	static const uint16_t nasty[] = { 'a',    0x1b, '[', 0x00e9, 0xd83d,
					  0xde00, 0x7f, 'b', 0 };
	struct thing t = { device,
			   f407,
			   sizeof(device),
			   sizeof(f407),
			   { lang, NULL, nasty, nasty, NULL, nasty },
			   0,
			   false };
	static uint16_t longest[127];
	struct dfu_board board = { .bus = DFU_BUS_OTHER };

	(void)state;
	assert_int_equal(load(&t, &board), 0);
	assert_string_equal(board.serial, "a?[????b");
	/* bLength says less than comes, and more. */
	t.string_length = 4;
	assert_int_equal(load(&t, &board), 0);
	assert_string_equal(board.serial, "a");
	t.string_length = 255;
	assert_int_equal(load(&t, &board), 0);
	assert_string_equal(board.serial, "a?[????b");
	for (int i = 0; i < 126; i++)
		longest[i] = 'x';
	t.string_length = 0;
	t.texts[3] = longest;
	assert_int_equal(load(&t, &board), 0);
	assert_int_equal(strlen(board.serial), sizeof(board.serial) - 1);
}

static void test_cut_short(void **state)
{
	struct dfu_board board = { .bus = DFU_BUS_OTHER };
	struct thing t = {
		device, f407, sizeof(device), sizeof(f407), { lang }, 0, true
	};

	(void)state;
	for (t.device_len = 0; t.device_len < 18; t.device_len++)
		assert_int_equal(load(&t, &board), DFU_ERR_FORMAT);
	for (t.config_len = 0; t.config_len < 9; t.config_len++)
		assert_int_equal(load(&t, &board), DFU_ERR_FORMAT);
	for (t.config_len = 9; t.config_len < sizeof(f407); t.config_len++)
		assert_int_equal(load(&t, &board), 0);
}

/* -- and the times that a plan counts with ----------------------------------------- */

static void test_timing(void **state)
{
	static const uint32_t sectors[] = { 1, 16 << 10, 64 << 10, 128 << 10, 1 << 20 };
	static const unsigned x8[] = { 400, 400, 1200, 2000, 2000 };
	static const unsigned x32[] = { 250, 250, 550, 1000, 1000 };

	(void)state;
	for (size_t i = 0; i < ROWS(sectors); i++) {
		assert_int_equal(timing_erase_ms(sectors[i], 8), x8[i]);
		assert_int_equal(timing_erase_ms(sectors[i], 32), x32[i]);
	}
	assert_int_equal(timing_erase_ms(16 << 10, 16), 300);
	assert_int_equal(timing_chip_ms(8), 16000);
	assert_int_equal(timing_chip_ms(32), 8000);
	assert_int_equal(timing_parallelism(DFU_VOLTAGE_AUTO), 32);
	assert_int_equal(timing_parallelism(DFU_VOLTAGE_1V8), 8);
	assert_int_equal(timing_parallelism(DFU_VOLTAGE_2V1), 16);
	assert_int_equal(timing_parallelism(DFU_VOLTAGE_2V7), 32);
	/* The 334,808 bytes of our own image: 5.36 s and 1.34 s of programming, with the bus. */
	assert_in_range(timing_write_us(334808, 8), 5360000, 5700000);
	assert_in_range(timing_write_us(334808, 32), 1339000, 1700000);
	assert_in_range(timing_read_us(334808), 200000, 400000);
	assert_int_equal(timing_write_us(0, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),  cmocka_unit_test(test_load),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_timing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
