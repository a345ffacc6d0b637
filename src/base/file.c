// Whole-file steps that a crash cannot tear: replace by rename, fsync of file and folder, copies.
#include "base/file.h"

#include "base/path.h"
#include "base/time.h"

#include <fcntl.h>
#include <poll.h>
#include <linux/fs.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>

#define PIPE_WAIT_MS      10000 // for the writer at the other end of a pipe
#define COPY_BUFFER_BYTES ((size_t)256 << 10)
#define TEMP_SUFFIX_MAX   24 // ".<8hex>.tmp" and room
#define TEMP_TRIES        16

int sp_open(int *fd_out, const char *path, int flags, mode_t mode, struct sp_err *err)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        if (errno == ENOENT)
            return sp_fail(err, SP_ENOTFOUND, "%s: no such file or directory", path);
        return sp_fail_os(err, errno, "opening %s", path);
    }
    *fd_out = fd;
    return 0;
}

int sp_file_read(struct sp_buf *out, const char *path, size_t max, struct sp_err *err)
{
    SP_AUTO_FD int fd = -1;
    // O_NONBLOCK: a FIFO that lies where a file should be must not hang us.
    SP_TRY(sp_open(&fd, path, O_RDONLY | O_NONBLOCK, 0, err));
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sp_fail_os(err, errno, "reading %s", path);
    if (S_ISDIR(st.st_mode))
        return sp_fail(err, SP_EIO, "reading %s: it is a directory", path);
    if (S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size > max)
        return sp_fail(err, SP_ETOOBIG, "%s has %lld bytes, more than the %zu allowed", path,
                       (long long)st.st_size, max);
    size_t start = out->n;
    // Pipes and files of /proc say size 0, so the size is a hint and the loop reads until the end.
    size_t step = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
    for (;;) {
        size_t left = max - (out->n - start);
        if (step > left + 1)
            step = left + 1; // one more byte than allowed tells "too big" from "just fits"
        // The buffer's own ceiling may be the same number: then that byte goes elsewhere.
        char extra, *p = &extra;
        size_t ceiling = out->max ? out->max : SP_BUF_DEFAULT_MAX;
        size_t room = ceiling > out->n ? ceiling - out->n : 0;
        step = step < room ? step : room ? room : 1;
        if (room && !(p = sp_buf_room(out, step))) {
            sp_buf_cut(out, start);
            return sp_buf_done(out, path, err);
        }
        ssize_t got = read(fd, p, step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            if (poll(&wait, 1, PIPE_WAIT_MS) > 0)
                continue;
            errno = ETIMEDOUT;
        }
        if (out->p && (got <= 0 || (size_t)got > left || p == &extra))
            out->p[out->n] = 0; // what was read there does not count; empty files end here too
        if (got < 0) {
            int os = errno;
            sp_buf_cut(out, start);
            return sp_fail_os(err, os, "reading %s", path);
        }
        if (got == 0)
            break;
        if ((size_t)got > left || p == &extra) {
            sp_buf_cut(out, start);
            return sp_fail(err, SP_ETOOBIG, "%s has more than the %zu bytes allowed", path, max);
        }
        sp_buf_added(out, (size_t)got);
        step = COPY_BUFFER_BYTES;
    }
    return 0;
}

