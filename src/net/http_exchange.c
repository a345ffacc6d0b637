// One request from its first byte to the access log, and what becomes of the connection afterwards.
#include "net/http_core.h"

#include <errno.h>

#define PIPELINE_BURST    32                    // pipelined requests that are answered in a row
#define STASH_TOTAL_BYTES ((size_t)32 * SP_MIB) // heads under way of all connections together

// ---- the request

sp_str http_header(const struct http_req *q, const char *name)
{
    sp_str want = sp_cstr(name);
    for (size_t i = 0; i < q->headers_n; i++)
        if (q->headers[i].name.n == want.n && sp_eq_nocase(q->headers[i].name, want))
            return q->headers[i].value;
    return (sp_str){0};
}

sp_str http_base_url(struct http_req *q)
{
    struct http_server *s = q->conn->s;
    if (q->host.n)
        return sp_cstr(sp_arena_fmt(q->arena, "%.*s://%.*s%s", SP_FMT(q->scheme), SP_FMT(q->host),
                                    s->base_path));
    return sp_cstr(s->public_url ? s->public_url : s->url);
}

int http_long(struct http_req *q, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->is_long)
        return 0;
    if (http_long_take(r, true)) {
        r->is_long = true;
        return 0;
    }
    atomic_fetch_add_explicit(&r->c->s->refused, 1, memory_order_relaxed);
    http_set(q, "Retry-After", "5");
    return sp_fail(err, SP_EBUSY,
                   "too many large transfers at the moment, in all or from your address");
}

int http_hold(struct http_req *q, size_t bytes, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    struct http_server *s = r->c->s;
    size_t was = atomic_fetch_add(&s->held_bytes, bytes);
    if (was <= s->lim.body_memory && bytes <= s->lim.body_memory - was) {
        r->held += bytes;
        return 0;
    }
    atomic_fetch_sub(&s->held_bytes, bytes);
    atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
    http_set(q, "Retry-After", "5");
    return sp_fail(err, SP_EBUSY, "too many large requests at the moment");
}

static bool id_is_sane(sp_str id, size_t max)
{
    if (id.n == 0 || id.n >= max)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.' || c == ':' || c == '=' || c == ';';
        if (!ok)
            return false;
    }
    return true;
}

static void set_request_id(struct http_worker *w)
{
    static const char hex[] = "0123456789abcdef";
    struct http_req *q = &w->q;
    sp_str id = http_header(q, "X-Amzn-Trace-Id");
    if (!id_is_sane(id, sizeof q->request_id))
        id = http_header(q, "X-Request-Id");
    if (id_is_sane(id, sizeof q->request_id)) {
        memcpy(q->request_id, id.p, id.n);
        return;
    }
    // Not a secret: unique is enough (splitmix64 on a random start).
    w->seed += 0x9e3779b97f4a7c15U;
    uint64_t z = w->seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    for (size_t i = 0; i < 16; i++)
        q->request_id[i] = hex[z >> (60 - 4 * i) & 15];
}

static void begin_request(struct http_worker *w, struct http_conn *c)
{
    struct http_req *q = &w->q;
    http_resp_begin(w, c);
    sp_arena_reset(&w->arena);
    memset(q, 0, sizeof *q);
    q->arena = &w->arena;
    q->conn = c;
    q->cancel = &c->cancel;
    q->resp = &w->r;
    q->start_ns = (int64_t)sp_mono_ns();
    q->scheme = c->ssl ? SP_LIT("https") : SP_LIT("http");
    atomic_store_explicit(&c->busy_ms, q->start_ns / 1000000, memory_order_relaxed);
    char peer[HTTP_ADDR_MAX];
    http_addr_text(peer, &c->addr);
    q->peer = sp_cstr(sp_arena_dupn(&w->arena, peer, strlen(peer)));
    atomic_fetch_add_explicit(&c->s->requests, 1, memory_order_relaxed);
}

