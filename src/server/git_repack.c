// Every commit adds a pack. When there are PACKS_MANY, the small ones are merged: sorted by size,
// from the smallest on, until the next one is at least twice as large as all merged so far; so an
// object is copied O(log n) times in its life. The new pack holds every object of the merged ones,
// reachable or not: nothing is ever pruned here. (Pruning what looks unreachable destroys the
// objects of a commit that is just being written.) Old packs go when no handle that may know them
// is out.
#include "server/git_commit.h"

#include <errno.h>
#include <sys/stat.h>

#define PACKS_MANY   20
#define TURN_OVER_MS 10000
#define STALE_TMP_S  (24 * 3600) // what a crash left of a pack that was being written

struct pack_file {
    char *stem; // "pack-<hex>"
    uint64_t bytes;
};
struct packs {
    struct pack_file *v;
    size_t n, cap;
};

static void packs_fini(struct packs *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->v[i].stem);
    sp_vec_fini(p);
}

static int by_size(const void *a, const void *b)
{
    const struct pack_file *x = (const struct pack_file *)a, *y = (const struct pack_file *)b;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static bool look_at(struct packs *out, const char *dir, const char *name)
{
    sp_str s = sp_cstr(name);
    SP_AUTO_FREE char *path = sp_path_join(dir, name);
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if ((sp_starts(s, SP_LIT("pack_")) || sp_ends(s, SP_LIT(".lock"))) &&
        time(NULL) - st.st_mtime > STALE_TMP_S)
        return unlink(path) == 0;
    if (!sp_starts(s, SP_LIT("pack-")) || !sp_ends(s, SP_LIT(".pack")))
        return false;
    SP_AUTO_FREE char *stem = sp_dupn(name, s.n - strlen(".pack"));
    SP_AUTO_FREE char *keep = sp_fmt("%s/%s.keep", dir, stem);
    if (sp_exists(keep))
        return false;
    struct pack_file *p = sp_vec_push(out);
    p->stem = sp_take(&stem);
    p->bytes = (uint64_t)st.st_size;
    return true;
}

static int list_packs(struct packs *out, const char *dir, struct sp_err *err)
{
    SP_AUTO(sp_names_fini) struct sp_names names = {0};
    SP_TRY(sp_dir_list(&names, dir, err));
    SP_VEC_EACH (&names, name)
        look_at(out, dir, *name);
    if (out->n)
        qsort(out->v, out->n, sizeof out->v[0], by_size);
    return 0;
}

static size_t how_many(const struct packs *p)
{
    uint64_t sum = 0;
    size_t n = 0;
    while (n < p->n && (n < 2 || p->v[n].bytes < 2 * sum))
        sum += p->v[n++].bytes;
    return n;
}

static int insert_object(const git_oid *id, void *payload)
{
    return git_packbuilder_insert((git_packbuilder *)payload, id, NULL);
}

// The ids of one pack, through an object database that knows only this pack.
static int insert_pack(git_packbuilder *to, const char *dir, const char *stem)
{
    SP_AUTO_FREE char *index = sp_fmt("%s/%s.idx", dir, stem);
    git_odb *one = NULL;
    git_odb_backend *backend = NULL;
    int rc = git_odb_new(&one);
    if (rc >= 0)
        rc = git_odb_backend_one_pack(&backend, index);
    if (rc >= 0)
        rc = git_odb_add_backend(one, backend, 1);
    if (rc >= 0)
        rc = git_odb_foreach(one, insert_object, to);
    git_odb_free(one);
    return rc;
}

static int stop_insert(int stage, uint32_t current, uint32_t total, void *payload)
{
    return ((struct srv_git *)payload)->closing ? -1 : 0;
}

static int stop_write(const git_indexer_progress *stats, void *payload)
{
    return ((struct srv_git *)payload)->closing ? -1 : 0;
}

static int write_merged(char **stem, struct srv_git_handle *h, const char *dir,
                        const struct packs *p, size_t n, struct sp_err *err)
{
    git_packbuilder *b = NULL;
    struct srv_git *g = h->shared->owner;
    int rc = git_packbuilder_new(&b, h->repo);
    if (rc >= 0)
        rc = git_packbuilder_set_callbacks(b, stop_insert, g);
    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = insert_pack(b, dir, p->v[i].stem);
    if (rc >= 0)
        rc = git_packbuilder_write(b, dir, 0444, stop_write, g);
    if (rc >= 0)
        *stem = sp_fmt("pack-%s", git_packbuilder_name(b));
    git_packbuilder_free(b);
    return rc < 0 ? srv_git_fail(err, rc, "merging packs in %s", dir) : 0;
}

static int remove_packs(const char *dir, const struct packs *p, size_t n, const char *except,
                        struct sp_err *err)
{
    static const char *const ends[] = {".idx", ".pack", ".rev", ".bitmap"};
    for (size_t i = 0; i < n; i++) {
        if (strcmp(p->v[i].stem, except) == 0)
            continue;
        for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
            SP_AUTO_FREE char *path = sp_fmt("%s/%s%s", dir, p->v[i].stem, ends[k]);
            if (unlink(path) != 0 && errno != ENOENT)
                return sp_fail_os(err, errno, "removing %s", path);
        }
    }
    return sp_fsync_dir(dir, err);
}

