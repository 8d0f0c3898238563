#include "mqtt/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "log.h"
#include "mqtt/client_own.h"
#include "mqtt/kept.h"
#include "sas.h"

static struct mqtt_client *client_of(struct presence *presence)
{
	return (struct mqtt_client *)((char *)presence -
				      offsetof(struct mqtt_client, presence));
}

/* -- calls of others ------------------------------------------------------------------ */

static void on_close(struct presence *presence, const char *why)
{
	struct mqtt_client *client = client_of(presence);

	client->cut = why;
	client->told = true; /* by presence_close() */
	client->all->rouse(client);
}

static void on_message(struct presence *presence)
{
	struct mqtt_client *client = client_of(presence);

	client->fetches = true;
	client->all->rouse(client);
}

static void on_desired(struct presence *presence, const char *patch, size_t len,
		       int64_t version)
{
	struct mqtt_client *client = client_of(presence);

	requests_desired(client, patch, len, version);
	client->all->rouse(client);
}

static bool on_method(struct presence *presence, const struct method_request *request)
{
	struct mqtt_client *client = client_of(presence);
	bool taken = requests_method(client, request);

	client->all->rouse(client);
	return taken;
}

static const struct presence_calls presence_calls = { on_close, on_message, on_desired,
						      on_method };

/* -- CONNECT -------------------------------------------------------------------------- */

/* The hub's name, or one of this machine, with or without the port. */
static bool is_our_host(const struct hub *hub, const char *host)
{
	const char *const names[] = { hub->host, "localhost", "127.0.0.1" };
	char port[12];

	snprintf(port, sizeof(port), ":%u", hub->mqtt_port);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) == 0 &&
		    (!host[len] || strcmp(host + len, port) == 0))
			return true;
	}
	return false;
}

static enum mqtt_connack refuse_client(struct mqtt_client *client, enum error error)
{
	const struct error_kind *kind = error_kind(error);
	size_t len = strlen(client->why);

	snprintf(client->why + len, sizeof(client->why) - len, " (%d %s)", kind->number,
		 kind->name);
	return error == ERROR_SERVER || error == ERROR_THROTTLED ? MQTT_UNAVAILABLE
								 : MQTT_NOT_AUTHORIZED;
}

static bool take_token(struct mqtt_client *client, const struct mqtt_connect *connect)
{
	if (connect->has_password)
		client->token = strndup(connect->password.at, connect->password.len);
	return client->token || !connect->has_password;
}

static void forget_proofs(struct mqtt_client *client)
{
	if (client->token)
		explicit_bzero(client->token, strlen(client->token));
	free(client->token);
	free(client->certificate);
	free(client->chain);
	client->token = client->certificate = client->chain = NULL;
}

static enum error judge(struct mqtt_client *client, const struct mqtt_user *user,
			const struct mqtt_connect *connect)
{
	struct hub *hub = client->all->hub;
	struct login login = { .device = user->device,
			       .module = user->module,
			       .certificate = client->certificate,
			       .chain = client->chain };

	if (!take_token(client, connect)) {
		snprintf(client->why, sizeof(client->why), "there is no memory");
		return ERROR_SERVER;
	}
	login.token = client->token;
	if (user->dps) {
		struct dps_client who = requests_dps_client(client);

		return dps_connect(hub, &who, client->why, sizeof(client->why));
	}
	return login_check(hub, &login, &client->identity, client->why,
			   sizeof(client->why));
}

/* All that can be said against a client but who it is. */
static enum error check_user(struct mqtt_client *client, const struct mqtt_user *user)
{
	if (!user->dps && !is_our_host(client->all->hub, user->host)) {
		snprintf(client->why, sizeof(client->why),
			 "the user name is for the hub '%s', this one is %s", user->host,
			 client->all->hub->host);
		return ERROR_ACCESS;
	}
	if (*user->api_version &&
	    !hub_version_valid(user->api_version, strlen(user->api_version))) {
		snprintf(client->why, sizeof(client->why),
			 "the api-version '%s' of the user name is none",
			 user->api_version);
		return ERROR_PROTOCOL_VERSION;
	}
	if (!client_throttle(client, THROTTLE_CONNECT)) {
		snprintf(client->why, sizeof(client->why),
			 "new connections are throttled: device '%s'", user->device);
		return ERROR_THROTTLED;
	}
	return ERROR_NONE;
}

/* The session that was kept, a new one, or none. */
static int find_session(struct mqtt_client *client, bool clean, bool *present)
{
	struct kept *kept = client->all->kept;
	int64_t row = client->identity.row;
	int qos[TOPIC_KINDS], rc;

	if (clean)
		return kept_forget(kept, row);
	rc = kept_begin(kept, row);
	if (rc != 0)
		return rc;
	*present = true;
	rc = kept_granted(kept, row, qos);
	for (int kind = 0; rc == 1 && kind < TOPIC_KINDS; kind++)
		if (qos[kind] >= 0)
			mqtt_session_resume(&client->session, (enum topic_kind)kind,
					    (unsigned)qos[kind]);
	client->fetches = qos[TOPIC_C2D] >= 0;
	client->expects = qos[TOPIC_METHODS] >= 0;
	return rc;
}

