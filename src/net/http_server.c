// Listening, accepting, worker threads, stopping.
#include "net/http_core.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define EVENT_LISTEN  UINT64_MAX
#define EVENT_WAKE    (UINT64_MAX - 1)
#define ACCEPT_BATCH  64
#define TICK_MS       50   // how late a stop is noticed
#define SWEEP_MS      250  // how late a deadline is noticed
#define SPARE_IDLE_MS 5000 // a thread beyond the need ends after this time without work
#define WORKER_STACK  ((size_t)2 * SP_MIB)
#define BODY_BUFFER   (64 * SP_KIB) // room behind the largest head
#define FDS_RESERVED  256           // for files, databases and sockets that are not connections

// ---- workers

static void worker_fini(struct http_worker *w)
{
    free(w->in);
    free(w->copy);
    free(w->headers);
    sp_arena_fini(&w->arena);
    http_resp_fini(&w->r);
    free(w);
}

static void send_canned(int fd, const char *status)
{
    char text[160];
    int n = snprintf(
        text, sizeof text,
        "HTTP/1.1 %s\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    (void)send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void turn_away(struct http_server *s, int fd, const char *status)
{
    atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
    if (!s->secure && !s->proxy_protocol)
        send_canned(fd, status);
    close(fd);
}

static void accept_one(struct http_server *s, int fd, const struct sockaddr_storage *ss)
{
    struct http_addr addr;
    http_addr_from(&addr, ss);
    atomic_fetch_add_explicit(&s->accepted, 1, memory_order_relaxed);
    if (atomic_load(&s->conns_n) >= s->lim.connections && !http_conn_close_oldest_idle(s)) {
        turn_away(s, fd, "503 Service Unavailable");
        return;
    }
    struct http_conn *c = http_conn_open(s, fd, &addr);
    if (!c) {
        turn_away(s, fd, "429 Too Many Requests");
        return;
    }
    bool proxied = s->proxy_protocol && c->trusted;
    enum http_phase phase = proxied ? PHASE_PROXY : s->secure ? PHASE_HANDSHAKE : PHASE_NEW;
    int rc = http_conn_watch(c, phase, sp_mono_ms() + s->lim.head_ms);
    if (rc < 0)
        sp_log("net", ERROR, "epoll: %s", strerror(-rc));
}

static void accept_some(struct http_server *s)
{
    for (int i = 0; i < ACCEPT_BATCH && !atomic_load(&s->draining); i++) {
        struct sockaddr_storage ss = {0};
        socklen_t n = sizeof ss;
        int fd = accept4(s->listen_fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(s, fd, &ss);
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        if ((errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) &&
            !http_conn_close_oldest_idle(s))
            sp_sleep_ms(10);
        break;
    }
    struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = EVENT_LISTEN};
    if (!atomic_load(&s->draining))
        (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &ev);
}

// More threads than short requests and long streams need? Then this one ends.
static bool leave_if_spare(struct http_worker *w)
{
    struct http_server *s = w->s;
    pthread_mutex_lock(&s->workers_mu);
    bool spare = s->workers_n > s->lim.workers + atomic_load(&s->long_n);
    if (spare) {
        s->workers_n--;
        w->exited = true;
    }
    pthread_mutex_unlock(&s->workers_mu);
    return spare;
}

static void *worker_main(void *ud)
{
    struct http_worker *w = ud;
    struct http_server *s = w->s;
    while (!atomic_load(&s->stopping)) {
        bool many = atomic_load_explicit(&s->workers_n, memory_order_relaxed) > s->lim.workers;
        struct epoll_event ev;
        int n = epoll_wait(s->epoll_fd, &ev, 1, many ? SPARE_IDLE_MS : -1);
        if (n == 0 && leave_if_spare(w))
            return NULL;
        if (n <= 0 || ev.data.u64 == EVENT_WAKE)
            continue;
        if (ev.data.u64 == EVENT_LISTEN) {
            accept_some(s);
            continue;
        }
        struct http_conn *c = http_conn_at(s, (uint32_t)ev.data.u64);
        if (http_conn_claim(c, (uint32_t)(ev.data.u64 >> 32), ev.events))
            http_conn_serve(w, c);
    }
    pthread_mutex_lock(&s->workers_mu);
    s->workers_n--;
    w->exited = true;
    pthread_mutex_unlock(&s->workers_mu);
    return NULL;
}

// Under workers_mu.
static int spawn(struct http_server *s, struct sp_err *err)
{
    struct http_worker *w = sp_new(struct http_worker);
    w->s = s;
    w->in_cap = s->lim.header_bytes + BODY_BUFFER;
    w->in = malloc(w->in_cap); // not cleared: pages that are never used stay unmapped
    w->headers = sp_new_n(struct http_header, s->lim.headers_n);
    w->seed = sp_random_u64();
    pthread_attr_t attr;
    sigset_t all, old;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &old); // signals belong to the main thread
    int rc = w->in ? pthread_create(&w->thread, &attr, worker_main, w) : ENOMEM;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        worker_fini(w);
        return sp_fail_os(err, rc, "starting a worker thread");
    }
    pthread_setname_np(w->thread, "http");
    w->next = s->workers;
    s->workers = w;
    s->workers_n++;
    return 0;
}

