// Answers: headers, their framing, and bodies in one piece or piece by piece.
#include "net/http_core.h"

#include <stdarg.h>
#include <time.h>

#define KEEP_BUFFER_BYTES (64 * SP_KIB) // larger buffers are not kept for the next request

static const char *standard_reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Unknown";
}

static void reuse(struct sp_buf *b, size_t max)
{
    if (b->cap > KEEP_BUFFER_BYTES)
        sp_buf_fini(b);
    sp_buf_reset(b);
    b->max = max;
}

void http_resp_begin(struct http_worker *w, struct http_conn *c)
{
    struct http_resp *r = &w->r;
    struct sp_buf hdr = r->hdr, out = r->out, body = r->body;
    // Everything but the table of header lines, which lines_n guards.
    memset(r, 0, offsetof(struct http_resp, lines));
    r->lines_n = 0;
    memset((char *)r + offsetof(struct http_resp, out), 0,
           sizeof *r - offsetof(struct http_resp, out));
    r->w = w;
    r->c = c;
    r->hdr = hdr;
    r->out = out;
    r->body = body;
    reuse(&r->hdr, SP_MIB);
    reuse(&r->out, 2 * SP_MIB);
    reuse(&r->body, SP_MIB);
}

void http_resp_fini(struct http_resp *r)
{
    sp_buf_fini(&r->hdr);
    sp_buf_fini(&r->out);
    sp_buf_fini(&r->body);
}

// ---- headers

// A line break in a value would end the header: values come from file names and messages, so they
// are cleaned, not refused.
static void put_clean(struct sp_buf *b, sp_str v)
{
    size_t from = b->n;
    sp_buf_str(b, v);
    if (!sp_has_ctl(v))
        return;
    for (size_t i = from; i < b->n; i++)
        if (((uint8_t)b->p[i] < 0x20 && b->p[i] != '\t') || b->p[i] == 0x7f)
            b->p[i] = ' ';
}

static void add_line(struct http_resp *r, sp_str name, sp_str value)
{
    SP_ASSERT(http_is_token(name));
    if (r->lines_n == HTTP_ANSWER_HEADERS_MAX || r->answer != ANSWER_NONE) {
        sp_log("net", WARN, "header %.*s dropped: %s", SP_FMT(name),
               r->answer != ANSWER_NONE ? "the head is out" : "too many headers");
        return;
    }
    size_t off = r->hdr.n;
    sp_buf_str(&r->hdr, name);
    sp_buf_put(&r->hdr, ": ", 2);
    put_clean(&r->hdr, value);
    sp_buf_put(&r->hdr, "\r\n", 2);
    r->lines[r->lines_n].off = (uint32_t)off;
    r->lines[r->lines_n].n = (uint32_t)(r->hdr.n - off);
    r->lines[r->lines_n].name_n = (uint32_t)name.n;
    r->lines_n++;
}

static bool line_is(const struct http_resp *r, size_t i, sp_str name)
{
    return r->lines[i].n && r->lines[i].name_n == name.n &&
           sp_eq_nocase(sp_str_of(r->hdr.p + r->lines[i].off, name.n), name);
}

sp_str http_resp_find(const struct http_resp *r, const char *name)
{
    sp_str want = sp_cstr(name);
    for (size_t i = 0; i < r->lines_n; i++)
        if (line_is(r, i, want))
            return sp_str_of(r->hdr.p + r->lines[i].off + want.n + 2, r->lines[i].n - want.n - 4);
    return (sp_str){0};
}

void http_resp_drop(struct http_resp *r, const char *name)
{
    sp_str n = sp_cstr(name);
    for (size_t i = 0; i < r->lines_n; i++)
        if (line_is(r, i, n))
            r->lines[i].n = 0;
}

void http_set_str(struct http_req *q, const char *name, sp_str value)
{
    struct http_resp *r = q->resp;
    sp_str n = sp_cstr(name);
    http_resp_drop(r, name);
    add_line(r, n, value);
}

void http_add(struct http_req *q, const char *name, sp_str value)
{
    add_line(q->resp, sp_cstr(name), value);
}

void http_set(struct http_req *q, const char *name, const char *fmt, ...)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(64 * SP_KIB);
    char small[256]; // nearly every value: no allocation
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof small) {
        http_set_str(q, name, sp_str_of(small, (size_t)n));
        return;
    }
    va_start(ap, fmt);
    sp_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    http_set_str(q, name, sp_buf_view(&b));
}

