/* Looking at a board: everything that must be refused is refused here. */
#include "provisioning.h"
#include "json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static const uint32_t slot_addr[2] = { RECORD_SLOT_A_ADDR, RECORD_SLOT_B_ADDR };
static const char *const force_hint =
	"look with 'stmiot info'; --force gives up what is there";

struct provisioning *provisioning_new(const struct provision_how *how,
				      const struct provision_place *place,
				      const struct sight *sight, const char *device_id,
				      const char *registration_id)
{
	struct provisioning *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	/* Records and keys lie in it. Past the limit it may be swapped: better than to fail. */
	(void)mlock(p, sizeof(*p));
	p->how = how;
	p->place = place;
	p->sight = sight;
	p->valid = -1;
	snprintf(p->device_id, sizeof(p->device_id), "%s", device_id);
	snprintf(p->registration_id, sizeof(p->registration_id), "%s", registration_id);
	return p;
}

void provisioning_free(struct provisioning *p)
{
	if (!p)
		return;
	provision_journal_close(p->lock);
	prov_device_clear(&p->device);
	prov_secret_free(p->key);
	explicit_bzero(p, sizeof(*p));
	free(p);
}

const char *provision_result_name(enum provision_result result)
{
	static const char *const names[] = { "failed", "planned", "unchanged",
					     "provisioned" };

	return names[result];
}

const char *provision_auth_name(enum provision_auth auth)
{
	static const char *const names[] = { "sas", "x509", "dps" };

	return names[auth];
}

char provision_slot_letter(const struct prov_slots_plan *plan)
{
	return plan->slot == PROV_SLOT_A ? 'A' : 'B';
}

/* -- complaints ------------------------------------------------------------------------ */

int provision_refuse(struct provisioning *p, int status, const char *hint,
		     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->detail, sizeof(p->detail), fmt, ap);
	va_end(ap);
	complain("%s: %s%s%s", p->sight->name, clean(p->detail), hint ? "\n" : "",
		 hint ? hint : "");
	return status;
}

/* libdfu names the bytes that differ; in a slot or in OTP they may be a key's. */
int provision_report(struct provisioning *p, const struct dfu_error *err)
{
	struct dfu_error e = *err;

	if (e.code == DFU_ERR_VERIFY || e.code == DFU_ERR_REFUSED) {
		e.hint[0] = '\0';
		snprintf(e.msg, sizeof(e.msg), "%.10s... does not hold what was written",
			 strncmp(err->msg, "0x", 2) == 0 ? err->msg : "the memory at 0x");
	}
	snprintf(p->detail, sizeof(p->detail), "%s", e.msg);
	return report(p->sight->name, &e);
}

int provision_report_prov(struct provisioning *p, const struct prov_error *err)
{
	snprintf(p->detail, sizeof(p->detail), "%s", err->msg);
	return report_prov(p->sight->name, err);
}

/* A slot with something else in it. A rotation has no --force: it changes one key. */
static int refuse_slot(struct provisioning *p, const char *words)
{
	unsigned b = p->seen[0].state < PROV_SLOT_NEWER;
	char hint[120];

	if (!p->how->rotates)
		return provision_refuse(p, EXIT_BAD_DATA, force_hint, "%s", words);
	snprintf(hint, sizeof(hint),
		 "look with 'stmiot info'; 'stmiot erase 0x%08x 16K "
		 "--overwrite-credentials' gives up what is there",
		 slot_addr[b]);
	return provision_refuse(p, EXIT_BAD_DATA, hint, "%s", words);
}

int provision_report_local(struct provisioning *p, int rc, const char *words)
{
	switch (rc) {
	case PROV_LOCAL_REFUSED:
	case PROV_LOCAL_FOREIGN:
		return refuse_slot(p, words);
	case PROV_LOCAL_ARG:
		return provision_refuse(p, EXIT_USAGE, NULL, "%s", words);
	case PROV_LOCAL_FORMAT:
	case PROV_LOCAL_SPENT:
	case PROV_LOCAL_KEY:
		return provision_refuse(p, EXIT_BAD_DATA, NULL, "%s", words);
	default:
		return provision_refuse(p, EXIT_FAILED, NULL, "%s", words);
	}
}

/* -- the journal --------------------------------------------------------------------------- */

const char *provision_home(const struct provisioning *p)
{
	return p->how->auth == PROVISION_DPS ? p->how->id_scope : p->place->host;
}

const char *provision_name(const struct provisioning *p)
{
	return p->how->auth == PROVISION_DPS ? p->registration_id : p->device_id;
}

