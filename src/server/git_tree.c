// What lies at a path of a commit: entries, folders and whole listings, from memory where possible.
#include "server/git.h"

#define TREE_DEPTH_MAX                                                                             \
    512 // folders below each other; a path of 4,096 bytes has fewer names that matter
#define TREE_ENTRIES_MAX 20000000 // a listing in memory
// Above this a folder's object is so large that one look-up in it costs as much as a listing of it
// shared by many: then the listing is made and kept.
#define TREE_LARGE (64 * SP_KIB)

// ---- complete listing

struct tree_value {
    struct srv_memo_item item;
    struct srv_tree tree;
    SP_VEC(struct srv_entry) rows;
    struct sp_arena arena;
};

void srv_git_tree_value_free(void *p)
{
    struct tree_value *v = (struct tree_value *)p;
    sp_vec_fini(&v->rows);
    sp_arena_fini(&v->arena);
    free(v);
}

struct learned {
    struct srv_sizes_row *v;
    size_t n, cap;
};

struct listing {
    struct srv_git_handle *h;
    struct tree_value *v;
    struct learned new_sizes;
    struct sp_buf path;
};

// Facts of a blob for a listing; what had to be read is added to the side file in one go at the
// end.
static int facts(struct srv_blob_facts *out, struct learned *fresh, struct srv_git_handle *h,
                 const uint8_t *oid, struct sp_err *err)
{
    if (srv_sizes_find(out, h->shared, oid))
        return 0;
    struct srv_sizes_row r;
    SP_TRY(srv_sizes_learn(&r, h, oid, err));
    *sp_vec_push(fresh) = r;
    *out = r.f;
    return 0;
}

static int fill_entry(struct srv_entry *e, struct learned *fresh, struct srv_git_handle *h,
                      const struct srv_tree_row *row, struct sp_arena *a, struct sp_err *err)
{
    srv_git_hex(e->oid, row->oid);
    e->is_dir = row->mode == GIT_MODE_DIR;
    if (e->is_dir || row->mode == 0160000u) // a submodule's commit is elsewhere
        return 0;
    struct srv_blob_facts f;
    SP_TRY(facts(&f, fresh, h, row->oid, err));
    e->size = f.size;
    if (f.pointer_size) {
        e->lfs = true;
        e->pointer_size = f.pointer_size;
        char *hex = (char *)sp_arena_alloc(a, HASH_SHA256_HEX);
        struct sp_buf b = {.max = HASH_SHA256_HEX};
        sp_buf_hex(&b, f.sha256, sizeof f.sha256);
        memcpy(hex, b.p, b.n);
        sp_buf_fini(&b);
        e->sha256 = hex;
    }
    return 0;
}

static int list_folder(struct listing *l, const uint8_t *oid, unsigned depth, struct sp_err *err)
{
    SP_AUTO_OBJ git_odb_object *obj = NULL;
    sp_str raw;
    if (depth > TREE_DEPTH_MAX)
        return sp_fail(err, SP_ETOOBIG, "folders are nested more than %d deep", TREE_DEPTH_MAX);
    SP_TRY(srv_git_read(&obj, &raw, l->h, oid, GIT_OBJECT_TREE, err));
    struct tree_value *v = l->v;
    size_t at = 0, here = l->path.n;
    struct srv_tree_row row;
    int rc;
    while ((rc = srv_tree_next(&row, raw, &at, err)) > 0) {
        if (v->rows.n >= TREE_ENTRIES_MAX)
            return sp_fail(err, SP_ETOOBIG, "more than %d entries", TREE_ENTRIES_MAX);
        sp_buf_str(&l->path, row.name);
        SP_TRY(sp_buf_done(&l->path, "a path", err));
        struct srv_entry *e = sp_vec_push(&v->rows);
        e->path = sp_str_of(sp_arena_dupn(&v->arena, l->path.p, l->path.n), l->path.n);
        SP_TRY(fill_entry(e, &l->new_sizes, l->h, &row, &v->arena, err));
        v->tree.bytes += e->size;
        v->tree.files += !e->is_dir;
        if (e->is_dir) {
            sp_buf_ch(&l->path, '/');
            SP_TRY(list_folder(l, row.oid, depth + 1, err));
        }
        sp_buf_cut(&l->path, here);
    }
    return rc;
}

static int make_listing(struct tree_value **out, struct srv_git *g, int64_t repo_id,
                        const uint8_t *root, struct sp_err *err)
{
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    struct listing l = {.h = h, .v = sp_new(struct tree_value), .path = {.max = 64 * SP_KIB}};
    srv_git_hex(l.v->tree.tree, root);
    int rc = list_folder(&l, root, 0, err);
    if (l.new_sizes.n)
        srv_sizes_add(h->shared, l.new_sizes.v, l.new_sizes.n);
    sp_vec_fini(&l.new_sizes);
    sp_buf_fini(&l.path);
    if (rc < 0) {
        srv_git_tree_value_free(l.v);
        return rc;
    }
    l.v->tree.v = l.v->rows.v;
    l.v->tree.n = l.v->rows.n;
    *out = l.v;
    return 0;
}

