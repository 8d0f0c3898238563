#include "inbox.h"

#include "steady.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS   5
#define GATHER_US 1000

bool inbox_init(struct inbox *in)
{
	memset(in, 0, sizeof(*in));
	pthread_mutex_init(&in->lock, NULL);
	steady_cond_init(&in->came);
	pthread_cond_init(&in->room, NULL);
	in->filling = calloc(INBOX_MESSAGES, sizeof(*in->filling));
	in->taken = calloc(INBOX_MESSAGES, sizeof(*in->taken));
	return in->filling && in->taken;
}

void inbox_free(struct inbox *in)
{
	for (size_t i = 0; i < in->n; i++)
		mqtt_message_free(&in->filling[i]);
	free(in->filling);
	free(in->taken);
	pthread_cond_destroy(&in->room);
	pthread_cond_destroy(&in->came);
	pthread_mutex_destroy(&in->lock);
}

void inbox_reopen(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	in->lost = in->closed = false;
	pthread_mutex_unlock(&in->lock);
}

static bool is_full(const struct inbox *in)
{
	return in->n == INBOX_MESSAGES || (in->n && in->bytes >= INBOX_BYTES);
}

void inbox_put(struct inbox *in, const struct mqtt_message *message)
{
	struct mqtt_message dropped = *message;
	bool closed;

	pthread_mutex_lock(&in->lock);
	while (is_full(in) && !in->closed)
		pthread_cond_wait(&in->room, &in->lock);
	closed = in->closed;
	if (!closed) {
		in->filling[in->n++] = *message;
		in->bytes += message->topic_len + message->len;
		if (in->waits)
			pthread_cond_signal(&in->came);
		in->waits = false;
	}
	pthread_mutex_unlock(&in->lock);
	if (closed)
		mqtt_message_free(&dropped);
}

void inbox_lost(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	in->lost = true;
	pthread_cond_signal(&in->came);
	pthread_mutex_unlock(&in->lock);
}

/*
 * With the lock. Where much comes, more comes in a moment: to wake up for each message costs
 * more than what is done with it. Nobody signals meanwhile.
 */
static void gather(struct inbox *in)
{
	if (in->n == 0 || in->lost || steady_ms() - in->took_ms > BUSY_MS)
		return;
	pthread_mutex_unlock(&in->lock);
	usleep(GATHER_US);
	pthread_mutex_lock(&in->lock);
}

size_t inbox_take(struct inbox *in, unsigned ms)
{
	struct mqtt_message *taken = in->taken;
	size_t n;

	pthread_mutex_lock(&in->lock);
	if (in->n == 0 && !in->lost && ms) {
		in->waits = true;
		steady_wait(&in->came, &in->lock, ms);
		in->waits = false;
		gather(in);
	}
	n = in->n;
	if (n)
		in->took_ms = steady_ms();
	in->taken = in->filling;
	in->filling = taken;
	in->n = in->bytes = 0;
	pthread_cond_signal(&in->room);
	pthread_mutex_unlock(&in->lock);
	return n;
}

bool inbox_ended(struct inbox *in)
{
	bool ended;

	pthread_mutex_lock(&in->lock);
	ended = in->lost && in->n == 0;
	pthread_mutex_unlock(&in->lock);
	return ended;
}

void inbox_close(struct inbox *in)
{
	pthread_mutex_lock(&in->lock);
	in->closed = true;
	pthread_cond_signal(&in->room);
	pthread_mutex_unlock(&in->lock);
}
