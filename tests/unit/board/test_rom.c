#include "host.h"

static void request(struct rom *rom, uint8_t code, uint16_t value, uint16_t len,
		    uint8_t *data)
{
	struct usb_setup setup = { code == DFU_UPLOAD || code == DFU_GETSTATUS ||
						   code == DFU_GETSTATE
					   ? 0xA1
					   : 0x21,
				   code, value, 0, len };

	rom_request(rom, &setup, data);
}

/* Brings a fresh ROM into `wanted` the way a host would. */
static void bring(struct rom *rom, enum rom_state wanted)
{
	uint8_t data[16] = { 0x21, 0x00, 0x00, 0x00, 0x08 };
	struct flash_op op;

	rom_reset(rom);
	if (wanted == DFU_ERROR)
		return;
	request(rom, DFU_CLRSTATUS, 0, 0, data);
	if (wanted == DFU_UPLOAD_IDLE)
		request(rom, DFU_UPLOAD, 2, 16, data);
	if (wanted == DFU_MANIFEST_SYNC || wanted == DFU_MANIFEST)
		request(rom, DFU_DNLOAD, 0, 0, data);
	if (wanted == DFU_DNLOAD_SYNC || wanted == DFU_DNBUSY ||
	    wanted == DFU_DNLOAD_IDLE)
		request(rom, DFU_DNLOAD, 0, 5, data);
	if (wanted == DFU_DNBUSY || wanted == DFU_DNLOAD_IDLE || wanted == DFU_MANIFEST)
		request(rom, DFU_GETSTATUS, 0, 6, data);
	if (wanted == DFU_DNLOAD_IDLE) {
		rom_sent(rom, &op);
		request(rom, DFU_GETSTATUS, 0, 6, data);
	}
	assert_int_equal(rom_look(rom).state, wanted);
}

/*
 * Each state and each request: the state after it, with STALL added when the request is
 * refused. GETSTATUS is at its answer, before rom_sent().
 */
#define STALL    100
#define S(state) (STALL + (state))

static const struct {
	enum rom_state from;
	int detach, dnload, leave, upload, getstatus, clrstatus, getstate, abort;
} states_table[] = {
	/* clang-format off */
	/*                   DETACH DNLOAD DNLOAD0 UPLOAD GETSTATUS CLR GETSTATE ABORT */
	{ DFU_IDLE,          2,     3,     6,      9,     2,        10, 2,       2 },
	{ DFU_DNLOAD_SYNC,   3,     S(3),  S(3),   S(3),  4,        10, 3,       2 },
	{ DFU_DNBUSY,        4,     S(4),  S(4),   S(4),  4,        10, 4,       4 },
	{ DFU_DNLOAD_IDLE,   5,     3,     6,      S(5),  5,        10, 5,       2 },
	{ DFU_MANIFEST_SYNC, 6,     S(6),  S(6),   S(6),  7,        10, 6,       2 },
	{ DFU_MANIFEST,      7,     S(7),  S(7),   S(7),  7,        10, 7,       7 },
	{ DFU_UPLOAD_IDLE,   9,     S(9),  S(9),   9,     9,        10, 9,       2 },
	{ DFU_ERROR,         10,    S(10), S(10),  S(10), 10,       2,  10,      10 },
	/* clang-format on */
};

static void check_state(struct rom *rom, enum rom_state from, uint8_t type, uint8_t code,
			uint16_t len, int expected)
{
	struct usb_setup setup = { type, code, 2, 0, len };
	uint8_t data[16] = { 0 };
	int n, got;

	bring(rom, from);
	n = rom_request(rom, &setup, data);
	got = rom_look(rom).state;
	if (n == USB_STALL)
		got += STALL;
	if (got != expected)
		print_error("state %d, request %d: %d, expected %d\n", from, code, got,
			    expected);
	assert_int_equal(got, expected);
}

static void test_states(void **state)
{
	struct flash *flash = flash_open(NULL);
	struct rom *rom = rom_new(flash, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(states_table) / sizeof(states_table[0]); i++) {
		enum rom_state from = states_table[i].from;

		check_state(rom, from, 0x21, DFU_DETACH, 0, states_table[i].detach);
		check_state(rom, from, 0x21, DFU_DNLOAD, 16, states_table[i].dnload);
		check_state(rom, from, 0x21, DFU_DNLOAD, 0, states_table[i].leave);
		check_state(rom, from, 0xA1, DFU_UPLOAD, 16, states_table[i].upload);
		check_state(rom, from, 0xA1, DFU_GETSTATUS, 6, states_table[i].getstatus);
		check_state(rom, from, 0x21, DFU_CLRSTATUS, 0, states_table[i].clrstatus);
		check_state(rom, from, 0xA1, DFU_GETSTATE, 1, states_table[i].getstate);
		check_state(rom, from, 0x21, DFU_ABORT, 0, states_table[i].abort);
		/* the direction is part of the request, and there are no others */
		check_state(rom, from, 0xA1, DFU_DNLOAD, 16, STALL + (int)from);
		check_state(rom, from, 0x21, 7, 0, STALL + (int)from);
	}
	rom_free(rom);
	flash_close(flash);
}

