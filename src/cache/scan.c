// The whole cache as Python's scan_cache_dir sees it; besides, blobs that no snapshot names, which
// Python does not see. A broken repo is a warning and is left out; unlike there, one is not broken
// because a ref is ahead of what was downloaded.
#include "cache/layout.h"
#include "cache/part.h"
#include "cache/shared.h"

#define REF_TEXT_MAX 256 // bytes

struct seen { // a blob of the repo that is being scanned
    struct stat st;
    size_t rev_plus1; // last revision that counted it
};
struct ref_row {
    char *name, *commit;
    bool used;
};
struct repo_scan {
    struct cache_scan *out;
    struct sp_arena *arena;
    struct cache_scan_repo repo;
    struct sp_map blobs; // blob path → struct seen
    SP_VEC(struct ref_row) refs;
    size_t rev;   // index of the revision that is being scanned
    char *why;    // first fault; then the repo is only a warning
    bool ahead;   // a ref names a commit that has no snapshot (yet): what is an orphan is not known
    bool nothing; // refs only
};

static char *keep(struct cache_scan *out, const char *s)
{
    SP_ASSERT(s);
    return sp_arena_dupn(&out->arena, s, strlen(s));
}

static int64_t ms_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int fault(struct repo_scan *s, char *why)
{
    if (s->why)
        free(why);
    else
        s->why = why;
    return SP_EFORMAT; // ends the walk; the caller turns it into a warning
}

// --- refs ---

static int scan_ref(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct repo_scan *s = ud;
    const char *base = strrchr(rel, '/');
    if (S_ISDIR(st->st_mode) || cache_layout_is_junk(base ? base + 1 : rel))
        return 0;
    SP_AUTO_FREE char *path = sp_fmt("%s/refs/%s", s->repo.dir, rel);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(REF_TEXT_MAX + 2);
    struct sp_err why = {0};
    if (sp_file_read(&b, path, REF_TEXT_MAX, &why) < 0)
        return fault(s, sp_fmt("Reference cannot be read: %s", why.msg));
    sp_str text = sp_trim(sp_buf_view(&b));
    struct ref_row *row = sp_vec_push(&s->refs);
    row->name = keep(s->out, rel);
    row->commit = sp_arena_dupn(s->arena, text.p ? text.p : "", text.n);
    return 0;
}

static int scan_refs(struct repo_scan *s)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = sp_path_join(s->repo.dir, "refs");
    struct stat st;
    if (stat(dir, &st) != 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        return fault(s, sp_fmt("Refs directory cannot be a file: %s", dir));
    int rc = sp_walk(dir, scan_ref, s, &err);
    if (rc < 0)
        return fault(s, sp_dup(err.msg));
    return 0;
}

// --- snapshots ---

// Where the pointer leads in one step; the file itself when it is no link. Not resolved further: a
// blob that is a link into the shared store stays the repo's blob. Heap.
static char *blob_of(const char *pointer, const struct stat *st)
{
    char text[SP_LIM_PATH_BYTES * 2];
    if (!S_ISLNK(st->st_mode))
        return sp_dup(pointer);
    ssize_t n = readlink(pointer, text, sizeof text);
    if (n <= 0 || (size_t)n == sizeof text)
        return NULL;
    SP_AUTO_FREE char *dir = sp_str_dup(sp_path_dir(sp_cstr(pointer)));
    SP_AUTO_FREE char *joined = sp_path_join_n(dir, sp_str_of(text, (size_t)n));
    return sp_path_abs(joined);
}

static struct seen *see_blob(struct repo_scan *s, const char *path)
{
    struct seen *b = sp_map_get(&s->blobs, sp_cstr(path));
    if (b)
        return b;
    struct stat st;
    if (stat(path, &st) != 0)
        return NULL;
    b = sp_arena_new(s->arena, struct seen);
    b->st = st;
    sp_map_put(&s->blobs, sp_cstr(path), b);
    s->repo.size += (uint64_t)st.st_size;
    s->repo.blobs_n++;
    s->repo.accessed_ms = later(s->repo.accessed_ms, ms_of(st.st_atim));
    s->repo.modified_ms = later(s->repo.modified_ms, ms_of(st.st_mtim));
    return b;
}

