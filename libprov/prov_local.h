/*
 * libprov, the part that is done on this machine: which slot is to hold which record,
 * keys wrapped with a root in OTP, and X.509 identities. prov.h includes this header.
 *
 * Functions return 0, or a negative `enum prov_local`; then `words` (`bytes` long, or
 * NULL) gets a line that says what is wrong. Nothing here touches a board or the network.
 * Structs that hold keys have a wipe function, which the caller must call.
 *
 * Sources: [RM0090] STM32F4 reference manual, "Erase and program operations" and
 * "One-time programmable bytes". [SEC1] "Elliptic Curve Cryptography", appendix C.4.
 * [RFC5280] 4.1, 4.2, appendix A.1.
 */
#ifndef PROV_LOCAL_H
#define PROV_LOCAL_H

#include "record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Apart from prov_err and record_err, so that a code tells where it came from. */
enum prov_local {
	PROV_LOCAL_ARG = -101,     /* the caller asks for what cannot be */
	PROV_LOCAL_FORMAT = -102,  /* a file or a field is malformed */
	PROV_LOCAL_FILE = -103,    /* a file cannot be read (errno's words) */
	PROV_LOCAL_NOMEM = -104,   /* no memory */
	PROV_LOCAL_REFUSED = -105, /* a slot or block holds what must not be lost */
	PROV_LOCAL_FOREIGN = -106, /* a record of another board's serial */
	PROV_LOCAL_SPENT = -107,   /* no generation, or no block of OTP, is left */
	PROV_LOCAL_KEY = -108,     /* a key of another kind, or not the one that fits */
	PROV_LOCAL_CRYPTO = -109   /* OpenSSL failed, or has no randomness */
};

/* -- keys wrapped with a root in OTP ----------------------------------------------- */

#define PROV_OTP_BLOCKS      16u
#define PROV_OTP_BLOCK_BYTES 32u

/* A root, and the block of OTP that it is in. */
struct prov_wrap_root {
	unsigned otp_block;
	uint8_t bytes[PROV_OTP_BLOCK_BYTES];
};

/* What is to be done to OTP; `root` is what the block holds afterwards. */
struct prov_otp_plan {
	struct prov_wrap_root root;
	bool burn; /* program the 32 bytes (bits that are clear already stay so) */
	bool lock; /* then program the block's lock byte to 0 */
};

/*
 * Choose the block for a root. `data` is all of OTP's 512 bytes, `lock` its 16 lock
 * bytes.
 *
 * With `record`, a view with `wrapped`, it is the block that it names, whose bytes are
 * the root: PROV_LOCAL_KEY when the block was never burned. Else with `journal_block` >=
 * 0 it is that one: a run before named it, and what it burned is kept. Words of it that
 * are still blank get random bytes; no root has such a word. Else it is the first block
 * that is blank and open, with a new random root; PROV_LOCAL_SPENT when there is none.
 */
int prov_otp_choose(const uint8_t *data, const uint8_t *lock,
		    const struct record_view *record, int journal_block,
		    struct prov_otp_plan *out, char *words, size_t bytes);

void prov_otp_plan_wipe(struct prov_otp_plan *plan);

/* Fields with their keys wrapped: `fields` points into the struct, which must not move.
 */
struct prov_wrapped {
	struct record_fields fields;
	struct record_wrap wrap;
	uint8_t key_1[64 + RECORD_WRAP_TAG_BYTES];
	uint8_t key_2[64 + RECORD_WRAP_TAG_BYTES];
	uint8_t private_key[256 + RECORD_WRAP_TAG_BYTES];
};

/*
 * Wrap the keys of `plain` for a record of this generation and serial (record.h says
 * how). `salt` is RECORD_WRAP_SALT_BYTES for tests, or NULL for random ones. What else
 * `plain` points to must live as long as *out.
 */
int prov_wrap(const struct prov_wrap_root *root, const char *serial, uint32_t generation,
	      const uint8_t *salt, const struct record_fields *plain,
	      struct prov_wrapped *out, char *words, size_t bytes);

/*
 * The key of this type in a record that is wrapped; `room` of RECORD_KEY_1 and _KEY_2 is
 * at most 64 bytes, of RECORD_PRIVATE_KEY 256. PROV_LOCAL_KEY: another root, another
 * board's record, or one that was changed.
 */
