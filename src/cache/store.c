// One file on its way in: written in any order and by any thread, hashed as far as it is without a
// hole, and only renamed when every byte has been hashed and the hash is the promised one.
#include "cache/store.h"

#include "cache/layout.h"
#include "cache/part.h"
#include "cache/shared.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>

#define HASH_BLOCK_BYTES   ((size_t)128 << 10) // each connection has one: small, and fits the L2
#define CATCH_UP_BYTES     ((uint64_t)8 << 20) // hashed at most within one write
#define CATCH_UP_MIN       ((uint64_t)1 << 20) // less waits for more
#define WRITE_BEHIND_BYTES ((uint64_t)8 << 20) // handed to the disk at once: a short fsync later
#define JOURNAL_EACH_BYTES ((uint64_t)8 << 20)
#define KEEP_MIN_BYTES     ((uint64_t)64 << 10) // less is fetched again as quickly

enum check { CHECK_NONE, CHECK_SHA256, CHECK_GIT };

struct cache_store {
    struct cache_store_place place;
    struct cache_part part;
    struct sp_lock lock;
    char name[SP_LIM_ETAG_BYTES + 1]; // etag, for messages
    enum check check;
    char expect[HASH_SHA256_HEX];
    int64_t size;     // expected, -1 = unknown
    uint64_t resumed; // bytes from an earlier run at begin
    bool fresh_start; // set when a bad resumed file was emptied: fetch it once more
    bool committed;
    pthread_mutex_t ranges_lock; // part.ranges, journal
    pthread_mutex_t hash_lock;   // hash; held while blocks are read back
    struct hash_ctx hash;
    _Atomic uint64_t hashed; // bytes from 0 that hash has seen
    _Atomic bool rewritten;  // some of them were written again: hash is worthless
};

void cache_store_place_fini(struct cache_store_place *p)
{
    free(p->dir);
    free(p->stem);
    free(p->final);
    *p = (struct cache_store_place){0};
}

// --- what must come out ---

static int pick_check(struct cache_store *s, const struct cache_want *w, struct sp_err *err)
{
    sp_str etag = sp_cstr(w->etag);
    if (w->sha256) {
        if (!sp_is_hex(sp_cstr(w->sha256), 64))
            return sp_fail(err, SP_EFORMAT, "'%.70s' is not a SHA-256", w->sha256);
        s->check = CHECK_SHA256;
        memcpy(s->expect, w->sha256, 65);
    } else if (sp_is_hex(etag, 64)) { // the Hub's ETag of an LFS object
        s->check = CHECK_SHA256;
        memcpy(s->expect, w->etag, 65);
    } else if (sp_is_hex(etag, 40)) { // git's id of a regular file
        s->check = CHECK_GIT;
        memcpy(s->expect, w->etag, 41);
    }
    return 0;
}

static void hash_restart(struct cache_store *s, uint64_t size)
{
    if (s->check == CHECK_GIT)
        hash_git_blob_init(&s->hash, size);
    else
        hash_init(&s->hash, HASH_SHA256);
    atomic_store(&s->hashed, 0);
    atomic_store(&s->rewritten, false);
}

// A git id begins with the size, so without a size it can only be computed at the end.
static bool hash_while_writing(const struct cache_store *s)
{
    return s->check == CHECK_SHA256 || (s->check == CHECK_GIT && s->size >= 0);
}

// Under hash_lock. Reads [hashed, to) back; it comes from the page cache.
static int hash_up_to(struct cache_store *s, uint64_t to, struct sp_err *err)
{
    SP_AUTO_FREE char *block = NULL;
    for (uint64_t at = atomic_load(&s->hashed); at < to;) {
        size_t n = to - at < HASH_BLOCK_BYTES ? (size_t)(to - at) : HASH_BLOCK_BYTES;
        if (!block)
            block = sp_alloc(HASH_BLOCK_BYTES);
        SP_TRY(sp_pread_all(s->part.fd_plus1 - 1, block, n, at, s->part.path, err));
        hash_update(&s->hash, block, n);
        at += n;
        atomic_store(&s->hashed, at);
    }
    return 0;
}

// --- begin ---

