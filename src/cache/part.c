// The temp file of a download and its journal, which another process may take over after a crash.
#include "cache/part.h"

#include <fcntl.h>
#include <sys/file.h>

#define JOURNAL_MAX 1024 // bytes
#define STEM_MAX    200  // bytes; longer ETags get a hashed stem so that the suffixes fit NAME_MAX
#define RESERVE_MIN ((int64_t)64 << 10)
#define TEMP_TRIES  16

static char *temp_name(const struct cache_part *p, uint32_t id)
{
    return sp_fmt("%s/%s.%08x" CACHE_PART_SUFFIX, p->dir, p->stem, id);
}

static bool is_temp_name(sp_str name, const char *stem)
{
    sp_str s = sp_cstr(stem);
    if (!sp_starts(name, s))
        return false;
    sp_str rest = sp_from(name, s.n);
    return rest.n == 9 + sizeof CACHE_PART_SUFFIX - 1 && rest.p[0] == '.' &&
           sp_is_hex(sp_sub(rest, 1, 8), 8) && sp_ends(rest, SP_LIT(CACHE_PART_SUFFIX));
}

static int part_fd(const struct cache_part *p)
{
    return p->fd_plus1 - 1;
}

// "spoke-resume 1\n<temp name>\n<size>\n<prefix>\n"; a torn or foreign text is no journal.
static bool parse_journal(sp_str text, const struct cache_part *p, sp_str *temp, uint64_t *prefix)
{
    sp_str rest = text, size_text, prefix_text, magic = sp_cut(rest, '\n', &rest);
    uint64_t size;
    *temp = sp_cut(rest, '\n', &rest);
    size_text = sp_cut(rest, '\n', &rest);
    prefix_text = sp_cut(rest, '\n', &rest);
    return sp_eq_lit(magic, "spoke-resume 1") && is_temp_name(*temp, p->stem) && rest.p &&
           sp_parse_u64(size_text, &size) && size == (uint64_t)p->size &&
           sp_parse_u64(prefix_text, prefix) && *prefix <= size;
}

// Takes the journal's lock. false = somebody has it, there is none, or the file system has no
// locks: then nobody can tell whether another process still writes the temp file, and each has one
// of its own.
static bool claim_journal(struct cache_part *p, int flags)
{
    SP_AUTO_FD int fd = open(p->journal, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0666);
    struct stat st;
    if (fd < 0) {
        p->no_journal = errno != ENOENT;
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool busy = errno == EWOULDBLOCK || errno == EACCES || errno == EINTR;
        p->no_journal = true;
        if (!busy && (flags & O_CREAT) && fstat(fd, &st) == 0 && st.st_size == 0)
            unlink(p->journal); // made in vain
        return false;
    }
    if (fstat(fd, &st) != 0 || st.st_nlink == 0 || !S_ISREG(st.st_mode))
        return false;
    p->journal_fd_plus1 = sp_take_fd(&fd) + 1;
    return true;
}

static bool open_temp(struct cache_part *p, const char *path, uint64_t at_least)
{
    SP_AUTO_FD int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size < at_least)
        return false;
    p->path = sp_dup(path);
    p->fd_plus1 = sp_take_fd(&fd) + 1;
    return true;
}

static bool adopt_journal(struct cache_part *p)
{
    char text[JOURNAL_MAX];
    sp_str temp;
    uint64_t prefix;
    if (p->size < 0 || !claim_journal(p, 0))
        return false;
    ssize_t n = pread(p->journal_fd_plus1 - 1, text, sizeof text, 0);
    if (n <= 0 || !parse_journal(sp_str_of(text, (size_t)n), p, &temp, &prefix))
        return false; // keeps the claim: the journal is written anew
    SP_AUTO_FREE char *path = sp_path_join_n(p->dir, temp);
    if (!open_temp(p, path, prefix))
        return false;
    p->journaled = prefix;
    cache_part_wrote(p, 0, prefix);
    return true;
}

// Old versions append to one well-known name under the blob's lock, which the caller holds.
static bool adopt_old(struct cache_part *p)
{
    SP_AUTO_FREE char *old = sp_fmt("%s/%s" CACHE_PART_SUFFIX, p->dir, p->stem);
    SP_AUTO_FREE char *mine = temp_name(p, (uint32_t)sp_random_u64());
    int64_t n = p->size >= 0 ? sp_file_size(old) : -1;
    if (n <= 0 || n > p->size || rename(old, mine) != 0)
        return false;
    if (!open_temp(p, mine, (uint64_t)n))
        return false;
    cache_part_wrote(p, 0, (uint64_t)n);
    return true;
}

static int create(struct cache_part *p, struct sp_err *err)
{
    for (int i = 0;; i++) {
        SP_AUTO_FREE char *path = temp_name(p, (uint32_t)sp_random_u64());
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0) {
            p->path = sp_take(&path);
            p->fd_plus1 = fd + 1;
            return 0;
        }
        if (errno != EEXIST || i == TEMP_TRIES)
            return sp_fail_os(err, errno, "creating %s", path);
    }
}

