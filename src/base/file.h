// Files: whole reads and writes, atomic replace, durable directories. Paths are NUL-terminated OS
// paths; messages name them.
#ifndef SPOKE_BASE_FILE_H
#define SPOKE_BASE_FILE_H

#include "base/buf.h"
#include <sys/stat.h>

// Appends the whole file; SP_ETOOBIG above max bytes, SP_ENOTFOUND when absent.
int sp_file_read(struct sp_buf *out, const char *path, size_t max, struct sp_err *err);
// Writes all of n bytes / reads exactly n bytes (SP_EINCOMPLETE at early end); EINTR safe.
int sp_write_all(int fd, const void *p, size_t n, const char *name, struct sp_err *err);
int sp_pwrite_all(int fd, const void *p, size_t n, uint64_t off, const char *name,
                  struct sp_err *err);
int sp_pread_all(int fd, void *p, size_t n, uint64_t off, const char *name, struct sp_err *err);
enum { SP_FILE_DURABLE = 1, SP_FILE_EXCL = 2 };
// Replaces path by content through a unique temp file beside it and rename(2). DURABLE: fsync of
// file and directory before it returns. EXCL: link instead of rename, SP_EEXIST if there.
int sp_file_replace(const char *path, sp_str content, mode_t mode, int flags, struct sp_err *err);
int sp_mkdirs(const char *path, mode_t mode, struct sp_err *err);          // like mkdir -p
int sp_mkdirs_for(const char *file_path, mode_t mode, struct sp_err *err); // parents of a file
int sp_fsync_dir(const char *dir, struct sp_err *err);
int sp_fsync(int fd, const char *name, struct sp_err *err);
int sp_rename(const char *from, const char *to, struct sp_err *err);
int sp_remove_tree(const char *path, struct sp_err *err); // never follows links; absent = 0
// Opens with O_CLOEXEC; SP_ENOTFOUND when absent. *fd_out by caller closed.
int sp_open(int *fd_out, const char *path, int flags, mode_t mode, struct sp_err *err);
bool sp_exists(const char *path); // follows links
bool sp_is_dir(const char *path);
int64_t sp_file_size(const char *path); // -1 = no regular file
// Copy by FICLONE, else hardlink when allowed, else bytes; how: 'r', 'h', 'c' (may be NULL).
int sp_file_copy(const char *from, const char *to, bool may_hardlink, char *how,
                 struct sp_err *err);
// The same; check sees the copy under its temp name, and what it refuses (<0) gets no other one.
typedef int (*sp_copy_check_fn)(void *ud, const char *path, struct sp_err *err);
int sp_file_copy_checked(const char *from, const char *to, bool may_hardlink, char *how,
                         sp_copy_check_fn check, void *ud, struct sp_err *err);
uint64_t sp_free_bytes(const char *dir); // UINT64_MAX = unknown
// Names in a folder, sorted, without "." and ".."; heap. SP_ENOTFOUND: there is no such folder.
struct sp_names {
    char **v;
    size_t n, cap;
};
int sp_dir_list(struct sp_names *out, const char *dir, struct sp_err *err);
void sp_names_fini(struct sp_names *l);
// Directory walk, depth first, sorted by name, links not followed into directories. cb returns <0
// to stop with that code. rel is relative to root.
typedef int (*sp_walk_fn)(void *ud, const char *rel, const struct stat *st, struct sp_err *err);
int sp_walk(const char *root, sp_walk_fn cb, void *ud, struct sp_err *err);

#endif
