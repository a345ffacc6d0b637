// hub: REST client of the Hub API: repo ids, tokens, info, trees, refs, commits, LFS. It knows the
// wire, nothing of the cache. Promises: every answer is bounded and checked before it is believed;
// errors carry the Hub's code, message and request id; links of other hosts are brought back to the
// endpoint. A struct hub is thread-safe.
#ifndef SPOKE_HUB_H
#define SPOKE_HUB_H

#include "net/net.h"

enum hub_type { HUB_MODEL, HUB_DATASET, HUB_SPACE };
const char *hub_type_name(enum hub_type t);   // "model"
const char *hub_type_plural(enum hub_type t); // "models", as in /api/models and in cache folders
bool hub_type_parse(sp_str s, enum hub_type *out); // singular or plural

struct hub_repo {
    enum hub_type type;
    char id[2 * SP_LIM_REPO_PART_CHARS + 2]; // "ns/name" or "name"
};
// Validates as huggingface_hub's validate_repo_id does. SP_EINVALID with its text.
int hub_repo_id_check(sp_str id, struct sp_err *err);
int hub_repo_make(struct hub_repo *out, enum hub_type type, sp_str id, struct sp_err *err);
// "ns/name" (with dflt type), "datasets/ns/name", "hf://[type/]ns/name[@rev][/path]", web URLs of
// the endpoint. rev_out, path_out: heap or NULL when the form has none (arguments may be NULL).
int hub_repo_parse(struct hub_repo *out, sp_str text, enum hub_type dflt, char **rev_out,
                   char **path_out, struct sp_err *err);
bool hub_is_commit(sp_str rev); // exactly 40 lower-case hex digits

// ---- tokens (auth.c)

// Token in effect: flag, then env, then
// token file. *out heap or NULL when there is none; origin (static text) says where it came from.
int hub_token_get(char **out, const char **origin, struct sp_err *err);
int hub_token_active_save(const char *token, struct sp_err *err); // token file, 0600
int hub_token_active_remove(struct sp_err *err);
struct hub_stored_token {
    char *name, *token;
};
struct hub_stored_tokens {
    struct hub_stored_token *v;
    size_t n;
};
int hub_stored_tokens_load(struct hub_stored_tokens *out, struct sp_err *err);
int hub_stored_token_put(const char *name, const char *token, struct sp_err *err); // under the lock
int hub_stored_token_remove(const char *name, struct sp_err *err); // SP_ENOTFOUND; NULL = all
void hub_stored_tokens_fini(struct hub_stored_tokens *t);

// ---- client

struct hub;
// endpoint/token NULL = settings (hub_token_get). No request is made here.
int hub_new(struct hub **out, const char *endpoint, const char *token, struct sp_err *err);
void hub_free(struct hub *h);
const char *hub_endpoint(const struct hub *h);
const char *hub_token(const struct hub *h); // NULL = anonymous
bool hub_offline(const struct hub *h);
void hub_set_cancel(struct hub *h, const struct sp_cancel *c);

// ---- repo info

struct hub_info {
    char *id, *sha; // sha NULL = empty repo
    bool is_private;
    struct sp_json *json; // the whole answer
    struct sp_arena arena;
};
// rev NULL = default branch. expand: NULL-terminated list or NULL. blobs: sizes and hashes of
// siblings.
int hub_info_get(struct hub_info *out, struct hub *h, const struct hub_repo *r, const char *rev,
                 bool blobs, const char *const *expand, struct sp_err *err);
void hub_info_fini(struct hub_info *i);
struct hub_whoami {
    char *name, *fullname, *email, *token_name, *role;
    char **orgs;
    size_t orgs_n;
};
int hub_whoami_get(struct hub_whoami *out, struct hub *h, struct sp_err *err);
void hub_whoami_fini(struct hub_whoami *w);
// Lists (models, datasets, spaces): query as "key=value" pairs, NULL-terminated, unencoded. cb gets
// each item; limit 0 = all. cb returns <0 to stop.
typedef int (*hub_item_fn)(void *ud, const struct sp_json *item, struct sp_err *err);
int hub_list(struct hub *h, enum hub_type t, const char *const *query, size_t limit, hub_item_fn cb,
             void *ud, struct sp_err *err);

// ---- tree

struct hub_file {
    char *path; // checked by sp_path_check
    bool is_dir;
    uint64_t size;     // bytes of the content
    char oid[41];      // git SHA-1 of blob or tree
    char sha256[65];   // "" = regular file
    char xet_hash[65]; // "" = none
};
struct hub_files {
    SP_VEC(struct hub_file) list;
    struct sp_arena arena; // owns the paths
};
// Complete listing of path ("" = root) at rev, all pages.
int hub_tree_list(struct hub_files *out, struct hub *h, const struct hub_repo *r, const char *rev,
                  const char *path, bool recursive, struct sp_err *err);
// The entries of the same listing as the Hub tells them, with lastCommit and securityFileStatus
// ("expand"); "path" of each was checked. cb returns <0 to stop.
int hub_tree_expanded(struct hub *h, const struct hub_repo *r, const char *rev, const char *path,
                      bool recursive, hub_item_fn cb, void *ud, struct sp_err *err);
