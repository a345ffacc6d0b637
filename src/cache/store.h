// Private to cache: what store.c and localdir.c share of a running store.
#ifndef SPOKE_CACHE_STORE_H
#define SPOKE_CACHE_STORE_H

#include "cache/cache.h"

struct cache_store_place {
    char *dir;   // where the temp file lies
    char *stem;  // its name without suffixes
    char *final; // path that it gets
};
// Takes ownership of the three strings and of the lock, also on failure.
int cache_store_open(struct cache_store **out, struct cache_store_place *place,
                     struct sp_lock *lock, const struct cache_want *w, struct sp_err *err);
void cache_store_place_fini(struct cache_store_place *p);

#endif