// The space at once, so that a full disk is said before the bytes are fetched. KEEP_SIZE: the size
// of the file goes on telling how much has arrived.
static int reserve(struct cache_part *p, struct sp_err *err)
{
    if (p->size < RESERVE_MIN)
        return 0;
    if (fallocate(part_fd(p), FALLOC_FL_KEEP_SIZE, 0, (off_t)p->size) == 0)
        return 0;
    if (!sp_errno_is_full(errno))
        return 0; // not every file system can
    return sp_fail_os(err, errno, "%s: %lld bytes are needed, %llu are free", p->dir,
                      (long long)p->size, (unsigned long long)sp_free_bytes(p->dir));
}

int cache_part_open(struct cache_part *out, const char *dir, const char *stem, int64_t size,
                    enum cache_part_adopt adopt, struct sp_err *err)
{
    struct cache_part p = {.dir = sp_dup(dir), .size = size};
    if (strlen(stem) > STEM_MAX) {
        char hex[HASH_SHA1_HEX];
        hash_sha1_hex(hex, sp_cstr(stem));
        p.stem = sp_fmt(CACHE_PART_LONG_PREFIX "%s", hex);
    } else {
        p.stem = sp_dup(stem);
    }
    p.journal = sp_fmt("%s/%s" CACHE_JOURNAL_SUFFIX, dir, p.stem);
    int rc = 0;
    p.no_journal = adopt == CACHE_PART_NONE;
    if (!(adopt >= CACHE_PART_JOURNALED && adopt_journal(&p)) &&
        !(adopt >= CACHE_PART_OLD && adopt_old(&p)))
        rc = create(&p, err);
    if (rc == 0)
        rc = reserve(&p, err);
    if (rc < 0) {
        if (p.path && cache_part_prefix(&p) == 0)
            unlink(p.path);
        cache_part_fini(&p);
        return rc;
    }
    *out = p;
    return 0;
}

uint64_t cache_part_prefix(const struct cache_part *p)
{
    return p->ranges.n && p->ranges.v[0].from == 0 ? p->ranges.v[0].to : 0;
}

uint64_t cache_part_end(const struct cache_part *p)
{
    return p->ranges.n ? p->ranges.v[p->ranges.n - 1].to : 0;
}

void cache_part_wrote(struct cache_part *p, uint64_t from, uint64_t to)
{
    struct cache_range *v = p->ranges.v;
    size_t i = 0, j;
    if (from >= to)
        return;
    while (i < p->ranges.n && v[i].to < from)
        i++;
    for (j = i; j < p->ranges.n && v[j].from <= to; j++) { // what touches melts together
        from = v[j].from < from ? v[j].from : from;
        to = v[j].to > to ? v[j].to : to;
    }
    if (j == i) {
        sp_vec_push(&p->ranges);
        v = p->ranges.v;
        memmove(&v[i + 1], &v[i], (p->ranges.n - 1 - i) * sizeof *v);
    } else if (j > i + 1) {
        memmove(&v[i + 1], &v[j], (p->ranges.n - j) * sizeof *v);
        p->ranges.n -= j - i - 1;
    }
    v[i] = (struct cache_range){from, to};
}

void cache_part_save(struct cache_part *p)
{
    uint64_t prefix = cache_part_prefix(p);
    if (p->size < 0 || p->no_journal || prefix == p->journaled)
        return;
    if (!p->journal_fd_plus1 && !claim_journal(p, O_CREAT))
        return;
    char text[JOURNAL_MAX];
    sp_str name = sp_path_base(sp_cstr(p->path));
    // one pwrite of constant length: a killed process leaves the old text or the new one
    int n = snprintf(text, sizeof text, "spoke-resume 1\n%.*s\n%lld\n%020llu\n", SP_FMT(name),
                     (long long)p->size, (unsigned long long)prefix);
    if (n > 0 && (size_t)n < sizeof text &&
        pwrite(p->journal_fd_plus1 - 1, text, (size_t)n, 0) == n)
        p->journaled = prefix;
}

int cache_part_forget(struct cache_part *p, struct sp_err *err)
{
    p->ranges.n = 0;
    if (p->journal_fd_plus1) { // before the bytes go: a journal must never promise too much
        unlink(p->journal);
        close(p->journal_fd_plus1 - 1);
        p->journal_fd_plus1 = 0;
    }
    p->journaled = 0;
    if (ftruncate(part_fd(p), 0) != 0)
        return sp_fail_os(err, errno, "emptying %s", p->path);
    return 0;
}

void cache_part_done(struct cache_part *p)
{
    if (p->journal_fd_plus1)
        unlink(p->journal);
    cache_part_fini(p);
}

void cache_part_drop(struct cache_part *p)
{
    if (p->path)
        unlink(p->path);
    cache_part_done(p);
}

void cache_part_fini(struct cache_part *p)
{
    if (p->fd_plus1)
        close(p->fd_plus1 - 1);
    if (p->journal_fd_plus1)
        close(p->journal_fd_plus1 - 1);
    free(p->dir);
    free(p->stem);
    free(p->path);
    free(p->journal);
    sp_vec_fini(&p->ranges);
    *p = (struct cache_part){0};
}
