/* What a provisioning service lets in: enroll, enrolled, unenroll. */
#include "device.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define W               device_wishes
#define CERTIFICATE_MAX 65536

/* -- what is meant --------------------------------------------------------------------- */

/* A registration id, or --group; with `all`, neither: NULL. */
static int take_id(const char *verb, int argc, char **argv, bool all, const char **id)
{
	*id = W.group ? W.group : argc > 0 ? argv[0] : NULL;
	if (W.group && argc > 0)
		return usage_error("device %s takes a registration id or --group, not "
				   "both",
				   verb);
	if (!*id && !all)
		return usage_error("device %s takes a registration id, or --group NAME",
				   verb);
	return EXIT_DONE;
}

/* -- shown ------------------------------------------------------------------------------ */

static const char *filled(const char *text)
{
	return *text ? text : NULL;
}

static struct json *registration_json(const struct prov_registration *r)
{
	struct json *j = json_object();

	json_add_text(j, "id", filled(r->id));
	json_add_text(j, "status", r->status);
	json_add_text(j, "substatus", filled(r->substatus));
	json_add_text(j, "hub", filled(r->hub));
	json_add_text(j, "device_id", filled(r->device_id));
	json_add_text(j, "error", filled(r->error));
	json_add_text(j, "updated", filled(r->updated));
	return j;
}

static struct json *enrollment_json(const struct prov_enrollment *e, bool keys)
{
	struct json *j = json_object();

	json_add_text(j, "id", e->id);
	json_add_bool(j, "group", e->group);
	json_add_text(j, "status", e->disabled ? "disabled" : "enabled");
	json_add_text(j, "attestation", prov_attest_name(e->attest));
	json_add_text(j, "primary_thumbprint", filled(e->thumbprint));
	if (keys) {
		device_add_key(j, "primary_key", e->primary_key);
		device_add_key(j, "secondary_key", e->secondary_key);
	}
	json_add_text(j, "device_id", filled(e->device_id));
	json_add_text(j, "hub", filled(e->hub));
	json_add_text(j, "created", filled(e->created));
	json_add_text(j, "updated", filled(e->updated));
	json_add_text(j, "etag", filled(e->etag));
	if (*e->registration.status)
		json_add(j, "registration", registration_json(&e->registration));
	else
		json_add_text(j, "registration", NULL);
	return j;
}

/* "assigned to HUB as DEVICE", "failed: ...", "never" */
static void registration_words(const struct prov_registration *r, char *to, size_t bytes)
{
	if (!*r->status)
		snprintf(to, bytes, "never");
	else if (strcmp(r->status, "assigned") == 0)
		snprintf(to, bytes, "assigned to %s as %s", r->hub, r->device_id);
	else
		snprintf(to, bytes, "%s%s%s", r->status, *r->error ? ": " : "", r->error);
}

static void print_words(const struct prov_enrollment *e, bool keys)
{
	char words[600];

	device_line(e->group ? "enrolment group" : "enrolment", "%s", e->id);
	device_line("status", "%s", e->disabled ? "disabled" : "enabled");
	device_line("attestation", "%s", prov_attest_name(e->attest));
	if (keys) {
		device_key_line("primary key", e->primary_key, true);
		device_key_line("secondary key", e->secondary_key, true);
	}
	if (*e->thumbprint)
		device_line("thumbprint", "%s", e->thumbprint);
	device_line("hub", "%s", *e->hub ? e->hub : "any that is linked");
	if (e->group)
		return;
	device_line("device id", "%s", *e->device_id ? e->device_id : e->id);
	registration_words(&e->registration, words, sizeof(words));
	device_line("registered", "%s", words);
}

static int add_keys(struct prov_dps *dps, struct prov_enrollment *e)
{
	struct prov_error err;

	if (!W.show_keys || e->attest != PROV_ATTEST_KEYS)
		return EXIT_DONE;
	if (prov_enrollment_keys(dps, e->group, e->id, &e->primary_key, &e->secondary_key,
				 &err) < 0)
		return report_prov("device enrolled", &err);
	return EXIT_DONE;
}

