// Which paths of a repo may become files here, and the parts and expansion of local paths.
#include "base/path.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

// The path in a message: cut, and without control bytes.
static void show(char out[96], sp_str path)
{
    size_t n = 0;
    for (size_t i = 0; i < path.n && n < 90; i++) {
        unsigned char c = (unsigned char)path.p[i];
        out[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    out[n] = 0;
    if (!sp_utf8_valid((sp_str){out, n})) {
        for (size_t i = 0; i < n; i++)
            out[i] = (out[i] & 0x80) ? '?' : out[i];
    }
}

static int refuse(sp_str path, const char *what, const char *why, struct sp_err *err)
{
    char shown[96];
    show(shown, path);
    return sp_fail(err, SP_EFORMAT, "%s: path \"%s\" %s", what, shown, why);
}

// Left out by HFS+ when it compares names (git's CVE-2014-9390): ".g\u200cit" is ".git" there.
static bool ignorable(int32_t cp)
{
    return (cp >= 0x200c && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x206a && cp <= 0x206f) || cp == 0xfeff;
}

// The name of git's own folder, or what another system takes for it: any case, NTFS's short name,
// streams (".git::$INDEX_ALLOCATION"), trailing dots and spaces.
static bool is_git_folder(sp_str seg)
{
    char name[8];
    size_t n = 0, at = 0;
    while (at < seg.n) {
        int32_t cp = sp_utf8_next(seg, &at);
        if (ignorable(cp))
            continue;
        if (cp == ':')
            break;
        if ((cp == '.' || cp == ' ') && n >= 4) { // all the rest must be of that kind
            sp_str rest = sp_from(seg, at);
            while (rest.n && (rest.p[0] == '.' || rest.p[0] == ' '))
                rest = sp_from(rest, 1);
            if (rest.n && rest.p[0] != ':')
                return false;
            break;
        }
        if (cp < 0 || cp >= 0x7f || n == sizeof name)
            return false;
        name[n++] = (char)cp;
    }
    return sp_eq_nocase(sp_str_of(name, n), SP_LIT(".git")) ||
           sp_eq_nocase(sp_str_of(name, n), SP_LIT("git~1"));
}

int sp_path_check(sp_str path, const char *what, struct sp_err *err)
{
    if (path.n == 0)
        return sp_fail(err, SP_EFORMAT, "%s: empty path", what);
    if (path.n > SP_LIM_PATH_BYTES)
        return refuse(path, what, "is longer than 4096 bytes", err);
    if (sp_has_ctl(path))
        return refuse(path, what, "has control characters", err);
    if (!sp_utf8_valid(path))
        return refuse(path, what, "is not UTF-8", err);
    if (path.p[0] == '/' || path.p[0] == '\\')
        return refuse(path, what, "is absolute", err);
    char first = (char)(path.p[0] | 0x20);
    if (first >= 'a' && first <= 'z' && path.n >= 2 && path.p[1] == ':' &&
        (path.n == 2 || path.p[2] == '/' || path.p[2] == '\\'))
        return refuse(path, what, "begins with a drive letter", err);
    // Backslash separates on other systems, so no ".." may hide behind one either.
    size_t from = 0, slash_from = 0, parts = 0;
    for (size_t i = 0; i <= path.n; i++) {
        char c = i < path.n ? path.p[i] : '/';
        if (c != '/' && c != '\\')
            continue;
        sp_str seg = sp_sub(path, from, i - from);
        if (seg.n == 0)
            return refuse(path, what, "has an empty segment", err);
        if (++parts > SP_LIM_PATH_PARTS)
            return refuse(path, what, "is nested too deeply", err);
        if (sp_eq_lit(seg, ".") || sp_eq_lit(seg, ".."))
            return refuse(path, what, "has a \".\" or \"..\" segment", err);
        // A config there is commands that run when the user types `git status` in that folder.
        if (is_git_folder(seg))
            return refuse(path, what, "has a part called .git, which is git's own folder", err);
        from = i + 1;
        if (c == '/') {
            if (i - slash_from > SP_LIM_PATH_SEGMENT_BYTES)
                return refuse(path, what, "has a name longer than 255 bytes", err);
            slash_from = i + 1;
        }
    }
    return 0;
}

char *sp_path_join_n(const char *dir, sp_str rel)
{
    if (rel.n && rel.p[0] == '/')
        return sp_str_dup(rel);
    size_t n = strlen(dir);
    if (n == 0)
        return sp_str_dup(rel);
    return sp_fmt("%s%s%.*s", dir, dir[n - 1] == '/' ? "" : "/", SP_FMT(rel));
}

char *sp_path_join(const char *a, const char *b)
{
    return sp_path_join_n(a, sp_cstr(b));
}

sp_str sp_path_base(sp_str path)
{
    ptrdiff_t at = sp_rfind_ch(path, '/');
    return at < 0 ? path : sp_from(path, (size_t)at + 1);
}

sp_str sp_path_dir(sp_str path)
{
    ptrdiff_t at = sp_rfind_ch(path, '/');
    if (at < 0)
        return (sp_str){path.p, 0};
    return (sp_str){path.p, at == 0 ? 1 : (size_t)at}; // "/x" lies in "/"
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// $NAME or ${NAME} at the start of s: appends its value, returns the length of what was replaced.
// An unset variable stays as written, as Python's expandvars leaves it.
static size_t expand_var(struct sp_buf *out, sp_str s)
{
    size_t from = 1, n = 0;
    bool braced = s.n > 1 && s.p[1] == '{';
    if (braced) {
        ptrdiff_t close = sp_find_ch(s, '}');
        if (close < 0)
            return 0;
        from = 2;
        n = (size_t)close - 2;
    } else {
        while (from + n < s.n && name_char(s.p[from + n]))
            n++;
    }
    if (n == 0)
        return 0;
    SP_AUTO_FREE char *name = sp_dupn(s.p + from, n);
    const char *value = getenv(name);
    if (!value)
        return 0;
    sp_buf_cstr(out, value);
    return from + n + braced;
}

static const char *home_dir(void)
{
    const char *home = getenv("HOME");
    if (home && *home)
        return home;
    struct passwd *pw = getpwuid(getuid());
    return pw && pw->pw_dir ? pw->pw_dir : "/";
}

// "~" or "~name" at the start: appends the home, returns the length of what was replaced. A name
// that nobody has, and what does not begin so, stays as written.
static size_t expand_home(struct sp_buf *out, sp_str s)
{
    if (!s.n || s.p[0] != '~')
        return 0;
    ptrdiff_t slash = sp_find_ch(s, '/');
    sp_str name = sp_sub(s, 1, (slash < 0 ? s.n : (size_t)slash) - 1);
    if (name.n == 0) {
        sp_buf_cstr(out, home_dir());
        return 1;
    }
    SP_AUTO_FREE char *user = sp_str_dup(name);
    struct passwd *pw = getpwnam(user);
    if (!pw || !pw->pw_dir)
        return 0;
    sp_buf_cstr(out, pw->pw_dir);
    return 1 + name.n;
}

char *sp_path_expand(const char *s)
{
    SP_AUTO_BUF struct sp_buf out = SP_BUF_MAX(SP_MIB);
    sp_str rest = sp_cstr(s);
    rest = sp_from(rest, expand_home(&out, rest));
    while (rest.n) {
        size_t used = rest.p[0] == '$' ? expand_var(&out, rest) : 0;
        if (used == 0) {
            sp_buf_ch(&out, rest.p[0]);
            used = 1;
        }
        rest = sp_from(rest, used);
    }
    return sp_buf_take(&out);
}

char *sp_path_abs(const char *s)
{
    SP_AUTO_FREE char *cwd = s[0] == '/' ? NULL : getcwd(NULL, 0);
    SP_AUTO_FREE char *full = s[0] == '/' ? sp_dup(s) : sp_fmt("%s/%s", cwd ? cwd : "", s);
    SP_AUTO_BUF struct sp_buf out = {0};
    sp_str seg, rest = sp_cstr(full);
    while (sp_split(&rest, '/', &seg)) {
        if (seg.n == 0 || sp_eq_lit(seg, "."))
            continue;
        if (sp_eq_lit(seg, "..")) {
            ptrdiff_t at = sp_rfind_ch(sp_buf_view(&out), '/');
            if (at >= 0)
                sp_buf_cut(&out, (size_t)at);
            continue;
        }
        sp_buf_ch(&out, '/');
        sp_buf_str(&out, seg);
    }
    if (out.n == 0)
        sp_buf_ch(&out, '/');
    return sp_buf_take(&out);
}

char *sp_path_real(const char *s)
{
    SP_AUTO_BUF struct sp_buf out = SP_BUF_MAX(SP_MIB);
    sp_str rest = sp_cstr(s);
    rest = sp_from(rest, expand_home(&out, rest));
    sp_buf_str(&out, rest);
    SP_AUTO_FREE char *there = sp_buf_take(&out);
    SP_AUTO_FREE char *cwd = there[0] == '/' ? NULL : getcwd(NULL, 0);
    SP_AUTO_FREE char *full = sp_path_join(cwd ? cwd : "/", there);
    // What is not there yet is added to the longest part that is.
    for (size_t n = strlen(full); n > 0; n = sp_path_dir((sp_str){full, n}).n) {
        SP_AUTO_FREE char *head = sp_str_dup((sp_str){full, n});
        SP_AUTO_FREE char *real = realpath(head, NULL);
        if (real) {
            SP_AUTO_FREE char *joined = sp_fmt("%s/%s", real, full + n);
            return sp_path_abs(joined);
        }
    }
    return sp_path_abs(full);
}
