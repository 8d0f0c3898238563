/* Reading the credential record (record.h). The firmware builds this file too: no libc, no
 * heap. */
#include "record_layout.h"

#include <string.h>

/* -- bytes ------------------------------------------------------------------------- */

/* By half bytes: a table of 64 bytes, where one of 1 KiB would only be twice as fast. */
uint32_t record_crc32(uint32_t crc, const uint8_t *bytes, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c
	};

	crc = ~crc;
	while (len--) {
		crc ^= *bytes++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

bool record_is_blank(const uint8_t *bytes, size_t len)
{
	while (len > 0 && *bytes == 0xff) {
		bytes++;
		len--;
	}
	return len == 0;
}

void record_wipe(void *bytes, size_t len)
{
	volatile uint8_t *p = bytes;

	while (len--)
		*p++ = 0;
}

/* -- the types --------------------------------------------------------------------- */

enum kind {
	KIND_BYTES,
	KIND_NAME, /* ASCII without blanks and control characters */
	KIND_KEY,  /* longer by the tag when wrapped */
	KIND_AUTH,
	KIND_NUMBER, /* any but 0 */
	KIND_WRAP
};

struct type {
	uint8_t kind, repeats;
	uint16_t min, max;
};

#define TYPES 0x12u

static const struct type types[TYPES] = {
	[RECORD_HUB_HOST] = { KIND_NAME, 0, 1, 255 },
	[RECORD_DEVICE_ID] = { KIND_NAME, 0, 1, 128 },
	[RECORD_AUTH] = { KIND_AUTH, 0, 1, 1 },
	[RECORD_KEY_1] = { KIND_KEY, 0, 16, 64 },
	[RECORD_KEY_2] = { KIND_KEY, 0, 16, 64 },
	[RECORD_PRIVATE_KEY] = { KIND_KEY, 0, 32, 256 },
	[RECORD_CERT] = { KIND_BYTES, 0, 1, 2048 },
	[RECORD_CHAIN_CERT] = { KIND_BYTES, 1, 1, 2048 },
	[RECORD_ROOT_CERT] = { KIND_BYTES, 1, 1, 2048 },
	[RECORD_ID_SCOPE] = { KIND_NAME, 0, 1, 32 },
	[RECORD_REGISTRATION_ID] = { KIND_NAME, 0, 1, 128 },
	[RECORD_ISSUED_AT] = { KIND_NUMBER, 0, 8, 8 },
	[RECORD_KEEP_ALIVE] = { KIND_NUMBER, 0, 2, 2 },
	[RECORD_GATEWAY] = { KIND_NAME, 0, 1, 261 },
	[RECORD_STATIC_IP] = { KIND_BYTES, 0, 16, 16 },
	[RECORD_SNTP_SERVER] = { KIND_NAME, 0, 1, 255 },
	[RECORD_WRAP] = { KIND_WRAP, 0, 4 + RECORD_WRAP_SALT_BYTES,
			  4 + RECORD_WRAP_SALT_BYTES },
};

/* What each kind of authentication cannot do without: a bit for each type. */
#define NEEDS_HUB  (1u << RECORD_HUB_HOST | 1u << RECORD_DEVICE_ID)
#define NEEDS_DPS  (1u << RECORD_ID_SCOPE | 1u << RECORD_REGISTRATION_ID)
#define NEEDS_KEY  (1u << RECORD_KEY_1)
#define NEEDS_X509 (1u << RECORD_PRIVATE_KEY | 1u << RECORD_CERT)

static const uint32_t needs[] = {
	[RECORD_AUTH_SAS] = NEEDS_HUB | NEEDS_KEY,
	[RECORD_AUTH_X509] = NEEDS_HUB | NEEDS_X509,
	[RECORD_AUTH_DPS_SAS] = NEEDS_DPS | NEEDS_KEY,
	[RECORD_AUTH_DPS_X509] = NEEDS_DPS | NEEDS_X509,
};

/* -- parsing ----------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

static enum record_err parse_serial(struct record_view *v, const char *serial)
{
	uint32_t i;

	for (i = 0; i < RECORD_SERIAL_BYTES; i++)
		if (!is_digit((char)v->slot[AT_SERIAL + i]))
			return wrong(v, RECORD_ERR_DIGITS, AT_SERIAL + i, 0);
	memcpy(v->serial, v->slot + AT_SERIAL, RECORD_SERIAL_BYTES);
	/* The caller's may be shorter: its end differs from every digit. */
	for (i = 0; serial && i < RECORD_SERIAL_BYTES; i++)
		if (serial[i] != v->serial[i])
			return wrong(v, RECORD_ERR_SERIAL, AT_SERIAL + i, 0);
	if (serial && serial[i] != '\0')
		return wrong(v, RECORD_ERR_SERIAL, AT_SERIAL, 0);
	return RECORD_OK;
}

