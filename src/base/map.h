// Hash map from bytes to a pointer; keys are copied. Iteration order is unspecified.
#ifndef SPOKE_BASE_MAP_H
#define SPOKE_BASE_MAP_H

#include "base/str.h"

struct sp_map {
    struct sp_map_slot *slots;
    size_t n, cap, dead;
};
void *sp_map_get(const struct sp_map *m, sp_str key);        // NULL = absent
bool sp_map_has(const struct sp_map *m, sp_str key);         // also finds NULL values
void *sp_map_put(struct sp_map *m, sp_str key, void *value); // returns the value replaced
void *sp_map_del(struct sp_map *m, sp_str key);
// size_t it = 0; while (sp_map_next(&m, &it, &key, &value)) …; no put/del while iterating.
bool sp_map_next(const struct sp_map *m, size_t *it, sp_str *key, void **value);
void sp_map_fini(struct sp_map *m,
                 void (*free_value)(void *)); // free_value NULL = values not owned

#endif
