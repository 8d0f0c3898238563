/* The serial console of a board, virtual or real. Editing of lines is the board's own. */
#include "boards.h"
#include "commands.h"
#include "sim.h"
#include "sys.h"
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define RETRY_MS 200
#define KEY_END  0x1d /* Ctrl-] */

static const char *port = "USART3", *log_path;
static uint32_t baud = 115200, timeout_s;
static bool timeout_given;

const struct opt console_options[] = {
	{ OPT_TEXT, 0, "port", "PORT", "a virtual board's serial port (default: USART3)",
	  &port, NULL, NULL },
	{ OPT_NUMBER, 0, "baud", "N", "bits a second of a real port (default: 115200)",
	  &baud, NULL, NULL },
	{ OPT_TEXT, 0, "log", "FILE", "append what comes to a file, too", &log_path, NULL,
	  "file" },
	{ OPT_NUMBER, 0, "timeout", "SECONDS",
	  "where standard input is no terminal: end when it has ended, and nothing has "
	  "come for so long (default: never)",
	  &timeout_s, &timeout_given, NULL },
	{ 0 },
};

/* Whose line it is; it is looked for anew whenever it was lost. */
struct target {
	enum { VIRTUAL, REAL, PATH } kind;
	char name[160]; /* for messages: "sim:b0", "path:3-2", "/dev/ttyUSB0" */
	const char *id; /* the virtual board's name, a path or serial number; in `name` */
};

struct console {
	struct target target;
	int fd; /* -1: lost */
	int log;
	bool keys;    /* standard input is a terminal */
	bool ended;   /* it is at its end */
	bool leaving; /* Ctrl-] */
	uint64_t heard_ms;
	char out[4096]; /* on its way to the board */
	size_t out_len;
};

/* -- which board ------------------------------------------------------------------- */

static void aim(struct target *target, int kind, const char *name)
{
	const char *colon;

	target->kind = kind;
	snprintf(target->name, sizeof(target->name), "%s", name);
	colon = kind == PATH ? NULL : strchr(target->name, ':');
	target->id = colon ? colon + 1 : target->name;
}

static int is_not_one(struct target *all, size_t n)
{
	if (n == 0)
		complain("no board with a console is in sight\n"
			 "-b names a virtual board or a serial port; `stmiot sim up` "
			 "starts a virtual one");
	else
		complain("%zu boards are in sight: say which with -b", n);
	for (size_t i = 0; i < n; i++)
		complain("  %s", all[i].name);
	return EXIT_NO_BOARD;
}

static size_t aim_at_sims(struct target *all, size_t max)
{
	struct sim_board *sims = NULL;
	struct dfu_error err;
	char name[80];
	size_t n = 0;

	if (sim_boards(&sims, &n, &err) < 0)
		debug("%s", err.msg);
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "sim:%s", sims[i].name);
		aim(&all[i], VIRTUAL, name);
	}
	free(sims);
	return n;
}

static size_t aim_at_ttys(struct target *all, size_t max)
{
	struct tty_board *ttys = NULL;
	size_t n = 0;

	tty_boards(&ttys, &n);
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		aim(&all[i], REAL, ttys[i].name);
	free(ttys);
	return n;
}

/* Without a selector: the only one there is. */
static int choose_only(struct target *target)
{
	struct target all[64];
	unsigned on;
	size_t n = 0;
	int status = boards_buses(&on);

	if (status != EXIT_DONE)
		return status;
	if (on & BUS_SIM)
		n += aim_at_sims(all, 64);
	if (on & BUS_USB)
		n += aim_at_ttys(all + n, 64 - n);
	if (n != 1)
		return is_not_one(all, n);
	aim(target, (int)all[0].kind, all[0].name);
	return EXIT_DONE;
}

static int choose(struct target *target)
{
	const char *selector = globals.boards.n ? globals.boards.items[0] : NULL;

	if (!selector)
		return choose_only(target);
	if (globals.boards.n > 1)
		return usage_error("this goes for one board at a time: give -b once");
	if (strncmp(selector, "usbip://", 8) == 0)
		return usage_error("%s: a console is not reached by USB/IP",
				   clean(selector));
	if (strncmp(selector, "sim:", 4) == 0)
		aim(target, VIRTUAL, selector);
	else
		aim(target, strchr(selector, '/') ? PATH : REAL, selector);
	return EXIT_DONE;
}

