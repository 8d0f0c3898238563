/*
 * What is to go wrong, and with which requests: --fail and the control socket's "fail".
 * A pattern is words with blanks between them:
 *
 *	[METHOD] [/PATH] ACTION[:COUNT][@NTH] [every=N] [retry-after=S] [wait=S]
 *
 * METHOD and PATH choose requests, by default all; a segment of PATH that is * stands for
 * any, and what is longer than PATH is chosen too. ACTION is
 *
 *	400 to 599	the error that IoT Hub has for the status
 *	html[=STATUS]	503, or another status, with a page of HTML, as a proxy gives it
 *	garbage		200 with what is no JSON
 *	slow=MS		the work is done, the answer comes so much later
 *	drop		the connection is closed, nothing was done
 *	lose		the work is done, then the connection is closed
 *	cut		the work is done, half the answer is sent
 *
 * and strikes COUNT times: once by default with @NTH, without end otherwise. @NTH is
 * the first of the chosen requests to be struck, 1 the next; every=N strikes each N-th.
 * retry-after=S adds the header, wait=S is the number in the text of a 429 (1).
 */
#ifndef HUB_FAULTS_H
#define HUB_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum fault_action {
	FAULT_NONE,
	FAULT_STATUS,
	FAULT_HTML,
	FAULT_GARBAGE,
	FAULT_SLOW,
	FAULT_DROP,
	FAULT_LOSE,
	FAULT_CUT
};

struct fault {
	enum fault_action action;
	int status; /* of FAULT_STATUS and FAULT_HTML */
	long slow_ms;
	long count; /* how often it still strikes, -1 without end */
	long nth;
	long every;
	long retry_after_s; /* -1: no such header */
	long wait_s;
	long seen; /* requests that it was for */
	char method[8];
	char path[200];
	char text[240]; /* the pattern */
};

#define FAULTS_MAX 32

struct faults {
	struct fault armed[FAULTS_MAX];
	size_t count;
};

/* NULL, or what is wrong with the pattern. */
const char *faults_add(struct faults *faults, const char *pattern);
void faults_clear(struct faults *faults);

/* The fault that strikes this request; of several the one that was armed first. */
struct fault faults_next(struct faults *faults, const char *method, const char *path);

#endif
