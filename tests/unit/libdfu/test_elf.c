#include "images.h"

/* Where the parts of the test file are. */
enum {
	PHDRS = 52,
	SHDRS = 0x200,
	TEXT = 0x100,
	DATA = 0x140,
	FILE_BYTES = 0x200 + 4 * 40
};

static void put_phdr(uint8_t *p, uint32_t type, uint32_t offset, uint32_t vaddr,
		     uint32_t paddr, uint32_t filesz, uint32_t memsz)
{
	put_u32(p, type);
	put_u32(p + 4, offset);
	put_u32(p + 8, vaddr);
	put_u32(p + 12, paddr);
	put_u32(p + 16, filesz);
	put_u32(p + 20, memsz);
}

/*
 * What a linker makes of firmware: .text in flash, .data in flash and run from RAM, .bss
 * in RAM only, and an entry that is not PT_LOAD.
 */
static void firmware(uint8_t *p)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };
	size_t i;

	memset(p, 0, FILE_BYTES);
	memcpy(p, ident, sizeof(ident));
	put_u16(p + 16, 2);  /* ET_EXEC */
	put_u16(p + 18, 40); /* EM_ARM */
	put_u32(p + 20, 1);
	put_u32(p + 24, 0x08000131);
	put_u32(p + 28, PHDRS);
	put_u16(p + 40, 52);
	put_u16(p + 42, 32);
	put_u16(p + 44, 4);
	put_u16(p + 46, 40);
	put_phdr(p + PHDRS, 1, DATA, 0x20000000, 0x08010000, 8, 16);
	put_phdr(p + PHDRS + 32, 1, TEXT, 0x08000000, 0x08000000, 64, 64);
	put_phdr(p + PHDRS + 64, 1, DATA + 8, 0x20000010, 0x20000010, 0, 4096);
	put_phdr(p + PHDRS + 96, 0x70000001, TEXT, 0, 0, 8, 8);
	for (i = 0; i < 72; i++)
		p[TEXT + i] = (uint8_t)(0x40 + i);
}

static void test_loaded(void **state)
{
	uint8_t file[FILE_BYTES];
	const struct dfu_segment *s;
	struct dfu_image *image;

	(void)state;
	firmware(file);
	image = expect_image(file, sizeof(file), DFU_FORMAT_AUTO);
	assert_int_equal(dfu_image_info(image)->format, DFU_FORMAT_ELF);
	assert_int_equal(dfu_image_info(image)->entry, 0x08000131);
	assert_int_equal(dfu_image_segments(image, &s), 2);
	expect_segment(image, 0, 0, 0x08000000, file + TEXT, 64);
	expect_segment(image, 1, 0, 0x08010000, file + DATA, 8);
	assert_null(dfu_image_warning(image, 0));
	dfu_image_free(image);
}

static const struct {
	const char *row;
	size_t cut, at;
	uint8_t n, bytes[8];
	const char *words;
} malformed[] = {
	{ "only the magic", 4, 0, 0, { 0 }, "offset 0x4: cut short" },
	{ "half a header", 51, 0, 0, { 0 }, "offset 0x33: cut short" },
	{ "64 bit", 0, 4, 1, { 2 }, "offset 0x4: a 64-bit program" },
	{ "no class", 0, 4, 1, { 0 }, "offset 0x4: ELF class 0" },
	{ "big endian", 0, 5, 1, { 2 }, "offset 0x5: a big-endian program" },
	{ "x86",
	  0,
	  18,
	  1,
	  { 3 },
	  "offset 0x12: a program for another machine (e_machine 3," },
	{ "no type", 0, 16, 1, { 0 }, "offset 0x10: an ELF file of no type" },
	{ "relocatable",
	  0,
	  16,
	  1,
	  { 1 },
	  "offset 0x10: an object file, which is not linked yet" },
	{ "shared", 0, 16, 1, { 3 }, "offset 0x10: a shared object" },
	{ "core", 0, 16, 1, { 4 }, "offset 0x10: a core dump" },
	{ "unknown type", 0, 16, 1, { 9 }, "offset 0x10: ELF type 9" },
	{ "no program headers", 0, 44, 1, { 0 }, "offset 0x2c: nothing to load" },
	{ "PN_XNUM", 0, 44, 2, { 255, 255 }, "offset 0x2a: 65535 program headers" },
	{ "headers of 56 bytes",
	  0,
	  42,
	  1,
	  { 56 },
	  "offset 0x2a: 4 program headers of 56 bytes" },
	{ "headers behind the end",
	  0,
	  28,
	  4,
	  { 0, 0, 0, 0xff },
	  "offset 0x1c: cut short" },
	{ "headers over the end", 0, 28, 4, { 0x21, 2, 0, 0 }, "offset 0x1c: cut short" },
	{ "too many headers", 0, 44, 2, { 255, 254 }, "offset 0x1c: cut short" },
	{ "offset behind the end",
	  0,
	  PHDRS + 4,
	  4,
	  { 0, 0, 0, 0xff },
	  "offset 0x38: program header 0 says 8 bytes from offset 0xff000000 on" },
	{ "bytes over the end",
	  0,
	  PHDRS + 4,
	  4,
	  { 0x99, 2, 0, 0 },
	  "offset 0x38: program header 0" },
	{ "more in the file than in memory",
	  0,
	  PHDRS + 16,
	  4,
	  { 17, 0, 0, 0 },
	  "offset 0x44: sizes that disagree: program header 0" },
	{ "huge",
	  0,
	  PHDRS + 16,
	  8,
	  { 255, 255, 255, 255, 255, 255, 255, 255 },
	  "offset 0x38: program header 0 says 4294967295 bytes" },
	{ "beyond 4 GiB",
	  0,
	  PHDRS + 12,
	  4,
	  { 0xf9, 255, 255, 255 },
	  "offset 0x40: program header 0: 8 bytes at 0xfffffff9 reach beyond 4 GiB" },
	{ "overlap",
	  0,
	  PHDRS + 12,
	  4,
	  { 0x3f, 0, 0, 8 },
	  "offset 0x54: 0x0800003f is given a second time, after offset 0x34" },
	{ "cut in the text", TEXT + 63, 0, 0, { 0 }, "program header 0" },
};