static int strip_base(struct http_req *q, sp_str base, struct sp_err *err)
{
    if (base.n == 0)
        return 0;
    if (!sp_starts(q->path, base) || (q->path.n > base.n && q->path.p[base.n] != '/'))
        return sp_fail(err, SP_ENOROUTE, "no such route outside of %.*s", SP_FMT(base));
    q->path = q->path.n == base.n ? SP_LIT("/") : sp_from(q->path, base.n);
    return 0;
}

static void set_allow(struct http_req *q, unsigned allow)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    char text[64] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (allow & 1U << i)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "", names[i]);
    http_set_str(q, "Allow", sp_str_of(text, n));
}

static int dispatch(struct http_req *q, const struct http_head *h, struct sp_err *err)
{
    struct http_server *s = q->conn->s;
    unsigned allow = 0;
    if (sp_eq_lit(q->path, "*"))
        return http_send_empty(q, 204, err);
    SP_TRY(strip_base(q, sp_cstr(s->base_path), err));
    int rc = http_router_match(s->router, q, &allow, err);
    if (rc < 0) {
        if (rc == SP_EMETHOD)
            set_allow(q, allow);
        return rc;
    }
    q->resp->in_max = q->route->body_max;
    if (h->content_length > 0 && (uint64_t)h->content_length > q->route->body_max)
        return sp_fail(err, SP_ETOOBIG, "the request body is larger than %llu bytes",
                       (unsigned long long)q->route->body_max);
    if (s->before)
        SP_TRY(s->before(q, s->ud, err));
    return q->route->handler(q, err);
}

static void answer_failure(struct http_req *q, int code, const struct sp_err *why)
{
    struct http_server *s = q->conn->s;
    if (s->fail)
        s->fail(q, code, why, s->ud);
    if (http_answered(q) || q->resp->broken)
        return;
    const struct sp_err_row *row = sp_err_row(code);
    http_resp_plain_error(q, row->http, row->xcode, why->msg[0] ? why->msg : row->text);
}

static void run_handler(struct http_req *q, const struct http_head *h)
{
    struct http_resp *r = q->resp;
    struct sp_err err = {0};
    int rc = dispatch(q, h, &err);
    if (r->answer == ANSWER_STREAM || (rc < 0 && r->answer != ANSWER_NONE))
        r->broken = true; // the client must see that the answer is cut
    if (rc < 0 && r->answer != ANSWER_NONE)
        sp_log("net", INFO, "%s: answer cut: %s", q->request_id, err.msg);
    if (r->answer != ANSWER_NONE || r->broken)
        return;
    if (rc >= 0)
        rc = sp_fail(&err, SP_EINTERNAL, "route %s did not answer", q->route->name);
    answer_failure(q, rc, &err);
}

// Runs one request. false = the connection is closed or left to linger.
static bool run_request(struct http_worker *w, struct http_conn *c, const struct http_head *h)
{
    struct http_server *s = c->s;
    struct http_req *q = &w->q;
    struct http_resp *r = &w->r;
    begin_request(w, c);
    q->method = h->method;
    q->target = h->target;
    q->path = h->path;
    q->query = h->query;
    q->host = h->host;
    q->headers = w->headers;
    q->headers_n = h->headers_n;
    q->content_length = h->content_length;
    r->minor = h->minor;
    r->keep = h->keep_alive;
    set_request_id(w);
    if (c->trusted)
        http_forwarded_apply(q, &s->trust, !http_trust_has(&s->trust, &c->addr));
    http_body_begin(r, h, 0);
    run_handler(q, h);
    if (r->broken && q->status == 0)
        q->status = 499; // nginx's number for "the client went away first", for logs only
    bool unread = http_body_unread(r);
    bool keep = r->keep && !r->broken && http_body_discard(r);
    if (s->done)
        s->done(q, s->ud);
    http_give_back(r);
    if (keep) {
        http_conn_deafen(c, false);
        return true;
    }
    if (r->broken)
        http_conn_close(c, r->until_close);
    else if (unread || w->in_at < w->in_end)
        http_conn_linger(c);
    else
        http_conn_close(c, false);
    return false;
}

