#include "app/log.h"

#include "app/console.h"
#include "drivers/systick.h"
#include "lib/text.h"

/* Indices count on; a line ends with '\n'. */
static char ring[LOG_BYTES];
static unsigned in, out, dropped;

static void drop_oldest(void)
{
	while (ring[out++ % LOG_BYTES] != '\n')
		;
	dropped++;
}

static void add(const char *line, size_t len)
{
	size_t i;

	while (LOG_BYTES - (in - out) < len + 1)
		drop_oldest();
	for (i = 0; i < len; i++)
		ring[in++ % LOG_BYTES] = line[i];
	ring[in++ % LOG_BYTES] = '\n';
}

void log_say(const char *fmt, ...)
{
	uint32_t now = systick_ms();
	char line[LOG_LINE_BYTES];
	size_t n = text_format(line, sizeof(line), "[%6u.%03u] ", (unsigned)(now / 1000),
			       (unsigned)(now % 1000));
	va_list ap;

	va_start(ap, fmt);
	n += text_vformat(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	add(line, n);
	console_tell(line);
}

bool log_line(unsigned *at, char *to, size_t bytes)
{
	unsigned from = out + *at;
	size_t n = 0;

	if (from == in)
		return false;
	while (ring[from % LOG_BYTES] != '\n') {
		if (n + 1 < bytes)
			to[n++] = ring[from % LOG_BYTES];
		from++;
	}
	to[n] = '\0';
	*at = from + 1 - out;
	return true;
}

unsigned log_dropped(void)
{
	return dropped;
}
