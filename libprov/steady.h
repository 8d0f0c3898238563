/*
 * Waiting for what other threads do, by the clock that nobody sets; and what the clock on
 * the wall says.
 */
#ifndef PROV_STEADY_H
#define PROV_STEADY_H

#include <pthread.h>
#include <stdint.h>

/* A condition for steady_wait. */
void steady_cond_init(pthread_cond_t *cond);

/* Until it is signalled, or for `ms`. */
void steady_wait(pthread_cond_t *cond, pthread_mutex_t *lock, unsigned ms);

/* Milliseconds by that clock. */
int64_t steady_ms(void);

/* Milliseconds since 1970. Exact, where time() lags by a tick. */
int64_t unix_ms(void);

#endif
