#include "faults.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static bool number(const char *from, long most, long *value)
{
	unsigned long long whole;

	if (!parse_whole(from, strlen(from), (unsigned long long)most, &whole))
		return false;
	*value = (long)whole;
	return true;
}

static const struct {
	const char *name;
	enum fault_action action;
} actions[] = {
	{ "html", FAULT_HTML }, { "garbage", FAULT_GARBAGE }, { "drop", FAULT_DROP },
	{ "lose", FAULT_LOSE }, { "cut", FAULT_CUT },
};

/* What follows a sign within a word; cuts it off. */
static const char *take_tail(char *word, char sign, long *value)
{
	char *at = strchr(word, sign);

	if (!at)
		return NULL;
	*at = '\0';
	return number(at + 1, LONG_MAX, value) && *value > 0
		       ? NULL
		       : "what follows : and @ is a number from 1";
}

static const char *take_action(struct fault *fault, char *word)
{
	const char *wrong;
	long status;

	if (fault->action != FAULT_NONE)
		return "there is more than one action";
	wrong = take_tail(word, '@', &fault->nth);
	if (!wrong)
		wrong = take_tail(word, ':', &fault->count);
	if (wrong)
		return wrong;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, word) == 0)
			fault->action = actions[i].action;
	if (fault->action == FAULT_HTML)
		fault->status = 503;
	if (strncmp(word, "html=", 5) == 0) {
		if (!number(word + 5, 599, &status) || status < 200)
			return "html=STATUS is 200 to 599";
		fault->action = FAULT_HTML;
		fault->status = (int)status;
	} else if (strncmp(word, "slow=", 5) == 0) {
		if (!number(word + 5, 3600000, &fault->slow_ms))
			return "slow=MS is at most 3600000";
		fault->action = FAULT_SLOW;
	} else if (number(word, 599, &status) && status >= 400) {
		fault->action = FAULT_STATUS;
		fault->status = (int)status;
	}
	return fault->action == FAULT_NONE ? "an action is 400 to 599, html[=STATUS], "
					     "garbage, slow=MS, drop, lose or cut"
					   : NULL;
}

static const char *take_word(struct fault *fault, char *word)
{
	if (*word == '/') {
		if (strlen(word) >= sizeof(fault->path))
			return "the path is too long";
		strcpy(fault->path, word);
	} else if (*word >= 'A' && *word <= 'Z') {
		if (strlen(word) >= sizeof(fault->method))
			return "there is no such method";
		strcpy(fault->method, word);
	} else if (strncmp(word, "every=", 6) == 0) {
		if (!number(word + 6, LONG_MAX, &fault->every) || fault->every == 0)
			return "every=N is a number from 1";
	} else if (strncmp(word, "retry-after=", 12) == 0) {
		if (!number(word + 12, 86400, &fault->retry_after_s))
			return "retry-after=S is at most 86400";
	} else if (strncmp(word, "wait=", 5) == 0) {
		if (!number(word + 5, 86400, &fault->wait_s))
			return "wait=S is at most 86400";
	} else {
		return take_action(fault, word);
	}
	return NULL;
}

const char *faults_add(struct faults *faults, const char *pattern)
{
	struct fault fault = { .retry_after_s = -1, .wait_s = 1 };
	char words[sizeof(fault.text)];
	char *rest = words, *word;

	if (faults->count == FAULTS_MAX)
		return "there is no room for another";
	if (strlen(pattern) >= sizeof(words))
		return "it is too long";
	strcpy(words, pattern);
	strcpy(fault.text, pattern);
	while ((word = strsep(&rest, " "))) {
		const char *wrong = *word ? take_word(&fault, word) : NULL;

		if (wrong)
			return wrong;
	}
	if (fault.action == FAULT_NONE)
		return "there is no action in it";
	if (fault.nth && fault.every)
		return "@NTH and every=N do not go together";
	if (fault.count == 0)
		fault.count = fault.nth ? 1 : -1;
	faults->armed[faults->count++] = fault;
	return NULL;
}

void faults_clear(struct faults *faults)
{
	faults->count = 0;
}

/* -- striking ------------------------------------------------------------------------ */

/* By segments: /devices/x is in /devices, /devicesx is not. */
static bool path_within(const char *path, const char *pattern)
{
	while (*pattern) {
		if (pattern[0] == '*' && pattern[-1] == '/') {
			path += strcspn(path, "/");
			pattern++;
			continue;
		}
		if (*pattern == '/' && !pattern[1])
			break;
		if (*pattern++ != *path++)
			return false;
	}
	return *path == '\0' || *path == '/';
}

static bool strikes(struct fault *fault, const char *method, const char *path)
{
	if ((*fault->method && strcmp(fault->method, method) != 0) ||
	    (*fault->path && !path_within(path, fault->path)))
		return false;
	fault->seen++;
	if (fault->every)
		return fault->seen % fault->every == 0;
	return fault->seen >= fault->nth;
}

struct fault faults_next(struct faults *faults, const char *method, const char *path)
{
	struct fault due = { .action = FAULT_NONE };

	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = &faults->armed[i];

		if (!strikes(fault, method, path) || due.action != FAULT_NONE)
			continue;
		due = *fault;
		if (fault->count < 0 || --fault->count > 0)
			continue;
		faults->count--;
		memmove(fault, fault + 1, (faults->count - i) * sizeof(*fault));
		i--;
	}
	return due;
}
