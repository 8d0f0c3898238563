#include "images.h"

#define RE  (DFU_READABLE | DFU_ERASABLE)
#define RW  (DFU_READABLE | DFU_WRITEABLE)
#define REW (DFU_READABLE | DFU_ERASABLE | DFU_WRITEABLE)

/* As boards tell it, and as other chips of the family do. */
static const struct {
	const char *text, *name;
	size_t n_regions;
	uint64_t bytes;
	struct dfu_region last;
} good[] = {
	{ "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
	  "Internal Flash",
	  3,
	  1 << 20,
	  { 0x08020000, 7, 128 << 10, REW } },
	{ "@Internal Flash   /0x08000000/04*016Kg,01*064Kg,03*128Kg",
	  "Internal Flash",
	  3,
	  512 << 10,
	  { 0x08020000, 3, 128 << 10, REW } },
	{ "@Option Bytes  /0x1FFFC000/01*016 e",
	  "Option Bytes",
	  1,
	  16,
	  { 0x1fffc000, 1, 16, RW } },
	{ "@Option Bytes  /0x1FFFC000/01*016 g",
	  "Option Bytes",
	  1,
	  16,
	  { 0x1fffc000, 1, 16, REW } },
	{ "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
	  "OTP Memory",
	  2,
	  528,
	  { 0x1fff7a00, 1, 16, RW } },
	{ "@Device Feature/0xFFFF0000/01*004 e",
	  "Device Feature",
	  1,
	  4,
	  { 0xffff0000, 1, 4, RW } },
	/* an L4, an H7: blank or no multiplier, two groups, four digits */
	{ "@Option Bytes   /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e",
	  "Option Bytes",
	  2,
	  80,
	  { 0x1ffff800, 1, 40, RW } },
	{ "@x /0x1FFF7800/01*40e", "x", 1, 40, { 0x1fff7800, 1, 40, RW } },
	{ "@Flash /0x08000000/0256*0002Kg",
	  "Flash",
	  1,
	  512 << 10,
	  { 0x08000000, 256, 2048, REW } },
	{ "@x /0x08000000/01*0001Ke", "x", 1, 1024, { 0x08000000, 1, 1024, RW } },
	{ "@x /0x08000000/02*01Ma",
	  "x",
	  1,
	  2 << 20,
	  { 0x08000000, 2, 1 << 20, DFU_READABLE } },
	{ "@x /0x08000000/02*08Bc", "x", 1, 16, { 0x08000000, 2, 8, RE } },
	/* spaces, groups in the wrong order, a gap, the end of the address space */
	{ "@  a b  / 0x08000000 / 1*1Kg , 1*2Kg ",
	  "a b",
	  2,
	  3072,
	  { 0x08000400, 1, 2048, REW } },
	{ "@x/0x20000/1*1Kg/0x10000/1*1Kg", "x", 2, 2048, { 0x20000, 1, 1024, REW } },
	{ "@/0x0/1*1Kg", "", 1, 1024, { 0, 1, 1024, REW } },
	{ "@x/0xffffffff/1*1g", "x", 1, 1, { 0xffffffff, 1, 1, REW } },
	{ "@x/0x0/65535*64Kg", "x", 1, 0xffff0000, { 0, 65535, 65536, REW } },
	{ "@x/0x0/65536*64Kg", "x", 1, 0x100000000, { 0, 65536, 65536, REW } },
	{ "@b\x01"
	  "d\xff/0x0/1*1Kg",
	  "b?d?",
	  1,
	  1024,
	  { 0, 1, 1024, REW } },
	{ "@0123456789012345678901234567890123456789012345678901234567890123456789/0x0/"
	  "1*1g",
	  "012345678901234567890123456789012345678901234567890123456789012",
	  1,
	  1,
	  { 0, 1, 1, REW } },
};

