/* A device as the hub sees it by MQTT, without sockets. */
#ifndef MQTT_DEVICE_H
#define MQTT_DEVICE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "mqtt/client.h"
#include "mqtt_bytes.h"

#define USER HOST "/d1/?api-version=2021-04-12"

static struct mqtt_clients all;
static struct mqtt_client client;
static struct device d1;
static char token[400];
static int64_t now_ms;
static unsigned roused;

static inline void rouse(struct mqtt_client *of)
{
	roused += of == &client;
}

/* -- a device's packets ----------------------------------------------------------------- */

static inline void put_id(struct text *to, unsigned id)
{
	const char bytes[] = { (char)(id >> 8), (char)id };

	text_put(to, bytes, 2);
}

/* Takes the rest of a packet. */
static inline void take(unsigned first, struct text *rest)
{
	struct text packet = { 0 };

	put_packet(&packet, first, rest);
	client_take(&client, packet.at, packet.len, now_ms);
	text_free(&packet);
}

static inline void connect_as(const char *id, const char *user, const char *password,
			      bool clean, const char *will)
{
	struct text rest = { 0 };
	const char head[] = { 4, (char)(0xc0 | (clean ? 2 : 0) | (will ? 0x24 : 0)), 0,
			      60 };

	client_start(&client, &all, now_ms);
	put_text(&rest, "MQTT");
	text_put(&rest, head, sizeof(head));
	put_text(&rest, id);
	if (will) {
		put_text(&rest, "devices/d1/messages/events/w=1");
		put_text(&rest, will);
	}
	put_text(&rest, user);
	put_text(&rest, password);
	take(0x10, &rest);
}

static inline void publish(unsigned qos, unsigned id, const char *topic, const char *body)
{
	struct text rest = { 0 };

	put_text(&rest, topic);
	if (qos)
		put_id(&rest, id);
	text_put(&rest, body, strlen(body));
	take(0x30 | qos << 1, &rest);
}

/* What it is sent is these bytes. */
static inline void gets(const char *bytes, size_t len)
{
	struct text *out = &client.session.out;

	assert_int_equal(out->len, len);
	assert_memory_equal(out->at, bytes, len);
	text_free(out);
}

#define GETS(literal) gets(B(literal))

/* Somewhere in what it is sent. */
static inline void gets_text(const char *text)
{
	struct text *out = &client.session.out;

	assert_true(out->len > 0);
	assert_non_null(memmem(out->at, out->len, text, strlen(text)));
	text_free(out);
}

static inline void comes(bool clean)
{
	connect_as("d1", USER, token, clean, NULL);
	assert_int_equal(client.session.state, SESSION_OPEN);
}

static inline void goes(void)
{
	client_close(&client, "the test");
	client_free(&client);
}

/* -- the hub ------------------------------------------------------------------------------ */

static inline int set_up(void **state)
{
	char err[600];

	hub_set_up(state);
	hub.mqtt_port = 18883;
	all.rouse = rouse;
	assert_int_equal(clients_open(&all, &hub, err, sizeof(err)), 0);
	assert_true(device_init(&d1, "d1", "", clock_unix_ms()));
	assert_true(crypto_new_key(d1.primary) && crypto_new_key(d1.secondary));
	assert_int_equal(store_insert(hub.store, &d1), 1);
	sign_token(token, HOST "/devices/d1", d1.primary, NULL, 4000000000);
	now_ms = clock_steady_ms();
	return 0;
}

static inline int tear_down(void **state)
{
	clients_close(&all);
	return hub_tear_down(state);
}

#endif
