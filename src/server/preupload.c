// POST …/preupload: which files travel as LFS objects, which are ignored, which are there already.
#include "server/attributes.h"
#include "server/commit_parse.h"
#include "server/files.h"

// Mode rule: large by .gitattributes; every *.parquet (push_to_hub of datasets deletes its file
// before the commit and would have to read it again for a regular one); above 10 MB; binary above
// 1 MB. The sample is the first 512 bytes.
#define REGULAR_MAX ((int64_t)10 * 1000 * 1000)
#define BINARY_MAX  ((int64_t)1000 * 1000)
#define RULES_MAX   SP_MIB // .gitattributes or .gitignore
#define SAMPLE_MAX  4096   // decoded

struct rules {
    sp_str attributes, ignore;
    struct srv_rule_steps steps;
};

static int read_rule_file(sp_str *out, const struct srv_place *p, const char *name,
                          struct http_req *q, struct sp_err *err)
{
    struct srv_entry e;
    *out = SP_LIT("");
    int rc = srv_git_entry(&e, p->srv->git, p->repo_id, p->commit, sp_cstr(name), q->arena, err);
    if (rc == SP_ENOTFOUND || (rc == 0 && (e.is_dir || e.lfs || e.size > RULES_MAX)))
        return 0;
    SP_TRY(rc);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(RULES_MAX);
    SP_TRY(srv_git_blob(&b, p->srv->git, p->repo_id, e.oid, RULES_MAX, err));
    *out = sp_str_of(sp_arena_dupn(q->arena, b.p ? b.p : "", b.n), b.n);
    return 0;
}

static int read_rules(struct rules *out, const struct srv_place *p, const struct sp_json *body,
                      struct http_req *q, struct sp_err *err)
{
    // A client that is about to change these files sends them along.
    if (!sp_json_str(sp_json_get(body, "gitAttributes"), &out->attributes))
        SP_TRY(read_rule_file(&out->attributes, p, ".gitattributes", q, err));
    if (!sp_json_str(sp_json_get(body, "gitIgnore"), &out->ignore))
        SP_TRY(read_rule_file(&out->ignore, p, ".gitignore", q, err));
    return 0;
}

static bool is_binary(sp_str sample_b64)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SAMPLE_MAX);
    if (sp_buf_unb64(&b, sp_sub(sample_b64, 0, SAMPLE_MAX / 3 * 4), NULL) < 0)
        return true;
    sp_str s = sp_buf_view(&b);
    if (sp_has_nul(s))
        return true;
    // The sample may end in the middle of a character.
    for (int cut = 0; cut < 4; cut++, s.n -= s.n > 0)
        if (sp_utf8_valid(s))
            return false;
    return true;
}

static bool is_large(struct rules *r, sp_str path, int64_t size, sp_str sample)
{
    if (sp_ends(path, SP_LIT(".parquet")) || srv_attributes_lfs(r->attributes, path, &r->steps))
        return true;
    return size > REGULAR_MAX || (size > BINARY_MAX && is_binary(sample));
}

static int answer_file(struct sp_jw *w, const struct srv_place *p, struct rules *r,
                       const struct sp_json *f, struct http_req *q, struct sp_err *err)
{
    sp_str path;
    int64_t size;
    if (!sp_json_str(sp_json_get(f, "path"), &path) || path.n == 0 ||
        !sp_json_i64(sp_json_get(f, "size"), &size) || size < 0)
        return sp_fail(err, SP_EFORMAT, "a file of a preupload needs path and size");
    SP_TRY(srv_path_check(path, err));
    struct srv_entry now;
    int rc = srv_git_entry(&now, p->srv->git, p->repo_id, p->commit, path, q->arena, err);
    if (rc < 0 && rc != SP_ENOTFOUND)
        return rc;
    bool large = is_large(r, path, size, sp_json_get_str(f, "sample"));
    bool ignored = srv_attributes_ignored(r->ignore, path, &r->steps);
    if (r->steps.over)
        return sp_fail(err, SP_ETOOBIG,
                       "the rules of .gitattributes and .gitignore are too long for that many "
                       "files; ask about fewer at a time");
    sp_jw_obj(w);
    sp_jw_kstr(w, "path", path);
    sp_jw_kcstr(w, "uploadMode", large ? "lfs" : "regular");
    sp_jw_kbool(w, "shouldIgnore", ignored);
    sp_jw_kcstr(w, "oid", rc < 0 || now.is_dir ? NULL : now.lfs ? now.sha256 : now.oid);
    sp_jw_end(w);
    return 0;
}

int srv_preupload_post(struct http_req *q, struct sp_err *err)
{
    struct srv_place p;
    struct sp_json *body;
    struct rules r = {.steps = {.left = SRV_RULE_STEPS}};
    SP_TRY(srv_no_pull_request(q, err));
    SP_TRY(srv_place(&p, q, err));
    SP_TRY(srv_json_body(&body, q, p.srv->limits->preupload_body, err));
    const struct sp_json *files = sp_json_get(body, "files");
    if (!sp_json_is(files, SP_JSON_ARR))
        return sp_fail(err, SP_EFORMAT, "a preupload needs a list called files");
    if (files->n > p.srv->limits->paths_info)
        return sp_fail(err, SP_ETOOBIG, "%zu files in one preupload; at most %u", files->n,
                       p.srv->limits->paths_info);
    SP_TRY(read_rules(&r, &p, body, q, err));
    SP_AUTO_BUF struct sp_buf b = {0};
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_key(&w, "files");
    sp_jw_arr(&w);
    SP_JSON_EACH(f, files)
    SP_TRY(answer_file(&w, &p, &r, f, q, err));
    sp_jw_end(&w);
    sp_jw_kcstr(&w, "commitOid", p.commit);
    sp_jw_end(&w);
    return http_send_json(q, 200, &b, err);
}
