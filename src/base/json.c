// The reader copies the text once into the arena and decodes strings where they lie: a decoded
// string is never longer than its source, so there is one allocation for all strings and none per
// string. Nodes come in batches. Nesting is a small stack of our own, not recursion.
#include "base/json.h"

#include "base/utf8.h"

#include <math.h>

#define NODE_BATCH      64
#define INT_DIGITS_MAX  4300 // Python refuses longer integers (sys.int_info.default_max_str_digits)
#define LINEAR_KEYS_MAX 16   // above this many members duplicate keys are searched by hash
#define F64_TEXT_MAX    128

struct reader {
    const char *p, *end; // cursor in the copy
    const char *begin;   // the copy
    sp_str text;         // the caller's text: for messages, strings in the copy get overwritten
    struct sp_arena *arena;
    struct sp_json *spare; // unused nodes of the current batch
    size_t spare_n;
    struct sp_err *err;
};

struct level {
    struct sp_json *node;
    struct sp_json **tail; // where the next child goes
};

// --- messages ---

static int fail_at(struct reader *r, const char *at, const char *what)
{
    size_t off = (size_t)(at - r->begin), line = 1, start = 0;
    for (size_t i = 0; i < off && i < r->text.n; i++)
        if (r->text.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    char met[32];
    if (off >= r->text.n)
        snprintf(met, sizeof met, "the end");
    else if ((uint8_t)r->text.p[off] > 0x20 && (uint8_t)r->text.p[off] < 0x7f)
        snprintf(met, sizeof met, "'%c'", r->text.p[off]);
    else
        snprintf(met, sizeof met, "byte 0x%02x", (uint8_t)r->text.p[off]);
    return sp_fail(r->err, SP_EFORMAT, "JSON line %zu column %zu: %s, met %s", line,
                   off - start + 1, what, met);
}

static int fail_memory(struct reader *r)
{
    return sp_fail(r->err, SP_ETOOBIG, "JSON of %zu bytes needs more memory than the %zu allowed",
                   r->text.n, r->arena->ceiling);
}

// --- scalars ---

static inline void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static struct sp_json *node_new(struct reader *r)
{
    if (r->spare_n == 0) {
        // a small text gets a small batch, so that a page of small objects does not eat the arena
        size_t n = r->text.n < 512 ? 8 : NODE_BATCH;
        r->spare = sp_arena_try(r->arena, n * sizeof *r->spare);
        if (!r->spare)
            return NULL;
        r->spare_n = n;
    }
    r->spare_n--;
    return r->spare++;
}

static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hex4(struct reader *r, const char *at, uint32_t *out)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        int d = at + i < r->end ? hex_digit(at[i]) : -1;
        if (d < 0)
            return fail_at(r, at + i < r->end ? at + i : r->end,
                           "expected four hex digits after \\u");
        v = v << 4 | (uint32_t)d;
    }
    *out = v;
    return 0;
}

