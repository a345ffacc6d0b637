// What to say when something is neither cached nor to be had: which repo, revision and file, where
// it was looked for, what is there instead, and the command that would fetch it.
#include "xfer/ctx.h"

const char *xfer_type_flag(enum hub_type t)
{
    return t == HUB_DATASET ? " --type dataset" : t == HUB_SPACE ? " --type space" : "";
}

// "main, v1.0.0 (commit 12ab…)": the first few names.
static void put_names(struct sp_buf *b, char *const *v, size_t n, size_t max)
{
    for (size_t i = 0; i < n && i < max; i++)
        sp_buf_printf(b, "%s%s", i ? ", " : "", v[i]);
    if (n > max)
        sp_buf_printf(b, ", … (%zu more)", n - max);
}

static void drop_name(struct cache_names *names, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->list.n; i++) {
        if (strcmp(names->list.v[i], name) == 0)
            free(names->list.v[i]);
        else
            names->list.v[kept++] = names->list.v[i];
    }
    names->list.n = kept;
}

static void put_instead(struct sp_buf *b, struct xfer_ctx *x, const char *file)
{
    char commit[41];
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    if (cache_ref_read(commit, &x->cache, x->rev, NULL) == 0 && file) {
        if (cache_snapshot_files(&names, &x->cache, commit, NULL) == 0 && names.list.n) {
            drop_name(&names, file); // damaged, or it would not be missing
            if (!names.list.n)
                return;
            sp_buf_printf(b, " Cached of this revision (%.12s): ", commit);
            put_names(b, names.list.v, names.list.n, 5);
            sp_buf_cstr(b, ".");
            return;
        }
    }
    cache_names_fini(&names);
    if (cache_commits(&names, &x->cache, NULL) == 0 && names.list.n) {
        sp_buf_cstr(b, " Cached revisions of this repository: ");
        put_names(b, names.list.v, names.list.n, 3);
        sp_buf_cstr(b, ".");
    } else {
        sp_buf_cstr(b, " Nothing of this repository is cached.");
    }
}

static void put_reason(struct sp_buf *b, const struct xfer_ctx *x, const struct sp_err *why)
{
    if (why && why->code && why->code != SP_EOFFLINE) {
        sp_buf_printf(b, " The Hub could not be asked: %s.", why->msg);
        return;
    }
    const char *origin = sp_conf_origin(SP_CONF_offline);
    if (sp_conf_bool(SP_CONF_offline))
        sp_buf_printf(b, " Offline mode is on (%s).", origin);
    else
        sp_buf_cstr(b, " Only local files were asked for.");
}

// The command that just failed is no advice: what may be wrong, and what works without the Hub.
static void hint_network(const struct sp_err *cause, struct sp_err *err)
{
    if (cause->code == SP_ENET || cause->code == SP_ETIMEOUT)
        sp_hint(err,
                "is HF_ENDPOINT=%.60s right, is that Hub up? spoke cache ls shows what works "
                "without it",
                sp_conf_str(SP_CONF_endpoint));
    else // the Hub answered: its hint, or waiting
        sp_hint(err, "%s",
                cause->hint[0]
                    ? cause->hint
                    : "try again later; spoke cache ls shows what works without the Hub");
}

static void hint_fetch(struct xfer_ctx *x, const char *file, const struct sp_err *cause,
                       struct sp_err *err)
{
    if (cause->code && cause->code != SP_EOFFLINE) {
        hint_network(cause, err);
        return;
    }
    bool off = sp_conf_bool(SP_CONF_offline);
    sp_hint(err, "%sspoke download %s%s%s%s", off ? "with network: HF_HUB_OFFLINE=0 " : "",
            x->repo->id, file ? " " : "", file ? file : "", xfer_type_flag(x->repo->type));
    if (err && strcmp(x->rev, "main") != 0) {
        size_t n = strlen(err->hint);
        snprintf(err->hint + n, sizeof err->hint - n, " --revision %s", x->rev);
    }
    if (err && x->o->local_dir) {
        size_t n = strlen(err->hint);
        snprintf(err->hint + n, sizeof err->hint - n, " --local-dir %s", x->o->local_dir);
    }
}

int xfer_miss(struct xfer_ctx *x, const char *file, const struct sp_err *why, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(16 * SP_KIB);
    struct sp_err cause = why ? *why : (struct sp_err){0};
    if (file)
        sp_buf_printf(&b, "%s of %s %s (revision %s) is not in the cache %s.", file,
                      hub_type_name(x->repo->type), x->repo->id, x->rev, x->cache.root);
    else
        sp_buf_printf(&b, "no snapshot of %s %s (revision %s) is in the cache %s.",
                      hub_type_name(x->repo->type), x->repo->id, x->rev, x->cache.root);
    put_instead(&b, x, file);
    put_reason(&b, x, &cause);
    int code = cause.code && cause.code != SP_EOFFLINE ? cause.code : SP_EOFFLINE;
    sp_fail(err, code, "%s", b.p ? b.p : "");
    if (err)
        err->http = cause.http;
    hint_fetch(x, file, &cause, err);
    return code;
}

int xfer_incomplete(struct xfer_ctx *x, const char *commit, const char *const *missing, size_t n,
                    const struct sp_err *why, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(16 * SP_KIB);
    struct sp_err cause = why ? *why : (struct sp_err){0};
    sp_buf_printf(&b,
                  "the cached snapshot of %s (revision %s, commit %.12s) is incomplete: %zu "
                  "file(s) are missing (",
                  x->repo->id, x->rev, commit, n);
    for (size_t i = 0; i < n && i < 3; i++)
        sp_buf_printf(&b, "%s%s", i ? ", " : "", missing[i]);
    if (n > 3)
        sp_buf_printf(&b, ", … (%zu more)", n - 3);
    sp_buf_cstr(&b, ").");
    put_reason(&b, x, &cause);
    sp_fail(err, SP_EINCOMPLETE, "%s", b.p ? b.p : "");
    hint_fetch(x, NULL, &cause, err);
    return SP_EINCOMPLETE;
}
