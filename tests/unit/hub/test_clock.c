/* A hub that follows a given clock: what takes hours takes no time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>

#include "asking.h"
#include "c2d_own.h"
#include "fake_presence.h"
#include "method.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define START  INT64_C(1900000000000) /* 2030-03-17T17:46:40Z */

static struct {
	char magic[8];
	volatile int64_t unix_ms;
	volatile int64_t steady_ms;
} * owned;

static void pass(int64_t ms)
{
	owned->unix_ms += ms;
	owned->steady_ms += ms;
	hub_tick(&hub, clock_steady_ms());
}

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static int set_up(void **state)
{
	static const char zeros[CLOCK_FILE_BYTES - 8];
	char path[100], bytes[CLOCK_FILE_BYTES];
	int fd;

	hub_set_up(state);
	snprintf(path, sizeof(path), "%s/clock", hub_dir);
	assert_string_equal(clock_follow(path), "No such file or directory");
	write_file(path, CLOCK_FILE_MAGIC, 8);
	assert_non_null(strstr(clock_follow(path), "shorter than 24"));
	memset(bytes, 'x', sizeof(bytes));
	write_file(path, bytes, sizeof(bytes));
	assert_non_null(strstr(clock_follow(path), "does not begin"));
	assert_int_equal(clock_nap_ms(1000), 1000);
	memcpy(bytes, CLOCK_FILE_MAGIC, 8);
	memcpy(bytes + 8, zeros, sizeof(zeros));
	write_file(path, bytes, sizeof(bytes));
	assert_null(clock_follow(path));
	fd = open(path, O_RDWR);
	owned = mmap(NULL, CLOCK_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(owned, MAP_FAILED);
	owned->unix_ms = START;
	expect("PUT /devices/d1" V, "{\"deviceId\":\"d1\"}", 200, "");
	return 0;
}

static void says_what_the_file_says(void **state)
{
	int64_t steady_ms = clock_steady_ms();

	(void)state;
	assert_true(clock_unix_ms() == owned->unix_ms);
	pass(7);
	assert_true(clock_unix_ms() == owned->unix_ms);
	assert_true(clock_steady_ms() == steady_ms + 7);
	/* put back: the other goes on */
	owned->unix_ms -= HOUR;
	assert_true(clock_unix_ms() == owned->unix_ms);
	assert_true(clock_steady_ms() == steady_ms + 7);
	owned->unix_ms += HOUR;
	assert_int_equal(clock_nap_ms(1000), CLOCK_NAP_MS);
	assert_int_equal(clock_nap_ms(2), 2);
	assert_int_equal(clock_nap_ms(-1), -1);
}

static struct device get_d1(void)
{
	struct device device;

	assert_int_equal(store_get(hub.store, "d1", "", &device), 1);
	return device;
}

static void lets_a_token_expire(void **state)
{
	static const char line[] = "GET /devices/d1/messages/devicebound" V;
	struct device device = get_d1();
	struct asked asked;
	char token[400];

	(void)state;
	sign_token(token, HOST "/devices/d1", device.primary, NULL,
		   (unsigned long long)(owned->unix_ms / 1000) + 3600);
	device_free(&device);
	ask_prepare(&asked, line, "", token);
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, line, 204, "");
	pass(2 * HOUR);
	ask_prepare(&asked, line, "", token);
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, line, 401, "IotHubUnauthorized");
}

static int64_t queued(void)
{
	struct device device = get_d1();
	int64_t count = device.c2d_count;

	device_free(&device);
	return count;
}

static void lets_a_message_and_its_lock_end(void **state)
{
	struct message message = { .body = "x", .body_len = 1 };
	struct device device = get_d1();
	struct c2d_delivery delivery = { 0 };
	struct feedback feedback = { 0 };

	(void)state;
	message.texts[MESSAGE_ID] = "late";
	assert_int_equal(c2d_send(hub.c2d, &device, &message, ACK_NEGATIVE, 0), C2D_SENT);
	assert_int_equal(c2d_receive(hub.c2d, &device, &delivery), 1);
	pass(C2D_LOCK_MS - 1);
	assert_int_equal(c2d_receive(hub.c2d, &device, &delivery), 0);
	pass(1);
	assert_int_equal(c2d_receive(hub.c2d, &device, &delivery), 1);
	assert_int_equal(queued(), 1);
	pass(C2D_TTL_MS);
	assert_int_equal(queued(), 0); /* nobody had to ask */
	hub.c2d->batch_ms = 0;
	assert_int_equal(feedback_receive(hub.c2d, &feedback), 1);
	assert_non_null(strstr(feedback.body, "\"statusCode\":\"Expired\""));
	feedback_free(&feedback);
	c2d_delivery_free(&delivery);
	device_free(&device);
}

static void refills_a_throttle(void **state)
{
	struct answer answer = { 0 };

	(void)state;
	assert_true(throttle_init(&hub.throttle, "S1", clock_steady_ms()));
	for (int i = 0; i < 1000 && answer.status != 429; i++) {
		answer_free(&answer);
		answer = ask("GET /devices/d1" V, "");
	}
	expect_answer(&answer, "too often", 429, "ThrottlingBacklogTimeout");
	pass(60 * SECOND);
	answer = ask("GET /devices/d1" V, "");
	assert_int_equal(answer.delay_ms, 0);
	expect_answer(&answer, "a minute later", 200, "");
	hub.throttle = (struct throttle){ 0 };
}

static void ends_a_method(void **state)
{
	static const char line[] = "POST /twins/d1/methods" V;
	struct fake fake;
	struct asked asked;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked, line,
		  "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":300}");
	pass(299999);
	assert_true(asked.answer.pending);
	pass(1);
	expect_answer(&asked.answer, line, 504, "GatewayTimeout");
	go(&hub.presences, &fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_file_says),
		cmocka_unit_test(lets_a_token_expire),
		cmocka_unit_test(lets_a_message_and_its_lock_end),
		cmocka_unit_test(refills_a_throttle),
		cmocka_unit_test(ends_a_method),
	};

	return cmocka_run_group_tests(tests, set_up, hub_tear_down);
}
