#include "cli/cache_filter.h"
#include "cli/cli_hub.h"
#include "xfer/xfer.h"

static struct {
    const char *type, *rev, *local_dir, *sort;
    struct cli_list filter;
    bool revisions, warnings, yes, dry_run, fail_missing, fail_extra;
    int64_t limit;
} o;
#define CACHE_DIR {"cache-dir", 0, CLI_CONF, NULL, "DIR", "Cache to use", SP_CONF_hub_cache}
#define YES_DRY                                                                                    \
    {"yes", 'y', CLI_FLAG, &o.yes, NULL, "Do not ask", 0},                                         \
        {"dry-run", 0, CLI_FLAG, &o.dry_run, NULL, "Say what would go, remove nothing", 0}

// ---- ls

struct row {
    struct cli_cache_item item;
    const char *commit, *snapshot; // revisions only
    size_t revs_n;                 // repositories only
    char *refs, *id;
};
struct rows {
    SP_VEC(struct row) list;
};

static void rows_fini(struct rows *r)
{
    SP_VEC_EACH (&r->list, row) {
        free(row->refs);
        free(row->id);
    }
    sp_vec_fini(&r->list);
}

static void add_refs(struct sp_buf *b, const struct cache_scan_rev *rev)
{
    for (size_t i = 0; i < rev->refs.n; i++)
        sp_buf_printf(b, "%s%s", b->n ? "\n" : "", rev->refs.v[i]);
}

static void add_row(struct rows *rows, const struct cache_scan_repo *repo,
                    const struct cache_scan_rev *rev)
{
    SP_AUTO_BUF struct sp_buf refs = {0};
    for (size_t i = 0; i < repo->revs.n; i++) {
        if (!rev || rev == &repo->revs.v[i])
            add_refs(&refs, &repo->revs.v[i]);
    }
    struct row *row = sp_vec_push(&rows->list);
    row->refs = sp_buf_take(&refs);
    row->id = sp_fmt("%s/%s", repo->type, repo->id);
    row->revs_n = repo->revs.n;
    row->item = (struct cli_cache_item){
        .type = repo->type,
        .name = repo->id,
        .size = rev ? rev->size : repo->size,
        .accessed_ms = repo->accessed_ms,
        .modified_ms = rev ? rev->modified_ms : repo->modified_ms,
        .refs = row->refs,
    };
    if (rev) {
        row->commit = rev->commit;
        row->snapshot = rev->snapshot;
        // Access is a property of blobs; a revision was read when one of its files was.
        int64_t newest = 0;
        for (size_t i = 0; i < rev->files.n; i++)
            newest = rev->files.v[i].accessed_ms > newest ? rev->files.v[i].accessed_ms : newest;
        row->item.accessed_ms = newest;
    }
}

static struct cli_cache_order order;

static int by_order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int cmp = cli_cache_order_cmp(&order, &x->item, &y->item);
    return cmp || !x->commit ? cmp : strcmp(x->commit, y->commit);
}

static int keep_matching(struct rows *rows, struct sp_err *err)
{
    int64_t now = sp_now_ms();
    size_t kept = 0;
    for (size_t i = 0; i < rows->list.n; i++) {
        struct row *row = &rows->list.v[i];
        int pass = 1;
        for (size_t f = 0; f < o.filter.n && pass; f++) {
            pass = cli_cache_filter(o.filter.v[f], &row->item, now, err);
            SP_TRY(pass);
        }
        struct row swap = rows->list.v[kept];
        if (pass) { // rows that fell out stay behind the others, for rows_fini
            rows->list.v[kept++] = *row;
            *row = swap;
        }
    }
    for (size_t i = kept; i < rows->list.n; i++) {
        free(rows->list.v[i].refs);
        free(rows->list.v[i].id);
    }
    rows->list.n = kept;
    return 0;
}

static int check_filters(struct sp_err *err)
{
    // Also on an empty cache a wrong filter is wrong.
    const struct cli_cache_item none = {.type = "", .name = "", .refs = ""};
    for (size_t f = 0; f < o.filter.n; f++)
        SP_TRY(cli_cache_filter(o.filter.v[f], &none, 0, err));
    return cli_cache_order_parse(&order, o.sort ? o.sort : "name", err);
}

