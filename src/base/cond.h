// Waits with an end: a condition variable on the monotonic clock, so that a wall clock that is set
// neither shortens nor lengthens a wait.
#ifndef SPOKE_BASE_COND_H
#define SPOKE_BASE_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void sp_cond_init(pthread_cond_t *c);
// With the mutex held. until_ms: sp_mono_ms(). false = the time is up; wakes early as any wait may.
bool sp_cond_wait_until(pthread_cond_t *c, pthread_mutex_t *m, int64_t until_ms);

#endif
