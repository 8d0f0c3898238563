/*
 * A load of MQTT 3.1.1 over TLS 1.2: many devices, one thread, events at QoS 1 with a window
 * of unacknowledged ones on each connection. Prints a line of JSON when all are connected,
 * one when all events are acknowledged and, with --hold, one at the end; fails when one is not.
 *
 * Event K of device ID begins with the words "ID K"; --acked FILE gets a line of them for
 * each that was acknowledged.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "sas.h"

enum {
	SHAKING_MAX = 32,
	EVENTS = 256,
	SILENCE_MS = 30000,
	BODY_MAX = 262144,
	TEXT = 512
};
enum state { IDLE, CONNECTING, SUBSCRIBING, READY, LOST };

struct settings {
	const char *host, *ca, *devices, *user, *password, *bag, *acked;
	unsigned long port, connections, messages, bytes, window;
	int c2d, hold;
};

struct device {
	struct client client;
	enum state state;
	bool writing; /* epoll tells when it can */
	char id[129];
	char key[129];
	unsigned long share, sent, acked; /* events */
	uint64_t *sent_us;      /* of those in flight, by number modulo window */
	unsigned long received; /* messages from the cloud */
};

static struct settings settings = {
	.host = "stmiot-local.azure-devices.net",
	.bag = "",
	.connections = 1,
	.window = 1,
	.bytes = 200,
};
static struct device *devices;
static unsigned long states[LOST + 1]; /* how many are in each */
static unsigned long total_acked;
static uint32_t *latency_us;
static FILE *acked_file;
static SSL_CTX *tls;
static int epoll;
static char body[BODY_MAX];

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static _Noreturn void give_up(const char *what, const char *why)
{
	fprintf(stderr, "mqtt: %s: %s\n", what, why);
	exit(2);
}

static void enter(struct device *d, enum state state)
{
	states[d->state]--;
	d->state = state;
	states[state]++;
}

/* -- a device ------------------------------------------------------------------------ */

static void lose(struct device *d)
{
	if (states[LOST] < 3)
		fprintf(stderr, "mqtt: %s: %s\n", d->id, d->client.lost);
	client_close(&d->client);
	enter(d, LOST);
}

static void watch(struct device *d, int how, bool writing)
{
	struct epoll_event event = { .events = EPOLLIN | (writing ? EPOLLOUT : 0) };

	event.data.ptr = d;
	if (epoll_ctl(epoll, how, d->client.fd, &event) < 0)
		give_up("epoll", strerror(errno));
	d->writing = writing;
}

static void flush(struct device *d)
{
	bool writing = client_write(&d->client);

	if (d->client.lost)
		lose(d);
	else if (writing != d->writing)
		watch(d, EPOLL_CTL_MOD, writing);
}

static void start(struct device *d)
{
	char user[TEXT], password[TEXT];

	enter(d, CONNECTING);
	if (!client_open(&d->client, tls, (unsigned)settings.port, settings.host)) {
		lose(d);
		return;
	}
	if (settings.user) {
		snprintf(user, sizeof(user), "%s", settings.user);
		snprintf(password, sizeof(password), "%s", settings.password);
	} else {
		snprintf(user, sizeof(user), "%s/%s/?api-version=2021-04-12",
			 settings.host, d->id);
		sas_of_device(password, sizeof(password), settings.host, d->id, d->key);
	}
	client_connect(&d->client, d->id, user, password);
	watch(d, EPOLL_CTL_ADD, false);
	flush(d);
}

static void connected(struct device *d, const struct packet *p)
{
	char topic[TEXT];

	if (p->len != 2 || p->body[1] != 0) {
		d->client.lost = "refused by the server";
		return;
	}
	enter(d, settings.c2d ? SUBSCRIBING : READY);
	if (settings.c2d) {
		snprintf(topic, sizeof(topic), "devices/%s/messages/devicebound/#",
			 d->id);
		client_subscribe(&d->client, 1, topic);
	}
}

/* Acknowledgements come in the order of what they acknowledge (4.6). */
static void acknowledged(struct device *d, const struct packet *p)
{
	if (p->len != 2 || d->acked == d->sent ||
	    (unsigned)(p->body[0] << 8 | p->body[1]) != d->acked % 65535 + 1) {
		d->client.lost = "an acknowledgement out of turn";
		return;
	}
	latency_us[total_acked++] =
		(uint32_t)(now_us() - d->sent_us[d->acked % settings.window]);
	if (acked_file)
		fprintf(acked_file, "%s %lu\n", d->id, d->acked);
	d->acked++;
}