/* Is the journal about what is wanted now? */
static bool same_wish(const struct provisioning *p)
{
	return strcmp(p->journal.hub, provision_home(p)) == 0 &&
	       strcmp(p->journal.device_id, provision_name(p)) == 0 &&
	       strcmp(p->journal.auth, provision_auth_name(p->how->auth)) == 0;
}

static void tell_step(const struct provisioning *p)
{
	const char *step = provision_step_name(p->journal.step);
	struct json *e;

	debug("%s: %s", p->sight->name, step);
	if (!globals.json)
		return;
	e = json_object();
	json_add_text(e, "event", "step");
	json_add_text(e, "board", p->sight->name);
	json_add_text(e, "step", step);
	json_print_line(e);
}

void provision_end_rotation(struct provisioning *p)
{
	if (p->how->rotates)
		return;
	p->journal.rotation[0] = '\0';
	p->journal.rotated_at = 0;
}

int provision_step(struct provisioning *p, enum provision_step step)
{
	struct provision_journal *j = &p->journal;
	struct dfu_error err;

	if (!same_wish(p))
		provision_end_rotation(p);
	j->step = step;
	snprintf(j->hub, sizeof(j->hub), "%s", provision_home(p));
	snprintf(j->device_id, sizeof(j->device_id), "%s", provision_name(p));
	snprintf(j->auth, sizeof(j->auth), "%s", provision_auth_name(p->how->auth));
	snprintf(j->store, sizeof(j->store), "%s", p->wraps ? "otp" : "flash");
	tell_step(p);
	return provision_journal_save(p->lock, j, &err) < 0 ? provision_report(p, &err)
							    : EXIT_DONE;
}

static int take_journal(struct provisioning *p)
{
	struct dfu_error err;

	if (p->how->dry_run)
		provision_journal_peek(p->serial, &p->journal);
	else if (provision_journal_open(p->serial, &p->lock, &p->journal, &err) < 0)
		return provision_report(p, &err);
	return EXIT_DONE;
}

/* -- what the board is and holds --------------------------------------------------------- */

static int check_names(struct provisioning *p)
{
	struct prov_error err;

	if (!p->device_id[0])
		snprintf(p->device_id, sizeof(p->device_id), "%s", p->serial);
	if (p->how->auth == PROVISION_DPS && !p->registration_id[0])
		for (size_t i = 0; p->device_id[i]; i++)
			p->registration_id[i] = (char)tolower(p->device_id[i]);
	if (p->how->auth == PROVISION_DPS
		    ? prov_registration_id_check(p->registration_id, &err) < 0
		    : prov_device_id_check(p->device_id, &err) < 0)
		return provision_report_prov(p, &err);
	return EXIT_DONE;
}

static int learn_serial(struct provisioning *p, struct dfu_dev *dev)
{
	const char *serial = dfu_board(dev)->serial;

	if (!provision_serial_fits(serial))
		return provision_refuse(
			p, EXIT_BAD_DATA,
			"it must be in the chip's own bootloader for this",
			"the board's serial \"%.64s\" is not 12 hexadecimal digits",
			serial);
	snprintf(p->serial, sizeof(p->serial), "%.*s", SERIAL_DIGITS, serial);
	return EXIT_DONE;
}

/* Is all that is wanted what an earlier run did, up to locking it? */
static bool is_locked_as_wanted(const struct provisioning *p)
{
	const struct provision_how *how = p->how;
	const char *store = how->store == PROVISION_OTP ? "otp" : "flash";

	return p->journal.step >= STEP_LOCK && same_wish(p) && !how->rotates &&
	       !how->force &&
	       (how->store == PROVISION_KEEP || strcmp(p->journal.store, store) == 0);
}

static int judge_protected(struct provisioning *p, const struct dfu_error *err)
{
	if (err->code != DFU_ERR_PROTECTED || !is_locked_as_wanted(p))
		return provision_report(p, err);
	p->over = p->locked = true;
	p->result = PROVISION_UNCHANGED;
	snprintf(p->detail, sizeof(p->detail),
		 "provisioned and locked by an earlier run");
	return p->how->dry_run ? EXIT_DONE : provision_step(p, STEP_LOCKED);
}

static int read_protection(struct provisioning *p, struct dfu_dev *dev)
{
	struct dfu_options *o = NULL;
	struct dfu_error err;
	int status = EXIT_DONE;

	if (dfu_options_read(dev, &o, &err) < 0)
		return judge_protected(p, &err);
	for (unsigned sector = 2; sector < 4 && status == EXIT_DONE; sector++)
		if (dfu_options_protects(o, sector))
			status = provision_refuse(
				p, EXIT_DENIED, "'stmiot option set nwrp=0xfff' lifts it",
				"sector %u, a credential slot, is write-protected",
				sector);
	dfu_options_free(o);
	return status;
}