int prov_unwrap(const struct prov_wrap_root *root, const struct record_view *view,
		uint16_t type, uint8_t *out, size_t room, size_t *len, char *words,
		size_t bytes);

/*
 * The birth record, public, in a block of OTP of its own: "STMB", version 1, a zero, the
 * board's revision (2 bytes), the first 20 bytes of the SHA-256 of the device id, and the
 * CRC-32 of these 28 bytes.
 */
int prov_birth_make(uint16_t revision, const char *device_id,
		    uint8_t out[PROV_OTP_BLOCK_BYTES], char *words, size_t bytes);

/* False when the block is no birth record. */
bool prov_birth_parse(const uint8_t block[PROV_OTP_BLOCK_BYTES], uint16_t *revision);

/* True when it is one, and of this device. */
bool prov_birth_matches(const uint8_t block[PROV_OTP_BLOCK_BYTES], const char *device_id);

/* -- fields ------------------------------------------------------------------------ */

/*
 * Fields read from a record, to write them again with a change. `fields` points into the
 * struct, which must not move, and for certificates and vendor values into the slot.
 */
struct prov_fields {
	struct record_fields fields;
	char names[6][262];
	uint8_t key_1[64], key_2[64], private_key[256], static_ip[16];
};

/*
 * Read all fields of a whole record; `root` opens wrapped keys, and fields.wrap stays
 * NULL. PROV_LOCAL_KEY: wrapped, and not with this root, or there is none given.
 * PROV_LOCAL_FORMAT: there is more in it than struct record_fields can say, and would be
 * lost.
 */
int prov_fields_read(const struct record_view *view, const struct prov_wrap_root *root,
		     struct prov_fields *out, char *words, size_t bytes);

void prov_fields_wipe(struct prov_fields *fields);

/* -- slots ------------------------------------------------------------------------- */

enum prov_slot_state {
	PROV_SLOT_BLANK,
	PROV_SLOT_VALID,      /* whole, committed, of this board */
	PROV_SLOT_UNFINISHED, /* writing it, or revoking it, was cut off */
	PROV_SLOT_REVOKED,
	PROV_SLOT_DAMAGED, /* committed once, but no longer whole */
	PROV_SLOT_NEWER,   /* a record of a schema that we do not know */
	PROV_SLOT_FOREIGN, /* a record of another board */
	PROV_SLOT_OTHER    /* no record at all */
};

struct prov_slot {
	enum prov_slot_state state;
	enum record_err err; /* what parsing says, RECORD_OK for a valid one */
	struct record_view view;
};

/* Look at a slot of RECORD_SLOT_BYTES. `serial` may be NULL: then none is foreign. */
void prov_slot_look(const uint8_t *slot, const char *serial, struct prov_slot *out);

/* "blank", "valid", "unfinished", ... */
const char *prov_slot_state_name(enum prov_slot_state state);

#define PROV_SLOT_A 1u
#define PROV_SLOT_B 2u

struct prov_slots {
	const uint8_t *slot_a,
		*slot_b;    /* RECORD_SLOT_BYTES each, as read from the board */
	const char *serial; /* the board's, twelve digits */
	/*
	 * Slots (PROV_SLOT_A | PROV_SLOT_B) that may be overwritten whatever they hold:
	 * those of --force, and the one that the journal says was being written. Such a
	 * slot is erased even when it looks blank: an erase that was cut off can leave
	 * cells that only look so.
	 */
	unsigned replace;
};

enum prov_slots_action {
	PROV_SLOTS_NOTHING, /* it is as it should be */
	PROV_SLOTS_WRITE,   /* a new record */
	PROV_SLOTS_REVOKE
};

/* `len` bytes of the plan's image from `at` on. */
struct prov_slots_write {
	uint32_t at, len;
};

/*
 * What to do to a board: erase the sector if `erase`, then program the writes in their
 * order, each verified before the next begins. Whenever the power is cut, the record that
 * was valid still is, or the new one is.
 */
struct prov_slots_plan {
	enum prov_slots_action action;
	unsigned slot;        /* PROV_SLOT_A or _B, also when there is nothing to do */
	uint32_t sector_addr; /* where image[0] is in the chip */
	uint32_t generation;  /* of the record */
	bool erase;
	unsigned n_writes;
	struct prov_slots_write writes[2]; /* all but the commit word; the commit word */
	uint8_t image[RECORD_SLOT_BYTES];  /* the whole slot as it is in the end */
};

