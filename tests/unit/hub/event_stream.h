/* A stream of events in a folder of its own, which each test begins anew. */
#ifndef EVENT_STREAM_H
#define EVENT_STREAM_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock.h"
#include "events.h"
#include "scratch.h"

static struct events_settings settings;
static struct events *events;

static inline void open_events(void)
{
	char err[200];

	events = events_open(scratch_fd, &settings, err, sizeof(err));
	assert_non_null(events);
}

static inline int set_up(void **state)
{
	(void)state;
	settings = (struct events_settings){ 0 };
	scratch_make();
	open_events();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	events_close(events);
	clock_offset(0);
	scratch_remove();
	return 0;
}

static inline void reopen(void)
{
	events_close(events);
	open_events();
}

static inline uint64_t put(const char *device, const char *body)
{
	struct message message = { .texts = { [MESSAGE_DEVICE] = device },
				   .body = body,
				   .body_len = strlen(body) };
	uint64_t ticket = 0;

	assert_int_equal(events_put(events, &message, &ticket), 1);
	return ticket;
}

/* `count` events with their number as body, flushed each `together`. */
static inline void put_numbers(const char *device, int count, int together)
{
	for (int i = 0; i < count; i++) {
		char body[20];

		snprintf(body, sizeof(body), "%d", i);
		put(device, body);
		if (i % together == together - 1)
			events_flush(events);
	}
	events_flush(events);
}

static inline int body_number(const struct event *event)
{
	char body[20] = "";

	assert_true(event->message.body_len < sizeof(body));
	memcpy(body, event->message.body, event->message.body_len);
	return atoi(body);
}

/* All events of a partition have these numbers. */
static inline void expect_numbers(unsigned partition, int64_t from, int first, int count)
{
	struct cursor *cursor = cursor_open(events, partition, from);
	struct event event, before = { 0 };

	for (int i = 0; i < count; i++) {
		assert_int_equal(cursor_next(cursor, &event), 1);
		assert_int_equal(body_number(&event), first + i);
		if (i > 0) {
			assert_int_equal(event.sequence, before.sequence + 1);
			assert_true(event.offset > before.offset);
			assert_true(event.enqueued_ms >= before.enqueued_ms);
		}
		before = event;
	}
	assert_int_equal(cursor_next(cursor, &event), 0);
	cursor_close(cursor);
}

#define WITH_EVENTS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
