/*
 * A new key for a device without a moment in which none is good: the registry has room
 * for two, and the board for two records. The one that the board does not use is replaced
 * first, the other one when the device has been seen with the new one.
 */
#include "json.h"
#include "provisioning.h"
#include "slots.h"
#include "working.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TM_YEAR 1900

static const char *const places[] = { "primary", "secondary" };

struct job {
	struct worker worker;
	struct provision_how how;
	struct provisioning *p;
	struct prov_hub *hub;
	bool secondary; /* the new one */
	bool was_done;
};

static int64_t hub_time(const struct prov_hub *hub)
{
	struct prov_stats stats;

	prov_hub_stats(hub, &stats);
	return time(NULL) - (stats.has_skew ? stats.skew_s : 0);
}

/* -- what the board uses ----------------------------------------------------------------- */

static int no_record(struct provisioning *p)
{
	char damage[80];

	for (unsigned i = 0; i < 2; i++) {
		if (p->seen[i].state != PROV_SLOT_DAMAGED)
			continue;
		slot_damage(&p->seen[i], damage, sizeof(damage));
		return provision_refuse(
			p, EXIT_BAD_DATA, "'stmiot provision' writes it anew",
			"the record in slot %c is damaged: %s", "AB"[i], damage);
	}
	return provision_refuse(p, EXIT_BAD_DATA, "'stmiot provision' gives it one",
				"the board holds no valid credential record");
}

static int check_record(struct job *j)
{
	struct provisioning *p = j->p;
	const struct record_view *view;
	char host[PROV_HOST_MAX + 1], id[PROV_ID_MAX + 1];

	if (p->valid < 0)
		return no_record(p);
	view = &p->seen[p->valid].view;
	if (!record_text(view, RECORD_HUB_HOST, host, sizeof(host)) ||
	    !record_text(view, RECORD_DEVICE_ID, id, sizeof(id)) ||
	    strcmp(host, p->place->host) != 0 || strcmp(id, p->device_id) != 0)
		return provision_refuse(p, EXIT_BAD_DATA, "'stmiot info' shows whose",
					"the board's record is not of '%s' at %s",
					p->device_id, p->place->host);
	j->how.auth = view->auth == RECORD_AUTH_X509 ? PROVISION_X509 : PROVISION_SAS;
	return EXIT_DONE;
}

static int unknown_to_hub(struct provisioning *p, const char *what)
{
	return provision_refuse(p, EXIT_FAILED, "'stmiot provision' gives the board one",
				"the hub does not know the %s that the board has", what);
}

/* Which of the two the board has; the other one is to be the new one. */
static int find_used_key(struct job *j)
{
	struct prov_device *d = &j->p->device;
	struct prov_secret *has = NULL;
	bool primary, secondary;

	if (!provision_board_key(j->p, RECORD_KEY_1, &has))
		return unknown_to_hub(j->p, "key");
	primary = d->primary_key && prov_secret_equal(has, d->primary_key);
	secondary = d->secondary_key && prov_secret_equal(has, d->secondary_key);
	prov_secret_free(has);
	j->secondary = primary;
	return primary || secondary ? EXIT_DONE : unknown_to_hub(j->p, "key");
}

static int find_used_cert(struct job *j)
{
	char used[PROV_X509_THUMBPRINT_CHARS] = "";
	struct prov_device *d = &j->p->device;
	struct record_tlv cert;

	if (record_find(&j->p->seen[j->p->valid].view, RECORD_CERT, &cert))
		prov_x509_thumbprint(cert.data, cert.len, used);
	j->secondary = strcasecmp(used, d->primary_thumbprint) == 0;
	if (!*used || (!j->secondary && strcasecmp(used, d->secondary_thumbprint) != 0))
		return unknown_to_hub(j->p, "certificate");
	return EXIT_DONE;
}

static int find_used(struct job *j)
{
	struct provisioning *p = j->p;
	struct prov_error err;

	if (prov_device_get(j->hub, p->device_id, &p->device, &err) < 0)
		return provision_report_prov(p, &err);
	if (p->device.auth == PROV_AUTH_SAS && j->how.auth == PROVISION_SAS)
		return find_used_key(j);
	if (p->device.auth == PROV_AUTH_SELFSIGNED && j->how.auth == PROVISION_X509)
		return find_used_cert(j);
	return provision_refuse(
		p, EXIT_FAILED, "'stmiot provision --force' makes a new certificate",
		"'%s' has no second key or thumbprint at the hub", p->device_id);
}

/* -- the new one ---------------------------------------------------------------------------- */