static void test_malformed(void **state)
{
	uint8_t file[FILE_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(malformed); i++) {
		firmware(file);
		memcpy(file + malformed[i].at, malformed[i].bytes, malformed[i].n);
		expect_refused(malformed[i].row, file,
			       malformed[i].cut ? malformed[i].cut : sizeof(file), NULL,
			       DFU_ERR_FORMAT, malformed[i].words);
	}
}

static void test_nothing_to_load(void **state)
{
	uint8_t file[FILE_BYTES];

	(void)state;
	firmware(file);
	put_u32(file + PHDRS + 16, 0);
	put_u32(file + PHDRS + 32, 6);
	expect_refused("no PT_LOAD with bytes", file, sizeof(file), NULL, DFU_ERR_FORMAT,
		       "offset 0x34: nothing to load: no program header");
}

/* The first segment begins with the ELF header; sections say where the program does. */
static void with_headers(uint8_t *p)
{
	firmware(p);
	put_phdr(p + PHDRS + 32, 1, 0, 0x08004000, 0x08004000, TEXT + 64, TEXT + 64);
	put_u32(p + 32, SHDRS);
	put_u16(p + 48, 4);
	/* section 1: not loaded; 2: .bss; 3: .text */
	put_u32(p + SHDRS + 40 + 16, 60);
	put_u32(p + SHDRS + 40 + 20, 8);
	put_u32(p + SHDRS + 80 + 4, 8);
	put_u32(p + SHDRS + 80 + 8, 3);
	put_u32(p + SHDRS + 80 + 16, 64);
	put_u32(p + SHDRS + 80 + 20, 8);
	put_u32(p + SHDRS + 120 + 4, 1);
	put_u32(p + SHDRS + 120 + 8, 6);
	put_u32(p + SHDRS + 120 + 16, TEXT);
	put_u32(p + SHDRS + 120 + 20, 64);
}

static void test_headers_left_out(void **state)
{
	uint8_t file[FILE_BYTES];
	struct dfu_image *image;

	(void)state;
	with_headers(file);
	image = expect_image(file, sizeof(file), DFU_FORMAT_AUTO);
	expect_segment(image, 0, 0, 0x08004000 + TEXT, file + TEXT, 64);
	assert_true(has_warning(image,
				"256 bytes of ELF headers at 0x08004000 are left out"));
	dfu_image_free(image);
}

/* Without sections there is no telling, and a broken table of them is not believed. */
static void test_headers_kept(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = { { 32, 0xffffff00 }, { 32, SHDRS + 1 }, { 46, 39 }, { 48, 0 } };
	uint8_t file[FILE_BYTES];
	struct dfu_image *image;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		with_headers(file);
		if (rows[i].at == 32)
			put_u32(file + 32, rows[i].value);
		else
			put_u16(file + rows[i].at, rows[i].value);
		image = expect_image(file, sizeof(file), DFU_FORMAT_AUTO);
		expect_segment(image, 0, 0, 0x08004000, file, TEXT + 64);
		assert_true(has_warning(
			image, "the ELF header itself is loaded, at 0x08004000"));
		dfu_image_free(image);
	}
}

/* Headers that all load the same bytes can ask for more than any file has. */
static void test_shared_bytes(void **state)
{
	enum { N = 65, BYTES = 1 << 20, START = PHDRS + 32 * N };
	uint8_t *file = calloc(1, START + BYTES);
	uint32_t i;

	(void)state;
	firmware(file);
	put_u16(file + 44, N);
	for (i = 0; i < N; i++)
		put_phdr(file + PHDRS + 32 * i, 1, START, 0, i * 2 * BYTES, BYTES, BYTES);
	expect_refused("65 MiB", file, START + BYTES, NULL, DFU_ERR_FORMAT,
		       "offset 0x834: more than 64 MiB to load");
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nothing_to_load),
		cmocka_unit_test(test_shared_bytes),
		cmocka_unit_test(test_headers_left_out),
		cmocka_unit_test(test_headers_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
