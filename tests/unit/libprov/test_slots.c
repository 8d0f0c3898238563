#include "records.h"

#include "prov_local.h"

#define COMMIT_AT 0x3ffc

/* How a slot is made for a test. */
enum made {
	BLANK,
	VALID,
	REVOKED,
	UNCOMMITTED,
	COMMIT_TORN,
	BODY_TORN,
	HEADER_TORN,
	WORD_TORN,
	DAMAGED,
	NEWER,
	FOREIGN,
	OTHER,
	MADE
};

static void make(uint8_t *slot, enum made made, uint32_t generation)
{
	make_slot(slot, generation, made == FOREIGN ? "0123456789AB" : SERIAL);
	if (made == BLANK || made == OTHER || made == WORD_TORN)
		memset(slot, 0xff, RECORD_SLOT_BYTES);
	if (made == OTHER)
		slot[0x2000] = 0x20;
	if (made == WORD_TORN)
		memcpy(slot, "STM\xff", 4);
	if (made == UNCOMMITTED || made == BODY_TORN || made == HEADER_TORN)
		put_le(slot + COMMIT_AT, RECORD_COMMIT_NONE, 4);
	if (made == BODY_TORN)
		memset(slot + 0x60, 0xff, 0x24);
	if (made == HEADER_TORN)
		memset(slot + 0x14, 0xff, 0x70);
	if (made == COMMIT_TORN)
		put_le(slot + COMMIT_AT, 0xffffa5a5, 4);
	if (made == REVOKED)
		put_le(slot + COMMIT_AT, RECORD_COMMIT_REVOKED, 4);
	if (made == DAMAGED)
		slot[0x60] ^= 1;
	if (made == NEWER) {
		slot[4] = 2;
		reseal(slot);
	}
}

static void test_states(void **state)
{
	static const struct {
		enum made made;
		enum prov_slot_state state;
		const char *name;
	} rows[] = {
		{ BLANK, PROV_SLOT_BLANK, "blank" },
		{ VALID, PROV_SLOT_VALID, "valid" },
		{ REVOKED, PROV_SLOT_REVOKED, "revoked" },
		{ UNCOMMITTED, PROV_SLOT_UNFINISHED, "unfinished" },
		{ COMMIT_TORN, PROV_SLOT_UNFINISHED, "unfinished" },
		{ BODY_TORN, PROV_SLOT_UNFINISHED, "unfinished" },
		{ HEADER_TORN, PROV_SLOT_UNFINISHED, "unfinished" },
		{ WORD_TORN, PROV_SLOT_UNFINISHED, "unfinished" },
		{ DAMAGED, PROV_SLOT_DAMAGED, "damaged" },
		{ NEWER, PROV_SLOT_NEWER, "newer" },
		{ FOREIGN, PROV_SLOT_FOREIGN, "foreign" },
		{ OTHER, PROV_SLOT_OTHER, "other" },
	};
	uint8_t bytes[RECORD_SLOT_BYTES];
	struct prov_slot slot;
	size_t i;

	(void)state;
	assert_int_equal(ROWS(rows), MADE);
	for (i = 0; i < ROWS(rows); i++) {
		make(bytes, rows[i].made, 3);
		prov_slot_look(bytes, SERIAL, &slot);
		if (slot.state != rows[i].state)
			fail_msg("row %zu: %d", i, (int)slot.state);
		assert_string_equal(prov_slot_state_name(slot.state), rows[i].name);
	}
}

