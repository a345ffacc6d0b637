// net_fetch: the offline guard, then tries; a try is one exchange or a chain of redirects.
#include "net/client.h"
#include "net/retry.h"

enum { REDIRECTS_MAX = 20 }; // as huggingface_hub

// A fetch made inside a callback of another one must not wait for its slot.
static _Thread_local unsigned nesting;

struct fetch {
    struct net_client *c;
    const struct net_req *q;
    struct net_resp *resp;
    const char *method;
    char *url;
    bool with_body, at_home;       // at_home: still on the origin that the token is for
    bool delivered, unsent, again; // of the last exchange
    unsigned tries, redirects;
};

static int guard_offline(const struct net_req *q, struct sp_err *err)
{
    if (!sp_conf_bool(SP_CONF_offline))
        return 0;
    char url[304];
    net_show_url(url, q->url);
    const char *origin = sp_conf_origin(SP_CONF_offline);
    bool env = strncmp(origin, "env ", 4) == 0;
    sp_fail(err, SP_EOFFLINE,
            "Cannot reach %s: offline mode is enabled. To disable it, please unset the `%s` %s.",
            url, env ? origin + 4 : origin, env ? "environment variable" : "setting");
    return SP_EOFFLINE;
}

// "scheme://host:port": the key of slots.
static int origin_of(char **out, const char *url, struct sp_err *err)
{
    struct net_url u;
    SP_TRY(net_url_parse(&u, sp_cstr(url), err));
    *out = sp_fmt("%.*s://%.*s:%d", SP_FMT(u.scheme), SP_FMT(u.host), u.port);
    return 0;
}

static int exchange(struct fetch *f, bool may_redirect, struct sp_err *err)
{
    SP_AUTO_FREE char *origin = NULL;
    SP_TRY(origin_of(&origin, f->url, err));
    struct net_exchange x = {.c = f->c,
                             .q = f->q,
                             .url = f->url,
                             .method = f->method,
                             .with_body = f->with_body,
                             .private_headers = f->at_home,
                             .may_redirect = may_redirect,
                             .resp = f->resp};
    SP_TRY(net_slot_take(&x.slot, f->c, origin, nesting > 0, f->q->cancel, err));
    nesting++;
    int rc = net_exchange_run(&x, err);
    nesting--;
    net_slot_give(f->c, x.slot);
    f->delivered |= x.delivered;
    f->unsent = x.unsent;
    f->again = x.again;
    return rc;
}

static int rewind_body(struct fetch *f, struct sp_err *err)
{
    const struct net_req *q = f->q;
    if (!f->with_body || !q->send || q->send_src)
        return 0;
    if (q->send_rewind && q->send_rewind(q->send_ud) >= 0)
        return 0;
    return sp_fail(err, SP_ENET, "the request body cannot be sent a second time");
}

// 0 = the answer is final, 1 = f->url is where to go.
static int next_hop(struct fetch *f, struct sp_err *err)
{
    const char *to = net_resp_get(f->resp, "location");
    if (f->q->no_redirect || !net_resp_is_redirect(f->resp->status) || !to)
        return 0;
    SP_AUTO_FREE char *url = NULL;
    SP_TRY_IN(net_url_resolve(&url, sp_cstr(f->url), sp_cstr(to), err), err, "redirect");
    bool home = net_url_same_origin(sp_cstr(f->q->url), sp_cstr(url));
    if (f->q->same_origin_redirect && !home)
        return 0;
    unsigned max = f->q->max_redirects ? f->q->max_redirects : REDIRECTS_MAX;
    if (++f->redirects > max)
        return sp_fail(err, SP_EREPLY, "more than %u redirects", max);
    int status = f->resp->status;
    bool head = strcmp(f->method, "HEAD") == 0;
    if ((status == 303 && !head) ||
        (status != 307 && status != 308 && !strcmp(f->method, "POST"))) {
        f->method = "GET";
        f->with_body = false;
    }
    SP_TRY(rewind_body(f, err));
    f->at_home = f->at_home && home; // what went abroad once is not trusted again
    free(f->url);
    f->url = sp_take(&url);
    return 1;
}

