// Which proxy a URL goes through, by HTTPS_PROXY, NO_PROXY and their kin.
#include "net/proxy.h"

#include <arpa/inet.h>

static bool parse_ip(sp_str s, uint8_t out[16], size_t *bytes)
{
    char text[INET6_ADDRSTRLEN];
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = sp_sub(s, 1, s.n - 2);
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    *bytes = inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
    return *bytes != 0;
}

static bool cidr_match(sp_str host, sp_str block, sp_str bits_text)
{
    uint8_t a[16], b[16];
    size_t an, bn;
    uint64_t bits;
    if (!parse_ip(host, a, &an) || !parse_ip(block, b, &bn) || an != bn ||
        !sp_parse_u64(bits_text, &bits) || bits > an * 8)
        return false;
    size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

// Cuts ":port" off; IPv6 without brackets has more than one colon and no port.
static sp_str cut_port(sp_str rule, int *port)
{
    ptrdiff_t colon = sp_rfind_ch(rule, ':');
    uint64_t n;
    if (colon <= 0 || (sp_find_ch(rule, ':') != colon && rule.p[colon - 1] != ']') ||
        !sp_parse_u64(sp_from(rule, (size_t)colon + 1), &n) || n > 65535)
        return rule;
    *port = (int)n;
    return sp_sub(rule, 0, (size_t)colon);
}

static bool rule_match(const struct net_url *url, sp_str rule)
{
    if (sp_eq_lit(rule, "*"))
        return true;
    ptrdiff_t slash = sp_find_ch(rule, '/');
    if (slash >= 0)
        return cidr_match(url->host, sp_sub(rule, 0, (size_t)slash),
                          sp_from(rule, (size_t)slash + 1));
    int port = 0;
    rule = cut_port(rule, &port);
    if (port && port != url->port)
        return false;
    uint8_t a[16], b[16];
    size_t an, bn;
    if (parse_ip(url->host, a, &an))
        return parse_ip(rule, b, &bn) && an == bn && memcmp(a, b, an) == 0;
    if (sp_starts(rule, SP_LIT("*.")))
        rule = sp_from(rule, 2);
    else if (sp_starts(rule, SP_LIT(".")))
        rule = sp_from(rule, 1);
    if (rule.n == 0 || url->host.n < rule.n)
        return false;
    size_t before = url->host.n - rule.n;
    return sp_eq_nocase(sp_from(url->host, before), rule) &&
           (before == 0 || url->host.p[before - 1] == '.');
}

bool net_proxy_excluded(const struct net_url *url, sp_str no_proxy)
{
    size_t at = 0;
    while (at < no_proxy.n) {
        size_t start = at;
        while (at < no_proxy.n && no_proxy.p[at] != ',' && no_proxy.p[at] != ' ')
            at++;
        sp_str rule = sp_trim(sp_sub(no_proxy, start, at - start));
        if (rule.n && rule_match(url, rule))
            return true;
        at++;
    }
    return false;
}

static const char *env_of(const char *lower, const char *upper, const char **var)
{
    const char *v = getenv(lower);
    *var = lower;
    if (!v || !*v) {
        v = getenv(upper);
        *var = upper;
    }
    return v ? v : "";
}

const char *net_proxy_for(const struct net_url *url, const char **var_out)
{
    const char *var = "", *ignored;
    const char *proxy = sp_eq_nocase(url->scheme, SP_LIT("https"))
                            ? env_of("https_proxy", "HTTPS_PROXY", &var)
                            : env_of("http_proxy", "HTTP_PROXY", &var);
    if (!*proxy)
        proxy = env_of("all_proxy", "ALL_PROXY", &var);
    if (!*proxy || net_proxy_excluded(url, sp_cstr(env_of("no_proxy", "NO_PROXY", &ignored))))
        return "";
    *var_out = var;
    return proxy;
}
