// cache: the hub cache on disk exactly as huggingface_hub 2.4.0 has it, shared with Python
// processes at the same time. It makes no request. Promises: a blob gets its name only after every
// byte was hashed; whatever is found corrupt is repaired or refused, never returned; lookups write
// nothing. All functions are thread-safe (state is on disk); a struct cache_store is shared by
// threads only for cache_store_write.
//
// Fault points (SPOKE_FAULT, base/fault.h), in the order of a download:
//   cache.begin       before the blob's folder and lock are made
//   cache.write       before bytes are written into the temp file
//   cache.written     all bytes are written, nothing is checked
//   cache.fsync       size and hash are right, before fsync
//   cache.rename      before the temp file gets its name
//   cache.renamed     the blob has its name, the snapshot does not know it
//   cache.link        before snapshots/<commit>/<file> is made
//   cache.linked      after it
//   cache.ref         before refs/<name> is written
//   cache.tree        before trees/<commit>.json is written
//   cache.local.note  before a local dir's .metadata is written
//   cache.delete      before each step of a deletion
#ifndef SPOKE_CACHE_H
#define SPOKE_CACHE_H

#include "hash/hash.h"

struct cache_repo { // one repo's folder
    char *root;     // the hub cache directory
    char *dir;      // root/models--ns--name
    char *locks;    // root/.locks/models--ns--name
    char *folder;   // "models--ns--name"
};
// root NULL = settings. type_plural: "models"; id "ns/name".
int cache_repo_init(struct cache_repo *out, const char *root, const char *type_plural,
                    const char *id, struct sp_err *err);
void cache_repo_fini(struct cache_repo *r);
const char *cache_root_default(void); // hub cache of the settings
// Refuses what must not become a file name: "/", NUL, "..", "", > 240 bytes. SP_EFORMAT.
int cache_etag_check(sp_str etag, struct sp_err *err);

// ---- refs (ref.c)

// Commit that refs/<rev> names; rev that is a commit is returned as is. SP_ENOTFOUND.
int cache_ref_read(char commit[41], const struct cache_repo *r, const char *rev,
                   struct sp_err *err);
// Best effort on a read-only cache: SP_EACCESS is returned, nothing is left behind.
int cache_ref_write(const struct cache_repo *r, const char *rev, const char *commit,
                    struct sp_err *err);

// ---- lookup (lookup.c)

enum cache_found { CACHE_MISS = 0, CACHE_HIT = 1, CACHE_KNOWN_ABSENT = 2 };
// rev: branch, tag or commit. HIT: *path_out (heap) = …/snapshots/<commit>/<file>, not resolved.
int cache_lookup(char **path_out, const struct cache_repo *r, const char *rev, const char *file,
                 struct sp_err *err); // enum cache_found or <0
// The same for one file that is about to be used: a size other than the one that the cached listing
// of the commit has makes it a MISS (logged). Long listings are not read: that would cost more.
int cache_lookup_whole(char **path_out, const struct cache_repo *r, const char *rev,
                       const char *file, struct sp_err *err);
int cache_no_exist_put(const struct cache_repo *r, const char *commit, const char *file,
                       struct sp_err *err);
char *cache_snapshot_dir(const struct cache_repo *r, const char *commit); // heap; need not exist
char *cache_snapshot_path(const struct cache_repo *r, const char *commit, const char *file);
bool cache_has_blob(const struct cache_repo *r, const char *etag, int64_t size); // size -1 = any
// What is there instead, for messages: commits with snapshots, files of one, refs. Lists of heap
// strings.
struct cache_names {
    struct sp_names list;
};
int cache_commits(struct cache_names *out, const struct cache_repo *r, struct sp_err *err);
int cache_snapshot_files(struct cache_names *out, const struct cache_repo *r, const char *commit,
                         struct sp_err *err);
void cache_names_fini(struct cache_names *n);

// ---- trees (tree.c): trees/<commit>.json

struct cache_tree_file {
    char *path;
    uint64_t size;
    char blob_id[41];
    char lfs_sha256[65]; // "" = regular
    uint64_t lfs_size;
    char xet_hash[65];
};
struct cache_tree {
    SP_VEC(struct cache_tree_file) files;
    struct sp_arena arena;
};
// dir: repo->dir or <local_dir>/.cache/huggingface. SP_ENOTFOUND, also for corrupt files (logged).
int cache_tree_read(struct cache_tree *out, const char *dir, const char *commit,
                    struct sp_err *err);
// The same from text (for fuzzing and for listings from elsewhere): SP_EFORMAT says what is wrong.
int cache_tree_parse(struct cache_tree *out, sp_str text, struct sp_err *err);
// Size of one file by the cached listing, -1 = not known. A listing above max bytes is scanned for
// the one line instead of parsed.
int64_t cache_tree_size_of(const char *dir, const char *commit, const char *file, size_t max);
int cache_tree_write(const char *dir, const char *commit, const struct cache_tree *t,
                     struct sp_err *err);
void cache_tree_fini(struct cache_tree *t);

// ---- store (store.c): bringing a blob in

// Begin takes the blob's lock (waits), adopts or makes a partial file; the caller writes ranges in
// any order; commit checks size and hash over all bytes, makes them durable and renames.
struct cache_store;
struct cache_want {
    const char *etag;     // blob name
    int64_t size;         // -1 = unknown
    const char *sha256;   // expected hash, NULL when etag is a git SHA-1 or not a hash
    const char *xet_hash; // for the shared store, NULL
    bool force;           // replace an existing blob
};
enum { CACHE_STORE_READY = 0, CACHE_STORE_PRESENT = 1 };
// PRESENT: the blob is there (another process was faster, or the shared store had it): nothing to
// do.
int cache_store_begin(struct cache_store **out, const struct cache_repo *r,
                      const struct cache_want *w, const struct sp_cancel *c, struct sp_err *err);
