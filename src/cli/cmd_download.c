// `spoke download`: a file, some files or a whole repo, and what --dry-run says of them.
#include "cli/cli_hub.h"
#include "xfer/xfer.h"

static struct {
    const char *type, *rev, *local_dir;
    struct cli_list include, exclude;
    bool force, dry_run;
} o;
static const struct cli_opt opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "Branch, tag, commit or refs/pr/N (default: main)", 0},
    {"include", 0, CLI_LIST, &o.include, "PATTERN", "Only files that match, for example '*.json'",
     0},
    {"exclude", 0, CLI_LIST, &o.exclude, "PATTERN", "No files that match", 0},
    {"cache-dir", 0, CLI_CONF, NULL, "DIR", "Cache to use", SP_CONF_hub_cache},
    {"local-dir", 0, CLI_STR, &o.local_dir, "DIR",
     "Put plain files there instead of into the cache", 0},
    {"force-download", 0, CLI_FLAG, &o.force, NULL, "Fetch again what is cached", 0},
    {"dry-run", 0, CLI_FLAG, &o.dry_run, NULL, "Say what would be fetched, fetch nothing", 0},
    {"max-workers", 0, CLI_CONF, NULL, "N", "Files in flight at once (default: 8)",
     SP_CONF_max_workers},
    CLI_OPT_END,
};
static const struct cli_arg args[] = {
    {"REPO", "ns/name, datasets/ns/name, hf://… or a web URL", false, false},
    {"FILE", "Paths or patterns; a path that ends in / takes the whole folder", true, true},
    {0},
};

struct patterns {
    SP_VEC(char *) list;
};

static void patterns_fini(struct patterns *p)
{
    SP_VEC_EACH (&p->list, s)
        free(*s);
    sp_vec_fini(&p->list);
}

// A name given as it stands must match itself only, so brackets in it are made literal; '*' and '?'
// make it a pattern, as in hf's lists of names.
static char *pattern_of(const char *path)
{
    SP_AUTO_BUF struct sp_buf b = {0};
    for (const char *p = path; *p; p++)
        sp_buf_cstr(&b, *p == '[' ? "[[]" : (char[]){*p, 0});
    size_t n = strlen(path);
    if (n && path[n - 1] == '/')
        sp_buf_ch(&b, '*');
    return sp_buf_take(&b);
}

static bool names_many(const char *path)
{
    size_t n = strlen(path);
    return (n && path[n - 1] == '/') || strpbrk(path, "*?");
}

static int print_plan(struct cli *c, const struct cli_repo *r, const struct sp_filter *f,
                      const struct xfer_opts *x, struct sp_err *err)
{
    SP_AUTO(xfer_plan_fini) struct xfer_plan plan = {0};
    SP_TRY(xfer_plan_download(&plan, &r->repo, r->rev, f, x, err));
    static const struct cli_col exact[] = {
        {"file", CLI_TEXT}, {"size", CLI_BYTES}, {"cached", CLI_YES}};
    static const struct cli_col shown[] = {{"file", CLI_TEXT}, {"size", CLI_TEXT}};
    bool json = c->format == CLI_JSON;
    SP_AUTO(cli_table_fini) struct cli_table t = {json ? exact : shown, json ? 3 : 2, {0}};
    size_t fetch = 0;
    char size[16];
    SP_VEC_EACH (&plan.files, file) {
        cli_put_cstr(&t, file->path);
        cli_size_text(size, file->size);
        if (json) {
            cli_put_num(&t, (int64_t)file->size);
            cli_put_num(&t, file->cached);
        } else {
            cli_put_cstr(&t, file->cached ? "-" : size); // as hf: there already, nothing to fetch
        }
        fetch += !file->cached;
    }
    cli_size_text(size, plan.to_fetch);
    cli_say(c, "[dry-run] Will download %zu files (out of %zu) totalling %s.", fetch,
            (size_t)plan.files.n, size);
    cli_table_print(c, &t, 0, NULL);
    return 0;
}

static void print_done(struct cli *c, const struct xfer_done *d)
{
    static const struct cli_col cols[] = {
        {"path", CLI_TEXT},   {"commit", CLI_TEXT},         {"files", CLI_COUNT},
        {"bytes", CLI_BYTES}, {"fetched_files", CLI_COUNT}, {"fetched_bytes", CLI_BYTES}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 6, {0}};
    cli_put_cstr(&t, d->path);
    if (c->format == CLI_JSON) {
        cli_put_cstr(&t, d->commit[0] ? d->commit : NULL);
        cli_put_num(&t, (int64_t)d->files);
        cli_put_num(&t, (int64_t)d->bytes);
        cli_put_num(&t, (int64_t)d->fetched);
        cli_put_num(&t, (int64_t)d->fetched_bytes);
    } else {
        for (size_t i = 1; i < t.cols_n; i++)
            cli_put_null(&t);
    }
    cli_result_print(c, "Downloaded", &t);
}

