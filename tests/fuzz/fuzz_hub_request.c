/*
 * Requests, one after the other with a line of "====" between them: a line with method
 * and target, headers, an empty line, the body. Who brings no Authorization gets the
 * owner's, which no fuzzer would guess; the id scope is always 0neFUZZ. Whatever is asked, there is an answer in one of
 * the real shapes, and the store is not left in the middle of something.
 */
#include "fuzz_hub.h"

#include "clock.h"
#include "crypto.h"
#include "dps/dps.h"
#include "json.h"

static void sign(char token[300], const char *host, const struct policy *policy)
{
	uint8_t key[32], mac[32];
	char base64[50], text[100], *encoded;

	snprintf(text, sizeof(text), "%s\n4000000000", host);
	must(base64_decode(key, sizeof(key), policy->primary, 44) == 32);
	must(crypto_hmac(mac, key, sizeof(key), text, strlen(text)));
	base64_encode(base64, mac, sizeof(mac));
	encoded = percent_encode(base64);
	snprintf(token, 300, "SharedAccessSignature sr=%s&sig=%s&se=4000000000&skn=%s",
		 host, encoded, policy->name);
	free(encoded);
}

static const char *owner_token(const struct hub *hub, const char *target)
{
	static char token[300], dps_token[300];

	if (!*token) {
		sign(token, hub->host, &hub->policies.list[0]);
		sign(dps_token, hub->dps->host, &hub->dps->owner);
	}
	return strncmp(target, "/enroll", 7) == 0 ||
			       strncmp(target, "/registrations", 14) == 0
		       ? dps_token
		       : token;
}

static void check_answer(const struct answer *answer)
{
	struct json *json;

	must(answer->status >= 200 && answer->status < 600);
	if (answer->body.len == 0) {
		must(answer->status == 204);
		return;
	}
	json = json_parse(answer->body.at, answer->body.len, NULL);
	must(json != NULL);
	must(answer->status < 400 || json_get_text(json, "Message") ||
	     json_get(json, "errorCode") || json_get(json, "isSuccessful"));
	json_free(json);
}

static void split_headers(struct request *request, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && request->header_count < HEADERS_MAX - 1) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		request->headers[request->header_count].name = line;
		request->headers[request->header_count].value =
			colon + 1 + strspn(colon + 1, " ");
		request->header_count++;
	}
}

static void run_request(struct hub *hub, char *text, size_t len)
{
	struct request request = { .body = "" };
	struct answer answer = { 0 };
	char *head = text, *line;
	char *body = strstr(text, "\n\n");

	if (body) {
		*body = '\0';
		request.body = body + 2;
		request.body_len = len - (size_t)(body + 2 - text);
	}
	line = strsep(&head, "\n");
	request.method = strsep(&line, " ");
	request.target = line ? line : "";
	if (head)
		split_headers(&request, head);
	if (!request_header(&request, "Authorization")) {
		request.headers[request.header_count].name = "Authorization";
		request.headers[request.header_count].value =
			owner_token(hub, request.target);
		request.header_count++;
	}
	hub_answer(hub, &request, &answer);
	if (answer.pending) {
		events_flush(hub->events);
		hub_tick(hub, clock_steady_ms());
		hub_hang_up(hub);
	}
	check_answer(&answer);
	answer_free(&answer);
}

static bool take_enrollment(void *to, const struct enrollment *enrollment)
{
	strcpy(to, enrollment->id);
	return false;
}

static void empty_roll(struct hub *hub, bool group)
{
	char id[ID_MAX + 1];

	for (;;) {
		id[0] = '\0';
		must(roll_each(hub->dps->roll, group, 0, take_enrollment, id) == 1);
		if (!*id)
			return;
		must(roll_delete(hub->dps->roll, group, id) == 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct hub *hub = fuzz_hub();
	char *copy = malloc(len + 1);
	char *at = copy, *end;

	must(copy != NULL);
	strcpy(hub->dps->scope, "0neFUZZ");
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	while ((end = strstr(at, "\n====\n"))) {
		*end = '\0';
		run_request(hub, at, (size_t)(end - at));
		at = end + 6;
	}
	run_request(hub, at, strlen(at));
	free(copy);
	must(store_begin(hub->store) == 1 && store_commit(hub->store) == 1);
	fuzz_empty(hub);
	empty_roll(hub, false);
	empty_roll(hub, true);
	return 0;
}
