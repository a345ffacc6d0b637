// Open objects, so that a range of a large file costs no open, stat and close. An object never
// changes under its name; whoever replaces or removes one here drops it (obj_open_drop), and for
// hands outside of this process the name is looked at again once a second.
#include "server/obj.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#define OPEN_SLOTS   64   // descriptors kept at most; well below what net keeps free for files
#define LOOK_EACH_MS 1000 // how long a file that was removed by hand is still served

struct obj_open {
    struct sp_source s;      // what callers get; several may have it at once
    struct sp_source *inner; // owns the descriptor
    char sha256[HASH_SHA256_HEX];
    struct stat st;
    int64_t looked_ms; // under the lock of the table
    _Atomic unsigned refs;
};

struct obj_open_table {
    pthread_mutex_t lock;
    struct obj_open *slots[OPEN_SLOTS]; // by the first bits of the hash
};

static ssize_t read_at(struct sp_source *s, void *buf, size_t n, uint64_t off,
                       const struct sp_cancel *c, struct sp_err *err)
{
    struct sp_source *inner = ((struct obj_open *)s)->inner;
    return inner->ops->read_at(inner, buf, n, off, c, err);
}

static void release(struct sp_source *s)
{
    struct obj_open *o = (struct obj_open *)s;
    if (atomic_fetch_sub(&o->refs, 1) > 1)
        return;
    sp_source_release(&o->inner);
    free(o);
}

static const struct sp_source_ops ops = {read_at, release};

struct obj_open_table *obj_open_table_new(void)
{
    struct obj_open_table *t = sp_new(struct obj_open_table);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void obj_open_table_free(struct obj_open_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < OPEN_SLOTS; i++)
        if (t->slots[i])
            release(&t->slots[i]->s);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static struct obj_open **slot_of(struct obj_open_table *t, const char *sha256)
{
    uint8_t first = 0;
    SP_ASSERT(sp_hex_decode(&first, 1, sp_str_of(sha256, 2)));
    return &t->slots[first % OPEN_SLOTS];
}

// Under the lock. Empties the slot if it holds this object.
static void drop_locked(struct obj_open **slot, const char *sha256)
{
    struct obj_open *o = *slot;
    if (!o || strcmp(o->sha256, sha256) != 0)
        return;
    *slot = NULL;
    release(&o->s);
}

static bool still_there(const struct obj_open *o)
{
    struct stat st;
    return stat(o->inner->name, &st) == 0 && st.st_ino == o->st.st_ino &&
           st.st_dev == o->st.st_dev && (uint64_t)st.st_size == o->s.size;
}

static struct sp_source *find(struct obj_open_table *t, const char *sha256)
{
    int64_t now = sp_mono_ms();
    pthread_mutex_lock(&t->lock);
    struct obj_open **slot = slot_of(t, sha256);
    struct obj_open *o = *slot && strcmp((*slot)->sha256, sha256) == 0 ? *slot : NULL;
    if (o && now - o->looked_ms >= LOOK_EACH_MS) {
        if (still_there(o)) {
            o->looked_ms = now;
        } else {
            drop_locked(slot, sha256);
            o = NULL;
        }
    }
    if (o)
        atomic_fetch_add(&o->refs, 1);
    pthread_mutex_unlock(&t->lock);
    return o ? &o->s : NULL;
}

int obj_open_source(struct sp_source **out, struct obj_open_table *t, const char *sha256,
                    const char *path, struct sp_err *err)
{
    if ((*out = find(t, sha256)))
        return 0;
    SP_AUTO_SOURCE struct sp_source *inner = NULL;
    struct obj_open *o;
    struct stat st;
    // The time before the open: a file replaced in between is noticed at the next look.
    int64_t now = sp_mono_ms();
    SP_TRY(sp_source_file(&inner, path, err));
    if (fstat(inner->fd, &st) != 0)
        return sp_fail_os(err, errno, "reading %s", path);
    o = sp_new(struct obj_open);
    o->inner = sp_take(&inner);
    o->s = *o->inner;
    o->s.ops = &ops;
    o->st = st;
    o->looked_ms = now;
    memcpy(o->sha256, sha256, sizeof o->sha256);
    atomic_store(&o->refs, 2); // the caller's and the table's
    pthread_mutex_lock(&t->lock);
    struct obj_open **slot = slot_of(t, sha256), *old = *slot;
    *slot = o;
    pthread_mutex_unlock(&t->lock);
    if (old)
        release(&old->s);
    *out = &o->s;
    return 0;
}

void obj_open_drop(struct obj_open_table *t, const char *sha256)
{
    pthread_mutex_lock(&t->lock);
    drop_locked(slot_of(t, sha256), sha256);
    pthread_mutex_unlock(&t->lock);
}
