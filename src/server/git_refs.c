// Names of commits: branches, tags, short ids; set by compare-and-swap, also beside a running git.
#include "server/git.h"

#include <sys/stat.h>

// A ref is remembered together with the state of the two files that can hold it: its own and
// packed-refs. One or two stat calls say whether it may have changed, also when git itself did it.
#define REFS_REMEMBERED 4096 // per repository; then all are forgotten

struct file_state {
    ino_t inode;
    off_t size;
    struct timespec changed;
    bool exists;
};
struct remembered {
    struct file_state own, packed;
    bool found;
    uint8_t oid[GIT_BIN]; // of the commit
};

static void look_at(struct file_state *out, const char *path)
{
    struct stat st;
    memset(out, 0, sizeof *out);
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    out->exists = true;
    out->inode = st.st_ino;
    out->size = st.st_size;
    out->changed = st.st_ctim;
}

static bool same_state(const struct file_state *a, const struct file_state *b)
{
    return a->exists == b->exists && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static int peel(uint8_t oid[GIT_BIN], struct srv_git_handle *h, const char *name,
                struct sp_err *err)
{
    git_reference *ref = NULL;
    git_object *commit = NULL;
    int rc = git_reference_lookup(&ref, h->repo, name);
    if (rc >= 0)
        rc = git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT);
    if (rc >= 0)
        memcpy(oid, git_object_id(commit)->id, GIT_BIN);
    git_object_free(commit);
    git_reference_free(ref);
    if (rc == GIT_ENOTFOUND || rc == GIT_EPEEL || rc == GIT_EINVALIDSPEC)
        return sp_fail(err, SP_EREVISION, "no ref %s", name);
    return rc < 0 ? srv_git_fail(err, rc, "reading %s", name) : 0;
}

static void remember(struct srv_git_shared *s, const char *name, const struct remembered *r)
{
    pthread_mutex_lock(&s->memo);
    if (s->refs.n >= REFS_REMEMBERED) {
        sp_map_fini(&s->refs, free);
        memset(&s->refs, 0, sizeof s->refs);
    }
    struct remembered *kept = sp_new(struct remembered);
    *kept = *r;
    free(sp_map_put(&s->refs, sp_cstr(name), kept));
    pthread_mutex_unlock(&s->memo);
}

int srv_ref_get(uint8_t oid[GIT_BIN], struct srv_git *g, int64_t repo_id, const char *name,
                struct sp_err *err)
{
    SP_AUTO_HOLD struct srv_git_shared *s = NULL;
    SP_TRY(srv_git_hold(&s, g, repo_id, err));
    char path[SP_LIM_PATH_BYTES];
    size_t path_n = strlen(s->path), name_n = strlen(name);
    if (path_n + name_n + sizeof "/packed-refs" > sizeof path)
        return sp_fail(err, SP_EREVISION, "no ref %s", name);
    memcpy(path, s->path, path_n);
    path[path_n++] = '/';
    memcpy(path + path_n, name, name_n + 1);
    struct remembered now = {0};
    look_at(&now.own, path);
    if (!now.own.exists) { // a ref's own file has the last word
        strcpy(path + path_n, "packed-refs");
        look_at(&now.packed, path);
    }
    pthread_mutex_lock(&s->memo);
    const struct remembered *r = (const struct remembered *)sp_map_get(&s->refs, sp_cstr(name));
    bool hit = r && same_state(&r->own, &now.own) && same_state(&r->packed, &now.packed);
    if (hit)
        now = *r;
    pthread_mutex_unlock(&s->memo);
    if (!hit && !now.own.exists && !now.packed.exists)
        hit = true; // nothing can hold it
    if (!hit) {
        SP_AUTO_GIT struct srv_git_handle *h = NULL;
        SP_TRY(srv_git_borrow(&h, g, repo_id, err));
        int rc = peel(now.oid, h, name, err);
        if (rc < 0 && rc != SP_EREVISION)
            return rc;
        now.found = rc == 0;
        remember(s, name, &now);
    }
    if (!now.found)
        return sp_fail(err, SP_EREVISION, "no ref %s", name);
    memcpy(oid, now.oid, GIT_BIN);
    return 0;
}

