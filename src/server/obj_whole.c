#include "server/obj.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

// Written bytes are handed to the disk while more arrive, so that the fsync at the end is short.
#define WRITE_BEHIND (16 * SP_MIB)

struct obj_ingest {
    struct obj_store *store;
    char sha256[HASH_SHA256_HEX];
    uint64_t size, got, pushed;
    char *tmp;
    int fd;
    struct hash_ctx hash;
};

void obj_ingest_abort(struct obj_ingest **ip)
{
    struct obj_ingest *i = *ip;
    if (!i)
        return;
    *ip = NULL;
    if (i->fd >= 0)
        close(i->fd);
    if (i->tmp)
        unlink(i->tmp);
    hash_fini(&i->hash);
    free(i->tmp);
    free(i);
}

int obj_ingest_begin(struct obj_ingest **out, struct obj_store *s, const char *sha256,
                     uint64_t size, struct sp_err *err)
{
    if (!sp_is_hex(sp_cstr(sha256), HASH_SHA256_HEX - 1))
        return sp_fail(err, SP_EFORMAT, "'%.80s' is no SHA-256: 64 lower-case hex digits", sha256);
    SP_AUTO(obj_ingest_abort) struct obj_ingest *i = sp_new(struct obj_ingest);
    i->store = s;
    i->size = size;
    memcpy(i->sha256, sha256, sizeof i->sha256);
    hash_init(&i->hash, HASH_SHA256);
    i->tmp = sp_fmt("%s/object-%.16s-XXXXXX", s->tmp, sha256);
    i->fd = mkostemp(i->tmp, O_CLOEXEC);
    if (i->fd < 0) {
        int os = errno;
        SP_AUTO_FREE char *name = sp_take(&i->tmp);
        return sp_fail_os(err, os, "creating %s", name);
    }
    // A full disk is better known now than after an hour. Not every file system can tell.
    if (size && fallocate(i->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return sp_fail_os(err, errno, "making room for an object of %llu bytes in %s",
                          (unsigned long long)size, s->tmp);
    SP_TRY(sp_fault("object.begin", err));
    *out = sp_take(&i);
    return 0;
}

int obj_ingest_append(struct obj_ingest *i, const void *p, size_t n, struct sp_err *err)
{
    if (n > i->size - i->got)
        return sp_fail(err, SP_EHASH, "object %s: more than the promised %llu bytes", i->sha256,
                       (unsigned long long)i->size);
    SP_TRY(sp_write_all(i->fd, p, n, i->tmp, err));
    hash_update(&i->hash, p, n);
    i->got += n;
    if (i->got - i->pushed >= WRITE_BEHIND) {
        sync_file_range(i->fd, (off_t)i->pushed, (off_t)(i->got - i->pushed),
                        SYNC_FILE_RANGE_WRITE);
        i->pushed = i->got;
    }
    return 0;
}

static int check(struct obj_ingest *i, struct sp_err *err)
{
    if (i->got != i->size)
        return sp_fail(err, SP_EINCOMPLETE, "object %s: %llu of %llu bytes arrived", i->sha256,
                       (unsigned long long)i->got, (unsigned long long)i->size);
    char seen[HASH_SHA256_HEX];
    hash_final_hex(&i->hash, seen);
    if (strcmp(seen, i->sha256) != 0)
        return sp_fail(err, SP_EHASH, "the bytes sent as object %s have the SHA-256 %s: not stored",
                       i->sha256, seen);
    return 0;
}

// objects/ab and objects/ab/cd, durable.
static int make_folders(struct obj_store *s, const char *sha256, char **dir_out, struct sp_err *err)
{
    SP_AUTO_FREE char *outer = sp_fmt("%s/%.2s", s->dir, sha256);
    SP_AUTO_FREE char *inner = sp_fmt("%s/%.2s", outer, sha256 + 2);
    if (!sp_is_dir(inner)) {
        SP_TRY(sp_mkdirs(inner, 0700, err));
        SP_TRY(sp_fsync_dir(outer, err));
        SP_TRY(sp_fsync_dir(s->dir, err));
    }
    *dir_out = sp_take(&inner);
    return 0;
}

int obj_ingest_commit(struct obj_ingest *i, struct sp_err *err)
{
    SP_TRY(check(i, err));
    SP_TRY(sp_fault("object.written", err));
    if (fchmod(i->fd, 0400) != 0)
        return sp_fail_os(err, errno, "setting the mode of %s", i->tmp);
    SP_TRY(sp_fsync(i->fd, i->tmp, err));
    SP_TRY(sp_fault("object.fsynced", err));
    SP_AUTO_FREE char *dir = NULL;
    SP_TRY(make_folders(i->store, i->sha256, &dir, err));
    SP_AUTO_FREE char *path = obj_path(i->store, i->sha256);
    // Of two uploads of one object the later replaces the same bytes by the same bytes; a damaged
    // file under this name is healed by it.
    SP_TRY(sp_rename(i->tmp, path, err));
    free(sp_take(&i->tmp));
    obj_open_drop(i->store->open, i->sha256);
    SP_TRY(sp_fault("object.renamed", err));
    SP_TRY(sp_fsync_dir(dir, err));
    return sp_fault("object.done", err);
}
