#include "http.h"

#include "http_error.h"
#include "text.h"
#include "waits.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ANSWER_MAX (16u << 20) /* a page of a query is the longest: 1000 twins */

#define IDLE_MAX         16
#define SOCKETS_PER_CALL 8 /* curl's own limit is 5 */

struct http_pool {
	CURLM *multi;
	CURL *idle[IDLE_MAX]; /* handles that served, to serve again */
	size_t n_idle;
	size_t n_calls, max_calls; /* under way, and how many at most so far */
	struct waits waits;        /* the sockets that curl waits for */
	char *host, *ca_file, *user_agent, *connect_host;
	struct curl_slist *connect_to;
	uint16_t port, connect_port;
	unsigned connect_ms;
};

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Every host and port goes to "HOST:PORT". */
static bool set_connect_to(struct http_pool *p, const char *to)
{
	const char *colon = strrchr(to, ':');
	char line[320];
	long port;

	if (!colon || !parse_port(colon + 1, strlen(colon + 1), &port))
		return false;
	snprintf(line, sizeof(line), "::%s", to);
	p->connect_to = curl_slist_append(NULL, line);
	p->connect_host = strndup(to, (size_t)(colon - to));
	p->connect_port = (uint16_t)port;
	return p->connect_to && p->connect_host;
}

/* What curl waits for on a socket, so that each is looked at when there is something. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *own)
{
	struct http_pool *p = ctx;

	(void)easy;
	(void)own;
	if (what == CURL_POLL_REMOVE) {
		waits_drop(&p->waits, fd);
		return 0;
	}
	return waits_set(&p->waits, fd,
			 (short)((what & CURL_POLL_IN ? POLLIN : 0) |
				 (what & CURL_POLL_OUT ? POLLOUT : 0)))
		       ? 0
		       : -1;
}

/*
 * Room for one more call: for its sockets, so that none is lacking when curl has one, and
 * for its connection to be kept when fewer calls follow.
 */
static bool make_room(struct http_pool *p)
{
	size_t calls = p->n_calls + 1;

	if (calls <= p->max_calls)
		return true;
	if (!waits_room(&p->waits, calls * SOCKETS_PER_CALL))
		return false;
	p->max_calls = calls;
	curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)calls);
	return true;
}

int http_open(const struct http_opts *opts, struct http_pool **out,
	      struct prov_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_pool *p = calloc(1, sizeof(*p));

	pthread_once(&once, init_curl);
	if (!p)
		return fail(err, PROV_ERR_NOMEM, "no memory for a hub");
	p->multi = curl_multi_init();
	p->host = strdup(opts->host);
	p->user_agent = strdup(opts->user_agent);
	p->ca_file = opts->ca_file ? strdup(opts->ca_file) : NULL;
	p->port = opts->port;
	p->connect_port = opts->port ? opts->port : 443;
	p->connect_ms = opts->connect_ms;
	if (opts->connect_to && !set_connect_to(p, opts->connect_to)) {
		http_close(p);
		return fail(err, PROV_ERR_ARG, "connect to HOST:PORT, not to \"%s\"",
			    opts->connect_to);
	}
	if (!p->multi || !p->host || !p->user_agent || (opts->ca_file && !p->ca_file)) {
		http_close(p);
		return fail(err, PROV_ERR_NOMEM, "no memory for a hub");
	}
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	*out = p;
	return 0;
}

void http_close(struct http_pool *pool)
{
	if (!pool)
		return;
	while (pool->n_idle)
		curl_easy_cleanup(pool->idle[--pool->n_idle]);
	curl_multi_cleanup(pool->multi);
	waits_free(&pool->waits);
	curl_slist_free_all(pool->connect_to);
	free(pool->host);
	free(pool->connect_host);
	free(pool->ca_file);
	free(pool->user_agent);
	free(pool);
}

/* Grow without leaving a copy behind: answers hold keys. */
static bool grow(struct http_call *call, size_t need)
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

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
	struct http_call *call = ctx;

	(void)one;
	if (n > ANSWER_MAX - call->text_len || !grow(call, call->text_len + n + 1)) {
		call->too_long = true;
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
	}
}

static size_t on_header(char *line, size_t one, size_t n, void *ctx)
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
	return n;
}

/* The connection stands; the request goes out now. */
static int on_send(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
	struct http_call *call = ctx;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	call->sends++;
	return CURL_PREREQFUNC_OK;
}

