// Life of a repository. Create: row that nobody sees → git folder, durable → row ready. Delete: row
// → git folder. Killed anywhere in between, there is nothing to see or a whole repository; what
// lies around is swept at the next start (sweep.c). Large objects of a deleted repository are gc's
// business.
#include "server/commit_parse.h"
#include "server/files.h"
#include "server/git_commit.h"
#include "server/handlers.h"
#include "server/names.h"

#define LICENSE_MAX 64

struct wanted {
    enum meta_repo_type type;
    sp_str ns, name, sdk, license;
    bool is_private;
    const struct sp_json *files; // some clients send the first files with the request
};

// "visibility" or, from clients before 1.0, "private". *there = one of them is. What is neither is
// refused, not passed over: who writes "private": "true" must not get a public repository.
static int read_private(bool *out, const struct sp_json *body, bool *there, struct sp_err *err)
{
    const struct sp_json *visibility = sp_json_get(body, "visibility");
    const struct sp_json *is_private = sp_json_get(body, "private");
    *there = true;
    if (visibility && !sp_json_is(visibility, SP_JSON_NULL)) {
        sp_str v = SP_LIT("");
        sp_json_str(visibility, &v);
        if (!sp_eq_lit(v, "private") && !sp_eq_lit(v, "public"))
            return sp_fail(err, SP_EINVALID, "visibility is public or private, not %.*s",
                           SP_FMT(sp_sub(v, 0, 40)));
        *out = sp_eq_lit(v, "private");
        return 0;
    }
    if (sp_json_bool(is_private, out))
        return 0;
    *there = false;
    if (is_private && !sp_json_is(is_private, SP_JSON_NULL))
        return sp_fail(err, SP_EINVALID, "private is true or false, without quotes");
    return 0;
}

static int read_id(struct wanted *w, const struct sp_json *body, const struct srv_who *who,
                   struct sp_err *err)
{
    if (!sp_json_is(body, SP_JSON_OBJ))
        return sp_fail(err, SP_EFORMAT, "the body is not a JSON object");
    SP_TRY(srv_type_parse(&w->type, sp_json_get_str(body, "type"), err));
    w->name = sp_json_get_str(body, "name");
    w->ns = sp_json_get_str(body, "organization");
    // Some clients put the whole id into the name.
    ptrdiff_t slash = sp_find_ch(w->name, '/');
    if (slash >= 0 && w->ns.n == 0) {
        w->ns = sp_sub(w->name, 0, (size_t)slash);
        w->name = sp_from(w->name, (size_t)slash + 1);
    }
    if (w->ns.n == 0)
        w->ns = who->user;
    return 0;
}

static int read_sdk(struct wanted *w, const struct sp_json *body, struct sp_err *err)
{
    static const char *const sdks[] = {"gradio", "streamlit", "docker", "static"};
    if (w->type != META_SPACE)
        return 0;
    static const char *const later[] = {"secrets", "variables", "volumes", "template"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        const struct sp_json *v = sp_json_get(body, later[i]);
        if (v && !sp_json_is(v, SP_JSON_NULL))
            return sp_fail(err, SP_EUNSUPPORTED,
                           "The %s of spaces come later; create the space without", later[i]);
    }
    sp_str sdk = sp_json_get_str(body, "sdk");
    for (size_t i = 0; i < sizeof sdks / sizeof *sdks; i++)
        if (sp_eq(sdk, sp_cstr(sdks[i]))) {
            w->sdk = sdk;
            return 0;
        }
    return sp_fail(err, SP_EINVALID, "a space needs an sdk: gradio, streamlit, docker or static");
}

// An identifier as model cards use it ("apache-2.0"): it becomes a line of YAML.
static int read_license(struct wanted *w, const struct sp_json *body, struct sp_err *err)
{
    w->license = sp_json_get_str(body, "license");
    for (size_t i = 0; i < w->license.n; i++) {
        char c = w->license.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (w->license.n > LICENSE_MAX || (!word && (i == 0 || !strchr("-.+", c) || c == 0)))
            return sp_fail(err, SP_EINVALID, "license is a short name such as apache-2.0");
    }
    return 0;
}

