#include "record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hub.h"
#include "json.h"

bool record_open(struct record *record, const char *path)
{
	record->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return record->fd >= 0 && fchmod(record->fd, 0600) == 0;
}

void record_close(struct record *record)
{
	if (record->fd > 0)
		close(record->fd);
	record->fd = -1;
}

/* "SharedAccessSignature sr=...&sig=***&se=***": which fields, in which order. */
static void mask_authorization(struct text *to, const char *value)
{
	size_t scheme = strcspn(value, " ");

	text_put(to, value, scheme);
	if (strncasecmp(value, "SharedAccessSignature", scheme) != 0) {
		text_add(to, " ***");
		return;
	}
	for (value += scheme; *value;) {
		size_t len = strcspn(value, "&");
		const char *equals = memchr(value, '=', len);
		bool shown = strncmp(value + strspn(value, " "), "sr=", 3) == 0 ||
			     strncmp(value, "skn=", 4) == 0;

		if (shown || !equals)
			text_put(to, value, len);
		else
			text_add(to, "%.*s=***", (int)(equals - value), value);
		value += len;
		if (*value == '&')
			text_put(to, value++, 1);
	}
}

/* An empty key is told: it asks the hub to make one. */
static void mask_keys(struct json *json)
{
	static const char *const names[] = { "primaryKey", "secondaryKey" };

	if (json_kind(json) != JSON_OBJECT && json_kind(json) != JSON_ARRAY)
		return;
	for (size_t i = 0; i < 2 && json_kind(json) == JSON_OBJECT; i++) {
		const char *key = json_get_text(json, names[i]);

		if (key && *key)
			json_put(json, names[i], json_new_text("***"));
	}
	for (struct json *m = json_first(json); m; m = json_next(m))
		mask_keys(m);
}

static struct json *masked_headers(const struct request *request)
{
	struct json *headers = json_new_object();

	for (size_t i = 0; i < request->header_count; i++) {
		const struct header *header = &request->headers[i];
		struct text text = { 0 };

		if (strcasecmp(header->name, "Authorization") != 0) {
			json_add_text(headers, header->name, header->value);
			continue;
		}
		mask_authorization(&text, header->value);
		json_add_text(headers, header->name, text.at);
		text_free(&text);
	}
	return headers;
}

static struct json *masked_body(const struct request *request)
{
	struct json *body = json_parse(request->body, request->body_len, NULL);

	if (!body)
		return json_new_text(request->body_len ? "(no JSON)" : NULL);
	mask_keys(body);
	return body;
}

void record_request(struct record *record, const struct request *request, int status)
{
	struct json *json;
	char *line;

	if (record->fd <= 0)
		return;
	json = json_new_object();
	json_add_number(json, "n", (double)++record->count);
	json_add_text(json, "method", request->method);
	json_add_text(json, "target", request->target);
	json_add(json, "headers", masked_headers(request));
	json_add(json, "body", masked_body(request));
	json_add_number(json, "status", status);
	line = json_print(json);
	if (line) {
		struct text text = { 0 };

		text_add(&text, "%s\n", line);
		if (text.at && write(record->fd, text.at, text.len) < 0)
			record_close(record);
		text_free(&text);
	}
	free(line);
	json_free(json);
}
