/*
 * Devices that send telemetry by MQTT with QoS 1, over TLS, each with so many messages of
 * 200 bytes on their way: how many a second are acknowledged. Of a broker it asks nothing
 * that a hub does not have.
 *
 *	load HOST PORT CA DEVICES COUNT WINDOW <PASSWORD
 *
 * HOST is in user names, d0, d1, ... are the devices, COUNT is the number of messages of
 * all. With a COUNT of 0 they connect, which is said in a line, and stay until SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BODY  200
#define CROWD 64 /* that connect at a time */

struct device {
	SSL *ssl;
	int fd;
	bool up;
	long flying;
	unsigned id;
	uint8_t in[4];
	size_t in_len;
	char out[1 << 16];
	size_t out_len;
	char head[100]; /* of a PUBLISH, up to its packet identifier */
	size_t head_len;
	uint32_t watched;
};

static const char *host;
static char password[1000];
static SSL_CTX *context;
static int epoll_fd;
static struct device *devices;
static long device_count, message_count, window;
static long opened, up, sent, acknowledged;
static struct sockaddr_in address;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

static double now_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* -- packets ------------------------------------------------------------------------- */

static void put(struct device *device, const void *bytes, size_t len)
{
	memcpy(device->out + device->out_len, bytes, len);
	device->out_len += len;
}

static size_t put_head(char *to, unsigned first, size_t rest)
{
	size_t len = 0;

	to[len++] = (char)first;
	for (; rest > 0x7f; rest >>= 7)
		to[len++] = (char)(rest | 0x80);
	to[len++] = (char)rest;
	return len;
}

static void put_text(struct device *device, const char *text)
{
	size_t len = strlen(text);
	const char head[] = { (char)(len >> 8), (char)len };

	put(device, head, 2);
	put(device, text, len);
}

static void put_connect(struct device *device, long number)
{
	static const char flags[] = { 4, (char)0xc2, 0, 0 };
	char id[24], user[300], head[8];

	snprintf(id, sizeof(id), "d%ld", number);
	snprintf(user, sizeof(user), "%s/%s/?api-version=2021-04-12", host, id);
	put(device, head,
	    put_head(head, 0x10,
		     6 + 4 + 2 + strlen(id) + 2 + strlen(user) + 2 + strlen(password)));
	put_text(device, "MQTT");
	put(device, flags, 4);
	put_text(device, id);
	put_text(device, user);
	put_text(device, password);
}

static void prepare_publish(struct device *device, long number)
{
	char topic[80];
	int len = snprintf(topic, sizeof(topic), "devices/d%ld/messages/events/", number);

	device->head_len = put_head(device->head, 0x32, 2 + (size_t)len + 2 + BODY);
	device->head[device->head_len++] = (char)(len >> 8);
	device->head[device->head_len++] = (char)len;
	memcpy(device->head + device->head_len, topic, (size_t)len);
	device->head_len += (size_t)len;
}

static void publish(struct device *device)
{
	static const char body[BODY];
	char id[2];

	while (sent < message_count && device->flying < window &&
	       device->out_len + 400 < sizeof(device->out)) {
		device->id = device->id % 65535 + 1;
		id[0] = (char)(device->id >> 8);
		id[1] = (char)device->id;
		put(device, device->head, device->head_len);
		put(device, id, 2);
		put(device, body, BODY);
		device->flying++;
		sent++;
	}
}

/* CONNACK and PUBACK have four bytes each. */
static void take(struct device *device)
{
	if (device->in[0] == 0x20 && device->in[3] == 0) {
		device->up = true;
		up++;
	} else if (device->in[0] == 0x40) {
		device->flying--;
		acknowledged++;
	} else {
		fprintf(stderr, "load: d%ld gets %02x %02x %02x %02x\n",
			(long)(device - devices), device->in[0], device->in[1],
			device->in[2], device->in[3]);
		exit(1);
	}
}

/* -- connections ---------------------------------------------------------------------- */

