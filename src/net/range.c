// The Range header of a request against a size (RFC 9110 §14.1.2), for the server.
#include "net/net.h"

// A run of digits; saturates, because a position past 2^64 means the same as one past the end.
static bool take_number(sp_str *s, uint64_t *out)
{
    uint64_t v = 0;
    size_t at = 0;
    for (; at < s->n && s->p[at] >= '0' && s->p[at] <= '9'; at++) {
        uint64_t d = (uint64_t)(s->p[at] - '0');
        v = v > (UINT64_MAX - d) / 10 ? UINT64_MAX : v * 10 + d;
    }
    if (at == 0)
        return false;
    *s = sp_from(*s, at);
    *out = v;
    return true;
}

static bool take_char(sp_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = sp_from(*s, 1);
    return true;
}

// One element of the list: 1 = satisfiable, 0 = not, −1 = malformed.
static int parse_one(struct net_range *out, sp_str spec, uint64_t size)
{
    uint64_t first = 0, last = UINT64_MAX;
    if (take_char(&spec, '-')) {
        uint64_t suffix = 0;
        if (!take_number(&spec, &suffix) || spec.n)
            return -1;
        if (suffix == 0 || size == 0)
            return 0;
        uint64_t len = suffix < size ? suffix : size;
        *out = (struct net_range){size - len, len};
        return 1;
    }
    if (!take_number(&spec, &first) || !take_char(&spec, '-'))
        return -1;
    if (spec.n && (!take_number(&spec, &last) || spec.n || last < first))
        return -1;
    if (first >= size)
        return 0;
    if (last >= size)
        last = size - 1;
    *out = (struct net_range){first, last - first + 1};
    return 1;
}

int net_range_parse(struct net_range *out, size_t max, sp_str header, uint64_t size)
{
    sp_str unit = sp_sub(header, 0, 6), part, rest = sp_from(header, 6);
    if (!sp_eq_nocase(unit, SP_LIT("bytes=")))
        return 0;
    size_t n = 0, seen = 0;
    while (sp_split(&rest, ',', &part)) {
        part = sp_trim(part);
        if (part.n == 0)
            continue; // RFC 9110 §5.6.1: empty list elements are ignored
        struct net_range r;
        int rc = parse_one(&r, part, size);
        if (rc < 0 || ++seen > max)
            return 0;
        if (rc > 0)
            out[n++] = r;
    }
    if (seen == 0)
        return 0;
    return n ? (int)n : SP_ERANGE;
}

bool net_content_range_parse(sp_str header, uint64_t *first, uint64_t *last, uint64_t *total)
{
    if (!sp_eq_nocase(sp_sub(header, 0, 6), SP_LIT("bytes ")))
        return false;
    sp_str s = sp_trim(sp_from(header, 6));
    uint64_t a = 0, b = 0, all = UINT64_MAX;
    bool unsatisfied = take_char(&s, '*');
    if (!unsatisfied && (!take_number(&s, &a) || !take_char(&s, '-') || !take_number(&s, &b)))
        return false;
    if (!take_char(&s, '/'))
        return false;
    bool unknown = take_char(&s, '*');
    if ((!unknown && !take_number(&s, &all)) || s.n || (unsatisfied && unknown))
        return false;
    if (!unsatisfied && (b < a || (!unknown && b >= all) || b == UINT64_MAX))
        return false;
    *first = a;
    *last = b;
    *total = all;
    return true;
}
