/* stmiot-board: a virtual STM32F4-Discovery, with a USB/IP server for its ROM. */
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "board.h"
#include "clockfile.h"
#include "control.h"
#include "ctlsock.h"
#include "gdbserver.h"
#include "log.h"
#include "sandbox.h"
#include "serial.h"
#include "server.h"
#include "trace.h"

#define SERIAL_MAX 12 /* that can be given */

struct settings {
	const char *name;
	const char *listen;
	const char *port;
	const char *busid;
	const char *time;
	const char *clock_out;
	const char *uid;
	const char *rev;
	const char *dir;
	const char *gdb; /* port, NULL: none */
	unsigned gdb_port;
	const char *seed_text;
	uint32_t seed;
	const char *serial[SERIAL_MAX];
	size_t serial_count;
	enum clock_mode mode;
	uint32_t uid_words[3];
	unsigned rev_bcd;
};

#define PROGRAM "stmiot-board"

/* -- the command line -------------------------------------------------------------- */

static const struct option_row {
	const char *name;
	char letter;
	const char *arg;
	size_t at; /* of the text in struct settings */
	const char *help;
} option_rows[] = {
	{ "name", 0, "NAME", offsetof(struct settings, name),
	  "what the board is called (the last part of DIR)" },
	{ "listen", 0, "ADDR", offsetof(struct settings, listen),
	  "address of the USB/IP server (127.0.0.1)" },
	{ "port", 0, "PORT", offsetof(struct settings, port),
	  "its port, 0 for any free one (3240)" },
	{ "busid", 0, "ID", offsetof(struct settings, busid),
	  "bus id of the device (1-1)" },
	{ "time", 0, "real|none", offsetof(struct settings, time),
	  "take as long as a board, or no time (real)" },
	{ "clock-out", 0, "FILE", offsetof(struct settings, clock_out),
	  "write the board's time to FILE, for others to follow" },
	{ "uid", 0, "HEX", offsetof(struct settings, uid),
	  "unique id of a new chip, 24 hex digits (random)" },
	{ "rev", 0, "2200|2100", offsetof(struct settings, rev),
	  "bcdDevice of a new chip's ROM (2200)" },
	{ "seed", 0, "N", offsetof(struct settings, seed_text),
	  "what is left to chance follows from this number (1)" },
	{ "serial", 0, "PORT=WHERE", 0,
	  "its other end: pty, tcp:N, stdout or none; may be\n"
	  "                          repeated (USART3=pty)" },
	{ "gdb", 0, "PORT", offsetof(struct settings, gdb),
	  "serve GDB on 127.0.0.1, 0: any free port (not at all)" },
	{ "help", 'h', NULL, 0, "show this help" },
	{ "version", 'V', NULL, 0, "show the version" },
};

#define OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

static void print_help(void)
{
	printf("usage: " PROGRAM " [OPTIONS] DIR\n"
	       "A virtual STM32F4-Discovery; its ROM bootloader is behind a USB/IP "
	       "server. DIR\n"
	       "keeps its state and the control socket.\n\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_row *row = &option_rows[i];
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		if (row->letter)
			printf("  -%c, %-19s %s\n", row->letter, left, row->help);
		else
			printf("      %-19s %s\n", left, row->help);
	}
}

static _Noreturn void usage(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s: %s\n" PROGRAM ": see " PROGRAM " --help\n", what,
		why);
	exit(2);
}

static void add_serial(struct settings *settings, const char *text)
{
	if (!serial_fits(text))
		usage("--serial", "is PORT=pty, PORT=tcp:N, PORT=stdout or PORT=none, "
				  "with a PORT of USART1 to USART3, UART4, UART5, "
				  "USART6");
	if (settings->serial_count == SERIAL_MAX)
		usage("--serial", "is given too often");
	settings->serial[settings->serial_count++] = text;
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
	while ((c = getopt_long(argc, argv, "hV", longs, &index)) != -1) {
		if (c == 'h') {
			print_help();
			exit(0);
		} else if (c == 'V') {
			puts(PROGRAM " " STMIOT_VERSION);
			exit(0);
		} else if (c < 256) {
			fprintf(stderr, PROGRAM ": see " PROGRAM " --help\n");
			exit(2);
		}
		if (strcmp(option_rows[c - 256].name, "serial") == 0)
			add_serial(settings, optarg);
		else
			*(const char **)((char *)settings + option_rows[c - 256].at) =
				optarg;
	}
	if (argc - optind != 1)
		usage("DIR", optind == argc
				     ? "is missing: the folder that keeps the board"
				     : "is one folder, there are more arguments");
	settings->dir = argv[optind];
}

static unsigned check_port(const char *option, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (!*text || *end || text[0] == '-' || port > 65535)
		usage(option, "is a number from 0 to 65535");
	return (unsigned)port;
}

static uint32_t check_seed(const char *text)
{
	char *end;
	unsigned long long seed = strtoull(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || seed > UINT32_MAX)
		usage("--seed", "is a number from 0 to 4294967295");
	return (uint32_t)seed;
}

