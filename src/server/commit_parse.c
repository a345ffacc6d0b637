// Checks one line of a commit before anything is done with it: keys, path, encoding, hash.
#include "server/commit_parse.h"

#include "server/server.h"

// git fsck, and many a server that is pushed to, refuses a tree in which these are no files.
static bool only_a_file(sp_str name)
{
    return sp_eq_nocase(name, SP_LIT(".gitattributes")) ||
           sp_eq_nocase(name, SP_LIT(".gitmodules"));
}

int srv_path_check(sp_str path, struct sp_err *err)
{
    SP_TRY(sp_path_check(path, "commit", err));
    sp_str rest = path, part;
    size_t parts = 0;
    while (sp_split(&rest, '/', &part)) {
        if (++parts > SRV_PATH_PARTS_MAX)
            return sp_fail(err, SP_EINVALID, "%.*s…: folders are nested more than %d deep",
                           SP_FMT(sp_sub(path, 0, 100)), SRV_PATH_PARTS_MAX);
        if (rest.p && only_a_file(part))
            return sp_fail(err, SP_EINVALID, "%.*s: %.*s can only be a file",
                           SP_FMT(sp_sub(path, 0, 100)), SP_FMT(part));
    }
    return 0;
}

static int need_str(sp_str *out, const struct sp_json *value, const char *name, struct sp_err *err)
{
    if (!sp_json_str(sp_json_get(value, name), out))
        return sp_fail(err, SP_EFORMAT, "%s is missing or no string", name);
    return 0;
}

static int parse_path(struct srv_commit_line *l, const struct sp_json *value, struct sp_err *err)
{
    SP_TRY(need_str(&l->path, value, "path", err));
    return srv_path_check(l->path, err);
}

static bool lower_hex(sp_str s, size_t least, size_t most, char *out)
{
    if (s.n < least || s.n > most)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] >= 'A' && s.p[i] <= 'F' ? (char)(s.p[i] + 32) : s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        out[i] = c;
    }
    return true;
}

// copyFile of @huggingface/hub sends an empty summary (copy-files.ts).
static sp_str default_summary(sp_str given)
{
    return sp_trim(given).n ? given : SP_LIT("Update files");
}

#define PARENT_MIN 5 // what huggingface_hub accepts as a parent_commit

static int parse_header(struct srv_commit_line *l, const struct sp_json *value, struct sp_arena *a,
                        struct sp_err *err)
{
    SP_TRY(need_str(&l->summary, value, "summary", err));
    l->summary = default_summary(l->summary);
    l->description = sp_json_get_str(value, "description");
    if (l->summary.n > SRV_COMMIT_SUMMARY_MAX || l->description.n > SRV_COMMIT_DESCRIPTION_MAX)
        return sp_fail(err, SP_ETOOBIG, "the commit message is too long");
    if (sp_has_nul(l->summary) || sp_has_nul(l->description))
        return sp_fail(err, SP_EFORMAT, "the commit message holds a NUL");
    sp_str parent = sp_json_get_str(value, "parentCommit");
    if (parent.n == 0)
        return 0;
    char *hex = (char *)sp_arena_alloc(a, 41);
    if (!lower_hex(parent, PARENT_MIN, 40, hex))
        return sp_fail(err, SP_EFORMAT, "parentCommit is no commit id of 5 to 40 hex digits");
    l->parent = sp_str_of(hex, parent.n);
    return 0;
}

static int parse_file(struct srv_commit_line *l, const struct sp_json *value, struct sp_err *err)
{
    SP_TRY(parse_path(l, value, err));
    SP_TRY_IN(need_str(&l->content, value, "content", err), err, "%.*s", SP_FMT(l->path));
    sp_str encoding = sp_json_get_str(value, "encoding");
    l->base64 = sp_eq_lit(encoding, "base64");
    if (!l->base64 && encoding.n && !sp_eq_lit(encoding, "utf-8"))
        return sp_fail(err, SP_EFORMAT, "%.*s: encoding is base64 or utf-8", SP_FMT(l->path));
    return 0;
}

static int parse_lfs(struct srv_commit_line *l, const struct sp_json *value, struct sp_err *err)
{
    SP_TRY(parse_path(l, value, err));
    sp_str algo = sp_json_get_str(value, "algo");
    if (algo.n && !sp_eq_lit(algo, "sha256"))
        return sp_fail(err, SP_EFORMAT, "%.*s: algo is sha256", SP_FMT(l->path));
    l->oid = sp_json_get_str(value, "oid");
    if (!sp_is_hex(l->oid, 64))
        return sp_fail(err, SP_EFORMAT, "%.*s: oid is no SHA-256 (64 lower-case hex digits)",
                       SP_FMT(l->path));
    const struct sp_json *size = sp_json_get(value, "size");
    if (size && !sp_json_is(size, SP_JSON_NULL) && (!sp_json_i64(size, &l->size) || l->size < 0))
        return sp_fail(err, SP_EFORMAT, "%.*s: size is no number of bytes", SP_FMT(l->path));
    return 0;
}

static int parse_folder(struct srv_commit_line *l, const struct sp_json *value, struct sp_err *err)
{
    SP_TRY(need_str(&l->path, value, "path", err));
    while (l->path.n && l->path.p[l->path.n - 1] == '/')
        l->path.n--;
    return l->path.n ? srv_path_check(l->path, err) : 0;
}

int srv_commit_line_parse(struct srv_commit_line *out, sp_str line, struct sp_arena *a,
                          struct sp_err *err)
{
    struct sp_json *top;
    SP_TRY(srv_json_parse(&top, line, a, err));
    const struct sp_json *value = sp_json_get(top, "value");
    sp_str key = sp_json_get_str(top, "key");
    struct srv_commit_line l = {.size = -1};
    if (!sp_json_is(value, SP_JSON_OBJ))
        return sp_fail(err, SP_EFORMAT, "no object {\"key\": …, \"value\": {…}}");
    int rc;
    if (sp_eq_lit(key, "header")) {
        l.key = SRV_COMMIT_HEADER;
        rc = parse_header(&l, value, a, err);
    } else if (sp_eq_lit(key, "file")) {
        l.key = SRV_COMMIT_FILE;
        rc = parse_file(&l, value, err);
    } else if (sp_eq_lit(key, "lfsFile")) {
        l.key = SRV_COMMIT_LFS_FILE;
        rc = parse_lfs(&l, value, err);
    } else if (sp_eq_lit(key, "deletedFile")) {
        l.key = SRV_COMMIT_DELETED_FILE;
        rc = parse_path(&l, value, err);
    } else if (sp_eq_lit(key, "deletedFolder")) {
        l.key = SRV_COMMIT_DELETED_FOLDER;
        rc = parse_folder(&l, value, err);
    } else {
        rc = sp_fail(err, SP_EFORMAT, "unknown key '%.*s'", SP_FMT(sp_sub(key, 0, 40)));
    }
    if (rc < 0)
        return rc;
    *out = l;
    return 0;
}
