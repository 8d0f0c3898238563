/* The other ends of the serial ports: terminals, TCP, and what nobody reads. */
#include "mcu_bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "periph/usart.h"
#include "serial.h"

#define USART3 0x40004800u
#define GPIOD  0x40020C00u
#define FRAME  160 /* cycles of a byte at BRR = 16 */

static struct bench bench;
static struct serial *serial;
static char folder[] = "/tmp/test_serial.XXXXXX";
static int dirfd_;

static void pass(int64_t cycles)
{
	struct sched *sched = mcu_sched(bench.mcu);

	sched->cycle += cycles;
	sched_run(sched);
}

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 18, true);
	bench_write(&bench, GPIOD + 0x24, 0x77); /* PD8, PD9: AF7 */
	bench_write(&bench, GPIOD, 0xA0000);
	bench_write(&bench, USART3 + 0x08, 16);
	bench_write(&bench, USART3 + 0x0C, 0x200C);
	pass(2 * FRAME); /* an idle frame comes first */
	snprintf(folder, sizeof(folder), "/tmp/test_serial.XXXXXX");
	assert_non_null(mkdtemp(folder));
	dirfd_ = open(folder, O_RDONLY | O_DIRECTORY);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	serial_close(serial);
	serial = NULL;
	close(dirfd_);
	assert_int_equal(rmdir(folder), 0); /* nothing was left in it */
	bench_close(&bench);
	return 0;
}

static void open_with(const char *text)
{
	char err[200];

	serial = serial_open(dirfd_, &text, text ? 1 : 0, err, sizeof(err));
	assert_non_null(serial);
	serial_wire(serial, bench.mcu);
}

