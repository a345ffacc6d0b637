// Paths and folder names of the cache, and the checks of every name that goes into one.
#include "cache/layout.h"

#include "cache/part.h"

#include <sys/vfs.h>

#define NETWORK_LOCK_WAIT_MS 60000 // there flock may hang for ever: duplicated bytes are cheaper

static const struct {
    const char *plural, *type;
} types[] = {
    {"models", "model"},
    {"datasets", "dataset"},
    {"spaces", "space"},
    {"kernels", "kernel"},
};

const char *cache_root_default(void)
{
    return sp_conf_str(SP_CONF_hub_cache);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The id becomes a folder name: no second "/" and nothing that could be another repo's folder
// ("a--b" is what "a/b" becomes, and "a-/b" would share a folder with "a/-b"). As huggingface_hub's
// validator has it: parts begin and end with a letter, a digit or "_".
static int check_id(sp_str id, struct sp_err *err)
{
    size_t parts = 0;
    sp_str part, rest = id;
    while (sp_split(&rest, '/', &part)) {
        if (parts++ > 1)
            return sp_fail(err, SP_EFORMAT, "repo id '%.*s' has more than one '/'", SP_FMT(id));
        if (part.n == 0 || part.n > SP_LIM_REPO_PART_CHARS)
            return sp_fail(err, SP_EFORMAT, "repo id '%.*s': a part must have 1 to %d characters",
                           SP_FMT(id), SP_LIM_REPO_PART_CHARS);
        bool ok = is_word(part.p[0]) && is_word(part.p[part.n - 1]);
        for (size_t i = 0; i < part.n; i++)
            ok = ok && (is_word(part.p[i]) || part.p[i] == '-' || part.p[i] == '.');
        if (!ok)
            return sp_fail(
                err, SP_EFORMAT,
                "repo id '%.*s': only letters, digits, '-', '_' and '.' are allowed, and "
                "no '-' or '.' at the ends",
                SP_FMT(id));
    }
    if (parts == 0 || sp_find(id, SP_LIT("--")) >= 0 || sp_find(id, SP_LIT("..")) >= 0)
        return sp_fail(err, SP_EFORMAT, "repo id '%.*s' is not valid", SP_FMT(id));
    return 0;
}

int cache_repo_init(struct cache_repo *out, const char *root, const char *type_plural,
                    const char *id, struct sp_err *err)
{
    bool known = false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        known = known || strcmp(types[i].plural, type_plural) == 0;
    if (!known)
        return sp_fail(err, SP_EINVALID, "unknown repo type '%s'", type_plural);
    SP_TRY(check_id(sp_cstr(id), err));
    struct cache_repo r = {.root = sp_path_real(root && *root ? root : cache_root_default())};
    sp_str name, ns = sp_cut(sp_cstr(id), '/', &name);
    r.folder = name.n ? sp_fmt("%s--%.*s--%.*s", type_plural, SP_FMT(ns), SP_FMT(name))
                      : sp_fmt("%s--%.*s", type_plural, SP_FMT(ns));
    r.dir = sp_path_join(r.root, r.folder);
    r.locks = sp_fmt("%s/.locks/%s", r.root, r.folder);
    *out = r;
    return 0;
}

void cache_repo_fini(struct cache_repo *r)
{
    free(r->root);
    free(r->dir);
    free(r->locks);
    free(r->folder);
    *r = (struct cache_repo){0};
}

int cache_etag_check(sp_str etag, struct sp_err *err)
{
    const char *why = NULL;
    if (etag.n == 0)
        why = "is empty";
    else if (etag.n > SP_LIM_ETAG_BYTES)
        why = "is longer than 240 bytes";
    else if (sp_has_ctl(etag))
        why = "has control characters";
    else if (sp_find_ch(etag, '/') >= 0 || sp_find_ch(etag, '\\') >= 0)
        why = "has a path separator";
    else if (etag.p[0] == '.')
        why = "begins with '.'";
    else if (sp_find(etag, SP_LIT("..")) >= 0)
        why = "contains '..'";
    else if (sp_ends(etag, SP_LIT(CACHE_PART_SUFFIX)) ||
             sp_ends(etag, SP_LIT(CACHE_JOURNAL_SUFFIX)))
        why = "is how a partial download of another file is called";
    if (!why)
        return 0;
    return sp_fail(err, SP_EFORMAT, "the server's ETag '%.*s' cannot be a file name: it %s",
                   (int)(etag.n > 60 ? 60 : etag.n), etag.p ? etag.p : "", why);
}

char *cache_layout_blob_path(const struct cache_repo *r, const char *etag)
{
    return sp_fmt("%s/blobs/%s", r->dir, etag);
}

char *cache_layout_lock_path(const struct cache_repo *r, const char *etag)
{
    return sp_fmt("%s/%s.lock", r->locks, etag);
}

char *cache_layout_ref_path(const struct cache_repo *r, const char *rev)
{
    return sp_fmt("%s/refs/%s", r->dir, rev);
}

char *cache_layout_absent_path(const struct cache_repo *r, const char *commit, const char *file)
{
    return sp_fmt("%s/.no_exist/%s/%s", r->dir, commit, file);
}

char *cache_snapshot_dir(const struct cache_repo *r, const char *commit)
{
    return sp_fmt("%s/snapshots/%s", r->dir, commit);
}

char *cache_snapshot_path(const struct cache_repo *r, const char *commit, const char *file)
{
    return sp_fmt("%s/snapshots/%s/%s", r->dir, commit, file);
}

bool cache_layout_is_commit(const char *s)
{
    return sp_is_hex(sp_cstr(s), 40);
}

int cache_layout_commit_check(const char *commit, struct sp_err *err)
{
    if (cache_layout_is_commit(commit))
        return 0;
    return sp_fail(err, SP_EFORMAT, "'%.60s' is not a commit (40 hex digits)", commit);
}

int cache_layout_rev_check(const char *rev, struct sp_err *err)
{
    if (strlen(rev) > SP_LIM_REF_BYTES)
        return sp_fail(err, SP_EFORMAT, "revision '%.40s…' is longer than %d bytes", rev,
                       SP_LIM_REF_BYTES);
    return sp_path_check(sp_cstr(rev), "revision", err);
}

bool cache_layout_parse_folder(const char **type, char **id, struct sp_arena *a, const char *folder)
{
    const char *dashes = strstr(folder, "--");
    if (!dashes)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i].plural) != (size_t)(dashes - folder) ||
            strncmp(types[i].plural, folder, (size_t)(dashes - folder)) != 0)
            continue;
        *type = types[i].type;
        // every "--" of the rest is a "/", as Python's scanner has it
        char *out = sp_arena_dupn(a, dashes + 2, strlen(dashes + 2)), *to = out;
        for (const char *p = out; *p; to++) {
            bool slash = p[0] == '-' && p[1] == '-';
            *to = slash ? '/' : *p;
            p += slash ? 2 : 1;
        }
        *to = '\0';
        *id = out;
        return true;
    }
    return false;
}

