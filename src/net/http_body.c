// Request bodies: by length or chunked, as a stream. What came with the head lies behind it in the
// worker's buffer; the rest is received straight into the caller's memory.
#include "net/http_core.h"

#include <errno.h>

#define CHUNK_LINE_MAX 1024
#define TRAILERS_MAX   (8 * SP_KIB)
#define DISCARD_BYTES                                                                              \
    (256 * SP_KIB) // an unread body up to this size is thrown away to keep the connection
#define DEAF_BYTES (256 * SP_KIB) // a longer body is read with the connection out of epoll

void http_body_begin(struct http_resp *r, const struct http_head *h, uint64_t max)
{
    r->in_max = max;
    r->expect = h->expect_continue;
    r->in = h->content_length < 0   ? BODY_CHUNK_SIZE
            : h->content_length > 0 ? BODY_LENGTH
                                    : BODY_NONE;
    r->in_left = h->content_length > 0 ? (uint64_t)h->content_length : 0;
}

static int malformed(struct http_resp *r, struct sp_err *err, const char *why)
{
    r->in_bad = true;
    return sp_fail(err, SP_EFORMAT, "request body: %s", why);
}

// More bytes behind the head in the worker's buffer.
static int fill(struct http_resp *r, struct sp_err *err)
{
    struct http_worker *w = r->w;
    if (w->in_at == w->in_end)
        w->in_at = w->in_end = w->head_n;
    if (w->in_end == w->in_cap) {
        memmove(w->in + w->head_n, w->in + w->in_at, w->in_end - w->in_at);
        w->in_end -= w->in_at - w->head_n;
        w->in_at = w->head_n;
    }
    size_t got = 0;
    SP_TRY(http_io_read(r, w->in + w->in_end, w->in_cap - w->in_end, &got, err));
    w->in_end += got;
    return 0;
}

// One line up to CRLF, without it; stays valid until the next fill.
static int take_line(struct http_resp *r, sp_str *line, struct sp_err *err)
{
    struct http_worker *w = r->w;
    for (;;) {
        const char *nl = memchr(w->in + w->in_at, '\n', w->in_end - w->in_at);
        if (nl) {
            size_t n = (size_t)(nl - (w->in + w->in_at));
            if (n == 0 || nl[-1] != '\r')
                return malformed(r, err, "a chunk line ends in LF without CR");
            if (n > CHUNK_LINE_MAX)
                return malformed(r, err, "a chunk line is too long");
            *line = sp_str_of(w->in + w->in_at, n - 1);
            w->in_at += n + 1;
            return 0;
        }
        if (w->in_end - w->in_at > CHUNK_LINE_MAX)
            return malformed(r, err, "a chunk line is too long");
        SP_TRY(fill(r, err));
    }
}

// Reads framing until there are payload bytes (BODY_CHUNK) or the end (BODY_NONE).
static int chunk_step(struct http_req *q, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    sp_str line;
    SP_TRY(take_line(r, &line, err));
    switch (r->in) {
    case BODY_CHUNK_SIZE:
        if (!http_chunk_size_parse(line, &r->in_left))
            return malformed(r, err, "a chunk size is not a hexadecimal number");
        r->in = r->in_left ? BODY_CHUNK : BODY_TRAILER;
        if (r->in_left > r->in_max - q->body_in) {
            r->in_bad = true;
            return sp_fail(err, SP_ETOOBIG, "the request body is larger than %llu bytes",
                           (unsigned long long)r->in_max);
        }
        return 0;
    case BODY_CHUNK_END:
        if (line.n)
            return malformed(r, err, "a chunk is longer than its size");
        r->in = BODY_CHUNK_SIZE;
        return 0;
    default: // BODY_TRAILER
        if (line.n == 0) {
            r->in = BODY_NONE;
            return 0;
        }
        r->trailer_n += line.n;
        if (r->trailer_n > TRAILERS_MAX || !http_trailer_valid(line))
            return malformed(r, err, "bad trailer");
        return 0;
    }
}

