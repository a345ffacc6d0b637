// One HTTP exchange on a slot: options for curl, the callbacks, the loop with its clocks, and what
// a failure means.
#include "net/client.h"
#include "net/proxy.h"

enum {
    READ_BUFFER_BYTES = 256 * 1024, // curl reads this much at once; 16 KiB costs 4 × the calls
    SEND_BUFFER_BYTES = 256 * 1024,
    EXPECT_FROM_BYTES = 1024 * 1024, // larger bodies ask first, so that a refusal costs no upload
    POLL_MS = 50,                    // longest sleep before cancel is looked at
    DRAIN_BYTES = 64 * 1024,         // of a body that nobody wants; more costs less by closing
    ERROR_BODY_BYTES = 1024 * 1024,
    PATIENCE_KEEPALIVE_S = 60,
};

void net_show_url(char out[304], const char *url)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(4 * SP_LIM_URL_BYTES);
    sp_redact(&b, sp_cstr(url));
    snprintf(out, 304, "%.300s", b.p ? b.p : "");
}

// ---- callbacks

static int stop(struct net_exchange *x, int rc)
{
    x->cb_rc = rc < 0 ? rc : SP_EINTERNAL;
    return 0; // fewer bytes than offered: curl stops with CURLE_WRITE_ERROR
}

static bool success(const struct net_exchange *x)
{
    return x->resp->status >= 200 && x->resp->status < 300;
}

static int head_complete(struct net_exchange *x)
{
    long status = 0;
    x->c->curl->easy_getinfo(x->slot->easy, CURLINFO_RESPONSE_CODE, &status);
    x->resp->status = (int)status;
    if (status < 200)
        return 0; // 100 Continue, 103 Early Hints: the real head follows
    x->head_done = true;
    SP_TRY(net_resp_check(x->resp, x->q->identity, x->err));
    size_t max = x->q->body_max ? x->q->body_max : SP_BUF_DEFAULT_MAX;
    x->resp->body.max = success(x) || max < ERROR_BODY_BYTES ? max : ERROR_BODY_BYTES;
    if (success(x) && x->q->on_head)
        return x->q->on_head(x->q->ud, x->resp, x->err);
    return 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *ud)
{
    struct net_exchange *x = ud;
    x->moved = true;
    sp_str line = sp_str_of(p, size * n);
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    if (x->head_done && !sp_starts(line, SP_LIT("HTTP/"))) { // trailer fields mean nothing here
        x->head_bytes += size * n;
        return x->head_bytes <= SP_LIM_HEADERS_BYTES
                   ? size * n
                   : (size_t)stop(x, sp_fail(x->err, SP_ETOOBIG, "the trailer does not end"));
    }
    int rc = 0;
    if (line.n) {
        x->head_done = false;
        rc = net_resp_line(x->resp, &x->head_bytes, line, x->err);
    } else {
        rc = head_complete(x);
    }
    return rc < 0 ? (size_t)stop(x, rc) : size * n;
}

static size_t on_data(char *p, size_t size, size_t n, void *ud)
{
    struct net_exchange *x = ud;
    struct net_resp *r = x->resp;
    n *= size;
    x->moved = true;
    if (success(x) && x->q->on_body) {
        x->delivered = true;
        int rc = x->q->on_body(x->q->ud, p, n, x->err);
        if (rc < 0)
            return (size_t)stop(x, rc);
        sp_progress_bytes(x->q->progress, n);
        return n;
    }
    size_t room = r->body.max > r->body.n ? r->body.max - r->body.n : 0;
    if (success(x)) {
        if (n > room)
            return (size_t)stop(
                x, sp_fail(x->err, SP_ETOOBIG, "answer has more than %zu bytes", r->body.max));
        sp_buf_put(&r->body, p, n);
        return n;
    }
    if (x->may_redirect && net_resp_is_redirect(r->status) && room > DRAIN_BYTES)
        room = r->body.n < DRAIN_BYTES ? DRAIN_BYTES - r->body.n : 0;
    sp_buf_put(&r->body, p, n < room ? n : room);
    x->enough = n > room; // an error text of any length is no failure of ours
    return x->enough ? 0 : n;
}

