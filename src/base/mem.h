// Memory. Small allocations die when there is none; sizes that come from a file, the wire or a user
// go through sp_try_alloc with a ceiling. Cleanup attributes stand at the declaration.
#ifndef SPOKE_BASE_MEM_H
#define SPOKE_BASE_MEM_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *sp_alloc(size_t n) __attribute__((malloc, returns_nonnull));        // zeroed; dies
void *sp_realloc(void *p, size_t n);                                      // dies; n > 0
char *sp_dup(const char *s);                                              // NULL → NULL
char *sp_dupn(const char *p, size_t n);                                   // NUL-terminated copy
char *sp_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2))); // heap, dies
// *out zeroed, n bytes; SP_ETOOBIG above ceiling ("what" names the thing), SP_EINTERNAL on no
// memory.
int sp_try_alloc(void **out, size_t n, size_t ceiling, const char *what, struct sp_err *err);
#define sp_new(type)      ((type *)sp_alloc(sizeof(type)))
#define sp_new_n(type, n) ((type *)sp_alloc_n((n), sizeof(type)))
void *sp_alloc_n(size_t n, size_t size); // checks overflow; dies

static inline void sp_freep_(void *pp)
{
    void *p;
    __builtin_memcpy(&p, pp, sizeof p);
    free(p);
}
static inline void sp_closep_(int *fd)
{
    if (*fd >= 0) {
        int keep = errno;
        close(*fd);
        errno = keep;
    }
}
static inline void sp_fclosep_(FILE **f)
{
    if (*f)
        fclose(*f);
}
#define SP_AUTO(fini) __attribute__((cleanup(fini)))
#define SP_AUTO_FREE  SP_AUTO(sp_freep_)  // SP_AUTO_FREE char *p = NULL;
#define SP_AUTO_FD    SP_AUTO(sp_closep_) // SP_AUTO_FD int fd = -1;
#define SP_AUTO_FILE  SP_AUTO(sp_fclosep_)
#define sp_take(pp)                                                                                \
    ({                                                                                             \
        __typeof__(*(pp)) sp_t_ = *(pp);                                                           \
        *(pp) = NULL;                                                                              \
        sp_t_;                                                                                     \
    })
#define sp_take_fd(p)                                                                              \
    ({                                                                                             \
        int sp_t_ = *(p);                                                                          \
        *(p) = -1;                                                                                 \
        sp_t_;                                                                                     \
    })

// Arena: many small pieces freed at once. Zero value is an empty arena. Dies when there is no
// memory; callers bound what they put in (ceiling 0 = none; with a ceiling sp_arena_try returns
// NULL past it and sp_arena_alloc dies).
struct sp_arena {
    struct sp_arena_block *head;
    size_t used, ceiling;
};
void *sp_arena_alloc(struct sp_arena *a, size_t n);               // zeroed, 16-byte aligned
void *sp_arena_try(struct sp_arena *a, size_t n);                 // NULL past the ceiling
char *sp_arena_dupn(struct sp_arena *a, const char *p, size_t n); // NUL-terminated
char *sp_arena_fmt(struct sp_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sp_arena_reset(struct sp_arena *a); // keeps one block
void sp_arena_fini(struct sp_arena *a);
#define sp_arena_new(a, type) ((type *)sp_arena_alloc((a), sizeof(type)))

#endif
