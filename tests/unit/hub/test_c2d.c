/* Cloud-to-device messages and their feedback, by the rules of the hub and its clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "c2d.h"
#include "clock.h"
#include "scratch.h"

static struct store *store;
static struct c2d *c2d;
static struct device device, other;

static void open_all(void)
{
	char err[200];

	store = store_open(scratch_fd, err, sizeof(err));
	assert_non_null(store);
	c2d = c2d_open(store, err, sizeof(err));
	assert_non_null(c2d);
}

static void close_all(void)
{
	c2d_close(c2d);
	store_close(store);
}

static void make_device(struct device *made, const char *id)
{
	assert_true(device_init(made, id, "", clock_unix_ms()));
	assert_int_equal(store_insert(store, made), 1);
}

static int set_up(void **state)
{
	(void)state;
	scratch_make();
	open_all();
	make_device(&device, "dev1");
	make_device(&other, "dev2");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_all();
	clock_offset(0);
	scratch_remove();
	return 0;
}

static void reopen(void)
{
	close_all();
	open_all();
}

static enum c2d_sent send_to(const struct device *to, const char *id, enum c2d_ack ack,
			     int64_t expires_ms)
{
	struct message message = { .texts = { [MESSAGE_ID] = id },
				   .body = "body",
				   .body_len = 4 };

	return c2d_send(c2d, to, &message, ack, expires_ms);
}

static void send_one(const char *id, enum c2d_ack ack)
{
	assert_int_equal(send_to(&device, id, ack, 0), C2D_SENT);
}

/* Takes the next, which has this id; NULL: there is none. The lock is good until then. */
static const char *take(const char *id)
{
	static char lock[LOCK_TEXT];
	struct c2d_delivery delivery = { 0 };
	int rc = c2d_receive(c2d, &device, &delivery);

	assert_int_equal(rc, id ? 1 : 0);
	if (id)
		assert_string_equal(delivery.message.texts[MESSAGE_ID], id);
	strcpy(lock, delivery.lock);
	c2d_delivery_free(&delivery);
	return lock;
}

static int64_t count_of(const struct device *of)
{
	int64_t count;

	assert_int_equal(c2d_count(c2d, of, &count), 1);
	return count;
}

/* The status that a sender hears about the message with this id; "" when none. */
static const char *hear(const char *id)
{
	static char status[40];
	struct feedback feedback = { 0 };
	int rc = feedback_receive(c2d, &feedback);
	struct json *array, *record;

	assert_true(rc >= 0);
	status[0] = '\0';
	if (rc == 0)
		return status;
	assert_int_equal(feedback.records, 1);
	array = json_parse(feedback.body, strlen(feedback.body), NULL);
	record = json_first(array);
	assert_string_equal(json_get_text(record, "originalMessageId"), id);
	strcpy(status, json_get_text(record, "statusCode"));
	json_free(array);
	assert_int_equal(feedback_settle(c2d, feedback.lock, C2D_COMPLETE), 1);
	feedback_free(&feedback);
	return status;
}

/* -- the queue ----------------------------------------------------------------------- */

static void keeps_all_of_a_message(void **state)
{
	static const struct message_property property = { "p", "v" };
	struct message message = {
		.texts = { [MESSAGE_ID] = "m", [MESSAGE_TO] = "/devices/dev1" },
		.properties = &property,
		.property_count = 1,
		.body = "a\0b",
		.body_len = 3
	};
	struct c2d_delivery delivery = { 0 };
	int64_t expires_ms = clock_unix_ms() + 5000;

	(void)state;
	assert_int_equal(c2d_send(c2d, &device, &message, ACK_FULL, expires_ms),
			 C2D_SENT);
	reopen();
	assert_int_equal(c2d_receive(c2d, &device, &delivery), 1);
	assert_int_equal(delivery.ack, ACK_FULL);
	assert_int_equal(delivery.expires_ms, expires_ms);
	assert_true(delivery.enqueued_ms <= clock_unix_ms());
	assert_int_equal(delivery.deliveries, 0);
	assert_int_equal(strlen(delivery.lock), LOCK_TEXT - 1);
	assert_string_equal(delivery.message.texts[MESSAGE_TO], "/devices/dev1");
	assert_null(delivery.message.texts[MESSAGE_CORRELATION_ID]);
	assert_string_equal(delivery.message.properties[0].value, "v");
	assert_int_equal(delivery.message.body_len, 3);
	assert_memory_equal(delivery.message.body, "a\0b", 3);
	c2d_delivery_free(&delivery);
}

