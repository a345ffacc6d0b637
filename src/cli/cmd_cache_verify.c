// `spoke cache verify`: files on disk against the hashes of their commit.
#include "cli/cache_common.h"
#include "cli/cli_hub.h"

static struct {
    const char *type, *rev, *local_dir;
    bool fail_missing, fail_extra;
} o;

static int commit_of(char commit[41], struct cli *c, const struct cli_repo *r,
                     const struct cache_repo *cr, struct sp_err *err)
{
    const char *rev = r->rev ? r->rev : "main";
    if (!o.local_dir) {
        int rc = cache_ref_read(commit, cr, rev, err);
        if (rc == SP_ENOTFOUND)
            sp_hint(err, "spoke download %s first, or name a folder with --local-dir", r->repo.id);
        return rc;
    }
    if (hub_is_commit(sp_cstr(rev))) {
        memcpy(commit, rev, 41);
        return 0;
    }
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_AUTO(hub_info_fini) struct hub_info info = {0};
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_info_get(&info, h, &r->repo, rev, false, NULL, err));
    if (!info.sha || !hub_is_commit(sp_cstr(info.sha)))
        return sp_fail(err, SP_EREVISION, "%s has no commit at %s", r->repo.id, rev);
    memcpy(commit, info.sha, 41);
    return 0;
}

// The file list of a commit: what the cache has written down, else what the Hub says.
static int tree_of(struct cache_tree *out, struct cli *c, const struct cli_repo *r,
                   const char *meta_dir, const char *commit, struct sp_err *err)
{
    int rc = cache_tree_read(out, meta_dir, commit, err);
    if (rc != SP_ENOTFOUND)
        return rc;
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_AUTO(hub_files_fini) struct hub_files files = {0};
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_tree_list(&files, h, &r->repo, commit, "", true, err));
    SP_VEC_EACH (&files.list, f) {
        if (f->is_dir)
            continue;
        struct cache_tree_file *t = sp_vec_push(&out->files);
        t->path = sp_arena_dupn(&out->arena, f->path, strlen(f->path));
        t->size = t->lfs_size = f->size;
        memcpy(t->blob_id, f->oid, sizeof t->blob_id);
        memcpy(t->lfs_sha256, f->sha256, sizeof t->lfs_sha256);
        memcpy(t->xet_hash, f->xet_hash, sizeof t->xet_hash);
    }
    return 0;
}

// The error of files in one state, NULL name = none is.
static int blame(const struct cache_verify *v, const char *state, int code, const char *dir,
                 const char *what, struct sp_err *err)
{
    const char *name = NULL;
    size_t n = 0;
    SP_VEC_EACH (&v->rows, row) {
        if (strcmp(row->state, state) == 0 && n++ == 0)
            name = row->path;
    }
    if (n == 0)
        return 0;
    if (n == 1)
        return sp_fail(err, code, "%s in %s %s", name, dir, what);
    return sp_fail(err, code, "%zu files in %s, the first is %s: each %s", n, dir, name, what);
}

static int judge(const struct cli *c, const struct cache_verify *v, const char *dir,
                 struct sp_err *err)
{
    int rc = blame(v, "mismatch", SP_EHASH, dir, "does not have the bytes that the Hub has", err);
    if (rc < 0)
        sp_hint(err, "spoke download %s --force-download fetches them again", c->args[0]);
    if (rc == 0 && o.fail_missing)
        rc = blame(v, "missing", SP_EINCOMPLETE, dir, "is missing", err);
    if (rc == 0 && o.fail_extra)
        rc = blame(v, "extra", SP_EINCOMPLETE, dir, "is not in the repository", err);
    return rc;
}

static void verify_json_paths(struct sp_jw *w, const struct cache_verify *v, const char *key,
                              const char *state)
{
    sp_jw_key(w, key);
    sp_jw_arr(w);
    SP_VEC_EACH (&v->rows, row) {
        if (strcmp(row->state, state) == 0)
            sp_jw_cstr(w, row->path);
    }
    sp_jw_end(w);
}

// Programs get one object, people what is wrong and then the verdict.
static void verify_json(const struct hub_repo *r, const struct cache_verify *v, const char *dir,
                        const char *commit)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_GIB);
    struct sp_jw w = sp_jw(&b);
    sp_jw_obj(&w);
    sp_jw_kcstr(&w, "repo_id", r->id);
    sp_jw_kcstr(&w, "repo_type", hub_type_name(r->type));
    sp_jw_kint(&w, "checked", (int64_t)v->checked);
    sp_jw_kcstr(&w, "path", dir);
    sp_jw_kcstr(&w, "revision", commit);
    sp_jw_key(&w, "mismatches");
    sp_jw_arr(&w);
    SP_VEC_EACH (&v->rows, row) {
        if (strcmp(row->state, "mismatch") != 0)
            continue;
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "path", row->path);
        sp_jw_kcstr(&w, "expected", row->expected);
        sp_jw_kcstr(&w, "actual", row->actual);
        sp_jw_end(&w);
    }
    sp_jw_end(&w);
    verify_json_paths(&w, v, "missing", "missing");
    verify_json_paths(&w, v, "extra", "extra");
    sp_jw_end(&w);
    printf("%s\n", b.p);
}

