// Deletion by patterns: which remote files match, and the commit that removes them.
#include "xfer/ctx.h"

int xfer_match_remote(struct cache_names *out, struct hub *h, const struct hub_repo *r,
                      const char *rev, const char *prefix, const char *const *patterns,
                      struct sp_err *err)
{
    SP_AUTO(hub_files_fini) struct hub_files files = {0};
    struct sp_filter f = {.allow = patterns, .allow_n = xfer_list_len(patterns), .has_allow = true};
    size_t cut = prefix && *prefix ? strlen(prefix) + 1 : 0;
    SP_TRY(hub_tree_list(&files, h, r, rev, "", true, err));
    SP_VEC_EACH (&files.list, file) {
        size_t n = strlen(file->path);
        if (file->is_dir || strcmp(file->path, ".gitattributes") == 0)
            continue;
        if (cut &&
            (n <= cut || strncmp(file->path, prefix, cut - 1) != 0 || file->path[cut - 1] != '/'))
            continue;
        if (sp_filter_match(&f, sp_cstr(file->path + cut)))
            *sp_vec_push(&out->list) = sp_dup(file->path);
    }
    return 0;
}

int xfer_delete_files(struct xfer_uploaded *out, const struct hub_repo *r,
                      const char *const *patterns, const struct xfer_upload_opts *o,
                      struct sp_err *err)
{
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    SP_AUTO(xfer_picks_fini) struct xfer_picks none = {0};
    SP_AUTO(hub_freep) struct hub *h = NULL;
    struct xfer_upload_opts with = *o;
    const char *rev = o->revision ? o->revision : "main";
    SP_TRY(hub_new(&h, o->endpoint, o->token, err));
    hub_set_cancel(h, o->cancel);
    SP_TRY(xfer_match_remote(&names, h, r, rev, NULL, patterns, err));
    if (!names.list.n) // as hf: nothing changes, and that is no error
        sp_log("xfer", WARN, "no file of %s (revision %s) matches the given patterns", r->id, rev);
    if (!with.message)
        with.message = "Delete files with spoke";
    return xfer_send(out, h, r, rev, &none, (const char *const *)names.list.v, names.list.n, &with,
                     err);
}
