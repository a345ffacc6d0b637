// Query strings and forms (application/x-www-form-urlencoded): "a=1&b=x+y&b=%2F".
#include "net/http.h"

#include "net/http_parse.h"

static sp_str decode(struct sp_arena *arena, sp_str raw)
{
    if (sp_find_ch(raw, '%') < 0 && sp_find_ch(raw, '+') < 0)
        return raw;
    char *p = sp_arena_alloc(arena, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t byte = 0;
        if (raw.p[i] == '%' && sp_hex_decode(&byte, 1, sp_sub(raw, i + 1, 2))) {
            p[n++] = (char)byte;
            i += 2;
        } else {
            p[n++] = raw.p[i] == '+' ? ' ' : raw.p[i];
        }
    }
    return sp_str_of(p, n);
}

static bool name_is(sp_str name, sp_str want)
{
    if (name.n == want.n + 2 && sp_ends(name, SP_LIT("[]")))
        name.n -= 2;
    return sp_eq(name, want);
}

bool http_form_next(struct http_req *q, sp_str *rest, sp_str *name, sp_str *value)
{
    sp_str pair;
    while (sp_split(rest, '&', &pair)) {
        sp_str raw_value, raw_name = sp_cut(pair, '=', &raw_value);
        if (raw_name.n == 0 || !http_encoding_valid(raw_name, true) ||
            !http_encoding_valid(raw_value, true))
            continue;
        *name = decode(q->arena, raw_name);
        sp_str found = decode(q->arena, raw_value);
        *value = found.p ? found : SP_LIT("");
        return true;
    }
    return false;
}

bool http_form_at(struct http_req *q, sp_str body, const char *name, size_t i, sp_str *out)
{
    sp_str rest = body, found, value, want = sp_cstr(name);
    while (http_form_next(q, &rest, &found, &value)) {
        if (!name_is(found, want) || i-- > 0)
            continue;
        *out = value;
        return true;
    }
    return false;
}

bool http_query_at(struct http_req *q, const char *name, size_t i, sp_str *out)
{
    return http_form_at(q, q->query, name, i, out);
}

bool http_query(struct http_req *q, const char *name, sp_str *out)
{
    return http_form_at(q, q->query, name, 0, out);
}
