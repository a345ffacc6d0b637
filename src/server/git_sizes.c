// <id>.git/spoke.sizes: what a listing must know of a blob without opening it. Records of 32 bytes,
// appended at each commit, found by blob id:
//   oid[20]  size[6, little-endian]  pointer size[2]  crc32[4] of what is before it
// A record with a pointer size is an LFS pointer: size is the object's, and the next 32 bytes are
// its SHA-256 (the crc covers them too). Everything can be made again from the blobs: a missing,
// cut or damaged file costs time only. Nothing is fsynced; the crc tells what a crash left.
#include "server/git.h"

#include <fcntl.h>
#include <zlib.h>

#define UNIT       32
#define SIZES_NAME "spoke.sizes"
#define SIZES_MAX  ((size_t)1 << 31)

struct srv_sizes {
    uint8_t *units;
    size_t n, cap;   // in units
    uint32_t *slots; // unit index + 1
    size_t slots_n, used;
    size_t good_bytes; // of the file
};

static size_t slot_of(const struct srv_sizes *z, const uint8_t oid[GIT_BIN])
{
    uint64_t h;
    memcpy(&h, oid, sizeof h); // ids are hashes already
    return h & (z->slots_n - 1);
}

static const uint8_t *find(const struct srv_sizes *z, const uint8_t oid[GIT_BIN])
{
    if (!z->slots_n)
        return NULL;
    for (size_t i = slot_of(z, oid); z->slots[i]; i = (i + 1) & (z->slots_n - 1)) {
        const uint8_t *u = z->units + (size_t)(z->slots[i] - 1) * UNIT;
        if (memcmp(u, oid, GIT_BIN) == 0)
            return u;
    }
    return NULL;
}

static void index_unit(struct srv_sizes *z, size_t unit)
{
    if ((z->used + 1) * 2 > z->slots_n) {
        size_t old_n = z->slots_n;
        uint32_t *old = z->slots;
        z->slots_n = old_n ? old_n * 2 : 1024;
        z->slots = sp_new_n(uint32_t, z->slots_n);
        z->used = 0;
        for (size_t i = 0; i < old_n; i++)
            if (old[i])
                index_unit(z, old[i] - 1);
        free(old);
    }
    size_t i = slot_of(z, z->units + unit * UNIT);
    while (z->slots[i])
        i = (i + 1) & (z->slots_n - 1);
    z->slots[i] = (uint32_t)unit + 1;
    z->used++;
}

static uint32_t crc_of(const uint8_t *u, bool pointer)
{
    uLong crc = crc32(0, u, UNIT - 4);
    return (uint32_t)(pointer ? crc32(crc, u + UNIT, UNIT) : crc);
}

static unsigned pointer_size(const uint8_t *u)
{
    return u[26] | (unsigned)u[27] << 8;
}

static void unpack(struct srv_blob_facts *out, const uint8_t *u)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 6; i++)
        out->size |= (uint64_t)u[20 + i] << (8 * i);
    out->pointer_size = pointer_size(u);
    if (out->pointer_size)
        memcpy(out->sha256, u + UNIT, sizeof out->sha256);
}

static size_t pack(uint8_t *u, const struct srv_sizes_row *r)
{
    memcpy(u, r->oid, GIT_BIN);
    for (int i = 0; i < 6; i++)
        u[20 + i] = (uint8_t)(r->f.size >> (8 * i));
    u[26] = (uint8_t)r->f.pointer_size;
    u[27] = (uint8_t)(r->f.pointer_size >> 8);
    bool pointer = r->f.pointer_size != 0;
    if (pointer)
        memcpy(u + UNIT, r->f.sha256, UNIT);
    uint32_t crc = crc_of(u, pointer);
    memcpy(u + 28, &crc, 4);
    return pointer ? 2 : 1;
}

// Takes the records of the file up to the first bad one.
static void take_units(struct srv_sizes *z, size_t n)
{
    size_t i = 0;
    while (i < n) {
        const uint8_t *u = z->units + i * UNIT;
        bool pointer = pointer_size(u) != 0;
        uint32_t crc;
        memcpy(&crc, u + 28, 4);
        if (pointer && i + 1 == n)
            break;
        if (crc != crc_of(u, pointer))
            break;
        if (!find(z, u))
            index_unit(z, i);
        i += pointer ? 2 : 1;
    }
    z->n = i;
    z->good_bytes = i * UNIT;
}

