// The client object and its slots: easy handles that keep their connections between requests.
#include "net/client.h"

enum {
    CONNECT_TIMEOUT_MS = 10000, // huggingface_hub's HF_HUB_ETAG_TIMEOUT default
    SLOTS_MAX = 128,            // all origins together: each holds 3 file descriptors when idle
    WAIT_STEP_MS = 50,
};

static void share_lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *ud)
{
    struct net_client *c = ud;
    pthread_mutex_lock(&c->share_lock[(unsigned)data % NET_CLIENT_LOCKS]);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *ud)
{
    struct net_client *c = ud;
    pthread_mutex_unlock(&c->share_lock[(unsigned)data % NET_CLIENT_LOCKS]);
}

int net_client_new(struct net_client **out, const struct net_client_opts *o, struct sp_err *err)
{
    static const struct net_client_opts none;
    o = o ? o : &none;
    struct net_client *c = sp_new(struct net_client);
    c->magic = NET_CLIENT_MAGIC;
    c->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    int64_t stall = sp_conf_int(SP_CONF_stall_timeout), n = sp_conf_int(SP_CONF_connections);
    c->stall_ms = o->stall_ms > 0 ? o->stall_ms : (stall > 0 ? stall : 30) * 1000;
    c->connections = o->connections ? o->connections : n > 0 && n < SLOTS_MAX ? (unsigned)n : 8;
    c->user_agent = sp_dup(o->user_agent ? o->user_agent : "spoke/" SPOKE_VERSION);
    pthread_mutex_init(&c->lock, NULL);
    sp_cond_init(&c->freed);
    for (size_t i = 0; i < NET_CLIENT_LOCKS; i++)
        pthread_mutex_init(&c->share_lock[i], NULL);
    *out = c;
    return 0;
}

static void slot_free(struct net_client *c, struct net_slot *s)
{
    if (s->easy)
        c->curl->easy_cleanup(s->easy);
    if (s->multi)
        c->curl->multi_cleanup(s->multi);
    free(s->origin);
    free(s);
}

void net_client_free(struct net_client *c)
{
    if (!c)
        return;
    SP_ASSERT(c->magic == NET_CLIENT_MAGIC);
    while (c->slots) {
        struct net_slot *s = c->slots;
        SP_ASSERT(!s->busy); // every net_fetch has returned
        c->slots = s->next;
        slot_free(c, s);
    }
    if (c->share)
        c->curl->share_cleanup(c->share);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->freed);
    for (size_t i = 0; i < NET_CLIENT_LOCKS; i++)
        pthread_mutex_destroy(&c->share_lock[i]);
    free(c->user_agent);
    c->magic = 0;
    free(c);
}

void net_client_stats(const struct net_client *c, uint64_t *requests, uint64_t *connections)
{
    SP_ASSERT(c->magic == NET_CLIENT_MAGIC);
    *requests = c->requests;
    *connections = c->opened;
}

// Under the lock.
static int open_library(struct net_client *c, struct sp_err *err)
{
    if (c->curl)
        return 0;
    const struct net_curl *curl;
    SP_TRY(net_curl_open(&curl, err));
    c->share = curl->share_init();
    if (!c->share)
        return sp_fail(err, SP_EINTERNAL, "no memory for a shared libcurl state");
    curl->share_setopt(c->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl->share_setopt(c->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl->share_setopt(c->share, CURLSHOPT_USERDATA, c);
    curl->share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl->share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    c->curl = curl;
    return 0;
}

static int slot_new(struct net_slot **out, struct net_client *c, struct sp_err *err)
{
    struct net_slot *s = sp_new(struct net_slot);
    s->easy = c->curl->easy_init();
    s->multi = c->curl->multi_init();
    if (!s->easy || !s->multi) {
        slot_free(c, s);
        return sp_fail(err, SP_EINTERNAL, "libcurl has no memory for another connection");
    }
    s->next = c->slots;
    c->slots = s;
    c->slots_n++;
    *out = s;
    return 0;
}

// Under the lock. 1 = *out is ours, 0 = all that may be busy are.
static int try_take(struct net_slot **out, struct net_client *c, const char *origin, bool nested,
                    struct sp_err *err)
{
    struct net_slot *same = NULL, *oldest = NULL;
    unsigned busy = 0;
    for (struct net_slot *s = c->slots; s; s = s->next) {
        bool match = s->origin && strcmp(s->origin, origin) == 0;
        if (s->busy)
            busy += match;
        else if (match)
            same = same && same->used > s->used ? same : s; // the warmest
        else
            oldest = oldest && oldest->used < s->used ? oldest : s;
    }
    if (busy >= c->connections && !nested)
        return 0;
    struct net_slot *s = same;
    if (!s && (c->slots_n < SLOTS_MAX || (nested && !oldest)))
        SP_TRY(slot_new(&s, c, err));
    s = s ? s : oldest;
    if (!s)
        return 0;
    if (!s->origin || strcmp(s->origin, origin) != 0) {
        free(s->origin);
        s->origin = sp_dup(origin);
    }
    s->busy = true;
    s->used = ++c->clock;
    *out = s;
    return 1;
}

static void wait_a_bit(struct net_client *c)
{
    (void)sp_cond_wait_until(&c->freed, &c->lock, sp_mono_ms() + WAIT_STEP_MS);
}

int net_slot_take(struct net_slot **out, struct net_client *c, const char *origin, bool nested,
                  const struct sp_cancel *cancel, struct sp_err *err)
{
    SP_ASSERT(c->magic == NET_CLIENT_MAGIC);
    pthread_mutex_lock(&c->lock);
    int rc = open_library(c, err);
    while (rc == 0 && (rc = try_take(out, c, origin, nested, err)) == 0) {
        rc = sp_cancel_check(cancel, err);
        if (rc == 0)
            wait_a_bit(c);
    }
    pthread_mutex_unlock(&c->lock);
    return rc < 0 ? rc : 0;
}

void net_slot_give(struct net_client *c, struct net_slot *s)
{
    pthread_mutex_lock(&c->lock);
    s->busy = false;
    pthread_cond_signal(&c->freed);
    pthread_mutex_unlock(&c->lock);
}