static void received(struct device *d, const struct packet *p)
{
	size_t topic = p->len >= 2 ? (size_t)(p->body[0] << 8 | p->body[1]) : 0;

	if (topic + 4 > p->len) {
		d->client.lost = "a message that is none";
		return;
	}
	d->received++;
	if (p->qos)
		client_puback(&d->client,
			      (uint16_t)(p->body[topic + 2] << 8 | p->body[topic + 3]));
}

static void take(struct device *d, const struct packet *p)
{
	if (d->state == CONNECTING && p->type == CONNACK)
		connected(d, p);
	else if (d->state == SUBSCRIBING && p->type == SUBACK && p->body[p->len - 1] <= 1)
		enter(d, READY);
	else if (d->state == READY && p->type == PUBACK)
		acknowledged(d, p);
	else if (p->type == PUBLISH)
		received(d, p);
	else
		d->client.lost = "an unexpected packet";
}

/* As many events as the window lets through. */
static void fill(struct device *d)
{
	char topic[TEXT];

	snprintf(topic, sizeof(topic), "devices/%s/messages/events/%s", d->id,
		 settings.bag);
	for (; d->sent < d->share && d->sent - d->acked < settings.window; d->sent++) {
		int n = snprintf(body, sizeof(body), "%s %lu ", d->id, d->sent);

		if (n > 0 && (unsigned long)n < settings.bytes)
			body[n] = 'x'; /* as the rest is */
		d->sent_us[d->sent % settings.window] = now_us();
		client_publish(&d->client, (uint16_t)(d->sent % 65535 + 1), topic, body,
			       settings.bytes);
		memset(body, 'x', (size_t)n + 1);
	}
}

static void serve(struct device *d)
{
	struct packet packet;

	while (!d->client.lost && client_read(&d->client))
		while (!d->client.lost && client_next(&d->client, &packet))
			take(d, &packet);
	if (!d->client.lost && d->state == READY)
		fill(d);
	flush(d);
}

/* -- all of them --------------------------------------------------------------------- */

