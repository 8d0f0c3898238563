#include "http.h"

#include "curl.h"
#include "http_answer.h"
#include "http_error.h"
#include "text.h"
#include "waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	struct prov_secret *identity;
};

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
	p->connect_to = libcurl.slist_append(NULL, line);
	p->connect_host = strndup(to, (size_t)(colon - to));
	p->connect_port = (uint16_t)port;
	return p->connect_to && p->connect_host ? 0 : no_memory(err);
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
	libcurl.multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)calls);
	return true;
}

static int fill_pool(struct http_pool *p, const struct http_opts *opts,
		     struct prov_error *err)
{
	p->multi = libcurl.multi_init();
	p->host = strdup(opts->host);
	p->user_agent = strdup(opts->user_agent);
	p->ca_file = opts->ca_file ? strdup(opts->ca_file) : NULL;
	p->port = opts->port;
	p->connect_port = opts->port ? opts->port : 443;
	p->connect_ms = opts->connect_ms;
	if (!p->multi || !p->host || !p->user_agent || (opts->ca_file && !p->ca_file))
		return no_memory(err);
	libcurl.multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	libcurl.multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	if (opts->identity && prov_secret_copy(opts->identity, &p->identity, err) < 0)
		return PROV_ERR_NOMEM;
	return opts->connect_to ? set_connect_to(p, opts->connect_to, err) : 0;
}

int http_open(const struct http_opts *opts, struct http_pool **out,
	      struct prov_error *err)
{
	struct http_pool *p;
	int rc = libcurl_load(err);

	if (rc < 0)
		return rc;
	p = calloc(1, sizeof(*p));
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
	while (pool->n_idle)
		libcurl.easy_cleanup(pool->idle[--pool->n_idle]);
	libcurl.multi_cleanup(pool->multi);
	waits_free(&pool->waits);
	libcurl.slist_free_all(pool->connect_to);
	free(pool->host);
	free(pool->connect_host);
	free(pool->ca_file);
	free(pool->user_agent);
	prov_secret_free(pool->identity);
	free(pool);
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
	more = libcurl.slist_append(*list, line);
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
	libcurl.slist_free_all(list);
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
		struct curl_slist *more = libcurl.slist_append(*list, "Expect:");

		ok = more;
		*list = more ? more : *list;
	}
	return ok;
}

/* A long it must be, which no prototype says. */
static void set_number(CURL *easy, CURLoption option, long n)
{
	libcurl.easy_setopt(easy, option, n);
}

/* Without memory curl forgets a text that it was given: a CA file, for one. */
static bool set_text(CURL *easy, CURLoption option, const char *text)
{
	return libcurl.easy_setopt(easy, option, text) == CURLE_OK;
}

/*
 * Where the system's CAs are in a file too, as on Debian, curl need not look into their
 * folder. CAs of a file alone it reads once, otherwise for each connection, which takes
 * 30 ms and 1 MB each.
 */
static bool has_ca_bundle(void)
{
	const curl_version_info_data *curl = libcurl.version_info(CURLVERSION_NOW);

	return curl->cainfo && access(curl->cainfo, R_OK) == 0;
}

/* The pool has the text for longer than curl needs it. */
static bool set_identity(const struct http_pool *pool, CURL *easy)
{
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

	blob.data = (void *)(uintptr_t)prov_secret_bytes(pool->identity, &blob.len);
	return libcurl.easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &blob) == CURLE_OK &&
	       libcurl.easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &blob) == CURLE_OK;
}