static int read_memory(struct provisioning *p, struct dfu_dev *dev)
{
	struct dfu_error err = { 0 };
	struct record_view view;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < 2; i++)
		rc = dfu_read(dev, slot_addr[i], p->slots[i], RECORD_SLOT_BYTES, &err);
	if (rc == 0)
		rc = dfu_otp_read(dev, &p->otp, &err);
	if (rc < 0)
		return provision_report(p, &err);
	for (unsigned i = 0; i < 2; i++)
		prov_slot_look(p->slots[i], p->serial, &p->seen[i]);
	p->valid = record_choose(p->slots[0], p->slots[1], RECORD_SLOT_BYTES, p->serial,
				 &view);
	return EXIT_DONE;
}

bool provision_board_key(const struct provisioning *p, uint16_t type,
			 struct prov_secret **out)
{
	const struct record_view *view = p->valid < 0 ? NULL : &p->seen[p->valid].view;
	struct prov_wrap_root root = { 0 };
	struct record_wrap wrap;
	struct record_tlv tlv;
	uint8_t key[256];
	size_t len = 0;
	bool found = false;

	if (!view || !record_find(view, type, &tlv))
		return false;
	if (!view->wrapped)
		return prov_secret_new(tlv.data, tlv.len, out, NULL) == 0;
	if (!record_wrap_get(view, &wrap))
		return false;
	root.otp_block = wrap.otp_block;
	memcpy(root.bytes, p->otp.data[wrap.otp_block % DFU_OTP_BLOCKS],
	       sizeof(root.bytes));
	if (prov_unwrap(&root, view, type, key,
			type == RECORD_PRIVATE_KEY ? sizeof(key) : 64, &len, NULL,
			0) == 0)
		found = prov_secret_new(key, len, out, NULL) == 0;
	explicit_bzero(&root, sizeof(root));
	explicit_bzero(key, sizeof(key));
	return found;
}

/* -- one-time memory ----------------------------------------------------------------------- */

static bool may_burn(const struct provisioning *p)
{
	for (size_t i = 0; i < p->how->burn->n; i++)
		if (strcmp(p->how->burn->items[i], p->serial) == 0)
			return true;
	return false;
}

static int check_burning(struct provisioning *p)
{
	const struct prov_otp_plan *plan = &p->otp_plan;

	if (plan->burn && p->journal.otp_whole)
		return provision_refuse(
			p, EXIT_BAD_DATA,
			"this is another board than the one that was burned",
			"OTP block %u should hold this board's root, and does not",
			plan->root.otp_block);
	if ((!plan->burn && !plan->lock) || may_burn(p) || p->how->dry_run)
		return EXIT_DONE;
	if (p->how->burn->n)
		return provision_refuse(p, EXIT_BAD_DATA,
					"nothing was changed; is it the right board?",
					"its serial is %s, and --burn names %s%s",
					p->serial, clean(p->how->burn->items[0]),
					p->how->burn->n > 1 ? " and others" : "");
	return provision_refuse(p, EXIT_USAGE, "this cannot be undone",
				"OTP block %u would be burned: say --burn %s",
				plan->root.otp_block, p->serial);
}

static int choose_block(struct provisioning *p)
{
	const struct record_view *view = p->valid < 0 ? NULL : &p->seen[p->valid].view;
	bool wrapped = view && view->wrapped;
	char words[200] = "";
	int rc;

	p->wraps = p->how->store == PROVISION_OTP ||
		   (p->how->store == PROVISION_KEEP && wrapped);
	if (!p->wraps)
		return EXIT_DONE;
	rc = prov_otp_choose(&p->otp.data[0][0], p->otp.lock, wrapped ? view : NULL,
			     p->journal.otp_block, &p->otp_plan, words, sizeof(words));
	return rc < 0 ? provision_report_local(p, rc, words) : check_burning(p);
}

/* -- the record ------------------------------------------------------------------------------ */

static struct record_bytes bytes_of(const void *data, size_t len)
{
	return (struct record_bytes){ .data = data, .len = len };
}

static void add_place(const struct provision_place *place, struct record_fields *f)
{
	f->hub_host = place->host;
	f->gateway = place->gateway[0] ? place->gateway : NULL;
	for (size_t i = 0; i < place->n_roots; i++)
		f->roots[i] = bytes_of(place->roots[i].der, place->roots[i].bytes);
}