/* Which slot, which generation, and whether it must be erased. */
static const struct {
	enum made a;
	uint32_t gen_a;
	enum made b;
	uint32_t gen_b;
	unsigned replace;
	int rc;
	char slot;
	uint32_t generation;
	bool erase;
} plans[] = {
	{ BLANK, 1, BLANK, 1, 0, 0, 'A', 1, false },
	{ VALID, 1, BLANK, 1, 0, 0, 'B', 2, false },
	{ BLANK, 1, VALID, 1, 0, 0, 'A', 2, false },
	{ VALID, 5, VALID, 4, 0, 0, 'B', 6, true },
	{ VALID, 4, VALID, 5, 0, 0, 'A', 6, true },
	{ VALID, 5, VALID, 5, 0, 0, 'B', 6, true },
	{ VALID, 5, REVOKED, 6, 0, 0, 'B', 7, true },
	{ VALID, 5, UNCOMMITTED, 6, 0, 0, 'B', 7, true },
	{ VALID, 5, BODY_TORN, 6, 0, 0, 'B', 7, true },
	{ VALID, 5, HEADER_TORN, 6, 0, 0, 'B', 6, true },
	{ VALID, 5, WORD_TORN, 6, 0, 0, 'B', 6, true },
	{ VALID, 5, DAMAGED, 6, 0, 0, 'B', 7, true },
	{ REVOKED, 5, BLANK, 1, 0, 0, 'B', 6, false },
	{ REVOKED, 5, REVOKED, 4, 0, 0, 'B', 6, true },
	{ REVOKED, 4, REVOKED, 5, 0, 0, 'A', 6, true },
	{ BODY_TORN, 1, BLANK, 1, 0, 0, 'B', 2, false },
	/* refused, unless told otherwise */
	{ OTHER, 1, BLANK, 1, 0, PROV_LOCAL_REFUSED, 0, 0, false },
	{ BLANK, 1, OTHER, 1, 0, PROV_LOCAL_REFUSED, 0, 0, false },
	{ VALID, 1, OTHER, 1, 0, PROV_LOCAL_REFUSED, 0, 0, false },
	{ VALID, 1, NEWER, 1, 0, PROV_LOCAL_REFUSED, 0, 0, false },
	{ VALID, 1, FOREIGN, 9, 0, PROV_LOCAL_FOREIGN, 0, 0, false },
	{ FOREIGN, 9, VALID, 1, 0, PROV_LOCAL_FOREIGN, 0, 0, false },
	{ FOREIGN, 9, FOREIGN, 9, PROV_SLOT_A, PROV_LOCAL_FOREIGN, 0, 0, false },
	{ OTHER, 1, BLANK, 1, PROV_SLOT_B, PROV_LOCAL_REFUSED, 0, 0, false },
	{ OTHER, 1, BLANK, 1, PROV_SLOT_A, 0, 'B', 1, false },
	{ VALID, 1, OTHER, 1, PROV_SLOT_B, 0, 'B', 2, true },
	{ VALID, 1, NEWER, 9, PROV_SLOT_B, 0, 'B', 2, true },
	{ VALID, 1, FOREIGN, 9, PROV_SLOT_B, 0, 'B', 2, true },
	{ FOREIGN, 9, OTHER, 1, PROV_SLOT_A | PROV_SLOT_B, 0, 'B', 1, true },
	{ VALID, 1, BLANK, 1, PROV_SLOT_B, 0, 'B', 2, true },
	/* the valid one stays, whatever may be replaced */
	{ VALID, 1, BLANK, 1, PROV_SLOT_A | PROV_SLOT_B, 0, 'B', 2, true },
	/* the end of the generations */
	{ VALID, RECORD_GENERATION_MAX - 1, BLANK, 1, 0, 0, 'B', RECORD_GENERATION_MAX,
	  false },
	{ VALID, RECORD_GENERATION_MAX, BLANK, 1, 0, PROV_LOCAL_SPENT, 0, 0, false },
	{ VALID, 1, REVOKED, RECORD_GENERATION_MAX, 0, PROV_LOCAL_SPENT, 0, 0, false },
};

static void check_plan(size_t i, const struct prov_slots_plan *plan)
{
	struct record_view v;

	if (plan->slot != (plans[i].slot == 'A' ? PROV_SLOT_A : PROV_SLOT_B) ||
	    plan->generation != plans[i].generation || plan->erase != plans[i].erase)
		fail_msg("row %zu: slot %u, generation %u, erase %d", i, plan->slot,
			 plan->generation, plan->erase);
	assert_int_equal(plan->action, PROV_SLOTS_WRITE);
	assert_int_equal(plan->sector_addr,
			 plans[i].slot == 'A' ? 0x08008000 : 0x0800c000);
	assert_int_equal(plan->n_writes, 2);
	assert_int_equal(record_parse(plan->image, RECORD_SLOT_BYTES, SERIAL, &v),
			 RECORD_OK);
	assert_int_equal(plan->writes[0].at, 0);
	assert_int_equal(plan->writes[0].len, v.total_bytes);
	assert_int_equal(plan->writes[1].at, COMMIT_AT);
	assert_int_equal(plan->writes[1].len, 4);
}

static void test_plans(void **state)
{
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan, zero;
	struct record_fields f = sas_fields();
	char words[200];
	size_t i;

	(void)state;
	f.device_id = "another";
	for (i = 0; i < ROWS(plans); i++) {
		struct prov_slots slots = { a, b, SERIAL, plans[i].replace };
		int rc;

		make(a, plans[i].a, plans[i].gen_a);
		make(b, plans[i].b, plans[i].gen_b);
		words[0] = '\0';
		rc = prov_slots_plan(&slots, &f, NULL, &plan, words, sizeof(words));
		if (rc != plans[i].rc)
			fail_msg("row %zu: %d %s", i, rc, words);
		if (rc == 0) {
			check_plan(i, &plan);
			continue;
		}
		assert_true(strlen(words) > 10);
		assert_memory_equal(&plan, &zero, sizeof(plan));
	}
}