static void open_revision(struct repo_scan *s, const char *name, const struct stat *st)
{
    struct cache_scan_rev *rev = sp_vec_push(&s->repo.revs);
    s->rev = s->repo.revs.n - 1;
    snprintf(rev->commit, sizeof rev->commit, "%s", name);
    rev->snapshot = sp_arena_fmt(&s->out->arena, "%s/snapshots/%s", s->repo.dir, name);
    rev->modified_ms = ms_of(st->st_mtim); // of the folder, as long as there are no files
    SP_VEC_EACH (&s->refs, row) {
        if (strcmp(row->commit, name) == 0) {
            row->used = true;
            *sp_vec_push(&rev->refs) = row->name;
        }
    }
}

static int scan_file(struct repo_scan *s, const char *rel, const struct stat *st)
{
    struct cache_scan_rev *rev = &s->repo.revs.v[s->rev];
    SP_AUTO_FREE char *pointer = sp_fmt("%s/snapshots/%s", s->repo.dir, rel);
    struct stat target;
    if (S_ISLNK(st->st_mode) && stat(pointer, &target) == 0 && S_ISDIR(target.st_mode))
        return 0; // Python's glob takes it for a folder and does not descend
    SP_AUTO_FREE char *blob = blob_of(pointer, st);
    struct seen *b = blob ? see_blob(s, blob) : NULL;
    if (!b)
        return fault(s, sp_fmt("Blob missing (broken symlink): %s", blob ? blob : pointer));
    struct cache_scan_file *f = sp_vec_push(&rev->files);
    f->path = keep(s->out, strchr(rel, '/') + 1);
    f->blob = keep(s->out, blob);
    f->size = (uint64_t)b->st.st_size;
    f->accessed_ms = ms_of(b->st.st_atim);
    f->modified_ms = ms_of(b->st.st_mtim);
    rev->modified_ms = rev->files.n == 1 ? f->modified_ms : later(rev->modified_ms, f->modified_ms);
    if (b->rev_plus1 != s->rev + 1) { // each blob once
        b->rev_plus1 = s->rev + 1;
        rev->size += f->size;
    }
    return 0;
}

static int scan_snapshot_entry(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct repo_scan *s = ud;
    if (strchr(rel, '/'))
        return S_ISDIR(st->st_mode) ? 0 : scan_file(s, rel, st);
    if (cache_layout_is_junk(rel))
        return 0;
    if (!S_ISDIR(st->st_mode))
        return fault(s, sp_fmt("Snapshots folder corrupted. Found a file: %s/snapshots/%s",
                               s->repo.dir, rel));
    if (strlen(rel) > 40)
        return fault(s, sp_fmt("Snapshots folder corrupted. Not a commit: %s/snapshots/%s",
                               s->repo.dir, rel));
    open_revision(s, rel, st);
    return 0;
}

static int scan_snapshots(struct repo_scan *s)
{
    struct sp_err err = {0};
    SP_AUTO_FREE char *dir = sp_path_join(s->repo.dir, "snapshots");
    if (!sp_is_dir(dir)) {
        SP_AUTO_FREE char *blobs = sp_path_join(s->repo.dir, "blobs");
        s->nothing = !sp_is_dir(blobs);
        return s->nothing ? 0
                          : fault(s, sp_fmt("Snapshots dir doesn't exist in cached repo: %s", dir));
    }
    int rc = sp_walk(dir, scan_snapshot_entry, s, &err);
    if (rc < 0)
        return fault(s, sp_dup(err.msg));
    SP_VEC_EACH (&s->refs, row)
        s->ahead = s->ahead || !row->used;
    return 0;
}

// --- blobs folder: incomplete and orphaned files ---

struct blobs_scan {
    struct cache_scan *out;
    const struct sp_map *used; // NULL = unknown: no orphans are told
    const char *dir;
};

static int scan_blob(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    struct blobs_scan *s = ud;
    sp_str name = sp_cstr(rel);
    if (S_ISDIR(st->st_mode) || strchr(rel, '/') || cache_layout_is_junk(rel))
        return 0;
    char *path = sp_arena_fmt(&s->out->arena, "%s/%s", s->dir, rel);
    if (sp_ends(name, SP_LIT(CACHE_PART_SUFFIX)) || sp_ends(name, SP_LIT(CACHE_JOURNAL_SUFFIX))) {
        *sp_vec_push(&s->out->incomplete) = path;
        s->out->incomplete_size += (uint64_t)st->st_size;
        return 0;
    }
    if (!s->used || sp_map_has(s->used, sp_cstr(path)))
        return 0;
    *sp_vec_push(&s->out->orphans) = path;
    s->out->orphan_size += S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
    return 0;
}