static int answer_url(struct http_req *q, int status, const struct meta_repo *r, const char *error,
                      struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    if (error) {
        sp_jw_kcstr(&w, "error", error);
        http_set(q, "X-Error-Code", "AlreadyExists");
        http_set(q, "X-Error-Message", "%s", error);
    }
    sp_jw_kcstr(&w, "url", srv_repo_url(q, r));
    sp_jw_key(&w, "name");
    sp_jw_strf(&w, "%s/%s", r->ns, r->name);
    sp_jw_kcstr(&w, "id", r->hex_id);
    sp_jw_end(&w);
    return http_send_json(q, status, &b, err);
}

// 409 with the url of what is there: clients read it when they do not mind.
static int answer_exists(struct http_req *q, const struct wanted *w, struct sp_err *err)
{
    struct meta_repo r;
    int rc =
        meta_repo_get_nocase(&r, srv_ctx(q)->srv->meta, w->type, w->ns, w->name, q->arena, err);
    if (rc ==
        SP_EREPO) // being made by another request; huggingface_hub knows this sentence and waits
        return srv_error(q, 409, "AlreadyExists",
                         "Cannot create repo: another conflicting operation is in progress", err);
    SP_TRY(rc);
    char *text = sp_arena_fmt(q->arena, "You already created this %s repo: %s/%s",
                              srv_type_name(r.type), r.ns, r.name);
    return answer_url(q, 409, &r, text, err);
}

static int put_file(struct srv *s, int64_t repo_id, struct srv_job *j, const struct sp_json *f,
                    struct sp_err *err)
{
    sp_str path = sp_json_get_str(f, "path"), content = sp_json_get_str(f, "content");
    SP_TRY(srv_path_check(path, err));
    if (!sp_eq_lit(sp_json_get_str(f, "encoding"), "base64"))
        return srv_commit_put(s, repo_id, j, path, content, err);
    SP_AUTO_BUF struct sp_buf raw = {0};
    if (sp_buf_unb64(&raw, content, NULL) < 0)
        return sp_fail(err, SP_EFORMAT, "the content of %.*s is not base64", SP_FMT(path));
    return srv_commit_put(s, repo_id, j, path, sp_buf_view(&raw), err);
}

// A card that says no more than the license that was chosen; a README.md in "files" replaces it.
static int put_license(struct srv *s, int64_t repo_id, struct srv_job *j, sp_str license,
                       struct sp_err *err)
{
    if (license.n == 0)
        return 0;
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_printf(&b, "---\nlicense: %.*s\n---\n", SP_FMT(license));
    SP_TRY(sp_buf_done(&b, "README.md", err));
    return srv_commit_put(s, repo_id, j, SP_LIT("README.md"), sp_buf_view(&b), err);
}

// A second commit on top of "initial commit", before anybody can see the repository.
static int put_files(struct srv *s, const struct meta_repo *r, const struct wanted *w,
                     const char *author, struct sp_err *err)
{
    struct srv_job_result result;
    SP_AUTO(srv_job_free) struct srv_job *j = NULL;
    if (w->files && w->files->n > s->limits->files_per_commit)
        return sp_fail(err, SP_ETOOBIG, "more than %u files in one request",
                       s->limits->files_per_commit);
    SP_TRY(srv_job_begin(&j, s->git, r->id, err));
    SP_TRY(put_license(s, r->id, j, w->license, err));
    if (w->files) {
        SP_JSON_EACH(f, w->files)
        SP_TRY(put_file(s, r->id, j, f, err));
    }
    const struct srv_git_commit_text text = {.user = sp_cstr(author),
                                             .summary = SP_LIT("first files")};
    return srv_job_finish(&result, j, "refs/heads/main", (sp_str){0}, &text, err);
}

static int make_git(struct srv *s, const struct meta_repo *r, const struct wanted *w,
                    const char *author, struct sp_err *err)
{
    char commit[41];
    SP_TRY(sp_fault("server.repo.row", err));
    SP_TRY(srv_git_create(s->git, r, author, commit, err));
    if (w->license.n || (w->files && w->files->n))
        SP_TRY(put_files(s, r, w, author, err));
    SP_TRY(sp_fault("server.repo.git", err));
    return meta_repo_ready(s->meta, r->id, err);
}

