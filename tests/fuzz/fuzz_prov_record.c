/*
 * Credential records: two slots of any content. The first byte says what is done to them
 * before: bits 0 and 1 make the CRCs of A and B fit, which no fuzzer finds by itself, bit
 * 2 asks for any serial. Then A's half, and B's; the last word of each is the commit
 * word.
 */
#include "prov_local.h"

#include <stdlib.h>
#include <string.h>

#define SERIAL "357A3A7D3137"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void seal(uint8_t *slot, size_t len)
{
	uint32_t total;

	if (len < 0x28)
		return;
	put32(slot + 0x1c, record_crc32(0, slot, 0x1c));
	total = get32(slot + 8);
	if (total >= 0x24 && total <= len - 4)
		put32(slot + total - 4, record_crc32(0, slot, total - 4));
}

static bool is_whole(enum record_err err)
{
	return err == RECORD_OK || err == RECORD_ERR_UNCOMMITTED ||
	       err == RECORD_ERR_REVOKED || err == RECORD_ERR_COMMIT;
}

/* TLVs lie one behind the other, from the header to the CRC. */
static void check_tlvs(const struct record_view *v)
{
	uint32_t cursor = 0, at = RECORD_HEADER_BYTES;
	struct record_tlv tlv, first;
	volatile uint8_t sum = 0;
	uint16_t i;

	while (record_next(v, &cursor, &tlv)) {
		must(tlv.at == at && tlv.data == v->slot + at + 4);
		must(record_find(v, tlv.type, &first) && first.at <= at);
		for (i = 0; i < tlv.len; i++)
			sum ^= tlv.data[i];
		at = cursor;
	}
	(void)sum;
	must(at == v->total_bytes - 4);
}

static void check_values(const struct record_view *v)
{
	struct record_wrap wrap;
	uint64_t issued_at = 1;
	uint16_t seconds = 1, type;
	char text[262];

	must(v->auth >= RECORD_AUTH_SAS && v->auth <= RECORD_AUTH_DPS_X509);
	must(v->generation > 0 && v->generation <= RECORD_GENERATION_MAX);
	must(strlen(v->serial) == RECORD_SERIAL_BYTES);
	for (type = 0; type < 0x20; type++) {
		bool name = type == RECORD_HUB_HOST || type == RECORD_DEVICE_ID ||
			    type == RECORD_GATEWAY || type == RECORD_SNTP_SERVER;
		struct record_tlv tlv;

		if (name && record_find(v, type, &tlv))
			must(record_text(v, type, text, sizeof(text)) &&
			     strlen(text) == tlv.len);
	}
	must(!record_issued_at(v, &issued_at) || issued_at > 0);
	must(!record_keep_alive(v, &seconds) || seconds > 0);
	must(record_wrap_get(v, &wrap) == v->wrapped);
	must(!v->wrapped || wrap.otp_block < 16);
}

/* What can be read as fields makes a record of the same length again. */
static void check_fields(const struct record_view *v)
{
	static uint8_t slot[RECORD_SLOT_BYTES];
	static struct prov_fields fields;
	struct record_view again;
	char words[240] = "";

	if (prov_fields_read(v, NULL, &fields, words, sizeof(words)) < 0)
		must(words[0] != '\0');
	else
		must(record_build(&fields.fields, v->generation, v->serial, slot,
				  sizeof(slot), &again) == (int32_t)v->total_bytes);
}

static void check_slot(const uint8_t *slot, size_t len, const char *serial)
{
	struct record_view v;
	enum record_err err = record_parse(slot, len, serial, &v);

	must(err <= RECORD_OK && err > RECORD_ERR_ROOM);
	must(strlen(record_err_words(err)) > 0);
	must(v.err_at <= len && (err != RECORD_OK || v.err_at == 0));
	if (!is_whole(err))
		return;
	check_tlvs(&v);
	check_values(&v);
	check_fields(&v);
}

static void check_choice(const uint8_t *a, const uint8_t *b, size_t len,
			 const char *serial)
{
	struct record_view va, vb, v;
	bool a_valid = record_parse(a, len, serial, &va) == RECORD_OK;
	bool b_valid = record_parse(b, len, serial, &vb) == RECORD_OK;
	int which = record_choose(a, b, len, serial, &v);

	must((which >= 0) == (a_valid || b_valid));
	must(which != 0 || (a_valid && v.slot == a));
	must(which != 1 || (b_valid && v.slot == b));
	must(which < 0 || !a_valid || v.generation >= va.generation);
	must(which < 0 || !b_valid || v.generation >= vb.generation);
}

/* No plan touches the record that counts, and what it makes would count instead. */
static void check_plan(const uint8_t *a, const uint8_t *b, unsigned replace)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	static struct prov_slots_plan plan;
	const struct record_fields fields = { .auth = RECORD_AUTH_SAS,
					      .hub_host = "h",
					      .device_id = "fuzz",
					      .key_1 = { key, sizeof(key) } };
	struct prov_slots slots = { a, b, SERIAL, replace };
	struct record_view v, made;
	char words[240] = "";
	int which = record_choose(a, b, RECORD_SLOT_BYTES, SERIAL, &v), rc;

	rc = prov_slots_plan(&slots, &fields, NULL, &plan, words, sizeof(words));
	if (rc < 0) {
		must(words[0] != '\0' && strpbrk(words, "\n\r\x1b") == NULL);
		return;
	}
	must(record_parse(plan.image, RECORD_SLOT_BYTES, SERIAL, &made) == RECORD_OK);
	if (plan.action == PROV_SLOTS_NOTHING) {
		must(which == (plan.slot == PROV_SLOT_B));
		return;
	}
	must(which < 0 || which != (plan.slot == PROV_SLOT_B));
	must(which < 0 || made.generation > v.generation);
}

/* The half as a slot of the real size: 0xff between what there is and the commit word. */
static void expand(uint8_t *to, const uint8_t *half, size_t len)
{
	memset(to, 0xff, RECORD_SLOT_BYTES);
	if (len < 4)
		return;
	memcpy(to, half, len - 4);
	memcpy(to + RECORD_SLOT_BYTES - 4, half + len - 4, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t full_a[RECORD_SLOT_BYTES], full_b[RECORD_SLOT_BYTES];
	const char *serial;
	size_t half;
	uint8_t *a, *b;

	if (len == 0 || len > 2 * RECORD_SLOT_BYTES)
		return 0;
	serial = bytes[0] & 4 ? NULL : SERIAL;
	half = (len - 1) / 2;
	/* Each in memory of its own, so that a byte too many is noticed. */
	a = malloc(half ? half : 1);
	b = malloc(half ? half : 1);
	must(a && b);
	memcpy(a, bytes + 1, half);
	memcpy(b, bytes + 1 + half, half);
	if (bytes[0] & 1)
		seal(a, half);
	if (bytes[0] & 2)
		seal(b, half);
	check_slot(a, half, serial);
	check_slot(b, half, serial);
	check_choice(a, b, half, serial);
	expand(full_a, a, half);
	expand(full_b, b, half);
	check_plan(full_a, full_b, bytes[0] >> 3 & 3);
	free(a);
	free(b);
	return 0;
}
