/*
 * renew CA HOST:PORT SECONDS <connection string: reads events so long with tokens that are
 * good for eight seconds (by a clock of whole ones, so for seven at least, and renewed
 * after six), and fails when the connection is lost.
 */
#include <prov.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

int main(int argc, char **argv)
{
	struct prov_events_opts opts = { .token_s = 8, .no_retry = true };
	struct prov_listener listener = { .idle = idle, .trace = trace };
	struct prov_connstr cs = { 0 };
	struct prov_secret *text = NULL;
	struct prov_error err = { 0 };
	int rc;

	if (argc != 4)
		return 2;
	opts.ca_file = argv[1];
	opts.connect_to = argv[2];
	until = time(NULL) + atoi(argv[3]);
	rc = prov_secret_from_fd(0, "standard input", &text, &err);
	if (rc == 0)
		rc = prov_connstr_parse(prov_secret_text(text), &cs, &err);
	if (rc == 0)
		rc = prov_events_read(&cs, &opts, &listener, &err);
	if (rc != PROV_ERR_CANCELLED)
		fprintf(stderr, "%s\n", err.msg);
	prov_connstr_clear(&cs);
	prov_secret_free(text);
	return rc != PROV_ERR_CANCELLED || tokens < 3;
}