static void scan_blobs(struct cache_scan *out, const char *repo_dir, const struct sp_map *used)
{
    SP_AUTO_FREE char *dir = sp_path_join(repo_dir, "blobs");
    struct blobs_scan s = {out, used, dir};
    sp_walk(dir, scan_blob, &s, NULL);
}

// --- repos ---

static void repo_fini(struct cache_scan_repo *r)
{
    SP_VEC_EACH (&r->revs, rev) {
        sp_vec_fini(&rev->files);
        sp_vec_fini(&rev->refs);
    }
    sp_vec_fini(&r->revs);
}

static void count_physical(struct cache_scan *out, const char *root, const struct sp_map *blobs,
                           bool store)
{
    size_t it = 0;
    sp_str path;
    void *v;
    while (sp_map_next(blobs, &it, &path, &v)) {
        SP_AUTO_FREE char *p = sp_str_dup(path);
        SP_AUTO_FREE char *shared = store ? cache_shared_target(root, p) : NULL;
        if (!shared)
            out->size += (uint64_t)((struct seen *)v)->st.st_size;
    }
}

static void scan_repo(struct cache_scan *out, const char *root, const char *folder, bool store)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct repo_scan s = {.out = out, .arena = &arena};
    const char *type = NULL;
    struct stat st;
    s.repo.dir = sp_arena_fmt(&out->arena, "%s/%s", root, folder);
    if (stat(s.repo.dir, &st) != 0 || !S_ISDIR(st.st_mode))
        fault(&s, sp_fmt("Repo path is not a directory: %s", s.repo.dir));
    else if (!cache_layout_parse_folder(&type, &s.repo.id, &out->arena, folder))
        fault(&s, sp_fmt("Repo path is not a valid HuggingFace cache directory: %s", s.repo.dir));
    else if (scan_refs(&s) == 0)
        scan_snapshots(&s);
    if (s.why) {
        *sp_vec_push(&out->warnings) = keep(out, s.why);
        repo_fini(&s.repo);
        if (type)
            scan_blobs(out, s.repo.dir, NULL);
    } else if (!s.nothing) {
        s.repo.type = keep(out, type);
        if (s.repo.blobs_n == 0) {
            s.repo.accessed_ms = ms_of(st.st_atim);
            s.repo.modified_ms = ms_of(st.st_mtim);
        }
        count_physical(out, root, &s.blobs, store);
        scan_blobs(out, s.repo.dir, s.ahead ? NULL : &s.blobs);
        *sp_vec_push(&out->repos) = s.repo;
    }
    free(s.why);
    sp_vec_fini(&s.refs);
    sp_map_fini(&s.blobs, NULL);
}

static void add_shared(void *ud, const char *path, uint64_t size, size_t refs_n)
{
    struct cache_scan *out = ud;
    out->size += size;
    if (refs_n == 0) {
        *sp_vec_push(&out->orphans) = keep(out, path);
        out->orphan_size += size;
    }
}

int cache_scan_run(struct cache_scan *out, const char *root, struct sp_err *err)
{
    struct stat st;
    SP_AUTO_FREE char *dir = sp_path_real(root && *root ? root : cache_root_default());
    if (stat(dir, &st) != 0)
        return sp_fail(err, SP_ENOTFOUND, "Cache directory not found: %s", dir);
    if (!S_ISDIR(st.st_mode))
        return sp_fail(err, SP_EINVALID, "%s is a file, not a cache directory", dir);
    SP_AUTO(cache_names_fini) struct cache_names names = {0};
    SP_TRY(sp_dir_list(&names.list, dir, err));
    bool store = cache_shared_is_store(dir);
    struct cache_scan s = {0};
    s.root = sp_arena_dupn(&s.arena, dir, strlen(dir));
    SP_VEC_EACH (&names.list, name) {
        if (cache_layout_is_junk(*name) || strcmp(*name, ".locks") == 0 ||
            strcmp(*name, "CACHEDIR.TAG") == 0 || (store && strcmp(*name, "blobs") == 0))
            continue;
        scan_repo(&s, dir, *name, store);
    }
    cache_shared_each(dir, add_shared, &s);
    *out = s;
    return 0;
}

void cache_scan_fini(struct cache_scan *s)
{
    SP_VEC_EACH (&s->repos, r)
        repo_fini(r);
    sp_vec_fini(&s->repos);
    sp_vec_fini(&s->warnings);
    sp_vec_fini(&s->incomplete);
    sp_vec_fini(&s->orphans);
    sp_arena_fini(&s->arena);
    *s = (struct cache_scan){0};
}
