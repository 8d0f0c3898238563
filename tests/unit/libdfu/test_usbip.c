/*
 * USB/IP from the side of the client: what a server says, good and bad, over a socketpair.
 * A script of the server's bytes is written before the client asks; where the answer must
 * come later, or the end of the connection, a thread does it.
 */
#include "dev.h"
#include "images.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

struct script {
	uint8_t bytes[65536];
	size_t len;
};

static void add(struct script *s, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(s->bytes) - s->len);
	if (bytes)
		memcpy(s->bytes + s->len, bytes, len);
	else
		memset(s->bytes + s->len, 0, len);
	s->len += len;
}

static void add_op(struct script *s, unsigned version, unsigned code, uint32_t status)
{
	uint8_t h[8] = { (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(code >> 8),
			 (uint8_t)code };

	put32(h + 4, status);
	add(s, h, sizeof(h));
}

static void add_device(struct script *s, const char *busid, unsigned interfaces)
{
	uint8_t d[312] = { 0 };

	snprintf((char *)d + 256, 32, "%s", busid);
	put32(d + 288, 1);
	put32(d + 292, 2);
	memcpy(d + 300, "\x04\x83\xdf\x11\x22\x00", 6);
	d[311] = (uint8_t)interfaces;
	add(s, d, sizeof(d));
}

/* RET_SUBMIT */
static void add_return(struct script *s, uint32_t seqnum, int32_t status, uint32_t length,
		       const void *data, size_t data_len)
{
	uint8_t h[48] = { 0 };

	put32(h, 3);
	put32(h + 4, seqnum);
	put32(h + 20, (uint32_t)status);
	put32(h + 24, length);
	add(s, h, sizeof(h));
	add(s, data, data_len);
}

static void add_unlinked(struct script *s, uint32_t seqnum)
{
	uint8_t h[48] = { 0 };

	put32(h, 4);
	put32(h + 4, seqnum);
	add(s, h, sizeof(h));
}

/* A pair whose far end has said all of the script, and has closed when `shut`. */
static int play(const struct script *s, int *far, bool shut)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], s->bytes, s->len), (ssize_t)s->len);
	if (shut)
		shutdown(fds[1], SHUT_WR);
	*far = fds[1];
	return fds[0];
}

static void drain(int fd, uint8_t *to, size_t want)
{
	while (want) {
		ssize_t n = read(fd, to, want);

		assert_true(n > 0);
		to += n;
		want -= (size_t)n;
	}
}

/* -- the list ---------------------------------------------------------------------- */

static const struct {
	const char *row;
	unsigned version, code;
	uint32_t status, count;
	unsigned devices; /* that really come */
	size_t cut;       /* bytes that do not */
	int rc;
	const char *words;
} lists[] = {
	{ "none", 0x0111, 5, 0, 0, 0, 0, 0, "" },
	{ "two", 0x0111, 5, 0, 2, 2, 0, 0, "" },
	{ "other version", 0x0106, 5, 0, 1, 1, 0, DFU_ERR_FORMAT, "version 1.06" },
	{ "other answer", 0x0111, 3, 0, 1, 1, 0, DFU_ERR_FORMAT, "answers 0x0003" },
	{ "a web server", 0x4854, 0x5450, 0, 0, 0, 0, DFU_ERR_FORMAT,
	  "no USB/IP server" },
	{ "refused", 0x0111, 5, 1, 0, 0, 0, DFU_ERR_IO, "status 1" },
	{ "refused with all bits", 0x0111, 5, UINT32_MAX, 0, 0, 0, DFU_ERR_IO,
	  "refuses" },
	{ "refused with the sign", 0x0111, 5, 0x80000000, 0, 0, 0, DFU_ERR_IO,
	  "refuses" },
	{ "too many", 0x0111, 5, 0, 257, 0, 0, DFU_ERR_FORMAT, "lists 257" },
	{ "all there are", 0x0111, 5, 0, UINT32_MAX, 0, 0, DFU_ERR_FORMAT,
	  "lists 4294967295" },
	{ "one missing", 0x0111, 5, 0, 3, 2, 0, DFU_ERR_FORMAT, "cut short" },
	{ "half of one", 0x0111, 5, 0, 2, 2, 200, DFU_ERR_FORMAT, "cut short" },
	{ "interfaces cut", 0x0111, 5, 0, 2, 2, 1, DFU_ERR_FORMAT, "cut short" },
	{ "no count", 0x0111, 5, 0, 0, 0, 3, DFU_ERR_FORMAT, "cut short" },
	{ "half a header", 0x0111, 5, 0, 0, 0, 7, DFU_ERR_IO, "no answer" },
};

