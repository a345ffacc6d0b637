// The slab of connections: who owns which, their deadlines, and which one goes when all are taken.
#include "net/http_core.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS     2000 // time for the peer to read an answer that came before its body was read
#define LINGER_BYTES  ((uint32_t)16 << 20) // what a fast network holds; whoever sends on is reset
#define GONE_AFTER_MS 500 // a peer that only closed its sending side may still want a quick answer
#define NO_SLOT       0u

static const uint32_t interest = EPOLLIN | EPOLLRDHUP | EPOLLET;

struct http_conn *http_conn_at(struct http_server *s, uint32_t slot)
{
    return &s->blocks[slot / CONN_BLOCK][slot % CONN_BLOCK];
}

// Under conns_mu.
static struct http_conn *take_slot(struct http_server *s)
{
    if (s->free_head == NO_SLOT) {
        uint32_t n = atomic_load(&s->slots_n);
        if (n / CONN_BLOCK == s->blocks_n)
            return NULL;
        struct http_conn *block = sp_new_n(struct http_conn, CONN_BLOCK);
        for (uint32_t i = CONN_BLOCK; i-- > 0;) {
            block[i].s = s;
            block[i].fd = -1;
            block[i].slot = n + i;
            block[i].next_free = s->free_head;
            s->free_head = n + i + 1;
        }
        s->blocks[n / CONN_BLOCK] = block;
        atomic_store(&s->slots_n, n + CONN_BLOCK);
    }
    struct http_conn *c = http_conn_at(s, s->free_head - 1);
    s->free_head = c->next_free;
    return c;
}

static bool count_peer(struct http_server *s, const struct http_addr *a, int by)
{
    char text[HTTP_ADDR_MAX];
    if (!s->lim.per_peer || http_trust_has(&s->trust, a))
        return true;
    http_addr_text(text, a);
    intptr_t n = (intptr_t)sp_map_get(&s->peers, sp_cstr(text)) + by;
    if (by > 0 && n > (intptr_t)s->lim.per_peer)
        return false;
    if (n <= 0)
        sp_map_del(&s->peers, sp_cstr(text));
    else
        sp_map_put(&s->peers, sp_cstr(text), (void *)n);
    return true;
}

static void drop_stash(struct http_conn *c)
{
    if (!c->stash)
        return;
    atomic_fetch_sub_explicit(&c->s->stash_bytes, c->stash_n, memory_order_relaxed);
    free(c->stash);
    c->stash = NULL;
    c->stash_n = c->scan = 0;
}

struct http_conn *http_conn_open(struct http_server *s, int fd, const struct http_addr *addr)
{
    pthread_mutex_lock(&s->conns_mu);
    struct http_conn *c = count_peer(s, addr, 1) ? take_slot(s) : NULL;
    if (!c) {
        pthread_mutex_unlock(&s->conns_mu);
        return NULL;
    }
    c->fd = fd;
    c->addr = c->socket_addr = *addr;
    c->trusted = http_trust_has(&s->trust, addr);
    atomic_store(&c->cancel.set, false);
    c->cancel.deadline_ms = 0;
    c->cancel.parent = &s->abort;
    c->deaf = c->bye_told = c->yielded = false;
    c->drained = true;
    c->scan = 0;
    c->lingered = 0;
    c->gen++;
    atomic_store(&c->busy_ms, sp_mono_ms());
    atomic_store(&c->state, CONN_STATE(c->gen, CONN_BUSY));
    pthread_mutex_unlock(&s->conns_mu);
    atomic_fetch_add(&s->conns_n, 1);
    atomic_fetch_add(&s->busy_n, 1);
    return c;
}

