/*
 * rotate_sweep WHAT: `stmiot device rotate` of "dev" on sim/b0 at the hub in hub/, while
 * something goes wrong (flow.h).
 *
 * At any moment the hub would let the board in with the record that counts, and the key
 * or certificate that the board had before is still good too. The device stays the one
 * that it was. Once the board has a new one it is not given another.
 */
#include "credentials.h"
#include "flow.h"
#include "registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEVICE "dev"

static struct {
	struct credentials old, now, fresh; /* `fresh`: new, as soon as it is seen */
	struct prov_device before, after;   /* `after`: when it was seen */
	bool secondary, has_fresh;          /* the place of the old one */
	unsigned count, used;               /* devices, and blocks of OTP */
} s;

/* Has the device in this place what the board has? */
static bool is_at(const struct credentials *c, const struct prov_device *d,
		  bool secondary)
{
	if (d->auth == PROV_AUTH_SELFSIGNED)
		return strcasecmp(c->thumbprint, secondary ? d->secondary_thumbprint
							   : d->primary_thumbprint) == 0;
	return credentials_is_key(c, secondary ? d->secondary_key : d->primary_key);
}

/* As if the last rotation had been finished: what it has made is where this one begins. */
static void forget_rotation(void)
{
	if (system("sed -i -e 's/\"rotation\":\"[a-z]*\"/\"rotation\":\"\"/' "
		   "-e 's/\"rotated_at\":[0-9]*/\"rotated_at\":0/' "
		   "\"$XDG_STATE_HOME\"/stmiot/provision/*.json") != 0)
		die("the journal");
}

static void prepare(const char *turn, const char **argv)
{
	static const char *const command[] = { "stmiot", "-v",     "-b",   "sim:b0",
					       "device", "rotate", DEVICE, NULL };
	unsigned locked;

	(void)turn;
	forget_rotation();
	prov_device_clear(&s.before);
	prov_device_clear(&s.after);
	s.has_fresh = false;
	credentials_read(BOARD, &s.old);
	if (!registry_get(DEVICE, &s.before))
		die("no device");
	s.secondary = is_at(&s.old, &s.before, true);
	s.count = registry_count();
	s.used = otp_blocks_used(BOARD, &locked);
	memcpy(argv, command, sizeof(command));
}

/* -- at any moment --------------------------------------------------------------------- */

static void judge_new(struct prov_device *is)
{
	if (!is_at(&s.now, is, !s.secondary) || is_at(&s.now, is, s.secondary))
		wrong("the board does not hold what is in the other place");
	if (s.now.slot == s.old.slot || s.now.generation <= s.old.generation)
		wrong("slot %d, generation %u; it was %d, %u", s.now.slot,
		      s.now.generation, s.old.slot, s.old.generation);
	s.fresh = s.now;
	s.after = *is;
	*is = (struct prov_device){ 0 };
	s.has_fresh = true;
}

/* What was seen once stays. */
static void judge_again(const struct prov_device *is)
{
	if (!credentials_same(&s.now, &s.fresh) || !registry_same(is, &s.after))
		wrong("it was rotated once more");
}

static void judge_device(const struct prov_device *is)
{
	if (strcmp(is->generation_id, s.before.generation_id) != 0 ||
	    registry_count() != s.count)
		wrong("the device is another one than before, or one of several");
	if (!is_at(&s.old, is, s.secondary))
		wrong("what the board had before is no longer good");
	if (!credentials_accepted(&s.now, is))
		wrong("the hub does not let the board in");
}

static void judge(void)
{
	unsigned locked, used = otp_blocks_used(BOARD, &locked);
	struct prov_device is = { 0 };

	credentials_read(BOARD, &s.now);
	if (!registry_get(DEVICE, &is)) {
		wrong("the device is gone");
		return;
	}
	judge_device(&is);
	if (used != s.used)
		wrong("%u blocks of OTP are in use, there were %u", used, s.used);
	if (s.has_fresh)
		judge_again(&is);
	else if (!credentials_same(&s.now, &s.old))
		judge_new(&is);
	prov_device_clear(&is);
}

/* -- in the end ------------------------------------------------------------------------ */

static void judge_end(void)
{
	if (!s.has_fresh)
		wrong("the board has nothing new");
}

static void judge_rest(void)
{
	judge_end();
	if (!strstr(sweep.told, " already, "))
		wrong("it is done again");
}

static const struct flow flow = { BOARD, prepare, judge, judge_end, judge_rest };

int main(int argc, char **argv)
{
	if (argc != 2)
		die("usage: rotate_sweep WHAT");
	registry_open(HUB);
	return flow_sweep(&flow, argv[1]);
}
