// meta: every SQL statement of the server. SQLite now (WAL, synchronous=FULL, one writer thread
// with group commit, N readers), PostgreSQL later behind the same functions. Promises: a function
// that returns 0 for a write has made it durable; reads never take a write lock; rows that say what
// git says (head, date, card) are a cache that carries the ref value they were made from. struct
// meta is thread-safe. Times are unix milliseconds. Strings in rows live in the caller's arena.
#ifndef SPOKE_META_H
#define SPOKE_META_H

#include "hash/hash.h"

struct meta;
// Opens or creates <dir>/spoke.db, runs forward-only migrations (PRAGMA user_version); a newer file
// is SP_EUNSUPPORTED with "made by a newer spoke". Used by the server and, at the same time, by
// `spoke admin`.
int meta_open(struct meta **out, const char *dir, struct sp_err *err);
void meta_close(struct meta *m);
// PRAGMA quick_check and foreign keys; problems appended line by line.
int meta_check(struct meta *m, struct sp_buf *report, struct sp_err *err);
// A read of the database, for health checks.
int meta_ping(struct meta *m, struct sp_err *err);
// Commits and jobs of the writer thread since the start; jobs per commit shows the grouping.
void meta_stats(struct meta *m, uint64_t *commits, uint64_t *jobs);

// ---- users

struct meta_user {
    int64_t id;
    char *name, *fullname, *email; // email may be NULL
    int64_t created_ms;
};
int meta_user_add(int64_t *id_out, struct meta *m, sp_str name, struct sp_err *err); // SP_EEXIST
int meta_user_get(struct meta_user *out, struct meta *m, sp_str name, struct sp_arena *a,
                  struct sp_err *err);
int64_t meta_user_count(struct meta *m, struct sp_err *err);
int64_t meta_user_bytes(struct meta *m, int64_t user_id, struct sp_err *err); // of large objects
int meta_user_remove(struct meta *m, sp_str name,
                     struct sp_err *err); // SP_ECONFLICT while repos exist
// Callbacks of the _each and _list functions must not call meta: they hold one of few connections.
typedef int (*meta_user_fn)(void *ud, const struct meta_user *u, struct sp_err *err);
int meta_user_each(struct meta *m, meta_user_fn cb, void *ud, struct sp_err *err);

// ---- tokens: only the HMAC-SHA-256 of a token is stored

enum meta_role { META_ROLE_READ = 1, META_ROLE_WRITE = 2 };
struct meta_token {
    int64_t id, user_id;
    char *user, *name;
    enum meta_role role;
    int64_t created_ms, expires_ms; // expires 0 = never
};
int meta_token_add(struct meta *m, sp_str user, sp_str name, enum meta_role role,
                   int64_t expires_ms, const uint8_t mac[HASH_SHA256_BYTES],
                   struct sp_err *err); // SP_EEXIST: user+name or mac
int meta_token_find(struct meta_token *out, struct meta *m, const uint8_t mac[HASH_SHA256_BYTES],
                    struct sp_arena *a,
                    struct sp_err *err); // SP_ENOTFOUND; expiry is the caller's check
int meta_token_by_id(struct meta_token *out, struct meta *m, int64_t id, struct sp_arena *a,
                     struct sp_err *err); // the same; an id is never given twice
int meta_token_remove(struct meta *m, sp_str user, sp_str name, struct sp_err *err);
typedef int (*meta_token_fn)(void *ud, const struct meta_token *t, struct sp_err *err);
int meta_token_each(struct meta *m, sp_str user, meta_token_fn cb, void *ud,
                    struct sp_err *err); // "" = all

// ---- repos

enum meta_repo_type { META_MODEL = 0, META_DATASET = 1, META_SPACE = 2 };
struct meta_repo {
    int64_t id;
    char hex_id[25]; // the "_id" that clients see
    enum meta_repo_type type;
    char *ns, *name;
    int64_t owner_id;
    bool is_private;
    char *sdk;                      // spaces, else NULL
    int64_t created_ms, updated_ms; // updated: cache of the head's date
    // Cache of what git says of main: valid while head equals the ref. "" = never computed.
    char head[41];
    char *card_json; // front matter of README.md as JSON, NULL = none
    uint64_t used_bytes;
    uint64_t downloads, likes;
};
// State: a repo row is visible only after its git folder is durable. add → row with ready=0;
// SP_EEXIST (also for a ready=0 row younger than a minute made by another request).
int meta_repo_add(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                  sp_str name, bool is_private, sp_str sdk, struct sp_arena *a, struct sp_err *err);
int meta_repo_ready(struct meta *m, int64_t id, struct sp_err *err);
int meta_repo_get(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                  sp_str name, struct sp_arena *a,
                  struct sp_err *err); // SP_EREPO; exact case wins, then case-insensitive = absent
