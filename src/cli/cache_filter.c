// Expressions of `cache ls --filter` and `--sort`, taken apart and applied to one row.
#include "cli/cache_filter.h"

enum op { EQ, NE, GT, LT, GE, LE };

static bool holds(enum op op, int cmp)
{
    switch (op) {
    case EQ:
        return cmp == 0;
    case NE:
        return cmp != 0;
    case GT:
        return cmp > 0;
    case LT:
        return cmp < 0;
    case GE:
        return cmp >= 0;
    case LE:
        return cmp <= 0;
    }
    return false;
}

static bool cut(sp_str filter, sp_str *key, enum op *op, sp_str *value)
{
    static const struct {
        const char *text;
        enum op op;
    } ops[] = {{"!=", NE}, {">=", GE}, {"<=", LE}, {"=", EQ}, {">", GT}, {"<", LT}};
    size_t n = 0;
    while (n < filter.n && !strchr("!<>=", filter.p[n]))
        n++;
    *key = sp_trim(sp_sub(filter, 0, n));
    sp_str rest = sp_from(filter, n);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        sp_str t = sp_cstr(ops[i].text);
        if (sp_starts(rest, t)) {
            *op = ops[i].op;
            *value = sp_trim(sp_from(rest, t.n));
            return key->n && value->n;
        }
    }
    return false;
}

static int bad(const char *filter, const char *why, struct sp_err *err)
{
    int rc = sp_fail(err, SP_EUSAGE, "filter \"%s\": %s", filter, why);
    sp_hint(err, "for example size>1GB, accessed>7d, modified<=2h, refs=main, type=model");
    return rc;
}

static bool has_ref(const char *refs, sp_str name)
{
    sp_str one, rest = sp_cstr(refs);
    while (rest.n && sp_split(&rest, '\n', &one)) {
        if (sp_eq(one, name))
            return true;
    }
    return false;
}

// "7d", and what people mean by 1y and 3mo.
static bool parse_age(sp_str s, int64_t *ms)
{
    uint64_t n;
    if (sp_ends(s, SP_LIT("mo")) && sp_parse_u64(sp_sub(s, 0, s.n - 2), &n) && n < 100000) {
        *ms = (int64_t)n * 30 * 86400000;
        return true;
    }
    if (sp_ends(s, SP_LIT("y")) && sp_parse_u64(sp_sub(s, 0, s.n - 1), &n) && n < 10000) {
        *ms = (int64_t)n * 365 * 86400000;
        return true;
    }
    return sp_parse_duration(s, ms);
}

int cli_cache_filter(const char *filter, const struct cli_cache_item *item, int64_t now_ms,
                     struct sp_err *err)
{
    sp_str key, value;
    enum op op;
    if (!cut(sp_cstr(filter), &key, &op, &value))
        return bad(filter, "must be NAME OP VALUE with one of = != > < >= <=", err);
    if (sp_eq_lit(key, "size")) {
        uint64_t n;
        if (!sp_parse_size(value, &n))
            return bad(filter, "the size is not a number with K, M, G or T", err);
        return holds(op, item->size < n ? -1 : item->size > n);
    }
    bool accessed = sp_eq_lit(key, "accessed");
    if (accessed || sp_eq_lit(key, "modified")) {
        int64_t want, age = now_ms - (accessed ? item->accessed_ms : item->modified_ms);
        if (!parse_age(value, &want))
            return bad(filter, "the age is not a number with s, m, h, d, w, mo or y", err);
        return holds(op, age < want ? -1 : age > want);
    }
    if (op != EQ && op != NE)
        return bad(filter, "only = and != make sense here", err);
    if (sp_eq_lit(key, "type"))
        return sp_eq(value, sp_cstr(item->type)) == (op == EQ);
    if (sp_eq_lit(key, "refs"))
        return has_ref(item->refs, value) == (op == EQ);
    return bad(filter, "the name must be size, accessed, modified, refs or type", err);
}

int cli_cache_order_parse(struct cli_cache_order *out, const char *text, struct sp_err *err)
{
    static const char *const keys[] = {"name", "size", "accessed", "modified"};
    sp_str dir, key = sp_cut(sp_cstr(text), ':', &dir);
    for (int i = 0; i < 4; i++) {
        if (!sp_eq(key, sp_cstr(keys[i])))
            continue;
        // Names from a, everything else with the largest or newest first, unless said otherwise.
        bool desc = i != CLI_BY_NAME;
        if (dir.p && sp_eq_lit(dir, "asc"))
            desc = false;
        else if (dir.p && sp_eq_lit(dir, "desc"))
            desc = true;
        else if (dir.p)
            break;
        out->key = i;
        out->desc = desc;
        return 0;
    }
    return sp_fail(err, SP_EUSAGE,
                   "--sort %s: must be accessed, modified, name or size, with :asc or :desc", text);
}

int cli_cache_order_cmp(const struct cli_cache_order *o, const struct cli_cache_item *a,
                        const struct cli_cache_item *b)
{
    int cmp = 0;
    switch (o->key) {
    case CLI_BY_NAME:
        break;
    case CLI_BY_SIZE:
        cmp = a->size < b->size ? -1 : a->size > b->size;
        break;
    case CLI_BY_ACCESSED:
        cmp = a->accessed_ms < b->accessed_ms ? -1 : a->accessed_ms > b->accessed_ms;
        break;
    case CLI_BY_MODIFIED:
        cmp = a->modified_ms < b->modified_ms ? -1 : a->modified_ms > b->modified_ms;
        break;
    }
    if (cmp == 0 && (cmp = strcmp(a->type, b->type)) == 0)
        cmp = strcmp(a->name, b->name);
    return o->desc ? -cmp : cmp;
}
