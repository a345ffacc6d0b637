// `spoke upload`, once or every few minutes.
#include "cli/cli_hub.h"
#include "xfer/xfer.h"

static struct {
    const char *type, *rev, *message, *description, *every_text;
    struct cli_list include, exclude, del;
    bool private_, public_, create_pr, no_create;
    const char *parent;
} o;
static const struct cli_opt opts[] = {
    CLI_TYPE_OPTS(&o.type),
    {"revision", 0, CLI_STR, &o.rev, "REV",
     "Branch to commit to, made when missing (default: main)", 0},
    {"include", 0, CLI_LIST, &o.include, "PATTERN", "Only files that match", 0},
    {"exclude", 0, CLI_LIST, &o.exclude, "PATTERN", "No files that match", 0},
    {"delete", 0, CLI_LIST, &o.del, "PATTERN", "Delete remote files that match, in the same commit",
     0},
    {"commit-message", 0, CLI_STR, &o.message, "TEXT", "Title of the commit", 0},
    {"commit-description", 0, CLI_STR, &o.description, "TEXT", "Text below the title", 0},
    {"private", 0, CLI_FLAG, &o.private_, NULL, "If the repository is created: private", 0},
    {"public", 0, CLI_FLAG, &o.public_, NULL, "If the repository is created: public", 0},
    {"no-create", 0, CLI_FLAG, &o.no_create, NULL, "Fail when the repository does not exist", 0},
    {"parent-commit", 0, CLI_STR, &o.parent, "COMMIT",
     "Fail when the branch has moved past this commit", 0},
    {"create-pr", 0, CLI_FLAG, &o.create_pr, NULL, "Open a pull request instead of committing", 0},
    {"every", 0, CLI_STR, &o.every_text, "MINUTES",
     "Go on: upload what is new every so many minutes", 0},
    {"max-workers", 0, CLI_CONF, NULL, "N", "Files in flight at once (default: 8)",
     SP_CONF_max_workers},
    CLI_OPT_END,
};
static const struct cli_arg args[] = {
    {"REPO", "ns/name, datasets/ns/name or hf://…", false, false},
    {"LOCAL", "File or folder (default: the one that is called like the repository, else .)", true,
     false},
    {"PATH_IN_REPO", "Where to put it (default: the file's name, or the root for a folder)", true,
     false},
    {0},
};

static void print_done(struct cli *c, const struct xfer_uploaded *u)
{
    static const struct cli_col cols[] = {
        {"url", CLI_TEXT},        {"commit", CLI_TEXT},    {"changed", CLI_YES},
        {"files", CLI_COUNT},     {"lfs_sent", CLI_COUNT}, {"lfs_present", CLI_COUNT},
        {"unchanged", CLI_COUNT}, {"deleted", CLI_COUNT},  {"bytes_sent", CLI_BYTES},
    };
    SP_AUTO(cli_table_fini) struct cli_table t = {cols, sizeof cols / sizeof cols[0], {0}};
    cli_put_cstr(&t, u->url);
    cli_put_cstr(&t, u->commit[0] ? u->commit : NULL);
    if (c->format == CLI_JSON) {
        cli_put_num(&t, u->changed);
        cli_put_num(&t, (int64_t)u->files);
        cli_put_num(&t, (int64_t)u->lfs_sent);
        cli_put_num(&t, (int64_t)u->lfs_present);
        cli_put_num(&t, (int64_t)u->skipped);
        cli_put_num(&t, (int64_t)u->deleted);
        cli_put_num(&t, (int64_t)u->bytes_sent);
    } else {
        for (size_t i = 2; i < t.cols_n; i++)
            cli_put_null(&t);
    }
    cli_result_print(c, u->changed ? "Uploaded" : "Nothing changed", &t);
}

// What stands in the current folder under the repository's own name, as hf guesses.
static int local_path(char **out, const struct cli *c, const struct cli_repo *r, struct sp_err *err)
{
    if (c->args_n > 1) {
        *out = sp_dup(c->args[1]);
        return 0;
    }
    SP_AUTO_FREE char *name = sp_str_dup(sp_path_base(sp_cstr(r->repo.id)));
    if (sp_exists(name)) {
        *out = sp_take(&name);
        return 0;
    }
    int rc = sp_fail(err, SP_EUSAGE, "'%s' is not a file or folder here; say what to upload", name);
    sp_hint(err, "spoke upload %s . uploads the current folder", r->repo.id);
    return rc;
}

// A pattern where a name should be ('*.safetensors', not expanded by a shell) takes what matches
// below the current folder, under the same paths.
static int take_pattern(char **path, const char **in_repo, struct sp_err *err)
{
    SP_ASSERT(*path);
    if (sp_exists(*path) || !strpbrk(*path, "*?["))
        return 0;
    if (o.include.n)
        return sp_fail(err, SP_EUSAGE, "%s is a pattern; --include cannot be given beside it",
                       *path);
    if (*in_repo && strcmp(*in_repo, ".") != 0)
        return sp_fail(err, SP_EUSAGE,
                       "%s is a pattern; a place in the repository (%s) cannot be "
                       "given beside it",
                       *path, *in_repo);
    cli_list_add(&o.include, *path); // lives as long as the process
    *path = sp_dup(".");
    *in_repo = NULL;
    return 0;
}