enum ls_col { ID, REPO_ID, REPO_TYPE, REVISION, PATH, SIZE, ACCESSED, MODIFIED, REFS, LS_COLS };
static const struct cli_col all_cols[LS_COLS] = {
    [ID] = {"id", CLI_TEXT},
    [REPO_ID] = {"repo_id", CLI_TEXT},
    [REPO_TYPE] = {"repo_type", CLI_TEXT},
    [REVISION] = {"revision", CLI_TEXT},
    [PATH] = {"snapshot_path", CLI_TEXT},
    [SIZE] = {"size", CLI_BYTES},
    [ACCESSED] = {"last_accessed", CLI_AGO},
    [MODIFIED] = {"last_modified", CLI_AGO},
    [REFS] = {"refs", CLI_NAMES},
};

static void put_cell(struct cli_table *t, enum ls_col col, const struct row *row)
{
    switch (col) {
    case ID:
        cli_put_cstr(t, row->id);
        break;
    case REPO_ID:
        cli_put_cstr(t, row->item.name);
        break;
    case REPO_TYPE:
        cli_put_cstr(t, row->item.type);
        break;
    case REVISION:
        cli_put_cstr(t, row->commit);
        break;
    case PATH:
        cli_put_cstr(t, row->snapshot);
        break;
    case SIZE:
        cli_put_num(t, (int64_t)row->item.size);
        break;
    case ACCESSED:
        cli_put_num(t, row->item.accessed_ms);
        break;
    case MODIFIED:
        cli_put_num(t, row->item.modified_ms);
        break;
    case REFS:
    case LS_COLS:
        cli_put_cstr(t, row->refs);
        break;
    }
}

static void print_rows(const struct cli *c, const struct rows *rows, const char *footer)
{
    // Which columns hf has; programs get all that are known.
    static const enum ls_col repo_cols[] = {ID, SIZE, ACCESSED, MODIFIED, REFS, LS_COLS};
    static const enum ls_col rev_cols[] = {ID, REVISION, SIZE, MODIFIED, REFS, LS_COLS};
    static const enum ls_col repo_json[] = {ID,       REPO_ID,  REPO_TYPE, SIZE,
                                            ACCESSED, MODIFIED, REFS,      LS_COLS};
    static const enum ls_col rev_json[] = {ID,   REPO_ID,  REPO_TYPE, REVISION, PATH,
                                           SIZE, ACCESSED, MODIFIED,  REFS,     LS_COLS};
    bool json = c->format == CLI_JSON;
    const enum ls_col *want =
        o.revisions ? (json ? rev_json : rev_cols) : (json ? repo_json : repo_cols);
    struct cli_col cols[LS_COLS];
    size_t n = 0;
    for (; want[n] != LS_COLS; n++)
        cols[n] = all_cols[want[n]];
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, n, {0}};
    SP_VEC_EACH (&rows->list, row) {
        for (size_t i = 0; i < n; i++)
            put_cell(&t, want[i], row);
    }
    // In quiet mode a revision is named by its commit.
    cli_table_print(c, &t, o.revisions && !json ? 1 : 0, footer);
}

// A cache that nothing was put into yet is an empty one (and stays a zero *s), unless the user
// named the folder.
static int scan(struct cache_scan *s, struct sp_err *err)
{
    bool named = sp_conf_is_set(SP_CONF_hub_cache);
    if (!named && !sp_exists(cache_root_default()))
        return 0;
    return cache_scan_run(s, NULL, err);
}

// What the shown rows make up. Repositories may share blobs: the sum of all of them is the disk's.
static char *ls_footer(const struct cache_scan *s, const struct rows *rows)
{
    struct sp_map repos = {0};
    size_t repos_n = 0, revs = 0;
    uint64_t bytes = 0;
    SP_VEC_EACH (&rows->list, row) {
        if (!sp_map_has(&repos, sp_cstr(row->id))) {
            sp_map_put(&repos, sp_cstr(row->id), row->id);
            repos_n++;
        }
        revs += row->commit ? 1 : row->revs_n;
        bytes += row->item.size;
    }
    sp_map_fini(&repos, NULL);
    if (!o.revisions && !o.filter.n && !o.limit)
        bytes = s->size;
    char size[16];
    cli_size_text(size, bytes);
    return sp_fmt("Found %zu repo(s) for a total of %zu revision(s) and %s on disk.", repos_n, revs,
                  size);
}

static void tell_leftovers(const struct cli *c, const struct cache_scan *s)
{
    char size[16];
    if (c->format == CLI_QUIET)
        return;
    cli_size_text(size, s->incomplete_size);
    if (s->incomplete.n)
        fprintf(stderr,
                "Hint: %zu partial download(s) totalling %s; 'spoke cache prune' removes them.\n",
                (size_t)s->incomplete.n, size);
    cli_size_text(size, s->orphan_size);
    if (s->orphans.n)
        fprintf(stderr,
                "Hint: %zu orphan blob(s) totalling %s; 'spoke cache prune' removes them.\n",
                (size_t)s->orphans.n, size);
}

