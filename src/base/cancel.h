// Cancel tokens: every call that may block takes one (NULL = never). A token is set by a signal, a
// deadline or a peer that went away; children see their parent's state. Thread-safe.
#ifndef SPOKE_BASE_CANCEL_H
#define SPOKE_BASE_CANCEL_H

#include "base/err.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sp_cancel {
    _Atomic bool set;
    int64_t deadline_ms;            // sp_mono_ms(); 0 = none
    const struct sp_cancel *parent; // outlives this one
};
void sp_cancel_set(struct sp_cancel *c);
// 0, SP_ECANCELLED or SP_ETIMEOUT.
int sp_cancel_check(const struct sp_cancel *c, struct sp_err *err);
bool sp_cancelled(const struct sp_cancel *c);
// Sleeps up to ms, wakes early (≤ 50 ms late) when cancelled.
int sp_cancel_sleep(const struct sp_cancel *c, int64_t ms, struct sp_err *err);
// The process-wide token that SIGINT and SIGTERM set (a second SIGINT exits at once).
struct sp_cancel *sp_cancel_signals(void);

#endif
