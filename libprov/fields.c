/* A record's fields, read to be written again: a rotated key leaves the rest as it is. */
#include "local.h"

#include <string.h>

static const char *read_name(const struct record_view *view, uint16_t type, char to[262])
{
	return record_text(view, type, to, 262) ? to : NULL;
}

static int read_key(const struct record_view *view, const struct prov_wrap_root *root,
		    uint16_t type, uint8_t *to, size_t room, struct record_bytes *out,
		    const struct words *w)
{
	struct record_tlv tlv;

	if (!record_find(view, type, &tlv))
		return 0;
	out->data = to;
	out->len = tlv.len;
	if (view->wrapped && !root)
		return local_fail(w, PROV_LOCAL_KEY,
				  "the record's keys are wrapped with a root in OTP");
	if (view->wrapped)
		return prov_unwrap(root, view, type, to, room, &out->len, w->to,
				   w->bytes);
	/* Parsing has seen to it that it is not longer. */
	memcpy(to, tlv.data, tlv.len < room ? tlv.len : room);
	return 0;
}

static int read_certs(const struct record_view *view, uint16_t type,
		      struct record_bytes out[RECORD_CERTS_MAX], const struct words *w)
{
	uint32_t cursor = 0;
	struct record_tlv tlv;
	unsigned n;

	for (n = 0; record_next_of(view, type, &cursor, &tlv); n++) {
		if (n == RECORD_CERTS_MAX)
			return local_fail(
				w, PROV_LOCAL_FORMAT,
				"the record has more than %u certificates of type %02x",
				RECORD_CERTS_MAX, type);
		out[n] = (struct record_bytes){ tlv.data, tlv.len };
	}
	return 0;
}

/* What is of none of our types: the vendors', or a newer tool's, which we cannot keep. */
static int read_others(const struct record_view *view, struct record_vendor *out,
		       const struct words *w)
{
	uint32_t cursor = 0;
	struct record_tlv tlv;
	unsigned n = 0;

	while (record_next(view, &cursor, &tlv)) {
		if (tlv.type <= RECORD_WRAP)
			continue;
		if (tlv.type < RECORD_VENDOR || n == RECORD_VENDOR_MAX)
			return local_fail(
				w, PROV_LOCAL_FORMAT,
				"the record holds a value of type %04x at 0x%x that "
				"this version cannot keep",
				tlv.type, tlv.at);
		out[n].type = tlv.type;
		out[n++].value = (struct record_bytes){ tlv.data, tlv.len };
	}
	return 0;
}

static void read_plain(const struct record_view *view, struct prov_fields *out)
{
	struct record_fields *f = &out->fields;
	struct record_tlv tlv;

	f->auth = view->auth;
	f->hub_host = read_name(view, RECORD_HUB_HOST, out->names[0]);
	f->device_id = read_name(view, RECORD_DEVICE_ID, out->names[1]);
	f->id_scope = read_name(view, RECORD_ID_SCOPE, out->names[2]);
	f->registration_id = read_name(view, RECORD_REGISTRATION_ID, out->names[3]);
	f->gateway = read_name(view, RECORD_GATEWAY, out->names[4]);
	f->sntp_server = read_name(view, RECORD_SNTP_SERVER, out->names[5]);
	record_issued_at(view, &f->issued_at);
	record_keep_alive(view, &f->keep_alive_s);
	if (record_find(view, RECORD_CERT, &tlv))
		f->cert = (struct record_bytes){ tlv.data, tlv.len };
	if (record_find(view, RECORD_STATIC_IP, &tlv))
		f->static_ip = memcpy(out->static_ip, tlv.data, sizeof(out->static_ip));
}

static int read_keys(const struct record_view *view, const struct prov_wrap_root *root,
		     struct prov_fields *out, const struct words *w)
{
	int rc = read_key(view, root, RECORD_KEY_1, out->key_1, sizeof(out->key_1),
			  &out->fields.key_1, w);

	if (rc == 0)
		rc = read_key(view, root, RECORD_KEY_2, out->key_2, sizeof(out->key_2),
			      &out->fields.key_2, w);
	if (rc == 0)
		rc = read_key(view, root, RECORD_PRIVATE_KEY, out->private_key,
			      sizeof(out->private_key), &out->fields.private_key, w);
	return rc;
}

int prov_fields_read(const struct record_view *view, const struct prov_wrap_root *root,
		     struct prov_fields *out, char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	int rc;

	memset(out, 0, sizeof(*out));
	read_plain(view, out);
	rc = read_keys(view, root, out, &w);
	if (rc == 0)
		rc = read_certs(view, RECORD_CHAIN_CERT, out->fields.chain, &w);
	if (rc == 0)
		rc = read_certs(view, RECORD_ROOT_CERT, out->fields.roots, &w);
	if (rc == 0)
		rc = read_others(view, out->fields.vendor, &w);
	if (rc < 0)
		prov_fields_wipe(out);
	return rc;
}

void prov_fields_wipe(struct prov_fields *fields)
{
	explicit_bzero(fields, sizeof(*fields));
}