// Joins threads that have ended.
static void reap(struct http_server *s)
{
    struct http_worker *ended = NULL;
    pthread_mutex_lock(&s->workers_mu);
    for (struct http_worker **p = &s->workers; *p;) {
        struct http_worker *w = *p;
        if (w->exited) {
            *p = w->next;
            w->next = ended;
            ended = w;
        } else {
            p = &w->next;
        }
    }
    pthread_mutex_unlock(&s->workers_mu);
    while (ended) {
        struct http_worker *w = ended;
        ended = w->next;
        pthread_join(w->thread, NULL);
        worker_fini(w);
    }
}

static unsigned slots_unasked(const struct http_server *s)
{
    return s->lim.long_streams - s->lim.long_streams / 4;
}

// Whose share a slot comes from: an address, or the network that one IPv6 host may number as it
// likes. false = nobody's: a proxy that speaks for many, a Unix socket.
static bool share_key(char out[HTTP_ADDR_MAX], const struct http_resp *r)
{
    struct http_addr a;
    const struct http_server *s = r->c->s;
    if (s->lim.long_per_peer >= s->lim.long_streams || !http_addr_parse(&a, r->w->q.peer) ||
        http_trust_has(&s->trust, &a))
        return false;
    if (a.family == HTTP_FAMILY_V6)
        memset(a.bytes + 8, 0, 8);
    http_addr_text(out, &a);
    return true;
}

// Under workers_mu.
static intptr_t share_used(const struct http_server *s, const char *key)
{
    return (intptr_t)sp_map_get(&s->long_peers, sp_cstr(key));
}

static void share_count(struct http_server *s, const char *key, int by)
{
    intptr_t n = share_used(s, key) + by;
    if (n > 0)
        sp_map_put(&s->long_peers, sp_cstr(key), (void *)n);
    else
        sp_map_del(&s->long_peers, sp_cstr(key));
}

bool http_long_take(struct http_resp *r, bool asked)
{
    struct http_server *s = r->c->s;
    struct sp_err err = {0};
    unsigned most = asked ? s->lim.long_streams : slots_unasked(s);
    char key[HTTP_ADDR_MAX] = "";
    if (!share_key(key, r))
        key[0] = 0;
    pthread_mutex_lock(&s->workers_mu);
    unsigned n = atomic_load(&s->long_n);
    bool ok = n < most && (!key[0] || share_used(s, key) < (intptr_t)s->lim.long_per_peer);
    if (ok)
        ok = s->workers_n >= s->lim.workers + n + 1 || atomic_load(&s->stopping) ||
             spawn(s, &err) == 0;
    if (ok) {
        atomic_store(&s->long_n, n + 1);
        if (key[0])
            share_count(s, key, 1);
        memcpy(r->share, key, sizeof key);
    }
    pthread_mutex_unlock(&s->workers_mu);
    if (err.msg[0])
        sp_log("net", WARN, "%s", err.msg);
    return ok;
}