static enum record_err parse_header(struct record_view *v, size_t slot_bytes,
				    const char *serial)
{
	const uint8_t *p = v->slot;
	uint32_t total;

	if (get32(p) != RECORD_MAGIC)
		return wrong(v,
			     record_is_blank(p, slot_bytes) ? RECORD_ERR_BLANK
							    : RECORD_ERR_MAGIC,
			     AT_MAGIC, 0);
	if (record_crc32(0, p, AT_HEADER_CRC) != get32(p + AT_HEADER_CRC))
		return wrong(v, RECORD_ERR_HEADER_CRC, AT_HEADER_CRC, 0);
	if (get16(p + AT_SCHEMA) != RECORD_SCHEMA)
		return wrong(v, RECORD_ERR_SCHEMA, AT_SCHEMA, 0);
	if (get16(p + AT_HEADER_BYTES) != RECORD_HEADER_BYTES)
		return wrong(v, RECORD_ERR_SCHEMA, AT_HEADER_BYTES, 0);
	total = get32(p + AT_TOTAL);
	if (total % WORD || total < RECORD_HEADER_BYTES + CRC_BYTES ||
	    total > slot_bytes - WORD)
		return wrong(v, RECORD_ERR_TOTAL, AT_TOTAL, 0);
	v->generation = get32(p + AT_GENERATION);
	if (v->generation == 0 || v->generation > RECORD_GENERATION_MAX)
		return wrong(v, RECORD_ERR_GENERATION, AT_GENERATION, 0);
	v->total_bytes = total;
	return parse_serial(v, serial);
}

/* Each TLV within the record, padded with zeros, and none twice; *seen gets their bits.
 */
static enum record_err parse_tlvs(struct record_view *v, uint32_t *seen)
{
	uint32_t end = v->total_bytes - CRC_BYTES, at = RECORD_HEADER_BYTES;

	while (at < end) {
		uint16_t type = get16(v->slot + at), len = get16(v->slot + at + 2);
		uint32_t next = at + TLV_HEAD + padded(len), i;

		if (type == 0 || type == 0xffff || next > end)
			return wrong(v, RECORD_ERR_TLV, at, type);
		for (i = at + TLV_HEAD + len; i < next; i++)
			if (v->slot[i] != 0)
				return wrong(v, RECORD_ERR_PADDING, i, type);
		if (type < TYPES) {
			if (*seen & 1u << type && !types[type].repeats)
				return wrong(v, RECORD_ERR_TWICE, at, type);
			*seen |= 1u << type;
		}
		at = next;
	}
	return RECORD_OK;
}

/* The first byte that a value of this kind may not have; its length when there is none.
 */
static uint32_t first_bad_byte(enum kind kind, const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	switch (kind) {
	case KIND_NAME:
		while (i < len && p[i] > ' ' && p[i] < 0x7f)
			i++;
		return i;
	case KIND_NUMBER:
		while (i < len && p[i] == 0)
			i++;
		return i < len ? len : 0;
	case KIND_AUTH:
		return p[0] >= RECORD_AUTH_SAS && p[0] <= RECORD_AUTH_DPS_X509 ? len : 0;
	case KIND_WRAP:
		if (p[0] > 15) /* blocks of OTP: RM0090, "OTP area" */
			return 0;
		if (p[1] != RECORD_WRAP_AES256_GCM)
			return 1;
		return p[2] ? 2 : p[3] ? 3 : len;
	default:
		return len;
	}
}

