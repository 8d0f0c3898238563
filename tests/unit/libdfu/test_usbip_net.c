/* The URLs of USB/IP devices. */
#include "images.h"

static const struct {
	const char *url;
	const char *host, *busid; /* or */
	unsigned port;
	const char *words; /* of the refusal */
} urls[] = {
	{ "usbip://127.0.0.1/1-1", "127.0.0.1", "1-1", 3240, NULL },
	{ "usbip://127.0.0.1:3241/1-1", "127.0.0.1", "1-1", 3241, NULL },
	{ "usbip://lab.example:65535/3-2.1", "lab.example", "3-2.1", 65535, NULL },
	{ "usbip://[::1]/1-1", "::1", "1-1", 3240, NULL },
	{ "usbip://[fe80::1%eth0]:1/1-1", "fe80::1%eth0", "1-1", 1, NULL },
	{ "http://127.0.0.1/1-1", NULL, NULL, 0, "begin with usbip://" },
	{ "usbip:/127.0.0.1/1-1", NULL, NULL, 0, "begin with usbip://" },
	{ "", NULL, NULL, 0, "begin with usbip://" },
	{ "usbip://", NULL, NULL, 0, "no /BUSID" },
	{ "usbip://127.0.0.1", NULL, NULL, 0, "no /BUSID" },
	{ "usbip://127.0.0.1/", NULL, NULL, 0, "no bus id" },
	{ "usbip:///1-1", NULL, NULL, 0, "no host" },
	{ "usbip://:3240/1-1", NULL, NULL, 0, "no host" },
	{ "usbip://[]/1-1", NULL, NULL, 0, "no host" },
	{ "usbip://[::1/1-1", NULL, NULL, 0, "[ without its ]" },
	{ "usbip://[::1]3240/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://[::1]x:3240/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://::1/1-1", NULL, NULL, 0, "no host" },
	{ "usbip://fe80::1/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:0/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:65536/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:003240/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:+80/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h: 80/1-1", NULL, NULL, 0, "no port" },
	{ "usbip://h:80x/1-1", NULL, NULL, 0, "from 1 to 65535 at offset 9" },
	{ "usbip://h/a/b", NULL, NULL, 0, "no bus id" },
	{ "usbip://h/0123456789012345678901234567890", "h",
	  "0123456789012345678901234567890", 3240, NULL },
	{ "usbip://h/01234567890123456789012345678901", NULL, NULL, 0, "no bus id" },
};

static void test_urls(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ROWS(urls); i++) {
		struct dfu_error err = { 0 };
		char host[64], busid[32];
		uint16_t port = 0;
		int rc = dfu_usbip_url(urls[i].url, host, sizeof(host), &port, busid,
				       sizeof(busid), &err);

		if (urls[i].words) {
			if (rc != DFU_ERR_ARG || !strstr(err.msg, urls[i].words))
				fail_msg("%s: %d %s", urls[i].url, rc, err.msg);
			continue;
		}
		if (rc != 0)
			fail_msg("%s: %s", urls[i].url, err.msg);
		assert_string_equal(host, urls[i].host);
		assert_string_equal(busid, urls[i].busid);
		assert_int_equal(port, urls[i].port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
