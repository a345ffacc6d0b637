// Creating, deleting and setting up repos.
#include "hub/client.h"

enum { BUSY_TRIES = 5, BUSY_PAUSE_MS = 500 };

// "name" and "organization" of an id.
static void put_name(struct sp_jw *w, const struct hub_repo *r)
{
    sp_str name, ns = sp_cut(sp_cstr(r->id), '/', &name);
    sp_jw_kstr(w, "name", name.p ? name : ns);
    sp_jw_key(w, "organization");
    if (name.p)
        sp_jw_str(w, ns);
    else
        sp_jw_null(w);
    if (r->type != HUB_MODEL)
        sp_jw_kcstr(w, "type", hub_type_name(r->type));
}

static char *web_url(const struct hub *h, const struct hub_repo *r)
{
    bool model = r->type == HUB_MODEL;
    return sp_fmt("%s/%s%s%s", h->endpoint, model ? "" : hub_type_plural(r->type), model ? "" : "/",
                  r->id);
}

// "url" of the answer when it is one; a server that gives none gets it composed.
static char *url_of(struct hub *h, const struct hub_repo *r, const struct net_resp *resp)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *j = NULL;
    char *url = NULL;
    sp_str s;
    if (sp_json_parse(&j, sp_buf_view(&resp->body), &a, NULL) == 0 &&
        sp_json_str(sp_json_get(j, "url"), &s) && s.n &&
        hub_url_own(&url, h, resp->url, s, false, NULL) == 0)
        return url;
    return web_url(h, r);
}

static bool other_operation_runs(const struct net_resp *resp)
{
    return resp->status == 409 &&
           sp_find(sp_buf_view(&resp->body),
                   SP_LIT("Cannot create repo: another conflicting operation is in progress")) >= 0;
}

static int create(struct net_resp *resp, struct hub *h, sp_str body, struct sp_err *err)
{
    SP_AUTO_FREE char *url = sp_fmt("%s/api/repos/create", h->endpoint);
    struct hub_call c = {.method = "POST", .url = url, .body = body, .retry = NET_RETRY_UNSENT};
    for (unsigned i = 1;; i++) {
        SP_TRY(hub_call_raw(resp, h, &c, err));
        if (!other_operation_runs(resp) || i == BUSY_TRIES)
            return 0;
        SP_TRY(sp_cancel_sleep(h->cancel, BUSY_PAUSE_MS, err));
    }
}

// Someone who may not create repos may still use one that is there.
static bool is_there(struct hub *h, const struct hub_repo *r)
{
    SP_AUTO(hub_info_fini) struct hub_info i = {0};
    return hub_info_get(&i, h, r, NULL, false, NULL, NULL) == 0;
}

int hub_repo_create(char **url_out, struct hub *h, const struct hub_repo *r,
                    const struct hub_create_opts *o, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_BUF struct sp_buf body = {0};
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    put_name(&w, r);
    if (o->visibility)
        sp_jw_kcstr(&w, "visibility", o->visibility);
    if (r->type == HUB_SPACE && o->space_sdk)
        sp_jw_kcstr(&w, "sdk", o->space_sdk);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&body, "request", err));
    SP_TRY_IN(create(&resp, h, sp_buf_view(&body), err), err, "creating %s", r->id);
    bool made = resp.status >= 200 && resp.status < 300;
    bool there = o->exist_ok && (resp.status == 409 || (resp.status == 403 && is_there(h, r)));
    if (!made && !there)
        return sp_prefix(err, hub_call_fail(h, &resp, err), "creating %s %s",
                         hub_type_name(r->type), r->id);
    if (url_out)
        *url_out = url_of(h, r, &resp);
    return 0;
}

static int call_simple(struct hub *h, const char *method, const char *url, struct sp_buf *body,
                       enum net_retry retry, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_TRY(sp_buf_done(body, "request", err));
    struct hub_call c = {.method = method, .url = url, .body = sp_buf_view(body), .retry = retry};
    return hub_call_do(&resp, h, &c, err);
}

int hub_repo_delete(struct hub *h, const struct hub_repo *r, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf body = {0};
    SP_AUTO_FREE char *url = sp_fmt("%s/api/repos/delete", h->endpoint);
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    put_name(&w, r);
    sp_jw_end(&w);
    SP_TRY_IN(call_simple(h, "DELETE", url, &body, NET_RETRY_UNSENT, err), err, "deleting %s %s",
              hub_type_name(r->type), r->id);
    return 0;
}
