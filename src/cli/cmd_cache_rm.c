// cache rm and cache prune.
#include "cli/cache_common.h"

static struct {
    bool yes, dry_run;
} o;

struct going { // what a plan takes away, in the words of hf
    size_t repos, revs, files;
};

static bool goes(const struct sp_map *paths, const char *path)
{
    return sp_map_has(paths, sp_cstr(path));
}

static void say_rev(const struct cli *c, const struct cache_scan_rev *rev)
{
    SP_AUTO_BUF struct sp_buf refs = {0};
    char size[16];
    for (size_t i = 0; i < rev->refs.n; i++)
        sp_buf_printf(&refs, "%s%s", i ? " " : "", rev->refs.v[i]);
    cli_size_text(size, rev->size);
    cli_say(c, "      %s [%s] %s", rev->commit, refs.n ? refs.p : "(detached)", size);
}

static void count_repo(struct going *g, const struct cli *c, const struct sp_map *paths,
                       const struct cache_scan_repo *repo, bool say)
{
    bool titled = false;
    if (goes(paths, repo->dir)) {
        g->repos++;
        g->revs += repo->revs.n;
        if (say)
            cli_say(c, "  - %s/%s (entire repo)", repo->type, repo->id);
        return;
    }
    SP_VEC_EACH (&repo->revs, rev) {
        if (goes(paths, rev->snapshot)) {
            g->revs++;
            if (say && !titled)
                cli_say(c, "  - %s/%s:", repo->type, repo->id);
            if (say)
                say_rev(c, rev);
            titled = true;
            continue;
        }
        SP_VEC_EACH (&rev->files, f) {
            SP_AUTO_FREE char *path = sp_path_join(rev->snapshot, f->path);
            if (!goes(paths, path))
                continue;
            g->files++;
            if (say)
                cli_say(c, "  - %s/%s@%s/%s", repo->type, repo->id, rev->commit, f->path);
        }
    }
}

// say: also names each one, for people to look at before they say yes.
static struct going count_going(const struct cli *c, const struct cache_scan *s,
                                const struct cache_plan *plan, bool say)
{
    struct going g = {0};
    struct sp_map paths = {0};
    SP_VEC_EACH (&plan->paths, p)
        sp_map_put(&paths, sp_cstr(*p), *p);
    SP_VEC_EACH (&s->repos, repo)
        count_repo(&g, c, &paths, repo, say);
    sp_map_fini(&paths, NULL);
    return g;
}

// One line of result: the counts that were collected under their keys, the bytes last.
struct outcome {
    struct cli_col cols[6];
    int64_t numbers[6];
    size_t n;
};

static void put_outcome(struct outcome *r, const char *key, enum cli_cell kind, int64_t number)
{
    SP_ASSERT(r->n < 6);
    r->cols[r->n] = (struct cli_col){key, kind};
    r->numbers[r->n++] = number;
}

static void print_outcome(struct cli *c, const char *title, const struct outcome *r)
{
    SP_AUTO(cli_table_fini) struct cli_table t = {r->cols, r->n, {0}};
    for (size_t i = 0; i < r->n; i++)
        cli_put_num(&t, r->numbers[i]);
    cli_result_print(c, title, &t);
}

// counts: with their dry-run keys; done: the keys of what was removed.
static int run_plan(struct cli *c, const struct cache_plan *plan, const char *what,
                    const struct outcome *dry, struct outcome *done, struct sp_err *err)
{
    char size[16];
    cli_size_text(size, plan->freed);
    cli_say(c, "About to delete %s totalling %s.", what, size);
    if (o.dry_run) {
        print_outcome(c, "Dry run: no files were deleted.", dry);
        return 0;
    }
    SP_TRY(cli_confirm(c, o.yes, "Proceed with deletion?", err));
    SP_TRY(cache_plan_run(plan, NULL, err));
    put_outcome(done, "freed", CLI_BYTES, (int64_t)plan->freed);
    SP_AUTO_FREE char *title = sp_fmt("Deleted %s; freed %s.", what, size);
    print_outcome(c, title, done);
    return 0;
}

static int rm_files(struct cli *c, const struct cache_plan *plan, const struct going *g,
                    struct sp_err *err)
{
    struct outcome dry = {0}, done = {0};
    put_outcome(&dry, "dry_run", CLI_YES, true);
    put_outcome(&dry, "files", CLI_COUNT, (int64_t)g->files);
    put_outcome(&dry, "size", CLI_BYTES, (int64_t)plan->freed);
    put_outcome(&done, "files_deleted", CLI_COUNT, (int64_t)g->files);
    SP_AUTO_FREE char *what = sp_fmt("%zu file(s)", g->files);
    return run_plan(c, plan, what, &dry, &done, err);
}