static void test_words(void **state)
{
	static const struct {
		enum made b;
		const char *words;
	} rows[] = {
		{ OTHER, "slot B is neither blank nor a credential record" },
		{ NEWER, "slot B holds a record of schema 2, and we know only 1" },
		{ FOREIGN,
		  "slot B holds a record of board 0123456789AB, this one is " SERIAL },
	};
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_fields f = sas_fields();
	char words[200];
	size_t i;

	(void)state;
	make(a, VALID, 1);
	for (i = 0; i < ROWS(rows); i++) {
		make(b, rows[i].b, 2);
		assert_true(prov_slots_plan(&slots, &f, NULL, &plan, words,
					    sizeof(words)) < 0);
		assert_string_equal(words, rows[i].words);
	}
	make(b, BLANK, 1);
	f.key_1.len = 65;
	assert_int_equal(prov_slots_plan(&slots, &f, NULL, &plan, words, sizeof(words)),
			 PROV_LOCAL_FORMAT);
	assert_string_equal(
		words,
		"primary key: a value has the wrong length (type 04, offset 0x52)");
	slots.serial = "357";
	assert_int_equal(prov_slots_plan(&slots, &f, NULL, &plan, NULL, 0),
			 PROV_LOCAL_FOREIGN);
}

/* -- nothing to do ----------------------------------------------------------------- */

static void commit(const struct prov_slots_plan *plan, uint8_t *a, uint8_t *b)
{
	memcpy(plan->slot == PROV_SLOT_A ? a : b, plan->image, RECORD_SLOT_BYTES);
}

