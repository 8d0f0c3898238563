#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct store {
	int dirfd;
	int fds[STORE_FILES];
	char error[400];
};

static const char *const file_names[STORE_FILES] = {
	[STORE_FLASH] = "flash.bin",
	[STORE_OTP] = "otp.bin",
	[STORE_OPTIONS] = "options.bin",
};

#define CHIP_NAME "chip"

static int fail(struct store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct store *store, const char *format, ...)
{
	va_list args;

	if (store->error[0])
		return -1;
	va_start(args, format);
	vsnprintf(store->error, sizeof(store->error), format, args);
	va_end(args);
	return -1;
}

static int write_all(int fd, const uint8_t *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_all(int fd, uint8_t *bytes, size_t len)
{
	off_t at = 0;

	while (len > 0) {
		ssize_t n = pread(fd, bytes + at, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Under another name until it is whole, so that no reader ever finds half a file. */
static int create(struct store *store, const char *name, const uint8_t *bytes, size_t len)
{
	static const char partial[] = "new.tmp";
	int fd = openat(store->dirfd, partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0600);

	if (fd < 0)
		return fail(store, "%s: cannot create it: %s", name, strerror(errno));
	if (write_all(fd, bytes, len, 0) < 0) {
		fail(store, "%s: cannot write it: %s", name, strerror(errno));
		close(fd);
		return -1;
	}
	close(fd);
	if (renameat(store->dirfd, partial, store->dirfd, name) < 0)
		return fail(store, "%s: cannot put it in place: %s", name,
			    strerror(errno));
	return 0;
}

struct store *store_open(const char *dir, char *err, size_t err_bytes)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	for (int i = 0; i < STORE_FILES; i++)
		store->fds[i] = -1;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		snprintf(err, err_bytes, "%s: cannot make the state folder: %s", dir,
			 strerror(errno));
		free(store);
		return NULL;
	}
	store->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dirfd < 0)
		snprintf(err, err_bytes, "%s: cannot open the state folder: %s", dir,
			 strerror(errno));
	else if (flock(store->dirfd, LOCK_EX | LOCK_NB) < 0)
		snprintf(err, err_bytes,
			 errno == EWOULDBLOCK ? "%s: another stmiot-board runs this "
						"board; end that one, or give "
						"another folder"
					      : "%s: cannot lock the state folder",
			 dir);
	else
		return store;
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STORE_FILES; i++)
		if (store->fds[i] >= 0)
			close(store->fds[i]);
	if (store->dirfd >= 0)
		close(store->dirfd);
	free(store);
}

int store_dirfd(const struct store *store)
{
	return store->dirfd;
}

const char *store_error(const struct store *store)
{
	return store->error[0] ? store->error : NULL;
}

int store_load(struct store *store, enum store_file file, uint8_t *bytes, size_t len)
{
	const char *name = file_names[file];
	struct stat st;
	int fd = openat(store->dirfd, name, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (create(store, name, bytes, len) < 0)
			return -1;
		fd = openat(store->dirfd, name, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return fail(store, "%s: cannot open it: %s", name, strerror(errno));
	store->fds[file] = fd;
	if (fstat(fd, &st) < 0 || st.st_size != (off_t)len)
		return fail(store,
			    "%s: holds %lld bytes, this chip has %zu; move the file away "
			    "to start with a blank one",
			    name, (long long)st.st_size, len);
	if (read_all(fd, bytes, len) < 0)
		return fail(store, "%s: cannot read it: %s", name, strerror(errno));
	return 0;
}

int store_save(struct store *store, enum store_file file, size_t at, const uint8_t *bytes,
	       size_t len)
{
	if (write_all(store->fds[file], bytes, len, (off_t)at) < 0)
		return fail(store, "%s: cannot write %zu bytes at 0x%zx: %s",
			    file_names[file], len, at, strerror(errno));
	return 0;
}

bool chip_parse_uid(uint32_t uid[3], const char *digits)
{
	if (strlen(digits) != 24 || strspn(digits, "0123456789abcdefABCDEF") != 24)
		return false;
	for (int i = 0; i < 3; i++) {
		char word[9] = { 0 };

		memcpy(word, digits + i * 8, 8);
		uid[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return true;
}

int store_load_chip(struct store *store, struct chip *chip)
{
	char text[200] = { 0 };
	char uid[25];
	unsigned rev, boot0;
	int fd = openat(store->dirfd, CHIP_NAME, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return fail(store, CHIP_NAME ": cannot open it: %s", strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return fail(store, CHIP_NAME ": cannot read it: %s", strerror(errno));
	if (sscanf(text, "uid %24s rev %4x boot0 %1u", uid, &rev, &boot0) != 3 ||
	    !chip_parse_uid(chip->uid, uid) || (rev != 0x2200 && rev != 0x2100))
		return fail(store, CHIP_NAME ": does not hold uid, rev and boot0");
	chip->rev = rev;
	chip->boot0 = boot0 != 0;
	return 0;
}

int store_save_chip(struct store *store, const struct chip *chip)
{
	char text[100];
	int n = snprintf(
		text, sizeof(text),
		"uid %08" PRIx32 "%08" PRIx32 "%08" PRIx32 "\nrev %04x\nboot0 %d\n",
		chip->uid[0], chip->uid[1], chip->uid[2], chip->rev, chip->boot0);

	return create(store, CHIP_NAME, (const uint8_t *)text, (size_t)n);
}
