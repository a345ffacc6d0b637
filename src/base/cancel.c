// Asking whether to stop, sleeping until told so, and the token that Ctrl-C sets.
#include "base/cancel.h"

#include "base/time.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define CANCEL_POLL_MS 50 // how late a sleeper may notice

void sp_cancel_set(struct sp_cancel *c)
{
    if (c)
        atomic_store_explicit(&c->set, true, memory_order_release);
}

bool sp_cancelled(const struct sp_cancel *c)
{
    for (; c; c = c->parent) {
        if (atomic_load_explicit(&c->set, memory_order_acquire))
            return true;
        if (c->deadline_ms && sp_mono_ms() >= c->deadline_ms)
            return true;
    }
    return false;
}

int sp_cancel_check(const struct sp_cancel *c, struct sp_err *err)
{
    // "Cancelled" wins over "timed out": somebody asked for it.
    bool late = false;
    for (; c; c = c->parent) {
        if (atomic_load_explicit(&c->set, memory_order_acquire))
            return sp_fail(err, SP_ECANCELLED, "cancelled");
        late = late || (c->deadline_ms && sp_mono_ms() >= c->deadline_ms);
    }
    return late ? sp_fail(err, SP_ETIMEOUT, "timed out") : 0;
}

int sp_cancel_sleep(const struct sp_cancel *c, int64_t ms, struct sp_err *err)
{
    int64_t end = sp_mono_ms() + ms;
    for (;;) {
        int rc = sp_cancel_check(c, err);
        if (rc < 0)
            return rc;
        int64_t left = end - sp_mono_ms();
        if (left <= 0)
            return 0;
        sp_sleep_ms(left < CANCEL_POLL_MS ? left : CANCEL_POLL_MS);
    }
}

static struct sp_cancel signal_token;
static pthread_once_t signal_once = PTHREAD_ONCE_INIT;

static void on_signal(int sig)
{
    // Async-signal-safe: one lock-free exchange and _exit.
    if (atomic_exchange(&signal_token.set, true) && sig == SIGINT)
        _exit(128 + SIGINT);
}

static void install_handlers(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    const int signals[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        // A signal that our parent ignores (nohup, background jobs of a script) stays ignored.
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &sa, NULL);
    }
}

struct sp_cancel *sp_cancel_signals(void)
{
    pthread_once(&signal_once, install_handlers);
    return &signal_token;
}
