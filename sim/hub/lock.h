/*
 * A lock that is given in the order in which it was asked for, or the hub's main thread,
 * which needs it at each turn of its loop, would keep the others waiting.
 */
#ifndef HUB_LOCK_H
#define HUB_LOCK_H

#include <pthread.h>

struct lock {
	pthread_mutex_t mutex;
	pthread_cond_t given;
	unsigned long next;    /* the number that who asks gets */
	unsigned long serving; /* who has it */
};

#define LOCK_FREE                                                                        \
	{                                                                                \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER    \
	}

void lock_take(struct lock *lock);
void lock_give(struct lock *lock);

#endif
