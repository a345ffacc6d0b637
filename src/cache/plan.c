// What a deletion would remove, and the removal: files, repos, refs, snapshots, blobs, then the
// shared store is swept. Unlike huggingface_hub's delete_revisions it looks whether a download is
// running and leaves that repo alone.
#include "cache/layout.h"
#include "cache/part.h"
#include "cache/shared.h"

#define LOCK_WAIT_MS 3000 // for a download that is about to end

struct choice { // of one repo
    const struct cache_scan_repo *repo;
    bool *revs;
    size_t revs_n;
};
struct planner {
    const struct cache_scan *scan;
    struct cache_plan plan;
    SP_VEC(struct choice) choices;
    SP_VEC(const struct cache_scan_file *) files; // single files
    SP_VEC(char *) file_paths;                    // their pointers, borrowed from the plan's arena
    SP_VEC(char *) repos;
    SP_VEC(char *) snapshots;
    SP_VEC(char *) refs;
    SP_VEC(char *) blobs;
    struct sp_map going; // blob path → size + 1
};

static void planner_fini(struct planner *p)
{
    SP_VEC_EACH (&p->choices, c)
        free(c->revs);
    sp_vec_fini(&p->choices);
    sp_vec_fini(&p->files);
    sp_vec_fini(&p->file_paths);
    sp_vec_fini(&p->repos);
    sp_vec_fini(&p->snapshots);
    sp_vec_fini(&p->refs);
    sp_vec_fini(&p->blobs);
    sp_map_fini(&p->going, NULL);
    cache_plan_fini(&p->plan);
}

static char *keep(struct planner *p, const char *s)
{
    return sp_arena_dupn(&p->plan.arena, s, strlen(s));
}

static void add_once(struct planner *p, const char *repo_dir)
{
    SP_VEC_EACH (&p->plan.repos, it)
        if (strcmp(*it, repo_dir) == 0)
            return;
    *sp_vec_push(&p->plan.repos) = keep(p, repo_dir);
}

static void mark_going(struct planner *p, const char *blob, uint64_t size)
{
    sp_map_put(&p->going, sp_cstr(blob), (void *)(uintptr_t)(size + 1));
}

// --- targets ---

static struct choice *choice_of(struct planner *p, const struct cache_scan_repo *repo)
{
    SP_VEC_EACH (&p->choices, c)
        if (c->repo == repo)
            return c;
    struct choice *c = sp_vec_push(&p->choices);
    c->repo = repo;
    c->revs = sp_new_n(bool, repo->revs.n + 1);
    return c;
}

static void choose_rev(struct planner *p, const struct cache_scan_repo *repo, size_t rev)
{
    struct choice *c = choice_of(p, repo);
    c->revs_n += !c->revs[rev];
    c->revs[rev] = true;
}

static void choose_repo(struct planner *p, const struct cache_scan_repo *repo)
{
    choice_of(p, repo);
    for (size_t i = 0; i < repo->revs.n; i++)
        choose_rev(p, repo, i);
}

static bool choose_commit(struct planner *p, sp_str commit)
{
    bool found = false;
    SP_VEC_EACH (&p->scan->repos, repo)
        for (size_t i = 0; i < repo->revs.n; i++)
            if (sp_eq_nocase(sp_cstr(repo->revs.v[i].commit), commit)) {
                choose_rev(p, repo, i);
                found = true;
            }
    return found;
}

static bool choose_file(struct planner *p, const struct cache_scan_repo *repo, sp_str path)
{
    bool found = false;
    SP_VEC_EACH (&repo->revs, rev)
        SP_VEC_EACH (&rev->files, f)
            if (sp_eq(sp_cstr(f->path), path)) {
                *sp_vec_push(&p->files) = f;
                *sp_vec_push(&p->file_paths) =
                    sp_arena_fmt(&p->plan.arena, "%s/%s", rev->snapshot, f->path);
                add_once(p, repo->dir);
                found = true;
            }
    return found;
}

