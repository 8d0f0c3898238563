/* The console: typing, commands and their answers, the log. */
#include "mock_bus.h"

#include "app/console.h"
#include "app/commands.h"
#include "app/log.h"
#include "app/status.h"
#include "board/leds.h"
#include "boot/noinit.h"
#include "drivers/usart.h"
#include "hw/memory.h"
#include "record.h"
#include "tests/unit/libprov/records.h"

#include <stdio.h>
#include <string.h>

static void type(const char *text)
{
	for (; *text; text++)
		console_byte((uint8_t)*text);
}

/* What a line is answered with, but for its echo and the prompt. */
static const char *answer(const char *line)
{
	const char *sent;
	char echo[128];

	mock_sent();
	type(line);
	type("\r");
	sent = mock_sent();
	snprintf(echo, sizeof(echo), "%s\r\n", line);
	assert_memory_equal(sent, echo, strlen(echo));
	sent += strlen(echo);
	assert_string_equal(sent + strlen(sent) - 2, "> ");
	mock.sent[sent - mock.sent + strlen(sent) - 2] = '\0';
	return sent;
}

static int start(void **state)
{
	mock_reset(state);
	usart_start();
	memset(&noinit, 0, sizeof(noinit));
	memset(&status, 0, sizeof(status));
	strcpy(status.serial, SERIAL);
	console_start("hello\n");
	assert_string_equal(mock_sent(), "hello\r\n> ");
	return 0;
}

/* -- typing ------------------------------------------------------------------------- */

static void editing(void **state)
{
	(void)state;
	type("helq\b");
	assert_string_equal(mock_sent(), "helq\b \b");
	type("x\x7f\x7f\x7f\x7f\x7f"); /* more than there is */
	assert_string_equal(mock_sent(), "x\b \b\b \b\b \b\b \b");
	type("abc\x15");
	assert_string_equal(mock_sent(), "abc\b \b\b \b\b \b");
	type("led\x03");
	assert_string_equal(mock_sent(), "led^C\r\n> ");
	type("\r");
	assert_string_equal(mock_sent(), "\r\n> ");
}

static void ends_of_lines(void **state)
{
	(void)state;
	type("\r\n");
	assert_string_equal(mock_sent(), "\r\n> ");
	type("\n\n");
	assert_string_equal(mock_sent(), "\r\n> \r\n> ");
	type("\r\r\n");
	assert_string_equal(mock_sent(), "\r\n> \r\n> ");
}

static void keys_that_mean_nothing(void **state)
{
	(void)state;
	type("a\x1b[A\x1b[15~b\x01\x02\t\x80\xff");
	assert_string_equal(mock_sent(), "ab");
	type("\x15\x1bxy");
	assert_string_equal(mock_sent(), "\b \b\b \bxy");
	type("\x03");
}

static void a_line_that_is_too_long(void **state)
{
	char line[200];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	type(line);
	assert_int_equal(strlen(mock_sent()), 79);
	type("\r");
	assert_string_equal(mock_sent(),
			    "\r\nerror: a line has at most 79 characters\r\n> ");
	line[79] = '\0';
	assert_non_null(strstr(answer(line), "error: there is no command 'xxx"));
	/* Taken back, it is forgiven. */
	line[79] = 'x';
	type(line);
	type("\x15");
	assert_string_equal(answer(""), "");
}

static void lines_in_between(void **state)
{
	(void)state;
	type("inf");
	mock_sent();
	console_tell("one");
	assert_string_equal(mock_sent(), "\rone  \r\n> inf");
	console_tell("a longer line");
	assert_string_equal(mock_sent(), "\ra longer line\r\n> inf");
	type("\x03");
}

/* -- commands ----------------------------------------------------------------------- */

static void unknown_commands(void **state)
{
	(void)state;
	assert_string_equal(answer("halp"),
			    "error: there is no command 'halp'; 'help' lists "
			    "them\r\n");
	assert_string_equal(answer("help me"), "error: too many words: help \r\n");
	assert_string_equal(answer("a b c d e f"),
			    "error: there is no command 'a'; 'help' lists them\r\n");
	assert_string_equal(answer("   "), "");
}

static void help(void **state)
{
	static const char *const names[] = { "help",   "info", "cred", "log",
					     "reboot", "dfu",  "led" };
	const char *text = answer("help");

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++)
		assert_non_null(strstr(text, names[i]));
	assert_non_null(strstr(text, "\r\nok\r\n"));
}

