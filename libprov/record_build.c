/* Building the credential record (record.h). For firmware too: no libc, no heap. */
#include "record_layout.h"

#include <string.h>

struct builder {
	uint8_t *slot;
	uint32_t at, end; /* where the next TLV goes; where TLVs must end */
	struct record_view *view;
	enum record_err err; /* the first one */
};

static void add(struct builder *b, uint16_t type, const void *data, size_t len)
{
	uint8_t *to = b->slot + b->at;

	if (b->err)
		return;
	if (len > UINT16_MAX) {
		b->err = wrong(b->view, RECORD_ERR_VALUE_BYTES, b->at + 2, type);
		return;
	}
	if (b->end - b->at < TLV_HEAD + padded((uint32_t)len)) {
		b->err = wrong(b->view, RECORD_ERR_ROOM, b->at, type);
		return;
	}
	put16(to, type);
	put16(to + 2, (uint16_t)len);
	if (len > 0)
		memcpy(to + TLV_HEAD, data, len);
	memset(to + TLV_HEAD + len, 0, padded((uint32_t)len) - len);
	b->at += TLV_HEAD + padded((uint32_t)len);
}

static void add_name(struct builder *b, uint16_t type, const char *name)
{
	size_t len = 0;

	if (!name)
		return;
	while (name[len])
		len++;
	add(b, type, name, len);
}

static void add_bytes(struct builder *b, uint16_t type, const struct record_bytes *bytes)
{
	if (bytes->data)
		add(b, type, bytes->data, bytes->len);
}

static void add_certs(struct builder *b, uint16_t type, const struct record_bytes *certs)
{
	unsigned i;

	for (i = 0; i < RECORD_CERTS_MAX && certs[i].data; i++)
		add(b, type, certs[i].data, certs[i].len);
}

static void add_numbers(struct builder *b, const struct record_fields *f)
{
	uint8_t le[8];

	put32(le, (uint32_t)f->issued_at);
	put32(le + 4, (uint32_t)(f->issued_at >> 32));
	if (f->issued_at)
		add(b, RECORD_ISSUED_AT, le, 8);
	put16(le, f->keep_alive_s);
	if (f->keep_alive_s)
		add(b, RECORD_KEEP_ALIVE, le, 2);
}

static void add_wrap(struct builder *b, const struct record_wrap *wrap)
{
	uint8_t value[4 + RECORD_WRAP_SALT_BYTES] = { 0 };

	if (!wrap)
		return;
	value[0] = wrap->otp_block;
	value[1] = wrap->algorithm;
	memcpy(value + 4, wrap->salt, sizeof(wrap->salt));
	add(b, RECORD_WRAP, value, sizeof(value));
}

static void add_vendor(struct builder *b, const struct record_vendor *vendor)
{
	unsigned i;

	for (i = 0; i < RECORD_VENDOR_MAX && vendor[i].type; i++) {
		if (vendor[i].type < RECORD_VENDOR && !b->err)
			b->err = wrong(b->view, RECORD_ERR_TLV, b->at, vendor[i].type);
		add(b, vendor[i].type, vendor[i].value.data, vendor[i].value.len);
	}
}

static void add_all(struct builder *b, const struct record_fields *f)
{
	uint8_t auth = (uint8_t)f->auth;

	add_name(b, RECORD_HUB_HOST, f->hub_host);
	add_name(b, RECORD_DEVICE_ID, f->device_id);
	add(b, RECORD_AUTH, &auth, 1);
	add_bytes(b, RECORD_KEY_1, &f->key_1);
	add_bytes(b, RECORD_KEY_2, &f->key_2);
	add_bytes(b, RECORD_PRIVATE_KEY, &f->private_key);
	add_bytes(b, RECORD_CERT, &f->cert);
	add_certs(b, RECORD_CHAIN_CERT, f->chain);
	add_certs(b, RECORD_ROOT_CERT, f->roots);
	add_name(b, RECORD_ID_SCOPE, f->id_scope);
	add_name(b, RECORD_REGISTRATION_ID, f->registration_id);
	add_numbers(b, f);
	add_name(b, RECORD_GATEWAY, f->gateway);
	if (f->static_ip)
		add(b, RECORD_STATIC_IP, f->static_ip, 16);
	add_name(b, RECORD_SNTP_SERVER, f->sntp_server);
	add_wrap(b, f->wrap);
	add_vendor(b, f->vendor);
}

/* Round the TLVs: header, CRCs, commit word. */
static void finish(struct builder *b, uint32_t generation, const char *serial,
		   size_t slot_bytes)
{
	uint8_t *p = b->slot;
	uint32_t i;

	put32(p + AT_MAGIC, RECORD_MAGIC);
	put16(p + AT_SCHEMA, RECORD_SCHEMA);
	put16(p + AT_HEADER_BYTES, RECORD_HEADER_BYTES);
	put32(p + AT_TOTAL, b->at + CRC_BYTES);
	put32(p + AT_GENERATION, generation);
	memset(p + AT_SERIAL, 0, RECORD_SERIAL_BYTES);
	for (i = 0; i < RECORD_SERIAL_BYTES && serial[i]; i++)
		p[AT_SERIAL + i] = (uint8_t)serial[i];
	put32(p + AT_HEADER_CRC, record_crc32(0, p, AT_HEADER_CRC));
	put32(p + b->at, record_crc32(0, p, b->at));
	put32(p + slot_bytes - WORD, RECORD_COMMIT_VALID);
}

int32_t record_build(const struct record_fields *fields, uint32_t generation,
		     const char *serial, uint8_t *slot, size_t slot_bytes,
		     struct record_view *view)
{
	struct builder b = { .slot = slot, .at = RECORD_HEADER_BYTES, .view = view };

	memset(view, 0, sizeof(*view));
	view->slot = slot;
	if (!is_slot_length(slot_bytes))
		return wrong(view, RECORD_ERR_LENGTH, 0, 0);
	memset(slot, 0xff, slot_bytes);
	b.end = (uint32_t)slot_bytes - WORD - CRC_BYTES;
	add_all(&b, fields);
	if (!b.err) {
		finish(&b, generation, serial, slot_bytes);
		/* One set of rules: what would not be read back is not written. */
		b.err = record_parse(slot, slot_bytes, serial, view);
	}
	if (b.err) {
		record_wipe(slot, slot_bytes);
		memset(slot, 0xff, slot_bytes);
		return b.err;
	}
	return (int32_t)view->total_bytes;
}
