// A whole revision: commit, tree, then every wanted file, several at once. With the commit and its
// tree known no request is made beyond the missing bytes; no HEAD per file, because the tree
// already says which hash each file must have.
#include "xfer/ctx.h"

// Commit of the revision: from the Hub when it can be asked, else from refs/. *online = the Hub
// answered.
int xfer_commit_get(char commit[41], struct xfer_ctx *x, size_t *requests, bool *online,
                    struct sp_err *err)
{
    struct sp_err why = {0};
    *online = false;
    if (x->pinned) {
        memcpy(commit, x->rev, 41);
        return 0;
    }
    int rc = SP_EOFFLINE;
    if (!x->offline) {
        SP_AUTO(hub_info_fini) struct hub_info info = {0};
        SP_TRY(xfer_ctx_hub(x, err));
        ++*requests;
        rc = hub_info_get(&info, x->hub, x->repo, x->rev, false, NULL, &why);
        if (rc == 0 && (!info.sha || !hub_is_commit(sp_cstr(info.sha))))
            return sp_fail(err, SP_EFORMAT, "%s did not name the commit of %s (revision %s)",
                           hub_endpoint(x->hub), x->repo->id, x->rev);
        if (rc == 0) {
            memcpy(commit, info.sha, 41);
            *online = true;
            return 0;
        }
        if (rc == SP_EREVISION || rc == SP_ECANCELLED || x->o->force) {
            if (err)
                *err = why;
            return rc;
        }
    }
    if (cache_ref_read(commit, &x->cache, x->rev, NULL) == 0) {
        if (rc != SP_EOFFLINE)
            sp_log("xfer", WARN, "using the cached revision %.12s of %s: %s", commit, x->repo->id,
                   why.msg);
        return 0;
    }
    if (rc == SP_EOFFLINE || xfer_is_network_trouble(rc))
        return xfer_miss(x, NULL, rc == SP_EOFFLINE ? NULL : &why, err);
    if (err)
        *err = why;
    return rc;
}

static int tree_from_hub(struct cache_tree *out, struct xfer_ctx *x, const char *commit,
                         struct sp_err *err)
{
    SP_AUTO(hub_files_fini) struct hub_files files = {0};
    SP_TRY_IN(hub_tree_list(&files, x->hub, x->repo, commit, "", true, err), err,
              "listing %s at %.12s", x->repo->id, commit);
    for (size_t i = 0; i < files.list.n; i++) {
        const struct hub_file *f = &files.list.v[i];
        if (f->is_dir)
            continue;
        struct cache_tree_file *t = sp_vec_push(&out->files);
        t->path = sp_arena_dupn(&out->arena, f->path, strlen(f->path));
        t->size = f->size;
        memcpy(t->blob_id, f->oid, sizeof t->blob_id);
        memcpy(t->lfs_sha256, f->sha256, sizeof t->lfs_sha256);
        t->lfs_size = f->sha256[0] ? f->size : 0;
        memcpy(t->xet_hash, f->xet_hash, sizeof t->xet_hash);
    }
    return 0;
}

int xfer_tree_get(struct cache_tree *out, struct xfer_ctx *x, const char *commit, size_t *requests,
                  struct sp_err *err)
{
    SP_AUTO_FREE char *dir = x->o->local_dir ? sp_path_join(x->o->local_dir, ".cache/huggingface")
                                             : sp_dup(x->cache.dir);
    if (cache_tree_read(out, dir, commit, NULL) == 0)
        return 0;
    if (x->o->local_dir && cache_tree_read(out, x->cache.dir, commit, NULL) == 0)
        return 0;
    if (x->offline)
        return sp_fail(err, SP_EOFFLINE, "the file list of %s at %.12s is not cached", x->repo->id,
                       commit);
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    struct sp_err why = {0};
    SP_TRY(xfer_ctx_hub(x, err));
    ++*requests;
    SP_TRY(tree_from_hub(&t, x, commit, err));
    if (x->o->local_dir)
        SP_TRY(cache_local_init(x->o->local_dir, err));
    if (cache_tree_write(dir, commit, &t, &why) < 0)
        sp_log("xfer", DEBUG, "%s", why.msg); // read-only: only costs a request the next time
    *out = t;
    t = (struct cache_tree){0};
    return 0;
}

struct job {
    struct xfer_ctx *x;
    const char *commit;
    const struct cache_tree_file **files;
    _Atomic size_t fetched;
    _Atomic uint64_t fetched_bytes;
};