// Answers a request that is no request, and hangs up.
static void refuse(struct http_worker *w, struct http_conn *c, int status, const char *why)
{
    struct http_req *q = &w->q;
    begin_request(w, c);
    q->method = HTTP_GET;
    w->r.minor = 1;
    w->head_n = 0;
    set_request_id(w);
    // For the log: the first line as far as it can be printed.
    size_t n = 0;
    while (n < w->in_end && n < 200 && w->in[n] > 0x20 - 1 && w->in[n] < 0x7f)
        n++;
    q->target = sp_str_of(w->in, n);
    atomic_fetch_add_explicit(&c->s->refused, 1, memory_order_relaxed);
    const struct sp_err_row *row = sp_err_row(SP_EFORMAT);
    http_resp_plain_error(q, status, status == 400 ? row->xcode : NULL, why);
    if (c->s->done)
        c->s->done(q, c->s->ud);
    http_give_back(&w->r);
    if (w->r.broken)
        http_conn_close(c, false);
    else
        http_conn_linger(c);
}

// ---- the connection

// 1 = go on, 0 = the connection was parked or closed.
static int read_proxy_header(struct http_conn *c)
{
    char head[HTTP_PROXY_HEADER_MAX];
    for (;;) {
        ssize_t n = http_io_peek(c, head, sizeof head);
        struct http_addr client = {0};
        ssize_t used = n > 0 ? http_proxy_parse(&client, sp_str_of(head, (size_t)n)) : 0;
        if (used > 0) {
            if (http_io_peek(c, head, (size_t)used) != used ||
                recv(c->fd, head, (size_t)used, MSG_DONTWAIT) != used)
                break;
            if (client.family != HTTP_FAMILY_NONE)
                c->addr = client;
            return 1;
        }
        bool over = n == 0 || n == IO_DEAD || used < 0 || n == (ssize_t)sizeof head;
        if (over || (atomic_load(&c->state) & CONN_GONE))
            break;
        if (http_conn_park(c, PHASE_PROXY, atomic_load(&c->deadline_ms)))
            return 0;
    }
    http_conn_close(c, false);
    return 0;
}

static int start_tls(struct http_conn *c)
{
    struct http_server *s = c->s;
    if (!c->ssl) {
        pthread_mutex_lock(&s->tls_mu);
        c->ssl = SSL_new(s->tls);
        pthread_mutex_unlock(&s->tls_mu);
        if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) {
            http_conn_close(c, true);
            return 0;
        }
    }
    for (;;) {
        int rc = http_tls_accept(c);
        if (rc == 1)
            return 1;
        if (rc < 0) {
            http_conn_close(c, false);
            return 0;
        }
        struct pollfd pfd = {.fd = c->fd, .events = POLLOUT};
        if (c->ssl_want == POLLOUT) {
            if (poll(&pfd, 1, 1000) <= 0) {
                http_conn_close(c, true);
                return 0;
            }
        } else if (http_conn_park(c, PHASE_HANDSHAKE, atomic_load(&c->deadline_ms))) {
            return 0;
        }
    }
}

// Puts an incomplete head aside. false = there are too many of them.
static bool stash(struct http_worker *w, struct http_conn *c)
{
    struct http_server *s = c->s;
    size_t total = atomic_fetch_add_explicit(&s->stash_bytes, w->in_end, memory_order_relaxed);
    c->stash = sp_alloc(w->in_end);
    c->stash_n = w->in_end;
    memcpy(c->stash, w->in, w->in_end);
    return total + w->in_end <= STASH_TOTAL_BYTES;
}

static void unstash(struct http_worker *w, struct http_conn *c)
{
    w->in_at = w->in_end = 0;
    if (!c->stash)
        return;
    memcpy(w->in, c->stash, c->stash_n);
    w->in_end = c->stash_n;
    atomic_fetch_sub_explicit(&c->s->stash_bytes, c->stash_n, memory_order_relaxed);
    free(c->stash);
    c->stash = NULL;
    c->stash_n = 0;
}

