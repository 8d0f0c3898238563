#include "lock.h"

void lock_take(struct lock *lock)
{
	unsigned long mine;

	pthread_mutex_lock(&lock->mutex);
	mine = lock->next++;
	while (lock->serving != mine)
		pthread_cond_wait(&lock->given, &lock->mutex);
	pthread_mutex_unlock(&lock->mutex);
}

void lock_give(struct lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->serving++;
	pthread_cond_broadcast(&lock->given);
	pthread_mutex_unlock(&lock->mutex);
}
