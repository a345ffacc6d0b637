// URLs: a strict parser for http and https, origins, and reference resolution (RFC 3986 §5). What
// is not plainly a URL is refused: user information, control bytes, spaces, odd ports and hosts.
#include "net/net.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443, HOST_MAX_BYTES = 255 };

static bool host_name_ok(sp_str h)
{
    if (h.n == 0 || h.n > HOST_MAX_BYTES || h.p[0] == '.' || h.p[0] == '-')
        return false;
    for (size_t i = 0; i < h.n; i++) {
        unsigned char c = (unsigned char)h.p[i];
        if (!(isascii(c) && isalnum(c)) && c != '-' && c != '.' && c != '_')
            return false;
        if (c == '.' && i && h.p[i - 1] == '.')
            return false;
    }
    return true;
}

// "[…]" with an address that the C library reads; zone ids are refused.
static bool host_v6_ok(sp_str h)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr a;
    if (h.n < 4 || h.n - 2 >= sizeof text || h.p[h.n - 1] != ']')
        return false;
    memcpy(text, h.p + 1, h.n - 2);
    text[h.n - 2] = 0;
    return inet_pton(AF_INET6, text, &a) == 1;
}

static int parse_authority(struct net_url *u, sp_str auth, sp_str text, struct sp_err *err)
{
    if (sp_find_ch(auth, '@') >= 0)
        return sp_fail(err, SP_EFORMAT, "URL with a user name or password: refused");
    sp_str port = {0};
    if (auth.n && auth.p[0] == '[') {
        ptrdiff_t close = sp_find_ch(auth, ']');
        u->host = sp_sub(auth, 0, close < 0 ? 0 : (size_t)close + 1);
        port = sp_from(auth, u->host.n);
        if (close < 0 || !host_v6_ok(u->host) || (port.n && port.p[0] != ':'))
            return sp_fail(err, SP_EFORMAT, "bad IPv6 host in URL %.*s", SP_FMT(text));
        port = sp_from(port, 1);
    } else {
        u->host = sp_cut(auth, ':', &port);
        if (!host_name_ok(u->host))
            return sp_fail(err, SP_EFORMAT, "bad host name in URL %.*s", SP_FMT(text));
    }
    if (port.n == 0)
        return 0; // "host:" means the default port (RFC 3986 §3.2.3)
    uint64_t n;
    if (port.n > 5 || !sp_parse_u64(port, &n) || n == 0 || n > 65535)
        return sp_fail(err, SP_EFORMAT, "bad port in URL %.*s", SP_FMT(text));
    u->port = (int)n;
    return 0;
}

static int check_bytes(sp_str text, struct sp_err *err)
{
    if (text.n > SP_LIM_URL_BYTES)
        return sp_fail(err, SP_ETOOBIG, "URL of %zu bytes, at most %zu are accepted", text.n,
                       SP_LIM_URL_BYTES);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '\\')
            return sp_fail(err, SP_EFORMAT, "byte 0x%02x at %zu is not allowed in a URL", c, i);
    }
    return 0;
}

// Position of the first of `set` in s, or s.n.
static size_t until(sp_str s, const char *set)
{
    size_t i = 0;
    while (i < s.n && !strchr(set, s.p[i]))
        i++;
    return i;
}

int net_url_parse(struct net_url *out, sp_str text, struct sp_err *err)
{
    SP_TRY(check_bytes(text, err));
    struct net_url u = {0};
    ptrdiff_t colon = sp_find(text, SP_LIT("://"));
    u.scheme = sp_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
    if (sp_eq_nocase(u.scheme, SP_LIT("http")))
        u.port = HTTP_PORT;
    else if (sp_eq_nocase(u.scheme, SP_LIT("https")))
        u.port = HTTPS_PORT;
    else
        return sp_fail(err, SP_EFORMAT, "not an http:// or https:// URL: %.*s",
                       (int)(text.n < 200 ? text.n : 200), text.p ? text.p : "");
    sp_str rest = sp_from(text, (size_t)colon + 3);
    size_t n = until(rest, "/?#");
    SP_TRY(parse_authority(&u, sp_sub(rest, 0, n), text, err));
    rest = sp_from(rest, n);
    rest = sp_sub(rest, 0, until(rest, "#"));
    n = until(rest, "?");
    u.path = sp_sub(rest, 0, n);
    u.query = sp_from(rest, n + 1);
    *out = u;
    return 0;
}

bool net_url_same_origin(sp_str a, sp_str b)
{
    struct net_url x, y;
    if (net_url_parse(&x, a, NULL) < 0 || net_url_parse(&y, b, NULL) < 0)
        return false;
    return sp_eq_nocase(x.scheme, y.scheme) && sp_eq_nocase(x.host, y.host) && x.port == y.port;
}

// ---- RFC 3986 §5

struct parts { // of a reference; a part that is absent has has_… false
    sp_str scheme, auth, path, query, frag;
    bool has_scheme, has_auth, has_query, has_frag;
};