static void long_release(struct http_resp *r)
{
    struct http_server *s = r->c->s;
    pthread_mutex_lock(&s->workers_mu);
    atomic_fetch_sub(&s->long_n, 1);
    if (r->share[0])
        share_count(s, r->share, -1);
    pthread_mutex_unlock(&s->workers_mu);
    r->share[0] = 0;
}

// No slot is to be had for this one without asking.
static bool long_full(const struct http_resp *r)
{
    struct http_server *s = r->c->s;
    char key[HTTP_ADDR_MAX];
    if (atomic_load_explicit(&s->long_n, memory_order_relaxed) >= slots_unasked(s))
        return true;
    if (!share_key(key, r))
        return false;
    pthread_mutex_lock(&s->workers_mu);
    bool full = share_used(s, key) >= (intptr_t)s->lim.long_per_peer;
    pthread_mutex_unlock(&s->workers_mu);
    return full;
}

// At most half of the threads for short requests: however many slow peers there are, the others
// never wait for one longer than LONG_AFTER_MS.
bool http_denied_take(struct http_server *s)
{
    unsigned n = atomic_load(&s->denied_n);
    do {
        if (n >= s->lim.workers / 2)
            return false;
    } while (!atomic_compare_exchange_weak(&s->denied_n, &n, n + 1));
    return true;
}

bool http_crowded(const struct http_resp *r)
{
    const struct http_server *s = r->c->s;
    return atomic_load_explicit(&s->denied_n, memory_order_relaxed) >= s->lim.workers / 2 &&
           long_full(r);
}

void http_give_back(struct http_resp *r)
{
    struct http_server *s = r->c->s;
    if (r->is_long)
        long_release(r);
    if (r->lingers)
        atomic_fetch_sub(&s->denied_n, 1);
    r->is_long = r->lingers = false;
    if (r->held)
        atomic_fetch_sub(&s->held_bytes, r->held);
    r->held = 0;
}

// ---- the server

static void apply_limits(struct http_limits *out, const struct http_limits *in)
{
    struct http_limits l = *in;
    if (!l.header_bytes)
        l.header_bytes = SP_LIM_HEADERS_BYTES;
    if (!l.headers_n)
        l.headers_n = SP_LIM_HEADERS_N;
    if (!l.connections)
        l.connections = HTTP_CONNECTIONS;
    if (!l.workers)
        l.workers = sp_cpu_count() + 1; // more only make the kernel switch between them
    if (l.workers < 3 && !in->workers)
        l.workers = 3;
    if (!l.long_streams)
        l.long_streams = HTTP_LONG_STREAMS;
    if (!l.long_per_peer)
        l.long_per_peer = (l.long_streams + 1) / 2;
    if (!l.idle_ms)
        l.idle_ms = HTTP_IDLE_MS;
    if (!l.head_ms)
        l.head_ms = HTTP_HEAD_MS;
    if (!l.send_stall_ms)
        l.send_stall_ms = HTTP_SEND_STALL_MS;
    if (!l.body_memory)
        l.body_memory = HTTP_BODY_MEMORY;
    if (!l.min_rate)
        l.min_rate = HTTP_MIN_RATE;
    if (!l.drain_ms)
        l.drain_ms = HTTP_DRAIN_MS;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        (void)getrlimit(RLIMIT_NOFILE, &files);
        rlim_t keep = files.rlim_cur > FDS_RESERVED * 4 ? FDS_RESERVED : files.rlim_cur / 4;
        rlim_t most = files.rlim_cur - keep;
        if (l.connections > most) {
            sp_log("net", WARN, "connections: %u lowered to %llu by RLIMIT_NOFILE", l.connections,
                   (unsigned long long)most);
            l.connections = (unsigned)most;
        }
    }
    *out = l;
}

