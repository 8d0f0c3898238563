#include "sas.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "crypto.h"
#include "text.h"

static const char scheme[] = "SharedAccessSignature ";

static const char *take_resource(struct sas *sas, const char *value, size_t len)
{
	if (sas->sr)
		return "sr is there twice";
	if (len == 0 || len >= sizeof(sas->resource) ||
	    !percent_decode(sas->resource, value, len))
		return "sr is empty, too long or badly encoded";
	for (char *c = sas->resource; *c && *c != '/'; c++)
		*c = (char)tolower((unsigned char)*c);
	sas->sr = value;
	sas->sr_len = len;
	return NULL;
}

static const char *take_signature(struct sas *sas, const char *value, size_t len)
{
	char base64[100];

	if (len >= sizeof(base64) || !percent_decode(base64, value, len) ||
	    base64_decode(sas->sig, sizeof(sas->sig), base64, strlen(base64)) != 32)
		return "sig is not the base64 of 32 bytes";
	return NULL;
}

static const char *take_expiry(struct sas *sas, const char *value, size_t len)
{
	if (!parse_whole(value, len, INT64_MAX / 1000, &sas->expires_unix))
		return "se is not a whole number";
	sas->se = value;
	sas->se_len = len;
	return NULL;
}

static const char *take_policy(struct sas *sas, const char *value, size_t len)
{
	if (len >= sizeof(sas->policy) || !percent_decode(sas->policy, value, len))
		return "skn is too long or badly encoded";
	return NULL;
}

static const struct field {
	const char *name;
	const char *(*take)(struct sas *sas, const char *value, size_t len);
	bool needed;
} fields[] = {
	{ "sr", take_resource, true },
	{ "sig", take_signature, true },
	{ "se", take_expiry, true },
	{ "skn", take_policy, false },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

const char *sas_parse(struct sas *sas, const char *header)
{
	*sas = (struct sas){ 0 };
	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return "it is no SharedAccessSignature";
	header += sizeof(scheme) - 1;
	header += strspn(header, " ");
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len;
		const char *value = query_value(header, fields[i].name, &len);
		const char *wrong = value ? fields[i].take(sas, value, len) : NULL;

		if (!value && fields[i].needed)
			return "sr, sig or se is missing";
		if (wrong)
			return wrong;
	}
	return NULL;
}

static bool is_signed(const struct sas *sas, const uint8_t *key, size_t len)
{
	uint8_t mac[SHA256_BYTES];
	struct text text = { 0 };
	bool same;

	text_put(&text, sas->sr, sas->sr_len);
	text_put(&text, "\n", 1);
	text_put(&text, sas->se, sas->se_len);
	same = len > 0 && !text.failed && crypto_hmac(mac, key, len, text.at, text.len) &&
	       crypto_equal(mac, sas->sig, sizeof(mac));
	text_free(&text);
	return same;
}

bool sas_signed_by(const struct sas *sas, const char *key)
{
	uint8_t raw[128];
	int raw_len = base64_decode(raw, sizeof(raw), key, strlen(key));
	bool same = raw_len > 0 && is_signed(sas, raw, (size_t)raw_len);

	explicit_bzero(raw, sizeof(raw));
	return same;
}

bool sas_signed_by_text(const struct sas *sas, const char *key)
{
	return is_signed(sas, (const uint8_t *)key, strlen(key));
}

bool sas_covers(const struct sas *sas, const char *host, const char *path)
{
	size_t host_len = strlen(host);
	const char *rest = sas->resource + host_len;
	size_t len;

	if (strncasecmp(sas->resource, host, host_len) != 0)
		return false;
	len = strlen(rest);
	if (len > 0 && rest[len - 1] == '/')
		len--;
	if (len == 0)
		return *rest == '\0' || *rest == '/';
	return strncmp(rest, path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool sas_expired(const struct sas *sas, int64_t now_ms)
{
	return (int64_t)sas->expires_unix + SAS_SKEW_S < now_ms / 1000;
}
