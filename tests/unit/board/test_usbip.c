#include "host.h"

#include <errno.h>

#include "usbip.h"
#include "wire.h"

#define DEVID (1u << 16 | 2)

struct line {
	struct host host;
	struct usbip_export export;
	struct usbip_conn *conn;
};

static void line_open(struct line *line)
{
	host_open(&line->host, NULL);
	assert_true(usbip_export_init(&line->export, &line->host.usb, "1-1"));
	line->conn = usbip_conn_new(&line->export);
}

static void line_close(struct line *line)
{
	usbip_conn_free(line->conn);
	board_free(line->host.board);
}

static bool feed(struct line *line, const void *bytes, size_t len)
{
	return usbip_conn_feed(line->conn, bytes, len, clock_now(&line->host.clock));
}

/* Lets time go on until nothing is under way; false when the connection is over. */
static bool settle(struct line *line)
{
	for (;;) {
		int64_t due_ns = usbip_conn_due_ns(line->conn);

		board_run(line->host.board);
		if (!usbip_conn_run(line->conn, clock_now(&line->host.clock)))
			return false;
		due_ns = usbip_conn_due_ns(line->conn);
		if (board_due_ns(line->host.board) < due_ns)
			due_ns = board_due_ns(line->host.board);
		if (due_ns == CLOCK_NEVER)
			return true;
		clock_sleep_ns(&line->host.clock, due_ns);
	}
}

static size_t output(const struct line *line, const uint8_t **out)
{
	size_t len;

	*out = usbip_conn_output(line->conn, &len);
	return len;
}

static void drop_output(struct line *line)
{
	const uint8_t *out;

	usbip_conn_sent(line->conn, output(line, &out));
}

static void put_submit(struct bytes *to, uint32_t seqnum, uint8_t type, uint8_t request,
		       uint16_t value, uint16_t len)
{
	bytes_put_u32(to, 1);
	bytes_put_u32(to, seqnum);
	bytes_put_u32(to, DEVID);
	bytes_put_u32(to, type >> 7);
	bytes_put_zeros(to, 8); /* endpoint, flags */
	bytes_put_u32(to, len);
	bytes_put_zeros(to, 12); /* start frame, packets, interval */
	bytes_put(to,
		  (uint8_t[]){ type, request, (uint8_t)value, (uint8_t)(value >> 8), 0, 0,
			       (uint8_t)len, (uint8_t)(len >> 8) },
		  8);
}

static void put_unlink(struct bytes *to, uint32_t seqnum, uint32_t wanted)
{
	bytes_put_u32(to, 2);
	bytes_put_u32(to, seqnum);
	bytes_put_u32(to, DEVID);
	bytes_put_zeros(to, 8);
	bytes_put_u32(to, wanted);
	bytes_put_zeros(to, 24);
}

static const uint8_t req_devlist[8] = { 0x01, 0x11, 0x80, 0x05 };
static const uint8_t req_import[40] = {
	0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0, '1', '-', '1'
};

static void import(struct line *line)
{
	const uint8_t *out;

	assert_true(feed(line, req_import, sizeof(req_import)));
	assert_int_equal(output(line, &out), 320);
	assert_int_equal(wire_u32(out + 4), 0);
	drop_output(line);
}

static void test_devlist(void **state)
{
	const uint8_t *out;
	struct line line;

	(void)state;
	line_open(&line);
	/* byte by byte, as the network may */
	for (size_t i = 0; i < sizeof(req_devlist); i++)
		assert_true(feed(&line, req_devlist + i, 1));
	assert_int_equal(output(&line, &out), 8 + 4 + 312 + 4);
	assert_memory_equal(out, "\x01\x11\x00\x05\0\0\0\0\0\0\0\x01", 12);
	assert_string_equal((const char *)out + 12 + 256, "1-1");
	assert_int_equal(wire_u32(out + 12 + 288), 1); /* busnum */
	assert_int_equal(wire_u32(out + 12 + 292), 2); /* devnum */
	assert_int_equal(wire_u32(out + 12 + 296), 2); /* full speed */
	assert_memory_equal(out + 12 + 300, "\x04\x83\xDF\x11\x22\x00\0\0\0\x01\x01\x01",
			    12);
	assert_memory_equal(out + 12 + 312, "\xFE\x01\x02\0", 4);
	drop_output(&line);
	board_power(line.host.board, false);
	assert_true(feed(&line, req_devlist, sizeof(req_devlist)));
	assert_int_equal(output(&line, &out), 12);
	assert_int_equal(wire_u32(out + 8), 0);
	line_close(&line);
}

