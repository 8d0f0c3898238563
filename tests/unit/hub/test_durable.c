/*
 * What was acknowledged is there after kill -9: a process writes events and messages and
 * says each time what is stored, until it is killed at some moment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "c2d.h"
#include "clock.h"
#include "events.h"
#include "scratch.h"

#define DEVICES 8
#define HISTORY 65536 /* tickets that are looked at, more than are queued at a time */

/* Shared with the process that is killed: what it was told that is stored. */
static struct {
	_Atomic int64_t events[DEVICES]; /* numbers up to it are, -1 none */
	_Atomic int64_t sent;            /* messages to the device up to it, from 1 */
	_Atomic int64_t done;            /* and completed up to it */
} * told;

/* -- the process that is killed ------------------------------------------------------ */

/* Which event had a ticket: written before it is stored, read after. */
struct queued {
	int device;
	int64_t number;
};

static struct queued history[HISTORY];
static uint64_t last_told;
static pthread_mutex_t history_lock = PTHREAD_MUTEX_INITIALIZER;

static void acknowledge(void *with, uint64_t ticket)
{
	(void)with;
	pthread_mutex_lock(&history_lock);
	for (; last_told < ticket; last_told++) {
		const struct queued *queued = &history[(last_told + 1) % HISTORY];

		told->events[queued->device] = queued->number;
	}
	pthread_mutex_unlock(&history_lock);
}

static void put_event(struct events *events, int device, int64_t number)
{
	char id[20], body[200];
	struct message message = { .texts = { [MESSAGE_DEVICE] = id }, .body = body };
	uint64_t ticket;
	int rc;

	snprintf(id, sizeof(id), "dev%d", device);
	message.body_len = (size_t)snprintf(body, sizeof(body), "%*lld",
					    20 + (int)(number % 150), (long long)number);
	/* the acknowledgement waits until the ticket is in the history */
	pthread_mutex_lock(&history_lock);
	while ((rc = events_put(events, &message, &ticket)) == 0) {
		pthread_mutex_unlock(&history_lock);
		events_flush(events);
		pthread_mutex_lock(&history_lock);
	}
	if (rc != 1)
		abort();
	history[ticket % HISTORY] = (struct queued){ device, number };
	pthread_mutex_unlock(&history_lock);
	if (ticket - events_stored(events) > HISTORY / 2)
		events_flush(events);
}

/* Sends a message, and completes the first that waits when there are enough. */
static void send_message(struct c2d *c2d, const struct device *device, int64_t number,
			 bool complete)
{
	struct c2d_delivery delivery = { 0 };
	char id[30];
	struct message message = { .texts = { [MESSAGE_ID] = id } };

	snprintf(id, sizeof(id), "%lld", (long long)number);
	if (c2d_send(c2d, device, &message, ACK_NONE, 0) != C2D_SENT)
		abort();
	told->sent = number;
	if (!complete)
		return;
	if (c2d_receive(c2d, device, &delivery) != 1 ||
	    c2d_settle(c2d, device, delivery.lock, C2D_COMPLETE) != 1)
		abort();
	told->done = atoll(delivery.message.texts[MESSAGE_ID]);
	c2d_delivery_free(&delivery);
}

static _Noreturn void write_until_killed(int64_t first_event, int64_t first_message)
{
	struct events_settings settings = { .stored = acknowledge };
	struct device device;
	char err[200];
	struct events *events = events_open(scratch_fd, &settings, err, sizeof(err));
	struct store *store = store_open(scratch_fd, err, sizeof(err));
	struct c2d *c2d = store ? c2d_open(store, err, sizeof(err)) : NULL;

	if (!events || !c2d || store_get(store, "dev", "", &device) != 1)
		abort();
	for (int64_t i = 0;; i++) {
		for (int device_number = 0; device_number < DEVICES; device_number++)
			put_event(events, device_number, first_event + i);
		if (i % 16 == 0)
			send_message(c2d, &device, first_message + i / 16, i / 16 > 20);
	}
}

/* -- and who looks afterwards -------------------------------------------------------- */

struct seen {
	int64_t last[DEVICES];
	int64_t count;
};