static void check_options(struct settings *settings)
{
	if (!*settings->dir)
		usage("DIR", "is empty");
	check_port("--port", settings->port);
	if (settings->gdb)
		settings->gdb_port = check_port("--gdb", settings->gdb);
	settings->seed = check_seed(settings->seed_text);
	if (strcmp(settings->time, "real") != 0 && strcmp(settings->time, "none") != 0)
		usage("--time", "is real or none");
	settings->mode = strcmp(settings->time, "none") == 0 ? CLOCK_NONE : CLOCK_REAL;
	if (settings->uid && !chip_parse_uid(settings->uid_words, settings->uid))
		usage("--uid", "is 24 hex digits");
	if (settings->rev && strcmp(settings->rev, "2200") != 0 &&
	    strcmp(settings->rev, "2100") != 0)
		usage("--rev", "is 2200 or 2100");
	settings->rev_bcd =
		settings->rev && strcmp(settings->rev, "2100") == 0 ? 0x2100 : 0x2200;
}

/* -- the chip ---------------------------------------------------------------------- */

static int complain(const char *what, const char *why)
{
	fprintf(stderr, PROGRAM ": %s%s%s\n", what, why ? ": " : "", why ? why : "");
	return -1;
}

static int new_chip(const struct settings *settings, struct store *store,
		    struct chip *chip)
{
	chip->rev = settings->rev_bcd;
	chip->boot0 = true;
	if (settings->uid)
		memcpy(chip->uid, settings->uid_words, sizeof(chip->uid));
	else if (getrandom(chip->uid, sizeof(chip->uid), 0) != (ssize_t)sizeof(chip->uid))
		return complain(settings->dir,
				"no random numbers for the chip's id; give --uid");
	return store_save_chip(store, chip);
}

static int find_chip(const struct settings *settings, struct store *store,
		     struct chip *chip)
{
	int rc = store_load_chip(store, chip);

	if (rc == 1)
		rc = new_chip(settings, store, chip);
	if (rc < 0)
		return store_error(store) ? complain(settings->dir, store_error(store))
					  : -1;
	if (settings->uid &&
	    memcmp(chip->uid, settings->uid_words, sizeof(chip->uid)) != 0)
		return complain(settings->dir,
				"holds a chip with another --uid; leave the option "
				"out, or give another folder");
	if (settings->rev && chip->rev != settings->rev_bcd)
		return complain(settings->dir,
				"holds a chip with another --rev; leave the option "
				"out, or give another folder");
	return 0;
}

/* -- the loop ---------------------------------------------------------------------- */

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* The board, and all that it is plugged into. */
struct desk {
	struct clock clock;
	struct clockfile *clockfile; /* NULL: none is wanted */
	struct store *store;
	struct board *board;
	struct usbip_export export;
	struct server *server;
	struct serial *serial;
	struct trace *trace;
	struct gdbserver *gdbserver; /* NULL: none is wanted */
	struct control control;
	struct ctlsock *ctlsock;
};

/* Nobody waits in no time: then the board waits for whoever traces it. */
static bool held(const struct desk *desk)
{
	return desk->clock.mode == CLOCK_NONE && trace_crowded(desk->trace);
}

static void run_due(struct desk *desk)
{
	if (!held(desk))
		board_run(desk->board);
	gdbserver_run(desk->gdbserver);
	serial_run(desk->serial);
	ctlsock_run(desk->ctlsock);
	server_run(desk->server);
	board_set_attached(desk->board, desk->export.importer != NULL);
	clockfile_write(desk->clockfile);
}

/* How long to sleep: until something is due. */
static int64_t sleep_ns(struct desk *desk)
{
	int64_t due_ns = held(desk) ? CLOCK_NEVER : board_due_ns(desk->board);
	int64_t serial_ns = serial_wait_ns(desk->serial);
	int64_t ns;

	if (server_due_ns(desk->server) < due_ns)
		due_ns = server_due_ns(desk->server);
	ns = clock_sleep_ns(&desk->clock, due_ns);
	if (desk->clockfile && desk->clock.mode == CLOCK_REAL &&
	    (ns < 0 || ns > CLOCKFILE_NS))
		ns = CLOCKFILE_NS;
	return ns < 0 || (serial_ns >= 0 && serial_ns < ns) ? serial_ns : ns;
}

/* Sleeps until something is due or somebody calls. Signals are let in only here. */
static void wait_and_handle(struct desk *desk, const sigset_t *open)
{
	struct pollfd fds[SERVER_POLLFDS + GDBSERVER_POLLFDS + SERIAL_POLLFDS +
			  CTLSOCK_POLLFDS];
	struct pollfd *debug = fds + server_pollfds(desk->server, fds);
	struct pollfd *wires = debug + gdbserver_pollfds(desk->gdbserver, debug);
	struct pollfd *control = wires + serial_pollfds(desk->serial, wires);
	struct pollfd *end_of = control + ctlsock_pollfds(desk->ctlsock, control);
	int64_t ns = sleep_ns(desk);
	struct timespec sleep = { .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };

	if (ppoll(fds, (nfds_t)(end_of - fds), ns < 0 ? NULL : &sleep, open) <= 0)
		return;
	server_handle(desk->server, fds, (size_t)(debug - fds));
	gdbserver_handle(desk->gdbserver, debug, (size_t)(wires - debug));
	serial_handle(desk->serial, wires, (size_t)(control - wires));
	run_due(desk);
	ctlsock_handle(desk->ctlsock, control, (size_t)(end_of - control));
}

