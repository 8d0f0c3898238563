/* Images from files of every format, and which may go into flash. */
#include "images.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static const uint8_t firmware[16] = { 0, 0, 2, 0x20, 9, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };

/* -- files ------------------------------------------------------------------------- */

static char folder[] = "/tmp/test_image.XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_file(const char *path, const void *bytes, size_t len, off_t size)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(ftruncate(fileno(f), size), 0);
	fclose(f);
}

static void test_load(void **state)
{
	const char *path = in_folder("fw.bin");
	struct dfu_image *image;

	(void)state;
	write_file(path, firmware, sizeof(firmware), sizeof(firmware));
	assert_int_equal(dfu_image_load(path, NULL, &image, NULL), DFU_OK);
	expect_segment(image, 0, 0, 0x08000000, firmware, sizeof(firmware));
	assert_string_equal(dfu_image_name(image), path);
	assert_int_equal(dfu_image_info(image)->file_bytes, sizeof(firmware));
	dfu_image_free(image);
	unlink(path);
}

/* More than the first buffer holds, up to the very limit, and one byte more. */
static void test_load_long(void **state)
{
	struct dfu_image_opts opts = { .has_address = true, .address = 0x08000000 };
	const char *path = in_folder("long.bin");
	struct dfu_image *image;
	struct dfu_error err;

	(void)state;
	write_file(path, firmware, sizeof(firmware), 200001);
	assert_int_equal(dfu_image_load(path, &opts, &image, NULL), DFU_OK);
	assert_int_equal(dfu_image_bytes(image), 200001);
	dfu_image_free(image);
	write_file(path, firmware, sizeof(firmware), DFU_IMAGE_MAX);
	assert_int_equal(dfu_image_load(path, &opts, &image, NULL), DFU_OK);
	assert_int_equal(dfu_image_bytes(image), DFU_IMAGE_MAX);
	dfu_image_free(image);
	write_file(path, firmware, sizeof(firmware), (off_t)DFU_IMAGE_MAX + 1);
	assert_int_equal(dfu_image_load(path, &opts, &image, &err), DFU_ERR_FORMAT);
	assert_non_null(
		strstr(err.msg, "offset 0x4000000: the file is longer than 64 MiB"));
	unlink(path);
}

static void test_load_fails(void **state)
{
	static const char missing[] =
		"/nonexistent/a folder with so long a name that the "
		"message would be cut/\x1b[1m/firmware.dfu";
	struct dfu_image *image = NULL;
	struct dfu_error err;

	(void)state;
	assert_int_equal(dfu_image_load(missing, NULL, &image, &err), DFU_ERR_FILE);
	assert_string_equal(
		err.msg,
		"\"... so long a name that the message would be cut/?[1m/firmware.dfu\": "
		"cannot be opened: No such file or directory");
	assert_int_equal(dfu_image_load("/no\nsuch", NULL, &image, &err), DFU_ERR_FILE);
	assert_string_equal(err.msg,
			    "\"/no?such\": cannot be opened: No such file or directory");
	assert_int_equal(dfu_image_load(folder, NULL, &image, &err), DFU_ERR_FILE);
	assert_non_null(strstr(err.msg, "cannot be read: Is a directory"));
	assert_int_equal(dfu_image_load(folder, NULL, &image, NULL), DFU_ERR_FILE);
	assert_null(image);
}

/* Make the reading end of a new pipe standard input; returns the writing end. */
static int pipe_stdin(void)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
	return fds[1];
}

static void test_stdin(void **state)
{
	struct dfu_image *image;
	struct dfu_error err;
	int fd = pipe_stdin();

	(void)state;
	assert_int_equal(write(fd, firmware, sizeof(firmware)), sizeof(firmware));
	close(fd);
	assert_int_equal(dfu_image_load("-", NULL, &image, NULL), DFU_OK);
	assert_string_equal(dfu_image_name(image), "-");
	expect_segment(image, 0, 0, 0x08000000, firmware, sizeof(firmware));
	dfu_image_free(image);
	assert_int_equal(dfu_image_load("-", NULL, &image, &err), DFU_ERR_FORMAT);
	assert_string_equal(err.msg, "standard input: the file is empty");
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 20000 };
	struct dfu_image *image;
	struct dfu_error err;
	int fd = pipe_stdin();

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	assert_int_equal(dfu_image_load("-", NULL, &image, &err), DFU_ERR_CANCELLED);
	assert_string_equal(err.msg, "standard input: interrupted while reading");
	close(fd);
}

