// --local-dir: files as such under a folder, with huggingface_hub's metadata beside them. Better
// than there: offline it also looks into the main cache, and a file that the main cache has is
// cloned where the file system can, not copied.
#include "xfer/ctx.h"

static char *local_path(const struct xfer_ctx *x, const char *file)
{
    return sp_path_join(x->o->local_dir, file);
}

// Which hash the bytes of a file have to have: NULL when its ETag is none (foreign storage).
static const char *hash_of(const struct xfer_file *f, bool *git)
{
    *git = !f->sha256 && sp_is_hex(sp_cstr(f->etag), 40);
    return *git ? f->etag : f->sha256;
}

struct promise {
    const char *hash;
    bool git;
};

static int check_copy(void *ud, const char *path, struct sp_err *err)
{
    const struct promise *p = ud;
    char hex[HASH_SHA256_HEX];
    SP_TRY(hash_file_hex(hex, p->git ? HASH_SHA1 : HASH_SHA256, p->git, path, err));
    if (strcmp(hex, p->hash) == 0)
        return 0;
    return sp_fail(err, SP_EHASH, "its %s is %s instead of %s", p->git ? "git SHA-1" : "SHA-256",
                   hex, p->hash);
}

// Disks rot and caches are edited: what is handed out under a hash was hashed here, in the copy,
// before it gets its name. So even a reflinked file of many GB is read once, at the speed of the
// hash (1 to 2 GB/s); a copied one comes from the page cache then. SP_EHASH names the blob.
static int copy_cached(const struct xfer_ctx *x, const char *cached, const char *dst,
                       const struct xfer_file *f, struct sp_err *err)
{
    SP_AUTO_FREE char *real = realpath(cached, NULL);
    const char *from = real ? real : cached;
    struct promise p = {0};
    char how = 0;
    p.hash = hash_of(f, &p.git);
    SP_TRY(sp_mkdirs_for(dst, 0777, err));
    // A hardlink would let an edit of the user's file change the cache: only a clone shares storage
    // safely, so links are left to those who ask for them.
    int rc = sp_file_copy_checked(from, dst, false, &how, p.hash ? check_copy : NULL, &p, err);
    if (rc == SP_EHASH) {
        rc =
            sp_prefix(err, rc, "%s of %s is damaged in the cache (%s)", f->path, x->repo->id, from);
        bool main = strcmp(x->rev, "main") == 0;
        sp_hint(err, "spoke cache verify %s%s%s%s tells what else is and how it is fetched again",
                x->repo->id, xfer_type_flag(x->repo->type), main ? "" : " --revision ",
                main ? "" : x->rev);
    }
    if (rc == 0)
        sp_log("xfer", DEBUG, "%s: from the cache (%s)", f->path, how == 'r' ? "reflink" : "copy");
    return rc;
}

