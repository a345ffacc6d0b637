// Typed vectors. SP_VEC(struct term) terms = {0}; *sp_vec_push(&terms) = t; terms.v[i]; terms.n.
// Elements are moved by realloc: keep no pointers across a push. Dies when there is no memory.
#ifndef SPOKE_BASE_VEC_H
#define SPOKE_BASE_VEC_H

#include "base/mem.h"

#define SP_VEC(type)                                                                               \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }
void sp_vec_grow_(void **v, size_t *cap, size_t need, size_t size);
// Zeroed new last element.
#define sp_vec_push(vec)                                                                           \
    ({                                                                                             \
        __typeof__(vec) sp_v_ = (vec);                                                             \
        if (sp_v_->n == sp_v_->cap)                                                                \
            sp_vec_grow_((void **)&sp_v_->v, &sp_v_->cap, sp_v_->n + 1, sizeof *sp_v_->v);         \
        memset(&sp_v_->v[sp_v_->n], 0, sizeof *sp_v_->v);                                          \
        &sp_v_->v[sp_v_->n++];                                                                     \
    })
#define sp_vec_reserve(vec, want)                                                                  \
    sp_vec_grow_((void **)&(vec)->v, &(vec)->cap, (want), sizeof *(vec)->v)
#define sp_vec_fini(vec)                                                                           \
    do {                                                                                           \
        free((vec)->v);                                                                            \
        (vec)->v = NULL;                                                                           \
        (vec)->n = (vec)->cap = 0;                                                                 \
    } while (0)
#define SP_VEC_EACH(vec, it)                                                                       \
    for (__typeof__(*(vec)->v) *it = (vec)->v; it && it < (vec)->v + (vec)->n; it++)

#endif