// Called under shared->memo.
static struct srv_sizes *load(struct srv_git_shared *s)
{
    if (s->sizes)
        return s->sizes;
    struct srv_sizes *z = sp_new(struct srv_sizes);
    SP_AUTO_FREE char *path = sp_path_join(s->path, SIZES_NAME);
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(SIZES_MAX);
    if (sp_file_read(&b, path, SIZES_MAX, NULL) == 0 && b.n >= UNIT) {
        z->cap = b.n / UNIT;
        z->units = (uint8_t *)sp_buf_take(&b);
        take_units(z, z->cap);
    }
    s->sizes = z;
    return z;
}

void srv_sizes_free(struct srv_sizes *z)
{
    if (!z)
        return;
    free(z->units);
    free(z->slots);
    free(z);
}

bool srv_sizes_find(struct srv_blob_facts *out, struct srv_git_shared *s,
                    const uint8_t oid[GIT_BIN])
{
    pthread_mutex_lock(&s->memo);
    const uint8_t *u = find(load(s), oid);
    if (u)
        unpack(out, u);
    pthread_mutex_unlock(&s->memo);
    return u != NULL;
}

int srv_sizes_learn(struct srv_sizes_row *out, struct srv_git_handle *h, const uint8_t oid[GIT_BIN],
                    struct sp_err *err)
{
    struct srv_sizes_row r = {0};
    memcpy(r.oid, oid, GIT_BIN);
    git_oid id;
    git_oid_fromraw(&id, oid);
    size_t len;
    git_object_t type;
    int rc = git_odb_read_header(&len, &type, h->odb, &id);
    if (rc < 0 || type != GIT_OBJECT_BLOB)
        return srv_git_fail(err, rc < 0 ? rc : GIT_ENOTFOUND, "reading a blob's size");
    r.f.size = len;
    if (len < LFS_POINTER_MAX) {
        SP_AUTO_OBJ git_odb_object *o = NULL;
        sp_str raw;
        SP_TRY(srv_git_read(&o, &raw, h, oid, GIT_OBJECT_BLOB, err));
        srv_blob_facts_of(&r.f, raw);
    }
    *out = r;
    return 0;
}

void srv_blob_facts_of(struct srv_blob_facts *out, sp_str content)
{
    char sha256[HASH_SHA256_HEX];
    memset(out, 0, sizeof *out);
    out->size = content.n;
    uint64_t size;
    if (lfs_pointer_parse(content, sha256, &size)) {
        out->size = size;
        out->pointer_size = (uint32_t)content.n;
        sp_hex_decode(out->sha256, sizeof out->sha256, sp_cstr(sha256));
    }
}

static void reserve(struct srv_sizes *z, size_t more)
{
    if (z->n + more <= z->cap)
        return;
    z->cap = (z->n + more) * 2;
    z->units = (uint8_t *)sp_realloc(z->units, z->cap * UNIT);
}

// Appends the units from `first` to the file; what a crash cut off is overwritten.
static void append(struct srv_git_shared *s, struct srv_sizes *z, size_t first)
{
    if (first == z->n)
        return;
    SP_AUTO_FREE char *path = sp_path_join(s->path, SIZES_NAME);
    struct sp_err err = {0};
    SP_AUTO_FD int fd = -1;
    if (sp_open(&fd, path, O_WRONLY | O_CREAT, 0644, &err) < 0 ||
        sp_pwrite_all(fd, z->units + first * UNIT, (z->n - first) * UNIT, z->good_bytes, path,
                      &err) < 0) {
        sp_log("server", WARN, "%s", err.msg);
        return;
    }
    z->good_bytes += (z->n - first) * UNIT;
    if (ftruncate(fd, (off_t)z->good_bytes) < 0)
        sp_log("server", WARN, "cannot cut %s", path);
}

void srv_sizes_add(struct srv_git_shared *s, const struct srv_sizes_row *v, size_t n)
{
    pthread_mutex_lock(&s->memo);
    struct srv_sizes *z = load(s);
    size_t first = z->n;
    reserve(z, 2 * n);
    for (size_t i = 0; i < n && z->n < UINT32_MAX - 2; i++) {
        if (find(z, v[i].oid))
            continue;
        size_t at = z->n;
        z->n += pack(z->units + at * UNIT, &v[i]);
        index_unit(z, at);
    }
    append(s, z, first);
    pthread_mutex_unlock(&s->memo);
}
