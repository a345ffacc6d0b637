// Downloads since the last minute, in memory: with a row for each, reads would wait for the disk.
#include "server/counters.h"

#include <pthread.h>

// A client that loads a model asks for many files, and again and again: one caller (address and
// user) counts once per repository in five minutes. The callers seen are hashes in a fixed table;
// when it is full, others are not counted until it is cleared.
#define SEEN_SLOTS 8192
#define SEEN_MAX   6000
#define SEEN_MS    (5 * 60 * 1000)

struct srv_counters {
    pthread_mutex_t mutex;
    SP_VEC(struct meta_count) pending;
    uint64_t seen[SEEN_SLOTS];
    size_t seen_n;
    int64_t cleared_ms;
};

struct srv_counters *srv_counters_new(void)
{
    struct srv_counters *c = sp_new(struct srv_counters);
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void srv_counters_free(struct srv_counters *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->mutex);
    sp_vec_fini(&c->pending);
    free(c);
}

// true = not seen yet, and there is room to remember it.
static bool is_new(struct srv_counters *c, uint64_t hash)
{
    int64_t now = sp_mono_ms();
    if (now - c->cleared_ms > SEEN_MS) {
        memset(c->seen, 0, sizeof c->seen);
        c->seen_n = 0;
        c->cleared_ms = now;
    }
    hash |= 1; // 0 = free
    size_t at = hash % SEEN_SLOTS;
    while (c->seen[at] && c->seen[at] != hash)
        at = (at + 1) % SEEN_SLOTS;
    if (c->seen[at] || c->seen_n == SEEN_MAX)
        return false;
    c->seen[at] = hash;
    c->seen_n++;
    return true;
}

static void count(struct srv_counters *c, int64_t repo_id, uint64_t n)
{
    SP_VEC_EACH (&c->pending, it)
        if (it->repo_id == repo_id) {
            it->n += n;
            return;
        }
    *sp_vec_push(&c->pending) = (struct meta_count){repo_id, n};
}

void srv_count_download(struct http_req *q)
{
    const struct srv_ctx *x = srv_ctx(q);
    struct srv_counters *c = x->srv->counters;
    if (!c || q->method != HTTP_GET || !x->repo.id)
        return;
    uint64_t hash = sp_str_hash(q->peer) ^ (sp_str_hash(x->who.user) * 31) ^
                    ((uint64_t)x->repo.id * 0x9e3779b97f4a7c15ull);
    pthread_mutex_lock(&c->mutex);
    if (is_new(c, hash))
        count(c, x->repo.id, 1);
    pthread_mutex_unlock(&c->mutex);
}

int srv_counters_flush(struct srv_counters *c, struct meta *m, struct sp_err *err)
{
    struct meta_count *v;
    size_t n;
    pthread_mutex_lock(&c->mutex);
    v = c->pending.v;
    n = c->pending.n;
    c->pending.v = NULL;
    c->pending.n = c->pending.cap = 0;
    pthread_mutex_unlock(&c->mutex);
    int rc = meta_repo_count_all(m, v, n, err);
    if (rc < 0) {
        pthread_mutex_lock(&c->mutex);
        for (size_t i = 0; i < n; i++)
            count(c, v[i].repo_id, v[i].n);
        pthread_mutex_unlock(&c->mutex);
    }
    free(v);
    return rc;
}
