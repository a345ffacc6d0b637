// What the handlers of files share: revision and path of a request, and a row of a listing.
#include "server/files.h"

// "pr/7/rest" behind a raw "refs": the revision is refs/pr/7.
static void join_refs(struct srv_place *p, struct sp_arena *a)
{
    sp_str rest, tail, kind = sp_cut(p->path, '/', &rest), name = sp_cut(rest, '/', &tail);
    if (kind.n == 0 || name.n == 0)
        return;
    p->rev = sp_cstr(sp_arena_fmt(a, "refs/%.*s/%.*s", SP_FMT(kind), SP_FMT(name)));
    p->path = tail;
}

int srv_place(struct srv_place *out, struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv_place p = {.srv = x->srv, .repo_id = x->repo.id};
    p.rev = http_param(q, "rev");
    p.path = http_param(q, "path");
    if (sp_eq_lit(p.rev, "refs"))
        join_refs(&p, q->arena);
    SP_TRY(srv_git_resolve(p.commit, p.srv->git, p.repo_id, p.rev, err));
    http_set_str(q, "X-Repo-Commit", sp_cstr(p.commit));
    *out = p;
    return 0;
}

int srv_place_entry(struct srv_entry *out, const struct srv_place *p, struct http_req *q,
                    struct sp_err *err)
{
    int rc = srv_git_entry(out, p->srv->git, p->repo_id, p->commit, p->path, q->arena, err);
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, rc, "%.*s does not exist on \"%.*s\"", SP_FMT(sp_sub(p->path, 0, 300)),
                       SP_FMT(sp_sub(p->rev, 0, 100)));
    return rc;
}

static void write_last(struct sp_jw *w, const struct srv_commit *c)
{
    sp_jw_key(w, "lastCommit");
    sp_jw_obj(w);
    sp_jw_kcstr(w, "id", c->oid);
    sp_jw_kcstr(w, "title", c->title);
    sp_jw_ktime(w, "date", c->date_ms);
    sp_jw_end(w);
}

void srv_entry_write(struct sp_jw *w, const struct srv_entry *e, bool expand,
                     const struct srv_commit *last)
{
    sp_jw_obj(w);
    sp_jw_kcstr(w, "type", e->is_dir ? "directory" : "file");
    sp_jw_kcstr(w, "oid", e->oid);
    sp_jw_kint(w, "size", (int64_t)e->size);
    if (e->lfs) {
        sp_jw_key(w, "lfs");
        sp_jw_obj(w);
        sp_jw_kcstr(w, "oid", e->sha256);
        sp_jw_kint(w, "size", (int64_t)e->size);
        sp_jw_kint(w, "pointerSize", e->pointer_size);
        sp_jw_end(w);
    }
    sp_jw_kstr(w, "path", e->path);
    if (last)
        write_last(w, last);
    if (expand && !e->is_dir) {
        // Nobody scans files here, and the answer says so. huggingface_hub reads all three members.
        sp_jw_key(w, "securityFileStatus");
        sp_jw_obj(w);
        sp_jw_kcstr(w, "status", "unscanned");
        sp_jw_kcstr(w, "avScan", NULL);
        sp_jw_kcstr(w, "pickleImportScan", NULL);
        sp_jw_end(w);
    }
    sp_jw_end(w);
}

bool srv_query_bool(struct http_req *q, const char *name)
{
    sp_str v;
    return http_query(q, name, &v) && sp_parse_bool(v);
}

size_t srv_query_size(struct http_req *q, const char *name, size_t dflt, size_t max)
{
    sp_str v;
    uint64_t n;
    if (!http_query(q, name, &v) || !sp_parse_u64(v, &n) || n == 0)
        return dflt;
    return n < max ? (size_t)n : max;
}

int srv_no_pull_request(struct http_req *q, struct sp_err *err)
{
    if (!srv_query_bool(q, "create_pr"))
        return 0;
    return sp_fail(err, SP_EUNSUPPORTED,
                   "Pull requests come later; push to a branch instead (create_branch, revision=)");
}
