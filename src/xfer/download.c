// One file: from the cache when that is enough, else HEAD, then the bytes into the blob store, then
// the link in the snapshot, then the ref.
#include "xfer/ctx.h"

#define LINK_TRIES 8 // each means that another process or thread took the blob away meanwhile

static int to_cache(char **path_out, bool *fetched, struct xfer_ctx *x, const char *commit,
                    const struct xfer_file *f, struct sp_err *err)
{
    struct cache_want w = {.etag = f->etag,
                           .size = f->size,
                           .sha256 = f->sha256,
                           .xet_hash = f->xet_hash && *f->xet_hash ? f->xet_hash : NULL,
                           .force = x->o->force};
    SP_AUTO(cache_store_close_drop) struct cache_store *s = NULL;
    *fetched = false;
    SP_TRY(cache_etag_check(sp_cstr(f->etag), err));
    int rc = cache_store_begin(&s, &x->cache, &w, xfer_cancel(x), err);
    if (rc < 0)
        return sp_prefix(err, rc, "downloading %s of %s", f->path, x->repo->id);
    if (rc == CACHE_STORE_READY) {
        rc = xfer_fetch_file(x, s, commit, f, err);
        if (rc < 0) {
            cache_store_close(&s, true); // what arrived is kept: the next try goes on from there
            return sp_prefix(err, rc, "downloading %s of %s", f->path, x->repo->id);
        }
        *fetched = true;
    }
    return cache_link(path_out, &x->cache, commit, f->path, f->etag, *fetched, err);
}

int xfer_file_to_cache(char **path_out, bool *fetched, struct xfer_ctx *x, const char *commit,
                       const struct xfer_file *f, struct sp_err *err)
{
    for (unsigned tries = 1;; tries++) {
        struct sp_err why = {0};
        int rc = to_cache(path_out, fetched, x, commit, f, &why);
        // Without symlinks whoever fetched a blob moves it into the snapshot; `cache rm` removes
        // it.
        bool gone = !*fetched && (rc == SP_ENOTFOUND || rc == SP_EBUSY) && !why.http;
        if (gone && tries < LINK_TRIES && !x->offline)
            continue;
        if (rc < 0 && err)
            *err = why;
        return rc;
    }
}

void xfer_done_fini(struct xfer_done *d)
{
    free(d->path);
    *d = (struct xfer_done){0};
}

static void fill(struct xfer_done *out, char *path, const char *commit, enum xfer_source source)
{
    struct stat st;
    out->path = path;
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    out->source = source;
    out->files = 1;
    out->bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    if (source == XFER_FETCHED) {
        out->fetched = 1;
        out->fetched_bytes = out->bytes;
    }
}

// The cache alone: hit → 1, known absent → SP_ENOTFOUND, else 0.
static int from_cache(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                      bool trust_absent, struct sp_err *err)
{
    char *path = NULL;
    char commit[41] = "";
    int rc = cache_lookup_whole(&path, &x->cache, x->rev, file, err);
    if (rc < 0)
        return rc;
    if (x->pinned)
        snprintf(commit, sizeof commit, "%s", x->rev);
    else
        cache_ref_read(commit, &x->cache, x->rev, NULL);
    if (rc == CACHE_HIT) {
        fill(out, path, commit, XFER_CACHED);
        return 1;
    }
    if (rc == CACHE_KNOWN_ABSENT && trust_absent)
        return sp_fail(
            err, SP_ENOTFOUND,
            "%s does not exist in %s %s at revision %s (commit %.12s, remembered in the cache)",
            file, hub_type_name(x->repo->type), x->repo->id, x->rev, commit);
    return 0;
}

// The Hub could not say: a cached copy stands in, with a word about why.
static int fall_back(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                     const struct sp_err *why, struct sp_err *err)
{
    if (!x->o->force) {
        int rc = from_cache(out, x, file, xfer_is_network_trouble(why->code), err);
        if (rc > 0) {
            if (why->code != SP_EOFFLINE)
                sp_log("xfer", WARN, "using the cached copy of %s: %s", file, why->msg);
            return 0;
        }
        if (rc < 0)
            return rc;
    }
    if (xfer_is_network_trouble(why->code))
        return xfer_miss(x, file, why, err);
    if (err)
        *err = *why;
    return why->code;
}