// Without a hash to show it, bytes of an earlier process and those to come may be of two versions:
// storage behind an ETag of its own kind is not asked with If-Range.
static enum cache_part_adopt may_adopt(const struct cache_store *s)
{
    if (s->check == CHECK_NONE)
        return CACHE_PART_NONE;
    return s->lock.fd_plus1 ? CACHE_PART_OLD : CACHE_PART_JOURNALED;
}

int cache_store_open(struct cache_store **out, struct cache_store_place *place,
                     struct sp_lock *lock, const struct cache_want *w, struct sp_err *err)
{
    struct cache_store *s = sp_new(struct cache_store);
    s->place = *place;
    *place = (struct cache_store_place){0};
    s->lock = *lock;
    *lock = (struct sp_lock){0};
    s->size = w->size < 0 ? -1 : w->size;
    snprintf(s->name, sizeof s->name, "%s", w->etag);
    pthread_mutex_init(&s->ranges_lock, NULL);
    pthread_mutex_init(&s->hash_lock, NULL);
    int rc = pick_check(s, w, err);
    if (rc == 0)
        rc = cache_part_open(&s->part, s->place.dir, s->place.stem, s->size, may_adopt(s), err);
    if (rc < 0) {
        cache_store_close(&s, false);
        return rc;
    }
    s->resumed = cache_part_prefix(&s->part);
    if (hash_while_writing(s))
        hash_restart(s, (uint64_t)(s->size < 0 ? 0 : s->size));
    uint64_t room = sp_free_bytes(s->place.dir);
    if (s->size > 0 && room < (uint64_t)s->size - s->resumed)
        sp_log("cache", WARN, "%s has %" PRIu64 " bytes free, %" PRId64 " may be needed",
               s->place.dir, room, s->size);
    *out = s;
    return 0;
}

// A blob of the wrong size is corrupt (or was made by something that is not the Hub): not used.
static bool blob_is_there(const struct cache_repo *r, const struct cache_want *w, bool say)
{
    if (w->force)
        return false;
    if (cache_has_blob(r, w->etag, w->size))
        return true;
    if (say && w->size >= 0 && cache_has_blob(r, w->etag, -1))
        sp_log("cache", WARN, "%s/blobs/%s does not have %" PRId64 " bytes; it is fetched again",
               r->dir, w->etag, w->size);
    return false;
}

int cache_store_begin(struct cache_store **out, const struct cache_repo *r,
                      const struct cache_want *w, const struct sp_cancel *c, struct sp_err *err)
{
    SP_TRY(cache_etag_check(sp_cstr(w->etag), err));
    if (blob_is_there(r, w, true))
        return CACHE_STORE_PRESENT;
    SP_AUTO(cache_store_place_fini)
    struct cache_store_place place = {
        .dir = sp_path_join(r->dir, "blobs"),
        .stem = sp_dup(w->etag),
        .final = cache_layout_blob_path(r, w->etag),
    };
    SP_AUTO_LOCK struct sp_lock lock = {0};
    SP_AUTO_FREE char *lock_path = cache_layout_lock_path(r, w->etag);
    struct sp_err why = {0};
    SP_TRY(sp_fault("cache.begin", err));
    int rc = sp_mkdirs(place.dir, 0777, err);
    if (rc < 0)
        return cache_layout_hint(sp_prefix(err, rc, "hub cache %s", r->root), err);
    if (cache_layout_write_tag(r->root, &why) < 0)
        sp_log("cache", DEBUG, "%s", why.msg);
    SP_TRY(cache_layout_lock(&lock, lock_path, c, err));
    if (blob_is_there(r, w, false)) // whoever held the lock has fetched it
        return CACHE_STORE_PRESENT;
    if (!w->force && w->xet_hash && cache_shared_link(r, w->etag, w->xet_hash, w->size, w->sha256))
        return CACHE_STORE_PRESENT;
    rc = cache_store_open(out, &place, &lock, w, err);
    return rc < 0 ? cache_layout_hint(rc, err) : CACHE_STORE_READY;
}

uint64_t cache_store_have(const struct cache_store *s)
{
    return s->resumed;
}

bool cache_store_again(const struct cache_store *s)
{
    return s->fresh_start;
}

// --- write ---

