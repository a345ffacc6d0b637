// A large object on its way in: a temp file that gets its name when its bytes have the hash.
#include "server/obj.h"
#include "server/obj_write.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct obj_ingest {
    struct obj_store *store;
    char sha256[HASH_SHA256_HEX];
    uint64_t size, got;
    char *tmp;
    int fd;
    struct obj_write *out;
    const char *room; // what obj_ingest_room gave last
    struct hash_ctx hash;
};

void obj_ingest_abort(struct obj_ingest **ip)
{
    struct obj_ingest *i = *ip;
    if (!i)
        return;
    *ip = NULL;
    obj_write_end(&i->out);
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
    SP_TRY(obj_write_begin(&i->out, s->writers, i->fd, i->tmp, size, err));
    SP_TRY(sp_fault("object.begin", err));
    *out = sp_take(&i);
    return 0;
}

int obj_ingest_room(struct obj_ingest *i, char **p, size_t *n, struct sp_err *err)
{
    SP_TRY(obj_write_room(i->out, p, n, err));
    i->room = *p;
    return 0;
}

int obj_ingest_added(struct obj_ingest *i, size_t n, struct sp_err *err)
{
    hash_update(&i->hash, i->room, n);
    i->room += n;
    i->got += n;
    return obj_write_added(i->out, n, err);
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

// objects/ab and objects/ab/cd, durable. Also where they are there already: another upload may have
// made them this moment, and not yet synced them. A folder that did not change costs next to
// nothing.
static int make_folders(struct obj_store *s, const char *sha256, char **dir_out, struct sp_err *err)
{
    SP_AUTO_FREE char *outer = sp_fmt("%s/%.2s", s->dir, sha256);
    SP_AUTO_FREE char *inner = sp_fmt("%s/%.2s", outer, sha256 + 2);
    SP_TRY(sp_mkdirs(inner, 0700, err));
    SP_TRY(sp_fsync_dir(outer, err));
    SP_TRY(sp_fsync_dir(s->dir, err));
    *dir_out = sp_take(&inner);
    return 0;
}

int obj_ingest_commit(struct obj_ingest *i, struct sp_err *err)
{
    SP_TRY(check(i, err));
    SP_TRY(sp_fault("object.written", err));
    if (fchmod(i->fd, 0400) != 0)
        return sp_fail_os(err, errno, "setting the mode of %s", i->tmp);
    SP_TRY(obj_write_sync(i->out, err));
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
