#include "sim.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS   3000
#define START_MS 5000
#define STOP_MS  5000
#define PAUSE_MS 20

const char *sim_dir(void)
{
	static char dir[2048];
	const char *ours = getenv("STMIOT_SIM_DIR"), *state = getenv("XDG_STATE_HOME"),
		   *home = getenv("HOME");

	if (ours && *ours) {
		snprintf(dir, sizeof(dir), "%s", ours);
	} else if (state && state[0] == '/') {
		snprintf(dir, sizeof(dir), "%s/stmiot/sim", state);
	} else {
		const struct passwd *pw = home && *home ? NULL : getpwuid(getuid());

		if (!home || !*home)
			home = pw ? pw->pw_dir : "/tmp";
		snprintf(dir, sizeof(dir), "%s/.local/state/stmiot/sim", home);
	}
	return dir;
}

bool sim_name_fits(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= 'A' && name[i] <= 'Z') &&
		    !(name[i] >= '0' && name[i] <= '9') &&
		    (i == 0 || !strchr("-_.", name[i])))
			return false;
	return i > 0 && i < sizeof(((struct sim_board *)0)->name);
}

bool sim_path(const char *name, const char *file, char *to, size_t bytes)
{
	int n = snprintf(to, bytes, "%s/%s%s%s", sim_dir(), name, file ? "/" : "",
			 file ? file : "");

	return n >= 0 && (size_t)n < bytes;
}

/* -- which boards there are
 * ------------------------------------------------------------------ */

static int is_board(const struct dirent *entry)
{
	return sim_name_fits(entry->d_name) &&
	       (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
}

int sim_names(char ***out, size_t *n, struct dfu_error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(sim_dir(), &entries, is_board, versionsort), i, rc = 0;

	*out = NULL;
	*n = 0;
	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return sys_fail(err, errno == EACCES ? DFU_ERR_ACCESS : DFU_ERR_FILE,
				"%s: ", sim_dir());
	*out = calloc((size_t)count + 1, sizeof(**out));
	for (i = 0; i < count; i++) {
		if (*out && rc == 0 && ((*out)[*n] = strdup(entries[i]->d_name)))
			++*n;
		else
			rc = sys_fail(err, DFU_ERR_NOMEM,
				      "no memory for the list of boards");
		free(entries[i]);
	}
	free(entries);
	if (rc < 0) {
		sim_names_free(*out, *n);
		*out = NULL;
		*n = 0;
	}
	return rc;
}

void sim_names_free(char **names, size_t n)
{
	while (names && n > 0)
		free(names[--n]);
	free(names);
}

/* -- the control socket
 * ---------------------------------------------------------------------- */

static int not_running(const char *name, bool known, struct dfu_error *err)
{
	sys_fail(err, DFU_ERR_NODEV,
		 known ? "%s: this virtual board is not running"
		       : "%s: there is no such virtual board",
		 name);
	sys_hint(err, known ? "'stmiot sim up' starts the boards"
			    : "'stmiot sim status' lists them");
	return err->code;
}

/*
 * A socket's path may have 108 bytes, which a folder deep in a build tree exceeds. By way
 * of the open folder it is short.
 */
static int connect_to(const char *name, struct dfu_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[4096];
	int folder = -1, fd = -1, rc;

	if (!sim_name_fits(name) || !sim_path(name, NULL, path, sizeof(path)))
		return not_running(name, false, err);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return not_running(name, false, err);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/control",
		 folder);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		close(folder);
		return fd;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		rc = not_running(name, true, err);
	else
		rc = sys_fail(err, errno == EACCES ? DFU_ERR_ACCESS : DFU_ERR_IO,
			      "%s: its control socket: ", name);
	if (fd >= 0)
		close(fd);
	close(folder);
	return rc;
}

static int wait_for(int fd, short events, uint64_t until)
{
	uint64_t now = now_ms();
	struct pollfd p = { .fd = fd, .events = events };

	return now >= until ? 0 : poll(&p, 1, (int)(until - now));
}

