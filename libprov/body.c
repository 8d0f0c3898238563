#include "body.h"

#include "base64.h"
#include "error.h"
#include "secret.h"

#include <stdio.h>
#include <string.h>

/* Where a body is written; without `to` it is only measured. */
struct out {
	char *to;
	size_t len;
	bool bad; /* an authentication that there is none of */
};

static void put_bytes(struct out *o, const char *bytes, size_t n)
{
	if (o->to)
		memcpy(o->to + o->len, bytes, n);
	o->len += n;
}

static void put(struct out *o, const char *text)
{
	put_bytes(o, text, strlen(text));
}

/* In quotes, escaped as RFC 8259, section 7, has it. */
static void put_string(struct out *o, const char *text)
{
	char escape[8];

	put(o, "\"");
	while (*text) {
		size_t n = 0;

		while ((unsigned char)text[n] >= ' ' && text[n] != '"' && text[n] != '\\')
			n++;
		put_bytes(o, text, n);
		text += n;
		if (!*text)
			break;
		snprintf(escape, sizeof(escape),
			 (unsigned char)*text < ' ' ? "\\u%04x" : "\\%c", *text);
		put(o, escape);
		text++;
	}
	put(o, "\"");
}

/* `name` with what stands before it: "{\"id\":". */
static void put_member(struct out *o, const char *name, const char *value)
{
	put(o, name);
	put_string(o, value);
}

/* As base64, or nothing. The terminator is overwritten, or is the secret's own. */
static void put_key(struct out *o, const char *name, const struct prov_secret *key)
{
	size_t len = 0;
	const uint8_t *bytes = key ? prov_secret_bytes(key, &len) : NULL;

	put(o, name);
	put(o, "\"");
	if (o->to && bytes)
		base64_encode(bytes, len, o->to + o->len);
	o->len += BASE64_BYTES(len);
	put(o, "\"");
}

static void put_auth(struct out *o, const struct prov_device *d)
{
	const char *type = prov_auth_name(d->auth);

	o->bad |= !type;
	put_member(o, ",\"authentication\":{\"type\":", type ? type : "");
	if (d->auth == PROV_AUTH_SELFSIGNED) {
		put_member(o, ",\"x509Thumbprint\":{\"primaryThumbprint\":",
			   d->primary_thumbprint);
		if (*d->secondary_thumbprint)
			put_member(o,
				   ",\"secondaryThumbprint\":", d->secondary_thumbprint);
		put(o, "}");
	} else if (d->auth == PROV_AUTH_SAS) {
		put_key(o, ",\"symmetricKey\":{\"primaryKey\":", d->primary_key);
		put_key(o, ",\"secondaryKey\":", d->secondary_key);
		put(o, "}");
	}
	put(o, "}");
}

static void put_status(struct out *o, const struct prov_device *d)
{
	put_member(o, ",\"status\":", d->disabled ? "disabled" : "enabled");
	if (*d->status_reason)
		put_member(o, ",\"statusReason\":", d->status_reason);
}

static void put_device(struct out *o, const struct prov_device *d)
{
	put_member(o, "{\"deviceId\":", d->id);
	put_status(o, d);
	put_auth(o, d);
	if (d->edge)
		put(o, ",\"capabilities\":{\"iotEdge\":true}");
	put(o, "}");
}

static void put_row(struct out *o, const struct body_row *row)
{
	const struct prov_device *d = row->device;

	put_member(o, "{\"id\":", d->id);
	put_member(o, ",\"importMode\":", row->op);
	if (*d->etag && strstr(row->op, "IfMatchETag"))
		put_member(o, ",\"eTag\":", d->etag);
	if (row->auth) {
		put_status(o, d);
		put_auth(o, d);
	}
	put(o, "}");
}

/* A device, or rows. */
struct body {
	const struct prov_device *device;
	const struct body_row *rows;
	size_t n;
};

static void put_body(struct out *o, const struct body *body)
{
	if (body->device) {
		put_device(o, body->device);
		return;
	}
	put(o, "[");
	for (size_t i = 0; i < body->n; i++) {
		if (i)
			put(o, ",");
		put_row(o, &body->rows[i]);
	}
	put(o, "]");
}

static int make(const struct body *body, struct prov_secret **out, struct prov_error *err)
{
	struct out o = { 0 };
	int rc;

	put_body(&o, body);
	if (o.bad)
		return fail(err, PROV_ERR_ARG, "no such authentication");
	rc = secret_make(o.len, out, err);
	if (rc < 0)
		return rc;
	o = (struct out){ .to = (char *)secret_room(*out) };
	put_body(&o, body);
	return 0;
}

int body_device(const struct prov_device *device, struct prov_secret **out,
		struct prov_error *err)
{
	return make(&(struct body){ .device = device }, out, err);
}

int body_bulk(const struct body_row *rows, size_t n, struct prov_secret **out,
	      struct prov_error *err)
{
	return make(&(struct body){ .rows = rows, .n = n }, out, err);
}
