/* The transcripts in tests/wire: each is replayed, and one call of the library made. */
#include "dev.h"
#include "images.h"

#define FLASH 0x08000000u

static const uint8_t word[4] = { 0x11, 0x22, 0x33, 0x44 };

static int only_open(struct dfu_dev *dev, struct dfu_error *err)
{
	(void)dev;
	(void)err;
	return 0;
}

static int program_word(struct dfu_dev *dev, struct dfu_error *err)
{
	return dfu_program(dev, FLASH, word, 4, false, err);
}

static int read_word(struct dfu_dev *dev, struct dfu_error *err)
{
	uint8_t seen[4];

	return dfu_read(dev, FLASH, seen, 4, err);
}

static int read_4k(struct dfu_dev *dev, struct dfu_error *err)
{
	uint8_t seen[4096];
	int rc = dfu_read(dev, FLASH, seen, sizeof(seen), err);

	if (rc == 0) {
		assert_int_equal(seen[0], 0x11);
		assert_int_equal(seen[4095], 0x22);
	}
	return rc;
}

static int erase_sector_1(struct dfu_dev *dev, struct dfu_error *err)
{
	return dfu_erase(dev, FLASH + 0x4000, 0x4000, NULL, NULL, err);
}

static int leave(struct dfu_dev *dev, struct dfu_error *err)
{
	return dfu_leave(dev, FLASH, err);
}

static int set_option(struct dfu_dev *dev, const char *field, const char *value,
		      struct dfu_error *err)
{
	struct dfu_options *o;
	int rc = dfu_options_read(dev, &o, err);

	if (rc < 0)
		return rc;
	rc = dfu_options_set(o, field, value, err);
	if (rc == 0)
		rc = dfu_options_write(dev, o, err);
	dfu_options_free(o);
	return rc;
}

static int watchdog(struct dfu_dev *dev, struct dfu_error *err)
{
	return set_option(dev, "wdg_sw", "0", err);
}

static int rdp_2(struct dfu_dev *dev, struct dfu_error *err)
{
	return set_option(dev, "rdp", "2", err);
}

static int lock_5(struct dfu_dev *dev, struct dfu_error *err)
{
	return dfu_otp_lock(dev, 5, err);
}

static const struct {
	const char *file;
	int (*call)(struct dfu_dev *dev, struct dfu_error *err);
	int rc;
	const char *words, *hint; /* of the error */
	unsigned least_ms, most_ms;
	bool poll;
} cases[] = {
	{ "open-error", only_open, 0, NULL, NULL, 0, 1000, false },
	{ "open-dnload-idle", only_open, 0, NULL, NULL, 0, 1000, false },
	{ "open-upload-idle", only_open, 0, NULL, NULL, 0, 1000, false },
	{ "open-busy", only_open, 0, NULL, NULL, 70, 2000, false },
	{ "open-stuck", only_open, DFU_ERR_DEVICE, "stays in state 7", "BOOT0", 0, 1000,
	  false },
	{ "program-polite", program_word, 0, NULL, NULL, 90, 3000, false },
	{ "program-polite", program_word, 0, NULL, NULL, 90, 3000, true },
	{ "program-fast", program_word, 0, NULL, NULL, 0, 1000, false },
	{ "program-endless", program_word, DFU_ERR_TIMEOUT,
	  "set address at 0x08000000: still busy", "", 0, 3000, false },
	{ "read-vendor", read_word, DFU_ERR_PROTECTED,
	  "read at 0x08000000: the chip is read-prot", "option unprotect", 0, 1000,
	  false },
	{ "erase-vendor", erase_sector_1, DFU_ERR_PROTECTED, "erase at 0x08004000",
	  "option unprotect", 0, 1000, false },
	{ "write-vendor", program_word, DFU_ERR_PROTECTED, "write at 0x08000000",
	  "option unprotect", 0, 1000, false },
	{ "erase-target", erase_sector_1, DFU_ERR_DEVICE, "errTARGET", "", 0, 1000,
	  false },
	{ "erase-slow", erase_sector_1, 0, NULL, NULL, 60, 3000, false },
	{ "read-stall", read_4k, 0, NULL, NULL, 0, 1000, false },
	{ "read-stall-twice", read_4k, DFU_ERR_STALL, "gives 0 of 2048 bytes", "", 0,
	  1000, false },
	{ "leave-answer", leave, 1, NULL, NULL, 0, 1000, false },
	{ "leave-silent", leave, 1, NULL, NULL, 0, 1000, false },
	{ "leave-broken", leave, 1, NULL, NULL, 0, 1000, false },
	{ "leave-late", leave, 1, NULL, NULL, 0, 1000, false },
	{ "leave-stays", leave, 0, NULL, NULL, 0, 1000, false },
	{ "options-set", watchdog, 1, NULL, NULL, 0, 1000, false },
	{ "options-rdp2", rdp_2, DFU_ERR_REFUSED, "never written", "", 0, 1000, false },
	{ "options-changed", watchdog, DFU_ERR_REFUSED, "have changed", "", 0, 1000,
	  false },
	{ "otp-lock", lock_5, 0, NULL, NULL, 0, 1000, false },
};

static char *read_file(const char *name, size_t *len)
{
	char path[100], *text = malloc(65536);
	FILE *f;

	snprintf(path, sizeof(path), "tests/wire/%s.txt", name);
	f = fopen(path, "r");
	if (!f || !text)
		fail_msg("%s cannot be opened from here", path);
	*len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

static bool used_up;
static void (*close_replay)(void *);

static void close_and_note(void *ctx)
{
	struct dfu_io io = { .ctx = ctx };

	used_up = dfu_replay_done(&io);
	close_replay(ctx);
}

static void one_case(size_t i)
{
	/* Short, so that what is endless ends; nothing here takes any time but sleeping. */
	struct dfu_settings set = { .poll = cases[i].poll,
				    .timeouts = { .control_ms = 400 } };
	uint64_t since = clock_ms();
	struct dfu_dev *dev = NULL;
	struct dfu_error err = { 0 };
	struct dfu_board board;
	struct dfu_io io;
	size_t len;
	char *text = read_file(cases[i].file, &len);
	int rc = dfu_replay(text, len, &io, &board, &err);

	free(text);
	if (rc < 0)
		fail_msg("%s: %s", cases[i].file, err.msg);
	close_replay = io.close;
	io.close = close_and_note;
	rc = dfu_open_io(&io, &board, &set, &dev, &err);
	if (rc == 0)
		rc = cases[i].call(dev, &err);
	dfu_close(dev);
	since = clock_ms() - since;
	if (rc != cases[i].rc)
		fail_msg("%s: %d, should be %d: %s", cases[i].file, rc, cases[i].rc,
			 err.msg);
	if (rc < 0 &&
	    (!strstr(err.msg, cases[i].words) || !strstr(err.hint, cases[i].hint)))
		fail_msg("%s: \"%s\", \"%s\"", cases[i].file, err.msg, err.hint);
	if (!used_up)
		fail_msg("%s: not all lines were used", cases[i].file);
	if (since < cases[i].least_ms || since > cases[i].most_ms)
		fail_msg("%s: took %u ms", cases[i].file, (unsigned)since);
}

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(cases); i++)
		one_case(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