static int new_key(struct job *j)
{
	struct provisioning *p = j->p;
	struct prov_device after = { 0 };
	struct prov_error err;
	int rc = prov_device_regenerate(j->hub, p->device_id, j->secondary, &after, &err);

	if (rc == 0)
		rc = prov_secret_copy(j->secondary ? after.secondary_key
						   : after.primary_key,
				      &p->key, &err);
	prov_device_clear(&after);
	return rc < 0 ? provision_report_prov(p, &err) : EXIT_DONE;
}

static int new_cert(struct job *j)
{
	struct provisioning *p = j->p;
	struct prov_change change = { 0 };
	int64_t now = time(NULL);
	char words[200] = "";
	struct prov_error err;
	int rc = prov_x509_make(p->device_id, now - 3600,
				now + (int64_t)j->how.days * 86400, NULL, &p->x509, words,
				sizeof(words));

	if (rc < 0)
		return provision_report_local(p, rc, words);
	p->has_x509 = true;
	if (j->secondary)
		change.secondary_thumbprint = p->x509.thumbprint;
	else
		change.primary_thumbprint = p->x509.thumbprint;
	if (prov_device_update(j->hub, p->device_id, &change, NULL, &err) < 0)
		return provision_report_prov(p, &err);
	return EXIT_DONE;
}

/* A run that was cut off behind the commit: the board has the new one already. */
static bool has_new_one(const struct job *j)
{
	return j->p->journal.rotation[0] &&
	       strcmp(j->p->journal.rotation, places[j->secondary]) != 0;
}

static int replace_unused(struct job *j)
{
	struct provisioning *p = j->p;
	int status;

	j->was_done = has_new_one(j);
	if (j->was_done) {
		j->secondary = !j->secondary;
		p->journal.open_slots &= ~(1u << p->valid);
		return EXIT_DONE;
	}
	snprintf(p->journal.rotation, sizeof(p->journal.rotation), "%s",
		 places[j->secondary]);
	p->journal.rotated_at = 0;
	status = provision_step(p, STEP_IDENTITY);
	if (status == EXIT_DONE)
		status = j->how.auth == PROVISION_X509 ? new_cert(j) : new_key(j);
	return status;
}

static int note_time(struct job *j)
{
	struct provisioning *p = j->p;

	if (!p->journal.rotated_at)
		p->journal.rotated_at = hub_time(j->hub);
	return provision_step(p, STEP_COMMITTED);
}

static int rotate(struct job *j, struct dfu_dev **dev)
{
	int status = provisioning_look(j->p, *dev);

	if (status == EXIT_DONE)
		status = check_record(j);
	if (status == EXIT_DONE)
		status = find_used(j);
	if (status == EXIT_DONE)
		status = replace_unused(j);
	if (status == EXIT_DONE && !j->was_done)
		status = provisioning_write(j->p, dev);
	return status == EXIT_DONE ? note_time(j) : status;
}

static int work(struct worker *w)
{
	struct job *j = (struct job *)w;
	struct dfu_settings set = worker_settings(w, true);
	struct dfu_dev *dev = NULL;
	struct dfu_error err;
	int status;

	if (dfu_open(&j->p->sight->board, &set, &dev, &err) < 0)
		return provision_report(j->p, &err);
	status = rotate(j, &dev);
	dfu_close(dev);
	return status;
}

/* -- the verdict ------------------------------------------------------------------------------ */

static const char *kind_of(const struct job *j)
{
	return j->how.auth == PROVISION_X509 ? "certificate" : "key";
}

static void tell_json(const struct job *j)
{
	const struct provisioning *p = j->p;
	struct json *e = json_object();

	json_add_text(e, "event", "verdict");
	json_add_text(e, "board", p->sight->name);
	json_add_text(e, "serial", p->serial);
	json_add_text(e, "device_id", p->device_id);
	json_add_text(e, "rotated", places[j->secondary]);
	json_add_number(e, "generation", p->journal.generation);
	json_add_bool(e, "ok", j->worker.status == EXIT_DONE);
	json_add_number(e, "exit", j->worker.status);
	json_add_bool(e, "finished", false);
	json_print_line(e);
}

static void tell(const struct job *j)
{
	const struct provisioning *p = j->p;

	if (globals.json)
		tell_json(j);
	if (j->worker.status != EXIT_DONE)
		return;
	if (!globals.json)
		out("%s: '%s' has %s %s %s%s, in slot %c\n", p->sight->name,
		    clean(p->device_id), j->was_done ? "the new" : "a new",
		    places[j->secondary], kind_of(j), j->was_done ? " already" : "",
		    p->journal.slot ? 'B' : 'A');
	note("the %s %s is still good; when the device has connected with the new "
	     "one: 'stmiot device rotate %s --finish'",
	     places[!j->secondary], kind_of(j), clean(p->device_id));
}

