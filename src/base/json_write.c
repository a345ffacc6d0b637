// The writer: commas, quotes and layout as Python's json.dump makes them (compact, spaced,
// indented).
#include "base/json.h"

#include "base/time.h"
#include "base/utf8.h"

#include <math.h>

struct sp_jw sp_jw(struct sp_buf *b)
{
    return (struct sp_jw){.b = b, .first = {true}};
}

struct sp_jw sp_jw_pretty(struct sp_buf *b, unsigned indent)
{
    struct sp_jw w = sp_jw(b);
    w.indent = indent > 16 ? 16 : (uint8_t)indent;
    return w;
}

static void newline(struct sp_jw *w)
{
    if (!w->indent)
        return;
    sp_buf_ch(w->b, '\n');
    for (size_t i = (size_t)w->indent * w->depth; i > 0; i--)
        sp_buf_ch(w->b, ' ');
}

// What stands before a value or a key.
static void before(struct sp_jw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    if (!w->first[w->depth])
        sp_buf_cstr(w->b, w->spaced && !w->indent ? ", " : ",");
    w->first[w->depth] = false;
    newline(w);
}

static void begin(struct sp_jw *w, char open, char closer)
{
    before(w);
    sp_buf_ch(w->b, open);
    if (w->depth + 1 >= SP_LIM_JSON_DEPTH_W) {
        w->b->bad = SP_EINTERNAL; // would not be read back by our own reader either
        return;
    }
    w->depth++;
    w->first[w->depth] = true;
    w->closer[w->depth] = closer;
}

void sp_jw_obj(struct sp_jw *w)
{
    begin(w, '{', '}');
}

void sp_jw_arr(struct sp_jw *w)
{
    begin(w, '[', ']');
}

void sp_jw_end(struct sp_jw *w)
{
    if (w->b->bad)
        return; // depth is not trustworthy any more
    SP_ASSERT(w->depth > 0 && !w->after_key);
    bool empty = w->first[w->depth];
    char closer = w->closer[w->depth];
    w->depth--;
    if (!empty)
        newline(w);
    sp_buf_ch(w->b, closer);
}

static void put_escape(struct sp_buf *b, uint8_t c)
{
    static const char from[] = "\"\\\b\f\n\r\t", into[] = "\"\\bfnrt";
    const char *k = c ? strchr(from, c) : NULL;
    if (k) {
        char two[2] = {'\\', into[k - from]};
        sp_buf_put(b, two, 2);
    } else {
        sp_buf_printf(b, "\\u%04x", c);
    }
}

// s is valid UTF-8. What a terminal would act on is escaped too: JSON is read there and in logs.
static void put_valid(struct sp_buf *b, sp_str s)
{
    size_t from = 0;
    for (size_t i = 0, next; i < s.n; i = next) {
        uint8_t c = (uint8_t)s.p[i];
        next = i + 1;
        if (c >= 0x80) {
            // Only these bytes begin such a character: U+0080–009F, U+0600–063F, U+2000–2FFF.
            if (c != 0xc2 && c != 0xd8 && c != 0xe2)
                continue;
            size_t at = i;
            int32_t cp = sp_utf8_next(s, &at);
            next = at;
            if (!sp_utf8_acts(cp) || cp == 0x2028 || cp == 0x2029) // those two as Python has them
                continue;
            sp_buf_put(b, s.p + from, i - from);
            sp_buf_printf(b, "\\u%04x", (unsigned)cp);
            from = next;
            continue;
        }
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        sp_buf_put(b, s.p + from, i - from);
        put_escape(b, c);
        from = next;
    }
    if (s.n > from)
        sp_buf_put(b, s.p + from, s.n - from);
}

static void put_string(struct sp_buf *b, sp_str s)
{
    sp_buf_ch(b, '"');
    if (sp_utf8_valid(s)) {
        put_valid(b, s);
    } else {
        size_t at = 0;
        while (at < s.n) {
            size_t start = at;
            if (sp_utf8_next(s, &at) < 0) {
                at = start + 1;
                sp_buf_cstr(b, "\xef\xbf\xbd");
            } else {
                put_valid(b, sp_sub(s, start, at - start));
            }
        }
    }
    sp_buf_ch(b, '"');
}

