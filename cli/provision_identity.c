/*
 * Where a board's identity comes from: the registry, a certificate made here, or a key
 * derived for DPS. What is there already is used: no device is ever made anew.
 */
#include "provisioning.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S   86400
#define EARLY_S 3600 /* a board's clock may be behind */

static bool is_x509(const struct provisioning *p)
{
	return p->how->auth == PROVISION_X509 ||
	       (p->how->auth == PROVISION_DPS && p->how->ca);
}

static const char *subject(const struct provisioning *p)
{
	return p->how->auth == PROVISION_DPS ? p->registration_id : p->device_id;
}

/* -- certificates --------------------------------------------------------------------- */

/* Is the record that counts one of this device, at this hub or scope? */
static bool is_same_device(const struct provisioning *p)
{
	const struct record_view *view = &p->seen[p->valid].view;
	char place[PROV_HOST_MAX + 1], name[PROV_ID_MAX + 1];

	if (view->auth == RECORD_AUTH_DPS_X509)
		return p->how->auth == PROVISION_DPS &&
		       record_text(view, RECORD_ID_SCOPE, place, sizeof(place)) &&
		       record_text(view, RECORD_REGISTRATION_ID, name, sizeof(name)) &&
		       strcmp(place, p->how->id_scope) == 0 &&
		       strcmp(name, p->registration_id) == 0;
	return view->auth == RECORD_AUTH_X509 && p->how->auth == PROVISION_X509 &&
	       record_text(view, RECORD_HUB_HOST, place, sizeof(place)) &&
	       record_text(view, RECORD_DEVICE_ID, name, sizeof(name)) &&
	       strcmp(place, p->place->host) == 0 && strcmp(name, p->device_id) == 0;
}

static bool take_cert(const struct record_tlv *tlv, struct prov_x509_cert *out)
{
	if (tlv->len > sizeof(out->der))
		return false;
	memcpy(out->der, tlv->data, tlv->len);
	out->bytes = tlv->len;
	return true;
}

static bool take_chain(const struct record_view *view, struct prov_x509 *x)
{
	struct record_tlv tlv;
	uint32_t cursor = 0;

	while (record_next_of(view, RECORD_CHAIN_CERT, &cursor, &tlv))
		if (x->n_chain == RECORD_CERTS_MAX ||
		    !take_cert(&tlv, &x->chain[x->n_chain++]))
			return false;
	return true;
}

/* The key and the certificate that the board has already, for the same device. */
static bool take_board_x509(struct provisioning *p)
{
	struct prov_x509 *x = &p->x509;
	struct prov_secret *key = NULL;
	struct record_tlv cert;
	const uint8_t *bytes;
	bool good;

	if (p->valid < 0 || p->how->force || !is_same_device(p) ||
	    !record_find(&p->seen[p->valid].view, RECORD_CERT, &cert) ||
	    !provision_board_key(p, RECORD_PRIVATE_KEY, &key))
		return false;
	bytes = prov_secret_bytes(key, &x->key_bytes);
	good = x->key_bytes <= sizeof(x->key_der) && take_cert(&cert, &x->cert) &&
	       take_chain(&p->seen[p->valid].view, x) &&
	       prov_x509_thumbprint(cert.data, cert.len, x->thumbprint) == 0;
	if (good)
		memcpy(x->key_der, bytes, x->key_bytes);
	else
		prov_x509_wipe(x);
	prov_secret_free(key);
	return good;
}

static int have_x509(struct provisioning *p)
{
	int64_t from = time(NULL) - (p->how->ca ? 0 : EARLY_S);
	int64_t to = from + (int64_t)p->how->days * DAY_S;
	char words[200] = "";
	int rc = 0;

	if (!p->has_x509 && !take_board_x509(p))
		rc = prov_x509_make(subject(p), from, to, p->how->ca, &p->x509, words,
				    sizeof(words));
	if (rc < 0)
		return provision_report_local(p, rc, words);
	p->has_x509 = true;
	return EXIT_DONE;
}

/* -- what the registry is to have ---------------------------------------------------------- */

/* Many boards are offered at once, but a hub belongs to one thread at a time. */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

/* After many runs that were cut off: which of their certificates has the registry got? */
static int ask_which(struct provisioning *p, struct prov_hub *hub)
{
	struct prov_device d = { 0 };
	struct prov_error err;
	int rc;

	pthread_mutex_lock(&asking);
	rc = prov_device_get(hub, p->device_id, &d, &err);
	pthread_mutex_unlock(&asking);
	if (rc < 0 && rc != PROV_ERR_NOTFOUND)
		return provision_report_prov(p, &err);
	provision_journal_keep_thumbprints(&p->journal, d.primary_thumbprint,
					   d.secondary_thumbprint);
	prov_device_clear(&d);
	return EXIT_DONE;
}

/* Before the registry is told: a rerun must know it for one of this board's. */
static int note_thumbprint(struct provisioning *p, struct prov_hub *hub)
{
	int status = EXIT_DONE;

	if (provision_journal_add_thumbprint(&p->journal, p->x509.thumbprint))
		return EXIT_DONE;
	status = ask_which(p, hub);
	if (status == EXIT_DONE)
		provision_journal_add_thumbprint(&p->journal, p->x509.thumbprint);
	return status;
}

