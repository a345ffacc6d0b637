// The allocators: those that end the program, the one that may fail, and arenas.
#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

#define ARENA_BLOCK_BYTES     ((size_t)16 * 1024) // first block; later ones double up to 1 MiB
#define ARENA_BLOCK_MAX_BYTES ((size_t)1 << 20)
#define ARENA_ALIGN           ((size_t)16)

struct sp_arena_block {
    struct sp_arena_block *next;
    size_t n, cap;
    _Alignas(16) char p[];
};

static void die_no_memory(size_t n) __attribute__((noreturn, cold));
static void die_no_memory(size_t n)
{
    fprintf(stderr, "spoke: out of memory (%zu bytes wanted)\n", n);
    abort();
}

void *sp_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        die_no_memory(n);
    return p;
}

void *sp_alloc_n(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        die_no_memory(SIZE_MAX);
    return sp_alloc(bytes);
}

void *sp_realloc(void *p, size_t n)
{
    SP_ASSERT(n > 0);
    void *q = realloc(p, n);
    if (!q)
        die_no_memory(n);
    return q;
}

char *sp_dup(const char *s)
{
    return s ? sp_dupn(s, strlen(s)) : NULL;
}

char *sp_dupn(const char *p, size_t n)
{
    SP_ASSERT(n < SIZE_MAX);
    char *q = sp_realloc(NULL, n + 1);
    if (n)
        memcpy(q, p, n);
    q[n] = 0;
    return q;
}

char *sp_fmt(const char *fmt, ...)
{
    char *s = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        die_no_memory(0);
    return s;
}

int sp_try_alloc(void **out, size_t n, size_t ceiling, const char *what, struct sp_err *err)
{
    if (n > ceiling)
        return sp_fail(err, SP_ETOOBIG, "%s: %zu bytes, at most %zu are allowed", what, n, ceiling);
    void *p = calloc(1, n ? n : 1);
    if (!p)
        return sp_fail(err, SP_EINTERNAL, "%s: no memory for %zu bytes", what, n);
    *out = p;
    return 0;
}

static void *arena_take(struct sp_arena *a, size_t n)
{
    if (n > SIZE_MAX / 2)
        return NULL;
    size_t need = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
    if (need == 0)
        need = ARENA_ALIGN;
    if (a->ceiling && (a->used > a->ceiling || need > a->ceiling - a->used))
        return NULL;
    struct sp_arena_block *b = a->head;
    if (!b || b->cap - b->n < need) {
        size_t cap = b ? b->cap * 2 : ARENA_BLOCK_BYTES;
        if (cap > ARENA_BLOCK_MAX_BYTES)
            cap = ARENA_BLOCK_MAX_BYTES;
        if (cap < need)
            cap = need;
        b = sp_realloc(NULL, sizeof *b + cap);
        b->n = 0;
        b->cap = cap;
        b->next = a->head;
        a->head = b;
    }
    void *p = b->p + b->n;
    b->n += need;
    a->used += need;
    return p;
}

void *sp_arena_try(struct sp_arena *a, size_t n)
{
    void *p = arena_take(a, n);
    return p ? memset(p, 0, n) : NULL;
}

void *sp_arena_alloc(struct sp_arena *a, size_t n)
{
    void *p = sp_arena_try(a, n);
    if (!p)
        die_no_memory(n);
    return p;
}

char *sp_arena_dupn(struct sp_arena *a, const char *p, size_t n)
{
    SP_ASSERT(n < SIZE_MAX);
    char *q = arena_take(a, n + 1);
    if (!q)
        die_no_memory(n + 1);
    if (n)
        memcpy(q, p, n);
    q[n] = 0;
    return q;
}

char *sp_arena_fmt(struct sp_arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    SP_ASSERT(n >= 0);
    char *s = sp_arena_alloc(a, (size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

void sp_arena_reset(struct sp_arena *a)
{
    struct sp_arena_block *keep = a->head;
    if (keep) {
        for (struct sp_arena_block *b = keep->next, *next; b; b = next) {
            next = b->next;
            free(b);
        }
        keep->next = NULL;
        keep->n = 0;
    }
    a->used = 0;
}

void sp_arena_fini(struct sp_arena *a)
{
    for (struct sp_arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    a->head = NULL;
    a->used = 0;
}