static void gives_them_in_order_to_their_device(void **state)
{
	(void)state;
	send_one("1", ACK_NONE);
	assert_int_equal(send_to(&other, "x", ACK_NONE, 0), C2D_SENT);
	send_one("2", ACK_NONE);
	assert_int_equal(count_of(&device), 2);
	take("1");
	take("2");
	take(NULL);
	assert_int_equal(count_of(&device), 2); /* locked ones too */
	assert_int_equal(count_of(&other), 1);
}

static void holds_fifty(void **state)
{
	const char *lock;

	(void)state;
	for (int i = 0; i < C2D_QUEUE_MAX; i++)
		send_one("m", ACK_NONE);
	assert_int_equal(send_to(&device, "m", ACK_NONE, 0), C2D_FULL);
	lock = take("m");
	assert_int_equal(send_to(&device, "m", ACK_NONE, 0), C2D_FULL);
	assert_int_equal(send_to(&other, "m", ACK_NONE, 0), C2D_SENT);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 1);
	send_one("m", ACK_NONE);
	/* what has expired makes room */
	clock_offset(3601);
	send_one("m", ACK_NONE);
	assert_int_equal(count_of(&device), 1);
}

static void refuses_messages(void **state)
{
	static char body[MESSAGE_C2D_MAX + 1];
	struct message message = { .body = body, .body_len = sizeof(body) };

	(void)state;
	assert_int_equal(c2d_send(c2d, &device, &message, ACK_NONE, 0), C2D_TOO_LONG);
	message.body_len--;
	assert_int_equal(c2d_send(c2d, &device, &message, ACK_NONE, 0), C2D_SENT);
	assert_int_equal(send_to(&device, "m", ACK_NONE, clock_unix_ms()), C2D_EXPIRED);
}

static void names_acks(void **state)
{
	enum c2d_ack ack;

	(void)state;
	for (int i = 0; i < ACKS; i++) {
		assert_true(c2d_ack_parse(c2d_ack_name((enum c2d_ack)i), &ack));
		assert_int_equal(ack, i);
	}
	assert_false(c2d_ack_parse("", &ack));
	assert_false(c2d_ack_parse("all", &ack));
}

/* -- locks --------------------------------------------------------------------------- */

static void locks_for_a_minute(void **state)
{
	char lock[LOCK_TEXT];

	(void)state;
	send_one("1", ACK_NONE);
	strcpy(lock, take("1"));
	clock_offset(55);
	take(NULL);
	clock_offset(61);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 0);
	assert_string_not_equal(take("1"), lock);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 0);
}

static void locks_survive(void **state)
{
	char lock[LOCK_TEXT];

	(void)state;
	send_one("1", ACK_NONE);
	strcpy(lock, take("1"));
	reopen();
	take(NULL);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 1);
	assert_int_equal(count_of(&device), 0);
}

static void a_lock_of_the_future_is_none(void **state)
{
	(void)state;
	clock_offset(86400);
	send_one("1", ACK_NONE);
	take("1");
	clock_offset(0);
	take("1");
}

static void a_lock_is_for_its_device(void **state)
{
	const char *lock;

	(void)state;
	send_one("1", ACK_NONE);
	lock = take("1");
	assert_int_equal(c2d_settle(c2d, &other, lock, C2D_COMPLETE), 0);
	assert_int_equal(c2d_settle(c2d, &device, "", C2D_COMPLETE), 0);
	assert_int_equal(c2d_settle(c2d, &device, "x", C2D_REJECT), 0);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 1);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 0);
}

static void abandoned_it_comes_again(void **state)
{
	struct c2d_delivery delivery = { 0 };

	(void)state;
	send_one("1", ACK_NEGATIVE);
	send_one("2", ACK_NONE);
	for (int i = 0; i < C2D_DELIVERIES_MAX; i++) {
		assert_int_equal(c2d_receive(c2d, &device, &delivery), 1);
		assert_string_equal(delivery.message.texts[MESSAGE_ID], "1");
		assert_int_equal(delivery.deliveries, i);
		assert_string_equal(hear("1"), "");
		assert_int_equal(c2d_settle(c2d, &device, delivery.lock, C2D_ABANDON), 1);
	}
	c2d_delivery_free(&delivery);
	assert_string_equal(hear("1"), "DeliveryCountExceeded");
	take("2");
}