int sp_write_all(int fd, const void *p, size_t n, const char *name, struct sp_err *err)
{
    const char *at = p;
    while (n > 0) {
        ssize_t put = write(fd, at, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return sp_fail_os(err, errno, "writing %s", name);
        at += put;
        n -= (size_t)put;
    }
    return 0;
}

int sp_pwrite_all(int fd, const void *p, size_t n, uint64_t off, const char *name,
                  struct sp_err *err)
{
    const char *at = p;
    if (off > INT64_MAX - n)
        return sp_fail(err, SP_ETOOBIG, "writing %s: offset is too large", name);
    while (n > 0) {
        ssize_t put = pwrite(fd, at, n, (off_t)off);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return sp_fail_os(err, errno, "writing %s", name);
        at += put;
        off += (uint64_t)put;
        n -= (size_t)put;
    }
    return 0;
}

int sp_pread_all(int fd, void *p, size_t n, uint64_t off, const char *name, struct sp_err *err)
{
    char *at = p;
    if (off > INT64_MAX - n)
        return sp_fail(err, SP_ETOOBIG, "reading %s: offset is too large", name);
    while (n > 0) {
        ssize_t got = pread(fd, at, n, (off_t)off);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail_os(err, errno, "reading %s", name);
        if (got == 0)
            return sp_fail(err, SP_EINCOMPLETE, "%s ends %zu bytes too early", name, n);
        at += got;
        off += (uint64_t)got;
        n -= (size_t)got;
    }
    return 0;
}

int sp_fsync(int fd, const char *name, struct sp_err *err)
{
    int rc;
    do {
        rc = fsync(fd);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0 && errno != EINVAL && errno != ENOTSUP) // pipes, some FUSE file systems
        return sp_fail_os(err, errno, "syncing %s", name);
    return 0;
}

int sp_fsync_dir(const char *dir, struct sp_err *err)
{
    SP_AUTO_FD int fd = -1;
    SP_TRY(sp_open(&fd, *dir ? dir : ".", O_RDONLY | O_DIRECTORY, 0, err));
    return sp_fsync(fd, dir, err);
}

static int fsync_parent(const char *path, struct sp_err *err)
{
    sp_str dir = sp_path_dir(sp_cstr(path));
    if (dir.n == 0)
        return sp_fsync_dir(path[0] == '/' ? "/" : ".", err);
    SP_AUTO_FREE char *d = sp_str_dup(dir);
    return sp_fsync_dir(d, err);
}

int sp_rename(const char *from, const char *to, struct sp_err *err)
{
    if (rename(from, to) == 0)
        return 0;
    if (errno == ENOENT)
        return sp_fail(err, SP_ENOTFOUND, "renaming %s to %s: no such file or directory", from, to);
    return sp_fail_os(err, errno, "renaming %s to %s", from, to);
}

// Heap; a name beside path that nobody else uses. Python's writers use "<name>.<8hex>.tmp"; a name
// too long for that gets a short temp name.
static char *temp_beside(const char *path)
{
    sp_str dir = sp_path_dir(sp_cstr(path));
    sp_str base = sp_path_base(sp_cstr(path));
    const char *slash = dir.n || path[0] == '/' ? "/" : "";
    uint32_t id = (uint32_t)sp_random_u64();
    if (base.n + TEMP_SUFFIX_MAX > NAME_MAX)
        base.n = 0;
    return sp_fmt("%.*s%s%.*s.%08x.tmp", SP_FMT(dir), slash, SP_FMT(base), id);
}

// Links or renames without replacing; some file systems have only one of the two.
static int publish_excl(const char *temp, const char *path, struct sp_err *err)
{
    if (link(temp, path) == 0) {
        unlink(temp);
        return 0;
    }
    if (errno == EPERM || errno == ENOTSUP || errno == ENOSYS || errno == EMLINK) {
        if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
            return 0;
    }
    if (errno == EEXIST)
        return sp_fail(err, SP_EEXIST, "%s exists already", path);
    return sp_fail_os(err, errno, "creating %s", path);
}

int sp_file_replace(const char *path, sp_str content, mode_t mode, int flags, struct sp_err *err)
{
    SP_AUTO_FREE char *temp = NULL;
    SP_AUTO_FD int fd = -1;
    for (int i = 0;; i++) {
        free(temp);
        temp = temp_beside(path);
        fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0)
            break;
        if (errno == ENOENT)
            return sp_fail(err, SP_ENOTFOUND, "writing %s: the directory does not exist", path);
        if (errno != EEXIST || i == TEMP_TRIES)
            return sp_fail_os(err, errno, "writing %s", path);
    }
    int rc = sp_write_all(fd, content.p, content.n, path, err);
    if (rc == 0 && (flags & SP_FILE_DURABLE))
        rc = sp_fsync(fd, path, err);
    // close reports delayed write errors on NFS
    if (close(sp_take_fd(&fd)) != 0 && rc == 0 && errno != EINTR)
        rc = sp_fail_os(err, errno, "writing %s", path);
    if (rc == 0)
        rc = flags & SP_FILE_EXCL ? publish_excl(temp, path, err) : sp_rename(temp, path, err);
    if (rc < 0) {
        unlink(temp);
        return rc;
    }
    return flags & SP_FILE_DURABLE ? fsync_parent(path, err) : 0;
}

