// Repo info, whoami and lists.
#include "hub/client.h"

enum { EMPTY_PAGES_MAX = 100, ORGS_MAX = 10000 };

static char *dup_or_null(sp_str s)
{
    return s.p ? sp_str_dup(s) : NULL;
}

void hub_info_fini(struct hub_info *i)
{
    free(i->id);
    free(i->sha);
    sp_arena_fini(&i->arena);
    *i = (struct hub_info){0};
}

static int fill_info(struct hub_info *i, const struct net_resp *resp, struct sp_err *err)
{
    sp_str id, sha;
    SP_TRY(hub_call_str(&id, resp, i->json, "id", true, err));
    SP_TRY(hub_call_str(&sha, resp, i->json, "sha", false, err));
    if (hub_repo_id_check(id, NULL) < 0)
        return hub_call_lied(resp, err, "\"id\" is no repo id");
    if (sha.n && !hub_is_commit(sha)) // it becomes a folder's name
        return hub_call_lied(resp, err, "\"sha\" is not 40 hex digits");
    i->id = sp_str_dup(id);
    i->sha = sha.n ? sp_str_dup(sha) : NULL;
    i->is_private = sp_json_get_bool(i->json, "private", false);
    return 0;
}

int hub_info_get(struct hub_info *out, struct hub *h, const struct hub_repo *r, const char *rev,
                 bool blobs, const char *const *expand, struct sp_err *err)
{
    SP_AUTO(hub_info_fini) struct hub_info i = {0};
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    hub_url_api(&b, h, r, rev ? "/revision" : "");
    if (rev)
        hub_url_seg(&b, rev);
    if (blobs)
        hub_url_query(&b, "blobs", SP_LIT("true"));
    for (size_t k = 0; expand && expand[k]; k++)
        hub_url_query(&b, "expand", sp_cstr(expand[k]));
    SP_TRY(hub_url_done(&url, &b, err));
    struct hub_call c = {.url = url, .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY_IN(hub_call_json(&i.json, &i.arena, &resp, h, &c, SP_JSON_OBJ, err), err, "%s %s",
              hub_type_name(r->type), r->id);
    SP_TRY(fill_info(&i, &resp, err));
    *out = i;
    i = (struct hub_info){0};
    return 0;
}

// ---- whoami

void hub_whoami_fini(struct hub_whoami *w)
{
    free(w->name);
    free(w->fullname);
    free(w->email);
    free(w->token_name);
    free(w->role);
    for (size_t i = 0; i < w->orgs_n; i++)
        free(w->orgs[i]);
    free(w->orgs);
    *w = (struct hub_whoami){0};
}

static int fill_whoami(struct hub_whoami *w, const struct net_resp *resp, const struct sp_json *j,
                       struct sp_err *err)
{
    sp_str name, fullname, email;
    SP_TRY(hub_call_str(&name, resp, j, "name", true, err));
    SP_TRY(hub_call_str(&fullname, resp, j, "fullname", false, err));
    SP_TRY(hub_call_str(&email, resp, j, "email", false, err));
    const struct sp_json *token = sp_json_get(sp_json_get(j, "auth"), "accessToken");
    w->name = sp_str_dup(name);
    w->fullname = dup_or_null(fullname);
    w->email = dup_or_null(email);
    w->token_name = dup_or_null(sp_json_get_str(token, "displayName"));
    w->role = dup_or_null(sp_json_get_str(token, "role"));
    const struct sp_json *orgs = sp_json_get(j, "orgs");
    if (!sp_json_is(orgs, SP_JSON_ARR))
        return 0;
    w->orgs = sp_new_n(char *, (orgs->n < ORGS_MAX ? orgs->n : ORGS_MAX) + 1);
    SP_JSON_EACH(o, orgs)
    {
        sp_str org;
        if (w->orgs_n < ORGS_MAX && sp_json_str(sp_json_get(o, "name"), &org))
            w->orgs[w->orgs_n++] = sp_str_dup(org);
    }
    return 0;
}

int hub_whoami_get(struct hub_whoami *out, struct hub *h, struct sp_err *err)
{
    SP_AUTO(hub_whoami_fini) struct hub_whoami w = {0};
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_FREE char *url = sp_fmt("%s/api/whoami-v2", h->endpoint);
    struct sp_json *j;
    if (!h->token) {
        sp_fail(err, SP_EAUTH, "not logged in to %s", h->endpoint);
        sp_hint(err, "log in with: spoke auth login");
        return SP_EAUTH;
    }
    struct hub_call c = {.url = url, .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY(hub_call_json(&j, &a, &resp, h, &c, SP_JSON_OBJ, err));
    SP_TRY(fill_whoami(&w, &resp, j, err));
    *out = w;
    w = (struct hub_whoami){0};
    return 0;
}

// ---- lists

// One page: number of items handed out; *url moves to the next page or NULL.
static int list_page(struct hub *h, char **url, size_t limit, size_t *given, hub_item_fn cb,
                     void *ud, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *page;
    struct hub_call c = {.url = *url, .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY(hub_call_json(&page, &a, &resp, h, &c, SP_JSON_ARR, err));
    SP_JSON_EACH(item, page)
    {
        if (limit && *given == limit)
            break;
        if (!sp_json_is(item, SP_JSON_OBJ))
            return hub_call_lied(&resp, err, "an item is no object");
        SP_TRY(cb(ud, item, err));
        ++*given;
    }
    char *next = NULL;
    if (!limit || *given < limit)
        SP_TRY(hub_call_next(&next, h, &resp, err));
    free(*url);
    *url = next;
    return 0;
}

int hub_list(struct hub *h, enum hub_type t, const char *const *query, size_t limit, hub_item_fn cb,
             void *ud, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    sp_buf_printf(&b, "%s/api/%s", h->endpoint, hub_type_plural(t));
    for (size_t i = 0; query && query[i]; i++) {
        sp_str value, key = sp_cut(sp_cstr(query[i]), '=', &value);
        SP_AUTO_FREE char *k = sp_str_dup(key);
        hub_url_query(&b, k, value);
    }
    SP_TRY(hub_url_done(&url, &b, err));
    size_t given = 0;
    for (unsigned empty = 0; url;) {
        size_t before = given;
        SP_TRY_IN(list_page(h, &url, limit, &given, cb, ud, err), err, "listing %s",
                  hub_type_plural(t));
        empty = given > before ? 0 : empty + 1;
        if (url && empty > EMPTY_PAGES_MAX)
            return sp_fail(err, SP_EREPLY, "%u empty pages in a row, next would be %s", empty, url);
    }
    return 0;
}