// "model/ns/name", or what stands behind "hf://": "[models/]ns/name[/file]".
static bool choose_named(struct planner *p, sp_str target, bool uri)
{
    static const char *const types[] = {"model", "dataset", "space", "kernel"};
    const char *type = uri ? "model" : NULL;
    for (size_t i = 0; i < 4; i++) {
        SP_AUTO_FREE char *head = sp_fmt("%s%s/", types[i], uri ? "s" : "");
        if (target.n > strlen(head) &&
            sp_eq_nocase(sp_sub(target, 0, strlen(head)), sp_cstr(head))) {
            type = types[i];
            target = sp_from(target, strlen(head));
            break;
        }
    }
    const struct cache_scan_repo *best = NULL;
    SP_VEC_EACH (&p->scan->repos, repo) {
        sp_str id = sp_cstr(repo->id);
        if (!type || strcmp(repo->type, type) != 0 || !sp_eq_nocase(sp_sub(target, 0, id.n), id))
            continue;
        if (target.n == id.n) {
            choose_repo(p, repo);
            return true;
        }
        // "gpt2/a" may be a file of gpt2 or the repo "gpt2/a": the longer id wins
        if (uri && target.p[id.n] == '/' && (!best || id.n > strlen(best->id)))
            best = repo;
    }
    return best && choose_file(p, best, sp_from(target, strlen(best->id) + 1));
}

static int choose(struct planner *p, const char *text, struct sp_err *err)
{
    sp_str target = sp_trim(sp_cstr(text));
    SP_AUTO_FREE char *lower = sp_str_dup(target);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'F')
            *c = (char)(*c | 0x20);
    bool found;
    if (target.n == 0)
        return 0;
    if (sp_is_hex(sp_cstr(lower), 40)) {
        found = choose_commit(p, target);
    } else if (sp_starts(target, SP_LIT("hf://"))) {
        if (sp_find_ch(target, '@') >= 0)
            return sp_fail(err, SP_EUSAGE,
                           "%s: a revision in an hf:// URI cannot be deleted; give the commit hash",
                           text);
        found = choose_named(p, sp_from(target, 5), true);
    } else {
        found = choose_named(p, target, false);
    }
    if (!found)
        *sp_vec_push(&p->plan.missing) = keep(p, text);
    return 0;
}

// --- from choices to paths ---

