/* SAS tokens ([SAS]), and the keys of a DPS group, which are made the same way. */
#include "base64.h"
#include "crypto.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOURCE_MAX 511

static const char scheme[] = "SharedAccessSignature ";

/* base64(HMAC-SHA256(key, `text`)), percent-encoded. */
static int sign(const struct prov_secret *key, const char *text, char *to,
		struct prov_error *err)
{
	char base64[BASE64_BYTES(CRYPTO_SHA256_BYTES) + 1];
	uint8_t mac[CRYPTO_SHA256_BYTES];
	const uint8_t *bytes;
	size_t len;
	int rc;

	bytes = prov_secret_bytes(key, &len);
	rc = crypto_hmac_sha256(bytes, len, text, strlen(text), mac, err);
	if (rc == 0) {
		base64_encode(mac, sizeof(mac), base64);
		percent_encode(base64, to);
	}
	explicit_bzero(mac, sizeof(mac));
	explicit_bzero(base64, sizeof(base64));
	return rc;
}

int prov_sas_make(const struct prov_sas *sas, struct prov_secret **out,
		  struct prov_error *err)
{
	char resource[PERCENT_BYTES(RESOURCE_MAX)],
		policy[PERCENT_BYTES(PROV_POLICY_MAX)] = "";
	char sig[PERCENT_BYTES(BASE64_BYTES(CRYPTO_SHA256_BYTES))];
	char text[sizeof(resource) + 24];
	struct prov_secret *token = NULL;
	int n, rc;

	if (!sas->key || strlen(sas->resource) > RESOURCE_MAX || sas->expires_unix <= 0 ||
	    (sas->policy && strlen(sas->policy) > PROV_POLICY_MAX))
		return fail(err, PROV_ERR_ARG,
			    "a token needs a key, a resource and a time");
	percent_encode(sas->resource, resource);
	if (sas->policy)
		percent_encode(sas->policy, policy);
	snprintf(text, sizeof(text), "%s\n%" PRId64, resource, sas->expires_unix);
	rc = sign(sas->key, text, sig, err);
	if (rc == 0)
		rc = secret_make(sizeof(scheme) + sizeof(resource) + sizeof(policy) +
					 sizeof(sig) + 64,
				 &token, err);
	if (rc == 0) {
		n = sprintf((char *)secret_room(token), "%ssr=%s&sig=%s%s%s&se=%" PRId64,
			    scheme, resource, sig, *policy ? "&skn=" : "", policy,
			    sas->expires_unix);
		secret_trim(token, (size_t)n);
		*out = token;
	}
	explicit_bzero(sig, sizeof(sig));
	return rc;
}

/* The value of "name=" among fields apart by '&'; NULL when it is not there once. */
static const char *find_field(const char *text, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *found = NULL;

	while (*text) {
		size_t n = strcspn(text, "&");

		if (n > name_len && strncmp(text, name, name_len) == 0 &&
		    text[name_len] == '=') {
			if (found)
				return NULL;
			found = text + name_len + 1;
			*len = n - name_len - 1;
		}
		text += n + (text[n] == '&');
	}
	return found;
}

static bool parse_time(const char *text, size_t len, int64_t *out)
{
	int64_t v = 0;

	if (len == 0 || len > 15)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (text[i] - '0');
	}
	*out = v;
	return v > 0;
}

static bool is_signature(const char *text, size_t len)
{
	char base64[BASE64_BYTES(CRYPTO_SHA256_BYTES) + 1];
	uint8_t mac[CRYPTO_SHA256_BYTES + 1];
	size_t at;
	int n = percent_decode(text, len, base64, sizeof(base64));
	bool good = n == sizeof(base64) - 1 &&
		    base64_decode(base64, (size_t)n, mac, &at) == CRYPTO_SHA256_BYTES;

	explicit_bzero(base64, sizeof(base64));
	explicit_bzero(mac, sizeof(mac));
	return good;
}

int prov_sas_parse(const char *token, struct prov_sas_info *out, struct prov_error *err)
{
	struct prov_sas_info info = { .policy = "" };
	const char *sr, *sig, *se, *skn;
	size_t at = sizeof(scheme) - 1, sr_len = 0, sig_len = 0, se_len = 0, skn_len = 0;

	if (strncmp(token, scheme, at) != 0)
		return fail_at(err, 0,
			       "token: does not begin with SharedAccessSignature");
	sr = find_field(token + at, "sr", &sr_len);
	sig = find_field(token + at, "sig", &sig_len);
	se = find_field(token + at, "se", &se_len);
	skn = find_field(token + at, "skn", &skn_len);
	if (!sr || !sig || !se)
		return fail_at(err, at, "token: has not one each of sr, sig and se");
	if (percent_decode(sr, sr_len, info.resource, sizeof(info.resource)) <= 0)
		return fail_at(err, (size_t)(sr - token), "token: sr is no resource");
	if (!is_signature(sig, sig_len))
		return fail_at(err, (size_t)(sig - token), "token: sig is no signature");
	if (!parse_time(se, se_len, &info.expires_unix))
		return fail_at(err, (size_t)(se - token), "token: se is no time");
	if (skn && percent_decode(skn, skn_len, info.policy, sizeof(info.policy)) < 0)
		return fail_at(err, (size_t)(skn - token), "token: skn is no policy");
	if (out)
		*out = info;
	return 0;
}

int prov_dps_derive_key(const struct prov_secret *group_key, const char *registration_id,
			struct prov_secret **out, struct prov_error *err)
{
	struct prov_secret *key = NULL;
	const uint8_t *group;
	size_t len;
	int rc = prov_registration_id_check(registration_id, err);

	if (rc < 0)
		return rc;
	group = prov_secret_bytes(group_key, &len);
	if (len < 16 || len > 64)
		return fail(err, PROV_ERR_ARG,
			    "a group key has 16-64 bytes, this one %zu", len);
	rc = secret_make(CRYPTO_SHA256_BYTES, &key, err);
	if (rc == 0)
		rc = crypto_hmac_sha256(group, len, registration_id,
					strlen(registration_id), secret_room(key), err);
	if (rc < 0) {
		prov_secret_free(key);
		return rc;
	}
	*out = key;
	return 0;
}