// Hashing keeps up with what has arrived without a hole, in whichever thread finds the hash free.
static int catch_up(struct cache_store *s, const void *p, size_t n, uint64_t off, uint64_t prefix,
                    struct sp_err *err)
{
    if (pthread_mutex_trylock(&s->hash_lock) != 0)
        return 0;
    int rc = 0;
    uint64_t hashed = atomic_load(&s->hashed);
    if (!atomic_load(&s->rewritten)) {
        if (hashed >= off && hashed < off + n) { // the usual case: straight from the caller's bytes
            hash_update(&s->hash, (const char *)p + (hashed - off), (size_t)(off + n - hashed));
            hashed = off + n;
            atomic_store(&s->hashed, hashed);
        }
        if (prefix > hashed && prefix - hashed >= CATCH_UP_MIN) {
            uint64_t to = prefix - hashed > CATCH_UP_BYTES ? hashed + CATCH_UP_BYTES : prefix;
            rc = hash_up_to(s, to, err);
        }
    }
    pthread_mutex_unlock(&s->hash_lock);
    return rc;
}

// Whoever crosses the border of a block pushes the block out; what a connection next to it still
// writes there goes with the fsync.
static void push(struct cache_store *s, uint64_t from, uint64_t to)
{
    uint64_t first = from / WRITE_BEHIND_BYTES, last = to / WRITE_BEHIND_BYTES;
    if (first != last)
        sync_file_range(s->part.fd_plus1 - 1, (off_t)(first * WRITE_BEHIND_BYTES),
                        (off_t)((last - first) * WRITE_BEHIND_BYTES), SYNC_FILE_RANGE_WRITE);
}

int cache_store_write(struct cache_store *s, const void *p, size_t n, uint64_t off,
                      struct sp_err *err)
{
    SP_ASSERT(!s->committed);
    if (n == 0)
        return 0;
    if (off > INT64_MAX - n || (s->size >= 0 && off + n > (uint64_t)s->size))
        return sp_fail(err, SP_EFORMAT, "%s: more bytes came than the %" PRId64 " announced",
                       s->name, s->size);
    SP_TRY(sp_fault("cache.write", err));
    if (off < atomic_load(&s->hashed))
        atomic_store(&s->rewritten, true);
    SP_TRY(sp_pwrite_all(s->part.fd_plus1 - 1, p, n, off, s->part.path, err));
    push(s, off, off + n);
    pthread_mutex_lock(&s->ranges_lock);
    cache_part_wrote(&s->part, off, off + n);
    uint64_t prefix = cache_part_prefix(&s->part);
    if (prefix >= s->part.journaled + JOURNAL_EACH_BYTES)
        cache_part_save(&s->part);
    pthread_mutex_unlock(&s->ranges_lock);
    return hash_while_writing(s) ? catch_up(s, p, n, off, prefix, err) : 0;
}

// --- commit ---

static int check_complete(struct cache_store *s, uint64_t *size, struct sp_err *err)
{
    uint64_t prefix = cache_part_prefix(&s->part), end = cache_part_end(&s->part);
    if (prefix != end || (s->size >= 0 && prefix != (uint64_t)s->size))
        return sp_fail(err, SP_EINCOMPLETE,
                       "file should be of size %" PRId64 " but has size %" PRIu64 " (%s)", s->size,
                       prefix, s->name);
    *size = prefix;
    return 0;
}

static int check_hash(struct cache_store *s, uint64_t size, struct sp_err *err)
{
    char hex[HASH_SHA256_HEX];
    if (s->check == CHECK_NONE)
        return 0;
    pthread_mutex_lock(&s->hash_lock);
    if (!hash_while_writing(s) || atomic_load(&s->rewritten))
        hash_restart(s, size);
    int rc = hash_up_to(s, size, err);
    if (rc == 0)
        hash_final_hex(&s->hash, hex);
    pthread_mutex_unlock(&s->hash_lock);
    SP_TRY(rc);
    if (strcmp(hex, s->expect) == 0)
        return 0;
    rc = sp_fail(err, SP_EHASH, "the %s of the bytes that came is %s, promised was %s",
                 s->check == CHECK_GIT ? "git SHA-1" : "SHA-256", hex, s->expect);
    sp_hint(err, "a proxy or mirror may change files; nothing was stored");
    return rc;
}