/* -- its line ---------------------------------------------------------------------- */

static int open_port(const struct json *status, const char *name, struct dfu_error *err)
{
	const struct json *ports = json_get(status, "ports");

	for (size_t i = 0; i < json_count(ports); i++) {
		const struct json *item = json_at(ports, i, NULL);
		const char *word = json_text(item, "port"),
			   *kind = json_text(item, "kind"),
			   *path = json_text(item, "path");

		if (!word || !kind || !path || strcasecmp(word, port) != 0)
			continue;
		if (strcmp(kind, "pty") == 0)
			return tty_open(path, true, baud, err);
		if (strcmp(kind, "tcp") == 0)
			return tty_dial(path, err);
		return sys_fail(err, DFU_ERR_NODEV,
				"%s: %s goes to the board's standard output", name, word);
	}
	sys_fail(err, DFU_ERR_NODEV, "%s: its port %s is not open", name, clean(port));
	sys_hint(err, "stmiot sim down %s, and stmiot sim up --serial %s=pty", name,
		 clean(port));
	return err->code;
}

static int open_virtual(const char *name, struct dfu_error *err)
{
	struct json *status;
	int fd;

	if (sim_ask(name, sim_request("status"), &status, err) < 0)
		return err->code;
	fd = open_port(status, name, err);
	json_free(status);
	return fd;
}

/* A path is a board's wherever it is plugged in again; a serial number must be one's own. */
static int open_real(const struct target *target, struct dfu_error *err)
{
	struct tty_board *all = NULL;
	const char *device = NULL;
	size_t n = 0, found = 0;
	int fd;

	tty_boards(&all, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].path, target->id) == 0 ||
		    strcasecmp(all[i].serial, target->id) == 0) {
			device = all[i].device;
			found++;
		}
	if (found == 1) {
		fd = tty_open(device, false, baud, err);
	} else {
		fd = sys_fail(err, DFU_ERR_NODEV,
			      found ? "%s: two boards are called so"
				    : "%s: no board with our firmware is called so",
			      clean(target->id));
		sys_hint(err, "the serial port of another board is named by its path, "
			      "such as /dev/ttyACM0");
	}
	free(all);
	return fd;
}

static int open_line(const struct target *target, struct dfu_error *err)
{
	switch (target->kind) {
	case VIRTUAL:
		return open_virtual(target->id, err);
	case REAL:
		return open_real(target, err);
	case PATH:
		break;
	}
	return tty_open(target->name, false, baud, err);
}

static void lose(struct console *console)
{
	tty_close(console->fd);
	console->fd = -1;
	console->out_len = 0;
	note("%s: gone; waiting until it is back", clean(console->target.name));
}

static void look_again(struct console *console)
{
	struct dfu_error err;

	console->fd = open_line(&console->target, &err);
	if (console->fd < 0)
		debug("%s", err.msg);
	else
		note("%s: back", clean(console->target.name));
}

