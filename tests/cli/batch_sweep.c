/*
 * batch_sweep WHAT FROM [ARGUMENT...]: provision a tray of three boards, sim/b0 to b2,
 * at the hub in hub/, with these arguments for `stmiot provision --batch`, while
 * something goes wrong with sim/b1 or the hub (flow.h). FROM says what each time begins
 * with:
 *
 *	last    the boards with the records of the time before
 *	there   the same, and the second and third device are in the registry already
 *	fresh   the boards as they are in fresh/, with records
 *
 * At any moment each board has its old record or its new one, and the hub would let it in
 * with that; there is one device a row, which stays the one that it was and keeps its
 * keys; no board has more than one block of OTP in use, or is locked without its new
 * record. A row that is done is not done again. A run that is not killed tells of each row
 * once, and what goes wrong with one board leaves the others alone.
 */
#include "credentials.h"
#include "flow.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>

#define BOARDS   3
#define VICTIM   1
#define ARGS_MAX 20

struct row {
	char folder[16], device[64];
	struct credentials old, now, fresh; /* `fresh`: new, as soon as it is seen */
	struct prov_device made;            /* as soon as it is in the registry */
	bool existed, is_made, has_fresh;
};

static struct {
	struct row rows[BOARDS];
	const char *args[ARGS_MAX + 1];
	const char *from; /* the folder to begin with; NULL: as the boards are */
	bool exists, x509, wraps, locks;
	unsigned count; /* of devices, before */
} s;

/* -- before ---------------------------------------------------------------------------- */

static void prepare_row(struct row *r, unsigned i, const char *turn)
{
	prov_device_clear(&r->made);
	r->has_fresh = false;
	r->existed = s.exists && i > 0;
	snprintf(r->folder, sizeof(r->folder), "sim/b%u", i);
	snprintf(r->device, sizeof(r->device), "%s%s-b%u", turn, s.exists ? "-there" : "",
		 i);
	credentials_read(r->folder, &r->old);
	if (r->existed)
		registry_create(r->device, s.x509 ? PROV_AUTH_SELFSIGNED : PROV_AUTH_SAS);
	r->is_made = registry_get(r->device, &r->made);
	if (r->is_made != r->existed)
		die("%s: in the registry too early, or too late", r->device);
}

static void prepare(const char *turn, const char **argv)
{
	static const char *const start[] = { "stmiot", "-v", "provision", "--batch",
					     "boards.csv" };
	FILE *f = fopen("boards.csv", "w");

	if (s.from)
		flow_start_afresh(s.from, BOARDS);
	fprintf(f, "board,device_id\n");
	for (unsigned i = 0; i < BOARDS; i++) {
		prepare_row(&s.rows[i], i, turn);
		fprintf(f, "sim:b%u,%s\n", i, s.rows[i].device);
	}
	fclose(f);
	s.count = registry_count();
	memcpy(argv, start, sizeof(start));
	memcpy(argv + sizeof(start) / sizeof(start[0]), s.args, sizeof(s.args));
}

/* -- at any moment --------------------------------------------------------------------- */

/* With its old record. */
static void judge_older(const struct row *r)
{
	struct prov_device is = { 0 };

	if (!registry_get(r->old.device, &is) || !credentials_accepted(&r->old, &is))
		wrong("the hub does not let %s in as %s", r->folder, r->old.device);
	prov_device_clear(&is);
}

static void judge_record(struct row *r, const struct prov_device *is)
{
	bool is_new;

	credentials_read(r->folder, &r->now);
	is_new = strcmp(r->now.device, r->device) == 0;
	if (!is_new && !credentials_same(&r->now, &r->old))
		wrong("%s is '%s', neither '%s' nor '%s'", r->folder, r->now.device,
		      r->old.device, r->device);
	if (!is_new)
		judge_older(r);
	else if (!credentials_accepted(&r->now, is))
		wrong("the hub does not let %s in", r->folder);
	if (r->has_fresh && !credentials_same(&r->now, &r->fresh))
		wrong("%s was done once more", r->folder);
	if (is_new)
		r->fresh = r->now;
	r->has_fresh |= is_new;
}