/* Whatever happens next; false: nothing did, or standard input has ended. */
static bool turn(int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll, events, EVENTS, timeout_ms);
	char line[64];

	for (int i = 0; i < n; i++) {
		struct device *d = events[i].data.ptr;

		if (d)
			serve(d);
		else if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
			return false;
	}
	if (n == 0)
		fprintf(stderr, "mqtt: nothing happens any more\n");
	return n > 0;
}

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool connect_all(void)
{
	uint64_t since = now_us();
	unsigned long next = 0;

	do {
		while (next < settings.connections &&
		       states[CONNECTING] + states[SUBSCRIBING] < SHAKING_MAX)
			start(&devices[next++]);
	} while (states[READY] + states[LOST] < settings.connections && turn(SILENCE_MS));
	printf("{\"connected\":%lu,\"connect_s\":%.3f}\n", states[READY],
	       (double)(now_us() - since) / 1e6);
	return states[READY] == settings.connections;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(double of_100)
{
	size_t at = (size_t)((double)total_acked * of_100 / 100);

	if (total_acked == 0)
		return 0;
	return latency_us[at < total_acked ? at : total_acked - 1] / 1e3;
}

static bool send_all(void)
{
	uint64_t since = now_us();
	double cpu = cpu_s(), seconds;

	for (unsigned long i = 0; i < settings.connections; i++) {
		devices[i].share = settings.messages / settings.connections +
				   (i < settings.messages % settings.connections);
		if (devices[i].state == READY)
			serve(&devices[i]);
	}
	while (total_acked < settings.messages && states[READY] > 0 && turn(SILENCE_MS))
		;
	seconds = (double)(now_us() - since) / 1e6;
	qsort(latency_us, total_acked, sizeof(*latency_us), by_size);
	printf("{\"acknowledged\":%lu,\"seconds\":%.3f,\"per_s\":%.0f,\"cpu_s\":%.3f,"
	       "\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f}\n",
	       total_acked, seconds, (double)total_acked / seconds, cpu_s() - cpu,
	       percentile_ms(50), percentile_ms(90), percentile_ms(99),
	       percentile_ms(100));
	return total_acked == settings.messages;
}

/* The connections stay, and messages from the cloud are taken, until standard input ends. */
static bool hold(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	unsigned long messages = 0, receivers = 0;

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
		give_up("standard input", "is to be a pipe or a terminal");
	while (turn(-1))
		;
	for (unsigned long i = 0; i < settings.connections; i++) {
		messages += devices[i].received;
		receivers += devices[i].received > 0;
	}
	printf("{\"received\":%lu,\"receivers\":%lu}\n", messages, receivers);
	return states[READY] == settings.connections;
}

/* -- the command line ---------------------------------------------------------------- */

static const struct option options[] = {
	{ "host", required_argument, NULL, 'o' },
	{ "ca", required_argument, NULL, 'a' },
	{ "devices", required_argument, NULL, 'd' },
	{ "user", required_argument, NULL, 'u' },
	{ "password", required_argument, NULL, 'p' },
	{ "connections", required_argument, NULL, 'n' },
	{ "messages", required_argument, NULL, 'm' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "window", required_argument, NULL, 'w' },
	{ "bag", required_argument, NULL, 'g' },
	{ "acked", required_argument, NULL, 'k' },
	{ "c2d", no_argument, &settings.c2d, 1 },
	{ "hold", no_argument, &settings.hold, 1 },
	{ NULL, 0, NULL, 0 },
};

static const char **text_of(int c)
{
	return c == 'o'   ? &settings.host
	       : c == 'a' ? &settings.ca
	       : c == 'd' ? &settings.devices
	       : c == 'u' ? &settings.user
	       : c == 'p' ? &settings.password
	       : c == 'g' ? &settings.bag
	       : c == 'k' ? &settings.acked
			  : NULL;
}

static unsigned long *number_of(int c)
{
	return c == 'n'   ? &settings.connections
	       : c == 'm' ? &settings.messages
	       : c == 'b' ? &settings.bytes
	       : c == 'w' ? &settings.window
			  : NULL;
}

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "n:m:b:w:", options, NULL)) != -1) {
		if (text_of(c))
			*text_of(c) = optarg;
		else if (number_of(c))
			*number_of(c) = strtoul(optarg, NULL, 10);
		else if (c)
			exit(2);
	}
	if (argc - optind == 1)
		settings.port = strtoul(argv[optind], NULL, 10);
	if (!settings.port || !settings.ca || (!settings.user && !settings.devices) ||
	    !settings.user != !settings.password || !settings.window ||
	    !settings.connections || settings.window > 65535 ||
	    settings.bytes > BODY_MAX - 2 * sizeof(devices->id) ||
	    strlen(settings.bag) > TEXT / 2)
		give_up("usage",
			"mqtt --ca FILE {--devices FILE | --user NAME --password WORD}\n"
			"  [--host NAME] [-n CONNECTIONS] [-m MESSAGES] [-b BYTES] [-w "
			"WINDOW]\n"
			"  [--bag TEXT] [--acked FILE] [--c2d] [--hold] PORT");
}

/* A line of the file is a device: "ID KEY". Without a file they have names and no keys. */
static void name_devices(void)
{
	FILE *file = settings.devices ? fopen(settings.devices, "r") : NULL;

	if (settings.devices && !file)
		give_up(settings.devices, strerror(errno));
	for (unsigned long i = 0; i < settings.connections; i++) {
		struct device *d = &devices[i];

		d->client.fd = -1;
		d->sent_us = calloc(settings.window, sizeof(*d->sent_us));
		if (!d->sent_us)
			abort();
		if (!file)
			snprintf(d->id, sizeof(d->id), "load-%lu", i);
		else if (fscanf(file, "%128s %128s", d->id, d->key) != 2)
			give_up(settings.devices, "has too few devices");
	}
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	bool ok;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	tls = client_tls(settings.ca);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	devices = calloc(settings.connections, sizeof(*devices));
	latency_us = calloc(settings.messages + 1, sizeof(*latency_us));
	acked_file = settings.acked ? fopen(settings.acked, "w") : NULL;
	if (!tls || epoll < 0 || !devices || !latency_us ||
	    (settings.acked && !acked_file))
		give_up("cannot begin", tls ? strerror(errno) : settings.ca);
	memset(body, 'x', sizeof(body));
	states[IDLE] = settings.connections;
	name_devices();
	ok = connect_all();
	if (settings.messages > 0)
		ok = send_all() && ok;
	if (acked_file)
		ok = fclose(acked_file) == 0 && ok;
	if (settings.hold)
		ok = hold() && ok;
	for (unsigned long i = 0; i < settings.connections; i++) {
		client_close(&devices[i].client);
		free(devices[i].sent_us);
	}
	SSL_CTX_free(tls);
	free(devices);
	free(latency_us);
	return ok ? 0 : 1;
}
