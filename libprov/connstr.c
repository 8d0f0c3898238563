/* Connection strings: fields "Name=value", apart by ';', a value being all up to that. */
#include "error.h"
#include "secret.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum field {
	HOST,
	ENDPOINT,
	DEVICE,
	MODULE,
	POLICY,
	KEY,
	TOKEN,
	X509,
	GATEWAY,
	ENTITY,
	FIELDS
};

static const char *const names[FIELDS] = {
	"HostName",
	"Endpoint",
	"DeviceId",
	"ModuleId",
	"SharedAccessKeyName",
	"SharedAccessKey",
	"SharedAccessSignature",
	"x509",
	"GatewayHostName",
	"EntityPath",
};

/* Where the values are in the text; `len` 0 for a field that is not there. */
struct fields {
	const char *text;
	size_t end;
	struct {
		size_t at, len;
	} v[FIELDS];
};

static int find_name(const char *name, size_t len)
{
	for (int i = 0; i < FIELDS; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return i;
	return -1;
}

/* One "Name=value" from `at` to `end`. */
static int split_field(struct fields *f, size_t at, size_t end, struct prov_error *err)
{
	const char *equals = memchr(f->text + at, '=', end - at);
	size_t name_len = equals ? (size_t)(equals - (f->text + at)) : 0;
	int i;

	if (!equals)
		return fail_at(err, at,
			       "connection string: a field without '=' at byte %zu", at);
	i = find_name(f->text + at, name_len);
	if (i < 0)
		return fail_at(err, at, "connection string: an unknown field at byte %zu",
			       at);
	if (f->v[i].at)
		return fail_at(err, at,
			       "connection string: %s for the second time at byte %zu",
			       names[i], at);
	f->v[i].at = at + name_len + 1;
	f->v[i].len = end - f->v[i].at;
	if (f->v[i].len == 0)
		return fail_at(err, f->v[i].at,
			       "connection string: %s is empty at byte %zu", names[i],
			       f->v[i].at);
	return 0;
}

static int split(struct fields *f, struct prov_error *err)
{
	size_t at = strspn(f->text, " \t\r\n");

	f->end = strlen(f->text);
	while (f->end > at && strchr(" \t\r\n", f->text[f->end - 1]))
		f->end--;
	if (f->end == at)
		return fail_at(err, at, "connection string: is empty up to byte %zu", at);
	while (at < f->end) {
		const char *semi = memchr(f->text + at, ';', f->end - at);
		size_t stop = semi ? (size_t)(semi - f->text) : f->end;
		int rc = split_field(f, at, stop, err);

		if (rc < 0)
			return rc;
		at = stop + 1;
	}
	return 0;
}

static int wrong(const struct fields *f, enum field i, const char *why,
		 struct prov_error *err)
{
	return fail_at(err, f->v[i].at, "connection string: %s %s, at byte %zu", names[i],
		       why, f->v[i].at);
}

static int missing(const struct fields *f, enum field i, struct prov_error *err)
{
	return fail_at(err, f->end,
		       "connection string: has no %s up to byte %zu, its end", names[i],
		       f->end);
}

/* A field into a buffer, when it is there; only graphic characters. */
static int take_text(const struct fields *f, enum field i, char *to, size_t bytes,
		     struct prov_error *err)
{
	const char *v = f->text + f->v[i].at;

	if (f->v[i].len >= bytes)
		return wrong(f, i, "is too long", err);
	for (size_t n = 0; n < f->v[i].len; n++)
		if (!isgraph((unsigned char)v[n]))
			return fail_at(
				err, f->v[i].at + n,
				"connection string: a wrong character in %s, at byte %zu",
				names[i], f->v[i].at + n);
	memcpy(to, v, f->v[i].len);
	to[f->v[i].len] = '\0';
	return 0;
}

/* "name[:port]" */
static int take_host(const struct fields *f, enum field i, size_t at, size_t len,
		     struct prov_connstr *cs, struct prov_error *err)
{
	const char *v = f->text + at;
	size_t n = host_length(v, len);
	long port = 0;

	if (n == 0 || n > PROV_HOST_MAX)
		return wrong(f, i, "is no host name", err);
	if (n < len) {
		if (v[n] != ':' || !parse_port(v + n + 1, len - n - 1, &port))
			return fail_at(
				err, at + n,
				"connection string: a wrong character in %s, at byte %zu",
				names[i], at + n);
	}
	for (size_t k = 0; k < n; k++)
		cs->host[k] = (char)tolower((unsigned char)v[k]);
	cs->host[n] = '\0';
	cs->port = (uint16_t)port;
	return 0;
}

static int take_endpoint(const struct fields *f, struct prov_connstr *cs,
			 struct prov_error *err)
{
	static const char scheme[] = "sb://";
	size_t at = f->v[ENDPOINT].at, len = f->v[ENDPOINT].len;

	if (len < sizeof(scheme) ||
	    strncasecmp(f->text + at, scheme, sizeof(scheme) - 1) != 0)
		return wrong(f, ENDPOINT, "does not begin with sb://", err);
	at += sizeof(scheme) - 1;
	len -= sizeof(scheme) - 1;
	if (f->text[at + len - 1] == '/')
		len--;
	return take_host(f, ENDPOINT, at, len, cs, err);
}

/* The offset in the string, not in the key; none of its text. */
static int take_key(const struct fields *f, struct prov_connstr *cs,
		    struct prov_error *err)
{
	struct prov_error inner = { 0 };
	int rc = prov_secret_from_base64(f->text + f->v[KEY].at, f->v[KEY].len, &cs->key,
					 &inner);

	if (rc == PROV_ERR_FORMAT)
		return fail_at(
			err, f->v[KEY].at + inner.at,
			"connection string: SharedAccessKey is not base64 at byte %zu",
			f->v[KEY].at + inner.at);
	if (rc < 0 && err)
		*err = inner;
	return rc;
}

static int take_token(const struct fields *f, struct prov_connstr *cs,
		      struct prov_error *err)
{
	int rc = prov_secret_new(f->text + f->v[TOKEN].at, f->v[TOKEN].len, &cs->token,
				 err);

	if (rc == 0 && prov_sas_parse(prov_secret_text(cs->token), NULL, NULL) < 0)
		return wrong(f, TOKEN, "is no SAS token", err);
	return rc;
}

static int take_x509(const struct fields *f, struct prov_connstr *cs,
		     struct prov_error *err)
{
	if (f->v[X509].len == 4 && strncasecmp(f->text + f->v[X509].at, "true", 4) == 0)
		cs->x509 = true;
	else if (f->v[X509].len != 5 ||
		 strncasecmp(f->text + f->v[X509].at, "false", 5) != 0)
		return wrong(f, X509, "is neither true nor false", err);
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void find_kind(const struct fields *f, struct prov_connstr *cs)
{
	if (f->v[ENDPOINT].at)
		cs->kind = PROV_CONNSTR_EVENTHUB;
	else if (f->v[DEVICE].at)
		cs->kind = PROV_CONNSTR_DEVICE;
	else if (ends_with(cs->host, ".azure-devices-provisioning.net"))
		cs->kind = PROV_CONNSTR_DPS;
	else
		cs->kind = PROV_CONNSTR_SERVICE;
}

/* For each kind: fields that must be there, and those that may. */
static const struct {
	unsigned must, may;
} rules[] = {
	[PROV_CONNSTR_SERVICE] = { 1u << HOST, 1u << POLICY | 1u << KEY | 1u << TOKEN |
						       1u << GATEWAY },
	[PROV_CONNSTR_DEVICE] = { 1u << HOST | 1u << DEVICE,
				  1u << MODULE | 1u << POLICY | 1u << KEY | 1u << TOKEN |
					  1u << X509 | 1u << GATEWAY },
	[PROV_CONNSTR_DPS] = { 1u << HOST, 1u << POLICY | 1u << KEY | 1u << TOKEN },
	[PROV_CONNSTR_EVENTHUB] = { 1u << ENDPOINT, 1u << POLICY | 1u << KEY |
							    1u << TOKEN | 1u << ENTITY },
};

static int check_fields(const struct fields *f, const struct prov_connstr *cs,
			struct prov_error *err)
{
	unsigned must = rules[cs->kind].must;

	if (!f->v[TOKEN].at && !cs->x509) {
		must |= 1u << KEY;
		if (cs->kind != PROV_CONNSTR_DEVICE)
			must |= 1u << POLICY;
	}
	for (enum field i = 0; i < FIELDS; i++) {
		if (!f->v[i].at && must & 1u << i)
			return missing(f, i, err);
		if (f->v[i].at && !((must | rules[cs->kind].may) & 1u << i))
			return wrong(f, i, "has no place in this kind of string", err);
	}
	if (f->v[KEY].at && f->v[TOKEN].at)
		return wrong(f, TOKEN, "is there beside a key", err);
	if (f->v[KEY].at && cs->x509)
		return wrong(f, KEY, "is there beside x509=true", err);
	return 0;
}

static int take_ids(const struct fields *f, struct prov_connstr *cs,
		    struct prov_error *err)
{
	struct prov_error inner;

	if (f->v[DEVICE].at && prov_device_id_check(cs->device_id, &inner) < 0)
		return wrong(f, DEVICE, "is no device id", err);
	if (f->v[MODULE].at && prov_device_id_check(cs->module_id, &inner) < 0)
		return wrong(f, MODULE, "is no module id", err);
	return 0;
}

static int take_texts(const struct fields *f, struct prov_connstr *cs,
		      struct prov_error *err)
{
	const struct {
		enum field field;
		char *to;
		size_t bytes;
	} texts[] = {
		{ DEVICE, cs->device_id, sizeof(cs->device_id) },
		{ MODULE, cs->module_id, sizeof(cs->module_id) },
		{ POLICY, cs->policy, sizeof(cs->policy) },
		{ GATEWAY, cs->gateway, sizeof(cs->gateway) },
		{ ENTITY, cs->entity_path, sizeof(cs->entity_path) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int rc = f->v[texts[i].field].at
				 ? take_text(f, texts[i].field, texts[i].to,
					     texts[i].bytes, err)
				 : 0;

		if (rc < 0)
			return rc;
	}
	return take_ids(f, cs, err);
}

static int take_all(const struct fields *f, struct prov_connstr *cs,
		    struct prov_error *err)
{
	int rc = 0;

	if (f->v[HOST].at && f->v[ENDPOINT].at)
		return wrong(f, ENDPOINT, "is there beside HostName", err);
	if (!f->v[HOST].at && !f->v[ENDPOINT].at)
		return missing(f, HOST, err);
	if (f->v[HOST].at)
		rc = take_host(f, HOST, f->v[HOST].at, f->v[HOST].len, cs, err);
	else
		rc = take_endpoint(f, cs, err);
	if (rc == 0)
		rc = take_texts(f, cs, err);
	if (rc == 0 && f->v[X509].at)
		rc = take_x509(f, cs, err);
	if (rc < 0)
		return rc;
	find_kind(f, cs);
	rc = check_fields(f, cs, err);
	if (rc == 0 && f->v[KEY].at)
		rc = take_key(f, cs, err);
	if (rc == 0 && f->v[TOKEN].at)
		rc = take_token(f, cs, err);
	return rc;
}

int prov_connstr_parse(const char *text, struct prov_connstr *out, struct prov_error *err)
{
	struct fields f = { .text = text };
	struct prov_connstr cs = { 0 };
	int rc = split(&f, err);

	if (rc == 0)
		rc = take_all(&f, &cs, err);
	if (rc < 0) {
		prov_connstr_clear(&cs);
		return rc;
	}
	*out = cs;
	return 0;
}

/* Where the next field goes. */
struct writer {
	char *to;
	size_t room, n;
};

static void put(struct writer *w, enum field i, const char *before, const char *value)
{
	int n;

	if (!*value || w->n >= w->room)
		return;
	n = snprintf(w->to + w->n, w->room - w->n, "%s%s=%s%s", w->n ? ";" : "", names[i],
		     before, value);
	w->n = n < 0 ? w->room : w->n + (size_t)n;
}

static void put_host(struct writer *w, const struct prov_connstr *cs)
{
	bool sb = cs->kind == PROV_CONNSTR_EVENTHUB;
	char host[PROV_HOST_MAX + 16];

	if (cs->port)
		snprintf(host, sizeof(host), "%s:%u%s", cs->host, cs->port,
			 sb ? "/" : "");
	else
		snprintf(host, sizeof(host), "%s%s", cs->host, sb ? "/" : "");
	put(w, sb ? ENDPOINT : HOST, sb ? "sb://" : "", host);
}

int prov_connstr_format(const struct prov_connstr *connstr, struct prov_secret **out,
			struct prov_error *err)
{
	struct prov_secret *key = NULL, *all = NULL;
	struct writer w = { .room = 4096 };
	int rc = secret_make(w.room, &all, err);

	if (rc == 0 && connstr->key)
		rc = prov_secret_to_base64(connstr->key, &key, err);
	if (rc < 0)
		goto out;
	w.to = (char *)secret_room(all);
	put_host(&w, connstr);
	put(&w, DEVICE, "", connstr->device_id);
	put(&w, MODULE, "", connstr->module_id);
	put(&w, POLICY, "", connstr->policy);
	put(&w, KEY, "", key ? prov_secret_text(key) : "");
	put(&w, TOKEN, "", connstr->token ? prov_secret_text(connstr->token) : "");
	put(&w, X509, "", connstr->x509 ? "true" : "");
	put(&w, GATEWAY, "", connstr->gateway);
	put(&w, ENTITY, "", connstr->entity_path);
	if (w.n >= w.room)
		rc = fail(err, PROV_ERR_ARG, "the connection string would be too long");
	else
		rc = prov_secret_new(w.to, w.n, out, err);
out:
	prov_secret_free(key);
	prov_secret_free(all);
	return rc;
}

void prov_connstr_clear(struct prov_connstr *connstr)
{
	prov_secret_free(connstr->key);
	prov_secret_free(connstr->token);
	memset(connstr, 0, sizeof(*connstr));
}
