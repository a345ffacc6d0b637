// Private to cache: where things lie and small checks that all files share.
#ifndef SPOKE_CACHE_LAYOUT_H
#define SPOKE_CACHE_LAYOUT_H

#include "cache/cache.h"

char *cache_layout_blob_path(const struct cache_repo *r, const char *etag); // heap
char *cache_layout_lock_path(const struct cache_repo *r, const char *etag); // heap
char *cache_layout_ref_path(const struct cache_repo *r, const char *rev);   // heap
char *cache_layout_absent_path(const struct cache_repo *r, const char *commit, const char *file);
bool cache_layout_is_commit(const char *s); // 40 lower-case hex digits
int cache_layout_commit_check(const char *commit, struct sp_err *err);
int cache_layout_rev_check(const char *rev, struct sp_err *err);
// "models--ns--name" → "model" and "ns/name" (into the arena); false = no folder of a repo.
bool cache_layout_parse_folder(const char **type, char **id, struct sp_arena *a,
                               const char *folder);
// Locks may hang or lie there, as file systems over a network do.
bool cache_layout_is_network(const char *dir);
// ETag that a name in blobs/ belongs to: "x", "x.<8hex>.incomplete", "x.incomplete",
// "x.spoke-resume".
sp_str cache_layout_etag_of(sp_str name);
// sweep.c: temp files of killed downloads. siblings: those of one stem, whose lock the caller
// holds; repo: all whose lock is free. Best effort.
void cache_sweep_siblings(const char *dir, const char *stem);
void cache_sweep_repo(const struct cache_repo *r);
bool cache_layout_is_junk(const char *name); // .DS_Store and the like, never ours
// Adds what to do about a cache that cannot be written, passes rc on.
int cache_layout_hint(int rc, struct sp_err *err);
int cache_layout_write_tag(const char *dir, struct sp_err *err); // CACHEDIR.TAG if absent
// The file's lock, for as long as it makes sense to wait. Correctness does not depend on it (every
// download has a temp name of its own), so a lock that cannot be had is logged and 0 is returned;
// only cancellation is an error.
int cache_layout_lock(struct sp_lock *out, const char *path, const struct sp_cancel *c,
                      struct sp_err *err);

#endif
