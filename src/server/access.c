// The access log: one line per request, also for those that were refused before they reached a
// route. Built on the stack: this runs for every small HEAD.
#include "server/auth.h"
#include "server/metrics.h"
#include "server/serve.h"

static bool as_json;

void srv_access_init(bool json)
{
    as_json = json;
}

static const char *method_text(enum http_method m)
{
    switch (m) {
    case HTTP_GET:
        return "GET";
    case HTTP_HEAD:
        return "HEAD";
    case HTTP_POST:
        return "POST";
    case HTTP_PUT:
        return "PUT";
    case HTTP_DELETE:
        return "DELETE";
    case HTTP_PATCH:
        return "PATCH";
    case HTTP_OPTIONS:
        return "OPTIONS";
    }
    return "-";
}

static void put_json(struct sp_buf *b, const struct http_req *q, const char *time, sp_str path,
                     double ms)
{
    struct sp_jw w = sp_jw(b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "time", time);
    sp_jw_kcstr(&w, "request_id", q->request_id);
    sp_jw_kstr(&w, "peer", q->peer);
    sp_jw_kstr(&w, "user", q->log_user);
    sp_jw_kcstr(&w, "method", method_text(q->method));
    sp_jw_kstr(&w, "path", path);
    sp_jw_kcstr(&w, "route", q->route ? q->route->pattern : "");
    sp_jw_kint(&w, "status", q->status);
    sp_jw_kint(&w, "bytes_in", (int64_t)q->body_in);
    sp_jw_kint(&w, "bytes_out", (int64_t)q->body_out);
    sp_jw_key(&w, "ms");
    sp_jw_f64(&w, ms);
    sp_jw_kstr(&w, "user_agent", http_header(q, "User-Agent"));
    sp_jw_end(&w);
}

static bool plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// Quotes and control bytes cannot leave the line.
static void put_safe(struct sp_buf *b, sp_str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        while (at < s.n && plain(s.p[at]))
            at++;
        if (at > from) {
            sp_buf_put(b, s.p + from, at - from);
            continue;
        }
        int32_t cp = sp_utf8_next(s, &at);
        if (cp < 0)
            at = from + 1;
        if (!sp_utf8_acts(cp) && cp != '"' && cp != '\\') {
            sp_buf_put(b, s.p + from, at - from);
            continue;
        }
        for (; from < at; from++)
            sp_buf_printf(b, "\\x%02x", (unsigned char)s.p[from]);
    }
}

// printf would cost more than all the rest of the line.
static void put_number(struct sp_buf *b, uint64_t v, size_t digits_min)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) || sizeof digits - at < digits_min);
    sp_buf_put(b, digits + at, sizeof digits - at);
}

static void put_word(struct sp_buf *b, sp_str s)
{
    sp_buf_ch(b, ' ');
    sp_buf_str(b, s.n ? s : SP_LIT("-"));
}

static void put_text(struct sp_buf *b, const struct http_req *q, const char *time, sp_str path,
                     uint64_t us)
{
    sp_str agent = http_header(q, "User-Agent");
    sp_buf_cstr(b, time);
    put_word(b, q->peer);
    put_word(b, q->log_user);
    sp_buf_cstr(b, " \"");
    sp_buf_cstr(b, method_text(q->method));
    sp_buf_ch(b, ' ');
    put_safe(b, path);
    sp_buf_cstr(b, "\" ");
    put_number(b, (uint64_t)q->status, 1);
    sp_buf_ch(b, ' ');
    put_number(b, q->body_in, 1);
    sp_buf_ch(b, ' ');
    put_number(b, q->body_out, 1);
    sp_buf_ch(b, ' ');
    put_number(b, us / 1000, 1);
    sp_buf_ch(b, '.');
    put_number(b, us % 1000, 3);
    sp_buf_cstr(b, "ms ");
    sp_buf_cstr(b, q->request_id);
    sp_buf_cstr(b, " \"");
    put_safe(b, sp_sub(agent, 0, 300));
    sp_buf_ch(b, '"');
}

void srv_done(struct http_req *q, void *ud)
{
    struct srv *s = ud;
    int64_t took_ns = (int64_t)sp_mono_ns() - q->start_ns;
    srv_metrics_count(s->metrics, q, took_ns);
    char time[SP_TIME_MAX];
    sp_time_iso(time, sp_now_ms());
    SP_AUTO_BUF struct sp_buf line = SP_BUF_MAX(8 * SP_LIM_URL_BYTES);
    SP_AUTO_BUF struct sp_buf safe = SP_BUF_MAX(8 * SP_LIM_URL_BYTES);
    uint64_t us = (uint64_t)(took_ns > 0 ? took_ns : 0) / 1000;
    if (as_json)
        put_json(&line, q, time, q->target, (double)us / 1000);
    else
        put_text(&line, q, time, q->target, us);
    // The whole line: a token may also be pasted into a path, a User-Agent or a request id.
    sp_str shown = sp_buf_view(&line);
    if (sp_may_hold_secret(shown)) {
        sp_redact(&safe, shown);
        shown = sp_buf_view(&safe);
    }
    if (!line.bad && !safe.bad)
        sp_log_raw(shown);
    srv_auth_done(q);
}