void http_set_reason(struct http_req *q, const char *text)
{
    char *copy = sp_arena_dupn(q->arena, text, strlen(text));
    for (char *p = copy; *p; p++)
        if ((uint8_t)*p < 0x20 || (uint8_t)*p >= 0x7f)
            *p = ' ';
    q->resp->reason = copy;
}

// ---- head

static void put_date(struct http_worker *w, struct sp_buf *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != w->date_s) {
        w->date_s = now.tv_sec;
        sp_time_http(w->date, (int64_t)now.tv_sec * 1000);
        w->date_n = strlen(w->date);
    }
    sp_buf_put(out, "Date: ", 6);
    sp_buf_put(out, w->date, w->date_n);
    sp_buf_put(out, "\r\n", 2);
}

static void put_number(struct sp_buf *out, uint64_t v)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    sp_buf_put(out, digits + at, sizeof digits - at);
}

static void put_status(struct http_resp *r, int status)
{
    sp_buf_put(&r->out, "HTTP/1.1 ", 9);
    put_number(&r->out, (uint64_t)status);
    sp_buf_ch(&r->out, ' ');
    sp_buf_cstr(&r->out, r->reason ? r->reason : standard_reason(status));
    sp_buf_put(&r->out, "\r\n", 2);
}

static void put_framing(struct http_resp *r, int64_t length)
{
    if (length >= 0) {
        sp_buf_put(&r->out, "Content-Length: ", 16);
        put_number(&r->out, (uint64_t)length);
        sp_buf_put(&r->out, "\r\n", 2);
    } else if (length == -1 && r->minor > 0) {
        r->chunked = true;
        sp_buf_cstr(&r->out, "Transfer-Encoding: chunked\r\n");
    } else if (length == -1) {
        r->until_close = true;
        r->keep = false;
    }
}

void http_resp_head(struct http_req *q, int status, const char *content_type, int64_t length)
{
    struct http_resp *r = q->resp;
    bool bodiless = status < 200 || status == 204 || status == 304;
    q->status = status;
    r->no_body = bodiless || q->method == HTTP_HEAD;
    if (http_body_unread(r) || atomic_load_explicit(&r->c->s->draining, memory_order_relaxed))
        r->keep = false;
    put_status(r, status);
    put_date(r->w, &r->out);
    if (content_type && !bodiless) {
        sp_buf_put(&r->out, "Content-Type: ", 14);
        put_clean(&r->out, sp_cstr(content_type));
        sp_buf_put(&r->out, "\r\n", 2);
    }
    for (size_t i = 0; i < r->lines_n; i++)
        if (r->lines[i].n)
            sp_buf_put(&r->out, r->hdr.p + r->lines[i].off, r->lines[i].n);
    if (!bodiless)
        put_framing(r, length);
    sp_buf_put(&r->out, "X-Request-Id: ", 14);
    sp_buf_cstr(&r->out, q->request_id);
    sp_buf_put(&r->out, "\r\n", 2);
    if (!r->keep)
        sp_buf_cstr(&r->out, "Connection: close\r\n");
    else if (r->minor == 0)
        sp_buf_cstr(&r->out, "Connection: keep-alive\r\n");
    sp_buf_put(&r->out, "\r\n", 2);
}

int http_resp_flush(struct http_req *q, sp_str body, bool more, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    char none;
    struct iovec iov[2] = {{.iov_base = r->out.p, .iov_len = r->out.n}, {.iov_base = &none}};
    if (body.n) {
        memcpy(&iov[1].iov_base, &body.p, sizeof body.p);
        iov[1].iov_len = body.n;
    }
    int rc = sp_buf_done(&r->out, "answer head", err);
    if (rc == 0)
        rc = http_io_write(r, iov, 2, more, err);
    sp_buf_reset(&r->out);
    if (rc == 0)
        q->body_out += body.n;
    return rc;
}

static int may_answer(const struct http_req *q, struct sp_err *err)
{
    if (q->resp->answer == ANSWER_NONE)
        return 0;
    return sp_fail(err, SP_EINTERNAL, "route %s answered twice", q->route ? q->route->name : "-");
}

// ---- whole answers

