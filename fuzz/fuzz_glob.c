// First line: pattern, rest: text. The fnmatch is compared with a plain exponential one on short
// input.
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// fnmatch without sets, as simple as can be.
static bool plain(sp_str p, sp_str t)
{
    if (p.n == 0)
        return t.n == 0;
    if (p.p[0] == '*')
        return plain(sp_from(p, 1), t) || (t.n && plain(p, sp_from(t, 1)));
    if (t.n == 0)
        return false;
    return (p.p[0] == '?' || p.p[0] == t.p[0]) && plain(sp_from(p, 1), sp_from(t, 1));
}

static bool ascii(sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80 || s.p[i] == '[')
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sp_str text, pattern = sp_cut(sp_str_of(data, size), '\n', &text);
    if (pattern.n > 4096 || text.n > 4096)
        return 0;
    bool hit = sp_fnmatch(pattern, text);
    if (pattern.n <= 12 && text.n <= 12 && ascii(pattern) && ascii(text))
        SP_ASSERT(hit == plain(pattern, text));
    sp_gitglob(pattern, text, false);
    sp_gitglob(pattern, text, true);
    if (sp_find_ch(pattern, '[') < 0 && sp_find_ch(pattern, '*') < 0 &&
        sp_find_ch(pattern, '?') < 0)
        SP_ASSERT(hit == sp_eq(pattern, text));
    return 0;
}
