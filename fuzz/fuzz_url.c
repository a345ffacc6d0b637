// First line: a base URL, rest: a reference. What was resolved resolves to itself.
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(sp_str text)
{
    struct net_url u;
    if (net_url_parse(&u, text, NULL) < 0)
        return;
    SP_ASSERT(u.host.n && u.port > 0 && u.port < 65536);
    SP_ASSERT(sp_find_ch(u.host, '@') < 0 && sp_find_ch(u.host, '/') < 0);
    SP_ASSERT(u.path.n == 0 || u.path.p[0] == '/');
    SP_ASSERT(!sp_has_ctl(text));
    SP_ASSERT(net_url_same_origin(text, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sp_str ref, base = sp_cut(sp_str_of(data, size), '\n', &ref);
    check_parts(base);
    check_parts(ref);
    SP_AUTO_FREE char *url = NULL, *clean = NULL, *again = NULL;
    if (net_url_resolve(&url, base, ref, NULL) < 0)
        return 0;
    check_parts(sp_cstr(url));
    struct net_url u;
    SP_ASSERT(net_url_parse(&u, sp_cstr(url), NULL) == 0);
    // The path of the base is copied as it is when the reference has none: dots may go once.
    SP_ASSERT(net_url_resolve(&clean, base, sp_cstr(url), NULL) == 0);
    SP_ASSERT(net_url_resolve(&again, base, sp_cstr(clean), NULL) == 0);
    SP_ASSERT(strcmp(clean, again) == 0);
    return 0;
}
