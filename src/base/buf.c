// Growing bytes with an optional ceiling, and the text forms (URL, base64, hex) that go into them.
#include "base/buf.h"

#include "base/utf8.h"

#define BUF_FIRST_BYTES ((size_t)64)

static size_t ceiling(const struct sp_buf *b)
{
    return b->max ? b->max : SP_BUF_DEFAULT_MAX;
}

// Makes room for n more bytes and the NUL.
static bool reserve(struct sp_buf *b, size_t n)
{
    if (b->bad)
        return false;
    size_t max = ceiling(b);
    if (b->n > max || n > max - b->n) {
        b->bad = SP_ETOOBIG;
        return false;
    }
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : b->cap;
    while (cap < need)
        cap += cap;
    if (cap > max + 1 && max < SIZE_MAX)
        cap = max + 1;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->bad = SP_EINTERNAL;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void sp_buf_put(struct sp_buf *b, const void *p, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void sp_buf_str(struct sp_buf *b, sp_str s)
{
    sp_buf_put(b, s.p, s.n);
}

void sp_buf_cstr(struct sp_buf *b, const char *s)
{
    sp_buf_str(b, sp_cstr(s));
}

void sp_buf_ch(struct sp_buf *b, char c)
{
    if (!b->bad && b->n + 1 < b->cap && b->n < ceiling(b)) {
        b->p[b->n++] = c;
        b->p[b->n] = 0;
        return;
    }
    sp_buf_put(b, &c, 1);
}

void sp_buf_vprintf(struct sp_buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n < 0) {
        b->bad = b->bad ? b->bad : SP_EINTERNAL;
    } else if ((size_t)n < sizeof small) {
        sp_buf_put(b, small, (size_t)n);
    } else if (reserve(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void sp_buf_printf(struct sp_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sp_buf_vprintf(b, fmt, ap);
    va_end(ap);
}

char *sp_buf_room(struct sp_buf *b, size_t n)
{
    return reserve(b, n) ? b->p + b->n : NULL;
}

void sp_buf_added(struct sp_buf *b, size_t n)
{
    if (n == 0)
        return;
    SP_ASSERT(b->n + n < b->cap);
    b->n += n;
    b->p[b->n] = 0;
}

void sp_buf_cut(struct sp_buf *b, size_t n)
{
    if (n < b->n) {
        b->n = n;
        b->p[n] = 0;
    }
}

void sp_buf_shift(struct sp_buf *b, size_t n)
{
    if (n == 0 || b->n == 0)
        return;
    if (n > b->n)
        n = b->n;
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
    b->p[b->n] = 0;
}

void sp_buf_reset(struct sp_buf *b)
{
    b->n = 0;
    b->bad = 0;
    if (b->p)
        b->p[0] = 0;
}

void sp_buf_fini(struct sp_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
    b->bad = 0;
}

int sp_buf_done(const struct sp_buf *b, const char *what, struct sp_err *err)
{
    if (b->bad == 0)
        return 0;
    if (b->bad == SP_ETOOBIG)
        return sp_fail(err, SP_ETOOBIG, "%s: more than %zu bytes", what, ceiling(b));
    return sp_fail(err, b->bad, "%s: no memory", what);
}

char *sp_buf_take(struct sp_buf *b)
{
    char *p = b->p ? b->p : sp_dup("");
    b->p = NULL;
    b->n = b->cap = 0;
    return p;
}

static const char hex_digits[] = "0123456789abcdef";

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void sp_buf_url(struct sp_buf *b, sp_str s, const char *safe)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (unreserved(c) || (c && safe && strchr(safe, c))) {
            sp_buf_ch(b, c);
        } else {
            unsigned char u = (unsigned char)c;
            const char esc[3] = {'%', "0123456789ABCDEF"[u >> 4], "0123456789ABCDEF"[u & 15]};
            sp_buf_put(b, esc, 3);
        }
    }
}

void sp_buf_hex(struct sp_buf *b, const void *p, size_t n)
{
    if (n > SIZE_MAX / 2) {
        b->bad = b->bad ? b->bad : SP_ETOOBIG;
        return;
    }
    char *out = sp_buf_room(b, n * 2);
    if (!out)
        return;
    const unsigned char *in = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[in[i] >> 4];
        out[2 * i + 1] = hex_digits[in[i] & 15];
    }
    sp_buf_added(b, n * 2);
}

void sp_buf_b64(struct sp_buf *b, const void *p, size_t n, bool url_alphabet, bool pad)
{
    static const char std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *abc = url_alphabet ? url : std;
    const unsigned char *in = p;
    char *start = n > SIZE_MAX / 2 ? NULL : sp_buf_room(b, (n + 2) / 3 * 4);
    if (!start) {
        b->bad = b->bad ? b->bad : SP_ETOOBIG;
        return;
    }
    char *out = start;
    size_t i = 0;
    for (; i + 3 <= n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *out++ = abc[v >> 18];
        *out++ = abc[v >> 12 & 63];
        *out++ = abc[v >> 6 & 63];
        *out++ = abc[v & 63];
    }
    if (i < n) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0);
        *out++ = abc[v >> 18];
        *out++ = abc[v >> 12 & 63];
        if (i + 1 < n)
            *out++ = abc[v >> 6 & 63];
        else if (pad)
            *out++ = '=';
        if (pad)
            *out++ = '=';
    }
    sp_buf_added(b, (size_t)(out - start));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int sp_buf_unurl(struct sp_buf *b, sp_str s, bool plus_is_space, struct sp_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int hi = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return sp_fail(err, SP_EFORMAT, "bad percent-encoding at byte %zu", i);
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        sp_buf_ch(b, c);
    }
    return 0;
}

static int b64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return -1;
}

int sp_buf_unb64(struct sp_buf *b, sp_str s, struct sp_err *err)
{
    size_t n = s.n;
    for (int i = 0; i < 2 && n && s.p[n - 1] == '='; i++)
        n--;
    // Padding, where it is given, must fill the last group of four.
    if (n % 4 == 1 || (n != s.n && s.n % 4 != 0))
        return sp_fail(err, SP_EFORMAT, "base64 of %zu characters has a wrong length", s.n);
    char *start = sp_buf_room(b, n / 4 * 3 + 3);
    if (!start)
        return 0; // sticky; the caller asks sp_buf_done
    char *out = start;
    uint32_t v = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        int d = b64_value(s.p[i]);
        if (d < 0) {
            *start = 0;
            return sp_fail(err, SP_EFORMAT, "byte %zu is not base64", i);
        }
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (char)(v >> bits);
            v &= (1u << bits) - 1;
        }
    }
    if (v) {
        *start = 0;
        return sp_fail(err, SP_EFORMAT, "base64 has stray bits at its end");
    }
    sp_buf_added(b, (size_t)(out - start));
    if (out == start)
        *start = 0;
    return 0;
}

bool sp_hex_decode(uint8_t *out, size_t n, sp_str hex)
{
    if (hex.n != n * 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(hex.p[2 * i]), lo = hex_value(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

bool sp_is_hex(sp_str s, size_t n)
{
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

void sp_buf_plain(struct sp_buf *b, sp_str s)
{
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        int32_t cp = sp_utf8_next(s, &at);
        if (cp < 0)
            at = from + 1;
        if (sp_utf8_acts(cp)) // -1 is one of them
            sp_buf_ch(b, '?');
        else
            sp_buf_put(b, s.p + from, at - from);
    }
}
