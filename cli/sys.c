#include "sys.h"
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int sys_fail(struct dfu_error *err, enum dfu_err code, const char *fmt, ...)
{
	int cause = errno;
	size_t len, at;
	va_list ap;

	err->code = code;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(fmt);
	at = strlen(err->msg);
	if (len >= 2 && strcmp(fmt + len - 2, ": ") == 0)
		snprintf(err->msg + at, sizeof(err->msg) - at, "%s", strerror(cause));
	return code;
}

void sys_hint(struct dfu_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

bool sys_join(char *to, size_t bytes, const char *path, const char *name)
{
	int n = snprintf(to, bytes, "%s/%s", path, name);

	return n >= 0 && (size_t)n < bytes;
}

unsigned sys_timeout_ms(unsigned ms)
{
	const char *text = getenv("STMIOT_TIMEOUT_MS");
	uint32_t cap;

	return text && parse_number(text, &cap) && cap > 0 && cap < ms ? cap : ms;
}

/* -- files
 * --------------------------------------------------------------------------------- */

char *sys_read_file(const char *path, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(max + 1);
	size_t at = 0;

	while (text && at < max) {
		ssize_t n = read(fd, text + at, max - at);

		if (n == 0)
			break;
		if (n < 0) {
			int cause = errno;

			free(text);
			text = NULL;
			errno = cause;
			break;
		}
		at += (size_t)n;
	}
	if (fd >= 0) {
		int cause = errno;

		close(fd);
		errno = cause;
	}
	if (!text)
		return NULL;
	text[at] = '\0';
	if (len)
		*len = at;
	return text;
}

/* The new name too is to be there when the power fails. Some folders cannot be synced. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	int fd, rc = 0;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fsync(fd) < 0 && errno != EINVAL)
		rc = -1;
	close(fd);
	return rc;
}

static int write_whole(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int sys_fail_write(const char *path, struct dfu_error *err)
{
	enum dfu_err code = errno == EACCES || errno == EPERM || errno == EROFS
				    ? DFU_ERR_ACCESS
				    : DFU_ERR_FILE;

	return sys_fail(err, code, "%s: ", path);
}

int sys_write_file(const char *path, const void *bytes, size_t len, mode_t mode,
		   struct dfu_error *err)
{
	char temp[4096];
	int n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path), fd, rc = 0;

	if (n < 0 || (size_t)n >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		return sys_fail_write(path, err);
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return sys_fail_write(path, err);
	/* The mode is what we say, whatever the umask. */
	if (fchmod(fd, mode) < 0 || write_whole(fd, bytes, len) < 0 || fsync(fd) < 0)
		rc = sys_fail_write(path, err);
	if (close(fd) < 0 && rc == 0)
		rc = sys_fail_write(path, err);
	if (rc == 0 && rename(temp, path) < 0)
		rc = sys_fail_write(path, err);
	if (rc < 0)
		unlink(temp);
	else if (sync_folder(path) < 0)
		rc = sys_fail_write(path, err);
	return rc;
}

mode_t sys_file_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

int sys_make_folder(const char *path, mode_t mode, struct dfu_error *err)
{
	char part[4096];
	size_t len = strlen(path), i;

	if (len == 0 || len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return sys_fail_write(path, err);
	}
	for (i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) == 0 ? sync_folder(part) < 0 : errno != EEXIST)
			return sys_fail_write(part, err);
	}
	return 0;
}

/* -- programs ---------------------------------------------------------------------- */

bool sys_self(char *to, size_t bytes)
{
	ssize_t n = readlink("/proc/self/exe", to, bytes - 1);

	if (n <= 0)
		return false;
	to[n] = '\0';
	return true;
}

bool sys_find_program(const char *name, bool beside, char *to, size_t bytes)
{
	const char *path = getenv("PATH");
	char folder[4096], *slash;

	if (beside && sys_self(folder, sizeof(folder))) {
		slash = strrchr(folder, '/');
		*slash = '\0';
		if (sys_join(to, bytes, folder, name) && access(to, X_OK) == 0)
			return true;
	}
	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(folder, sizeof(folder), "%.*s", (int)len, len ? path : ".");
		if (sys_join(to, bytes, folder, name) && access(to, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

int sys_run(const char *const *argv, bool quiet)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t restored;
	char path[4096];
	int status, rc;
	pid_t pid;

	if (!sys_find_program(argv[0], false, path, sizeof(path)))
		return -1;
	sigemptyset(&restored);
	sigaddset(&restored, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &restored);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (quiet) {
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	} else {
		posix_spawn_file_actions_adddup2(&actions, 2, 1);
	}
	rc = posix_spawn(&pid, path, &actions, &attr, (char *const *)(uintptr_t)argv,
			 environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* -- users ------------------------------------------------------------------------- */

const char *sys_user(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw ? pw->pw_name : "USER";
}

enum sys_member sys_member(const char *name)
{
	const struct group *group = getgrnam(name);
	gid_t gid, gids[256];
	const char *user;
	int n, i;

	if (!group)
		return SYS_NO_GROUP;
	gid = group->gr_gid;
	if (getegid() == gid)
		return SYS_MEMBER;
	n = getgroups((int)(sizeof(gids) / sizeof(gids[0])), gids);
	for (i = 0; i < n; i++)
		if (gids[i] == gid)
			return SYS_MEMBER;
	user = sys_user();
	for (i = 0; group->gr_mem[i]; i++)
		if (strcmp(group->gr_mem[i], user) == 0)
			return SYS_AT_NEXT_LOGIN;
	return SYS_NOT_MEMBER;
}
