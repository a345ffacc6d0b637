// The tree of the next commit: the last one and what changes, with only the changed folders read.
#include "server/git.h"
#include "server/fold.h"

// A folder is its raw tree object (base, sorted as git sorts) and what the commit changed in it
// (changes, by name). Only folders on the way to a change are read; unchanged rows are copied.
struct folder;
struct change {
    sp_str name;
    enum { CHANGE_GONE, CHANGE_FILE, CHANGE_FOLDER } kind;
    uint8_t oid[GIT_BIN];
    struct folder *folder; // CHANGE_FOLDER
};
struct folder {
    git_odb_object *obj;
    struct srv_tree_row *base;
    size_t base_n;
    struct sp_map changes; // name → struct change
    SP_VEC(struct change *) list;
    struct folder *all_next; // for freeing
};
struct srv_edit {
    struct srv_git_handle *h;
    struct sp_arena arena;
    struct folder *root, *all;
};

static struct folder *folder_new(struct srv_edit *e)
{
    struct folder *f = sp_arena_new(&e->arena, struct folder);
    f->all_next = e->all;
    e->all = f;
    return f;
}

static int folder_read(struct folder **out, struct srv_edit *e, const uint8_t *oid,
                       struct sp_err *err)
{
    struct folder *f = folder_new(e);
    sp_str raw;
    SP_TRY(srv_git_read(&f->obj, &raw, e->h, oid, GIT_OBJECT_TREE, err));
    SP_VEC(struct srv_tree_row) rows = {0};
    size_t at = 0;
    struct srv_tree_row row;
    int rc;
    while ((rc = srv_tree_next(&row, raw, &at, err)) > 0)
        *sp_vec_push(&rows) = row;
    f->base = rows.v;
    f->base_n = rows.n;
    SP_TRY(rc);
    *out = f;
    return 0;
}

int srv_edit_begin(struct srv_edit **out, struct srv_git_handle *h, const uint8_t *tree,
                   struct sp_err *err)
{
    SP_AUTO(srv_edit_free) struct srv_edit *e = sp_new(struct srv_edit);
    e->h = h;
    if (tree)
        SP_TRY(folder_read(&e->root, e, tree, err));
    else
        e->root = folder_new(e);
    *out = sp_take(&e);
    return 0;
}

void srv_edit_free(struct srv_edit **ep)
{
    struct srv_edit *e = *ep;
    if (!e)
        return;
    *ep = NULL;
    for (struct folder *f = e->all; f; f = f->all_next) {
        srv_git_odb_objectp(&f->obj);
        free(f->base);
        sp_map_fini(&f->changes, NULL);
        sp_vec_fini(&f->list);
    }
    sp_arena_fini(&e->arena);
    free(e);
}

static bool row_is_dir(const struct srv_tree_row *r)
{
    return r->mode == GIT_MODE_DIR;
}