static bool send_line(int fd, const char *line, uint64_t until)
{
	size_t len = strlen(line);

	while (len > 0) {
		ssize_t n = wait_for(fd, POLLOUT, until) > 0
				    ? send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT)
				    : -1;

		if (n <= 0)
			return false;
		line += n;
		len -= (size_t)n;
	}
	return true;
}

/* The line that comes back, without its end; NULL when none came whole. */
static char *receive_line(int fd, uint64_t until, size_t *len)
{
	size_t room = 4096, at = 0;
	char *line = malloc(room), *end = NULL;

	while (line && !end) {
		ssize_t n;

		if (at == room) {
			void *more = room < (1 << 20) ? realloc(line, room * 2) : NULL;

			if (!more)
				break;
			line = more;
			room *= 2;
		}
		n = wait_for(fd, POLLIN, until) > 0
			    ? recv(fd, line + at, room - at, MSG_DONTWAIT)
			    : -1;
		if (n <= 0)
			break;
		end = memchr(line + at, '\n', (size_t)n);
		at += (size_t)n;
	}
	if (!end) {
		free(line);
		return NULL;
	}
	*len = (size_t)(end - line);
	return line;
}

struct json *sim_request(const char *action)
{
	struct json *request = json_object();

	json_add_text(request, "do", action);
	return request;
}

int sim_ask(const char *name, struct json *request, struct json **reply,
	    struct dfu_error *err)
{
	uint64_t until = now_ms() + sys_timeout_ms(ASK_MS);
	int fd = connect_to(name, err), rc = 0;
	char *line = json_line(request), *back = NULL;
	struct json *answer = NULL;
	size_t len = 0;
	bool ok = false;

	json_free(request);
	if (reply)
		*reply = NULL;
	if (fd < 0) {
		free(line);
		return fd;
	}
	if (line && send_line(fd, line, until) && send_line(fd, "\n", until))
		back = receive_line(fd, until, &len);
	answer = back ? json_parse(back, len) : NULL;
	if (!answer) {
		rc = sys_fail(err, DFU_ERR_TIMEOUT,
			      "%s: the virtual board does not answer", name);
		sys_hint(err, "'stmiot sim log %s' tells what it did last", name);
	} else if (!json_bool(answer, "ok", &ok) || !ok) {
		const char *words = json_text(answer, "error");

		rc = sys_fail(err, DFU_ERR_DEVICE, "%s: %s", name,
			      words ? words
				    : "the virtual board refuses, and does not say why");
	}
	if (rc == 0 && reply)
		*reply = answer;
	else
		json_free(answer);
	free(back);
	free(line);
	close(fd);
	return rc;
}

static void copy_text(char *to, size_t bytes, const struct json *from, const char *key)
{
	const char *text = json_text(from, key);

	snprintf(to, bytes, "%s", text ? text : "");
}

int sim_boards(struct sim_board **out, size_t *n, struct dfu_error *err)
{
	char **names;
	size_t count, i;
	int rc = sim_names(&names, &count, err);

	*out = NULL;
	*n = 0;
	if (rc < 0)
		return rc;
	if (count > 0)
		*out = calloc(count, sizeof(**out));
	if (count > 0 && !*out)
		rc = sys_fail(err, DFU_ERR_NOMEM, "no memory for %zu boards", count);
	for (i = 0; rc == 0 && i < count; i++) {
		struct sim_board *board = &(*out)[*n];
		struct dfu_error why;
		struct json *status;

		if (sim_ask(names[i], sim_request("status"), &status, &why) < 0) {
			debug("%s", why.msg);
			continue;
		}
		snprintf(board->name, sizeof(board->name), "%s", names[i]);
		copy_text(board->usbip, sizeof(board->usbip), status, "usbip");
		copy_text(board->serial, sizeof(board->serial), status, "serial");
		copy_text(board->mode, sizeof(board->mode), status, "mode");
		json_bool(status, "attached", &board->attached);
		json_free(status);
		++*n;
	}
	sim_names_free(names, count);
	return rc;
}