static const struct srv_tree *listing_known(struct srv_git *g, int64_t repo_id, const uint8_t *root)
{
    struct srv_git_key k;
    srv_git_key(&k, repo_id, root, GIT_BIN, SP_LIT(""));
    struct tree_value *v = (struct tree_value *)srv_memo_get(g->trees, sp_str_of(k.p, k.n));
    return v ? &v->tree : NULL;
}

static int listing_of(const struct srv_tree **out, struct srv_git *g, int64_t repo_id,
                      const uint8_t *root, struct sp_err *err)
{
    if ((*out = listing_known(g, repo_id, root)))
        return 0;
    struct tree_value *v;
    SP_TRY(make_listing(&v, g, repo_id, root, err));
    struct srv_git_key k;
    srv_git_key(&k, repo_id, root, GIT_BIN, SP_LIT(""));
    srv_memo_put(g->trees, sp_str_of(k.p, k.n), v,
                 v->rows.cap * sizeof v->rows.v[0] + v->arena.used);
    *out = &v->tree;
    return 0;
}

int srv_git_tree(const struct srv_tree **out, struct srv_git *g, int64_t repo_id,
                 const char *commit, struct sp_err *err)
{
    uint8_t root[GIT_BIN];
    SP_TRY(srv_git_commit_tree(root, g, repo_id, commit, err));
    return listing_of(out, g, repo_id, root, err);
}

void srv_git_tree_release(struct srv_git *g, const struct srv_tree *t)
{
    if (t)
        srv_memo_release(g->trees, (char *)(uintptr_t)t - offsetof(struct tree_value, tree));
}

