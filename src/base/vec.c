// The one growing step that all typed vectors share.
#include "base/vec.h"

void sp_vec_grow_(void **v, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return;
    size_t want = *cap < 4 ? 4 : *cap;
    while (want < need)
        want += want / 2;
    SP_ASSERT(want <= SIZE_MAX / 2 / size);
    *v = sp_realloc(*v, want * size);
    *cap = want;
}