static char *without_slash(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    while (n > 0 && text[n - 1] == '/')
        n--;
    return sp_dupn(text ? text : "", n);
}

static int check_base(const char *base, struct sp_err *err)
{
    sp_str s = sp_cstr(base);
    if (s.n && (s.p[0] != '/' || !http_encoding_valid(s, false) || sp_find_ch(s, '?') >= 0))
        return sp_fail(err, SP_ECONFIG, "base path \"%s\" must look like /prefix", base);
    return 0;
}

static int watch(struct http_server *s, int fd, uint32_t events, uint64_t key, struct sp_err *err)
{
    struct epoll_event ev = {.events = events, .data.u64 = key};
    if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
        return sp_fail_os(err, errno, "watching a socket");
    return 0;
}

static int open_sockets(struct http_server *s, const char *spec, struct sp_err *err)
{
    int on = 1;
    SP_TRY(http_listen_open(s, spec, err));
    // Accepted sockets inherit it; heads and bodies leave in one piece anyway. No TCP: no matter.
    (void)setsockopt(s->listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll_fd < 0 || s->wake_fd < 0)
        return sp_fail_os(err, errno, "epoll");
    SP_TRY(watch(s, s->wake_fd, EPOLLIN, EVENT_WAKE, err));
    return watch(s, s->listen_fd, EPOLLIN | EPOLLONESHOT, EVENT_LISTEN, err);
}

static int server_init(struct http_server *s, const struct http_server_opts *o, struct sp_err *err)
{
    s->listen_fd = s->epoll_fd = s->wake_fd = -1;
    pthread_mutex_init(&s->tls_mu, NULL);
    pthread_mutex_init(&s->conns_mu, NULL);
    pthread_mutex_init(&s->workers_mu, NULL);
    apply_limits(&s->lim, &o->limits);
    s->head_lim = (struct http_head_limits){.bytes = s->lim.header_bytes,
                                            .target_bytes = SP_LIM_URL_BYTES < s->lim.header_bytes
                                                                ? SP_LIM_URL_BYTES
                                                                : s->lim.header_bytes,
                                            .headers_n = s->lim.headers_n};
    s->router = o->router;
    s->before = o->before;
    s->fail = o->fail;
    s->done = o->done;
    s->ud = o->ud;
    s->proxy_protocol = o->proxy_protocol;
    s->base_path = without_slash(o->base_path);
    SP_TRY(check_base(s->base_path, err));
    if (o->public_url && *o->public_url)
        s->public_url = without_slash(o->public_url);
    SP_TRY(http_trust_parse(&s->trust, o->trusted_proxies, err));
    if (!o->tls_cert != !o->tls_key)
        return sp_fail(err, SP_ECONFIG, "TLS needs both a certificate and a key");
    if (o->tls_cert) {
        s->tls_cert = sp_dup(o->tls_cert);
        s->tls_key = sp_dup(o->tls_key);
        SP_TRY(http_tls_load(&s->tls, s->tls_cert, s->tls_key, err));
        s->secure = true;
    }
    s->blocks_n = (s->lim.connections + CONN_BLOCK - 1) / CONN_BLOCK + 1;
    s->blocks = sp_new_n(struct http_conn *, s->blocks_n);
    return open_sockets(s, o->listen, err);
}