static bool add(struct curl_slist **list, const char *name, const char *value)
{
	size_t room = strlen(name) + strlen(value) + 3;
	struct curl_slist *more;
	char *line = malloc(room);

	if (!line)
		return false;
	snprintf(line, room, "%s: %s", name, value);
	more = curl_slist_append(*list, line);
	explicit_bzero(line, room);
	free(line);
	if (more)
		*list = more;
	return more;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static bool add_headers(struct http_call *call, struct curl_slist **list)
{
	char items[16];
	bool ok = true;

	snprintf(items, sizeof(items), "%u", call->max_items);
	if (call->authorization)
		ok = add(list, "Authorization", prov_secret_text(call->authorization));
	if (ok && call->body)
		ok = add(list, "Content-Type", "application/json; charset=utf-8");
	if (ok && call->if_match)
		ok = add(list, "If-Match", call->if_match);
	if (ok && call->continuation)
		ok = add(list, "x-ms-continuation", call->continuation);
	if (ok && call->max_items)
		ok = add(list, "x-ms-max-item-count", items);
	if (ok) {
		/* Our bodies are short: send them without asking first. */
		struct curl_slist *more = curl_slist_append(*list, "Expect:");

		ok = more;
		*list = more ? more : *list;
	}
	return ok;
}

/*
 * Where the system's CAs are in a file too, as on Debian, curl need not look into their
 * folder. CAs of a file alone it reads once, otherwise for each connection, which takes
 * 30 ms and 1 MB each.
 */
static bool has_ca_bundle(void)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

	return curl->cainfo && access(curl->cainfo, R_OK) == 0;
}

/* What goes for every connection. */
static void set_pool(const struct http_pool *pool, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, pool->user_agent);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)pool->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	if (pool->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, pool->ca_file);
	if (pool->ca_file || has_ca_bundle())
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (pool->connect_to) {
		curl_easy_setopt(easy, CURLOPT_CONNECT_TO, pool->connect_to);
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	}
}

static void set_url(const struct http_pool *pool, CURL *easy, uint16_t port,
		    const char *target)
{
	char url[1200];

	if (port && port != 443)
		snprintf(url, sizeof(url), "https://%s:%u%s", pool->host, port, target);
	else
		snprintf(url, sizeof(url), "https://%s%s", pool->host, target);
	curl_easy_setopt(easy, CURLOPT_URL, url);
}

/* All that differs from call to call: the handle may have served another one. */
static void set_call(struct http_call *call, CURL *easy)
{
	size_t len = 0;
	const uint8_t *body = call->body ? prov_secret_bytes(call->body, &len) : NULL;

	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	if (!body)
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)call->fresh);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->words);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}

/* A handle for a request, one that served before if there is any. */
static CURL *take_idle(struct http_pool *pool)
{
	CURL *easy;

	if (pool->n_idle)
		return pool->idle[--pool->n_idle];
	easy = curl_easy_init();
	if (!easy)
		return NULL;
	set_pool(pool, easy);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	/* The least, as each call has one; curl's own is 64 KiB. */
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
	return easy;
}

int http_start(struct http_pool *pool, struct http_call *call, struct prov_error *err)
{
	struct curl_slist *headers = NULL;
	CURL *easy = take_idle(pool);

	http_clear(call);
	if (!easy || !make_room(pool) || !grow(call, 1) || !add_headers(call, &headers)) {
		curl_easy_cleanup(easy);
		free_headers(headers);
		return fail(err, PROV_ERR_NOMEM, "no memory for a request");
	}
	call->text[0] = '\0';
	call->easy = easy;
	call->headers = headers;
	set_url(pool, easy, pool->port, call->target);
	set_call(call, easy);
	pool->n_calls++;
	if (curl_multi_add_handle(pool->multi, easy) == CURLM_OK)
		return 0;
	http_stop(pool, call);
	return fail(err, PROV_ERR_NOMEM, "no memory for a request");
}

/* `whole`: it ended as it should, and the handle has nothing left of it. */
static void end_call(struct http_pool *pool, struct http_call *call, bool whole)
{
	curl_multi_remove_handle(pool->multi, call->easy);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, NULL);
	pool->n_calls--;
	if (whole && pool->n_idle < IDLE_MAX)
		pool->idle[pool->n_idle++] = call->easy;
	else
		curl_easy_cleanup(call->easy);
	free_headers(call->headers);
	call->easy = NULL;
	call->headers = NULL;
}

