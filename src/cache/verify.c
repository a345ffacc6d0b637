// Files against the listing of their commit: git SHA-1 for regular files, SHA-256 for LFS files.
// Needs no network where trees/<commit>.json is cached.
#include "cache/layout.h"

struct job {
    const char *dir;
    const struct cache_tree *tree;
    struct sp_progress *progress;
    char (*actual)[HASH_SHA256_HEX]; // "" = missing
    char (*failed)[200];             // why a file could not be read
};

static const char *expected_of(const struct cache_tree_file *f)
{
    return f->lfs_sha256[0] ? f->lfs_sha256 : f->blob_id;
}

static int hash_one(void *ud, size_t i, struct sp_err *err)
{
    struct job *j = ud;
    const struct cache_tree_file *f = &j->tree->files.v[i];
    SP_AUTO_FREE char *path = sp_path_join(j->dir, f->path);
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    struct sp_err why = {0};
    bool lfs = f->lfs_sha256[0] != '\0';
    int rc = sp_source_file(&src, path, &why);
    if (rc == SP_ENOTFOUND || rc == SP_EINVALID)
        return 0; // missing, or a folder in its place
    if (rc == 0)
        rc = hash_source_hex(j->actual[i], lfs ? HASH_SHA256 : HASH_SHA1, !lfs, src, j->progress,
                             NULL, &why);
    if (rc < 0) // one unreadable file is a finding, not the end
        snprintf(j->failed[i], sizeof j->failed[i], "%s", why.msg);
    return 0;
}

static void add_row(struct cache_verify *v, const char *path, const char *state,
                    const char *expected, const char *actual)
{
    struct cache_verify_row *row = sp_vec_push(&v->rows);
    row->path = sp_arena_dupn(&v->arena, path, strlen(path));
    row->state = state;
    row->expected = sp_arena_dupn(&v->arena, expected, strlen(expected));
    row->actual = sp_arena_dupn(&v->arena, actual, strlen(actual));
}

struct extras {
    struct cache_verify *v;
    struct sp_map known;
    const char *dir;
};

// As huggingface_hub's DEFAULT_IGNORE_PATTERNS.
static bool is_ignored(const char *rel)
{
    sp_str part, rest = sp_cstr(rel);
    while (sp_split(&rest, '/', &part)) {
        if (sp_eq_lit(part, ".git"))
            return true;
        if (sp_eq_lit(part, ".cache") &&
            (sp_eq_lit(rest, "huggingface") || sp_starts(rest, SP_LIT("huggingface/"))))
            return true;
    }
    return false;
}

static int find_extra(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct extras *x = ud;
    if (S_ISDIR(st->st_mode) || is_ignored(rel) || sp_map_has(&x->known, sp_cstr(rel)))
        return 0;
    SP_AUTO_FREE char *path = sp_path_join(x->dir, rel);
    if (S_ISLNK(st->st_mode) && sp_is_dir(path))
        return 0;
    add_row(x->v, rel, "extra", "", "");
    return 0;
}

int cache_verify_run(struct cache_verify *out, const char *dir, const struct cache_tree *t,
                     struct sp_progress *p, struct sp_err *err)
{
    if (!sp_is_dir(dir))
        return sp_fail(err, SP_ENOTFOUND, "%s: no such directory", dir);
    size_t n = t->files.n;
    SP_AUTO_FREE char(*actual)[HASH_SHA256_HEX] = sp_alloc_n(n + 1, sizeof *actual);
    SP_AUTO_FREE char(*failed)[200] = sp_alloc_n(n + 1, sizeof *failed);
    struct job job = {dir, t, p, actual, failed};
    if (p)
        for (size_t i = 0; i < n; i++)
            atomic_fetch_add_explicit(&p->hash_total, t->files.v[i].size, memory_order_relaxed);
    SP_TRY(sp_for_each(sp_cpu_count(), n, hash_one, &job, err));
    SP_AUTO(cache_verify_fini) struct cache_verify v = {0};
    struct extras x = {.v = &v, .dir = dir};
    for (size_t i = 0; i < n; i++) {
        const struct cache_tree_file *f = &t->files.v[i];
        const char *want = expected_of(f);
        sp_map_put(&x.known, sp_cstr(f->path), NULL);
        v.checked += actual[i][0] != '\0';
        if (failed[i][0])
            add_row(&v, f->path, "mismatch", want, failed[i]);
        else if (!actual[i][0])
            add_row(&v, f->path, "missing", want, "");
        else if (strcmp(actual[i], want) != 0)
            add_row(&v, f->path, "mismatch", want, actual[i]);
    }
    int rc = sp_walk(dir, find_extra, &x, err);
    sp_map_fini(&x.known, NULL);
    if (rc < 0)
        return rc;
    *out = v;
    v = (struct cache_verify){0};
    return 0;
}

void cache_verify_fini(struct cache_verify *v)
{
    sp_vec_fini(&v->rows);
    sp_arena_fini(&v->arena);
    *v = (struct cache_verify){0};
}