static const struct {
	const char *text, *words;
} bad[] = {
	{ "", "offset 0:" },
	{ "Internal Flash /0x08000000/04*016Kg", "offset 0:" },
	{ "@", "offset 1:" },
	{ "@Internal Flash", "offset 15:" },
	{ "@x/", "offset 3:" },
	{ "@x/08000000/1*1Kg", "offset 3:" },
	{ "@x/0x/1*1Kg", "offset 5: a number is missing" },
	{ "@x/0x100000000/1*1Kg", "beyond 32 bits" },
	{ "@x/0x08000000", "offset 13:" },
	{ "@x/0x08000000/", "offset 14: a number is missing" },
	{ "@x/0x08000000/4", "offset 15:" },
	{ "@x/0x08000000/*16Kg", "offset 14: a number is missing" },
	{ "@x/0x08000000/2*016", "offset 19: a type" },
	{ "@x/0x08000000/4*016K", "offset 20: a type" },
	{ "@x/0x08000000/4*Kg", "offset 16: a number is missing" },
	{ "@x/0x08000000/4*16Gg", "offset 18: a type" },
	{ "@x/0x08000000/4*16Kh", "offset 19: a type" },
	{ "@x/0x08000000/4*16K`", "offset 19: a type" },
	{ "@x/0x08000000/4*16KG", "offset 19: a type" },
	{ "@x/0x08000000/4*16Kg,", "offset 21: a number is missing" },
	{ "@x/0x08000000/4*16Kg;1*64Kg", "offset 20: more than a layout" },
	{ "@x/0x08000000/4*16Kg/", "offset 21: an address" },
	{ "@x/0x08000000/-4*16Kg", "offset 14: a number is missing" },
	{ "@x/0x08000000/0*16Kg", "offset 14: nothing there" },
	{ "@x/0x08000000/4*0Kg", "offset 14: nothing there" },
	{ "@x/0x08000000/4294967296*1g", "offset 23: a number beyond" },
	{ "@x/0x08000000/99999999999999999999*1g", "a number beyond" },
	{ "@x/0x08000000/65536*64Kg", "beyond 4 GiB" },
	{ "@x/0x08000000/4294967295*4294967295Mg", "beyond 4 GiB" },
	{ "@x/0x0/1*4096Mg", "a sector of 4 GiB" },
	{ "@x/0x0/1*4294967296g", "a number beyond" },
	{ "@x/0xffff0000/1*64Kg,1*1g", "beyond 4 GiB" },
	{ "@x/0xfffffff0/1*17g", "beyond 4 GiB" },
	{ "@x/0x1000/4*1Kg/0x1fff/1*1g", "overlap" },
	{ "@x/0x1000/4*1Kg/0x1000/4*1Kg", "overlap" },
	{ "@x/0x1000/1*1g/0x0/2*4Kg", "overlap" },
	{ "@x/0x0/"
	  "1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*"
	  "1g,"
	  "1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*1g,1*"
	  "1g,1*1g",
	  "offset 167: more regions" },
};

static void test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(good); i++) {
		const struct dfu_region *want = &good[i].last, *last;
		struct dfu_layout layout;
		struct dfu_error err;

		if (dfu_layout_parse(good[i].text, &layout, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.msg);
		assert_string_equal(layout.name, good[i].name);
		assert_int_equal(layout.n_regions, good[i].n_regions);
		assert_true(dfu_layout_bytes(&layout) == good[i].bytes);
		last = &layout.regions[layout.n_regions - 1];
		assert_int_equal(last->addr, want->addr);
		assert_int_equal(last->sectors, want->sectors);
		assert_int_equal(last->sector_bytes, want->sector_bytes);
		assert_int_equal(last->type, want->type);
	}
}

static void test_bad(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(bad); i++) {
		char *copy = strdup(bad[i].text);
		struct dfu_layout layout = { .n_regions = 77 };
		struct dfu_error err;

		if (dfu_layout_parse(copy, &layout, &err) != DFU_ERR_FORMAT)
			fail_msg("%s: was accepted", bad[i].text);
		if (!strstr(err.msg, bad[i].words))
			fail_msg("%s: \"%s\" lacks \"%s\"", bad[i].text, err.msg,
				 bad[i].words);
		assert_int_equal(err.code, DFU_ERR_FORMAT);
		assert_int_equal(layout.n_regions, 77);
		assert_int_equal(dfu_layout_parse(copy, &layout, NULL), DFU_ERR_FORMAT);
		free(copy);
	}
}

