/* stmiot-hub: an IoT Hub on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "amqp/amqp.h"
#include "clock.h"
#include "control.h"
#include "dps/dps.h"
#include "folder.h"
#include "https.h"
#include "log.h"
#include "mqtt/server.h"

#define PROGRAM "stmiot-hub"

struct settings {
	const char *listen;
	const char *https;
	const char *mqtt;
	const char *amqp;
	const char *host;
	const char *dps_host;
	const char *tier;
	const char *record;
	const char *clock;
	const char *clock_offset;
	const char *dir;
	bool tls13;
	bool verbose;
	const char *fail[FAULTS_MAX];
	size_t fail_count;
	const char *groups[GROUPS_MAX];
	size_t group_count;
};

/* -- the command line ---------------------------------------------------------------- */

enum { TLS13 = 1000, FAIL, GROUP };

static const struct option_row {
	const char *name;
	int letter;
	const char *arg;
	size_t at; /* of the text in struct settings */
	const char *help;
} option_rows[] = {
	{ "listen", 0, "ADDR", offsetof(struct settings, listen),
	  "address of the servers (127.0.0.1)" },
	{ "https", 0, "PORT", offsetof(struct settings, https),
	  "port of HTTPS, 0 for any free one (443)" },
	{ "mqtt", 0, "PORT", offsetof(struct settings, mqtt),
	  "port of MQTT (8883, or any free one when --https is 0)" },
	{ "amqp", 0, "PORT", offsetof(struct settings, amqp),
	  "port of AMQP (5671, or any free one when --https is 0)" },
	{ "consumer-group", GROUP, "NAME", 0,
	  "of the event stream, besides $Default; may be given often" },
	{ "host", 0, "NAME", offsetof(struct settings, host),
	  "the hub's host name (stmiot-local.azure-devices.net)" },
	{ "dps-host", 0, "NAME", offsetof(struct settings, dps_host),
	  "that of device provisioning (" DPS_HOST ")" },
	{ "tier", 0, "F1|B1|B2|B3|S1|S2|S3", offsetof(struct settings, tier),
	  "throttle as this tier does (not at all)" },
	{ "tls13", TLS13, NULL, 0, "offer TLS 1.3 too" },
	{ "fail", FAIL, "PATTERN", 0, "let requests fail; may be given often" },
	{ "record", 0, "FILE", offsetof(struct settings, record),
	  "write each request to FILE, without keys" },
	{ "clock", 0, "FILE", offsetof(struct settings, clock),
	  "follow the clock that somebody else writes into FILE" },
	{ "clock-offset", 0, "SECONDS", offsetof(struct settings, clock_offset),
	  "put the hub's clock so far off" },
	{ "verbose", 'v', NULL, 0, "a line for every request" },
	{ "help", 'h', NULL, 0, "show this help" },
	{ "version", 'V', NULL, 0, "show the version" },
};

#define OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

static void print_help(void)
{
	printf("usage: " PROGRAM " [OPTIONS] DIR\n"
	       "An IoT Hub on this machine. DIR keeps its devices, keys and "
	       "certificates.\n\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		if (row->letter && row->letter < 256)
			printf("  -%c, %-22s %s\n", row->letter, left, row->help);
		else
			printf("      %-22s %s\n", left, row->help);
	}
}

static _Noreturn void usage(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s: %s\n" PROGRAM ": see " PROGRAM " --help\n", what,
		why);
	exit(2);
}

static void take_option(struct settings *settings, int c)
{
	switch (c) {
	case 'h':
		print_help();
		exit(0);
	case 'V':
		puts(PROGRAM " " STMIOT_VERSION);
		exit(0);
	case 'v':
		settings->verbose = true;
		break;
	case TLS13:
		settings->tls13 = true;
		break;
	case FAIL:
		if (settings->fail_count == FAULTS_MAX)
			usage("--fail", "is there too often");
		settings->fail[settings->fail_count++] = optarg;
		break;
	case GROUP:
		if (settings->group_count == GROUPS_MAX)
			usage("--consumer-group", "is there too often");
		settings->groups[settings->group_count++] = optarg;
		break;
	case '?':
		fprintf(stderr, PROGRAM ": see " PROGRAM " --help\n");
		exit(2);
	default:
		*(const char **)((char *)settings + option_rows[c - 256].at) = optarg;
	}
}

static void parse_options(struct settings *settings, int argc, char **argv)
{
	struct option longs[OPTIONS + 1] = { 0 };
	int index, c;

	for (size_t i = 0; i < OPTIONS; i++) {
		longs[i].name = option_rows[i].name;
		longs[i].has_arg = option_rows[i].arg ? required_argument : no_argument;
		longs[i].val =
			option_rows[i].letter ? option_rows[i].letter : 256 + (int)i;
	}
	while ((c = getopt_long(argc, argv, "hVv", longs, &index)) != -1)
		take_option(settings, c);
	if (argc - optind != 1)
		usage("DIR", optind == argc ? "is missing: the folder that keeps the hub"
					    : "is one folder, there are more arguments");
	settings->dir = argv[optind];
}

