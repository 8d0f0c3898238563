#include "working.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TICK_MS 50
#define NEWS_MS 100 /* between two progress events of --json */

/* Guards the bars and `over`: the rest of a worker is its own thread's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void workers_lock(void)
{
	pthread_mutex_lock(&lock);
}

void workers_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

static const char *phase_name(enum dfu_phase phase)
{
	static const char *const names[] = { "read", "erase", "write", "verify" };

	return names[phase];
}

static void update(struct worker *w, const struct dfu_progress *p)
{
	double whole = p->whole_ms ? (double)p->whole_ms : 1;

	workers_lock();
	w->bar.phase = phase_name(p->phase);
	w->bar.done = p->done;
	w->bar.total = p->total;
	w->bar.left_ms = p->left_ms;
	w->bar.step_ms = p->step_ms;
	w->bar.at_ms = now_ms();
	w->bar.fraction = 1 - (double)p->left_ms / whole;
	w->bar.step_fraction = p->step_ms / whole;
	workers_unlock();
}

static void on_progress(void *ctx, const struct dfu_progress *p)
{
	update(ctx, p);
}

static void on_news(void *ctx, const struct dfu_progress *p)
{
	struct worker *w = ctx;
	struct json *e;

	update(w, p);
	if (!globals.json || (p->done < p->total && now_ms() < w->told_ms + NEWS_MS))
		return;
	w->told_ms = now_ms();
	e = json_object();
	json_add_text(e, "event", "progress");
	json_add_text(e, "board", w->name);
	json_add_text(e, "phase", phase_name(p->phase));
	json_add_number(e, "done", (double)p->done);
	json_add_number(e, "total", (double)p->total);
	json_add_number(e, "left_ms", (double)p->left_ms);
	json_print_line(e);
}

struct dfu_settings worker_settings(struct worker *w, bool news)
{
	struct dfu_settings set = board_settings();

	set.progress = news ? on_news : on_progress;
	set.progress_ctx = w;
	return set;
}

static void *run(void *ctx)
{
	struct worker *w = ctx;
	uint64_t since = now_ms();

	w->status = w->work(w);
	w->ms = (unsigned)(now_ms() - since);
	workers_lock();
	w->bar.verdict = w->status == EXIT_DONE ? "done" : "failed";
	w->over = true;
	workers_unlock();
	return NULL;
}

static void start(struct worker *w)
{
	snprintf(w->bar.label, sizeof(w->bar.label), "%s", w->name);
	w->bar.phase = "open";
	w->runs = pthread_create(&w->thread, NULL, run, w) == 0;
	if (w->runs)
		return;
	complain("%s: no thread for it", w->name);
	w->over = true;
	w->status = EXIT_FAILED;
}

static bool draw(struct worker **workers, size_t n, struct bar *bars)
{
	bool over = true;

	workers_lock();
	for (size_t i = 0; i < n; i++) {
		bars[i] = workers[i]->bar;
		over &= workers[i]->over;
	}
	workers_unlock();
	bars_draw(bars, n, now_ms());
	return over;
}

void workers_run(struct worker **workers, size_t n)
{
	struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	struct bar *bars = bars_wanted() ? calloc(n, sizeof(*bars)) : NULL;

	for (size_t i = 0; i < n; i++)
		start(workers[i]);
	while (bars && !draw(workers, n, bars))
		nanosleep(&tick, NULL);
	for (size_t i = 0; i < n; i++)
		if (workers[i]->runs)
			pthread_join(workers[i]->thread, NULL);
	bars_end();
	free(bars);
}

/* -- one board --------------------------------------------------------------------- */

struct one {
	struct worker worker;
	int (*work)(struct dfu_dev *dev, void *ctx, struct dfu_error *err);
	void *ctx;
	const struct sight *sight;
};

static int work_one(struct worker *w)
{
	struct one *one = (struct one *)w;
	struct dfu_settings set = worker_settings(w, false);
	struct dfu_dev *dev = NULL;
	struct dfu_error err;
	int rc = dfu_open(&one->sight->board, &set, &dev, &err);

	if (rc == 0)
		rc = one->work(dev, one->ctx, &err);
	dfu_close(dev);
	return rc < 0 ? report(w->name, &err) : EXIT_DONE;
}

int work_on(const struct sight *sight,
	    int (*work)(struct dfu_dev *dev, void *ctx, struct dfu_error *err), void *ctx)
{
	struct one one = { .worker = { .name = sight->name, .work = work_one },
			   .work = work,
			   .ctx = ctx,
			   .sight = sight };
	struct worker *workers[1] = { &one.worker };

	workers_run(workers, 1);
	return one.worker.status;
}