int sp_mkdirs(const char *path, mode_t mode, struct sp_err *err)
{
    if (!*path)
        return 0;
    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == EEXIST || errno == EROFS) {
        if (sp_is_dir(path))
            return 0;
        return sp_fail_os(err, errno == EROFS ? EROFS : ENOTDIR, "creating directory %s", path);
    }
    if (errno != ENOENT)
        return sp_fail_os(err, errno, "creating directory %s", path);
    SP_AUTO_FREE char *p = sp_dup(path);
    for (char *s = p + 1; *s; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        if (mkdir(p, mode) != 0 && errno != EEXIST) {
            int why = errno; // stat has an error of its own
            if (!sp_is_dir(p))
                return sp_fail_os(err, why, "creating directory %s", p);
        }
        *s = '/';
    }
    if (mkdir(p, mode) != 0 && errno != EEXIST)
        return sp_fail_os(err, errno, "creating directory %s", path);
    if (!sp_is_dir(p))
        return sp_fail_os(err, ENOTDIR, "creating directory %s", path);
    return 0;
}

int sp_mkdirs_for(const char *file_path, mode_t mode, struct sp_err *err)
{
    sp_str dir = sp_path_dir(sp_cstr(file_path));
    if (dir.n == 0)
        return 0;
    SP_AUTO_FREE char *d = sp_str_dup(dir);
    return sp_mkdirs(d, mode, err);
}

bool sp_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool sp_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int64_t sp_file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

uint64_t sp_free_bytes(const char *dir)
{
    struct statvfs v;
    if (statvfs(dir, &v) != 0)
        return UINT64_MAX;
    return (uint64_t)v.f_bavail * v.f_frsize;
}

static int copy_bytes(int in, int out, const char *from, const char *to, struct sp_err *err)
{
    SP_AUTO_FREE char *buf = sp_alloc(COPY_BUFFER_BYTES);
    for (;;) {
        ssize_t got = copy_file_range(in, NULL, out, NULL, (size_t)1 << 30, 0);
        if (got == 0)
            break; // the end, or a file system that lies: the loop below settles it
        if (got < 0)
            break; // not between these two file systems: the plain loop goes on where it stopped
    }
    for (;;) {
        ssize_t got = read(in, buf, COPY_BUFFER_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail_os(err, errno, "reading %s", from);
        if (got == 0)
            return 0;
        SP_TRY(sp_write_all(out, buf, (size_t)got, to, err));
    }
}

// rename(2) of two names of one inode does nothing and leaves both: then the temp name goes.
static int publish_copy(const char *temp, const char *to, struct sp_err *err)
{
    int rc = sp_rename(temp, to, err);
    unlink(temp);
    return rc;
}

int sp_file_copy(const char *from, const char *to, bool may_hardlink, char *how, struct sp_err *err)
{
    return sp_file_copy_checked(from, to, may_hardlink, how, NULL, NULL, err);
}

int sp_file_copy_checked(const char *from, const char *to, bool may_hardlink, char *how,
                         sp_copy_check_fn check, void *ud, struct sp_err *err)
{
    SP_AUTO_FD int in = -1;
    SP_TRY(sp_open(&in, from, O_RDONLY, 0, err));
    struct stat st;
    if (fstat(in, &st) != 0)
        return sp_fail_os(err, errno, "copying %s", from);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_EINVALID, "copying %s: it is not a regular file", from);
    SP_AUTO_FREE char *temp = temp_beside(to);
    SP_AUTO_FD int out = -1;
    SP_TRY_IN(sp_open(&out, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666, err), err,
              "copying to %s", to);
    char kind = 0;
    int rc = 0;
    if (ioctl(out, FICLONE, in) == 0) {
        kind = 'r';
    } else if (may_hardlink) {
        unlink(temp);
        if (linkat(AT_FDCWD, from, AT_FDCWD, temp, AT_SYMLINK_FOLLOW) == 0)
            kind = 'h';
        else // the name is free again: another file system or no permission to link
            rc = sp_open(&out, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666, err);
    }
    if (rc == 0 && !kind) {
        kind = 'c';
        rc = copy_bytes(in, out, from, to, err);
    }
    if (out >= 0 && close(sp_take_fd(&out)) != 0 && rc == 0 && errno != EINTR)
        rc = sp_fail_os(err, errno, "writing %s", to);
    if (rc == 0 && check)
        rc = check(ud, temp, err);
    if (rc == 0)
        rc = publish_copy(temp, to, err);
    else
        unlink(temp);
    if (rc == 0 && how)
        *how = kind;
    return rc;
}