static int ls(struct cli *c, struct sp_err *err)
{
    SP_TRY(check_filters(err));
    SP_AUTO(cache_scan_fini) struct cache_scan s = {0};
    SP_TRY(scan(&s, err));
    SP_AUTO(rows_fini) struct rows rows = {0};
    SP_VEC_EACH (&s.repos, repo) {
        if (!o.revisions)
            add_row(&rows, repo, NULL);
        for (size_t i = 0; o.revisions && i < repo->revs.n; i++)
            add_row(&rows, repo, &repo->revs.v[i]);
    }
    SP_TRY(keep_matching(&rows, err));
    if (rows.list.n)
        qsort(rows.list.v, rows.list.n, sizeof rows.list.v[0], by_order);
    size_t all = rows.list.n;
    if (o.limit > 0 && (size_t)o.limit < all) {
        for (size_t i = (size_t)o.limit; i < all; i++) {
            free(rows.list.v[i].refs);
            free(rows.list.v[i].id);
        }
        rows.list.n = (size_t)o.limit;
    }
    SP_AUTO_FREE char *footer = ls_footer(&s, &rows);
    print_rows(c, &rows, footer);
    SP_VEC_EACH (&s.warnings, w) {
        if (o.warnings)
            sp_log("cache", WARN, "%s", *w);
    }
    if (s.warnings.n && !o.warnings)
        sp_log("cache", WARN, "%zu damaged entries were left out; --show-warnings tells which",
               (size_t)s.warnings.n);
    tell_leftovers(c, &s);
    return 0;
}
static const struct cli_opt ls_opts[] = {
    CACHE_DIR,
    {"revisions", 0, CLI_FLAG, &o.revisions, NULL, "One row per revision", 0},
    {"filter", 'f', CLI_LIST, &o.filter, "FILTER",
     "size>1GB, accessed>7d, modified>1w, refs=main, type=model", 0},
    {"sort", 0, CLI_STR, &o.sort, "KEY[:DIR]", "accessed, modified, name or size; :asc or :desc",
     0},
    {"limit", 0, CLI_INT, &o.limit, "N", "At most so many rows", 0},
    {"show-warnings", 0, CLI_FLAG, &o.warnings, NULL, "Tell about damaged entries", 0},
    CLI_OPT_END,
};
const struct cli_spec cli_cache_ls_spec = {
    .run = ls,
    .opts = ls_opts,
    .examples =
        "spoke cache ls\nspoke cache ls --filter 'size>1GB' --filter 'accessed>30d' --sort size\n"
        "spoke cache rm $(spoke cache ls -q --filter 'accessed>1y')\n",
};

// ---- rm, prune
// -------------------------------------------------------------------------------------------
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

static void print_outcome(const struct cli *c, const char *title, const struct outcome *r)
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
static const struct cli_opt rm_opts[] = {CACHE_DIR, YES_DRY, CLI_OPT_END};
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
    SP_TRY(scan(&s, err));
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
    put_outcome(&dry, "incomplete", CLI_COUNT, (int64_t)s.incomplete.n);
    put_outcome(&dry, "shared_blobs", CLI_COUNT, (int64_t)s.orphans.n);
    put_outcome(&dry, "size", CLI_BYTES, (int64_t)plan.freed);
    put_outcome(&done, "revisions_deleted", CLI_COUNT, (int64_t)g.revs);
    put_outcome(&done, "incomplete_deleted", CLI_COUNT, (int64_t)s.incomplete.n);
    put_outcome(&done, "shared_blobs_deleted", CLI_COUNT, (int64_t)s.orphans.n);
    SP_AUTO_FREE char *what =
        sp_fmt("%zu unreferenced revision(s), %zu partial download(s) and %zu orphan blob(s)",
               g.revs, (size_t)s.incomplete.n, (size_t)s.orphans.n);
    return run_plan(c, &plan, what, &dry, &done, err);
}
const struct cli_spec cli_cache_prune_spec = {
    .run = prune,
    .opts = rm_opts,
    .examples = "spoke cache prune --dry-run\nspoke cache prune --yes\n"};

// ---- verify