static enum record_err check_value(struct record_view *v, const struct record_tlv *tlv)
{
	const struct type *type;
	uint32_t more, bad;

	if (tlv->type >= TYPES)
		return RECORD_OK;
	type = &types[tlv->type];
	more = type->kind == KIND_KEY && v->wrapped ? RECORD_WRAP_TAG_BYTES : 0;
	if (tlv->len < type->min + more || tlv->len > type->max + more)
		return wrong(v, RECORD_ERR_VALUE_BYTES, tlv->at + 2, tlv->type);
	bad = first_bad_byte((enum kind)type->kind, tlv->data, tlv->len);
	if (bad < tlv->len)
		return wrong(v, RECORD_ERR_VALUE, tlv->at + TLV_HEAD + bad, tlv->type);
	if (tlv->type == RECORD_AUTH)
		v->auth = (enum record_auth)tlv->data[0];
	return RECORD_OK;
}

/* A TLV that is missing is missed at the end, where the CRC is in its place. */
static enum record_err check_complete(struct record_view *v, uint32_t seen)
{
	uint32_t missing = 1u << RECORD_AUTH;
	uint16_t type = 0;

	if (seen & 1u << RECORD_AUTH)
		missing = needs[v->auth] & ~seen;
	if (!missing)
		return RECORD_OK;
	while (!(missing >> type & 1))
		type++;
	return wrong(v, RECORD_ERR_MISSING, v->total_bytes - CRC_BYTES, type);
}

static enum record_err parse_body(struct record_view *v)
{
	uint32_t end = v->total_bytes - CRC_BYTES, seen = 0, cursor = 0;
	struct record_tlv tlv;
	enum record_err err;

	if (record_crc32(0, v->slot, end) != get32(v->slot + end))
		return wrong(v, RECORD_ERR_CRC, end, 0);
	err = parse_tlvs(v, &seen);
	if (err)
		return err;
	v->wrapped = seen >> RECORD_WRAP & 1;
	while (record_next(v, &cursor, &tlv)) {
		err = check_value(v, &tlv);
		if (err)
			return err;
	}
	return check_complete(v, seen);
}

enum record_err record_parse(const uint8_t *slot, size_t slot_bytes, const char *serial,
			     struct record_view *view)
{
	uint32_t commit_at;
	enum record_err err;

	memset(view, 0, sizeof(*view));
	view->slot = slot;
	if (!is_slot_length(slot_bytes))
		return wrong(view, RECORD_ERR_LENGTH, 0, 0);
	err = parse_header(view, slot_bytes, serial);
	if (!err)
		err = parse_body(view);
	if (err)
		return err;
	commit_at = (uint32_t)slot_bytes - WORD;
	view->commit = get32(slot + commit_at);
	switch (view->commit) {
	case RECORD_COMMIT_VALID:
		return RECORD_OK;
	case RECORD_COMMIT_REVOKED:
		return wrong(view, RECORD_ERR_REVOKED, commit_at, 0);
	case RECORD_COMMIT_NONE:
		return wrong(view, RECORD_ERR_UNCOMMITTED, commit_at, 0);
	default:
		return wrong(view, RECORD_ERR_COMMIT, commit_at, 0);
	}
}

int record_choose(const uint8_t *slot_a, const uint8_t *slot_b, size_t slot_bytes,
		  const char *serial, struct record_view *view)
{
	struct record_view b;
	bool a_valid = record_parse(slot_a, slot_bytes, serial, view) == RECORD_OK;
	bool b_valid = record_parse(slot_b, slot_bytes, serial, &b) == RECORD_OK;

	if (b_valid && (!a_valid || b.generation > view->generation)) {
		*view = b;
		return 1;
	}
	return a_valid ? 0 : -1;
}

/* -- reading ----------------------------------------------------------------------- */

bool record_next(const struct record_view *view, uint32_t *cursor, struct record_tlv *out)
{
	uint32_t at = *cursor ? *cursor : RECORD_HEADER_BYTES;
	const uint8_t *p = view->slot + at;

	if (at + CRC_BYTES >= view->total_bytes)
		return false;
	*out = (struct record_tlv){ get16(p), get16(p + 2), at, p + TLV_HEAD };
	*cursor = at + TLV_HEAD + padded(out->len);
	return true;
}

