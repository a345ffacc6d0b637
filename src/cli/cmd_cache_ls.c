// cache ls and cache path.
#include "cli/cache_common.h"
#include "cli/cache_filter.h"
#include "cli/cli_hub.h"

static struct {
    const char *type, *rev, *sort;
    struct cli_list filter;
    bool revisions, warnings;
    int64_t limit; // -1 = all
} o = {.limit = -1};

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

static void print_rows(struct cli *c, const struct rows *rows, const char *footer)
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
    if (!o.revisions && !o.filter.n && o.limit < 0)
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
    SP_TRY(cli_cache_scan(&s, err));
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
    if (o.limit >= 0 && (size_t)o.limit < all) {
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
    CLI_CACHE_DIR,
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
    if (c->args_n == 0) {
        SP_AUTO_FREE char *root = sp_path_real(cache_root_default());
        return print_path(c, root);
    }
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    SP_AUTO(cache_repo_fini) struct cache_repo cr = {0};
    SP_TRY(cache_repo_init(&cr, NULL, hub_type_plural(r.repo.type), r.repo.id, err));
    const char *rev = r.rev ? r.rev : "main";
    const char *file = c->args_n > 1 ? c->args[1] : r.path;
    SP_AUTO_FREE char *found = NULL;
    int rc = 0;
    if (file) {
        rc = cache_lookup_whole(&found, &cr, rev, file, err);
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
    CLI_CACHE_DIR,
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
