#include "http_error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of OpenSSL's verification (x509_vfy.h). */
#define NOT_YET_VALID 9
#define HAS_EXPIRED   10

/* A name of no_proxy: the host itself, or a domain that it is in. */
static bool covers(const char *name, size_t len, const char *host)
{
	size_t host_len = strlen(host);

	if (len && *name == '.') {
		name++;
		len--;
	}
	if (!len || len > host_len || strncasecmp(host + host_len - len, name, len) != 0)
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

static bool is_excepted(const char *host)
{
	const char *list = getenv("no_proxy");

	list = list ? list : getenv("NO_PROXY");
	if (list && strcmp(list, "*") == 0)
		return true;
	while (list && *list) {
		size_t len = strcspn(list, ", ");

		if (covers(list, len, host))
			return true;
		list += len + (list[len] != '\0');
	}
	return false;
}

const char *http_proxy_variable(const struct http_failure *f)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };
	bool direct = f->direct || is_excepted(f->host);

	for (size_t i = 0; !direct && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return names[i];
	}
	return NULL;
}

#define PLACE_BYTES (PROV_HOST_MAX + 8)

/* "port 443", or "127.0.0.1:8443" in the place of the hub's own. */
static const char *place(const struct http_failure *f, char words[PLACE_BYTES])
{
	if (f->to_host)
		snprintf(words, PLACE_BYTES, "%.*s:%u", PROV_HOST_MAX, f->to_host,
			 f->port);
	else
		snprintf(words, PLACE_BYTES, "port %u", f->port);
	return words;
}

static int words_resolve(const struct http_failure *f, struct prov_error *err)
{
	fail(err, PROV_ERR_RESOLVE, "%s: this name has no address",
	     f->to_host ? f->to_host : f->host);
	return hint(err, PROV_ERR_RESOLVE,
		    "check %s, and that this machine has a network and a DNS server",
		    f->to_host ? "where this hub is connected to"
			       : "the HostName in the connection string");
}

static int words_proxy(const struct http_failure *f, struct prov_error *err)
{
	const char *name = http_proxy_variable(f);

	if (f->proxy_status)
		fail(err, PROV_ERR_PROXY,
		     "the proxy refuses to connect to %s:%u (HTTP %ld)", f->host, f->port,
		     f->proxy_status);
	else
		fail(err, PROV_ERR_PROXY, "the proxy to %s:%u cannot be reached", f->host,
		     f->port);
	return hint(err, PROV_ERR_PROXY,
		    "check the proxy in %s, or except %s from it in no_proxy",
		    name ? name : "https_proxy", f->host);
}

static int words_connect(const struct http_failure *f, struct prov_error *err)
{
	char at[PLACE_BYTES];

	if (http_proxy_variable(f))
		return words_proxy(f, err);
	if (f->os_errno == ECONNREFUSED) {
		fail(err, PROV_ERR_CONNECT, "%s: nobody listens at %s", f->host,
		     place(f, at));
		return hint(err, PROV_ERR_CONNECT,
			    "is it running there, or does a firewall refuse port %u?",
			    f->port);
	}
	fail(err, PROV_ERR_CONNECT, "%s: cannot connect to %s%s%s", f->host, place(f, at),
	     f->os_errno ? ": " : "", f->os_errno ? strerror((int)f->os_errno) : "");
	return hint(err, PROV_ERR_CONNECT, "check the network of this machine");
}

static int words_timeout(const struct http_failure *f, struct prov_error *err)
{
	char at[PLACE_BYTES];

	if (f->connected)
		return hint(
			err,
			fail(err, PROV_ERR_TIMEOUT, "%s: did not answer in time",
			     f->host),
			"try again; if it stays so, see the hub's health in the portal");
	if (http_proxy_variable(f))
		return words_proxy(f, err);
	fail(err, PROV_ERR_CONNECT, "%s: no answer from %s in %u ms", f->host,
	     place(f, at), f->connect_ms);
	return hint(err, PROV_ERR_CONNECT,
		    "the port is probably blocked: ask who runs the network to open %u "
		    "outwards%s",
		    f->port, f->direct ? "" : ", or set https_proxy");
}

