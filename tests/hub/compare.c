/*
 * The registry's work by libprov, a request or more a line of compare.js: both in the same
 * order. What the hub answers does not matter here, but that it does.
 *
 *	compare CONNECTION-STRING-FILE CA-FILE CONNECT-TO
 */
#include <prov.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWIN "{\"tags\":{\"place\":\"here\"},\"properties\":{\"desired\":{\"n\":1}}}"

static int must(const char *what, int rc, const struct prov_error *err)
{
	if (rc < 0)
		fprintf(stderr, "compare: %s: %s\n", what, err->msg);
	return rc < 0 ? 1 : 0;
}

static int one_row(void *ctx, const char *json)
{
	(void)ctx;
	(void)json;
	return 0;
}

static int identities(struct prov_hub *hub)
{
	struct prov_device plain = { .id = "plain" }, x509 = { .id = "x509" };
	struct prov_change disable = { .set_status = true,
				       .disabled = true,
				       .status_reason = "test" };
	struct prov_error err;
	int bad;

	x509.auth = PROV_AUTH_SELFSIGNED;
	memset(x509.primary_thumbprint, 'A', PROV_THUMBPRINT_MAX);
	bad = must("create", prov_device_create(hub, &plain, NULL, &err), &err);
	bad |= must("create", prov_device_create(hub, &x509, NULL, &err), &err);
	bad |= must("update", prov_device_update(hub, "plain", &disable, NULL, &err),
		    &err);
	return bad | must("delete", prov_device_delete(hub, "x509", NULL, &err), &err);
}

static int bulk(struct prov_hub *hub, enum prov_bulk_op op)
{
	struct prov_bulk_row rows[2] = { { .device.id = "b1" }, { .device.id = "b2" } };
	struct prov_error err;
	int bad = must("bulk", prov_bulk(hub, op, rows, 2, 1, NULL, NULL, &err), &err);

	for (int i = 0; i < 2; i++)
		prov_device_clear(&rows[i].device);
	return bad;
}

static int twins(struct prov_hub *hub)
{
	struct prov_error err;
	char *twin = NULL;
	int bad = must("twin", prov_twin_get(hub, "plain", &twin, &err), &err);

	free(twin);
	return bad |
	       must("patch", prov_twin_patch(hub, "plain", TWIN, NULL, NULL, &err), &err);
}

/* The device of the call is not connected: 404. */
static int rest(struct prov_hub *hub)
{
	struct prov_method method = { .name = "blink",
				      .payload = "{\"n\":3}",
				      .response_s = 10 };
	struct prov_statistics statistics;
	struct prov_error err;
	int status = 0, bad, rc;

	bad = must("query",
		   prov_query(hub, "SELECT * FROM devices", 1000, one_row, NULL, &err),
		   &err);
	bad |= must("statistics", prov_statistics(hub, &statistics, &err), &err);
	rc = prov_method_call(hub, "plain", &method, &status, NULL, &err);
	return bad | must("method", rc == PROV_ERR_OFFLINE ? 0 : rc, &err);
}

int main(int argc, char **argv)
{
	struct prov_hub_opts opts = { 0 };
	struct prov_connstr connstr = { 0 };
	struct prov_secret *text = NULL;
	struct prov_hub *hub = NULL;
	struct prov_error err;
	int rc;

	if (argc != 4)
		return 2;
	opts.ca_file = argv[2];
	opts.connect_to = argv[3];
	rc = prov_secret_from_file(argv[1], &text, &err);
	if (rc == 0)
		rc = prov_connstr_parse(prov_secret_text(text), &connstr, &err);
	if (rc == 0)
		rc = prov_hub_open(&connstr, &opts, &hub, &err);
	rc = must("open", rc, &err);
	if (rc == 0)
		rc = identities(hub) | bulk(hub, PROV_BULK_CREATE) |
		     bulk(hub, PROV_BULK_DELETE) | twins(hub) | rest(hub);
	prov_hub_close(hub);
	prov_connstr_clear(&connstr);
	prov_secret_free(text);
	return rc;
}
