// Bytes of one blob over the wire: one stream from where a former try stopped, or several ranges of
// a large file at once. A connection that breaks or stalls is replaced; only tries without a single
// new byte count against the limit.
#include "xfer/ctx.h"

#include <inttypes.h>

#define WRITE_BYTES     ((size_t)256 << 10)
#define PARTS_FIRST     3                         // connections that start at once
#define PARTS_LOOK_MS   300                       // then the others are wanted, or not
#define PARTS_STEP_MS   50                        // how soon they notice that nothing is left
#define PARTS_FAST_RATE ((uint64_t)150 * 1000000) // bytes/s over the first few: enough
#define RESTARTS_MAX    5                         // from byte 0, at servers that know no ranges

struct blob {
    const char *name; // repo path, for messages
    const char *url;  // at the Hub
    const char *link; // what HEAD told, or NULL; signed ones live for an hour or so
    bool foreign;     // no token to link
    const char *etag;
    int64_t size;          // -1 = unknown
    _Atomic bool *expired; // link is not taken any more
};

struct stream {
    struct xfer_ctx *x;
    struct cache_store *s;
    const struct blob *b;
    uint64_t off;            // next byte to come
    uint64_t end;            // one past the last byte wanted, UINT64_MAX = unknown
    _Atomic uint64_t *count; // of all streams of the file, or NULL
    char *block;             // WRITE_BYTES, or NULL = written as it comes
    size_t held;             // bytes in block: those before off
};

static int flush(struct stream *t, struct sp_err *err)
{
    size_t n = t->held;
    t->held = 0;
    return n ? cache_store_write(t->s, t->block, n, t->off - n, err) : 0;
}

// Blocks that end at multiples of WRITE_BYTES: the kernel takes them in large pages, and several
// connections seldom meet at the lock of the file.
static int put_in_blocks(struct stream *t, const char *p, size_t n, struct sp_err *err)
{
    while (n > 0) {
        size_t room = WRITE_BYTES - (size_t)(t->off % WRITE_BYTES);
        size_t step = n < room ? n : room;
        memcpy(t->block + t->held, p, step);
        t->held += step;
        t->off += step;
        p += step;
        n -= step;
        if (step == room)
            SP_TRY(flush(t, err));
    }
    return 0;
}

static int on_bytes(void *ud, const void *p, size_t n, struct sp_err *err)
{
    struct stream *t = ud;
    if (n > t->end - t->off)
        return sp_fail(err, SP_EREPLY,
                       "%s: the server sent more than the %" PRIu64 " bytes it announced",
                       t->b->name, t->end);
    if (t->block) {
        SP_TRY(put_in_blocks(t, p, n, err));
    } else {
        SP_TRY(cache_store_write(t->s, p, n, t->off, err));
        t->off += n;
    }
    if (t->count)
        atomic_fetch_add_explicit(t->count, n, memory_order_relaxed);
    sp_progress_bytes(xfer_progress(t->x), n);
    return sp_fault("fetch.bytes", err);
}

static bool worth_retrying(int rc)
{
    return rc == SP_ENET || rc == SP_ETIMEOUT || rc == SP_EINCOMPLETE || rc == SP_ERATE ||
           rc == SP_EREMOTE || rc == SP_EBUSY;
}

static bool is_refusal(const struct sp_err *e)
{
    return e->http >= 400 && e->http < 500 && e->http != 408 && e->http != 416 && e->http != 429;
}

// One request. A link that has expired is refused (each storage has its own status for that); the
// Hub then gives a new one with each request.
static int get(struct stream *t, uint64_t len, struct sp_err *err)
{
    const struct blob *b = t->b;
    for (;;) {
        bool direct = b->link && !atomic_load(b->expired);
        int64_t total = -1;
        int rc = hub_file_get(t->x->hub, direct ? b->link : b->url, direct && b->foreign, b->etag,
                              t->off, len, &total, on_bytes, t, xfer_cancel(t->x), err);
        if (rc == 0 || !direct || !is_refusal(err))
            return rc;
        sp_log("xfer", DEBUG, "%s: %s; asking the Hub for a new link", b->name, err->msg);
        atomic_store(b->expired, true);
        sp_err_clear(err);
    }
}

// One part [off, end) with replacement of broken connections. whole: the server may answer 200 from
// 0.
static int run(struct stream *t, bool whole, struct sp_err *err)
{
    for (unsigned restarts = 0;;) {
        uint64_t before = t->off;
        uint64_t len = t->end == UINT64_MAX ? 0 : t->end - t->off;
        struct sp_err why = {0};
        if (t->end != UINT64_MAX && len == 0)
            return 0;
        // From the start to the end needs no Range header: proxies and old servers like that
        // better.
        uint64_t ask = whole && t->off == 0 ? 0 : len;
        int rc = get(t, ask, &why);
        SP_TRY(flush(t, err)); // also what came before the connection broke
        if (rc == 0 && t->end != UINT64_MAX && t->off < t->end)
            rc = sp_fail(&why, SP_EINCOMPLETE,
                         "%s: the body ended after %" PRIu64 " of %" PRIu64 " bytes", t->b->name,
                         t->off, t->end);
        if (rc == 0)
            return 0;
        if (rc == SP_ERANGE && whole && t->off > 0 && ++restarts < RESTARTS_MAX) {
            // No ranges there, or the file changed: two versions must not mix.
            SP_TRY(cache_store_restart(t->s, err));
            t->off = 0;
            continue;
        }
        // A call that brought nothing was tried several times already, with pauses (net/retry.c).
        if (!worth_retrying(rc) || t->off == before) {
            if (err)
                *err = why;
            return rc;
        }
        sp_log("xfer", DEBUG, "%s: %s; going on at byte %" PRIu64, t->b->name, why.msg, t->off);
        SP_TRY(sp_cancel_check(xfer_cancel(t->x), err));
    }
}