uint64_t cache_store_have(const struct cache_store *s); // bytes [0, n) resumed from before
int cache_store_write(struct cache_store *s, const void *p, size_t n, uint64_t off,
                      struct sp_err *err); // thread-safe
// Forgets what was written: the bytes come again from 0. Only while nobody writes.
int cache_store_restart(struct cache_store *s, struct sp_err *err);
// Sequential writers hash while they write: call with off == bytes so far and commit need not read
// again.
int cache_store_commit(struct cache_store *s, bool durable_now,
                       struct sp_err *err); // SP_EHASH discards the partial
// After SP_EHASH: true = part of the bytes came from an earlier run; the store is empty again and
// the whole file may be fetched and committed once more. false = the store is only good for
// closing.
bool cache_store_again(const struct cache_store *s);
// Keeps the partial for a later resume (keep) or removes it. Frees. Safe after commit.
void cache_store_close(struct cache_store **s, bool keep);
// fsync of many blobs at once before refs are written (snapshots).
int cache_store_sync(const struct cache_repo *r, struct sp_err *err);
// Pointer snapshots/<commit>/<file> → blob; moves or copies in no-symlink mode. *path_out heap.
int cache_link(char **path_out, const struct cache_repo *r, const char *commit, const char *file,
               const char *etag, bool fresh, struct sp_err *err);

// ---- local dirs (localdir.c)

struct cache_local_meta {
    char commit[41];
    char etag[SP_LIM_ETAG_BYTES + 1];
    double timestamp;
};
// 1 = valid metadata and the file is there, 0 = none or stale; <0 error.
int cache_local_read(struct cache_local_meta *out, const char *dir, const char *file,
                     struct sp_err *err);
// The three lines of a metadata file; false = not one.
bool cache_local_parse(struct cache_local_meta *out, sp_str text);
int cache_local_write(const char *dir, const char *file, const char *commit, const char *etag,
                      struct sp_err *err);
int cache_local_lock(struct sp_lock *out, const char *dir, const char *file,
                     const struct sp_cancel *c, struct sp_err *err);
int cache_local_init(const char *dir,
                     struct sp_err *err); // .cache/huggingface/{CACHEDIR.TAG,.gitignore}
// Same begin/write/commit/close, into <dir>/<file> with the temp file beside the metadata.
int cache_local_begin(struct cache_store **out, const char *dir, const char *file,
                      const struct cache_want *w, const struct sp_cancel *c, struct sp_err *err);

// ---- scan, delete, prune, verify

struct cache_scan_file {
    char *path; // in the repo
    char *blob; // path of the blob
    uint64_t size;
    int64_t accessed_ms, modified_ms;
};
struct cache_scan_rev {
    char commit[41];
    char *snapshot;
    SP_VEC(struct cache_scan_file) files;
    SP_VEC(char *) refs;
    uint64_t size;
    int64_t modified_ms;
};
struct cache_scan_repo {
    char *type; // "model"
    char *id, *dir;
    SP_VEC(struct cache_scan_rev) revs;
    uint64_t size, blobs_n;
    int64_t accessed_ms, modified_ms;
};
struct cache_scan {
    SP_VEC(struct cache_scan_repo) repos;
    SP_VEC(char *) warnings;
    SP_VEC(char *) incomplete; // */blobs/*.incomplete
    SP_VEC(char *) orphans;    // blobs that no snapshot names, shared blobs without references
    char *root;                // real path
    uint64_t size, incomplete_size, orphan_size;
    struct sp_arena arena;
};
int cache_scan_run(struct cache_scan *out, const char *root, struct sp_err *err); // NULL = settings
void cache_scan_fini(struct cache_scan *s);
struct cache_plan {         // what a delete would do
    SP_VEC(char *) paths;   // files, folders
    SP_VEC(char *) repos;   // repo folders that must have no download running
    SP_VEC(char *) missing; // targets that name nothing in the cache
    uint64_t freed;         // bytes
    size_t incomplete;      // partial downloads among paths
    struct sp_arena arena;
};
// targets, as of `hf cache rm`: "model/ns/name", commit hashes, "hf://[models/]ns/name[/file]".
// Some missing: they are listed in `missing`; all missing: SP_ENOTFOUND. Files cannot be mixed with
// the other two (SP_EUSAGE).
int cache_plan_delete(struct cache_plan *out, const struct cache_scan *s,
                      const char *const *targets, size_t n, struct sp_err *err);
// Revisions without refs, incomplete downloads that nobody is busy with, blobs without snapshots,
// shared blobs without links.
int cache_plan_prune(struct cache_plan *out, const struct cache_scan *s, struct sp_err *err);
// SP_ELOCKED while a download into one of `repos` runs: nothing is removed then. Otherwise removes
// what it can and returns the first error. Files that another process is downloading are kept.
int cache_plan_run(const struct cache_plan *p, const char *root, struct sp_err *err);
void cache_plan_fini(struct cache_plan *p);
struct cache_verify_row {
    char *path;
    const char *state;       // "ok", "mismatch", "missing", "extra"
    char *expected, *actual; // hashes
};
struct cache_verify {
    SP_VEC(struct cache_verify_row) rows; // all but "ok"
    size_t checked;
    struct sp_arena arena;
};
// Compares files of dir (snapshot or local dir) with the tree, hashing in parallel.
int cache_verify_run(struct cache_verify *out, const char *dir, const struct cache_tree *t,
                     struct sp_progress *p, struct sp_err *err);
void cache_verify_fini(struct cache_verify *v);

#endif
