// Bytes in and out of one connection, with every wait bounded. A thread that has to wait for its
// peer longer than a moment takes a long-stream slot, so that another thread serves short requests;
// when there is no slot the peer gets little patience, and when several wait like that none.
#include "net/http_core.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define LONG_AFTER_MS  10   // waits up to this are nothing special
#define DENIED_MS      2000 // all waits of a request that got no slot
#define CROWDED_MS     1    // the same when enough threads wait like that already
#define SENDFILE_SLICE ((size_t)2 * SP_MIB)

ssize_t http_io_recv(struct http_conn *c, void *p, size_t n)
{
    if (c->ssl)
        return http_tls_recv(c, p, n);
    for (;;) {
        ssize_t got = recv(c->fd, p, n, MSG_DONTWAIT);
        c->drained = got >= 0 && (size_t)got < n;
        if (got >= 0)
            return got;
        if (errno == EINTR)
            continue;
        c->ssl_want = POLLIN;
        c->drained = true;
        return errno == EAGAIN || errno == EWOULDBLOCK ? IO_WAIT : IO_DEAD;
    }
}

ssize_t http_io_peek(struct http_conn *c, void *p, size_t n)
{
    for (;;) {
        ssize_t got = recv(c->fd, p, n, MSG_DONTWAIT | MSG_PEEK);
        if (got >= 0)
            return got;
        if (errno != EINTR)
            return errno == EAGAIN || errno == EWOULDBLOCK ? IO_WAIT : IO_DEAD;
    }
}

static void progress(struct http_resp *r, size_t n)
{
    r->window_bytes += n;
}

static int too_slow(struct http_resp *r, struct sp_err *err, const char *why)
{
    atomic_fetch_add_explicit(&r->c->s->timeouts, 1, memory_order_relaxed);
    // Nothing was answered yet: the client can still be told.
    r->broken = r->answer != ANSWER_NONE;
    r->in_bad = true;
    return sp_fail(err, SP_ETIMEOUT, "the client %s", why);
}

// Only time spent waiting for the peer counts: a slow handler is not the peer's fault.
static int account(struct http_resp *r, int64_t waited_ms, struct sp_err *err)
{
    const struct http_limits *lim = &r->c->s->lim;
    r->waited_ms += waited_ms;
    if (r->denied)
        r->denied_ms += waited_ms;
    if (r->waited_ms < lim->send_stall_ms)
        return 0;
    bool slow = r->window_bytes * 1000 < lim->min_rate * (uint64_t)r->waited_ms;
    r->waited_ms = 0;
    r->window_bytes = 0;
    return slow ? too_slow(r, err, "is below the minimum rate") : 0;
}

static int wait_peer(struct http_resp *r, short events, struct sp_err *err)
{
    struct http_server *s = r->c->s;
    int64_t began = sp_mono_ms(), now = began;
    for (;;) {
        if (sp_cancelled(&s->abort)) {
            r->broken = true;
            return sp_fail(err, SP_ECANCELLED, "the server is stopping");
        }
        int64_t patience = s->lim.send_stall_ms;
        if (r->denied && DENIED_MS - r->denied_ms < patience)
            patience = DENIED_MS - r->denied_ms;
        int64_t moment = http_crowded(r) ? CROWDED_MS : LONG_AFTER_MS;
        if (!r->is_long && !r->denied && moment < patience)
            patience = moment;
        int64_t left = patience - (now - began);
        struct pollfd pfd = {.fd = r->c->fd, .events = events};
        int rc = poll(&pfd, 1, left > 0 ? (int)left : 0);
        now = sp_mono_ms();
        if (rc > 0)
            return account(r, now - began, err);
        if (rc < 0 || now - began < patience)
            continue;
        if (r->is_long || r->denied || patience == s->lim.send_stall_ms)
            return too_slow(r, err, "stalls");
        r->is_long = http_long_take(r, false);
        r->denied = !r->is_long;
        if (r->denied && !(r->lingers = http_denied_take(s)))
            return too_slow(r, err, "stalls, and the server has too many like it");
    }
}

