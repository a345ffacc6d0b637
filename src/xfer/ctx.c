// What each call of xfer needs: settings, cache and, from the first request on, the client.
#include "xfer/ctx.h"

int xfer_ctx_init(struct xfer_ctx *x, const struct hub_repo *r, const char *rev,
                  const struct xfer_opts *o, struct sp_err *err)
{
    *x = (struct xfer_ctx){.repo = r, .rev = rev && *rev ? rev : "main", .o = o};
    if (strlen(x->rev) > SP_LIM_REF_BYTES)
        return sp_fail(err, SP_EINVALID, "revision is longer than %d bytes", SP_LIM_REF_BYTES);
    x->pinned = hub_is_commit(sp_cstr(x->rev));
    x->offline = o->offline || sp_conf_bool(SP_CONF_offline);
    if (o->force && x->offline)
        return sp_fail(
            err, SP_EUSAGE,
            "Cannot pass 'force_download=True' when offline mode is enabled: %s of %s would have "
            "to be fetched",
            x->rev, r->id);
    return cache_repo_init(&x->cache, o->cache_dir, hub_type_plural(r->type), r->id, err);
}

void xfer_ctx_fini(struct xfer_ctx *x)
{
    cache_repo_fini(&x->cache);
    hub_free(x->hub);
    *x = (struct xfer_ctx){0};
}

int xfer_ctx_hub(struct xfer_ctx *x, struct sp_err *err)
{
    if (x->hub)
        return 0;
    SP_TRY(hub_new(&x->hub, x->o->endpoint, x->o->token, err));
    hub_set_cancel(x->hub, x->o->cancel);
    return 0;
}

unsigned xfer_workers(unsigned asked)
{
    int64_t n = asked ? (int64_t)asked : sp_conf_int(SP_CONF_max_workers);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

void xfer_note_ref(struct xfer_ctx *x, const char *commit)
{
    struct sp_err why = {0};
    if (!x->pinned && cache_ref_write(&x->cache, x->rev, commit, &why) < 0)
        sp_log("xfer", DEBUG, "%s", why.msg); // read-only cache: the answer is right all the same
}

bool xfer_is_network_trouble(int code)
{
    switch (code) {
    case SP_EOFFLINE:
    case SP_ENET:
    case SP_ETIMEOUT:
    case SP_ERATE:
    case SP_EREMOTE:
    case SP_EBUSY:
    case SP_EINCOMPLETE:
        return true;
    default:
        return false;
    }
}

bool xfer_is_final(int code)
{
    return code == SP_ENOTFOUND || code == SP_EREVISION || code == SP_ECANCELLED;
}