static void led(void **state)
{
	(void)state;
	assert_string_equal(answer("led red on"), "ok\r\n");
	assert_int_equal(leds_mode_of(LED_RED), LED_ON);
	assert_string_equal(answer("led"),
			    "green auto\r\norange auto\r\nred on\r\nblue auto\r\nok\r\n");
	assert_string_equal(answer("led red off"), "ok\r\n");
	assert_string_equal(answer("led red auto"), "ok\r\n");
	assert_string_equal(answer("led pink on"),
			    "error: no LED is 'pink': green, orange, red, blue\r\n");
	assert_string_equal(answer("led red"), "error: on, off or auto must follow\r\n");
	assert_string_equal(answer("led red dim"),
			    "error: 'dim' is not on, off or auto\r\n");
}

static void leaving(void **state)
{
	const char *text;

	(void)state;
	text = answer("reboot");
	assert_non_null(strstr(text, "starting again\r\nok\r\n"));
	assert_int_equal(mock.resets, 1);
	assert_int_equal(noinit.boot, 0);
	text = answer("dfu");
	assert_non_null(strstr(text, "starting the ROM bootloader\r\nok\r\n"));
	assert_int_equal(mock.resets, 2);
	assert_int_equal(noinit.boot, NOINIT_BOOT_ROM);
}

/* True when the answer has this line. */
static bool has(const char *text, const char *line)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "\r\n%s\r\n", line);
	return strstr(text, whole) != NULL;
}

static void info(void **state)
{
	const char *text;

	(void)state;
	status.cause = RESET_SOFTWARE;
	status.clock = CLOCK_NO_HSE;
	status.rng = RNG_NO_CLOCK;
	status.start = (struct store_start){ true, 0x5f3a2b1c, 17, NULL };
	status.watched = true;
	text = answer("info");
	/* What the command looks for before it asks a board for its bootloader. */
	assert_int_equal(
		strncmp(text, "info 1\r\nfirmware stmiot STM32F407\r\nversion ", 40), 0);
	assert_true(has(text, "serial " SERIAL));
	assert_true(has(text, "reset software"));
	assert_true(has(text, "clock hsi 16000000 Hz, the crystal (HSE) did not start"));
	assert_true(has(text, "start 5f3a2b1c-17"));
	assert_true(has(text, "chip 0x413 revision 0x100f, 1024 KiB"));
	assert_true(has(text, "fault none"));
	assert_true(has(text, "random no 48 MHz clock"));
	assert_true(has(text, "watchdog ok"));
	assert_true(has(text, "ok"));
	status.start = (struct store_start){ .why = "the noise source fails" };
	status.faulted = true;
	status.fault = (struct fault_record){ .exception = 3 };
	text = answer("info");
	assert_true(has(text, "start none, the noise source fails"));
	assert_non_null(strstr(text, "\r\nfault hard fault 3"));
}

/* -- credentials -------------------------------------------------------------------- */

static void put_record(unsigned slot, const struct record_fields *fields,
		       uint32_t generation, const char *serial)
{
	struct record_view view;
	uint8_t *at = mock_memory(slot ? RECORD_SLOT_B_ADDR : RECORD_SLOT_A_ADDR);

	assert_true(record_build(fields, generation, serial, at, RECORD_SLOT_BYTES,
				 &view) > 0);
}

static void no_credentials(void **state)
{
	(void)state;
	assert_string_equal(
		answer("cred"),
		"cred 1\r\nslot-a blank\r\nslot-b blank\r\nin-use none\r\nok\r\n");
}

static void a_plain_record(void **state)
{
	struct record_fields f = sas_fields();

	(void)state;
	put_record(0, &f, 3, SERIAL);
	assert_string_equal(answer("cred"),
			    "cred 1\r\nslot-a valid\r\nslot-b blank\r\n"
			    "in-use a\r\ngeneration 3\r\nserial " SERIAL
			    "\r\nauth sas\r\nhub hub.azure-devices.net\r\n"
			    "device dev-1\r\nkeys primary\r\nwrapped no\r\n"
			    "issued 1700000000\r\nok\r\n");
}

