// Commands of `spoke repos`: making and deleting repos, their tags, branches and files.
#include "cli/cli_hub.h"
#include "xfer/xfer.h"

static struct {
    const char *type, *rev, *sdk, *message, *description, *ns, *search;
    struct cli_list setup; // options of hf that need what spoke does not have yet
    bool private_, public_, protected_, exist_ok, missing_ok, yes, create_pr;
    int64_t limit;
} o;
#define REPO_ARG {"REPO", "ns/name, datasets/ns/name or hf://…", false, false}

// What was done, and to which repository, in the order of hf: its scripts take the first value.
static void print_done(struct cli *c, const char *title, const char *key, const char *value,
                       const struct hub_repo *r)
{
    const struct cli_col cols[] = {{key, CLI_TEXT}, {"repo_type", CLI_TEXT}, {"repo_id", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 3, {0}};
    cli_put_cstr(&t, value);
    cli_put_cstr(&t, hub_type_name(r->type));
    cli_put_cstr(&t, r->id);
    cli_result_print(c, title, &t);
}

// ---- create

static int create(struct cli *c, struct sp_err *err)
{
    if (o.setup.n)
        return sp_fail(
            err, SP_EUNSUPPORTED,
            "what a Space runs on, its secrets, variables and volumes, and regions cannot "
            "be set here; create the repository first, then set them on its page");
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, NULL, err));
    if (o.private_ + o.public_ + o.protected_ > 1)
        return sp_fail(err, SP_EUSAGE,
                       "only one of --private, --public and --protected can be given");
    if (r.repo.type == HUB_SPACE && !o.sdk)
        return sp_fail(err, SP_EUSAGE, "a space needs --sdk gradio|streamlit|docker|static");
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_AUTO_FREE char *url = NULL;
    const struct hub_create_opts opts = {o.private_     ? "private"
                                         : o.public_    ? "public"
                                         : o.protected_ ? "protected"
                                                        : NULL,
                                         o.sdk, o.exist_ok};
    int rc = hub_repo_create(&url, h, &r.repo, &opts, err);
    if (rc == SP_EEXIST && err && !err->hint[0])
        sp_hint(err, "--exist-ok accepts a repository that exists already");
    SP_TRY(rc);
    // A bare name went to the namespace of the user: the address tells the whole id.
    struct hub_repo made = r.repo;
    if (!strchr(made.id, '/'))
        SP_TRY(hub_repo_parse(&made, sp_cstr(url), made.type, NULL, NULL, err));
    static const struct cli_col cols[] = {
        {"repo_id", CLI_TEXT}, {"url", CLI_TEXT}, {"repo_type", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, c->format == CLI_JSON ? 3 : 2, {0}};
    cli_put_cstr(&t, made.id);
    cli_put_cstr(&t, url);
    if (c->format == CLI_JSON)
        cli_put_cstr(&t, hub_type_name(made.type));
    cli_result_print(c, "Repo created", &t);
    return 0;
}
static const struct cli_opt create_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"sdk", 0, CLI_PICK, &o.sdk, "gradio|streamlit|docker|static", "For a space: what runs it", 0},
    {"space-sdk", 0, CLI_PICK, &o.sdk, "gradio|streamlit|docker|static", NULL, 0},
    {"private", 0, CLI_FLAG, &o.private_, NULL, "Only you and those you name may see it", 0},
    {"public", 0, CLI_FLAG, &o.public_, NULL, "Everybody may see it", 0},
    {"protected", 0, CLI_FLAG, &o.protected_, NULL, "For a space: seen by all, code by you", 0},
    {"exist-ok", 0, CLI_FLAG, &o.exist_ok, NULL, "Succeed when it exists already", 0},
    {"template", 0, CLI_LIST, &o.setup, "REPO", NULL, 0},
    {"resource-group-id", 0, CLI_LIST, &o.setup, "ID", NULL, 0},
    {"region", 0, CLI_LIST, &o.setup, "REGION", NULL, 0},
    {"flavor", 0, CLI_LIST, &o.setup, "NAME", NULL, 0},
    {"sleep-time", 0, CLI_LIST, &o.setup, "SECONDS", NULL, 0},
    {"secrets", 's', CLI_LIST, &o.setup, "KEY", NULL, 0},
    {"secrets-file", 0, CLI_LIST, &o.setup, "FILE", NULL, 0},
    {"env", 'e', CLI_LIST, &o.setup, "KEY=VALUE", NULL, 0},
    {"env-file", 0, CLI_LIST, &o.setup, "FILE", NULL, 0},
    {"volume", 'v', CLI_LIST, &o.setup, "VOLUME", NULL, 0},
    CLI_OPT_END,
};
static const struct cli_arg repo_args[] = {REPO_ARG, {0}};
const struct cli_spec cli_repos_create_spec = {
    .run = create,
    .args = repo_args,
    .opts = create_opts,
    .examples = "spoke repos create my-model --private\n"
                "spoke repos create alice/texts --type dataset --exist-ok\n",
    .more = "Without a namespace the repository goes to the user whose token is in use.\n",
};