static void forget(struct srv_git_shared *s, const char *name)
{
    pthread_mutex_lock(&s->memo);
    free(sp_map_del(&s->refs, sp_cstr(name)));
    pthread_mutex_unlock(&s->memo);
}

// ---- revisions

#define SHORT_HEX_MIN 7

static bool all_hex(sp_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f') ||
              (s.p[i] >= 'A' && s.p[i] <= 'F')))
            return false;
    return s.n > 0;
}

// Full or short id of a commit. Known commits are remembered in the entries' memo.
static int resolve_hex(char commit[41], struct srv_git *g, int64_t repo_id, sp_str hex,
                       struct sp_err *err)
{
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    git_oid id, full;
    git_object_t type;
    size_t len;
    int rc = git_oid_fromstrn(&id, hex.p, hex.n);
    if (rc >= 0 && hex.n < GIT_HEX) {
        rc = git_odb_exists_prefix(&full, h->odb, &id, hex.n);
        id = full;
    }
    if (rc >= 0)
        rc = git_odb_read_header(&len, &type, h->odb, &id);
    if (rc < 0 && rc != GIT_ENOTFOUND && rc != GIT_EAMBIGUOUS)
        return srv_git_fail(err, rc, "looking for %.*s", SP_FMT(hex));
    if (rc == GIT_EAMBIGUOUS)
        return sp_fail(err, SP_EREVISION, "several objects begin with %.*s", SP_FMT(hex));
    if (rc < 0 || type != GIT_OBJECT_COMMIT)
        return sp_fail(err, SP_EREVISION, "no commit %.*s", SP_FMT(hex));
    srv_git_hex(commit, id.id);
    return 0;
}

int srv_git_commit_tree(uint8_t tree[GIT_BIN], struct srv_git *g, int64_t repo_id,
                        const char *commit, struct sp_err *err)
{
    uint8_t bin[GIT_BIN];
    if (!srv_git_bin(bin, sp_cstr(commit)))
        return sp_fail(err, SP_EREVISION, "bad commit id");
    struct srv_git_key k;
    srv_git_key(&k, repo_id, bin, sizeof bin, SP_LIT(""));
    struct srv_git_tree_id *v =
        (struct srv_git_tree_id *)srv_memo_get(g->entries, sp_str_of(k.p, k.n));
    if (v) {
        memcpy(tree, v->tree, GIT_BIN);
        srv_memo_release(g->entries, v);
        return 0;
    }
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    SP_AUTO_OBJ git_odb_object *o = NULL;
    sp_str raw;
    struct srv_git_commit_raw c;
    int rc = srv_git_read(&o, &raw, h, bin, GIT_OBJECT_COMMIT, err);
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, SP_EREVISION, "no commit %s", commit);
    SP_TRY(rc);
    SP_TRY(srv_git_commit_parse(&c, raw, err));
    v = sp_new(struct srv_git_tree_id);
    memcpy(v->tree, c.tree, GIT_BIN);
    memcpy(tree, c.tree, GIT_BIN);
    srv_memo_put(g->entries, sp_str_of(k.p, k.n), v, sizeof *v);
    srv_memo_release(g->entries, v);
    return 0;
}

static int resolve_ref(char commit[41], struct srv_git *g, int64_t repo_id, const char *prefix,
                       sp_str rev)
{
    char name[SP_LIM_REF_BYTES + 16];
    uint8_t oid[GIT_BIN];
    size_t n = strlen(prefix);
    if (sp_has_nul(rev) || rev.n >= sizeof name - n)
        return SP_EREVISION;
    memcpy(name, prefix, n);
    memcpy(name + n, rev.p, rev.n);
    n += rev.n;
    name[n] = '\0';
    if (!srv_ref_name_valid(sp_str_of(name, n)))
        return SP_EREVISION;
    SP_TRY(srv_ref_get(oid, g, repo_id, name, NULL));
    srv_git_hex(commit, oid);
    return 0;
}

