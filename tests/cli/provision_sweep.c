/*
 * provision_sweep WHAT FROM [ARGUMENT...]: provision sim/b0 at the hub in hub/, with
 * these arguments for `stmiot provision`, while something goes wrong (flow.h). FROM says
 * what each time begins with:
 *
 *	last    the board with the record of the time before
 *	there   the same, and the device is in the registry already
 *	fresh   the board as it is in fresh/, with a record
 *	blank   the board as it is in blank/, without one
 *
 * At any moment the board's record is whole, and either the old or the new one, and the
 * hub would let the board in with it. There is one device for the board, which stays the
 * one that it was and keeps its keys, as the older one does. Of one-time memory there is
 * never more than one block in use, and no board is locked that has not its new record.
 */
#include "credentials.h"
#include "flow.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>

#define ARGS_MAX 20

static struct {
	const char *from; /* the folder to begin with; NULL: as the board is */
	bool exists, blank, locks, wraps, dps, x509;
	const char *args[ARGS_MAX + 1];
	char device[64];
	struct credentials old, now;
	struct prov_device older, made; /* `made` as soon as it is in the registry */
	bool is_made;
	unsigned count; /* of devices, before */
} s;

/* -- before ---------------------------------------------------------------------------- */

static void command(const char *device, const char **argv)
{
	static const char *const start[] = { "stmiot", "-v", "-b", "sim:b0",
					     "provision" };
	size_t n = sizeof(start) / sizeof(start[0]);

	memcpy(argv, start, sizeof(start));
	argv[n++] = device;
	memcpy(argv + n, s.args, sizeof(s.args));
}

static void prepare(const char *turn, const char **argv)
{
	if (s.from)
		flow_start_afresh(s.from, 1);
	prov_device_clear(&s.older);
	prov_device_clear(&s.made);
	credentials_read(BOARD, &s.old);
	snprintf(s.device, sizeof(s.device), "%s%s", turn, s.exists ? "-there" : "");
	if (s.exists)
		registry_create(s.device, s.x509 ? PROV_AUTH_SELFSIGNED : PROV_AUTH_SAS);
	s.is_made = registry_get(s.device, &s.made);
	if (s.is_made != s.exists)
		die("%s: in the registry too early, or too late", s.device);
	if (*s.old.device && !s.dps && !registry_get(s.old.device, &s.older))
		die("no device %s", s.old.device);
	s.count = registry_count();
	command(s.device, argv);
}

/* -- at any moment --------------------------------------------------------------------- */

static void judge_older(void)
{
	struct prov_device is = { 0 };

	if (!registry_get(s.old.device, &is) || !registry_same(&is, &s.older))
		wrong("the device %s is no longer what it was", s.old.device);
	else if (!credentials_accepted(&s.old, &is))
		wrong("the hub does not let the board in as %s", s.old.device);
	prov_device_clear(&is);
}

static void judge_device(const struct prov_device *is)
{
	if (!s.is_made)
		return;
	if (!registry_same(is, &s.made))
		wrong("the device is another one than before, or has other keys");
	if (s.exists && s.x509 && !registry_has_thumbprint(is, STRANGER))
		wrong("somebody else's certificate is no longer good");
}

/* There once at most; and once it is there it stays so. */
static void judge_registry(void)
{
	unsigned count = registry_count();
	struct prov_device is = { 0 };
	bool there = registry_get(s.device, &is);

	if (there)
		judge_device(&is);
	else if (s.is_made)
		wrong("the device is gone");
	if (count != s.count + (there && !s.exists))
		wrong("%u devices, there were %u", count, s.count);
	if (strcmp(s.now.device, s.device) == 0 &&
	    (!there || !credentials_accepted(&s.now, &is)))
		wrong("the hub does not let the board in with the new record");
	prov_device_clear(&s.made);
	s.made = is;
	s.is_made = there;
}

static void judge_board(void)
{
	unsigned locked, used = otp_blocks_used(BOARD, &locked);
	bool is_new;

	credentials_read(BOARD, &s.now);
	is_new = strcmp(s.now.device, s.device) == 0;
	if (!is_new && !credentials_same(&s.now, &s.old))
		wrong("the board is '%s', generation %u; neither '%s' nor '%s'",
		      s.now.device, s.now.generation, s.old.device, s.device);
	if (used > s.wraps)
		wrong("%u blocks of OTP are in use", used);
	if (board_is_locked(BOARD) && (!s.locks || !is_new))
		wrong("the board is locked, and is '%s'", s.now.device);
}

static void judge(void)
{
	judge_board();
	if (s.dps)
		return;
	if (*s.old.device)
		judge_older();
	judge_registry();
}

/* -- in the end ------------------------------------------------------------------------ */

/* Nothing was left on the board that the next one stumbles over. */
static void judge_next(void)
{
	const char *argv[FLOW_ARGS];
	char next[sizeof(s.device) + 8];
	int status;

	snprintf(next, sizeof(next), "%s-next", s.device);
	command(next, argv);
	status = run(argv, NULL);
	credentials_read(BOARD, &s.now);
	if (status != 0 || strcmp(s.now.device, next) != 0)
		wrong("status %d, and the board is '%s', not '%s'", status, s.now.device,
		      next);
}

static void judge_end(void)
{
	unsigned locked, used = otp_blocks_used(BOARD, &locked);

	if (strcmp(s.now.device, s.device) != 0)
		wrong("the board is still '%s'", s.now.device);
	if (used != s.wraps || locked != s.wraps)
		wrong("%u blocks of OTP are in use, %u locked", used, locked);
	if (board_is_locked(BOARD) != s.locks)
		wrong("the board is%s locked", s.locks ? " not" : "");
	if (s.blank)
		judge_next();
}

static void judge_rest(void)
{
	judge_end();
	if (!strstr(sweep.told, "nothing to do"))
		wrong("there is something left to do");
}

static struct flow flow = { BOARD, prepare, judge, judge_end, judge_rest };

int main(int argc, char **argv)
{
	if (argc < 3 || argc - 3 > ARGS_MAX)
		die("usage: provision_sweep WHAT FROM [ARGUMENT...]");
	for (int i = 3; i < argc; i++)
		s.args[i - 3] = argv[i];
	s.exists = strcmp(argv[2], "there") == 0;
	s.blank = strcmp(argv[2], "blank") == 0;
	if (s.blank || strcmp(argv[2], "fresh") == 0)
		s.from = argv[2];
	if (s.blank)
		flow.judge_rest = NULL;
	s.locks = flow_has(s.args, "--lock");
	s.wraps = flow_has(s.args, "otp");
	s.dps = flow_has(s.args, "dps");
	s.x509 = flow_has(s.args, "x509");
	registry_open(HUB);
	return flow_sweep(&flow, argv[1]);
}