static bool host_valid(const char *host)
{
	size_t len = strlen(host);

	return len > 0 && len <= HOST_MAX && host[0] != '.' && host[0] != '-' &&
	       strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789.-") == len;
}

static unsigned check_port(const char *option, const char *text, unsigned usual)
{
	unsigned long long port = usual;

	if (text && !parse_whole(text, strlen(text), 65535, &port))
		usage(option, "is a number from 0 to 65535");
	return (unsigned)port;
}

static void take_host(char to[HOST_MAX + 1], const char *option, const char *host)
{
	if (!host_valid(host))
		usage(option, "is a host name");
	for (size_t i = 0; host[i]; i++)
		to[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
}

static void take_groups(struct hub *hub, const struct settings *settings)
{
	for (size_t i = 0; i < settings->group_count; i++) {
		const char *group = settings->groups[i];
		size_t len = strlen(group);

		if (len == 0 || len > 50 ||
		    strspn(group, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-") != len)
			usage("--consumer-group",
			      "is up to 50 letters, digits, . _ and -");
		hub->groups[hub->group_count++] = group;
	}
}

static void check_options(struct hub *hub, const struct settings *settings)
{
	char *end;
	long long offset = 0;
	const char *wrong;

	hub->https_port = check_port("--https", settings->https, 443);
	/* where HTTPS takes any free port, so do the others */
	hub->mqtt_port = check_port("--mqtt", settings->mqtt, hub->https_port ? 8883 : 0);
	hub->amqp_port = check_port("--amqp", settings->amqp, hub->https_port ? 5671 : 0);
	take_groups(hub, settings);
	take_host(hub->host, "--host", settings->host);
	take_host(hub->dps_host, "--dps-host", settings->dps_host);
	if (settings->clock_offset) {
		offset = strtoll(settings->clock_offset, &end, 10);
		if (!*settings->clock_offset || *end || offset > 1000000000 ||
		    offset < -1000000000)
			usage("--clock-offset", "is a number of seconds");
	}
	clock_offset(offset);
	wrong = settings->clock ? clock_follow(settings->clock) : NULL;
	if (wrong)
		usage("--clock", wrong);
	hub->tier = settings->tier;
	if (hub->tier && !throttle_init(&hub->throttle, hub->tier, clock_steady_ms()))
		usage("--tier", "is F1, B1, B2, B3, S1, S2 or S3");
	for (size_t i = 0; i < settings->fail_count; i++) {
		wrong = faults_add(&hub->faults, settings->fail[i]);
		if (wrong)
			usage("--fail", wrong);
	}
}

/* -- the machine --------------------------------------------------------------------- */

struct machine {
	struct hub hub;
	struct https *https;
	struct mqtt_server *mqtt;
	struct amqp *amqp;
	struct control *control;
	int dirfd;
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return -1;
}

static bool serve(struct machine *machine, const struct settings *settings,
		  const char *key_pem, const char *chain_pem, char *err, size_t err_bytes)
{
	struct hub *hub = &machine->hub;
	struct https_settings https = { .listen = settings->listen,
					.port = hub->https_port,
					.tls13 = settings->tls13,
					.key_pem = key_pem,
					.chain_pem = chain_pem };
	struct mqtt_settings mqtt = { .listen = settings->listen,
				      .port = hub->mqtt_port,
				      .tls13 = settings->tls13,
				      .key_pem = key_pem,
				      .chain_pem = chain_pem };
	struct amqp_settings amqp = { .listen = settings->listen,
				      .port = hub->amqp_port,
				      .tls13 = settings->tls13,
				      .key_pem = key_pem,
				      .chain_pem = chain_pem };

	machine->https = https_open(hub, &https, err, err_bytes);
	if (machine->https)
		machine->mqtt = mqtt_open(hub, &mqtt, err, err_bytes);
	if (machine->mqtt)
		machine->amqp = amqp_open(hub, &amqp, err, err_bytes);
	return machine->amqp;
}

static int open_servers(struct machine *machine, const struct settings *settings,
			char *err, size_t err_bytes)
{
	struct cert server = { 0 };
	char *chain = NULL;
	bool served =
		folder_certs(machine->dirfd, machine->hub.host, machine->hub.dps_host,
			     &server, &chain, err, err_bytes) == 0 &&
		serve(machine, settings, server.key_pem, chain, err, err_bytes);

	cert_free(&server);
	free(chain);
	return served ? 0 : -1;
}

/* An eventfd, so that other threads can wake this one. */
static int wake_fd = -1;

static void wake(struct hub *hub)
{
	uint64_t one = 1;
	ssize_t written = write(wake_fd, &one, sizeof(one));

	(void)hub;
	(void)written; /* it fails when it is full, and so is readable already */
}

static void take_wakes(void)
{
	uint64_t count;
	ssize_t taken = read(wake_fd, &count, sizeof(count));

	(void)taken; /* there may have been none */
}

static int open_machine(struct machine *machine, const struct settings *settings)
{
	static const struct events_settings events = { .encode = amqp_encode };
	struct hub *hub = &machine->hub;
	char err[600];

	machine->dirfd = folder_open(settings->dir, err, sizeof(err));
	if (machine->dirfd < 0)
		return complain(err, NULL);
	log_open(openat(machine->dirfd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			0600),
		 settings->verbose);
	if (settings->record && !record_open(&hub->record, settings->record))
		return complain(settings->record, strerror(errno));
	if (hub_open(hub, machine->dirfd, &events, err, sizeof(err)) < 0 ||
	    open_servers(machine, settings, err, sizeof(err)) < 0)
		return complain(settings->dir, err);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hub->wake = wake;
	machine->control = control_open(machine->dirfd, hub, err, sizeof(err));
	if (!machine->control || wake_fd < 0)
		return complain(settings->dir, err);
	return amqp_start(machine->amqp) ? 0 : complain(settings->dir, "no thread");
}

static void close_machine(struct machine *machine)
{
	control_close(machine->control);
	amqp_close(machine->amqp);
	hub_hang_up(&machine->hub);
	mqtt_close(machine->mqtt);
	https_close(machine->https);
	hub_close(&machine->hub);
	record_close(&machine->hub.record);
	explicit_bzero(&machine->hub.policies, sizeof(machine->hub.policies));
	if (machine->dirfd >= 0)
		close(machine->dirfd);
}

/* -- the loop ------------------------------------------------------------------------ */

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void catch_signals(sigset_t *open)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t shut;

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&shut);
	sigaddset(&shut, SIGTERM);
	sigaddset(&shut, SIGINT);
	sigprocmask(SIG_BLOCK, &shut, open);
	sigdelset(open, SIGTERM);
	sigdelset(open, SIGINT);
}

static void sooner(int *sleep_ms, int64_t other_ms)
{
	if (other_ms >= 0 && other_ms < INT_MAX &&
	    (*sleep_ms < 0 || other_ms < *sleep_ms))
		*sleep_ms = (int)other_ms;
}

/* With the hub's lock: all that is not waiting. How long one may sleep then, -1: for ever. */
static int run(struct machine *machine, const struct pollfd *control, size_t count)
{
	int64_t due_ms, now_ms;
	int sleep_ms;

	take_wakes();
	https_run(machine->https);
	mqtt_run(machine->mqtt);
	control_run(machine->control, control, count);
	now_ms = clock_steady_ms();
	due_ms = hub_tick(&machine->hub, now_ms) - now_ms;
	sleep_ms = https_timeout_ms(machine->https);
	sooner(&sleep_ms, mqtt_timeout_ms(machine->mqtt));
	sooner(&sleep_ms, due_ms < 0 ? 0 : due_ms);
	return clock_nap_ms(sleep_ms);
}

enum { SERVERS = 3 }; /* what is polled besides the control socket: those, and wakes */

/* Sleeps until something is due or somebody calls. Signals are let in only here. */
static void loop(struct machine *machine, const sigset_t *open)
{
	struct hub *hub = &machine->hub;
	int sleep_ms = 0;

	while (!ended && !control_asked_to_quit(machine->control)) {
		struct pollfd fds[SERVERS + CONTROL_POLLFDS] = {
			{ .fd = wake_fd, .events = POLLIN },
			{ .fd = https_pollfd(machine->https), .events = POLLIN },
			{ .fd = mqtt_pollfd(machine->mqtt), .events = POLLIN },
		};
		size_t count = control_pollfds(machine->control, fds + SERVERS);
		struct timespec sleep = { sleep_ms / 1000, sleep_ms % 1000 * 1000000L };

		if (ppoll(fds, SERVERS + count, sleep_ms < 0 ? NULL : &sleep, open) < 0)
			continue;
		lock_take(&hub->lock);
		sleep_ms = run(machine, fds + SERVERS, count);
		lock_give(&hub->lock);
	}
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.listen = "127.0.0.1",
		.host = "stmiot-local.azure-devices.net",
		.dps_host = DPS_HOST,
	};
	static struct machine machine;
	sigset_t open;
	int rc;

	parse_options(&settings, argc, argv);
	check_options(&machine.hub, &settings);
	catch_signals(&open);
	machine.dirfd = -1;
	rc = open_machine(&machine, &settings);
	if (rc == 0) {
		printf(strchr(settings.listen, ':') ? PROGRAM ": %s at https://[%s]:%u\n"
						    : PROGRAM ": %s at https://%s:%u\n",
		       machine.hub.host, settings.listen, machine.hub.https_port);
		fflush(stdout);
		loop(&machine, &open);
	}
	close_machine(&machine);
	return rc == 0 ? 0 : 1;
}