static void test_list(void **state)
{
	static const uint8_t interfaces[8] = { 3, 0, 0, 0, 0xfe, 1, 2, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(lists); i++) {
		struct script *s = calloc(1, sizeof(*s));
		struct dfu_board *boards = NULL;
		struct dfu_error err = { 0 };
		uint8_t count[4], asked[8];
		size_t n = 77;
		int fd, far, rc;

		add_op(s, lists[i].version, lists[i].code, lists[i].status);
		put32(count, lists[i].count);
		add(s, count, 4);
		for (unsigned k = 0; k < lists[i].devices; k++) {
			add_device(s, k ? "1-2\x1b" : "1-1", 2);
			add(s, interfaces, 8);
		}
		s->len -= lists[i].cut;
		fd = play(s, &far, true);
		rc = usbip_list_fd(fd, 1000, &boards, &n, &err);
		if (rc != lists[i].rc || !strstr(err.msg, lists[i].words))
			fail_msg("%s: %d %s", lists[i].row, rc, err.msg);
		drain(far, asked, 8);
		assert_memory_equal(asked, "\x01\x11\x80\x05\0\0\0\0", 8);
		if (rc == 0)
			assert_int_equal(n, lists[i].count);
		for (size_t k = 0; rc == 0 && k < n; k++) {
			assert_string_equal(boards[k].path, k ? "1-2?" : "1-1");
			assert_true(boards[k].is_dfu);
			assert_int_equal(boards[k].idProduct, 0xdf11);
			assert_int_equal(boards[k].bcdDevice, 0x2200);
		}
		free(boards);
		free(s);
		close(fd);
		close(far);
	}
}

static void test_silence(void **state)
{
	struct script s = { .len = 0 };
	struct dfu_board *boards;
	struct dfu_error err;
	struct dfu_io io;
	int far, fd = play(&s, &far, false);
	size_t n;

	(void)state;
	assert_int_equal(usbip_list_fd(fd, 20, &boards, &n, &err), DFU_ERR_TIMEOUT);
	assert_int_equal(usbip_import_fd(fd, "1-1", 20, &io, &err), DFU_ERR_TIMEOUT);
	close(far);
	assert_int_equal(usbip_import_fd(fd, "1-1", 20, &io, &err), DFU_ERR_IO);
	close(fd);
}

/* -- import ------------------------------------------------------------------------ */

