#include "clockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char magic[8] = { 'S', 'T', 'M', 'I', 'C', 'L', 'K', '1' };

struct layout {
	char magic[8];
	_Atomic int64_t unix_ms;
	_Atomic int64_t steady_ms;
};

_Static_assert(sizeof(struct layout) == 24, "as clockfile.h has it");

struct clockfile {
	const struct clock *clock;
	struct layout *map;
	int64_t start_ns; /* on the board's line */
	int64_t unix_ms;  /* then */
	int64_t steady_ms;
};

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A new one is whole before it bears its name. */
static int make(const char *path)
{
	struct layout fresh = { .unix_ms = wall_ms() };
	char temp[4096];
	int fd;

	memcpy(fresh.magic, magic, sizeof(magic));
	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (write(fd, &fresh, sizeof(fresh)) == (ssize_t)sizeof(fresh) &&
	    rename(temp, path) == 0)
		return fd;
	close(fd);
	unlink(temp);
	return -1;
}

static struct layout *map_file(int fd)
{
	struct stat stat;
	struct layout *map;

	errno = EINVAL;
	if (fstat(fd, &stat) < 0 || stat.st_size < (off_t)sizeof(*map))
		return NULL;
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (memcmp(map->magic, magic, sizeof(magic)) == 0)
		return map;
	munmap(map, sizeof(*map));
	errno = EINVAL;
	return NULL;
}

struct clockfile *clockfile_open(const char *path, const struct clock *clock, char *err,
				 size_t err_bytes)
{
	struct clockfile *file = calloc(1, sizeof(*file));
	int fd = file ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (file && fd < 0 && errno == ENOENT)
		fd = make(path);
	if (fd >= 0) {
		file->map = map_file(fd);
		snprintf(err, err_bytes, "%s: %s", path,
			 errno == EINVAL ? "is there, but no clock" : strerror(errno));
		close(fd);
	} else {
		snprintf(err, err_bytes, "%s: %s", path, strerror(errno));
	}
	if (!file || !file->map) {
		free(file);
		return NULL;
	}
	file->clock = clock;
	file->start_ns = clock_now(clock);
	file->unix_ms = file->map->unix_ms;
	if (file->unix_ms < wall_ms())
		file->unix_ms = wall_ms();
	file->map->unix_ms = file->unix_ms;
	file->steady_ms = file->map->steady_ms;
	return file;
}

void clockfile_write(struct clockfile *file)
{
	int64_t passed_ms;

	if (!file)
		return;
	passed_ms = (clock_now(file->clock) - file->start_ns) / 1000000;
	if (file->map->steady_ms == file->steady_ms + passed_ms)
		return;
	file->map->unix_ms = file->unix_ms + passed_ms;
	file->map->steady_ms = file->steady_ms + passed_ms;
}

void clockfile_close(struct clockfile *file)
{
	if (!file)
		return;
	munmap(file->map, sizeof(*file->map));
	free(file);
}
