// memo: immutable answers kept in memory under a byte budget (tree of a commit, path→entry of a
// commit, small blobs). Values are reference-counted: a value that somebody holds outlives its
// eviction. The newest value is kept even when it alone is over the budget, so that a listing that
// is read page by page is built once. Thread-safe.
#ifndef SPOKE_SERVER_MEMO_H
#define SPOKE_SERVER_MEMO_H

#include "base/base.h"

// First member of every value; the fields are memo.c's.
struct srv_memo_item {
    struct srv_memo_item *chain, *older, *newer;
    char *key;
    size_t key_n, cost;
    uint64_t hash;
    unsigned refs; // holders, and one while it can be found
    bool listed;
};
struct srv_memo;
// shards: 1 for few large values, 16 for many small ones; the budget is divided among them.
struct srv_memo *srv_memo_new(size_t budget_bytes, unsigned shards,
                              void (*free_value)(void *value));
void srv_memo_free(struct srv_memo *m);
// Held until srv_memo_release; NULL = absent.
void *srv_memo_get(struct srv_memo *m, sp_str key);
// Takes the value and leaves it held by the caller; a value that was there under this key is
// replaced.
void srv_memo_put(struct srv_memo *m, sp_str key, void *value, size_t cost_bytes);
void srv_memo_release(struct srv_memo *m, void *value); // NULL-safe
// Forgets every key that begins with prefix (the 8 bytes of a repository's id).
void srv_memo_drop(struct srv_memo *m, sp_str prefix);
size_t srv_memo_bytes(struct srv_memo *m);

#endif