static int rm_repos(struct cli *c, const struct cache_plan *plan, const struct going *g,
                    struct sp_err *err)
{
    struct outcome dry = {0}, done = {0};
    put_outcome(&dry, "dry_run", CLI_YES, o.dry_run);
    put_outcome(&dry, "repos", CLI_COUNT, (int64_t)g->repos);
    put_outcome(&dry, "revisions", CLI_COUNT, (int64_t)g->revs);
    put_outcome(&dry, "size", CLI_BYTES, (int64_t)plan->freed);
    put_outcome(&done, "repos_deleted", CLI_COUNT, (int64_t)g->repos);
    put_outcome(&done, "revisions_deleted", CLI_COUNT, (int64_t)g->revs);
    SP_AUTO_FREE char *what = sp_fmt("%zu repo(s) and %zu revision(s)", g->repos, g->revs);
    return run_plan(c, plan, what, &dry, &done, err);
}

static int rm(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_TRY(cache_scan_run(&s, NULL, err));
    SP_AUTO(cache_plan_fini) struct cache_plan plan = {0};
    struct sp_err why = {0};
    int rc = cache_plan_delete(&plan, &s, c->args, c->args_n, &why);
    // As in hf: what is not there needs no removal. It is named and the rest goes.
    if (rc == SP_ENOTFOUND) {
        sp_log("cache", WARN, "%s", why.msg);
        cli_say(c, "Nothing to delete.");
        if (c->format == CLI_JSON)
            puts("{\"repos_deleted\":0,\"revisions_deleted\":0,\"freed\":0}");
        return 0;
    }
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    SP_VEC_EACH (&plan.missing, m)
        sp_log("cache", WARN, "%s is not in the cache %s", *m, s.root);
    struct going g = count_going(c, &s, &plan, true);
    return g.files ? rm_files(c, &plan, &g, err) : rm_repos(c, &plan, &g, err);
}
static const struct cli_opt rm_opts[] = {
    CLI_CACHE_DIR,
    {"yes", 'y', CLI_FLAG, &o.yes, NULL, "Do not ask", 0},
    {"dry-run", 0, CLI_FLAG, &o.dry_run, NULL, "Say what would go, remove nothing", 0},
    CLI_OPT_END,
};
static const struct cli_arg rm_args[] = {
    {"TARGET", "type/ns/name, a 40-digit revision, or hf://…/file", false, true}, {0}};
const struct cli_spec cli_cache_rm_spec = {
    .run = rm,
    .args = rm_args,
    .opts = rm_opts,
    .examples = "spoke cache rm model/openai-community/gpt2\nspoke cache rm "
                "dataset/rajpurkar/squad --dry-run\n",
};

static int prune(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_TRY(cli_cache_scan(&s, err));
    SP_AUTO(cache_plan_fini) struct cache_plan plan = {0};
    if (s.root)
        SP_TRY(cache_plan_prune(&plan, &s, err));
    if (plan.paths.n == 0) {
        cli_say(c, "No unreferenced revisions, partial downloads or orphan blobs found. Nothing to "
                   "prune.");
        if (c->format == CLI_JSON)
            puts("{\"revisions_deleted\":0,\"incomplete_deleted\":0,\"shared_blobs_deleted\":0,"
                 "\"freed\":0}");
        return 0;
    }
    struct going g = count_going(c, &s, &plan, true);
    struct outcome dry = {0}, done = {0};
    put_outcome(&dry, "dry_run", CLI_YES, o.dry_run);
    put_outcome(&dry, "revisions", CLI_COUNT, (int64_t)g.revs);
    put_outcome(&dry, "incomplete", CLI_COUNT, (int64_t)plan.incomplete);
    put_outcome(&dry, "shared_blobs", CLI_COUNT, (int64_t)s.orphans.n);
    put_outcome(&dry, "size", CLI_BYTES, (int64_t)plan.freed);
    put_outcome(&done, "revisions_deleted", CLI_COUNT, (int64_t)g.revs);
    put_outcome(&done, "incomplete_deleted", CLI_COUNT, (int64_t)plan.incomplete);
    put_outcome(&done, "shared_blobs_deleted", CLI_COUNT, (int64_t)s.orphans.n);
    SP_AUTO_FREE char *what =
        sp_fmt("%zu unreferenced revision(s), %zu partial download(s) and %zu orphan blob(s)",
               g.revs, plan.incomplete, (size_t)s.orphans.n);
    return run_plan(c, &plan, what, &dry, &done, err);
}
const struct cli_spec cli_cache_prune_spec = {
    .run = prune,
    .opts = rm_opts,
    .examples = "spoke cache prune --dry-run\nspoke cache prune --yes\n"};