/* What goes for every connection. */
static bool set_pool(const struct http_pool *pool, CURL *easy)
{
	bool ok = set_text(easy, CURLOPT_PROTOCOLS_STR, "https") &&
		  set_text(easy, CURLOPT_USERAGENT, pool->user_agent);

	/* Who stops does not wait for a name server that does not answer. */
	set_number(easy, CURLOPT_QUICK_EXIT, 1);
	set_number(easy, CURLOPT_NOSIGNAL, 1);
	set_number(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	set_number(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, pool->connect_ms);
	set_number(easy, CURLOPT_TCP_NODELAY, 1);
	if (pool->ca_file)
		ok = ok && set_text(easy, CURLOPT_CAINFO, pool->ca_file);
	if (pool->ca_file || has_ca_bundle())
		ok = ok && set_text(easy, CURLOPT_CAPATH, NULL);
	if (pool->identity)
		ok = ok && set_identity(pool, easy);
	if (pool->connect_to) {
		libcurl.easy_setopt(easy, CURLOPT_CONNECT_TO, pool->connect_to);
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

/* All that differs from call to call: the handle may have served another one. */
static bool set_call(struct http_call *call, CURL *easy)
{
	size_t len = 0;
	const uint8_t *body = call->body ? prov_secret_bytes(call->body, &len) : NULL;

	libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	libcurl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	if (!body)
		set_number(easy, CURLOPT_HTTPGET, 1);
	libcurl.easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	set_number(easy, CURLOPT_TIMEOUT_MS, call->timeout_ms);
	set_number(easy, CURLOPT_FRESH_CONNECT, call->fresh);
	libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, call);
	libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, call);
	libcurl.easy_setopt(easy, CURLOPT_PREREQDATA, call);
	libcurl.easy_setopt(easy, CURLOPT_PRIVATE, call);
	return set_text(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

/* A handle for a request, one that served before if there is any. */
static CURL *take_idle(struct http_pool *pool)
{
	CURL *easy;

	if (pool->n_idle)
		return pool->idle[--pool->n_idle];
	easy = libcurl.easy_init();
	if (!easy || !set_pool(pool, easy)) {
		libcurl.easy_cleanup(easy);
		return NULL;
	}
	set_number(easy, CURLOPT_PATH_AS_IS, 1);
	/* The least, as each call has one; curl's own is 64 KiB. */
	set_number(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384);
	libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_answer_body);
	libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_answer_header);
	libcurl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
	return easy;
}

int http_start(struct http_pool *pool, struct http_call *call, struct prov_error *err)
{
	struct curl_slist *headers = NULL;
	CURL *easy = take_idle(pool);

	http_clear(call);
	if (!easy || !make_room(pool) || !http_answer_room(call, 1) ||
	    !add_headers(call, &headers)) {
		libcurl.easy_cleanup(easy);
		free_headers(headers);
		return no_memory(err);
	}
	call->text[0] = '\0';
	call->easy = easy;
	call->headers = headers;
	pool->n_calls++;
	if (set_url(pool, easy, pool->port, call->target) && set_call(call, easy) &&
	    libcurl.multi_add_handle(pool->multi, easy) == CURLM_OK)
		return 0;
	http_stop(pool, call);
	return no_memory(err);
}

/* `whole`: it ended as it should, and the handle has nothing left of it. */
static void end_call(struct http_pool *pool, struct http_call *call, bool whole)
{
	libcurl.multi_remove_handle(pool->multi, call->easy);
	pool->n_calls--;
	if (whole && pool->n_idle < IDLE_MAX)
		pool->idle[pool->n_idle++] = call->easy;
	else
		libcurl.easy_cleanup(call->easy);
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
	libcurl.easy_getinfo(easy, CURLINFO_OS_ERRNO, &f->os_errno);
	libcurl.easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &f->verify);
	libcurl.easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &f->proxy_status);
	libcurl.easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
	f->connected = connect_us > 0;
}

