// Large objects at rest: found, opened, listed, removed.
#include "server/obj.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define WRITERS_MAX     8 // more writes at once gain nothing from any disk
#define WRITERS_QUEUE   64
#define WRITERS_IDLE_MS 5000

int obj_store_open(struct obj_store **out, const char *data_dir, struct sp_err *err)
{
    SP_AUTO_FREE char *dir = sp_path_join(data_dir, "objects");
    SP_AUTO_FREE char *tmp = sp_path_join(data_dir, "tmp");
    SP_TRY(sp_mkdirs(dir, 0700, err));
    SP_TRY(sp_mkdirs(tmp, 0700, err));
    struct obj_store *s = sp_new(struct obj_store);
    s->dir = sp_take(&dir);
    s->tmp = sp_take(&tmp);
    s->open = obj_open_table_new();
    s->writers = sp_pool_new("objects", WRITERS_MAX, WRITERS_QUEUE, WRITERS_IDLE_MS);
    *out = s;
    return 0;
}

void obj_store_close(struct obj_store *s)
{
    if (!s)
        return;
    obj_open_table_free(s->open);
    sp_pool_free(s->writers);
    free(s->dir);
    free(s->tmp);
    free(s);
}

char *obj_path(const struct obj_store *s, const char *sha256)
{
    SP_ASSERT(sp_is_hex(sp_cstr(sha256), HASH_SHA256_HEX - 1));
    return sp_fmt("%s/%.2s/%.2s/%s", s->dir, sha256, sha256 + 2, sha256);
}

bool obj_store_has(struct obj_store *s, const char *sha256, uint64_t *size_out)
{
    SP_AUTO_FREE char *path = obj_path(s, sha256);
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (size_out)
        *size_out = (uint64_t)st.st_size;
    return true;
}

int obj_store_source(struct sp_source **out, struct obj_store *s, const char *sha256,
                     struct sp_err *err)
{
    SP_AUTO_FREE char *path = obj_path(s, sha256);
    return obj_open_source(out, s->open, sha256, path, err);
}

int obj_store_remove(struct obj_store *s, const char *sha256, struct sp_err *err)
{
    SP_AUTO_FREE char *path = obj_path(s, sha256);
    if (unlink(path) != 0 && errno != ENOENT)
        return sp_fail_os(err, errno, "removing %s", path);
    obj_open_drop(s->open, sha256);
    return 0;
}

struct each {
    int (*cb)(void *ud, const char *sha256, uint64_t size, int64_t mtime_ms, struct sp_err *err);
    void *ud;
};

static int each_file(void *ud, const char *rel, const struct stat *st, struct sp_err *err)
{
    const struct each *e = (const struct each *)ud;
    // "ab/cd/<64 hex>"; whatever else lies here is not ours
    if (!S_ISREG(st->st_mode) || strlen(rel) != 6 + HASH_SHA256_HEX - 1 ||
        !sp_is_hex(sp_cstr(rel + 6), HASH_SHA256_HEX - 1))
        return 0;
    int64_t mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    return e->cb(e->ud, rel + 6, (uint64_t)st->st_size, mtime_ms, err);
}

int obj_store_each(struct obj_store *s,
                   int (*cb)(void *ud, const char *sha256, uint64_t size, int64_t mtime_ms,
                             struct sp_err *err),
                   void *ud, struct sp_err *err)
{
    struct each e = {cb, ud};
    return sp_walk(s->dir, each_file, &e, err);
}
