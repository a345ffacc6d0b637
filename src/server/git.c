// libgit2's handles, lent to threads one at a time, and what is kept of a repository between
// requests.
#include "server/git.h"

#include <sys/stat.h>

// Budgets of what is kept in memory. A listing of 100,000 files takes about 12 MiB.
#define TREES_BUDGET   (64 * SP_MIB)
#define ENTRIES_BUDGET (16 * SP_MIB)
#define BLOBS_BUDGET   (32 * SP_MIB)
#define IDLE_PER_REPO  8 // handles kept open; each holds descriptors of its packs
#define IDLE_ALL       64
#define REPOS_KEPT     256 // shared parts kept in memory when nobody uses them
// libgit2 maps packs in windows; a mapped byte that is touched counts as resident.
#define MWINDOW_BYTES  (16 * SP_MIB)
#define MWINDOW_MAPPED (256 * SP_MIB)
#define MWINDOW_FILES  512
#define ERRNO_MAX      255 // every number of Linux is below it

// libgit2 cleans up after a failed write, so errno is another one by then; its message ends with
// the text of the first.
static bool disk_is_full(const git_error *e)
{
    for (int os = 1; e && e->message && os <= ERRNO_MAX; os++) {
        char text[128];
        if (sp_errno_is_full(os) &&
            sp_ends(sp_cstr(e->message), sp_cstr(strerror_r(os, text, sizeof text))))
            return true;
    }
    return false;
}

int srv_git_fail(struct sp_err *err, int rc, const char *fmt, ...)
{
    const git_error *e = git_error_last();
    int code = rc == GIT_ENOTFOUND                              ? SP_ENOTFOUND
               : rc == GIT_EEXISTS                              ? SP_EEXIST
               : rc == GIT_EMODIFIED                            ? SP_ECONFLICT
               : rc == GIT_ELOCKED                              ? SP_ELOCKED
               : rc == GIT_EINVALIDSPEC || rc == GIT_EAMBIGUOUS ? SP_EINVALID
                                                                : SP_EIO;
    if (code == SP_EIO && disk_is_full(e))
        code = SP_ENOSPACE;
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return sp_fail(err, code, "%s: %s", what, e && e->message ? e->message : "git failed");
}

void srv_git_key(struct srv_git_key *k, int64_t repo_id, const void *a, size_t an, sp_str b)
{
    memcpy(k->p, &repo_id, 8);
    memcpy(k->p + 8, a, an);
    size_t room = sizeof k->p - 8 - an, n = b.n < room ? b.n : room;
    if (n)
        memcpy(k->p + 8 + an, b.p, n);
    k->n = 8 + an + n;
}

// ---- libgit2 itself

