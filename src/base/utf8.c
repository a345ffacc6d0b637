// Decoding of UTF-8, and what a terminal makes of a character: its width, or mischief.
#include "base/utf8.h"

int32_t sp_utf8_next(sp_str s, size_t *at)
{
    if (*at >= s.n)
        return -1;
    const unsigned char *p = (const unsigned char *)s.p + *at;
    size_t left = s.n - *at;
    uint32_t c = p[0];
    if (c < 0x80) {
        *at += 1;
        return (int32_t)c;
    }
    // First byte gives the length and the smallest code point that may take so many bytes.
    size_t len;
    uint32_t least;
    if (c >= 0xc2 && c <= 0xdf) {
        len = 2, least = 0x80, c &= 0x1f;
    } else if ((c & 0xf0) == 0xe0) {
        len = 3, least = 0x800, c &= 0x0f;
    } else if (c >= 0xf0 && c <= 0xf4) {
        len = 4, least = 0x10000, c &= 0x07;
    } else {
        return -1;
    }
    if (left < len)
        return -1;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return -1;
    *at += len;
    return (int32_t)c;
}

bool sp_utf8_valid(sp_str s)
{
    size_t at = 0;
    while (at < s.n) {
        // Eight ASCII bytes at a time: names and JSON are mostly that.
        uint64_t w;
        while (s.n - at >= 8 && (memcpy(&w, s.p + at, 8), (w & 0x8080808080808080u) == 0))
            at += 8;
        if (at < s.n && sp_utf8_next(s, &at) < 0)
            return false;
    }
    return true;
}

size_t sp_utf8_put(char out[4], uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

struct range {
    uint32_t from, to;
};
// Unicode 15: the blocks of combining marks and format characters that stand in file names and
// cards.
static const struct range zero_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x06d6, 0x06dc}, {0x093a, 0x093a}, {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d},
    {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20ff}, {0x302a, 0x302d},
    {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};
// East Asian Width W and F, and emoji that terminals draw over two columns.
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x2728, 0x2728},
    {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff}, {0x1f18e, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7f0},
    {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (cp > r[mid].to)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && cp >= r[lo].from;
}

size_t sp_utf8_width(sp_str s)
{
    size_t width = 0, at = 0;
    while (at < s.n) {
        int32_t cp = sp_utf8_next(s, &at);
        if (cp < 0) {
            at++; // a bad byte is drawn as one replacement character
            width++;
        } else if (cp < 0x300) {
            width += cp >= 0x20 && cp != 0x7f;
        } else if (in_ranges((uint32_t)cp, wide, sizeof wide / sizeof wide[0]) &&
                   !in_ranges((uint32_t)cp, zero_width, sizeof zero_width / sizeof zero_width[0])) {
            width += 2;
        } else {
            width += !in_ranges((uint32_t)cp, zero_width, sizeof zero_width / sizeof zero_width[0]);
        }
    }
    return width;
}

bool sp_utf8_acts(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c || cp == 0x200e ||
           cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}
