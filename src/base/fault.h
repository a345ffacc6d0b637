// Named fault points for tests: SPOKE_FAULT="cache.rename:kill,commit.pack:fail@3" makes the point
// kill -9 this process, fail (returns SP_EIO) or stall (stop@ = SIGSTOP) at its Nth pass (default
// 1). With the variable unset a point costs one load of a static flag.
#ifndef SPOKE_BASE_FAULT_H
#define SPOKE_BASE_FAULT_H

#include "base/err.h"
#include <stdbool.h>

extern bool sp_fault_armed;
void sp_fault_init(void); // reads SPOKE_FAULT; call once in main
int sp_fault_hit(const char *point, struct sp_err *err);
#define sp_fault(point, err)                                                                       \
    (__builtin_expect(sp_fault_armed, 0) ? sp_fault_hit((point), (err)) : 0)

#endif
