// Threads for jobs, started when work waits and ended when they are idle.
#include "base/pool.h"

#include "base/cond.h"
#include "base/mem.h"
#include "base/time.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

enum slot_state { SLOT_FREE, SLOT_LIVE, SLOT_ENDED }; // ENDED = to be joined
struct slot {
    struct sp_pool *pool;
    pthread_t thread;
    enum slot_state state;
};
struct job {
    sp_job_fn fn;
    void *ud;
};
struct sp_pool {
    char name[16]; // what ps and gdb show; the kernel keeps 15 bytes
    unsigned max_threads, live, idle;
    int64_t idle_ms;
    struct slot *slots;
    struct job *ring;
    size_t ring_n, head, queued, running;
    bool closing;
    pthread_mutex_t lock;
    pthread_cond_t work, room, quiet; // a job came; a place in the ring; nothing queued or running
};

// Signals are for the main thread: its waits must be the ones that are interrupted.
static int start_thread(pthread_t *t, void *(*fn)(void *), void *ud)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(t, NULL, fn, ud);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

// Waits for a job; false = this thread may end.
static bool wait_for_job(struct sp_pool *p)
{
    int64_t until = sp_mono_ms() + p->idle_ms;
    while (p->queued == 0) {
        if (p->closing)
            return false;
        p->idle++;
        bool more = true;
        if (p->idle_ms > 0)
            more = sp_cond_wait_until(&p->work, &p->lock, until);
        else
            pthread_cond_wait(&p->work, &p->lock);
        p->idle--;
        if (!more && p->queued == 0)
            return false;
    }
    return true;
}

static void *worker(void *ud)
{
    struct slot *slot = ud;
    struct sp_pool *p = slot->pool;
    pthread_mutex_lock(&p->lock);
    pthread_setname_np(pthread_self(), p->name);
    while (wait_for_job(p)) {
        struct job j = p->ring[p->head];
        p->head = (p->head + 1) % p->ring_n;
        p->queued--;
        p->running++;
        pthread_cond_signal(&p->room);
        pthread_mutex_unlock(&p->lock);
        j.fn(j.ud);
        pthread_mutex_lock(&p->lock);
        p->running--;
        if (p->queued == 0 && p->running == 0)
            pthread_cond_broadcast(&p->quiet);
    }
    slot->state = SLOT_ENDED;
    p->live--;
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct sp_pool *sp_pool_new(const char *name, unsigned max_threads, size_t queue_max,
                            int64_t idle_ms)
{
    struct sp_pool *p = sp_new(struct sp_pool);
    strncpy(p->name, name, sizeof p->name - 1);
    p->max_threads = max_threads ? max_threads : 1;
    p->idle_ms = idle_ms;
    p->ring_n = queue_max ? queue_max : p->max_threads;
    p->ring = sp_new_n(struct job, p->ring_n);
    p->slots = sp_new_n(struct slot, p->max_threads);
    pthread_mutex_init(&p->lock, NULL);
    sp_cond_init(&p->work);
    pthread_cond_init(&p->room, NULL);
    pthread_cond_init(&p->quiet, NULL);
    return p;
}

// With the lock held. A thread that has ended is joined when its slot is used again.
static int add_thread(struct sp_pool *p)
{
    for (unsigned i = 0; i < p->max_threads; i++) {
        struct slot *s = &p->slots[i];
        if (s->state == SLOT_LIVE)
            continue;
        if (s->state == SLOT_ENDED) {
            pthread_join(s->thread, NULL); // it holds no lock any more, only returns
            s->state = SLOT_FREE;
        }
        s->pool = p;
        int rc = start_thread(&s->thread, worker, s);
        if (rc == 0) {
            s->state = SLOT_LIVE;
            p->live++;
        }
        return rc;
    }
    return EAGAIN;
}

int sp_pool_submit(struct sp_pool *p, sp_job_fn fn, void *ud, struct sp_err *err)
{
    pthread_mutex_lock(&p->lock);
    while (p->queued == p->ring_n && !p->closing)
        pthread_cond_wait(&p->room, &p->lock);
    if (p->closing) {
        pthread_mutex_unlock(&p->lock);
        return sp_fail(err, SP_ECANCELLED, "thread pool %s is closing", p->name);
    }
    p->ring[(p->head + p->queued) % p->ring_n] = (struct job){fn, ud};
    p->queued++;
    int rc = 0;
    if (p->idle < p->queued && p->live < p->max_threads)
        rc = add_thread(p);
    if (p->idle)
        pthread_cond_signal(&p->work);
    if (rc && p->live == 0) { // nobody will ever run it
        p->queued--;
        pthread_mutex_unlock(&p->lock);
        return sp_fail_os(err, rc, "cannot start a thread for %s", p->name);
    }
    pthread_mutex_unlock(&p->lock);
    return 0;
}

static void drain_locked(struct sp_pool *p)
{
    while (p->queued || p->running)
        pthread_cond_wait(&p->quiet, &p->lock);
}

void sp_pool_drain(struct sp_pool *p)
{
    pthread_mutex_lock(&p->lock);
    drain_locked(p);
    pthread_mutex_unlock(&p->lock);
}

void sp_pool_free(struct sp_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->room);
    drain_locked(p);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->max_threads; i++) {
        // state may change from LIVE to ENDED meanwhile; both are joined, only FREE never ran.
        pthread_mutex_lock(&p->lock);
        bool started = p->slots[i].state != SLOT_FREE;
        pthread_mutex_unlock(&p->lock);
        if (started)
            pthread_join(p->slots[i].thread, NULL);
    }
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->room);
    pthread_cond_destroy(&p->quiet);
    pthread_mutex_destroy(&p->lock);
    free(p->slots);
    free(p->ring);
    free(p);
}

unsigned sp_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

struct for_each {
    _Atomic size_t next;
    _Atomic bool stop;
    size_t n;
    int (*fn)(void *ud, size_t i, struct sp_err *err);
    void *ud;
    pthread_mutex_t lock;
    int rc;            // of the first error; under lock
    struct sp_err err; // under lock
};

static void *for_each_run(void *ud)
{
    struct for_each *f = ud;
    while (!atomic_load(&f->stop)) {
        size_t i = atomic_fetch_add(&f->next, 1);
        if (i >= f->n)
            break;
        struct sp_err err = {0};
        int rc = f->fn(f->ud, i, &err);
        if (rc >= 0)
            continue;
        atomic_store(&f->stop, true);
        pthread_mutex_lock(&f->lock);
        if (f->rc == 0) {
            f->rc = rc;
            f->err = err;
        }
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

int sp_for_each(unsigned threads, size_t n, int (*fn)(void *ud, size_t i, struct sp_err *err),
                void *ud, struct sp_err *err)
{
    struct for_each f = {.n = n, .fn = fn, .ud = ud};
    pthread_mutex_init(&f.lock, NULL);
    size_t helpers = threads > 1 ? threads - 1 : 0;
    if (helpers > (n > 0 ? n - 1 : 0))
        helpers = n > 0 ? n - 1 : 0;
    SP_AUTO_FREE pthread_t *t = helpers ? sp_new_n(pthread_t, helpers) : NULL;
    size_t started = 0;
    // Fewer threads than wished is slower, not wrong.
    while (started < helpers && start_thread(&t[started], for_each_run, &f) == 0)
        started++;
    for_each_run(&f);
    for (size_t i = 0; i < started; i++)
        pthread_join(t[i], NULL);
    pthread_mutex_destroy(&f.lock);
    if (f.rc < 0 && err)
        *err = f.err;
    return f.rc;
}
