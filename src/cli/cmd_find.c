// models, datasets and spaces: ls and info.
#include "cli/cli_hub.h"
#include "cli/file_list.h"
#include "cli/hub_table.h"

enum { DEFAULT_LIMIT = 30 }; // as hf

static struct {
    const char *search, *author, *sort, *rev, *expand, *pipeline, *parameters;
    struct cli_list filter, apps, providers;
    int64_t limit;
    bool recursive, tree, human_sizes, gated, not_gated, warm;
} o = {.limit = DEFAULT_LIMIT};

// ---- ls REPO: files
// ------------------------------------------------------------------------------------
// The type that the command names; hf:// carries its own, which must be the same.
static int repo_of(struct cli_repo *out, const char *text, enum hub_type type, struct sp_err *err)
{
    bool uri = sp_starts(sp_cstr(text), SP_LIT("hf://"));
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, text, uri ? NULL : hub_type_name(type), o.rev, err));
    if (r.repo.type != type)
        return sp_fail(err, SP_EUSAGE, "%s is a %s, not a %s", text, hub_type_name(r.repo.type),
                       hub_type_name(type));
    *out = r;
    r.rev = r.path = NULL;
    return 0;
}

// Options that make sense for one of the two lists only.
static int check_options(bool files, struct sp_err *err)
{
    const struct {
        const char *name;
        bool given, of_files;
    } all[] = {
        {"search", o.search, false},
        {"author", o.author, false},
        {"filter", o.filter.n, false},
        {"pipeline-tag", o.pipeline, false},
        {"gated", o.gated || o.not_gated, false},
        {"apps", o.apps.n, false},
        {"num-parameters", o.parameters, false},
        {"inference-provider", o.providers.n, false},
        {"warm", o.warm, false},
        {"sort", o.sort, false},
        {"limit", o.limit != DEFAULT_LIMIT, false},
        {"expand", o.expand, false},
        {"tree", o.tree, true},
        {"recursive", o.recursive, true},
        {"human-readable", o.human_sizes, true},
        {"revision", o.rev, true},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].given && all[i].of_files != files)
            return sp_fail(err, SP_EUSAGE, "--%s is for lists of %s", all[i].name,
                           all[i].of_files ? "files; name a repository"
                                           : "repositories, not files");
    }
    return 0;
}

static int ls_files(struct cli *c, enum hub_type type, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(repo_of(&r, c->args[0], type, err));
    const struct cli_file_list_opts opts = {o.recursive, o.tree, o.human_sizes};
    return cli_file_list(c, &r, &opts, err);
}

// ---- ls: repositories

struct found {
    struct cli_repo_table table;
    struct sp_jw *json;
};

static void found_fini(struct found *f)
{
    cli_repo_table_fini(&f->table);
}

static int add_item(void *ud, const struct sp_json *item, struct sp_err *err)
{
    struct found *f = ud;
    if (f->json)
        cli_repo_json(f->json, item);
    else
        cli_repo_table_add(&f->table, item);
    return 0;
}

struct query {
    SP_VEC(char *) list;
};

static void query_fini(struct query *q)
{
    SP_VEC_EACH (&q->list, s)
        free(*s);
    sp_vec_fini(&q->list);
}

static void query_add(struct query *q, const char *key, const char *value)
{
    if (value)
        *sp_vec_push(&q->list) = sp_fmt("%s=%s", key, value);
}

static void query_add_all(struct query *q, const char *key, const struct cli_list *values)
{
    for (size_t i = 0; i < values->n; i++)
        query_add(q, key, values->v[i]);
}