/* -- enroll ------------------------------------------------------------------------------ */

static int describe(struct prov_enrollment *e, const char *id)
{
	if (W.certificate && W.ca_name)
		return usage_error("device enroll: --certificate or --ca-name, not both");
	if (W.group && W.device_id)
		return usage_error("device enroll: the devices of a group have ids of "
				   "their own; --device-id is for one");
	if (strlen(id) >= sizeof(e->id) ||
	    (W.device_id && strlen(W.device_id) >= sizeof(e->device_id)))
		return usage_error("device enroll: an id has %d characters at most",
				   PROV_ID_MAX);
	if (W.assign_to && strlen(W.assign_to) >= sizeof(e->hub))
		return usage_error("--assign-to: this is no host name");
	e->group = W.group;
	e->disabled = W.disabled;
	strcpy(e->id, id);
	strcpy(e->device_id, W.device_id ? W.device_id : "");
	strcpy(e->hub, W.assign_to ? W.assign_to : "");
	if (W.ca_name) {
		e->attest = PROV_ATTEST_CA;
		e->certificate = strdup(W.ca_name);
	} else if (W.certificate) {
		e->attest = PROV_ATTEST_X509;
		e->certificate = sys_read_file(W.certificate, CERTIFICATE_MAX, NULL);
		if (!e->certificate) {
			complain("%s: %s", clean(W.certificate), strerror(errno));
			return EXIT_FAILED;
		}
	}
	return EXIT_DONE;
}

/* A private key in the same file must not go to the service. */
static int check_certificate(const struct prov_enrollment *e)
{
	if (e->attest != PROV_ATTEST_X509)
		return EXIT_DONE;
	if (strstr(e->certificate, "PRIVATE KEY")) {
		complain("%s: has a private key, which is nobody else's: give the "
			 "certificate alone",
			 clean(W.certificate));
		return EXIT_BAD_DATA;
	}
	if (!strstr(e->certificate, "-----BEGIN CERTIFICATE-----")) {
		complain("%s: no certificate in PEM", clean(W.certificate));
		return EXIT_BAD_DATA;
	}
	return EXIT_DONE;
}

static int print_enrollment(struct prov_dps *dps, struct prov_enrollment *e)
{
	int status = add_keys(dps, e);

	if (status != EXIT_DONE)
		return status;
	if (globals.json)
		return json_print(enrollment_json(e, W.show_keys));
	print_words(e, W.show_keys);
	return EXIT_DONE;
}

int device_enroll(struct prov_dps *dps, int argc, char **argv)
{
	struct prov_enrollment e = { 0 }, made = { 0 };
	struct prov_error err;
	const char *id;
	int status = take_id("enroll", argc, argv, false, &id);

	if (status == EXIT_DONE)
		status = describe(&e, id);
	if (status == EXIT_DONE)
		status = check_certificate(&e);
	if (status == EXIT_DONE && prov_enrollment_create(dps, &e, &made, &err) < 0)
		status = report_prov("device enroll", &err);
	else if (status == EXIT_DONE)
		status = print_enrollment(dps, &made);
	prov_enrollment_clear(&made);
	prov_enrollment_clear(&e);
	return status;
}

/* -- enrolled ---------------------------------------------------------------------------- */

struct listing {
	struct json *json;
	struct table *table;
	size_t n;
};

static int list_enrollment(void *ctx, const struct prov_enrollment *e)
{
	struct listing *listing = ctx;
	char words[600] = "";
	const char *cells[] = { e->id, e->disabled ? "disabled" : "enabled",
				prov_attest_name(e->attest), words };

	listing->n++;
	if (listing->json) {
		json_add(listing->json, NULL, enrollment_json(e, false));
		return 0;
	}
	if (!e->group)
		registration_words(&e->registration, words, sizeof(words));
	table_row(listing->table, cells);
	return 0;
}

