#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "usbdesc.h"

static const uint32_t uid[3] = { 0x00580027, 0x3331500b, 0x20333153 };

static const struct {
	unsigned type, index, rev;
	const char *hex;
} bytes_table[] = {
	{ 1, 0, 0x2200, "12010001000000408304 11DF0022 01020301" },
	{ 1, 0, 0x2100, "12010001000000408304 11DF0021 01020301" },
	{ 2, 0, 0x2200,
	  "090236000101 00C032"
	  "09040000 00FE010204"
	  "09040001 00FE010205"
	  "09040002 00FE010206"
	  "09040003 00FE010207"
	  "09210BFF0000081A01" },
	{ 0x21, 0, 0x2200, "09210BFF0000081A01" },
	{ 3, 0, 0x2200, "04030904" },
	{ 3, 8, 0x2200, "" },
	{ 3, 0xEE, 0x2200, "" },
	{ 6, 0, 0x2200, "" }, /* device qualifier: full speed only */
	{ 1, 1, 0x2200, "" },
};

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bytes_table) / sizeof(bytes_table[0]); i++) {
		uint8_t got[USBDESC_MAX];
		struct usbdesc desc;
		size_t len, at = 0;

		usbdesc_init(&desc, bytes_table[i].rev, uid);
		len = usbdesc_get(&desc, bytes_table[i].type, bytes_table[i].index, got);
		for (const char *c = bytes_table[i].hex; *c; c++) {
			unsigned byte;

			if (*c == ' ')
				continue;
			assert_int_equal(sscanf(c++, "%2x", &byte), 1);
			assert_true(at < len);
			assert_int_equal(got[at++], byte);
		}
		assert_int_equal(len, at);
	}
}

static const struct {
	unsigned index, rev;
	const char *text;
} strings_table[] = {
	{ 1, 0x2200, "STMicroelectronics" },
	{ 2, 0x2200, "STM32  BOOTLOADER" },
	{ 3, 0x2200, "208B317A3331" },
	{ 4, 0x2200, "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg" },
	{ 5, 0x2200, "@Option Bytes  /0x1FFFC000/01*016 e" },
	{ 6, 0x2200, "@OTP Memory /0x1FFF7800/01*512 e,01*016 e" },
	{ 7, 0x2200, "@Device Feature/0xFFFF0000/01*004 e" },
	{ 4, 0x2100, "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg" },
	{ 5, 0x2100, "@Option Bytes  /0x1FFFC000/01*016 g" },
	{ 6, 0x2100, "@OTP Memory /0x1FFF7800/01*512 g,01*016 g" },
	{ 7, 0x2100, "@Device Feature/0xFFFF0000/01*004 g" },
};

static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings_table) / sizeof(strings_table[0]); i++) {
		const char *text = strings_table[i].text;
		uint8_t got[USBDESC_MAX];
		struct usbdesc desc;
		size_t len;

		usbdesc_init(&desc, strings_table[i].rev, uid);
		len = usbdesc_get(&desc, 3, strings_table[i].index, got);
		assert_int_equal(len, 2 + 2 * strlen(text));
		assert_int_equal(got[0], len);
		assert_int_equal(got[1], 3);
		for (size_t c = 0; c < strlen(text); c++) {
			assert_int_equal(got[2 + 2 * c], text[c]);
			assert_int_equal(got[3 + 2 * c], 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests_name("usbdesc", tests, NULL, NULL);
}
