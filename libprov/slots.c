/*
 * Which slot is to hold what. Bytes in, bytes out: the CLI moves them.
 *
 * The slot with the valid record is never touched, so that a cut leaves it as it is; the
 * other one counts for nothing until its commit word, programmed last, is whole. [RM0090]
 * "Erase and program operations": programming clears bits, an erase sets them, and what
 * an operation that was cut off leaves behind is undefined.
 */
#include "local.h"

#include <string.h>

#define COMMIT_AT (RECORD_SLOT_BYTES - 4)

/* -- looking ----------------------------------------------------------------------- */

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

/* A record whose very first word was cut off: some of its bits are still set. */
static bool is_first_word(const uint8_t *slot)
{
	return (get32(slot) & RECORD_MAGIC) == RECORD_MAGIC &&
	       record_is_blank(slot + 4, RECORD_SLOT_BYTES - 4);
}

static enum prov_slot_state state_of(const uint8_t *slot, enum record_err err)
{
	uint32_t commit = get32(slot + COMMIT_AT);

	switch (err) {
	case RECORD_OK:
		return PROV_SLOT_VALID;
	case RECORD_ERR_BLANK:
		return PROV_SLOT_BLANK;
	case RECORD_ERR_MAGIC:
		return is_first_word(slot) ? PROV_SLOT_UNFINISHED : PROV_SLOT_OTHER;
	case RECORD_ERR_SERIAL:
		return PROV_SLOT_FOREIGN;
	case RECORD_ERR_SCHEMA:
		return PROV_SLOT_NEWER;
	case RECORD_ERR_REVOKED:
		return PROV_SLOT_REVOKED;
	case RECORD_ERR_UNCOMMITTED:
	case RECORD_ERR_COMMIT:
		return PROV_SLOT_UNFINISHED;
	default:
		return commit == RECORD_COMMIT_NONE ? PROV_SLOT_UNFINISHED
						    : PROV_SLOT_DAMAGED;
	}
}

void prov_slot_look(const uint8_t *slot, const char *serial, struct prov_slot *out)
{
	out->err = record_parse(slot, RECORD_SLOT_BYTES, serial, &out->view);
	out->state = state_of(slot, out->err);
}

const char *prov_slot_state_name(enum prov_slot_state state)
{
	static const char *const names[] = {
		[PROV_SLOT_BLANK] = "blank",           [PROV_SLOT_VALID] = "valid",
		[PROV_SLOT_UNFINISHED] = "unfinished", [PROV_SLOT_REVOKED] = "revoked",
		[PROV_SLOT_DAMAGED] = "damaged",       [PROV_SLOT_NEWER] = "newer",
		[PROV_SLOT_FOREIGN] = "foreign",       [PROV_SLOT_OTHER] = "other",
	};

	return names[state];
}

/* -- choosing ---------------------------------------------------------------------- */

struct board {
	struct prov_slot slots[2];
	int valid; /* the slot that counts, or -1 */
};

/* May this slot be replaced, or kept beside a new record? */
static int check_slot(const struct prov_slots *slots, unsigned i,
		      const struct prov_slot *s, const struct words *w)
{
	if (slots->replace & 1u << i)
		return 0;
	switch (s->state) {
	case PROV_SLOT_OTHER:
		return local_fail(w, PROV_LOCAL_REFUSED,
				  "slot %c is neither blank nor a credential record",
				  "AB"[i]);
	case PROV_SLOT_NEWER:
		return local_fail(
			w, PROV_LOCAL_REFUSED,
			"slot %c holds a record of schema %u, and we know only %u",
			"AB"[i], s -> view.slot[4] | s->view.slot[5] << 8, RECORD_SCHEMA);
	case PROV_SLOT_FOREIGN:
		return local_fail(w, PROV_LOCAL_FOREIGN,
				  "slot %c holds a record of board %s, this one is %s",
				  "AB"[i], s -> view.serial, slots->serial);
	default:
		return 0;
	}
}

static int look(const struct prov_slots *slots, struct board *b, const struct words *w)
{
	struct record_view view;
	int rc;

	prov_slot_look(slots->slot_a, slots->serial, &b->slots[0]);
	prov_slot_look(slots->slot_b, slots->serial, &b->slots[1]);
	b->valid = record_choose(slots->slot_a, slots->slot_b, RECORD_SLOT_BYTES,
				 slots->serial, &view);
	rc = check_slot(slots, 0, &b->slots[0], w);
	return rc < 0 ? rc : check_slot(slots, 1, &b->slots[1], w);
}