static int say_continue(struct http_resp *r, struct sp_err *err)
{
    char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec iov = {.iov_base = text, .iov_len = sizeof text - 1};
    r->expect = false;
    if (r->answer != ANSWER_NONE) // too late, the final answer is out
        return 0;
    return http_io_write(r, &iov, 1, false, err);
}

static ssize_t read_payload(struct http_resp *r, char *buf, size_t n, struct sp_err *err)
{
    struct http_worker *w = r->w;
    size_t got = w->in_end - w->in_at;
    if (n > r->in_left)
        n = (size_t)r->in_left;
    if (got > 0) {
        if (got > n)
            got = n;
        memcpy(buf, w->in + w->in_at, got);
        w->in_at += got;
    } else {
        if (r->in_left > DEAF_BYTES)
            http_conn_deafen(r->c, true);
        SP_TRY(http_io_read(r, buf, n, &got, err));
    }
    r->in_left -= got;
    if (r->in_left == 0)
        r->in = r->in == BODY_CHUNK ? BODY_CHUNK_END : BODY_NONE;
    return (ssize_t)got;
}

static ssize_t body_read(struct http_req *q, void *buf, size_t n, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->in_bad)
        return sp_fail(err, SP_EFORMAT, "request body: cannot be read on");
    SP_TRY(sp_cancel_check(q->cancel, err));
    if (r->expect)
        SP_TRY(say_continue(r, err));
    while (r->in != BODY_NONE && r->in != BODY_LENGTH && r->in != BODY_CHUNK)
        SP_TRY(chunk_step(q, err));
    if (r->in == BODY_NONE || n == 0)
        return 0;
    ssize_t got = read_payload(r, buf, n, err);
    if (got > 0)
        q->body_in += (uint64_t)got;
    return got;
}

ssize_t http_body_read(struct http_req *q, void *buf, size_t n, struct sp_err *err)
{
    ssize_t got = body_read(q, buf, n, err);
    if (got == 0 && n > 0)
        http_conn_deafen(q->resp->c, false); // hang-ups are of interest again
    return got;
}

int http_body_all(struct http_req *q, struct sp_buf *out, struct sp_err *err)
{
    size_t max = out->max ? out->max : SP_BUF_DEFAULT_MAX, held = 0;
    if (q->content_length > 0 && (uint64_t)q->content_length > max - out->n)
        return sp_fail(err, SP_ETOOBIG, "the request body is larger than %zu bytes", max);
    for (;;) {
        if (q->resp->in == BODY_NONE)
            return sp_buf_done(out, "request body", err);
        // Memory grows with what arrives, not with what is promised.
        size_t left = max - out->n, want = 64 * SP_KIB;
        if (q->content_length > 0 && (uint64_t)q->content_length - q->body_in < want)
            want = (size_t)((uint64_t)q->content_length - q->body_in);
        if (want > left)
            want = left;
        char extra; // one byte more tells the end from too much
        char *room = left ? sp_buf_room(out, want) : NULL;
        if (left && !room)
            return sp_buf_done(out, "request body", err);
        ssize_t got = http_body_read(q, left ? room : &extra, left ? want : 1, err);
        if (got < 0)
            return (int)got;
        if (got > 0 && !left)
            return sp_fail(err, SP_ETOOBIG, "the request body is larger than %zu bytes", max);
        if (got <= 0)
            continue;
        sp_buf_added(out, (size_t)got);
        if (out->n > held + HTTP_HOLD_FREE) {
            SP_TRY(http_hold(q, HTTP_HOLD_FREE, err));
            held += HTTP_HOLD_FREE;
        }
    }
}

bool http_body_unread(const struct http_resp *r)
{
    if (r->in_bad)
        return true;
    if (r->in == BODY_NONE)
        return false;
    return r->expect || r->in != BODY_LENGTH || r->in_left > DISCARD_BYTES;
}

bool http_body_discard(struct http_resp *r)
{
    if (http_body_unread(r))
        return false;
    char waste[8192];
    while (r->in != BODY_NONE)
        if (read_payload(r, waste, sizeof waste, NULL) < 0)
            return false;
    return true;
}
