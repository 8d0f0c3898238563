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

#define ASK_MS 3000

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

const char *sim_kind(const char *name)
{
	return strcmp(name, SIM_HUB) == 0 ? "local hub" : "virtual board";
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
	return sim_name_fits(entry->d_name) && strcmp(entry->d_name, SIM_HUB) != 0 &&
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
	if (strcmp(name, SIM_HUB) == 0) {
		sys_fail(err, DFU_ERR_NODEV, "the local hub is not running");
		sys_hint(err, "'stmiot sim up' starts it");
		return err->code;
	}
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
int sim_connect(const char *name, struct dfu_error *err)
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
	int fd = sim_connect(name, err), rc = 0;
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
		rc = sys_fail(err, DFU_ERR_TIMEOUT, "%s: the %s does not answer", name,
			      sim_kind(name));
		sys_hint(err, "'stmiot sim log %s' tells what it did last", name);
	} else if (!json_bool(answer, "ok", &ok) || !ok) {
		const char *words = json_text(answer, "error");

		rc = sys_fail(err, DFU_ERR_DEVICE, "%s: %s", name,
			      words ? words : "it refuses, and does not say why");
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
