/* Processes: virtual boards and the local hub, started and ended. */
#include "sim.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 5000
#define STOP_MS  5000
#define PAUSE_MS 20

int sim_lock(struct dfu_error *err)
{
	char path[4096];
	int fd;

	if (sys_make_folder(sim_dir(), 0700, err) < 0)
		return err->code;
	if (!sys_join(path, sizeof(path), sim_dir(), "lock"))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", sim_dir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		sys_fail_write(path, err);
		if (fd >= 0)
			close(fd);
		return err->code;
	}
	return fd;
}

/* In the child: a session of its own, so that no terminal's end reaches it. */
static void become(const char *program, char *const *argv, int log)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	signal(SIGPIPE, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
	execv(program, argv);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static int spawn(const char *name, const char *const *argv, int log, pid_t *pid,
		 struct dfu_error *err)
{
	char program[4096];

	if (!sys_find_program(argv[0], true, program, sizeof(program))) {
		sys_fail(err, DFU_ERR_FILE, "%s is neither beside stmiot nor in PATH",
			 argv[0]);
		if (strcmp(name, SIM_HUB) != 0)
			sys_hint(err, "it is in the package stmiot-sim");
		return err->code;
	}
	*pid = fork();
	if (*pid < 0)
		return sys_fail(err, DFU_ERR_FILE, "%s: no process for it: ", name);
	if (*pid == 0)
		become(program, (char *const *)(uintptr_t)argv, log);
	return 0;
}

/* The last words of one that did not come up, which say why; not where its help is. */
static void hint_by_log(const char *path, bool misunderstood, struct dfu_error *err)
{
	char *text = sys_read_file(path, 1 << 20, NULL), *last = NULL;

	for (int i = 0; text && i < 1 + misunderstood; i++) {
		size_t len = last ? (size_t)(last - text) : strlen(text);

		while (len > 0 && text[len - 1] == '\n')
			text[--len] = '\0';
		last = strrchr(text, '\n');
		last = last ? last + 1 : text;
	}
	if (last && *last)
		sys_hint(err, "its last words: %s", last);
	else
		sys_hint(err, "it said nothing in %s", path);
	free(text);
}

static void pause_ms(unsigned ms)
{
	poll(NULL, 0, (int)ms);
}

static int wait_until_up(const char *name, pid_t pid, const char *log,
			 struct dfu_error *err)
{
	uint64_t until = now_ms() + sys_timeout_ms(START_MS);
	bool misunderstood = false;
	int status;

	for (;;) {
		if (sim_ask(name, sim_request("status"), NULL, err) == 0)
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			misunderstood =
				WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE;
			sys_fail(err, misunderstood ? DFU_ERR_ARG : DFU_ERR_DEVICE,
				 "%s: the %s ended at once", name, sim_kind(name));
			break;
		}
		if (interrupted)
			return sys_fail(err, DFU_ERR_CANCELLED, "%s: interrupted", name);
		if (now_ms() >= until) {
			kill(pid, SIGTERM);
			sys_fail(err, DFU_ERR_TIMEOUT, "%s: the %s does not come up",
				 name, sim_kind(name));
			break;
		}
		pause_ms(PAUSE_MS);
	}
	hint_by_log(log, misunderstood, err);
	return err->code;
}

int sim_run(const char *name, const char *const *argv, const char *folder,
	    struct dfu_error *err)
{
	char log[4096];
	pid_t pid = -1;
	int fd, rc;

	if (sys_make_folder(folder, 0700, err) < 0)
		return err->code;
	if (!sys_join(log, sizeof(log), folder, "log"))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", folder);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return sys_fail_write(log, err);
	rc = spawn(name, argv, fd, &pid, err);
	close(fd);
	return rc < 0 ? rc : wait_until_up(name, pid, log, err);
}

int sim_start(const char *name, const struct sim_start *how, struct dfu_error *err)
{
	char folder[4096], port[8], gdb_port[8], seed[12];
	const char *argv[160];
	size_t n = 0;

	if (!sim_name_fits(name))
		return sys_fail(err, DFU_ERR_ARG, "%s: a board is not called so", name);
	if (sim_ask(name, sim_request("status"), NULL, err) == 0)
		return 1;
	if (!sim_path(name, NULL, folder, sizeof(folder)))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", sim_dir());
	argv[n++] = "stmiot-board";
	argv[n++] = "--name";
	argv[n++] = name;
	if (how->time) {
		argv[n++] = "--time";
		argv[n++] = how->time;
	}
	if (how->seed) {
		snprintf(seed, sizeof(seed), "%u", *how->seed);
		argv[n++] = "--seed";
		argv[n++] = seed;
	}
	for (size_t i = 0; how->serial && i < how->serial->n; i++) {
		argv[n++] = "--serial";
		argv[n++] = how->serial->items[i];
	}
	snprintf(port, sizeof(port), "%u", how->port);
	argv[n++] = "--port";
	argv[n++] = port;
	if (how->gdb) {
		snprintf(gdb_port, sizeof(gdb_port), "%u", how->gdb_port);
		argv[n++] = "--gdb";
		argv[n++] = gdb_port;
	}
	argv[n++] = folder;
	argv[n] = NULL;
	return sim_run(name, argv, folder, err);
}

int sim_stop(const char *name, struct dfu_error *err)
{
	uint64_t until = now_ms() + sys_timeout_ms(STOP_MS);
	int rc = sim_ask(name, sim_request("quit"), NULL, err), fd;

	if (rc < 0)
		return rc;
	for (;;) {
		struct dfu_error gone;

		fd = sim_connect(name, &gone);
		if (fd < 0)
			return 0;
		close(fd);
		if (now_ms() >= until)
			return sys_fail(err, DFU_ERR_TIMEOUT, "%s: the %s does not end",
					name, sim_kind(name));
		pause_ms(PAUSE_MS);
	}
}