int http_io_read(struct http_resp *r, void *p, size_t n, size_t *got, struct sp_err *err)
{
    for (;;) {
        ssize_t rc = http_io_recv(r->c, p, n);
        if (rc > 0) {
            progress(r, (size_t)rc);
            *got = (size_t)rc;
            return 0;
        }
        if (rc == 0 || rc == IO_DEAD) {
            r->broken = true;
            sp_cancel_set(&r->c->cancel);
            return sp_fail(err, SP_EINCOMPLETE, "the client closed before the end of its body");
        }
        SP_TRY(wait_peer(r, r->c->ssl_want, err));
    }
}

static int peer_gone(struct http_resp *r, struct sp_err *err)
{
    r->broken = true;
    sp_cancel_set(&r->c->cancel);
    return sp_fail(err, SP_ECANCELLED, "the client is gone");
}

// One record for a head and a small body. The same bytes are gathered again after IO_WAIT, as
// SSL_write demands.
static ssize_t send_tls(struct http_conn *c, const struct iovec *iov, int n)
{
    char gathered[HTTP_OUT_BYTES];
    size_t have = 0;
    if (n == 1 || iov->iov_len >= sizeof gathered)
        return http_tls_send(c, iov->iov_base, iov->iov_len);
    for (int i = 0; i < n && have < sizeof gathered; i++) {
        size_t room = sizeof gathered - have;
        size_t step = iov[i].iov_len < room ? iov[i].iov_len : room;
        if (step)
            memcpy(gathered + have, iov[i].iov_base, step);
        have += step;
    }
    return http_tls_send(c, gathered, have);
}

static ssize_t send_some(struct http_conn *c, struct iovec *iov, int n, bool more)
{
    if (c->ssl)
        return send_tls(c, iov, n);
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    for (;;) {
        ssize_t sent = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (sent >= 0)
            return sent;
        if (errno == EINTR)
            continue;
        c->ssl_want = POLLOUT;
        return errno == EAGAIN || errno == EWOULDBLOCK ? IO_WAIT : IO_DEAD;
    }
}

int http_io_write(struct http_resp *r, struct iovec *iov, int n, bool more, struct sp_err *err)
{
    if (r->broken)
        return sp_fail(err, SP_ECANCELLED, "the connection is broken");
    while (n > 0) {
        if (iov->iov_len == 0) {
            iov++;
            n--;
            continue;
        }
        ssize_t sent = send_some(r->c, iov, n, more);
        if (sent == IO_DEAD)
            return peer_gone(r, err);
        if (sent == IO_WAIT) {
            SP_TRY(wait_peer(r, r->c->ssl_want, err));
            continue;
        }
        progress(r, (size_t)sent);
        for (size_t left = (size_t)sent; left > 0;) {
            size_t step = left < iov->iov_len ? left : iov->iov_len;
            iov->iov_base = (char *)iov->iov_base + step;
            iov->iov_len -= step;
            left -= step;
            if (iov->iov_len == 0 && left > 0) {
                iov++;
                n--;
            }
        }
    }
    return 0;
}

int http_io_sendfile(struct http_resp *r, int fd, uint64_t off, uint64_t n, struct sp_err *err)
{
    off_t at = (off_t)off;
    while (n > 0) {
        size_t slice = n < SENDFILE_SLICE ? (size_t)n : SENDFILE_SLICE;
        ssize_t sent = sendfile(r->c->fd, fd, &at, slice);
        if (sent > 0) {
            n -= (uint64_t)sent;
            r->w->q.body_out += (uint64_t)sent;
            progress(r, (size_t)sent);
            continue;
        }
        if (sent == 0) {
            r->broken = true;
            return sp_fail(err, SP_EINCOMPLETE, "the file is shorter than it was");
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            if (errno == EPIPE || errno == ECONNRESET)
                return peer_gone(r, err);
            r->broken = true;
            return sp_fail_os(err, errno, "sendfile");
        }
        SP_TRY(wait_peer(r, POLLOUT, err));
    }
    return 0;
}
