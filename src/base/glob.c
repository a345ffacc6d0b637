// Both dialects of patterns, Python's fnmatch and git's, matched without backtracking into old
// text.
#include "base/glob.h"

#include "base/limits.h"
#include "base/path.h"
#include "base/utf8.h"

// Python's patterns work on code points; a byte that is not UTF-8 is a code point of its own, as
// surrogateescape makes it.
static int32_t next_char(sp_str s, size_t *at)
{
    int32_t c = sp_utf8_next(s, at);
    if (c < 0)
        c = 0xdc00 + (unsigned char)s.p[(*at)++];
    return c;
}

// End of the set that begins after '[' at `at` (index of its ']'), or -1: then '[' is literal.
static ptrdiff_t set_end(sp_str pat, size_t at)
{
    if (at < pat.n && pat.p[at] == '!')
        at++;
    if (at < pat.n && pat.p[at] == ']')
        at++;
    ptrdiff_t end = sp_find_ch(sp_from(pat, at), ']');
    return end < 0 ? -1 : end + (ptrdiff_t)at;
}

// set: between the brackets. A range with its ends reversed is empty.
static bool set_has(sp_str set, int32_t c)
{
    bool negate = set.n && set.p[0] == '!';
    size_t at = negate;
    bool hit = false;
    while (at < set.n && !hit) {
        int32_t from = next_char(set, &at), to = from;
        if (at + 1 < set.n && set.p[at] == '-') {
            at++;
            to = next_char(set, &at);
        }
        hit = c >= from && c <= to;
    }
    return hit != negate;
}

// One element of the pattern (not '*') at *p against one character at *t; advances both on a match.
static bool match_one(sp_str pat, size_t *p, sp_str text, size_t *t)
{
    if (*p >= pat.n || *t >= text.n)
        return false;
    size_t tn = *t, pn = *p;
    int32_t c = next_char(text, &tn);
    int32_t want = next_char(pat, &pn);
    bool ok;
    if (want == '?') {
        ok = true;
    } else if (want == '[') {
        ptrdiff_t end = set_end(pat, pn);
        if (end >= 0) {
            ok = set_has(sp_sub(pat, pn, (size_t)end - pn), c);
            pn = (size_t)end + 1;
        } else {
            ok = c == '[';
        }
    } else {
        ok = c == want;
    }
    if (ok) {
        *p = pn;
        *t = tn;
    }
    return ok;
}

bool sp_fnmatch(sp_str pattern, sp_str text)
{
    // Only the last star needs to be tried again: the earlier ones already took the least they
    // could.
    size_t p = 0, t = 0, star_p = 0, star_t = 0;
    bool star = false;
    for (;;) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = true;
            star_p = ++p;
            star_t = t;
        } else if (t == text.n && p == pattern.n) {
            return true;
        } else if (!match_one(pattern, &p, text, &t)) {
            if (!star || star_t >= text.n)
                return false;
            next_char(text, &star_t);
            t = star_t;
            p = star_p;
        }
    }
}

static void put_slashed(char *out, sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] == '\\' ? '/' : s.p[i];
}

static bool filter_one(const char *pattern, sp_str path)
{
    sp_str pat = sp_cstr(pattern);
    bool dir = pat.n && (pat.p[pat.n - 1] == '/' || pat.p[pat.n - 1] == '\\');
    if (!dir && sp_find_ch(pat, '\\') < 0)
        return sp_fnmatch(pat, path);
    SP_AUTO_FREE char *copy = sp_alloc(pat.n + 2);
    put_slashed(copy, pat);
    if (dir)
        copy[pat.n++] = '*';
    return sp_fnmatch((sp_str){copy, pat.n}, path);
}

static bool any_of(const char *const *patterns, size_t n, sp_str path)
{
    for (size_t i = 0; i < n; i++) {
        if (filter_one(patterns[i], path))
            return true;
    }
    return false;
}

bool sp_filter_match(const struct sp_filter *f, sp_str path)
{
    if (!f)
        return true;
    SP_AUTO_FREE char *copy = NULL;
    if (sp_find_ch(path, '\\') >= 0) {
        copy = sp_alloc(path.n + 1);
        put_slashed(copy, path);
        path.p = copy;
    }
    if ((f->has_allow || f->allow) && !any_of(f->allow, f->allow_n, path))
        return false;
    return !any_of(f->ignore, f->ignore_n, path);
}