static void test_one_importer(void **state)
{
	struct usbip_conn *second;
	struct line line;
	const uint8_t *out;
	size_t len;

	(void)state;
	line_open(&line);
	import(&line);
	second = usbip_conn_new(&line.export);
	assert_true(usbip_conn_feed(second, req_import, sizeof(req_import), 0));
	out = usbip_conn_output(second, &len);
	assert_int_equal(len, 8);
	assert_int_not_equal(wire_u32(out + 4), 0);
	usbip_conn_sent(second, len);
	usbip_conn_free(line.conn);
	line.conn = second;
	import(&line);
	line_close(&line);
}

/* A host that does not wait: the answers come in order, each in its time. */
static void test_pipeline(void **state)
{
	const uint8_t set[5] = { 0x41, 0x00, 0x40, 0x00, 0x08 };
	struct bytes in = { 0 };
	struct line line;
	const uint8_t *out;

	(void)state;
	line_open(&line);
	import(&line);
	put_submit(&in, 11, 0x21, DFU_CLRSTATUS, 0, 0);
	put_submit(&in, 12, 0x21, DFU_DNLOAD, 0, 5);
	bytes_put(&in, set, 5);
	put_submit(&in, 13, 0xA1, DFU_GETSTATUS, 0, 6);
	put_submit(&in, 14, 0xA1, DFU_GETSTATUS, 0, 6);
	put_submit(&in, 15, 0x21, DFU_DNLOAD, 2, 0);
	put_submit(&in, 16, 0x21, DFU_DNLOAD, 2, 0); /* refused */
	assert_true(feed(&line, in.at, in.len));
	assert_true(settle(&line));
	assert_int_equal(output(&line, &out), 6 * 48 + 2 * 6);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(wire_u32(out), 3);
		assert_int_equal(wire_u32(out + 4), 11 + i);
		assert_int_equal((int32_t)wire_u32(out + 20), i == 5 ? -EPIPE : 0);
		if (i == 2)
			assert_memory_equal(out + 48, "\0\x64\0\0\x04\0", 6);
		if (i == 3)
			assert_memory_equal(out + 48, "\0\0\0\0\x05\0", 6);
		if (i == 1)
			assert_int_equal(wire_u32(out + 24), 5);
		out += i == 2 || i == 3 ? 54 : 48;
	}
	assert_in_range(clock_now(&line.host.clock), 400000000, 401000000);
	bytes_free(&in);
	line_close(&line);
}

static void test_unlink(void **state)
{
	struct bytes in = { 0 };
	struct line line;
	const uint8_t *out;

	(void)state;
	line_open(&line);
	import(&line);
	faults_arm(board_faults(line.host.board),
		   &(struct fault){ .kind = FAULT_TIMEOUT, .at = 1 });
	put_submit(&in, 1, 0xA1, DFU_GETSTATUS, 0, 6);
	put_submit(&in, 2, 0xA1, DFU_GETSTATE, 0, 1);
	put_submit(&in, 3, 0xA1, DFU_GETSTATE, 0, 1);
	assert_true(feed(&line, in.at, in.len));
	assert_true(settle(&line));
	assert_int_equal(output(&line, &out), 0);
	in.len = 0;
	put_unlink(&in, 4, 2); /* waits behind the silent one */
	put_unlink(&in, 5, 1);
	assert_true(feed(&line, in.at, in.len));
	assert_true(settle(&line));
	assert_int_equal(output(&line, &out), 48 + 48 + 49);
	assert_int_equal(wire_u32(out), 4);
	assert_int_equal((int32_t)wire_u32(out + 20), -ECONNRESET);
	assert_int_equal((int32_t)wire_u32(out + 48 + 20), -ECONNRESET);
	assert_int_equal(wire_u32(out + 96 + 4), 3);
	drop_output(&line);
	in.len = 0;
	put_unlink(&in, 6, 3); /* too late */
	assert_true(feed(&line, in.at, in.len));
	assert_int_equal(output(&line, &out), 48);
	assert_int_equal(wire_u32(out + 20), 0);
	bytes_free(&in);
	line_close(&line);
}

