// File locks by flock(2) on a path of their own, exactly as Python's filelock does it: create 0664,
// LOCK_EX|LOCK_NB polled every 50 ms, reopened if unlinked meanwhile, never removed. Where flock is
// not supported an existence lock is used.
#ifndef SPOKE_BASE_LOCK_H
#define SPOKE_BASE_LOCK_H

#include "base/cancel.h"

struct sp_lock {
    int fd_plus1; // 0 = not held (zero value is valid)
    char *path;
    bool soft;
};
// timeout_ms: 0 = try once, <0 = wait for ever; SP_ELOCKED when busy. Says once after 10 s that it
// waits, and for which path.
int sp_lock_take(struct sp_lock *l, const char *path, int64_t timeout_ms, const struct sp_cancel *c,
                 struct sp_err *err);
void sp_lock_release(struct sp_lock *l);
#define SP_AUTO_LOCK SP_AUTO(sp_lock_release)

#endif
