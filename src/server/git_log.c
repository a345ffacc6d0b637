#include "server/git_log.h"

static char *text_dup(struct sp_arena *a, sp_str s)
{
    return sp_arena_dupn(a, s.p, s.n);
}

static void fill(struct srv_commit *out, const uint8_t *oid, const struct srv_git_commit_raw *c,
                 struct sp_arena *a)
{
    memset(out, 0, sizeof *out);
    srv_git_hex(out->oid, oid);
    srv_git_hex(out->tree, c->tree);
    if (c->parents_n)
        srv_git_hex(out->parent, c->parent);
    sp_str rest, title = sp_cut(c->message, '\n', &rest);
    out->title = text_dup(a, sp_trim(title));
    out->message = text_dup(a, sp_trim(rest));
    out->author = text_dup(a, c->author);
    out->date_ms = c->date_s * 1000;
}

static int read_one(struct srv_commit *out, struct srv_git_handle *h, const uint8_t *oid,
                    struct sp_arena *a, struct sp_err *err)
{
    SP_AUTO_OBJ git_odb_object *o = NULL;
    sp_str raw;
    struct srv_git_commit_raw c;
    int rc = srv_git_read(&o, &raw, h, oid, GIT_OBJECT_COMMIT, err);
    if (rc == SP_ENOTFOUND)
        return sp_fail(err, SP_EREVISION, "no such commit");
    SP_TRY(rc);
    SP_TRY(srv_git_commit_parse(&c, raw, err));
    fill(out, oid, &c, a);
    return 0;
}

int srv_git_commit_info(struct srv_commit *out, struct srv_git *g, int64_t repo_id,
                        const char *commit, struct sp_arena *a, struct sp_err *err)
{
    uint8_t oid[GIT_BIN];
    if (!srv_git_bin(oid, sp_cstr(commit)))
        return sp_fail(err, SP_EREVISION, "bad commit id");
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    return read_one(out, h, oid, a, err);
}

int srv_log_list(struct srv_commit **out, size_t *n_out, size_t *total, struct srv_git *g,
                 int64_t repo_id, const char *from, size_t skip, size_t limit, struct sp_arena *a,
                 struct sp_err *err)
{
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    git_revwalk *walk = NULL;
    git_oid id;
    int rc = git_revwalk_new(&walk, h->repo);
    if (rc >= 0)
        rc = git_oid_fromstr(&id, from);
    if (rc >= 0)
        rc = git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
    if (rc >= 0)
        rc = git_revwalk_push(walk, &id);
    struct srv_commit *v = (struct srv_commit *)sp_arena_alloc(a, (limit + 1) * sizeof *v);
    size_t n = 0, seen = 0;
    while (rc >= 0 && (rc = git_revwalk_next(&id, walk)) == 0) {
        if (seen++ < skip || n == limit)
            continue;
        int bad = read_one(&v[n], h, id.id, a, err);
        if (bad < 0) {
            git_revwalk_free(walk);
            return bad;
        }
        n++;
    }
    git_revwalk_free(walk);
    if (rc != GIT_ITEROVER)
        return srv_git_fail(err, rc, "walking the history from %s", from);
    *out = v;
    *n_out = n;
    *total = seen;
    return 0;
}

// ---- the last commit of each path

// One walk along first parents. At each commit only folders that differ from the parent's are
// opened, and only those that hold a path that is still without an answer.
#define LAST_COMMITS_MAX 100000 // commits walked for one page

struct want {
    sp_str path;
    struct srv_commit *answer;
};

static int want_cmp(const void *a, const void *b)
{
    return sp_cmp(((const struct want *)a)->path, ((const struct want *)b)->path);
}

struct walk {
    struct srv_git_handle *h;
    const struct srv_commit *now;
    struct srv_commit *kept; // copy of now in the arena, made when it is first needed
    struct sp_arena *a;
    size_t open;
};

static struct srv_commit *answer(struct walk *w)
{
    if (!w->kept) {
        w->kept = sp_arena_new(w->a, struct srv_commit);
        *w->kept = *w->now;
    }
    return w->kept;
}

static sp_str part_at(sp_str path, size_t from)
{
    sp_str rest;
    return sp_cut(sp_from(path, from), '/', &rest);
}

// Row of a name in a tree that may be absent (NULL).
static bool row_of(struct srv_tree_row *out, const sp_str *raw, sp_str name)
{
    size_t at = 0;
    while (raw && srv_tree_next(out, *raw, &at, NULL) > 0)
        if (sp_eq(out->name, name))
            return true;
    return false;
}

