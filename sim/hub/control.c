#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dps/dps.h"
#include "json.h"

#define SOCKET_NAME "control"

struct client {
	int fd; /* -1: free */
	struct text in;
};

struct control {
	int fd;
	int dirfd;
	struct hub *hub;
	bool quit;
	struct client clients[CONTROL_CLIENTS];
};

/* -- what is asked ------------------------------------------------------------------- */

static void add_policies(struct json *to, const struct hub *hub)
{
	struct json *policies = json_new_array();

	for (size_t i = 0; i < POLICY_COUNT; i++)
		json_push(policies, json_new_text(hub->policies.list[i].name));
	json_add(to, "policies", policies);
}

static void add_failures(struct json *to, const struct hub *hub)
{
	struct json *failures = json_new_array();

	for (size_t i = 0; i < hub->faults.count; i++) {
		const struct fault *fault = &hub->faults.armed[i];
		struct json *json = json_new_object();

		json_add_text(json, "pattern", fault->text);
		json_add_number(json, "seen", (double)fault->seen);
		if (fault->count >= 0)
			json_add_number(json, "left", (double)fault->count);
		json_push(failures, json);
	}
	json_add(to, "failures", failures);
}

static void add_dps(struct json *to, const struct dps *dps)
{
	struct json *json = json_add_object(to, "dps");

	json_add_text(json, "id_scope", dps->scope);
	json_add_text(json, "host", dps->host);
}

static const char *do_status(struct hub *hub, const struct json *asked,
			     struct json *answer)
{
	int64_t all = 0, enabled;

	(void)asked;
	store_count(hub->store, &all, &enabled);
	json_add_text(answer, "version", STMIOT_VERSION);
	json_add_text(answer, "host", hub->host);
	json_add_number(answer, "https", hub->https_port);
	json_add_number(answer, "mqtt", hub->mqtt_port);
	json_add_number(answer, "amqp", hub->amqp_port);
	json_add_text(answer, "tier", hub->tier);
	json_add_number(answer, "devices", (double)all);
	json_add_number(answer, "connected", (double)hub->presences.count);
	json_add_number(answer, "requests", (double)hub->requests);
	add_dps(answer, hub->dps);
	add_policies(answer, hub);
	add_failures(answer, hub);
	return NULL;
}

static const char *do_fail(struct hub *hub, const struct json *asked, struct json *answer)
{
	const char *pattern = json_get_text(asked, "pattern");
	bool clear = json_is_true(json_get(asked, "clear"));

	(void)answer;
	if (clear)
		faults_clear(&hub->faults);
	if (pattern)
		return faults_add(&hub->faults, pattern);
	return clear ? NULL : "\"fail\" has a \"pattern\", or \"clear\" that is true";
}

static const char *do_quit(struct hub *hub, const struct json *asked, struct json *answer)
{
	(void)hub;
	(void)asked;
	(void)answer;
	return NULL;
}

static const struct {
	const char *name;
	const char *(*run)(struct hub *hub, const struct json *asked,
			   struct json *answer);
} verbs[] = {
	{ "status", do_status },
	{ "fail", do_fail },
	{ "quit", do_quit },
};

static const char *run(struct hub *hub, const struct json *asked, struct json *answer,
		       bool *quit)
{
	const char *verb = json_get_text(asked, "do");

	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, verb) == 0) {
			*quit = verbs[i].run == do_quit;
			return verbs[i].run(hub, asked, answer);
		}
	return "\"do\" is status, fail or quit";
}

char *control_answer(struct hub *hub, const char *line, size_t len, bool *quit)
{
	struct json *asked = json_parse(line, len, NULL);
	struct json *answer = json_new_object();
	const char *wrong = NULL;
	char *text;

	*quit = false;
	json_add_bool(answer, "ok", true);
	if (json_kind(asked) != JSON_OBJECT)
		wrong = "a line is one JSON object";
	else
		wrong = run(hub, asked, answer, quit);
	if (wrong) {
		json_put(answer, "ok", json_new_bool(false));
		json_add_text(answer, "error", wrong);
	}
	text = json_print(answer);
	json_free(answer);
	json_free(asked);
	return text;
}

/* -- clients ------------------------------------------------------------------------- */

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	text_free(&client->in);
}

/* Answers are small: who does not take one at once gets none at all. */
static bool reply(struct client *client, const char *text)
{
	struct text line = { 0 };
	bool sent;

	text_add(&line, "%s\n", text ? text : "{\"ok\":false,\"error\":\"no memory\"}");
	sent = line.at && send(client->fd, line.at, line.len,
			       MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)line.len;
	text_free(&line);
	return sent;
}

static bool answer_lines(struct control *control, struct client *client)
{
	char *end;
	bool kept = true;

	while (kept && client->in.len > 0 &&
	       (end = memchr(client->in.at, '\n', client->in.len))) {
		size_t len = (size_t)(end - client->in.at);
		bool quit;
		char *text = control_answer(control->hub, client->in.at, len, &quit);

		control->quit |= quit;
		kept = reply(client, text);
		free(text);
		client->in.len -= len + 1;
		memmove(client->in.at, end + 1, client->in.len);
	}
	if (client->in.len > CONTROL_LINE_MAX) {
		reply(client,
		      "{\"ok\":false,\"error\":\"a line is at most 65536 bytes\"}");
		kept = false;
	}
	return kept && !client->in.failed;
}

static void receive(struct control *control, struct client *client)
{
	char bytes[4096];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	text_put(&client->in, bytes, (size_t)n);
	if (!answer_lines(control, client))
		drop(client);
}

static void welcome(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd < 0) {
			control->clients[i].fd = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

/* -- the loop's side ----------------------------------------------------------------- */

size_t control_pollfds(const struct control *control, struct pollfd fds[CONTROL_POLLFDS])
{
	size_t count = 0;

	fds[count++] = (struct pollfd){ .fd = control->fd, .events = POLLIN };
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			fds[count++] = (struct pollfd){ .fd = control->clients[i].fd,
							.events = POLLIN };
	return count;
}

void control_run(struct control *control, const struct pollfd *fds, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; fds[i].revents && k < CONTROL_CLIENTS; k++)
			if (control->clients[k].fd == fds[i].fd) {
				receive(control, &control->clients[k]);
				break;
			}
	if (count > 0 && fds[0].revents)
		welcome(control);
}

bool control_asked_to_quit(const struct control *control)
{
	return control->quit;
}

/* By way of the open folder: its own path may be longer than a socket's can be. */
static int bind_in(int fd, int dirfd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask = umask(0177);
	int rc;

	snprintf(address.sun_path, sizeof(address.sun_path),
		 "/proc/self/fd/%d/" SOCKET_NAME, dirfd);
	unlinkat(dirfd, SOCKET_NAME, 0); /* the folder is locked: nobody's */
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	return rc;
}

struct control *control_open(int dirfd, struct hub *hub, char *err, size_t err_bytes)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	control->dirfd = dirfd;
	control->hub = hub;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd >= 0 && bind_in(control->fd, dirfd) == 0 &&
	    listen(control->fd, 16) == 0)
		return control;
	snprintf(err, err_bytes, SOCKET_NAME ": cannot make the control socket: %s",
		 strerror(errno));
	if (control->fd >= 0)
		close(control->fd);
	free(control);
	return NULL;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		drop(&control->clients[i]);
	close(control->fd);
	unlinkat(control->dirfd, SOCKET_NAME, 0);
	free(control);
}