// The main cache may have this very content.
static int from_main_cache(bool *done, struct xfer_ctx *x, const char *commit,
                           const struct xfer_file *f, struct sp_err *err)
{
    SP_AUTO_FREE char *cached = NULL;
    struct sp_err why = {0};
    *done = false;
    if (cache_lookup(&cached, &x->cache, commit, f->path, NULL) != CACHE_HIT)
        return 0;
    if (f->size >= 0 && sp_file_size(cached) != f->size)
        return 0;
    SP_AUTO_FREE char *dst = local_path(x, f->path);
    int rc = copy_cached(x, cached, dst, f, &why);
    *done = rc == 0;
    if (rc == SP_EHASH && !x->offline) {
        sp_log("xfer", WARN, "%s; it is fetched from the Hub", why.msg);
        return 0;
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}

// Without a note that counts, the bytes themselves tell whether they are the wanted ones.
static int has_content(bool *yes, const char *path, const struct xfer_file *f, struct sp_err *err)
{
    char hex[HASH_SHA256_HEX];
    bool git;
    const char *want = hash_of(f, &git);
    *yes = false;
    if (!want || f->size < 0 || sp_file_size(path) != f->size)
        return 0;
    SP_TRY(hash_file_hex(hex, git ? HASH_SHA1 : HASH_SHA256, git, path, err));
    *yes = strcmp(hex, want) == 0;
    return 0;
}

int xfer_file_to_local(char **path_out, bool *fetched, struct xfer_ctx *x, const char *commit,
                       const struct xfer_file *f, struct sp_err *err)
{
    const char *dir = x->o->local_dir;
    SP_AUTO_FREE char *dst = local_path(x, f->path);
    SP_AUTO_LOCK struct sp_lock lock = {0};
    struct cache_local_meta meta = {0};
    bool done = false;
    *fetched = false;
    SP_TRY(cache_etag_check(sp_cstr(f->etag), err));
    SP_TRY(cache_local_lock(&lock, dir, f->path, xfer_cancel(x), err));
    int have = cache_local_read(&meta, dir, f->path, err);
    if (have < 0)
        return have;
    if (!x->o->force && have == 1 && strcmp(meta.etag, f->etag) == 0) {
        done = true;
    } else if (!x->o->force && have == 0) {
        SP_TRY(has_content(&done, dst, f, err));
    }
    if (!done && !x->o->force)
        SP_TRY(from_main_cache(&done, x, commit, f, err));
    if (!done && x->offline)
        return xfer_miss(x, f->path, NULL, err);
    if (!done) {
        struct cache_want w = {
            .etag = f->etag, .size = f->size, .sha256 = f->sha256, .force = x->o->force};
        SP_AUTO(cache_store_close_drop) struct cache_store *s = NULL;
        SP_TRY_IN(cache_local_begin(&s, dir, f->path, &w, xfer_cancel(x), err), err,
                  "downloading %s of %s", f->path, x->repo->id);
        int rc = xfer_fetch_file(x, s, commit, f, err);
        if (rc < 0) {
            cache_store_close(&s, true);
            return sp_prefix(err, rc, "downloading %s of %s to %s", f->path, x->repo->id, dir);
        }
        *fetched = true;
    }
    SP_TRY(cache_local_write(dir, f->path, commit, f->etag, err));
    *path_out = sp_take(&dst);
    return 0;
}

static int done_with(struct xfer_done *out, char *path, const char *commit, enum xfer_source source)
{
    out->path = path;
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    out->source = source;
    out->files = 1;
    int64_t n = sp_file_size(path);
    out->bytes = n < 0 ? 0 : (uint64_t)n;
    if (source == XFER_FETCHED) {
        out->fetched = 1;
        out->fetched_bytes = out->bytes;
    }
    return 0;
}

// Without the network: the file as it lies there, else the main cache, else the error.
static int local_offline(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                         const struct sp_err *why, struct sp_err *err)
{
    SP_AUTO_FREE char *dst = local_path(x, file);
    SP_AUTO_FREE char *cached = NULL;
    struct cache_local_meta meta = {0};
    if (sp_file_size(dst) >= 0) {
        int have = cache_local_read(&meta, x->o->local_dir, file, NULL);
        sp_log("xfer", WARN, "%s exists already and could not be checked for an update%s%s", dst,
               why ? ": " : "", why ? why->msg : "");
        return done_with(out, sp_take(&dst), have == 1 ? meta.commit : "", XFER_LOCAL);
    }
    int found = cache_lookup_whole(&cached, &x->cache, x->rev, file, NULL);
    if (found == CACHE_KNOWN_ABSENT)
        return sp_fail(err, SP_ENOTFOUND,
                       "%s does not exist in %s %s at revision %s (remembered in the cache)", file,
                       hub_type_name(x->repo->type), x->repo->id, x->rev);
    if (found == CACHE_HIT) {
        char commit[41] = "";
        SP_AUTO_FREE char *real = realpath(cached, NULL);
        // Without links the file lies under its own name, which may look like a hash and be none.
        bool named = real && sp_ends(sp_path_dir(sp_cstr(real)), SP_LIT("/blobs"));
        SP_AUTO_FREE char *blob = sp_str_dup(named ? sp_path_base(sp_cstr(real)) : SP_LIT(""));
        struct xfer_file f = {.path = file, .etag = blob, .sha256 = xfer_sha256_of(blob)};
        bool git;
        SP_TRY(cache_ref_read(commit, &x->cache, x->rev, err));
        SP_TRY(cache_local_init(x->o->local_dir, err));
        SP_TRY(copy_cached(x, cached, dst, &f, err));
        if (hash_of(&f, &git)) // without links the name tells nothing, and nothing is promised
            SP_TRY(cache_local_write(x->o->local_dir, file, commit, blob, err));
        return done_with(out, sp_take(&dst), commit, XFER_CACHED);
    }
    return xfer_miss(x, file, why, err);
}

int xfer_local_download(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                        struct sp_err *err)
{
    SP_AUTO(hub_meta_fini) struct hub_meta m = {0};
    struct cache_local_meta meta = {0};
    struct sp_err why = {0};
    char *path = NULL;
    bool fetched = false;
    if (x->pinned && !x->o->force && cache_local_read(&meta, x->o->local_dir, file, NULL) == 1 &&
        strcmp(meta.commit, x->rev) == 0)
        return done_with(out, local_path(x, file), meta.commit, XFER_LOCAL);
    if (x->offline)
        return local_offline(out, x, file, NULL, err);
    SP_TRY(cache_local_init(x->o->local_dir, err));
    SP_TRY(xfer_ctx_hub(x, err));
    SP_AUTO_FREE char *dst = local_path(x, file);
    bool have = sp_file_size(dst) >= 0;
    int rc = xfer_meta_get(&m, x, file, have, &out->requests, &why);
    if (rc < 0 && !x->o->force && (xfer_is_network_trouble(rc) || (have && !xfer_is_final(rc))))
        return local_offline(out, x, file, &why, err);
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    struct xfer_file f = xfer_file_of_meta(x, file, &m);
    SP_TRY(xfer_file_to_local(&path, &fetched, x, m.commit, &f, err));
    sp_progress_file(xfer_progress(x));
    out->requests += fetched;
    return done_with(out, path, m.commit, fetched ? XFER_FETCHED : XFER_LOCAL);
}

int xfer_local_from_snapshot(struct xfer_ctx *x, const char *commit, const struct sp_filter *f,
                             const struct sp_err *why, struct sp_err *err)
{
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    SP_TRY(cache_snapshot_files(&names, &x->cache, commit, err));
    SP_VEC_EACH (&names.list, name) {
        SP_AUTO(xfer_done_fini) struct xfer_done one = {0};
        if (f && !sp_filter_match(f, sp_cstr(*name)))
            continue;
        SP_TRY(local_offline(&one, x, *name, why->code == SP_EOFFLINE ? NULL : why, err));
    }
    return 0;
}

static int found_one(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    bool *found = ud;
    *found = *found || !(sp_eq_lit(sp_cstr(rel), ".cache") ||
                         sp_starts(sp_cstr(rel), SP_LIT(".cache/huggingface")));
    return 0;
}

int xfer_local_as_is(struct xfer_done *out, struct xfer_ctx *x, const char *commit,
                     const struct sp_err *why, struct sp_err *err)
{
    const char *dir = x->o->local_dir;
    bool found = false;
    if (sp_is_dir(dir))
        SP_TRY(sp_walk(dir, found_one, &found, err));
    if (!found) {
        if (err)
            *err = *why;
        return why->code;
    }
    sp_log("xfer", WARN, "%s is used as it is, it cannot be told whether it is complete: %s", dir,
           why->msg);
    out->path = sp_path_real(dir);
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    out->source = XFER_LOCAL;
    return 0;
}