static void test_first_contact(void **state)
{
	static const uint8_t expected[6] = { 0x0A, 0, 0, 0, 0x0A, 0 };
	struct host host;
	uint8_t got[6], none;
	int status;

	(void)state;
	host_open(&host, NULL);
	assert_int_equal(host_control(&host, 0xA1, DFU_GETSTATUS, 0, 6, got), 6);
	assert_memory_equal(got, expected, 6);
	host_control(&host, 0x21, DFU_CLRSTATUS, 0, 0, &none);
	assert_int_equal(host_status(&host, &status, NULL), DFU_IDLE);
	assert_int_equal(status, DFU_OK);
	host_control(&host, 0x21, DFU_CLRSTATUS, 0, 0, &none);
	assert_int_equal(host_status(&host, &status, NULL), DFU_ERROR);
	assert_int_equal(status, DFU_ERR_UNKNOWN);
	board_free(host.board);
}

static void test_get_commands(void **state)
{
	static const uint8_t expected[4] = { 0x00, 0x21, 0x41, 0x92 };
	struct host host;
	uint8_t got[2048];

	(void)state;
	host_open(&host, NULL);
	host_idle(&host);
	assert_int_equal(host_upload(&host, 0, got, 2048), 4);
	assert_memory_equal(got, expected, 4);
	board_free(host.board);
}

/* AN3156: the operation runs when the first GETSTATUS is over, and not before. */
static void test_runs_at_getstatus(void **state)
{
	const uint8_t set[5] = { 0x21, 0x00, 0x40, 0x00, 0x08 };
	const uint8_t words[4] = { 1, 2, 3, 4 };
	struct board_view view;
	struct host host;
	int poll_ms;

	(void)state;
	host_open(&host, NULL);
	host_idle(&host);
	host_download(&host, 0, set, sizeof(set));
	board_look(host.board, &view);
	assert_int_equal(view.rom.pointer, 0x08000000);
	assert_int_equal(host_status(&host, NULL, &poll_ms), DFU_DNBUSY);
	assert_int_equal(poll_ms, 104);
	board_look(host.board, &view);
	assert_int_equal(view.rom.pointer, 0x08004000);
	assert_int_equal(host_status(&host, NULL, &poll_ms), DFU_DNLOAD_IDLE);
	assert_int_equal(poll_ms, 0);

	host_download(&host, 2, words, sizeof(words));
	host_status(&host, NULL, &poll_ms);
	assert_int_equal(poll_ms, 104);
	/* four bytes at a time each, begun when GETSTATUS was over */
	assert_int_equal(board_due_ns(host.board) - clock_now(&host.clock), 4 * 16000);
	board_look(host.board, &view);
	assert_int_equal(view.counters.programmed_bytes, 0);
	host_status(&host, NULL, NULL);
	board_look(host.board, &view);
	assert_int_equal(view.counters.programmed_bytes, 4);
	board_free(host.board);
}

static void test_poll_times(void **state)
{
	const uint8_t erase[5] = { 0x41, 0x00, 0x40, 0x00, 0x08 };
	struct host host;
	int poll_ms;

	(void)state;
	host_open(&host, NULL);
	host_idle(&host);
	host_download(&host, 0, erase, 5);
	host_status(&host, NULL, &poll_ms);
	assert_int_equal(poll_ms, 100);
	host_status(&host, NULL, NULL);
	host_download(&host, 0, erase, 1);
	host_status(&host, NULL, &poll_ms);
	assert_int_equal(poll_ms, 100);
	board_free(host.board);
}

/* What ends in dfuERROR, and with which code. */
static const struct {
	uint16_t block, len;
	uint8_t data[16];
	int status;
} errors_table[] = {
	{ 0, 5, { 0x21, 0x00, 0x00, 0x00, 0x20 }, DFU_ERR_TARGET }, /* RAM */
	{ 0, 5, { 0x21, 0x00, 0x00, 0x10, 0x08 }, DFU_ERR_TARGET }, /* behind the flash */
	{ 0, 5, { 0x21, 0x10, 0x7A, 0xFF, 0x1F }, DFU_ERR_TARGET }, /* the chip's id */
	{ 0, 5, { 0x21, 0x0F, 0x7A, 0xFF, 0x1F }, DFU_OK }, /* the last lock byte */
	{ 0, 5, { 0x21, 0x00, 0x00, 0xFF, 0xFF }, DFU_OK },
	{ 0, 5, { 0x41, 0x00, 0xC0, 0xFF, 0x1F }, DFU_ERR_TARGET }, /* option bytes */
	{ 0, 5, { 0x41, 0x00, 0x78, 0xFF, 0x1F }, DFU_ERR_TARGET }, /* OTP */
	{ 0, 5, { 0x41, 0x01, 0x40, 0x00, 0x08 }, DFU_OK },         /* inside a sector */
	{ 0, 4, { 0x21, 0x00, 0x00, 0x00 }, DFU_ERR_STALLEDPKT },
	{ 0, 1, { 0x93 }, DFU_ERR_STALLEDPKT },
	{ 1, 4, { 0 }, DFU_ERR_STALLEDPKT },
	{ 2, 3, { 0 }, DFU_ERR_TARGET },     /* not whole words */
	{ 0x202, 4, { 0 }, DFU_ERR_TARGET }, /* 1 MiB on */
	{ 0x201, 4, { 0 }, DFU_OK },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors_table) / sizeof(errors_table[0]); i++) {
		struct host host;
		int status;

		host_open(&host, NULL);
		host_idle(&host);
		status = host_command(&host, errors_table[i].block, errors_table[i].data,
				      errors_table[i].len);
		if (status != errors_table[i].status)
			print_error("row %zu\n", i);
		assert_int_equal(status, errors_table[i].status);
		assert_int_equal(host_status(&host, NULL, NULL),
				 status ? DFU_ERROR : DFU_DNLOAD_IDLE);
		board_free(host.board);
	}
}

