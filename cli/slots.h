/* The credential slots, sectors 2 and 3 (the flash map): what a command must not lose. */
#ifndef SLOTS_H
#define SLOTS_H

#include "dfu.h"
#include "json.h"
#include "prov.h"
#include "prov_local.h"

#define SLOT_A_ADDR RECORD_SLOT_A_ADDR
#define SLOT_B_ADDR RECORD_SLOT_B_ADDR
#define SLOT_BYTES  RECORD_SLOT_BYTES

/* Is a slot's content a valid record, of this board or of another? */
bool slot_holds_record(const uint8_t *content);

/*
 * A dfu_guard: refuses to touch a sector with a valid credential record, unless the bool
 * that `ctx` points to says so. What is left of a record that is overwritten may hold
 * keys, and is not kept.
 */
int slot_guard(void *ctx, const struct dfu_sector *sector, const uint8_t *content,
	       struct dfu_error *err);

/* What a record says of itself, without keys. Strings are empty where it is silent. */
struct slot_facts {
	enum prov_slot_state state;
	bool in_use;                  /* of two valid ones the one that counts */
	char home[PROV_HOST_MAX + 1]; /* hub, or id scope of DPS */
	char name[PROV_ID_MAX + 1];   /* device, or registration */
	const char *auth;             /* "sas", "x509", "dps-sas", "dps-x509"; or NULL */
	uint32_t generation;
	char serial[RECORD_SERIAL_BYTES + 1];
	char thumbprint[PROV_X509_THUMBPRINT_CHARS];
	char damage[80]; /* of a damaged record: what, and at which offset */
	bool wrapped;
	unsigned otp_block;
	uint64_t issued_at;
};

/* Of both slots, A first; `serial` is the board's. Nothing points into the slots. */
void slots_look(const uint8_t *slot_a, const uint8_t *slot_b, const char *serial,
		struct slot_facts out[2]);

/* One of the states in a word or two: for tables and for "slots" of `info --json`. */
const char *slot_state_words(enum prov_slot_state state);
/* What is wrong with a record, and where: "a value is malformed, at 0x34". */
void slot_damage(const struct prov_slot *slot, char *to, size_t bytes);
void slot_words(const struct slot_facts *facts, char *to, size_t bytes);
struct json *slot_json(const struct slot_facts *facts, char letter);

#endif