/* How much would be lost with a slot, when none is valid. */
static unsigned worth(const struct prov_slot *s)
{
	switch (s->state) {
	case PROV_SLOT_BLANK:
		return 0;
	case PROV_SLOT_OTHER:
	case PROV_SLOT_NEWER:
	case PROV_SLOT_FOREIGN:
		return 2;
	default:
		return 1;
	}
}

static unsigned choose(const struct board *b)
{
	const struct prov_slot *s = b->slots;

	if (b->valid >= 0)
		return (unsigned)(1 - b->valid);
	if (worth(&s[0]) != worth(&s[1]))
		return worth(&s[1]) < worth(&s[0]);
	return s[1].view.generation < s[0].view.generation;
}

/*
 * Above every generation of this board that can be read, also of records that do not
 * count: the firmware may have seen them, and wrapped keys take their nonce from it. 0
 * when none is left.
 */
static uint32_t next_generation(const struct board *b, const char *serial)
{
	uint32_t highest = 0;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (strcmp(b->slots[i].view.serial, serial) == 0 &&
		    b->slots[i].view.generation > highest)
			highest = b->slots[i].view.generation;
	return highest == RECORD_GENERATION_MAX ? 0 : highest + 1;
}

/* -- comparing --------------------------------------------------------------------- */

static bool is_key(uint16_t type)
{
	return type == RECORD_KEY_1 || type == RECORD_KEY_2 || type == RECORD_PRIVATE_KEY;
}

/* The next TLV that says something about the credentials. */
static bool next_said(const struct record_view *view, uint32_t *cursor,
		      struct record_tlv *out)
{
	while (record_next(view, cursor, out))
		if (out->type != RECORD_ISSUED_AT && out->type != RECORD_WRAP)
			return true;
	return false;
}

static bool same_value(const struct record_view *has, const struct record_tlv *x,
		       const struct record_tlv *want, const struct prov_wrap_root *root)
{
	uint8_t key[256];
	size_t len;
	bool same;

	if (x->type != want->type)
		return false;
	if (!root || !is_key(x->type))
		return x->len == want->len && memcmp(x->data, want->data, x->len) == 0;
	same = prov_unwrap(root, has, x->type, key, sizeof(key), &len, NULL, 0) == 0 &&
	       len == want->len && memcmp(key, want->data, len) == 0;
	explicit_bzero(key, sizeof(key));
	return same;
}

/* Does the record `has` say what the plain record `want` does? Both are by rising type.
 */
static bool same(const struct record_view *has, const struct record_view *want,
		 const struct prov_wrap_root *root)
{
	uint32_t at = 0, want_at = 0;
	struct record_tlv x, y;
	struct record_wrap wrap;

	if (record_wrap_get(has, &wrap) != (root != NULL) ||
	    (root && wrap.otp_block != root->otp_block))
		return false;
	while (next_said(want, &want_at, &y))
		if (!next_said(has, &at, &x) || !same_value(has, &x, &y, root))
			return false;
	return !next_said(has, &at, &x);
}

/* -- planning ---------------------------------------------------------------------- */

static const char *type_name(uint16_t type)
{
	static const char *const names[] = {
		[RECORD_HUB_HOST] = "hub host name",
		[RECORD_DEVICE_ID] = "device id",
		[RECORD_AUTH] = "authentication",
		[RECORD_KEY_1] = "primary key",
		[RECORD_KEY_2] = "secondary key",
		[RECORD_PRIVATE_KEY] = "private key",
		[RECORD_CERT] = "certificate",
		[RECORD_CHAIN_CERT] = "certificate chain",
		[RECORD_ROOT_CERT] = "root certificates",
		[RECORD_ID_SCOPE] = "id scope",
		[RECORD_REGISTRATION_ID] = "registration id",
		[RECORD_ISSUED_AT] = "time of issue",
		[RECORD_KEEP_ALIVE] = "keep-alive",
		[RECORD_GATEWAY] = "gateway",
		[RECORD_STATIC_IP] = "static address",
		[RECORD_SNTP_SERVER] = "SNTP server",
		[RECORD_WRAP] = "OTP block",
	};

	if (type >= RECORD_VENDOR)
		return "vendor value";
	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type]
								      : "record";
}

static int build(const struct record_fields *fields, const struct prov_slots *slots,
		 struct prov_slots_plan *out, struct record_view *view,
		 const struct words *w)
{
	int32_t rc = record_build(fields, out->generation, slots->serial, out->image,
				  sizeof(out->image), view);

	if (rc > 0)
		return 0;
	return local_fail(w, PROV_LOCAL_FORMAT, "%s: %s (type %02x, offset 0x%x)",
			  type_name(view->err_type),
			  record_err_words((enum record_err)rc), view->err_type,
			  view->err_at);
}

