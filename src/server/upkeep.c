// One thread for what is due once a minute, so that no request waits for it: counts are written.
#include "server/counters.h"
#include "server/facts.h"
#include "server/serve.h"

#include <pthread.h>

#define EVERY_MS 60000

struct srv_upkeep {
    struct srv *srv;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop;
};

static void flush(struct srv *s)
{
    struct sp_err err = {0};
    if (srv_counters_flush(s->counters, s->meta, &err) < 0)
        sp_log("server", WARN, "writing download counters: %s", err.msg);
}

// false = the server stops.
static bool wait_a_minute(struct srv_upkeep *u)
{
    int64_t until = sp_mono_ms() + EVERY_MS;
    pthread_mutex_lock(&u->mutex);
    while (!u->stop && sp_cond_wait_until(&u->wake, &u->mutex, until))
        ;
    bool go_on = !u->stop;
    pthread_mutex_unlock(&u->mutex);
    return go_on;
}

static void *upkeep_main(void *ud)
{
    struct srv_upkeep *u = ud;
    // What a crash left between a ref and its row.
    srv_facts_refresh_all(u->srv);
    while (wait_a_minute(u))
        flush(u->srv);
    flush(u->srv);
    return NULL;
}

struct srv_upkeep *srv_upkeep_start(struct srv *s)
{
    struct srv_upkeep *u = sp_new(struct srv_upkeep);
    u->srv = s;
    pthread_mutex_init(&u->mutex, NULL);
    sp_cond_init(&u->wake);
    SP_ASSERT(pthread_create(&u->thread, NULL, upkeep_main, u) == 0);
    return u;
}

void srv_upkeep_stop(struct srv_upkeep **up)
{
    struct srv_upkeep *u = sp_take(up);
    if (!u)
        return;
    pthread_mutex_lock(&u->mutex);
    u->stop = true;
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->mutex);
    pthread_join(u->thread, NULL);
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->mutex);
    free(u);
}
