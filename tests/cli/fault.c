#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_S   60
#define ARGS_MAX 40

/* Never answered: the command is killed or interrupted while it waits for transfer n. */
#define SILENCE "\"kind\":\"timeout\",\"at\":%u"
/* What request n asked for is done, and nobody is told. */
#define HUB_SILENCE "slow=600000@%u"

static const struct fault faults[] = {
	{ "stall", "\"kind\":\"stall\",\"at\":%u", LET_RUN, false },
	{ "timeout", SILENCE, LET_RUN, false },
	{ "disconnect", "\"kind\":\"disconnect\",\"at\":%u", LET_RUN, false },
	{ "power", "\"kind\":\"power\",\"at\":%u", LET_RUN, false },
	{ "kill", SILENCE, KILL, false },
	{ "interrupt", SILENCE, INTERRUPT, false },
	{ "hub-500", "500@%u", LET_RUN, true },
	{ "hub-429", "429@%u", LET_RUN, true },
	{ "hub-401", "401@%u", LET_RUN, true },
	{ "hub-html", "html@%u", LET_RUN, true },
	{ "hub-garbage", "garbage@%u", LET_RUN, true },
	{ "hub-drop", "drop@%u", LET_RUN, true },
	{ "hub-lose", "lose@%u", LET_RUN, true },
	{ "hub-cut", "cut@%u", LET_RUN, true },
	{ "hub-dead", "drop:99@%u", LET_RUN, true },
	{ "hub-kill", HUB_SILENCE, KILL, true },
	{ "hub-interrupt", HUB_SILENCE, INTERRUPT, true },
};

struct sweep sweep;

void die(const char *fmt, ...)
{
	int cause = errno;
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (%s)\n", strerror(cause));
	exit(2);
}

void wrong(const char *fmt, ...)
{
	va_list ap;

	sweep.wrong++;
	printf("not ok - %s: ", sweep.doing);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n%s%s", sweep.told, sweep.said);
	fflush(stdout);
}

const struct fault *fault_find(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	errno = EINVAL;
	die("%s", name);
}

/* -- control sockets ------------------------------------------------------------------- */

/* By way of the open folder: its path may be longer than a socket's can be. */
static int reach(const char *folder)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/control", dir);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("%s: nobody answers", folder);
	close(dir);
	return fd;
}

const char *control_ask(const char *folder, const char *request)
{
	static char answer[16384];
	int fd = reach(folder);
	size_t len = 0;
	ssize_t n = 1;

	dprintf(fd, "{\"do\":%s}\n", request);
	while (n > 0 && (!len || answer[len - 1] != '\n')) {
		n = read(fd, answer + len, sizeof(answer) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	answer[len] = '\0';
	close(fd);
	if (!strstr(answer, "\"ok\":true"))
		die("%s: %s: %s", folder, request, answer);
	return answer;
}

unsigned control_number(const char *answer, const char *key)
{
	const char *at = strstr(answer, key);

	return at ? (unsigned)atoi(at + strlen(key)) : 0;
}

void fault_arm(const struct fault *fault, const char *folder, unsigned n)
{
	char what[80], request[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(what, sizeof(what), fault->what, n);
#pragma GCC diagnostic pop
	if (fault->hub)
		snprintf(request, sizeof(request), "\"fail\",\"pattern\":\"%s\"", what);
	else
		snprintf(request, sizeof(request), "\"fault\",%s", what);
	control_ask(folder, request);
}

void fault_arm_cut(const char *folder, const char *what, unsigned n, double part)
{
	char request[128];

	snprintf(request, sizeof(request),
		 "\"fault\",\"kind\":\"power\",\"%s\":%u,\"fraction\":%g", what, n, part);
	control_ask(folder, request);
}

/* One that strikes more than once stays; how many requests it has seen tells then. */
bool fault_struck(const struct fault *fault, const char *folder, unsigned n)
{
	const char *answer = control_ask(folder, "\"status\"");

	if (!fault->hub)
		return strstr(answer, "\"faults\":[]") != NULL;
	return strstr(answer, "\"failures\":[]") ||
	       control_number(answer, "\"seen\":") >= n;
}

void fault_clear(const struct fault *fault, const char *folder)
{
	control_ask(folder, fault->hub ? "\"fail\",\"clear\":true"
				       : "\"fault\",\"kind\":\"none\"");
}

/* -- runs ------------------------------------------------------------------------------ */

static int open_new(const char *file)
{
	return open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
}

static pid_t start(const char *const *argv, const char *timeout_ms)
{
	const char *args[ARGS_MAX] = { NULL };
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; argv[i] && i < ARGS_MAX - 1; i++)
		args[i] = argv[i];
	if (timeout_ms)
		setenv("STMIOT_TIMEOUT_MS", timeout_ms, 1);
	alarm(HANG_S);
	dup2(open_new("said"), STDERR_FILENO);
	dup2(open_new("told"), STDOUT_FILENO);
	execvp(args[0], (char *const *)args);
	_exit(127);
}

/* What is said is kept for the search for secrets. */
static void hear(const char *file, char *to, size_t bytes)
{
	int all = open("all-that-was-said", O_WRONLY | O_CREAT | O_APPEND, 0600);
	int fd = open(file, O_RDONLY);
	ssize_t n = read(fd, to, bytes - 1);

	to[n > 0 ? n : 0] = '\0';
	if (n == (ssize_t)bytes - 1 || (n > 0 && write(all, to, (size_t)n) != n))
		die("all-that-was-said: there is more");
	close(fd);
	close(all);
}

static int finish(const struct fault *fault, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	hear("said", sweep.said, sizeof(sweep.said));
	hear("told", sweep.told, sizeof(sweep.told));
	if (strstr(sweep.said, "Sanitizer") || strstr(sweep.said, "runtime error"))
		wrong("a sanitizer complains");
	sweep.fault = fault;
	sweep.status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	return sweep.status;
}

int run(const char *const *argv, const char *timeout_ms)
{
	return finish(NULL, start(argv, timeout_ms));
}

int run_with(const struct fault *fault, const char *folder, unsigned n,
	     const char *const *argv, const char *timeout_ms)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };
	/* Who is to be killed while it waits must not give up before. */
	pid_t pid = start(argv, fault->after == KILL ? NULL : timeout_ms);
	siginfo_t info = { 0 };

	while (fault->after != LET_RUN && !info.si_pid &&
	       !fault_struck(fault, folder, n)) {
		nanosleep(&tick, NULL);
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	if (fault->after != LET_RUN)
		kill(pid, fault->after == KILL ? SIGKILL : SIGINT);
	return finish(fault, pid);
}

bool run_was_late(void)
{
	return (sweep.status == 1 || sweep.status == 3 || sweep.status == 6) &&
	       (strstr(sweep.said, "no answer") || strstr(sweep.said, "does not answer"));
}