static void test_import(void **state)
{
	static const struct {
		unsigned version, code;
		uint32_t status;
		size_t cut;
		int rc;
	} rows[] = {
		{ 0x0111, 3, 0, 0, 0 },
		{ 0x0111, 3, 1, 312, DFU_ERR_BUSY },
		{ 0x0111, 3, 4, 312, DFU_ERR_NODEV },
		{ 0x0111, 3, 0x80000000, 312, DFU_ERR_BUSY },
		{ 0x0111, 3, 0, 1, DFU_ERR_FORMAT },
		{ 0x0100, 3, 0, 0, DFU_ERR_FORMAT },
		{ 0x0111, 5, 0, 0, DFU_ERR_FORMAT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct script *s = calloc(1, sizeof(*s));
		struct dfu_error err = { 0 };
		uint8_t asked[40];
		struct dfu_io io;
		int fd, far, rc;

		add_op(s, rows[i].version, rows[i].code, rows[i].status);
		add_device(s, "1-1", 0);
		s->len -= rows[i].cut;
		fd = play(s, &far, true);
		rc = usbip_import_fd(fd, "1-1", 1000, &io, &err);
		if (rc != rows[i].rc)
			fail_msg("row %u: %d %s", (unsigned)i, rc, err.msg);
		drain(far, asked, 40);
		assert_memory_equal(asked,
				    "\x01\x11\x80\x03\0\0\0\0"
				    "1-1\0",
				    12);
		if (rc == 0)
			io.close(io.ctx);
		else
			close(fd);
		close(far);
		free(s);
	}
}

/* -- transfers --------------------------------------------------------------------- */

/* Three transfers with the server's replies as scripted: GETSTATUS, DNLOAD of 5, GETSTATUS. */
struct three {
	struct dfu_xfer x[3];
	uint8_t first[6], last[6];
	uint8_t out[5];
	struct dfu_error err;
	int rc;
};

static void run_three(struct three *t, const struct script *replies, bool shut,
		      unsigned timeout_ms)
{
	struct script *s = calloc(1, sizeof(*s));
	struct dfu_io io;
	int fd, far;

	memset(t, 0, sizeof(*t));
	memcpy(t->out, "!\0\0\0\x08", 5);
	t->x[0] = (struct dfu_xfer){
		0xa1, DFU_GETSTATUS, 0, 0, 6, t->first, timeout_ms, 0
	};
	t->x[1] = (struct dfu_xfer){ 0x21, DFU_DNLOAD, 0, 0, 5, t->out, timeout_ms, 0 };
	t->x[2] =
		(struct dfu_xfer){ 0xa1, DFU_GETSTATUS, 0, 0, 6, t->last, timeout_ms, 0 };
	add_op(s, 0x0111, 3, 0);
	add_device(s, "1-1", 0);
	add(s, replies->bytes, replies->len);
	fd = play(s, &far, shut);
	assert_int_equal(usbip_import_fd(fd, "1-1", 1000, &io, &t->err), 0);
	t->rc = io.transfer(io.ctx, t->x, 3, &t->err);
	io.close(io.ctx);
	close(far);
	free(s);
}

static void test_in_order(void **state)
{
	struct script *s = calloc(1, sizeof(*s));
	struct three t;

	(void)state;
	add_return(s, 1, 0, 6, "abcdef", 6);
	add_return(s, 2, 0, 5, NULL, 0);
	add_return(s, 3, 0, 6, "ghijkl", 6);
	run_three(&t, s, false, 1000);
	assert_int_equal(t.rc, 0);
	assert_memory_equal(t.first, "abcdef", 6);
	assert_memory_equal(t.last, "ghijkl", 6);
	assert_int_equal(t.x[1].result, 5);
	free(s);
}

static void test_out_of_order(void **state)
{
	struct script *s = calloc(1, sizeof(*s));
	struct three t;

	(void)state;
	add_return(s, 3, 0, 6, "ghijkl", 6);
	add_return(s, 2, -32, 0, NULL, 0); /* -EPIPE: a stall is no failure of the bus */
	add_return(s, 1, 0, 2, "ab", 2);   /* a short one */
	run_three(&t, s, false, 1000);
	assert_int_equal(t.rc, 0);
	assert_memory_equal(t.last, "ghijkl", 6);
	assert_int_equal(t.x[0].result, 2);
	assert_int_equal(t.x[1].result, DFU_ERR_STALL);
	free(s);
}

static void test_failures(void **state)
{
	static const struct {
		int32_t status;
		int rc;
	} rows[] = {
		{ -19, DFU_ERR_GONE },     { -108, DFU_ERR_GONE },
		{ -110, DFU_ERR_TIMEOUT }, { -104, DFU_ERR_IO },
		{ -71, DFU_ERR_IO },       { 1, DFU_ERR_IO },
		{ INT32_MIN, DFU_ERR_IO },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		struct script *s = calloc(1, sizeof(*s));
		struct three t;

		add_return(s, 1, 0, 6, "abcdef", 6);
		add_return(s, 2, rows[i].status, 0, NULL, 0);
		add_return(s, 3, 0, 6, "abcdef", 6);
		run_three(&t, s, false, 1000);
		if (t.rc != rows[i].rc || (int)t.err.code != t.rc)
			fail_msg("status %d: %d %s", rows[i].status, t.rc, t.err.msg);
		assert_int_equal(t.x[0].result, 6);
		free(s);
	}
}

/* What no server should send ends the connection: nothing behind it can be trusted. */
static void test_nonsense(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct script *s = calloc(1, sizeof(*s));
		struct three t;

		if (i == 0)
			add_return(s, 1, 0, 7, "abcdefg", 7); /* more than asked */
		else if (i == 1)
			add_return(s, 1, 0, UINT32_MAX, NULL, 0);
		else if (i == 2)
			add_return(s, 4, 0, 6, "abcdef", 6); /* never submitted */
		else if (i == 3)
			add_return(s, 0, 0, 6, "abcdef", 6);
		else if (i == 4)
			add(s, NULL, 48); /* no code */
		for (int k = 0; i == 5 && k < 3; k++)
			add_return(s, 1, 0, 6, "abcdef", 6); /* the same one again */
		run_three(&t, s, false, 1000);
		if (t.rc != DFU_ERR_GONE)
			fail_msg("nonsense %u: %d", (unsigned)i, t.rc);
		for (int k = 0; k < 3; k++)
			assert_true(t.x[k].result == 6 || t.x[k].result == DFU_ERR_GONE);
		free(s);
	}
}

