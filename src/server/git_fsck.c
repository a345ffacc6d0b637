// Walks from every ref over all commits, trees and blobs; each object is read, hashed again and
// checked once. Pointers must have their object in the store, of the right size.
#include "server/git.h"

struct fsck {
    struct srv_git_handle *h;
    struct obj_store *objects;
    struct sp_buf *report;
    size_t *problems;
    struct sp_map seen;
    SP_VEC(git_oid) todo; // commits
};

static void problem(struct fsck *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct fsck *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sp_buf_printf(f->report, "repository %lld: ", (long long)f->h->shared->id);
    sp_buf_vprintf(f->report, fmt, ap);
    sp_buf_ch(f->report, '\n');
    va_end(ap);
    ++*f->problems;
}

static bool first_time(struct fsck *f, const uint8_t *oid)
{
    sp_str key = sp_str_of(oid, GIT_BIN);
    if (sp_map_has(&f->seen, key))
        return false;
    sp_map_put(&f->seen, key, f);
    return true;
}

// Reads an object and checks that its bytes have its id. NULL after a reported problem.
static git_odb_object *object(struct fsck *f, const uint8_t *oid, git_object_t type, sp_str *raw)
{
    char hex[41];
    srv_git_hex(hex, oid);
    struct sp_err err = {0};
    git_odb_object *o = NULL;
    if (srv_git_read(&o, raw, f->h, oid, type, &err) < 0) {
        problem(f, "%s", err.msg);
        return NULL;
    }
    git_oid real;
    if (git_odb_hash(&real, raw->p, raw->n, type) < 0 || memcmp(real.id, oid, GIT_BIN) != 0) {
        problem(f, "object %s is damaged: its bytes have another id", hex);
        srv_git_odb_objectp(&o);
        return NULL;
    }
    return o;
}

static void check_blob(struct fsck *f, const uint8_t *oid, const char *path)
{
    if (!first_time(f, oid))
        return;
    sp_str raw;
    SP_AUTO_OBJ git_odb_object *o = object(f, oid, GIT_OBJECT_BLOB, &raw);
    char sha256[HASH_SHA256_HEX];
    uint64_t size, stored;
    if (!o || !lfs_pointer_parse(raw, sha256, &size))
        return;
    if (!obj_store_has(f->objects, sha256, &stored))
        problem(f, "%s: object %s is missing", path, sha256);
    else if (stored != size)
        problem(f, "%s: object %s has %llu bytes, not %llu", path, sha256,
                (unsigned long long)stored, (unsigned long long)size);
    struct srv_blob_facts known;
    if (srv_sizes_find(&known, f->h->shared, oid) && known.size != size)
        problem(f, "%s: the side file spoke.sizes is wrong; remove it", path);
}

#define FSCK_DEPTH_MAX 1024

static void check_tree(struct fsck *f, const uint8_t *oid, const char *path, unsigned depth)
{
    if (!first_time(f, oid))
        return;
    if (depth > FSCK_DEPTH_MAX) {
        problem(f, "%s is nested too deep", path);
        return;
    }
    sp_str raw;
    SP_AUTO_OBJ git_odb_object *o = object(f, oid, GIT_OBJECT_TREE, &raw);
    if (!o)
        return;
    size_t at = 0;
    struct srv_tree_row row;
    struct sp_err err = {0};
    int rc;
    while ((rc = srv_tree_next(&row, raw, &at, &err)) > 0) {
        SP_AUTO_FREE char *below = sp_fmt("%s%s%.*s", path, *path ? "/" : "", SP_FMT(row.name));
        if (row.mode == GIT_MODE_DIR)
            check_tree(f, row.oid, below, depth + 1);
        else if (row.mode != 0160000u)
            check_blob(f, row.oid, below);
    }
    if (rc < 0)
        problem(f, "%s: %s", path, err.msg);
}

static void push(struct fsck *f, const uint8_t *oid)
{
    if (first_time(f, oid))
        git_oid_fromraw(sp_vec_push(&f->todo), oid);
}

static void check_commit(struct fsck *f, const git_oid *id)
{
    sp_str raw;
    SP_AUTO_OBJ git_odb_object *o = object(f, id->id, GIT_OBJECT_COMMIT, &raw);
    struct srv_git_commit_raw c;
    struct sp_err err = {0};
    if (!o)
        return;
    if (srv_git_commit_parse(&c, raw, &err) < 0) {
        problem(f, "%s", err.msg);
        return;
    }
    sp_str rest = raw, line;
    while (sp_split(&rest, '\n', &line) && line.n) {
        uint8_t parent[GIT_BIN];
        if (sp_starts(line, SP_LIT("parent ")) && srv_git_bin(parent, sp_from(line, 7)))
            push(f, parent);
    }
    check_tree(f, c.tree, "", 0);
}

static int check_ref(const char *name, void *ud)
{
    struct fsck *f = (struct fsck *)ud;
    git_reference *ref = NULL;
    git_object *commit = NULL;
    if (git_reference_lookup(&ref, f->h->repo, name) < 0 ||
        git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT) < 0)
        problem(f, "%s leads to no commit", name);
    else
        push(f, git_object_id(commit)->id);
    git_object_free(commit);
    git_reference_free(ref);
    return 0;
}

int srv_git_fsck(struct srv_git *g, int64_t repo_id, struct obj_store *objs, struct sp_buf *report,
                 size_t *problems, struct sp_err *err)
{
    SP_AUTO_GIT struct srv_git_handle *h = NULL;
    SP_TRY(srv_git_borrow(&h, g, repo_id, err));
    struct fsck f = {.h = h, .objects = objs, .report = report, .problems = problems};
    int rc = git_reference_foreach_name(h->repo, check_ref, &f);
    if (rc < 0)
        rc = srv_git_fail(err, rc, "listing refs of %s", h->shared->path);
    while (rc >= 0 && f.todo.n) {
        git_oid id = f.todo.v[--f.todo.n];
        check_commit(&f, &id);
    }
    sp_vec_fini(&f.todo);
    sp_map_fini(&f.seen, NULL);
    return rc < 0 ? rc : sp_buf_done(report, "the report", err);
}
