// Trees and commits read from git's own bytes: no libgit2 object per row of a large folder.
#include "server/git.h"

void srv_git_hex(char out[41], const uint8_t bin[GIT_BIN])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < GIT_BIN; i++) {
        out[2 * i] = digits[bin[i] >> 4];
        out[2 * i + 1] = digits[bin[i] & 15];
    }
    out[GIT_HEX] = 0;
}

bool srv_git_bin(uint8_t out[GIT_BIN], sp_str hex)
{
    return hex.n == GIT_HEX && sp_hex_decode(out, GIT_BIN, hex);
}

// One row: octal mode, space, name, NUL, 20 bytes of id.
int srv_tree_next(struct srv_tree_row *out, sp_str raw, size_t *at, struct sp_err *err)
{
    size_t i = *at;
    if (i == raw.n)
        return 0;
    unsigned mode = 0;
    size_t digits = 0;
    while (i < raw.n && raw.p[i] >= '0' && raw.p[i] <= '7' && digits++ < 6)
        mode = mode * 8 + (unsigned)(raw.p[i++] - '0');
    if (digits == 0 || i == raw.n || raw.p[i] != ' ')
        return sp_fail(err, SP_EFORMAT, "bad mode in a tree object at byte %zu", *at);
    i++;
    const char *nul = (const char *)memchr(raw.p + i, 0, raw.n - i);
    if (!nul || nul == raw.p + i || (size_t)(raw.p + raw.n - nul) < 1 + GIT_BIN)
        return sp_fail(err, SP_EFORMAT, "bad name in a tree object at byte %zu", *at);
    out->mode = mode;
    out->name = sp_str_of(raw.p + i, (size_t)(nul - raw.p) - i);
    out->oid = (const uint8_t *)nul + 1;
    *at = (size_t)(nul - raw.p) + 1 + GIT_BIN;
    return 1;
}

int srv_name_cmp(sp_str a, bool a_dir, sp_str b, bool b_dir)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    int ca = a.n > n ? (uint8_t)a.p[n] : a_dir ? '/' : 0;
    int cb = b.n > n ? (uint8_t)b.p[n] : b_dir ? '/' : 0;
    return ca - cb;
}

// "Name <mail> seconds zone" of an author or committer line.
static bool parse_who(sp_str line, sp_str *name, sp_str *email, int64_t *date_s)
{
    ptrdiff_t lt = sp_find_ch(line, '<'), gt = sp_rfind_ch(line, '>');
    if (lt < 0 || gt < lt)
        return false;
    *name = sp_trim(sp_sub(line, 0, (size_t)lt));
    *email = sp_sub(line, (size_t)lt + 1, (size_t)(gt - lt - 1));
    sp_str rest, when = sp_cut(sp_trim(sp_from(line, (size_t)gt + 1)), ' ', &rest);
    return sp_parse_i64(when, date_s);
}

int srv_git_commit_parse(struct srv_git_commit_raw *out, sp_str raw, struct sp_err *err)
{
    struct srv_git_commit_raw c = {0};
    bool tree = false, author = false, committer = false;
    sp_str rest = raw, line, name, email;
    int64_t when;
    while (sp_split(&rest, '\n', &line) && line.n) {
        if (sp_starts(line, SP_LIT("tree ")) && !tree)
            tree = srv_git_bin(c.tree, sp_from(line, 5));
        else if (sp_starts(line, SP_LIT("parent ")) && c.parents_n++ == 0) {
            if (!srv_git_bin(c.parent, sp_from(line, 7)))
                return sp_fail(err, SP_EFORMAT, "bad parent line in a commit object");
        } else if (sp_starts(line, SP_LIT("author ")))
            author = parse_who(sp_from(line, 7), &c.author, &c.email, &when);
        else if (sp_starts(line, SP_LIT("committer ")))
            committer = parse_who(sp_from(line, 10), &name, &email, &c.date_s);
    }
    if (!tree || !author || !committer)
        return sp_fail(err, SP_EFORMAT, "bad commit object");
    c.message = rest;
    *out = c;
    return 0;
}

int srv_git_read(git_odb_object **obj, sp_str *raw, struct srv_git_handle *h,
                 const uint8_t oid[GIT_BIN], git_object_t type, struct sp_err *err)
{
    char hex[41];
    srv_git_hex(hex, oid);
    git_oid id;
    git_oid_fromraw(&id, oid);
    SP_AUTO_OBJ git_odb_object *o = NULL;
    int rc = git_odb_read(&o, h->odb, &id);
    if (rc < 0)
        return srv_git_fail(err, rc, "reading object %s of repository %lld", hex,
                            (long long)h->shared->id);
    if (git_odb_object_type(o) != type)
        return sp_fail(err, SP_ENOTFOUND, "object %s is a %s, not a %s", hex,
                       git_object_type2string(git_odb_object_type(o)),
                       git_object_type2string(type));
    *raw = sp_str_of(git_odb_object_data(o), git_odb_object_size(o));
    *obj = sp_take(&o);
    return 0;
}