static void test_leaves_the_bus(void **state)
{
	struct bytes in = { 0 };
	struct line line;

	(void)state;
	line_open(&line);
	import(&line);
	put_submit(&in, 1, 0xA1, DFU_GETSTATUS, 0, 6);
	faults_arm(board_faults(line.host.board),
		   &(struct fault){ .kind = FAULT_DISCONNECT, .at = 1 });
	assert_true(feed(&line, in.at, in.len));
	assert_false(settle(&line));
	bytes_free(&in);
	line_close(&line);
}

/* What no host sends: bytes, how far in, and that the connection ends. */
static const struct {
	bool imported;
	size_t at;
	const char *bytes;
	size_t len;
} hostile_table[] = {
	{ false, 0, "\x01\x06\x80\x05\0\0\0\0", 8 }, /* another version */
	{ false, 2, "\x80\x04", 2 },                 /* another request */
	{ true, 0, "\0\0\0\x05", 4 },                /* unknown command */
	{ true, 8, "\0\x02\0\x02", 4 },              /* another device */
	{ true, 12, "\0\0\0\x02", 4 },               /* neither in nor out */
	{ true, 16, "\0\0\0\x10", 4 },               /* endpoint 16 */
	{ true, 24, "\xFF\xFF\xFF\xFF", 4 },         /* length -1 */
	{ true, 24, "\0\x01\0\0", 4 },               /* length 65536 */
	{ true, 32, "\0\0\0\x08", 4 },               /* isochronous */
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile_table) / sizeof(hostile_table[0]); i++) {
		struct bytes in = { 0 };
		struct line line;

		line_open(&line);
		if (hostile_table[i].imported) {
			import(&line);
			put_submit(&in, 1, 0xA1, DFU_GETSTATUS, 0, 6);
		} else {
			bytes_put(&in, req_devlist, sizeof(req_devlist));
		}
		memcpy(in.at + hostile_table[i].at, hostile_table[i].bytes,
		       hostile_table[i].len);
		assert_false(feed(&line, in.at, in.len));
		bytes_free(&in);
		line_close(&line);
	}
}

/* An endpoint it does not have, and lengths that deny each other: as a STALL. */
static void test_mismatch(void **state)
{
	struct bytes in = { 0 };
	struct line line;
	const uint8_t *out;

	(void)state;
	line_open(&line);
	import(&line);
	put_submit(&in, 1, 0xA1, DFU_GETSTATUS, 0, 6);
	in.at[19] = 1;
	put_submit(&in, 2, 0x21, DFU_DNLOAD, 2, 4);
	in.at[48 + 46] = 8;
	bytes_put_zeros(&in, 4);
	put_submit(&in, 3, 0x21, DFU_GETSTATUS, 0, 6); /* out, says the direction */
	in.at[100 + 40] = 0xA1;
	bytes_put_zeros(&in, 6);
	assert_true(feed(&line, in.at, in.len));
	assert_true(settle(&line));
	assert_int_equal(output(&line, &out), 3 * 48);
	for (int i = 0; i < 3; i++)
		assert_int_equal((int32_t)wire_u32(out + 48 * i + 20), -EPIPE);
	bytes_free(&in);
	line_close(&line);
}

static void test_too_many(void **state)
{
	struct bytes in = { 0 };
	struct line line;
	bool open = true;
	int n = 0;

	(void)state;
	line_open(&line);
	import(&line);
	put_submit(&in, 1, 0xA1, DFU_UPLOAD, 2, 65535);
	for (; open && n < 2000; n++)
		open = feed(&line, in.at, in.len);
	assert_false(open);
	assert_in_range(n, 32, 1025);
	bytes_free(&in);
	line_close(&line);
}

static const struct {
	const char *busid;
	bool ok;
} busids_table[] = {
	{ "1-1", true },     { "3-2.4.1", true },
	{ "255-1", true },   { "0-1", false },
	{ "256-1", false },  { "1", false },
	{ "1-", false },     { "1-.1", false },
	{ "1-1.", false },   { "-1-1", false },
	{ "1-1..2", false }, { "a-1", false },
	{ "", false },       { "1-1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", false },
};

static void test_busids(void **state)
{
	struct usbip_export export;
	struct usb_device device = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(busids_table) / sizeof(busids_table[0]); i++)
		assert_int_equal(
			usbip_export_init(&export, &device, busids_table[i].busid),
			busids_table[i].ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devlist),
		cmocka_unit_test(test_one_importer),
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_unlink),
		cmocka_unit_test(test_leaves_the_bus),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_mismatch),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_busids),
	};

	return cmocka_run_group_tests_name("usbip", tests, NULL, NULL);
}
