// Answers from a source of bytes: conditions, ranges, sendfile.
#include "net/http_core.h"
#include "net/net.h"

#include <errno.h>

#define RANGES_MAX   16            // more in one request are refused by answering the whole
#define INLINE_BYTES (16 * SP_KIB) // up to this a copy costs less than a second system call

struct piece {
    struct sp_source *src;
    const char *content_type;
};

// ---- conditions

// One element of a list of entity tags, weak comparison (RFC 9110 §8.8.3.2).
static bool tag_in_list(sp_str list, sp_str etag)
{
    sp_str part, rest = list;
    while (sp_split(&rest, ',', &part)) { // our tags hold no comma, so a cut one never matches
        part = sp_trim(part);
        if (sp_starts(part, SP_LIT("W/")))
            part = sp_from(part, 2);
        if (sp_eq_lit(part, "*") || sp_eq(part, etag))
            return true;
    }
    return false;
}

// If-Match: who reads a file in pieces wants no piece of another one. The comparison is strong.
static bool is_wanted(const struct http_req *q, sp_str etag)
{
    sp_str part, rest = http_header(q, "If-Match");
    if (!rest.p)
        return true;
    while (sp_split(&rest, ',', &part)) {
        part = sp_trim(part);
        if (sp_eq_lit(part, "*") || (etag.n && sp_eq(part, etag)))
            return true;
    }
    return false;
}

static bool not_modified(const struct http_req *q, sp_str etag)
{
    sp_str tags = http_header(q, "If-None-Match");
    if (tags.p)
        return etag.n && tag_in_list(tags, etag);
    sp_str since = http_header(q, "If-Modified-Since");
    sp_str modified = http_resp_find(q->resp, "Last-Modified");
    int64_t since_ms = 0, modified_ms = 0;
    return since.n && modified.n && sp_time_parse_http(since, &since_ms) &&
           sp_time_parse_http(modified, &modified_ms) && modified_ms <= since_ms;
}

// If-Range: the range counts only for the same bytes, so the comparison is strong.
static bool range_counts(const struct http_req *q, sp_str etag)
{
    sp_str v = http_header(q, "If-Range");
    if (!v.p)
        return true;
    if (v.n && v.p[0] == '"')
        return etag.n && sp_eq(v, etag);
    return v.n && sp_eq(v, http_resp_find(q->resp, "Last-Modified"));
}

// ---- bytes

// A read failed (got < 0) or ended early. While the head is still here it becomes an error answer.
static int read_failed(struct http_req *q, const struct sp_source *src, ssize_t got,
                       struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->out.n > 0 && q->body_out == 0) {
        sp_buf_reset(&r->out);
        r->answer = ANSWER_NONE;
        q->status = 0;
        http_resp_drop(r, "ETag");
        http_resp_drop(r, "Content-Range");
        http_resp_drop(r, "Accept-Ranges");
    } else {
        r->broken = true;
    }
    return got < 0 ? (int)got
                   : sp_fail(err, SP_EINCOMPLETE, "%s is shorter than it was", src->name);
}

static int copy_out(struct http_req *q, struct sp_source *src, uint64_t off, uint64_t n,
                    struct sp_err *err)
{
    struct http_worker *w = q->resp->w;
    if (!w->copy)
        w->copy = sp_alloc(HTTP_COPY_BYTES);
    while (n > 0) {
        size_t want = n < HTTP_COPY_BYTES ? (size_t)n : HTTP_COPY_BYTES;
        ssize_t got = src->ops->read_at(src, w->copy, want, off, q->cancel, err);
        if (got <= 0)
            return read_failed(q, src, got, err);
        SP_TRY(http_resp_flush(q, sp_str_of(w->copy, (size_t)got), (uint64_t)got < n, err));
        off += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return 0;
}

// What is in r->out goes first. last: nothing follows.
static int send_part(struct http_req *q, struct sp_source *src, uint64_t off, uint64_t n, bool last,
                     struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (n > 0 && n <= INLINE_BYTES) {
        char *room = sp_buf_room(&r->out, (size_t)n);
        SP_TRY(sp_buf_done(&r->out, "answer", err));
        for (size_t have = 0; have < n;) {
            ssize_t got =
                src->ops->read_at(src, room + have, (size_t)n - have, off + have, q->cancel, err);
            if (got <= 0)
                return read_failed(q, src, got, err);
            have += (size_t)got;
        }
        sp_buf_added(&r->out, (size_t)n);
        q->body_out += n;
        return last ? http_resp_flush(q, (sp_str){0}, false, err) : 0;
    }
    if (r->c->ssl || src->fd < 0)
        return copy_out(q, src, off, n, err);
    SP_TRY(http_resp_flush(q, (sp_str){0}, n > 0, err));
    return n ? http_io_sendfile(r, src->fd, src->fd_off + off, n, err) : 0;
}

// ---- answers

static int send_whole(struct http_req *q, const struct piece *p, int status, struct net_range range,
                      struct sp_err *err)
{
    http_resp_head(q, status, p->content_type, (int64_t)range.len);
    q->resp->answer = ANSWER_DONE;
    if (q->resp->no_body || range.len == 0)
        return http_resp_flush(q, (sp_str){0}, false, err);
    return send_part(q, p->src, range.off, range.len, true, err);
}

static int send_one_range(struct http_req *q, const struct piece *p, struct net_range range,
                          struct sp_err *err)
{
    http_set(q, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)range.off,
             (unsigned long long)(range.off + range.len - 1), (unsigned long long)p->src->size);
    return send_whole(q, p, 206, range, err);
}

