#include "flow.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS "150" /* of a transfer, and of a request */
#define TIMES_MAX  1000

static struct {
	const struct flow *flow;
	const struct fault *first, *second; /* `second` may be NULL */
	unsigned step;
	const char *argv[FLOW_ARGS];
	unsigned turn;
} s;

void flow_start_afresh(const char *from, unsigned boards)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "stmiot -q sim down && cp -r %s/. sim/ && "
		 "rm -rf \"$XDG_STATE_HOME/stmiot/provision\" && "
		 "stmiot -q sim up --no-hub --boards %u --time none >up.txt",
		 from, boards);
	if (system(command) != 0)
		die("%s", command);
}

bool flow_has(const char *const *args, const char *word)
{
	while (*args && strcmp(*args, word) != 0)
		args++;
	return *args;
}

static const char *folder_of(const struct fault *fault)
{
	return fault->hub ? HUB : s.flow->board;
}

static bool may_end_so(const struct fault *fault, int status)
{
	if (status == 0 || run_was_late())
		return true;
	switch (fault->after) {
	case KILL:
		return status == -SIGKILL;
	case INTERRUPT:
		return status == 130;
	case LET_RUN:
		break;
	}
	if (status == 5 && fault->hub)
		return strstr(sweep.said, "malformed JSON at byte ");
	return status == 1 || (fault->hub && (status == 6 || status == 4));
}

/* False: the run was over before n. */
static bool strike(const struct fault *fault, unsigned n)
{
	const char *folder = folder_of(fault);
	bool struck, late;
	int status;

	fault_arm(fault, folder, n);
	status = run_with(fault, folder, n, s.argv, TIMEOUT_MS);
	struck = fault_struck(fault, folder, n);
	late = run_was_late();
	fault_clear(fault, folder);
	sweep.faults += struck;
	sweep.alone += struck && status == 0;
	if (!may_end_so(fault, status) || (!struck && status != 0 && !late))
		wrong("status %d%s", status, struck ? "" : ", and nothing has happened");
	else if (status > 0 && !strstr(sweep.said, "stmiot: "))
		wrong("it failed, and does not say why");
	s.flow->judge();
	return struck || late;
}

/* The slot with the record is not one of those that a write left half done. */
static void judge_journal(const char *text)
{
	unsigned slot = control_number(text, "\"slot\":");

	if (control_number(text, "\"open_slots\":") & 1u << slot)
		wrong("the journal takes the record for half written: %s", text);
}

static void judge_journals(void)
{
	char pattern[512], text[8192];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/stmiot/provision/*.json",
		 getenv("XDG_STATE_HOME"));
	if (glob(pattern, 0, NULL, &found) != 0)
		die("%s", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *f = fopen(found.gl_pathv[i], "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

		text[n] = '\0';
		judge_journal(text);
		if (f)
			fclose(f);
	}
	globfree(&found);
}

static void again(const char *which, void (*judge)(void))
{
	int status = run(s.argv, NULL);

	if (status != 0)
		wrong("status %d the %s time", status, which);
	s.flow->judge();
	judge();
	judge_journals();
}

static void prepare(const char *name)
{
	char turn[48];

	snprintf(turn, sizeof(turn), "%s-%u", name, s.turn++);
	s.flow->prepare(turn, s.argv);
}

static bool one(const char *what, unsigned n)
{
	bool struck;

	prepare(s.first->name);
	snprintf(sweep.doing, sizeof(sweep.doing), "%s at %u", what, n);
	struck = strike(s.first, n);
	if (struck && s.second)
		strike(s.second, n);
	again("second", s.flow->judge_end);
	if (s.flow->judge_rest && n % THIRD_EACH == 1)
		again("third", s.flow->judge_rest);
	return struck;
}

static void undisturbed(void)
{
	prepare(s.first->name);
	snprintf(sweep.doing, sizeof(sweep.doing), "undisturbed");
	again("first", s.flow->judge_end);
	if (s.flow->judge_rest)
		again("second", s.flow->judge_rest);
}

static void take(char *what)
{
	char *slash = strchr(what, '/'), *plus;

	s.step = slash ? (unsigned)atoi(slash + 1) : 1;
	if (slash)
		*slash = '\0';
	plus = strchr(what, '+');
	if (plus)
		*plus = '\0';
	s.first = fault_find(what);
	s.second = plus ? fault_find(plus + 1) : NULL;
}

int flow_sweep(const struct flow *flow, const char *what)
{
	char kinds[80];
	unsigned n = 1;

	snprintf(kinds, sizeof(kinds), "%s", what);
	s.flow = flow;
	take(kinds);
	undisturbed();
	while (n < TIMES_MAX && one(what, n))
		n += s.step;
	if (!sweep.faults || n >= TIMES_MAX)
		wrong("%u faults", sweep.faults);
	printf("# %s: %u faults, %u made good at once; the last at %u\n", what,
	       sweep.faults, sweep.alone, n - s.step);
	return sweep.wrong ? 1 : 0;
}