static void open_device(long number)
{
	struct device *device = &devices[number];
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = device };
	int one = 1;

	device->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (device->fd < 0 ||
	    connect(device->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	setsockopt(device->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(device->fd, F_SETFL, O_NONBLOCK);
	device->ssl = SSL_new(context);
	SSL_set_fd(device->ssl, device->fd);
	SSL_set_connect_state(device->ssl);
	put_connect(device, number);
	prepare_publish(device, number);
	device->watched = event.events;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, device->fd, &event);
}

static void check(struct device *device, int rc)
{
	int error = SSL_get_error(device->ssl, rc);

	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		fail("TLS");
}

static void write_out(struct device *device)
{
	bool waits;

	if (device->out_len > 0) {
		int len = SSL_write(device->ssl, device->out, (int)device->out_len);

		if (len > 0) {
			device->out_len -= (size_t)len;
			memmove(device->out, device->out + len, device->out_len);
		} else {
			check(device, len);
		}
	}
	waits = device->out_len > 0 && SSL_is_init_finished(device->ssl);
	if (device->watched != (EPOLLIN | (waits ? EPOLLOUT : 0))) {
		struct epoll_event event = { .events = EPOLLIN | (waits ? EPOLLOUT : 0),
					     .data.ptr = device };

		device->watched = event.events;
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, device->fd, &event);
	}
}

static void serve(struct device *device)
{
	uint8_t bytes[16384];
	int len;

	if (SSL_is_init_finished(device->ssl))
		while ((len = SSL_read(device->ssl, bytes, sizeof(bytes))) > 0)
			for (int i = 0; i < len; i++) {
				device->in[device->in_len++] = bytes[i];
				if (device->in_len == 4) {
					take(device);
					device->in_len = 0;
				}
			}
	if (device->up && up == device_count)
		publish(device);
	write_out(device);
}

static void run_until(const long *figure, long value)
{
	struct epoll_event events[256];

	while (*figure < value) {
		int count;

		while (opened < device_count && opened - up < CROWD)
			open_device(opened++);
		count = epoll_wait(epoll_fd, events, 256, 10000);
		if (count <= 0) {
			errno = ETIMEDOUT;
			fail("no answer");
		}
		for (int i = 0; i < count; i++)
			serve(events[i].data.ptr);
	}
}

static void set_up(char **argv)
{
	struct rlimit limit = { 0, 0 };

	host = argv[1];
	address.sin_family = AF_INET;
	address.sin_port = htons((uint16_t)atoi(argv[2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	device_count = atol(argv[4]);
	message_count = atol(argv[5]);
	window = atol(argv[6]);
	if (!fgets(password, sizeof(password), stdin))
		fail("password");
	password[strcspn(password, "\n")] = '\0';
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	devices = calloc((size_t)device_count, sizeof(*devices));
	context = SSL_CTX_new(TLS_client_method());
	if (!devices || !context || SSL_CTX_load_verify_file(context, argv[3]) != 1)
		fail(argv[3]);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
}

int main(int argc, char **argv)
{
	double start_s, cpu_s;

	if (argc != 7) {
		fprintf(stderr,
			"usage: load HOST PORT CA DEVICES COUNT WINDOW <PASSWORD\n");
		return 2;
	}
	set_up(argv);
	start_s = now_s(CLOCK_MONOTONIC);
	run_until(&up, device_count);
	printf("%ld connected in %.3f s\n", up, now_s(CLOCK_MONOTONIC) - start_s);
	fflush(stdout);
	if (message_count == 0)
		pause();
	start_s = now_s(CLOCK_MONOTONIC);
	cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
	for (long i = 0; i < device_count; i++)
		serve(&devices[i]);
	run_until(&acknowledged, message_count);
	start_s = now_s(CLOCK_MONOTONIC) - start_s;
	cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
	printf("%ld of %ld devices in %.3f s: %.0f a second, %.1f us of the client's CPU "
	       "each\n",
	       acknowledged, device_count, start_s, (double)acknowledged / start_s,
	       cpu_s * 1e6 / (double)acknowledged);
	return 0;
}
