#include "sim_log.h"
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* To where its last `lines` begin. */
static void seek_lines(int fd, uint32_t lines)
{
	off_t start = lseek(fd, 0, SEEK_END);
	uint32_t ends = 0;
	char byte;

	/* the end of the last line is not that of one before it */
	while (start > 0 && pread(fd, &byte, 1, start - 1) == 1) {
		if (byte == '\n' && ends++ == lines)
			break;
		start--;
	}
	lseek(fd, start, SEEK_SET);
}

int sim_log(const char *name, const uint32_t *lines, bool follow)
{
	char path[4096], block[4096];
	ssize_t n;
	int fd;

	if (!sim_name_fits(name) || !sim_path(name, "log", path, sizeof(path))) {
		complain("sim log: there is no virtual board '%s'", clean(name));
		return EXIT_NO_BOARD;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		bool none = errno == ENOENT;

		complain("sim log: %s: %s\n'stmiot sim status' lists the boards", path,
			 strerror(errno));
		return none ? EXIT_NO_BOARD : EXIT_FAILED;
	}
	if (lines)
		seek_lines(fd, *lines);
	for (;;) {
		while ((n = read(fd, block, sizeof(block))) > 0)
			out_bytes(block, (size_t)n);
		if (n < 0 || !follow || interrupted || out_closed())
			break;
		poll(NULL, 0, 100);
	}
	close(fd);
	return n < 0 ? EXIT_FAILED : interrupted ? 128 + interrupted : EXIT_DONE;
}
