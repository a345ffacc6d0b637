// server: the Hub you can host. Joins net/http (wire), meta (rows), git (history) and obj_store
// (large content). Every route is a row of routes.def with its permission, body limit and the
// client call that uses it. Life of a request: net parses → srv_before (who asks, which repo, may
// they) → handler → srv_fail on error → srv_done (access line, counters).
#ifndef SPOKE_SERVER_H
#define SPOKE_SERVER_H

#include "meta/meta.h"
#include "net/http.h"

// ---- the whole server (serve.c owns it)

struct srv_git;
struct obj_store;
struct srv_known;
struct srv_counters;
struct srv {
    char *dir; // data folder
    struct meta *meta;
    struct obj_store *objects;
    struct srv_git *git;
    struct http_server *http;
    struct http_router *router;
    uint8_t secret[32]; // HMAC key for tokens and signed links
    struct srv_limits *limits;
    struct srv_metrics *metrics;
    struct sp_cancel stop;
    const char *public_url;
    bool tls;
    const char *cors_origin;       // "*", "none" or one origin
    struct srv_known *known;       // caches of tokens and repositories (known.h)
    struct srv_counters *counters; // downloads, written once a minute (counters.c)
};

// ---- who asks, for which repo (auth.c)

struct srv_who {
    int64_t user_id; // 0 = anonymous
    sp_str user;
    enum meta_role role; // of the token
    int64_t token_id;
    sp_str token_name;
    int64_t token_created_ms;
    bool bad_token; // a token was sent, but is unknown or expired
};
struct srv_ctx { // q->user
    struct srv *srv;
    struct srv_who who;
    struct meta_repo repo; // filled for routes with a repo; repo.id 0 = none
    bool may_write;
};
static inline struct srv_ctx *srv_ctx(const struct http_req *q)
{
    return (struct srv_ctx *)q->user;
}
// Permissions (column of routes.def). ANY: everybody, no token looked at beyond logging; USER: a
// valid token; USER_WRITE: a valid write token; VISITOR: everybody, but a token that is sent must
// be valid; REPO_READ: may see the repo; REPO_WRITE: owner with a write token; REPO_ADMIN: owner
// with a write token (settings, delete); SIGNED: the handler checks a signed link.
enum srv_perm {
    SRV_ANY,
    SRV_VISITOR,
    SRV_USER,
    SRV_USER_WRITE,
    SRV_REPO_READ,
    SRV_REPO_WRITE,
    SRV_REPO_ADMIN,
    SRV_SIGNED
};
// May this caller read/write the repo? Private repos that one may not see are SP_EREPO, never 403.
bool srv_may_read(const struct srv_who *w, const struct meta_repo *r);
bool srv_may_write(const struct srv_who *w, const struct meta_repo *r);
void srv_token_mac(const struct srv *s, sp_str token, uint8_t mac[HASH_SHA256_BYTES]);
// Signed links (LFS data): query string "?exp=…&sig=…" over method, path and the given facts;
// checked in constant time. Expiry in seconds from now.
char *srv_sign(struct http_req *q, const char *method, const char *path,
               int64_t ttl_s); // arena: "exp=…&sig=…"
int srv_sign_check(struct http_req *q, struct sp_err *err);

// After every change of a token, user or repository row: no request that begins later sees old
// rows.
struct srv_known;
void srv_known_drop(struct srv_known *k);
// A GET that hands out a file: counts one download per caller, repository and five minutes.
void srv_count_download(struct http_req *q);
// After main has moved: caches head, date, card and tags in the repository's row, for lists and
// filters. Fails only into the log; what it missed is made up at the next start. `why` may be NULL.
void srv_facts_refresh(struct srv *s, int64_t repo_id, const char *why);

// ---- answers (answer.c)

// "{endpoint}/[datasets/|spaces/]ns/name" of a repo, from the request's Host.
char *srv_repo_url(struct http_req *q, const struct meta_repo *r);
const char *srv_type_name(enum meta_repo_type t); // "model"
int srv_error(struct http_req *q, int status, const char *xcode, const char *text,
              struct sp_err *err); // answers
// Link: <absolute url with these query changes>; rel="next".
void srv_link_next(struct http_req *q, const char *cursor);
// Access-Control-Allow-Origin and what pages may see, when the request has an Origin.
void srv_cors(struct http_req *q, const struct srv *s);
// Parses JSON of a peer; the tree takes at most 32 MiB beside the text ("[[],[],[]…" would take 30
// times its own size).
int srv_json_parse(struct sp_json **out, sp_str text, struct sp_arena *a, struct sp_err *err);
// The same with the request's body; a large one counts as held memory (http_hold).
int srv_json_body(struct sp_json **out, struct http_req *q, size_t max, struct sp_err *err);