static void test_read_errors(void **state)
{
	struct host host;
	uint8_t got[4096];
	int status;

	(void)state;
	host_open(&host, NULL);
	/* no part of a read may lie outside */
	assert_int_equal(host_read(&host, 0x080FFFFC, got, 8), USB_STALL);
	assert_int_equal(host_status(&host, &status, NULL), DFU_ERROR);
	assert_int_equal(status, DFU_ERR_TARGET);
	assert_int_equal(host_read(&host, 0x080FFFFC, got, 4), 4);
	assert_int_equal(host_read(&host, 0x1FFF7800, got, 528), 528);
	assert_int_equal(host_read(&host, 0x1FFFC000, got, 16), 16);
	assert_int_equal(host_read(&host, 0x1FFFC000, got, 8), USB_STALL);
	assert_int_equal(host_read(&host, 0x1FFFC004, got, 4), USB_STALL);
	/* more than wTransferSize */
	host_idle(&host);
	assert_int_equal(host_upload(&host, 2, got, 2049), USB_STALL);
	assert_int_equal(host_status(&host, NULL, NULL), DFU_IDLE);
	assert_int_equal(host_download(&host, 2, got, 2049), USB_STALL);
	board_free(host.board);
}

/* The factor of wBlockNum is 2048, whatever the length of the block. */
static void test_block_number(void **state)
{
	const uint8_t word[4] = { 0xDE, 0xAD, 0xBE, 0xEF };
	struct host host;
	uint8_t got[4];

	(void)state;
	host_open(&host, NULL);
	host_idle(&host);
	assert_int_equal(host_addressed(&host, 0x21, 0x08004000), 0);
	assert_int_equal(host_command(&host, 5, word, 4), 0);
	assert_int_equal(host_read(&host, 0x08004000 + 3 * 2048, got, 4), 4);
	assert_memory_equal(got, word, 4);
	board_free(host.board);
}

static const struct {
	uint8_t bytes[4];
	uint16_t len;
	int status;
	int unit_bytes;
} features_table[] = {
	{ { 0x00, 0xFF, 0xFF, 0xFF }, 4, DFU_OK, 1 },
	{ { 0x01, 0xFF, 0xFF, 0xFF }, 4, DFU_OK, 2 },
	{ { 0x02, 0xFF, 0xFF, 0xFF }, 4, DFU_OK, 2 },
	{ { 0x03, 0xFF, 0xFF, 0xFF }, 4, DFU_OK, 4 },
	{ { 0x03 }, 1, DFU_OK, 4 },
	{ { 0x04, 0xFF, 0xFF, 0xFF }, 4, DFU_ERR_TARGET, 1 },
	{ { 0x03, 0xFF, 0x00, 0xFF }, 4, DFU_ERR_TARGET, 1 },
};

static void test_device_feature(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(features_table) / sizeof(features_table[0]); i++) {
		const uint8_t block[64] = { 0 };
		struct board_view view;
		struct host host;
		uint8_t got[4];

		host_open(&host, NULL);
		assert_int_equal(host_write(&host, 0xFFFF0000, features_table[i].bytes,
					    features_table[i].len),
				 features_table[i].status);
		assert_int_equal(host_write(&host, 0x08004000, block, sizeof(block)), 0);
		board_look(host.board, &view);
		assert_int_equal(view.counters.program_ns,
				 64 / features_table[i].unit_bytes * 16000);
		/* a reset brings back bytes */
		board_reset(host.board);
		assert_int_equal(host_read(&host, 0xFFFF0000, got, 4), 4);
		assert_memory_equal(got, "\x00\xFF\xFF\xFF", 4);
		board_free(host.board);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_first_contact),
		cmocka_unit_test(test_get_commands),
		cmocka_unit_test(test_runs_at_getstatus),
		cmocka_unit_test(test_poll_times),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_block_number),
		cmocka_unit_test(test_device_feature),
	};

	return cmocka_run_group_tests_name("rom", tests, NULL, NULL);
}
