// Names that macOS or Windows would take for one (case, composed letters): a folder has one of
// them.
#include "server/fold.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

// Hangul syllables decompose by arithmetic (Unicode standard 3.12).
#define HANGUL_FIRST 0xac00
#define HANGUL_N     11172
#define HANGUL_L     0x1100
#define HANGUL_V     0x1161
#define HANGUL_T     0x11a7

static const struct {
    uint16_t cp, first, second;
} table[] = {
#define D(cp, first, second) {cp, first, second},
#include "fold_table.def"
#undef D
};

static locale_t utf8_locale;

static void make_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static uint32_t lower(uint32_t cp)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (cp < 0x80)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    pthread_once(&once, make_locale);
    return utf8_locale ? (uint32_t)towlower_l((wint_t)cp, utf8_locale) : cp;
}

static void put(struct sp_buf *out, uint32_t cp)
{
    char bytes[4];
    sp_buf_put(out, bytes, sp_utf8_put(bytes, lower(cp)));
}

static void decompose(struct sp_buf *out, uint32_t cp)
{
    if (cp - HANGUL_FIRST < HANGUL_N) {
        uint32_t s = cp - HANGUL_FIRST;
        put(out, HANGUL_L + s / 588);
        put(out, HANGUL_V + s % 588 / 28);
        if (s % 28)
            put(out, HANGUL_T + s % 28);
        return;
    }
    size_t lo = 0, hi = sizeof table / sizeof table[0];
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (table[mid].cp == cp) {
            decompose(out, table[mid].first); // tables are a few levels deep, never circular
            if (table[mid].second)
                put(out, table[mid].second);
            return;
        }
        if (table[mid].cp < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    put(out, cp);
}

void fold_name(struct sp_buf *out, sp_str name)
{
    size_t at = 0;
    while (at < name.n) {
        uint8_t byte = (uint8_t)name.p[at];
        if (byte < 0x80) {
            sp_buf_ch(out, (char)lower(byte));
            at++;
            continue;
        }
        int32_t cp = sp_utf8_next(name, &at);
        if (cp < 0) { // names that other tools pushed may be any bytes
            sp_buf_ch(out, name.p[at++]);
            continue;
        }
        decompose(out, (uint32_t)cp);
    }
}

static sp_str folded(struct fold_set *s, sp_str name)
{
    sp_buf_reset(&s->buf);
    fold_name(&s->buf, name);
    return sp_buf_view(&s->buf);
}

bool fold_set_find(struct fold_set *s, sp_str name, sp_str *other)
{
    const sp_str *seen = (const sp_str *)sp_map_get(&s->map, folded(s, name));
    if (!seen || sp_eq(*seen, name))
        return false;
    *other = *seen;
    return true;
}

bool fold_set_add(struct fold_set *s, sp_str name, sp_str *other)
{
    const sp_str *seen = (const sp_str *)sp_map_get(&s->map, folded(s, name));
    if (seen) {
        *other = *seen;
        return true;
    }
    sp_str *kept = sp_new(sp_str);
    *kept = name;
    sp_map_put(&s->map, sp_buf_view(&s->buf), kept);
    return false;
}

void fold_set_fini(struct fold_set *s)
{
    sp_map_fini(&s->map, free);
    sp_buf_fini(&s->buf);
}