static void test_f407(void **state)
{
	struct dfu_layout layout;

	(void)state;
	assert_int_equal(dfu_layout_parse(good[0].text, &layout, NULL), DFU_OK);
	assert_memory_equal(&layout, dfu_layout_f407(), sizeof(layout));
}

static const struct {
	uint32_t addr;
	bool found;
	struct dfu_sector sector;
} finds[] = {
	{ 0x07ffffff, false, { 0, 0, 0, 0 } },
	{ 0x08000000, true, { 0x08000000, 16 << 10, REW, 0 } },
	{ 0x08003fff, true, { 0x08000000, 16 << 10, REW, 0 } },
	{ 0x08004000, true, { 0x08004000, 16 << 10, REW, 1 } },
	{ 0x0800ffff, true, { 0x0800c000, 16 << 10, REW, 3 } },
	{ 0x08010000, true, { 0x08010000, 64 << 10, REW, 4 } },
	{ 0x08020000, true, { 0x08020000, 128 << 10, REW, 5 } },
	{ 0x080fffff, true, { 0x080e0000, 128 << 10, REW, 11 } },
	{ 0x08100000, false, { 0, 0, 0, 0 } },
	{ 0xffffffff, false, { 0, 0, 0, 0 } },
};

static void test_find(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(finds); i++) {
		struct dfu_sector s = { 0, 0, 0, 0 };

		assert_int_equal(dfu_layout_find(dfu_layout_f407(), finds[i].addr, &s),
				 finds[i].found);
		assert_int_equal(s.addr, finds[i].sector.addr);
		assert_int_equal(s.bytes, finds[i].sector.bytes);
		assert_int_equal(s.type, finds[i].sector.type);
		assert_int_equal(s.index, finds[i].sector.index);
	}
}

static const struct {
	uint32_t addr;
	uint64_t len;
	uint8_t type;
	bool covered;
} covers[] = {
	{ 0x1000, 0x800, REW, true },
	{ 0x1000, 0x801, REW, false },
	{ 0x0fff, 2, REW, false },
	{ 0x1000, 0x800, DFU_WRITEABLE, true },
	{ 0x17ff, 1, REW, true },
	{ 0x1800, 0x400, DFU_READABLE, true },
	{ 0x1000, 0xc00, DFU_READABLE, true },
	{ 0x1000, 0xc01, DFU_READABLE, false },
	{ 0x1800, 1, DFU_WRITEABLE, false },
	{ 0x17ff, 2, DFU_WRITEABLE, false },
	{ 0x1bff, 2, 0, false },
	{ 0x3000, 0x400, 0, true },
	{ 0x1bff, 0x1402, 0, false },
	{ 0xffffff00, 0x100, 0, true },
	{ 0xffffff00, 0x101, 0, false },
	{ 0x1000, UINT32_MAX, 0, false },
	{ 0x1000, SIZE_MAX, 0, false },
	{ 0x1000, 0, REW, true },
};

static void test_covers(void **state)
{
	static const char text[] = "@x/0x1000/2*1Kg,1*1Ka/0x3000/1*1Kg/0xffffff00/256*1g";
	struct dfu_layout layout;
	size_t i;

	(void)state;
	assert_int_equal(dfu_layout_parse(text, &layout, NULL), DFU_OK);
	for (i = 0; i < ROWS(covers); i++) {
		if (dfu_layout_covers(&layout, covers[i].addr, (size_t)covers[i].len,
				      covers[i].type) != covers[i].covered)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_bad),
		cmocka_unit_test(test_f407),   cmocka_unit_test(test_find),
		cmocka_unit_test(test_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