/* -- formats ----------------------------------------------------------------------- */

static void test_names(void **state)
{
	static const char *const names[] = {
		"auto", "dfuse", "dfu", "hex", "elf", "bin"
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(names); i++) {
		assert_string_equal(dfu_format_name((enum dfu_format)i), names[i]);
		assert_int_equal(dfu_format_from_name(names[i]), (int)i);
	}
	assert_null(dfu_format_name((enum dfu_format)ROWS(names)));
	assert_null(dfu_format_name((enum dfu_format) - 1));
	assert_int_equal(dfu_format_from_name("s19"), -1);
	assert_int_equal(dfu_format_from_name(""), -1);
}

/* By content; what is then wrong with the file shows who read it. */
static const struct {
	const char *bytes;
	size_t len;
	int code;
	const char *words;
} detected[] = {
	{ "DfuSe", 5, DFU_ERR_FORMAT, "a DfuSe prefix has 11 bytes" },
	{ "DfuSf-------", 12, DFU_ERR_ARG, "text, in no image format" },
	{ "\177ELF", 4, DFU_ERR_FORMAT, "an ELF header has 52 bytes" },
	{ ":00000001FF", 11, DFU_ERR_FORMAT, "there is no data before the end record" },
	{ "\r\n\t :00000001ff", 15, DFU_ERR_FORMAT,
	  "there is no data before the end record" },
	{ ":0000000", 8, DFU_ERR_ARG, "text, in no image format" },
	{ ":0000000xFF", 11, DFU_ERR_ARG, "text, in no image format" },
	{ ":00000001F\0", 11, DFU_ERR_ARG, "is no stack pointer" },
	{ "\n\n\n", 3, DFU_ERR_ARG, "text, in no image format" },
	{ "S00600004844521B\n", 17, DFU_ERR_ARG, "text, in no image format" },
	{ "12345678UFD\20\0\0\0\0", 16, DFU_ERR_FORMAT,
	  "the suffix has the CRC 0x00000000" },
	{ "", 0, DFU_ERR_FORMAT, "the file is empty" },
};

static void test_detected(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(detected); i++)
		expect_refused(detected[i].words, (const uint8_t *)detected[i].bytes,
			       detected[i].len, NULL, detected[i].code,
			       detected[i].words);
}

/* As told: a file that is not what it is said to be is refused at its start. */
static void test_told(void **state)
{
	static const struct {
		enum dfu_format format;
		const char *words;
	} rows[] = {
		{ DFU_FORMAT_DFUSE, "offset 0x0: does not begin with \"DfuSe\"" },
		{ DFU_FORMAT_PLAIN, "offset 0x10: a DFU file should end with a suffix" },
		{ DFU_FORMAT_IHEX, "offset 0x0: line 1: a record should begin with ':'" },
		{ DFU_FORMAT_ELF, "offset 0x0: does not begin with the magic of ELF" },
	};
	struct dfu_image *image;
	struct dfu_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct dfu_image_opts opts = { .format = rows[i].format };

		expect_refused(rows[i].words, firmware, sizeof(firmware), &opts,
			       DFU_ERR_FORMAT, rows[i].words);
	}
	assert_int_equal(
		dfu_image_parse(firmware, sizeof(firmware), "fw",
				&(struct dfu_image_opts){ .format = (enum dfu_format)6 },
				&image, &err),
		DFU_ERR_ARG);
	image = expect_image(firmware, sizeof(firmware), DFU_FORMAT_RAW);
	assert_null(dfu_image_warning(image, 0));
	dfu_image_free(image);
}

