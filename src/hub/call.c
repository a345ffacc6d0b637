// One call of the API: headers that every call has, warnings of the server, errors.
#include "hub/client.h"

#include "hash/hash.h"

enum {
    ERROR_TEXT_BYTES = 400, // of the server's text in our messages
    ERROR_JSON_BYTES = 64 * 1024,
    TOPIC_BYTES = 64,
};

// ---- errors

static int code_of_status(const struct net_resp *resp, bool disabled)
{
    switch (resp->status) {
    case 400:
    case 422:
        return SP_EINVALID;
    case 401:
        return SP_EAUTH;
    case 403:
        return disabled ? SP_EDISABLED : SP_EFORBIDDEN;
    case 404: // without X-Error-Code nobody said that the entry is missing
        return SP_ENOROUTE;
    case 405:
        return SP_EMETHOD;
    case 408:
    case 504:
        return SP_ETIMEOUT;
    case 409:
        return SP_EEXIST;
    case 412:
        return SP_ECONFLICT;
    case 413:
        return SP_ETOOBIG;
    case 415:
        return SP_EMEDIA;
    case 416:
        return SP_ERANGE;
    case 429:
        return SP_ERATE;
    case 501:
        return SP_EUNSUPPORTED;
    case 503:
        return SP_EBUSY;
    case 507:
        return SP_ENOSPACE;
    default:
        return SP_EREMOTE;
    }
}

static void put_text(struct sp_buf *out, sp_str s)
{
    if (out->n)
        sp_buf_cstr(out, "; ");
    for (size_t i = 0; i < s.n && out->n < ERROR_TEXT_BYTES; i++)
        sp_buf_ch(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i]);
}

// {"error":"x"} {"error":["x"]} {"errors":[{"message":"x"}]} {"error_description":"x"}
static void text_of_json(struct sp_buf *out, const struct sp_json *j)
{
    const struct sp_json *e = sp_json_get(j, "error");
    sp_str s;
    if (sp_json_str(sp_json_get(j, "error_description"), &s) || sp_json_str(e, &s))
        put_text(out, s);
    if (sp_json_is(e, SP_JSON_ARR))
        SP_JSON_EACH(it, e)
    if (sp_json_str(it, &s))
        put_text(out, s);
    const struct sp_json *all = sp_json_get(j, "errors");
    if (sp_json_is(all, SP_JSON_ARR))
        SP_JSON_EACH(it, all)
    if (sp_json_str(sp_json_get(it, "message"), &s))
        put_text(out, s);
    if (out->n == 0 && sp_json_str(sp_json_get(j, "message"), &s))
        put_text(out, s);
}

static void text_of(struct sp_buf *out, const struct net_resp *resp)
{
    const char *m = net_resp_get(resp, "x-error-message");
    if (m && *m && sp_utf8_valid(sp_cstr(m))) {
        put_text(out, sp_cstr(m));
        return;
    }
    sp_str body = sp_trim(sp_buf_view(&resp->body));
    if (body.n == 0 || body.n > ERROR_JSON_BYTES)
        return;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *j = NULL;
    if (sp_json_parse(&j, body, &a, NULL) == 0)
        text_of_json(out, j);
    else if (body.p[0] != '<' && body.p[0] != '{' && sp_utf8_valid(body))
        put_text(out, body); // plain text, not a page of some proxy
}

static const char *request_id(const struct net_resp *resp)
{
    static const char *const names[] = {"x-request-id", "x-amzn-trace-id", "x-amz-cf-id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *v = net_resp_get(resp, names[i]);
        if (v && *v)
            return v;
    }
    return NULL;
}

static void hint_for(struct hub *h, int code, const struct net_resp *resp, struct sp_err *err)
{
    switch (code) {
    case SP_EAUTH:
        sp_hint(err, h->token ? "the token was refused; log in again: spoke auth login"
                              : "log in with: spoke auth login");
        break;
    case SP_EREPO:
        sp_hint(err, h->token ? "check the name and type; a private repository needs a token with "
                                "access to it"
                              : "if the repository is private, log in: spoke auth login");
        break;
    case SP_EGATED:
        sp_hint(err, "ask for access on the repository's page at %.90s", h->endpoint);
        break;
    case SP_ENOROUTE:
        sp_hint(err, "is %.100s a Hub? HF_ENDPOINT sets it", h->endpoint);
        break;
    case SP_ERATE:
        sp_hint(err, "wait, or log in for a higher limit: spoke auth login");
        break;
    default:
        break;
    }
}