static ssize_t next_bytes(struct net_exchange *x, char *p, size_t n)
{
    const struct net_req *q = x->q;
    if (!q->send_src)
        return q->send(q->send_ud, p, n, x->err);
    uint64_t left = (uint64_t)q->send_size - x->sent;
    if (left < n)
        n = (size_t)left;
    if (n == 0)
        return 0;
    ssize_t got = sp_source_read(q->send_src, p, n, q->send_off + x->sent, x->err);
    if (got == 0)
        return sp_fail(x->err, SP_EINCOMPLETE, "%s became shorter while it was sent",
                       q->send_src->name);
    return got;
}

static size_t on_read(char *p, size_t size, size_t n, void *ud)
{
    struct net_exchange *x = ud;
    ssize_t got = next_bytes(x, p, size * n);
    if (got < 0) {
        stop(x, (int)got);
        return CURL_READFUNC_ABORT;
    }
    x->moved = true;
    x->sent += (uint64_t)got;
    sp_progress_bytes(x->q->progress, (uint64_t)got);
    return (size_t)got;
}

// What was counted as sent is taken back: the bytes go out again.
static void uncount(struct net_exchange *x)
{
    if (x->q->progress)
        atomic_fetch_sub_explicit(&x->q->progress->bytes_done, x->sent, memory_order_relaxed);
    x->sent = 0;
}

// A kept connection that the server had closed makes curl start the body again.
static int on_seek(void *ud, curl_off_t off, int origin)
{
    struct net_exchange *x = ud;
    if (off != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    if (!x->q->send_src && (!x->q->send_rewind || x->q->send_rewind(x->q->send_ud) < 0))
        return CURL_SEEKFUNC_CANTSEEK;
    uncount(x);
    return CURL_SEEKFUNC_OK;
}

// ---- set-up

#define SET(opt, value) x->c->curl->easy_setopt(x->slot->easy, CURLOPT_##opt, value)

static int add_header(struct net_exchange *x, const char *line)
{
    struct curl_slist *l = x->c->curl->slist_append(x->headers, line);
    if (!l)
        return sp_fail(x->err, SP_EINTERNAL, "no memory for a request header");
    x->headers = l;
    return 0;
}

// What another origin must not see, and If-Range: storage behind a redirect has ETags of its own
// and would send the whole file.
static bool only_at_home(const char *line)
{
    return strncasecmp(line, "authorization:", 14) == 0 || strncasecmp(line, "cookie:", 7) == 0 ||
           strncasecmp(line, "proxy-authorization:", 20) == 0 ||
           strncasecmp(line, "if-range:", 9) == 0;
}

static int set_headers(struct net_exchange *x, bool uploads)
{
    const struct net_req *q = x->q;
    bool typed = false;
    for (size_t i = 0; q->headers && q->headers[i]; i++) {
        const char *h = q->headers[i];
        bool of_body = strncasecmp(h, "content-type:", 13) == 0;
        if (sp_has_ctl(sp_cstr(h)))
            return sp_fail(x->err, SP_EINVALID, "control byte in request header \"%.20s…\"", h);
        typed |= of_body;
        if ((!only_at_home(h) || x->private_headers) && (!of_body || x->with_body))
            SP_TRY(add_header(x, h));
    }
    if (q->token && x->private_headers) {
        sp_str t = sp_cstr(q->token);
        if (t.n == 0 || t.n > SP_LIM_TOKEN_BYTES || sp_has_ctl(t) || sp_find_ch(t, ' ') >= 0)
            return sp_fail(
                x->err, SP_EINVALID,
                "the access token is empty, too long or contains spaces or control bytes");
        SP_AUTO_FREE char *line = sp_fmt("Authorization: Bearer %s", q->token);
        SP_TRY(add_header(x, line));
    }
    if (!typed)
        SP_TRY(add_header(x, "Content-Type:")); // curl would call it a form
    if (!uploads || (q->send_size >= 0 && q->send_size < EXPECT_FROM_BYTES))
        SP_TRY(add_header(x, "Expect:"));
    SET(HTTPHEADER, x->headers);
    return 0;
}

static int set_body(struct net_exchange *x)
{
    const struct net_req *q = x->q;
    bool uploads = x->with_body && (q->send || q->send_src);
    bool memory = x->with_body && !uploads && q->body.n;
    bool bare_post = strcmp(x->method, "POST") == 0 || strcmp(x->method, "PUT") == 0 ||
                     strcmp(x->method, "PATCH") == 0;
    if (strcmp(x->method, "HEAD") == 0) {
        SET(NOBODY, 1L);
    } else if (uploads) {
        SET(UPLOAD, 1L);
        SET(READFUNCTION, on_read);
        SET(READDATA, x);
        SET(SEEKFUNCTION, on_seek);
        SET(SEEKDATA, x);
        SET(INFILESIZE_LARGE, (curl_off_t)q->send_size);
        SET(UPLOAD_BUFFERSIZE, (long)SEND_BUFFER_BYTES);
        SET(CUSTOMREQUEST, x->method);
    } else if (memory || bare_post) {
        SET(POST, 1L);
        SET(POSTFIELDS, memory ? q->body.p : "");
        SET(POSTFIELDSIZE_LARGE, (curl_off_t)(memory ? q->body.n : 0));
        SET(CUSTOMREQUEST, x->method);
    } else {
        SET(HTTPGET, 1L);
        SET(CUSTOMREQUEST, x->method);
    }
    return set_headers(x, uploads);
}

static int set_route(struct net_exchange *x)
{
    struct net_url u;
    SP_TRY(net_url_parse(&u, sp_cstr(x->url), x->err));
    x->proxy = net_proxy_for(&u, &x->proxy_var);
    SET(PROXY, x->proxy);
    SET(NOPROXY, "");
    const char *file = sp_conf_str(SP_CONF_ca_file), *dir = sp_conf_str(SP_CONF_ca_dir);
    if (*file)
        SET(CAINFO, file);
    if (*dir)
        SET(CAPATH, dir);
    SET(URL, x->url);
    return 0;
}

static int set_up(struct net_exchange *x)
{
    x->c->curl->easy_reset(x->slot->easy);
    SET(ERRORBUFFER, x->why);
    SET(NOSIGNAL, 1L);
    SET(SHARE, x->c->share);
    SET(QUICK_EXIT, 1L); // a cancelled request does not wait for a slow resolver
    SET(PROTOCOLS_STR, "http,https");
    SET(PATH_AS_IS, 1L);
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CONNECTTIMEOUT_MS, (long)x->c->connect_timeout_ms);
    SET(TCP_KEEPALIVE, 1L);
    SET(TCP_KEEPIDLE, (long)PATIENCE_KEEPALIVE_S);
    SET(BUFFERSIZE, (long)READ_BUFFER_BYTES);
    SET(USERAGENT, x->c->user_agent);
    SET(ACCEPT_ENCODING, x->q->identity ? "identity" : "gzip, deflate");
    SET(HEADERFUNCTION, on_header);
    SET(HEADERDATA, x);
    SET(WRITEFUNCTION, on_data);
    SET(WRITEDATA, x);
    SP_TRY(set_route(x));
    return set_body(x);
}

