// xfer: what joins hub and cache: resolve, download, snapshot, upload. Resolution order: local
// directory → cache → offline guard → download. Promises: a commit-pinned, fully cached request
// makes no network call (and opens no curl); every byte is hashed before it gets a name;
// interrupted work resumes, also in another process; errors name repo, revision, file, what is
// cached instead, and the next command.
#ifndef SPOKE_XFER_H
#define SPOKE_XFER_H

#include "cache/cache.h"
#include "hub/hub.h"

struct xfer_opts {
    const char *cache_dir;        // NULL = settings
    const char *local_dir;        // NULL = cache mode
    const char *endpoint, *token; // NULL = settings
    bool force, offline;          // offline also from the settings: local files only
    unsigned workers;             // 0 = settings
    struct sp_progress *progress;
    const struct sp_cancel *cancel;
};
enum xfer_source { XFER_LOCAL, XFER_CACHED, XFER_FETCHED };
struct xfer_done {
    char *path; // file, or snapshot / local directory
    char commit[41];
    enum xfer_source source;
    size_t files, fetched, requests;
    uint64_t bytes, fetched_bytes;
};
int xfer_download(struct xfer_done *out, const struct hub_repo *r, const char *rev,
                  const char *file, const struct xfer_opts *o, struct sp_err *err);
int xfer_snapshot(struct xfer_done *out, const struct hub_repo *r, const char *rev,
                  const struct sp_filter *f, const struct xfer_opts *o, struct sp_err *err);
void xfer_done_fini(struct xfer_done *d);
// Dry run: what would be fetched.
struct xfer_plan_file {
    char *path;
    uint64_t size;
    bool cached;
};
struct xfer_plan {
    char commit[41];
    SP_VEC(struct xfer_plan_file) files;
    uint64_t total, to_fetch;
    struct sp_arena arena;
};
int xfer_plan_download(struct xfer_plan *out, const struct hub_repo *r, const char *rev,
                       const struct sp_filter *f, const struct xfer_opts *o, struct sp_err *err);
void xfer_plan_fini(struct xfer_plan *p);

struct xfer_upload_opts {
    const char *path_in_repo; // NULL = name of the file, root for folders
    const char *revision;     // NULL = main; made when missing
    const char *message, *description;
    const char *const *include, *const *exclude, *const *delete_patterns; // NULL-terminated or NULL
    const char *visibility; // for a repo that is created; NULL = server's default
    const char *space_sdk;
    bool create_pr, no_create_repo;
    bool growing;       // files may be appended to meanwhile: what they hold at the start goes
    const char *parent; // NULL = none
    const char *endpoint, *token;
    unsigned workers;
    struct sp_progress *progress;
    const struct sp_cancel *cancel;
};
struct xfer_uploaded {
    char commit[41];
    char *url;    // of the commit; when nothing changed, of the one that is there
    bool changed; // false = no commit was made
    size_t files, lfs_sent, lfs_present, skipped, deleted;
    uint64_t bytes_sent;
};
int xfer_upload(struct xfer_uploaded *out, const struct hub_repo *r, const char *local_path,
                const struct xfer_upload_opts *o, struct sp_err *err);
void xfer_uploaded_fini(struct xfer_uploaded *u);
// `repos delete-files`: one commit that removes what the patterns match.
int xfer_delete_files(struct xfer_uploaded *out, const struct hub_repo *r,
                      const char *const *patterns, const struct xfer_upload_opts *o,
                      struct sp_err *err);

#endif
