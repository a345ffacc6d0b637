// Which repository uses which large object: what keeps it from the garbage collector.
#include "meta/sqlite.h"

struct link_job {
    int64_t repo_id;
    const char (*sha256)[65];
    const uint64_t *sizes;
    size_t n;
    meta_there_fn there;
    void *ud;
};

static int decode(uint8_t out[HASH_SHA256_BYTES], const char *hex, struct sp_err *err)
{
    if (!sp_is_hex(sp_cstr(hex), 64) || !sp_hex_decode(out, HASH_SHA256_BYTES, sp_cstr(hex)))
        return sp_fail(err, SP_EINVALID, "%.70s is not a SHA-256 in lower-case hex", hex);
    return 0;
}

static int link_objects(struct meta_conn *c, void *arg, struct sp_err *err)
{
    const struct link_job *j = arg;
    for (size_t i = 0; i < j->n; i++) {
        uint8_t sha[HASH_SHA256_BYTES];
        SP_TRY(decode(sha, j->sha256[i], err));
        // Inside the write transaction, as meta_object_drop: between look and row nobody drops it.
        if (!j->there(j->ud, j->sha256[i]))
            return sp_fail(err, SP_EBUSY, "object %s was collected meanwhile; send it again",
                           j->sha256[i]);
        int rc = meta_exec(c, SQL_OBJECT_LINK, err, "ibi", j->repo_id, sha, (int64_t)j->sizes[i]);
        if (rc < 0 && meta_constraint(c))
            return sp_fail(err, SP_EREPO, "no repository has the id %lld", (long long)j->repo_id);
        SP_TRY(rc);
    }
    return 0;
}

int meta_object_link(struct meta *m, int64_t repo_id, const char (*sha256)[65],
                     const uint64_t *sizes, size_t n, meta_there_fn there, void *ud,
                     struct sp_err *err)
{
    struct link_job j = {repo_id, sha256, sizes, n, there, ud};
    return n ? meta_write(m, link_objects, &j, err) : 0;
}

bool meta_object_linked(struct meta *m, int64_t repo_id, const char *sha256, uint64_t *size_out)
{
    uint8_t sha[HASH_SHA256_BYTES];
    struct meta_conn *c;
    sqlite3_stmt *st;
    if (decode(sha, sha256, NULL) < 0 || meta_reader(&c, m, NULL) < 0)
        return false;
    int rc = meta_first(c, SQL_OBJECT_LINKED, &st, NULL, "ib", repo_id, sha);
    if (rc > 0) {
        if (size_out)
            *size_out = (uint64_t)sqlite3_column_int64(st, 0);
        meta_done(st);
    }
    meta_reader_back(m, c);
    return rc > 0;
}

uint64_t meta_object_bytes(struct meta *m, int64_t repo_id)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    uint64_t sum = 0;
    if (meta_reader(&c, m, NULL) < 0)
        return 0;
    if (meta_first(c, SQL_OBJECT_BYTES, &st, NULL, "i", repo_id) > 0) {
        sum = (uint64_t)sqlite3_column_int64(st, 0);
        meta_done(st);
    }
    meta_reader_back(m, c);
    return sum;
}

int meta_object_each(struct meta *m, int64_t repo_id, meta_object_fn cb, void *ud,
                     struct sp_err *err)
{
    struct meta_conn *c;
    sqlite3_stmt *st;
    SP_TRY(meta_reader(&c, m, err));
    SP_AUTO_BUF struct sp_buf hex = {0};
    int rc = meta_first(c, SQL_OBJECT_EACH, &st, err, "i", repo_id);
    for (; rc > 0; rc = meta_next(c, st, err)) {
        sp_buf_reset(&hex);
        sp_buf_hex(&hex, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1));
        int stop =
            cb(ud, sqlite3_column_int64(st, 0), hex.p, (uint64_t)sqlite3_column_int64(st, 2), err);
        if (stop < 0) {
            meta_done(st);
            rc = stop;
            break;
        }
    }
    meta_reader_back(m, c);
    return rc;
}

static int linked_anywhere(struct meta_conn *c, const uint8_t *sha, struct sp_err *err)
{
    sqlite3_stmt *st;
    int rc = meta_first(c, SQL_OBJECT_ANY, &st, err, "b", sha);
    if (rc > 0)
        meta_done(st);
    return rc;
}

bool meta_object_used(struct meta *m, const char *sha256)
{
    uint8_t sha[HASH_SHA256_BYTES];
    struct meta_conn *c;
    if (decode(sha, sha256, NULL) < 0 || meta_reader(&c, m, NULL) < 0)
        return true; // in doubt it stays
    int rc = linked_anywhere(c, sha, NULL);
    meta_reader_back(m, c);
    return rc != 0;
}

struct drop_job {
    uint8_t sha[HASH_SHA256_BYTES];
    int (*drop)(void *ud, struct sp_err *err);
    void *ud;
    bool dropped;
};

// Inside the write transaction: nobody, in no process, can add a link until it ends.
static int drop_object(struct meta_conn *c, void *arg, struct sp_err *err)
{
    struct drop_job *j = arg;
    int rc = linked_anywhere(c, j->sha, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    j->dropped = true;
    return j->drop(j->ud, err);
}

int meta_object_drop(struct meta *m, const char *sha256, int (*drop)(void *ud, struct sp_err *err),
                     void *ud, struct sp_err *err)
{
    struct drop_job j = {.drop = drop, .ud = ud};
    SP_TRY(decode(j.sha, sha256, err));
    SP_TRY(meta_write(m, drop_object, &j, err));
    return j.dropped;
}
