#include "host.h"

static const uint8_t vectors[8] = { 0x00, 0x00, 0x02, 0x20, 0x09, 0x40, 0x00, 0x08 };

static enum board_mode mode(const struct host *host)
{
	struct board_view view;

	board_look(host->board, &view);
	return view.mode;
}

static int leave(struct host *host, uint32_t address)
{
	host_idle(host);
	host_addressed(host, 0x21, address);
	host_download(host, 0, NULL, 0);
	return host_status(host, NULL, NULL);
}

static void test_leave(void **state)
{
	struct board_view view;
	struct host host;

	(void)state;
	host_open(&host, NULL);
	assert_int_equal(host_write(&host, 0x08004000, vectors, 8), 0);
	assert_int_equal(leave(&host, 0x08004000), DFU_MANIFEST);
	board_look(host.board, &view);
	assert_int_equal(view.mode, BOARD_RUNNING);
	assert_true(view.jumped);
	assert_int_equal(view.jumped_to, 0x08004000);
	assert_int_equal(host_status(&host, NULL, NULL), USB_GONE);
	board_reset(host.board); /* BOOT0 is still high */
	assert_int_equal(mode(&host), BOARD_ROM);
	board_free(host.board);
}

/* What is not a vector table is not jumped to: the board resets, by its jumper. */
static const struct {
	const char *bytes;
} no_code_table[] = {
	{ "\x00\x00\x02\x30\x09\x40\x00\x08" }, /* no stack there */
	{ "\x00\x00\x02\x20\x08\x40\x00\x08" }, /* not Thumb */
	{ "\x00\x00\x02\x20\x09\x40\x00\x20" }, /* not flash */
	{ "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" },
};

static void test_leave_without_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(no_code_table) / sizeof(no_code_table[0]); i++) {
		struct host host;
		unsigned plugged;

		host_open(&host, NULL);
		host_write(&host, 0x08004000, no_code_table[i].bytes, 8);
		plugged = host.usb.ops->plugged(host.usb.ctx);
		leave(&host, 0x08004000);
		assert_int_equal(mode(&host), BOARD_ROM);
		assert_int_not_equal(host.usb.ops->plugged(host.usb.ctx), plugged);
		board_free(host.board);
	}
}

/* ldr r0, [pc, #4]; ldr r0, [r0]; bx r0; nop; .word 0x1FFF0004: into the ROM */
static const uint8_t to_rom[] = { 0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00,
				  0x08, 0x01, 0x48, 0x00, 0x68, 0x00, 0x47,
				  0x00, 0xBF, 0x04, 0x00, 0xFF, 0x1F };

static void test_firmware_enters_rom(void **state)
{
	struct host host;
	unsigned plugged;

	(void)state;
	host_open(&host, NULL);
	assert_int_equal(host_write(&host, 0x08000000, to_rom, sizeof(to_rom)), 0);
	plugged = host.usb.ops->plugged(host.usb.ctx);
	board_boot0(host.board, false);
	board_reset(host.board);
	assert_int_equal(mode(&host), BOARD_RUNNING);
	assert_int_equal(host.usb.ops->plugged(host.usb.ctx), 0);
	host_settle(&host);
	assert_int_equal(mode(&host), BOARD_ROM);
	assert_int_not_equal(host.usb.ops->plugged(host.usb.ctx), plugged);
	/* and left again, it comes back */
	leave(&host, 0x08000000);
	assert_int_equal(mode(&host), BOARD_RUNNING);
	host_settle(&host);
	assert_int_equal(mode(&host), BOARD_ROM);
	board_free(host.board);
}

static void test_boot0(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, NULL);
	board_boot0(host.board, false);
	assert_int_equal(mode(&host), BOARD_ROM); /* a pin is read at reset only */
	board_reset(host.board);
	assert_int_equal(mode(&host), BOARD_RUNNING);
	board_power(host.board, false);
	assert_int_equal(mode(&host), BOARD_OFF);
	board_boot0(host.board, true);
	board_power(host.board, true);
	assert_int_equal(mode(&host), BOARD_ROM);
	board_free(host.board);
}

static void set_rdp(struct host *host, uint8_t rdp)
{
	uint8_t options[16];

	assert_int_equal(host_read(host, 0x1FFFC000, options, 16), 16);
	options[1] = rdp;
	/* no second GETSTATUS: the chip has reset itself */
	host_idle(host);
	host_addressed(host, 0x21, 0x1FFFC000);
	host_download(host, 2, options, 16);
	assert_int_equal(host_status(host, NULL, NULL), DFU_DNBUSY);
	host_settle(host);
}