void http_stop(struct http_pool *pool, struct http_call *call)
{
	if (call->easy)
		end_call(pool, call, false);
}

/* What curl knows of how it failed, for the words. */
static void collect(const struct http_pool *pool, CURL *easy, CURLcode code,
		    const char *words, struct http_failure *f)
{
	curl_off_t connect_us = 0;

	memset(f, 0, sizeof(*f));
	f->curl_code = (int)code;
	f->host = pool->host;
	f->port = pool->port ? pool->port : 443;
	f->ca_file = pool->ca_file;
	f->words = *words ? words : curl_easy_strerror(code);
	f->direct = pool->connect_to;
	f->connect_ms = pool->connect_ms;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &f->os_errno);
	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &f->verify);
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &f->proxy_status);
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	f->connected = connect_us > 0;
}

static void finish(struct http_pool *pool, struct http_call *call, CURLcode code)
{
	long status = 0, connects = 0;
	struct http_failure f;
	curl_off_t us = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &us);
	call->status = (int)status;
	call->sent = call->sends > 0;
	call->connects = connects > 0 ? (unsigned)connects : 0;
	call->took_ms = us / 1000;
	if (call->too_long) {
		call->rc = fail(&call->error, PROV_ERR_SERVICE,
				"%s answers with more than %u MiB", pool->host,
				ANSWER_MAX >> 20);
	} else if (code != CURLE_OK) {
		collect(pool, call->easy, code, call->words, &f);
		f.connected |= call->sent;
		call->slow = code == CURLE_OPERATION_TIMEDOUT;
		call->rc = http_words(&f, &call->error);
	}
	/* curl counts its own repeats over the life of a handle, and gives up at five. */
	end_call(pool, call, code == CURLE_OK && call->sends == 1);
}

static struct http_call *take_done(struct http_pool *pool)
{
	struct http_call *call = NULL;
	CURLMsg *msg;
	int left;

	do {
		msg = curl_multi_info_read(pool->multi, &left);
	} while (msg && msg->msg != CURLMSG_DONE);
	if (!msg)
		return NULL;
	curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
	finish(pool, call, msg->data.result);
	return call;
}

/* Events of poll(2) for curl; of errors it finds out itself, and then names them. */
static int curl_events(short events)
{
	if (events & ~(POLLIN | POLLOUT))
		return 0;
	return (events & POLLIN ? CURL_CSELECT_IN : 0) |
	       (events & POLLOUT ? CURL_CSELECT_OUT : 0);
}

struct http_call *http_next(struct http_pool *pool, unsigned ms)
{
	struct http_call *call = take_done(pool);
	int running, fd;
	short events;
	long curl_ms;

	if (call)
		return call;
	curl_multi_timeout(pool->multi, &curl_ms);
	if (curl_ms > 0 && (unsigned long)curl_ms < ms)
		ms = (unsigned)curl_ms;
	if (curl_ms == 0 || !waits_poll(&pool->waits, ms))
		curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while ((fd = waits_take(&pool->waits, &events)) >= 0)
		curl_multi_socket_action(pool->multi, fd, curl_events(events), &running);
	return take_done(pool);
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
	call->sent = call->slow = call->too_long = false;
	call->connects = call->sends = 0;
	call->date[0] = call->retry_after[0] = call->error_code[0] = '\0';
	call->request_id[0] = call->content_type[0] = call->words[0] = '\0';
}

int http_try_port(struct http_pool *pool, uint16_t port, struct prov_error *err)
{
	const char *to = pool->connect_host ? pool->connect_host : pool->host;
	char words[CURL_ERROR_SIZE] = "", url[320];
	CURL *easy = curl_easy_init();
	struct http_failure f;
	CURLcode code;

	if (!easy)
		return fail(err, PROV_ERR_NOMEM, "no memory for a request");
	set_pool(pool, easy);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
	snprintf(url, sizeof(url), "http://%s:%u/", to, port ? port : pool->connect_port);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	code = curl_easy_perform(easy);
	collect(pool, easy, code, words, &f);
	f.port = port ? port : pool->connect_port;
	curl_easy_cleanup(easy);
	return code == CURLE_OK ? 0 : http_words(&f, err);
}
