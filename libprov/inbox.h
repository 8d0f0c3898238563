/* Messages on their way from paho's thread to the caller's, in their order. */
#ifndef PROV_INBOX_H
#define PROV_INBOX_H

#include "mqtt.h"

#include <pthread.h>

#define INBOX_MESSAGES 4096
#define INBOX_BYTES    (8 << 20)

struct inbox {
	pthread_mutex_t lock;
	pthread_cond_t came, room;
	/* Under the lock. */
	struct mqtt_message *filling;
	size_t n, bytes;
	bool waits, lost, closed;
	/* The caller's own. */
	struct mqtt_message *taken;
	int64_t took_ms; /* when there was something, last */
};

bool inbox_init(struct inbox *in);
void inbox_free(struct inbox *in);

/* Anew, for another connection. What is in it stays. */
void inbox_reopen(struct inbox *in);

/* From paho's threads. Waits while it is full; a message that comes after inbox_close() is
 * dropped. */
void inbox_put(struct inbox *in, const struct mqtt_message *message);
void inbox_lost(struct inbox *in);

/* All that came, in `taken`, which the caller frees; waits for up to `ms` for it. */
size_t inbox_take(struct inbox *in, unsigned ms);

/* The connection is lost, and all that came before was taken. */
bool inbox_ended(struct inbox *in);

/* Nobody takes what comes on this connection any more. */
void inbox_close(struct inbox *in);

#endif