static int build_wrapped(const struct record_fields *fields,
			 const struct prov_slots *slots,
			 const struct prov_wrap_root *root, struct prov_slots_plan *out,
			 struct record_view *view, const struct words *w)
{
	struct prov_wrapped wrapped;
	int rc = prov_wrap(root, slots->serial, out->generation, NULL, fields, &wrapped,
			   w->to, w->bytes);

	if (rc == 0)
		rc = build(&wrapped.fields, slots, out, view, w);
	explicit_bzero(&wrapped, sizeof(wrapped));
	return rc;
}

static void begin(const struct prov_slots *slots, unsigned i, uint32_t generation,
		  struct prov_slots_plan *out)
{
	out->slot = 1u << i;
	out->sector_addr = i ? RECORD_SLOT_B_ADDR : RECORD_SLOT_A_ADDR;
	out->generation = generation;
	memcpy(out->image, i ? slots->slot_b : slots->slot_a, sizeof(out->image));
}

static int plan(const struct prov_slots *slots, const struct record_fields *fields,
		const struct prov_wrap_root *root, struct prov_slots_plan *out,
		const struct words *w)
{
	struct record_view view;
	struct board b;
	unsigned i;
	int rc;

	if (fields->wrap)
		return local_fail(w, PROV_LOCAL_ARG, "the keys are wrapped already");
	rc = look(slots, &b, w);
	if (rc < 0)
		return rc;
	i = choose(&b);
	begin(slots, i, next_generation(&b, slots->serial), out);
	if (!out->generation)
		return local_fail(w, PROV_LOCAL_SPENT, "the generations are used up");
	rc = build(fields, slots, out, &view, w);
	if (rc < 0)
		return rc;
	if (b.valid >= 0 && same(&b.slots[b.valid].view, &view, root)) {
		begin(slots, (unsigned)b.valid, b.slots[b.valid].view.generation, out);
		return 0;
	}
	if (root)
		rc = build_wrapped(fields, slots, root, out, &view, w);
	if (rc < 0)
		return rc;
	out->action = PROV_SLOTS_WRITE;
	out->erase = b.slots[i].state != PROV_SLOT_BLANK || slots->replace & out->slot;
	out->n_writes = 2;
	out->writes[0] = (struct prov_slots_write){ 0, view.total_bytes };
	out->writes[1] = (struct prov_slots_write){ COMMIT_AT, 4 };
	return 0;
}

int prov_slots_plan(const struct prov_slots *slots, const struct record_fields *fields,
		    const struct prov_wrap_root *root, struct prov_slots_plan *out,
		    char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	int rc;

	memset(out, 0, sizeof(*out));
	rc = plan(slots, fields, root, out, &w);
	if (rc < 0)
		prov_slots_plan_wipe(out);
	return rc;
}

int prov_slots_revoke(const struct prov_slots *slots, unsigned slot, bool last,
		      struct prov_slots_plan *out, char *words, size_t bytes)
{
	struct words w = local_begin(words, bytes);
	unsigned i = slot == PROV_SLOT_B;
	struct prov_slot s, other;

	memset(out, 0, sizeof(*out));
	if (slot != PROV_SLOT_A && slot != PROV_SLOT_B)
		return local_fail(&w, PROV_LOCAL_ARG, "there are slots A and B only");
	prov_slot_look(i ? slots->slot_b : slots->slot_a, slots->serial, &s);
	prov_slot_look(i ? slots->slot_a : slots->slot_b, slots->serial, &other);
	/* Whole ones only: elsewhere the commit word may be anything's. */
	if (s.err != RECORD_OK && s.err != RECORD_ERR_UNCOMMITTED &&
	    s.err != RECORD_ERR_COMMIT && s.err != RECORD_ERR_REVOKED)
		return local_fail(&w, PROV_LOCAL_ARG,
				  "slot %c has no record to revoke: %s", "AB"[i],
				  record_err_words(s.err));
	if (s.state == PROV_SLOT_VALID && other.state != PROV_SLOT_VALID && !last)
		return local_fail(&w, PROV_LOCAL_REFUSED,
				  "slot %c holds the only valid record", "AB"[i]);
	begin(slots, i, s.view.generation, out);
	if (s.state == PROV_SLOT_REVOKED)
		return 0;
	put32(out->image + COMMIT_AT, RECORD_COMMIT_REVOKED);
	out->action = PROV_SLOTS_REVOKE;
	out->n_writes = 1;
	out->writes[0] = (struct prov_slots_write){ COMMIT_AT, 4 };
	return 0;
}

void prov_slots_plan_wipe(struct prov_slots_plan *plan)
{
	explicit_bzero(plan, sizeof(*plan));
}