int xfer_meta_get(struct hub_meta *m, struct xfer_ctx *x, const char *file, bool have,
                  size_t *requests, struct sp_err *err)
{
    struct sp_err why = {0};
    ++*requests;
    int rc = hub_meta_get(m, x->hub, x->repo, x->rev, file,
                          sp_conf_int(SP_CONF_etag_timeout) * 1000, &why);
    if (rc < 0 && xfer_is_network_trouble(rc) && rc != SP_EOFFLINE && !have) {
        hub_meta_fini(m);
        why = (struct sp_err){0};
        ++*requests;
        rc = hub_meta_get(m, x->hub, x->repo, x->rev, file, HUB_META_PATIENT_MS, &why);
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}

struct xfer_file xfer_file_of_meta(struct xfer_ctx *x, const char *path, const struct hub_meta *m)
{
    if (m->size > 0 && xfer_progress(x))
        atomic_fetch_add(&xfer_progress(x)->bytes_total, (uint64_t)m->size);
    return (struct xfer_file){.path = path,
                              .etag = m->etag,
                              .sha256 = xfer_sha256_of(m->etag),
                              .xet_hash = m->xet_hash,
                              .size = m->size,
                              .url = m->location,
                              .foreign = m->foreign,
                              .durable = true};
}

static bool is_cached(struct xfer_ctx *x, const char *file)
{
    SP_AUTO_FREE char *path = NULL;
    return cache_lookup(&path, &x->cache, x->rev, file, NULL) == CACHE_HIT;
}

static int download_cached_mode(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                                struct sp_err *err)
{
    SP_AUTO(hub_meta_fini) struct hub_meta m = {0};
    struct sp_err why = {0};
    if (!x->o->force && (x->pinned || x->offline)) {
        int rc = from_cache(out, x, file, true, err);
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    if (x->offline)
        return xfer_miss(x, file, NULL, err);
    SP_TRY(xfer_ctx_hub(x, err));
    int rc = xfer_meta_get(&m, x, file, is_cached(x, file), &out->requests, &why);
    if (rc == SP_ENOTFOUND && m.commit[0]) {
        cache_no_exist_put(&x->cache, m.commit, file, NULL);
        xfer_note_ref(x, m.commit);
    }
    if (rc < 0 && (xfer_is_final(rc) || x->o->force)) {
        if (err)
            *err = why;
        return rc;
    }
    if (rc < 0)
        return fall_back(out, x, file, &why, err);

    char *path = NULL;
    if (!x->o->force) {
        if (cache_lookup(&path, &x->cache, m.commit, file, err) == CACHE_HIT) {
            if (m.size < 0 || sp_file_size(path) == m.size) {
                xfer_note_ref(x, m.commit);
                fill(out, path, m.commit, XFER_CACHED);
                return 0;
            }
            free(path); // a truncated blob: fetched again
            path = NULL;
        }
    }
    struct xfer_file f = xfer_file_of_meta(x, file, &m);
    bool fetched = false;
    SP_TRY(xfer_file_to_cache(&path, &fetched, x, m.commit, &f, err));
    out->requests += fetched;
    xfer_note_ref(x, m.commit);
    sp_progress_file(xfer_progress(x));
    fill(out, path, m.commit, fetched ? XFER_FETCHED : XFER_CACHED);
    return 0;
}

int xfer_download(struct xfer_done *out, const struct hub_repo *r, const char *rev,
                  const char *file, const struct xfer_opts *o, struct sp_err *err)
{
    SP_AUTO(xfer_ctx_fini) struct xfer_ctx x = {0};
    struct xfer_done d = {0};
    SP_TRY(sp_path_check(sp_cstr(file), "file name", err));
    SP_TRY(xfer_ctx_init(&x, r, rev, o, err));
    if (xfer_progress(&x))
        atomic_fetch_add(&xfer_progress(&x)->files_total, 1);
    int rc = o->local_dir ? xfer_local_download(&d, &x, file, err)
                          : download_cached_mode(&d, &x, file, err);
    if (rc < 0)
        return rc;
    *out = d;
    return 0;
}
