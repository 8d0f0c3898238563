#include "hubs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CONNSTR                                                                          \
	"HostName=h.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey=" KEY

static char home[64];

static int make_home(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/test_hubs.XXXXXX");
	if (!mkdtemp(home))
		return -1;
	return setenv("XDG_CONFIG_HOME", home, 1);
}

static int drop_home(void **state)
{
	char line[128];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf '%s'", home);
	return system(line) == 0 ? 0 : -1;
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool fits;
	} rows[] = {
		{ "local", true },       { "A", true },    { "9x", true },
		{ "my-hub_2.eu", true }, { "", false },    { ".hidden", false },
		{ "-x", false },         { "a/b", false }, { "..", false },
		{ "a b", false },        { "a\n", false }, { "HostName=x", false },
		{ "h\xc3\xbc", false },
	};
	char longest[66];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (hubs_name_fits(rows[i].name) != rows[i].fits)
			fail_msg("'%s'", rows[i].name);
	memset(longest, 'x', sizeof(longest));
	longest[64] = '\0';
	assert_false(hubs_name_fits(longest));
	longest[63] = '\0';
	assert_true(hubs_name_fits(longest));
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool fits;
	} rows[] = {
		{ "127.0.0.1:8443", true },
		{ "gate.example.org:1", true },
		{ "[::1]:443", true },
		{ "x:65535", true },
		{ "x", false },
		{ "x:", false },
		{ ":443", false },
		{ "x:0", false },
		{ "x:65536", false },
		{ "x:0x10", false },
		{ "x:4K", false },
		{ "::1:443", false },
		{ "[]:443", false },
		{ "https://x:443", false },
		{ "a b:443", false },
		{ "u@x:443", false },
		{ "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (hub_address_fits(rows[i].address) != rows[i].fits)
			fail_msg("'%s'", rows[i].address);
}

static void test_files(void **state)
{
	static const struct {
		const char *text;
		bool good;
		size_t at;
	} rows[] = {
		{ "connection-string " CONNSTR "\n", true, 0 },
		{ "connection-string " CONNSTR, true, 0 },
		{ "host h.example\ntoken-command az token | tr -d x\n", true, 0 },
		{ "\nhost h.example\n\nmqtt-port 8883\namqp-port 1\n", true, 0 },
		{ "", false, 0 },
		{ "mqtt-port 8883\n", false, 0 },
		{ "host h\nconnection-string " CONNSTR "\n", false, 0 },
		{ "host h\nhost h\n", false, 7 },
		{ "host h\nmqtt-port 0\n", false, 7 },
		{ "host h\nmqtt-port 65536\n", false, 7 },
		{ "host h\nmqtt-port\n", false, 7 },
		{ "host h\nconnect-to h\n", false, 7 },
		{ "host h\nca-file \n", false, 7 },
		{ "host h\nca-file a\tb\n", false, 7 },
		{ "host h\nca-files x\n", false, 7 },
		{ "host h\n x\n", false, 7 },
		{ "connection-string HostName=h\n", false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct prov_error err = { 0 };
		struct hub hub = { 0 };
		int rc = hub_parse(rows[i].text, &hub, &err);

		if ((rc == 0) != rows[i].good)
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		if (rc < 0 && (rc != PROV_ERR_FORMAT || err.at != rows[i].at))
			fail_msg("row %zu: %d at %zu", i, rc, err.at);
		assert_null(strstr(err.msg, KEY));
		hub_clear(&hub);
	}
}

static void fill(struct hub *hub, const char *name)
{
	struct prov_error err;

	memset(hub, 0, sizeof(*hub));
	snprintf(hub->name, sizeof(hub->name), "%s", name);
	assert_int_equal(prov_connstr_parse(CONNSTR, &hub->connstr, &err), 0);
	assert_true(hub_set(&hub->ca_file, "/etc/ca.pem"));
	assert_true(hub_set(&hub->connect_to, "127.0.0.1:8443"));
	assert_true(hub_set(&hub->token_command, "token | head -n 1"));
	hub->ports.mqtt = 18883;
	hub->ports.amqp = 15671;
}

static void test_round_trip(void **state)
{
	struct prov_error err;
	struct hub in, back;

	(void)state;
	fill(&in, "one");
	assert_int_equal(hubs_save(&in, false, &err), 0);
	assert_int_equal(hubs_load("one", &back, &err), 0);
	assert_string_equal(back.name, "one");
	assert_string_equal(back.connstr.host, "h.azure-devices.net");
	assert_string_equal(back.connstr.policy, "owner");
	assert_true(prov_secret_equal(back.connstr.key, in.connstr.key));
	assert_string_equal(back.ca_file, in.ca_file);
	assert_string_equal(back.connect_to, in.connect_to);
	assert_string_equal(back.token_command, in.token_command);
	assert_null(back.sim_dir);
	assert_int_equal(back.ports.mqtt, 18883);
	assert_int_equal(back.ports.amqp, 15671);
	hub_clear(&back);
	hub_clear(&in);
}

static void test_modes(void **state)
{
	struct prov_error err;
	struct stat st;
	struct hub hub;
	char path[256];

	(void)state;
	umask(0);
	fill(&hub, "modes");
	assert_int_equal(hubs_save(&hub, false, &err), 0);
	hub_clear(&hub);
	snprintf(path, sizeof(path), "%s/stmiot/hubs", home);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(path, sizeof(path), "%s/stmiot/hubs/modes.hub", home);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_replace(void **state)
{
	struct prov_error err;
	struct hub hub;

	(void)state;
	fill(&hub, "twice");
	assert_int_equal(hubs_save(&hub, false, &err), 0);
	assert_int_equal(hubs_save(&hub, false, &err), PROV_ERR_EXISTS);
	assert_int_equal(hubs_save(&hub, true, &err), 0);
	snprintf(hub.name, sizeof(hub.name), "../up");
	assert_int_equal(hubs_save(&hub, true, &err), PROV_ERR_ARG);
	hub_clear(&hub);
	assert_int_equal(hubs_remove("twice", &err), 0);
	assert_int_equal(hubs_remove("twice", &err), PROV_ERR_NOTFOUND);
	assert_int_equal(hubs_remove("../default", &err), PROV_ERR_NOTFOUND);
	assert_int_equal(hubs_load("twice", &hub, &err), PROV_ERR_NOTFOUND);
}

static void test_list(void **state)
{
	static const char *const made[] = { "h10", "h2", "a.hub" };
	struct prov_error err;
	struct hub hub;
	char **names;
	size_t n, i;

	(void)state;
	assert_int_equal(hubs_names(&names, &n, &err), 0);
	for (i = 0; i < n; i++)
		assert_int_equal(hubs_remove(names[i], &err), 0);
	hubs_names_free(names, n);
	for (i = 0; i < 3; i++) {
		fill(&hub, made[i]);
		assert_int_equal(hubs_save(&hub, false, &err), 0);
		hub_clear(&hub);
	}
	assert_int_equal(hubs_names(&names, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(names[0], "a.hub");
	assert_string_equal(names[1], "h2");
	assert_string_equal(names[2], "h10");
	hubs_names_free(names, n);
}

static void test_default(void **state)
{
	char name[HUB_NAME_MAX + 1], path[256];
	struct prov_error err;
	FILE *file;

	(void)state;
	hubs_default(name);
	assert_string_equal(name, "");
	assert_int_equal(hubs_set_default("one", &err), 0);
	hubs_default(name);
	assert_string_equal(name, "one");
	assert_int_equal(hubs_set_default(NULL, &err), 0);
	assert_int_equal(hubs_set_default(NULL, &err), 0);
	hubs_default(name);
	assert_string_equal(name, "");
	snprintf(path, sizeof(path), "%s/stmiot/hubs/default", home);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("../../etc/passwd\n", file);
	fclose(file);
	hubs_default(name);
	assert_string_equal(name, "");
}

static void test_statuses(void **state)
{
	(void)state;
	assert_int_equal(prov_exit_status(PROV_OK), EXIT_DONE);
	assert_int_equal(prov_exit_status(PROV_ERR_ARG), EXIT_USAGE);
	assert_int_equal(prov_exit_status(PROV_ERR_FORMAT), EXIT_BAD_DATA);
	assert_int_equal(prov_exit_status(PROV_ERR_RIGHT), EXIT_DENIED);
	assert_int_equal(prov_exit_status(PROV_ERR_EXISTS), EXIT_FAILED);
	assert_int_equal(prov_exit_status(PROV_ERR_NOTFOUND), EXIT_SERVICE);
	assert_int_equal(prov_exit_status(PROV_ERR_KEY), EXIT_SERVICE);
	assert_int_equal(prov_exit_status(PROV_ERR_RESOLVE), EXIT_SERVICE);
	interrupted = 2;
	assert_int_equal(prov_exit_status(PROV_ERR_CANCELLED), 130);
	interrupted = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),      cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_files),      cmocka_unit_test(test_default),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_modes),
		cmocka_unit_test(test_replace),    cmocka_unit_test(test_list),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, make_home, drop_home);
}