struct parts {
    struct xfer_ctx *x;
    struct cache_store *s;
    const struct blob *b;
    uint64_t from, size, part;
    size_t n;
    int64_t start_ms;
    _Atomic size_t next;
    _Atomic uint64_t bytes; // that have come
    _Atomic bool stop;      // a part failed for good
};

static int run_part(struct parts *p, size_t i, struct sp_err *err)
{
    uint64_t off = p->from + i * p->part;
    uint64_t end = off + p->part < p->size ? off + p->part : p->size;
    SP_AUTO_FREE char *block = malloc(WRITE_BYTES); // not cleared; without memory it works too
    struct stream t = {.x = p->x,
                       .s = p->s,
                       .b = p->b,
                       .off = off,
                       .end = end,
                       .count = &p->bytes,
                       .block = block};
    return run(&t, false, err);
}

// Connections beyond the first few wait until it is seen that these do not fill the line: each
// costs memory, and on a fast line only contention for the file. True = join in.
static bool line_has_room(struct parts *p, size_t i)
{
    if (i < PARTS_FIRST)
        return true;
    for (int64_t ms = 0; ms < PARTS_LOOK_MS; ms += PARTS_STEP_MS) {
        if (sp_cancel_sleep(xfer_cancel(p->x), PARTS_STEP_MS, NULL) < 0 || atomic_load(&p->stop) ||
            atomic_load(&p->next) >= p->n)
            return false;
    }
    uint64_t ms = (uint64_t)(sp_mono_ms() - p->start_ms);
    return atomic_load(&p->bytes) < PARTS_FAST_RATE / 1000 * ms;
}

static int run_parts(void *ud, size_t worker, struct sp_err *err)
{
    struct parts *p = ud;
    if (!line_has_room(p, worker))
        return 0;
    while (!atomic_load(&p->stop)) {
        size_t i = atomic_fetch_add(&p->next, 1);
        if (i >= p->n)
            break;
        int rc = run_part(p, i, err);
        if (rc < 0) {
            atomic_store(&p->stop, true);
            return rc;
        }
    }
    return 0;
}

static int fetch(struct xfer_ctx *x, struct cache_store *s, const struct blob *b,
                 struct sp_err *err)
{
    uint64_t have = cache_store_have(s);
    uint64_t end = b->size < 0 ? UINT64_MAX : (uint64_t)b->size;
    uint64_t part = (uint64_t)sp_conf_int(SP_CONF_range_size);
    int64_t conns = sp_conf_int(SP_CONF_connections);
    if (have > end)
        have = 0;
    sp_progress_bytes(xfer_progress(x), have);
    // Several connections pay where one TCP stream is slower than the line.
    bool split = end != UINT64_MAX && conns > 1 && part >= SP_MIB && end - have >= 4 * part;
    if (split) {
        struct parts p = {.x = x,
                          .s = s,
                          .b = b,
                          .from = have,
                          .size = end,
                          .part = part,
                          .n = (size_t)((end - have + part - 1) / part),
                          .start_ms = sp_mono_ms()};
        unsigned workers = (unsigned)(conns < 16 ? conns : 16);
        struct sp_err why = {0};
        int rc = sp_for_each(workers, workers, run_parts, &p, &why);
        if (rc == 0)
            return 0;
        if (rc != SP_ERANGE) {
            if (err)
                *err = why;
            return rc;
        }
        SP_TRY(cache_store_restart(s, err)); // the server answers whole files only
        have = 0;
    }
    struct stream t = {.x = x, .s = s, .b = b, .off = have, .end = end};
    return run(&t, true, err);
}

int xfer_fetch_file(struct xfer_ctx *x, struct cache_store *s, const char *commit,
                    const struct xfer_file *f, struct sp_err *err)
{
    SP_AUTO_FREE char *url = hub_resolve_url(x->hub, x->repo, commit, f->path);
    _Atomic bool expired = false;
    struct blob b = {.name = f->path,
                     .url = url,
                     .link = f->url,
                     .foreign = f->foreign,
                     .etag = f->etag,
                     .size = f->size,
                     .expired = &expired};
    for (;;) {
        struct sp_err why = {0};
        int rc = fetch(x, s, &b, &why);
        if (rc == 0)
            rc = cache_store_commit(s, f->durable, &why);
        if (rc == SP_EHASH && cache_store_again(s)) {
            sp_log("xfer", WARN, "%s: what an earlier run left was damaged; fetching it again",
                   b.name);
            continue; // at most once: the second time nothing is left from before
        }
        if (rc < 0 && err)
            *err = why;
        return rc;
    }
}
