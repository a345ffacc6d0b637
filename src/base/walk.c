// Directory trees: the sorted walk and the removal that never follows a link.
#include "base/file.h"
#include "base/vec.h"

#include <dirent.h>
#include <fcntl.h>

#define WALK_DEPTH_MAX 400 // levels, each holds one descriptor; real trees have a tenth

void sp_names_fini(struct sp_names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    sp_vec_fini(l);
}

static int name_cmp(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Takes fd. The names are read at once, so callers may change the directory while they go on.
static int names_read(struct sp_names *out, int fd, const char *what, struct sp_err *err)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        int os = errno;
        close(fd);
        return sp_fail_os(err, os, "listing %s", what);
    }
    int rc = 0;
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(d);
        if (!e) {
            if (errno)
                rc = sp_fail_os(err, errno, "listing %s", what);
            break;
        }
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            *sp_vec_push(out) = sp_dup(e->d_name);
    }
    closedir(d);
    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, name_cmp);
    return rc;
}

int sp_dir_list(struct sp_names *out, const char *dir, struct sp_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return sp_fail(err, SP_ENOTFOUND, "%s: no such directory", dir);
    if (fd < 0)
        return sp_fail_os(err, errno, "listing %s", dir);
    return names_read(out, fd, dir, err);
}

struct walk {
    sp_walk_fn cb;
    void *ud;
    const char *root;
    struct sp_buf rel;
};

static int walk_dir(struct walk *w, int fd, unsigned depth, struct sp_err *err)
{
    SP_AUTO(sp_names_fini) struct sp_names list = {0};
    if (depth > WALK_DEPTH_MAX)
        return sp_fail(err, SP_ETOOBIG, "%s/%s: more than %d directory levels", w->root, w->rel.p,
                       WALK_DEPTH_MAX);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return sp_fail_os(err, errno, "listing %s", w->root);
    SP_TRY(names_read(&list, copy, w->root, err));
    size_t base = w->rel.n;
    for (size_t i = 0; i < list.n; i++) {
        sp_buf_cut(&w->rel, base);
        if (base)
            sp_buf_ch(&w->rel, '/');
        sp_buf_cstr(&w->rel, list.v[i]);
        SP_TRY(sp_buf_done(&w->rel, w->root, err));
        struct stat st;
        if (fstatat(fd, list.v[i], &st, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT)
                continue; // went away meanwhile
            return sp_fail_os(err, errno, "reading %s/%s", w->root, w->rel.p);
        }
        SP_TRY(w->cb(w->ud, w->rel.p, &st, err));
        if (!S_ISDIR(st.st_mode))
            continue;
        SP_AUTO_FD int sub = openat(fd, list.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
            continue;
        if (sub < 0)
            return sp_fail_os(err, errno, "reading %s/%s", w->root, w->rel.p);
        SP_TRY(walk_dir(w, sub, depth + 1, err));
    }
    sp_buf_cut(&w->rel, base);
    return 0;
}

int sp_walk(const char *root, sp_walk_fn cb, void *ud, struct sp_err *err)
{
    SP_AUTO_FD int fd = -1;
    SP_TRY(sp_open(&fd, root, O_RDONLY | O_DIRECTORY, 0, err));
    struct walk w = {.cb = cb, .ud = ud, .root = root};
    int rc = walk_dir(&w, fd, 0, err);
    sp_buf_fini(&w.rel);
    return rc;
}

static int remove_at(int at, const char *name, const char *root, unsigned depth, struct sp_err *err)
{
    if (depth > WALK_DEPTH_MAX)
        return sp_fail(err, SP_ETOOBIG, "removing %s: more than %d directory levels", root,
                       WALK_DEPTH_MAX);
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return sp_fail_os(err, errno, "removing %s (%s)", root, name);
    int unlink_errno = errno;
    SP_AUTO_FD int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return sp_fail_os(err, errno == ENOTDIR ? unlink_errno : errno, "removing %s (%s)", root,
                          name);
    // A directory that others still write to gets another round.
    for (int round = 0;; round++) {
        SP_AUTO(sp_names_fini) struct sp_names list = {0};
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (copy < 0)
            return sp_fail_os(err, errno, "removing %s (%s)", root, name);
        SP_TRY(names_read(&list, copy, root, err));
        for (size_t i = 0; i < list.n; i++)
            SP_TRY(remove_at(fd, list.v[i], root, depth + 1, err));
        if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if ((errno != ENOTEMPTY && errno != EEXIST) || round == 3)
            return sp_fail_os(err, errno, "removing %s (%s)", root, name);
    }
}

int sp_remove_tree(const char *path, struct sp_err *err)
{
    return remove_at(AT_FDCWD, path, path, 0, err);
}