static size_t count_state(const struct cache_verify *v, const char *state)
{
    size_t n = 0;
    SP_VEC_EACH (&v->rows, row)
        n += strcmp(row->state, state) == 0;
    return n;
}

// The rows that make the verdict: absent and extra files only where they are errors.
static void print_bad_rows(struct cli *c, const struct cache_verify *v)
{
    static const struct cli_col cols[] = {
        {"path", CLI_TEXT}, {"state", CLI_TEXT}, {"expected", CLI_TEXT}, {"actual", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 4, {0}};
    SP_VEC_EACH (&v->rows, row) {
        if ((strcmp(row->state, "missing") == 0 && !o.fail_missing) ||
            (strcmp(row->state, "extra") == 0 && !o.fail_extra))
            continue;
        cli_put_cstr(&t, row->path);
        cli_put_cstr(&t, row->state);
        cli_put_cstr(&t, row->expected);
        cli_put_cstr(&t, row->actual);
    }
    if (t.cells.n)
        cli_table_print(c, &t, 0, NULL);
}

static int report(struct cli *c, const struct hub_repo *r, const struct cache_verify *v,
                  const char *dir, const char *commit, struct sp_err *err)
{
    size_t missing = count_state(v, "missing"), extra = count_state(v, "extra");
    if (missing && !o.fail_missing)
        sp_log("cache", WARN,
               "%zu file(s) of the repository are not there; "
               "--fail-on-missing-files names them and fails",
               missing);
    if (extra && !o.fail_extra)
        sp_log("cache", WARN,
               "%zu file(s) are not in the repository; "
               "--fail-on-extra-files names them and fails",
               extra);
    if (c->format == CLI_JSON) {
        verify_json(r, v, dir, commit);
        return judge(c, v, dir, err);
    }
    print_bad_rows(c, v);
    SP_TRY(judge(c, v, dir, err));
    static const struct cli_col sum[] = {
        {"repo_id", CLI_TEXT}, {"repo_type", CLI_TEXT}, {"checked", CLI_COUNT}, {"path", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table s = {sum, 4, {0}};
    cli_put_cstr(&s, r->id);
    cli_put_cstr(&s, hub_type_name(r->type));
    cli_put_num(&s, (int64_t)v->checked);
    cli_put_cstr(&s, dir);
    SP_AUTO_FREE char *title = sp_fmt("Verified %zu file(s) for %s '%s'. All checksums match.",
                                      (size_t)v->checked, hub_type_name(r->type), r->id);
    cli_result_print(c, title, &s);
    return 0;
}

static int verify(struct cli *c, struct sp_err *err)
{
    if (o.local_dir && sp_starts(sp_cstr(sp_conf_origin(SP_CONF_hub_cache)), SP_LIT("flag")))
        return sp_fail(err, SP_EUSAGE, "--local-dir and --cache-dir cannot both be given");
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    SP_AUTO(cache_repo_fini) struct cache_repo cr = {0};
    SP_TRY(cache_repo_init(&cr, NULL, hub_type_plural(r.repo.type), r.repo.id, err));
    char commit[41];
    SP_TRY(commit_of(commit, c, &r, &cr, err));
    SP_AUTO_FREE char *dir =
        o.local_dir ? sp_path_real(o.local_dir) : cache_snapshot_dir(&cr, commit);
    SP_AUTO_FREE char *meta =
        o.local_dir ? sp_path_join(dir, ".cache/huggingface") : sp_dup(cr.dir);
    if (!sp_is_dir(dir))
        return sp_fail(err, SP_ENOTFOUND, "revision %s of %s is not there: no folder %s", commit,
                       r.repo.id, dir);
    SP_AUTO(cache_tree_fini) struct cache_tree tree = {0};
    SP_TRY(tree_of(&tree, c, &r, meta, commit, err));
    struct sp_progress progress = {0};
    SP_AUTO(cache_verify_fini) struct cache_verify v = {0};
    {
        CLI_AUTO_BAR struct cli_bar *bar = cli_bar_start(c, &progress);
        SP_TRY(cache_verify_run(&v, dir, &tree, &progress, err));
    }
    return report(c, &r.repo, &v, dir, commit, err);
}
static const struct cli_opt verify_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "Branch, tag or commit (default: main)", 0},
    CLI_CACHE_DIR,
    {"local-dir", 0, CLI_STR, &o.local_dir, "DIR", "Check this folder instead of the cache", 0},
    {"fail-on-missing-files", 0, CLI_FLAG, &o.fail_missing, NULL,
     "Files that are not there are an error", 0},
    {"fail-on-extra-files", 0, CLI_FLAG, &o.fail_extra, NULL,
     "Files the repository does not have are an error", 0},
    CLI_OPT_END,
};
static const struct cli_arg repo_args[] = {
    {"REPO", "ns/name, datasets/ns/name or hf://…", false, false}, {0}};
const struct cli_spec cli_cache_verify_spec = {
    .run = verify,
    .args = repo_args,
    .opts = verify_opts,
    .examples =
        "spoke cache verify openai-community/gpt2\n"
        "spoke cache verify openai-community/gpt2 --local-dir gpt2 --fail-on-missing-files\n",
    .more = "The list of hashes comes from the cache when it was written down there, else from the "
            "Hub.\n",
};