static int ls(struct cli *c, enum hub_type type, struct sp_err *err)
{
    SP_TRY(check_options(c->args_n > 0, err));
    if (c->args_n)
        return ls_files(c, type, err);
    if (o.warm && o.providers.n)
        return sp_fail(err, SP_EUSAGE, "--warm and --inference-provider cannot both be given");
    SP_AUTO(query_fini) struct query q = {0};
    query_add(&q, "search", o.search);
    query_add(&q, "author", o.author);
    query_add_all(&q, "filter", &o.filter);
    query_add(&q, "pipeline_tag", o.pipeline);
    query_add(&q, "num_parameters", o.parameters);
    query_add(&q, "gated", o.gated ? "true" : o.not_gated ? "false" : NULL);
    query_add(&q, "inference", o.warm ? "warm" : NULL);
    query_add_all(&q, "apps", &o.apps);
    query_add_all(&q, "inference_provider", &o.providers);
    static const char *const sorts[][2] = {{"created_at", "createdAt"},
                                           {"last_modified", "lastModified"},
                                           {"downloads", "downloads"},
                                           {"likes", "likes"},
                                           {"trending_score", "trendingScore"}};
    for (size_t i = 0; o.sort && i < 5; i++) {
        if (strcmp(o.sort, sorts[i][0]) == 0)
            query_add(&q, "sort", sorts[i][1]);
    }
    sp_str field, rest = sp_cstr(o.expand);
    while (rest.n && sp_split(&rest, ',', &field)) {
        SP_AUTO_FREE char *name = sp_str_dup(field);
        query_add(&q, "expand", name);
    }
    // The Hub sends pages of at most 1000; fewer rows need no full page.
    char page[24];
    snprintf(page, sizeof page, "%lld", (long long)o.limit);
    query_add(&q, "limit", o.limit > 0 && o.limit < 1000 ? page : NULL);
    *sp_vec_push(&q.list) = NULL;
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_GIB);
    struct sp_jw w = sp_jw(&b);
    bool json = c->format == CLI_JSON;
    SP_AUTO(found_fini) struct found f = {.json = json ? &w : NULL};
    if (json)
        sp_jw_arr(&w);
    if (o.limit) // none asked for is none, as in hf; hub_list's 0 is all
        SP_TRY(
            hub_list(h, type, (const char *const *)q.list.v, (size_t)o.limit, add_item, &f, err));
    if (json) {
        sp_jw_end(&w);
        SP_TRY(sp_buf_done(&b, "the list", err));
        fwrite(b.p, 1, b.n, stdout);
        putchar('\n');
        return 0;
    }
    static const struct cli_col none[] = {{"id", CLI_TEXT}};
    if (!f.table.cols.n)
        f.table.t = (struct cli_table){none, 1, {0}};
    cli_table_print(c, &f.table.t, 0, NULL);
    return 0;
}

static int info(struct cli *c, enum hub_type type, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(repo_of(&r, c->args[0], type, err));
    SP_VEC(const char *) expand = {0};
    SP_AUTO_FREE char *copy = sp_dup(o.expand);
    for (char *save = NULL, *p = copy ? strtok_r(copy, ",", &save) : NULL; p;
         p = strtok_r(NULL, ",", &save))
        *sp_vec_push(&expand) = p;
    *sp_vec_push(&expand) = NULL;
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_AUTO(hub_info_fini) struct hub_info i = {0};
    int rc = cli_hub(&h, c, err);
    if (rc == 0)
        rc = hub_info_get(&i, h, &r.repo, r.rev, false, o.expand ? expand.v : NULL, err);
    sp_vec_fini(&expand);
    SP_TRY(rc);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_GIB);
    struct sp_jw w = c->format == CLI_HUMAN ? sp_jw_pretty(&b, 2) : sp_jw(&b);
    cli_repo_json(&w, i.json);
    SP_TRY(sp_buf_done(&b, "the answer", err));
    printf("%s\n", c->format == CLI_QUIET ? i.id : b.p);
    return 0;
}