int cache_store_restart(struct cache_store *s, struct sp_err *err)
{
    SP_ASSERT(!s->committed);
    SP_TRY(cache_part_forget(&s->part, err));
    s->resumed = 0;
    hash_restart(s, (uint64_t)(s->size < 0 ? 0 : s->size));
    return 0;
}

// The bytes are wrong. If some came from an earlier run these are the suspects: the file is emptied
// and may be fetched once more. Else it goes.
static void discard(struct cache_store *s)
{
    if (s->resumed > 0 && cache_store_restart(s, NULL) == 0) {
        s->fresh_start = true;
    } else {
        s->fresh_start = false;
        cache_part_drop(&s->part);
    }
}

static int into_place(struct cache_store *s, struct sp_err *err)
{
    int rc = sp_rename(s->part.path, s->place.final, err);
    if (rc == 0)
        return 0;
    if (!err || err->os != EXDEV)
        return rc;
    // a local dir whose .cache is another file system
    SP_TRY(sp_file_copy(s->part.path, s->place.final, false, NULL, err));
    unlink(s->part.path);
    sp_err_clear(err);
    return 0;
}

static int fsync_parent(const char *path, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = sp_str_dup(sp_path_dir(sp_cstr(path)));
    return sp_fsync_dir(dir, err);
}

int cache_store_commit(struct cache_store *s, bool durable_now, struct sp_err *err)
{
    uint64_t size = 0;
    struct sp_err local = {0};
    if (!err)
        err = &local;
    if (!s->part.fd_plus1)
        return sp_fail(err, SP_EINVALID, "%s: nothing is being stored any more", s->name);
    s->fresh_start = false;
    SP_TRY(sp_fault("cache.written", err));
    SP_TRY_IN(check_complete(s, &size, err), err, "consistency check failed");
    if (ftruncate(s->part.fd_plus1 - 1, (off_t)size) != 0) // an adopted file may be longer
        return sp_fail_os(err, errno, "writing %s", s->part.path);
    int rc = check_hash(s, size, err);
    if (rc == SP_EHASH)
        discard(s);
    if (rc < 0)
        return rc;
    SP_TRY(sp_fault("cache.fsync", err));
    if (durable_now)
        SP_TRY(sp_fsync(s->part.fd_plus1 - 1, s->part.path, err));
    SP_TRY(sp_fault("cache.rename", err));
    SP_TRY(into_place(s, err));
    s->committed = true;
    cache_part_done(&s->part);
    SP_TRY(sp_fault("cache.renamed", err));
    if (durable_now && s->lock.fd_plus1 && !s->lock.soft)
        cache_sweep_siblings(s->place.dir, s->place.stem);
    return durable_now ? fsync_parent(s->place.final, err) : 0;
}

void cache_store_close(struct cache_store **out, bool keep)
{
    struct cache_store *s = *out;
    if (!s)
        return;
    *out = NULL;
    if (!s->committed && s->part.fd_plus1) {
        if (keep && s->size >= 0 && cache_part_prefix(&s->part) >= KEEP_MIN_BYTES) {
            // the bytes before the text that promises them
            if (fdatasync(s->part.fd_plus1 - 1) == 0)
                cache_part_save(&s->part);
            keep = s->part.journaled > 0;
        } else {
            keep = false;
        }
        if (!keep)
            cache_part_drop(&s->part);
    }
    cache_part_fini(&s->part);
    sp_lock_release(&s->lock);
    hash_fini(&s->hash);
    cache_store_place_fini(&s->place);
    pthread_mutex_destroy(&s->ranges_lock);
    pthread_mutex_destroy(&s->hash_lock);
    free(s);
}

int cache_store_sync(const struct cache_repo *r, struct sp_err *err)
{
    SP_AUTO_FD int fd = -1;
    SP_TRY(sp_open(&fd, r->dir, O_RDONLY | O_DIRECTORY, 0, err));
    cache_sweep_repo(r);
    // one call for all blobs and links of a snapshot instead of two per file
    if (syncfs(fd) != 0)
        return sp_fail_os(err, errno, "syncing %s", r->dir);
    return 0;
}