static void the_newer_of_two(void **state)
{
	struct record_fields f = sas_fields();
	const char *text;

	(void)state;
	put_record(0, &f, 3, SERIAL);
	f.device_id = "dev-2";
	put_record(1, &f, 4, SERIAL);
	text = answer("cred");
	assert_true(has(text, "in-use b"));
	assert_true(has(text, "device dev-2"));
	/* Revoked: the other counts again. */
	mock_set(RECORD_SLOT_B_ADDR + RECORD_SLOT_BYTES - 4, RECORD_COMMIT_REVOKED);
	text = answer("cred");
	assert_true(has(text, "slot-b revoked"));
	assert_true(has(text, "in-use a"));
}

static void another_board_s_record(void **state)
{
	struct record_fields f = sas_fields();
	const char *text;

	(void)state;
	put_record(0, &f, 3, "000000000001");
	text = answer("cred");
	assert_true(has(text, "slot-a bound to another board's serial"));
	assert_true(has(text, "in-use none"));
	assert_null(strstr(text, "dev-1"));
}

/* Everything that there is, wrapped; and never a byte of a key. */
static void a_wrapped_record(void **state)
{
	static const struct record_wrap wrap = { 3, RECORD_WRAP_AES256_GCM, { 7 } };
	struct record_fields f = all_fields(&wrap);
	static uint8_t key[80];
	char id[129];
	const char *text;

	(void)state;
	memset(id, 'i', 128);
	id[128] = '\0';
	memset(key, 'K', sizeof(key));
	f.key_1 = (struct record_bytes){ key, 48 };
	f.key_2 = (struct record_bytes){ key, 49 };
	f.private_key = (struct record_bytes){ key, 66 };
	f.registration_id = id;
	put_record(1, &f, 9, SERIAL);
	text = answer("cred");
	assert_true(has(text, "auth dps-x509"));
	assert_true(has(text, "id-scope 0ne00000001"));
	assert_non_null(strstr(text, id));
	assert_true(has(text, "keys primary secondary private certificate"));
	assert_true(
		has(text,
		    "wrapped aes-256-gcm, root in OTP block 3, which is blank and open"));
	assert_true(has(text, "keep-alive 4660"));
	assert_null(strstr(text, "KK"));
	*mock_memory(OTP_BASE + 3 * 32) = 1;
	*mock_memory(OTP_LOCKS + 3) = 0;
	assert_true(has(
		answer("cred"),
		"wrapped aes-256-gcm, root in OTP block 3, which is burned and locked"));
}

/* -- the log ------------------------------------------------------------------------ */

static void the_last_lines(void **state)
{
	char line[LOG_LINE_BYTES];
	unsigned at = 0, lines = 0, i;

	(void)state;
	for (i = 0; i < 500; i++)
		log_say("line %u", i);
	assert_true(log_dropped() > 300);
	mock_sent();
	while (log_line(&at, line, sizeof(line)))
		lines++;
	assert_true(lines > 50);
	assert_non_null(strstr(line, "line 499"));
	assert_int_equal(line[0], '[');
	assert_non_null(strstr(answer("log"), "line 499\r\nok\r\n"));
	at = 0;
	assert_true(log_line(&at, line, 5));
	assert_int_equal(strlen(line), 4);
}

static void a_long_line_is_cut(void **state)
{
	char text[400], line[LOG_LINE_BYTES];
	unsigned at = 0;

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_say("%s", text);
	while (log_line(&at, line, sizeof(line)))
		;
	assert_int_equal(strlen(line), LOG_LINE_BYTES - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(editing, start),
		cmocka_unit_test_setup(ends_of_lines, start),
		cmocka_unit_test_setup(keys_that_mean_nothing, start),
		cmocka_unit_test_setup(a_line_that_is_too_long, start),
		cmocka_unit_test_setup(lines_in_between, start),
		cmocka_unit_test_setup(unknown_commands, start),
		cmocka_unit_test_setup(help, start),
		cmocka_unit_test_setup(led, start),
		cmocka_unit_test_setup(leaving, start),
		cmocka_unit_test_setup(info, start),
		cmocka_unit_test_setup(no_credentials, start),
		cmocka_unit_test_setup(a_plain_record, start),
		cmocka_unit_test_setup(the_newer_of_two, start),
		cmocka_unit_test_setup(another_board_s_record, start),
		cmocka_unit_test_setup(a_wrapped_record, start),
		cmocka_unit_test_setup(the_last_lines, start),
		cmocka_unit_test_setup(a_long_line_is_cut, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