static int keep_model(const struct mqtt_client *client, const struct mqtt_user *user)
{
	if (!*user->model_id)
		return 1;
	return store_model(client->all->hub->store, user->device, user->module,
			   user->model_id);
}

static void appear(struct mqtt_client *client)
{
	struct presence *presence = &client->presence;

	*presence = (struct presence){ .calls = &presence_calls,
				       .protocol = "MQTT",
				       .since_ms = clock_unix_ms() };
	memcpy(presence->device, client->identity.device, sizeof(presence->device));
	memcpy(presence->module, client->identity.module, sizeof(presence->module));
	presence_add(&client->all->hub->presences, presence);
	client->came = true;
}

static enum mqtt_connack on_connect(void *it, const struct mqtt_user *user,
				    const struct mqtt_connect *connect, bool *present,
				    const char **why)
{
	struct mqtt_client *client = it;
	enum error error = check_user(client, user);

	if (error == ERROR_NONE)
		error = judge(client, user, connect);
	if (error == ERROR_NONE && !user->dps &&
	    (find_session(client, connect->clean, present) < 0 ||
	     keep_model(client, user) < 0)) {
		snprintf(client->why, sizeof(client->why), "the store fails");
		error = ERROR_SERVER;
	}
	*why = client->why;
	if (error != ERROR_NONE)
		return refuse_client(client, error);
	if (!user->dps) {
		forget_proofs(client);
		appear(client);
	}
	log_detail("MQTT of %s%s%s is open: %s", user->device, *user->module ? "/" : "",
		   user->module, user->agent);
	return MQTT_ACCEPTED;
}

/* -- what comes after it --------------------------------------------------------------- */

bool client_throttle(struct mqtt_client *client, enum throttle_kind kind)
{
	int64_t now_ms = clock_steady_ms();
	int retry_s;
	int64_t wait_ms =
		throttle_take(&client->all->hub->throttle, kind, 1, now_ms, &retry_s);

	if (wait_ms > 0 && now_ms + wait_ms > client->asleep_until_ms)
		client->asleep_until_ms = now_ms + wait_ms;
	return wait_ms >= 0;
}

void client_ack(struct mqtt_client *client, const struct mqtt_publish *publish,
		uint64_t ticket)
{
	if (publish->qos == 0)
		return;
	if (client->acks.count == 0 && ticket == 0)
		mqtt_session_puback(&client->session, publish->id);
	else if (!acks_push(&client->acks, publish->id, ticket))
		client->cut = "there is no memory for the acknowledgement";
}

static const char *on_publish(void *it, const struct topic *topic,
			      const struct mqtt_publish *publish)
{
	struct mqtt_client *client = it;

	switch (topic->kind) {
	case TOPIC_TELEMETRY:
		return telemetry_take(client, topic, publish);
	case TOPIC_METHOD_RESULT:
		requests_method_result(client, topic, publish->payload);
		break;
	case TOPIC_TWIN_GET:
		requests_twin_get(client, topic);
		break;
	case TOPIC_TWIN_REPORTED:
		requests_twin_report(client, topic, publish->payload);
		break;
	case TOPIC_DPS_REGISTER:
	case TOPIC_DPS_POLL:
		requests_dps(client, topic, publish->payload);
		break;
	default:
		return "the topic is not served";
	}
	client_ack(client, publish, 0);
	return NULL;
}

static void keep_subscription(struct mqtt_client *client, enum topic_kind kind, int qos)
{
	/* DPS keeps no sessions */
	if (!client->session.clean && !client->session.user.dps &&
	    kept_subscribe(client->all->kept, client->identity.row, kind, qos) < 0)
		client->cut = "the store fails";
}

static void on_subscribe(void *it, enum topic_kind kind, unsigned qos)
{
	struct mqtt_client *client = it;

	keep_subscription(client, kind, (int)qos);
	client->fetches |= kind == TOPIC_C2D;
	client->expects |= kind == TOPIC_METHODS;
}

static void on_unsubscribe(void *it, enum topic_kind kind)
{
	keep_subscription(it, kind, -1);
}

static void on_acked(void *it, uint64_t tag)
{
	parcels_acked(it, tag);
}

static void on_will(void *it, const struct topic *topic, const struct mqtt_will *will)
{
	telemetry_will(it, topic, will);
}

static const struct session_calls session_calls = { on_connect,   on_publish,
						    on_subscribe, on_unsubscribe,
						    on_acked,     on_will };

/* -- the whole ------------------------------------------------------------------------- */