static int send_multipart(struct http_req *q, const struct piece *p, const struct net_range *ranges,
                          size_t n, struct sp_err *err)
{
    char boundary[40], type[96];
    char *head[RANGES_MAX];
    snprintf(boundary, sizeof boundary, "spoke%016llx", (unsigned long long)sp_random_u64());
    snprintf(type, sizeof type, "multipart/byteranges; boundary=%s", boundary);
    char *tail = sp_arena_fmt(q->arena, "\r\n--%s--\r\n", boundary);
    uint64_t total = strlen(tail);
    for (size_t i = 0; i < n; i++) {
        head[i] = sp_arena_fmt(
            q->arena, "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
            boundary, p->content_type ? p->content_type : "application/octet-stream",
            (unsigned long long)ranges[i].off,
            (unsigned long long)(ranges[i].off + ranges[i].len - 1),
            (unsigned long long)p->src->size);
        total += strlen(head[i]) + ranges[i].len;
    }
    http_resp_head(q, 206, type, (int64_t)total);
    struct http_resp *r = q->resp;
    r->answer = ANSWER_DONE;
    for (size_t i = 0; i < n; i++) {
        sp_buf_cstr(&r->out, head[i]);
        q->body_out += strlen(head[i]);
        SP_TRY(send_part(q, p->src, ranges[i].off, ranges[i].len, false, err));
    }
    return http_resp_flush(q, sp_cstr(tail), false, err);
}

static int send_unsatisfiable(struct http_req *q, uint64_t size)
{
    http_set(q, "Content-Range", "bytes */%llu", (unsigned long long)size);
    const struct sp_err_row *row = sp_err_row(SP_ERANGE);
    char text[96];
    snprintf(text, sizeof text, "the requested range is outside of the %llu bytes",
             (unsigned long long)size);
    http_resp_plain_error(q, 416, row->xcode, text);
    return 0;
}

int http_send_source(struct http_req *q, struct sp_source *src, const char *content_type,
                     const char *etag, struct sp_err *err)
{
    struct piece p = {src, content_type};
    struct net_range ranges[RANGES_MAX];
    sp_str tag = sp_cstr(etag);
    if (http_answered(q))
        return sp_fail(err, SP_EINTERNAL, "route %s answered twice",
                       q->route ? q->route->name : "-");
    if (tag.n)
        http_set_str(q, "ETag", tag);
    http_set_str(q, "Accept-Ranges", SP_LIT("bytes"));
    if (!is_wanted(q, tag)) {
        const char *code = sp_err_row(SP_ECONFLICT)->xcode;
        http_resp_plain_error(q, 412, code, "the file is not the one that If-Match names");
        return 0;
    }
    if (not_modified(q, tag))
        return http_send_empty(q, 304, err);
    // Ranges are defined for GET only (RFC 9110 §14.2): HEAD tells about the whole.
    sp_str header = q->method == HTTP_GET ? http_header(q, "Range") : (sp_str){0};
    int n = 0;
    if (header.p && range_counts(q, tag))
        n = net_range_parse(ranges, RANGES_MAX, header, src->size);
    if (n == SP_ERANGE)
        return send_unsatisfiable(q, src->size);
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += ranges[i].len;
    if (n > 1 && sum > src->size) // overlaps would make more bytes than there are
        n = 0;
    if (n == 1)
        return send_one_range(q, &p, ranges[0], err);
    if (n > 1)
        return send_multipart(q, &p, ranges, (size_t)n, err);
    return send_whole(q, &p, 200, (struct net_range){0, src->size}, err);
}
