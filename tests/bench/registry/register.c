/*
 * Registers COUNT devices over libprov, at most PARALLEL requests at a time, each device
 * by a request of its own ("one") or by requests of a hundred ("bulk"). The command does
 * so for trays of boards only, so what is measured is the library.
 *
 *	register CONNECTION-STRING-FILE CA-FILE CONNECT-TO one|bulk COUNT PARALLEL
 */
#include <prov.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Devices in memory at a time: by 1 fifty rounds of 8 requests, in bulk one. */
#define SLICE_ONE  400
#define SLICE_BULK 800

static int open_hub(char **argv, struct prov_hub **out, struct prov_error *err)
{
	struct prov_hub_opts opts = { .ca_file = argv[2], .connect_to = argv[3] };
	struct prov_connstr connstr = { 0 };
	struct prov_secret *text = NULL;
	int rc = prov_secret_from_file(argv[1], &text, err);

	if (rc == 0)
		rc = prov_connstr_parse(prov_secret_text(text), &connstr, err);
	if (rc == 0)
		rc = prov_hub_open(&connstr, &opts, out, err);
	prov_connstr_clear(&connstr);
	prov_secret_free(text);
	return rc;
}

static void name(struct prov_device *device, size_t i)
{
	memset(device, 0, sizeof(*device));
	snprintf(device->id, sizeof(device->id), "device-%05zu", i);
}

static int register_one(struct prov_hub *hub, size_t from, size_t n, unsigned parallel,
			struct prov_error *err)
{
	static struct prov_job jobs[SLICE_ONE];
	static struct prov_device devices[SLICE_ONE];
	int rc;

	for (size_t i = 0; i < n; i++) {
		name(&devices[i], from + i);
		jobs[i] =
			(struct prov_job){ .op = PROV_OP_CREATE, .device = &devices[i] };
	}
	rc = prov_run(hub, jobs, n, parallel, NULL, NULL, err);
	prov_jobs_clear(jobs, n);
	return rc;
}

static int register_bulk(struct prov_hub *hub, size_t from, size_t n, unsigned parallel,
			 struct prov_error *err)
{
	static struct prov_bulk_row rows[SLICE_BULK];
	int rc;

	for (size_t i = 0; i < n; i++)
		name(&rows[i].device, from + i);
	rc = prov_bulk(hub, PROV_BULK_CREATE, rows, n, parallel, NULL, NULL, err);
	for (size_t i = 0; i < n; i++)
		prov_device_clear(&rows[i].device);
	return rc;
}

int main(int argc, char **argv)
{
	struct prov_hub *hub = NULL;
	struct prov_error err;
	size_t count, slice, n;
	unsigned parallel;
	bool bulk;
	int rc;

	if (argc != 7) {
		fprintf(stderr, "usage: register FILE CA HOST:PORT one|bulk COUNT "
				"PARALLEL\n");
		return 2;
	}
	bulk = strcmp(argv[4], "bulk") == 0;
	slice = bulk ? SLICE_BULK : SLICE_ONE;
	count = strtoul(argv[5], NULL, 10);
	parallel = (unsigned)strtoul(argv[6], NULL, 10);
	rc = open_hub(argv, &hub, &err);
	for (size_t at = 0; rc == 0 && at < count; at += n) {
		n = count - at < slice ? count - at : slice;
		rc = bulk ? register_bulk(hub, at, n, parallel, &err)
			  : register_one(hub, at, n, parallel, &err);
	}
	prov_hub_close(hub);
	if (rc < 0)
		fprintf(stderr, "register: %s\n", err.msg);
	return rc < 0 ? 1 : 0;
}