int provisioning_offer(struct provisioning *p, struct prov_hub *hub)
{
	struct prov_device *d = &p->device;
	int status = is_x509(p) ? have_x509(p) : EXIT_DONE;

	if (status != EXIT_DONE)
		return status;
	snprintf(d->id, sizeof(d->id), "%s", p->device_id);
	d->auth = !is_x509(p)  ? PROV_AUTH_SAS
		  : p->how->ca ? PROV_AUTH_CA
			       : PROV_AUTH_SELFSIGNED;
	if (d->auth == PROV_AUTH_SELFSIGNED) {
		snprintf(d->primary_thumbprint, sizeof(d->primary_thumbprint), "%s",
			 p->x509.thumbprint);
		status = note_thumbprint(p, hub);
	}
	return status == EXIT_DONE ? provision_step(p, STEP_IDENTITY) : status;
}

/* -- what the record needs of it ------------------------------------------------------------- */

/* The key that the board uses already if it is one of the two, else the primary. */
static int settle_sas(struct provisioning *p)
{
	const struct prov_device *d = &p->device;
	struct prov_secret *has = NULL;
	const struct prov_secret *key = d->primary_key;
	struct prov_error err;

	if (!key)
		return provision_refuse(p, EXIT_DENIED,
					"the policy needs the right to read the registry",
					"the hub does not tell the keys of '%s'", d->id);
	if (provision_board_key(p, RECORD_KEY_1, &has) && d->secondary_key &&
	    prov_secret_equal(has, d->secondary_key))
		key = d->secondary_key;
	prov_secret_free(has);
	prov_secret_free(p->key);
	p->key = NULL;
	return prov_secret_copy(key, &p->key, &err) < 0 ? provision_report_prov(p, &err)
							: EXIT_DONE;
}

/* The thumbprint of the certificate in the record that counts; empty without one. */
static void board_thumbprint(const struct provisioning *p,
			     char out[PROV_X509_THUMBPRINT_CHARS])
{
	struct record_tlv cert;

	out[0] = '\0';
	if (p->valid >= 0 && record_find(&p->seen[p->valid].view, RECORD_CERT, &cert))
		prov_x509_thumbprint(cert.data, cert.len, out);
}

/* May it be replaced? Not one that the board or somebody else may be using. */
static bool gives_way(const struct provisioning *p, const char *thumbprint,
		      const char *boards)
{
	return !*thumbprint || (strcasecmp(thumbprint, boards) != 0 &&
				(p->how->force || provision_journal_has_thumbprint(
							  &p->journal, thumbprint)));
}

static int choose_place(struct provisioning *p, struct prov_change *change)
{
	const struct prov_device *d = &p->device;
	char boards[PROV_X509_THUMBPRINT_CHARS];

	board_thumbprint(p, boards);
	if (gives_way(p, d->secondary_thumbprint, boards) && *d->primary_thumbprint &&
	    !provision_journal_has_thumbprint(&p->journal, d->primary_thumbprint))
		change->secondary_thumbprint = p->x509.thumbprint;
	else if (gives_way(p, d->primary_thumbprint, boards))
		change->primary_thumbprint = p->x509.thumbprint;
	else if (gives_way(p, d->secondary_thumbprint, boards))
		change->secondary_thumbprint = p->x509.thumbprint;
	else
		return provision_refuse(
			p, EXIT_FAILED,
			"--force replaces one; whoever uses it is cut off",
			"'%s' has two certificates already, and none is this board's",
			d->id);
	return EXIT_DONE;
}

static int settle_selfsigned(struct provisioning *p, struct prov_hub *hub)
{
	struct prov_change change = { .etag = p->device.etag };
	struct prov_device after = { 0 };
	struct prov_error err;
	int status;

	if (strcasecmp(p->device.primary_thumbprint, p->x509.thumbprint) == 0 ||
	    strcasecmp(p->device.secondary_thumbprint, p->x509.thumbprint) == 0)
		return EXIT_DONE;
	status = choose_place(p, &change);
	if (status != EXIT_DONE)
		return status;
	if (prov_device_update(hub, p->device.id, &change, &after, &err) < 0)
		return provision_report_prov(p, &err);
	prov_device_clear(&p->device);
	p->device = after;
	return EXIT_DONE;
}

int provisioning_settle(struct provisioning *p, struct prov_hub *hub)
{
	if (p->device.disabled)
		note("%s: '%s' is disabled in the registry\n'stmiot device enable' lets "
		     "it in",
		     p->sight->name, clean(p->device.id));
	if (p->device.auth == PROV_AUTH_SAS)
		return settle_sas(p);
	return p->device.auth == PROV_AUTH_SELFSIGNED ? settle_selfsigned(p, hub)
						      : EXIT_DONE;
}

/* -- all of it -------------------------------------------------------------------------------- */

static int ensure(struct provisioning *p, struct prov_hub *hub)
{
	struct prov_device got = { 0 };
	struct prov_error err;

	if (prov_device_ensure(hub, &p->device, &got, NULL, &err) < 0)
		return provision_report_prov(p, &err);
	prov_device_clear(&p->device);
	p->device = got;
	return provisioning_settle(p, hub);
}

int provisioning_identify(struct provisioning *p, struct prov_hub *hub)
{
	int status = provisioning_offer(p, hub);

	if (status != EXIT_DONE)
		return status;
	if (p->how->auth != PROVISION_DPS)
		return ensure(p, hub);
	if (!is_x509(p))
		status = provision_dps_key(p);
	return status == EXIT_DONE ? provision_dps_register(p) : status;
}
