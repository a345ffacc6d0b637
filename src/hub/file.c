// Files of a repo: what HEAD resolve says about one, and ranges of its bytes.
#include "hub/client.h"

void hub_meta_fini(struct hub_meta *m)
{
    free(m->location);
    *m = (struct hub_meta){0};
}

// Unquoted, without W/. It becomes a file name, so it must be a safe one: the reference client
// leaves its cache for an ETag such as ../../x.
static int parse_etag(char out[SP_LIM_ETAG_BYTES + 1], const struct net_resp *resp,
                      struct sp_err *err)
{
    const char *linked = net_resp_get(resp, "x-linked-etag");
    sp_str e = sp_cstr(linked ? linked : net_resp_get(resp, "etag"));
    if (e.n == 0)
        return hub_call_lied(resp, err, "Distant resource does not have an ETag");
    if (sp_starts(e, SP_LIT("W/")))
        e = sp_from(e, 2);
    if (e.n >= 2 && e.p[0] == '"' && e.p[e.n - 1] == '"')
        e = sp_sub(e, 1, e.n - 2);
    bool bad = e.n == 0 || e.n > SP_LIM_ETAG_BYTES || sp_has_ctl(e) || !sp_utf8_valid(e) ||
               sp_eq_lit(e, ".") || sp_eq_lit(e, "..");
    for (size_t i = 0; i < e.n; i++)
        bad |= e.p[i] == '/' || e.p[i] == '\\' || e.p[i] == '"' || e.p[i] == ':';
    if (bad)
        return hub_call_lied(resp, err, "the ETag cannot be a file name");
    memcpy(out, e.p, e.n);
    out[e.n] = 0;
    return 0;
}

static void parse_commit(char out[41], const struct net_resp *resp)
{
    sp_str c = sp_cstr(net_resp_get(resp, "x-repo-commit"));
    if (hub_is_commit(c)) {
        memcpy(out, c.p, 40);
        out[40] = 0;
    }
}

static int parse_size(int64_t *out, const struct net_resp *resp, struct sp_err *err)
{
    const char *linked = net_resp_get(resp, "x-linked-size");
    bool redirect = resp->status >= 300;
    const char *text = linked ? linked : redirect ? NULL : net_resp_get(resp, "content-length");
    uint64_t n;
    *out = -1;
    if (!text || (!linked && net_resp_get(resp, "content-encoding")))
        return 0;
    if (!sp_parse_u64(sp_cstr(text), &n) || n > INT64_MAX)
        return hub_call_lied(resp, err, "the size \"%.40s\" is no number", text);
    *out = (int64_t)n;
    return 0;
}

static int parse_meta(struct hub_meta *m, const struct net_resp *resp, struct sp_err *err)
{
    parse_commit(m->commit, resp);
    if (!m->commit[0])
        return hub_call_lied(resp, err,
                             "it is missing the 'X-Repo-Commit' header (40 hex digits); is this a "
                             "Hub, or a proxy that drops headers?");
    SP_TRY(parse_etag(m->etag, resp, err));
    SP_TRY(parse_size(&m->size, resp, err));
    sp_str xet = sp_cstr(net_resp_get(resp, "x-xet-hash"));
    if (sp_is_hex(xet, 64)) {
        memcpy(m->xet_hash, xet.p, 64);
        m->xet_hash[64] = 0;
    }
    return 0;
}

static bool is_redirect(const struct net_resp *resp)
{
    return resp->status >= 300 && resp->status < 400 && net_resp_get(resp, "location");
}

static int head(struct net_resp *resp, struct hub *h, const char *url, bool foreign,
                int64_t timeout_ms, struct sp_err *err)
{
    int64_t seconds = sp_conf_int(SP_CONF_etag_timeout);
    int64_t dflt = (seconds > 0 ? seconds : 10) * 1000;
    struct hub_call c = {.method = "HEAD",
                         .url = url,
                         .identity = true,
                         .same_origin = !foreign,
                         .no_token = foreign,
                         .timeout_ms = timeout_ms > 0 ? timeout_ms : dflt,
                         .retry = timeout_ms >= HUB_META_PATIENT_MS ? NET_RETRY_IDEMPOTENT
                                                                    : NET_RETRY_NONE};
    return hub_call_raw(resp, h, &c, err);
}

