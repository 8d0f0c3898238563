/* Work on boards, each in a thread with a bar, while the main thread draws. */
#ifndef WORKING_H
#define WORKING_H

#include "boards.h"

#include <pthread.h>

/* The first member of a job's own struct. */
struct worker {
	const char *name;                 /* for the bar and the news of --json */
	int (*work)(struct worker *self); /* in its thread; an exit status */
	struct bar bar;
	pthread_t thread;
	bool runs, over;
	int status;
	unsigned ms; /* how long the work took */
	uint64_t told_ms;
};

/* board_settings(), with the worker's bar (and with `news` its --json events) told of progress. */
struct dfu_settings worker_settings(struct worker *w, bool news);

/* Do the work of all of them at once, and come back when the last is over. */
void workers_run(struct worker **workers, size_t n);

/* Held while something is done once for all workers. */
void workers_lock(void);
void workers_unlock(void);

/*
 * One piece of work on one board, which is opened for it and closed afterwards, with a bar.
 * `work` returns like libdfu's functions do. The exit status; errors are reported.
 */
int work_on(const struct sight *sight,
	    int (*work)(struct dfu_dev *dev, void *ctx, struct dfu_error *err),
	    void *ctx);

#endif
