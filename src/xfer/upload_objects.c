// The bytes of an upload: files are hashed on every processor, and what the Hub keeps as LFS
// objects goes out while the next are still being hashed.
#include "xfer/ctx.h"

#include <pthread.h>

#define GROUP_OBJECTS 256           // of one batch request
#define GROUP_BYTES   (64 * SP_MIB) // more stays for the other senders

struct objects {
    struct hub *h;
    const struct hub_repo *r;
    const char *rev; // NULL: no branch is named
    struct xfer_picks *picks;
    const struct hub_preupload *ask;
    const struct xfer_upload_opts *o;
    struct xfer_uploaded *done; // counters under the lock
    _Atomic size_t next;        // file to be hashed
    unsigned hashers, senders, parts_parallel;
    pthread_mutex_t lock;
    pthread_cond_t change;
    SP_VEC(struct hub_lfs_obj) ready; // hashed, from `taken` on not yet sent
    size_t taken;
    unsigned hashing; // hashers that still run
    struct sp_map seen;
    struct sp_cancel stop; // set at the first failure: nobody hashes on for nothing
    int rc;                // of that failure, and why
    struct sp_err err;
};

// Hash of one file: LFS objects need their SHA-256 always; a regular file only to find out that the
// remote has it already.
static int hash_one(struct objects *s, struct xfer_pick *f, const char *remote, struct sp_err *err)
{
    if (f->skip || (!f->lfs && !remote[0]))
        return 0;
    SP_AUTO_SOURCE struct sp_source *src = NULL;
    SP_TRY(sp_source_file(&src, f->local, err));
    if (s->o->growing && src->size > f->size)
        src->size = f->size;
    if (src->size != f->size)
        return sp_fail(err, SP_EFORMAT, "%s changed while it was being uploaded", f->local);
    SP_TRY(hash_source_hex(f->oid, f->lfs ? HASH_SHA256 : HASH_SHA1, !f->lfs, src, s->o->progress,
                           &s->stop, err));
    f->skip = remote[0] && strcmp(remote, f->oid) == 0;
    return 0;
}

// Equal content is sent once.
static void offer(struct objects *s, struct xfer_pick *f)
{
    pthread_mutex_lock(&s->lock);
    if (!sp_map_put(&s->seen, sp_cstr(f->oid), f)) {
        f->src = xfer_lazy_source(f->local, f->size);
        struct hub_lfs_obj *o = sp_vec_push(&s->ready);
        memcpy(o->sha256, f->oid, sizeof o->sha256);
        o->size = f->size;
        o->src = f->src;
        o->name = f->path;
        if (s->o->progress)
            atomic_fetch_add(&s->o->progress->bytes_total, f->size);
        pthread_cond_signal(&s->change);
    }
    pthread_mutex_unlock(&s->lock);
}

