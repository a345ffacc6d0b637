// The objects of one commit go straight into the form that a pack has (type and size, then zlib),
// in memory up to PACK_MEM_MAX, then in a spool file; so a commit of any size needs little memory.
// At the end libgit2's indexer reads them once more, checks every hash, writes pack and index with
// fsync and renames them. (libgit2's own mempack holds every content in memory and cannot say what
// it holds.)
#include "server/git.h"

#include <fcntl.h>
#include <zlib.h>

#define PACK_MEM_MAX (32 * SP_MIB)
#define PACK_LEVEL   1 // of zlib: a commit waits for it; repacking compresses again
// Below this objects are only stored: deflate takes 25 µs for 1 KiB, half of the time of a commit
// of many small files, and repacking compresses them in the background.
#define PACK_STORED (32 * SP_KIB)

struct srv_pack {
    struct srv_git_handle *h;
    struct sp_buf mem;
    int spool; // -1 = still in memory
    uint64_t spooled;
    uint32_t objects;
    uint8_t (*ids)[GIT_BIN]; // open addressing; all-zero = free
    size_t ids_n;
    struct hash_ctx sha;
    z_stream z;
    bool z_ready;
};

int srv_pack_begin(struct srv_pack **out, struct srv_git_handle *h, struct sp_err *err)
{
    int rc = git_odb_refresh(h->odb); // once, so that the look-ups below need not
    if (rc < 0)
        return srv_git_fail(err, rc, "reading the packs of repository %lld",
                            (long long)h->shared->id);
    struct srv_pack *p = sp_new(struct srv_pack);
    p->h = h;
    p->spool = -1;
    p->mem = SP_BUF_MAX(PACK_MEM_MAX + 2 * SP_MIB);
    *out = p;
    return 0;
}

void srv_pack_abort(struct srv_pack **pp)
{
    struct srv_pack *p = *pp;
    if (!p)
        return;
    *pp = NULL;
    if (p->spool >= 0)
        close(p->spool);
    if (p->z_ready)
        deflateEnd(&p->z);
    sp_buf_fini(&p->mem);
    hash_fini(&p->sha);
    free(p->ids);
    free(p);
}

// True when the id is new; then it is remembered.
static bool remember(struct srv_pack *p, const uint8_t oid[GIT_BIN])
{
    static const uint8_t none[GIT_BIN];
    if ((p->objects + 1) * 2 > p->ids_n) {
        uint8_t(*old)[GIT_BIN] = p->ids;
        size_t old_n = p->ids_n;
        p->ids_n = old_n ? old_n * 2 : 256;
        p->ids = (uint8_t(*)[GIT_BIN])sp_alloc_n(p->ids_n, GIT_BIN);
        for (size_t i = 0; i < old_n; i++)
            if (memcmp(old[i], none, GIT_BIN) != 0)
                remember(p, old[i]);
        free(old);
    }
    uint64_t h;
    memcpy(&h, oid, sizeof h);
    size_t i = h & (p->ids_n - 1);
    for (; memcmp(p->ids[i], none, GIT_BIN) != 0; i = (i + 1) & (p->ids_n - 1))
        if (memcmp(p->ids[i], oid, GIT_BIN) == 0)
            return false;
    memcpy(p->ids[i], oid, GIT_BIN);
    return true;
}

static int open_spool(struct srv_pack *p, struct sp_err *err)
{
    struct srv_git *g = p->h->shared->owner;
    int fd = open(g->tmp, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { // a file system without O_TMPFILE
        SP_AUTO_FREE char *path = sp_fmt("%s/spool-XXXXXX", g->tmp);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
            return sp_fail_os(err, errno, "creating a spool file in %s", g->tmp);
        unlink(path);
    }
    p->spool = fd;
    return 0;
}

static int spill(struct srv_pack *p, struct sp_err *err)
{
    if (p->spool < 0)
        SP_TRY(open_spool(p, err));
    SP_TRY(sp_pwrite_all(p->spool, p->mem.p, p->mem.n, p->spooled, "the spool of a commit", err));
    p->spooled += p->mem.n;
    sp_buf_reset(&p->mem);
    return 0;
}

static int put_header(struct srv_pack *p, git_object_t type, size_t n, struct sp_err *err)
{
    uint8_t head[12];
    size_t at = 0;
    uint8_t byte = (uint8_t)((unsigned)type << 4 | (n & 15));
    for (n >>= 4; n; n >>= 7) {
        head[at++] = byte | 0x80;
        byte = n & 0x7f;
    }
    head[at++] = byte;
    sp_buf_put(&p->mem, head, at);
    return sp_buf_done(&p->mem, "a commit", err);
}

// A zlib stream of one stored block.
static int put_stored(struct srv_pack *p, sp_str content, struct sp_err *err)
{
    if (p->mem.n + content.n >= PACK_MEM_MAX)
        SP_TRY(spill(p, err));
    uint8_t n0 = (uint8_t)content.n, n1 = (uint8_t)(content.n >> 8);
    uint8_t head[] = {0x78, 0x01, 1, n0, n1, (uint8_t)~n0, (uint8_t)~n1};
    uLong sum = !content.n ? 1 : adler32(1, (const Bytef *)content.p, (uInt)content.n);
    uint8_t tail[] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                      (uint8_t)sum};
    sp_buf_put(&p->mem, head, sizeof head);
    sp_buf_put(&p->mem, content.p, content.n);
    sp_buf_put(&p->mem, tail, sizeof tail);
    return sp_buf_done(&p->mem, "a commit", err);
}

