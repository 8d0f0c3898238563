/* A session, its client, and an owner that writes down what it is asked. */
#ifndef ONE_SESSION_H
#define ONE_SESSION_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mqtt/session.h"
#include "mqtt_bytes.h"

static const char user_name[] = "myhub.azure-devices.net/dev1/?api-version=2021-04-12";

/* -- an owner that writes down what it is asked, and what it shall say ------------------- */

static struct text log_text;
static enum mqtt_connack verdict;
static const char *verdict_why;
static bool kept;
static const char *publish_wrong;
static struct mqtt_session session;

static inline enum mqtt_connack on_connect(void *it, const struct mqtt_user *user,
					   const struct mqtt_connect *connect,
					   bool *present, const char **why)
{
	text_add(&log_text, "connect %s %.*s;", user->device, (int)connect->password.len,
		 connect->has_password ? connect->password.at : "");
	if (kept)
		mqtt_session_resume(it, TOPIC_C2D, 1);
	*present = kept;
	*why = verdict_why;
	return verdict;
}

static inline const char *on_publish(void *it, const struct topic *topic,
				     const struct mqtt_publish *publish)
{
	(void)it;
	text_add(&log_text, "publish %d %u %.*s;", topic->kind, publish->id,
		 (int)publish->payload.len, publish->payload.at);
	return publish_wrong;
}

static inline void on_subscribe(void *it, enum topic_kind kind, unsigned qos)
{
	(void)it;
	text_add(&log_text, "subscribe %d %u;", kind, qos);
}

static inline void on_unsubscribe(void *it, enum topic_kind kind)
{
	(void)it;
	text_add(&log_text, "unsubscribe %d;", kind);
}

static inline void on_acked(void *it, uint64_t tag)
{
	(void)it;
	text_add(&log_text, "acked %u;", (unsigned)tag);
}

static inline void on_will(void *it, const struct topic *topic,
			   const struct mqtt_will *will)
{
	(void)it;
	text_add(&log_text, "will %.*s %.*s;", (int)topic->bag.len, topic->bag.at,
		 (int)will->message.len, will->message.at);
}

static const struct session_calls calls = { on_connect,     on_publish, on_subscribe,
					    on_unsubscribe, on_acked,   on_will };

static inline int stop(void **state)
{
	(void)state;
	mqtt_session_free(&session);
	text_free(&log_text);
	return 0;
}

static inline int start(void **state)
{
	(void)state;
	verdict = MQTT_ACCEPTED;
	verdict_why = publish_wrong = NULL;
	kept = false;
	mqtt_session_start(&session, &calls, &session, 1000);
	return 0;
}

static inline void logged(const char *text)
{
	assert_string_equal(log_text.len ? log_text.at : "", text);
	text_free(&log_text);
}

static inline void answered(const char *bytes, size_t len)
{
	assert_int_equal(session.out.len, len);
	if (len > 0)
		assert_memory_equal(session.out.at, bytes, len);
	text_free(&session.out);
}

static inline void closed_for(const char *why)
{
	assert_int_equal(session.state, SESSION_CLOSED);
	if (!strstr(session.why, why))
		fail_msg("%s, not %s", session.why, why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

/* -- the client ------------------------------------------------------------------------ */

static inline bool take_rest(unsigned first, struct text *rest, int64_t now_ms)
{
	struct text bytes = { 0 };
	bool open;

	put_packet(&bytes, first, rest);
	open = mqtt_session_take(&session, bytes.at, bytes.len, now_ms);
	text_free(&bytes);
	return open;
}

struct client {
	bool clean;
	unsigned keep_alive_s;
	const char *id;
	const char *will; /* the topic */
	unsigned will_qos;
};

static inline bool connect_as(struct client client, int64_t now_ms)
{
	struct text rest = { 0 };
	const char flags[] = {
		4,
		(char)(0xc0 | (client.clean ? 2 : 0) | (client.will ? 4 : 0) |
		       client.will_qos << 3),
		(char)(client.keep_alive_s >> 8),
		(char)client.keep_alive_s,
	};

	put_text(&rest, "MQTT");
	text_put(&rest, flags, 4);
	put_text(&rest, client.id ? client.id : "dev1");
	if (client.will) {
		put_text(&rest, client.will);
		put_text(&rest, "gone");
	}
	put_text(&rest, user_name);
	put_text(&rest, "token");
	return take_rest(0x10, &rest, now_ms);
}

static inline void open_session(void)
{
	assert_true(connect_as((struct client){ .keep_alive_s = 180 }, 1000));
	answered(B("\x20\x02\x00\x00"));
	logged("connect dev1 token;");
}

static inline bool subscribe(const char *filter, char qos)
{
	struct text rest = { 0 };

	text_put(&rest, "\x00\x09", 2);
	put_text(&rest, filter);
	text_put(&rest, &qos, 1);
	return take_rest(0x82, &rest, 1000);
}

static inline bool unsubscribe(const char *filter)
{
	struct text rest = { 0 };

	text_put(&rest, "\x00\x0a", 2);
	put_text(&rest, filter);
	return take_rest(0xa2, &rest, 1000);
}

static inline bool publish(const char *topic, unsigned qos)
{
	struct mqtt_publish packet = { .topic = { topic, strlen(topic) },
				       .payload = { "x", 1 },
				       .qos = qos,
				       .id = 5 };
	struct text bytes = { 0 };
	bool open;

	assert_true(mqtt_write_publish(&bytes, &packet));
	open = mqtt_session_take(&session, bytes.at, bytes.len, 1000);
	text_free(&bytes);
	return open;
}

static inline enum session_sent send_c2d(unsigned qos, uint64_t tag)
{
	return mqtt_session_send(&session, TOPIC_C2D, (struct mqtt_bytes){ "t", 1 },
				 (struct mqtt_bytes){ "m", 1 }, qos, tag);
}

#endif
