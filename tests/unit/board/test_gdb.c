/* GDB's packets (GDB manual, appendix E) against a target of a few bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gdb.h"

#define RAM 0x20000000u

static struct fake {
	uint64_t regs[GDB_REGS];
	uint8_t ram[64];
	enum gdb_stop state;
	unsigned steps, resets, erased, programmed;
	uint32_t breaks[4];
	uint32_t watch, watch_len; /* one */
	unsigned watch_kinds;
	uint32_t hit; /* 0: it has stopped for another reason */
} fake;

static struct gdb *gdb;

static uint64_t get(void *ctx, enum gdb_reg reg)
{
	(void)ctx;
	return fake.regs[reg];
}

static void set(void *ctx, enum gdb_reg reg, uint64_t value)
{
	(void)ctx;
	fake.regs[reg] = value;
}

static bool within(uint32_t address, size_t len)
{
	return address >= RAM && address - RAM <= sizeof(fake.ram) &&
	       len <= sizeof(fake.ram) - (address - RAM);
}

static bool peek(void *ctx, uint32_t address, uint8_t *bytes, size_t len)
{
	(void)ctx;
	if (!within(address, len))
		return false;
	memcpy(bytes, fake.ram + (address - RAM), len);
	return true;
}

static bool poke(void *ctx, uint32_t address, const uint8_t *bytes, size_t len)
{
	(void)ctx;
	if (!within(address, len))
		return false;
	memcpy(fake.ram + (address - RAM), bytes, len);
	return true;
}

static bool flash(void *ctx, uint32_t address, const uint8_t *bytes, size_t len)
{
	(void)ctx;
	(void)address;
	*(bytes ? &fake.programmed : &fake.erased) += (unsigned)len;
	return true;
}

static void halt(void *ctx)
{
	(void)ctx;
	fake.state = GDB_STOPPED;
}

static void resume(void *ctx)
{
	(void)ctx;
	fake.state = GDB_RUNS;
}

static void step(void *ctx)
{
	(void)ctx;
	fake.steps++;
}

static void reset(void *ctx)
{
	(void)ctx;
	fake.resets++;
}

static bool set_break(void *ctx, uint32_t address, bool on)
{
	(void)ctx;
	for (size_t i = 0; i < 4; i++)
		if (fake.breaks[i] == (on ? 0 : address)) {
			fake.breaks[i] = on ? address : 0;
			return true;
		}
	return false;
}

static bool set_watch(void *ctx, uint32_t address, uint32_t len, unsigned kinds, bool on)
{
	(void)ctx;
	if (on ? fake.watch_kinds != 0
	       : fake.watch != address || fake.watch_len != len ||
			    fake.watch_kinds != kinds)
		return false;
	fake.watch = address;
	fake.watch_len = len;
	fake.watch_kinds = on ? kinds : 0;
	return true;
}

static bool watched(void *ctx, uint32_t *address, unsigned *kinds)
{
	(void)ctx;
	*address = fake.hit;
	*kinds = fake.watch_kinds;
	return fake.hit != 0;
}

static enum gdb_stop state(void *ctx)
{
	(void)ctx;
	return fake.state;
}

static int set_up(void **unused)
{
	static const struct gdb_target target = {
		NULL,   get,  set,   peek,      poke,      flash,   halt,
		resume, step, reset, set_break, set_watch, watched, state,
	};

	(void)unused;
	memset(&fake, 0, sizeof(fake));
	gdb = gdb_new(&target);
	assert_non_null(gdb);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	gdb_free(gdb);
	return 0;
}

static void take(char *text, size_t bytes)
{
	size_t len;
	const uint8_t *out = gdb_output(gdb, &len);

	assert_true(len < bytes);
	memcpy(text, out, len);
	text[len] = 0;
	gdb_sent(gdb, len);
}

static bool send_bytes(const char *body, size_t body_len)
{
	char packet[300];
	unsigned sum = 0;
	int len;

	for (size_t i = 0; i < body_len; i++)
		sum += (uint8_t)body[i];
	packet[0] = '$';
	memcpy(packet + 1, body, body_len);
	len = snprintf(packet + 1 + body_len, 4, "#%02x", sum & 0xFF);
	return gdb_feed(gdb, (const uint8_t *)packet, body_len + 1 + (size_t)len);
}

static bool send_packet(const char *body)
{
	return send_bytes(body, strlen(body));
}

static void expect(const char *body, const char *answer)
{
	char out[9000], packed[2100];
	unsigned sum = 0;

	for (const char *c = answer; *c; c++)
		sum += (uint8_t)*c;
	snprintf(packed, sizeof(packed), "+$%s#%02x", answer, sum & 0xFF);
	send_packet(body);
	take(out, sizeof(out));
	assert_string_equal(out, packed);
}

static void registers(void **unused)
{
	char out[9000];

	(void)unused;
	expect("p0", "00000000");
	expect("P0=78563412", "OK");
	assert_int_equal(fake.regs[0], 0x12345678);
	expect("Pf=00000108", "OK");
	assert_int_equal(fake.regs[GDB_PC], 0x08010000);
	expect("P11=000000000000f03f", "OK"); /* d0 = 1.0 */
	expect("p11", "000000000000f03f");
	expect("p63", "E01");
	expect("P0=12", "E01");
	send_packet("g");
	take(out, sizeof(out));
	assert_int_equal(strlen(out), 1 + 1 + 24 * 8 + 16 * 16 + 3);
	assert_memory_equal(out, "+$78563412", 10);
	expect("G0100000002000000", "OK");
	assert_int_equal(fake.regs[1], 2);
}

