// GET /metrics: requests, times and memory for Prometheus.
#include "server/metrics.h"

#include "server/handlers.h"

#include <stdatomic.h>

#define STATUS_CLASSES 6 // 0 unused, 1xx … 5xx

static const int64_t bounds_us[] = {100, 1000, 10000, 100000, 1000000, 10000000};
#define BOUNDS_N (sizeof bounds_us / sizeof *bounds_us)

struct handler { // rows of one handler are counted together
    const char *name;
    _Atomic uint64_t status[STATUS_CLASSES];
    _Atomic uint64_t took[BOUNDS_N + 1], took_us;
};
struct srv_metrics {
    struct handler *handlers;
    size_t n;
    _Atomic uint64_t body_in, body_out, malformed;
    int64_t start_s;
};

struct snapshot {
#define SRV_METRIC(field, type, name, help) uint64_t field;
#include "server/metrics.def"
#undef SRV_METRIC
};

struct srv_metrics *srv_metrics_new(const struct http_route *routes, size_t n)
{
    struct srv_metrics *m = sp_new(struct srv_metrics);
    m->handlers = sp_new_n(struct handler, n + 1);
    m->start_s = sp_now_ms() / 1000;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < m->n && strcmp(m->handlers[k].name, routes[i].name) != 0)
            k++;
        if (k == m->n)
            m->handlers[m->n++].name = routes[i].name;
    }
    return m;
}

void srv_metrics_free(struct srv_metrics *m)
{
    if (!m)
        return;
    free(m->handlers);
    free(m);
}

static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static uint64_t get(_Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

void srv_metrics_count(struct srv_metrics *m, const struct http_req *q, int64_t took_ns)
{
    if (q->body_in)
        add(&m->body_in, q->body_in);
    if (q->body_out)
        add(&m->body_out, q->body_out);
    if (!q->route) {
        add(&m->malformed, 1);
        return;
    }
    struct handler *h = m->handlers;
    while (strcmp(h->name, q->route->name) != 0)
        h++;
    int64_t us = took_ns / 1000;
    size_t bound = 0;
    while (bound < BOUNDS_N && us > bounds_us[bound])
        bound++;
    unsigned class = (unsigned)q->status / 100;
    add(&h->status[class < STATUS_CLASSES ? class : 0], 1);
    add(&h->took[bound], 1);
    add(&h->took_us, (uint64_t)us);
}

static uint64_t resident_bytes(void)
{
    SP_AUTO_FILE FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long size, resident;
    if (!f || fscanf(f, "%llu %llu", &size, &resident) != 2)
        return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void snapshot(struct snapshot *s, struct srv *srv)
{
    struct srv_metrics *m = srv->metrics;
    struct http_stats h = {0};
    if (srv->http)
        http_server_stats(srv->http, &h);
    *s = (struct snapshot){
        .body_in = get(&m->body_in),
        .body_out = get(&m->body_out),
        .malformed = get(&m->malformed),
        .connections = h.connections,
        .idle = h.idle,
        .busy = h.busy,
        .long_streams = h.long_streams,
        .body_memory = h.body_memory,
        .accepted = h.accepted,
        .refused = h.refused,
        .timeouts = h.timeouts,
        .rss_bytes = resident_bytes(),
        .free_bytes = sp_free_bytes(srv->dir),
        .start_s = (uint64_t)m->start_s,
    };
    meta_stats(srv->meta, &s->db_commits, &s->db_jobs);
}

static void put_requests(struct sp_buf *b, struct srv_metrics *m)
{
    sp_buf_cstr(b, "# HELP spoke_http_requests_total Requests by handler and class of status\n"
                   "# TYPE spoke_http_requests_total counter\n");
    for (size_t k = 0; k < m->n; k++)
        for (unsigned c = 1; c < STATUS_CLASSES; c++)
            if (get(&m->handlers[k].status[c]))
                sp_buf_printf(b, "spoke_http_requests_total{handler=\"%s\",status=\"%uxx\"} %llu\n",
                              m->handlers[k].name, c,
                              (unsigned long long)get(&m->handlers[k].status[c]));
}

static void put_durations(struct sp_buf *b, struct srv_metrics *m)
{
    sp_buf_cstr(b, "# HELP spoke_http_request_duration_seconds Time from the first byte of a "
                   "request to the last "
                   "of its answer\n"
                   "# TYPE spoke_http_request_duration_seconds histogram\n");
    for (size_t k = 0; k < m->n; k++) {
        struct handler *h = &m->handlers[k];
        uint64_t sum = 0;
        for (size_t i = 0; i <= BOUNDS_N; i++)
            sum += get(&h->took[i]);
        if (!sum)
            continue;
        sum = 0;
        for (size_t i = 0; i <= BOUNDS_N; i++) {
            char le[24] = "+Inf";
            if (i < BOUNDS_N)
                snprintf(le, sizeof le, "%g", (double)bounds_us[i] / 1e6);
            sum += get(&h->took[i]);
            sp_buf_printf(
                b, "spoke_http_request_duration_seconds_bucket{handler=\"%s\",le=\"%s\"} %llu\n",
                h->name, le, (unsigned long long)sum);
        }
        sp_buf_printf(b, "spoke_http_request_duration_seconds_sum{handler=\"%s\"} %g\n", h->name,
                      (double)get(&h->took_us) / 1e6);
        sp_buf_printf(b, "spoke_http_request_duration_seconds_count{handler=\"%s\"} %llu\n",
                      h->name, (unsigned long long)sum);
    }
}

int srv_metrics_get(struct http_req *q, struct sp_err *err)
{
    struct srv *srv = srv_ctx(q)->srv;
    struct snapshot s;
    SP_AUTO_BUF struct sp_buf b = {0};
    snapshot(&s, srv);
#define SRV_METRIC(field, type, name, help)                                                        \
    sp_buf_printf(&b, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, #type, name,      \
                  (unsigned long long)s.field);
#include "server/metrics.def"
#undef SRV_METRIC
    put_requests(&b, srv->metrics);
    put_durations(&b, srv->metrics);
    SP_TRY(sp_buf_done(&b, "metrics", err));
    return http_send(q, 200, "text/plain; version=0.0.4; charset=utf-8", sp_buf_view(&b), err);
}
