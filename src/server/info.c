// GET of a repository, and whether the asker may see or change it.
#include "server/handlers.h"
#include "server/info.h"

int srv_info_get(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    struct srv_info i = {.srv = s, .arena = q->arena, .repo = &x->repo, .one = true};
    sp_str rev = http_param(q, "rev"), flag;
    bool any;
    char commit[41];
    if (rev.n == 0)
        rev = SP_LIT("main");
    SP_TRY(srv_info_expand(&i.props, &any, q, x->repo.type, err));
    i.blobs = http_query(q, "blobs", &flag) && sp_parse_bool(flag);
    if (any && i.blobs)
        return sp_fail(err, SP_EINVALID, "expand and blobs exclude each other");
    if (!any)
        i.props = srv_info_props(x->repo.type, 'i');
    SP_TRY(srv_git_resolve(commit, s->git, x->repo.id, rev, err));
    if (!srv_facts_cached(&i.facts, &x->repo, commit, q->arena))
        SP_TRY(srv_facts_read(&i.facts, s, x->repo.id, commit, q->arena, err));
    http_set(q, "X-Repo-Commit", "%s", commit);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_JSON_BYTES);
    struct sp_jw w = sp_jw(&b);
    SP_TRY(srv_info_write(&w, &i, err));
    return http_send_json(q, 200, &b, err);
}

int srv_info_auth_check(struct http_req *q, struct sp_err *err)
{
    return http_send_empty(q, 200, err); // srv_before has checked
}