/* The server closes at any byte of its answers. */
static void test_closing(void **state)
{
	struct script *s = calloc(1, sizeof(*s)), *cut = calloc(1, sizeof(*s));
	struct three t;

	(void)state;
	add_return(s, 1, 0, 6, "abcdef", 6);
	add_return(s, 2, 0, 5, NULL, 0);
	add_return(s, 3, 0, 6, "ghijkl", 6);
	for (size_t len = 0; len < s->len; len++) {
		memcpy(cut->bytes, s->bytes, len);
		cut->len = len;
		run_three(&t, cut, true, 1000);
		if (t.rc != DFU_ERR_GONE)
			fail_msg("closed at %u: %d", (unsigned)len, t.rc);
	}
	free(s);
	free(cut);
}

static void test_time_out(void **state)
{
	struct script *s = calloc(1, sizeof(*s));
	struct three t;

	(void)state;
	add_return(s, 1, 0, 6, "abcdef", 6);
	/* 2 and 3 are unlinked, from the last one: these are the answers to that. */
	add_unlinked(s, 4);
	add_unlinked(s, 5);
	run_three(&t, s, false, 20);
	assert_int_equal(t.rc, DFU_ERR_TIMEOUT);
	assert_non_null(strstr(t.err.msg, "no answer to DNLOAD within 20 ms"));
	assert_int_equal(t.x[0].result, 6);
	assert_int_equal(t.x[1].result, DFU_ERR_TIMEOUT);
	assert_int_equal(t.x[2].result, DFU_ERR_CANCELLED);
	free(s);
}

/* -- a server that lives ----------------------------------------------------------- */

enum act { NO_UNLINK, LATE, HALF_PACKET, FLOOD };

struct server {
	int fd;
	enum act act;
	uint8_t asked[4][48];
};

static void say(int fd, const struct script *s)
{
	size_t at = 0;

	while (at < s->len) {
		ssize_t n = send(fd, s->bytes + at, s->len - at, MSG_NOSIGNAL);

		if (n < 0)
			return;
		at += (size_t)n;
	}
}

