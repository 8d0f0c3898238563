#include "resolve.h"

#include "steady.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 100

/* Between the one who asks and the thread; the last of the two frees it. */
struct question {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool done, left;
	int rc; /* of getaddrinfo */
	struct addrinfo *found;
	char *host, *port;
};

static void free_question(struct question *q)
{
	if (q->found)
		freeaddrinfo(q->found);
	pthread_cond_destroy(&q->answered);
	pthread_mutex_destroy(&q->lock);
	free(q->host);
	free(q->port);
	free(q);
}

static void *ask(void *ctx)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct question *q = ctx;
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(q->host, q->port, &hints, &found);
	bool left;

	pthread_mutex_lock(&q->lock);
	q->rc = rc;
	q->found = rc == 0 ? found : NULL;
	q->done = true;
	left = q->left;
	pthread_cond_signal(&q->answered);
	pthread_mutex_unlock(&q->lock);
	if (left)
		free_question(q);
	return NULL;
}

static struct question *start(const char *host, const char *port)
{
	struct question *q = calloc(1, sizeof(*q));
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (!q)
		return NULL;
	pthread_mutex_init(&q->lock, NULL);
	steady_cond_init(&q->answered);
	q->host = strdup(host);
	q->port = strdup(port);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = q->host && q->port ? pthread_create(&thread, &attr, ask, q) : -1;
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return q;
	free_question(q);
	return NULL;
}

/* With the lock. */
static enum resolved wait_for(struct question *q, int64_t until_ms,
			      const volatile int *cancel)
{
	while (!q->done) {
		int64_t left = until_ms - steady_ms();

		if (cancel && *cancel)
			return RESOLVE_CANCELLED;
		if (left <= 0)
			return RESOLVE_LATE;
		steady_wait(&q->answered, &q->lock,
			    left < LOOK_MS ? (unsigned)left : LOOK_MS);
	}
	return q->rc == 0 ? RESOLVED : RESOLVE_FAILED;
}

enum resolved resolve(const char *host, const char *port, int64_t until_ms,
		      const volatile int *cancel, struct addrinfo **out)
{
	struct question *q = start(host, port);
	enum resolved rc;
	bool done;

	if (!q)
		return RESOLVE_FAILED;
	pthread_mutex_lock(&q->lock);
	rc = wait_for(q, until_ms, cancel);
	if (rc == RESOLVED) {
		*out = q->found;
		q->found = NULL;
	}
	done = q->done;
	q->left = true;
	pthread_mutex_unlock(&q->lock);
	if (done)
		free_question(q);
	return rc;
}