// A mirror that sends us to another host without saying anything about the file: ask there.
static int head_abroad(struct net_resp *resp, struct hub *h, int64_t timeout_ms, struct sp_err *err)
{
    SP_AUTO_FREE char *to = NULL;
    SP_TRY(net_url_resolve(&to, sp_cstr(resp->url), sp_cstr(net_resp_get(resp, "location")), err));
    return head(resp, h, to, true, timeout_ms, err);
}

static int locate(struct hub_meta *m, struct hub *h, const struct net_resp *resp,
                  struct sp_err *err)
{
    if (is_redirect(resp))
        SP_TRY(net_url_resolve(&m->location, sp_cstr(resp->url),
                               sp_cstr(net_resp_get(resp, "location")), err));
    else
        m->location = sp_dup(resp->url);
    m->foreign = !hub_url_is_own(h, m->location);
    return 0;
}

int hub_meta_get(struct hub_meta *out, struct hub *h, const struct hub_repo *r, const char *rev,
                 const char *path, int64_t timeout_ms, struct sp_err *err)
{
    SP_AUTO(hub_meta_fini) struct hub_meta m = {0};
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_FREE char *url = hub_resolve_url(h, r, rev, path);
    SP_TRY(head(&resp, h, url, false, timeout_ms, err));
    if (is_redirect(&resp) && !net_resp_get(&resp, "x-repo-commit"))
        SP_TRY(head_abroad(&resp, h, timeout_ms, err));
    if (!is_redirect(&resp) && (resp.status < 200 || resp.status >= 300)) {
        int rc = hub_call_fail(h, &resp, err);
        if (rc == SP_ENOTFOUND) {
            out->commit[0] = 0;
            parse_commit(out->commit, &resp);
        }
        return sp_prefix(err, rc, "%s of %s %s at %s", path, hub_type_name(r->type), r->id, rev);
    }
    SP_TRY_IN(parse_meta(&m, &resp, err), err, "%s of %s", path, r->id);
    SP_TRY(locate(&m, h, &resp, err));
    *out = m;
    m = (struct hub_meta){0};
    return 0;
}

// ---- bytes

struct get {
    uint64_t off, len; // asked for; len 0 = to the end
    uint64_t want;     // bytes that this answer will bring us, UINT64_MAX = unknown
    uint64_t got;
    int64_t total;
    bool enough;      // a 200 brought more than was asked: stopped on purpose
    const char *etag; // that the answer must have, or NULL
    net_body_fn cb;
    void *ud;
};

static int check_part(struct get *g, struct net_resp *resp, struct sp_err *err)
{
    uint64_t first, last, total;
    const char *range = net_resp_get(resp, "content-range");
    if (!range || !net_content_range_parse(sp_cstr(range), &first, &last, &total))
        return sp_fail(err, SP_EREPLY, "one range was asked for, not several");
    if (first != g->off || (g->len && last - first >= g->len))
        return sp_fail(err, SP_EREPLY, "asked for the bytes from %llu on, got Content-Range %.80s",
                       (unsigned long long)g->off, range);
    // Shorter than asked only where the file ends.
    if (total != UINT64_MAX && last + 1 < total && (g->len == 0 || last - first + 1 < g->len))
        return sp_fail(err, SP_EREPLY, "a part that is too short: Content-Range %.80s", range);
    g->want = last - first + 1;
    g->total = total <= INT64_MAX ? (int64_t)total : -1;
    return 0;
}

// An ETag that is no hash is all that tells one version from another.
static int check_version(const struct get *g, struct net_resp *resp, struct sp_err *err)
{
    char etag[SP_LIM_ETAG_BYTES + 1];
    if (!g->etag || sp_is_hex(sp_cstr(g->etag), 40) || sp_is_hex(sp_cstr(g->etag), 64) ||
        !net_resp_get(resp, "x-repo-commit")) // not the Hub's own answer: other ETags
        return 0;
    SP_TRY(parse_etag(etag, resp, err));
    if (strcmp(etag, g->etag) != 0)
        return sp_fail(err, SP_EREPLY,
                       "the file changed meanwhile: its ETag was %.60s, now it is "
                       "%.60s; run the command again",
                       g->etag, etag);
    return 0;
}

