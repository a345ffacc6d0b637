// Two buffers of a file, one being filled while the other is written past the page cache.
#include "server/obj_write.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#define ALIGN      4096 // no disk wants more; one that does gets cached writes
#define PART_BYTES (512 * SP_KIB)
#define PARTS      2                      // one is filled while the other is written
#define DIRECT_MIN ((uint64_t)4 * SP_MIB) // below it a thread hop costs more than the page cache

struct part {
    struct obj_write *w;
    char *p;
    size_t n;
    uint64_t off;
    bool busy; // being written; under the lock
};

struct obj_write {
    struct sp_pool *pool; // NULL = small, written by the caller
    const char *name;
    int fd;
    bool direct;
    uint64_t size, got;
    struct part parts[PARTS];
    size_t cur, part_bytes;
    pthread_mutex_t lock;
    pthread_cond_t written;
    int os; // errno of the first write that failed; under the lock
};

static uint64_t align_up(uint64_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

// Some file systems take the flag and refuse the writes.
static void leave_direct(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags & ~O_DIRECT);
}

static void write_part(void *ud)
{
    struct part *t = (struct part *)ud;
    struct obj_write *w = t->w;
    size_t done = 0;
    bool cached = !w->direct;
    int os = 0;
    while (done < t->n && !os) {
        ssize_t k = pwrite(w->fd, t->p + done, t->n - done, (off_t)(t->off + done));
        if (k > 0) {
            done += (size_t)k;
        } else if (k < 0 && errno == EINVAL && !cached) {
            leave_direct(w->fd);
            cached = true;
        } else if (k == 0 || errno != EINTR) {
            os = k == 0 ? EIO : errno;
        }
    }
    pthread_mutex_lock(&w->lock);
    t->busy = false;
    t->n = 0;
    if (os && !w->os)
        w->os = os;
    pthread_cond_broadcast(&w->written);
    pthread_mutex_unlock(&w->lock);
}

// Until part t, or with NULL every part, is written.
static int wait_for(struct obj_write *w, const struct part *t, struct sp_err *err)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < PARTS; i++)
        while (w->parts[i].busy && (!t || t == &w->parts[i]))
            pthread_cond_wait(&w->written, &w->lock);
    int os = w->os;
    pthread_mutex_unlock(&w->lock);
    return os ? sp_fail_os(err, os, "writing %s", w->name) : 0;
}

int obj_write_room(struct obj_write *w, char **p, size_t *n, struct sp_err *err)
{
    struct part *t = &w->parts[w->cur];
    SP_TRY(wait_for(w, t, err));
    uint64_t left = w->size - w->got;
    size_t room = w->part_bytes - t->n;
    *p = t->p + t->n;
    *n = left < room ? (size_t)left : room;
    return 0;
}

int obj_write_added(struct obj_write *w, size_t n, struct sp_err *err)
{
    struct part *t = &w->parts[w->cur];
    SP_ASSERT(n <= w->part_bytes - t->n && n <= w->size - w->got);
    t->n += n;
    w->got += n;
    if (n == 0 || (t->n < w->part_bytes && w->got < w->size))
        return 0;
    t->off = w->got - t->n;
    if (w->direct && t->n % ALIGN) { // only the last one; cut off again by obj_write_sync
        size_t whole = align_up(t->n);
        memset(t->p + t->n, 0, whole - t->n);
        t->n = whole;
    }
    t->busy = true;
    if (!w->pool || sp_pool_submit(w->pool, write_part, t, NULL) < 0)
        write_part(t); // no thread to be had is slower, not wrong
    w->cur = (w->cur + 1) % PARTS;
    return 0;
}

int obj_write_sync(struct obj_write *w, struct sp_err *err)
{
    SP_TRY(wait_for(w, NULL, err));
    if (w->direct && w->size % ALIGN && ftruncate(w->fd, (off_t)w->size) != 0)
        return sp_fail_os(err, errno, "cutting %s to its size", w->name);
    return sp_fsync(w->fd, w->name, err);
}

void obj_write_end(struct obj_write **wp)
{
    struct obj_write *w = *wp;
    if (!w)
        return;
    *wp = NULL;
    (void)wait_for(w, NULL, NULL);
    for (size_t i = 0; i < PARTS; i++)
        free(w->parts[i].p);
    pthread_cond_destroy(&w->written);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static bool go_direct(struct obj_write *w)
{
    int flags = fcntl(w->fd, F_GETFL);
    return w->size >= DIRECT_MIN && flags >= 0 && fcntl(w->fd, F_SETFL, flags | O_DIRECT) == 0;
}

// A full disk is better known now than after an hour. Not every file system can tell. A direct
// write past the end would wait for the file's new length each time, so there the length is set as
// well.
static int make_room(struct obj_write *w, struct sp_err *err)
{
    off_t n = (off_t)(w->direct ? align_up(w->size) : w->size);
    if (n && fallocate(w->fd, w->direct ? 0 : FALLOC_FL_KEEP_SIZE, 0, n) != 0 &&
        sp_errno_is_full(errno))
        return sp_fail_os(err, errno, "making room for an object of %llu bytes: %s",
                          (unsigned long long)w->size, w->name);
    return 0;
}

int obj_write_begin(struct obj_write **out, struct sp_pool *pool, int fd, const char *name,
                    uint64_t size, struct sp_err *err)
{
    SP_AUTO(obj_write_end) struct obj_write *w = sp_new(struct obj_write);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->written, NULL);
    w->fd = fd;
    w->name = name;
    w->size = size;
    w->direct = go_direct(w);
    w->pool = size >= DIRECT_MIN ? pool : NULL;
    w->part_bytes = size < PART_BYTES ? align_up(size + 1) : PART_BYTES;
    SP_TRY(make_room(w, err));
    for (size_t i = 0; i < PARTS; i++) {
        w->parts[i].w = w;
        if (i > 0 && size <= w->part_bytes)
            continue; // the first one holds all of it
        if (posix_memalign((void **)&w->parts[i].p, ALIGN, w->part_bytes) != 0)
            return sp_fail_os(err, ENOMEM, "storing %s", name);
    }
    *out = sp_take(&w);
    return 0;
}
