#include "slots.h"

#include <stdio.h>
#include <string.h>

bool slot_holds_record(const uint8_t *content)
{
	struct record_view view;

	return record_parse(content, SLOT_BYTES, NULL, &view) == RECORD_OK;
}

int slot_guard(void *ctx, const struct dfu_sector *sector, const uint8_t *content,
	       struct dfu_error *err)
{
	const bool *overwrite = ctx;
	struct prov_slot slot;

	if (sector->bytes != SLOT_BYTES ||
	    (sector->addr != SLOT_A_ADDR && sector->addr != SLOT_B_ADDR))
		return 0;
	if (!content)
		return 1;
	prov_slot_look(content, NULL, &slot);
	if (slot.state == PROV_SLOT_BLANK || slot.state == PROV_SLOT_OTHER)
		return 0;
	if (*overwrite || slot.state != PROV_SLOT_VALID)
		return 1;
	*err = (struct dfu_error){ .code = DFU_ERR_REFUSED };
	snprintf(err->msg, sizeof(err->msg),
		 "sector %u at 0x%08x holds a credential record: nothing was changed",
		 sector->index, sector->addr);
	snprintf(err->hint, sizeof(err->hint),
		 "--overwrite-credentials gives it up; the device then needs a new "
		 "identity");
	return DFU_ERR_REFUSED;
}

/* -- looking ------------------------------------------------------------------------------ */

static const char *auth_words(enum record_auth auth)
{
	static const char *const names[] = { "sas", "x509", "dps-sas", "dps-x509" };

	return auth >= RECORD_AUTH_SAS && auth <= RECORD_AUTH_DPS_X509
		       ? names[auth - RECORD_AUTH_SAS]
		       : NULL;
}

/* Are its TLVs to be trusted? A record that was never committed may be one's own. */
static bool is_whole(const struct prov_slot *slot)
{
	return slot->err == RECORD_OK || slot->err == RECORD_ERR_UNCOMMITTED ||
	       slot->err == RECORD_ERR_REVOKED || slot->err == RECORD_ERR_COMMIT;
}

static void read_tlvs(const struct record_view *view, struct slot_facts *out)
{
	bool dps =
		view->auth == RECORD_AUTH_DPS_SAS || view->auth == RECORD_AUTH_DPS_X509;
	struct record_wrap wrap;
	struct record_tlv cert;

	out->auth = auth_words(view->auth);
	record_text(view, dps ? RECORD_ID_SCOPE : RECORD_HUB_HOST, out->home,
		    sizeof(out->home));
	record_text(view, dps ? RECORD_REGISTRATION_ID : RECORD_DEVICE_ID, out->name,
		    sizeof(out->name));
	record_issued_at(view, &out->issued_at);
	out->wrapped = view->wrapped && record_wrap_get(view, &wrap);
	if (out->wrapped)
		out->otp_block = wrap.otp_block;
	if (record_find(view, RECORD_CERT, &cert))
		prov_x509_thumbprint(cert.data, cert.len, out->thumbprint);
}

void slot_damage(const struct prov_slot *slot, char *to, size_t bytes)
{
	snprintf(to, bytes, "%s, at 0x%04x", record_err_words(slot->err),
		 slot->view.err_at);
}

static void look(const uint8_t *content, const char *serial, struct slot_facts *out)
{
	struct prov_slot slot;

	*out = (struct slot_facts){ 0 };
	prov_slot_look(content, serial, &slot);
	out->state = slot.state;
	if (is_whole(&slot))
		read_tlvs(&slot.view, out);
	if (slot.state == PROV_SLOT_DAMAGED)
		slot_damage(&slot, out->damage, sizeof(out->damage));
	if (is_whole(&slot) || slot.state == PROV_SLOT_FOREIGN) {
		out->generation = slot.view.generation;
		snprintf(out->serial, sizeof(out->serial), "%s", slot.view.serial);
	}
}

void slots_look(const uint8_t *slot_a, const uint8_t *slot_b, const char *serial,
		struct slot_facts out[2])
{
	struct record_view view;
	int chosen = record_choose(slot_a, slot_b, SLOT_BYTES, serial, &view);

	look(slot_a, serial, &out[0]);
	look(slot_b, serial, &out[1]);
	if (chosen >= 0)
		out[chosen].in_use = true;
}

/* -- in words -------------------------------------------------------------------------------- */

const char *slot_state_words(enum prov_slot_state state)
{
	switch (state) {
	case PROV_SLOT_BLANK:
		return "blank";
	case PROV_SLOT_VALID:
		return "credential record";
	case PROV_SLOT_UNFINISHED:
		return "record that was not committed";
	case PROV_SLOT_REVOKED:
		return "revoked record";
	case PROV_SLOT_DAMAGED:
		return "damaged record";
	case PROV_SLOT_NEWER:
		return "record of a newer version";
	case PROV_SLOT_FOREIGN:
		return "record of another board";
	case PROV_SLOT_OTHER:
		break;
	}
	return "something else";
}

static void add_block(const struct slot_facts *f, char *to, size_t bytes)
{
	if (f->wrapped)
		snprintf(to, bytes, ", wrapped by OTP block %u", f->otp_block);
	else
		to[0] = '\0';
}

void slot_words(const struct slot_facts *f, char *to, size_t bytes)
{
	const char *words = slot_state_words(f->state);
	char block[40];

	add_block(f, block, sizeof(block));
	if (f->state == PROV_SLOT_FOREIGN)
		snprintf(to, bytes, "%s, serial %s", words, f->serial);
	else if (f->damage[0])
		snprintf(to, bytes, "%s: %s", words, f->damage);
	else if (!f->auth)
		snprintf(to, bytes, "%s", words);
	else
		snprintf(to, bytes, "%s%s: '%s' at %s, %s, generation %u%s", words,
			 f->in_use ? " in use" : "", f->name, f->home, f->auth,
			 f->generation, block);
}

struct json *slot_json(const struct slot_facts *f, char letter)
{
	bool dps = f->auth && strncmp(f->auth, "dps", 3) == 0;
	struct json *j = json_object();

	json_add_format(j, "slot", "%c", letter);
	json_add_text(j, "state", prov_slot_state_name(f->state));
	json_add_bool(j, "in_use", f->in_use);
	if (f->serial[0]) {
		json_add_text(j, "serial", f->serial);
		json_add_number(j, "generation", f->generation);
	}
	if (f->damage[0])
		json_add_text(j, "damage", f->damage);
	if (!f->auth)
		return j;
	json_add_text(j, dps ? "id_scope" : "hub", f->home);
	json_add_text(j, dps ? "registration_id" : "device_id", f->name);
	json_add_text(j, "auth", f->auth);
	json_add_bool(j, "wrapped", f->wrapped);
	if (f->wrapped)
		json_add_number(j, "otp_block", f->otp_block);
	if (f->issued_at)
		json_add_number(j, "issued_at", (double)f->issued_at);
	if (f->thumbprint[0])
		json_add_text(j, "thumbprint", f->thumbprint);
	return j;
}