static int loop(struct desk *desk, const char *dir, const sigset_t *open)
{
	while (!ended && !desk->control.quit) {
		run_due(desk);
		if (store_error(desk->store))
			return complain(dir, store_error(desk->store));
		wait_and_handle(desk, open);
	}
	return 0;
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

/* The board's power comes and goes, and the chip at these ends with it. */
static void powered(void *ctx, struct mcu *mcu)
{
	struct desk *desk = ctx;

	serial_wire(desk->serial, mcu);
	trace_wire(desk->trace, mcu);
	if (mcu)
		gdbserver_powered(desk->gdbserver);
}

static int open_ends(struct desk *desk, const struct settings *settings)
{
	char err[200];

	desk->serial = serial_open(store_dirfd(desk->store), settings->serial,
				   settings->serial_count, err, sizeof(err));
	if (!desk->serial)
		return complain(settings->dir, err);
	desk->trace = trace_new();
	if (!desk->trace)
		return complain("no memory", NULL);
	if (settings->gdb) {
		desk->gdbserver =
			gdbserver_open(desk->board, settings->gdb_port, err, sizeof(err));
		if (!desk->gdbserver)
			return complain(err, NULL);
		desk->control.gdb_port = gdbserver_port(desk->gdbserver);
	}
	board_on_power(desk->board, powered, desk);
	desk->control.serial = desk->serial;
	desk->control.trace = desk->trace;
	return 0;
}

static int open_desk(struct desk *desk, const struct settings *settings)
{
	char err[600];
	struct chip chip;
	const struct usb_device no_device = { 0 };

	if (!usbip_export_init(&desk->export, &no_device, settings->busid))
		usage("--busid", "is a bus and a port path, like 1-1 or 3-2.4");
	clock_init(&desk->clock, settings->mode);
	desk->store = store_open(settings->dir, err, sizeof(err));
	if (!desk->store)
		return complain(err, NULL);
	if (sandbox_become_owner(store_dirfd(desk->store), err, sizeof(err)) < 0)
		return complain(settings->dir, err);
	if (settings->clock_out) {
		desk->clockfile = clockfile_open(settings->clock_out, &desk->clock, err,
						 sizeof(err));
		if (!desk->clockfile)
			return complain(err, NULL);
	}
	if (find_chip(settings, desk->store, &chip) < 0)
		return -1;
	desk->board = board_new(desk->store, &desk->clock, &chip, settings->seed);
	if (!desk->board)
		return complain(settings->dir, store_error(desk->store)
						       ? store_error(desk->store)
						       : "no memory");
	desk->export.device = board_usb(desk->board);
	desk->server = server_open(settings->listen, settings->port, &desk->export,
				   &desk->clock, err, sizeof(err));
	if (!desk->server)
		return complain(err, NULL);
	if (open_ends(desk, settings) < 0)
		return -1;
	desk->control.board = desk->board;
	desk->control.time = settings->mode;
	desk->control.name = settings->name;
	snprintf(desk->control.usbip, sizeof(desk->control.usbip),
		 strchr(settings->listen, ':') ? "usbip://[%s]:%u/%s"
					       : "usbip://%s:%u/%s",
		 settings->listen, server_port(desk->server), settings->busid);
	desk->ctlsock =
		ctlsock_open(store_dirfd(desk->store), &desk->control, err, sizeof(err));
	if (!desk->ctlsock)
		return complain(settings->dir, err);
	/* all is open that will ever be */
	if (sandbox_enter(store_dirfd(desk->store), err, sizeof(err)) < 0)
		return complain(settings->dir, err);
	return 0;
}

static void close_desk(struct desk *desk)
{
	ctlsock_close(desk->ctlsock);
	server_close(desk->server);
	gdbserver_close(desk->gdbserver);
	board_free(desk->board);
	serial_close(desk->serial);
	trace_free(desk->trace);
	store_close(desk->store);
	clockfile_close(desk->clockfile);
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.listen = "127.0.0.1",
		.port = "3240",
		.busid = "1-1",
		.time = "real",
		.seed_text = "1",
	};
	struct desk desk = { 0 };
	sigset_t open;
	char *dir;
	int rc;

	parse_options(&settings, argc, argv);
	check_options(&settings);
	dir = strdup(settings.dir);
	if (dir && !settings.name)
		settings.name = basename(dir);
	log_name(settings.name);
	catch_signals(&open);
	rc = open_desk(&desk, &settings);
	if (rc == 0) {
		printf(PROGRAM ": %s at %s\n", settings.name, desk.control.usbip);
		fflush(stdout);
		rc = loop(&desk, settings.dir, &open);
	}
	close_desk(&desk);
	free(dir);
	return rc == 0 ? 0 : 1;
}
