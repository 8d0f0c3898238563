#include "chip.h"

#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define NAME     "stmiot STM32F407 "
#define GREETING "type 'help'" /* the last of it */
#define LOW      "\"boot0\",\"on\":false"
#define TURNS    20000 /* of a millisecond and more, on a busy machine much more */

static struct {
	const char *folder;
	int fd;
	char heard[65536];
	size_t len;
} c = { .fd = -1 };

/* -- the console ----------------------------------------------------------------------- */

void chip_open(const char *folder)
{
	struct termios raw;
	char path[512];

	if (c.fd >= 0)
		close(c.fd);
	snprintf(path, sizeof(path), "%s/usart3", folder);
	c.folder = folder;
	c.fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c.fd < 0 || tcgetattr(c.fd, &raw) < 0)
		die("%s", path);
	cfmakeraw(&raw);
	if (tcsetattr(c.fd, TCSANOW, &raw) < 0)
		die("%s", path);
	chip_forget();
}

static void hear(void)
{
	ssize_t n = 1;

	while (n > 0 && c.len < sizeof(c.heard) - 1) {
		n = read(c.fd, c.heard + c.len, sizeof(c.heard) - 1 - c.len);
		c.len += n > 0 ? (size_t)n : 0;
	}
	c.heard[c.len] = '\0';
	if (c.len == sizeof(c.heard) - 1)
		die("the console says too much");
}

void chip_forget(void)
{
	do {
		c.len = 0;
		hear();
	} while (c.len);
}

static const char *rest_of_line(const char *start, char *to, size_t bytes)
{
	const char *at = strstr(c.heard, start);

	at = at ? at + strlen(start) : "";
	snprintf(to, bytes, "%.*s", (int)strcspn(at, "\r\n"), at);
	return to;
}

static void wait_a_bit(unsigned *turns)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };

	if (++*turns == TURNS)
		die("%s: nothing comes; the console said: %s", sweep.doing, c.heard);
	nanosleep(&tick, NULL);
}

void chip_ask(const char *command)
{
	unsigned turns = 0;

	chip_forget();
	if (dprintf(c.fd, "%s\r", command) < 0)
		die("the console");
	for (hear(); !strstr(c.heard, "\nok\r\n"); hear())
		wait_a_bit(&turns);
}

const char *chip_value(const char *key, char *to, size_t bytes)
{
	char start[64];

	snprintf(start, sizeof(start), "\n%s ", key);
	return rest_of_line(start, to, bytes);
}

/* -- its starts ------------------------------------------------------------------------ */

static bool status_has(const char *what)
{
	return strstr(control_ask(c.folder, "\"status\""), what) != NULL;
}

enum chip_is chip_comes_up(void)
{
	unsigned turns = 0;

	for (;;) {
		hear();
		if (strstr(c.heard, GREETING))
			return CHIP_APP;
		if (status_has("\"mode\":\"rom\""))
			return CHIP_ROM;
		if (status_has("\"state\":\"locked\""))
			return CHIP_DEAD;
		wait_a_bit(&turns);
	}
}

const char *chip_version(char *to, size_t bytes)
{
	return rest_of_line(NAME, to, bytes);
}

void chip_to_rom(void)
{
	unsigned turns = 0;

	chip_ask("dfu");
	while (!status_has("\"mode\":\"rom\""))
		wait_a_bit(&turns);
	if (status_has("\"boot0\":true"))
		die("BOOT0 is high");
}

void chip_reset(bool boot0)
{
	chip_forget();
	control_ask(c.folder, boot0 ? "\"boot0\",\"on\":true" : LOW);
	control_ask(c.folder, "\"reset\"");
	control_ask(c.folder, LOW);
}
