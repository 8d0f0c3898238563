/*
 * renew CA HOST:PORT SECONDS <connection string: so long with tokens that are good for a few
 * seconds (of a clock of whole ones). It fails when they are not renewed.
 *
 * Of a service or an Event Hub: reads events with tokens of eight seconds, on one connection.
 * Of a device: sends the numbers from 1 on, twenty a second, with tokens of two seconds, each
 * of which has a connection of its own; all are to be taken. Prints how many there were.
 */
#include <prov.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static time_t until;
static unsigned tokens;

static int idle(void *ctx)
{
	(void)ctx;
	return time(NULL) >= until;
}

static void trace(void *ctx, const char *line)
{
	(void)ctx;
	tokens += line[0] == 'p' && line[1] == 'u';
	puts(line);
}

static bool reads(const char *const *args, const struct prov_connstr *cs)
{
	const struct prov_events_opts opts = {
		.ca_file = args[1], .connect_to = args[2], .token_s = 8, .no_retry = true
	};
	const struct prov_listener listener = { .idle = idle, .trace = trace };
	struct prov_error err = { 0 };
	int rc = prov_events_read(cs, &opts, &listener, &err);

	if (rc != PROV_ERR_CANCELLED)
		fprintf(stderr, "%s\n", err.msg);
	return rc == PROV_ERR_CANCELLED && tokens >= 3;
}

static bool sends(const char *const *args, const struct prov_connstr *cs)
{
	const struct prov_uplink_opts opts = { .ca_file = args[1],
					       .connect_to = args[2],
					       .token_s = 2 };
	struct prov_uplink_stats stats = { 0 };
	struct prov_uplink *uplink = NULL;
	struct prov_error err = { 0 };
	char text[24];
	int rc = prov_uplink_open(cs, &opts, &uplink, &err);

	for (unsigned n = 1; rc == 0 && time(NULL) < until; n++) {
		struct prov_telemetry t = { .body = text };

		t.len = (size_t)snprintf(text, sizeof(text), "%u", n);
		rc = prov_uplink_send(uplink, &t, NULL, &err);
		if (rc == 0)
			rc = prov_uplink_wait(uplink, 0, &err);
		usleep(50000);
	}
	if (rc == 0)
		rc = prov_uplink_wait(uplink, 20000, &err);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.msg);
	if (uplink)
		prov_uplink_stats(uplink, &stats);
	prov_uplink_close(uplink);
	printf("%llu\n", (unsigned long long)stats.taken);
	return rc == 0 && stats.taken == stats.sent && stats.connections >= 3;
}

int main(int argc, char **argv)
{
	const char *const *args = (const char *const *)argv;
	struct prov_connstr cs = { 0 };
	struct prov_secret *text = NULL;
	struct prov_error err = { 0 };
	bool good = false;

	if (argc != 4)
		return 2;
	until = time(NULL) + atoi(argv[3]);
	if (prov_secret_from_fd(0, "standard input", &text, &err) < 0 ||
	    prov_connstr_parse(prov_secret_text(text), &cs, &err) < 0)
		fprintf(stderr, "%s\n", err.msg);
	else
		good = cs.kind == PROV_CONNSTR_DEVICE ? sends(args, &cs)
						      : reads(args, &cs);
	prov_connstr_clear(&cs);
	prov_secret_free(text);
	return !good;
}