static int list_registration(void *ctx, const struct prov_registration *r)
{
	struct listing *listing = ctx;
	char words[600];
	const char *cells[] = { r->id, words };

	listing->n++;
	if (listing->json) {
		json_add(listing->json, NULL, registration_json(r));
		return 0;
	}
	registration_words(r, words, sizeof(words));
	table_row(listing->table, cells);
	return 0;
}

static int end_listing(struct listing *listing)
{
	if (listing->json)
		return json_print(listing->json);
	if (listing->n > 0)
		return table_print(listing->table);
	table_free(listing->table);
	return EXIT_DONE;
}

static int list_all(struct prov_dps *dps)
{
	static const char *const ones[] = { "REGISTRATION", "STATUS", "ATTESTATION",
					    "REGISTERED" };
	static const char *const groups[] = { "GROUP", "STATUS", "ATTESTATION" };
	struct listing listing = { 0 };
	struct prov_error err;

	if (globals.json)
		listing.json = json_array();
	else
		listing.table = W.groups ? table_new(3, groups) : table_new(4, ones);
	if (prov_enrollment_list(dps, W.groups, 0, list_enrollment, &listing, &err) < 0) {
		json_free(listing.json);
		table_free(listing.table);
		return report_prov("device enrolled", &err);
	}
	if (listing.n == 0)
		note("%s has no enrolment%s yet; 'stmiot device enroll' makes one",
		     prov_dps_host(dps), W.groups ? " group" : "");
	return end_listing(&listing);
}

/* A group, and who of it has registered. */
static int show_group(struct prov_dps *dps, struct prov_enrollment *e)
{
	static const char *const heads[] = { "REGISTRATION", "REGISTERED" };
	struct listing listing = { 0 };
	struct prov_error err;
	struct json *j;

	if (globals.json)
		listing.json = json_array();
	else
		listing.table = table_new(2, heads);
	if (prov_registration_list(dps, e->id, 0, list_registration, &listing, &err) <
	    0) {
		json_free(listing.json);
		table_free(listing.table);
		return report_prov("device enrolled", &err);
	}
	if (!globals.json) {
		print_words(e, W.show_keys);
		return end_listing(&listing);
	}
	j = enrollment_json(e, W.show_keys);
	json_add(j, "registrations", listing.json);
	return json_print(j);
}

int device_enrolled(struct prov_dps *dps, int argc, char **argv)
{
	struct prov_enrollment e = { 0 };
	struct prov_error err;
	const char *id;
	int status = take_id("enrolled", argc, argv, true, &id);

	if (status == EXIT_DONE && id && W.groups)
		return usage_error("device enrolled: --groups lists them all");
	if (status == EXIT_DONE && !id && W.show_keys)
		return usage_error("device enrolled: --show-keys is for one enrolment");
	if (status != EXIT_DONE || !id)
		return status != EXIT_DONE ? status : list_all(dps);
	if (prov_enrollment_get(dps, W.group, id, &e, &err) < 0)
		return report_prov("device enrolled", &err);
	if (W.group) {
		status = add_keys(dps, &e);
		if (status == EXIT_DONE)
			status = show_group(dps, &e);
	} else {
		status = print_enrollment(dps, &e);
	}
	prov_enrollment_clear(&e);
	return status;
}

/* -- unenroll ---------------------------------------------------------------------------- */

int device_unenroll(struct prov_dps *dps, int argc, char **argv)
{
	struct prov_error err;
	const char *id, *what = W.group ? "enrolment group" : "enrolment";
	int status = take_id("unenroll", argc, argv, false, &id);

	if (status != EXIT_DONE)
		return status;
	if (!W.yes && !confirm("delete the %s '%s' from %s, with its keys?", what,
			       clean(id), prov_dps_host(dps)))
		return EXIT_USAGE;
	if (prov_enrollment_delete(dps, W.group, id, NULL, &err) < 0)
		return report_prov("device unenroll", &err);
	note("deleted the %s '%s' from %s; a device that it let in stays at its hub",
	     what, clean(id), prov_dps_host(dps));
	return EXIT_DONE;
}