static void *serve(void *arg)
{
	struct server *v = arg;
	struct script *s = calloc(1, sizeof(*s));

	drain(v->fd, v->asked[0], 40);
	add_op(s, 0x0111, 3, 0);
	add_device(s, "1-1", 0);
	say(v->fd, s);
	drain(v->fd, v->asked[0], 48);
	s->len = 0;
	if (v->act == HALF_PACKET) {
		add_return(s, 1, 0, 6, "abcdef", 3);
		say(v->fd, s);
	} else if (v->act == LATE) {
		/* It is unlinked, but was done just before. */
		drain(v->fd, v->asked[1], 48);
		add_return(s, 1, 0, 6, "abcdef", 6);
		add_unlinked(s, 2);
		say(v->fd, s);
		drain(v->fd, v->asked[2], 48);
		s->len = 0;
		add_return(s, 3, 0, 6, "ghijkl", 6);
		say(v->fd, s);
	} else if (v->act == FLOOD) {
		while (s->len + 48 <= sizeof(s->bytes))
			add_unlinked(s, 9);
		for (int i = 0; i < 3000; i++)
			say(v->fd, s);
		shutdown(v->fd, SHUT_RDWR);
	}
	/* NO_UNLINK: nothing more comes of it. */
	free(s);
	return NULL;
}

/* One GETSTATUS of 30 ms, and another one. */
static int with_server(enum act act, struct dfu_xfer x[2], uint8_t d[2][6])
{
	struct server v = { .act = act };
	struct dfu_error err = { 0 };
	struct dfu_io io;
	pthread_t thread;
	int fds[2], rc;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	v.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, &v), 0);
	assert_int_equal(usbip_import_fd(fds[0], "1-1", 1000, &io, &err), 0);
	for (int i = 0; i < 2; i++)
		x[i] = (struct dfu_xfer){ 0xa1, DFU_GETSTATUS, 0, 0, 6, d[i], 30, 0 };
	rc = io.transfer(io.ctx, &x[0], 1, &err);
	if (act == FLOOD)
		assert_int_equal(io.wait_gone(io.ctx, 30), 0);
	else
		io.transfer(io.ctx, &x[1], 1, &err);
	io.close(io.ctx);
	pthread_join(thread, NULL);
	close(fds[1]);
	return rc;
}

static void test_late_answer(void **state)
{
	struct dfu_xfer x[2];
	uint8_t d[2][6];

	(void)state;
	assert_int_equal(with_server(LATE, x, d), 0);
	assert_memory_equal(d[0], "abcdef", 6);
	assert_int_equal(x[1].result, 6);
	assert_memory_equal(d[1], "ghijkl", 6);
}

/* Who does not even unlink, or stops within a packet, is gone: no step is out of step. */
static void test_dead_server(void **state)
{
	struct dfu_xfer x[2];
	uint8_t d[2][6];

	(void)state;
	assert_int_equal(with_server(NO_UNLINK, x, d), DFU_ERR_TIMEOUT);
	assert_int_equal(x[1].result, DFU_ERR_GONE);
	assert_int_equal(with_server(HALF_PACKET, x, d), DFU_ERR_GONE);
	assert_int_equal(x[1].result, DFU_ERR_GONE);
}

/* A server that talks without end is waited for no longer than a silent one. */
static void test_flood(void **state)
{
	struct dfu_xfer x[2];
	uint8_t d[2][6];
	uint64_t since = clock_ms();

	(void)state;
	with_server(FLOOD, x, d);
	assert_true(clock_ms() - since < 5000);
}

static void test_too_long(void **state)
{
	static uint8_t data[8192];
	struct dfu_xfer x = { 0x21, DFU_DNLOAD, 2, 0, sizeof(data), data, 100, 0 };
	struct script *s = calloc(1, sizeof(*s));
	struct dfu_error err;
	struct dfu_io io;
	int fd, far;

	(void)state;
	add_op(s, 0x0111, 3, 0);
	add_device(s, "1-1", 0);
	fd = play(s, &far, false);
	assert_int_equal(usbip_import_fd(fd, "1-1", 1000, &io, &err), 0);
	assert_true(io.transfer(io.ctx, &x, 1, &err) < 0);
	io.close(io.ctx);
	close(far);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),         cmocka_unit_test(test_silence),
		cmocka_unit_test(test_import),       cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_out_of_order), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_nonsense),     cmocka_unit_test(test_closing),
		cmocka_unit_test(test_time_out),     cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_dead_server),  cmocka_unit_test(test_flood),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