int hub_call_fail(struct hub *h, const struct net_resp *resp, struct sp_err *err)
{
    const char *xcode = net_resp_get(resp, "x-error-code");
    const char *m = net_resp_get(resp, "x-error-message");
    bool disabled = m && strcmp(m, "Access to this resource is disabled.") == 0;
    int code = xcode ? sp_err_from_xcode(xcode, strlen(xcode)) : 0;
    if (code == 0 || code == SP_EINTERNAL || code == SP_EIO || code == SP_ECONFIG ||
        code == SP_EACCESS) // the trouble is theirs, not on this machine
        code = code_of_status(resp, disabled);
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(2048);
    text_of(&text, resp);
    char url[700];
    SP_AUTO_BUF struct sp_buf clean = SP_BUF_MAX(4 * SP_LIM_URL_BYTES);
    sp_redact(&clean, sp_cstr(resp->url));
    snprintf(url, sizeof url, "%.240s", clean.p ? clean.p : "");
    const char *id = request_id(resp);
    sp_fail(err, code, "the server answered %d: %s (%s%s%.80s)", resp->status,
            text.n ? text.p : sp_err_row(code)->text, url, id ? ", request id " : "", id ? id : "");
    if (err)
        err->http = resp->status;
    hint_for(h, code, resp, err);
    return code;
}