static void check_same(const struct prov_wrap_root *root)
{
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	static const struct prov_wrap_root other = { 3, { 1 } };
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_fields f = sas_fields();
	uint8_t changed[32] = { 9 };

	make(a, BLANK, 1);
	make(b, BLANK, 1);
	f.key_2 = (struct record_bytes){ key_bytes, 48 };
	assert_int_equal(prov_slots_plan(&slots, &f, root, &plan, NULL, 0), 0);
	assert_int_equal(plan.slot, PROV_SLOT_A);
	commit(&plan, a, b);

	f.issued_at++;
	assert_int_equal(prov_slots_plan(&slots, &f, root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_NOTHING);
	assert_int_equal(plan.slot, PROV_SLOT_A);
	assert_int_equal(plan.generation, 1);
	assert_int_equal(plan.n_writes, 0);
	assert_memory_equal(plan.image, a, sizeof(a));

	f.key_1.data = changed;
	assert_int_equal(prov_slots_plan(&slots, &f, root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
	f.key_1.data = key_bytes;
	f.sntp_server = "ntp";
	assert_int_equal(prov_slots_plan(&slots, &f, root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
	f.sntp_server = NULL;
	f.key_2.data = NULL;
	assert_int_equal(prov_slots_plan(&slots, &f, root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
	f.key_2.data = key_bytes;
	assert_int_equal(
		prov_slots_plan(&slots, &f, root ? NULL : &other, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
	assert_int_equal(prov_slots_plan(&slots, &f, &other, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
}

static void test_same(void **state)
{
	static const struct prov_wrap_root root = { 3, { 7, 7, 7 } };

	(void)state;
	check_same(NULL);
	check_same(&root);
}

/* No byte of a key is left in the image when it is wrapped. */
static void test_wrapped(void **state)
{
	static const struct prov_wrap_root root = { 3, { 7, 7, 7 } };
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_fields f = sas_fields();
	struct record_view v;
	uint8_t key[64];
	size_t len;

	(void)state;
	make(a, VALID, 8);
	make(b, BLANK, 1);
	assert_int_equal(prov_slots_plan(&slots, &f, &root, &plan, NULL, 0), 0);
	assert_int_equal(plan.action, PROV_SLOTS_WRITE);
	assert_null(memmem(plan.image, sizeof(plan.image), key_bytes, 6));
	assert_int_equal(record_parse(plan.image, sizeof(plan.image), SERIAL, &v),
			 RECORD_OK);
	assert_int_equal(v.generation, 9);
	assert_int_equal(
		prov_unwrap(&root, &v, RECORD_KEY_1, key, sizeof(key), &len, NULL, 0), 0);
	assert_int_equal(len, 32);
	assert_memory_equal(key, key_bytes, 32);
	f.wrap = &(struct record_wrap){ 0 };
	assert_int_equal(prov_slots_plan(&slots, &f, &root, &plan, NULL, 0),
			 PROV_LOCAL_ARG);
}

/* -- revoking ---------------------------------------------------------------------- */

static void test_revoke(void **state)
{
	static const struct {
		enum made a, b;
		unsigned slot;
		bool last;
		int rc;
		enum prov_slots_action action;
	} rows[] = {
		{ VALID, VALID, PROV_SLOT_A, false, 0, PROV_SLOTS_REVOKE },
		{ VALID, VALID, PROV_SLOT_B, false, 0, PROV_SLOTS_REVOKE },
		{ VALID, BLANK, PROV_SLOT_A, false, PROV_LOCAL_REFUSED, 0 },
		{ VALID, BLANK, PROV_SLOT_A, true, 0, PROV_SLOTS_REVOKE },
		{ VALID, REVOKED, PROV_SLOT_B, false, 0, PROV_SLOTS_NOTHING },
		{ VALID, UNCOMMITTED, PROV_SLOT_B, false, 0, PROV_SLOTS_REVOKE },
		{ VALID, COMMIT_TORN, PROV_SLOT_B, false, 0, PROV_SLOTS_REVOKE },
		{ VALID, BLANK, PROV_SLOT_B, true, PROV_LOCAL_ARG, 0 },
		{ VALID, OTHER, PROV_SLOT_B, true, PROV_LOCAL_ARG, 0 },
		{ VALID, FOREIGN, PROV_SLOT_B, true, PROV_LOCAL_ARG, 0 },
		{ VALID, DAMAGED, PROV_SLOT_B, true, PROV_LOCAL_ARG, 0 },
		{ VALID, VALID, 3, true, PROV_LOCAL_ARG, 0 },
	};
	static uint8_t a[RECORD_SLOT_BYTES], b[RECORD_SLOT_BYTES];
	static struct prov_slots_plan plan;
	struct prov_slots slots = { a, b, SERIAL, 0 };
	struct record_view v;
	size_t i, k;

	(void)state;
	for (i = 0; i < ROWS(rows); i++) {
		const uint8_t *was = rows[i].slot == PROV_SLOT_A ? a : b;

		make(a, rows[i].a, 1);
		make(b, rows[i].b, 2);
		if (prov_slots_revoke(&slots, rows[i].slot, rows[i].last, &plan, NULL,
				      0) != rows[i].rc ||
		    plan.action != rows[i].action)
			fail_msg("row %zu", i);
		if (plan.action != PROV_SLOTS_REVOKE)
			continue;
		assert_false(plan.erase);
		assert_int_equal(plan.n_writes, 1);
		assert_int_equal(plan.writes[0].at, COMMIT_AT);
		for (k = 0; k < RECORD_SLOT_BYTES; k++)
			assert_int_equal(plan.image[k] & ~was[k], 0);
		assert_int_equal(record_parse(plan.image, RECORD_SLOT_BYTES, SERIAL, &v),
				 RECORD_ERR_REVOKED);
	}
}

/* -- the power is cut -------------------------------------------------------------- */

/* Flash that programs word by word and only clears bits, until `left` operations are
 * done. */
struct flash {
	uint8_t slots[2][RECORD_SLOT_BYTES];
	long left;
	bool was_erasing;
};

static uint32_t seed = 1;

static uint32_t rnd(void) /* xorshift32 */
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* Cut off, an erase leaves anything: a part done, some bits up, all programmed first. */
static void half_erase(uint8_t *slot)
{
	uint32_t way = rnd() % 4, upto = rnd() % RECORD_SLOT_BYTES, i;

	if (way == 0)
		memset(slot, 0xff, upto);
	if (way == 1)
		memset(slot + upto, 0xff, RECORD_SLOT_BYTES - upto);
	for (i = 0; way == 2 && i < RECORD_SLOT_BYTES; i++)
		slot[i] |= (uint8_t)rnd();
	if (way == 3)
		memset(slot, 0, upto);
}

static bool erase(struct flash *f, unsigned slot)
{
	f->was_erasing = f->left == 0;
	if (f->left-- == 0) {
		half_erase(f->slots[slot]);
		return false;
	}
	memset(f->slots[slot], 0xff, RECORD_SLOT_BYTES);
	return true;
}

static bool program(struct flash *f, unsigned slot, uint32_t at, const uint8_t *word)
{
	bool cut = f->left-- == 0;
	uint32_t i;

	for (i = 0; i < 4; i++)
		f->slots[slot][at + i] &= (uint8_t)(word[i] | (cut ? rnd() : 0));
	return !cut;
}

/* True when the plan was done whole. */
static bool run(struct flash *f, const struct prov_slots_plan *plan)
{
	unsigned slot = plan->slot == PROV_SLOT_B, i;
	uint32_t at;

	if (plan->erase && !erase(f, slot))
		return false;
	for (i = 0; i < plan->n_writes; i++)
		for (at = 0; at < plan->writes[i].len; at += 4)
			if (!program(f, slot, plan->writes[i].at + at,
				     plan->image + plan->writes[i].at + at))
				return false;
	return true;
}

/* What the board would use: its slot's record, or nothing. */
static uint32_t in_use(const struct flash *f, char id[16])
{
	struct record_view v;

	id[0] = '\0';
	if (record_choose(f->slots[0], f->slots[1], RECORD_SLOT_BYTES, SERIAL, &v) < 0)
		return 0;
	record_text(&v, RECORD_DEVICE_ID, id, 16);
	return v.generation;
}

/* Go on as a second run does, that may know from its journal which slot it was. */
static void finish(struct flash *f, const struct record_fields *want, unsigned journal)
{
	static struct prov_slots_plan again;
	struct prov_slots slots = { f->slots[0], f->slots[1], SERIAL, 0 };
	char id[16];
	int rc = prov_slots_plan(&slots, want, NULL, &again, NULL, 0);

	if (rc < 0) { /* only an erase leaves what is not recognised */
		assert_true(f->was_erasing);
		slots.replace = journal;
		assert_int_equal(prov_slots_plan(&slots, want, NULL, &again, NULL, 0), 0);
	}
	f->left = 1000;
	assert_true(run(f, &again));
	assert_true(in_use(f, id) > 0);
	assert_string_equal(id, "new");
}

static void cut_everywhere(const struct flash *start, const struct record_fields *want,
			   const struct prov_slots_plan *plan)
{
	static struct flash f;
	char old_id[16], id[16];
	uint32_t old = in_use(start, old_id), now;
	bool done = false;
	long cut;

	for (cut = 0; !done; cut++) {
		f = *start;
		f.left = cut;
		f.was_erasing = false;
		done = run(&f, plan);
		now = in_use(&f, id);
		if (now == plan->generation)
			assert_string_equal(id, "new");
		else if (done || now != old || strcmp(id, old_id) != 0)
			fail_msg("seed %u, cut after %ld: generation %u was %u", seed,
				 cut, now, old);
		finish(&f, want, plan->slot);
	}
}

static void test_cuts(void **state)
{
	static struct flash start;
	static struct prov_slots_plan plan;
	struct prov_slots slots = { start.slots[0], start.slots[1], SERIAL, 0 };
	struct record_fields want = sas_fields();
	unsigned round;

	(void)state;
	want.device_id = "new";
	for (round = 0; round < 1500; round++) {
		seed = round + 1;
		make(start.slots[0], (enum made)(rnd() % NEWER), 1 + rnd() % 9);
		make(start.slots[1], (enum made)(rnd() % NEWER), 1 + rnd() % 9);
		want.key_1.len = 16 + rnd() % 49;
		assert_int_equal(prov_slots_plan(&slots, &want, NULL, &plan, NULL, 0), 0);
		cut_everywhere(&start, &want, &plan);
	}
}

/* Revoking the older one never changes which record counts. */
static void test_revoke_cut(void **state)
{
	static struct flash start, f;
	static struct prov_slots_plan plan;
	struct prov_slots slots = { start.slots[0], start.slots[1], SERIAL, 0 };
	char id[16];
	unsigned round;

	(void)state;
	make(start.slots[0], VALID, 4);
	make(start.slots[1], VALID, 5);
	assert_int_equal(prov_slots_revoke(&slots, PROV_SLOT_A, false, &plan, NULL, 0),
			 0);
	for (round = 0; round < 100; round++) {
		seed = round + 1;
		f = start;
		f.left = round % 2;
		assert_int_equal(run(&f, &plan), round % 2);
		assert_int_equal(in_use(&f, id), 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),  cmocka_unit_test(test_plans),
		cmocka_unit_test(test_words),   cmocka_unit_test(test_same),
		cmocka_unit_test(test_wrapped), cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_cuts),    cmocka_unit_test(test_revoke_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
