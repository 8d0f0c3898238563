/* Access tokens of Entra ID come from a command of the user's, such as az. */
#include "token.h"

#include "hub.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKEN_MAX 16384

extern char **environ;

static int start(const char *command, int fd, pid_t *pid, struct prov_error *err)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
					 0);
	rc = posix_spawn(pid, "/bin/sh", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc ? fail(err, PROV_ERR_FILE, "/bin/sh: %s", strerror(rc)) : 0;
}

/* Until it closes its output. */
static int collect(int fd, struct prov_secret *to, size_t *len, int64_t deadline,
		   const volatile int *cancel, struct prov_error *err)
{
	*len = 0;
	while (*len < TOKEN_MAX) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (cancel && *cancel)
			return fail(err, PROV_ERR_CANCELLED, "cancelled");
		if (steady_ms() >= deadline)
			return fail(err, PROV_ERR_TIMEOUT,
				    "the token command takes too long");
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(fd, secret_room(to) + *len, TOKEN_MAX - *len);
		if (n < 0 && errno != EINTR)
			return fail(err, PROV_ERR_FILE, "the token command: %s",
				    strerror(errno));
		if (n == 0)
			return 0;
		*len += n > 0 ? (size_t)n : 0;
	}
	return fail(err, PROV_ERR_FORMAT, "the token command prints too much");
}

static int check(struct prov_secret *token, size_t len, int status,
		 struct prov_error *err)
{
	const uint8_t *text = prov_secret_bytes(token, NULL);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fail(err, PROV_ERR_FILE, "the token command fails (exit %d)",
		     WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		return hint(err, PROV_ERR_FILE,
			    "run it by hand; az needs \"az login\" first");
	}
	while (len && isspace(text[len - 1]))
		len--;
	secret_trim(token, len);
	for (size_t i = 0; i < len; i++)
		if (!isgraph(text[i]))
			len = 0;
	if (len == 0)
		return hint(
			err,
			fail(err, PROV_ERR_FORMAT, "the token command prints no token"),
			"it is to print the token alone: az has --query accessToken -o "
			"tsv");
	return 0;
}

int token_run(const char *command, unsigned ms, const volatile int *cancel,
	      struct prov_secret **out, struct prov_error *err)
{
	int64_t deadline = steady_ms() + ms;
	struct prov_secret *token = NULL;
	int fds[2], status = 0, rc;
	size_t len = 0;
	pid_t pid;

	rc = secret_make(TOKEN_MAX, &token, err);
	if (rc < 0)
		return rc;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		prov_secret_free(token);
		return fail(err, PROV_ERR_FILE, "a pipe: %s", strerror(errno));
	}
	rc = start(command, fds[1], &pid, err);
	close(fds[1]);
	if (rc == 0) {
		rc = collect(fds[0], token, &len, deadline, cancel, err);
		if (rc < 0)
			kill(pid, SIGTERM);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(fds[0]);
	if (rc == 0)
		rc = check(token, len, status, err);
	if (rc == 0)
		*out = token;
	else
		prov_secret_free(token);
	return rc;
}
