/*
 * credential_cuts MOMENTS ERASES [ARGUMENT...]: sim/b0 runs the bundled firmware, has a
 * record, and is provisioned anew, with these arguments for `stmiot provision`. Its power
 * is cut at so many moments, spread evenly over all transfers and what the flash does at
 * each of them, and at so many more of the erase; BOOT0 is low all the time.
 *
 * Each time the firmware comes up, and its `cred` names one valid record: the older one or
 * the newer one, with its own slot, generation and device, as the slots in flash have it.
 */
#include "chip.h"
#include "credentials.h"
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOARD       "sim/b0"
#define TIMEOUT_MS  "150"
#define ARGS_MAX    20
#define TRIES       3
#define REPEAT_EACH 4 /* so many moments the same command makes it good */

static struct {
	const char *const *args;
	char device[32];
	struct credentials old;
	unsigned moment, olds, news, repeats;
} s;

/* -- runs ------------------------------------------------------------------------------ */

static int provision(const char *timeout_ms)
{
	const char *argv[ARGS_MAX + 8] = { "stmiot", "-v",        "-b",
					   "sim:b0", "provision", s.device };

	for (unsigned i = 0; s.args[i]; i++)
		argv[6 + i] = s.args[i];
	return run(argv, timeout_ms);
}

static void start(void)
{
	enum chip_is is = chip_comes_up();

	if (is != CHIP_APP)
		die("%s: no application comes up", sweep.doing);
	chip_ask("cred");
}

/* Another wish, with the board in its bootloader. */
static void prepare(void)
{
	chip_to_rom();
	chip_forget();
	credentials_read(BOARD, &s.old);
	snprintf(s.device, sizeof(s.device), "device-%u", ++s.moment);
}

/* -- judging --------------------------------------------------------------------------- */

static void expect(const char *key, const char *is)
{
	char said[200];

	if (strcmp(chip_value(key, said, sizeof(said)), is) != 0)
		wrong("cred: %s '%s', but it is '%s'", key, said, is);
}

/* What `cred` has said is what is in flash. */
static void judge_cred(const struct credentials *now)
{
	char generation[16], state[80];

	snprintf(generation, sizeof(generation), "%u", (unsigned)now->generation);
	expect("in-use", now->slot < 0 ? "none" : now->slot ? "b" : "a");
	expect(now->slot ? "slot-b" : "slot-a", "valid");
	expect("generation", generation);
	expect("device", now->device);
	/* Of the other slot anything is true but that it cannot be told. */
	if (!*chip_value(now->slot ? "slot-a" : "slot-b", state, sizeof(state)))
		wrong("cred: nothing of the other slot");
}

/* The older one or the newer; true for the newer. */
static bool judge(void)
{
	struct credentials now;
	bool is_new;

	start();
	credentials_read(BOARD, &now);
	is_new = strcmp(now.device, s.device) == 0;
	/* Generations of records that were cut off are left out. */
	if (is_new && (now.generation <= s.old.generation || now.slot == s.old.slot))
		wrong("the newer record is of generation %u in slot %d, after %u in %d",
		      now.generation, now.slot, s.old.generation, s.old.slot);
	if (!is_new && !credentials_same(&now, &s.old))
		wrong("the record in use is neither the older nor the newer");
	judge_cred(&now);
	return is_new;
}

static void repeat(void)
{
	chip_to_rom();
	if (provision(NULL) != 0)
		wrong("status %d when it is repeated", sweep.status);
	chip_reset(false);
	if (!judge())
		wrong("the board is still '%s'", s.old.device);
	s.repeats++;
}

/* -- moments --------------------------------------------------------------------------- */

/* Did the power fail? On a busy machine a run may give up before. */
static bool strike(const char *what, unsigned n, double part, int *status)
{
	const struct fault *power = fault_find("power");
	bool struck;

	prepare();
	snprintf(sweep.doing, sizeof(sweep.doing), "%s %u, %g of it done", what, n, part);
	fault_arm_cut(BOARD, what, n, part);
	*status = provision(TIMEOUT_MS);
	struck = fault_struck(power, BOARD, n);
	if (!struck)
		chip_reset(false);
	fault_clear(power, BOARD);
	return struck;
}

static void cut(const char *what, unsigned n, double part)
{
	int status = 0;

	for (unsigned tries = 0; tries < TRIES; tries++)
		if (strike(what, n, part, &status)) {
			sweep.faults++;
			break;
		}
	if (status != 0 && !strstr(sweep.said, "stmiot: "))
		wrong("status %d, and it does not say why", status);
	if (judge())
		s.news++;
	else
		s.olds++;
	if (s.moment % REPEAT_EACH == 0)
		repeat();
}

/* Of a run that erases: the first one after that of the record may find a blank slot. */
static unsigned count_transfers(void)
{
	unsigned n;

	snprintf(sweep.doing, sizeof(sweep.doing), "undisturbed");
	prepare();
	control_ask(BOARD, "\"clear-counters\"");
	if (provision(NULL) != 0)
		die("status %d, undisturbed: %s", sweep.status, sweep.said);
	n = control_number(control_ask(BOARD, "\"status\""), "\"transfers\":");
	chip_reset(false);
	if (!judge())
		wrong("the board is still '%s'", s.old.device);
	return n;
}

int main(int argc, char **argv)
{
	unsigned moments = argc > 2 ? (unsigned)atoi(argv[1]) : 0;
	unsigned erases = argc > 2 ? (unsigned)atoi(argv[2]) : 0, transfers;

	if (!moments || argc - 3 > ARGS_MAX)
		die("usage: credential_cuts MOMENTS ERASES [ARGUMENT...]");
	s.args = (const char *const *)argv + 3;
	chip_open(BOARD);
	chip_reset(false);
	start();
	count_transfers();
	transfers = count_transfers();
	for (unsigned k = 0; k < moments; k++) {
		double at = (k + 0.5) * transfers / moments;

		cut("at", (unsigned)at + 1, at - (unsigned)at);
	}
	for (unsigned k = 0; k < erases; k++)
		cut("erase", 1, (k + 0.5) / erases);
	if (sweep.faults != moments + erases)
		wrong("%u cuts only", sweep.faults);
	if (!s.olds || !s.news)
		wrong("always the same record");
	printf("# %u cuts in %u transfers and the erase; the older record %u times, the "
	       "newer %u; repeated %u times\n",
	       sweep.faults, transfers, s.olds, s.news, s.repeats);
	return sweep.wrong ? 1 : 0;
}
