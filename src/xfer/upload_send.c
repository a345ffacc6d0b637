// The sending half of an upload: preupload decides regular or LFS, what the Hub has is dropped,
// large objects go out (upload_objects.c), one commit makes everything visible.
#include "xfer/ctx.h"

// One commit holds at most this much, so that its request stays within what servers accept and a
// retry stays cheap; more becomes further commits "(part N)".
#define COMMIT_OPS_MAX           5000
#define COMMIT_REGULAR_BYTES_MAX (200 * SP_MIB)
#define CONFLICT_TRIES           5

struct send {
    struct hub *h;
    const struct hub_repo *r;
    const char *rev;
    struct xfer_picks *picks;
    const struct xfer_upload_opts *o;
    struct hub_preupload *ask;
    struct xfer_uploaded done;
};

static int open_sample(void *ud, size_t i, struct sp_err *err)
{
    struct send *s = ud;
    struct xfer_pick *f = &s->picks->list.v[i];
    struct hub_preupload *a = &s->ask[i];
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    SP_TRY(sp_source_file(&src, f->local, err));
    f->size = src->size; // what is read now counts, not what the walk saw
    a->path = f->path;
    a->size = f->size;
    a->sample_n = f->size < sizeof a->sample ? (size_t)f->size : sizeof a->sample;
    return sp_source_read_exact(src, a->sample, a->sample_n, 0, err);
}

static int classify(struct send *s, struct sp_err *err)
{
    size_t n = s->picks->list.n;
    sp_str ignore = {s->picks->gitignore, s->picks->gitignore_n};
    if (!n)
        return 0;
    SP_TRY(sp_for_each(xfer_workers(s->o->workers), n, open_sample, s, err));
    SP_TRY(hub_preupload_ask(s->h, s->r, s->rev, s->ask, n, ignore, s->o->create_pr, err));
    for (size_t i = 0; i < n; i++) {
        struct xfer_pick *f = &s->picks->list.v[i];
        f->lfs = s->ask[i].lfs && f->size > 0; // an empty file cannot be an LFS object
        f->skip = s->ask[i].ignore;
    }
    return 0;
}

static int commit_part(struct send *s, const struct hub_op *ops, size_t n, unsigned part,
                       const char *parent, struct sp_err *err)
{
    SP_AUTO_FREE char *title = NULL;
    const char *msg = s->o->message ? s->o->message : "Upload with spoke";
    if (part > 1)
        title = sp_fmt("%s (part %u)", msg, part);
    struct hub_commit_opts o = {.summary = title ? title : msg,
                                .description = s->o->description,
                                .parent = parent,
                                .create_pr = s->o->create_pr};
    for (int tries = 1;; tries++) {
        SP_AUTO(hub_commit_done_fini) struct hub_commit_done d = {0};
        struct sp_err why = {0};
        int rc = hub_commit(&d, s->h, s->r, s->rev, &o, ops, n, s->o->progress, &why);
        if (rc == 0) {
            memcpy(s->done.commit, d.oid, sizeof s->done.commit);
            free(s->done.url);
            s->done.url = sp_dup(d.pr_url ? d.pr_url : d.url);
            return 0;
        }
        // Somebody else's commit came between: without a parent given by the user ours still
        // applies.
        bool again = (rc == SP_ECONFLICT || rc == SP_EBUSY) && !parent && tries < CONFLICT_TRIES;
        if (!again) {
            if (err)
                *err = why;
            return rc;
        }
        SP_TRY(sp_cancel_sleep(s->o->cancel, 200 * tries, err));
    }
}

static void make_op(struct hub_op *op, struct xfer_pick *f)
{
    op->path = f->path;
    op->size = f->size;
    if (f->lfs) {
        op->kind = HUB_OP_LFS;
        memcpy(op->sha256, f->oid, sizeof op->sha256);
        return;
    }
    op->kind = HUB_OP_FILE;
    f->src = xfer_lazy_source(f->local, f->size);
    op->src = f->src;
}

static int commit_all(struct send *s, const char *const *deletes, size_t deletes_n,
                      struct sp_err *err)
{
    SP_VEC(struct hub_op) ops = {0};
    struct xfer_picks *p = s->picks;
    const char *parent = s->o->parent;
    uint64_t bytes = 0;
    unsigned part = 1;
    size_t first = 0;
    int rc = 0;
    size_t all = deletes_n + p->list.n;
    sp_progress_stage(s->o->progress, "Committing");
    for (size_t i = 0; i <= all && rc == 0; i++) {
        struct xfer_pick *f = i >= deletes_n && i < all ? &p->list.v[i - deletes_n] : NULL;
        uint64_t more = f && !f->skip && !f->lfs ? f->size : 0;
        bool full = ops.n >= COMMIT_OPS_MAX || (bytes && bytes + more > COMMIT_REGULAR_BYTES_MAX);
        if (ops.n && (i == all || full)) {
            rc = commit_part(s, ops.v, ops.n, part++, parent, err);
            parent = NULL;
            ops.n = 0;
            bytes = 0;
            for (; first + deletes_n < i; first++) // descriptors of what was committed
                sp_source_release(&p->list.v[first].src);
        }
        if (i < deletes_n && rc == 0) {
            *sp_vec_push(&ops) = (struct hub_op){.kind = HUB_OP_DELETE, .path = deletes[i]};
        } else if (f && !f->skip && rc == 0) {
            make_op(sp_vec_push(&ops), f);
            bytes += more;
            if (!f->lfs)
                s->done.bytes_sent += f->size;
        }
    }
    sp_vec_fini(&ops);
    return rc;
}

static int unchanged(struct send *s, struct sp_err *err)
{
    SP_AUTO(hub_info_fini) struct hub_info info = {0};
    SP_TRY(hub_info_get(&info, s->h, s->r, s->rev, false, NULL, err));
    if (info.sha && hub_is_commit(sp_cstr(info.sha)))
        memcpy(s->done.commit, info.sha, sizeof s->done.commit);
    const char *kind = s->r->type == HUB_MODEL ? "" : hub_type_plural(s->r->type);
    // The commit that holds all of it already, as hf says; an empty repository has none.
    s->done.url = sp_fmt("%s/%s%s%s%s%s", hub_endpoint(s->h), kind, *kind ? "/" : "", s->r->id,
                         s->done.commit[0] ? "/commit/" : "", s->done.commit);
    return 0;
}

int xfer_send(struct xfer_uploaded *out, struct hub *h, const struct hub_repo *r, const char *rev,
              struct xfer_picks *picks, const char *const *deletes, size_t deletes_n,
              const struct xfer_upload_opts *o, struct sp_err *err)
{
    struct send s = {.h = h, .r = r, .rev = rev, .picks = picks, .o = o};
    SP_AUTO_FREE struct hub_preupload *ask = sp_new_n(struct hub_preupload, picks->list.n + 1);
    size_t todo = deletes_n;
    s.ask = ask;
    SP_TRY(classify(&s, err));
    SP_TRY(xfer_upload_objects(&s.done, h, r, rev, picks, ask, o, err));
    for (size_t i = 0; i < picks->list.n; i++) {
        todo += !picks->list.v[i].skip;
        s.done.skipped += picks->list.v[i].skip;
    }
    s.done.files = picks->list.n - s.done.skipped;
    s.done.deleted = deletes_n;
    s.done.changed = todo > 0;
    int rc = todo ? commit_all(&s, deletes, deletes_n, err) : unchanged(&s, err);
    if (rc < 0) {
        xfer_uploaded_fini(&s.done);
        return rc;
    }
    *out = s.done;
    return 0;
}
