#include "dps/attest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "token.h"
#include "x509.h"

/* Of a device's token, "Symmetric key attestation". */
#define POLICY_NAME "registration"

struct judged {
	const struct hub *hub;
	const struct dps_client *client;
	struct sas sas; /* its sr is NULL: a certificate was shown */
	struct enrollment *found;
	char *signer; /* of the group that was found, PEM */
	char *why;
	size_t why_bytes;
};

bool dps_derive_key(const char *group_key, const char *id, char to[KEY_TEXT])
{
	uint8_t raw[DPS_KEY_BYTES], mac[SHA256_BYTES];
	int len = base64_decode(raw, sizeof(raw), group_key, strlen(group_key));
	bool derived = len > 0 && crypto_hmac(mac, raw, (size_t)len, id, strlen(id));

	if (derived)
		base64_encode(to, mac, sizeof(mac));
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(mac, sizeof(mac));
	return derived;
}

/* -- what is shown ------------------------------------------------------------------- */

static enum error check_token(const struct dps_client *client, struct sas *sas, char *why,
			      size_t why_bytes)
{
	char path[ID_MAX + 32];
	enum error error =
		token_parse(client->token, clock_unix_ms(), sas, why, why_bytes);

	if (error != ERROR_NONE)
		return error;
	snprintf(path, sizeof(path), "/registrations/%s", client->id);
	if (strcasecmp(sas->policy, POLICY_NAME) != 0) {
		snprintf(why, why_bytes, "the skn of the token is not " POLICY_NAME);
		return ERROR_ACCESS;
	}
	if (!strchr(sas->resource, '/') || !sas_covers(sas, client->scope, path)) {
		snprintf(why, why_bytes, "the token is for %s, not for %s%s",
			 sas->resource, client->scope, path);
		return ERROR_ACCESS;
	}
	return ERROR_NONE;
}

static enum error check_certificate(const struct dps_client *client, char *why,
				    size_t why_bytes)
{
	char name[ID_MAX + 2] = "";

	if (x509_common_name(client->certificate, name, sizeof(name)) &&
	    strcasecmp(name, client->id) == 0)
		return ERROR_NONE;
	snprintf(why, why_bytes,
		 "the certificate's common name is not the registration id %s",
		 client->id);
	return ERROR_CERTIFICATE;
}

enum error attest_shown(const struct hub *hub, const struct dps_client *client,
			struct sas *sas, char *why, size_t why_bytes)
{
	*sas = (struct sas){ 0 };
	if (strcasecmp(client->scope, hub->dps->scope) != 0) {
		snprintf(why, why_bytes, "there is no id scope %s, this one is %s",
			 client->scope, hub->dps->scope);
		return ERROR_NO_RESOURCE;
	}
	if (!enrollment_id_valid(client->id)) {
		snprintf(why, why_bytes, "the registration id is none");
		return ERROR_ARGUMENT;
	}
	if (client->token && *client->token)
		return check_token(client, sas, why, why_bytes);
	if (client->certificate)
		return ERROR_NONE;
	snprintf(why, why_bytes, "there is neither a token nor a certificate");
	return ERROR_ACCESS;
}

/* -- by a token ---------------------------------------------------------------------- */

static bool signed_by(const struct judged *judged, const struct enrollment *enrollment,
		      const char *key)
{
	char derived[KEY_TEXT];
	bool fits;

	if (!enrollment->group)
		return sas_signed_by(&judged->sas, key);
	fits = dps_derive_key(key, judged->client->id, derived) &&
	       sas_signed_by(&judged->sas, derived);
	explicit_bzero(derived, sizeof(derived));
	return fits;
}

/* -- by a certificate ---------------------------------------------------------------- */

static bool same_certificate(const char *a, const char *b)
{
	char of_a[THUMBPRINT_TEXT], of_b[THUMBPRINT_TEXT];

	return x509_thumbprint(a, 64, of_a) && x509_thumbprint(b, 64, of_b) &&
	       strcmp(of_a, of_b) == 0;
}

/* What of the enrolment the certificate leads to, PEM, as memory; NULL: nothing. */
static char *leads_to(const struct judged *judged, const struct enrollment *enrollment,
		      const char *said)
{
	const struct dps_client *client = judged->client;
	const char *cas = judged->hub->device_cas;
	char *roots = NULL;

	if (enrollment->by == ATTEST_CA)
		roots = cas ? x509_find(cas, said) : NULL;
	else if (enrollment->by == ATTEST_SIGNER ||
		 same_certificate(client->certificate, said))
		roots = strdup(said);
	if (roots &&
	    x509_leads(client->certificate, client->chain, roots, clock_unix_ms()))
		return roots;
	free(roots);
	return NULL;
}

/* -- enrolments ---------------------------------------------------------------------- */