static void add_keys(const struct provisioning *p, struct record_fields *f)
{
	const struct prov_x509 *x = &p->x509;
	size_t len;

	if (f->auth == RECORD_AUTH_SAS || f->auth == RECORD_AUTH_DPS_SAS) {
		f->key_1.data = prov_secret_bytes(p->key, &len);
		f->key_1.len = len;
		return;
	}
	f->private_key = bytes_of(x->key_der, x->key_bytes);
	f->cert = bytes_of(x->cert.der, x->cert.bytes);
	for (size_t i = 0; i < x->n_chain; i++)
		f->chain[i] = bytes_of(x->chain[i].der, x->chain[i].bytes);
}

static void add_trial_keys(struct record_fields *f)
{
	static const uint8_t none[600] = { 0x30 };

	if (f->auth == RECORD_AUTH_SAS || f->auth == RECORD_AUTH_DPS_SAS)
		f->key_1 = bytes_of(none, 32);
	else
		f->private_key = bytes_of(none, 121);
	if (f->private_key.data)
		f->cert = bytes_of(none, sizeof(none));
}

void provision_fields(const struct provisioning *p, bool trial, struct record_fields *out)
{
	*out = (struct record_fields){ .issued_at = (uint64_t)time(NULL) };
	if (p->how->auth == PROVISION_DPS) {
		out->auth = p->how->ca ? RECORD_AUTH_DPS_X509 : RECORD_AUTH_DPS_SAS;
		out->id_scope = p->how->id_scope;
		out->registration_id = p->registration_id;
	} else {
		out->auth = p->how->auth == PROVISION_X509 ? RECORD_AUTH_X509
							   : RECORD_AUTH_SAS;
		out->device_id = p->device_id;
		add_place(p->place, out);
	}
	if (trial)
		add_trial_keys(out);
	else
		add_keys(p, out);
}

int provision_plan(struct provisioning *p, bool trial)
{
	struct prov_slots slots = { p->slots[0], p->slots[1], p->serial, 0 };
	struct record_fields fields;
	char words[200] = "";
	int rc;

	if (p->how->force)
		slots.replace = PROV_SLOT_A | PROV_SLOT_B;
	else
		slots.replace = p->journal.open_slots;
	provision_fields(p, trial, &fields);
	rc = prov_slots_plan(&slots, &fields, p->wraps ? &p->otp_plan.root : NULL,
			     &p->plan, words, sizeof(words));
	return rc < 0 ? provision_report_local(p, rc, words) : EXIT_DONE;
}

/* What --force gives up is asked for once more. */
static int ask_about_force(struct provisioning *p)
{
	enum prov_slot_state state = p->seen[p->plan.slot == PROV_SLOT_A ? 0 : 1].state;

	if (!p->how->force || p->how->yes || p->how->dry_run || state < PROV_SLOT_DAMAGED)
		return EXIT_DONE;
	if (confirm("%s: overwrite slot %c (%s)?", p->sight->name,
		    provision_slot_letter(&p->plan), prov_slot_state_name(state)))
		return EXIT_DONE;
	snprintf(p->detail, sizeof(p->detail), "not confirmed");
	return EXIT_USAGE;
}

int provisioning_look(struct provisioning *p, struct dfu_dev *dev)
{
	int status = learn_serial(p, dev);

	if (status == EXIT_DONE)
		status = check_names(p);
	if (status == EXIT_DONE)
		status = take_journal(p);
	if (status == EXIT_DONE)
		status = read_protection(p, dev);
	if (status != EXIT_DONE || p->over)
		return status;
	status = read_memory(p, dev);
	if (status == EXIT_DONE)
		status = choose_block(p);
	if (status == EXIT_DONE)
		status = provision_plan(p, true);
	return status == EXIT_DONE ? ask_about_force(p) : status;
}

bool provisioning_is_done(struct provisioning *p)
{
	const struct provision_journal *j = &p->journal;
	const char *store = p->wraps ? "otp" : "flash";

	if (p->over)
		return true;
	if (p->how->force || p->how->lock || j->step != STEP_COMMITTED || !same_wish(p) ||
	    strcmp(j->store, store) != 0 || p->otp_plan.burn || p->otp_plan.lock ||
	    p->valid < 0 || p->valid != j->slot ||
	    p->seen[p->valid].view.generation != j->generation)
		return false;
	p->over = true;
	p->result = PROVISION_UNCHANGED;
	p->plan.slot = j->slot ? PROV_SLOT_B : PROV_SLOT_A;
	p->plan.generation = j->generation;
	snprintf(p->detail, sizeof(p->detail), "provisioned by an earlier run");
	return true;
}
