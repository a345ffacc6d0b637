// Heads of HTTP requests. What one call accepts must be accepted in pieces too, with the same
// fields; what was accepted and is written out again must mean the same.
#include "net/http.h"
#include "net/http_parse.h"
#include "net/http_proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADERS 32
static const struct http_head_limits limits = {8192, 2048, HEADERS};

static ssize_t parse(struct http_head *h, struct http_header *headers, sp_str in, size_t step,
                     int *status)
{
    size_t scan = 0;
    for (size_t n = step < in.n ? step : in.n;; n = n + step < in.n ? n + step : in.n) {
        ssize_t rc = http_head_parse(h, headers, &limits, sp_sub(in, 0, n), &scan, status, NULL);
        if (rc != 0 || n == in.n)
            return rc;
    }
}

static void check_again(const struct http_head *h, const struct http_header *headers)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_printf(&b, "GET %.*s HTTP/1.%d\r\n", SP_FMT(h->target), h->minor);
    for (size_t i = 0; i < h->headers_n; i++)
        sp_buf_printf(&b, "%.*s:%.*s\r\n", SP_FMT(headers[i].name), SP_FMT(headers[i].value));
    sp_buf_cstr(&b, "\r\n");
    struct http_header again[HEADERS];
    struct http_head h2;
    int status = 0;
    size_t scan = 0;
    if (sp_eq_lit(h->target, "*"))
        return;
    ssize_t rc = http_head_parse(&h2, again, &limits, sp_buf_view(&b), &scan, &status, NULL);
    if (rc < 0 && (status == 431 || status == 414))
        return; // written longer than it was read
    SP_ASSERT(rc == (ssize_t)b.n && h2.headers_n == h->headers_n);
    SP_ASSERT(h2.content_length == h->content_length && sp_eq(h2.host, h->host));
    SP_ASSERT(sp_eq(h2.path, h->path) && sp_eq(h2.query, h->query));
    SP_ASSERT(h2.keep_alive == h->keep_alive && h2.expect_continue == h->expect_continue);
}

static void use(const struct http_head *h, const struct http_header *headers)
{
    SP_ASSERT(h->path.n > 0 && (h->path.p[0] == '/' || sp_eq_lit(h->target, "*")));
    SP_ASSERT(h->minor == 0 || http_host_valid(h->host));
    SP_ASSERT(h->content_length >= -1);
    for (size_t i = 0; i < h->headers_n; i++) {
        SP_ASSERT(http_is_token(headers[i].name));
        SP_ASSERT(!memchr(headers[i].value.p, '\n', headers[i].value.n));
        SP_ASSERT(!memchr(headers[i].value.p, '\r', headers[i].value.n));
        SP_ASSERT(!memchr(headers[i].value.p, 0, headers[i].value.n));
    }
    struct sp_arena arena = {0};
    struct http_req q = {.arena = &arena,
                         .query = h->query,
                         .peer = SP_LIT("peer"),
                         .scheme = SP_LIT("http"),
                         .host = h->host,
                         .headers = headers,
                         .headers_n = h->headers_n};
    sp_str rest = q.query, name, value;
    while (http_form_next(&q, &rest, &name, &value))
        SP_ASSERT(sp_utf8_valid(value) && !sp_has_nul(value));
    struct http_trust trust = {0};
    http_forwarded_apply(&q, &trust, false);
    SP_ASSERT(q.host.n == 0 || http_host_valid(q.host));
    SP_ASSERT(sp_eq_lit(q.scheme, "http") || sp_eq_lit(q.scheme, "https"));
    SP_ASSERT(!sp_has_ctl(q.peer));
    sp_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[HEADERS], pieces[HEADERS];
    struct http_head h, p;
    sp_str in = sp_str_of(data, size);
    int status = 0, piece_status = 0;
    ssize_t rc = parse(&h, headers, in, size ? size : 1, &status);
    ssize_t piece_rc = parse(&p, pieces, in, 7, &piece_status);
    // A head that is cut may be refused early, for another of its faults.
    SP_ASSERT((rc < 0) == (piece_rc < 0) || (rc == 0 && piece_rc == 0));
    if (rc > 0) {
        SP_ASSERT(rc == piece_rc && (size_t)rc <= size);
        SP_ASSERT(h.headers_n == p.headers_n && sp_eq(h.path, p.path) && sp_eq(h.host, p.host));
        use(&h, headers);
        check_again(&h, headers);
        uint64_t chunk = 0;
        sp_str body, line = sp_cut(sp_from(in, (size_t)rc), '\n', &body);
        SP_ASSERT(!http_chunk_size_parse(line, &chunk) || chunk < UINT64_C(1) << 60);
        (void)http_trailer_valid(line);
    }
    struct http_addr addr;
    ssize_t used = http_proxy_parse(&addr, in);
    SP_ASSERT(used <= (ssize_t)size);
    return 0;
}
