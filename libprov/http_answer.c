#include "http_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Grow without leaving a copy behind: answers hold keys. */
bool http_answer_room(struct http_call *call, size_t need)
{
	size_t room = call->text_room ? call->text_room : 2048;
	char *text;

	while (room < need)
		room *= 2;
	if (room == call->text_room)
		return true;
	text = malloc(room);
	if (!text)
		return false;
	if (call->text) {
		memcpy(text, call->text, call->text_len);
		explicit_bzero(call->text, call->text_room);
		free(call->text);
	}
	call->text = text;
	call->text_room = room;
	return true;
}

size_t http_answer_body(char *bytes, size_t one, size_t n, void *ctx)
{
	struct http_call *call = ctx;

	(void)one;
	if (n > HTTP_ANSWER_MAX - call->text_len) {
		call->too_long = true;
		return 0;
	}
	if (!http_answer_room(call, call->text_len + n + 1)) {
		call->no_memory = true;
		return 0;
	}
	memcpy(call->text + call->text_len, bytes, n);
	call->text_len += n;
	call->text[call->text_len] = '\0';
	return n;
}

/* The value of a header line when it is called `name`, trimmed. */
static bool is_header(const char *line, size_t n, const char *name, const char **value,
		      size_t *len)
{
	size_t name_len = strlen(name);

	if (n <= name_len || line[name_len] != ':' ||
	    strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len + 1;
	n -= name_len + 1;
	while (n && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	while (n && strchr("\r\n \t", line[n - 1]))
		n--;
	*value = line;
	*len = n;
	return true;
}

static void keep_header(struct http_call *call, const char *line, size_t n)
{
	const struct {
		const char *name;
		char *to;
		size_t bytes;
	} headers[] = {
		{ "date", call->date, sizeof(call->date) },
		{ "retry-after", call->retry_after, sizeof(call->retry_after) },
		{ "iothub-errorcode", call->error_code, sizeof(call->error_code) },
		{ "x-ms-request-id", call->request_id, sizeof(call->request_id) },
		{ "content-type", call->content_type, sizeof(call->content_type) },
	};
	char text[80];
	const char *value;
	size_t len;

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (!is_header(line, n, headers[i].name, &value, &len))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)(len < 79 ? len : 79), value);
		copy_clean(headers[i].to, headers[i].bytes, text);
	}
	if (is_header(line, n, "x-ms-continuation", &value, &len) && len) {
		free(call->next);
		call->next = strndup(value, len);
		call->no_memory |= !call->next;
	}
}

size_t http_answer_header(char *line, size_t one, size_t n, void *ctx)
{
	struct http_call *call = ctx;

	(void)one;
	/* A new status line: what came before was of a proxy, or 100 Continue. */
	if (n > 5 && strncmp(line, "HTTP/", 5) == 0) {
		call->date[0] = call->retry_after[0] = call->error_code[0] = '\0';
		call->request_id[0] = call->content_type[0] = '\0';
	} else {
		keep_header(call, line, n);
	}
	/* An answer without its continuation would look like the last page. */
	return call->no_memory ? 0 : n;
}

void http_clear(struct http_call *call)
{
	if (call->text)
		explicit_bzero(call->text, call->text_room);
	free(call->text);
	free(call->next);
	call->text = call->next = NULL;
	call->text_len = call->text_room = 0;
	call->rc = call->status = 0;
	call->sent = call->slow = call->too_long = call->no_memory = false;
	call->connects = call->sends = 0;
	call->date[0] = call->retry_after[0] = call->error_code[0] = '\0';
	call->request_id[0] = call->content_type[0] = '\0';
}