/* Does it let the device in? `*signer` is then set when that is by a certificate. */
static bool lets_in(const struct judged *judged, const struct enrollment *enrollment,
		    char **signer)
{
	const char *const said[] = { enrollment->primary, enrollment->secondary };
	bool by_token = judged->sas.sr != NULL;

	*signer = NULL;
	if (by_token != (enrollment->by == ATTEST_KEYS))
		return false;
	for (int i = 0; i < 2; i++) {
		if (!said[i])
			continue;
		if (by_token && signed_by(judged, enrollment, said[i]))
			return true;
		if (!by_token && (*signer = leads_to(judged, enrollment, said[i])))
			return true;
	}
	return false;
}

/* Of several CAs of groups that a certificate leads to the one nearest to it counts. */
static bool take_group(void *to, const struct enrollment *group)
{
	struct judged *judged = to;
	char *signer;

	if (!lets_in(judged, group, &signer))
		return true;
	if (judged->signer &&
	    !x509_leads(signer, judged->client->chain, judged->signer, clock_unix_ms())) {
		free(signer);
		return true;
	}
	free(judged->signer);
	judged->signer = signer;
	snprintf(judged->found->id, sizeof(judged->found->id), "%s", group->id);
	return signer != NULL;
}

static enum error refuse_device(const struct judged *judged, const char *reason)
{
	snprintf(judged->why, judged->why_bytes, "%s: registration id %s", reason,
		 judged->client->id);
	return judged->sas.sr ? ERROR_ACCESS : ERROR_CERTIFICATE;
}

static enum error find_group(struct judged *judged)
{
	char id[ID_MAX + 1];
	int rc = roll_each(judged->hub->dps->roll, true, 0, take_group, judged);

	free(judged->signer);
	snprintf(id, sizeof(id), "%s", judged->found->id);
	if (rc == 1 && *id)
		rc = roll_get(judged->hub->dps->roll, true, id, judged->found);
	if (rc != 1)
		return ERROR_SERVER;
	return *id ? ERROR_NONE
		   : refuse_device(judged, "there is no enrollment of its own, and no "
					   "group that lets it in");
}

static enum error find_enrollment(struct judged *judged)
{
	char *signer;
	bool fits;
	int rc = roll_get(judged->hub->dps->roll, false, judged->client->id,
			  judged->found);

	if (rc < 0)
		return ERROR_SERVER;
	if (rc == 0)
		return find_group(judged);
	fits = lets_in(judged, judged->found, &signer);
	free(signer);
	if (fits)
		return ERROR_NONE;
	enrollment_free(judged->found);
	return refuse_device(judged, judged->sas.sr
					     ? "the token is not signed with a key of "
					       "its enrollment"
					     : "the certificate is not one that its "
					       "enrollment lets in");
}

/* -- what it is known by at the hub -------------------------------------------------- */

static bool give_keys(struct attested *attested, const char *id)
{
	const struct enrollment *enrollment = &attested->enrollment;

	attested->auth = AUTH_SAS;
	if (enrollment->group)
		return dps_derive_key(enrollment->primary, id, attested->primary) &&
		       dps_derive_key(enrollment->secondary, id, attested->secondary);
	snprintf(attested->primary, sizeof(attested->primary), "%s", enrollment->primary);
	snprintf(attested->secondary, sizeof(attested->secondary), "%s",
		 enrollment->secondary);
	return true;
}

/*
 * The hub knows by its thumbprint a device whose certificate a CA has signed too: "roll
 * device certificates" has it register again with each new one.
 */
static bool give_thumbprints(struct attested *attested, const char *certificate)
{
	const struct enrollment *enrollment = &attested->enrollment;
	bool own = enrollment->by == ATTEST_CERTIFICATE;

	attested->auth = AUTH_SELF_SIGNED;
	return x509_thumbprint(own ? enrollment->primary : certificate, 64,
			       attested->primary) &&
	       (!own || !enrollment->secondary ||
		x509_thumbprint(enrollment->secondary, 64, attested->secondary));
}

void attested_free(struct attested *attested)
{
	enrollment_free(&attested->enrollment);
	explicit_bzero(attested, sizeof(*attested));
}

enum error attest(const struct hub *hub, const struct dps_client *client,
		  struct attested *attested, char *why, size_t why_bytes)
{
	struct judged judged = { .hub = hub,
				 .client = client,
				 .found = &attested->enrollment,
				 .why = why,
				 .why_bytes = why_bytes };
	enum error error;
	bool given;

	*attested = (struct attested){ 0 };
	snprintf(why, why_bytes, "the store fails");
	error = attest_shown(hub, client, &judged.sas, why, why_bytes);
	if (error == ERROR_NONE && !judged.sas.sr)
		error = check_certificate(client, why, why_bytes);
	if (error == ERROR_NONE)
		error = find_enrollment(&judged);
	if (error != ERROR_NONE)
		return error;
	given = judged.sas.sr ? give_keys(attested, client->id)
			      : give_thumbprints(attested, client->certificate);
	if (given)
		return ERROR_NONE;
	attested_free(attested);
	return ERROR_SERVER;
}