static int get_head(void *ud, struct net_resp *resp, struct sp_err *err)
{
    struct get *g = ud;
    SP_TRY(check_version(g, resp, err));
    if (resp->status == 206)
        return check_part(g, resp, err);
    if (resp->status != 200)
        return sp_fail(err, SP_EREPLY, "status %d for a GET", resp->status);
    if (g->off > 0)
        return sp_fail(err, SP_ERANGE, "the server sends the whole file instead of the rest of it");
    const char *length = net_resp_get(resp, "content-length");
    uint64_t n;
    g->want = UINT64_MAX;
    if (length && !net_resp_get(resp, "content-encoding") && sp_parse_u64(sp_cstr(length), &n)) {
        g->total = n <= INT64_MAX ? (int64_t)n : -1;
        g->want = n;
    }
    return 0;
}

static int get_body(void *ud, const void *p, size_t n, struct sp_err *err)
{
    struct get *g = ud;
    if (g->want != UINT64_MAX && n > g->want - g->got)
        return sp_fail(err, SP_EREPLY, "more bytes than the head promised");
    if (g->len && n > g->len - g->got)
        n = (size_t)(g->len - g->got);
    if (n)
        SP_TRY(g->cb(g->ud, p, n, err));
    g->got += n;
    g->enough = g->len && g->got == g->len && g->want > g->len;
    return g->enough ? SP_ECANCELLED : 0;
}

static int get_done(const struct get *g, struct sp_err *err)
{
    uint64_t want = g->len && g->want > g->len ? g->len : g->want;
    if (want != UINT64_MAX && g->got != want)
        return sp_fail(err, SP_ENET, "%llu bytes came, %llu were promised",
                       (unsigned long long)g->got, (unsigned long long)want);
    return 0;
}

// HF_HUB_DOWNLOAD_TIMEOUT limits one read in the reference; unset, our own stall limit holds.
static int64_t read_limit_ms(void)
{
    int64_t seconds = sp_conf_int(SP_CONF_download_timeout);
    return sp_conf_is_set(SP_CONF_download_timeout) && seconds > 0 ? seconds * 1000 : 0;
}

int hub_file_get(struct hub *h, const char *url, bool foreign, const char *etag, uint64_t off,
                 uint64_t len, int64_t *total_out, net_body_fn cb, void *ud,
                 const struct sp_cancel *cancel, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    struct get g = {.off = off, .len = len, .want = UINT64_MAX, .total = -1, .cb = cb, .ud = ud};
    char range[80], if_range[SP_LIM_ETAG_BYTES + 20];
    bool own = !foreign && hub_url_is_own(h, url);
    const char *headers[4] = {0};
    size_t n = 0;
    g.etag = own ? etag : NULL;
    if (own)
        headers[n++] = "X-HF-Download-Counter: 1";
    if (off || len) {
        if (len)
            snprintf(range, sizeof range, "Range: bytes=%llu-%llu", (unsigned long long)off,
                     (unsigned long long)(off + len - 1));
        else
            snprintf(range, sizeof range, "Range: bytes=%llu-", (unsigned long long)off);
        headers[n++] = range;
        snprintf(if_range, sizeof if_range, "If-Range: \"%s\"", etag ? etag : "");
        if (etag && own) // goes no further: storage behind a redirect has ETags of its own
            headers[n++] = if_range;
    }
    struct net_req q = {.url = url,
                        .token = own ? h->token : NULL,
                        .headers = headers,
                        .identity = true,
                        .stall_ms = read_limit_ms(),
                        .retry = NET_RETRY_IDEMPOTENT,
                        .max_tries = 5, // also while the server restarts
                        .on_head = get_head,
                        .on_body = get_body,
                        .ud = &g,
                        .cancel = cancel ? cancel : h->cancel};
    struct sp_err why = {0};
    int rc = net_fetch(h->net, &q, &resp, &why);
    if (rc < 0 && !g.enough) {
        if (err)
            *err = why;
        return rc;
    }
    if (rc == 0 && (resp.status < 200 || resp.status >= 300))
        return hub_call_fail(h, &resp, err);
    SP_TRY_IN(get_done(&g, err), err, "GET %.200s", url);
    if (total_out)
        *total_out = g.total;
    return 0;
}
