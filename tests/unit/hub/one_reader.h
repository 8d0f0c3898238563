/* The reader of packets that all tests of a program share. */
#ifndef ONE_READER_H
#define ONE_READER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "mqtt/packet.h"
#include "mqtt_bytes.h"

#define LIMIT (256 * 1024 + 1024)

static struct mqtt_reader reader;

static inline int read_one(struct mqtt_packet *packet, const char **wrong,
			   const char *bytes, size_t len)
{
	mqtt_reader_free(&reader);
	reader = (struct mqtt_reader){ .limit = LIMIT };
	mqtt_reader_put(&reader, bytes, len);
	return mqtt_reader_next(&reader, packet, wrong);
}

static inline int free_reader(void **state)
{
	(void)state;
	mqtt_reader_free(&reader);
	return 0;
}

static inline void is_text(struct mqtt_bytes bytes, const char *text)
{
	assert_int_equal(bytes.len, strlen(text));
	assert_memory_equal(bytes.at, text, bytes.len);
}

static const char sdk_user[] =
	"myhub.azure-devices.net/dev1/?api-version=2021-04-12&DeviceClientType="
	"azure-iot-device%2F1.18.4%20(node%20v20.20.2%3B%20Debian%2012%3B%20x64)";

/* CONNECT of azure-iot-device-mqtt 1.16.4, but for the token. */
static inline void put_sdk_connect(struct text *to)
{
	struct text rest = { 0 };

	text_put(&rest, B("\x00\x04MQTT\x04\xc0\x00\xb4\x00\x04"
			  "dev1"));
	put_text(&rest, sdk_user);
	put_text(&rest, "SharedAccessSignature sr=x");
	assert_true(rest.len > 127 && rest.len < 256); /* its length is two bytes */
	put_packet(to, 0x10, &rest);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_reader)

#endif
