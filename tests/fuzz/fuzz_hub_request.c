/*
 * Requests, one after the other with a line of "====" between them: a line with method
 * and target, headers, an empty line, the body. Who brings no Authorization gets the
 * owner's, which no fuzzer would guess. Whatever is asked, there is an answer in one of
 * the real shapes, and the store is not left in the middle of something.
 */
#include "fuzz_hub.h"

#include "clock.h"
#include "crypto.h"
#include "json.h"

static const char *owner_token(const struct hub *hub)
{
	static char token[300];
	uint8_t key[32], mac[32];
	char base64[50], *encoded;
	static const char text[] = "hub.example\n4000000000";

	if (*token)
		return token;
	must(base64_decode(key, sizeof(key), hub->policies.list[0].primary, 44) == 32);
	must(crypto_hmac(mac, key, sizeof(key), text, sizeof(text) - 1));
	base64_encode(base64, mac, sizeof(mac));
	encoded = percent_encode(base64);
	snprintf(token, sizeof(token),
		 "SharedAccessSignature sr=hub.example&sig=%s&se=4000000000"
		 "&skn=iothubowner",
		 encoded);
	free(encoded);
	return token;
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
	     json_get(json, "isSuccessful"));
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
		request.headers[request.header_count].value = owner_token(hub);
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct hub *hub = fuzz_hub();
	char *copy = malloc(len + 1);
	char *at = copy, *end;

	must(copy != NULL);
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
	return 0;
}