int clients_open(struct mqtt_clients *all, struct hub *hub, char *err, size_t err_bytes)
{
	all->hub = hub;
	all->storing = NULL;
	all->stored = 0;
	all->kept = kept_open(hub->store, err, err_bytes);
	return all->kept ? 0 : -1;
}

void clients_close(struct mqtt_clients *all)
{
	kept_close(all->kept);
	all->kept = NULL;
}

void clients_stored(struct mqtt_clients *all)
{
	uint64_t stored = events_stored(all->hub->events);

	if (stored == all->stored)
		return;
	all->stored = stored;
	for (struct mqtt_client *client = all->storing; client; client = client->next)
		all->rouse(client);
}

void client_start(struct mqtt_client *client, struct mqtt_clients *all, int64_t now_ms)
{
	*client = (struct mqtt_client){ .all = all };
	client->held_end = &client->held;
	mqtt_session_start(&client->session, &session_calls, client, now_ms);
}

void client_show(struct mqtt_client *client, char *certificate, char *chain)
{
	client->certificate = certificate;
	client->chain = chain;
}

void client_free(struct mqtt_client *client)
{
	presence_remove(&client->all->hub->presences, &client->presence);
	telemetry_free(client);
	acks_free(&client->acks);
	free(client->parcels);
	forget_proofs(client);
	mqtt_session_free(&client->session);
}

/* Once the session is closed, whatever by. */
static void leave(struct mqtt_client *client)
{
	presence_remove(&client->all->hub->presences, &client->presence);
	telemetry_free(client);
}

void client_close(struct mqtt_client *client, const char *why)
{
	mqtt_session_close(&client->session, why);
	leave(client);
}

bool client_closed(const struct mqtt_client *client)
{
	return client->session.state == SESSION_CLOSED;
}

void client_take(struct mqtt_client *client, const void *bytes, size_t len,
		 int64_t now_ms)
{
	mqtt_session_take(&client->session, bytes, len, now_ms);
	client_run(client, now_ms);
}

void client_run(struct mqtt_client *client, int64_t now_ms)
{
	if (client->cut)
		mqtt_session_close(&client->session, client->cut);
	if (client->session.state == SESSION_OPEN) {
		if (client->came)
			parcels_resume(client, now_ms);
		client->came = false;
		telemetry_run(client);
		parcels_run(client, now_ms);
		if (client->expects)
			method_ready(client->all->hub, &client->presence);
		client->expects = false;
	}
	if (client->session.out.failed)
		mqtt_session_close(&client->session, "there is no memory for it");
	else if (client->session.out.len > CLIENT_OUT_MAX)
		mqtt_session_close(&client->session,
				   "the client does not read what it is sent");
	if (client_closed(client))
		leave(client);
}

bool client_listens(const struct mqtt_client *client, int64_t now_ms)
{
	return !client_closed(client) && !client->held && !client->cut &&
	       client->acks.count < CLIENT_ACKS_MAX &&
	       client->session.out.len < CLIENT_OUT_ENOUGH &&
	       client->asleep_until_ms <= now_ms;
}

/* -- time ------------------------------------------------------------------------------ */

/*
 * A token ends when it says so, though it is taken within the skew of clocks: then that
 * is over too.
 */
static int64_t expiry_of(const struct mqtt_client *client)
{
	int64_t at_ms = client->identity.expires_ms;

	if (client->session.state != SESSION_OPEN || client->session.user.dps ||
	    at_ms == INT64_MAX)
		return INT64_MAX;
	return client->presence.since_ms >= at_ms ? at_ms + SAS_SKEW_S * 1000 : at_ms;
}

static void earlier(int64_t *due_ms, int64_t at_ms)
{
	if (at_ms < *due_ms)
		*due_ms = at_ms;
}

int64_t client_due_ms(const struct mqtt_client *client, int64_t now_ms, int64_t unix_ms)
{
	int64_t due_ms = client->asleep_until_ms
				 ? client->asleep_until_ms
				 : mqtt_session_deadline(&client->session);
	int64_t expires_ms = expiry_of(client);

	if (expires_ms != INT64_MAX)
		earlier(&due_ms, now_ms + expires_ms - unix_ms);
	earlier(&due_ms, parcels_due_ms(client));
	return due_ms;
}

void client_tick(struct mqtt_client *client, int64_t now_ms, int64_t unix_ms)
{
	if (unix_ms >= expiry_of(client))
		mqtt_session_close(&client->session, "the token has expired");
	/* who is not listened to is not silent */
	if (client->asleep_until_ms && client->asleep_until_ms <= now_ms) {
		client->asleep_until_ms = 0;
		client->session.heard_ms = now_ms;
	}
	if (!client->asleep_until_ms)
		mqtt_session_tick(&client->session, now_ms);
	parcels_tick(client, now_ms);
	client_run(client, now_ms);
}