// gitattributes/gitignore: the pattern becomes a list of elements, and a set of positions in it
// walks over the text once (a simulated NFA): time is pattern × text whatever the pattern.
enum elem_kind {
    G_LIT,
    G_ANY, // '?'
    G_SET,
    G_STAR,   // '*': any run without '/'
    G_DIRS,   // "**/": zero or more directories; the next element is its G_IN_DIR
    G_IN_DIR, // inside a directory name taken by G_DIRS
    G_REST1,  // "/**" at the end, after its '/': one or more of anything
    G_REST,
};
struct elem {
    unsigned char kind;
    char c;     // LIT
    sp_str set; // SET: between the brackets
};

// End of a set in wildmatch syntax: '!' or '^' negates, ']' first is literal, '\' escapes,
// "[:alpha:]" may stand inside.
static ptrdiff_t git_set_end(sp_str p, size_t at)
{
    if (at < p.n && (p.p[at] == '!' || p.p[at] == '^'))
        at++;
    for (size_t first = at; at < p.n; at++) {
        if (p.p[at] == ']' && at > first)
            return (ptrdiff_t)at;
        if (p.p[at] == '\\') {
            at++;
        } else if (p.p[at] == '[' && at + 1 < p.n && p.p[at + 1] == ':') {
            ptrdiff_t close = sp_find(sp_from(p, at + 2), SP_LIT(":]"));
            if (close >= 0)
                at += (size_t)close + 3;
        }
    }
    return -1;
}

static bool class_has(sp_str name, unsigned char c)
{
    bool up = c >= 'A' && c <= 'Z', low = c >= 'a' && c <= 'z', dig = c >= '0' && c <= '9';
    bool graph = c > 0x20 && c < 0x7f;
    if (sp_eq_lit(name, "alpha"))
        return up || low;
    if (sp_eq_lit(name, "digit"))
        return dig;
    if (sp_eq_lit(name, "alnum"))
        return up || low || dig;
    if (sp_eq_lit(name, "upper"))
        return up;
    if (sp_eq_lit(name, "lower"))
        return low;
    if (sp_eq_lit(name, "xdigit"))
        return dig || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (sp_eq_lit(name, "space"))
        return c == ' ' || (c >= '\t' && c <= '\r');
    if (sp_eq_lit(name, "blank"))
        return c == ' ' || c == '\t';
    if (sp_eq_lit(name, "punct"))
        return graph && !(up || low || dig);
    if (sp_eq_lit(name, "graph"))
        return graph;
    if (sp_eq_lit(name, "print"))
        return graph || c == ' ';
    return sp_eq_lit(name, "cntrl") && (c < 0x20 || c == 0x7f);
}

static bool git_set_has(sp_str set, unsigned char c)
{
    bool negate = set.n && (set.p[0] == '!' || set.p[0] == '^');
    bool hit = false;
    for (size_t at = negate; at < set.n && !hit;) {
        sp_str rest = sp_from(set, at);
        ptrdiff_t close = sp_starts(rest, SP_LIT("[:")) ? sp_find(rest, SP_LIT(":]")) : -1;
        if (close >= 2) {
            hit = class_has(sp_sub(rest, 2, (size_t)close - 2), c);
            at += (size_t)close + 2;
            continue;
        }
        if (set.p[at] == '\\' && at + 1 < set.n)
            at++;
        unsigned char from = (unsigned char)set.p[at++], to = from;
        if (at + 1 < set.n && set.p[at] == '-') {
            at++;
            if (set.p[at] == '\\' && at + 1 < set.n)
                at++;
            to = (unsigned char)set.p[at++];
        }
        // git takes the first end before it looks at the range, so it counts in a reversed one too.
        hit = c == from || (c >= from && c <= to);
    }
    return hit != negate;
}