static int one_try(struct fetch *f, struct sp_err *err)
{
    free(f->url);
    f->url = sp_dup(f->q->url);
    f->method = f->q->method ? f->q->method : "GET";
    f->with_body = f->q->body.n || f->q->send || f->q->send_src;
    f->at_home = true;
    f->redirects = 0;
    for (;;) {
        net_resp_clear_headers(f->resp);
        sp_buf_reset(&f->resp->body);
        f->resp->status = 0;
        SP_TRY(exchange(f, !f->q->no_redirect, err));
        int rc = next_hop(f, err);
        if (rc <= 0)
            return rc;
    }
}

// Milliseconds until the next try, -1 = this was the last one.
static int64_t pause_before_next(const struct fetch *f, int rc)
{
    enum net_retry mode = f->q->retry;
    unsigned max = f->q->max_tries ? f->q->max_tries : NET_RETRY_TRIES;
    // Nobody there: whoever has a cached copy should not wait long, unless he said so.
    if (rc < 0 && f->unsent && !f->q->max_tries)
        max = rc == SP_ETIMEOUT ? 1 : 2;
    if (mode == NET_RETRY_NONE || f->tries >= max || f->delivered)
        return -1;
    int64_t asked = rc == 0 ? net_retry_after_ms(f->resp) : -1;
    bool again = rc < 0 ? f->again : net_retry_status(f->resp->status);
    if (mode == NET_RETRY_UNSENT)
        again = rc < 0 ? f->again && f->unsent
                       : f->resp->status == 429 || (f->resp->status == 503 && asked >= 0);
    if (!again || asked > NET_RETRY_WAIT_MAX_MS)
        return -1;
    return asked >= 0 ? asked : net_retry_pause_ms(f->tries + 1);
}

static void log_retry(const struct fetch *f, int rc, int64_t pause, const struct sp_err *err)
{
    char url[304];
    net_show_url(url, f->url);
    if (rc < 0)
        sp_log("net", INFO, "%s %s: %s; next try in %lld ms", f->method, url, err->msg,
               (long long)pause);
    else if (f->resp->status == 429)
        sp_log("net", WARN, "%s: too many requests; waiting %lld s as the server asks", url,
               (long long)(pause + 999) / 1000);
    else
        sp_log("net", INFO, "%s %s: status %d; next try in %lld ms", f->method, url,
               f->resp->status, (long long)pause);
}

static int fetch_all(struct fetch *f, struct sp_err *err)
{
    for (;;) {
        f->tries++;
        struct sp_err mine = {0};
        int rc = one_try(f, &mine);
        int64_t pause = pause_before_next(f, rc);
        if (pause >= 0) {
            struct sp_err no = {0};
            log_retry(f, rc, pause, &mine);
            if (rewind_body(f, &no) < 0)
                pause = -1;
        }
        if (pause < 0) {
            if (rc < 0 && err)
                *err = mine;
            return rc;
        }
        SP_TRY(sp_cancel_sleep(f->q->cancel, pause, err));
    }
}

int net_fetch(struct net_client *c, const struct net_req *q, struct net_resp *resp,
              struct sp_err *err)
{
    SP_ASSERT(c && c->magic == NET_CLIENT_MAGIC && q->url);
    net_resp_fini(resp);
    SP_TRY(guard_offline(q, err));
    SP_TRY(sp_cancel_check(q->cancel, err));
    struct fetch f = {.c = c, .q = q, .resp = resp};
    int rc = fetch_all(&f, err);
    resp->tries = f.tries;
    resp->redirects = f.redirects;
    if (rc < 0) {
        char url[304];
        net_show_url(url, f.url ? f.url : q->url);
        net_resp_fini(resp);
        sp_prefix(err, rc, "%s %s", f.method ? f.method : "GET", url);
        free(f.url);
        return rc;
    }
    resp->url = f.url;
    return 0;
}