static int commit_of(char commit[41], struct cli *c, const struct cli_repo *r,
                     const struct cache_repo *cr, struct sp_err *err)
{
    const char *rev = r->rev ? r->rev : "main";
    if (!o.local_dir)
        return cache_ref_read(commit, cr, rev, err);
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
    return sp_fail(err, code, "%s and %zu more in %s: %s", name, n - 1, dir, what);
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
static void print_bad_rows(const struct cli *c, const struct cache_verify *v)
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

static int report(const struct cli *c, const struct hub_repo *r, const struct cache_verify *v,
                  const char *dir, const char *commit, struct sp_err *err)
{
    size_t missing = count_state(v, "missing"), extra = count_state(v, "extra");
    if (missing && !o.fail_missing)
        sp_log("cache", WARN, "%zu file(s) of the repository are not there; "
                              "--fail-on-missing-files names them and fails", missing);
    if (extra && !o.fail_extra)
        sp_log("cache", WARN, "%zu file(s) are not in the repository; "
                              "--fail-on-extra-files names them and fails", extra);
    if (c->format == CLI_JSON) {
        verify_json(r, v, dir, commit);
        return judge(c, v, dir, err);
    }
    print_bad_rows(c, v);
    SP_TRY(judge(c, v, dir, err));
    static const struct cli_col sum[] = {{"repo_id", CLI_TEXT},
                                         {"repo_type", CLI_TEXT},
                                         {"checked", CLI_COUNT},
                                         {"path", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table s = {sum, 4, {0}};
    cli_put_cstr(&s, r->id);
    cli_put_cstr(&s, hub_type_name(r->type));
    cli_put_num(&s, (int64_t)v->checked);
    cli_put_cstr(&s, dir);
    SP_AUTO_FREE char *title =
        sp_fmt("Verified %zu file(s) for %s '%s'. All checksums match.", (size_t)v->checked,
               hub_type_name(r->type), r->id);
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
    SP_AUTO_FREE char *real = o.local_dir ? realpath(o.local_dir, NULL) : NULL;
    SP_AUTO_FREE char *dir = real          ? sp_dup(real)
                             : o.local_dir ? sp_dup(o.local_dir)
                                           : cache_snapshot_dir(&cr, commit);
    SP_AUTO_FREE char *meta =
        o.local_dir ? sp_path_join(o.local_dir, ".cache/huggingface") : sp_dup(cr.dir);
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
    CACHE_DIR,
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

// ---- path

static int print_path(const struct cli *c, const char *path)
{
    if (c->format == CLI_JSON) {
        SP_AUTO_BUF struct sp_buf b = {0};
        struct sp_jw w = sp_jw(&b);
        sp_jw_obj(&w);
        sp_jw_kcstr(&w, "path", path);
        sp_jw_end(&w);
        puts(b.p);
    } else {
        puts(path);
    }
    return 0;
}

static int path(struct cli *c, struct sp_err *err)
{
    if (c->args_n == 0)
        return print_path(c, cache_root_default());
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    SP_AUTO(cache_repo_fini) struct cache_repo cr = {0};
    SP_TRY(cache_repo_init(&cr, NULL, hub_type_plural(r.repo.type), r.repo.id, err));
    const char *rev = r.rev ? r.rev : "main";
    const char *file = c->args_n > 1 ? c->args[1] : r.path;
    SP_AUTO_FREE char *found = NULL;
    int rc = 0;
    if (file) {
        rc = cache_lookup(&found, &cr, rev, file, err);
    } else {
        char commit[41];
        rc = cache_ref_read(commit, &cr, rev, err);
        if (rc == 0)
            found = cache_snapshot_dir(&cr, commit);
        if (rc == SP_ENOTFOUND)
            rc = 0;
    }
    SP_TRY(rc);
    if (found && sp_exists(found))
        return print_path(c, found);
    rc = sp_fail(err, SP_ENOTFOUND, "%s%s%s at revision %s is not in the cache %s", r.repo.id,
                 file ? ": " : "", file ? file : "", rev, cr.root);
    sp_hint(err, "spoke download %s%s%s", r.repo.id, file ? " " : "", file ? file : "");
    return rc;
}
static const struct cli_opt path_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "Branch, tag or commit (default: main)", 0},
    CACHE_DIR,
    CLI_OPT_END,
};
static const struct cli_arg path_args[] = {
    {"REPO", "Print the snapshot of this repository", true, false},
    {"FILE", "Print where this file lies", true, false},
    {0}};
const struct cli_spec cli_cache_path_spec = {
    .run = path,
    .args = path_args,
    .opts = path_opts,
    .examples = "spoke cache path\nspoke cache path openai-community/gpt2 config.json\n",
};
