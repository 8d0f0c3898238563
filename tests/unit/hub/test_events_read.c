/* The event stream: readers begin where they want, at what was not yet deleted. */
#include <time.h>

#include "event_stream.h"

/* -- reading ------------------------------------------------------------------------- */

static void reads_segments_of_any_size(void **state)
{
	unsigned partition = events_partition_of(events, "d");

	(void)state;
	put_numbers("d", 40, 1);
	expect_numbers(partition, 0, 0, 40);
	expect_numbers(partition, 17, 17, 23);
	/* many in one segment, and more than one segment of them */
	put_numbers("d", 3000, 3000);
	expect_numbers(partition, 40, 0, 3000);
	expect_numbers(partition, 40 + 2999, 2999, 1);
	expect_numbers(partition, 40 + 3000, 0, 0);
}

static void follows_what_comes(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct cursor *cursor = cursor_open(events, partition, 0);
	struct event event;

	(void)state;
	for (int i = 0; i < 20; i++) {
		char body[20];

		assert_int_equal(cursor_next(cursor, &event), 0);
		snprintf(body, sizeof(body), "%d", i);
		put("d", body);
		events_flush(events);
		assert_int_equal(cursor_next(cursor, &event), 1);
		assert_int_equal(body_number(&event), i);
	}
	cursor_close(cursor);
}

static int64_t seek(unsigned partition, struct position position)
{
	int64_t next = -2;
	int rc = events_seek(events, partition, &position, &next);

	return rc == 1 ? next : rc == 0 ? -100 : -200;
}

static void begins_where_it_is_wanted(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct cursor *cursor;
	struct event all[30];

	(void)state;
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 0, true, 0 }), 0);
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 1, true, 0 }), 0);
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 0, 0, -1 }), 0);
	assert_int_equal(seek(partition, (struct position){ BY_SEQUENCE, 0, 0, -1 }), 0);
	assert_int_equal(seek(partition, (struct position){ BY_SEQUENCE, 0, 0, 0 }),
			 -100);
	assert_int_equal(seek(partition, (struct position){ BY_TIME, 0, 0, 0 }), 0);
	put_numbers("d", 30, 7);
	cursor = cursor_open(events, partition, 0);
	for (int i = 0; i < 30; i++)
		assert_int_equal(cursor_next(cursor, &all[i]), 1);
	cursor_close(cursor);
	for (int i = 0; i < 30; i++) {
		struct position at = { BY_OFFSET, false, false, all[i].offset };

		assert_int_equal(seek(partition, at), i + 1);
		at.inclusive = true;
		assert_int_equal(seek(partition, at), i);
		at.value++; /* no event has it */
		assert_int_equal(seek(partition, at), i < 29 ? i + 1 : -100);
		at = (struct position){ BY_SEQUENCE, false, false, i };
		assert_int_equal(seek(partition, at), i + 1);
		at.inclusive = true;
		assert_int_equal(seek(partition, at), i);
	}
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 0, 0, -1 }), 0);
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 0, true, 0 }), 30);
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 1, true, 0 }), 29);
	assert_int_equal(seek(partition, (struct position){ BY_SEQUENCE, 1, 0, 30 }),
			 -100);
}

/* Some events at each of these times, which a hub's clock gives. */
static void begins_at_a_time(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	int64_t first_ms[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		clock_offset(i * 3600);
		first_ms[i] = clock_unix_ms();
		put_numbers("d", 10, i % 2 ? 1 : 10);
	}
	for (int i = 0; i < 4; i++) {
		struct position at = { BY_TIME, true, false, first_ms[i] };

		assert_int_equal(seek(partition, at), i * 10);
		at.value += 1800000;
		assert_int_equal(seek(partition, at), i * 10 + 10);
	}
	{
		int64_t last_ms = events_info(events, partition).last_ms;
		struct position at = { BY_TIME, false, false, last_ms };

		assert_int_equal(seek(partition, at), 40);
		at.inclusive = true;
		assert_in_range(seek(partition, at), 30, 39);
	}
}

static void time_never_goes_back(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	int64_t before_ms;

	(void)state;
	clock_offset(7200);
	put_numbers("d", 1, 1);
	before_ms = events_info(events, partition).last_ms;
	clock_offset(0);
	put("d", "1");
	events_flush(events);
	assert_int_equal(events_info(events, partition).last_ms, before_ms);
	reopen();
	put("d", "2");
	events_flush(events);
	assert_int_equal(events_info(events, partition).last_ms, before_ms);
	expect_numbers(partition, 0, 0, 3);
}

/* -- retention ----------------------------------------------------------------------- */

/* It is deleted in the background, within a second: waits for a begin. */
static void wait_for_begin(unsigned partition, int64_t begin)
{
	static const struct timespec moment = { 0, 20000000 };

	for (int i = 0; i < 1500 && events_info(events, partition).begin != begin; i++)
		nanosleep(&moment, NULL);
	assert_int_equal(events_info(events, partition).begin, begin);
}

static void deletes_what_is_too_old(void **state)
{
	unsigned partition = events_partition_of(events, "d");
	struct partition_info info;

	(void)state;
	put_numbers("d", 600, 1); /* more segments than one commit deletes */
	clock_offset(80000);
	put_numbers("d", 10, 5);
	clock_offset(86400 + 60);
	wait_for_begin(partition, 600);
	expect_numbers(partition, 0, 0, 10); /* what is gone is left out */
	assert_int_equal(seek(partition, (struct position){ BY_OFFSET, 0, 0, -1 }), 600);
	assert_int_equal(seek(partition, (struct position){ BY_SEQUENCE, 0, 0, 3 }), 600);
	assert_int_equal(seek(partition, (struct position){ BY_TIME, 0, 0, 0 }), 600);
	reopen();
	assert_int_equal(events_info(events, partition).begin, 600);
	clock_offset(80000 + 86400 + 60);
	wait_for_begin(partition, 610);
	info = events_info(events, partition);
	assert_true(info.empty);
	assert_int_equal(info.last, 609);
	reopen();
	assert_true(events_info(events, partition).empty);
	put("d", "610");
	events_flush(events);
	assert_int_equal(events_info(events, partition).last, 610);
	assert_true(events_info(events, partition).last_offset > info.last_offset);
	expect_numbers(partition, 0, 610, 1);
}

static void keeps_as_long_as_it_is_told(void **state)
{
	unsigned partition = events_partition_of(events, "d");

	(void)state;
	settings.retention_ms = 7 * EVENTS_RETENTION_MS;
	reopen();
	put_numbers("d", 3, 3);
	clock_offset(6 * 86400);
	put_numbers("d", 3, 3);
	clock_offset(7 * 86400 + 60);
	wait_for_begin(partition, 3);
	expect_numbers(partition, 0, 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EVENTS(reads_segments_of_any_size),
		WITH_EVENTS(follows_what_comes),
		WITH_EVENTS(begins_where_it_is_wanted),
		WITH_EVENTS(begins_at_a_time),
		WITH_EVENTS(time_never_goes_back),
		WITH_EVENTS(deletes_what_is_too_old),
		WITH_EVENTS(keeps_as_long_as_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