static int put_deflated(struct srv_pack *p, sp_str content, struct sp_err *err)
{
    if (!p->z_ready) {
        if (deflateInit(&p->z, PACK_LEVEL) != Z_OK)
            return sp_fail(err, SP_EINTERNAL, "zlib does not start");
        p->z_ready = true;
    } else {
        deflateReset(&p->z);
    }
    union {
        const char *from;
        Bytef *to; // zlib's field is not const, but is never written through
    } in = {.from = content.p};
    p->z.next_in = in.to;
    p->z.avail_in = (uInt)content.n;
    int rc;
    do {
        if (p->mem.n >= PACK_MEM_MAX)
            SP_TRY(spill(p, err));
        size_t room = content.n < 4096 ? content.n + 128 : 64 * SP_KIB;
        char *at = sp_buf_room(&p->mem, room);
        if (!at)
            return sp_buf_done(&p->mem, "a commit", err);
        p->z.next_out = (Bytef *)at;
        p->z.avail_out = (uInt)room;
        rc = deflate(&p->z, Z_FINISH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return sp_fail(err, SP_EINTERNAL, "zlib failed with %d", rc);
        sp_buf_added(&p->mem, room - p->z.avail_out);
    } while (rc != Z_STREAM_END);
    return 0;
}

static void object_id(uint8_t oid[GIT_BIN], struct hash_ctx *sha, git_object_t type, sp_str content)
{
    char head[40];
    int n = snprintf(head, sizeof head, "%s %zu", git_object_type2string(type), content.n);
    hash_init(sha, HASH_SHA1);
    hash_update(sha, head, (size_t)n + 1);
    hash_update(sha, content.p, content.n);
    hash_final(sha, oid);
}

int srv_pack_add(uint8_t oid[GIT_BIN], struct srv_pack *p, git_object_t type, sp_str content,
                 struct sp_err *err)
{
    if (content.n > UINT32_MAX / 2)
        return sp_fail(err, SP_ETOOBIG, "an object of %zu bytes", content.n);
    object_id(oid, &p->sha, type, content);
    git_oid id;
    git_oid_fromraw(&id, oid);
    if (git_odb_exists_ext(p->h->odb, &id, GIT_ODB_LOOKUP_NO_REFRESH) || !remember(p, oid))
        return 0;
    if (p->objects == UINT32_MAX)
        return sp_fail(err, SP_ETOOBIG, "too many objects in a commit");
    SP_TRY(put_header(p, type, content.n, err));
    SP_TRY(content.n < PACK_STORED ? put_stored(p, content, err) : put_deflated(p, content, err));
    p->objects++;
    return 0;
}

struct feed {
    git_indexer *to;
    git_indexer_progress stats;
    struct hash_ctx sha;
};

static int feed_bytes(struct feed *f, const void *bytes, size_t n, struct sp_err *err)
{
    hash_update(&f->sha, bytes, n);
    int rc = git_indexer_append(f->to, bytes, n, &f->stats);
    return rc < 0 ? srv_git_fail(err, rc, "writing a pack") : 0;
}

static int feed_spool(struct feed *f, struct srv_pack *p, struct sp_err *err)
{
    SP_AUTO_FREE char *block = (char *)sp_alloc(SP_MIB);
    for (uint64_t off = 0; off < p->spooled;) {
        size_t n = p->spooled - off < SP_MIB ? (size_t)(p->spooled - off) : SP_MIB;
        SP_TRY(sp_pread_all(p->spool, block, n, off, "the spool of a commit", err));
        SP_TRY(feed_bytes(f, block, n, err));
        off += n;
    }
    return 0;
}

static int feed_all(struct feed *f, struct srv_pack *p, struct sp_err *err)
{
    uint8_t head[12] = {'P', 'A', 'C', 'K', 0, 0, 0, 2}, sum[HASH_SHA1_BYTES];
    for (int i = 0; i < 4; i++)
        head[8 + i] = (uint8_t)(p->objects >> (24 - 8 * i));
    SP_TRY(feed_bytes(f, head, sizeof head, err));
    SP_TRY(feed_spool(f, p, err));
    SP_TRY(feed_bytes(f, p->mem.p, p->mem.n, err));
    hash_final(&f->sha, sum);
    int rc = git_indexer_append(f->to, sum, sizeof sum, &f->stats);
    if (rc >= 0)
        rc = git_indexer_commit(f->to, &f->stats);
    return rc < 0 ? srv_git_fail(err, rc, "writing a pack") : 0;
}

int srv_pack_commit(struct srv_pack *p, struct sp_err *err)
{
    if (p->objects == 0)
        return 0;
    SP_AUTO_FREE char *dir = sp_path_join(p->h->shared->path, "objects/pack");
    git_indexer_options opts = GIT_INDEXER_OPTIONS_INIT;
    struct feed f = {0};
    int rc = git_indexer_new(&f.to, dir, 0444, NULL, &opts);
    if (rc < 0)
        return srv_git_fail(err, rc, "writing a pack in %s", dir);
    hash_init(&f.sha, HASH_SHA1);
    rc = feed_all(&f, p, err);
    hash_fini(&f.sha);
    git_indexer_free(f.to);
    return rc;
}