static const struct srv_tree_row *base_find_as(const struct folder *f, sp_str name, bool dir)
{
    size_t lo = 0, hi = f->base_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = srv_name_cmp(f->base[mid].name, row_is_dir(&f->base[mid]), name, dir);
        if (c == 0)
            return &f->base[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static const struct srv_tree_row *base_find(const struct folder *f, sp_str name)
{
    const struct srv_tree_row *r = base_find_as(f, name, false);
    return r ? r : base_find_as(f, name, true);
}

static struct change *change_of(struct srv_edit *e, struct folder *f, sp_str name)
{
    struct change *c = (struct change *)sp_map_get(&f->changes, name);
    if (c)
        return c;
    c = sp_arena_new(&e->arena, struct change);
    c->name = sp_str_of(sp_arena_dupn(&e->arena, name.p, name.n), name.n);
    sp_map_put(&f->changes, name, c);
    *sp_vec_push(&f->list) = c;
    return c;
}

enum what { IS_ABSENT, IS_FILE, IS_FOLDER };

static enum what look(const struct folder *f, sp_str name, const struct change **change,
                      const struct srv_tree_row **row)
{
    const struct change *c = (const struct change *)sp_map_get(&f->changes, name);
    *change = c;
    *row = NULL;
    if (c)
        return c->kind == CHANGE_GONE ? IS_ABSENT : c->kind == CHANGE_FILE ? IS_FILE : IS_FOLDER;
    *row = base_find(f, name);
    return !*row ? IS_ABSENT : row_is_dir(*row) ? IS_FOLDER : IS_FILE;
}

static bool folder_empty(const struct folder *f)
{
    for (size_t i = 0; i < f->base_n; i++)
        if (!sp_map_has(&f->changes, f->base[i].name))
            return false;
    for (size_t i = 0; i < f->list.n; i++) {
        const struct change *c = f->list.v[i];
        if (c->kind == CHANGE_FILE || (c->kind == CHANGE_FOLDER && !folder_empty(c->folder)))
            return false;
    }
    return true;
}

// The folder under `name`, opened for changes. IS_FOLDER was seen.
static int folder_enter(struct folder **out, struct srv_edit *e, struct folder *f, sp_str name,
                        struct sp_err *err)
{
    const struct change *c;
    const struct srv_tree_row *row;
    look(f, name, &c, &row);
    if (c) {
        *out = c->folder;
        return 0;
    }
    struct folder *sub;
    SP_TRY(folder_read(&sub, e, row->oid, err));
    struct change *made = change_of(e, f, name);
    made->kind = CHANGE_FOLDER;
    made->folder = sub;
    *out = sub;
    return 0;
}

static int make_folder(struct folder **out, struct srv_edit *e, struct folder *f, sp_str name)
{
    struct change *c = change_of(e, f, name);
    c->kind = CHANGE_FOLDER;
    c->folder = *out = folder_new(e);
    return 0;
}

// Walks to the folder that holds the last segment. make: missing folders are made.
static int walk(struct folder **out, sp_str *last, struct srv_edit *e, sp_str path, bool make,
                struct sp_err *err)
{
    struct folder *f = e->root;
    sp_str rest = path, part;
    while (sp_split(&rest, '/', &part) && rest.p) {
        const struct change *c;
        const struct srv_tree_row *row;
        enum what w = look(f, part, &c, &row);
        if (w == IS_FOLDER)
            SP_TRY(folder_enter(&f, e, f, part, err));
        else if (!make)
            return SP_ENOTFOUND;
        else if (w == IS_ABSENT)
            SP_TRY(make_folder(&f, e, f, part));
        else
            return sp_fail(err, SP_EINVALID, "%.*s: %.*s is a file, not a folder", SP_FMT(path),
                           (int)(part.p + part.n - path.p), path.p);
    }
    *out = f;
    *last = part;
    return 0;
}

int srv_edit_put(struct srv_edit *e, sp_str path, const uint8_t oid[GIT_BIN], struct sp_err *err)
{
    struct folder *f;
    sp_str name;
    SP_TRY(walk(&f, &name, e, path, true, err));
    const struct change *seen;
    const struct srv_tree_row *row;
    if (look(f, name, &seen, &row) == IS_FOLDER && (!seen || !folder_empty(seen->folder)))
        return sp_fail(err, SP_EINVALID, "%.*s is a folder; delete it first to put a file there",
                       SP_FMT(path));
    struct change *c = change_of(e, f, name);
    c->kind = CHANGE_FILE;
    c->folder = NULL;
    memcpy(c->oid, oid, GIT_BIN);
    return 0;
}

static int delete_as(struct srv_edit *e, sp_str path, enum what want, struct sp_err *err)
{
    struct folder *f;
    sp_str name;
    const struct change *seen;
    const struct srv_tree_row *row;
    int rc = walk(&f, &name, e, path, false, err);
    if (rc < 0 && rc != SP_ENOTFOUND)
        return rc;
    if (rc < 0 || look(f, name, &seen, &row) != want ||
        (want == IS_FOLDER && seen && folder_empty(seen->folder)))
        return sp_fail(err, SP_ENOTFOUND, "A %s with this name doesn't exist: %.*s",
                       want == IS_FILE ? "file" : "folder", SP_FMT(path));
    struct change *c = change_of(e, f, name);
    c->kind = CHANGE_GONE;
    c->folder = NULL;
    return 0;
}

int srv_edit_delete(struct srv_edit *e, sp_str path, struct sp_err *err)
{
    return delete_as(e, path, IS_FILE, err);
}

int srv_edit_delete_folder(struct srv_edit *e, sp_str path, struct sp_err *err)
{
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    if (path.n)
        return delete_as(e, path, IS_FOLDER, err);
    e->root = folder_new(e);
    return 0;
}

static int change_cmp(const void *a, const void *b)
{
    const struct change *x = *(const struct change *const *)a;
    const struct change *y = *(const struct change *const *)b;
    return srv_name_cmp(x->name, x->kind == CHANGE_FOLDER, y->name, y->kind == CHANGE_FOLDER);
}

static int clash(const char *where, sp_str a, sp_str b, struct sp_err *err)
{
    return sp_fail(
        err, SP_EINVALID,
        "%s%.*s and %s%.*s differ only in case or Unicode form; many file systems cannot "
        "hold both, rename one of them",
        where, SP_FMT(a), where, SP_FMT(b));
}

// New names must not look like a neighbour's on a case-insensitive or normalising file system.
// Clashes that are there already are left alone.
static int check_clashes(struct folder *f, const char *where, struct sp_err *err)
{
    SP_AUTO(fold_set_fini) struct fold_set fresh = {0};
    sp_str other;
    for (size_t i = 0; i < f->list.n; i++) {
        const struct change *c = f->list.v[i];
        if (c->kind == CHANGE_GONE || base_find(f, c->name) ||
            (c->kind == CHANGE_FOLDER && folder_empty(c->folder)))
            continue;
        if (fold_set_add(&fresh, c->name, &other))
            return clash(where, c->name, other, err);
    }
    if (!fresh.map.n)
        return 0;
    for (size_t i = 0; i < f->base_n; i++) {
        const struct change *c = (const struct change *)sp_map_get(&f->changes, f->base[i].name);
        if (c && (c->kind == CHANGE_GONE || (c->kind == CHANGE_FOLDER && folder_empty(c->folder))))
            continue;
        if (fold_set_find(&fresh, f->base[i].name, &other))
            return clash(where, f->base[i].name, other, err);
    }
    return 0;
}

static void put_row(struct sp_buf *b, unsigned mode, sp_str name, const uint8_t *oid)
{
    if (mode == GIT_MODE_FILE)
        sp_buf_str(b, SP_LIT("100644 "));
    else if (mode == GIT_MODE_DIR)
        sp_buf_str(b, SP_LIT("40000 "));
    else
        sp_buf_printf(b, "%o ", mode);
    sp_buf_str(b, name);
    sp_buf_ch(b, 0);
    sp_buf_put(b, oid, GIT_BIN);
}

#define TREE_MAX (256 * SP_MIB)

// Writes the changed folders below f and lists what is there in the end, in git's order.
static int write_changes(struct change ***live_out, size_t *n_out, struct folder *f,
                         struct srv_pack *p, const char *where, struct sp_err *err);

static void put_change(struct sp_buf *b, const struct change *c, unsigned mode)
{
    put_row(b,
            mode                       ? mode
            : c->kind == CHANGE_FOLDER ? GIT_MODE_DIR
                                       : GIT_MODE_FILE,
            c->name, c->oid);
}

// An edited file keeps its executable bit: whoever set it meant it. Links become plain files.
static unsigned mode_after(const struct srv_tree_row *r)
{
    return r->mode == 0100755u ? r->mode : 0;
}

// Merges the unchanged rows of the base with the changes, both in git's order.
static void merge_rows(struct sp_buf *raw, const struct folder *f, struct change **live, size_t n)
{
    size_t j = 0;
    for (size_t i = 0; i < f->base_n; i++) {
        const struct srv_tree_row *r = &f->base[i];
        bool dir = row_is_dir(r);
        for (;
             j < n && srv_name_cmp(live[j]->name, live[j]->kind == CHANGE_FOLDER, r->name, dir) < 0;
             j++)
            put_change(raw, live[j], 0);
        if (!f->list.n || !sp_map_has(&f->changes, r->name))
            put_row(raw, r->mode, r->name, r->oid);
        else if (j < n && sp_eq(live[j]->name, r->name) && dir == (live[j]->kind == CHANGE_FOLDER))
            put_change(raw, live[j++], mode_after(r));
    }
    for (; j < n; j++)
        put_change(raw, live[j], 0);
}

// empty: nothing is left and nothing was written (git knows no empty folders, except a root).
static int folder_write(uint8_t oid[GIT_BIN], bool *empty, struct folder *f, struct srv_pack *p,
                        sp_str path, struct sp_err *err)
{
    SP_AUTO_FREE char *where = sp_fmt("%.*s%s", SP_FMT(path), path.n ? "/" : "");
    SP_TRY(check_clashes(f, where, err));
    SP_AUTO_FREE struct change **live = NULL;
    size_t n;
    SP_TRY(write_changes(&live, &n, f, p, where, err));
    SP_AUTO_BUF struct sp_buf raw = SP_BUF_MAX(TREE_MAX);
    merge_rows(&raw, f, live, n);
    SP_TRY(sp_buf_done(&raw, "a tree object", err));
    *empty = raw.n == 0;
    if (*empty && path.n)
        return 0;
    return srv_pack_add(oid, p, GIT_OBJECT_TREE, sp_buf_view(&raw), err);
}

static int write_changes(struct change ***live_out, size_t *n_out, struct folder *f,
                         struct srv_pack *p, const char *where, struct sp_err *err)
{
    SP_AUTO_FREE struct change **live = sp_new_n(struct change *, f->list.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->list.n; i++) {
        struct change *c = f->list.v[i];
        bool gone = c->kind == CHANGE_GONE;
        if (c->kind == CHANGE_FOLDER) {
            SP_AUTO_FREE char *sub = sp_fmt("%s%.*s", where, SP_FMT(c->name));
            SP_TRY(folder_write(c->oid, &gone, c->folder, p, sp_cstr(sub), err));
        }
        if (!gone)
            live[n++] = c;
    }
    qsort(live, n, sizeof *live, change_cmp);
    *live_out = sp_take(&live);
    *n_out = n;
    return 0;
}

int srv_edit_write(uint8_t tree[GIT_BIN], struct srv_edit *e, struct srv_pack *p,
                   struct sp_err *err)
{
    bool empty;
    return folder_write(tree, &empty, e->root, p, SP_LIT(""), err);
}