// ---- delete

static int delete_repo(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, NULL, err));
    SP_AUTO_FREE char *question = sp_fmt("You are about to permanently delete %s '%s'. Proceed?",
                                         hub_type_name(r.repo.type), r.repo.id);
    SP_TRY(cli_confirm(c, o.yes, question, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    int rc = hub_repo_delete(h, &r.repo, err);
    bool missing = rc == SP_EREPO && o.missing_ok;
    if (rc < 0 && !missing)
        return rc;
    static const struct cli_col cols[] = {{"repo_id", CLI_TEXT}, {"repo_type", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, c->format == CLI_JSON ? 2 : 1, {0}};
    cli_put_cstr(&t, r.repo.id);
    if (c->format == CLI_JSON)
        cli_put_cstr(&t, hub_type_name(r.repo.type));
    cli_result_print(c, missing ? "Nothing to delete" : "Repo deleted", &t);
    return 0;
}
static const struct cli_opt delete_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"yes", 'y', CLI_FLAG, &o.yes, NULL, "Do not ask", 0},
    {"missing-ok", 0, CLI_FLAG, &o.missing_ok, NULL, "Succeed when it does not exist", 0},
    CLI_OPT_END,
};
const struct cli_spec cli_repos_delete_spec = {
    .run = delete_repo,
    .args = repo_args,
    .opts = delete_opts,
    .examples =
        "spoke repos delete alice/old-model\nspoke repos delete alice/texts --type dataset --yes\n",
};

// ---- ls

struct listing {
    struct cli_table *t;
    enum hub_type type;
};

static int add_repo(void *ud, const struct sp_json *item, struct sp_err *err)
{
    struct listing *l = ud;
    int64_t ms;
    cli_put_text(l->t, sp_json_get_str(item, "id"));
    cli_put_cstr(l->t, hub_type_name(l->type));
    if (sp_time_parse_iso(sp_json_get_str(item, "lastModified"), &ms))
        cli_put_num(l->t, ms);
    else
        cli_put_null(l->t);
    bool is_private = sp_json_get_bool(item, "private", false);
    cli_put_cstr(l->t, is_private ? "private" : "public");
    if (l->t->cols_n == 5)
        cli_put_num(l->t, is_private);
    return 0;
}