static int rotate_with(struct job *j, const struct provision_place *place,
		       const struct sight *sight, const char *device_id)
{
	struct worker *workers[1] = { &j->worker };

	j->worker = (struct worker){ .name = sight->name, .work = work };
	j->p = provisioning_new(&j->how, place, sight, device_id, "");
	if (!j->p) {
		complain("no memory to rotate a key");
		return EXIT_FAILED;
	}
	workers_run(workers, 1);
	tell(j);
	provisioning_free(j->p);
	return j->worker.status;
}

int rotate_on_board(struct prov_hub *hub, const char *device_id)
{
	static const struct opt_list none;
	struct job j = { .how = { .burn = &none, .days = 3650, .rotates = true },
			 .hub = hub };
	struct provision_place *place = calloc(1, sizeof(*place));
	struct sight sight;
	struct hub named;
	int status = place ? hubs_find(NULL, &named) : EXIT_FAILED;

	if (status == EXIT_DONE) {
		status = provision_place_of(&named, place);
		hub_clear(&named);
	}
	if (status == EXIT_DONE)
		status = board_select(&sight);
	if (status == EXIT_DONE)
		status = rotate_with(&j, place, &sight, device_id);
	free(place);
	return status;
}

/* -- the other one ---------------------------------------------------------------------------- */

/* "2026-11-22T15:17:31.123Z" by the hub's clock; 0 for never. */
static int64_t unix_time(const char *text)
{
	struct tm tm = { 0 };

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) || tm.tm_year + TM_YEAR < 1970)
		return 0;
	return timegm(&tm);
}

static bool has_connected_since(const struct prov_device *d, int64_t since)
{
	return unix_time(d->activity_time) > since ||
	       (d->connected && unix_time(d->connection_time) > since);
}

static int replace_old(struct prov_hub *hub, const struct prov_device *d,
		       const struct provision_journal *journal)
{
	bool secondary = strcmp(journal->rotation, "secondary") == 0;
	struct prov_change change = { .secondary_thumbprint = "" };
	struct prov_error err;
	int rc;

	/* Cut off behind the change, an earlier run has left the first place alone. */
	if (d->auth == PROV_AUTH_SELFSIGNED && !*d->secondary_thumbprint)
		return EXIT_DONE;
	if (secondary)
		change.primary_thumbprint = d->secondary_thumbprint;
	if (d->auth == PROV_AUTH_SELFSIGNED)
		rc = prov_device_update(hub, d->id, &change, NULL, &err);
	else
		rc = prov_device_regenerate(hub, d->id, !secondary, NULL, &err);
	return rc < 0 ? report_prov(d->id, &err) : EXIT_DONE;
}

static int finish(struct prov_hub *hub, const char *device_id,
		  struct provision_lock *lock, struct provision_journal *journal)
{
	struct prov_device d = { 0 };
	struct prov_error err;
	struct dfu_error save;
	int status;

	if (prov_device_get(hub, device_id, &d, &err) < 0)
		return report_prov(NULL, &err);
	if (!journal->rotated_at || !has_connected_since(&d, journal->rotated_at)) {
		complain("'%s' has not connected since the board got the new one\n"
			 "start it, and ask again; both are good until then",
			 clean(device_id));
		status = EXIT_FAILED;
	} else {
		status = replace_old(hub, &d, journal);
	}
	prov_device_clear(&d);
	if (status != EXIT_DONE)
		return status;
	journal->rotation[0] = '\0';
	journal->rotated_at = 0;
	return provision_journal_save(lock, journal, &save) < 0 ? report(NULL, &save)
								: EXIT_DONE;
}

static void tell_finished(const char *serial, const char *device_id, int status)
{
	struct json *e;

	if (!globals.json) {
		if (status == EXIT_DONE)
			out("'%s': the old one is no longer good\n", clean(device_id));
		return;
	}
	e = json_object();
	json_add_text(e, "event", "verdict");
	json_add_text(e, "serial", serial);
	json_add_text(e, "device_id", device_id);
	json_add_bool(e, "ok", status == EXIT_DONE);
	json_add_number(e, "exit", status);
	json_add_bool(e, "finished", status == EXIT_DONE);
	json_print_line(e);
}

int rotate_finish(struct prov_hub *hub, const char *device_id)
{
	struct provision_journal journal;
	struct provision_lock *lock = NULL;
	char serial[SERIAL_DIGITS + 1];
	struct dfu_error err;
	int status;

	if (!provision_journal_find(device_id, prov_hub_host(hub), serial)) {
		complain("no rotation of '%s' was begun on this machine\n"
			 "'stmiot device rotate' with the board connected begins one",
			 clean(device_id));
		return EXIT_FAILED;
	}
	if (provision_journal_open(serial, &lock, &journal, &err) < 0)
		return report(NULL, &err);
	status = finish(hub, device_id, lock, &journal);
	provision_journal_close(lock);
	tell_finished(serial, device_id, status);
	return status;
}