// Ignores the case of ns and name: what a new name clashes with.
int meta_repo_get_nocase(struct meta_repo *out, struct meta *m, enum meta_repo_type type, sp_str ns,
                         sp_str name, struct sp_arena *a, struct sp_err *err);
int meta_repo_set_private(struct meta *m, int64_t id, bool is_private, struct sp_err *err);
int meta_repo_remove(struct meta *m, int64_t id,
                     struct sp_err *err); // row and links; git folder is the caller's
// What git says of main, with the tags that lists filter by ("license:mit"), replaced as a whole.
int meta_repo_facts(struct meta *m, int64_t id, const char head[41], int64_t updated_ms,
                    const char *card_json, uint64_t used_bytes, const sp_str *tags, size_t tags_n,
                    struct sp_err *err);
struct meta_count {
    int64_t repo_id;
    uint64_t n;
};
int meta_repo_count_all(struct meta *m, const struct meta_count *counts, size_t n,
                        struct sp_err *err); // one commit
int meta_repo_by_id(struct meta_repo *out, struct meta *m, int64_t id, struct sp_arena *a,
                    struct sp_err *err);
// Is there a row, ready or not? A git folder without one is garbage. <0 error.
int meta_repo_has_id(struct meta *m, int64_t id, struct sp_err *err);
// The highest id that was ever given out, 0 = none. A git folder with a higher one is newer than
// this database.
int meta_repo_last_id(int64_t *out, struct meta *m, struct sp_err *err);
// Ids of repos that were begun and never became ready. At the start of a server all are leftovers.
typedef int (*meta_id_fn)(void *ud, int64_t id, struct sp_err *err);
int meta_repo_unready(struct meta *m, meta_id_fn cb, void *ud, struct sp_err *err);
#define META_QUERY_TAGS_MAX   32 // each is one more look-up per row
#define META_QUERY_SEARCH_MAX 8
struct meta_repo_query { // the callers see that the lists keep to the limits
    enum meta_repo_type type;
    bool any_type;
    sp_str author;        // "" = any
    const sp_str *search; // all must be there: case-insensitive substrings of ns/name
    size_t search_n;
    const sp_str *tags; // all must be there (card tags)
    size_t tags_n;
    const char *sort; // "created", "updated", "downloads", "likes", "id"
    bool ascending;
    int64_t viewer_id; // sees own private repos; 0 = anonymous
    bool all;          // admin: every repo
    sp_str cursor;     // opaque, "" = first page
    size_t limit;
};
typedef int (*meta_repo_fn)(void *ud, const struct meta_repo *r, struct sp_err *err);
// *next: cursor of the next page in the arena, "" at the end.
int meta_repo_list(struct meta *m, const struct meta_repo_query *q, meta_repo_fn cb, void *ud,
                   sp_str *next, struct sp_arena *a, struct sp_err *err);

// ---- objects: which repo may read which large object

// Idempotent, one transaction. An object that is not there any more is SP_EBUSY, and nothing is
// linked; while there(ud) answers nobody can drop it.
typedef bool (*meta_there_fn)(void *ud, const char *sha256);
int meta_object_link(struct meta *m, int64_t repo_id, const char (*sha256)[65],
                     const uint64_t *sizes, size_t n, meta_there_fn there, void *ud,
                     struct sp_err *err);
bool meta_object_linked(struct meta *m, int64_t repo_id, const char *sha256, uint64_t *size_out);
typedef int (*meta_object_fn)(void *ud, int64_t repo_id, const char *sha256, uint64_t size,
                              struct sp_err *err);
int meta_object_each(struct meta *m, int64_t repo_id, meta_object_fn cb, void *ud,
                     struct sp_err *err); // 0 = all repos
// Sum of the sizes of the objects that a repo links; 0 when it cannot be read.
uint64_t meta_object_bytes(struct meta *m, int64_t repo_id);
bool meta_object_used(struct meta *m, const char *sha256); // by any repo; errors count as used
// Calls drop(ud) while no repo links the object and none can begin to: 1 = dropped, 0 = linked
// after all. Who links afterwards is told that the object is gone.
int meta_object_drop(struct meta *m, const char *sha256, int (*drop)(void *ud, struct sp_err *err),
                     void *ud, struct sp_err *err);

#endif
