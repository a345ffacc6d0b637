// URLs of the Hub API, quoted exactly as huggingface_hub quotes them.
#include "hub/client.h"

void hub_url_api(struct sp_buf *b, const struct hub *h, const struct hub_repo *r, const char *tail)
{
    sp_buf_printf(b, "%s/api/%s/", h->endpoint, hub_type_plural(r->type));
    sp_buf_url(b, sp_cstr(r->id), "/");
    sp_buf_cstr(b, tail);
}

void hub_url_seg(struct sp_buf *b, const char *segment)
{
    sp_buf_ch(b, '/');
    sp_buf_url(b, sp_cstr(segment), "");
}

void hub_url_query(struct sp_buf *b, const char *key, sp_str value)
{
    sp_buf_ch(b, sp_find_ch(sp_buf_view(b), '?') < 0 ? '?' : '&');
    sp_buf_url(b, sp_cstr(key), "[]");
    sp_buf_ch(b, '=');
    sp_buf_url(b, value, "");
}

int hub_url_done(char **out, struct sp_buf *b, struct sp_err *err)
{
    SP_TRY(sp_buf_done(b, "URL", err));
    *out = sp_buf_take(b);
    return 0;
}

char *hub_resolve_url(struct hub *h, const struct hub_repo *r, const char *rev, const char *path)
{
    struct sp_buf b = {0};
    sp_buf_printf(&b, "%s/", h->endpoint);
    if (r->type != HUB_MODEL)
        sp_buf_printf(&b, "%s/", hub_type_plural(r->type));
    sp_buf_url(&b, sp_cstr(r->id), "/");
    sp_buf_cstr(&b, "/resolve");
    hub_url_seg(&b, rev);
    sp_buf_ch(&b, '/');
    sp_buf_url(&b, sp_cstr(path), "/");
    return sp_buf_take(&b);
}

bool hub_url_is_own(const struct hub *h, const char *url)
{
    return net_url_same_origin(sp_cstr(h->endpoint), sp_cstr(url));
}

static bool is_public_hub(const struct net_url *u)
{
    return sp_eq_nocase(u->host, SP_LIT("huggingface.co")) ||
           sp_eq_nocase(u->host, SP_LIT("hf.co"));
}

int hub_url_own(char **out, const struct hub *h, const char *at, sp_str link, bool always,
                struct sp_err *err)
{
    SP_AUTO_FREE char *full = NULL;
    struct net_url u, own;
    SP_TRY(net_url_resolve(&full, sp_cstr(at), link, err));
    SP_TRY(net_url_parse(&u, sp_cstr(full), err));
    SP_TRY(net_url_parse(&own, sp_cstr(h->endpoint), err));
    bool same = hub_url_is_own(h, full);
    bool prefixed = sp_starts(u.path, own.path) &&
                    (u.path.n == own.path.n || u.path.p[own.path.n] == '/' || own.path.n == 0);
    // A proxy under a path prefix whose upstream knows nothing of it: the prefix goes back in.
    bool lost_prefix = same && always && !prefixed;
    if ((same && !lost_prefix) || (!same && !always && !is_public_hub(&u))) {
        *out = sp_take(&full);
        return 0;
    }
    *out = sp_fmt("%s%.*s%s%.*s", h->endpoint,
                  SP_FMT(!same && prefixed && own.path.n ? sp_from(u.path, own.path.n) : u.path),
                  u.query.n ? "?" : "", SP_FMT(u.query));
    return 0;
}
