// sp_source: random-access bytes, wherever they are. Readers of formats take only this, so they
// work on files, memory, the network and in fuzzers with the same code. read_at is thread-safe.
#ifndef SPOKE_BASE_SOURCE_H
#define SPOKE_BASE_SOURCE_H

#include "base/cancel.h"
#include "base/str.h"

struct sp_source;
struct sp_source_ops {
    // Reads up to n bytes at off; returns the count (short only at the end), <0 error.
    ssize_t (*read_at)(struct sp_source *s, void *buf, size_t n, uint64_t off,
                       const struct sp_cancel *c, struct sp_err *err);
    void (*release)(struct sp_source *s); // frees s
};
struct sp_source {
    const struct sp_source_ops *ops;
    uint64_t size;
    char *name;      // for messages; owned
    int fd;          // file descriptor for sendfile when the bytes are a plain file, else -1
    uint64_t fd_off; // where the source begins in fd
};
int sp_source_file(struct sp_source **out, const char *path, struct sp_err *err);
struct sp_source *sp_source_fd(int fd, uint64_t size, const char *name); // takes fd
struct sp_source *sp_source_mem(sp_str bytes, const char *name);         // borrows bytes
ssize_t sp_source_read(struct sp_source *s, void *buf, size_t n, uint64_t off, struct sp_err *err);
int sp_source_read_exact(struct sp_source *s, void *buf, size_t n, uint64_t off,
                         struct sp_err *err);
void sp_source_release(struct sp_source **s); // NULL-safe, sets NULL
#define SP_AUTO_SOURCE SP_AUTO(sp_source_release)

#endif