static bool scheme_ok(sp_str s)
{
    if (s.n == 0 || !isalpha((unsigned char)s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!isalnum((unsigned char)s.p[i]) && !strchr("+-.", s.p[i]))
            return false;
    return true;
}

static struct parts split(sp_str s)
{
    struct parts p = {0};
    size_t n = until(s, ":/?#");
    if (n < s.n && s.p[n] == ':' && scheme_ok(sp_sub(s, 0, n))) {
        p.scheme = sp_sub(s, 0, n);
        p.has_scheme = true;
        s = sp_from(s, n + 1);
    }
    n = until(s, "#");
    p.has_frag = n < s.n;
    p.frag = sp_from(s, n + 1);
    s = sp_sub(s, 0, n);
    n = until(s, "?");
    p.has_query = n < s.n;
    p.query = sp_from(s, n + 1);
    s = sp_sub(s, 0, n);
    if (sp_starts(s, SP_LIT("//"))) {
        s = sp_from(s, 2);
        n = until(s, "/");
        p.has_auth = true;
        p.auth = sp_sub(s, 0, n);
        s = sp_from(s, n);
    }
    p.path = s;
    return p;
}

// RFC 3986 §5.2.4, on segments: "." goes, ".." takes the one before along, a trailing one leaves
// "/".
static void put_without_dots(struct sp_buf *out, sp_str path)
{
    if (path.n == 0)
        return;
    size_t root = out->n;
    bool first = true;
    sp_str seg, rest = path;
    while (sp_split(&rest, '/', &seg)) {
        bool last = rest.p == NULL;
        bool up = sp_eq_lit(seg, ".."), here = sp_eq_lit(seg, ".");
        if (first && seg.n == 0) { // the leading slash
            first = false;
            if (last)
                sp_buf_ch(out, '/');
            continue;
        }
        first = false;
        if (up) {
            while (out->n > root && out->p[out->n - 1] != '/')
                sp_buf_cut(out, out->n - 1);
            if (out->n > root)
                sp_buf_cut(out, out->n - 1);
        }
        if (!up && !here) {
            sp_buf_ch(out, '/');
            sp_buf_str(out, seg);
        } else if (last) {
            sp_buf_ch(out, '/');
        }
    }
}

// RFC 3986 §5.2.3
static void merge(struct sp_buf *out, const struct parts *base, sp_str ref_path)
{
    ptrdiff_t slash = sp_rfind_ch(base->path, '/');
    if (slash < 0)
        sp_buf_ch(out, '/');
    else
        sp_buf_str(out, sp_sub(base->path, 0, (size_t)slash + 1));
    sp_buf_str(out, ref_path);
}

// Location headers of careless servers carry raw UTF-8 and spaces: encoded, as browsers do.
static int tidy(struct sp_buf *out, sp_str ref, struct sp_err *err)
{
    ref = sp_trim(ref);
    for (size_t i = 0; i < ref.n; i++) {
        unsigned char c = (unsigned char)ref.p[i];
        if (c == ' ' || c >= 0x80)
            sp_buf_printf(out, "%%%02X", c);
        else
            sp_buf_ch(out, (char)c);
    }
    return sp_buf_done(out, "URL reference", err);
}

int net_url_resolve(char **out, sp_str base, sp_str ref, struct sp_err *err)
{
    struct net_url check;
    SP_TRY_IN(net_url_parse(&check, base, err), err, "base of a reference");
    SP_AUTO_BUF struct sp_buf clean = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_BUF struct sp_buf path = SP_BUF_MAX(2 * SP_LIM_URL_BYTES);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(4 * SP_LIM_URL_BYTES);
    SP_TRY(tidy(&clean, ref, err));
    struct parts r = split(sp_buf_view(&clean)), o = split(base);
    sp_str scheme = r.has_scheme ? r.scheme : o.scheme;
    bool own = r.has_scheme || r.has_auth; // nothing but the scheme comes from the base
    sp_buf_str(&b, scheme);
    sp_buf_cstr(&b, "://");
    if (r.has_scheme && !r.has_auth)
        return sp_fail(err, SP_EFORMAT, "not an http:// or https:// URL: %.200s", clean.p);
    sp_buf_str(&b, own ? r.auth : o.auth);
    if (own || (r.path.n && r.path.p[0] == '/'))
        sp_buf_str(&path, r.path);
    else if (r.path.n)
        merge(&path, &o, r.path);
    else
        sp_buf_str(&path, o.path);
    SP_TRY(sp_buf_done(&path, "URL path", err));
    if (r.path.n || own)
        put_without_dots(&b, sp_buf_view(&path));
    else
        sp_buf_str(&b, o.path);
    bool base_query = !own && r.path.n == 0 && !r.has_query;
    if (base_query ? o.has_query : r.has_query) {
        sp_buf_ch(&b, '?');
        sp_buf_str(&b, base_query ? o.query : r.query);
    }
    if (r.has_frag) {
        sp_buf_ch(&b, '#');
        sp_buf_str(&b, r.frag);
    }
    SP_TRY(sp_buf_done(&b, "URL", err));
    SP_TRY(net_url_parse(&check, sp_buf_view(&b), err));
    *out = sp_buf_take(&b);
    return 0;
}