static void warn_ignored(const char *path)
{
    if (sp_file_size(path) < 0 || sp_is_dir(path))
        return;
    if (o.include.n || o.exclude.n || o.del.n)
        sp_log("cli", WARN,
               "one file is uploaded, so --include, --exclude and --delete are ignored");
    o.include = o.exclude = o.del = (struct cli_list){0};
}

// Minutes, as hf takes them: also 0.5.
static int parse_every(int64_t *ms, struct sp_err *err)
{
    *ms = 0;
    if (!o.every_text)
        return 0;
    char *end;
    double minutes = strtod(o.every_text, &end);
    if (*end || end == o.every_text || !(minutes > 0 && minutes <= 30.0 * 24 * 60))
        return sp_fail(err, SP_EUSAGE, "--every %s: must be minutes above 0, at most 30 days",
                       o.every_text);
    *ms = (int64_t)(minutes * 60000);
    return 0;
}

static int upload_once(struct cli *c, const struct hub_repo *repo, const char *path,
                       const struct xfer_upload_opts *base, struct sp_err *err)
{
    struct sp_progress progress = {0};
    struct xfer_upload_opts x = *base;
    x.progress = &progress;
    SP_AUTO(xfer_uploaded_fini) struct xfer_uploaded done = {0};
    {
        CLI_AUTO_BAR struct cli_bar *bar = cli_bar_start(c, &progress);
        int rc = xfer_upload(&done, repo, path, &x, err);
        if (rc == SP_ECANCELLED)
            sp_hint(err,
                    "large files that were sent are kept; the same command goes on from there");
        SP_TRY(rc);
    }
    print_done(c, &done);
    fflush(stdout);
    return 0;
}

// After the first upload, which shows that all is set up: a Hub that is away for a while, or a file
// that is just being rewritten, is told of and tried again, as hf does.
static int go_on(struct cli *c, const struct hub_repo *repo, const char *path,
                 const struct xfer_upload_opts *x, int64_t every_ms, struct sp_err *err)
{
    struct sp_err last = {0};
    int rc = 0;
    for (;;) {
        struct sp_err stop = {0};
        // An interrupt while nothing is under way is how this ends; an error only where the last
        // state did not arrive.
        if (sp_cancel_sleep(c->cancel, every_ms, &stop) < 0) {
            if (rc < 0 && err)
                *err = last;
            return rc;
        }
        last = (struct sp_err){0};
        rc = upload_once(c, repo, path, x, &last);
        if (rc < 0 && rc != SP_ECANCELLED)
            sp_log("cli", WARN, "%s; the next try is in %lld s", last.msg,
                   (long long)(every_ms / 1000));
    }
}

static int upload(struct cli *c, struct sp_err *err)
{
    SP_AUTO(cli_repo_fini) struct cli_repo r = {0};
    SP_TRY(cli_repo_arg(&r, c->args[0], o.type, o.rev, err));
    if (o.private_ && o.public_)
        return sp_fail(err, SP_EUSAGE, "--private and --public cannot both be given");
    SP_AUTO_FREE char *path = NULL;
    SP_TRY(local_path(&path, c, &r, err));
    const char *in_repo = c->args_n > 2 ? c->args[2] : r.path;
    if (r.path && c->args_n > 2)
        return sp_fail(err, SP_EUSAGE, "%s says where to put it already; %s cannot stand beside it",
                       c->args[0], c->args[2]);
    int64_t every_ms;
    SP_TRY(parse_every(&every_ms, err));
    SP_TRY(take_pattern(&path, &in_repo, err));
    warn_ignored(path);
    const struct xfer_upload_opts x = {
        .path_in_repo = in_repo,
        .revision = r.rev,
        .message = o.message,
        .description = o.description,
        .include = o.include.v,
        .exclude = o.exclude.v,
        .delete_patterns = o.del.v,
        .visibility = o.private_  ? "private"
                      : o.public_ ? "public"
                                  : NULL,
        .space_sdk = r.repo.type == HUB_SPACE ? "gradio" : NULL,
        .create_pr = o.create_pr,
        .no_create_repo = o.no_create,
        .growing = every_ms > 0,
        .parent = o.parent,
        .cancel = c->cancel,
    };
    SP_TRY(upload_once(c, &r.repo, path, &x, err));
    return every_ms > 0 ? go_on(c, &r.repo, path, &x, every_ms, err) : 0;
}
const struct cli_spec cli_upload_spec = {
    .run = upload,
    .args = args,
    .opts = opts,
    .examples = "spoke upload alice/my-model ./model\n"
                "spoke upload alice/my-model weights.safetensors --commit-message 'New weights'\n"
                "spoke upload datasets/alice/texts data . --include '*.parquet' --private\n"
                "spoke upload alice/my-model ./model . --delete '*.bin'\n",
    .more = "The repository and the branch are created when they are missing. Content that the Hub "
            "has already\n"
            "is not sent again; when nothing differs no commit is made. Run it again after an "
            "interruption.\n"
            "A PATH_IN_REPO that ends in / is a folder. --every goes on after a failure, and of a "
            "file that\n"
            "is being appended to it takes what was there.\n",
};
