#include "https.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "peer.h"

enum { IDLE_S = 120, CONNECTIONS = 4096, CONNECTION_BYTES = 64 * 1024 };

/*
 * What hubs offer since August 2025 (Microsoft's "TLS support in IoT Hub"): ECDHE_RSA
 * with AES_128_GCM_SHA256, AES_256_GCM_SHA384, AES_128_CBC_SHA256 and AES_256_CBC_SHA384.
 */
#define SUITES                                                                           \
	"+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+AES-128-CBC:+AES-256-CBC:+AEAD:+SHA256:"  \
	"+SHA384:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-X25519:+SIGN-RSA-SHA256:"      \
	"+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:+SIGN-RSA-PSS-RSAE-SHA256:"                   \
	"+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+CTYPE-X509:+"  \
	"COMP-NULL:%SERVER_PRECEDENCE"

static const char tls12[] = "NONE:+VERS-TLS1.2:" SUITES;
static const char tls13[] = "NONE:+VERS-TLS1.3:+VERS-TLS1.2:" SUITES;

/* A request, from its first line to the end of its answer. */
struct exchange {
	struct exchange *next; /* of those that wait */
	struct MHD_Connection *connection;
	char *target;
	char *certificate;
	char *chain;
	struct text body;
	bool started;
	bool answered;
	bool too_large;
	struct request request;
	struct answer answer;
	int64_t due_ms; /* when the answer is to be sent, if it is there */
};

struct https {
	struct MHD_Daemon *daemon;
	struct hub *hub;
	int epoll_fd;
	struct exchange *waiting;
};

/* -- answers ------------------------------------------------------------------------- */

/* Half the body, and then the end of the connection. */
static ssize_t read_half(void *context, uint64_t at, char *to, size_t room)
{
	struct exchange *exchange = context;
	size_t half = exchange->answer.body.len / 2;
	size_t len;

	if (at >= half)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	len = half - (size_t)at < room ? half - (size_t)at : room;
	memcpy(to, exchange->answer.body.at + at, len);
	return (ssize_t)len;
}

static struct MHD_Response *new_response(struct exchange *exchange)
{
	struct answer *answer = &exchange->answer;

	if (answer->cut)
		return MHD_create_response_from_callback(answer->body.len, 4096,
							 read_half, exchange, NULL);
	/* the exchange lives until the answer is sent, so that no copy is needed */
	return MHD_create_response_from_buffer(answer->body.len, answer->body.at,
					       MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
	struct answer *answer = &exchange->answer;
	const char *name = NULL, *value = NULL;
	struct MHD_Response *response;
	char date[TIME_TEXT];
	enum MHD_Result result;

	if (answer->drop)
		return MHD_NO;
	response = new_response(exchange);
	if (!response)
		return MHD_NO;
	clock_http(date, clock_unix_ms());
	MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, date);
	MHD_add_response_header(response, MHD_HTTP_HEADER_SERVER,
				"Microsoft-HTTPAPI/2.0");
	if (answer->body.len > 0)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					answer->type ? answer->type
						     : "application/json; charset=utf-8");
	while (answer_next_header(answer, &name, &value))
		MHD_add_response_header(response, name, value);
	result = MHD_queue_response(exchange->connection, (unsigned)answer->status,
				    response);
	MHD_destroy_response(response);
	return result;
}

/* -- requests ------------------------------------------------------------------------ */

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind,
				   const char *name, const char *value)
{
	struct request *request = context;

	(void)kind;
	if (request->header_count == HEADERS_MAX) {
		request->too_large = true;
		return MHD_NO;
	}
	request->headers[request->header_count].name = name;
	request->headers[request->header_count].value = value ? value : "";
	request->header_count++;
	return MHD_YES;
}

static enum MHD_Result answer_request(struct https *https, struct exchange *exchange,
				      const char *method)
{
	struct request *request = &exchange->request;

	request->method = method;
	request->target = exchange->target;
	request->too_large = exchange->too_large || exchange->body.failed;
	request->body = exchange->body.at && !request->too_large ? exchange->body.at : "";
	request->body_len = request->too_large ? 0 : exchange->body.len;
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_header,
				  request);
	request->certificate = exchange->certificate;
	request->chain = exchange->chain;
	hub_answer(https->hub, request, &exchange->answer);
	exchange->answered = true;
	if (exchange->answer.delay_ms <= 0 && !exchange->answer.pending)
		return send_answer(exchange);
	exchange->due_ms = clock_steady_ms() + exchange->answer.delay_ms;
	exchange->next = https->waiting;
	https->waiting = exchange;
	MHD_suspend_connection(exchange->connection);
	return MHD_YES;
}