// Between requests or inside a head, nothing more to read. true = parked (or closed).
static bool rest(struct http_worker *w, struct http_conn *c, int *phase, int64_t *deadline)
{
    struct http_server *s = c->s;
    if (*phase == PHASE_KEEP) {
        if (atomic_load_explicit(&s->draining, memory_order_relaxed)) {
            http_conn_close(c, false);
            return true;
        }
        *deadline = w->q.start_ns ? sp_mono_ms() + s->lim.idle_ms : *deadline;
    }
    if (w->in_end > 0 && !stash(w, c)) {
        atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
        http_conn_close(c, true);
        return true;
    }
    if (http_conn_park(c, (enum http_phase) * phase, *deadline))
        return true;
    unstash(w, c);
    return false;
}

// Receives more of a head. 1 = there is more, 0 = parked or closed.
static int more(struct http_worker *w, struct http_conn *c, int *phase, int64_t *deadline)
{
    for (;;) {
        ssize_t n = http_io_recv(c, w->in + w->in_end, w->in_cap - w->in_end);
        if (n > 0) {
            w->in_end += (size_t)n;
            if (*phase == PHASE_KEEP)
                *deadline = sp_mono_ms() + c->s->lim.head_ms;
            *phase = PHASE_HEAD;
            return 1;
        }
        if (n != IO_WAIT) {
            http_conn_close(c, false);
            return 0;
        }
        if (c->ssl_want == POLLOUT) { // TLS 1.3 key update: rare, short
            struct pollfd pfd = {.fd = c->fd, .events = POLLOUT};
            if (poll(&pfd, 1, 1000) <= 0) {
                http_conn_close(c, true);
                return 0;
            }
        } else if (rest(w, c, phase, deadline)) {
            return 0;
        }
    }
}

// Whoever pipelines without end shares the thread with others. true = parked. Where no more may be
// stashed, the thread goes on: what is here may be whole requests.
static bool yield(struct http_worker *w, struct http_conn *c, int64_t deadline)
{
    if ((w->in_end == 0 || stash(w, c)) && http_conn_yield(c, deadline))
        return true;
    unstash(w, c);
    return false;
}

static void serve_requests(struct http_worker *w, struct http_conn *c, int phase)
{
    int64_t deadline = atomic_load_explicit(&c->deadline_ms, memory_order_relaxed);
    bool read = !c->yielded;
    unsigned served = 0;
    unstash(w, c);
    if (c->yielded)
        c->drained = c->yielded = false;
    w->q.start_ns = 0;
    for (;;) {
        if (read && !more(w, c, &phase, &deadline))
            return;
        struct http_head h;
        struct sp_err err = {0};
        int status = 0;
        ssize_t n = http_head_parse(&h, w->headers, &c->s->head_lim, sp_str_of(w->in, w->in_end),
                                    &c->scan, &status, &err);
        if (n < 0) {
            refuse(w, c, status, err.msg);
            return;
        }
        read = true;
        if (n == 0) {
            if (c->drained && rest(w, c, &phase, &deadline))
                return;
            continue;
        }
        c->scan = 0;
        w->head_n = w->in_at = (size_t)n;
        if (!run_request(w, c, &h))
            return;
        memmove(w->in, w->in + w->in_at, w->in_end - w->in_at);
        w->in_end -= w->in_at;
        w->in_at = 0;
        phase = PHASE_KEEP;
        if (w->in_end > 0) { // pipelined
            phase = PHASE_HEAD;
            deadline = sp_mono_ms() + c->s->lim.head_ms;
            read = false;
            if (++served >= PIPELINE_BURST && yield(w, c, deadline))
                return;
        } else if (c->drained && rest(w, c, &phase, &deadline)) {
            return;
        }
    }
}

void http_conn_serve(struct http_worker *w, struct http_conn *c)
{
    int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);
    if (phase == PHASE_LINGER) {
        http_conn_linger(c);
        return;
    }
    if (phase == PHASE_PROXY) {
        if (!read_proxy_header(c))
            return;
        phase = c->s->secure ? PHASE_HANDSHAKE : PHASE_NEW;
    }
    if (phase == PHASE_HANDSHAKE) {
        if (!start_tls(c))
            return;
        phase = PHASE_NEW;
    }
    serve_requests(w, c, phase);
}
