// Private to xfer: what one download, snapshot or upload call carries around.
#ifndef SPOKE_XFER_CTX_H
#define SPOKE_XFER_CTX_H

#include "xfer/xfer.h"

struct xfer_ctx {
    const struct hub_repo *repo;
    const char *rev; // never NULL
    const struct xfer_opts *o;
    struct cache_repo cache;
    struct hub *hub; // made at the first request, see xfer_ctx_hub
    bool offline;    // asked for, or by the settings
    bool pinned;     // rev is a commit
};
int xfer_ctx_init(struct xfer_ctx *x, const struct hub_repo *r, const char *rev,
                  const struct xfer_opts *o, struct sp_err *err);
void xfer_ctx_fini(struct xfer_ctx *x);
// The REST client; the first call makes it, so a cached request never does. Not thread-safe: call
// it once before threads start.
int xfer_ctx_hub(struct xfer_ctx *x, struct sp_err *err);
static inline const struct sp_cancel *xfer_cancel(const struct xfer_ctx *x)
{
    return x->o ? x->o->cancel : NULL;
}
static inline struct sp_progress *xfer_progress(const struct xfer_ctx *x)
{
    return x->o ? x->o->progress : NULL;
}
unsigned xfer_workers(unsigned asked); // 0 = settings
// refs/<rev> → commit, where rev is a name and the cache can be written.
void xfer_note_ref(struct xfer_ctx *x, const char *commit);
bool xfer_is_network_trouble(int code); // what a cached copy may stand in for, and a retry may cure
// The Hub said that there is no such file or revision, or the user has had enough: no copy on disk
// stands in for that. For every other refusal one does, as in huggingface_hub.
bool xfer_is_final(int code);
// download.c: HEAD; without a copy on disk (have) once more, patiently, after network trouble.
int xfer_meta_get(struct hub_meta *m, struct xfer_ctx *x, const char *file, bool have,
                  size_t *requests, struct sp_err *err);

static inline void hub_freep(struct hub **h)
{
    hub_free(*h);
    *h = NULL;
}
static inline void cache_store_close_drop(struct cache_store **s)
{
    cache_store_close(s, false);
}

// download.c: one file of a known commit whose metadata is known, into the cache. *fetched = bytes
// went over the wire. durable false: the caller syncs before it writes the ref.
struct xfer_file {
    const char *path, *etag, *sha256;
    const char *xet_hash; // for the shared store of the cache; a local folder has no use for it
    int64_t size;
    const char *url;       // NULL = resolve URL of commit and path
    bool foreign, durable; // foreign: no token to url
};
// download.c: the file at path as HEAD told about it; its bytes are added to the progress that is
// expected. Points into m.
struct xfer_file xfer_file_of_meta(struct xfer_ctx *x, const char *path, const struct hub_meta *m);
// fetch.c: the missing bytes of f into a store that was begun, then the hash check and the name.
// Bytes of an earlier run that turn out to be damaged are fetched once more.
int xfer_fetch_file(struct xfer_ctx *x, struct cache_store *s, const char *commit,
                    const struct xfer_file *f, struct sp_err *err);
int xfer_file_to_cache(char **path_out, bool *fetched, struct xfer_ctx *x, const char *commit,
                       const struct xfer_file *f, struct sp_err *err);
// local.c: the same into o->local_dir.
int xfer_file_to_local(char **path_out, bool *fetched, struct xfer_ctx *x, const char *commit,
                       const struct xfer_file *f, struct sp_err *err);
int xfer_local_download(struct xfer_done *out, struct xfer_ctx *x, const char *file,
                        struct sp_err *err);
// A whole revision whose file list or commit ("" = unknown) is not to be had; `why` = what the
// network said. The cached files of the commit are copied into o->local_dir …
int xfer_local_from_snapshot(struct xfer_ctx *x, const char *commit, const struct sp_filter *f,
                             const struct sp_err *why, struct sp_err *err);
// … and the folder is the answer if it holds anything, else `why` is the error.
int xfer_local_as_is(struct xfer_done *out, struct xfer_ctx *x, const char *commit,
                     const struct sp_err *why, struct sp_err *err);

// download.c: "sha256" of an etag: an LFS object's etag is its SHA-256.
static inline const char *xfer_sha256_of(const char *etag)
{
    return sp_is_hex(sp_cstr(etag), 64) ? etag : NULL;
}

// snapshot.c: commit of rev and the complete tree, from the cache where it is there. requests
// counts.
int xfer_tree_get(struct cache_tree *out, struct xfer_ctx *x, const char *commit, size_t *requests,
                  struct sp_err *err);
int xfer_commit_get(char commit[41], struct xfer_ctx *x, size_t *requests, bool *online,
                    struct sp_err *err);

const char *xfer_type_flag(enum hub_type t); // miss.c: " --type dataset", "" = model
// miss.c: the error for "not in the cache and cannot be fetched"; `why` = the network's error or
// NULL when offline was asked for. file NULL = whole snapshot. Returns the code.
int xfer_miss(struct xfer_ctx *x, const char *file, const struct sp_err *why, struct sp_err *err);
int xfer_incomplete(struct xfer_ctx *x, const char *commit, const char *const *missing, size_t n,
                    const struct sp_err *why, struct sp_err *err);

// select.c: local files of an upload, sorted by path in the repo.
struct xfer_pick {
    char *local; // OS path
    char *path;  // path in the repo
    uint64_t size;
    struct sp_source *src; // opened when needed
    bool lfs, skip;
    char oid[65]; // content id: SHA-256 (lfs) or git SHA-1
};
struct xfer_picks {
    SP_VEC(struct xfer_pick) list;
    char *gitignore; // content of a .gitignore at the folder's top, NULL
    size_t gitignore_n;
    char *readme; // local path of what becomes README.md at the repo's root, NULL
};
int xfer_pick_files(struct xfer_picks *out, const char *local, const struct xfer_upload_opts *o,
                    struct sp_err *err);
struct sp_source *xfer_lazy_source(const char *path, uint64_t size); // lazy_source.c
void xfer_picks_fini(struct xfer_picks *p);
size_t xfer_list_len(const char *const *list); // of a NULL-terminated list, NULL = 0

// upload_objects.c: hashes what must be hashed (oid, and skip for what the Hub has already:
// ask[i].oid) and sends LFS objects; *done counts them. hub.h's preupload answers stand in ask.
int xfer_upload_objects(struct xfer_uploaded *done, struct hub *h, const struct hub_repo *r,
                        const char *rev, struct xfer_picks *picks, const struct hub_preupload *ask,
                        const struct xfer_upload_opts *o, struct sp_err *err);
// upload_send.c: decide by preupload, hash, send LFS objects, commit.
int xfer_send(struct xfer_uploaded *out, struct hub *h, const struct hub_repo *r, const char *rev,
              struct xfer_picks *picks, const char *const *deletes, size_t deletes_n,
              const struct xfer_upload_opts *o, struct sp_err *err);
// delete_files.c: remote paths that match patterns (relative to prefix), without .gitattributes.
int xfer_match_remote(struct cache_names *out, struct hub *h, const struct hub_repo *r,
                      const char *rev, const char *prefix, const char *const *patterns,
                      struct sp_err *err);

#endif