int http_send(struct http_req *q, int status, const char *content_type, sp_str body,
              struct sp_err *err)
{
    SP_TRY(may_answer(q, err));
    http_resp_head(q, status, content_type, (int64_t)body.n);
    q->resp->answer = ANSWER_DONE;
    return http_resp_flush(q, q->resp->no_body ? (sp_str){0} : body, false, err);
}

int http_send_empty(struct http_req *q, int status, struct sp_err *err)
{
    return http_send(q, status, NULL, (sp_str){0}, err);
}

int http_send_json(struct http_req *q, int status, struct sp_buf *json, struct sp_err *err)
{
    SP_TRY(sp_buf_done(json, "answer", err));
    return http_send(q, status, "application/json; charset=utf-8", sp_buf_view(json), err);
}

void http_resp_plain_error(struct http_req *q, int status, const char *xcode, const char *text)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "error", text);
    sp_jw_end(&w);
    if (xcode && *xcode)
        http_set_str(q, "X-Error-Code", sp_cstr(xcode));
    http_set_str(q, "X-Error-Message", sp_cstr(text));
    (void)http_send_json(q, status, &b, NULL);
}

// ---- streamed answers

int http_begin(struct http_req *q, int status, const char *content_type, int64_t length,
               struct sp_err *err)
{
    SP_TRY(may_answer(q, err));
    struct http_resp *r = q->resp;
    http_resp_head(q, status, content_type, length < 0 ? -1 : length);
    r->answer = ANSWER_STREAM;
    r->out_left = length < 0 ? UINT64_MAX : (uint64_t)length;
    return 0;
}

// Sends the head if it is still here, what was gathered, and `bytes`, as one chunk when chunked.
static int emit(struct http_req *q, sp_str bytes, bool last, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    char size[24], tail[] = "\r\n0\r\n\r\n";
    size_t n = r->body.n + bytes.n;
    struct iovec iov[5] = {
        {.iov_base = r->out.p, .iov_len = r->out.n},
        {.iov_base = size},
        {.iov_base = r->body.p, .iov_len = r->body.n},
        {.iov_base = NULL, .iov_len = bytes.n},
        {.iov_base = tail},
    };
    memcpy(&iov[3].iov_base, &bytes.p, sizeof bytes.p);
    if (r->chunked && !r->no_body) {
        if (n)
            iov[1].iov_len = (size_t)snprintf(size, sizeof size, "%zx\r\n", n);
        iov[4].iov_base = n ? tail : tail + 2;
        iov[4].iov_len = n ? (last ? 7 : 2) : (last ? 5 : 0);
    }
    int rc = sp_buf_done(&r->out, "answer head", err);
    if (rc == 0)
        rc = http_io_write(r, iov, 5, false, err);
    sp_buf_reset(&r->out);
    sp_buf_reset(&r->body);
    if (rc == 0)
        q->body_out += n;
    return rc;
}

int http_write(struct http_req *q, sp_str bytes, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->answer != ANSWER_STREAM)
        return sp_fail(err, SP_EINTERNAL, "http_write outside http_begin and http_end");
    if (r->out_left != UINT64_MAX) {
        if (bytes.n > r->out_left) {
            r->broken = true;
            return sp_fail(err, SP_EINTERNAL, "more bytes than the promised Content-Length");
        }
        r->out_left -= bytes.n;
    }
    if (r->no_body)
        return 0;
    if (r->broken)
        return sp_fail(err, SP_ECANCELLED, "the client is gone");
    if (r->body.n + bytes.n < HTTP_OUT_BYTES) {
        sp_buf_str(&r->body, bytes);
        return 0;
    }
    return emit(q, bytes, false, err);
}

int http_flush(struct http_req *q, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->answer != ANSWER_STREAM || (r->out.n == 0 && r->body.n == 0))
        return 0;
    return emit(q, (sp_str){0}, false, err);
}

int http_end(struct http_req *q, struct sp_err *err)
{
    struct http_resp *r = q->resp;
    if (r->answer != ANSWER_STREAM)
        return sp_fail(err, SP_EINTERNAL, "http_end without http_begin");
    if (!r->no_body && r->out_left != UINT64_MAX && r->out_left != 0) {
        r->broken = true;
        return sp_fail(err, SP_EINCOMPLETE, "fewer bytes than the promised Content-Length");
    }
    r->answer = ANSWER_DONE;
    return emit(q, (sp_str){0}, true, err);
}

bool http_answered(const struct http_req *q)
{
    return q->resp->answer != ANSWER_NONE;
}
