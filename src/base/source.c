// Sources of bytes in a file or in memory.
#include "base/source.h"

#include "base/file.h"

#include <fcntl.h>

struct mem_source {
    struct sp_source s;
    const char *p;
};

static ssize_t fd_read_at(struct sp_source *s, void *buf, size_t n, uint64_t off,
                          const struct sp_cancel *c, struct sp_err *err)
{
    if (c)
        SP_TRY(sp_cancel_check(c, err));
    if (off >= s->size)
        return 0;
    if (n > s->size - off)
        n = (size_t)(s->size - off);
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(s->fd, (char *)buf + done, n - done, (off_t)(s->fd_off + off + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sp_fail_os(err, errno, "reading %s", s->name);
        if (got == 0)
            return sp_fail(err, SP_EINCOMPLETE, "%s became shorter while it was read", s->name);
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static void fd_release(struct sp_source *s)
{
    close(s->fd);
    free(s->name);
    free(s);
}

static const struct sp_source_ops fd_ops = {fd_read_at, fd_release};

struct sp_source *sp_source_fd(int fd, uint64_t size, const char *name)
{
    struct sp_source *s = sp_new(struct sp_source);
    *s = (struct sp_source){.ops = &fd_ops, .size = size, .name = sp_dup(name), .fd = fd};
    return s;
}

int sp_source_file(struct sp_source **out, const char *path, struct sp_err *err)
{
    SP_AUTO_FD int fd = -1;
    // NONBLOCK: opening a FIFO must not hang; it means nothing for regular files
    SP_TRY(sp_open(&fd, path, O_RDONLY | O_NONBLOCK, 0, err));
    struct stat st;
    if (fstat(fd, &st) != 0)
        return sp_fail_os(err, errno, "reading %s", path);
    if (!S_ISREG(st.st_mode))
        return sp_fail(err, SP_EINVALID, "%s is not a regular file", path);
    *out = sp_source_fd(sp_take_fd(&fd), (uint64_t)st.st_size, path);
    return 0;
}

static ssize_t mem_read_at(struct sp_source *s, void *buf, size_t n, uint64_t off,
                           const struct sp_cancel *c, struct sp_err *err)
{
    (void)c;
    (void)err;
    struct mem_source *m = (struct mem_source *)s;
    if (off >= s->size)
        return 0;
    if (n > s->size - off)
        n = (size_t)(s->size - off);
    if (n)
        memcpy(buf, m->p + off, n);
    return (ssize_t)n;
}

static void mem_release(struct sp_source *s)
{
    struct mem_source *m = (struct mem_source *)s;
    free(s->name);
    free(m);
}

static const struct sp_source_ops mem_ops = {mem_read_at, mem_release};

struct sp_source *sp_source_mem(sp_str bytes, const char *name)
{
    struct mem_source *m = sp_new(struct mem_source);
    m->s = (struct sp_source){.ops = &mem_ops, .size = bytes.n, .name = sp_dup(name), .fd = -1};
    m->p = bytes.p;
    return &m->s;
}

ssize_t sp_source_read(struct sp_source *s, void *buf, size_t n, uint64_t off, struct sp_err *err)
{
    return s->ops->read_at(s, buf, n, off, NULL, err);
}

int sp_source_read_exact(struct sp_source *s, void *buf, size_t n, uint64_t off, struct sp_err *err)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = s->ops->read_at(s, (char *)buf + done, n - done, off + done, NULL, err);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return sp_fail(err, SP_EINCOMPLETE, "%s ends %zu bytes too early", s->name, n - done);
        done += (size_t)got;
    }
    return 0;
}

void sp_source_release(struct sp_source **s)
{
    if (*s) {
        struct sp_source *dead = sp_take(s);
        dead->ops->release(dead);
    }
}
