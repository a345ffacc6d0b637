// SPOKE_FAULT: named points in the code at which a test makes a step fail, stop or die.
#include "base/fault.h"

#include "base/str.h"

#include <signal.h>
#include <stdatomic.h>

#define FAULT_MAX 32 // points armed at once

enum action { KILL, FAIL, STOP };
struct fault {
    char point[64]; // "*" = every point, passes counted together
    enum action action;
    uint64_t at;
    _Atomic uint64_t passes;
};
static struct fault faults[FAULT_MAX];
static size_t faults_n;
bool sp_fault_armed;

// A typing mistake must not make a test pass: a bad SPOKE_FAULT ends the program.
static void bad_spec(sp_str item) __attribute__((noreturn));
static void bad_spec(sp_str item)
{
    fprintf(stderr, "spoke: SPOKE_FAULT: bad item \"%.*s\" (want point:kill|fail|stop[@N])\n",
            SP_FMT(item));
    _exit(2);
}

static void arm(sp_str item)
{
    ptrdiff_t colon = sp_rfind_ch(item, ':');
    sp_str count = {NULL, 0};
    if (colon <= 0 || (size_t)colon >= sizeof faults[0].point || faults_n == FAULT_MAX)
        bad_spec(item);
    sp_str action = sp_cut(sp_from(item, (size_t)colon + 1), '@', &count);
    struct fault *f = &faults[faults_n];
    f->at = 1;
    atomic_store(&f->passes, 0);
    if (count.p && (!sp_parse_u64(count, &f->at) || f->at == 0))
        bad_spec(item);
    if (sp_eq_lit(action, "kill"))
        f->action = KILL;
    else if (sp_eq_lit(action, "fail"))
        f->action = FAIL;
    else if (sp_eq_lit(action, "stop"))
        f->action = STOP;
    else
        bad_spec(item);
    memcpy(f->point, item.p, (size_t)colon);
    f->point[colon] = 0;
    faults_n++;
}

void sp_fault_init(void)
{
    faults_n = 0;
    sp_fault_armed = false;
    sp_str item, rest = sp_cstr(getenv("SPOKE_FAULT"));
    if (rest.n == 0)
        return;
    while (sp_split(&rest, ',', &item)) {
        if (item.n)
            arm(item);
    }
    sp_fault_armed = faults_n > 0;
}

int sp_fault_hit(const char *point, struct sp_err *err)
{
    for (size_t i = 0; i < faults_n; i++) {
        struct fault *f = &faults[i];
        if (strcmp(f->point, point) != 0 && strcmp(f->point, "*") != 0)
            continue;
        if (atomic_fetch_add(&f->passes, 1) + 1 != f->at)
            continue;
        if (f->action == FAIL)
            return sp_fail(err, SP_EIO, "fault injected at %s", point);
        raise(f->action == KILL ? SIGKILL : SIGSTOP);
    }
    return 0;
}