static bool failed(struct objects *s)
{
    pthread_mutex_lock(&s->lock);
    bool yes = s->rc < 0;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

static int hash_files(struct objects *s, struct sp_err *err)
{
    int rc = 0;
    while (rc == 0 && !failed(s)) {
        size_t i = atomic_fetch_add(&s->next, 1);
        if (i >= s->picks->list.n)
            break;
        struct xfer_pick *f = &s->picks->list.v[i];
        rc = hash_one(s, f, s->ask[i].oid, err);
        if (rc == 0 && f->lfs && !f->skip)
            offer(s, f);
    }
    return rc;
}

// The next objects for one sender: its share of what is ready, so that few files need one request
// each and none waits behind all others. NULL = nothing will come any more.
static struct hub_lfs_obj *take_group(struct objects *s, size_t *n)
{
    struct hub_lfs_obj *group = NULL;
    uint64_t bytes = 0;
    pthread_mutex_lock(&s->lock);
    while (s->taken == s->ready.n && s->hashing && s->rc == 0)
        pthread_cond_wait(&s->change, &s->lock);
    size_t left = s->rc < 0 ? 0 : s->ready.n - s->taken, share = left / s->senders + 1;
    for (*n = 0; *n < share && *n < left && *n < GROUP_OBJECTS && bytes < GROUP_BYTES; ++*n)
        bytes += s->ready.v[s->taken + *n].size;
    if (*n) { // a copy: the list moves when it grows
        group = sp_new_n(struct hub_lfs_obj, *n);
        memcpy(group, s->ready.v + s->taken, *n * sizeof *group);
        s->taken += *n;
    }
    pthread_mutex_unlock(&s->lock);
    return group;
}

static int send_objects(struct objects *s, struct sp_err *err)
{
    size_t n;
    for (struct hub_lfs_obj *group; (group = take_group(s, &n));) {
        int rc =
            hub_lfs_upload(s->h, s->r, s->rev, group, n, s->parts_parallel, s->o->progress, err);
        pthread_mutex_lock(&s->lock);
        for (size_t i = 0; i < n && rc == 0; i++) {
            *(group[i].sent ? &s->done->lfs_sent : &s->done->lfs_present) += 1;
            s->done->bytes_sent += group[i].sent ? group[i].size : 0;
        }
        pthread_mutex_unlock(&s->lock);
        free(group);
        if (rc < 0)
            return rc;
    }
    return 0;
}

// Hashers come first: where no more threads are to be had, one after the other does it all.
static int run_role(void *ud, size_t i, struct sp_err *err)
{
    struct objects *s = ud;
    bool hasher = i < s->hashers;
    int rc = hasher ? hash_files(s, err) : send_objects(s, err);
    pthread_mutex_lock(&s->lock);
    s->hashing -= hasher;
    if (rc < 0 && s->rc == 0) { // what the others say after that is only that they were stopped
        s->rc = rc;
        s->err = *err;
        sp_cancel_set(&s->stop);
    }
    if (hasher && !s->hashing)
        sp_progress_stage(s->o->progress, "Uploading");
    pthread_cond_broadcast(&s->change);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

int xfer_upload_objects(struct xfer_uploaded *done, struct hub *h, const struct hub_repo *r,
                        const char *rev, struct xfer_picks *picks, const struct hub_preupload *ask,
                        const struct xfer_upload_opts *o, struct sp_err *err)
{
    struct objects s = {.h = h,
                        .r = r,
                        .rev = o->create_pr ? NULL : rev,
                        .picks = picks,
                        .ask = ask,
                        .o = o,
                        .done = done,
                        .stop = {.parent = o->cancel}};
    size_t files = 0, objects = 0;
    for (size_t i = 0; i < picks->list.n; i++) {
        const struct xfer_pick *f = &picks->list.v[i];
        files += !f->skip && (f->lfs || ask[i].oid[0]);
        objects += !f->skip && f->lfs;
        if (o->progress && f->lfs && !f->skip)
            atomic_fetch_add(&o->progress->hash_total, f->size);
    }
    if (!files)
        return 0;
    unsigned workers = xfer_workers(o->workers), cpus = sp_cpu_count();
    s.hashing = s.hashers = files < cpus ? (unsigned)files : cpus;
    s.senders = objects < workers ? (unsigned)objects : workers;
    s.parts_parallel = s.senders ? workers / s.senders : 1;
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.change, NULL);
    sp_progress_stage(o->progress, "Hashing");
    unsigned roles = s.hashers + s.senders;
    hub_set_cancel(h, &s.stop);
    (void)sp_for_each(roles, roles, run_role, &s, NULL);
    hub_set_cancel(h, o->cancel);
    if (s.rc < 0 && err)
        *err = s.err;
    pthread_cond_destroy(&s.change);
    pthread_mutex_destroy(&s.lock);
    sp_map_fini(&s.seen, NULL);
    sp_vec_fini(&s.ready);
    return s.rc;
}