/* -- bytes, to and fro ------------------------------------------------------------- */

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* A disk that fills up takes a part first, and says why at the rest. */
static bool keep(int log, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(log, bytes, len);

		if (n < 0 && errno != EINTR) {
			complain("%s: %s", log_path, strerror(errno));
			return false;
		}
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* False when the log cannot be written. */
static bool hear(struct console *console)
{
	char bytes[4096];
	ssize_t n = read(console->fd, bytes, sizeof(bytes));

	if (n < 0 && would_block())
		return true;
	if (n <= 0) {
		lose(console);
		return true;
	}
	console->heard_ms = now_ms();
	out_bytes(bytes, (size_t)n);
	return console->log < 0 || keep(console->log, bytes, (size_t)n);
}

static void send_on(struct console *console)
{
	ssize_t n = write(console->fd, console->out, console->out_len);

	if (n < 0 && !would_block())
		lose(console);
	if (n <= 0)
		return;
	console->out_len -= (size_t)n;
	memmove(console->out, console->out + n, console->out_len);
}

static void take_input(struct console *console)
{
	ssize_t n = read(STDIN_FILENO, console->out, sizeof(console->out));
	const char *key;

	if (n < 0 && would_block())
		return;
	if (n <= 0) {
		console->ended = true;
		console->heard_ms = now_ms();
		return;
	}
	console->out_len = (size_t)n;
	key = console->keys ? memchr(console->out, KEY_END, console->out_len) : NULL;
	if (key) {
		console->leaving = true;
		console->out_len = (size_t)(key - console->out);
	}
	if (console->fd < 0)
		console->out_len = 0; /* keys that nobody heard */
	else if (console->out_len > 0)
		send_on(console);
}

/* -- the session ------------------------------------------------------------------- */

/* How long to wait for anything, 0 when it is over; -1: without end. */
static int wait_ms(const struct console *console)
{
	uint64_t silent = now_ms() - console->heard_ms;
	uint64_t limit =
		sys_timeout_ms(timeout_s < 1000000 ? timeout_s * 1000 : 1000000000);
	int wait = console->fd < 0 ? RETRY_MS : -1;

	if (!timeout_given || !console->ended || console->out_len > 0)
		return wait;
	if (silent >= limit)
		return 0;
	return wait < 0 || limit - silent < (uint64_t)wait ? (int)(limit - silent) : wait;
}

/*
 * As poll(); -1 also when a signal that ends the session came before. None gets lost between
 * the look at `interrupted` and the sleep: they are let in only there.
 */
static int poll_or_end(struct pollfd *fds, nfds_t count, int wait)
{
	const struct timespec sleep = { .tv_sec = wait / 1000,
					.tv_nsec = (long)(wait % 1000) * 1000000 };
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t shut, open;
	int rc = -1;

	sigemptyset(&shut);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(&shut, ends[i]);
	sigprocmask(SIG_BLOCK, &shut, &open);
	if (!interrupted)
		rc = ppoll(fds, count, wait < 0 ? NULL : &sleep, &open);
	sigprocmask(SIG_SETMASK, &open, NULL);
	return rc;
}

static int talk(struct console *console)
{
	int wait;

	while (!interrupted && !out_closed() && !console->leaving &&
	       !(console->keys && console->ended) && (wait = wait_ms(console)) != 0) {
		struct pollfd fds[2] = { { .fd = console->fd, .events = POLLIN },
					 { .fd = -1, .events = POLLIN } };

		/* a pipe waits for a board that is away; keys are looked at anyway */
		if (!console->ended && console->out_len == 0 &&
		    (console->fd >= 0 || console->keys))
			fds[1].fd = STDIN_FILENO;
		if (console->out_len > 0)
			fds[0].events |= POLLOUT;
		if (poll_or_end(fds, 2, wait) < 0)
			continue;
		if (fds[0].revents & (POLLIN | POLLHUP | POLLERR) && !hear(console))
			return EXIT_FAILED;
		if (console->fd >= 0 && console->out_len > 0)
			send_on(console);
		if (fds[1].revents)
			take_input(console);
		if (console->fd < 0 && !console->leaving && !interrupted)
			look_again(console);
	}
	if (interrupted)
		return 128 + interrupted;
	return console->fd < 0 && !console->leaving ? EXIT_NO_BOARD : EXIT_DONE;
}

static void on_quit(int number)
{
	interrupted = number;
}

static int open_log(struct console *console)
{
	struct dfu_error err;

	console->log = -1;
	if (!log_path)
		return EXIT_DONE;
	console->log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (console->log >= 0)
		return EXIT_DONE;
	sys_fail_write(log_path, &err);
	return report("console", &err);
}

int cmd_console(int argc, char **argv)
{
	struct console console = { .log = -1 };
	struct dfu_error err;
	int status;

	if (argc > 0)
		return usage_error("console takes no argument, not '%s'", clean(argv[0]));
	if (!tty_knows_baud(baud))
		return usage_error("--baud %u: no port has this rate", baud);
	status = choose(&console.target);
	if (status == EXIT_DONE)
		status = open_log(&console);
	if (status != EXIT_DONE)
		return status;
	console.fd = open_line(&console.target, &err);
	if (console.fd < 0) {
		status = report("console", &err);
	} else {
		signal(SIGQUIT, on_quit);
		console.heard_ms = now_ms();
		console.keys = tty_keys_begin();
		if (console.keys)
			note("%s: connected; Ctrl-] ends", clean(console.target.name));
		status = talk(&console);
		tty_keys_end();
	}
	tty_close(console.fd);
	if (console.log >= 0)
		close(console.log);
	return status;
}