static void test_read_protection(void **state)
{
	const uint8_t unprotect[1] = { 0x92 };
	struct board_view view;
	struct host host;
	uint8_t got[16];
	int status;

	(void)state;
	host_open(&host, NULL);
	host_write(&host, 0x08004000, vectors, 8);
	set_rdp(&host, 0x00);
	board_look(host.board, &view);
	assert_int_equal(view.rdp, 1);
	assert_int_equal(view.rom.status, DFU_ERR_FIRMWARE); /* as after any reset */
	assert_int_equal(host_erase(&host, 0x08004000), DFU_ERR_VENDOR);
	assert_int_equal(host_write(&host, 0x08004000, vectors, 8), DFU_ERR_VENDOR);
	assert_int_equal(host_read(&host, 0x08004000, got, 8), USB_STALL);
	assert_int_equal(host_status(&host, &status, NULL), DFU_ERROR);
	assert_int_equal(status, DFU_ERR_VENDOR);
	assert_int_equal(host_read(&host, 0x1FFFC000, got, 16), USB_STALL);

	host_idle(&host);
	host_download(&host, 0, unprotect, 1);
	assert_int_equal(host_status(&host, NULL, NULL), DFU_DNBUSY);
	host_settle(&host);
	board_look(host.board, &view);
	assert_int_equal(view.rdp, 0);
	assert_int_equal(host_read(&host, 0x08004000, got, 4), 4);
	assert_memory_equal(got, "\xFF\xFF\xFF\xFF", 4);
	board_free(host.board);
}

static void test_level_2(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, NULL);
	set_rdp(&host, 0xCC);
	assert_int_equal(mode(&host), BOARD_RUNNING); /* although BOOT0 is high */
	board_free(host.board);
}

/* The data sheet's sums: 4 sectors and 334,792 bytes are 4.59 s at words and 11.8 s at
 * bytes. */
static const struct {
	uint8_t feature;
	uint64_t erase_ms, program_us;
} times_table[] = {
	{ 0x00, 6400, 334792u * 16 },
	{ 0x02, 4200, 334792u / 2 * 16 },
	{ 0x03, 3250, 334792u / 4 * 16 },
};

static void write_image(struct host *host, uint32_t address, uint32_t len)
{
	const uint8_t block[2048] = { 0 };

	host_idle(host);
	host_addressed(host, 0x21, address);
	for (uint16_t i = 2; len > 0; i++) {
		uint16_t part = len < 2048 ? (uint16_t)len : 2048;

		assert_int_equal(host_command(host, i, block, part), 0);
		len -= part;
	}
}

static void test_times(void **state)
{
	static const uint32_t sectors[] = { 0x08000000, 0x08020000, 0x08040000,
					    0x08060000 };

	(void)state;
	for (size_t i = 0; i < sizeof(times_table) / sizeof(times_table[0]); i++) {
		struct board_view view;
		struct host host;

		host_open(&host, NULL);
		host_write(&host, 0xFFFF0000, &times_table[i].feature, 1);
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(host_erase(&host, sectors[k]), 0);
		write_image(&host, 0x08000000, 16000);
		write_image(&host, 0x08020000, 334792 - 16000);
		board_look(host.board, &view);
		assert_int_equal(view.counters.erases, 4);
		assert_int_equal(view.counters.erase_ns,
				 times_table[i].erase_ms * 1000000);
		assert_int_equal(view.counters.program_ns,
				 times_table[i].program_us * 1000);
		assert_int_equal(view.counters.programmed_bytes, 334792);
		assert_int_equal(view.total_ns, view.counters.erase_ns +
							view.counters.program_ns +
							view.counters.bus_ns);
		/* nothing ran side by side, nothing was left out */
		assert_int_equal(view.total_ns, (uint64_t)clock_now(&host.clock));
		board_free(host.board);
	}
}

static void test_bus_time(void **state)
{
	struct usb_setup block = { 0x21, DFU_DNLOAD, 2, 0, 2048 };
	struct usb_setup status = { 0xA1, DFU_GETSTATUS, 0, 0, 6 };
	int64_t ns = usb_bus_ns(&block, 0) + 2 * usb_bus_ns(&status, 6);

	(void)state;
	assert_in_range(ns, 1650000, 1750000);
}