static int open_link(void)
{
	int fd = openat(dirfd_, "usart3", O_RDWR | O_NOCTTY | O_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

/* The chip sends a byte. */
static void chip_says(uint8_t byte)
{
	bench_write(&bench, USART3 + 4, byte);
	pass(2 * FRAME);
}

/* What the loop does, once. */
static void turn(void)
{
	struct pollfd fds[SERIAL_POLLFDS];
	size_t count = serial_pollfds(serial, fds);

	assert_true(poll(fds, count, 100) >= 0);
	serial_handle(serial, fds, count);
}

static size_t hear(int fd, char *to, size_t bytes)
{
	size_t len = 0;

	/* what was written to a terminal comes a moment later */
	for (struct pollfd p = { .fd = fd, .events = POLLIN };
	     len < bytes && poll(&p, 1, 200) == 1;) {
		ssize_t n = read(fd, to + len, bytes - len);

		if (n <= 0)
			break;
		len += (size_t)n;
		serial_run(serial);
	}
	return len;
}

static void test_fits(void **state)
{
	static const struct {
		const char *text;
		bool fits;
	} rows[] = {
		{ "USART3=pty", true },
		{ "usart3=none", true },
		{ "UART4=tcp:0", true },
		{ "USART6=tcp:65535", true },
		{ "USART1=stdout", true },
		{ "USART3", false },
		{ "USART3=", false },
		{ "USART4=pty", false },
		{ "UART7=pty", false },
		{ "USART3=tcp", false },
		{ "USART3=tcp:", false },
		{ "USART3=tcp:65536", false },
		{ "USART3=tcp:-1", false },
		{ "USART3=tcp: 1", false },
		{ "USART3=tcp:1:2", false },
		{ "=pty", false },
		{ "USART33=pty", false },
		{ "", false },
		{ "USART3=tcp:99999999999999999999", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(serial_fits(rows[i].text), rows[i].fits);
}

static void test_pty(void **state)
{
	struct serial_view view;
	struct stat st;
	char got[8];
	int fd;

	(void)state;
	open_with(NULL);
	assert_true(serial_look(serial, 0, &view));
	assert_string_equal(view.port, "USART3");
	assert_string_equal(view.kind, "pty");
	assert_false(serial_look(serial, 1, &view));
	assert_int_equal(stat(view.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fd = open_link();
	chip_says('\n'); /* raw: no line's end is changed */
	chip_says(3);
	serial_run(serial);
	assert_int_equal(hear(fd, got, 2), 2);
	assert_memory_equal(got, "\n\003", 2);
	assert_int_equal(write(fd, "\r\004", 2), 2);
	turn();
	pass(2 * FRAME);
	assert_int_equal(bench_read(&bench, USART3 + 4), '\r');
	pass(2 * FRAME);
	assert_int_equal(bench_read(&bench, USART3 + 4), 4);
	close(fd);
	/* it comes and goes, and the port is still there */
	fd = open_link();
	chip_says('x');
	serial_run(serial);
	assert_int_equal(hear(fd, got, 1), 1);
	close(fd);
}

static void test_nobody_reads(void **state)
{
	static char got[65536];
	size_t len;
	int fd;

	(void)state;
	open_with(NULL);
	for (unsigned line = 0; line < 20000; line++) {
		char text[8];

		snprintf(text, sizeof(text), "%05u\n", line);
		for (int i = 0; i < 6; i++)
			chip_says((uint8_t)text[i]);
		serial_run(serial);
	}
	fd = open_link();
	len = hear(fd, got, sizeof(got));
	/* some of it, and its end whole */
	assert_true(len >= 4096);
	assert_true(len <= 32768);
	assert_memory_equal(got + len - 6, "19999\n", 6);
	assert_memory_equal(got + len - 12, "19998\n", 6);
	assert_int_equal(serial_wait_ns(serial), -1);
	close(fd);
}

static void test_room(void **state)
{
	uint8_t many[1000] = { 0 };
	struct pollfd fds[SERIAL_POLLFDS];
	int fd, told = 0;

	(void)state;
	bench_write(&bench, USART3 + 0x0C, 0); /* nobody listens */
	open_with(NULL);
	fd = open_link();
	assert_int_equal(write(fd, many, sizeof(many)), sizeof(many));
	for (int i = 0; i < 10; i++)
		turn();
	assert_int_equal(usart_room(bench.mcu, 3), 0);
	/* the rest waits in the terminal, and is not polled for */
	assert_int_equal(serial_pollfds(serial, fds), 1);
	assert_int_equal(fds[0].events, 0);
	bench_write(&bench, USART3 + 0x0C, 0x200C);
	for (int i = 0; i < 1100; i++) {
		pass(FRAME);
		told += (bench_read(&bench, USART3) & 0x20) != 0;
		bench_read(&bench, USART3 + 4);
		if (i % 100 == 0)
			turn();
	}
	assert_int_equal(told, 1000);
	close(fd);
}

static void test_no_power(void **state)
{
	struct pollfd fds[SERIAL_POLLFDS];
	int fd;

	(void)state;
	open_with(NULL);
	serial_wire(serial, NULL);
	fd = open_link();
	assert_int_equal(write(fd, "lost", 4), 4);
	turn();
	assert_int_equal(serial_pollfds(serial, fds), 1);
	assert_int_equal(poll(fds, 1, 0), 0);
	serial_wire(serial, bench.mcu);
	pass(10 * FRAME);
	assert_false(bench_read(&bench, USART3) & 0x20);
	close(fd);
}

static int dial(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct serial_view view;

	assert_true(serial_look(serial, 0, &view));
	assert_memory_equal(view.path, "127.0.0.1:", 10);
	at.sin_port = htons((uint16_t)atoi(view.path + 10));
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	turn();
	return fd;
}

static void test_tcp(void **state)
{
	int first, second;
	char got[8];

	(void)state;
	open_with("USART3=tcp:0");
	chip_says('e'); /* before there is anybody */
	first = dial();
	serial_run(serial);
	assert_int_equal(hear(first, got, 1), 1);
	assert_int_equal(got[0], 'e');
	/* the newer wins */
	second = dial();
	assert_int_equal(read(first, got, 1), 0);
	chip_says('f');
	serial_run(serial);
	assert_int_equal(hear(second, got, 1), 1);
	assert_int_equal(got[0], 'f');
	assert_int_equal(send(second, "z", 1, 0), 1);
	turn();
	pass(2 * FRAME);
	assert_int_equal(bench_read(&bench, USART3 + 4), 'z');
	close(second);
	turn();
	close(first);
	first = dial();
	chip_says('g');
	serial_run(serial);
	assert_int_equal(hear(first, got, 1), 1);
	close(first);
}

static void test_none(void **state)
{
	struct pollfd fds[SERIAL_POLLFDS];

	(void)state;
	open_with("USART3=none");
	assert_int_equal(serial_pollfds(serial, fds), 0);
	chip_says('x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test_setup_teardown(test_pty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_power, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tcp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