static const char *etag_of(const struct cache_tree_file *f)
{
    return f->lfs_sha256[0] ? f->lfs_sha256 : f->blob_id;
}

static int one_file(void *ud, size_t i, struct sp_err *err)
{
    struct job *j = ud;
    const struct cache_tree_file *t = j->files[i];
    struct xfer_file f = {.path = t->path,
                          .etag = etag_of(t),
                          .sha256 = t->lfs_sha256[0] ? t->lfs_sha256 : NULL,
                          .xet_hash = t->xet_hash,
                          .size = (int64_t)t->size};
    SP_AUTO_FREE char *path = NULL;
    bool fetched = false;
    SP_TRY(sp_cancel_check(xfer_cancel(j->x), err));
    SP_TRY(j->x->o->local_dir ? xfer_file_to_local(&path, &fetched, j->x, j->commit, &f, err)
                              : xfer_file_to_cache(&path, &fetched, j->x, j->commit, &f, err));
    if (fetched) {
        atomic_fetch_add(&j->fetched, 1);
        atomic_fetch_add(&j->fetched_bytes, t->size);
    }
    sp_progress_file(xfer_progress(j->x));
    return 0;
}

// Is this file of the commit in place already? Costs one lookup, takes no lock.
static bool in_place(struct xfer_ctx *x, const char *commit, const struct cache_tree_file *t)
{
    SP_AUTO_FREE char *path = NULL;
    if (x->o->local_dir) {
        struct cache_local_meta m = {0};
        return cache_local_read(&m, x->o->local_dir, t->path, NULL) == 1 &&
               strcmp(m.etag, etag_of(t)) == 0 && strcmp(m.commit, commit) == 0;
    }
    return cache_lookup(&path, &x->cache, commit, t->path, NULL) == CACHE_HIT &&
           sp_file_size(path) == (int64_t)t->size; // a truncated blob is fetched again
}

static int select_files(struct job *j, size_t *n_out, size_t *wanted, uint64_t *bytes,
                        const struct cache_tree *t, const struct sp_filter *filter)
{
    struct sp_progress *p = xfer_progress(j->x);
    size_t n = 0;
    for (size_t i = 0; i < t->files.n; i++) {
        const struct cache_tree_file *f = &t->files.v[i];
        if (filter && !sp_filter_match(filter, sp_cstr(f->path)))
            continue;
        ++*wanted;
        *bytes += f->size;
        if (p)
            atomic_fetch_add(&p->files_total, 1);
        if (!j->x->o->force && in_place(j->x, j->commit, f)) {
            sp_progress_file(p);
            continue;
        }
        if (p)
            atomic_fetch_add(&p->bytes_total, f->size);
        j->files[n++] = f;
    }
    *n_out = n;
    return 0;
}

static char *result_dir(struct xfer_ctx *x, const char *commit)
{
    return x->o->local_dir ? sp_path_real(x->o->local_dir) : cache_snapshot_dir(&x->cache, commit);
}

// No tree to be had: what lies there is the answer, its completeness unknown (as the reference
// does).
static int without_tree(struct xfer_done *out, struct xfer_ctx *x, const char *commit,
                        const struct sp_filter *filter, const struct sp_err *why,
                        struct sp_err *err)
{
    SP_AUTO_FREE char *dir = cache_snapshot_dir(&x->cache, commit);
    if (!xfer_is_network_trouble(why->code)) {
        if (err)
            *err = *why;
        return why->code;
    }
    if (x->o->local_dir) {
        if (sp_is_dir(dir))
            SP_TRY(xfer_local_from_snapshot(x, commit, filter, why, err));
        return xfer_local_as_is(out, x, commit, why, err);
    }
    if (!sp_is_dir(dir))
        return xfer_miss(x, NULL, why->code == SP_EOFFLINE ? NULL : why, err);
    sp_log("xfer", WARN,
           "%s: cannot tell whether this snapshot is complete (its file list is not cached)", dir);
    out->path = sp_take(&dir);
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    out->source = XFER_CACHED;
    return 0;
}

// Not even the commit: a local folder that holds something stands in, as the reference does.
static int without_commit(struct xfer_done *out, struct xfer_ctx *x, const struct sp_err *why,
                          struct sp_err *err)
{
    if (x->o->local_dir && !x->o->force && xfer_is_network_trouble(why->code))
        return xfer_local_as_is(out, x, "", why, err);
    if (err)
        *err = *why;
    return why->code;
}

