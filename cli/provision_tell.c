/* What is said of a board: the plan of a dry run, and the verdict. */
#include "provisioning.h"
#include "json.h"

#include <stdio.h>

static const char *authentication(const struct provisioning *p)
{
	static const char *const words[] = { "symmetric key", "X.509", "DPS" };

	return words[p->how->auth];
}

/* -- the plan ----------------------------------------------------------------------------- */

static void plan_identity(const struct provisioning *p)
{
	const char *how = p->how->auth == PROVISION_DPS
				  ? (p->how->dps ? "enrolled, or the enrolment that is "
						   "there is used"
						 : "derived here, without a network")
			  : p->how->auth == PROVISION_X509
				  ? "key and certificate made here; registered, or the "
				    "device that is there is used"
				  : "registered, or the device that is there is used";

	out("  device   '%s' at %s, %s: %s\n", clean(provision_name(p)),
	    clean(provision_home(p)), authentication(p), how);
}

static void plan_otp(const struct provisioning *p)
{
	const struct prov_otp_plan *plan = &p->otp_plan;
	const char *what = plan->burn   ? "burn a root of 32 bytes, and lock it"
			   : plan->lock ? "holds the root; lock it"
					: "holds the root already";

	if (p->wraps)
		out("  OTP      block %u: %s\n", plan->root.otp_block, what);
}

static void plan_text(const struct provisioning *p)
{
	out("%s: serial %s\n", p->sight->name, p->serial);
	if (p->over) {
		out("  nothing to do: %s\n", p->detail);
		return;
	}
	plan_identity(p);
	plan_otp(p);
	out("  record   slot %c at 0x%08x, generation %u%s%s\n",
	    provision_slot_letter(&p->plan), p->plan.sector_addr, p->plan.generation,
	    p->plan.erase ? ", erased first" : "", p->wraps ? ", keys wrapped" : "");
	if (p->how->lock)
		out("  lock     read protection (RDP level 1), at the end\n");
}

/* -- the verdict --------------------------------------------------------------------------- */

static void add_slot(const struct provisioning *p, struct json *e)
{
	if (!p->plan.slot)
		return;
	json_add_format(e, "slot", "%c", provision_slot_letter(&p->plan));
	json_add_number(e, "generation", p->plan.generation);
}

static void add_otp(const struct provisioning *p, struct json *e)
{
	json_add_text(e, "store", p->wraps ? "otp" : "flash");
	if (p->wraps)
		json_add_number(e, "otp_block", p->otp_plan.root.otp_block);
	if (p->wraps && p->how->dry_run)
		json_add_bool(e, "burns", p->otp_plan.burn);
}

static void verdict_json(const struct provisioning *p, int status, unsigned ms)
{
	struct json *e = json_object();

	json_add_text(e, "event", "verdict");
	json_add_text(e, "board", p->sight->name);
	json_add_text(e, "serial", p->serial);
	json_add_text(e, "device_id", provision_name(p));
	json_add_text(e, p->how->auth == PROVISION_DPS ? "id_scope" : "hub",
		      provision_home(p));
	if (p->how->registers) {
		json_add_text(e, "assigned_hub",
			      *p->registration.hub ? p->registration.hub : NULL);
		json_add_text(e, "assigned_device",
			      *p->registration.device_id ? p->registration.device_id
							 : NULL);
	}
	json_add_text(e, "auth", provision_auth_name(p->how->auth));
	add_otp(p, e);
	add_slot(p, e);
	if (p->has_x509)
		json_add_text(e, "thumbprint", p->x509.thumbprint);
	json_add_bool(e, "locked", p->locked);
	json_add_bool(e, "dry_run", p->how->dry_run);
	json_add_bool(e, "ok", status == EXIT_DONE);
	json_add_number(e, "exit", status);
	json_add_text(e, "result", provision_result_name(p->result));
	json_add_text(e, "detail", p->detail);
	json_add_number(e, "ms", ms);
	json_print_line(e);
}

static void verdict_text(const struct provisioning *p, unsigned ms)
{
	const char *name = clean(provision_name(p)), *home = clean(provision_home(p));

	if (p->result == PROVISION_UNCHANGED)
		out("%s: nothing to do: '%s' at %s, %s\n", p->sight->name, name, home,
		    p->detail);
	else
		out("%s: '%s' at %s: %s%s, %.1f s\n", p->sight->name, name, home,
		    p->detail, p->locked ? ", locked" : "", ms / 1000.0);
	if (!p->locked)
		note("%s: the key can be read over USB; --lock switches the read "
		     "protection on",
		     p->sight->name);
}

void provisioning_tell(const struct provisioning *p, int status, unsigned ms)
{
	if (globals.json)
		verdict_json(p, status, ms);
	else if (status == EXIT_DONE && p->how->dry_run)
		plan_text(p);
	else if (status == EXIT_DONE)
		verdict_text(p, ms);
}