static void finish(struct http_pool *pool, struct http_call *call, CURLcode code)
{
	long status = 0, connects = 0;
	struct http_failure f;
	curl_off_t us = 0;

	libcurl.easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	libcurl.easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	libcurl.easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &us);
	call->status = (int)status;
	call->sent = call->sends > 0;
	call->connects = connects > 0 ? (unsigned)connects : 0;
	call->took_ms = us / 1000;
	if (call->no_memory) {
		call->rc = no_memory(&call->error);
	} else if (call->too_long) {
		call->rc = fail(&call->error, PROV_ERR_SERVICE,
				"%s answers with more than %u MiB", pool->host,
				HTTP_ANSWER_MAX >> 20);
	} else if (code != CURLE_OK) {
		collect(pool, call->easy, code, &f);
		/* A port that was not given the time to answer is not a blocked one. */
		f.connected |= call->sent || call->timeout_ms < pool->connect_ms / 2;
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
		msg = libcurl.multi_info_read(pool->multi, &left);
	} while (msg && msg->msg != CURLMSG_DONE);
	if (!msg)
		return NULL;
	libcurl.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
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
	libcurl.multi_timeout(pool->multi, &curl_ms);
	if (curl_ms > 0 && (unsigned long)curl_ms < ms)
		ms = (unsigned)curl_ms;
	if (curl_ms == 0 || !waits_poll(&pool->waits, ms))
		libcurl.multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0,
					    &running);
	while ((fd = waits_take(&pool->waits, &events)) >= 0)
		libcurl.multi_socket_action(pool->multi, fd, curl_events(events),
					    &running);
	return take_done(pool);
}

const char *http_host(const struct http_pool *pool)
{
	return pool->connect_host ? pool->connect_host : pool->host;
}

uint16_t http_port(const struct http_pool *pool)
{
	return pool->connect_port;
}

/* Was the port reached, whatever came of TLS there? By libcurl-errors(3). */
static bool is_open(CURLcode code, const struct http_failure *f)
{
	return code == CURLE_OK || code == CURLE_SSL_CONNECT_ERROR ||
	       code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CACERT_BADFILE ||
	       (code == CURLE_OPERATION_TIMEDOUT && f->connected &&
		!http_proxy_variable(f));
}

int http_try_hub(struct http_pool *pool, bool *proxied, struct prov_error *err)
{
	CURL *easy = libcurl.easy_init();
	struct http_failure f;
	CURLcode code;

	if (!easy || !set_pool(pool, easy) || !set_url(pool, easy, pool->port, "/")) {
		libcurl.easy_cleanup(easy);
		return no_memory(err);
	}
	set_number(easy, CURLOPT_CONNECT_ONLY, 1);
	code = libcurl.easy_perform(easy);
	collect(pool, easy, code, &f);
	libcurl.easy_cleanup(easy);
	*proxied = f.proxy_status != 0;
	return is_open(code, &f) ? 0 : http_words(&f, err);
}

int http_try_tls(struct http_pool *pool, struct prov_error *err)
{
	CURL *easy = libcurl.easy_init();
	struct http_failure f;
	CURLcode code;

	if (!easy || !set_pool(pool, easy) || !set_url(pool, easy, pool->port, "/")) {
		libcurl.easy_cleanup(easy);
		return no_memory(err);
	}
	libcurl.easy_setopt(easy, CURLOPT_PROXY, "");
	set_number(easy, CURLOPT_CONNECT_ONLY, 1);
	code = libcurl.easy_perform(easy);
	collect(pool, easy, code, &f);
	f.direct = true;
	libcurl.easy_cleanup(easy);
	return code == CURLE_OK ? 0 : http_words(&f, err);
}

int http_try_port(struct http_pool *pool, uint16_t port, struct prov_error *err)
{
	char url[320];
	CURL *easy = libcurl.easy_init();
	struct http_failure f;
	CURLcode code;

	snprintf(url, sizeof(url), "http://%s:%u/", http_host(pool), port);
	if (!easy || !set_pool(pool, easy) ||
	    !set_text(easy, CURLOPT_PROTOCOLS_STR, "http") ||
	    !set_text(easy, CURLOPT_URL, url)) {
		libcurl.easy_cleanup(easy);
		return no_memory(err);
	}
	libcurl.easy_setopt(easy, CURLOPT_CONNECT_TO, NULL);
	libcurl.easy_setopt(easy, CURLOPT_PROXY, "");
	set_number(easy, CURLOPT_CONNECT_ONLY, 1);
	code = libcurl.easy_perform(easy);
	collect(pool, easy, code, &f);
	f.port = port;
	f.direct = true;
	libcurl.easy_cleanup(easy);
	return code == CURLE_OK ? 0 : http_words(&f, err);
}
