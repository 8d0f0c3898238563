/* `cred`: the credential record as the board reads it, but for the keys themselves. */
#include "app/commands.h"
#include "app/console.h"
#include "app/status.h"
#include "drivers/flash.h"
#include "hw/reg.h"
#include "lib/text.h"
#include "record.h"

#define CRED_VERSION 1

static const uint8_t *slot(unsigned i)
{
	return mem_at(i ? RECORD_SLOT_B_ADDR : RECORD_SLOT_A_ADDR);
}

static void say_slots(void)
{
	struct record_view view;
	unsigned i;

	for (i = 0; i < 2; i++)
		console_say("slot-%c %s\n", 'a' + i,
			    record_err_words(record_parse(slot(i), RECORD_SLOT_BYTES,
							  status.serial, &view)));
}

/* Values that are names: checked by the parser to be ASCII without blanks. */
static void say_names(const struct record_view *view)
{
	static const struct {
		uint16_t type;
		const char *key;
	} names[] = {
		{ RECORD_HUB_HOST, "hub" },
		{ RECORD_DEVICE_ID, "device" },
		{ RECORD_ID_SCOPE, "id-scope" },
		{ RECORD_REGISTRATION_ID, "registration" },
		{ RECORD_GATEWAY, "gateway" },
		{ RECORD_SNTP_SERVER, "sntp" },
	};
	char text[262]; /* the longest of them, and its end */
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!record_text(view, names[i].type, text, sizeof(text)))
			continue;
		console_say("%s ", names[i].key);
		console_put(text);
		console_say("\n");
	}
}

static void say_keys(const struct record_view *view)
{
	static const struct {
		uint16_t type;
		const char *name;
	} keys[] = {
		{ RECORD_KEY_1, "primary" },
		{ RECORD_KEY_2, "secondary" },
		{ RECORD_PRIVATE_KEY, "private" },
		{ RECORD_CERT, "certificate" },
	};
	struct record_tlv tlv;
	unsigned i;

	console_say("keys");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (record_find(view, keys[i].type, &tlv))
			console_say(" %s", keys[i].name);
	console_say("\n");
}

/* Whether the root that the keys are wrapped with is there can be seen; which it is, not. */
static void say_wrap(const struct record_view *view)
{
	struct record_wrap wrap;

	if (!record_wrap_get(view, &wrap)) {
		console_say("wrapped no\n");
		return;
	}
	console_say("wrapped aes-256-gcm, root in OTP block %u, which is %s and %s\n",
		    wrap.otp_block,
		    record_is_blank(otp_block(wrap.otp_block), OTP_BLOCK_BYTES)
			    ? "blank"
			    : "burned",
		    otp_is_locked(wrap.otp_block) ? "locked" : "open");
}

static void say_record(const struct record_view *view)
{
	static const char *const auths[] = {
		[RECORD_AUTH_SAS] = "sas",
		[RECORD_AUTH_X509] = "x509",
		[RECORD_AUTH_DPS_SAS] = "dps-sas",
		[RECORD_AUTH_DPS_X509] = "dps-x509",
	};
	uint16_t keep_alive;
	uint64_t issued;

	console_say("generation %u\n", (unsigned)view->generation);
	console_say("serial %s\n", view->serial);
	console_say("auth %s\n", auths[view->auth]);
	say_names(view);
	say_keys(view);
	say_wrap(view);
	/* Seconds fit into 32 bits until 2106. */
	if (record_issued_at(view, &issued))
		console_say("issued %u\n", (unsigned)issued);
	if (record_keep_alive(view, &keep_alive))
		console_say("keep-alive %u\n", keep_alive);
}

bool command_cred(unsigned argc, char **argv)
{
	struct record_view view;
	int chosen =
		record_choose(slot(0), slot(1), RECORD_SLOT_BYTES, status.serial, &view);

	(void)argc;
	(void)argv;
	console_say("cred %u\n", CRED_VERSION);
	say_slots();
	console_say("in-use %s\n", chosen < 0 ? "none" : chosen ? "b" : "a");
	if (chosen >= 0)
		say_record(&view);
	return true;
}