static bool inside(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static void plan_repo(struct planner *p, const struct cache_scan_repo *repo)
{
    *sp_vec_push(&p->repos) = keep(p, repo->dir);
    SP_VEC_EACH (&repo->revs, rev)
        SP_VEC_EACH (&rev->files, f)
            mark_going(p, f->blob, f->size);
}

static void plan_revs(struct planner *p, const struct choice *c)
{
    struct sp_map others = {0};
    for (size_t i = 0; i < c->repo->revs.n; i++) {
        if (c->revs[i])
            continue;
        SP_VEC_EACH (&c->repo->revs.v[i].files, f)
            sp_map_put(&others, sp_cstr(f->blob), NULL);
    }
    for (size_t i = 0; i < c->repo->revs.n; i++) {
        const struct cache_scan_rev *rev = &c->repo->revs.v[i];
        if (!c->revs[i])
            continue;
        *sp_vec_push(&p->snapshots) = keep(p, rev->snapshot);
        SP_VEC_EACH (&rev->refs, ref)
            *sp_vec_push(&p->refs) = sp_arena_fmt(&p->plan.arena, "%s/refs/%s", c->repo->dir, *ref);
        SP_VEC_EACH (&rev->files, f) {
            if (inside(f->blob, rev->snapshot)) {
                mark_going(p, f->blob, f->size); // goes with the folder
            } else if (!sp_map_has(&others, sp_cstr(f->blob)) &&
                       !sp_map_has(&p->going, sp_cstr(f->blob))) {
                *sp_vec_push(&p->blobs) = keep(p, f->blob);
                mark_going(p, f->blob, f->size);
            }
        }
    }
    sp_map_fini(&others, NULL);
}

static bool is_chosen_file(const struct planner *p, const struct cache_scan_file *f)
{
    SP_VEC_EACH (&p->files, it)
        if (*it == f)
            return true;
    return false;
}

static void plan_files(struct planner *p)
{
    struct sp_map retained = {0};
    if (p->files.n == 0)
        return;
    SP_VEC_EACH (&p->scan->repos, repo)
        SP_VEC_EACH (&repo->revs, rev)
            SP_VEC_EACH (&rev->files, f)
                if (!is_chosen_file(p, f))
                    sp_map_put(&retained, sp_cstr(f->blob), NULL);
    for (size_t i = 0; i < p->files.n; i++) {
        const struct cache_scan_file *f = p->files.v[i];
        if (sp_map_has(&retained, sp_cstr(f->blob)) || sp_map_has(&p->going, sp_cstr(f->blob)))
            continue;
        mark_going(p, f->blob, f->size);
        if (strcmp(f->blob, p->file_paths.v[i]) != 0) // else it goes with its entry
            *sp_vec_push(&p->blobs) = keep(p, f->blob);
    }
    sp_map_fini(&retained, NULL);
}

// Bytes that come free: a shared entry only counts when all its references go, and once.
static void count_freed(struct planner *p)
{
    const char *root = p->scan->root;
    bool store = cache_shared_is_store(root);
    struct sp_map entries = {0};
    size_t it = 0;
    sp_str path;
    void *size;
    while (sp_map_next(&p->going, &it, &path, &size)) {
        SP_AUTO_FREE char *blob = sp_str_dup(path);
        SP_AUTO_FREE char *entry = store ? cache_shared_target(root, blob) : NULL;
        if (!entry) {
            p->plan.freed += (uint64_t)(uintptr_t)size - 1;
        } else if (!sp_map_has(&entries, sp_cstr(entry))) {
            sp_map_put(&entries, sp_cstr(entry), NULL);
            int64_t n = sp_file_size(entry);
            if (n > 0 && cache_shared_refs_left(root, entry, &p->going) == 0)
                p->plan.freed += (uint64_t)n;
        }
    }
    sp_map_fini(&entries, NULL);
}

static void append(struct planner *p, char *const *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *sp_vec_push(&p->plan.paths) = v[i];
}

static void finish(struct planner *p, struct cache_plan *out)
{
    SP_VEC_EACH (&p->choices, c) {
        if (c->revs_n == c->repo->revs.n)
            plan_repo(p, c->repo);
        else
            plan_revs(p, c);
        add_once(p, c->repo->dir);
    }
    plan_files(p);
    count_freed(p);
    append(p, p->file_paths.v, p->file_paths.n);
    append(p, p->repos.v, p->repos.n);
    // refs before snapshots: a ref to a commit that is gone makes Python give up the whole repo
    append(p, p->refs.v, p->refs.n);
    append(p, p->snapshots.v, p->snapshots.n);
    append(p, p->blobs.v, p->blobs.n);
    *out = p->plan;
    p->plan = (struct cache_plan){0};
}

int cache_plan_delete(struct cache_plan *out, const struct cache_scan *s,
                      const char *const *targets, size_t n, struct sp_err *err)
{
    SP_AUTO(planner_fini) struct planner p = {.scan = s};
    for (size_t i = 0; i < n; i++)
        SP_TRY(choose(&p, targets[i], err));
    if (p.files.n && p.choices.n)
        return sp_fail(err, SP_EUSAGE,
                       "file targets cannot be mixed with repository or revision targets");
    if (p.plan.missing.n && !p.files.n && !p.choices.n) {
        int rc = sp_fail(err, SP_ENOTFOUND, "%s%s is not in the cache %s", p.plan.missing.v[0],
                         p.plan.missing.n > 1 ? " (and more)" : "", s->root);
        sp_hint(err, "spoke cache ls shows what is there");
        return rc;
    }
    finish(&p, out);
    return 0;
}

static char *lock_of_blob(const char *root, const char *path)
{
    sp_str folder = sp_path_base(sp_path_dir(sp_path_dir(sp_cstr(path))));
    sp_str etag = cache_layout_etag_of(sp_path_base(sp_cstr(path)));
    return sp_fmt("%s/.locks/%.*s/%.*s.lock", root, SP_FMT(folder), SP_FMT(etag));
}

// A file in <repo>/blobs whose lock somebody holds. Else the lock is ours where there is one.
static bool is_busy(struct sp_lock *lock, const char *root, const char *path)
{
    SP_AUTO_FREE char *lock_path = lock_of_blob(root, path);
    if (!sp_exists(lock_path) || sp_lock_take(lock, lock_path, 0, NULL, NULL) != SP_ELOCKED)
        return false;
    sp_log("cache", WARN, "%s is kept: a download holds its lock", path);
    return true;
}

static void plan_incomplete(struct cache_plan *plan, const char *root, const char *path)
{
    SP_AUTO_LOCK struct sp_lock lock = {0};
    if (is_busy(&lock, root, path))
        return;
    int64_t n = sp_file_size(path);
    *sp_vec_push(&plan->paths) = sp_arena_dupn(&plan->arena, path, strlen(path));
    plan->freed += n > 0 ? (uint64_t)n : 0;
    plan->incomplete++;
}

int cache_plan_prune(struct cache_plan *out, const struct cache_scan *s, struct sp_err *err)
{
    SP_AUTO(planner_fini) struct planner p = {.scan = s};
    SP_VEC_EACH (&s->repos, repo)
        for (size_t i = 0; i < repo->revs.n; i++)
            if (repo->revs.v[i].refs.n == 0)
                choose_rev(&p, repo, i);
    struct cache_plan plan = {0};
    finish(&p, &plan);
    SP_VEC_EACH (&s->incomplete, it)
        plan_incomplete(&plan, s->root, *it);
    SP_VEC_EACH (&s->orphans, it)
        *sp_vec_push(&plan.paths) = sp_arena_dupn(&plan.arena, *it, strlen(*it));
    plan.freed += s->orphan_size;
    *out = plan;
    return 0;
}

// --- run ---

// A download that runs holds one of the repo's locks. They are only probed, not held: a cache may
// have more of them than a process may have descriptors.
static int refuse_busy(const char *root, const char *repo_dir, struct sp_err *err)
{
    sp_str folder = sp_path_base(sp_cstr(repo_dir));
    SP_AUTO_FREE char *dir = sp_fmt("%s/.locks/%.*s", root, SP_FMT(folder));
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    if (sp_dir_list(&names.list, dir, NULL) < 0)
        return 0; // no locks: nothing was ever downloaded here under one
    SP_VEC_EACH (&names.list, name) {
        SP_AUTO_LOCK struct sp_lock lock = {0};
        SP_AUTO_FREE char *path = sp_path_join(dir, *name);
        if (!sp_ends(sp_cstr(*name), SP_LIT(".lock")))
            continue;
        if (sp_lock_take(&lock, path, LOCK_WAIT_MS, NULL, NULL) == SP_ELOCKED)
            return sp_fail(err, SP_ELOCKED,
                           "a download into %s is running (%s is locked); nothing was removed",
                           repo_dir, path);
    }
    return 0;
}

struct runner {
    const char *root;
    struct sp_map entries; // shared entries to sweep afterwards
};

static void note_shared(struct runner *r, const char *blob)
{
    SP_AUTO_FREE char *entry = cache_shared_target(r->root, blob);
    if (entry)
        sp_map_put(&r->entries, sp_cstr(entry), NULL);
}

static bool is_repo_dir(const char *root, const char *path)
{
    return inside(path, root) && !strchr(path + strlen(root) + 1, '/');
}

static void note_shared_of(struct runner *r, const char *path)
{
    if (!is_repo_dir(r->root, path)) {
        note_shared(r, path);
        return;
    }
    SP_AUTO_FREE char *dir = sp_path_join(path, "blobs");
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    if (sp_dir_list(&names.list, dir, NULL) < 0)
        return;
    SP_VEC_EACH (&names.list, name) {
        SP_AUTO_FREE char *blob = sp_path_join(dir, *name);
        note_shared(r, blob);
    }
}

// What leads to the bytes goes before the bytes: a kill in between leaves garbage, no broken link.
static int remove_repo(const char *dir, struct sp_err *err)
{
    static const char *const first[] = {"refs", "snapshots"};
    for (size_t i = 0; i < 2; i++) {
        SP_AUTO_FREE char *sub = sp_path_join(dir, first[i]);
        SP_TRY(sp_remove_tree(sub, err));
        SP_TRY(sp_fault("cache.delete", err));
    }
    return sp_remove_tree(dir, err);
}

// A file in <repo>/blobs: under the lock of its etag; a busy one is left.
static int remove_blob(const char *root, const char *path, struct sp_err *err)
{
    SP_AUTO_LOCK struct sp_lock lock = {0};
    if (is_busy(&lock, root, path))
        return 0;
    if (unlink(path) != 0 && errno != ENOENT)
        return sp_fail_os(err, errno, "removing %s", path);
    return 0;
}

static int remove_one(struct runner *r, const char *path, struct sp_err *err)
{
    if (!inside(path, r->root)) // a pointer of somebody's own making led out of the cache
        return sp_fail(err, SP_EINVALID, "%s is not in the cache %s; not removed", path, r->root);
    SP_TRY(sp_fault("cache.delete", err));
    sp_str dir = sp_path_dir(sp_cstr(path));
    SP_AUTO_FREE char *store = sp_path_join(r->root, "blobs");
    if (inside(path, store)) { // a shared entry: only the sweep may remove it
        sp_map_put(&r->entries, sp_cstr(path), NULL);
        return 0;
    }
    if (sp_eq_lit(sp_path_base(dir), "blobs"))
        return remove_blob(r->root, path, err);
    if (is_repo_dir(r->root, path))
        return remove_repo(path, err);
    return sp_remove_tree(path, err);
}

int cache_plan_run(const struct cache_plan *p, const char *root, struct sp_err *err)
{
    SP_AUTO_FREE char *real = sp_path_real(root && *root ? root : cache_root_default());
    struct runner r = {.root = real};
    struct sp_err first = {0};
    SP_VEC_EACH (&p->repos, it)
        SP_TRY(refuse_busy(r.root, *it, err));
    if (cache_shared_is_store(r.root)) {
        SP_VEC_EACH (&p->paths, it)
            note_shared_of(&r, *it);
    }
    SP_VEC_EACH (&p->paths, it) {
        struct sp_err e = {0};
        if (remove_one(&r, *it, &e) < 0) {
            sp_log("cache", WARN, "%s", e.msg);
            if (!first.code)
                first = e;
        }
    }
    size_t at = 0;
    sp_str entry;
    void *unused;
    while (sp_map_next(&r.entries, &at, &entry, &unused)) {
        SP_AUTO_FREE char *path = sp_str_dup(entry);
        cache_shared_sweep(r.root, path);
    }
    sp_map_fini(&r.entries, NULL);
    if (first.code && err)
        *err = first;
    return first.code;
}

void cache_plan_fini(struct cache_plan *p)
{
    sp_vec_fini(&p->paths);
    sp_vec_fini(&p->repos);
    sp_vec_fini(&p->missing);
    sp_arena_fini(&p->arena);
    *p = (struct cache_plan){0};
}
