// What the server says before an upload: how each file must travel, and what it thinks of a model
// card.
#include "hub/client.h"

enum { FILES_PER_CALL = 256 };

static void put_files(struct sp_buf *b, const struct hub_preupload *f, size_t n, sp_str gitignore)
{
    struct sp_jw w = sp_jw(b);
    sp_jw_obj(&w);
    sp_jw_key(&w, "files");
    sp_jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        SP_AUTO_BUF struct sp_buf sample = {0};
        sp_buf_b64(&sample, f[i].sample, f[i].sample_n, false, true);
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "path", f[i].path);
        sp_jw_kstr(&w, "sample", sp_buf_view(&sample));
        sp_jw_kint(&w, "size", (int64_t)f[i].size);
        sp_jw_end(&w);
    }
    sp_jw_end(&w);
    if (gitignore.n)
        sp_jw_kstr(&w, "gitIgnore", gitignore);
    sp_jw_end(&w);
}

static int take_answer(struct hub_preupload *f, const struct net_resp *resp,
                       const struct sp_json *e, struct sp_err *err)
{
    sp_str mode, oid;
    bool ignore;
    SP_TRY(hub_call_str(&mode, resp, e, "uploadMode", true, err));
    SP_TRY(hub_call_str(&oid, resp, e, "oid", false, err));
    bool lfs = sp_eq_lit(mode, "lfs");
    if (!lfs && !sp_eq_lit(mode, "regular"))
        return hub_call_lied(resp, err, "\"uploadMode\" of %s is neither lfs nor regular", f->path);
    if (!sp_json_bool(sp_json_get(e, "shouldIgnore"), &ignore))
        return hub_call_lied(resp, err, "\"shouldIgnore\" of %s is missing", f->path);
    if (oid.n && !sp_is_hex(oid, 40) && !sp_is_hex(oid, 64))
        return hub_call_lied(resp, err, "\"oid\" of %s is no SHA-1 or SHA-256", f->path);
    f->lfs = lfs && f->size > 0; // an empty file is always regular, as in huggingface_hub
    f->ignore = ignore;
    memset(f->oid, 0, sizeof f->oid);
    memcpy(f->oid, oid.n ? oid.p : "", oid.n);
    return 0;
}

static int take_answers(struct hub_preupload *f, size_t n, const struct net_resp *resp,
                        const struct sp_json *j, struct sp_err *err)
{
    const struct sp_json *list = sp_json_get(j, "files");
    if (!sp_json_is(list, SP_JSON_ARR))
        return hub_call_lied(resp, err, "\"files\" is no list");
    struct sp_map asked = {0};
    for (size_t i = 0; i < n; i++)
        sp_map_put(&asked, sp_cstr(f[i].path), &f[i]);
    int rc = 0;
    SP_JSON_EACH(e, list)
    {
        sp_str path;
        rc = hub_call_str(&path, resp, e, "path", true, err);
        struct hub_preupload *one = rc < 0 ? NULL : sp_map_del(&asked, path);
        if (rc == 0 && one)
            rc = take_answer(one, resp, e, err);
        else if (rc == 0)
            rc = hub_call_lied(resp, err, "it speaks of %.*s, which was not asked or twice",
                               SP_FMT(sp_sub(path, 0, 100)));
        if (rc < 0)
            break;
    }
    if (rc == 0 && asked.n)
        rc = hub_call_lied(resp, err, "%zu of %zu files are missing", asked.n, n);
    sp_map_fini(&asked, NULL);
    return rc;
}

int hub_preupload_ask(struct hub *h, const struct hub_repo *r, const char *rev,
                      struct hub_preupload *files, size_t n, sp_str gitignore, bool create_pr,
                      struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    hub_url_api(&b, h, r, "/preupload");
    hub_url_seg(&b, rev ? rev : "main");
    if (create_pr)
        hub_url_query(&b, "create_pr", SP_LIT("1"));
    SP_TRY(hub_url_done(&url, &b, err));
    for (size_t at = 0; at < n; at += FILES_PER_CALL) {
        size_t k = n - at < FILES_PER_CALL ? n - at : FILES_PER_CALL;
        SP_AUTO(net_resp_fini) struct net_resp resp = {0};
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        SP_AUTO_BUF struct sp_buf body = {0};
        struct sp_json *j;
        put_files(&body, files + at, k, gitignore);
        SP_TRY(sp_buf_done(&body, "request", err));
        struct hub_call c = {.method = "POST",
                             .url = url,
                             .body = sp_buf_view(&body),
                             .retry = NET_RETRY_IDEMPOTENT};
        SP_TRY_IN(hub_call_json(&j, &a, &resp, h, &c, SP_JSON_OBJ, err), err,
                  "asking how to upload to %s", r->id);
        SP_TRY(take_answers(files + at, k, &resp, j, err));
    }
    return 0;
}

// ---- cards

static size_t put_messages(struct sp_buf *report, const struct sp_json *list, const char *kind)
{
    size_t n = 0;
    if (!sp_json_is(list, SP_JSON_ARR))
        return 0;
    SP_JSON_EACH(e, list)
    {
        sp_str m;
        if (!sp_json_str(sp_json_get(e, "message"), &m))
            m = SP_LIT("(without a message)");
        sp_buf_printf(report, "%s: ", kind);
        sp_buf_str(report, sp_sub(m, 0, 2000));
        sp_buf_ch(report, '\n');
        n++;
    }
    return n;
}

int hub_validate_yaml(struct hub *h, enum hub_type t, sp_str readme, struct sp_buf *report,
                      struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf body = {0};
    SP_AUTO_FREE char *url = sp_fmt("%s/api/validate-yaml", h->endpoint);
    struct sp_json *j;
    struct sp_jw w = sp_jw(&body);
    sp_jw_obj(&w);
    sp_jw_kstr(&w, "content", readme);
    sp_jw_kcstr(&w, "repoType", hub_type_name(t));
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(&body, "README.md", err));
    struct hub_call c = {
        .method = "POST", .url = url, .body = sp_buf_view(&body), .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY_IN(hub_call_raw(&resp, h, &c, err), err, "checking README.md");
    bool ok = resp.status >= 200 && resp.status < 300;
    if (!ok && resp.status != 400)
        return hub_call_fail(h, &resp, err);
    SP_TRY(hub_call_parse(&j, &a, &resp, SP_JSON_OBJ, err));
    put_messages(report, sp_json_get(j, "warnings"), "warning");
    const struct sp_json *errors = sp_json_get(j, "errors");
    if (!ok && !sp_json_is(errors, SP_JSON_ARR))
        return hub_call_fail(h, &resp, err); // a 400 about something else
    if (put_messages(report, errors, "error") > 0)
        return sp_fail(err, SP_EFORMAT, "Invalid metadata in README.md");
    return 0;
}
