/* A hub without sockets, and those who ask it. */
#ifndef ASKING_H
#define ASKING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "clock.h"
#include "crypto.h"
#include "folder.h"
#include "hub.h"

#define HOST "hub.example"
#define V    "?api-version=2021-04-12"

static struct hub hub;
static char hub_dir[] = "/tmp/stmiot-asking-XXXXXX";
static int hub_dirfd;
static char owner[400]; /* a token that may do all */

/* A token for this resource, which has nothing to encode but slashes. */
static inline void sign_token(char to[400], const char *resource, const char *key64,
			      const char *policy, unsigned long long expires_unix)
{
	char text[300], base64[50], *encoded, *sr = percent_encode(resource);
	uint8_t key[64], mac[SHA256_BYTES];
	int len = base64_decode(key, sizeof(key), key64, strlen(key64));

	assert_true(len > 0);
	snprintf(text, sizeof(text), "%s\n%llu", sr, expires_unix);
	assert_true(crypto_hmac(mac, key, (size_t)len, text, strlen(text)));
	base64_encode(base64, mac, sizeof(mac));
	encoded = percent_encode(base64);
	snprintf(to, 400, "SharedAccessSignature sr=%s&sig=%s&se=%llu%s%s", sr, encoded,
		 expires_unix, policy ? "&skn=" : "", policy ? policy : "");
	free(encoded);
	free(sr);
}

static inline int hub_set_up(void **state)
{
	char err[600];

	(void)state;
	assert_non_null(mkdtemp(hub_dir));
	hub_dirfd = folder_open(hub_dir, err, sizeof(err));
	strcpy(hub.host, HOST);
	assert_int_equal(hub_open(&hub, hub_dirfd, NULL, err, sizeof(err)), 0);
	sign_token(owner, HOST, policy_find(&hub.policies, "iothubowner")->primary,
		   "iothubowner", 4000000000);
	return 0;
}

static inline int hub_tear_down(void **state)
{
	char command[100];

	(void)state;
	hub_close(&hub);
	close(hub_dirfd);
	snprintf(command, sizeof(command), "rm -rf %s", hub_dir);
	return system(command);
}

/* A request that may be answered later. */
struct asked {
	char method[10];
	struct request request;
	struct answer answer;
};

static inline void ask_header(struct asked *asked, const char *name, const char *value)
{
	asked->request.headers[asked->request.header_count++] =
		(struct header){ name, value };
}

/* "METHOD TARGET" of a client with this token, which may be NULL. */
static inline void ask_prepare(struct asked *asked, const char *line, const char *body,
			       const char *token)
{
	*asked = (struct asked){ .request = { .body = body, .body_len = strlen(body) } };
	snprintf(asked->method, sizeof(asked->method), "%.*s", (int)strcspn(line, " "),
		 line);
	asked->request.method = asked->method;
	asked->request.target = strchr(line, ' ') + 1;
	if (token)
		ask_header(asked, "Authorization", token);
}

static inline void ask_later(struct asked *asked, const char *line, const char *body)
{
	ask_prepare(asked, line, body, owner);
	hub_answer(&hub, &asked->request, &asked->answer);
}

/* Answered at once, or it fails; the answer goes to answer_free(). */
static inline struct answer ask(const char *line, const char *body)
{
	struct asked asked;

	ask_later(&asked, line, body);
	assert_false(asked.answer.pending);
	return asked.answer;
}

static inline const char *header_of(const struct answer *answer, const char *name)
{
	const char *found = NULL, *value = NULL;

	while (answer_next_header(answer, &found, &value))
		if (strcasecmp(found, name) == 0)
			return value;
	return "";
}

/* Is it answered so? `code` is empty where nothing was refused. Frees the answer. */
static inline void expect_answer(struct answer *answer, const char *line, int status,
				 const char *code)
{
	if (answer->pending || answer->status != status ||
	    strcmp(header_of(answer, "iothub-errorcode"), code) != 0)
		fail_msg("%s: %d %s, not %d %s", line, answer->status,
			 header_of(answer, "iothub-errorcode"), status, code);
	if (*code) {
		assert_non_null(strstr(answer->body.at, "\"Message\":\"ErrorCode:"));
		assert_non_null(strstr(answer->body.at, "Tracking ID:"));
	}
	assert_int_equal(strlen(header_of(answer, "x-ms-request-id")), 36);
	answer_free(answer);
}

static inline void expect(const char *line, const char *body, int status,
			  const char *code)
{
	struct answer answer = ask(line, body);

	expect_answer(&answer, line, status, code);
}

#endif
