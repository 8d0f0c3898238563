/*
 * The provisioning of one board, in steps that can be cut off anywhere and run again:
 * look at the board and refuse what must be refused, get an identity, write it.
 */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "boards.h"
#include "hubs.h"
#include "prov_local.h"
#include "provision_journal.h"

enum provision_auth { PROVISION_SAS, PROVISION_X509, PROVISION_DPS };
enum provision_store {
	PROVISION_KEEP, /* as the board's record has it; in flash when there is none */
	PROVISION_FLASH,
	PROVISION_OTP
};

/* What goes for all boards of a run. */
struct provision_how {
	enum provision_auth auth;
	enum provision_store store;
	bool lock, force, dry_run, yes;
	bool rotates; /* for `device rotate`: the journal keeps its rotation */
	const struct opt_list *burn; /* serials of boards whose OTP may be burned */
	const char *id_scope;
	const struct prov_secret *group_key; /* of DPS; else `ca` signs, or */
	struct prov_dps *dps;                /* it is enrolled there; one at a time */
	const struct hub *registers;         /* --register: the way to DPS; else NULL */
	const struct prov_x509_ca *ca;       /* NULL: self-signed */
	uint32_t days;                       /* a certificate is valid for */
};

/* How a board gets to its hub: what the record says besides the device. */
struct provision_place {
	char host[PROV_HOST_MAX + 1]; /* empty for DPS */
	char gateway[PROV_HOST_MAX + 8];
	struct prov_x509_cert roots[RECORD_CERTS_MAX];
	size_t n_roots;
};

enum provision_result {
	PROVISION_FAILED,
	PROVISION_PLANNED,
	PROVISION_UNCHANGED,
	PROVISION_DONE
};

struct provisioning {
	const struct provision_how *how;
	const struct provision_place *place;
	const struct sight *sight;
	char device_id[PROV_ID_MAX + 1];       /* empty until looked at: the serial */
	char registration_id[PROV_ID_MAX + 1]; /* the same, of DPS */

	/* What the board holds, by provisioning_look(). */
	char serial[SERIAL_DIGITS + 1];
	uint8_t slots[2][RECORD_SLOT_BYTES];
	struct prov_slot seen[2];
	int valid; /* the slot that counts, 0 or 1; -1: none */
	struct dfu_otp otp;
	bool over; /* there is nothing left that could be done: it is locked */
	struct provision_lock *lock; /* NULL in a dry run */
	struct provision_journal journal;
	bool wraps;
	struct prov_otp_plan otp_plan;

	/* Its identity. */
	struct prov_device device;
	struct prov_secret *key;
	struct prov_x509 x509;
	bool has_x509;
	struct prov_registration registration; /* of --register */

	struct prov_slots_plan plan;
	enum provision_result result;
	bool locked;
	char detail[400]; /* what went wrong, or how it went, on one line */
};

/* `device_id` and `registration_id` may be empty. NULL without memory. */
struct provisioning *provisioning_new(const struct provision_how *how,
				      const struct provision_place *place,
				      const struct sight *sight, const char *device_id,
				      const char *registration_id);
void provisioning_free(struct provisioning *p);

/* The rest give an exit status, after a complaint that is in `detail` too. */

/* Gateway and roots of a hub that has other ones than Azure's. */
int provision_place_of(const struct hub *hub, struct provision_place *out);

/* Read the board, take its journal, and refuse what must be refused. */
int provisioning_look(struct provisioning *p, struct dfu_dev *dev);

/* After a look: did an earlier run of the same wish end well, and is its record there? */
bool provisioning_is_done(struct provisioning *p);

/* All of the identity for one board; `hub` is NULL for DPS. */
int provisioning_identify(struct provisioning *p, struct prov_hub *hub);

/*
 * The same in pieces, for many boards at once: what the registry is to have, into
 * p->device; then, with p->device as the registry has it, what the record needs of it.
 */
int provisioning_offer(struct provisioning *p, struct prov_hub *hub);
int provisioning_settle(struct provisioning *p, struct prov_hub *hub);

/* Burn, write and lock. `*dev` may be another one afterwards, or NULL. */
int provisioning_write(struct provisioning *p, struct dfu_dev **dev);

const char *provision_result_name(enum provision_result result);
const char *provision_auth_name(enum provision_auth auth);
char provision_slot_letter(const struct prov_slots_plan *plan);

/* The plan or the verdict, in words or as an event of --json. */
void provisioning_tell(const struct provisioning *p, int status, unsigned ms);
/* What it is called, and where: a device at a hub, or a registration at an id scope. */
const char *provision_name(const struct provisioning *p);
const char *provision_home(const struct provisioning *p);

/*
 * Give the board a new key or certificate for the device that it is, in place of the one
 * that it does not use; the one it uses stays good. Then, with the device connected by
 * the new one, finish: replace or remove the old one too, which needs no board. (rotating.c)
 */
int rotate_on_board(struct prov_hub *hub, const char *device_id);
int rotate_finish(struct prov_hub *hub, const char *device_id);

/* -- for the files of it only ------------------------------------------------------- */

int provision_refuse(struct provisioning *p, int status, const char *hint,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int provision_report(struct provisioning *p, const struct dfu_error *err);
int provision_report_prov(struct provisioning *p, const struct prov_error *err);
int provision_report_local(struct provisioning *p, int rc, const char *words);

/* What the record is to say. With `trial`, keys that are none stand for those to come. */
void provision_fields(const struct provisioning *p, bool trial,
		      struct record_fields *out);
int provision_plan(struct provisioning *p, bool trial);

/* A key of the record that counts, unwrapped; false when there is none of this type. */
bool provision_board_key(const struct provisioning *p, uint16_t type,
			 struct prov_secret **out);

/*
 * Another record than a rotation's own, or another device, ends it: what it would replace
 * in the end may be what the board uses then.
 */
void provision_end_rotation(struct provisioning *p);

/* Of DPS: a key derived or enrolled, and with --register where it is assigned to. */
int provision_dps_key(struct provisioning *p);
int provision_dps_register(struct provisioning *p);

/* The journal says `step` from now on. */
int provision_step(struct provisioning *p, enum provision_step step);

#endif