static int changed_below(struct walk *w, const uint8_t *now, const uint8_t *was, struct want *v,
                         size_t n, size_t from, struct sp_err *err);

// The wants v[0..n) share the name `part` at byte `from`. The row of that name differs.
static int changed_part(struct walk *w, const struct srv_tree_row *now,
                        const struct srv_tree_row *was, sp_str part, struct want *v, size_t n,
                        size_t from, struct sp_err *err)
{
    bool below = false;
    for (size_t i = 0; i < n; i++) {
        if (v[i].path.n > from + part.n) {
            below = true;
        } else if (!v[i].answer) {
            v[i].answer = answer(w);
            w->open--;
        }
    }
    if (!below || now->mode != GIT_MODE_DIR)
        return 0;
    const uint8_t *old = was && was->mode == GIT_MODE_DIR ? was->oid : NULL;
    return changed_below(w, now->oid, old, v, n, from + part.n + 1, err);
}

static int changed_below(struct walk *w, const uint8_t *now, const uint8_t *was, struct want *v,
                         size_t n, size_t from, struct sp_err *err)
{
    SP_AUTO_OBJ git_odb_object *now_o = NULL, *was_o = NULL;
    sp_str now_raw, was_raw;
    SP_TRY(srv_git_read(&now_o, &now_raw, w->h, now, GIT_OBJECT_TREE, err));
    if (was)
        SP_TRY(srv_git_read(&was_o, &was_raw, w->h, was, GIT_OBJECT_TREE, err));
    for (size_t i = 0, j; i < n; i = j) {
        j = i + 1;
        if (v[i].path.n <= from) // the folder itself
            continue;
        sp_str part = part_at(v[i].path, from);
        bool open = !v[i].answer;
        while (j < n && v[j].path.n > from && sp_eq(part_at(v[j].path, from), part))
            open |= !v[j++].answer;
        struct srv_tree_row a, b;
        if (!open || !row_of(&a, &now_raw, part))
            continue;
        bool had = row_of(&b, was ? &was_raw : NULL, part);
        if (had && a.mode == b.mode && memcmp(a.oid, b.oid, GIT_BIN) == 0)
            continue;
        SP_TRY(changed_part(w, &a, had ? &b : NULL, part, v + i, j - i, from, err));
    }
    return 0;
}

static int walk_history(struct walk *w, struct want *v, size_t n, const char *from,
                        const struct sp_cancel *cancel, struct sp_err *err)
{
    uint8_t oid[GIT_BIN];
    struct srv_commit now, parent;
    if (!srv_git_bin(oid, sp_cstr(from)))
        return sp_fail(err, SP_EREVISION, "bad commit id");
    SP_TRY(read_one(&now, w->h, oid, w->a, err));
    for (size_t i = 0; w->open && i < LAST_COMMITS_MAX; i++) {
        SP_TRY(sp_cancel_check(cancel, err));
        uint8_t tree[GIT_BIN], old[GIT_BIN];
        srv_git_bin(tree, sp_cstr(now.tree));
        bool has_parent = now.parent[0] != 0;
        if (has_parent) {
            srv_git_bin(oid, sp_cstr(now.parent));
            SP_TRY(read_one(&parent, w->h, oid, w->a, err));
            srv_git_bin(old, sp_cstr(parent.tree));
        }
        w->now = &now;
        w->kept = NULL;
        if (!has_parent || memcmp(tree, old, GIT_BIN) != 0)
            SP_TRY(changed_below(w, tree, has_parent ? old : NULL, v, n, 0, err));
        if (!has_parent)
            break;
        now = parent;
    }
    return 0;
}

int srv_log_last(const struct srv_commit **out, struct srv_git *g, int64_t repo_id,
                 const char *from, const sp_str *paths, size_t n, struct sp_arena *a,
                 const struct sp_cancel *cancel, struct sp_err *err)
{
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    struct want *v = (struct want *)sp_arena_alloc(a, (n + 1) * sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i].path = paths[i];
    qsort(v, n, sizeof *v, want_cmp);
    struct walk w = {.h = h, .a = a, .open = n};
    SP_TRY(walk_history(&w, v, n, from, cancel, err));
    for (size_t i = 0; i < n; i++) {
        struct want key = {.path = paths[i]};
        const struct want *hit = (const struct want *)bsearch(&key, v, n, sizeof *v, want_cmp);
        out[i] = hit ? hit->answer : NULL;
    }
    return 0;
}