/* An address beside the file's own is not ignored. As raw bytes it is, with a warning. */
static void test_two_addresses(void **state)
{
	static const uint8_t hex[] = ":0100000041BE\n:00000001FF\n";
	struct dfu_image_opts opts = { .has_address = true, .address = 0x08000000 };
	struct dfu_image *image;
	struct dfu_error err;

	(void)state;
	expect_refused("hex", hex, sizeof(hex) - 1, &opts, DFU_ERR_ARG,
		       "is an Intel HEX file, which says itself where its bytes go");
	opts.format = DFU_FORMAT_RAW;
	assert_int_equal(parse_copy(hex, sizeof(hex) - 1, &opts, &image, &err), DFU_OK);
	assert_true(has_warning(image,
				"it looks like an Intel HEX file and is written as raw"));
	dfu_image_free(image);
}

static void test_from_bytes(void **state)
{
	struct dfu_image *image = NULL;
	struct dfu_error err;
	const struct dfu_segment *s;

	(void)state;
	assert_int_equal(dfu_image_from_bytes(0x08008000, firmware, 5, &image, &err),
			 DFU_OK);
	assert_int_equal(dfu_image_segments(image, &s), 1);
	expect_segment(image, 0, 0, 0x08008000, firmware, 5);
	assert_true(s->data != firmware);
	assert_string_equal(dfu_image_name(image), "");
	dfu_image_free(image);
	image = NULL;
	assert_int_equal(dfu_image_from_bytes(0x08008000, firmware, 0, &image, &err),
			 DFU_ERR_ARG);
	assert_int_equal(dfu_image_from_bytes(0xfffffffc, firmware, 5, &image, &err),
			 DFU_ERR_FORMAT);
	assert_null(image);
	dfu_image_free(NULL);
}

/* -- may it go into flash? --------------------------------------------------------- */

static const struct {
	uint32_t addr;
	size_t len;
	uint8_t alt;
	int code;
	const char *words, *next;
} checks[] = {
	{ 0x08000000, 1 << 10, 0, DFU_OK, "", "" },
	{ 0x080fff00, 256, 0, DFU_OK, "", "" },
	{ 0x080fff00, 257, 0, DFU_ERR_RANGE,
	  "0x08100000 is outside this flash, 0x08000000 to 0x080fffff", "" },
	{ 0x07ffffff, 2, 0, DFU_ERR_RANGE, "0x07ffffff is outside this flash", "" },
	{ 0xfffffff0, 16, 0, DFU_ERR_RANGE,
	  "0xfffffff0 is the bootloader's Device Feature", "" },
	{ 0x1fffc000, 16, 0, DFU_ERR_RANGE, "0x1fffc000 is option bytes",
	  "`stmiot option set`" },
	{ 0x1fffc000, 16, 1, DFU_ERR_RANGE, "0x1fffc000 is option bytes",
	  "`stmiot option set`" },
	{ 0x1fff7800, 32, 0, DFU_ERR_RANGE, "0x1fff7800 is one-time prog",
	  "`stmiot otp write`" },
	{ 0x1fff7a0f, 1, 0, DFU_ERR_RANGE, "0x1fff7a0f is one-time prog",
	  "`stmiot otp write`" },
	{ 0x1fff7a10, 1, 0, DFU_ERR_RANGE, "0x1fff7a10 is system memory", "" },
	{ 0x1fff0000, 64, 0, DFU_ERR_RANGE, "0x1fff0000 is system memory", "" },
	{ 0xffff0000, 4, 3, DFU_ERR_RANGE, "0xffff0000 is the bootloader's Device", "" },
	{ 0x20000000, 4, 0, DFU_ERR_RANGE, "0x20000000 is RAM", "loaded into flash" },
	{ 0x10000000, 4, 0, DFU_ERR_RANGE, "0x10000000 is RAM (CCM)",
	  "loaded into flash" },
	{ 0x00000000, 4, 0, DFU_ERR_RANGE, "0x00000000 is what BOOT0 maps",
	  "0x08000000" },
	{ 0x08000000, 4, 1, DFU_ERR_FORMAT, "0x08000000 is for alternate setting 1", "" },
};

