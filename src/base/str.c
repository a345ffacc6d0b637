// Views of text: comparing, cutting, and parsing of numbers, sizes and durations.
#include "base/str.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>

static unsigned char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : (unsigned char)c;
}

bool sp_eq_nocase(sp_str a, sp_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

int sp_cmp(sp_str a, sp_str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n ? memcmp(a.p, b.p, n) : 0;
    if (d)
        return d < 0 ? -1 : 1;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool sp_starts(sp_str s, sp_str prefix)
{
    return s.n >= prefix.n && sp_eq((sp_str){s.p, prefix.n}, prefix);
}

bool sp_ends(sp_str s, sp_str suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

sp_str sp_sub(sp_str s, size_t from, size_t n)
{
    s = sp_from(s, from);
    if (s.n > n)
        s.n = n;
    return s;
}

sp_str sp_from(sp_str s, size_t from)
{
    if (from > s.n)
        from = s.n;
    return (sp_str){s.p ? s.p + from : NULL, s.n - from};
}

ptrdiff_t sp_find(sp_str s, sp_str what)
{
    if (what.n == 0)
        return 0;
    if (s.n < what.n)
        return -1;
    const char *hit = memmem(s.p, s.n, what.p, what.n);
    return hit ? hit - s.p : -1;
}

ptrdiff_t sp_find_ch(sp_str s, char c)
{
    const char *hit = s.n ? memchr(s.p, c, s.n) : NULL;
    return hit ? hit - s.p : -1;
}

ptrdiff_t sp_rfind_ch(sp_str s, char c)
{
    const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;
    return hit ? hit - s.p : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

sp_str sp_trim(sp_str s)
{
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    return s;
}

sp_str sp_cut(sp_str s, char sep, sp_str *rest)
{
    ptrdiff_t at = sp_find_ch(s, sep);
    if (at < 0) {
        *rest = (sp_str){NULL, 0};
        return s;
    }
    *rest = sp_from(s, (size_t)at + 1);
    return (sp_str){s.p, (size_t)at};
}

// A NULL rest means "nothing left"; "a," therefore keeps a non-NULL empty rest after the comma.
bool sp_split(sp_str *rest, char sep, sp_str *part)
{
    if (!rest->p)
        return false;
    ptrdiff_t at = sp_find_ch(*rest, sep);
    if (at < 0) {
        *part = *rest;
        *rest = (sp_str){NULL, 0};
    } else {
        *part = (sp_str){rest->p, (size_t)at};
        *rest = (sp_str){rest->p + at + 1, rest->n - (size_t)at - 1};
    }
    return true;
}

bool sp_has_ctl(sp_str s)
{
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) { // eight bytes at once: every header line comes through here
        const uint64_t ones = 0x0101010101010101U;
        uint64_t w;
        memcpy(&w, s.p + i, 8);
        uint64_t del = w ^ ones * 0x7f; // a byte below 0x20 in w or below 1 here sets its top bit
        if ((((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & ones * 0x80)
            return true;
    }
    for (; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

bool sp_has_nul(sp_str s)
{
    return sp_find_ch(s, 0) >= 0;
}

bool sp_parse_u64(sp_str s, uint64_t *out)
{
    if (s.n == 0)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool sp_parse_i64(sp_str s, int64_t *out)
{
    bool neg = s.n && s.p[0] == '-';
    uint64_t v;
    if (!sp_parse_u64(neg ? sp_from(s, 1) : s, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + (neg ? 1 : 0))
        return false;
    *out = neg ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool sp_parse_bool(sp_str s)
{
    return sp_eq_lit(s, "1") || sp_eq_nocase(s, SP_LIT("on")) || sp_eq_nocase(s, SP_LIT("yes")) ||
           sp_eq_nocase(s, SP_LIT("true"));
}

// Number with an optional fraction, in units of 1/10^9, and what stands after it.
static bool cut_decimal(sp_str *s, uint64_t *whole, uint64_t *nano)
{
    size_t i = 0;
    while (i < s->n && s->p[i] >= '0' && s->p[i] <= '9')
        i++;
    if (!sp_parse_u64((sp_str){s->p, i}, whole))
        return false;
    *nano = 0;
    if (i < s->n && s->p[i] == '.') {
        uint64_t scale = 100000000;
        size_t digits = 0;
        for (i++; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++, digits++) {
            *nano += (uint64_t)(s->p[i] - '0') * scale;
            scale /= 10;
        }
        if (digits == 0)
            return false;
    }
    *s = sp_from(*s, i);
    return true;
}

bool sp_parse_size(sp_str s, uint64_t *out)
{
    uint64_t whole, nano;
    if (!cut_decimal(&s, &whole, &nano))
        return false;
    if (s.n && s.p[0] == ' ')
        s = sp_from(s, 1);
    uint64_t unit = 1;
    static const char letters[] = "kmgtp";
    const char *at = s.n ? strchr(letters, lower(s.p[0])) : NULL;
    if (at && *at) {
        s = sp_from(s, 1);
        uint64_t base = 1000;
        if (s.n && lower(s.p[0]) == 'i') {
            base = 1024;
            s = sp_from(s, 1);
        }
        for (ptrdiff_t i = 0; i <= at - letters; i++)
            unit *= base;
    }
    if (s.n && lower(s.p[0]) == 'b')
        s = sp_from(s, 1);
    if (s.n)
        return false;
    uint64_t v;
    if (__builtin_mul_overflow(whole, unit, &v))
        return false;
    // nano < 10^9 and unit ≤ 2^50: the product fits in 128 bits only.
    uint64_t part = (uint64_t)((__uint128_t)nano * unit / 1000000000u);
    if (__builtin_add_overflow(v, part, &v))
        return false;
    *out = v;
    return true;
}

bool sp_parse_duration(sp_str s, int64_t *ms_out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000},     {"ms", 1},       {"s", 1000},     {"m", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    size_t i = 0;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    int64_t v;
    if (!sp_parse_i64((sp_str){s.p, i}, &v))
        return false;
    sp_str unit = sp_from(s, i);
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        if (!sp_eq(unit, sp_cstr(units[u].unit)))
            continue;
        return !__builtin_mul_overflow(v, units[u].ms, ms_out);
    }
    return false;
}

char *sp_str_dup(sp_str s)
{
    return sp_dupn(s.p, s.n);
}

// SipHash-1-3 (Aumasson, Bernstein 2012) with a random key, so that foreign keys cannot be chosen
// to collide in a map.
static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_seed(void)
{
    if (getrandom(hash_key, sizeof hash_key, GRND_NONBLOCK) != (ssize_t)sizeof hash_key) {
        // Early boot without entropy: weaker, but a map must work.
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        hash_key[0] = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u;
        hash_key[1] = (uint64_t)getpid() << 32 ^ (uint64_t)t.tv_sec ^ (uintptr_t)&t;
    }
}

static inline uint64_t rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

uint64_t sp_str_hash(sp_str s)
{
    pthread_once(&hash_once, hash_seed);
    uint64_t v[4] = {hash_key[0] ^ 0x736f6d6570736575u, hash_key[1] ^ 0x646f72616e646f6du,
                     hash_key[0] ^ 0x6c7967656e657261u, hash_key[1] ^ 0x7465646279746573u};
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t m;
        memcpy(&m, s.p + i, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = (uint64_t)s.n << 56;
    for (size_t j = 0; i + j < s.n; j++)
        last |= (uint64_t)(unsigned char)s.p[i + j] << (8 * j);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int r = 0; r < 3; r++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool sp_eq_secret(sp_str a, sp_str b)
{
    if (a.n != b.n)
        return false;
    volatile unsigned char diff = 0;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}
