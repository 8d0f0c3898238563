#include "tty.h"
#include "cli.h"
#include "sys.h"
#include "udev.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* -- boards ------------------------------------------------------------------------ */

/* 1209:0001 is a test id that others use as well: both strings have to be ours. */
#define VENDOR       "1209"
#define PRODUCT      "0001"
#define MANUFACTURER "stmiot"
#define PRODUCT_NAME "stmiot STM32F407"

static bool attr_is(const char *folder, const char *name, const char *value)
{
	char text[64];

	udev_attr(folder, name, text, sizeof(text));
	return strcmp(text, value) == 0;
}

/* The USB device above the interface that `tty` belongs to; false: it is not ours. */
static bool look_at(const char *tty, struct tty_board *board)
{
	char device[1024], folder[PATH_MAX], *slash;

	snprintf(device, sizeof(device), "%s/class/tty/%s/device/..", udev_sysfs(), tty);
	if (!realpath(device, folder))
		return false;
	if (!attr_is(folder, "idVendor", VENDOR) ||
	    !attr_is(folder, "idProduct", PRODUCT) ||
	    !attr_is(folder, "manufacturer", MANUFACTURER) ||
	    !attr_is(folder, "product", PRODUCT_NAME))
		return false;
	slash = strrchr(folder, '/');
	udev_attr(folder, "serial", board->serial, sizeof(board->serial));
	snprintf(board->path, sizeof(board->path), "%.39s", slash + 1);
	snprintf(board->name, sizeof(board->name), "path:%s", board->path);
	return sys_join(board->device, sizeof(board->device), udev_dev(), tty);
}

bool tty_boards(struct tty_board **out, size_t *n)
{
	char folder[1024];
	struct dirent *entry;
	DIR *dir;

	*out = NULL;
	*n = 0;
	if (!sys_join(folder, sizeof(folder), udev_sysfs(), "class/tty"))
		return true;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		struct tty_board board = { 0 }, *more;

		if (entry->d_name[0] == '.' || !look_at(entry->d_name, &board))
			continue;
		more = realloc(*out, (*n + 1) * sizeof(*more));
		if (!more) {
			closedir(dir);
			return false;
		}
		*out = more;
		more[(*n)++] = board;
	}
	if (dir)
		closedir(dir);
	return true;
}

/* -- lines ------------------------------------------------------------------------- */

static const struct rate {
	unsigned baud;
	speed_t speed;
} rates[] = {
	{ 1200, B1200 },       { 2400, B2400 },     { 4800, B4800 },
	{ 9600, B9600 },       { 19200, B19200 },   { 38400, B38400 },
	{ 57600, B57600 },     { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 },   { 921600, B921600 }, { 1000000, B1000000 },
	{ 2000000, B2000000 },
};

static speed_t speed_of(unsigned baud)
{
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i].baud == baud)
			return rates[i].speed;
	return B0;
}

bool tty_knows_baud(unsigned baud)
{
	return speed_of(baud) != B0;
}

static int refused(const char *path, struct dfu_error *err)
{
	struct stat st;
	bool dialout;

	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return sys_fail(err, DFU_ERR_NODEV, "%s: ", path);
	if (errno == EBUSY || errno == EWOULDBLOCK) {
		sys_fail(err, DFU_ERR_BUSY, "%s: somebody else has it open", path);
		return err->code;
	}
	if (errno != EACCES && errno != EPERM)
		return sys_fail(err, DFU_ERR_IO, "%s: ", path);
	sys_fail(err, DFU_ERR_ACCESS, "%s: ", path);
	dialout = stat(path, &st) == 0 && st.st_mode & S_IRGRP &&
		  sys_member("dialout") == SYS_NOT_MEMBER;
	if (dialout)
		sys_hint(
			err,
			"sudo usermod -aG dialout %s, then log out and in again; or sudo "
			"stmiot udev install",
			sys_user());
	else
		sys_hint(err, "sudo stmiot udev install");
	return err->code;
}

static bool set_up(int fd, unsigned baud)
{
	struct termios line;

	if (tcgetattr(fd, &line) < 0)
		return false;
	cfmakeraw(&line);
	line.c_cflag |= CLOCAL | CREAD;
	line.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	cfsetispeed(&line, speed_of(baud));
	cfsetospeed(&line, speed_of(baud));
	return tcsetattr(fd, TCSANOW, &line) == 0;
}

int tty_open(const char *path, bool pseudo, unsigned baud, struct dfu_error *err)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), cause;

	if (fd < 0)
		return refused(path, err);
	if (!isatty(fd)) {
		sys_fail(err, DFU_ERR_NODEV, "%s: this is no serial port", path);
		close(fd);
		return err->code;
	}
	/* who holds a pseudo-terminal's other end never lets go of such a claim */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && (pseudo || ioctl(fd, TIOCEXCL) == 0) &&
	    set_up(fd, baud))
		return fd;
	cause = errno;
	close(fd);
	errno = cause;
	return refused(path, err);
}

int tty_dial(const char *address, struct dfu_error *err)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *colon = strchr(address, ':');
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)(colon ? atoi(colon + 1) : 0));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	sys_fail(err, DFU_ERR_NODEV, "%s: ", address);
	if (fd >= 0)
		close(fd);
	return err->code;
}

void tty_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* -- the terminal one sits at ------------------------------------------------------ */

static struct termios before;
static bool changed;

bool tty_keys_begin(void)
{
	struct termios keys;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	keys = before;
	cfmakeraw(&keys);
	/* messages of ours end their lines as ever */
	keys.c_oflag = before.c_oflag;
	changed = tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
	return changed;
}

void tty_keys_end(void)
{
	if (changed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	changed = false;
}
