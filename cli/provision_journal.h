/*
 * How far the provisioning of a board has come: a file a board in the user's state folder,
 * without keys. Whoever has it open has the board for himself.
 */
#ifndef PROVISION_JOURNAL_H
#define PROVISION_JOURNAL_H

#include "dfu.h"
#include "prov.h"

/* Each is written down before it begins, the next one when it is over. */
enum provision_step {
	STEP_NONE,
	STEP_IDENTITY,  /* the registry is asked for the device */
	STEP_BURN,      /* the root goes into the OTP block */
	STEP_RECORD,    /* the slot is erased and written */
	STEP_COMMITTED, /* the record is valid, and was read back */
	STEP_LOCK,      /* read protection is switched on */
	STEP_LOCKED     /* and was found on */
};

#define SERIAL_DIGITS   12
#define THUMBPRINTS_MAX 8

struct provision_journal {
	enum provision_step step;
	char serial[SERIAL_DIGITS + 1];
	char device_id[PROV_ID_MAX + 1];
	char hub[PROV_HOST_MAX + 1]; /* host name, or the id scope of DPS */
	char auth[8];                /* "sas", "x509", "dps" */
	char store[8];               /* "flash", "otp" */
	/*
	 * Of the certificates that the registry may have been told for this board, the last
	 * one first, with a blank behind each; public.
	 */
	char thumbprints[THUMBPRINTS_MAX * (PROV_THUMBPRINT_MAX + 1) + 1];
	int slot; /* of the record, 0 is A, 1 is B; -1: none yet */
	uint32_t generation;
	/*
	 * PROV_SLOT_A | PROV_SLOT_B: what is there, and is no valid record, a write of ours
	 * that was cut off has left. It may look like anything, and like nobody's.
	 */
	unsigned open_slots;
	/*
	 * A rotation that is not finished: "primary" or "secondary", which of the two is
	 * the new one. Empty: none. `rotated_at` is when the board got it, by the hub's
	 * clock in unix seconds; 0 before.
	 */
	char rotation[12];
	int64_t rotated_at;
	/*
	 * The block of this board's root, whatever else happens: never another one. -1: none
	 * yet. Until it is whole, and no record needs it, it may be completed.
	 */
	int otp_block;
	bool otp_whole;
};

struct provision_lock; /* an open journal */

/*
 * The board's journal, with step STEP_NONE when there is none; it is locked until it is
 * closed. DFU_ERR_BUSY while another run has it, DFU_ERR_FORMAT when it is damaged.
 */
int provision_journal_open(const char *serial, struct provision_lock **lock,
			   struct provision_journal *out, struct dfu_error *err);
int provision_journal_save(struct provision_lock *lock,
			   const struct provision_journal *journal,
			   struct dfu_error *err);
void provision_journal_close(struct provision_lock *lock);

/* The same without locking, for a look: false when there is none that can be read. */
bool provision_journal_peek(const char *serial, struct provision_journal *out);

/* The serial of the board whose rotation of this device is not finished; else false. */
bool provision_journal_find(const char *device_id, const char *hub,
			    char serial[SERIAL_DIGITS + 1]);

/* As text and back; false when it is malformed. The text goes to free(). */
char *provision_journal_format(const struct provision_journal *journal);
bool provision_journal_parse(const char *text, size_t len, struct provision_journal *out);

/* Put one in front. False when there is no more room. */
bool provision_journal_add_thumbprint(struct provision_journal *journal,
				      const char *thumbprint);

/* Forget all but these two, of which each may be empty or one that it does not have. */
void provision_journal_keep_thumbprints(struct provision_journal *journal,
					const char *one, const char *other);
bool provision_journal_has_thumbprint(const struct provision_journal *journal,
				      const char *thumbprint);

const char *provision_step_name(enum provision_step step);

/* Twelve digits, upper-case hexadecimal. */
bool provision_serial_fits(const char *serial);

#endif