#define LS_OPTS                                                                                      \
    {"search", 0, CLI_STR, &o.search, "TEXT", "Part of the name", 0},                                \
        {"author", 0, CLI_STR, &o.author, "NAME", "User or organisation", 0},                        \
        {"filter", 0, CLI_LIST, &o.filter, "TAG", "Tag that it has", 0},                             \
        {"sort",  0, CLI_PICK, &o.sort, "created_at|downloads|last_modified|likes|trending_score",   \
         "Order", 0},                                                                                \
        {"limit", 0, CLI_INT, &o.limit, "N", "At most so many (default: 30)", 0},                    \
        {"expand", 0, CLI_STR, &o.expand, "A,B", "Fields to ask the Hub for (seen with --json)", 0}, \
        {"revision", 0, CLI_STR, &o.rev, "REV", "With REPO: branch, tag or commit", 0},              \
        {"recursive", 'R', CLI_FLAG, &o.recursive, NULL, "With REPO: files in folders too", 0},      \
        {"tree", 0, CLI_FLAG, &o.tree, NULL, "With REPO: draw the folders", 0},                      \
        {"human-readable",                                                                           \
         'h',                                                                                        \
         CLI_FLAG,                                                                                   \
         &o.human_sizes,                                                                             \
         NULL,                                                                                       \
         "With REPO: sizes and dates for people",                                                    \
         0}
static const struct cli_opt ls_opts[] = {LS_OPTS, CLI_OPT_END};
static const struct cli_opt models_ls_opts[] = {
    LS_OPTS,
    {"pipeline-tag", 0, CLI_STR, &o.pipeline, "TASK", "What it is for, for example text-generation",
     0},
    {"gated", 0, CLI_FLAG, &o.gated, NULL, "Only those with access on request", 0},
    {"no-gated", 0, CLI_FLAG, &o.not_gated, NULL, "Only those with access for all", 0},
    {"apps", 0, CLI_LIST, &o.apps, "APP", "Only those that this application runs", 0},
    {"num-parameters", 0, CLI_STR, &o.parameters, "RANGE", "For example min:6B,max:128B", 0},
    {"inference-provider", 0, CLI_LIST, &o.providers, "NAME",
     "Only those that this provider serves", 0},
    {"warm", 0, CLI_FLAG, &o.warm, NULL, "Only those that a provider has loaded", 0},
    CLI_OPT_END,
};
static const struct cli_opt info_opts[] = {
    {"revision", 0, CLI_STR, &o.rev, "REV", "Branch, tag or commit", 0},
    {"expand", 0, CLI_STR, &o.expand, "A,B", "Only these fields", 0},
    CLI_OPT_END,
};
static const struct cli_arg ls_args[] = {{"REPO", "List the files of this repository", true, false},
                                         {0}};
static const struct cli_arg info_args[] = {{"REPO", "ns/name", false, false}, {0}};

#define PAIR(word, type, ls_options, example)                                                      \
    static int word##_ls(struct cli *c, struct sp_err *err)                                        \
    {                                                                                              \
        return ls(c, type, err);                                                                   \
    }                                                                                              \
    static int word##_info(struct cli *c, struct sp_err *err)                                      \
    {                                                                                              \
        return info(c, type, err);                                                                 \
    }                                                                                              \
    const struct cli_spec cli_##word##_ls_spec = {                                                 \
        .run = word##_ls,                                                                          \
        .args = ls_args,                                                                           \
        .opts = ls_options,                                                                        \
        .examples = "spoke " #word " ls --author alice --sort downloads\n"                         \
                    "spoke " #word " ls " example " -R --json\n",                                  \
    };                                                                                             \
    const struct cli_spec cli_##word##_info_spec = {                                               \
        .run = word##_info,                                                                        \
        .args = info_args,                                                                         \
        .opts = info_opts,                                                                         \
        .examples = "spoke " #word " info " example "\n"                                           \
                    "spoke " #word " info " example " --expand downloads,likes\n",                 \
    };
PAIR(models, HUB_MODEL, models_ls_opts, "openai-community/gpt2")
PAIR(datasets, HUB_DATASET, ls_opts, "rajpurkar/squad")
PAIR(spaces, HUB_SPACE, ls_opts, "gradio/hello_world")