// At the 'u' of \uXXXX; *at moves past all of it, also past the second half of a pair.
static int read_unicode(struct reader *r, const char **at, char **to)
{
    uint32_t cp, low;
    const char *p = *at;
    SP_TRY(read_hex4(r, p + 1, &cp));
    p += 5;
    if (cp >= 0xd800 && cp < 0xe000) {
        if (cp >= 0xdc00 || r->end - p < 6 || p[0] != '\\' || p[1] != 'u')
            return fail_at(r, *at, "a surrogate without its pair");
        SP_TRY(read_hex4(r, p + 2, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return fail_at(r, *at, "a surrogate without its pair");
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    *to += sp_utf8_put(*to, cp);
    *at = p;
    return 0;
}

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL
// Non-zero when some byte of w is '"', '\\' or below 0x20 (the classic "has zero byte" trick; bytes
// ≥ 0x80 never match because of ~w).
static inline uint64_t special_bytes(uint64_t w)
{
    uint64_t quote = w ^ (ONES * '"'), slash = w ^ (ONES * '\\');
    uint64_t hit = ((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((w - ONES * 0x20) & ~w);
    return hit & HIGHS;
}

static inline const char *skip_plain(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        uint64_t hit = special_bytes(w);
        if (hit) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return p + (__builtin_ctzll(hit) >> 3); // the lowest hit is exact, higher ones may lie
#else
            break;
#endif
        }
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20)
        p++;
    return p;
}

// The rest of a string that has escapes: decodes in place behind `to`.
static int read_escaped(struct reader *r, const char *start, const char *p, sp_str *out)
{
    char *base = (char *)(uintptr_t)start, *to = base + (p - start);
    for (;;) {
        if (p == r->end)
            return fail_at(r, p, "a string without its closing quote");
        if (*p == '"')
            break;
        if (*p != '\\')
            return fail_at(r, p, "a control character in a string");
        if (++p == r->end)
            return fail_at(r, p, "a string without its closing quote");
        static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
        if (*p == 'u') {
            SP_TRY(read_unicode(r, &p, &to));
        } else {
            const char *k = *p ? strchr(from, *p) : NULL;
            if (!k)
                return fail_at(r, p, "an unknown escape");
            *to++ = into[k - from];
            p++;
        }
        const char *q = skip_plain(p, r->end);
        memmove(to, p, (size_t)(q - p));
        to += q - p;
        p = q;
    }
    r->p = p + 1;
    *to = '\0';
    *out = (sp_str){base, (size_t)(to - base)};
    return 0;
}

// At the opening quote.
static int read_string(struct reader *r, sp_str *out)
{
    const char *start = r->p + 1, *p = skip_plain(start, r->end);
    if (p == r->end || *p != '"')
        return read_escaped(r, start, p, out);
    r->p = p + 1;
    *(char *)(uintptr_t)p = '\0'; // over the closing quote: callers get C strings for free
    *out = (sp_str){start, (size_t)(p - start)};
    return 0;
}

static inline const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static int read_number(struct reader *r, struct sp_json *v)
{
    const char *start = r->p, *p = start;
    if (*p == '-')
        p++;
    const char *digits = p;
    p = skip_digits(p, r->end);
    if (p == digits)
        return fail_at(r, p, "expected a digit");
    if (*digits == '0' && p - digits > 1)
        return fail_at(r, digits + 1, "a number with a leading zero");
    bool integer = true;
    size_t int_digits = (size_t)(p - digits);
    if (p < r->end && *p == '.') {
        const char *f = p + 1;
        p = skip_digits(f, r->end);
        if (p == f)
            return fail_at(r, p, "expected a digit after the decimal point");
        integer = false;
    }
    if (p < r->end && (*p | 0x20) == 'e') {
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            p++;
        const char *e = p;
        p = skip_digits(e, r->end);
        if (p == e)
            return fail_at(r, p, "expected a digit in the exponent");
        integer = false;
    }
    if (integer && int_digits > INT_DIGITS_MAX)
        return fail_at(r, start, "an integer of more than 4300 digits");
    v->kind = SP_JSON_NUM;
    v->s = (sp_str){start, (size_t)(p - start)};
    r->p = p;
    return 0;
}

static int read_word(struct reader *r, const char *word, size_t n)
{
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return fail_at(r, r->p, "expected a value");
    r->p += n;
    return 0;
}

static int read_scalar(struct reader *r, struct sp_json *v)
{
    switch (*r->p) {
    case '"':
        v->kind = SP_JSON_STR;
        return read_string(r, &v->s);
    case 't':
        v->kind = SP_JSON_BOOL;
        v->b = true;
        return read_word(r, "true", 4);
    case 'f':
        v->kind = SP_JSON_BOOL;
        return read_word(r, "false", 5);
    case 'n':
        v->kind = SP_JSON_NULL;
        return read_word(r, "null", 4);
    case '-':
    case '0' ... '9':
        return read_number(r, v);
    default:
        return fail_at(r, r->p, "expected a value");
    }
}

// --- duplicate keys ---

static int fail_duplicate(struct reader *r, sp_str key)
{
    return fail_at(r, key.p, "the same key twice in one object");
}

static int check_keys_hashed(struct reader *r, const struct sp_json *obj)
{
    size_t cap = 64;
    while (cap < obj->n * 2)
        cap *= 2;
    SP_AUTO_FREE const struct sp_json **slot = NULL;
    SP_TRY(sp_try_alloc((void **)&slot, cap * sizeof(void *), SIZE_MAX, "JSON object", r->err));
    SP_JSON_EACH(it, obj)
    {
        size_t i = (size_t)sp_str_hash(it->key) & (cap - 1);
        while (slot[i]) {
            if (sp_eq(slot[i]->key, it->key))
                return fail_duplicate(r, it->key);
            i = (i + 1) & (cap - 1);
        }
        slot[i] = it;
    }
    return 0;
}

static int check_keys(struct reader *r, const struct sp_json *obj)
{
    if (obj->n > LINEAR_KEYS_MAX)
        return check_keys_hashed(r, obj);
    SP_JSON_EACH(a, obj)
    {
        for (const struct sp_json *b = obj->child; b != a; b = b->next)
            if (sp_eq(a->key, b->key))
                return fail_duplicate(r, a->key);
    }
    return 0;
}

// --- structure ---

static int read_key(struct reader *r, sp_str *key)
{
    if (r->p == r->end || *r->p != '"')
        return fail_at(r, r->p, "expected a key in quotes");
    const char *at = r->p;
    SP_TRY(read_string(r, key));
    if (sp_has_nul(*key))
        return fail_at(r, at, "a NUL in a key");
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return fail_at(r, r->p, "expected ':' after the key");
    r->p++;
    skip_space(r);
    return 0;
}

// After a finished value: closes what ends here. *depth is 0 when the outermost value is complete.
static int read_after_value(struct reader *r, struct level *stack, size_t *depth)
{
    while (*depth > 0) {
        struct sp_json *top = stack[*depth - 1].node;
        bool obj = top->kind == SP_JSON_OBJ;
        skip_space(r);
        if (r->p == r->end)
            return fail_at(r, r->p, obj ? "an object without '}'" : "an array without ']'");
        if (*r->p == ',') {
            r->p++;
            skip_space(r);
            return 0;
        }
        if (*r->p != (obj ? '}' : ']'))
            return fail_at(r, r->p, obj ? "expected ',' or '}'" : "expected ',' or ']'");
        r->p++;
        if (obj)
            SP_TRY(check_keys(r, top));
        --*depth;
    }
    return 0;
}

static int read_value(struct reader *r, struct sp_json **out)
{
    struct level stack[SP_LIM_JSON_DEPTH];
    size_t depth = 0;
    *out = NULL;
    do {
        if (r->p == r->end)
            return fail_at(r, r->p, "expected a value");
        struct sp_json *v = node_new(r);
        if (!v)
            return fail_memory(r);
        if (depth > 0) {
            struct level *up = &stack[depth - 1];
            if (up->node->kind == SP_JSON_OBJ) {
                SP_TRY(read_key(r, &v->key));
                if (r->p == r->end)
                    return fail_at(r, r->p, "expected a value");
            }
            *up->tail = v;
            up->tail = &v->next;
            up->node->n++;
        } else {
            *out = v;
        }
        if (*r->p == '{' || *r->p == '[') {
            char close = *r->p == '{' ? '}' : ']';
            v->kind = close == '}' ? SP_JSON_OBJ : SP_JSON_ARR;
            if (depth == SP_LIM_JSON_DEPTH)
                return fail_at(r, r->p, "nested too deeply");
            r->p++;
            skip_space(r);
            if (r->p == r->end || *r->p != close) {
                stack[depth++] = (struct level){v, &v->child};
                continue;
            }
            r->p++;
        } else {
            SP_TRY(read_scalar(r, v));
        }
        SP_TRY(read_after_value(r, stack, &depth));
    } while (depth > 0);
    return 0;
}

int sp_json_parse(struct sp_json **out, sp_str text, struct sp_arena *arena, struct sp_err *err)
{
    if (text.n > SP_LIM_JSON_BYTES)
        return sp_fail(err, SP_ETOOBIG, "JSON of %zu bytes, more than the %zu allowed", text.n,
                       (size_t)SP_LIM_JSON_BYTES);
    struct reader r = {.text = text, .arena = arena, .err = err};
    char *copy = sp_arena_try(arena, text.n + 1);
    if (!copy)
        return fail_memory(&r);
    if (text.n)
        memcpy(copy, text.p, text.n);
    r.begin = r.p = copy;
    r.end = copy + text.n;
    if (!sp_utf8_valid(text)) {
        size_t at = 0, good = 0;
        while (sp_utf8_next(text, &at) >= 0)
            good = at;
        return fail_at(&r, copy + good, "not UTF-8");
    }
    struct sp_json *root;
    skip_space(&r);
    SP_TRY(read_value(&r, &root));
    skip_space(&r);
    if (r.p != r.end)
        return fail_at(&r, r.p, "more text after the value");
    *out = root;
    return 0;
}

// --- accessors ---

bool sp_json_is(const struct sp_json *v, enum sp_json_kind kind)
{
    return v && v->kind == kind;
}

const struct sp_json *sp_json_get(const struct sp_json *obj, const char *key)
{
    if (!sp_json_is(obj, SP_JSON_OBJ))
        return NULL;
    sp_str k = sp_cstr(key);
    SP_JSON_EACH(it, obj)
    {
        if (sp_eq(it->key, k))
            return it;
    }
    return NULL;
}

const struct sp_json *sp_json_at(const struct sp_json *arr, size_t i)
{
    if (!sp_json_is(arr, SP_JSON_ARR) || i >= arr->n)
        return NULL;
    const struct sp_json *it = arr->child;
    while (i-- > 0)
        it = it->next;
    return it;
}

bool sp_json_str(const struct sp_json *v, sp_str *out)
{
    if (!sp_json_is(v, SP_JSON_STR))
        return false;
    *out = v->s;
    return true;
}

bool sp_json_i64(const struct sp_json *v, int64_t *out)
{
    return sp_json_is(v, SP_JSON_NUM) && sp_parse_i64(v->s, out);
}

bool sp_json_f64(const struct sp_json *v, double *out)
{
    if (!sp_json_is(v, SP_JSON_NUM))
        return false;
    char small[F64_TEXT_MAX];
    SP_AUTO_FREE char *large = NULL;
    char *text = small;
    if (v->s.n >= sizeof small)
        text = large = sp_str_dup(v->s);
    else {
        memcpy(small, v->s.p, v->s.n);
        small[v->s.n] = '\0';
    }
    double d = strtod(text, NULL);
    if (!isfinite(d))
        return false;
    *out = d;
    return true;
}

bool sp_json_bool(const struct sp_json *v, bool *out)
{
    if (!sp_json_is(v, SP_JSON_BOOL))
        return false;
    *out = v->b;
    return true;
}

sp_str sp_json_get_str(const struct sp_json *obj, const char *key)
{
    sp_str s = {0};
    sp_json_str(sp_json_get(obj, key), &s);
    return s;
}

int64_t sp_json_get_i64(const struct sp_json *obj, const char *key, int64_t dflt)
{
    int64_t v = dflt;
    sp_json_i64(sp_json_get(obj, key), &v);
    return v;
}

bool sp_json_get_bool(const struct sp_json *obj, const char *key, bool dflt)
{
    bool v = dflt;
    sp_json_bool(sp_json_get(obj, key), &v);
    return v;
}
