/* What reaches a device, or its twin: twin, call, purge. */
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

/* JSON itself, or a file with it; `source` is for messages. NULL after saying why. */
static char *take_json(const char *word, bool may_be_file, const char **source)
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

/* Malformed: the text was ours to name, and the message has the position in it. */
static int report_json(const char *verb, const char *source, const struct prov_error *err)
{
	return report_prov(err->code == PROV_ERR_FORMAT ? source : verb, err);
}

/* -- twin -------------------------------------------------------------------------- */

static int change_twin(struct prov_hub *hub, const char *id)
{
	const char *word =
		device_wishes.patch ? device_wishes.patch : device_wishes.replace;
	char *text, *twin = NULL;
	const char *source;
	struct prov_error err;
	int rc, status;

	text = take_json(word, true, &source);
	if (!text)
		return EXIT_FAILED;
	rc = device_wishes.patch ? prov_twin_patch(hub, id, text, NULL, &twin, &err)
				 : prov_twin_replace(hub, id, text, NULL, &twin, &err);
	status =
		rc < 0 ? report_json("device twin", source, &err) : json_print_text(twin);
	free(twin);
	free(text);
	return status;
}

int device_twin(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_error err;
	char *twin = NULL;
	int status;

	(void)argc;
	if (device_wishes.patch && device_wishes.replace)
		return usage_error("device twin: --patch or --replace, not both");
	if (device_wishes.patch || device_wishes.replace)
		return change_twin(hub, argv[0]);
	if (prov_twin_get(hub, argv[0], &twin, &err) < 0)
		return report_prov("device twin", &err);
	status = json_print_text(twin);
	free(twin);
	return status;
}

/* -- call -------------------------------------------------------------------------- */

static int print_answer(const char *id, int code, const char *payload)
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
	if (!good)
		complain("'%s' answers with status %d", clean(id), code);
	return status != EXIT_DONE || good ? status : EXIT_FAILED;
}

static int call(struct prov_hub *hub, const char *id, struct prov_method *method,
		const char *source)
{
	struct prov_error err;
	char *answer = NULL;
	int code = 0, status;

	if (prov_method_call(hub, id, method, &code, &answer, &err) < 0)
		return report_json("device call", source, &err);
	status = print_answer(id, code, answer ? answer : "null");
	free(answer);
	return status;
}

int device_call(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_method method = { .name = argv[1] };
	const char *source = "device call";
	char *payload = NULL;
	uint32_t seconds = 0;
	int status;

	if (device_wishes.timeout && (!parse_duration(device_wishes.timeout, &seconds) ||
				      seconds < 5 || seconds > 300))
		return usage_error("--timeout %s: 5s to 300s",
				   clean(device_wishes.timeout));
	method.response_s = seconds;
	if (argc == 3) {
		payload = take_json(argv[2], false, &source);
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