int srv_git_resolve(char commit[41], struct srv_git *g, int64_t repo_id, sp_str rev,
                    struct sp_err *err)
{
    static const char *const prefixes[] = {"refs/heads/", "refs/tags/"};
    int rc = SP_EREVISION;
    if (sp_eq_lit(rev, "HEAD")) // @huggingface/hub asks so; HEAD of every repository is main
        rev = SP_LIT("main");
    if (rev.n == GIT_HEX && all_hex(rev)) {
        char lower[41];
        uint8_t tree[GIT_BIN], bin[GIT_BIN];
        srv_git_bin(bin, rev);
        srv_git_hex(lower, bin);
        SP_TRY(srv_git_commit_tree(tree, g, repo_id, lower, err));
        memcpy(commit, lower, sizeof lower);
        return 0;
    }
    for (size_t i = 0; i < 2 && rc == SP_EREVISION; i++)
        rc = resolve_ref(commit, g, repo_id, prefixes[i], rev);
    if (rc == SP_EREVISION && sp_starts(rev, SP_LIT("refs/")))
        rc = resolve_ref(commit, g, repo_id, "", rev);
    if (rc == SP_EREVISION && rev.n >= SHORT_HEX_MIN && rev.n < GIT_HEX && all_hex(rev))
        return resolve_hex(commit, g, repo_id, rev, err);
    if (rc < 0)
        return sp_fail(err, rc, "Invalid rev id: %.*s", SP_FMT(rev));
    return 0;
}

// ---- names

// git check-ref-format, plus: valid UTF-8, at most 255 bytes.
static bool part_valid(sp_str part)
{
    if (part.n == 0 || part.p[0] == '.' || part.p[part.n - 1] == '.' ||
        sp_ends(part, SP_LIT(".lock")) || sp_find(part, SP_LIT("..")) >= 0 ||
        sp_find(part, SP_LIT("@{")) >= 0 || sp_has_ctl(part))
        return false;
    for (size_t i = 0; i < part.n; i++)
        if (strchr(" ~^:?*[\\", part.p[i]))
            return false;
    return true;
}

bool srv_ref_name_valid(sp_str full)
{
    if (full.n > SP_LIM_REF_BYTES || !sp_starts(full, SP_LIT("refs/")) || !sp_utf8_valid(full))
        return false;
    sp_str rest = full, part;
    size_t parts = 0;
    while (sp_split(&rest, '/', &part)) {
        if (!part_valid(part))
            return false;
        parts++;
    }
    return parts >= 3;
}

int srv_ref_name_check(sp_str name, const char *what, struct sp_err *err)
{
    // The full name is a C string: what follows a NUL would be checked here and used nowhere.
    SP_AUTO_FREE char *full = sp_fmt("refs/heads/%.*s", SP_FMT(name));
    if (sp_has_nul(name) || !srv_ref_name_valid(sp_cstr(full)) || name.p[0] == '-' ||
        sp_eq_lit(name, "HEAD") || sp_eq_lit(name, "@"))
        return sp_fail(err, SP_EINVALID, "'%.*s' is no valid %s name: see `git check-ref-format`",
                       SP_FMT(name), what);
    if (name.n == GIT_HEX && all_hex(name))
        return sp_fail(err, SP_EINVALID, "a %s name must not look like a commit id", what);
    if (sp_starts(name, SP_LIT("refs/")))
        return sp_fail(err, SP_EINVALID, "a %s name must not begin with refs/", what);
    return 0;
}

// ---- changes

// libgit2 fsyncs the ref and its folder; a folder that was made on the way needs its own fsync.
static int fsync_folders(struct srv_git_shared *s, const char *name, struct sp_err *err)
{
    SP_AUTO_FREE char *path = sp_path_join(s->path, name);
    size_t stop = strlen(s->path) + strlen("/refs/heads");
    for (char *slash; (slash = strrchr(path, '/')) && (size_t)(slash - path) > stop;) {
        *slash = 0;
        SP_TRY(sp_fsync_dir(path, err));
    }
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = 0;
        SP_TRY(sp_fsync_dir(path, err));
    }
    return 0;
}

#define LOCK_TRIES 50 // × 20 ms: another writer holds the ref's lock file only for a moment

// A server that was killed in the middle of a change leaves "<ref>.lock", which would stop every
// later change. One server owns the folder, so a lock file from before our start belongs to nobody,
// unless an admin's own git has run for so long.
static bool remove_stale(struct srv_git_shared *s, const char *name)
{
    SP_AUTO_FREE char *path = sp_fmt("%s/%s.lock", s->path, name);
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    const struct timespec *start = &s->owner->start;
    if (st.st_mtim.tv_sec > start->tv_sec ||
        (st.st_mtim.tv_sec == start->tv_sec && st.st_mtim.tv_nsec > start->tv_nsec))
        return false;
    sp_log("server", WARN, "removing %s: left by a server that was killed", path);
    return unlink(path) == 0;
}

