/* Standard input, a line a message. */
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 200

/* Whole lines of `text`; what is left of it is moved to its begin. */
static int tell_lines(const struct device_lines *l, char *text, size_t *len)
{
	char *at = text, *end;
	int status = EXIT_DONE;

	while (status == EXIT_DONE &&
	       (end = memchr(at, '\n', *len - (size_t)(at - text)))) {
		status = l->each(l->ctx, at, (size_t)(end - at));
		at = end + 1;
	}
	*len -= (size_t)(at - text);
	memmove(text, at, *len);
	return status;
}

/* Bytes that came, 0 at the end, -1 with errno. */
static ssize_t read_some(const struct device_lines *l, char *to, size_t room, int *status)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int came;

	while ((came = poll(&p, 1, LOOK_MS)) == 0) {
		*status = l->idle(l->ctx);
		if (*status != EXIT_DONE)
			return 0;
	}
	/* Behind a signal a read would wait for a line. */
	return came < 0 ? -1 : read(STDIN_FILENO, to, room);
}

int device_read_lines(const struct device_lines *l)
{
	size_t room = l->most + 1, len = 0;
	char *text = malloc(room);
	ssize_t n = 1;
	int status = text ? EXIT_DONE : EXIT_FAILED;

	if (!text)
		complain("no memory for a line");
	while (status == EXIT_DONE && n > 0) {
		n = read_some(l, text + len, room - len, &status);
		if (n < 0 && errno == EINTR && interrupted) {
			status = 128 + interrupted;
		} else if (n < 0) {
			complain("standard input: %s", strerror(errno));
			status = EXIT_FAILED;
		} else {
			len += (size_t)n;
			if (status == EXIT_DONE)
				status = tell_lines(l, text, &len);
			if (status == EXIT_DONE && len == room) {
				complain("standard input: a line of more than %zu bytes",
					 l->most);
				status = EXIT_BAD_DATA;
			}
		}
	}
	if (status == EXIT_DONE && len > 0)
		status = l->each(l->ctx, text, len);
	free(text);
	return status;
}