/* Each device's events are in order and without a gap, from the beginning. */
static void read_partition(struct events *events, unsigned partition, struct seen *seen)
{
	struct cursor *cursor = cursor_open(events, partition, 0);
	struct event event;
	int64_t sequence = 0;
	int rc;

	while ((rc = cursor_next(cursor, &event)) == 1) {
		int device = atoi(event.message.texts[MESSAGE_DEVICE] + 3);
		char body[201] = "";

		memcpy(body, event.message.body, event.message.body_len);
		assert_int_equal(event.sequence, sequence++);
		assert_int_equal(
			events_partition_of(events, event.message.texts[MESSAGE_DEVICE]),
			partition);
		/* numbers go on behind what the process before may have stored unseen */
		assert_int_equal(atoll(body), seen->last[device] + 1);
		seen->last[device]++;
		seen->count++;
	}
	assert_int_equal(rc, 0);
	cursor_close(cursor);
}

/* The number with which all devices can go on. */
static int64_t check_events(void)
{
	struct events_settings settings = { 0 };
	struct seen seen = { 0 };
	char err[200];
	struct events *events = events_open(scratch_fd, &settings, err, sizeof(err));
	int64_t most = -1;

	assert_non_null(events);
	for (int i = 0; i < DEVICES; i++)
		seen.last[i] = -1;
	for (unsigned i = 0; i < events_partitions(events); i++)
		read_partition(events, i, &seen);
	for (int i = 0; i < DEVICES; i++) {
		assert_true(seen.last[i] >= told->events[i]);
		if (seen.last[i] > most)
			most = seen.last[i];
	}
	/* those that were cut short get what they miss */
	for (int i = 0; i < DEVICES; i++)
		while (seen.last[i] < most)
			put_event(events, i, ++seen.last[i]);
	events_close(events);
	return most + 1;
}

/* What was sent and not completed is there, once, in order; then all of it is taken. */
static int64_t check_messages(void)
{
	struct c2d_delivery delivery = { 0 };
	struct device device;
	char err[200];
	struct store *store = store_open(scratch_fd, err, sizeof(err));
	struct c2d *c2d = c2d_open(store, err, sizeof(err));
	int64_t next = told->done + 1, sent = told->sent;

	assert_int_equal(store_get(store, "dev", "", &device), 1);
	clock_offset(61); /* one may be locked */
	while (c2d_receive(c2d, &device, &delivery) == 1) {
		int64_t number = atoll(delivery.message.texts[MESSAGE_ID]);

		/* a completion that was not told any more may have worked */
		if (next == told->done + 1 && number == next + 1)
			next++;
		assert_int_equal(number, next++);
		assert_int_equal(c2d_settle(c2d, &device, delivery.lock, C2D_COMPLETE),
				 1);
	}
	clock_offset(0);
	assert_in_range(next - 1, sent, sent + 1);
	c2d_delivery_free(&delivery);
	c2d_close(c2d);
	device_free(&device);
	store_close(store);
	told->done = told->sent = next - 1;
	return next;
}

static int set_up(void **state)
{
	char err[200];
	struct store *store;
	struct device device;

	(void)state;
	scratch_make();
	store = store_open(scratch_fd, err, sizeof(err));
	assert_true(device_init(&device, "dev", "", clock_unix_ms()));
	assert_int_equal(store_insert(store, &device), 1);
	store_close(store);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(told != MAP_FAILED);
	for (int i = 0; i < DEVICES; i++)
		told->events[i] = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	munmap(told, sizeof(*told));
	scratch_remove();
	return 0;
}

static void survives_kill(void **state)
{
	int64_t first_event = 0, first_message = 1;
	unsigned seed = (unsigned)time(NULL);
	int rounds = getenv("STMIOT_LONG") ? 100 : 20;

	(void)state;
	print_message("seed %u\n", seed);
	for (int round = 0; round < rounds; round++) {
		struct timespec moment = { 0, 5000000 + rand_r(&seed) % 60 * 1000000 };
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0)
			write_until_killed(first_event, first_message);
		nanosleep(&moment, NULL);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		first_event = check_events();
		first_message = check_messages();
	}
	print_message("%lld events of each device, %lld messages\n",
		      (long long)first_event, (long long)first_message - 1);
	assert_true(first_event > rounds && first_message > rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(survives_kill, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
