/* The event stream: what goes in is stored whole, in order, or not at all. */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "event_stream.h"
#include "db.h"

/* -- what is in an event ------------------------------------------------------------- */

static void keeps_all_of_an_event(void **state)
{
	static const struct message_property properties[] = {
		{ "a", "1" }, { "empty", "" }, { "alone", NULL }, { "a", "again" }
	};
	static const char body[] = { 'x', '\0', '\xff', '\n' };
	struct message message = { .properties = properties,
				   .property_count = 4,
				   .body = body,
				   .body_len = sizeof(body) };
	struct event event;
	struct cursor *cursor;
	uint64_t ticket;
	unsigned partition;

	(void)state;
	for (int i = 0; i < MESSAGE_TEXTS; i += 2)
		message.texts[i] = i == 2 ? "" : "some text";
	assert_int_equal(events_put(events, &message, &ticket), 1);
	partition = events_partition_of(events, "some text");
	reopen();
	cursor = cursor_open(events, partition, 0);
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(event.partition, partition);
	assert_int_equal(event.sequence, 0);
	assert_int_equal(event.offset, 0);
	for (int i = 0; i < MESSAGE_TEXTS; i++)
		if (message.texts[i])
			assert_string_equal(event.message.texts[i], message.texts[i]);
		else
			assert_null(event.message.texts[i]);
	assert_int_equal(event.message.property_count, 4);
	for (int i = 0; i < 4; i++) {
		const char *value = event.message.properties[i].value;

		assert_string_equal(event.message.properties[i].name, properties[i].name);
		assert_int_equal(value == NULL, properties[i].value == NULL);
		if (value)
			assert_string_equal(value, properties[i].value);
	}
	assert_int_equal(event.message.body_len, sizeof(body));
	assert_memory_equal(event.message.body, body, sizeof(body));
	assert_null(event.encoded);
	cursor_close(cursor);
}

static void encode(struct text *to, const struct event *event)
{
	text_add(to, "<%" PRId64 " %" PRId64 " %.*s>", event->sequence, event->offset,
		 (int)event->message.body_len, (const char *)event->message.body);
}

static void keeps_what_was_encoded(void **state)
{
	struct cursor *cursor;
	struct event event;
	char wanted[60];

	(void)state;
	settings.encode = encode;
	reopen();
	put("dev", "one");
	put("dev", "two");
	events_flush(events);
	cursor = cursor_open(events, events_partition_of(events, "dev"), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cursor_next(cursor, &event), 1);
		snprintf(wanted, sizeof(wanted), "<%d %" PRId64 " %s>", i, event.offset,
			 i == 0 ? "one" : "two");
		assert_int_equal(event.encoded_len, strlen(wanted));
		assert_memory_equal(event.encoded, wanted, strlen(wanted));
		assert_int_equal(event.message.body_len, 3);
	}
	cursor_close(cursor);
}

static void refuses_what_is_too_long(void **state)
{
	char *body = calloc(1, MESSAGE_D2C_MAX);
	struct message message = {
		.texts = { [MESSAGE_DEVICE] = "d", [MESSAGE_ID] = "i" },
		.body = body,
		.body_len = MESSAGE_D2C_MAX
	};
	struct cursor *cursor;
	struct event event;
	uint64_t ticket;

	(void)state;
	assert_int_equal(events_put(events, &message, &ticket), -1);
	message.body_len--; /* the message's id counts, what the hub adds does not */
	assert_int_equal(events_put(events, &message, &ticket), 1);
	put("d", "after");
	events_flush(events);
	cursor = cursor_open(events, events_partition_of(events, "d"), 0);
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(event.message.body_len, MESSAGE_D2C_MAX - 1);
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(event.message.body_len, 5);
	cursor_close(cursor);
	free(body);
}

/* -- partitions ---------------------------------------------------------------------- */

static void spreads_devices(void **state)
{
	int counts[EVENTS_PARTITIONS] = { 0 };

	(void)state;
	assert_int_equal(events_partitions(events), EVENTS_PARTITIONS);
	for (int i = 0; i < 1000; i++) {
		char id[20];

		snprintf(id, sizeof(id), "device-%d", i);
		counts[events_partition_of(events, id)]++;
	}
	for (int i = 0; i < EVENTS_PARTITIONS; i++)
		assert_in_range(counts[i], 150, 350);
	/* for good: what is in the files depends on it */
	assert_int_equal(events_partition_of(events, "dev1"), 3);
	assert_int_equal(events_partition_of(events, "a"), 0);
}

static void partitions_stay_as_they_were(void **state)
{
	(void)state;
	settings.partitions = 2;
	reopen();
	assert_int_equal(events_partitions(events), EVENTS_PARTITIONS);
}

