/* The terminal: the only file of the command that prints, besides its bars. */
#include "cli.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

volatile int interrupted;

/* Several boards are worked on at once, each in a thread that may have something to say.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int out_errno;

/* Ours, since what was asked for by name may have been a key. */
static char out_buffer[BUFSIZ];

void screen_lock(void)
{
	pthread_mutex_lock(&lock);
}

void screen_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *clean(const char *text)
{
	static _Thread_local char ring[4][512];
	static _Thread_local unsigned next;
	char *to = ring[next++ % 4];

	text_clean(to, sizeof(ring[0]), text ? text : "", true);
	return to;
}

/* -- standard output --------------------------------------------------------------- */

void out_begin(void)
{
	setvbuf(stdout, out_buffer, _IOLBF, sizeof(out_buffer));
}

void out_bytes(const void *bytes, size_t len)
{
	screen_lock();
	if (!out_errno && fwrite(bytes, 1, len, stdout) != len)
		out_errno = errno;
	screen_unlock();
}

void out(const char *fmt, ...)
{
	va_list ap;

	screen_lock();
	va_start(ap, fmt);
	if (!out_errno && vprintf(fmt, ap) < 0)
		out_errno = errno;
	va_end(ap);
	screen_unlock();
}

bool out_closed(void)
{
	if (!out_errno && fflush(stdout) != 0)
		out_errno = errno;
	return out_errno != 0;
}

int out_finish(void)
{
	bool written = !out_closed();

	/* What could not be written is not written later either. */
	__fpurge(stdout);
	explicit_bzero(out_buffer, sizeof(out_buffer));
	if (written || out_errno == EPIPE)
		return EXIT_DONE;
	complain("standard output: %s", strerror(out_errno));
	return EXIT_FAILED;
}

bool screen_moves(int fd)
{
	const char *term = getenv("TERM");

	return term && *term && strcmp(term, "dumb") != 0 && isatty(fd);
}

void screen_size(int fd, unsigned *columns, unsigned *rows)
{
	struct winsize size;

	*columns = 80;
	*rows = 24;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return;
	if (size.ws_col >= 20)
		*columns = size.ws_col;
	if (size.ws_row >= 4)
		*rows = size.ws_row;
}

static bool colour_wanted(int fd)
{
	const char *no_colour = getenv("NO_COLOR");

	return !globals.no_color && !(no_colour && *no_colour) && screen_moves(fd);
}

const char *tint(enum tint t)
{
	static const char *const escapes[] = {
		[TINT_OFF] = "\033[0m",   [TINT_GOOD] = "\033[32m",
		[TINT_NOTE] = "\033[33m", [TINT_BAD] = "\033[31m",
		[TINT_BOLD] = "\033[1m",  [TINT_ORANGE] = "\033[38;5;208m",
		[TINT_BLUE] = "\033[34m",
	};

	return colour_wanted(STDOUT_FILENO) ? escapes[t] : "";
}

/* -- messages ---------------------------------------------------------------------- */

/* One write a message, so that those of several boards do not run into one another. */
__attribute__((format(printf, 2, 0))) static void say(const char *colour, const char *fmt,
						      va_list ap)
{
	char text[2048], whole[4096];
	bool coloured = *colour && colour_wanted(STDERR_FILENO);
	const char *line = text;
	size_t at = 0;

	vsnprintf(text, sizeof(text), fmt, ap);
	while (*line) {
		size_t len = strcspn(line, "\n");
		int n = snprintf(whole + at, sizeof(whole) - at, "%sstmiot:%s %.*s\n",
				 coloured ? colour : "", coloured ? "\033[0m" : "",
				 (int)len, line);

		if (n < 0 || (size_t)n >= sizeof(whole) - at)
			break;
		at += (size_t)n;
		line += len + (line[len] == '\n');
	}
	screen_lock();
	fflush(stdout);
	bars_lift();
	fwrite(whole, 1, at, stderr);
	fflush(stderr);
	screen_unlock();
}

void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("\033[31m", fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	if (globals.quiet)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void debug(const char *fmt, ...)
{
	va_list ap;

	if (globals.verbose == 0)
		return;
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

int exit_status(enum dfu_err code)
{
	switch (code) {
	case DFU_OK:
		return EXIT_DONE;
	case DFU_ERR_ARG:
		return EXIT_USAGE;
	case DFU_ERR_NODEV:
		return EXIT_NO_BOARD;
	case DFU_ERR_ACCESS:
	case DFU_ERR_PROTECTED:
		return EXIT_DENIED;
	case DFU_ERR_VERIFY:
	case DFU_ERR_FORMAT:
	case DFU_ERR_RANGE:
	case DFU_ERR_REFUSED:
		return EXIT_BAD_DATA;
	case DFU_ERR_CANCELLED:
		return interrupted ? 128 + interrupted : EXIT_FAILED;
	case DFU_ERR_BUSY:
	case DFU_ERR_GONE:
	case DFU_ERR_IO:
	case DFU_ERR_STALL:
	case DFU_ERR_TIMEOUT:
	case DFU_ERR_DEVICE:
	case DFU_ERR_FILE:
	case DFU_ERR_NOMEM:
		break;
	}
	return EXIT_FAILED;
}

int report(const char *where, const struct dfu_error *err)
{
	char msg[sizeof(err->msg)], hint[sizeof(err->hint)];

	text_clean(msg, sizeof(msg), err->msg, true);
	text_clean(hint, sizeof(hint), err->hint, true);
	complain("%s%s%s%s%s", where ? clean(where) : "", where ? ": " : "", msg,
		 *hint ? "\n" : "", hint);
	return exit_status(err->code);
}

bool confirm(const char *fmt, ...)
{
	char question[512], answer[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	if (globals.json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		complain("%s\nnobody is there to ask: give --yes to say so", question);
		return false;
	}
	screen_lock();
	fflush(stdout);
	bars_lift();
	fprintf(stderr, "stmiot: %s [y/N] ", question);
	fflush(stderr);
	screen_unlock();
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

/* A line, without its end, as the terminal gives it; -1 when interrupted or too long. */
static ssize_t read_line(int fd, char *to, size_t bytes)
{
	ssize_t n = read(fd, to, bytes - 1);

	if (n <= 0 || to[n - 1] != '\n')
		return -1;
	to[n - 1] = '\0';
	return n - 1;
}

bool ask_secret(const char *question, char *to, size_t bytes)
{
	int fd = globals.json ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios before, silent;
	ssize_t n;

	if (fd < 0 || tcgetattr(fd, &before) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	/* Flushed before, lest what was typed earlier be seen or taken for an answer. */
	tcsetattr(fd, TCSAFLUSH, &silent);
	dprintf(fd, "stmiot: %s", question);
	n = read_line(fd, to, bytes);
	tcsetattr(fd, TCSANOW, &before);
	dprintf(fd, "\n");
	close(fd);
	if (n < 0)
		explicit_bzero(to, bytes);
	return n > 0;
}
