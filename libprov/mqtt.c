#include "mqtt.h"

#include "error.h"
#include "hub.h"
#include "relay.h"
#include "steady.h"

#include <MQTTAsync.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOODBYE_MS  2000
#define PAHO_END_MS 500

struct mqtt {
	struct mqtt_opts opts;
	MQTTAsync client;
	struct relay *relay; /* with `connect_to` */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock: what became of what we wait for. */
	bool ended, good, kept, connected;
	size_t n_filters;
	int code;
	char words[160];     /* of a failure */
	char tls_words[160]; /* OpenSSL's */
};

/* -- threads ------------------------------------------------------------------------ */

/*
 * Paho's threads have the mask of who starts them: signals are for the program's own. It
 * also sets SIGPIPE to be ignored, which is the program's to say; where it is blocked, a
 * write to a connection that is closed gives an error all the same.
 */
struct calm {
	sigset_t mask;
	struct sigaction pipe;
};

static void begin_calm(struct calm *calm)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &calm->mask);
	sigaction(SIGPIPE, NULL, &calm->pipe);
}

static void end_calm(const struct calm *calm)
{
	sigaction(SIGPIPE, &calm->pipe, NULL);
	pthread_sigmask(SIG_SETMASK, &calm->mask, NULL);
}

/* Paho gives its threads names, "MQTTAsync_rcv" and the like. */
static bool paho_runs(void)
{
	char path[300], name[32] = "";
	bool runs = false;
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	while (tasks && !runs && (task = readdir(tasks))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		f = fopen(path, "re");
		runs = f && fgets(name, sizeof(name), f) &&
		       strncmp(name, "MQTTAsync", 9) == 0;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return runs;
}

/*
 * They are nobody's to join, and end when the last client is destroyed, but a little
 * later: what OpenSSL has for each is then freed, which must not be while the program ends
 * and all of OpenSSL is. With clients of the program's own they go on, and we do not wait
 * for long.
 */
static void let_paho_end(void)
{
	int64_t until = steady_ms() + PAHO_END_MS;

	while (paho_runs() && steady_ms() < until)
		usleep(1000);
}

static bool cancelled(const struct mqtt *m)
{
	return m->opts.cancel && *m->opts.cancel;
}

static void begin_wait(struct mqtt *m)
{
	pthread_mutex_lock(&m->lock);
	m->ended = m->good = false;
	m->code = 0;
	*m->words = '\0';
	pthread_mutex_unlock(&m->lock);
}

/* False: it did not end in time, or was cancelled. */
static bool wait_for_end(struct mqtt *m, unsigned ms, bool heed_cancel)
{
	int64_t deadline = steady_ms() + ms;
	bool ended;

	pthread_mutex_lock(&m->lock);
	while (!m->ended && steady_ms() < deadline && !(heed_cancel && cancelled(m)))
		steady_wait(&m->changed, &m->lock, 100);
	ended = m->ended;
	pthread_mutex_unlock(&m->lock);
	return ended;
}

/*
 * The first end counts: a connection that was made, and is lost before anybody has looked,
 * may have brought messages, which are acknowledged.
 */
static void end_wait(struct mqtt *m, bool good, int code, const char *words)
{
	pthread_mutex_lock(&m->lock);
	if (!m->ended) {
		m->ended = true;
		m->good = good;
		m->code = code;
		copy_clean(m->words, sizeof(m->words), words ? words : "");
		pthread_cond_broadcast(&m->changed);
	}
	pthread_mutex_unlock(&m->lock);
}

/* -- what paho calls ---------------------------------------------------------------- */

static void on_success(void *ctx, MQTTAsync_successData *data)
{
	(void)data;
	end_wait(ctx, true, 0, NULL);
}

static void on_failure(void *ctx, MQTTAsync_failureData *data)
{
	end_wait(ctx, false, data ? data->code : -1, data ? data->message : NULL);
}

static void on_connect(void *ctx, MQTTAsync_successData *data)
{
	struct mqtt *m = ctx;

	pthread_mutex_lock(&m->lock);
	m->connected = true;
	m->kept = data && data->alt.connect.sessionPresent;
	pthread_mutex_unlock(&m->lock);
	end_wait(m, true, 0, NULL);
}

static void on_lost(void *ctx, char *cause)
{
	struct mqtt *m = ctx;

	(void)cause;
	pthread_mutex_lock(&m->lock);
	m->connected = false;
	pthread_mutex_unlock(&m->lock);
	end_wait(m, false, -1, "the connection was lost");
	m->opts.lost(m->opts.ctx);
}

static int on_message(void *ctx, char *topic, int topic_len, MQTTAsync_message *message)
{
	struct mqtt *m = ctx;
	struct mqtt_message out = {
		.topic = topic,
		/* Zero unless a zero byte is in it. */
		.topic_len = topic_len > 0 ? (size_t)topic_len : strlen(topic),
		.body = message->payload,
		.len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0,
		.id = (uint16_t)message->msgid,
		.repeated = message->dup,
		.paho = message,
	};

	if (m->opts.message)
		m->opts.message(m->opts.ctx, &out);
	else
		mqtt_message_free(&out);
	return 1;
}

void mqtt_message_free(struct mqtt_message *message)
{
	MQTTAsync_message *paho = message->paho;

	MQTTAsync_freeMessage(&paho);
	MQTTAsync_free((void *)(uintptr_t)message->topic);
}

/* -- connecting --------------------------------------------------------------------- */

static int on_tls_words(const char *text, size_t len, void *ctx)
{
	struct mqtt *m = ctx;

	(void)len;
	pthread_mutex_lock(&m->lock);
	copy_clean(m->tls_words, sizeof(m->tls_words), text);
	pthread_mutex_unlock(&m->lock);
	return 1;
}

/* What a server says to a CONNECT ([MQTT] 3.2.2.3). */
static const struct {
	enum prov_err code;
	const char *words;
} refusals[] = {
	[1] = { PROV_ERR_SERVICE, "does not speak MQTT 3.1.1" },
	[2] = { PROV_ERR_RIGHT, "refuses the client id" },
	[3] = { PROV_ERR_SERVICE, "says that it is unavailable" },
	[4] = { PROV_ERR_KEY, "refuses the user name or the password" },
	[5] = { PROV_ERR_KEY, "refuses the connection: not authorized" },
};

/*
 * Paho says no more than that it did not connect. Curl connects likewise and has words
 * for what it meets.
 */
static int words_of_curl(struct mqtt *m, struct prov_error *err)
{
	struct http_opts opts = {
		.host = m->opts.host,
		.port = m->opts.port,
		.ca_file = m->opts.ca_file,
		.connect_to = m->opts.connect_to,
		.user_agent = "",
		.connect_ms = m->opts.connect_ms,
	};
	struct http_pool *pool = NULL;
	int rc = http_open(&opts, &pool, err);

	if (rc == 0)
		rc = m->opts.tls ? http_try_tls(pool, err)
				 : http_try_port(pool, http_port(pool), err);
	http_close(pool);
	return rc;
}

static int words_of_failure(struct mqtt *m, bool ended, struct prov_error *err)
{
	size_t code = m->code > 0 ? (size_t)m->code : 0;
	int rc;

	if (cancelled(m))
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	if (ended && code > 0 && code < sizeof(refusals) / sizeof(refusals[0]))
		return fail(err, refusals[code].code, "%s: %s", m->opts.host,
			    refusals[code].words);
	rc = words_of_curl(m, err);
	if (rc < 0)
		return rc;
	if (*m->tls_words)
		return fail(err, PROV_ERR_TLS, "%s: no TLS connection: %s", m->opts.host,
			    m->tls_words);
	if (!ended)
		return fail(err, PROV_ERR_TIMEOUT, "%s: did not answer in time",
			    m->opts.host);
	return fail(err, PROV_ERR_GONE, "%s: it closes the connection at once%s%s",
		    m->opts.host, *m->words ? ": " : "", m->words);
}

static int create(struct mqtt *m, struct prov_error *err)
{
	const char *host = m->opts.host;
	size_t len = strlen(host);
	char url[PROV_HOST_MAX + 32];
	int rc;

	/* Paho looks for IPv6 in the certificate with the bracket, if it is given one. */
	if (*host == '[') {
		host++;
		len -= 2;
	}
	snprintf(url, sizeof(url), "%s://%.*s:%u", m->opts.tls ? "ssl" : "tcp", (int)len,
		 host, m->opts.port);
	rc = MQTTAsync_create(&m->client, url, m->opts.client_id,
			      MQTTCLIENT_PERSISTENCE_NONE, NULL);
	if (rc != MQTTASYNC_SUCCESS)
		return fail(err, PROV_ERR_NOMEM, "no MQTT client: %s",
			    MQTTAsync_strerror(rc));
	/* It formats a line for each packet, for a trace that nobody has asked for. */
	if (!getenv("MQTT_C_CLIENT_TRACE"))
		MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
	MQTTAsync_setCallbacks(m->client, m, on_lost, on_message, NULL);
	return 0;
}

static MQTTAsync_SSLOptions tls_options(struct mqtt *m)
{
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;

	tls.trustStore = m->opts.ca_file;
	tls.disableDefaultTrustStore = m->opts.ca_file != NULL;
	tls.keyStore = m->opts.cert_file;
	tls.privateKey = m->opts.key_file;
	tls.privateKeyPassword = ""; /* or OpenSSL asks for one on the terminal */
	tls.enableServerCertAuth = 1;
	tls.verify = 1;
	tls.ssl_error_cb = on_tls_words;
	tls.ssl_error_context = m;
	return tls;
}

static int start(struct mqtt *m, const struct prov_secret *password,
		 struct prov_error *err)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_SSLOptions tls = tls_options(m);
	size_t len = 0;
	int rc;

	options.keepAliveInterval = (int)m->opts.keep_alive_s;
	options.cleansession = m->opts.clean;
	options.maxInflight = (int)m->opts.in_flight;
	options.connectTimeout = (int)(m->opts.connect_ms + 999) / 1000;
	options.MQTTVersion = MQTTVERSION_3_1_1;
	options.username = m->opts.user;
	if (password) {
		options.binarypwd.data = prov_secret_bytes(password, &len);
		options.binarypwd.len = (int)len;
	}
	options.ssl = m->opts.tls ? &tls : NULL;
	if (m->relay)
		options.httpProxy = options.httpsProxy = relay_url(m->relay);
	options.onSuccess = on_connect;
	options.onFailure = on_failure;
	options.context = m;
	begin_wait(m);
	rc = MQTTAsync_connect(m->client, &options);
	if (rc != MQTTASYNC_SUCCESS)
		return fail(err, PROV_ERR_ARG, "%s: no MQTT connection: %s", m->opts.host,
			    MQTTAsync_strerror(rc));
	return 0;
}