int srv_git_repack(struct srv_git *g, int64_t repo_id, size_t *merged, struct sp_err *err)
{
    *merged = 0;
    SP_AUTO_HOLD struct srv_git_shared *s = NULL;
    SP_TRY(srv_git_hold(&s, g, repo_id, err));
    SP_AUTO_FREE char *dir = sp_path_join(s->path, "objects/pack");
    SP_AUTO(packs_fini) struct packs p = {0};
    SP_TRY(list_packs(&p, dir, err));
    if (p.n < PACKS_MANY)
        return 0;
    size_t n = how_many(&p);
    SP_AUTO_FREE char *stem = NULL;
    {
        SP_AUTO_GIT struct srv_git_handle *h = NULL;
        SP_TRY(srv_git_borrow(&h, g, repo_id, err));
        SP_TRY(write_merged(&stem, h, dir, &p, n, err));
    }
    SP_AUTO_FREE char *made = sp_fmt("%s/%s.idx", dir, stem);
    if (!sp_exists(made))
        return sp_fail(err, SP_EINTERNAL, "the merged pack %s is not there", made);
    SP_TRY(sp_fault("repack.pack", err));
    SP_TRY(srv_git_turn_over(s, TURN_OVER_MS, err)); // else they are merged again next time
    SP_TRY(sp_fault("repack.remove", err));
    SP_TRY(remove_packs(dir, &p, n, stem, err));
    *merged = n;
    return 0;
}

struct job {
    struct srv_git *g;
    int64_t repo_id;
};

static void run(void *ud)
{
    struct job *j = (struct job *)ud;
    struct sp_err err = {0};
    size_t merged;
    int rc = srv_git_repack(j->g, j->repo_id, &merged, &err);
    if (rc < 0 && rc != SP_EREPO && !j->g->closing)
        sp_log("server", WARN, "repacking repository %lld: %s", (long long)j->repo_id, err.msg);
    struct srv_git_shared *s = NULL;
    if (srv_git_hold(&s, j->g, j->repo_id, NULL) == 0) {
        pthread_mutex_lock(&j->g->mu);
        s->repacking = false;
        pthread_mutex_unlock(&j->g->mu);
        srv_git_unhold(&s);
    }
    free(j);
}

void srv_git_repack_maybe(struct srv_git *g, int64_t repo_id)
{
    struct srv_git_shared *s = NULL;
    if (srv_git_hold(&s, g, repo_id, NULL) < 0)
        return;
    pthread_mutex_lock(&g->mu);
    // The first commit since the start looks too: a crash may have left many.
    bool look = !s->repacking && s->commits++ % PACKS_MANY == 0;
    s->repacking |= look;
    pthread_mutex_unlock(&g->mu);
    srv_git_unhold(&s);
    if (!look)
        return;
    struct job *j = sp_new(struct job);
    *j = (struct job){g, repo_id};
    if (sp_pool_submit(g->work, run, j, NULL) < 0)
        free(j);
}
