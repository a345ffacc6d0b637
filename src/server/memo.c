// Counted values in shards; what was not asked for longest leaves first.
#include "server/memo.h"

#include <pthread.h>

#define MEMO_BUCKETS 4096 // per shard; chains stay short for a few ten thousand values

struct shard {
    pthread_mutex_t mu;
    struct srv_memo_item *newest, *oldest;
    size_t bytes;
    struct srv_memo_item **buckets; // made at the first put: an idle server stays small
};

struct srv_memo {
    unsigned shards_n;
    size_t budget; // of one shard
    void (*free_value)(void *);
    struct shard shards[];
};

struct srv_memo *srv_memo_new(size_t budget_bytes, unsigned shards, void (*free_value)(void *value))
{
    SP_ASSERT(shards > 0);
    struct srv_memo *m = (struct srv_memo *)sp_alloc(sizeof *m + shards * sizeof(struct shard));
    m->shards_n = shards;
    m->budget = budget_bytes / shards;
    m->free_value = free_value;
    for (unsigned i = 0; i < shards; i++)
        pthread_mutex_init(&m->shards[i].mu, NULL);
    return m;
}

static void drop_ref(struct srv_memo *m, struct srv_memo_item *it)
{
    SP_ASSERT(it->refs > 0);
    if (--it->refs == 0) {
        free(it->key);
        m->free_value(it);
    }
}

static void unlist(struct srv_memo *m, struct shard *s, struct srv_memo_item *it)
{
    struct srv_memo_item **at = &s->buckets[it->hash % MEMO_BUCKETS];
    while (*at != it)
        at = &(*at)->chain;
    *at = it->chain;
    if (it->older)
        it->older->newer = it->newer;
    else
        s->oldest = it->newer;
    if (it->newer)
        it->newer->older = it->older;
    else
        s->newest = it->older;
    it->older = it->newer = it->chain = NULL;
    s->bytes -= it->cost;
    it->listed = false;
    drop_ref(m, it);
}

static void list_newest(struct shard *s, struct srv_memo_item *it)
{
    it->older = s->newest;
    it->newer = NULL;
    if (s->newest)
        s->newest->newer = it;
    else
        s->oldest = it;
    s->newest = it;
}

static struct shard *shard_of(struct srv_memo *m, uint64_t hash)
{
    return &m->shards[(hash >> 40) % m->shards_n];
}

static struct srv_memo_item *find(struct shard *s, sp_str key, uint64_t hash)
{
    if (!s->buckets)
        return NULL;
    for (struct srv_memo_item *it = s->buckets[hash % MEMO_BUCKETS]; it; it = it->chain)
        if (it->hash == hash && it->key_n == key.n && memcmp(it->key, key.p, key.n) == 0)
            return it;
    return NULL;
}

void *srv_memo_get(struct srv_memo *m, sp_str key)
{
    uint64_t hash = sp_str_hash(key);
    struct shard *s = shard_of(m, hash);
    pthread_mutex_lock(&s->mu);
    struct srv_memo_item *it = find(s, key, hash);
    if (it) {
        it->refs++;
        if (it != s->newest) {
            if (it->older)
                it->older->newer = it->newer;
            else
                s->oldest = it->newer;
            it->newer->older = it->older;
            list_newest(s, it);
        }
    }
    pthread_mutex_unlock(&s->mu);
    return it;
}

void srv_memo_put(struct srv_memo *m, sp_str key, void *value, size_t cost_bytes)
{
    struct srv_memo_item *it = (struct srv_memo_item *)value;
    SP_ASSERT(it->refs == 0 && !it->key);
    it->hash = sp_str_hash(key);
    it->key = sp_dupn(key.p, key.n);
    it->key_n = key.n;
    it->cost = cost_bytes + key.n + sizeof *it;
    it->refs = 2;
    it->listed = true;
    struct shard *s = shard_of(m, it->hash);
    pthread_mutex_lock(&s->mu);
    if (!s->buckets)
        s->buckets = sp_new_n(struct srv_memo_item *, MEMO_BUCKETS);
    struct srv_memo_item *old = find(s, key, it->hash);
    if (old)
        unlist(m, s, old);
    it->chain = s->buckets[it->hash % MEMO_BUCKETS];
    s->buckets[it->hash % MEMO_BUCKETS] = it;
    list_newest(s, it);
    s->bytes += it->cost;
    while (s->bytes > m->budget && s->oldest != it)
        unlist(m, s, s->oldest);
    pthread_mutex_unlock(&s->mu);
}

void srv_memo_release(struct srv_memo *m, void *value)
{
    struct srv_memo_item *it = (struct srv_memo_item *)value;
    if (!it)
        return;
    struct shard *s = shard_of(m, it->hash);
    pthread_mutex_lock(&s->mu);
    drop_ref(m, it);
    pthread_mutex_unlock(&s->mu);
}

void srv_memo_drop(struct srv_memo *m, sp_str prefix)
{
    for (unsigned i = 0; i < m->shards_n; i++) {
        struct shard *s = &m->shards[i];
        pthread_mutex_lock(&s->mu);
        for (struct srv_memo_item *it = s->oldest, *newer; it; it = newer) {
            newer = it->newer;
            if (it->key_n >= prefix.n && memcmp(it->key, prefix.p, prefix.n) == 0)
                unlist(m, s, it);
        }
        pthread_mutex_unlock(&s->mu);
    }
}

size_t srv_memo_bytes(struct srv_memo *m)
{
    size_t sum = 0;
    for (unsigned i = 0; i < m->shards_n; i++) {
        pthread_mutex_lock(&m->shards[i].mu);
        sum += m->shards[i].bytes;
        pthread_mutex_unlock(&m->shards[i].mu);
    }
    return sum;
}

void srv_memo_free(struct srv_memo *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->shards_n; i++) {
        struct shard *s = &m->shards[i];
        while (s->oldest)
            unlist(m, s, s->oldest);
        free(s->buckets);
        pthread_mutex_destroy(&s->mu);
    }
    free(m);
}