/*
 * Plan for the board to hold `fields`, with raw keys; `root` wraps them, NULL leaves them
 * so.
 *
 * It is written to the slot that is not valid, or has the lower generation; without a
 * valid record to one that is blank, A before B. The generation is one above the highest
 * in the slots. Nothing is to be done when the valid record says the same already (apart
 * from RECORD_ISSUED_AT); `slot` is where.
 *
 * PROV_LOCAL_REFUSED: a slot holds something else, or a newer schema; PROV_LOCAL_FOREIGN:
 * a record of another board; neither when `replace` has that slot. PROV_LOCAL_FORMAT: the
 * fields make no record; the words name the field. PROV_LOCAL_SPENT: no generation is
 * left.
 */
int prov_slots_plan(const struct prov_slots *slots, const struct record_fields *fields,
		    const struct prov_wrap_root *root, struct prov_slots_plan *out,
		    char *words, size_t bytes);

/*
 * Plan to revoke the record in `slot`: its commit word becomes 0, which only clears bits.
 * With `last`, also if no valid one is left then; else that is PROV_LOCAL_REFUSED.
 * PROV_LOCAL_ARG: there is no whole record of this board.
 */
int prov_slots_revoke(const struct prov_slots *slots, unsigned slot, bool last,
		      struct prov_slots_plan *out, char *words, size_t bytes);

void prov_slots_plan_wipe(struct prov_slots_plan *plan);

/* -- X.509 ------------------------------------------------------------------------- */

#define PROV_X509_THUMBPRINT_CHARS 65 /* with the final NUL */

struct prov_x509_cert {
	uint8_t der[2048];
	size_t bytes;
};

/* A device's key and certificate. */
struct prov_x509 {
	uint8_t key_der[256]; /* [SEC1], about 121 bytes */
	size_t key_bytes;
	struct prov_x509_cert cert;
	struct prov_x509_cert chain[RECORD_CERTS_MAX]; /* issuers, without a root */
	size_t n_chain;
	char thumbprint[PROV_X509_THUMBPRINT_CHARS]; /* of the certificate */
};

struct prov_x509_ca;

/*
 * A certificate authority from its PEM or DER files; the key is RSA or EC and not
 * encrypted. PROV_LOCAL_KEY: it is another one's key, or of another kind.
 * PROV_LOCAL_FORMAT: no certificate, or not one of a CA.
 */
int prov_x509_ca_load(const char *cert_file, const char *key_file,
		      struct prov_x509_ca **out, char *words, size_t bytes);
void prov_x509_ca_free(struct prov_x509_ca *ca);

/*
 * A new P-256 key and a certificate for it: CN is the device id (1-64 characters, as
 * [RFC5280] bounds it), for client authentication, no CA. By `ca`, or self-signed
 * without. Valid from `not_before` to `not_after` (unix seconds), both within the CA's
 * own time.
 */
int prov_x509_make(const char *device_id, int64_t not_before, int64_t not_after,
		   const struct prov_x509_ca *ca, struct prov_x509 *out, char *words,
		   size_t bytes);

/*
 * The same from files, PEM or DER; certificates behind the first are its chain.
 * PROV_LOCAL_KEY: encrypted, not EC P-256, or not the certificate's.
 */
int prov_x509_load(const char *cert_file, const char *key_file, struct prov_x509 *out,
		   char *words, size_t bytes);

/* SHA-256 of a DER certificate in upper-case hexadecimal digits, as IoT Hub takes it. */
int prov_x509_thumbprint(const uint8_t *der, size_t len,
			 char out[PROV_X509_THUMBPRINT_CHARS]);

/* As PEM with a final NUL; PROV_LOCAL_ARG when `room` does not suffice (4096 always
 * does). */
int prov_x509_cert_pem(const struct prov_x509_cert *cert, char *out, size_t room);
int prov_x509_key_pem(const struct prov_x509 *x509, char *out, size_t room);

void prov_x509_wipe(struct prov_x509 *x509);

#ifdef __cplusplus
}
#endif
#endif