static void counts_on_after_a_restart(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct partition_info info, before;

	(void)state;
	put_numbers("d", 10, 3);
	before = events_info(events, partition);
	reopen();
	info = events_info(events, partition);
	assert_int_equal(info.begin, before.begin);
	assert_int_equal(info.last, before.last);
	assert_int_equal(info.last_offset, before.last_offset);
	assert_int_equal(info.last_ms, before.last_ms);
	assert_false(info.empty);
	put("d", "10");
	events_flush(events);
	assert_int_equal(events_info(events, partition).last, 10);
	expect_numbers(partition, 0, 0, 11);
}

static void tells_about_a_partition(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct partition_info info = events_info(events, partition);
	struct cursor *cursor;
	struct event event;

	(void)state;
	assert_true(info.empty);
	assert_int_equal(info.begin, 0);
	assert_int_equal(info.last, -1);
	assert_int_equal(info.last_offset, -1);
	assert_true(info.last_ms == TIME_NONE);
	put_numbers("d", 5, 5);
	info = events_info(events, partition);
	assert_false(info.empty);
	assert_int_equal(info.begin, 0);
	assert_int_equal(info.last, 4);
	cursor = cursor_open(events, partition, 4);
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(event.offset, info.last_offset);
	assert_int_equal(event.enqueued_ms, info.last_ms);
	cursor_close(cursor);
	assert_true(events_info(events, (partition + 1) % EVENTS_PARTITIONS).empty);
}

/* -- tickets ------------------------------------------------------------------------- */

static void is_told_what_is_stored(void *with, uint64_t ticket)
{
	atomic_store((_Atomic uint64_t *)with, ticket);
}

static void tells_when_events_are_stored(void **state)
{
	static _Atomic uint64_t told;
	uint64_t last = 0;

	(void)state;
	settings.stored = is_told_what_is_stored;
	settings.with = &told;
	reopen();
	for (int i = 0; i < 500; i++) {
		uint64_t ticket = put(i % 2 ? "a" : "b", "x");

		assert_true(ticket > last);
		last = ticket;
	}
	events_flush(events);
	assert_int_equal(events_stored(events), last);
	events_close(events);
	assert_int_equal(atomic_load(&told), last);
	open_events();
}

/* -- when it goes wrong -------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Nothing is said to be stored, or shown, until there is room on the disk again. */
static void a_full_disk_stores_nothing(void **state)
{
	static const struct timespec moment = { 0, 300000000 };
	unsigned partition = events_partition_of(events, "d");
	uint64_t stored = events_stored(events), ticket;
	static char body[20000];
	struct message message = { .texts = { [MESSAGE_DEVICE] = "d" },
				   .body = body,
				   .body_len = sizeof(body) };
	int count = 0, rc;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	limit_files(4096);
	while ((rc = events_put(events, &message, &ticket)) == 1) {
		count++;
		if (count == 5)
			nanosleep(&moment, NULL);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(events_stored(events), stored);
	assert_true(events_info(events, partition).empty);
	limit_files(RLIM_INFINITY);
	events_flush(events);
	assert_int_equal(events_stored(events), ticket);
	assert_int_equal(events_info(events, partition).last, count - 1);
	put_numbers("d", 3, 1);
	expect_numbers(partition, count, 0, 3);
}

static void damage(const char *sql)
{
	char err[200];
	struct db *db = db_open(scratch_fd, "events.db", DB_WRITER, err, sizeof(err));

	assert_non_null(db);
	assert_int_equal(db_exec(db, sql), 1);
	db_close(db);
}

static void tells_of_damage(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct cursor *cursor;
	struct event event;
	char err[200];

	(void)state;
	put_numbers("d", 3, 1);
	events_close(events);
	damage("UPDATE segments SET bytes = substr(bytes, 1, 20) WHERE (row & 65535) = "
	       "1");
	open_events();
	cursor = cursor_open(events, partition, 0);
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(cursor_next(cursor, &event), -1);
	cursor_close(cursor);
	events_close(events);
	damage("UPDATE segments SET bytes = substr(bytes, 1, 20)");
	assert_null(events_open(scratch_fd, &settings, err, sizeof(err)));
	assert_non_null(strstr(err, "its end is damaged"));
	damage("UPDATE stream SET partitions = 0");
	assert_null(events_open(scratch_fd, &settings, err, sizeof(err)));
	assert_non_null(strstr(err, "1 to 32 partitions"));
	damage("DELETE FROM segments; UPDATE stream SET partitions = 4");
	open_events();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EVENTS(keeps_all_of_an_event),
		WITH_EVENTS(keeps_what_was_encoded),
		WITH_EVENTS(refuses_what_is_too_long),
		WITH_EVENTS(spreads_devices),
		WITH_EVENTS(partitions_stay_as_they_were),
		WITH_EVENTS(counts_on_after_a_restart),
		WITH_EVENTS(tells_about_a_partition),
		WITH_EVENTS(tells_when_events_are_stored),
		WITH_EVENTS(a_full_disk_stores_nothing),
		WITH_EVENTS(tells_of_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