static int ls(struct cli *c, struct sp_err *err)
{
    enum hub_type only = HUB_MODEL;
    if (o.type)
        SP_ASSERT(hub_type_parse(sp_cstr(o.type), &only));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_AUTO(hub_whoami_fini) struct hub_whoami me = {0};
    const char *ns = o.ns;
    if (!ns) {
        SP_TRY(hub_whoami_get(&me, h, err));
        ns = me.name;
    }
    SP_AUTO_FREE char *author = sp_fmt("author=%s", ns);
    SP_AUTO_FREE char *search = o.search ? sp_fmt("search=%s", o.search) : NULL;
    const char *const query[] = {author, "full=true", search, NULL};
    static const struct cli_col cols[] = {{"id", CLI_TEXT},
                                          {"type", CLI_TEXT},
                                          {"updated", CLI_TIME},
                                          {"visibility", CLI_TEXT},
                                          {"private", CLI_YES}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, c->format == CLI_JSON ? 5 : 4, {0}};
    for (enum hub_type type = HUB_MODEL; type <= HUB_SPACE; type++) {
        struct listing l = {&t, type};
        size_t have = t.cells.n / t.cols_n, limit = (size_t)o.limit;
        if ((o.type && type != only) || (limit && have >= limit))
            continue;
        SP_TRY(hub_list(h, type, query, limit ? limit - have : 0, add_repo, &l, err));
    }
    cli_table_print(c, &t, 0, NULL);
    return 0;
}
static const struct cli_opt ls_opts[] = {
    {"type", 0, CLI_PICK, &o.type, CLI_TYPES, "Only this kind (default: all three)", 0},
    {"repo-type", 0, CLI_PICK, &o.type, CLI_TYPES, NULL, 0},
    {"namespace", 0, CLI_STR, &o.ns, "NAME", "Whose repositories (default: yours)", 0},
    {"search", 0, CLI_STR, &o.search, "TEXT", "Part of the name", 0},
    {"limit", 0, CLI_INT, &o.limit, "N", "At most so many (default: all)", 0},
    CLI_OPT_END,
};
const struct cli_spec cli_repos_ls_spec = {
    .run = ls,
    .opts = ls_opts,
    .examples = "spoke repos ls\nspoke repos ls --type dataset --namespace alice --json\n",
};

// ---- delete-files

static int delete_files(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    const struct xfer_upload_opts x = {.revision = r.rev,
                                       .message = o.message,
                                       .description = o.description,
                                       .create_pr = o.create_pr,
                                       .cancel = c->cancel};
    SP_AUTO(xfer_uploaded_fini) struct xfer_uploaded done = {0};
    SP_TRY(xfer_delete_files(&done, &r.repo, c->args + 1, &x, err));
    static const struct cli_col cols[] = {{"repo_id", CLI_TEXT},
                                          {"commit_url", CLI_TEXT},
                                          {"commit", CLI_TEXT},
                                          {"deleted", CLI_COUNT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 4, {0}};
    cli_put_cstr(&t, r.repo.id);
    cli_put_cstr(&t, done.url);
    cli_put_cstr(&t, done.commit[0] ? done.commit : NULL);
    cli_put_num(&t, (int64_t)done.deleted);
    cli_result_print(c, done.changed ? "Files deleted" : "Nothing changed", &t);
    return 0;
}
static const struct cli_opt delete_files_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "Branch to commit to (default: main)", 0},
    {"commit-message", 0, CLI_STR, &o.message, "TEXT", "Title of the commit", 0},
    {"commit-description", 0, CLI_STR, &o.description, "TEXT", "Text below the title", 0},
    {"create-pr", 0, CLI_FLAG, &o.create_pr, NULL, "Open a pull request instead of committing", 0},
    CLI_OPT_END,
};
static const struct cli_arg delete_files_args[] = {
    REPO_ARG,
    {"PATTERN", "Paths or patterns; a folder ends in /", false, true},
    {0},
};
const struct cli_spec cli_repos_delete_files_spec = {
    .run = delete_files,
    .args = delete_files_args,
    .opts = delete_files_opts,
    .examples = "spoke repos delete-files alice/my-model '*.bin' old/\n",
};

// ---- tags and branches

static int tag_create(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_tag_create(h, &r.repo, c->args[1], r.rev, o.message, o.exist_ok, err));
    print_done(c, "Tag created", "tag", c->args[1], &r.repo);
    return 0;
}
static const struct cli_opt tag_create_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "What to tag (default: main)", 0},
    {"message", 'm', CLI_STR, &o.message, "TEXT", "Text of the tag", 0},
    {"exist-ok", 0, CLI_FLAG, &o.exist_ok, NULL, "Succeed when it exists already", 0},
    CLI_OPT_END,
};
static const struct cli_arg tag_args[] = {REPO_ARG, {"TAG", "Name of the tag", false, false}, {0}};
const struct cli_spec cli_repos_tag_create_spec = {
    .run = tag_create,
    .args = tag_args,
    .opts = tag_create_opts,
    .examples = "spoke repos tag create alice/my-model v1.0.0 -m 'First release'\n",
};

