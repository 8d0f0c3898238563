/*
 * What a device sends once it is let in, with all of a hub behind it: telemetry, messages
 * from the cloud, a twin, methods, a session that is kept. What it gets are whole packets,
 * and nothing of it is left behind when it is gone.
 */
#include "fuzz_hub.h"

#include "crypto.h"
#include "mqtt/client.h"

static struct mqtt_clients all;

static void rouse(struct mqtt_client *client)
{
	(void)client;
}

/* Text with its length before it. */
static void put_text(struct text *to, const char *text)
{
	size_t len = strlen(text);
	const char head[] = { (char)(len >> 8), (char)len };

	text_put(to, head, 2);
	text_put(to, text, len);
}

/* A token of the device's, which is as long as the fuzzer runs. */
static const char *token_of(const struct device *device)
{
	static const char text[] = "hub.example%2Fdevices%2Fd\n4000000000";
	static char token[300];
	uint8_t key[KEY_BYTES], mac[SHA256_BYTES];
	char base64[50], *encoded;
	int len =
		base64_decode(key, sizeof(key), device->primary, strlen(device->primary));

	must(len == KEY_BYTES &&
	     crypto_hmac(mac, key, KEY_BYTES, text, sizeof(text) - 1));
	base64_encode(base64, mac, sizeof(mac));
	encoded = percent_encode(base64);
	snprintf(token, sizeof(token),
		 "SharedAccessSignature sr=hub.example%%2Fdevices%%2Fd&sig=%s"
		 "&se=4000000000",
		 encoded);
	free(encoded);
	return token;
}

/* CONNECT with its fixed header, which has a length of two bytes. */
static void let_in(struct mqtt_client *client, const struct device *device, bool clean)
{
	const char flags[] = { 4, (char)(0xc0 | (clean ? 2 : 0)), 0, 60 };
	struct text rest = { 0 }, packet = { 0 };
	char head[3] = { 0x10 };

	put_text(&rest, "MQTT");
	text_put(&rest, flags, sizeof(flags));
	put_text(&rest, "d");
	put_text(&rest, "hub.example/d/?api-version=2021-04-12");
	put_text(&rest, token_of(device));
	head[1] = (char)(rest.len | 0x80);
	head[2] = (char)(rest.len >> 7);
	text_put(&packet, head, sizeof(head));
	text_put(&packet, rest.at, rest.len);
	client_take(client, packet.at, packet.len, 0);
	must(!client_closed(client));
	text_free(&packet);
	text_free(&rest);
}

/* Lengths go up to the end. */
static void check_out(struct text *out)
{
	size_t i = 0;

	while (i < out->len) {
		size_t rest = 0;
		unsigned shift = 0;

		i++;
		do {
			must(i < out->len && shift < 28);
			rest |= (size_t)(out->at[i] & 0x7f) << shift;
			shift += 7;
		} while (out->at[i++] & 0x80);
		must(rest <= out->len - i);
		i += rest;
	}
	text_free(out);
}

static void send_c2d(struct hub *hub, const struct device *device)
{
	struct message message = { .texts = { [MESSAGE_ID] = "m" },
				   .body = "b",
				   .body_len = 1 };

	must(c2d_send(hub->c2d, device, &message, ACK_FULL, 0) != C2D_FAILED);
}

static struct hub *open_hub(void)
{
	struct hub *hub = fuzz_hub();
	char err[600];

	if (!all.kept)
		must(clients_open(&all, hub, err, sizeof(err)) == 0);
	all.rouse = rouse;
	return hub;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct method_request method = { "m", "1", "{}", 2 };
	static const char desired[] = "{\"a\":1,\"$version\":2}";
	static struct mqtt_client client;
	struct hub *hub = open_hub();
	struct device device;

	must(device_init(&device, "d", "", 1) && crypto_new_key(device.primary) &&
	     store_insert(hub->store, &device) == 1);
	client_start(&client, &all, 0);
	let_in(&client, &device, len > 0 && bytes[0] & 1);
	send_c2d(hub, &device);
	for (size_t i = 1; i < len && !client_closed(&client); i += 50) {
		client_take(&client, bytes + i, len - i < 50 ? len - i : 50, (int64_t)i);
		if (!client_closed(&client)) {
			client.presence.calls->message(&client.presence);
			client.presence.calls->method(&client.presence, &method);
			client.presence.calls->desired(&client.presence, desired,
						       sizeof(desired) - 1, 2);
		}
		client_run(&client, (int64_t)i);
		check_out(&client.session.out);
	}
	client_close(&client, "the fuzzer");
	client_free(&client);
	must(!all.storing && hub->presences.count == 0);
	fuzz_empty(hub);
	device_free(&device);
	return 0;
}