// Compares as the listing is sorted: the order of git_name_cmp over whole paths.
size_t srv_tree_find(const struct srv_tree *t, sp_str path, bool as_dir, bool *found)
{
    size_t lo = 0, hi = t->n;
    *found = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = srv_name_cmp(t->v[mid].path, t->v[mid].is_dir, path, as_dir);
        if (c == 0 && t->v[mid].path.n == path.n && t->v[mid].is_dir == as_dir) {
            *found = true;
            return mid;
        }
        // "a" as a folder is equal to the first bytes of "a/x"; the shorter one comes first.
        if (c < 0 || (c == 0 && t->v[mid].path.n < path.n))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

// ---- one path

// Folder rows have an empty path here: the caller knows it.
struct srv_git_entry_value {
    struct srv_memo_item item;
    bool absent;
    struct srv_entry e;
    char sha256[HASH_SHA256_HEX];
};

static void keep_entry(struct srv_git_entry_value *v, const struct srv_entry *e)
{
    v->e = *e;
    v->e.path = (sp_str){NULL, 0};
    if (e->sha256) {
        memcpy(v->sha256, e->sha256, sizeof v->sha256);
        v->e.sha256 = v->sha256;
    }
}

static int find_row(struct srv_tree_row *out, sp_str raw, sp_str name, struct sp_err *err)
{
    size_t at = 0;
    int rc;
    while ((rc = srv_tree_next(out, raw, &at, err)) > 0)
        if (sp_eq(out->name, name))
            return 1;
    return rc;
}

// Walks down from the root. 1 found, 0 absent, SP_EBUSY: a folder is so large that the listing
// pays.
static int walk_to(struct srv_entry *out, struct srv_git_handle *h, const uint8_t *root,
                   sp_str path, struct sp_arena *a, struct sp_err *err)
{
    uint8_t oid[GIT_BIN];
    memcpy(oid, root, sizeof oid);
    sp_str rest = path, part;
    while (sp_split(&rest, '/', &part)) {
        SP_AUTO_OBJ git_odb_object *obj = NULL;
        sp_str raw;
        SP_TRY(srv_git_read(&obj, &raw, h, oid, GIT_OBJECT_TREE, err));
        if (raw.n > TREE_LARGE)
            return SP_EBUSY;
        struct srv_tree_row row;
        int rc = find_row(&row, raw, part, err);
        if (rc <= 0)
            return rc;
        if (rest.p && row.mode != GIT_MODE_DIR)
            return 0;
        memcpy(oid, row.oid, sizeof oid);
        if (!rest.p) {
            struct learned fresh = {0};
            rc = fill_entry(out, &fresh, h, &row, a, err);
            if (fresh.n)
                srv_sizes_add(h->shared, fresh.v, fresh.n);
            sp_vec_fini(&fresh);
            return rc < 0 ? rc : 1;
        }
    }
    return 0;
}

static int from_listing(struct srv_git_entry_value *v, const struct srv_tree *t, sp_str path)
{
    bool found;
    size_t i = srv_tree_find(t, path, false, &found);
    if (!found)
        i = srv_tree_find(t, path, true, &found);
    if (found)
        keep_entry(v, &t->v[i]);
    return found;
}

static int make_entry(struct srv_git_entry_value *v, struct srv_git *g, int64_t repo_id,
                      const uint8_t *root, sp_str path, struct sp_err *err)
{
    const struct srv_tree *t = listing_known(g, repo_id, root);
    int rc = SP_EBUSY;
    if (!t) {
        SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
        SP_AUTO_GIT struct srv_git_handle *h = NULL;
        SP_TRY(srv_git_borrow(&h, g, repo_id, err));
        struct srv_entry e = {0};
        rc = walk_to(&e, h, root, path, &a, err);
        if (rc > 0)
            keep_entry(v, &e);
    }
    if (rc == SP_EBUSY) {
        if (!t)
            SP_TRY(listing_of(&t, g, repo_id, root, err));
        rc = from_listing(v, t, path);
        srv_git_tree_release(g, t);
    }
    SP_TRY(rc);
    v->absent = rc == 0;
    return 0;
}

int srv_git_entry(struct srv_entry *out, struct srv_git *g, int64_t repo_id, const char *commit,
                  sp_str path, struct sp_arena *a, struct sp_err *err)
{
    uint8_t bin[GIT_BIN], root[GIT_BIN];
    if (!srv_git_bin(bin, sp_cstr(commit)))
        return sp_fail(err, SP_EREVISION, "bad commit id");
    if (path.n == 0 || path.n > SP_LIM_PATH_BYTES)
        return sp_fail(err, SP_ENOTFOUND, "Entry not found");
    struct srv_git_key k;
    srv_git_key(&k, repo_id, bin, sizeof bin, path);
    sp_str key = sp_str_of(k.p, k.n);
    struct srv_git_entry_value *v = (struct srv_git_entry_value *)srv_memo_get(g->entries, key);
    if (!v) {
        SP_TRY(srv_git_commit_tree(root, g, repo_id, commit, err));
        v = sp_new(struct srv_git_entry_value);
        int rc = make_entry(v, g, repo_id, root, path, err);
        if (rc < 0) {
            free(v);
            return rc;
        }
        srv_memo_put(g->entries, key, v, sizeof *v);
    }
    bool absent = v->absent;
    if (!absent) {
        *out = v->e;
        out->path = path;
        if (v->e.sha256)
            out->sha256 = sp_arena_dupn(a, v->sha256, HASH_SHA256_HEX - 1);
    }
    srv_memo_release(g->entries, v);
    return absent ? sp_fail(err, SP_ENOTFOUND, "Entry not found: %.*s", SP_FMT(path)) : 0;
}

// ---- one folder

// A tree object's bytes; large ones are kept, because their pages are asked for one after the
// other.
struct raw_tree {
    git_odb_object *obj;
    const struct srv_git_blob_value *kept;
    sp_str raw;
};

static int raw_tree_open(struct raw_tree *out, struct srv_git_handle *h, const uint8_t *oid,
                         struct sp_err *err)
{
    struct srv_git *g = h->shared->owner;
    struct srv_git_key k;
    srv_git_key(&k, h->shared->id, oid, GIT_BIN, SP_LIT(""));
    sp_str key = sp_str_of(k.p, k.n);
    struct srv_git_blob_value *v = (struct srv_git_blob_value *)srv_memo_get(g->blobs, key);
    if (!v) {
        SP_TRY(srv_git_read(&out->obj, &out->raw, h, oid, GIT_OBJECT_TREE, err));
        if (out->raw.n <= TREE_LARGE)
            return 0;
        v = (struct srv_git_blob_value *)sp_alloc(sizeof *v + out->raw.n + 1);
        v->n = out->raw.n;
        memcpy(v->p, out->raw.p, out->raw.n);
        srv_memo_put(g->blobs, key, v, sizeof *v + v->n);
    }
    out->kept = v;
    out->raw = sp_str_of(v->p, v->n);
    return 0;
}

static void raw_tree_close(struct raw_tree *t, struct srv_git *g)
{
    srv_git_odb_objectp(&t->obj);
    srv_git_blob_release(g, t->kept);
}

static sp_str join(struct sp_arena *a, sp_str prefix, sp_str name)
{
    char *path = (char *)sp_arena_alloc(a, prefix.n + 1 + name.n + 1);
    size_t n = 0;
    if (prefix.n) {
        memcpy(path, prefix.p, prefix.n);
        path[prefix.n] = '/';
        n = prefix.n + 1;
    }
    memcpy(path + n, name.p, name.n);
    return sp_str_of(path, n + name.n);
}

struct page {
    struct srv_entry *v;
    size_t n;
    bool more;
};

static int fill_page(struct page *p, const struct srv_folder_page *want, struct srv_git_handle *h,
                     sp_str raw, struct learned *fresh, struct sp_arena *a, struct sp_err *err)
{
    size_t at = 0;
    struct srv_tree_row row;
    int rc;
    while ((rc = srv_tree_next(&row, raw, &at, err)) > 0) {
        if (want->after.n &&
            srv_name_cmp(row.name, row.mode == GIT_MODE_DIR, want->after, want->after_dir) <= 0)
            continue;
        if (p->n == want->limit) {
            p->more = true;
            return 0;
        }
        struct srv_entry *e = &p->v[p->n++];
        e->path = join(a, want->prefix, row.name);
        SP_TRY(fill_entry(e, fresh, h, &row, a, err));
    }
    return rc;
}

int srv_git_folder(struct srv_entry **out, size_t *n_out, bool *more, struct srv_git *g,
                   int64_t repo_id, const struct srv_folder_page *want, struct sp_arena *a,
                   struct sp_err *err)
{
    uint8_t oid[GIT_BIN];
    if (!srv_git_bin(oid, sp_cstr(want->tree)))
        return sp_fail(err, SP_EINTERNAL, "bad tree id");
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    struct raw_tree t = {0};
    SP_TRY(raw_tree_open(&t, h, oid, err));
    struct page p = {.v = (struct srv_entry *)sp_arena_alloc(a, (want->limit + 1) * sizeof *p.v)};
    struct learned fresh = {0};
    int rc = fill_page(&p, want, h, t.raw, &fresh, a, err);
    if (fresh.n)
        srv_sizes_add(h->shared, fresh.v, fresh.n);
    sp_vec_fini(&fresh);
    raw_tree_close(&t, g);
    SP_TRY(rc);
    *out = p.v;
    *n_out = p.n;
    *more = p.more;
    return 0;
}

// ---- content

#define BLOB_KEEP_MAX (256 * SP_KIB)

int srv_git_blob_hold(const struct srv_git_blob_value **out, struct srv_git *g, int64_t repo_id,
                      const char *oid, size_t max, struct sp_err *err)
{
    uint8_t bin[GIT_BIN];
    if (!srv_git_bin(bin, sp_cstr(oid)))
        return sp_fail(err, SP_ENOTFOUND, "bad blob id");
    struct srv_git_key k;
    srv_git_key(&k, repo_id, bin, sizeof bin, SP_LIT(""));
    sp_str key = sp_str_of(k.p, k.n);
    struct srv_git_blob_value *v = (struct srv_git_blob_value *)srv_memo_get(g->blobs, key);
    if (!v) {
        SP_AUTO_GIT struct srv_git_handle *h = NULL;
        SP_TRY(srv_git_borrow(&h, g, repo_id, err));
        SP_AUTO_OBJ git_odb_object *obj = NULL;
        sp_str raw;
        SP_TRY(srv_git_read(&obj, &raw, h, bin, GIT_OBJECT_BLOB, err));
        if (raw.n > max)
            return sp_fail(err, SP_ETOOBIG, "a file of %zu bytes; at most %zu are read here", raw.n,
                           max);
        v = (struct srv_git_blob_value *)sp_alloc(sizeof *v + raw.n + 1);
        v->n = raw.n;
        memcpy(v->p, raw.p, raw.n);
        if (raw.n <= BLOB_KEEP_MAX) {
            srv_memo_put(g->blobs, key, v, sizeof *v + raw.n);
        } else {
            v->item.refs = 1; // held by the caller alone
        }
    }
    if (v->n > max) {
        srv_memo_release(g->blobs, v);
        return sp_fail(err, SP_ETOOBIG, "a file of %zu bytes; at most %zu are read here", v->n,
                       max);
    }
    *out = v;
    return 0;
}

void srv_git_blob_release(struct srv_git *g, const struct srv_git_blob_value *v)
{
    if (v)
        srv_memo_release(g->blobs, (void *)(uintptr_t)v);
}

int srv_git_blob(struct sp_buf *out, struct srv_git *g, int64_t repo_id, const char *oid,
                 size_t max, struct sp_err *err)
{
    const struct srv_git_blob_value *v;
    SP_TRY(srv_git_blob_hold(&v, g, repo_id, oid, max, err));
    sp_buf_put(out, v->p, v->n);
    srv_git_blob_release(g, v);
    return sp_buf_done(out, "a file", err);
}