bool record_next_of(const struct record_view *view, uint16_t type, uint32_t *cursor,
		    struct record_tlv *out)
{
	while (record_next(view, cursor, out))
		if (out->type == type)
			return true;
	return false;
}

bool record_find(const struct record_view *view, uint16_t type, struct record_tlv *out)
{
	uint32_t cursor = 0;

	return record_next_of(view, type, &cursor, out);
}

bool record_text(const struct record_view *view, uint16_t type, char *out, size_t bytes)
{
	struct record_tlv tlv;

	if (bytes > 0)
		out[0] = '\0';
	if (!record_find(view, type, &tlv) || tlv.len >= bytes)
		return false;
	memcpy(out, tlv.data, tlv.len);
	out[tlv.len] = '\0';
	return true;
}

bool record_issued_at(const struct record_view *view, uint64_t *unix_s)
{
	struct record_tlv tlv;

	if (!record_find(view, RECORD_ISSUED_AT, &tlv))
		return false;
	*unix_s = get32(tlv.data) | (uint64_t)get32(tlv.data + 4) << 32;
	return true;
}

bool record_keep_alive(const struct record_view *view, uint16_t *seconds)
{
	struct record_tlv tlv;

	if (!record_find(view, RECORD_KEEP_ALIVE, &tlv))
		return false;
	*seconds = get16(tlv.data);
	return true;
}

bool record_wrap_get(const struct record_view *view, struct record_wrap *out)
{
	struct record_tlv tlv;

	if (!record_find(view, RECORD_WRAP, &tlv))
		return false;
	out->otp_block = tlv.data[0];
	out->algorithm = tlv.data[1];
	memcpy(out->salt, tlv.data + 4, sizeof(out->salt));
	return true;
}

void record_wrap_nonce(uint32_t generation, uint16_t type,
		       uint8_t out[RECORD_WRAP_NONCE_BYTES])
{
	memset(out, 0, RECORD_WRAP_NONCE_BYTES);
	put32(out, generation);
	put16(out + 4, type);
}

/* -- words ------------------------------------------------------------------------- */

/* The firmware does not print them: unused, the linker drops them. */
const char *record_err_words(enum record_err err)
{
	static const char *const words[] = {
		[-RECORD_OK] = "valid",
		[-RECORD_ERR_LENGTH] = "no slot has this length",
		[-RECORD_ERR_BLANK] = "blank",
		[-RECORD_ERR_MAGIC] = "no credential record",
		[-RECORD_ERR_HEADER_CRC] = "the header's CRC does not fit",
		[-RECORD_ERR_SCHEMA] = "a record of another schema",
		[-RECORD_ERR_TOTAL] = "the record's length is none",
		[-RECORD_ERR_GENERATION] = "the generation is none",
		[-RECORD_ERR_SERIAL] = "bound to another board's serial",
		[-RECORD_ERR_DIGITS] = "the serial is not twelve hexadecimal digits",
		[-RECORD_ERR_CRC] = "the record's CRC does not fit",
		[-RECORD_ERR_TLV] = "a TLV that cannot be",
		[-RECORD_ERR_PADDING] = "the padding is not zero",
		[-RECORD_ERR_TWICE] = "a value is there twice",
		[-RECORD_ERR_VALUE_BYTES] = "a value has the wrong length",
		[-RECORD_ERR_VALUE] = "a value is malformed",
		[-RECORD_ERR_MISSING] = "a value is missing",
		[-RECORD_ERR_UNCOMMITTED] = "written, but not made valid",
		[-RECORD_ERR_REVOKED] = "revoked",
		[-RECORD_ERR_COMMIT] = "the commit word is damaged",
		[-RECORD_ERR_ROOM] = "does not fit into a slot",
	};
	unsigned i = (unsigned)-(int)err;

	return i < sizeof(words) / sizeof(words[0]) ? words[i] : "an unknown error";
}