static int refuse_incomplete(struct xfer_ctx *x, struct job *j, size_t n, struct sp_err *err)
{
    SP_VEC(const char *) names = {0};
    for (size_t i = 0; i < n; i++)
        *sp_vec_push(&names) = j->files[i]->path;
    int rc = xfer_incomplete(x, j->commit, names.v, names.n, NULL, err);
    sp_vec_fini(&names);
    return rc;
}

// Offline into a local folder: what the main cache has is copied, only the rest is missing.
static int offline_rest(struct xfer_ctx *x, struct job *j, size_t n, struct sp_err *err)
{
    struct job rest = {.x = x, .commit = j->commit};
    SP_AUTO_FREE const struct cache_tree_file **missing = NULL;
    size_t missing_n = 0;
    if (!x->o->local_dir)
        return refuse_incomplete(x, j, n, err);
    rest.files = missing = sp_new_n(const struct cache_tree_file *, n);
    for (size_t i = 0; i < n; i++) {
        SP_AUTO_FREE char *path = NULL;
        if (cache_lookup(&path, &x->cache, j->commit, j->files[i]->path, NULL) != CACHE_HIT ||
            sp_file_size(path) != (int64_t)j->files[i]->size)
            missing[missing_n++] = j->files[i];
    }
    if (missing_n)
        return refuse_incomplete(x, &rest, missing_n, err);
    SP_TRY(cache_local_init(x->o->local_dir, err));
    return sp_for_each(xfer_workers(x->o->workers), n, one_file, j, err);
}

static int fetch_all(struct job *j, size_t n, struct sp_err *err)
{
    struct xfer_ctx *x = j->x;
    if (x->offline)
        return offline_rest(x, j, n, err);
    SP_TRY(xfer_ctx_hub(x, err));
    if (x->o->local_dir)
        SP_TRY(cache_local_init(x->o->local_dir, err));
    sp_progress_stage(xfer_progress(x), "Fetching");
    SP_TRY(sp_for_each(xfer_workers(x->o->workers), n, one_file, j, err));
    if (!x->o->local_dir)
        SP_TRY(
            cache_store_sync(&x->cache, err)); // bytes first, then the ref that makes them findable
    return 0;
}

int xfer_snapshot(struct xfer_done *out, const struct hub_repo *r, const char *rev,
                  const struct sp_filter *filter, const struct xfer_opts *o, struct sp_err *err)
{
    SP_AUTO(xfer_ctx_fini) struct xfer_ctx x = {0};
    SP_AUTO(cache_tree_fini) struct cache_tree tree = {0};
    SP_AUTO_FREE const struct cache_tree_file **files = NULL;
    struct xfer_done d = {0};
    struct sp_err why = {0};
    char commit[41];
    bool online = false;
    size_t todo = 0;
    SP_TRY(xfer_ctx_init(&x, r, rev, o, err));
    int rc = xfer_commit_get(commit, &x, &d.requests, &online, &why);
    if (rc < 0) {
        SP_TRY(without_commit(&d, &x, &why, err));
        *out = d;
        return 0;
    }
    rc = xfer_tree_get(&tree, &x, commit, &d.requests, &why);
    if (rc < 0 && o->force) {
        if (err)
            *err = why;
        return rc;
    }
    if (rc < 0) {
        SP_TRY(without_tree(&d, &x, commit, filter, &why, err));
        *out = d;
        return 0;
    }
    files = sp_new_n(const struct cache_tree_file *, tree.files.n + 1);
    struct job j = {.x = &x, .commit = commit, .files = files};
    SP_TRY(select_files(&j, &todo, &d.files, &d.bytes, &tree, filter));
    if (tree.files.n && !d.files)
        sp_log("xfer", WARN, "no file of %s at %.12s matches the given patterns", r->id, commit);
    if (todo)
        SP_TRY(fetch_all(&j, todo, err));
    if (!x.offline)
        xfer_note_ref(&x, commit);
    d.fetched = atomic_load(&j.fetched);
    d.fetched_bytes = atomic_load(&j.fetched_bytes);
    d.requests += d.fetched;
    d.source = d.fetched ? XFER_FETCHED : XFER_CACHED;
    d.path = result_dir(&x, commit);
    memcpy(d.commit, commit, sizeof d.commit);
    *out = d;
    return 0;
}
