/* Who is connected, and the lock under which that is known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_presence.h"

static struct presences all;

/* What somebody was told last. */
static struct {
	int changes;
	int actives;
	char device[ID_MAX + 1];
} seen;

static void take(void *with, const struct presence *presence, bool changed)
{
	assert_ptr_equal(with, &all);
	seen.changes += changed;
	seen.actives += !changed;
	snprintf(seen.device, sizeof(seen.device), "%s", presence->device);
}

static int set_up(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	memset(&seen, 0, sizeof(seen));
	all.seen = take;
	all.with = &all;
	return 0;
}

static void lets_the_newer_one_win(void **state)
{
	struct fake older, newer;

	(void)state;
	come(&all, &older, "d1", "", true);
	assert_ptr_equal(presence_find(&all, "d1", ""), &older.presence);
	assert_int_equal(seen.changes, 1);
	come(&all, &newer, "d1", "", true);
	assert_ptr_equal(presence_find(&all, "d1", ""), &newer.presence);
	assert_non_null(strstr(older.closed, "400027"));
	assert_null(newer.closed);
	assert_int_equal(all.count, 1);
	assert_int_equal(seen.changes, 3); /* one went and one came */
	/* its end must not be the other's */
	go(&all, &older);
	assert_ptr_equal(presence_find(&all, "d1", ""), &newer.presence);
	assert_int_equal(seen.changes, 3);
	go(&all, &newer);
	assert_null(presence_find(&all, "d1", ""));
	assert_int_equal(all.count, 0);
	assert_int_equal(all.devices, 0);
	assert_int_equal(seen.changes, 4);
}

static void tells_devices_and_modules_apart(void **state)
{
	struct fake device, one, two, other, upper;

	(void)state;
	come(&all, &one, "d1", "m1", true);
	assert_null(presence_find(&all, "d1", ""));
	assert_ptr_equal(presence_find(&all, "d1", NULL), &one.presence);
	come(&all, &device, "d1", "", true);
	come(&all, &two, "d1", "m2", true);
	come(&all, &other, "d2", "m1", true);
	come(&all, &upper, "D1", "", true);
	assert_int_equal(all.count, 5);
	assert_int_equal(all.devices, 2);
	assert_ptr_equal(presence_find(&all, "d1", ""), &device.presence);
	assert_ptr_equal(presence_find(&all, "d1", "m2"), &two.presence);
	assert_null(presence_find(&all, "d1", "m3"));
	presence_close(&all, "d1", "m1", "one");
	assert_string_equal(one.closed, "one");
	assert_null(device.closed);
	presence_close(&all, "d1", NULL, "all");
	assert_string_equal(device.closed, "all");
	assert_string_equal(two.closed, "all");
	assert_string_equal(one.closed, "one"); /* not twice */
	assert_null(other.closed);
	assert_null(upper.closed);
	assert_int_equal(all.count, 2);
	go(&all, &other);
	go(&all, &upper);
}

static void holds_more_than_it_has_buckets(void **state)
{
	static struct fake many[3 * PRESENCE_BUCKETS];
	const size_t count = sizeof(many) / sizeof(many[0]);
	char id[20];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "device-%zu", i);
		come(&all, &many[i], id, "", true);
	}
	assert_int_equal(all.count, count);
	for (size_t i = 0; i < count; i += 2)
		go(&all, &many[i]);
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "device-%zu", i);
		assert_ptr_equal(presence_find(&all, id, ""),
				 i % 2 ? &many[i].presence : NULL);
	}
	for (size_t i = 1; i < count; i += 2)
		go(&all, &many[i]);
	assert_int_equal(all.count, 0);
}

static void hears_of_activity_now_and_then(void **state)
{
	const int64_t noon = 1000000000000;
	struct fake fake;

	(void)state;
	come(&all, &fake, "d1", "", true);
	for (int s = 0; s < 120; s++)
		presence_active(&all, &fake.presence, noon + s * 1000);
	assert_int_equal(seen.actives, 2);
	assert_string_equal(seen.device, "d1");
	presence_active(&all, &fake.presence, noon - 3600000); /* put back */
	assert_int_equal(seen.actives, 3);
	go(&all, &fake);
}

/* -- the lock ------------------------------------------------------------------------ */

enum { ASKERS = 8 };

static struct lock lock = LOCK_FREE;
static int order[ASKERS];
static int given;

static void *ask_once(void *number)
{
	lock_take(&lock);
	order[given++] = *(int *)number;
	lock_give(&lock);
	return NULL;
}

static unsigned long asked(void)
{
	unsigned long count;

	pthread_mutex_lock(&lock.mutex);
	count = lock.next;
	pthread_mutex_unlock(&lock.mutex);
	return count;
}

static void is_given_in_order(void **state)
{
	pthread_t threads[ASKERS];
	int numbers[ASKERS];

	(void)state;
	lock_take(&lock);
	for (int i = 0; i < ASKERS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, ask_once, &numbers[i]);
		while (asked() != (unsigned long)i + 2)
			usleep(100);
	}
	assert_int_equal(given, 0);
	lock_give(&lock);
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(order[i], i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lets_the_newer_one_win, set_up),
		cmocka_unit_test_setup(tells_devices_and_modules_apart, set_up),
		cmocka_unit_test_setup(holds_more_than_it_has_buckets, set_up),
		cmocka_unit_test_setup(hears_of_activity_now_and_then, set_up),
		cmocka_unit_test(is_given_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