// ---- the loop

static bool still_moving(struct net_exchange *x)
{
    curl_off_t up = 0;
    x->c->curl->easy_getinfo(x->slot->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    bool moved = x->moved || (uint64_t)up != x->uploaded;
    x->uploaded = (uint64_t)up;
    x->moved = false;
    return moved;
}

static int fail_time(struct net_exchange *x, const char *what, int64_t ms)
{
    x->again = true;
    return sp_fail(x->err, SP_ETIMEOUT, "%s %lld.%llds", what, (long long)ms / 1000,
                   (long long)ms % 1000 / 100);
}

static int drive(struct net_exchange *x, CURLcode *code)
{
    const struct net_curl *curl = x->c->curl;
    int64_t start = sp_mono_ms(), last = start;
    int64_t stall = x->q->stall_ms > 0 ? x->q->stall_ms : x->c->stall_ms;
    for (;;) {
        int running = 0, left;
        CURLMcode mc = curl->multi_perform(x->slot->multi, &running);
        if (mc != CURLM_OK)
            return sp_fail(x->err, SP_EINTERNAL, "libcurl: %s", curl->multi_strerror(mc));
        for (CURLMsg *m; (m = curl->multi_info_read(x->slot->multi, &left));)
            if (m->msg == CURLMSG_DONE) {
                *code = m->data.result;
                return 0;
            }
        SP_TRY(sp_cancel_check(x->q->cancel, x->err));
        int64_t now = sp_mono_ms();
        if (still_moving(x))
            last = now;
        if (x->q->timeout_ms > 0 && now - start >= x->q->timeout_ms)
            return fail_time(x, "no complete answer within", x->q->timeout_ms);
        if (now - last >= stall)
            return fail_time(x, "no byte came or went for", stall);
        curl->multi_poll(x->slot->multi, NULL, 0, POLL_MS, NULL);
    }
}

// ---- what failures mean

static void say_route(struct net_exchange *x)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(1024);
    if (*x->proxy) {
        const char *at = strrchr(x->proxy, '@'); // no password in messages
        sp_buf_printf(&b, " (through the proxy %.200s of %s)", at ? at + 1 : x->proxy,
                      x->proxy_var);
    }
    const char *file = sp_conf_str(SP_CONF_ca_file);
    if (*file && strncasecmp(x->url, "https:", 6) == 0)
        sp_buf_printf(&b, " (CA file %.300s from %s)", file, sp_conf_origin(SP_CONF_ca_file));
    if (x->err && b.p) {
        size_t n = strlen(x->err->msg);
        snprintf(x->err->msg + n, sizeof x->err->msg - n, "%s", b.p);
    }
}

