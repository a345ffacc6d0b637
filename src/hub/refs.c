// Branches, tags and other refs of a repo.
#include "hub/client.h"

void hub_refs_fini(struct hub_refs *r)
{
    sp_vec_fini(&r->branches);
    sp_vec_fini(&r->tags);
    sp_vec_fini(&r->converts);
    sp_vec_fini(&r->prs);
    sp_arena_fini(&r->arena);
}

static char *keep(struct sp_arena *a, sp_str s)
{
    return sp_arena_dupn(a, s.p ? s.p : "", s.n);
}

static int parse_ref(struct hub_ref *out, struct sp_arena *a, const struct net_resp *resp,
                     const struct sp_json *e, struct sp_err *err)
{
    sp_str name, ref, commit;
    char hex[41];
    SP_TRY(hub_call_str(&name, resp, e, "name", true, err));
    SP_TRY(hub_call_str(&ref, resp, e, "ref", true, err));
    SP_TRY(hub_call_str(&commit, resp, e, "targetCommit", true, err));
    SP_TRY(hub_call_hex(hex, 40, resp, commit, "targetCommit", err));
    if (name.n > SP_LIM_REF_BYTES || ref.n > SP_LIM_REF_BYTES + 32 || sp_has_ctl(name) ||
        sp_has_ctl(ref))
        return hub_call_lied(resp, err, "a ref has a name that no ref can have");
    *out = (struct hub_ref){keep(a, name), keep(a, ref), keep(a, commit)};
    return 0;
}

#define PARSE_LIST(vec, json, key, required)                                                       \
    do {                                                                                           \
        const struct sp_json *list_ = sp_json_get((json), (key));                                  \
        if ((required) && !sp_json_is(list_, SP_JSON_ARR))                                         \
            return hub_call_lied(&resp, err, "\"%s\" is no list", (key));                          \
        if (sp_json_is(list_, SP_JSON_ARR))                                                        \
            SP_JSON_EACH(e_, list_)                                                                \
        SP_TRY(parse_ref(sp_vec_push(vec), &refs.arena, &resp, e_, err));                          \
    } while (0)

int hub_refs_get(struct hub_refs *out, struct hub *h, const struct hub_repo *r, struct sp_err *err)
{
    SP_AUTO(hub_refs_fini) struct hub_refs refs = {0};
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    struct sp_json *j;
    hub_url_api(&b, h, r, "/refs");
    SP_TRY(hub_url_done(&url, &b, err));
    struct hub_call c = {.url = url, .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY_IN(hub_call_json(&j, &a, &resp, h, &c, SP_JSON_OBJ, err), err, "refs of %s", r->id);
    PARSE_LIST(&refs.branches, j, "branches", true);
    PARSE_LIST(&refs.tags, j, "tags", true);
    PARSE_LIST(&refs.converts, j, "converts", false);
    PARSE_LIST(&refs.prs, j, "pullRequests", false);
    *out = refs;
    refs = (struct hub_refs){0};
    return 0;
}

// exist_ok: "exists already" is success.
static int call_ref(struct hub *h, const struct hub_repo *r, const char *method, const char *tail,
                    const char *seg, struct sp_buf *body, bool exist_ok, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    hub_url_api(&b, h, r, tail);
    hub_url_seg(&b, seg);
    SP_TRY(hub_url_done(&url, &b, err));
    if (body)
        SP_TRY(sp_buf_done(body, "request", err));
    struct hub_call c = {.method = method,
                         .url = url,
                         .body = body ? sp_buf_view(body) : (sp_str){0},
                         .retry = NET_RETRY_UNSENT};
    SP_TRY(hub_call_raw(&resp, h, &c, err));
    if ((resp.status >= 200 && resp.status < 300) || (exist_ok && resp.status == 409))
        return 0;
    return hub_call_fail(h, &resp, err);
}

int hub_branch_create(struct hub *h, const struct hub_repo *r, const char *branch,
                      const char *start, bool exist_ok, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    if (start)
        sp_jw_kcstr(&w, "startingPoint", start);
    sp_jw_end(&w);
    SP_TRY_IN(call_ref(h, r, "POST", "/branch", branch, &body, exist_ok, err), err,
              "creating branch %s of %s", branch, r->id);
    return 0;
}

int hub_branch_delete(struct hub *h, const struct hub_repo *r, const char *branch,
                      struct sp_err *err)
{
    SP_TRY_IN(call_ref(h, r, "DELETE", "/branch", branch, NULL, false, err), err,
              "deleting branch %s of %s", branch, r->id);
    return 0;
}

int hub_tag_create(struct hub *h, const struct hub_repo *r, const char *tag, const char *rev,
                   const char *message, bool exist_ok, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "tag", tag);
    if (message && *message)
        sp_jw_kcstr(&w, "message", message);
    sp_jw_end(&w);
    SP_TRY_IN(call_ref(h, r, "POST", "/tag", rev ? rev : "main", &body, exist_ok, err), err,
              "tagging %s as %s", r->id, tag);
    return 0;
}

int hub_tag_delete(struct hub *h, const struct hub_repo *r, const char *tag, struct sp_err *err)
{
    SP_TRY_IN(call_ref(h, r, "DELETE", "/tag", tag, NULL, false, err), err, "deleting tag %s of %s",
              tag, r->id);
    return 0;
}
