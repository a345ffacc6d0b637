// Threads: one pool type with a bounded queue. Thread-safe.
#ifndef SPOKE_BASE_POOL_H
#define SPOKE_BASE_POOL_H

#include "base/cancel.h"
#include <stddef.h>

struct sp_pool;
typedef void (*sp_job_fn)(void *ud);
// Threads are started on demand up to max, end after idle_ms without work (0 = never).
struct sp_pool *sp_pool_new(const char *name, unsigned max_threads, size_t queue_max,
                            int64_t idle_ms);
// Blocks while the queue is full; SP_ECANCELLED when the pool is closing.
int sp_pool_submit(struct sp_pool *p, sp_job_fn fn, void *ud, struct sp_err *err);
void sp_pool_drain(struct sp_pool *p); // waits until everything submitted has run
void sp_pool_free(struct sp_pool *p);  // drains, joins; NULL-safe
unsigned sp_cpu_count(void);           // CPUs this process may use, ≥ 1
// Runs fn(ud, i) for i in [0, n) on up to `threads` threads (the caller is one of them); stops
// handing out indices after the first error and returns it.
int sp_for_each(unsigned threads, size_t n, int (*fn)(void *ud, size_t i, struct sp_err *err),
                void *ud, struct sp_err *err);

#endif