/* Only abandoning counts: a device may be away for as long as the message lives. */
static void lost_locks_do_not_count(void **state)
{
	struct c2d_delivery delivery = { 0 };

	(void)state;
	send_one("1", ACK_NONE);
	for (int i = 0; i < 2 * C2D_DELIVERIES_MAX; i++) {
		clock_offset(i * 61);
		assert_int_equal(c2d_receive(c2d, &device, &delivery), 1);
		assert_int_equal(delivery.deliveries, 0);
	}
	c2d_delivery_free(&delivery);
}

/* -- the end ------------------------------------------------------------------------- */

static void expires(void **state)
{
	(void)state;
	send_one("1", ACK_NEGATIVE);
	assert_int_equal(send_to(&device, "2", ACK_NONE, clock_unix_ms() + 7200000),
			 C2D_SENT);
	clock_offset(3590);
	assert_int_equal(c2d_tidy(c2d), 1);
	assert_int_equal(count_of(&device), 2);
	clock_offset(3601);
	assert_int_equal(c2d_tidy(c2d), 1);
	assert_int_equal(count_of(&device), 1);
	assert_string_equal(hear("1"), "Expired");
	take("2");
	clock_offset(7201); /* of both, locked by a device it does not */
	take(NULL);
	assert_int_equal(count_of(&device), 0);
}

static void does_not_expire_while_it_is_locked(void **state)
{
	char lock[LOCK_TEXT];

	(void)state;
	assert_int_equal(send_to(&device, "1", ACK_POSITIVE, clock_unix_ms() + 30000),
			 C2D_SENT);
	strcpy(lock, take("1"));
	clock_offset(40);
	assert_int_equal(c2d_tidy(c2d), 1);
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 1);
	assert_string_equal(hear("1"), "Success");
}