int srv_repo_create(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    struct sp_json *body;
    struct wanted w = {0};
    bool there;
    SP_TRY(srv_json_body(&body, q, s->limits->json_body, err));
    SP_TRY(read_id(&w, body, &x->who, err));
    SP_TRY(srv_name_check(w.name, "repository name", err));
    SP_TRY(read_private(&w.is_private, body, &there, err));
    SP_TRY(read_sdk(&w, body, err));
    SP_TRY(read_license(&w, body, err));
    if (sp_json_get_str(body, "resourceGroupId").n) // passing it over would show the repository
        return sp_fail(err, SP_EUNSUPPORTED,
                       "Resource groups come later; make the repository private");
    w.files = sp_json_get(body, "files");
    if (w.files && !sp_json_is(w.files, SP_JSON_ARR) && !sp_json_is(w.files, SP_JSON_NULL))
        return sp_fail(err, SP_EFORMAT, "files is no list");
    if (!sp_eq(w.ns, x->who.user))
        return sp_fail(err, SP_EFORBIDDEN,
                       "You don't have the rights to create a %s under the namespace \"%.*s\"",
                       srv_type_name(w.type), SP_FMT(sp_sub(w.ns, 0, 100)));

    struct meta_repo r;
    int rc = meta_repo_add(&r, s->meta, w.type, w.ns, w.name, w.is_private, w.sdk, q->arena, err);
    if (rc == SP_EEXIST)
        return answer_exists(q, &w, err);
    SP_TRY(rc);
    SP_AUTO_FREE char *author = sp_str_dup(x->who.user);
    rc = make_git(s, &r, &w, author, err);
    if (rc < 0) {
        srv_git_remove(s->git, r.id, NULL);
        meta_repo_remove(s->meta, r.id, NULL);
        return sp_prefix(err, rc, "creating %s/%s", r.ns, r.name);
    }
    srv_known_drop(s->known);
    srv_facts_refresh(s, r.id, "create");
    (void)sp_fault("server.repo.ready", NULL);
    return answer_url(q, 200, &r, NULL, err);
}

int srv_repo_delete(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    struct sp_json *body;
    struct wanted w = {0};
    struct meta_repo r;
    SP_TRY(srv_json_body(&body, q, s->limits->json_body, err));
    SP_TRY(read_id(&w, body, &x->who, err));
    int rc = meta_repo_get(&r, s->meta, w.type, w.ns, w.name, q->arena, err);
    if (rc == SP_EREPO || (rc == 0 && !srv_may_read(&x->who, &r)))
        return sp_fail(err, SP_EREPO, "Repository not found: %.*s/%.*s",
                       SP_FMT(sp_sub(w.ns, 0, 100)), SP_FMT(sp_sub(w.name, 0, 100)));
    SP_TRY(rc);
    if (!srv_may_write(&x->who, &r))
        return sp_fail(err, SP_EFORBIDDEN, "User %.*s may not delete %s/%s", SP_FMT(x->who.user),
                       r.ns, r.name);
    SP_TRY(meta_repo_remove(s->meta, r.id, err));
    srv_known_drop(s->known);
    (void)sp_fault("server.repo.removed", NULL);
    // The repository is gone with its row; a folder that stays is swept at the next start.
    struct sp_err why = {0};
    if (srv_git_remove(s->git, r.id, &why) < 0)
        sp_log("server", WARN, "deleting %s/%s: %s", r.ns, r.name, why.msg);
    return http_send(q, 200, "text/plain; charset=utf-8", SP_LIT("OK"), err);
}

int srv_repo_settings(struct http_req *q, struct sp_err *err)
{
    struct srv_ctx *x = srv_ctx(q);
    struct srv *s = x->srv;
    struct sp_json *body;
    SP_TRY(srv_json_body(&body, q, s->limits->json_body, err));
    if (!sp_json_is(body, SP_JSON_OBJ))
        return sp_fail(err, SP_EFORMAT, "the body is not a JSON object");
    const struct sp_json *gated = sp_json_get(body, "gated");
    bool is_private = x->repo.is_private, there;
    if (gated && !sp_json_is(gated, SP_JSON_NULL) &&
        !(sp_json_is(gated, SP_JSON_BOOL) && !gated->b))
        return sp_fail(
            err, SP_EUNSUPPORTED,
            "Gated repositories come later; make the repository private, or give out tokens");
    SP_TRY(read_private(&is_private, body, &there, err));
    if (there && is_private != x->repo.is_private) {
        SP_TRY(meta_repo_set_private(s->meta, x->repo.id, is_private, err));
        srv_known_drop(s->known);
    }
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kbool(&w, "private", is_private);
    sp_jw_kbool(&w, "gated", false);
    sp_jw_end(&w);
    return http_send_json(q, 200, &b, err);
}
