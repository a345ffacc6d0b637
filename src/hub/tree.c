// Trees and paths-info: listings of a revision, all pages.
#include "hub/tree.h"

enum { EMPTY_PAGES_MAX = 100 };

void hub_files_fini(struct hub_files *f)
{
    sp_vec_fini(&f->list);
    sp_arena_fini(&f->arena);
}

void hub_tree_seen_fini(struct hub_tree_seen *s)
{
    sp_map_fini(&s->paths, NULL);
}

static int parse_size(uint64_t *out, const struct net_resp *resp, const struct sp_json *obj,
                      const char *path, struct sp_err *err)
{
    int64_t n;
    if (!sp_json_i64(sp_json_get(obj, "size"), &n) || n < 0)
        return hub_call_lied(resp, err, "\"size\" of %s is missing or no size", path);
    *out = (uint64_t)n;
    return 0;
}

// "lfs":{"oid":"<sha256>","size":N}: the size must be the entry's.
static int parse_lfs(struct hub_file *f, const struct net_resp *resp, const struct sp_json *lfs,
                     struct sp_err *err)
{
    uint64_t size = 0;
    sp_str oid;
    if (!sp_json_is(lfs, SP_JSON_OBJ))
        return hub_call_lied(resp, err, "\"lfs\" of %s is no object", f->path);
    SP_TRY(hub_call_str(&oid, resp, lfs, "oid", true, err));
    SP_TRY(hub_call_hex(f->sha256, 64, resp, oid, "lfs.oid", err));
    SP_TRY(parse_size(&size, resp, lfs, f->path, err));
    if (size != f->size)
        return hub_call_lied(resp, err, "two sizes of %s: %llu and %llu", f->path,
                             (unsigned long long)f->size, (unsigned long long)size);
    return 0;
}

static int parse_entry(struct hub_file *f, const struct net_resp *resp, const struct sp_json *e,
                       bool *skip, struct sp_arena *arena, struct sp_err *err)
{
    sp_str type, path, oid, xet;
    SP_TRY(hub_call_str(&type, resp, e, "type", true, err));
    bool dir = sp_eq_lit(type, "directory");
    *skip = !dir && !sp_eq_lit(type, "file"); // kinds that come later, submodules
    if (*skip)
        return 0;
    SP_TRY(hub_call_str(&path, resp, e, "path", true, err));
    struct sp_err why = {0};
    if (sp_path_check(path, "\"path\"", &why) < 0)
        return hub_call_lied(resp, err, "%s", why.msg);
    f->path = sp_arena_dupn(arena, path.p, path.n);
    f->is_dir = dir;
    SP_TRY(hub_call_str(&oid, resp, e, "oid", false, err));
    if (oid.n)
        SP_TRY(hub_call_hex(f->oid, 40, resp, oid, "oid", err));
    if (dir)
        return 0;
    SP_TRY(parse_size(&f->size, resp, e, f->path, err));
    const struct sp_json *lfs = sp_json_get(e, "lfs");
    if (lfs && !sp_json_is(lfs, SP_JSON_NULL))
        SP_TRY(parse_lfs(f, resp, lfs, err));
    SP_TRY(hub_call_str(&xet, resp, e, "xetHash", false, err));
    if (xet.n)
        SP_TRY(hub_call_hex(f->xet_hash, 64, resp, xet, "xetHash", err));
    return 0;
}

int hub_tree_page(struct hub_files *out, struct hub_tree_seen *seen, const struct net_resp *resp,
                  const struct sp_json *page, struct sp_err *err)
{
    SP_JSON_EACH(e, page)
    {
        struct hub_file f = {0};
        bool skip = false;
        if (!sp_json_is(e, SP_JSON_OBJ))
            return hub_call_lied(resp, err, "an entry is no object");
        SP_TRY(parse_entry(&f, resp, e, &skip, &out->arena, err));
        if (skip)
            continue;
        if (sp_map_has(&seen->paths, sp_cstr(f.path)))
            return hub_call_lied(resp, err, "%s is listed twice", f.path);
        if (out->list.n >= HUB_TREE_ENTRIES_MAX)
            return hub_call_lied(resp, err, "more than %zu entries", HUB_TREE_ENTRIES_MAX);
        sp_map_put(&seen->paths, sp_cstr(f.path), NULL);
        *sp_vec_push(&out->list) = f;
    }
    return 0;
}

struct listing {
    struct hub_files files; // checked entries of all pages so far
    struct hub_tree_seen seen;
    hub_item_fn cb; // NULL = none
    void *ud;
};

static void listing_fini(struct listing *l)
{
    hub_files_fini(&l->files);
    hub_tree_seen_fini(&l->seen);
}

static int one_page(struct listing *l, char **url, struct hub *h, struct sp_err *err)
{
    SP_AUTO(net_resp_fini) struct net_resp resp = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct sp_json *page;
    struct hub_call c = {.url = *url, .retry = NET_RETRY_IDEMPOTENT};
    SP_TRY(hub_call_json(&page, &arena, &resp, h, &c, SP_JSON_ARR, err));
    SP_TRY(hub_tree_page(&l->files, &l->seen, &resp, page, err));
    SP_JSON_EACH(item, page)
    if (l->cb)
        SP_TRY(l->cb(l->ud, item, err));
    char *next;
    SP_TRY(hub_call_next(&next, h, &resp, err));
    free(*url);
    *url = next;
    return 0;
}

static int all_pages(struct listing *l, struct hub *h, const struct hub_repo *r, const char *rev,
                     const char *path, bool recursive, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SP_LIM_URL_BYTES);
    SP_AUTO_FREE char *url = NULL;
    hub_url_api(&b, h, r, "/tree");
    hub_url_seg(&b, rev ? rev : "main");
    if (path && *path)
        hub_url_seg(&b, path);
    sp_buf_printf(&b, "?recursive=%s&expand=%s", recursive ? "true" : "false",
                  l->cb ? "true" : "false");
    SP_TRY(hub_url_done(&url, &b, err));
    for (unsigned empty = 0; url;) {
        size_t before = l->files.list.n;
        SP_TRY_IN(one_page(l, &url, h, err), err, "listing %s at %s", r->id, rev ? rev : "main");
        empty = l->files.list.n > before ? 0 : empty + 1;
        if (url && empty > EMPTY_PAGES_MAX)
            return sp_fail(err, SP_EREPLY, "listing %s: %u empty pages in a row, next would be %s",
                           r->id, empty, url);
    }
    return 0;
}

int hub_tree_list(struct hub_files *out, struct hub *h, const struct hub_repo *r, const char *rev,
                  const char *path, bool recursive, struct sp_err *err)
{
    SP_AUTO(listing_fini) struct listing l = {0};
    SP_TRY(all_pages(&l, h, r, rev, path, recursive, err));
    *out = l.files;
    l.files = (struct hub_files){0};
    return 0;
}

int hub_tree_expanded(struct hub *h, const struct hub_repo *r, const char *rev, const char *path,
                      bool recursive, hub_item_fn cb, void *ud, struct sp_err *err)
{
    SP_AUTO(listing_fini) struct listing l = {.cb = cb, .ud = ud};
    return all_pages(&l, h, r, rev, path, recursive, err);
}