static void hint(int rc, const struct cli_repo *r, struct sp_err *err)
{
    if (!err || err->hint[0])
        return;
    const char *words = hub_type_plural(r->repo.type);
    if (rc == SP_ECANCELLED)
        sp_hint(err, "what has arrived is kept; the same command goes on from there");
    else if (rc == SP_EREVISION)
        sp_hint(err, "spoke repos branch ls %s%s%s (or tag ls) shows what there is", r->repo.id,
                r->repo.type == HUB_MODEL ? "" : " --type ",
                r->repo.type == HUB_MODEL ? "" : hub_type_name(r->repo.type));
    else if (rc == SP_ENOTFOUND)
        sp_hint(err, "spoke %s ls %s -R%s%s shows its files", words, r->repo.id,
                r->rev ? " --revision " : "", r->rev ? r->rev : "");
}

static int download(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    if (o.local_dir && sp_starts(sp_cstr(sp_conf_origin(SP_CONF_hub_cache)), SP_LIT("flag"))) {
        int rc = sp_fail(err, SP_EUSAGE, "--local-dir and --cache-dir cannot both be given");
        sp_hint(err, "--cache-dir (or HF_HOME) is the shared cache, --local-dir one plain copy");
        return rc;
    }
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    if (r.path && c->args_n > 1)
        return sp_fail(err, SP_EUSAGE, "%s names a file already; %s cannot stand beside it",
                       c->args[0], c->args[1]);
    if (r.path && sp_ends(sp_cstr(c->args[0]), SP_LIT("/"))) {
        char *folder = sp_fmt("%s/", r.path); // the parser took the slash that means "all of it"
        free(r.path);
        r.path = folder;
    }
    SP_AUTO(patterns_fini) struct patterns names = {0};
    const char *single = NULL;
    size_t named = c->args_n - 1 + (r.path != NULL);
    if (named == 1)
        single = r.path ? r.path : c->args[1];
    if (single && names_many(single))
        single = NULL;
    if (named && !single) {
        if (r.path)
            *sp_vec_push(&names.list) = pattern_of(r.path);
        for (size_t i = 1; i < c->args_n; i++)
            *sp_vec_push(&names.list) = pattern_of(c->args[i]);
    }
    if (named && (o.include.n || o.exclude.n))
        sp_log("cli", WARN, "files are named, so --include and --exclude are ignored");
    struct sp_filter f = {.allow = o.include.v,
                          .allow_n = o.include.n,
                          .has_allow = o.include.n > 0,
                          .ignore = o.exclude.v,
                          .ignore_n = o.exclude.n};
    SP_AUTO_FREE char *only = single ? pattern_of(single) : NULL;
    const char *only_list[] = {only};
    if (names.list.n)
        f = (struct sp_filter){
            .allow = (const char *const *)names.list.v, .allow_n = names.list.n, .has_allow = true};
    else if (only)
        f = (struct sp_filter){.allow = only_list, .allow_n = 1, .has_allow = true};

    // No shell expands the ~ of --local-dir=~/x, and what is printed has to hold in any folder.
    SP_AUTO_FREE char *local_dir = o.local_dir ? sp_path_real(o.local_dir) : NULL;
    struct sp_progress progress = {0};
    struct xfer_opts x = {
        .local_dir = local_dir, .force = o.force, .progress = &progress, .cancel = c->cancel};
    if (o.dry_run)
        return print_plan(c, &r, &f, &x, err);
    SP_AUTO(xfer_done_fini) struct xfer_done done = {0};
    {
        CLI_AUTO_BAR struct cli_bar *bar = cli_bar_start(c, &progress);
        int rc = single ? xfer_download(&done, &r.repo, r.rev, single, &x, err)
                        : xfer_snapshot(&done, &r.repo, r.rev, &f, &x, err);
        if (rc < 0)
            hint(rc, &r, err);
        SP_TRY(rc);
    }
    print_done(c, &done);
    return 0;
}
const struct cli_spec cli_download_spec = {
    .run = download,
    .args = args,
    .opts = opts,
    .examples = "spoke download sentence-transformers/all-MiniLM-L6-v2\n"
                "spoke download openai-community/gpt2 config.json\n"
                "spoke download datasets/squad --include '*.parquet' --local-dir squad\n"
                "cd $(spoke download -q openai-community/gpt2 --revision main)\n",
    .more = "The path of the file, or of the folder with all files, is printed. Everything is "
            "checked against\n"
            "its hash; an interrupted download continues where it stopped. With HF_HUB_OFFLINE=1 "
            "only the\n"
            "cache is used.\n",
};