static int fail_tls(struct net_exchange *x, const char *why)
{
    int rc = sp_fail(x->err, SP_ENET, "TLS: %s", why);
    say_route(x);
    sp_hint(x->err,
            "if the Hub or your network has a CA of its own, set SSL_CERT_FILE to its bundle");
    return rc;
}

// No HTTP where an answer should begin. On a kept connection it may be the rest of the answer
// before, of a server that sends a body for HEAD: a new connection tells.
static int fail_reply(struct net_exchange *x, const char *why)
{
    long opened = 1;
    x->c->curl->easy_getinfo(x->slot->easy, CURLINFO_NUM_CONNECTS, &opened);
    x->again = opened == 0;
    return sp_fail(x->err, SP_EREPLY, "the answer is not proper HTTP: %s", why);
}

static int explain(struct net_exchange *x, CURLcode code)
{
    const char *why = x->why[0] ? x->why : x->c->curl->easy_strerror(code);
    int rc;
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        x->unsent = true;
        return fail_tls(x, why);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY:
        x->unsent = x->again = true;
        rc = sp_fail(x->err, SP_ENET, "cannot connect: %s", why);
        break;
    case CURLE_OPERATION_TIMEDOUT: // only the connect time-out is curl's
        x->unsent = x->again = true;
        rc = sp_fail(x->err, SP_ETIMEOUT, "cannot connect: %s", why);
        break;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return fail_reply(x, why);
    case CURLE_PARTIAL_FILE:
        x->again = true;
        rc = sp_fail(x->err, SP_ENET, "the connection was cut: %s", why);
        break;
    case CURLE_URL_MALFORMAT:
        return sp_fail(x->err, SP_EINVALID, "libcurl refuses the URL: %s", why);
    case CURLE_OUT_OF_MEMORY: // what libcurl says of a line longer than 100 KiB
        if (!x->head_done && x->sent == 0)
            return fail_reply(x, "a line of the head is too long");
        return sp_fail(x->err, SP_EINTERNAL, "libcurl has no memory");
    default:
        x->again = true;
        rc = sp_fail(x->err, SP_ENET, "%s", why);
    }
    say_route(x);
    return rc;
}

static int outcome(struct net_exchange *x, int rc, CURLcode code)
{
    if (rc < 0)
        return rc;
    if (x->cb_rc < 0)
        return x->cb_rc;
    if (code != CURLE_OK && !(x->enough && code == CURLE_WRITE_ERROR))
        return explain(x, code);
    if (!x->head_done)
        return sp_fail(x->err, SP_EREPLY, "the answer has no complete head");
    return 0;
}

int net_exchange_run(struct net_exchange *x, struct sp_err *err)
{
    x->err = err;
    x->proxy = x->proxy_var = "";
    const struct net_curl *curl = x->c->curl;
    CURLcode code = CURLE_OK;
    int rc = set_up(x);
    if (rc == 0 && curl->multi_add_handle(x->slot->multi, x->slot->easy) != CURLM_OK)
        rc = sp_fail(err, SP_EINTERNAL, "libcurl takes no more requests");
    if (rc == 0) {
        atomic_fetch_add(&x->c->requests, 1);
        rc = drive(x, &code);
        rc = outcome(x, rc, code);
        long opened = 0;
        curl->easy_getinfo(x->slot->easy, CURLINFO_NUM_CONNECTS, &opened);
        atomic_fetch_add(&x->c->opened, (uint64_t)(opened > 0 ? opened : 0));
        curl->multi_remove_handle(x->slot->multi, x->slot->easy);
    }
    if (rc < 0)
        uncount(x);
    curl->easy_setopt(x->slot->easy, CURLOPT_ERRORBUFFER, NULL);
    curl->slist_free_all(x->headers);
    x->headers = NULL;
    return rc;
}
