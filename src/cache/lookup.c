// What is there: nothing here writes, so it works on a read-only cache.
#include "cache/layout.h"

#define LISTING_MAX (256 * SP_KIB) // some 1,500 files, parsed in a millisecond; larger: a scan

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int cache_lookup(char **path_out, const struct cache_repo *r, const char *rev, const char *file,
                 struct sp_err *err)
{
    char commit[41];
    SP_TRY(sp_path_check(sp_cstr(file), "file name", err));
    int rc = cache_ref_read(commit, r, rev, err);
    if (rc == SP_ENOTFOUND) {
        sp_err_clear(err);
        return CACHE_MISS;
    }
    if (rc < 0)
        return rc;
    // The file before the note that it is absent: a proxy's passing 404 leaves such notes, and
    // hf_hub_download ignores them too when the file is there.
    SP_AUTO_FREE char *path = cache_snapshot_path(r, commit, file);
    if (is_file(path)) { // also false for a link to a blob that is gone
        *path_out = sp_take(&path);
        return CACHE_HIT;
    }
    SP_AUTO_FREE char *absent = cache_layout_absent_path(r, commit, file);
    return is_file(absent) ? CACHE_KNOWN_ABSENT : CACHE_MISS;
}

int cache_lookup_whole(char **path_out, const struct cache_repo *r, const char *rev,
                       const char *file, struct sp_err *err)
{
    SP_AUTO_FREE char *path = NULL;
    char commit[41];
    int rc = cache_lookup(&path, r, rev, file, err);
    if (rc != CACHE_HIT)
        return rc;
    SP_TRY(cache_ref_read(commit, r, rev, err));
    int64_t have = sp_file_size(path), want = cache_tree_size_of(r->dir, commit, file, LISTING_MAX);
    if (want >= 0 && have != want) {
        sp_log("cache", WARN, "%s is damaged: %lld bytes instead of %lld; it is not used", path,
               (long long)have, (long long)want);
        return CACHE_MISS;
    }
    *path_out = sp_take(&path);
    return CACHE_HIT;
}

bool cache_has_blob(const struct cache_repo *r, const char *etag, int64_t size)
{
    if (cache_etag_check(sp_cstr(etag), NULL) < 0)
        return false;
    SP_AUTO_FREE char *path = cache_layout_blob_path(r, etag);
    int64_t have = sp_file_size(path);
    return have >= 0 && (size < 0 || have == size);
}

int cache_no_exist_put(const struct cache_repo *r, const char *commit, const char *file,
                       struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_TRY(sp_path_check(sp_cstr(file), "file name", err));
    SP_AUTO_FREE char *path = cache_layout_absent_path(r, commit, file);
    if (is_file(path))
        return 0;
    SP_TRY(sp_mkdirs_for(path, 0777, err));
    int rc = sp_file_replace(path, (sp_str){0}, 0666, SP_FILE_EXCL, err);
    return rc == SP_EEXIST ? 0 : rc;
}

int cache_commits(struct cache_names *out, const struct cache_repo *r, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = sp_path_join(r->dir, "snapshots");
    SP_AUTO(cache_names_fini) struct cache_names all = {0};
    int rc = sp_dir_list(&all.list, dir, err);
    if (rc < 0)
        return rc == SP_ENOTFOUND ? 0 : rc;
    SP_VEC_EACH (&all.list, name) {
        if (cache_layout_is_commit(*name))
            *sp_vec_push(&out->list) = sp_take(name);
    }
    return 0;
}

struct files {
    struct cache_names *out;
    const char *dir;
};

static int add_file(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct files *f = ud;
    bool take = S_ISREG(st->st_mode);
    if (S_ISLNK(st->st_mode)) {
        SP_AUTO_FREE char *path = sp_path_join(f->dir, rel);
        take = is_file(path);
    }
    if (take)
        *sp_vec_push(&f->out->list) = sp_dup(rel);
    return 0;
}

int cache_snapshot_files(struct cache_names *out, const struct cache_repo *r, const char *commit,
                         struct sp_err *err)
{
    SP_TRY(cache_layout_commit_check(commit, err));
    SP_AUTO_FREE char *dir = cache_snapshot_dir(r, commit);
    struct files f = {out, dir};
    return sp_walk(dir, add_file, &f, err);
}

void cache_names_fini(struct cache_names *n)
{
    sp_names_fini(&n->list);
}
