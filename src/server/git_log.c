// History: commits of a branch, and the last commit that changed each path.
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
// opened, and only those that hold a path that is still without an answer. The rows of a folder and
// of the same folder in the parent are walked side by side, so that a page of many paths costs no
// more than a page of one.
#define LAST_COMMITS_MAX 100000 // commits walked for one page

struct want {
    sp_str path;
    struct srv_commit *answer;
};

static int want_cmp(const void *a, const void *b)
{
    return sp_cmp(((const struct want *)a)->path, ((const struct want *)b)->path);
}

struct step { // a commit of the walk
    uint8_t oid[GIT_BIN];
    git_odb_object *obj; // owns what raw points to
    struct srv_git_commit_raw raw;
};

static void step_fini(struct step *s)
{
    srv_git_odb_objectp(&s->obj);
}

static int step_read(struct step *s, struct srv_git_handle *h, const uint8_t *oid,
                     struct sp_err *err)
{
    sp_str raw;
    memcpy(s->oid, oid, GIT_BIN);
    SP_TRY(srv_git_read(&s->obj, &raw, h, oid, GIT_OBJECT_COMMIT, err));
    return srv_git_commit_parse(&s->raw, raw, err);
}

struct walk {
    struct srv_git_handle *h;
    const struct step *now;
    struct srv_commit *kept; // what `now` says, in the arena; made when it is first needed
    struct sp_arena *a;
    size_t open;
};

static struct srv_commit *answer(struct walk *w)
{
    if (!w->kept) {
        w->kept = sp_arena_new(w->a, struct srv_commit);
        fill(w->kept, w->now->oid, &w->now->raw, w->a);
    }
    return w->kept;
}

// How the path of a want stands to a name at byte `from`: 0 = it is the name, or, with below, lies
// in the folder of that name. Both are one run of the sorted wants each; "a-b" lies between "a" and
// "a/x".
static int stands(const struct want *v, size_t from, sp_str name, bool below)
{
    return srv_name_cmp(sp_from(v->path, from), false, name, below);
}

// v[*begin..*end) is the run of that name.
static void find_run(size_t *begin, size_t *end, const struct want *v, size_t n, size_t from,
                     sp_str name, bool below)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (stands(&v[mid], from, name, below) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *begin = lo;
    while (lo < n && stands(&v[lo], from, name, below) == 0)
        lo++;
    *end = lo;
}

static int changed_below(struct walk *w, const uint8_t *now, const uint8_t *was, struct want *v,
                         size_t n, size_t from, struct sp_err *err);

// A row that the parent (was, NULL = none) does not have like this.
static int changed_row(struct walk *w, const struct srv_tree_row *now,
                       const struct srv_tree_row *was, struct want *v, size_t n, size_t from,
                       struct sp_err *err)
{
    size_t i, end;
    find_run(&i, &end, v, n, from, now->name, false);
    for (; i < end; i++) {
        if (v[i].answer)
            continue;
        v[i].answer = answer(w);
        w->open--;
    }
    if (now->mode != GIT_MODE_DIR)
        return 0;
    find_run(&i, &end, v, n, from, now->name, true);
    bool open = false;
    for (size_t k = i; k < end && !open; k++)
        open = !v[k].answer;
    if (!open)
        return 0;
    return changed_below(w, now->oid, was ? was->oid : NULL, v + i, end - i, from + now->name.n + 1,
                         err);
}

static int changed_below(struct walk *w, const uint8_t *now, const uint8_t *was, struct want *v,
                         size_t n, size_t from, struct sp_err *err)
{
    SP_AUTO_OBJ git_odb_object *now_o = NULL, *was_o = NULL;
    sp_str now_raw, was_raw;
    SP_TRY(srv_git_read(&now_o, &now_raw, w->h, now, GIT_OBJECT_TREE, err));
    if (was)
        SP_TRY(srv_git_read(&was_o, &was_raw, w->h, was, GIT_OBJECT_TREE, err));
    struct srv_tree_row a, b;
    size_t at = 0, was_at = 0;
    int rc, more = was ? srv_tree_next(&b, was_raw, &was_at, err) : 0;
    while ((rc = srv_tree_next(&a, now_raw, &at, err)) > 0) {
        bool dir = a.mode == GIT_MODE_DIR;
        int c = -1;
        while (more > 0 && (c = srv_name_cmp(b.name, b.mode == GIT_MODE_DIR, a.name, dir)) < 0)
            more = srv_tree_next(&b, was_raw, &was_at, err);
        if (more < 0)
            return more;
        bool had = more > 0 && c == 0;
        if (had && a.mode == b.mode && memcmp(a.oid, b.oid, GIT_BIN) == 0)
            continue;
        SP_TRY(changed_row(w, &a, had ? &b : NULL, v, n, from, err));
    }
    return rc;
}

static int walk_history(struct walk *w, struct want *v, size_t n, const char *from,
                        const struct sp_cancel *cancel, struct sp_err *err)
{
    uint8_t oid[GIT_BIN];
    SP_AUTO(step_fini) struct step now = {0};
    if (!srv_git_bin(oid, sp_cstr(from)))
        return sp_fail(err, SP_EREVISION, "bad commit id");
    SP_TRY(step_read(&now, w->h, oid, err));
    for (size_t i = 0; w->open && i < LAST_COMMITS_MAX; i++) {
        SP_AUTO(step_fini) struct step parent = {0};
        SP_TRY(sp_cancel_check(cancel, err));
        bool has_parent = now.raw.parents_n > 0;
        if (has_parent)
            SP_TRY(step_read(&parent, w->h, now.raw.parent, err));
        w->now = &now;
        w->kept = NULL;
        if (!has_parent || memcmp(now.raw.tree, parent.raw.tree, GIT_BIN) != 0)
            SP_TRY(
                changed_below(w, now.raw.tree, has_parent ? parent.raw.tree : NULL, v, n, 0, err));
        if (!has_parent)
            break;
        struct step old = now;
        now = parent;
        parent = old; // closed at the end of this round
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
