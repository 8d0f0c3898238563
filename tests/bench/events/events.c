/*
 * How many events of 200 bytes a second the hub's event stream takes and gives, alone:
 * without a network, in a folder of its own. Devices wait for the acknowledgement of one
 * before they send the next, as at QoS 1; the last row does not wait.
 *
 *	events FOLDER [COUNT]
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "events.h"

#define DEVICES_MAX 1000

static struct events *events;
static char ids[DEVICES_MAX][20];

struct stopwatch {
	double wall_s, cpu_s;
};

static struct stopwatch now(void)
{
	struct timespec wall, cpu;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (struct stopwatch){ (double)wall.tv_sec + (double)wall.tv_nsec / 1e9,
				   (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9 };
}

static void show(const char *what, long count, struct stopwatch since)
{
	struct stopwatch until = now();

	printf("%-36s %9.0f events/s  %5.2f us CPU an event\n", what,
	       (double)count / (until.wall_s - since.wall_s),
	       (until.cpu_s - since.cpu_s) * 1e6 / (double)count);
	fflush(stdout);
}

static uint64_t put(int device)
{
	static const struct message_property property = { "temperatureAlert", "false" };
	static char body[200];
	struct message message = {
		.texts = { [MESSAGE_DEVICE] = ids[device],
			   [MESSAGE_AUTH_METHOD] =
				   "{\"scope\":\"device\",\"type\":\"sas\",\"issuer\":"
				   "\"iothub\",\"acceptingIpFilterRule\":null}",
			   [MESSAGE_GENERATION] = "638679345678901234",
			   [MESSAGE_SOURCE] = "Telemetry",
			   [MESSAGE_CONTENT_TYPE] = "application/json",
			   [MESSAGE_CONTENT_ENCODING] = "utf-8" },
		.properties = &property,
		.property_count = 1,
		.body = memset(body, 'x', sizeof(body)),
		.body_len = sizeof(body),
	};
	uint64_t ticket;
	int rc;

	while ((rc = events_put(events, &message, &ticket)) == 0)
		events_flush(events);
	if (rc < 0)
		exit(1);
	return ticket;
}

/* Each device has one event on its way: the next follows when that is stored. */
static void write_one_each(int devices, long count)
{
	struct stopwatch since = now();
	char what[60];
	uint64_t last = 0;

	for (long i = 0; i < count; i += devices) {
		for (int device = 0; device < devices; device++)
			last = put(device);
		while (events_stored(events) < last)
			events_flush(events);
	}
	snprintf(what, sizeof(what), "stored, %d device%s, one each", devices,
		 devices > 1 ? "s" : "");
	show(what, count, since);
}

static void write_all(long count)
{
	struct stopwatch since = now();

	for (long i = 0; i < count; i++)
		put((int)(i % DEVICES_MAX));
	events_flush(events);
	show("stored, as many as it takes", count, since);
}

static void read_all(void)
{
	struct stopwatch since = now();
	struct event event;
	long count = 0;

	for (unsigned i = 0; i < events_partitions(events); i++) {
		struct cursor *cursor = cursor_open(events, i, 0);

		while (cursor_next(cursor, &event) == 1)
			count++;
		cursor_close(cursor);
	}
	show("read", count, since);
}

int main(int argc, char **argv)
{
	struct events_settings settings = { 0 };
	int dirfd = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	long count = argc > 2 ? atol(argv[2]) : 300000;
	char err[200] = "usage: events FOLDER [COUNT]";
	struct rusage usage;

	if (dirfd >= 0)
		events = events_open(dirfd, &settings, err, sizeof(err));
	if (!events) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	for (int i = 0; i < DEVICES_MAX; i++)
		snprintf(ids[i], sizeof(ids[i]), "device-%04d", i);
	write_one_each(1, count / 30);
	write_one_each(100, count);
	write_one_each(1000, count);
	write_all(count);
	read_all();
	getrusage(RUSAGE_SELF, &usage);
	printf("%-36s %9ld KiB\n", "memory at most", usage.ru_maxrss);
	events_close(events);
	close(dirfd);
	return 0;
}
