/* Waiting for what other threads do, by the clock that nobody sets. */
#ifndef PROV_STEADY_H
#define PROV_STEADY_H

#include <pthread.h>

/* A condition for steady_wait. */
void steady_cond_init(pthread_cond_t *cond);

/* Until it is signalled, or for `ms`. */
void steady_wait(pthread_cond_t *cond, pthread_mutex_t *lock, unsigned ms);

#endif