static void tells_whom_it_should(void **state)
{
	static const struct {
		enum c2d_ack ack;
		enum c2d_outcome outcome;
		const char *status;
	} rows[] = {
		{ ACK_NONE, C2D_COMPLETE, "" },
		{ ACK_NONE, C2D_REJECT, "" },
		{ ACK_POSITIVE, C2D_COMPLETE, "Success" },
		{ ACK_POSITIVE, C2D_REJECT, "" },
		{ ACK_NEGATIVE, C2D_COMPLETE, "" },
		{ ACK_NEGATIVE, C2D_REJECT, "Rejected" },
		{ ACK_FULL, C2D_COMPLETE, "Success" },
		{ ACK_FULL, C2D_REJECT, "Rejected" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *lock;

		clock_offset((int64_t)i * 20);
		send_one("m", rows[i].ack);
		lock = take("m");
		assert_int_equal(c2d_settle(c2d, &device, lock, rows[i].outcome), 1);
		assert_string_equal(hear("m"), rows[i].status);
		assert_int_equal(count_of(&device), 0);
	}
}

static void purges(void **state)
{
	int64_t count;

	(void)state;
	send_one("1", ACK_NONE);
	send_one("2", ACK_FULL);
	take("1");
	assert_int_equal(send_to(&other, "x", ACK_NONE, 0), C2D_SENT);
	assert_int_equal(c2d_purge(c2d, &device, &count), 1);
	assert_int_equal(count, 2);
	assert_int_equal(count_of(&device), 0);
	assert_int_equal(count_of(&other), 1);
	assert_string_equal(hear("2"), "Purged");
	assert_int_equal(c2d_purge(c2d, &device, &count), 1);
	assert_int_equal(count, 0);
}

/* A new device of the same name has nothing of the old one. */
static void ends_with_the_device(void **state)
{
	const char *lock;

	(void)state;
	send_one("1", ACK_FULL);
	send_one("2", ACK_FULL);
	lock = take("1");
	assert_int_equal(c2d_settle(c2d, &device, lock, C2D_COMPLETE), 1);
	assert_int_equal(store_delete(store, "dev1", ""), 1);
	assert_int_equal(count_of(&device), 0);
	make_device(&device, "dev1");
	take(NULL);
	assert_string_equal(hear("1"), "");
}

/* -- feedback ------------------------------------------------------------------------ */

/* Messages that are completed at once; what their sender hears waits. */
static void complete(int count)
{
	for (int i = 0; i < count; i++) {
		char id[20];

		snprintf(id, sizeof(id), "%d", i);
		send_one(id, ACK_FULL);
		assert_int_equal(c2d_settle(c2d, &device, take(id), C2D_COMPLETE), 1);
	}
}

static void feedback_says_all(void **state)
{
	struct feedback feedback = { 0 };
	struct json *array, *record;
	char now[TIME_TEXT];

	(void)state;
	complete(1);
	reopen();
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	array = json_parse(feedback.body, strlen(feedback.body), NULL);
	assert_int_equal(json_count(array), 1);
	record = json_first(array);
	assert_string_equal(json_get_text(record, "originalMessageId"), "0");
	assert_string_equal(json_get_text(record, "deviceId"), "dev1");
	assert_string_equal(json_get_text(record, "deviceGenerationId"),
			    device.generation);
	assert_string_equal(json_get_text(record, "statusCode"), "Success");
	assert_string_equal(json_get_text(record, "description"), "Success");
	clock_iso(now, clock_unix_ms());
	assert_true(strcmp(json_get_text(record, "enqueuedTimeUtc"), now) <= 0);
	assert_true(feedback.enqueued_ms <= clock_unix_ms());
	json_free(array);
	feedback_free(&feedback);
}

static void feedback_comes_in_batches(void **state)
{
	struct feedback feedback = { 0 };

	(void)state;
	complete(1);
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	complete(63);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
	complete(1); /* the 64th goes at once */
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	assert_int_equal(feedback.records, FEEDBACK_BATCH_MAX);
	complete(3);
	clock_offset(10);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
	clock_offset(16);
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	assert_int_equal(feedback.records, 3);
	feedback_free(&feedback);
}

static void feedback_is_locked_and_settled(void **state)
{
	struct feedback feedback = { 0 };
	char lock[LOCK_TEXT];

	(void)state;
	complete(2);
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	strcpy(lock, feedback.lock);
	clock_offset(30);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
	clock_offset(61);
	assert_int_equal(feedback_settle(c2d, lock, C2D_COMPLETE), 0);
	assert_int_equal(feedback_receive(c2d, &feedback), 1);
	assert_int_equal(feedback.records, 2);
	assert_int_equal(feedback_settle(c2d, feedback.lock, C2D_COMPLETE), 1);
	assert_int_equal(feedback_settle(c2d, feedback.lock, C2D_COMPLETE), 0);
	assert_int_equal(feedback_settle(c2d, "", C2D_COMPLETE), 0);
	clock_offset(200);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
}

static void feedback_is_given_up(void **state)
{
	struct feedback feedback = { 0 };

	(void)state;
	complete(1);
	for (int i = 0; i < 10; i++) {
		clock_offset(i * 16);
		assert_int_equal(feedback_receive(c2d, &feedback), 1);
		assert_int_equal(feedback_settle(c2d, feedback.lock, C2D_ABANDON), 1);
	}
	clock_offset(10 * 16);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
	complete(1);
	clock_offset(10 * 16 + 3601);
	assert_int_equal(feedback_receive(c2d, &feedback), 0);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(keeps_all_of_a_message),
		WITH_STORE(gives_them_in_order_to_their_device),
		WITH_STORE(holds_fifty),
		WITH_STORE(refuses_messages),
		WITH_STORE(names_acks),
		WITH_STORE(locks_for_a_minute),
		WITH_STORE(locks_survive),
		WITH_STORE(a_lock_of_the_future_is_none),
		WITH_STORE(a_lock_is_for_its_device),
		WITH_STORE(abandoned_it_comes_again),
		WITH_STORE(lost_locks_do_not_count),
		WITH_STORE(expires),
		WITH_STORE(does_not_expire_while_it_is_locked),
		WITH_STORE(tells_whom_it_should),
		WITH_STORE(purges),
		WITH_STORE(ends_with_the_device),
		WITH_STORE(feedback_says_all),
		WITH_STORE(feedback_comes_in_batches),
		WITH_STORE(feedback_is_locked_and_settled),
		WITH_STORE(feedback_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