static int words_verify(const struct http_failure *f, struct prov_error *err)
{
	if (f->verify == NOT_YET_VALID || f->verify == HAS_EXPIRED) {
		fail(err, PROV_ERR_UNTRUSTED, "%s: its certificate %s", f->host,
		     f->verify == HAS_EXPIRED ? "has expired" : "is not valid yet");
		return hint(err, PROV_ERR_UNTRUSTED,
			    "check the clock of this machine first");
	}
	/* curl has verified the chain when it looks at the name, and not noted so yet. */
	if (f->verify <= 1) {
		fail(err, PROV_ERR_NAME, "%s: its certificate is for another name",
		     f->host);
		return hint(err, PROV_ERR_NAME,
			    "check the HostName; something else may be answering for it");
	}
	fail(err, PROV_ERR_UNTRUSTED,
	     "%s: its certificate is not from a CA that is trusted here", f->host);
	if (f->ca_file)
		return hint(err, PROV_ERR_UNTRUSTED, "the hub's CA must be in %s",
			    f->ca_file);
	return hint(err, PROV_ERR_UNTRUSTED,
		    "install ca-certificates; for a local hub, or behind a proxy that "
		    "opens TLS, "
		    "name its CA file");
}

static int words_ca(const struct http_failure *f, struct prov_error *err)
{
	return fail(err, PROV_ERR_FILE, "%s: cannot be read as CA certificates in PEM",
		    f->ca_file ? f->ca_file : "the system's CA file");
}

static int words_tls(const struct http_failure *f, struct prov_error *err)
{
	char at[PLACE_BYTES];

	fail(err, PROV_ERR_TLS, "%s: no TLS connection at %s", f->host, place(f, at));
	return hint(err, PROV_ERR_TLS,
		    "what answers there is no hub, or something in between "
		    "opens TLS connections");
}

static int words_gone(const struct http_failure *f, struct prov_error *err)
{
	if (f->proxy_status && f->proxy_status != 200)
		return words_proxy(f, err);
	return hint(err, fail(err, PROV_ERR_GONE, "%s: the connection was lost", f->host),
		    "try again");
}

static int words_nohub(const struct http_failure *f, struct prov_error *err)
{
	return hint(err,
		    fail(err, PROV_ERR_NOHUB, "%s: what answers does not speak HTTP",
			 f->host),
		    "check the HostName in the connection string");
}

static int words_nomem(const struct http_failure *f, struct prov_error *err)
{
	return fail(err, PROV_ERR_NOMEM, "%s: no memory for a request", f->host);
}

/* By the numbers of libcurl-errors(3), which never change. */
static const struct {
	int code;
	int (*words)(const struct http_failure *f, struct prov_error *err);
} table[] = {
	{ 1, words_nohub },    /* UNSUPPORTED_PROTOCOL: HTTP/0.9 */
	{ 5, words_proxy },    /* COULDNT_RESOLVE_PROXY */
	{ 6, words_resolve },  /* COULDNT_RESOLVE_HOST */
	{ 7, words_connect },  /* COULDNT_CONNECT */
	{ 8, words_nohub },    /* WEIRD_SERVER_REPLY */
	{ 27, words_nomem },   /* OUT_OF_MEMORY */
	{ 28, words_timeout }, /* OPERATION_TIMEDOUT */
	{ 35, words_tls },     /* SSL_CONNECT_ERROR */
	{ 60, words_verify },  /* PEER_FAILED_VERIFICATION */
	{ 77, words_ca },      /* SSL_CACERT_BADFILE */
	{ 97, words_proxy },   /* PROXY */
};

int http_words(const struct http_failure *f, struct prov_error *err)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == f->curl_code)
			return table[i].words(f, err);
	return words_gone(f, err);
}