// anchored: it had a slash, so "**" alone is what is left of "/**" and crosses directories.
// Elements of a pattern; at most one per byte and one more per "**/". -1 = can never match.
static ptrdiff_t compile(struct elem *e, sp_str p, bool anchored)
{
    size_t n = 0;
    for (size_t i = 0; i < p.n; i++) {
        char c = p.p[i];
        bool seg_start = i == 0 || p.p[i - 1] == '/';
        sp_str rest = sp_from(p, i);
        if (seg_start && sp_starts(rest, SP_LIT("**/"))) {
            e[n++] = (struct elem){.kind = G_DIRS};
            e[n++] = (struct elem){.kind = G_IN_DIR};
            i += 2;
        } else if (seg_start && anchored && sp_eq_lit(rest, "**")) {
            e[n++] = (struct elem){.kind = G_REST1};
            e[n++] = (struct elem){.kind = G_REST};
            i++;
        } else if (c == '*') {
            if (n == 0 || e[n - 1].kind != G_STAR)
                e[n++] = (struct elem){.kind = G_STAR};
        } else if (c == '?') {
            e[n++] = (struct elem){.kind = G_ANY};
        } else if (c == '[') {
            ptrdiff_t end = git_set_end(p, i + 1);
            if (end < 0)
                return -1;
            e[n++] = (struct elem){.kind = G_SET, .set = sp_sub(p, i + 1, (size_t)end - i - 1)};
            i = (size_t)end;
        } else {
            if (c == '\\') {
                if (++i >= p.n)
                    return -1;
                c = p.p[i];
            }
            e[n++] = (struct elem){.kind = G_LIT, .c = c};
        }
    }
    return (ptrdiff_t)n;
}

// Positions that need no character to be reached from i, i included.
static void enter(unsigned char *set, const struct elem *e, size_t n, size_t i)
{
    for (;;) {
        if (set[i])
            return;
        set[i] = 1;
        if (i < n && (e[i].kind == G_STAR || e[i].kind == G_REST))
            i += 1;
        else if (i < n && e[i].kind == G_DIRS)
            i += 2;
        else
            return;
    }
}

static void step(unsigned char *to, const struct elem *e, size_t n, size_t i, char c)
{
    switch ((enum elem_kind)e[i].kind) {
    case G_LIT:
        if (e[i].c == c)
            enter(to, e, n, i + 1);
        break;
    case G_ANY:
        if (c != '/')
            enter(to, e, n, i + 1);
        break;
    case G_SET:
        if (c != '/' && git_set_has(e[i].set, (unsigned char)c))
            enter(to, e, n, i + 1);
        break;
    case G_STAR:
        if (c != '/')
            enter(to, e, n, i);
        break;
    case G_DIRS:
        if (c != '/')
            enter(to, e, n, i + 1);
        break;
    case G_IN_DIR:
        enter(to, e, n, c == '/' ? i - 1 : i);
        break;
    case G_REST1:
        enter(to, e, n, i + 1);
        break;
    case G_REST:
        enter(to, e, n, i);
        break;
    }
}

static bool run(const struct elem *e, size_t n, sp_str text)
{
    SP_AUTO_FREE unsigned char *sets = sp_alloc(2 * (n + 1));
    unsigned char *now = sets, *then = sets + n + 1;
    enter(now, e, n, 0);
    for (size_t t = 0; t < text.n; t++) {
        memset(then, 0, n + 1);
        for (size_t i = 0; i < n; i++) {
            if (now[i])
                step(then, e, n, i, text.p[t]);
        }
        unsigned char *swap = now;
        now = then;
        then = swap;
    }
    return now[n];
}

static bool plain(sp_str p)
{
    for (size_t i = 0; i < p.n; i++) {
        if (strchr("*?[\\", p.p[i]))
            return false;
    }
    return true;
}

bool sp_gitglob(sp_str pattern, sp_str path, bool is_dir)
{
    if (pattern.n == 0 || pattern.n > SP_LIM_PATH_BYTES || sp_has_nul(pattern))
        return false;
    if (pattern.p[pattern.n - 1] == '/') {
        if (!is_dir)
            return false;
        pattern.n--;
    }
    bool anchored = sp_find_ch(pattern, '/') >= 0;
    if (!anchored)
        path = sp_path_base(path);
    else if (pattern.p[0] == '/')
        pattern = sp_from(pattern, 1);
    if (plain(pattern))
        return sp_eq(pattern, path);
    // The most common rows of .gitattributes: "*.bin".
    if (!anchored && pattern.p[0] == '*' && pattern.n > 1 && plain(sp_from(pattern, 1)))
        return sp_ends(path, sp_from(pattern, 1));
    SP_AUTO_FREE struct elem *e = sp_new_n(struct elem, pattern.n + 2);
    ptrdiff_t n = compile(e, pattern, anchored);
    return n >= 0 && run(e, (size_t)n, path);
}