int http_server_new(struct http_server **out, const struct http_server_opts *o, struct sp_err *err)
{
    struct http_server *s = sp_new(struct http_server);
    signal(SIGPIPE, SIG_IGN); // sendfile has no MSG_NOSIGNAL
    int rc = server_init(s, o, err);
    if (rc < 0) {
        http_server_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

const char *http_server_url(const struct http_server *s)
{
    return s->url;
}

static void stop_listening(struct http_server *s)
{
    atomic_store(&s->draining, true);
    (void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->listen_fd, NULL);
    // A thread may be in accept4 on it: shut down now, closed when all threads have ended.
    if (!s->inherited)
        (void)shutdown(s->listen_fd, SHUT_RDWR);
    if (s->unix_path)
        (void)unlink(s->unix_path);
}

static void drain(struct http_server *s)
{
    int64_t end = sp_mono_ms() + s->lim.drain_ms;
    stop_listening(s);
    while (http_conn_sweep(s, sp_mono_ms(), true) > 0 && sp_mono_ms() < end)
        sp_sleep_ms(10);
    unsigned left = http_conn_sweep(s, sp_mono_ms(), true);
    if (left)
        sp_log("net", WARN, "stopping: %u requests are cut", left);
    sp_cancel_set(&s->abort);
    atomic_store(&s->stopping, true);
    uint64_t one = 1;
    (void)!write(s->wake_fd, &one, sizeof one); // level-triggered and never read: wakes all threads
    for (bool running = true; running;) {
        http_conn_abort_all(s);
        sp_sleep_ms(5);
        reap(s);
        pthread_mutex_lock(&s->workers_mu);
        running = s->workers != NULL;
        pthread_mutex_unlock(&s->workers_mu);
    }
    http_conn_free_all(s);
}

int http_server_run(struct http_server *s, struct sp_cancel *stop, struct sp_err *err)
{
    int rc = 0;
    pthread_mutex_lock(&s->workers_mu);
    for (unsigned i = 0; i < s->lim.workers && rc == 0; i++)
        rc = spawn(s, err);
    pthread_mutex_unlock(&s->workers_mu);
    int64_t swept = sp_mono_ms();
    while (rc == 0 && !sp_cancelled(stop)) {
        sp_sleep_ms(TICK_MS);
        int64_t now = sp_mono_ms();
        if (now - swept < SWEEP_MS)
            continue;
        swept = now;
        (void)http_conn_sweep(s, now, false);
        reap(s);
    }
    drain(s);
    return rc;
}

int http_server_reload(struct http_server *s, struct sp_err *err)
{
    SSL_CTX *fresh = NULL;
    if (!s->tls_cert)
        return 0;
    SP_TRY(http_tls_load(&fresh, s->tls_cert, s->tls_key, err));
    pthread_mutex_lock(&s->tls_mu);
    SSL_CTX *old = s->tls;
    s->tls = fresh;
    pthread_mutex_unlock(&s->tls_mu);
    SSL_CTX_free(old); // connections keep theirs
    return 0;
}

void http_server_stats(const struct http_server *s, struct http_stats *out)
{
    out->connections = atomic_load(&s->conns_n);
    out->busy = atomic_load(&s->busy_n);
    out->idle = out->connections > out->busy ? out->connections - out->busy : 0;
    out->long_streams = atomic_load(&s->long_n);
    out->body_memory = atomic_load(&s->held_bytes);
    out->accepted = atomic_load(&s->accepted);
    out->requests = atomic_load(&s->requests);
    out->refused = atomic_load(&s->refused);
    out->timeouts = atomic_load(&s->timeouts);
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    http_conn_free_all(s);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    if (s->epoll_fd >= 0)
        close(s->epoll_fd);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    SSL_CTX_free(s->tls);
    http_trust_fini(&s->trust);
    sp_map_fini(&s->peers, NULL);
    sp_map_fini(&s->long_peers, NULL);
    free(s->url);
    free(s->base_path);
    free(s->public_url);
    free(s->unix_path);
    free(s->tls_cert);
    free(s->tls_key);
    pthread_mutex_destroy(&s->tls_mu);
    pthread_mutex_destroy(&s->conns_mu);
    pthread_mutex_destroy(&s->workers_mu);
    free(s);
}
