/* What reaches a device: call, purge. And JSON from the command line, for them and twins. */
#include "device.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (1 << 20) /* a twin has 72 KiB, a payload 128 KiB */

/* -- JSON from the command line ---------------------------------------------------- */

/* All of standard input, to be freed; NULL with errno. */
static char *read_stdin(void)
{
	char *text = malloc(TEXT_MAX + 1);
	size_t at = 0;
	ssize_t n = 1;

	while (text && at < TEXT_MAX && n > 0) {
		n = read(STDIN_FILENO, text + at, TEXT_MAX - at);
		if (n > 0)
			at += (size_t)n;
	}
	if (text && n < 0) {
		free(text);
		return NULL;
	}
	if (text)
		text[at] = '\0';
	return text;
}

char *device_take_json(const char *word, bool may_be_file, const char **source)
{
	bool in_place = word[strspn(word, " \t\r\n")] == '{' || !may_be_file;
	char *text;

	if (strcmp(word, "-") == 0) {
		*source = "standard input";
		text = read_stdin();
	} else if (in_place) {
		*source = "the command line's JSON";
		text = strdup(word);
	} else {
		*source = word;
		text = sys_read_file(word, TEXT_MAX, NULL);
	}
	if (!text)
		complain("%s: %s", clean(*source), strerror(errno));
	return text;
}

int device_report_json(const char *verb, const char *source, const struct prov_error *err)
{
	return report_prov(err->code == PROV_ERR_FORMAT ? source : verb, err);
}

/* -- call -------------------------------------------------------------------------- */

static int print_answer(const char *name, int code, const char *payload)
{
	bool good = code >= 200 && code < 300;
	int status;

	if (globals.json) {
		size_t bytes = strlen(payload) + 64;
		char *text = malloc(bytes);

		/* Not taken apart and put together again: numbers stay as they are. */
		if (text)
			snprintf(text, bytes, "{\"status\":%d,\"payload\":%s}", code,
				 payload);
		status = json_print_text(text);
		free(text);
	} else {
		status = json_print_text(payload);
	}
	if (good)
		note("'%s' answers with status %d", clean(name), code);
	else
		complain("'%s' answers with status %d", clean(name), code);
	return status != EXIT_DONE || good ? status : EXIT_FAILED;
}

static int call(struct prov_hub *hub, const char *id, const struct prov_method *method,
		const char *source)
{
	char name[2 * PROV_ID_MAX + 2];
	struct prov_error err;
	char *answer = NULL;
	int code = 0, status;

	if (prov_method_call(hub, id, method, &code, &answer, &err) < 0)
		return device_report_json("device call", source, &err);
	snprintf(name, sizeof(name), "%s%s%s", id, method->module ? "/" : "",
		 method->module ? method->module : "");
	status = print_answer(name, code, answer ? answer : "null");
	free(answer);
	return status;
}

int device_take_time(const char *option, const char *text, uint32_t least, uint32_t most,
		     uint32_t *seconds)
{
	uint32_t value;

	if (!text)
		return EXIT_DONE;
	if (!parse_duration(text, &value) || value < least || value > most)
		return usage_error("--%s %s: %us to %us", option, clean(text), least,
				   most);
	*seconds = value;
	return EXIT_DONE;
}

int device_call(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_method method = { .name = argv[1] };
	char *payload = NULL, *slash = strchr(argv[0], '/');
	const char *source = "device call";
	uint32_t response_s = 0, connect_s = 0;
	int status;

	status = device_take_time("timeout", device_wishes.timeout, 5, 300, &response_s);
	if (status == EXIT_DONE)
		status =
			device_take_time("connect-timeout", device_wishes.connect_timeout,
					 1, 300, &connect_s);
	if (status != EXIT_DONE)
		return status;
	method.response_s = response_s;
	method.connect_s = connect_s;
	if (slash) {
		*slash = '\0';
		method.module = slash + 1;
	}
	if (argc == 3) {
		payload = device_take_json(argv[2], false, &source);
		if (!payload)
			return EXIT_FAILED;
		method.payload = payload;
	}
	status = call(hub, argv[0], &method, source);
	free(payload);
	return status;
}

/* -- purge ------------------------------------------------------------------------- */

int device_purge(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_error err;
	uint64_t purged = 0;
	struct json *j;

	(void)argc;
	if (prov_c2d_purge(hub, argv[0], &purged, &err) < 0)
		return report_prov("device purge", &err);
	if (!globals.json) {
		note("dropped %llu message%s that waited for '%s'",
		     (unsigned long long)purged, purged == 1 ? "" : "s", clean(argv[0]));
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "id", argv[0]);
	json_add_number(j, "purged", (double)purged);
	return json_print(j);
}
