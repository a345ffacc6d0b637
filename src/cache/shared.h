// Private to cache: the store of Xet files that all repos of a cache share. spoke links from it and
// collects its garbage; it publishes nothing, as only files fetched by Xet belong there.
#ifndef SPOKE_CACHE_SHARED_H
#define SPOKE_CACHE_SHARED_H

#include "cache/cache.h"

bool cache_shared_is_store(const char *root); // root/blobs with the marker of a layout we know
// Makes repo blob <etag> a link to the entry if there is a sound one: right size and, when sha256
// is given, right content. true = done.
bool cache_shared_link(const struct cache_repo *r, const char *etag, const char *xet_hash,
                       int64_t size, const char *sha256);
// Entry that a repo blob links to (heap path), NULL = it is no managed link.
char *cache_shared_target(const char *root, const char *blob_path);
// All entries, with valid references counted: SIZE_MAX = manifest missing or unreadable (never
// delete).
typedef void (*cache_shared_fn)(void *ud, const char *path, uint64_t size, size_t refs_n);
void cache_shared_each(const char *root, cache_shared_fn fn, void *ud);
// References of one entry that are not in `going` (a set of blob paths); SIZE_MAX as above.
size_t cache_shared_refs_left(const char *root, const char *entry, const struct sp_map *going);
// Under the entry's lock: no valid reference → entry and manifest go. Returns bytes freed.
uint64_t cache_shared_sweep(const char *root, const char *entry);
// Valid lines of a manifest: "models--a--b/blobs/x". Exposed for fuzzing.
bool cache_shared_line_ok(sp_str line);

#endif