/* libmicrohttpd calls it when the headers are there, for each part of the body, then
 * once. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
			      const char *url, const char *method, const char *version,
			      const char *upload, size_t *upload_len, void **state)
{
	struct exchange *exchange = *state;

	(void)url;
	(void)version;
	if (!exchange || !exchange->target)
		return MHD_NO;
	exchange->connection = connection;
	if (exchange->answered)
		return send_answer(exchange);
	if (!exchange->started) {
		exchange->started = true;
		return MHD_YES;
	}
	if (*upload_len == 0)
		return answer_request(context, exchange, method);
	if (exchange->body.len + *upload_len > BODY_MAX)
		exchange->too_large = true;
	else
		text_put(&exchange->body, upload, *upload_len);
	*upload_len = 0;
	return MHD_YES;
}

static void *session_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info ? info->tls_session : NULL;
}

static void welcome(void *context, struct MHD_Connection *connection, void **state,
		    enum MHD_ConnectionNotificationCode code)
{
	void *session = session_of(connection);

	(void)context;
	(void)state;
	if (session && code == MHD_CONNECTION_NOTIFY_STARTED)
		peer_ask(session);
}

/* The one place that sees the target as it was sent. */
static void *begin(void *context, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	(void)context;
	if (!exchange)
		return NULL;
	exchange->connection = connection;
	exchange->target = strdup(target);
	exchange->certificate = peer_certificate(session_of(connection));
	exchange->chain = peer_chain(session_of(connection));
	return exchange;
}

static void end(void *context, struct MHD_Connection *connection, void **state,
		enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	if (exchange->body.at)
		explicit_bzero(exchange->body.at, exchange->body.len);
	text_free(&exchange->body);
	answer_free(&exchange->answer);
	free(exchange->target);
	free(exchange->certificate);
	free(exchange->chain);
	free(exchange);
	*state = NULL;
}

static void report(void *context, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void report(void *context, const char *format, va_list args)
{
	char line[300];

	(void)context;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_detail("https: %s", line);
}

/* -- opening ------------------------------------------------------------------------- */

static struct MHD_Daemon *start(struct https *https,
				const struct https_settings *settings,
				const struct sockaddr_storage *address)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ERROR_LOG;

	if (address->ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(
		flags, (uint16_t)settings->port, NULL, NULL, handle, https,
		MHD_OPTION_EXTERNAL_LOGGER, report, NULL, MHD_OPTION_URI_LOG_CALLBACK,
		begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, welcome, NULL, MHD_OPTION_SOCK_ADDR,
		address, MHD_OPTION_HTTPS_MEM_KEY, settings->key_pem,
		MHD_OPTION_HTTPS_MEM_CERT, settings->chain_pem,
		MHD_OPTION_HTTPS_PRIORITIES, settings->tls13 ? tls13 : tls12,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}

struct https *https_open(struct hub *hub, const struct https_settings *settings,
			 char *err, size_t err_bytes)
{
	struct https *https = calloc(1, sizeof(*https));
	struct sockaddr_storage address;

	if (!https || !address_parse(&address, settings->listen, settings->port)) {
		snprintf(err, err_bytes, "%s: is no IP address", settings->listen);
		free(https);
		return NULL;
	}
	https->hub = hub;
	errno = 0;
	https->daemon = start(https, settings, &address);
	if (!https->daemon) {
		snprintf(err, err_bytes, "cannot listen on %s port %u: %s",
			 settings->listen, settings->port,
			 errno ? strerror(errno) : "TLS refuses");
		free(https);
		return NULL;
	}
	https->epoll_fd =
		MHD_get_daemon_info(https->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	hub->https_port =
		MHD_get_daemon_info(https->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	return https;
}

static void resume_due(struct https *https, int64_t now_ms)
{
	struct exchange **at = &https->waiting;

	while (*at) {
		struct exchange *exchange = *at;

		if (exchange->answer.pending || exchange->due_ms > now_ms) {
			at = &exchange->next;
			continue;
		}
		*at = exchange->next;
		MHD_resume_connection(exchange->connection);
	}
}

void https_close(struct https *https)
{
	if (!https)
		return;
	/* libmicrohttpd insists that nothing waits when it is stopped */
	for (struct exchange *e = https->waiting; e; e = e->next)
		if (e->answer.pending) {
			e->answer.drop = true;
			answer_free(&e->answer);
		}
	resume_due(https, INT64_MAX);
	MHD_run(https->daemon);
	MHD_stop_daemon(https->daemon);
	free(https);
}

int https_pollfd(const struct https *https)
{
	return https->epoll_fd;
}

int https_timeout_ms(const struct https *https)
{
	int64_t now_ms = clock_steady_ms();
	int64_t least = INT_MAX;
	MHD_UNSIGNED_LONG_LONG own;

	if (MHD_get_timeout(https->daemon, &own) == MHD_YES && own < INT_MAX)
		least = (int64_t)own;
	for (const struct exchange *e = https->waiting; e; e = e->next) {
		int64_t left = e->due_ms > now_ms ? e->due_ms - now_ms : 0;

		if (!e->answer.pending && left < least)
			least = left;
	}
	return least == INT_MAX ? -1 : (int)least;
}

void https_run(struct https *https)
{
	resume_due(https, clock_steady_ms());
	MHD_run(https->daemon);
}