void http_conn_close(struct http_conn *c, bool reset)
{
    struct http_server *s = c->s;
    if (c->ssl) {
        if (!reset)
            http_tls_bye(c);
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    drop_stash(c);
    pthread_mutex_lock(&s->conns_mu);
    int fd = c->fd;
    c->fd = -1;
    count_peer(s, &c->socket_addr, -1);
    atomic_store(&c->state, CONN_STATE(c->gen, CONN_FREE));
    c->next_free = s->free_head;
    s->free_head = c->slot + 1;
    pthread_mutex_unlock(&s->conns_mu);
    if (reset) {
        struct linger hard = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    close(fd);
    atomic_fetch_sub(&s->conns_n, 1);
    atomic_fetch_sub(&s->busy_n, 1);
}

// Sets the cancel token of a connection that another thread owns, if it is still the same one.
static void cancel_other(struct http_conn *c, uint32_t gen)
{
    pthread_mutex_lock(&c->s->conns_mu);
    uint64_t now = atomic_load(&c->state);
    if (now >> 8 == gen && (now & CONN_BUSY))
        sp_cancel_set(&c->cancel);
    pthread_mutex_unlock(&c->s->conns_mu);
}

bool http_conn_claim(struct http_conn *c, uint32_t gen, uint32_t events)
{
    uint64_t gone = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? CONN_PENDING | CONN_GONE : 0;
    uint64_t old = atomic_load(&c->state);
    for (;;) {
        if (old >> 8 != gen || !(old & (CONN_IDLE | CONN_BUSY)))
            return false; // closed since, perhaps used again
        bool idle = old & CONN_IDLE;
        uint64_t want = idle ? CONN_STATE(gen, CONN_BUSY | gone) : old | CONN_PENDING | gone;
        if (!atomic_compare_exchange_weak(&c->state, &old, want))
            continue;
        if (idle) {
            atomic_store_explicit(&c->busy_ms, sp_mono_ms(), memory_order_relaxed);
            atomic_fetch_add_explicit(&c->s->busy_n, 1, memory_order_relaxed);
        } else if (events & (EPOLLHUP | EPOLLERR)) {
            cancel_other(c, gen);
        }
        return idle;
    }
}

bool http_conn_park(struct http_conn *c, enum http_phase phase, int64_t deadline_ms)
{
    uint64_t busy = CONN_STATE(c->gen, CONN_BUSY);
    atomic_store_explicit(&c->phase, (uint8_t)phase, memory_order_relaxed);
    atomic_store_explicit(&c->deadline_ms, deadline_ms, memory_order_relaxed);
    struct http_server *s = c->s;
    if (atomic_compare_exchange_strong(&c->state, &busy, CONN_STATE(c->gen, CONN_IDLE))) {
        atomic_fetch_sub_explicit(&s->busy_n, 1, memory_order_relaxed);
        return true;
    }
    atomic_fetch_and(&c->state, ~(uint64_t)CONN_PENDING);
    return false;
}

bool http_conn_yield(struct http_conn *c, int64_t deadline_ms)
{
    struct http_server *s = c->s;
    // The socket can be written to now, and asking for it anew makes that an edge.
    struct epoll_event ev = {.events = interest | EPOLLOUT,
                             .data.u64 = (uint64_t)c->gen << 32 | c->slot};
    c->yielded = true;
    pthread_mutex_lock(&s->conns_mu); // as in http_conn_watch
    int fd = c->fd;
    // The second try is for an edge since the last read; what it told is read after the yield.
    bool parked =
        http_conn_park(c, PHASE_HEAD, deadline_ms) || http_conn_park(c, PHASE_HEAD, deadline_ms);
    if (parked)
        (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &ev);
    else
        c->yielded = c->drained = false; // the edges that were in the way may tell of more to read
    pthread_mutex_unlock(&s->conns_mu);
    return parked;
}

int http_conn_watch(struct http_conn *c, enum http_phase phase, int64_t deadline_ms)
{
    struct http_server *s = c->s;
    struct epoll_event ev = {.events = interest, .data.u64 = (uint64_t)c->gen << 32 | c->slot};
    // The first edge may come before epoll_ctl returns, so it is parked first; the lock keeps
    // whoever closes it meanwhile from giving its descriptor to another connection.
    pthread_mutex_lock(&s->conns_mu);
    int fd = c->fd;
    (void)http_conn_park(c, phase, deadline_ms);
    int rc = epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
    pthread_mutex_unlock(&s->conns_mu);
    return rc;
}

void http_conn_deafen(struct http_conn *c, bool deaf)
{
    if (c->deaf == deaf)
        return;
    struct epoll_event ev = {.events = deaf ? EPOLLET : interest,
                             .data.u64 = (uint64_t)c->gen << 32 | c->slot};
    if (epoll_ctl(c->s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) == 0)
        c->deaf = deaf;
}

void http_conn_linger(struct http_conn *c)
{
    drop_stash(c);
    http_tls_bye(c);
    if (shutdown(c->fd, SHUT_WR) < 0) {
        http_conn_close(c, false);
        return;
    }
    http_conn_deafen(c, false);
    bool again = atomic_load_explicit(&c->phase, memory_order_relaxed) == PHASE_LINGER;
    int64_t end = again ? atomic_load_explicit(&c->deadline_ms, memory_order_relaxed)
                        : sp_mono_ms() + LINGER_MS;
    char waste[16 * SP_KIB];
    for (;;) {
        ssize_t n = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT);
        if (n > 0 && (c->lingered += (uint32_t)n) < LINGER_BYTES && sp_mono_ms() < end)
            continue;
        if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
            http_conn_close(c, n > 0);
            return;
        }
        if (errno == EAGAIN && http_conn_park(c, PHASE_LINGER, end))
            return;
    }
}