/* -- starting and ending
 * ----------------------------------------------------------------------- */

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
		sys_fail(err, errno == EACCES ? DFU_ERR_ACCESS : DFU_ERR_FILE,
			 "%s: ", path);
		if (fd >= 0)
			close(fd);
		return err->code;
	}
	return fd;
}

/* In the child: a session of its own, so that no terminal's end reaches the board. */
static void become_board(const char *program, char *const *argv, int log)
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

static int spawn_board(const char *name, const struct sim_start *how, const char *folder,
		       int log, pid_t *pid, struct dfu_error *err)
{
	char program[4096], port[8];
	const char *argv[12];
	size_t n = 0;

	if (!sys_find_program("stmiot-board", true, program, sizeof(program))) {
		sys_fail(err, DFU_ERR_FILE,
			 "stmiot-board is neither beside stmiot nor in PATH");
		sys_hint(err, "it is in the package stmiot-sim");
		return err->code;
	}
	argv[n++] = "stmiot-board";
	argv[n++] = "--name";
	argv[n++] = name;
	if (how->time) {
		argv[n++] = "--time";
		argv[n++] = how->time;
	}
	snprintf(port, sizeof(port), "%u", how->port);
	argv[n++] = "--port";
	argv[n++] = port;
	argv[n++] = folder;
	argv[n] = NULL;
	*pid = fork();
	if (*pid < 0)
		return sys_fail(err, DFU_ERR_FILE, "%s: no process for it: ", name);
	if (*pid == 0)
		become_board(program, (char *const *)(uintptr_t)argv, log);
	return 0;
}

/* The last words of a board that did not come up, which say why. */
static void hint_by_log(const char *path, struct dfu_error *err)
{
	char *text = sys_read_file(path, 1 << 20, NULL), *last;
	size_t len = text ? strlen(text) : 0;

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	last = text ? strrchr(text, '\n') : NULL;
	last = last ? last + 1 : text;
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
	int status;

	for (;;) {
		if (sim_ask(name, sim_request("status"), NULL, err) == 0)
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			sys_fail(err, DFU_ERR_DEVICE,
				 "%s: the virtual board ended at once", name);
			break;
		}
		if (interrupted)
			return sys_fail(err, DFU_ERR_CANCELLED, "%s: interrupted", name);
		if (now_ms() >= until) {
			kill(pid, SIGTERM);
			sys_fail(err, DFU_ERR_TIMEOUT,
				 "%s: the virtual board does not come up", name);
			break;
		}
		pause_ms(PAUSE_MS);
	}
	hint_by_log(log, err);
	return err->code;
}

int sim_start(const char *name, const struct sim_start *how, struct dfu_error *err)
{
	char folder[4096], log[4096];
	int fd, rc;
	pid_t pid = -1;

	if (!sim_name_fits(name))
		return sys_fail(err, DFU_ERR_ARG, "%s: a board is not called so", name);
	if (sim_ask(name, sim_request("status"), NULL, err) == 0)
		return 0;
	if (!sim_path(name, NULL, folder, sizeof(folder)) ||
	    !sim_path(name, "log", log, sizeof(log)))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", sim_dir());
	if (sys_make_folder(folder, 0700, err) < 0)
		return err->code;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return sys_fail(err, errno == EACCES ? DFU_ERR_ACCESS : DFU_ERR_FILE,
				"%s: ", log);
	rc = spawn_board(name, how, folder, fd, &pid, err);
	close(fd);
	return rc < 0 ? rc : wait_until_up(name, pid, log, err);
}

int sim_stop(const char *name, struct dfu_error *err)
{
	uint64_t until = now_ms() + sys_timeout_ms(STOP_MS);
	int rc = sim_ask(name, sim_request("quit"), NULL, err), fd;

	if (rc < 0)
		return rc;
	for (;;) {
		struct dfu_error gone;

		fd = connect_to(name, &gone);
		if (fd < 0)
			return 0;
		close(fd);
		if (now_ms() >= until)
			return sys_fail(err, DFU_ERR_TIMEOUT,
					"%s: the virtual board does not end", name);
		pause_ms(PAUSE_MS);
	}
}