static int check_file(const char *path, struct prov_error *err)
{
	if (path && access(path, R_OK) < 0)
		return fail(err, PROV_ERR_FILE, "%s: %m", path);
	return 0;
}

static int prepare(struct mqtt *m, struct prov_error *err)
{
	int rc = check_file(m->opts.ca_file, err);

	if (rc == 0)
		rc = check_file(m->opts.cert_file, err);
	if (rc == 0)
		rc = check_file(m->opts.key_file, err);
	if (rc == 0 && m->opts.connect_to)
		rc = relay_open(m->opts.connect_to, &m->relay, err);
	return rc < 0 ? rc : create(m, err);
}

int mqtt_connect(const struct mqtt_opts *opts, const struct prov_secret *password,
		 struct mqtt **out, bool *kept, struct prov_error *err)
{
	struct mqtt *m = calloc(1, sizeof(*m));
	struct calm calm;
	int rc;

	if (!m)
		return fail(err, PROV_ERR_NOMEM, "no memory for an MQTT connection");
	m->opts = *opts;
	pthread_mutex_init(&m->lock, NULL);
	steady_cond_init(&m->changed);
	begin_calm(&calm);
	rc = prepare(m, err);
	if (rc == 0)
		rc = start(m, password, err);
	end_calm(&calm);
	if (rc == 0) {
		bool ended = wait_for_end(m, opts->connect_ms, true);

		if (!ended || !m->good)
			rc = words_of_failure(m, ended, err);
	}
	if (rc < 0) {
		mqtt_close(m);
		return rc;
	}
	if (kept)
		*kept = m->kept;
	*out = m;
	return 0;
}