void hub_files_fini(struct hub_files *f);

// ---- files

struct hub_meta { // what HEAD resolve says
    char commit[41];
    char etag[SP_LIM_ETAG_BYTES + 1]; // unquoted, W/ stripped, checked to be a safe file name
    int64_t size;                     // -1 = unknown
    char *location;    // where to GET (final URL, or the target of a foreign redirect)
    bool foreign;      // location is another origin: no token there
    char xet_hash[65]; // "" = none
};
// SP_ENOTFOUND sets out->commit when the answer had X-Repo-Commit (else ""). timeout_ms 0 =
// settings (one try: a cached copy may do); from HUB_META_PATIENT_MS on with retries.
#define HUB_META_PATIENT_MS 60000
int hub_meta_get(struct hub_meta *out, struct hub *h, const struct hub_repo *r, const char *rev,
                 const char *path, int64_t timeout_ms, struct sp_err *err);
void hub_meta_fini(struct hub_meta *m);
char *hub_resolve_url(struct hub *h, const struct hub_repo *r, const char *rev,
                      const char *path); // heap
// GET of [off, off+len) (len 0 = to the end) from url; body in order to cb. *total_out: whole size
// from Content-Range/Length, -1 unknown. A 200 answer to off > 0 is reported as SP_ERANGE before
// any body. etag (may be NULL) goes out as If-Range so that a changed file is noticed.
int hub_file_get(struct hub *h, const char *url, bool foreign, const char *etag, uint64_t off,
                 uint64_t len, int64_t *total_out, net_body_fn cb, void *ud,
                 const struct sp_cancel *cancel, struct sp_err *err);

// ---- repos and refs

struct hub_create_opts {
    const char *visibility; // "private", "public", NULL = server's default
    const char *space_sdk;  // spaces
    bool exist_ok;
};
int hub_repo_create(char **url_out, struct hub *h, const struct hub_repo *r,
                    const struct hub_create_opts *o, struct sp_err *err);
int hub_repo_delete(struct hub *h, const struct hub_repo *r, struct sp_err *err);
struct hub_ref {
    char *name, *ref, *commit;
};
struct hub_refs {
    SP_VEC(struct hub_ref) branches, tags, converts, prs;
    struct sp_arena arena;
};
int hub_refs_get(struct hub_refs *out, struct hub *h, const struct hub_repo *r, struct sp_err *err);
void hub_refs_fini(struct hub_refs *r);
int hub_branch_create(struct hub *h, const struct hub_repo *r, const char *branch,
                      const char *start, bool exist_ok, struct sp_err *err);
int hub_branch_delete(struct hub *h, const struct hub_repo *r, const char *branch,
                      struct sp_err *err);
int hub_tag_create(struct hub *h, const struct hub_repo *r, const char *tag, const char *rev,
                   const char *message, bool exist_ok, struct sp_err *err);
int hub_tag_delete(struct hub *h, const struct hub_repo *r, const char *tag, struct sp_err *err);

// ---- upload

struct hub_preupload {
    const char *path;    // in
    uint64_t size;       // in
    uint8_t sample[512]; // in
    size_t sample_n;
    bool lfs, ignore; // out
    char oid[65];     // out: remote content id now (sha1 or sha256), "" = none
};
int hub_preupload_ask(struct hub *h, const struct hub_repo *r, const char *rev,
                      struct hub_preupload *files, size_t n, sp_str gitignore, bool create_pr,
                      struct sp_err *err); // batches of 256
// Card check; warnings and errors are appended line by line. SP_EFORMAT when the server found
// errors.
int hub_validate_yaml(struct hub *h, enum hub_type t, sp_str readme, struct sp_buf *report,
                      struct sp_err *err);
struct hub_lfs_obj {
    char sha256[65];
    uint64_t size;
    struct sp_source *src; // borrowed
    const char *name;      // for messages
    bool sent;             // out: bytes were transferred (false = was there already)
};
// Batch, PUT or multipart, verify: up to `parallel` objects at once.
int hub_lfs_upload(struct hub *h, const struct hub_repo *r, const char *rev,
                   struct hub_lfs_obj *objs, size_t n, unsigned parallel, struct sp_progress *p,
                   struct sp_err *err);
enum hub_op_kind { HUB_OP_FILE, HUB_OP_LFS, HUB_OP_DELETE, HUB_OP_DELETE_FOLDER };
struct hub_op {
    enum hub_op_kind kind;
    const char *path;
    struct sp_source *src; // FILE: content, base64 on the wire
    char sha256[65];       // LFS
    uint64_t size;         // LFS
};
struct hub_commit_opts {
    const char *summary, *description, *parent; // parent NULL = none
    bool create_pr;
};
struct hub_commit_done {
    char oid[41];
    char *url, *pr_url;
};
int hub_commit(struct hub_commit_done *out, struct hub *h, const struct hub_repo *r,
               const char *rev, const struct hub_commit_opts *o, const struct hub_op *ops, size_t n,
               struct sp_progress *p, struct sp_err *err);
void hub_commit_done_fini(struct hub_commit_done *d);

#endif