bool cache_layout_is_junk(const char *name)
{
    return strcmp(name, ".DS_Store") == 0 || strcmp(name, "Thumbs.db") == 0 ||
           strcmp(name, "desktop.ini") == 0;
}

int cache_layout_hint(int rc, struct sp_err *err)
{
    if (rc == SP_EACCESS)
        sp_hint(err, "what is cached can be used as it is; to add to it name a writable cache with "
                     "--cache-dir or HF_HUB_CACHE");
    if (rc == SP_ENOSPACE)
        sp_hint(err, "spoke cache prune frees what nothing refers to");
    return rc;
}

int cache_layout_write_tag(const char *dir, struct sp_err *err)
{
    // Python's text, so that whoever comes second finds nothing to change
    static const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                               "# This file is a cache directory tag created by huggingface_hub.\n"
                               "# For information about cache directory tags, see:\n"
                               "#\thttps://bford.info/cachedir/\n";
    SP_AUTO_FREE char *path = sp_path_join(dir, "CACHEDIR.TAG");
    if (sp_exists(path))
        return 0;
    int rc = sp_file_replace(path, SP_LIT(text), 0666, SP_FILE_EXCL, err);
    return rc == SP_EEXIST ? 0 : rc;
}

bool cache_layout_is_network(const char *dir)
{
    static const uint32_t magics[] = {
        0x6969,     // NFS
        0xff534d42, // CIFS
        0xfe534d42, // SMB2
        0x517b,     // SMB
        0x0bd00bd0, // Lustre
        0x65735546, // FUSE
        0x01021997, // 9p
        0x47504653, // GPFS
        0x00c36400, // Ceph
        0x5346414f, // AFS
    };
    struct statfs s;
    if (statfs(dir, &s) != 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if ((uint32_t)s.f_type == magics[i])
            return true;
    return false;
}

int cache_layout_lock(struct sp_lock *out, const char *path, const struct sp_cancel *c,
                      struct sp_err *err)
{
    struct sp_err why = {0};
    SP_AUTO_FREE char *dir = sp_str_dup(sp_path_dir(sp_cstr(path)));
    int64_t wait = cache_layout_is_network(dir) ? NETWORK_LOCK_WAIT_MS : -1;
    int rc = sp_lock_take(out, path, wait, c, &why);
    if (rc == SP_ECANCELLED || rc == SP_ETIMEOUT) {
        if (err)
            *err = why;
        return rc;
    }
    if (rc < 0)
        sp_log("cache", WARN, "going on without a lock: %s", why.msg);
    return 0;
}

sp_str cache_layout_etag_of(sp_str name)
{
    if (sp_ends(name, SP_LIT(CACHE_JOURNAL_SUFFIX)))
        return sp_sub(name, 0, name.n - strlen(CACHE_JOURNAL_SUFFIX));
    if (!sp_ends(name, SP_LIT(CACHE_PART_SUFFIX)))
        return name;
    name.n -= strlen(CACHE_PART_SUFFIX);
    if (name.n > 9 && name.p[name.n - 9] == '.' && sp_is_hex(sp_from(name, name.n - 8), 8))
        name.n -= 9;
    return name;
}