// Waits before the next try while a ref is locked; false = give up.
static bool try_again(struct srv_git_shared *s, const char *name, int rc, int *tries)
{
    if (rc != GIT_ELOCKED || ++*tries == LOCK_TRIES)
        return false;
    bool removed = remove_stale(s, name);
    removed |= remove_stale(s, "packed-refs");
    if (!removed)
        sp_sleep_ms(20);
    return true;
}

int srv_ref_set(struct srv_git_handle *h, const char *name, const uint8_t *now, const uint8_t *was,
                struct sp_err *err)
{
    git_oid to, from;
    git_oid_fromraw(&to, now);
    if (was)
        git_oid_fromraw(&from, was);
    git_reference *ref = NULL;
    int rc, tries = 0;
    do
        rc = was ? git_reference_create_matching(&ref, h->repo, name, &to, 1, &from, NULL)
                 : git_reference_create(&ref, h->repo, name, &to, 0, NULL);
    while (try_again(h->shared, name, rc, &tries));
    git_reference_free(ref);
    forget(h->shared, name);
    if (rc < 0)
        return srv_git_fail(err, rc, "setting %s", name);
    return strchr(name + strlen("refs/heads/"), '/') ? fsync_folders(h->shared, name, err) : 0;
}

static int delete_once(struct srv_git_handle *h, const char *name)
{
    git_reference *ref = NULL;
    int rc = git_reference_lookup(&ref, h->repo, name);
    if (rc >= 0)
        rc = git_reference_delete(ref);
    git_reference_free(ref);
    return rc;
}

int srv_ref_delete(struct srv_git_handle *h, const char *name, struct sp_err *err)
{
    int rc, tries = 0;
    do
        rc = delete_once(h, name);
    while (try_again(h->shared, name, rc, &tries));
    forget(h->shared, name);
    if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
        return sp_fail(err, SP_EREVISION, "no ref %s", name);
    if (rc < 0)
        return srv_git_fail(err, rc, "deleting %s", name);
    // The folder that held it may be gone as well; its first parent that exists is what changed.
    SP_AUTO_FREE char *path = sp_path_join(h->shared->path, name);
    for (char *slash; (slash = strrchr(path, '/'));) {
        *slash = 0;
        if (sp_is_dir(path))
            return sp_fsync_dir(path, err);
    }
    return 0;
}

static int name_cmp(const void *a, const void *b)
{
    return strcmp(((const struct srv_ref *)a)->name, ((const struct srv_ref *)b)->name);
}

int srv_refs_list(struct srv_ref **out, size_t *n_out, struct srv_git_handle *h, struct sp_arena *a,
                  struct sp_err *err)
{
    git_reference_iterator *it = NULL;
    int rc = git_reference_iterator_new(&it, h->repo);
    if (rc < 0)
        return srv_git_fail(err, rc, "listing refs of %s", h->shared->path);
    SP_VEC(struct srv_ref) v = {0};
    const char *name;
    while ((rc = git_reference_next_name(&name, it)) == 0) {
        uint8_t oid[GIT_BIN];
        if (peel(oid, h, name, NULL) < 0)
            continue; // a tag of something that is no commit, a ref that was deleted meanwhile
        struct srv_ref *r = sp_vec_push(&v);
        r->name = sp_arena_dupn(a, name, strlen(name));
        memcpy(r->oid, oid, GIT_BIN);
    }
    git_reference_iterator_free(it);
    if (rc == GIT_ITEROVER) {
        if (v.n)
            qsort(v.v, v.n, sizeof v.v[0], name_cmp);
        *out = (struct srv_ref *)sp_arena_alloc(a, v.n * sizeof v.v[0] + 1);
        if (v.n)
            memcpy(*out, v.v, v.n * sizeof v.v[0]);
        *n_out = v.n;
        rc = 0;
    } else {
        rc = srv_git_fail(err, rc, "listing refs of %s", h->shared->path);
    }
    sp_vec_fini(&v);
    return rc;
}