// ---- git (git*.c): one bare repository per repo, folder <data>/git/<id>.git

struct srv_git;
int srv_git_open(struct srv_git **out, const char *data_dir, struct sp_err *err);
void srv_git_close(struct srv_git *g);
// New bare repository with HEAD → refs/heads/main and the first commit "initial commit" holding
// .gitattributes (and for spaces/README as asked); durable on return.
int srv_git_create(struct srv_git *g, const struct meta_repo *r, const char *author,
                   char commit[41], struct sp_err *err); // SP_EEXIST
int srv_git_remove(struct srv_git *g, int64_t repo_id, struct sp_err *err);
// Revision → commit: branch, tag, full or unique short commit (≥ 7 hex), refs/pr/N, refs/convert/x.
int srv_git_resolve(char commit[41], struct srv_git *g, int64_t repo_id, sp_str rev,
                    struct sp_err *err); // SP_EREVISION
struct srv_commit {
    char oid[41], parent[41], tree[41];
    char *title, *message, *author;
    int64_t date_ms;
};
int srv_git_commit_info(struct srv_commit *out, struct srv_git *g, int64_t repo_id,
                        const char *commit, struct sp_arena *a, struct sp_err *err);
struct srv_entry {
    sp_str path;
    bool is_dir;
    char oid[41];
    uint64_t size; // real size (LFS: of the object)
    bool lfs;
    uint32_t pointer_size;
    const char *sha256; // of the object; NULL when not LFS
};
// Complete recursive listing of a commit, files and directories in git's order (a directory sorts
// as "name/"); cached by tree with a byte budget and reference-counted: release when done.
// Thread-safe.
struct srv_tree {
    const struct srv_entry *v;
    size_t n, files;
    uint64_t bytes; // sum of file sizes
    char tree[41];  // id of the root tree
};
int srv_git_tree(const struct srv_tree **out, struct srv_git *g, int64_t repo_id,
                 const char *commit, struct sp_err *err);
void srv_git_tree_release(struct srv_git *g, const struct srv_tree *t);
// One path of a commit. SP_ENOTFOUND.
int srv_git_entry(struct srv_entry *out, struct srv_git *g, int64_t repo_id, const char *commit,
                  sp_str path, struct sp_arena *a, struct sp_err *err);
// Content of a regular file (blob), at most max bytes.
int srv_git_blob(struct sp_buf *out, struct srv_git *g, int64_t repo_id, const char *oid,
                 size_t max, struct sp_err *err);
// Consistency: every ref's commits, trees, blobs and LFS pointers' objects exist. Problems
// appended.
int srv_git_fsck(struct srv_git *g, int64_t repo_id, struct obj_store *objs, struct sp_buf *report,
                 size_t *problems, struct sp_err *err);

// ---- large content (obj_store.c, obj_whole.c): objects/ab/cd/<sha256>

struct obj_ingest;
int obj_store_open(struct obj_store **out, const char *data_dir, struct sp_err *err);
void obj_store_close(struct obj_store *s);
bool obj_store_has(struct obj_store *s, const char *sha256, uint64_t *size_out);
int obj_ingest_begin(struct obj_ingest **out, struct obj_store *s, const char *sha256,
                     uint64_t size, struct sp_err *err);
// The bytes are put where obj_ingest_room says (*n of them at most, 0 = the promised size is
// reached), then counted, hashed and on their way to the disk with obj_ingest_added.
int obj_ingest_room(struct obj_ingest *i, char **p, size_t *n, struct sp_err *err);
int obj_ingest_added(struct obj_ingest *i, size_t n, struct sp_err *err);
int obj_ingest_commit(struct obj_ingest *i,
                      struct sp_err *err);    // SP_EHASH, SP_EINCOMPLETE; durable on 0
void obj_ingest_abort(struct obj_ingest **i); // after commit: only frees
int obj_store_source(struct sp_source **out, struct obj_store *s, const char *sha256,
                     struct sp_err *err);
int obj_store_remove(struct obj_store *s, const char *sha256, struct sp_err *err);
int obj_store_each(struct obj_store *s,
                   int (*cb)(void *ud, const char *sha256, uint64_t size, int64_t mtime_ms,
                             struct sp_err *err),
                   void *ud, struct sp_err *err);

// ---- limits: each a setting (rows of settings.def)

struct srv_limits {
    uint64_t commit_body, json_body, lfs_object, preupload_body;
    unsigned files_per_commit, tree_page, tree_expand_page, list_page, paths_info, lfs_batch;
};

#endif