static struct dfu_image *one_element(const void *data, uint32_t addr, size_t len,
				     uint8_t alt)
{
	static struct dfuse_builder b;

	dfuse_begin(&b);
	dfuse_target(&b, alt);
	dfuse_element(&b, addr, data, len);
	dfuse_end(&b);
	return expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
}

static void check_says(const struct dfu_image *image, const struct dfu_layout *layout,
		       int code, const char *words, const char *next)
{
	struct dfu_error err = { .msg = "" };

	assert_int_equal(dfu_image_check(image, layout, &err), code);
	assert_int_equal(dfu_image_check(image, layout, NULL), code);
	if (!strstr(err.msg, words))
		fail_msg("\"%s\" lacks \"%s\"", err.msg, words);
	if (!strstr(err.hint, next))
		fail_msg("\"%s\" lacks \"%s\"", err.hint, next);
	if (code != DFU_OK && !*next)
		assert_string_equal(err.hint, "");
}

static void test_check(void **state)
{
	static const uint8_t data[1 << 10];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(checks); i++) {
		struct dfu_image *image =
			one_element(data, checks[i].addr, checks[i].len, checks[i].alt);

		check_says(image, dfu_layout_f407(), checks[i].code, checks[i].words,
			   checks[i].next);
		dfu_image_free(image);
	}
}

/* A device that claims its option bytes to be flash does not get them. */
static void test_check_hostile(void **state)
{
	static const uint8_t data[64];
	struct dfu_layout layout, empty = { .n_regions = 0 };
	struct dfu_image *image;

	(void)state;
	assert_int_equal(dfu_layout_parse("@x/0x0/65536*64Kg", &layout, NULL), DFU_OK);
	image = one_element(data, 0x1fffbff0, 64, 0);
	check_says(image, &layout, DFU_ERR_RANGE, "0x1fffbff0 is system memory", "");
	dfu_image_free(image);
	image = one_element(data, 0x1ffefff0, 64, 0);
	check_says(image, &layout, DFU_ERR_RANGE, "0x1fff0000 is system memory", "");
	check_says(image, &empty, DFU_ERR_RANGE, "there is no flash for 0x1ffefff0", "");
	dfu_image_free(image);
	assert_int_equal(dfu_layout_parse("@x/0x08000000/1*16g,1*16ka", &layout, NULL),
			 DFU_ERR_FORMAT);
	assert_int_equal(dfu_layout_parse("@x/0x08000000/1*16g,1*16Ka", &layout, NULL),
			 DFU_OK);
	image = one_element(data, 0x08000000, 64, 0);
	check_says(image, &layout, DFU_ERR_RANGE, "0x08000010 cannot be written", "");
	dfu_image_free(image);
}

static void test_check_ids(void **state)
{
	static const struct {
		unsigned product, vendor;
		int code;
	} rows[] = {
		{ 0xdf11, 0x0483, DFU_OK },         { 0xffff, 0xffff, DFU_OK },
		{ 0xffff, 0x0483, DFU_OK },         { 0xdf11, 0xffff, DFU_OK },
		{ 0xdf12, 0x0483, DFU_ERR_FORMAT }, { 0xdf11, 0x0484, DFU_ERR_FORMAT },
		{ 0xffff, 0x1209, DFU_ERR_FORMAT },
	};
	static struct dfuse_builder b;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct dfu_image *image;

		dfuse_begin(&b);
		dfuse_target(&b, 0);
		dfuse_element(&b, 0x08000000, firmware, sizeof(firmware));
		dfuse_end(&b);
		put_u16(b.bytes + b.len - 14, rows[i].product);
		put_u16(b.bytes + b.len - 12, rows[i].vendor);
		put_u32(b.bytes + b.len - 4, slow_crc(b.bytes, b.len - 4));
		image = expect_image(b.bytes, b.len, DFU_FORMAT_AUTO);
		check_says(image, dfu_layout_f407(), rows[i].code,
			   rows[i].code ? "not for 0483:df11" : "", "");
		dfu_image_free(image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_long),
		cmocka_unit_test(test_load_fails),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_detected),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_two_addresses),
		cmocka_unit_test(test_from_bytes),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_hostile),
		cmocka_unit_test(test_check_ids),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
