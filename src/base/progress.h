// Progress as data: counters that work publishes and a front end draws. Thread-safe (atomics).
#ifndef SPOKE_BASE_PROGRESS_H
#define SPOKE_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

struct sp_progress {
    _Atomic uint64_t bytes_done, bytes_total; // total may grow while work is discovered
    _Atomic uint64_t files_done, files_total;
    _Atomic uint64_t hash_done, hash_total; // bytes hashed (upload)
    _Atomic(const char *) stage;            // static string: "Fetching", "Hashing", "Uploading"
};
// All NULL-safe.
static inline void sp_progress_bytes(struct sp_progress *p, uint64_t n)
{
    if (p)
        atomic_fetch_add_explicit(&p->bytes_done, n, memory_order_relaxed);
}
static inline void sp_progress_file(struct sp_progress *p)
{
    if (p)
        atomic_fetch_add_explicit(&p->files_done, 1, memory_order_relaxed);
}
static inline void sp_progress_stage(struct sp_progress *p, const char *stage)
{
    if (p)
        atomic_store_explicit(&p->stage, stage, memory_order_relaxed);
}

#endif
