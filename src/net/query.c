// Query strings and forms (application/x-www-form-urlencoded): "a=1&b=x+y&b=%2F".
#include "net/http.h"

#include "net/http_parse.h"

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
        *name = http_percent_decode(q->arena, raw_name, true);
        sp_str found = http_percent_decode(q->arena, raw_value, true);
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