static int start_libgit2(struct sp_err *err)
{
    int rc = git_libgit2_init();
    if (rc < 0)
        return srv_git_fail(err, rc, "starting libgit2");
    if (rc > 1) // another store in this process has set the options
        return 0;
    // Nobody's ~/.gitconfig has a say here, and a data folder may belong to another user id.
    for (int level = GIT_CONFIG_LEVEL_SYSTEM; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    // An acknowledged commit survives power loss.
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    // Hashes are checked when a pack is written and by fsck; checking them at each read would cost
    // a SHA-1 per object. We keep what we need in memory ourselves.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)MWINDOW_BYTES);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MWINDOW_MAPPED);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)MWINDOW_FILES);
    return 0;
}

int srv_git_open(struct srv_git **out, const char *data_dir, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = sp_path_join(data_dir, "git");
    SP_AUTO_FREE char *tmp = sp_path_join(data_dir, "tmp");
    SP_TRY(sp_mkdirs(dir, 0700, err));
    SP_TRY(sp_mkdirs(tmp, 0700, err));
    SP_TRY(start_libgit2(err));
    struct srv_git *g = sp_new(struct srv_git);
    clock_gettime(CLOCK_REALTIME_COARSE, &g->start);
    g->dir = sp_take(&dir);
    g->tmp = sp_take(&tmp);
    pthread_mutex_init(&g->mu, NULL);
    g->trees = srv_memo_new(TREES_BUDGET, 1, srv_git_tree_value_free);
    g->entries = srv_memo_new(ENTRIES_BUDGET, 16, free);
    g->blobs = srv_memo_new(BLOBS_BUDGET, 4, free);
    g->work = sp_pool_new("git", 1, 64, 5000);
    *out = g;
    return 0;
}

// ---- shared parts

static void handle_close(struct srv_git_handle *h)
{
    if (h->odb)
        git_odb_free(h->odb);
    if (h->repo)
        git_repository_free(h->repo);
    free(h);
}

static void shared_free(void *p)
{
    struct srv_git_shared *s = (struct srv_git_shared *)p;
    for (struct srv_git_handle *h; (h = s->idle);) {
        s->idle = h->next;
        handle_close(h);
    }
    srv_sizes_free(s->sizes);
    sp_map_fini(&s->refs, free);
    pthread_mutex_destroy(&s->write);
    pthread_mutex_destroy(&s->memo);
    free(s->path);
    free(s);
}

void srv_git_close(struct srv_git *g)
{
    if (!g)
        return;
    g->closing = true;
    sp_pool_free(g->work);
    sp_map_fini(&g->repos, shared_free);
    srv_memo_free(g->trees);
    srv_memo_free(g->entries);
    srv_memo_free(g->blobs);
    pthread_mutex_destroy(&g->mu);
    free(g->dir);
    free(g->tmp);
    free(g);
    git_libgit2_shutdown();
}

static sp_str id_key(const int64_t *id)
{
    return sp_str_of(id, sizeof *id);
}

// Forgets the repository that was not used for the longest time. Called under g->mu.
static void forget_one(struct srv_git *g)
{
    size_t it = 0;
    sp_str key;
    void *v;
    struct srv_git_shared *oldest = NULL;
    while (sp_map_next(&g->repos, &it, &key, &v)) {
        struct srv_git_shared *s = (struct srv_git_shared *)v;
        if (s->users == 0 && (!oldest || s->used_at < oldest->used_at))
            oldest = s;
    }
    if (!oldest)
        return;
    sp_map_del(&g->repos, id_key(&oldest->id));
    g->idle_n -= oldest->idle_n;
    shared_free(oldest);
}

int srv_git_hold(struct srv_git_shared **out, struct srv_git *g, int64_t repo_id,
                 struct sp_err *err)
{
    pthread_mutex_lock(&g->mu);
    struct srv_git_shared *s = (struct srv_git_shared *)sp_map_get(&g->repos, id_key(&repo_id));
    if (!s) {
        SP_AUTO_FREE char *path = sp_fmt("%s/%lld.git", g->dir, (long long)repo_id);
        if (!sp_is_dir(path)) {
            pthread_mutex_unlock(&g->mu);
            return sp_fail(err, SP_EREPO, "the git repository %s is missing", path);
        }
        if (g->repos.n >= REPOS_KEPT)
            forget_one(g);
        s = sp_new(struct srv_git_shared);
        s->owner = g;
        s->id = repo_id;
        s->path = sp_take(&path);
        pthread_mutex_init(&s->write, NULL);
        pthread_mutex_init(&s->memo, NULL);
        sp_map_put(&g->repos, id_key(&repo_id), s);
    }
    s->users++;
    s->used_at = ++g->clock;
    pthread_mutex_unlock(&g->mu);
    *out = s;
    return 0;
}

void srv_git_unhold(struct srv_git_shared **sp)
{
    struct srv_git_shared *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    struct srv_git *g = s->owner;
    pthread_mutex_lock(&g->mu);
    bool last = --s->users == 0 && s->removed;
    pthread_mutex_unlock(&g->mu);
    if (last)
        shared_free(s);
}

// ---- handles

// An idle handle, or the epoch that a new one belongs to; either way it counts as borrowed now, so
// that git_turn_over waits for it also while it is being opened.
static struct srv_git_handle *take_idle(struct srv_git_shared *s, unsigned *epoch)
{
    SP_ASSERT(s);
    struct srv_git *g = s->owner;
    pthread_mutex_lock(&g->mu);
    struct srv_git_handle *h = s->idle;
    if (h) {
        s->idle = h->next;
        s->idle_n--;
        g->idle_n--;
    }
    *epoch = s->epoch;
    s->out++;
    pthread_mutex_unlock(&g->mu);
    return h;
}

// True when the handle is not older than the packs.
static bool count_back(struct srv_git_shared *s, unsigned epoch)
{
    bool current = epoch == s->epoch;
    if (current)
        s->out--;
    else
        s->old_out--;
    return current;
}

static int handle_open(struct srv_git_handle **out, struct srv_git_shared *s, unsigned epoch,
                       struct sp_err *err)
{
    SP_ASSERT(s);
    struct srv_git_handle *h = sp_new(struct srv_git_handle);
    h->shared = s;
    h->epoch = epoch;
    int rc = git_repository_open_bare(&h->repo, s->path);
    if (rc >= 0)
        rc = git_repository_odb(&h->odb, h->repo);
    if (rc < 0) {
        rc = srv_git_fail(err, rc, "opening %s", s->path);
        handle_close(h);
        pthread_mutex_lock(&s->owner->mu);
        count_back(s, epoch);
        pthread_mutex_unlock(&s->owner->mu);
        return rc;
    }
    *out = h;
    return 0;
}

int srv_git_borrow(struct srv_git_handle **out, struct srv_git *g, int64_t repo_id,
                   struct sp_err *err)
{
    SP_AUTO_HOLD struct srv_git_shared *s = NULL;
    SP_TRY(srv_git_hold(&s, g, repo_id, err));
    unsigned epoch;
    struct srv_git_handle *h = take_idle(s, &epoch);
    if (!h)
        SP_TRY(handle_open(&h, s, epoch, err));
    *out = h;
    s = NULL; // the handle holds it now
    return 0;
}

void srv_git_return(struct srv_git_handle **hp)
{
    struct srv_git_handle *h = *hp;
    if (!h)
        return;
    *hp = NULL;
    struct srv_git_shared *s = h->shared;
    struct srv_git *g = s->owner;
    pthread_mutex_lock(&g->mu);
    bool keep =
        count_back(s, h->epoch) && !s->removed && s->idle_n < IDLE_PER_REPO && g->idle_n < IDLE_ALL;
    if (keep) {
        h->next = s->idle;
        s->idle = h;
        s->idle_n++;
        g->idle_n++;
    }
    pthread_mutex_unlock(&g->mu);
    if (!keep)
        handle_close(h);
    srv_git_unhold(&s);
}

int srv_git_turn_over(struct srv_git_shared *s, int64_t timeout_ms, struct sp_err *err)
{
    struct srv_git *g = s->owner;
    pthread_mutex_lock(&g->mu);
    s->epoch++;
    s->old_out += s->out;
    s->out = 0;
    struct srv_git_handle *idle = s->idle;
    g->idle_n -= s->idle_n;
    s->idle = NULL;
    s->idle_n = 0;
    pthread_mutex_unlock(&g->mu);
    for (struct srv_git_handle *h; (h = idle);) {
        idle = h->next;
        handle_close(h);
    }
    int64_t end = sp_mono_ms() + timeout_ms;
    for (;;) {
        pthread_mutex_lock(&g->mu);
        unsigned left = s->old_out;
        pthread_mutex_unlock(&g->mu);
        if (left == 0)
            return 0;
        if (sp_mono_ms() >= end)
            return sp_fail(err, SP_EBUSY, "%u readers still use the old packs of %s", left,
                           s->path);
        sp_sleep_ms(20);
    }
}

int srv_git_remove(struct srv_git *g, int64_t repo_id, struct sp_err *err)
{
    SP_AUTO_HOLD struct srv_git_shared *s = NULL;
    int rc = srv_git_hold(&s, g, repo_id, err);
    if (rc == SP_EREPO)
        return 0; // removed before
    SP_TRY(rc);
    SP_ASSERT(s);
    SP_AUTO_FREE char *away = sp_fmt("%s/removed-%lld-%016llx", g->tmp, (long long)repo_id,
                                     (unsigned long long)sp_random_u64());
    pthread_mutex_lock(&s->write); // no commit is half done
    rc = sp_rename(s->path, away, err);
    pthread_mutex_unlock(&s->write);
    SP_TRY(rc);
    pthread_mutex_lock(&g->mu);
    if (!s->removed) {
        s->removed = true;
        sp_map_del(&g->repos, id_key(&repo_id));
        g->idle_n -= s->idle_n;
        s->idle_n = 0;
    }
    pthread_mutex_unlock(&g->mu);
    srv_memo_drop(g->trees, id_key(&repo_id));
    srv_memo_drop(g->entries, id_key(&repo_id));
    srv_memo_drop(g->blobs, id_key(&repo_id));
    SP_TRY(sp_fsync_dir(g->dir, err));
    return sp_remove_tree(away, err);
}