int hub_call_lied(const struct net_resp *resp, struct sp_err *err, const char *fmt, ...)
{
    char what[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    SP_AUTO_BUF struct sp_buf clean = SP_BUF_MAX(4 * SP_LIM_URL_BYTES);
    sp_redact(&clean, sp_cstr(resp->url));
    return sp_fail(err, SP_EREPLY, "the answer of %.300s is not valid: %s",
                   clean.p ? clean.p : "the server", what);
}

// ---- calls

// "topic; message": each topic once.
static void show_warnings(struct hub *h, const struct net_resp *resp)
{
    for (size_t i = 0; i < resp->headers_n; i++) {
        if (strcmp(resp->headers[i].name, "x-hf-warning") != 0)
            continue;
        sp_str message, topic = sp_cut(sp_cstr(resp->headers[i].value), ';', &message);
        if (!message.p)
            message = topic, topic = (sp_str){0};
        topic = sp_sub(sp_trim(topic), 0, TOPIC_BYTES);
        message = sp_trim(message);
        pthread_mutex_lock(&h->lock);
        bool known = h->topics_n == HUB_TOPICS_MAX;
        for (size_t k = 0; k < h->topics_n; k++)
            known |= sp_eq(topic, sp_cstr(h->topics[k]));
        if (!known)
            h->topics[h->topics_n++] = sp_str_dup(topic);
        pthread_mutex_unlock(&h->lock);
        if (!known && sp_utf8_valid(message))
            sp_log("hub", WARN, "%.*s", SP_FMT(sp_sub(message, 0, 1000)));
    }
}

static char *trace_header(void)
{
    uint8_t b[16];
    hash_random(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    char hex[33];
    for (size_t i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", b[i]);
    return sp_fmt("X-Amzn-Trace-Id: %.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                  hex + 20);
}

int hub_call_raw(struct net_resp *resp, struct hub *h, const struct hub_call *c, struct sp_err *err)
{
    SP_ASSERT(h->magic == HUB_MAGIC);
    SP_AUTO_FREE char *trace = trace_header();
    SP_AUTO_FREE char *accept = c->accept ? sp_fmt("Accept: %s", c->accept) : NULL;
    bool has_body = c->body.n || c->send;
    SP_AUTO_FREE char *type =
        has_body
            ? sp_fmt("Content-Type: %s", c->content_type ? c->content_type : "application/json")
            : NULL;
    const char *headers[4] = {trace};
    size_t n = 1;
    if (type)
        headers[n++] = type;
    if (accept)
        headers[n++] = accept;
    struct net_req q = {.method = c->method ? c->method : "GET",
                        .url = c->url,
                        .token = c->no_token || !hub_url_is_own(h, c->url) ? NULL : h->token,
                        .headers = headers,
                        .body = c->body,
                        .send = c->send,
                        .send_rewind = c->send_rewind,
                        .send_ud = c->send_ud,
                        .send_size = c->send_size,
                        .identity = c->identity,
                        .same_origin_redirect = c->same_origin,
                        .timeout_ms = c->timeout_ms,
                        .stall_ms = c->stall_ms,
                        .retry = c->retry,
                        .max_tries = c->max_tries,
                        .body_max = c->body_max ? c->body_max : SP_LIM_JSON_BYTES,
                        .progress = c->progress,
                        .cancel = h->cancel};
    int rc = net_fetch(h->net, &q, resp, err);
    if ((rc == SP_ENET || rc == SP_ETIMEOUT) && err && !err->hint[0])
        sp_hint(err, "is HF_ENDPOINT=%.70s right, is that Hub up? spoke env shows the settings",
                h->endpoint);
    SP_TRY(rc);
    sp_log("hub", DEBUG, "%s %s: status %d", q.method, q.url, resp->status);
    show_warnings(h, resp);
    return 0;
}

int hub_call_do(struct net_resp *resp, struct hub *h, const struct hub_call *c, struct sp_err *err)
{
    SP_TRY(hub_call_raw(resp, h, c, err));
    if (resp->status < 200 || resp->status >= 300)
        return hub_call_fail(h, resp, err);
    return 0;
}

int hub_call_parse(struct sp_json **out, struct sp_arena *a, const struct net_resp *resp,
                   enum sp_json_kind kind, struct sp_err *err)
{
    struct sp_err why = {0};
    struct sp_json *j = NULL;
    if (sp_json_parse(&j, sp_buf_view(&resp->body), a, &why) < 0)
        return hub_call_lied(resp, err, "%s", why.msg);
    if (!sp_json_is(j, kind))
        return hub_call_lied(resp, err, "JSON %s expected",
                             kind == SP_JSON_OBJ ? "object" : "array");
    *out = j;
    return 0;
}

int hub_call_json(struct sp_json **out, struct sp_arena *a, struct net_resp *resp, struct hub *h,
                  const struct hub_call *c, enum sp_json_kind kind, struct sp_err *err)
{
    SP_TRY(hub_call_do(resp, h, c, err));
    return hub_call_parse(out, a, resp, kind, err);
}

// ---- pieces of answers

// <URL>; rel="next", among other links.
static bool find_next(sp_str header, sp_str *url)
{
    while (header.n) {
        ptrdiff_t open = sp_find_ch(header, '<');
        if (open < 0)
            return false;
        header = sp_from(header, (size_t)open + 1);
        ptrdiff_t close = sp_find_ch(header, '>');
        if (close < 0)
            return false;
        sp_str target = sp_sub(header, 0, (size_t)close);
        header = sp_from(header, (size_t)close + 1);
        ptrdiff_t next = sp_find_ch(header, '<');
        sp_str params = next < 0 ? header : sp_sub(header, 0, (size_t)next);
        if (sp_find(params, SP_LIT("rel=\"next\"")) >= 0 ||
            sp_find(params, SP_LIT("rel=next")) >= 0) {
            *url = target;
            return true;
        }
    }
    return false;
}

int hub_call_next(char **out, struct hub *h, const struct net_resp *resp, struct sp_err *err)
{
    *out = NULL;
    const char *link = net_resp_get(resp, "link");
    sp_str target;
    if (!link || !find_next(sp_cstr(link), &target))
        return 0;
    SP_AUTO_FREE char *next = NULL;
    SP_TRY_IN(hub_url_own(&next, h, resp->url, target, true, err), err, "next page of %s",
              resp->url);
    if (strcmp(next, resp->url) == 0)
        return hub_call_lied(resp, err, "the link to the next page leads to the same page");
    *out = sp_take(&next);
    return 0;
}

int hub_call_str(sp_str *out, const struct net_resp *resp, const struct sp_json *obj,
                 const char *key, bool required, struct sp_err *err)
{
    const struct sp_json *v = sp_json_get(obj, key);
    *out = (sp_str){0};
    if ((!v || sp_json_is(v, SP_JSON_NULL)) && !required)
        return 0;
    if (!sp_json_str(v, out))
        return hub_call_lied(resp, err, "\"%s\" is %s", key, v ? "not a string" : "missing");
    return 0;
}

int hub_call_hex(char *out, size_t n, const struct net_resp *resp, sp_str value, const char *key,
                 struct sp_err *err)
{
    if (!sp_is_hex(value, n))
        return hub_call_lied(resp, err, "\"%s\" is not %zu hex digits", key, n);
    memcpy(out, value.p, n);
    out[n] = 0;
    return 0;
}