static int tag_delete(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, NULL, err));
    SP_AUTO_FREE char *question = sp_fmt("Delete tag %s of %s?", c->args[1], r.repo.id);
    SP_TRY(cli_confirm(c, o.yes, question, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_tag_delete(h, &r.repo, c->args[1], err));
    print_done(c, "Tag deleted", "tag", c->args[1], &r.repo);
    return 0;
}
static const struct cli_opt ask_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"yes", 'y', CLI_FLAG, &o.yes, NULL, "Do not ask", 0},
    CLI_OPT_END,
};
const struct cli_spec cli_repos_tag_delete_spec = {
    .run = tag_delete,
    .args = tag_args,
    .opts = ask_opts,
    .examples = "spoke repos tag delete alice/my-model v0.9 --yes\n",
};

// hf does not ask before it deletes a branch, so neither do we; -y is taken all the same.
static const struct cli_opt unasked_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"yes", 'y', CLI_FLAG, &o.yes, NULL, NULL, 0},
    CLI_OPT_END,
};

static int branch_create(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_branch_create(h, &r.repo, c->args[1], r.rev, o.exist_ok, err));
    print_done(c, "Branch created", "branch", c->args[1], &r.repo);
    return 0;
}
static const struct cli_opt branch_create_opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV", "Where it begins (default: main)", 0},
    {"exist-ok", 0, CLI_FLAG, &o.exist_ok, NULL, "Succeed when it exists already", 0},
    CLI_OPT_END,
};
static const struct cli_arg branch_args[] = {
    REPO_ARG, {"BRANCH", "Name of the branch", false, false}, {0}};
const struct cli_spec cli_repos_branch_create_spec = {
    .run = branch_create,
    .args = branch_args,
    .opts = branch_create_opts,
    .examples = "spoke repos branch create alice/my-model dev\n",
};

static int branch_delete(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, NULL, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_TRY(hub_branch_delete(h, &r.repo, c->args[1], err));
    print_done(c, "Branch deleted", "branch", c->args[1], &r.repo);
    return 0;
}
const struct cli_spec cli_repos_branch_delete_spec = {
    .run = branch_delete,
    .args = branch_args,
    .opts = unasked_opts,
    .examples = "spoke repos branch delete alice/my-model dev\n",
};

static int list_refs(struct cli *c, bool tags, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, NULL, err));
    CLI_AUTO_HUB struct hub *h = NULL;
    SP_TRY(cli_hub(&h, c, err));
    SP_AUTO(hub_refs_fini) struct hub_refs refs = {0};
    SP_TRY(hub_refs_get(&refs, h, &r.repo, err));
    static const struct cli_col cols[] = {
        {"name", CLI_TEXT}, {"target_commit", CLI_TEXT}, {"ref", CLI_TEXT}};
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, 3, {0}};
    const struct hub_ref *v = tags ? refs.tags.v : refs.branches.v;
    size_t n = tags ? refs.tags.n : refs.branches.n;
    for (size_t i = 0; i < n; i++) {
        cli_put_cstr(&t, v[i].name);
        cli_put_cstr(&t, v[i].commit);
        cli_put_cstr(&t, v[i].ref);
    }
    cli_table_print(c, &t, 0, NULL);
    return 0;
}

static int tag_ls(struct cli *c, struct sp_err *err)
{
    return list_refs(c, true, err);
}

static int branch_ls(struct cli *c, struct sp_err *err)
{
    return list_refs(c, false, err);
}
static const struct cli_opt type_opts[] = {CLI_TYPE_OPTS(&o.type), CLI_OPT_END};
const struct cli_spec cli_repos_tag_ls_spec = {.run = tag_ls,
                                               .args = repo_args,
                                               .opts = type_opts,
                                               .examples = "spoke repos tag ls alice/my-model\n"};
const struct cli_spec cli_repos_branch_ls_spec = {.run = branch_ls,
                                                  .args = repo_args,
                                                  .opts = type_opts,
                                                  .examples =
                                                      "spoke repos branch ls alice/my-model\n"};
