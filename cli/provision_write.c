/* What is written to a board, in an order that may be cut off anywhere. */
#include "provisioning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETURN_MS 20000 /* a board is back after a reset by then */

/* -- one-time memory ------------------------------------------------------------------- */

static int check_root(struct provisioning *p, struct dfu_dev *dev)
{
	const struct prov_wrap_root *root = &p->otp_plan.root;
	struct dfu_error err;
	struct dfu_otp otp;
	int status = EXIT_DONE;

	if (dfu_otp_read(dev, &otp, &err) < 0)
		return provision_report(p, &err);
	if (memcmp(otp.data[root->otp_block], root->bytes, sizeof(root->bytes)) != 0)
		status = provision_refuse(
			p, EXIT_BAD_DATA, "run the same command again: it goes on",
			"OTP block %u does not hold what was burned", root->otp_block);
	explicit_bzero(&otp, sizeof(otp));
	return status;
}

static int burn_root(struct provisioning *p, struct dfu_dev *dev)
{
	const struct prov_wrap_root *root = &p->otp_plan.root;
	struct dfu_error err;

	if (p->otp_plan.burn && dfu_otp_write(dev, root->otp_block * DFU_OTP_BLOCK_BYTES,
					      root->bytes, sizeof(root->bytes), &err) < 0)
		return provision_report(p, &err);
	return check_root(p, dev);
}

static int lock_root(struct provisioning *p, struct dfu_dev *dev)
{
	struct dfu_error err;

	if (p->otp_plan.lock && dfu_otp_lock(dev, p->otp_plan.root.otp_block, &err) < 0)
		return provision_report(p, &err);
	return EXIT_DONE;
}

/* The journal names the block before it is written: a rerun takes the same. */
static int burn(struct provisioning *p, struct dfu_dev *dev)
{
	int status;

	if (!p->wraps)
		return EXIT_DONE;
	p->journal.otp_block = (int)p->otp_plan.root.otp_block;
	if (!p->otp_plan.burn && !p->otp_plan.lock)
		return EXIT_DONE;
	p->journal.otp_whole = p->journal.otp_whole && !p->otp_plan.burn;
	status = provision_step(p, STEP_BURN);
	if (status == EXIT_DONE)
		status = burn_root(p, dev);
	if (status != EXIT_DONE)
		return status;
	p->journal.otp_whole = true;
	status = provision_step(p, STEP_BURN);
	return status == EXIT_DONE ? lock_root(p, dev) : status;
}

/* -- the record -------------------------------------------------------------------------- */

static int program(struct provisioning *p, struct dfu_dev *dev)
{
	const struct prov_slots_plan *plan = &p->plan;
	struct dfu_error err;
	int rc = 0;

	if (plan->erase)
		rc = dfu_erase(dev, plan->sector_addr, RECORD_SLOT_BYTES, NULL, NULL,
			       &err);
	for (unsigned i = 0; rc == 0 && i < plan->n_writes; i++)
		rc = dfu_program(dev, plan->sector_addr + plan->writes[i].at,
				 plan->image + plan->writes[i].at, plan->writes[i].len,
				 false, &err);
	return rc < 0 ? provision_report(p, &err) : EXIT_DONE;
}

static int read_back(struct provisioning *p, struct dfu_dev *dev)
{
	uint8_t *slot = p->slots[p->plan.slot == PROV_SLOT_A ? 0 : 1];
	struct dfu_error err;

	if (dfu_read(dev, p->plan.sector_addr, slot, RECORD_SLOT_BYTES, &err) < 0)
		return provision_report(p, &err);
	if (memcmp(slot, p->plan.image, RECORD_SLOT_BYTES) != 0)
		return provision_refuse(p, EXIT_BAD_DATA,
					"run the same command again: it writes it anew",
					"slot %c does not hold what was written",
					provision_slot_letter(&p->plan));
	return EXIT_DONE;
}

static int write_record(struct provisioning *p, struct dfu_dev *dev)
{
	int status = EXIT_DONE;

	p->journal.slot = p->plan.slot == PROV_SLOT_A ? 0 : 1;
	p->journal.generation = p->plan.generation;
	if (p->plan.action != PROV_SLOTS_NOTHING) {
		p->journal.open_slots |= p->plan.slot;
		provision_end_rotation(p);
		status = provision_step(p, STEP_RECORD);
		if (status == EXIT_DONE)
			status = program(p, dev);
		if (status == EXIT_DONE)
			status = read_back(p, dev);
	}
	if (status == EXIT_DONE)
		p->journal.open_slots &= ~p->plan.slot;
	return status;
}

/* The certificate that is on the board now is the only one that may be in use. */
static int commit(struct provisioning *p)
{
	p->journal.thumbprints[0] = '\0';
	if (p->has_x509)
		provision_journal_add_thumbprint(&p->journal, p->x509.thumbprint);
	return provision_step(p, STEP_COMMITTED);
}

/* -- read protection ------------------------------------------------------------------------ */

/* What can no longer be read is as it should be. */
static int check_locked(struct provisioning *p, struct dfu_dev **dev)
{
	struct dfu_options *o = NULL;
	struct dfu_error err;

	dfu_close(*dev);
	*dev = NULL;
	if (!board_reopen(p->sight, RETURN_MS, dev))
		return provision_refuse(
			p, EXIT_FAILED,
			"reset it with BOOT0 high; the same command then looks again",
			"locked, but the bootloader does not come back to show it");
	if (dfu_options_read(*dev, &o, &err) == 0) {
		dfu_options_free(o);
		return provision_refuse(p, EXIT_FAILED,
					"run the same command again: it goes on",
					"the read protection is not on after the reset");
	}
	if (err.code != DFU_ERR_PROTECTED)
		return provision_report(p, &err);
	p->locked = true;
	return provision_step(p, STEP_LOCKED);
}

static int lock(struct provisioning *p, struct dfu_dev **dev)
{
	struct dfu_options *o = NULL;
	struct dfu_error err;
	int status = provision_step(p, STEP_LOCK), rc;

	if (status != EXIT_DONE)
		return status;
	rc = dfu_options_read(*dev, &o, &err);
	if (rc == 0)
		rc = dfu_options_set(o, "rdp", "1", &err);
	if (rc == 0)
		rc = dfu_options_write(*dev, o, &err);
	dfu_options_free(o);
	return rc < 0 ? provision_report(p, &err) : check_locked(p, dev);
}

int provisioning_write(struct provisioning *p, struct dfu_dev **dev)
{
	int status = provision_plan(p, false);
	bool changes = p->plan.action != PROV_SLOTS_NOTHING || p->otp_plan.burn ||
		       p->otp_plan.lock || p->how->lock;

	if (status == EXIT_DONE)
		status = burn(p, *dev);
	if (status == EXIT_DONE)
		status = write_record(p, *dev);
	if (status == EXIT_DONE)
		status = commit(p);
	if (status == EXIT_DONE && p->how->lock)
		status = lock(p, dev);
	if (status != EXIT_DONE)
		return status;
	p->result = changes ? PROVISION_DONE : PROVISION_UNCHANGED;
	snprintf(p->detail, sizeof(p->detail), "slot %c, generation %u",
		 provision_slot_letter(&p->plan), p->plan.generation);
	return EXIT_DONE;
}