bool mqtt_connected(struct mqtt *m)
{
	bool connected;

	pthread_mutex_lock(&m->lock);
	connected = m->connected;
	pthread_mutex_unlock(&m->lock);
	return connected;
}

void mqtt_close(struct mqtt *m)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;

	if (!m)
		return;
	if (m->client && mqtt_connected(m)) {
		options.onSuccess = on_success;
		options.onFailure = on_failure;
		options.context = m;
		begin_wait(m);
		if (MQTTAsync_disconnect(m->client, &options) == MQTTASYNC_SUCCESS)
			wait_for_end(m, GOODBYE_MS, false);
	}
	if (m->client) {
		MQTTAsync_destroy(&m->client);
		let_paho_end();
	}
	relay_close(m->relay);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* -- messages ----------------------------------------------------------------------- */

/* For one filter paho makes a refusal a failure, for several it is among the answers. */
static void on_subscribed(void *ctx, MQTTAsync_successData *data)
{
	struct mqtt *m = ctx;
	bool good = true;

	for (size_t i = 0; m->n_filters > 1 && i < m->n_filters; i++)
		good = good && data->alt.qosList[i] <= 2;
	end_wait(m, good, 0, NULL);
}

int mqtt_subscribe(struct mqtt *m, const char *const *filters, size_t n, int qos,
		   struct prov_error *err)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	int wanted[MQTT_FILTERS_MAX], rc;
	bool ended;

	if (n > MQTT_FILTERS_MAX)
		return fail(err, PROV_ERR_ARG, "%d topics at most", MQTT_FILTERS_MAX);
	for (size_t i = 0; i < n; i++)
		wanted[i] = qos;
	m->n_filters = n;
	options.onSuccess = on_subscribed;
	options.onFailure = on_failure;
	options.context = m;
	begin_wait(m);
	rc = MQTTAsync_subscribeMany(m->client, (int)n, (char *const *)filters, wanted,
				     &options);
	ended = rc == MQTTASYNC_SUCCESS && wait_for_end(m, m->opts.connect_ms, true);
	if (cancelled(m))
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	if (!mqtt_connected(m))
		return fail(err, PROV_ERR_GONE, "%s: the connection was lost",
			    m->opts.host);
	if (rc != MQTTASYNC_SUCCESS)
		return fail(err, PROV_ERR_ARG, "no subscription to \"%s\"%s: %s",
			    filters[0], n > 1 ? " or another one" : "",
			    MQTTAsync_strerror(rc));
	if (!ended)
		return fail(err, PROV_ERR_TIMEOUT, "%s: did not answer in time",
			    m->opts.host);
	if (!m->good)
		return fail(err, PROV_ERR_RIGHT, "%s: refuses the topic \"%s\"%s",
			    m->opts.host, filters[0], n > 1 ? " or another one" : "");
	return 0;
}

static void on_sent(void *ticket, MQTTAsync_successData *data)
{
	struct mqtt_ticket *t = ticket;

	(void)data;
	t->acked(t);
}

bool mqtt_publish(struct mqtt *m, const char *topic, const void *body, size_t len,
		  int qos, struct mqtt_ticket *ticket)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

	/* Without onFailure: what is lost with the connection is sent again anyway. */
	options.onSuccess = on_sent;
	options.context = ticket;
	return MQTTAsync_send(m->client, topic, (int)len, body, qos, 0, &options) ==
	       MQTTASYNC_SUCCESS;
}
