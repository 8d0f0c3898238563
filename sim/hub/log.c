#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
	bool opened;
	bool verbose;
	int fd;
} where = { .fd = -1 };

/* Whoever started it may have made DIR/log its standard error already. */
static bool is_stderr(int fd)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && fstat(STDERR_FILENO, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

void log_open(int fd, bool verbose)
{
	where.opened = true;
	where.verbose = verbose;
	where.fd = fd >= 0 && !is_stderr(fd) ? fd : -1;
}

static void write_line(const char *line, int len)
{
	if (write(STDERR_FILENO, line, (size_t)len) < 0 && where.fd < 0)
		return;
	if (where.fd >= 0 && write(where.fd, line, (size_t)len) < 0)
		where.fd = -1;
}

/* What a client sent is in it: control bytes would speak to somebody's terminal. */
static int tame(char *line, int len, int room)
{
	if (len > room - 2)
		len = room - 2;
	for (int i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len] = '\n';
	return len + 1;
}

static void put(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static void put(const char *format, va_list args)
{
	char line[1024];
	struct timespec now;
	struct tm utc;
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = (int)strftime(line, 40, "%FT%T", &utc);
	len += snprintf(line + len, 40, ".%03ldZ ", now.tv_nsec / 1000000);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len, format, args);
	write_line(line, tame(line, len, sizeof(line)));
}

void log_event(const char *format, ...)
{
	va_list args;

	if (!where.opened)
		return;
	va_start(args, format);
	put(format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	va_list args;

	if (!where.opened || !where.verbose)
		return;
	va_start(args, format);
	put(format, args);
	va_end(args);
}