static void check_sector(struct host *host, uint32_t address, uint32_t len, uint8_t byte)
{
	uint8_t got[2048];

	for (uint32_t at = 0; at < len; at += 2048) {
		assert_int_equal(host_read(host, address + at, got, 2048), 2048);
		for (int i = 0; i < 2048; i++)
			assert_int_equal(got[i], byte);
	}
}

/* Power fails halfway through an erase: that sector is part blank, part old. */
static void check_half(struct host *host)
{
	uint8_t got[2048];
	int odd = 0;

	check_sector(host, 0x08004000, 0x1800, 0xFF);
	for (uint32_t at = 0x1800; at < 0x2000; at += 2048) {
		assert_int_equal(host_read(host, 0x08004000 + at, got, 2048), 2048);
		for (int i = 0; i < 2048; i++)
			odd += got[i] != 0xFF && got[i] != 0;
	}
	assert_true(odd > 1000); /* garbage */
	check_sector(host, 0x08006000, 0x2000, 0x00);
	check_sector(host, 0x08008000, 0x4000, 0x00);
	check_sector(host, 0x08000000, 0x4000, 0xFF);
}

/* The same cut: as an erase that is hit, and as a transfer that would find it running. */
static const struct fault cuts_table[] = {
	{ .kind = FAULT_POWER, .erase = 1, .fraction = 0.5 },
	/* GETSTATUS, ABORT, GETSTATUS, DNLOAD, GETSTATUS; the sixth is the second
	   GETSTATUS */
	{ .kind = FAULT_POWER, .at = 6, .fraction = 0.5 },
};

static void test_half_erased(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cuts_table) / sizeof(cuts_table[0]); i++) {
		struct board_view view;
		struct host host;
		unsigned plugged;

		host_open(&host, NULL);
		write_image(&host, 0x08004000, 0x8000);
		plugged = host.usb.ops->plugged(host.usb.ctx);
		faults_arm(board_faults(host.board), &cuts_table[i]);
		host_erase(&host, 0x08004000);
		assert_int_not_equal(host.usb.ops->plugged(host.usb.ctx), plugged);
		board_look(host.board, &view);
		assert_int_equal(view.counters.erase_ns, 200000000);
		assert_int_equal(board_faults(host.board)->count, 0);
		check_half(&host);
		board_free(host.board);
	}
}

static void test_faults(void **state)
{
	struct faults *faults;
	struct host host;
	uint8_t got[8];

	(void)state;
	host_open(&host, NULL);
	faults = board_faults(host.board);
	host_idle(&host);
	faults_arm(faults, &(struct fault){ .kind = FAULT_STALL, .at = 2 });
	faults_arm(faults, &(struct fault){ .kind = FAULT_TIMEOUT, .at = 3 });
	assert_int_equal(host_status(&host, NULL, NULL), DFU_IDLE);
	assert_int_equal(host_status(&host, NULL, NULL), USB_STALL);
	assert_int_equal(host_status(&host, NULL, NULL), USB_SILENT);
	assert_int_equal(host_status(&host, NULL, NULL), DFU_IDLE);
	assert_int_equal(faults->count, 0);

	faults_arm(faults, &(struct fault){ .kind = FAULT_FLIP,
					    .address = 0x08000005,
					    .bit = 3,
					    .times = 2 });
	for (int i = 0; i < 3; i++) {
		assert_int_equal(host_read(&host, 0x08000000, got, 8), 8);
		assert_int_equal(got[5], i < 2 ? 0xF7 : 0xFF);
	}
	faults_arm(faults,
		   &(struct fault){ .kind = FAULT_DISCONNECT, .at = 1, .stay = true });
	assert_int_equal(host_status(&host, NULL, NULL), USB_GONE);
	assert_int_equal(mode(&host), BOARD_OFF);
	board_power(host.board, true);
	assert_int_equal(mode(&host), BOARD_ROM);
	board_free(host.board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_without_code),
		cmocka_unit_test(test_firmware_enters_rom),
		cmocka_unit_test(test_boot0),
		cmocka_unit_test(test_read_protection),
		cmocka_unit_test(test_level_2),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bus_time),
		cmocka_unit_test(test_half_erased),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests_name("board", tests, NULL, NULL);
}