static void memory(void **unused)
{
	(void)unused;
	expect("M20000004,3:a1b2c3", "OK");
	expect("m20000003,5", "00a1b2c300");
	expect("m0,4", "E01");
	expect("m2000003f,2", "E01");
	expect("M20000000,2:a", "E01");
	expect("mfffffffff,4", "E01"); /* more than 32 bits */
	expect("m", "E01");
	send_bytes("X20000000,3:a}\x03"
		   "b",
		   16); /* '#' escaped */
	{
		char out[100];

		take(out, sizeof(out));
		assert_string_equal(out, "+$OK#9a");
	}
	assert_memory_equal(fake.ram, "a#b", 3);
	expect("X20000000,4:abc", "E01");
}

static void running(void **unused)
{
	char out[100];

	(void)unused;
	expect("?", "T05thread:1;");
	expect("s", "T05thread:1;");
	assert_int_equal(fake.steps, 1);
	send_packet("c");
	take(out, sizeof(out));
	assert_string_equal(out, "+");
	assert_int_equal(fake.state, GDB_RUNS);
	gdb_poll(gdb);
	take(out, sizeof(out));
	assert_string_equal(out, "");
	fake.state = GDB_STOPPED; /* at a breakpoint */
	gdb_poll(gdb);
	take(out, sizeof(out));
	assert_string_equal(out, "$T05thread:1;#d7");
	send_packet("vCont;c");
	take(out, sizeof(out));
	gdb_feed(gdb, (const uint8_t *)"\x03", 1);
	take(out, sizeof(out));
	assert_string_equal(out, "$T02thread:1;#d4");
	fake.state = GDB_LOCKED;
	expect("?", "T0bthread:1;");
}

static void points(void **unused)
{
	(void)unused;
	expect("Z0,8000101,2", "OK");
	expect("Z0,8000101,2", "OK"); /* twice is once */
	assert_int_equal(fake.breaks[0], 0x08000100);
	assert_int_equal(fake.breaks[1], 0);
	expect("Z1,8000200,2", "OK");
	expect("Z1,8000300,2", "OK");
	expect("Z1,8000400,2", "OK");
	expect("Z1,8000500,2", "E01");
	expect("z0,8000101,2", "OK");
	expect("z0,8000101,2", "E01");
	assert_int_equal(fake.breaks[0], 0);
	expect("Z0,x", "E01");
	expect("Z5,20000000,4", "E01");
}

static void watches(void **unused)
{
	static const struct {
		const char *set, *clear, *stop;
		unsigned kinds;
	} rows[] = {
		{ "Z2,20000004,4", "z2,20000004,4", "T05thread:1;watch:20000006;",
		  GDB_WRITES },
		{ "Z3,20000004,4", "z3,20000004,4", "T05thread:1;rwatch:20000006;",
		  GDB_READS },
		{ "Z4,20000004,4", "z4,20000004,4", "T05thread:1;awatch:20000006;",
		  GDB_READS | GDB_WRITES },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(rows[i].set, "OK");
		expect(rows[i].set, "OK");
		assert_int_equal(fake.watch, 0x20000004);
		assert_int_equal(fake.watch_len, 4);
		assert_int_equal(fake.watch_kinds, rows[i].kinds);
		expect("Z2,20000010,1", "E01"); /* the target has no more */
		expect("s", "T05thread:1;");
		fake.hit = 0x20000006;
		expect("s", rows[i].stop);
		expect("?", rows[i].stop);
		fake.hit = 0;
		expect(rows[i].clear, "OK");
		assert_int_equal(fake.watch_kinds, 0);
		expect(rows[i].clear, "E01");
	}
}

/* What a debugger has set it takes along. */
static void watches_go(void **unused)
{
	(void)unused;
	expect("Z2,20000004,4", "OK");
	gdb_free(gdb);
	gdb = NULL;
	assert_int_equal(fake.watch_kinds, 0);
}

static void questions(void **unused)
{
	(void)unused;
	expect("qAttached", "1");
	expect("qfThreadInfo", "m1");
	expect("qRcmd,7265736574", "OK");
	assert_int_equal(fake.resets, 1);
	expect("qRcmd,zz", "E01");
	expect("qUnheard", "");
	expect("qXfer:features:read:target.xml:0,5", "m<?xml");
	expect("qXfer:features:read:target.xml:ffff,5", "E01");
	expect("vFlashErase:08000000,00004000", "OK");
	expect("vFlashWrite:08000000:abc", "OK");
	assert_int_equal(fake.erased, 0x4000);
	assert_int_equal(fake.programmed, 3);
}

static void what_is_no_packet(void **unused)
{
	char out[100], longer[300];

	(void)unused;
	gdb_feed(gdb, (const uint8_t *)"$g#00", 5); /* the sum is wrong */
	take(out, sizeof(out));
	assert_string_equal(out, "-");
	gdb_feed(gdb, (const uint8_t *)"noise+-$p0#z0$?#3f", 18);
	take(out, sizeof(out));
	assert_string_equal(out, "+$T05thread:1;#d7");
	memset(longer, 'a', sizeof(longer));
	gdb_feed(gdb, (const uint8_t *)"$", 1);
	for (int i = 0; i < 20; i++)
		gdb_feed(gdb, (const uint8_t *)longer, sizeof(longer));
	gdb_feed(gdb, (const uint8_t *)"#00", 3);
	take(out, sizeof(out));
	assert_string_equal(out, "-");
	expect("qC", "QC1");
	expect("qCRC:20000000,10", ""); /* GDB reads the memory itself */
	assert_false(send_packet("D"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registers), TEST(memory),
		TEST(running),   TEST(points),
		TEST(watches),   TEST(watches_go),
		TEST(questions), TEST(what_is_no_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
