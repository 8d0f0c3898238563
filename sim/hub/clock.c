#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The file of a clock. */
struct given {
	char magic[8];
	_Atomic int64_t unix_ms;
	_Atomic int64_t steady_ms;
};

_Static_assert(sizeof(struct given) == CLOCK_FILE_BYTES, "as clock.h has it");

static const struct given *given; /* NULL: the machine's own clocks count */

static _Atomic int64_t offset_ms; /* threads ask while another sets it */

void clock_offset(int64_t seconds)
{
	offset_ms = seconds * 1000;
}

const char *clock_follow(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	void *map = MAP_FAILED;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &stat) == 0 && stat.st_size >= CLOCK_FILE_BYTES)
		map = mmap(NULL, CLOCK_FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return "this is no clock: it is shorter than 24 bytes";
	if (memcmp(map, CLOCK_FILE_MAGIC, 8) != 0) {
		munmap(map, CLOCK_FILE_BYTES);
		return "this is no clock: it does not begin with " CLOCK_FILE_MAGIC;
	}
	given = map;
	return NULL;
}

int clock_nap_ms(int left_ms)
{
	return given && left_ms > CLOCK_NAP_MS ? CLOCK_NAP_MS : left_ms;
}

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_unix_ms(void)
{
	return (given ? given->unix_ms : read_ms(CLOCK_REALTIME)) + offset_ms;
}

int64_t clock_steady_ms(void)
{
	return given ? given->steady_ms : read_ms(CLOCK_MONOTONIC);
}

static struct tm split(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc = { .tm_mday = 1 };

	gmtime_r(&seconds, &utc);
	return utc;
}

void clock_iso(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);
	size_t len;

	if (unix_ms == TIME_NONE) {
		strcpy(to, CLOCK_NEVER);
		return;
	}
	len = strftime(to, TIME_TEXT, "%FT%T", &utc);
	snprintf(to + len, TIME_TEXT - len, ".%03uZ", (unsigned)(unix_ms % 1000) % 1000);
}

void clock_http(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);

	strftime(to, TIME_TEXT, "%a, %d %b %Y %T GMT", &utc);
}

void clock_stamp(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);

	strftime(to, TIME_TEXT, "%m/%d/%Y %T", &utc);
}
