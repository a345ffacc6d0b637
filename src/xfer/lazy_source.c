// A file that is opened for each read: an upload of thousands of files holds no descriptors.
#include "xfer/ctx.h"

#include <fcntl.h>

struct lazy {
    struct sp_source base;
    char *path;
};

static ssize_t lazy_read_at(struct sp_source *s, void *buf, size_t n, uint64_t off,
                            const struct sp_cancel *c, struct sp_err *err)
{
    const struct lazy *l = (const struct lazy *)s;
    SP_AUTO_FD int fd = -1;
    if (off >= s->size)
        return 0;
    if (n > s->size - off)
        n = (size_t)(s->size - off);
    SP_TRY(sp_cancel_check(c, err));
    SP_TRY(sp_open(&fd, l->path, O_RDONLY, 0, err));
    SP_TRY_IN(sp_pread_all(fd, buf, n, off, l->path, err), err,
              "%s changed while it was being uploaded", l->path);
    return (ssize_t)n;
}

static void lazy_release(struct sp_source *s)
{
    struct lazy *l = (struct lazy *)s;
    free(l->path);
    free(s->name);
    free(l);
}

static const struct sp_source_ops lazy_ops = {.read_at = lazy_read_at, .release = lazy_release};

struct sp_source *xfer_lazy_source(const char *path, uint64_t size)
{
    struct lazy *l = sp_new(struct lazy);
    l->base = (struct sp_source){.ops = &lazy_ops, .size = size, .name = sp_dup(path), .fd = -1};
    l->path = sp_dup(path);
    return &l->base;
}
