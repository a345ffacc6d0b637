// Upload of a file or folder: read → ask what must go as LFS → hash → send what is not there →
// commit. Nothing changed: no commit. Run again after a break: what arrived is not sent twice.
#include "xfer/ctx.h"

void xfer_uploaded_fini(struct xfer_uploaded *u)
{
    free(u->url);
    *u = (struct xfer_uploaded){0};
}

// A bare name is in the namespace of the user; the Hub's answer tells which that is.
static int make_repo(struct hub_repo *r, struct hub *h, const struct xfer_upload_opts *o,
                     struct sp_err *err)
{
    struct hub_create_opts c = {.visibility = o->visibility,
                                .space_sdk = o->space_sdk           ? o->space_sdk
                                             : r->type == HUB_SPACE ? "gradio"
                                                                    : NULL,
                                .exist_ok = true};
    SP_AUTO_FREE char *url = NULL;
    SP_TRY(hub_repo_create(&url, h, r, &c, err));
    if (!strchr(r->id, '/'))
        SP_TRY_IN(hub_repo_parse(r, sp_cstr(url), r->type, NULL, NULL, err), err, "creating %s",
                  r->id);
    return 0;
}

static int make_branch(struct hub *h, const struct hub_repo *r, const char *rev, struct sp_err *err)
{
    SP_AUTO(hub_info_fini) struct hub_info info = {0};
    struct sp_err why = {0};
    if (strcmp(rev, "main") == 0)
        return 0;
    int rc = hub_info_get(&info, h, r, rev, false, NULL, &why);
    if (rc != SP_EREVISION) {
        if (rc < 0 && err)
            *err = why;
        return rc;
    }
    return hub_branch_create(h, r, rev, NULL, true, err);
}

// The card is checked before anything is sent: errors with line and column, here and now.
static int check_card(struct hub *h, const struct hub_repo *r, const char *readme,
                      struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(8 * SP_MIB);
    SP_AUTO_BUF struct sp_buf report = SP_BUF_MAX(SP_MIB);
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_yaml_at at = {0};
    struct sp_json *card = NULL;
    struct sp_err why = {0};
    sp_str block, body;
    size_t off = 0;
    if (!readme)
        return 0;
    SP_TRY(sp_file_read(&text, readme, 8 * SP_MIB, err));
    if (sp_yaml_front_matter(sp_buf_view(&text), &block, &body, &off) &&
        sp_yaml_parse(&card, block, &arena, &at, &why) < 0) {
        // its own line counts from the block's start; the file's is already said
        const char *what = strncmp(why.msg, "YAML line ", 10) == 0 ? strstr(why.msg, ": ") : NULL;
        return sp_fail(err, SP_EFORMAT, "%s:%zu:%zu: the card's metadata is not valid YAML: %s",
                       readme, off + at.line, at.column, what ? what + 2 : why.msg);
    }
    int rc = hub_validate_yaml(h, r->type, sp_buf_view(&text), &report, &why);
    if (rc == SP_EFORMAT) {
        SP_AUTO_BUF struct sp_buf all = {0};
        sp_str one, more = sp_buf_view(&report);
        while (sp_split(&more, '\n', &one))
            if (one.n) // each begins with "error: " or "warning: "
                sp_buf_printf(&all, "%s%.*s", all.n ? "; " : "", SP_FMT(one));
        return sp_fail(err, rc, "%s: invalid metadata in the card: %s", readme,
                       all.n ? all.p : why.msg);
    }
    if (rc < 0) {
        if (err)
            *err = why;
        return rc;
    }
    sp_str rest = sp_buf_view(&report), line;
    while (sp_split(&rest, '\n', &line))
        if (line.n)
            sp_log("xfer", WARN, "%s: %.*s", readme, SP_FMT(line));
    return 0;
}

static void warn_misplaced(const struct xfer_picks *p, const struct hub_repo *r)
{
    if (r->type == HUB_DATASET)
        return;
    for (size_t i = 0; i < p->list.n; i++) {
        sp_str path = sp_cstr(p->list.v[i].path);
        if (sp_ends(path, SP_LIT(".parquet")) || sp_ends(path, SP_LIT(".arrow"))) {
            sp_log("xfer", WARN,
                   "%s looks like data, but %s is a %s repository (use --type dataset?)",
                   p->list.v[i].path, r->id, hub_type_name(r->type));
            return;
        }
    }
}

// Remote files that --delete names and this upload does not bring again.
static int find_deletes(struct cache_names *out, struct hub *h, const struct hub_repo *r,
                        const char *rev, const struct xfer_picks *p,
                        const struct xfer_upload_opts *o, struct sp_err *err)
{
    SP_AUTO(cache_names_fini) struct cache_names all = {0};
    struct sp_map again = {0};
    if (!o->delete_patterns)
        return 0;
    const char *prefix = o->path_in_repo;
    while (prefix && (strncmp(prefix, "./", 2) == 0 || *prefix == '/'))
        prefix += *prefix == '/' ? 1 : 2;
    SP_AUTO_FREE char *clean = sp_dup(prefix && strcmp(prefix, ".") != 0 ? prefix : "");
    while (*clean && clean[strlen(clean) - 1] == '/')
        clean[strlen(clean) - 1] = 0;
    SP_TRY(xfer_match_remote(&all, h, r, rev, clean, o->delete_patterns, err));
    for (size_t i = 0; i < p->list.n; i++)
        sp_map_put(&again, sp_cstr(p->list.v[i].path), p->list.v[i].path);
    SP_VEC_EACH (&all.list, name) {
        if (!sp_map_has(&again, sp_cstr(*name)))
            *sp_vec_push(&out->list) = sp_dup(*name);
    }
    sp_map_fini(&again, NULL);
    return 0;
}

int xfer_upload(struct xfer_uploaded *out, const struct hub_repo *repo, const char *local_path,
                const struct xfer_upload_opts *o, struct sp_err *err)
{
    struct hub_repo full = *repo;
    const struct hub_repo *r = &full;
    SP_AUTO(xfer_picks_fini) struct xfer_picks picks = {0};
    SP_AUTO(cache_names_fini) struct cache_names deletes = {0};
    SP_AUTO(hub_freep) struct hub *h = NULL;
    const char *rev = o->revision ? o->revision : "main";
    if (o->create_pr && strcmp(rev, "main") != 0)
        return sp_fail(err, SP_EUSAGE,
                       "a pull request is made against main; leave out the revision %s", rev);
    SP_TRY(xfer_pick_files(&picks, local_path, o, err));
    // As hf: the repository and the branch are made, there is no commit, and it is no error.
    if (!picks.list.n && !o->delete_patterns)
        sp_log("xfer", WARN, "%s: nothing to upload (%s)", local_path,
               o->include || o->exclude ? "no file matches the patterns" : "it holds no file");
    SP_TRY(hub_new(&h, o->endpoint, o->token, err));
    hub_set_cancel(h, o->cancel);
    if (hub_offline(h))
        return sp_fail(err, SP_EOFFLINE, "cannot upload %s to %s: offline mode is enabled (%s)",
                       local_path, r->id, sp_conf_origin(SP_CONF_offline));
    warn_misplaced(&picks, r);
    SP_TRY(check_card(h, r, picks.readme, err));
    if (!o->no_create_repo)
        SP_TRY(make_repo(&full, h, o, err));
    if (!o->create_pr)
        SP_TRY(make_branch(h, r, rev, err));
    SP_TRY(find_deletes(&deletes, h, r, rev, &picks, o, err));
    return xfer_send(out, h, r, rev, &picks, (const char *const *)deletes.list.v, deletes.list.n, o,
                     err);
}
