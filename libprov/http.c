#include "http.h"

#include "http_error.h"
#include "text.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX (16u << 20) /* a page of a query is the longest: 1000 twins */

struct http_pool {
	CURLM *multi;
	char *host, *ca_file, *user_agent, *connect_host;
	struct curl_slist *connect_to;
	uint16_t port, connect_port;
	unsigned connect_ms;
};

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int no_memory(struct prov_error *err)
{
	return fail(err, PROV_ERR_NOMEM, "no memory for a request");
}

/* Every host and port goes to "HOST:PORT". */
static int set_connect_to(struct http_pool *p, const char *to, struct prov_error *err)
{
	const char *colon = strrchr(to, ':');
	char line[320];
	long port;

	if (!colon || !parse_port(colon + 1, strlen(colon + 1), &port))
		return fail(err, PROV_ERR_ARG, "connect to HOST:PORT, not to \"%s\"", to);
	snprintf(line, sizeof(line), "::%s", to);
	p->connect_to = curl_slist_append(NULL, line);
	p->connect_host = strndup(to, (size_t)(colon - to));
	p->connect_port = (uint16_t)port;
	return p->connect_to && p->connect_host ? 0 : no_memory(err);
}

static int fill_pool(struct http_pool *p, const struct http_opts *opts,
		     struct prov_error *err)
{
	p->multi = curl_multi_init();
	p->host = strdup(opts->host);
	p->user_agent = strdup(opts->user_agent);
	p->ca_file = opts->ca_file ? strdup(opts->ca_file) : NULL;
	p->port = opts->port;
	p->connect_port = opts->port ? opts->port : 443;
	p->connect_ms = opts->connect_ms;
	if (!p->multi || !p->host || !p->user_agent || (opts->ca_file && !p->ca_file))
		return no_memory(err);
	return opts->connect_to ? set_connect_to(p, opts->connect_to, err) : 0;
}

int http_open(const struct http_opts *opts, struct http_pool **out,
	      struct prov_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_pool *p = calloc(1, sizeof(*p));
	int rc;

	pthread_once(&once, init_curl);
	if (!p)
		return no_memory(err);
	rc = fill_pool(p, opts, err);
	if (rc < 0)
		http_close(p);
	else
		*out = p;
	return rc;
}

void http_close(struct http_pool *pool)
{
	if (!pool)
		return;
	curl_multi_cleanup(pool->multi);
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
	if (n > ANSWER_MAX - call->text_len) {
		call->too_long = true;
		return 0;
	}
	if (!grow(call, call->text_len + n + 1)) {
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
	/* An answer without its continuation would look like the last page. */
	return call->no_memory ? 0 : n;
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

/* Without memory curl forgets a text that it was given: a CA file, for one. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
	return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

/* What goes for every connection. */
static bool set_pool(const struct http_pool *pool, CURL *easy)
{
	bool ok = set_text(easy, CURLOPT_PROTOCOLS_STR, "https") &&
		  set_text(easy, CURLOPT_USERAGENT, pool->user_agent);

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)pool->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	if (pool->ca_file)
		ok = ok && set_text(easy, CURLOPT_CAINFO, pool->ca_file) &&
		     set_text(easy, CURLOPT_CAPATH, NULL);
	if (pool->connect_to) {
		curl_easy_setopt(easy, CURLOPT_CONNECT_TO, pool->connect_to);
		ok = ok && set_text(easy, CURLOPT_NOPROXY, "*");
	}
	return ok;
}

static bool set_url(const struct http_pool *pool, CURL *easy, uint16_t port,
		    const char *target)
{
	char url[1200];

	if (port && port != 443)
		snprintf(url, sizeof(url), "https://%s:%u%s", pool->host, port, target);
	else
		snprintf(url, sizeof(url), "https://%s%s", pool->host, target);
	return set_text(easy, CURLOPT_URL, url);
}

static bool set_call(struct http_call *call, CURL *easy)
{
	size_t len = 0;

	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	if (call->fresh)
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (call->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
				 prov_secret_bytes(call->body, &len));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	}
	return set_text(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

int http_start(struct http_pool *pool, struct http_call *call, struct prov_error *err)
{
	struct curl_slist *headers = NULL;
	CURL *easy = curl_easy_init();

	http_clear(call);
	if (!easy || !grow(call, 1) || !add_headers(call, &headers)) {
		curl_easy_cleanup(easy);
		free_headers(headers);
		return no_memory(err);
	}
	call->text[0] = '\0';
	call->easy = easy;
	call->headers = headers;
	if (set_pool(pool, easy) && set_url(pool, easy, pool->port, call->target) &&
	    set_call(call, easy) && curl_multi_add_handle(pool->multi, easy) == CURLM_OK)
		return 0;
	http_stop(pool, call);
	return no_memory(err);
}

void http_stop(struct http_pool *pool, struct http_call *call)
{
	if (!call->easy)
		return;
	curl_multi_remove_handle(pool->multi, call->easy);
	curl_easy_cleanup(call->easy);
	free_headers(call->headers);
	call->easy = NULL;
	call->headers = NULL;
}

/* What curl knows of how it failed, for the words. */
static void collect(const struct http_pool *pool, CURL *easy, CURLcode code,
		    struct http_failure *f)
{
	curl_off_t connect_us = 0;

	memset(f, 0, sizeof(*f));
	f->curl_code = (int)code;
	f->host = pool->host;
	f->to_host = pool->connect_host;
	f->port = pool->connect_port;
	f->ca_file = pool->ca_file;
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
	if (call->no_memory) {
		call->rc = no_memory(&call->error);
	} else if (call->too_long) {
		call->rc = fail(&call->error, PROV_ERR_SERVICE,
				"%s answers with more than %u MiB", pool->host,
				ANSWER_MAX >> 20);
	} else if (code != CURLE_OK) {
		collect(pool, call->easy, code, &f);
		f.connected |= call->sent;
		call->slow = code == CURLE_OPERATION_TIMEDOUT;
		call->rc = http_words(&f, &call->error);
	}
	http_stop(pool, call);
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

struct http_call *http_next(struct http_pool *pool, unsigned ms)
{
	struct http_call *call = take_done(pool);
	int running;

	if (call)
		return call;
	curl_multi_perform(pool->multi, &running);
	call = take_done(pool);
	if (call)
		return call;
	curl_multi_poll(pool->multi, NULL, 0, (int)ms, NULL);
	curl_multi_perform(pool->multi, &running);
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
	call->sent = call->slow = call->too_long = call->no_memory = false;
	call->connects = call->sends = 0;
	call->date[0] = call->retry_after[0] = call->error_code[0] = '\0';
	call->request_id[0] = call->content_type[0] = '\0';
}

const char *http_host(const struct http_pool *pool)
{
	return pool->connect_host ? pool->connect_host : pool->host;
}

uint16_t http_port(const struct http_pool *pool)
{
	return pool->connect_port;
}

int http_try_port(struct http_pool *pool, uint16_t port, struct prov_error *err)
{
	char url[320];
	CURL *easy = curl_easy_init();
	struct http_failure f;
	CURLcode code;

	snprintf(url, sizeof(url), "http://%s:%u/", http_host(pool), port);
	if (!easy || !set_pool(pool, easy) ||
	    !set_text(easy, CURLOPT_PROTOCOLS_STR, "http") ||
	    !set_text(easy, CURLOPT_URL, url)) {
		curl_easy_cleanup(easy);
		return no_memory(err);
	}
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(easy);
	collect(pool, easy, code, &f);
	f.port = port;
	curl_easy_cleanup(easy);
	return code == CURLE_OK ? 0 : http_words(&f, err);
}