static void judge_chip(const struct row *r)
{
	unsigned locked, used = otp_blocks_used(r->folder, &locked);

	if (used > s.wraps || (r->has_fresh && locked != s.wraps))
		wrong("%s: %u blocks of OTP are in use, %u locked", r->folder, used,
		      locked);
	if (board_is_locked(r->folder) && (!s.locks || !r->has_fresh))
		wrong("%s is locked, and is '%s'", r->folder, r->now.device);
}

/* 1 when the device is there now, and was not before. */
static unsigned judge_row(struct row *r)
{
	struct prov_device is = { 0 };
	bool there = registry_get(r->device, &is);

	if (r->is_made && (!there || !registry_same(&is, &r->made)))
		wrong("%s is gone, or another one, or has other keys", r->device);
	if (r->existed && s.x509 && !registry_has_thumbprint(&is, STRANGER))
		wrong("somebody else's certificate is no longer good");
	judge_record(r, &is);
	judge_chip(r);
	prov_device_clear(&r->made);
	r->made = is;
	r->is_made = there;
	return there && !r->existed;
}

/* How often the device is in the first three columns of a row with this result. */
static unsigned told(const struct row *r, const char *result)
{
	char cell[80];
	unsigned n = 0;

	snprintf(cell, sizeof(cell), ",%s,%s", r->device, result);
	for (const char *at = sweep.told; (at = strstr(at, cell)); at += strlen(cell))
		n++;
	return n;
}

static void judge_telling(void)
{
	for (unsigned i = 0; i < BOARDS; i++) {
		const struct row *r = &s.rows[i];
		unsigned done = told(r, "provisioned,") + told(r, "unchanged,");

		if (told(r, "") != 1)
			wrong("%u rows for %s", told(r, ""), r->device);
		if (done && !r->has_fresh)
			wrong("%s does not hold what its row says", r->folder);
	}
}

/* Does a line say that there was no answer in time, of this board or for it? */
static bool was_late(unsigned i)
{
	char name[8];

	snprintf(name, sizeof(name), "b%u: ", i);
	for (const char *line = sweep.said; (line = strstr(line, name)); line++)
		if (memmem(line, strcspn(line, "\n"), "answer", strlen("answer")))
			return true;
	return false;
}

/* What happens to one board is nothing to the others; on a busy machine they may be late. */
static void judge_others(void)
{
	for (unsigned i = 0; i < BOARDS; i++)
		if (i != VICTIM && !s.rows[i].has_fresh && !was_late(i))
			wrong("%s is left alone", s.rows[i].folder);
}

static void judge(void)
{
	unsigned count = s.count;

	for (unsigned i = 0; i < BOARDS; i++)
		count += judge_row(&s.rows[i]);
	if (registry_count() != count)
		wrong("%u devices instead of %u", registry_count(), count);
	if (sweep.status >= 0)
		judge_telling();
	if (sweep.fault && !sweep.fault->hub && sweep.fault->after == LET_RUN)
		judge_others();
}

/* -- in the end ------------------------------------------------------------------------ */

static void judge_end(void)
{
	for (unsigned i = 0; i < BOARDS; i++) {
		const struct row *r = &s.rows[i];

		if (!r->has_fresh || told(r, "provisioned,") + told(r, "unchanged,") != 1)
			wrong("%s is not done", r->folder);
		if (board_is_locked(r->folder) != s.locks)
			wrong("%s is%s locked", r->folder, s.locks ? " not" : "");
	}
}

static void judge_rest(void)
{
	judge_end();
	if (!strstr(sweep.said, " 0 provisioned, 3 unchanged"))
		wrong("there is something left to do");
	if (strstr(sweep.said, "registering "))
		wrong("the hub is asked in vain");
}

static const struct flow flow = { "sim/b1", prepare, judge, judge_end, judge_rest };

int main(int argc, char **argv)
{
	if (argc < 3 || argc - 3 > ARGS_MAX)
		die("usage: batch_sweep WHAT FROM [ARGUMENT...]");
	for (int i = 3; i < argc; i++)
		s.args[i - 3] = argv[i];
	s.exists = strcmp(argv[2], "there") == 0;
	s.from = strcmp(argv[2], "fresh") == 0 ? "fresh" : NULL;
	s.x509 = flow_has(s.args, "x509");
	s.wraps = flow_has(s.args, "otp");
	s.locks = flow_has(s.args, "--lock");
	registry_open(HUB);
	return flow_sweep(&flow, argv[1]);
}
