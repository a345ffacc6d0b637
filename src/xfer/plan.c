// Dry run: what a download would fetch. It works offline too when the file list is cached.
#include "xfer/ctx.h"

int xfer_plan_download(struct xfer_plan *out, const struct hub_repo *r, const char *rev,
                       const struct sp_filter *f, const struct xfer_opts *o, struct sp_err *err)
{
    SP_AUTO(xfer_ctx_fini) struct xfer_ctx x = {0};
    SP_AUTO(cache_tree_fini) struct cache_tree tree = {0};
    SP_AUTO(xfer_plan_fini) struct xfer_plan plan = {0};
    size_t requests = 0;
    bool online = false;
    SP_TRY(xfer_ctx_init(&x, r, rev, o, err));
    SP_TRY(xfer_commit_get(plan.commit, &x, &requests, &online, err));
    SP_TRY_IN(xfer_tree_get(&tree, &x, plan.commit, &requests, err), err,
              "planning the download of %s", r->id);
    for (size_t i = 0; i < tree.files.n; i++) {
        const struct cache_tree_file *t = &tree.files.v[i];
        if (f && !sp_filter_match(f, sp_cstr(t->path)))
            continue;
        SP_AUTO_FREE char *path = NULL;
        bool cached = false;
        if (o->local_dir) {
            struct cache_local_meta m = {0};
            const char *etag = t->lfs_sha256[0] ? t->lfs_sha256 : t->blob_id;
            cached =
                cache_local_read(&m, o->local_dir, t->path, NULL) == 1 && strcmp(m.etag, etag) == 0;
        }
        // also for a local folder: what the cache has is copied from there
        if (!cached)
            cached = cache_lookup(&path, &x.cache, plan.commit, t->path, NULL) == CACHE_HIT &&
                     sp_file_size(path) == (int64_t)t->size;
        struct xfer_plan_file *p = sp_vec_push(&plan.files);
        p->path = sp_arena_dupn(&plan.arena, t->path, strlen(t->path));
        p->size = t->size;
        p->cached = cached && !o->force;
        plan.total += t->size;
        plan.to_fetch += p->cached ? 0 : t->size;
    }
    *out = plan;
    plan = (struct xfer_plan){0};
    return 0;
}

void xfer_plan_fini(struct xfer_plan *p)
{
    sp_vec_fini(&p->files);
    sp_arena_fini(&p->arena);
    *p = (struct xfer_plan){0};
}