void sp_jw_key_str(struct sp_jw *w, sp_str key)
{
    before(w);
    put_string(w->b, key);
    sp_buf_cstr(w->b, w->indent || w->spaced ? ": " : ":");
    w->after_key = true;
}

void sp_jw_key(struct sp_jw *w, const char *key)
{
    sp_jw_key_str(w, sp_cstr(key));
}

void sp_jw_str(struct sp_jw *w, sp_str s)
{
    before(w);
    put_string(w->b, s);
}

void sp_jw_cstr(struct sp_jw *w, const char *s)
{
    if (s)
        sp_jw_str(w, sp_cstr(s));
    else
        sp_jw_null(w);
}

void sp_jw_strf(struct sp_jw *w, const char *fmt, ...)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    sp_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (b.bad)
        w->b->bad = b.bad;
    sp_jw_str(w, sp_buf_view(&b));
}

void sp_jw_int(struct sp_jw *w, int64_t v)
{
    before(w);
    sp_buf_printf(w->b, "%lld", (long long)v);
}

void sp_jw_uint(struct sp_jw *w, uint64_t v)
{
    before(w);
    sp_buf_printf(w->b, "%llu", (unsigned long long)v);
}

void sp_jw_f64(struct sp_jw *w, double v)
{
    if (!isfinite(v)) {
        sp_jw_null(w); // JSON has no word for it
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    if (!strpbrk(text, ".e"))
        strcat(text, ".0"); // stays a float for whoever reads it
    before(w);
    sp_buf_cstr(w->b, text);
}

void sp_jw_bool(struct sp_jw *w, bool v)
{
    before(w);
    sp_buf_cstr(w->b, v ? "true" : "false");
}

void sp_jw_null(struct sp_jw *w)
{
    before(w);
    sp_buf_cstr(w->b, "null");
}

void sp_jw_raw(struct sp_jw *w, sp_str json)
{
    before(w);
    sp_buf_str(w->b, json);
}

// Recursion ends at the depth limit of the writer, also for a tree from YAML that shares nodes.
void sp_jw_value(struct sp_jw *w, const struct sp_json *v)
{
    if (!v) {
        sp_jw_null(w);
        return;
    }
    switch (v->kind) {
    case SP_JSON_NULL:
        sp_jw_null(w);
        break;
    case SP_JSON_BOOL:
        sp_jw_bool(w, v->b);
        break;
    case SP_JSON_NUM:
        sp_jw_raw(w, v->s);
        break;
    case SP_JSON_STR:
        sp_jw_str(w, v->s);
        break;
    case SP_JSON_ARR:
    case SP_JSON_OBJ:
        if (v->kind == SP_JSON_OBJ)
            sp_jw_obj(w);
        else
            sp_jw_arr(w);
        SP_JSON_EACH(it, v)
        {
            if (w->b->bad)
                break;
            if (v->kind == SP_JSON_OBJ)
                sp_jw_key_str(w, it->key);
            sp_jw_value(w, it);
        }
        sp_jw_end(w);
        break;
    }
}

void sp_jw_kstr(struct sp_jw *w, const char *key, sp_str s)
{
    sp_jw_key(w, key);
    sp_jw_str(w, s);
}

void sp_jw_kcstr(struct sp_jw *w, const char *key, const char *s)
{
    sp_jw_key(w, key);
    sp_jw_cstr(w, s);
}

void sp_jw_kint(struct sp_jw *w, const char *key, int64_t v)
{
    sp_jw_key(w, key);
    sp_jw_int(w, v);
}

void sp_jw_kbool(struct sp_jw *w, const char *key, bool v)
{
    sp_jw_key(w, key);
    sp_jw_bool(w, v);
}

void sp_jw_ktime(struct sp_jw *w, const char *key, int64_t ms)
{
    char text[SP_TIME_MAX];
    sp_time_iso(text, ms);
    sp_jw_kcstr(w, key, text);
}
