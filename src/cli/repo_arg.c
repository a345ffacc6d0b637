// How a user may name a repo: ns/name, hf:// with type and revision, or the address of its page.
#include "cli/cli_hub.h"

// "datasets/ns/name" and hf:// carry a type of their own; "ns/name" does not.
static bool says_type(sp_str text)
{
    static const char *const heads[] = {"models/", "datasets/", "spaces/",
                                        "model/",  "dataset/",  "space/"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (sp_starts(text, sp_cstr(heads[i])))
            return true;
    }
    return sp_find(text, SP_LIT("://")) >= 0;
}

static int check_rev(const char *rev, struct sp_err *err)
{
    if (!*rev)
        return sp_fail(err, SP_EUSAGE, "the revision is empty");
    if (strlen(rev) > SP_LIM_REF_BYTES)
        return sp_fail(err, SP_EFORMAT, "the revision is longer than %d bytes", SP_LIM_REF_BYTES);
    return sp_path_check(sp_cstr(rev), "revision", err);
}

int cli_repo_arg(struct cli_repo *out, const char *text, const char *type, const char *rev,
                 struct sp_err *err)
{
    enum hub_type t = HUB_MODEL;
    if (type)
        SP_ASSERT(hub_type_parse(sp_cstr(type), &t));
    struct cli_repo r = {0};
    SP_TRY(hub_repo_parse(&r.repo, sp_cstr(text), t, &r.rev, &r.path, err));
    // A wrong --type beside a text that names its own would be silently ignored.
    int rc = 0;
    if (sp_starts(sp_cstr(text), SP_LIT("hf://")) && (type || rev))
        rc = sp_fail(err, SP_EUSAGE, "--%s cannot be used with an hf:// address (%s)",
                     type ? "type" : "revision", text);
    else if (type && says_type(sp_cstr(text)) && r.repo.type != t)
        rc = sp_fail(err, SP_EUSAGE, "%s is a %s, but --type says %s", text,
                     hub_type_name(r.repo.type), type);
    else if (rev && r.rev && strcmp(rev, r.rev) != 0)
        rc = sp_fail(err, SP_EUSAGE, "%s names revision %s, but --revision says %s", text, r.rev,
                     rev);
    if (rc < 0) {
        cli_repo_fini(&r);
        return rc;
    }
    if (rev && !r.rev)
        r.rev = sp_dup(rev);
    // Before anything is asked: neither a file name of the cache nor a request is made from a bad
    // one.
    rc = r.rev ? check_rev(r.rev, err) : 0;
    if (rc < 0) {
        cli_repo_fini(&r);
        return rc;
    }
    *out = r;
    return 0;
}

void cli_repo_fini(struct cli_repo *r)
{
    free(r->rev);
    free(r->path);
    r->rev = r->path = NULL;
}

int cli_hub(struct hub **out, const struct cli *c, struct sp_err *err)
{
    SP_TRY(hub_new(out, NULL, NULL, err));
    hub_set_cancel(*out, c->cancel);
    return 0;
}
