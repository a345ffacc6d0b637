// Open addressing with linear probing; removed slots stay as tombstones until the next growth.
#include "base/map.h"

#define MAP_FIRST_SLOTS ((size_t)16) // a power of two, as is every size

struct sp_map_slot {
    char *key; // NULL = never used
    size_t key_n;
    uint64_t hash;
    void *value;
    bool dead;
};

static struct sp_map_slot *find(const struct sp_map *m, sp_str key, uint64_t hash)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct sp_map_slot *s = &m->slots[i];
        if (!s->key && !s->dead)
            return NULL;
        if (!s->dead && s->hash == hash && sp_eq((sp_str){s->key, s->key_n}, key))
            return s;
    }
}

static void resize(struct sp_map *m)
{
    // At most half full of live keys after the rebuild; tombstones are dropped by it.
    size_t cap = MAP_FIRST_SLOTS;
    while (cap < (m->n + 1) * 2)
        cap *= 2;
    struct sp_map_slot *slots = sp_new_n(struct sp_map_slot, cap);
    for (size_t i = 0; i < m->cap; i++) {
        if (!m->slots[i].key)
            continue;
        size_t at = m->slots[i].hash & (cap - 1);
        while (slots[at].key)
            at = (at + 1) & (cap - 1);
        slots[at] = m->slots[i];
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    m->dead = 0;
}

void *sp_map_get(const struct sp_map *m, sp_str key)
{
    struct sp_map_slot *s = m->n ? find(m, key, sp_str_hash(key)) : NULL;
    return s ? s->value : NULL;
}

bool sp_map_has(const struct sp_map *m, sp_str key)
{
    return m->n && find(m, key, sp_str_hash(key));
}

void *sp_map_put(struct sp_map *m, sp_str key, void *value)
{
    uint64_t hash = sp_str_hash(key);
    struct sp_map_slot *s = find(m, key, hash);
    if (s) {
        void *old = s->value;
        s->value = value;
        return old;
    }
    if ((m->n + m->dead + 1) * 4 > m->cap * 3)
        resize(m);
    size_t at = hash & (m->cap - 1);
    while (m->slots[at].key)
        at = (at + 1) & (m->cap - 1);
    s = &m->slots[at];
    if (s->dead)
        m->dead--;
    *s = (struct sp_map_slot){sp_str_dup(key), key.n, hash, value, false};
    m->n++;
    return NULL;
}

void *sp_map_del(struct sp_map *m, sp_str key)
{
    struct sp_map_slot *s = m->n ? find(m, key, sp_str_hash(key)) : NULL;
    if (!s)
        return NULL;
    void *old = s->value;
    free(s->key);
    *s = (struct sp_map_slot){.dead = true};
    m->n--;
    m->dead++;
    return old;
}

bool sp_map_next(const struct sp_map *m, size_t *it, sp_str *key, void **value)
{
    for (; *it < m->cap; (*it)++) {
        const struct sp_map_slot *s = &m->slots[*it];
        if (!s->key)
            continue;
        if (key)
            *key = (sp_str){s->key, s->key_n};
        if (value)
            *value = s->value;
        (*it)++;
        return true;
    }
    return false;
}

void sp_map_fini(struct sp_map *m, void (*free_value)(void *))
{
    for (size_t i = 0; i < m->cap; i++) {
        if (!m->slots[i].key)
            continue;
        free(m->slots[i].key);
        if (free_value)
            free_value(m->slots[i].value);
    }
    free(m->slots);
    *m = (struct sp_map){0};
}
