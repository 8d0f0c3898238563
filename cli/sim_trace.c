#include "sim_trace.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct json *trace_request(int argc, char **argv)
{
	struct json *request = sim_request("trace"), *list;

	if (argc == 0)
		return request;
	list = json_array();
	for (int i = 0; i < argc; i++)
		json_add_text(list, NULL, argv[i]);
	json_add(request, "peripherals", list);
	return request;
}

static const char *text_of(const struct json *access, const char *key)
{
	const char *text = json_text(access, key);

	return text ? clean(text) : "";
}

/* An access a line; false for what is none. */
static bool print(const struct json *access)
{
	double ns, lost;

	if (json_number(access, "lost", &lost)) {
		note("%.0f accesses were lost: they came faster than they are printed",
		     lost);
		return false;
	}
	if (!json_number(access, "ns", &ns))
		return false;
	out("%15.9f  %s  %s  %-16s %s", ns / 1e9, text_of(access, "pc"),
	    text_of(access, "op"), text_of(access, "register"), text_of(access, "value"));
	if (json_text(access, "mask"))
		out(" of %s", text_of(access, "mask"));
	out("\n");
	return true;
}

/* 1 for an access, 0 for a word beside it, -1 when the board refuses or talks nonsense. */
static int take_line(const char *name, const char *line, size_t len)
{
	struct json *json = json_parse(line, len);
	bool ok = false, is_access;
	const char *error;

	if (!json)
		return complain("%s: the trace is garbled", name), -1;
	if (json_bool(json, "ok",
		      &ok)) { /* the answer to the request, which comes first */
		error = json_text(json, "error");
		if (!ok)
			complain("sim trace: %s: %s", name,
				 error ? clean(error) : "it refuses");
		json_free(json);
		return ok ? 0 : -1;
	}
	if (globals.json) {
		is_access = json_get(json, "register") != NULL;
		return json_print_line(json) == EXIT_DONE ? is_access : -1;
	}
	is_access = print(json);
	json_free(json);
	return is_access;
}

static int follow(const char *name, FILE *from, uint32_t count)
{
	char *line = NULL;
	size_t room = 0;
	uint32_t seen = 0;
	int got = 0;
	ssize_t len = 0;

	while (!interrupted && !out_closed() && (count == 0 || seen < count)) {
		len = getline(&line, &room, from);
		if (len <= 0)
			break;
		got = take_line(name, line, (size_t)len);
		if (got < 0)
			break;
		seen += (uint32_t)got;
	}
	free(line);
	if (interrupted)
		return 128 + interrupted;
	if (got >= 0 && len <= 0) {
		complain("sim trace: %s: the virtual board has ended", name);
		return EXIT_NO_BOARD;
	}
	return got < 0 ? EXIT_FAILED : EXIT_DONE;
}

int sim_trace(const char *name, int argc, char **argv, uint32_t count)
{
	struct json *request = trace_request(argc, argv);
	struct dfu_error err;
	char *line = json_line(request);
	int fd = sim_connect(name, &err), status = EXIT_FAILED;
	FILE *stream = NULL;

	json_free(request);
	if (fd < 0)
		status = report("sim trace", &err);
	else if (line && dprintf(fd, "%s\n", line) > 0)
		stream = fdopen(fd, "r");
	if (stream)
		status = follow(name, stream, count);
	if (stream)
		fclose(stream);
	else if (fd >= 0)
		close(fd);
	free(line);
	return status;
}