// Takes a parked connection whose deadline is past. true = the caller owns it.
static bool claim_late(struct http_conn *c, uint64_t seen, int64_t now)
{
    uint32_t gen = (uint32_t)(seen >> 8);
    if (atomic_load_explicit(&c->deadline_ms, memory_order_relaxed) > now ||
        !atomic_compare_exchange_strong(&c->state, &seen, CONN_STATE(gen, CONN_BUSY)))
        return false;
    atomic_fetch_add_explicit(&c->s->busy_n, 1, memory_order_relaxed);
    return true;
}

static void close_late(struct http_conn *c)
{
    // Only who had begun to send a request is owed an answer.
    static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n";
    int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
    if (phase == PHASE_HEAD) {
        atomic_fetch_add(&c->s->timeouts, 1);
        if (!c->ssl)
            (void)send(c->fd, late, sizeof late - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
            (void)http_tls_send(c, late, sizeof late - 1);
    }
    http_conn_close(c, phase == PHASE_LINGER);
}

unsigned http_conn_sweep(struct http_server *s, int64_t now, bool close_idle)
{
    unsigned unfinished = 0;
    uint32_t n = atomic_load(&s->slots_n);
    for (uint32_t i = 0; i < n; i++) {
        struct http_conn *c = http_conn_at(s, i);
        uint64_t seen = atomic_load_explicit(&c->state, memory_order_acquire);
        if (seen & CONN_IDLE) {
            int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
            bool now_too = close_idle && (phase == PHASE_KEEP || phase == PHASE_NEW);
            if (claim_late(c, seen, now_too ? INT64_MAX : now))
                close_late(c);
            else if (phase == PHASE_HEAD)
                unfinished++;
        } else if (seen & CONN_BUSY) {
            unfinished++;
        }
        if ((seen & CONN_BUSY) && (seen & CONN_GONE) &&
            now - atomic_load_explicit(&c->busy_ms, memory_order_relaxed) > GONE_AFTER_MS)
            cancel_other(c, (uint32_t)(seen >> 8));
    }
    return unfinished;
}

bool http_conn_close_oldest_idle(struct http_server *s)
{
    uint32_t n = atomic_load(&s->slots_n);
    for (int tries = 0; tries < 3; tries++) {
        struct http_conn *best = NULL;
        uint64_t best_state = 0;
        int64_t oldest = INT64_MAX;
        for (uint32_t i = 0; i < n; i++) {
            struct http_conn *c = http_conn_at(s, i);
            uint64_t seen = atomic_load(&c->state);
            int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
            if (!(seen & CONN_IDLE) || (phase != PHASE_KEEP && phase != PHASE_NEW))
                continue;
            int64_t deadline = atomic_load_explicit(&c->deadline_ms, memory_order_relaxed);
            // A first request has a shorter time; compare by when the waiting began.
            int64_t since = deadline - (phase == PHASE_NEW ? s->lim.head_ms : s->lim.idle_ms);
            if (since < oldest) {
                oldest = since;
                best = c;
                best_state = seen;
            }
        }
        if (!best)
            return false;
        if (claim_late(best, best_state, INT64_MAX)) {
            http_conn_close(best, false);
            return true;
        }
    }
    return false;
}

void http_conn_abort_all(struct http_server *s)
{
    pthread_mutex_lock(&s->conns_mu);
    for (uint32_t i = 0; i < atomic_load(&s->slots_n); i++) {
        struct http_conn *c = http_conn_at(s, i);
        if (c->fd >= 0 && atomic_load(&c->state) & CONN_BUSY)
            (void)shutdown(c->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&s->conns_mu);
}

// After all workers have ended.
void http_conn_free_all(struct http_server *s)
{
    for (uint32_t i = 0; i < atomic_load(&s->slots_n); i++) {
        struct http_conn *c = http_conn_at(s, i);
        uint64_t seen = atomic_load(&c->state);
        if (seen & CONN_IDLE && claim_late(c, seen, INT64_MAX))
            http_conn_close(c, false);
    }
    for (size_t i = 0; i < s->blocks_n; i++)
        free(s->blocks[i]);
    free(s->blocks);
    s->blocks = NULL;
    s->blocks_n = 0;
    atomic_store(&s->slots_n, 0);
}
