// Private to the git layer of server: handles on repositories, raw objects, one pack per commit.
// The libgit2 objects of a repository belong to one thread at a time: a thread borrows a handle and
// gives it back. Objects never vanish from a repository: repacking writes supersets and prunes
// nothing, so a commit may rely on an object that it found.
//
// Fault points of the write path, in order (tests kill the process at each):
//   create.layout create.pack create.rename create.done
//   commit.received commit.pack commit.ref commit.ref_done commit.rows
//   repack.pack repack.remove
#ifndef SPOKE_SERVER_GIT_H
#define SPOKE_SERVER_GIT_H

#include "server/memo.h"
#include "server/server.h"

#include <git2.h>
#include <git2/sys/repository.h>
#include <pthread.h>
#include <time.h>

#define GIT_BIN 20
#define GIT_HEX 40

// ---- handles (git.c)

struct srv_sizes;
struct srv_git_handle {
    git_repository *repo;
    git_odb *odb;
    struct srv_git_shared *shared;
    unsigned epoch; // of the packs it may know
    struct srv_git_handle *next;
};
// What the threads that use one repository share.
struct srv_git_shared {
    struct srv_git *owner;
    int64_t id;
    char *path;            // <data>/git/<id>.git
    unsigned users;        // who holds this struct
    unsigned epoch;        // rises when packs were removed: older handles are closed
    unsigned out, old_out; // borrowed handles of this epoch, of older ones
    uint64_t used_at;      // for choosing what to close
    struct srv_git_handle *idle;
    unsigned idle_n;
    bool removed;
    bool repacking;
    unsigned commits;      // packs written since the last look at the folder
    pthread_mutex_t write; // commits, refs: one writer per repository
    pthread_mutex_t memo;  // guards sizes, refs below
    struct srv_sizes *sizes;
    struct sp_map refs; // full name → what git_refs.c remembers of it
};
struct srv_git {
    struct timespec start; // by the clock that stamps files
    char *dir, *tmp;       // <data>/git, <data>/tmp
    pthread_mutex_t mu;    // guards repos and everything in git_shared that `memo` does not
    struct sp_map repos;   // 8 bytes of id → git_shared
    uint64_t clock;
    unsigned idle_n; // of all repositories
    struct srv_memo *trees, *entries, *blobs;
    struct sp_pool *work; // repacking
    _Atomic bool closing; // ends it
};
// SP_EREPO when the folder is missing.
int srv_git_borrow(struct srv_git_handle **out, struct srv_git *g, int64_t repo_id,
                   struct sp_err *err);
void srv_git_return(struct srv_git_handle **h);
#define SP_AUTO_GIT SP_AUTO(srv_git_return)
// The shared part alone, without a handle (no libgit2 call, no file is opened).
int srv_git_hold(struct srv_git_shared **out, struct srv_git *g, int64_t repo_id,
                 struct sp_err *err);
void srv_git_unhold(struct srv_git_shared **s);
#define SP_AUTO_HOLD SP_AUTO(srv_git_unhold)
// Closes idle handles, waits for no one: borrowers of older packs finish with them. Returns when
// nobody can touch packs that were replaced, or SP_EBUSY after timeout_ms.
int srv_git_turn_over(struct srv_git_shared *s, int64_t timeout_ms, struct sp_err *err);
// Fills err from libgit2's last error and maps its code: ENOTFOUND, EEXISTS, EMODIFIED, ELOCKED.
int srv_git_fail(struct sp_err *err, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void srv_git_hex(char out[41], const uint8_t bin[GIT_BIN]);
bool srv_git_bin(uint8_t out[GIT_BIN], sp_str hex);
// Key of the memos: id and some bytes.
struct srv_git_key {
    char p[8 + 2 * GIT_BIN + SP_LIM_PATH_BYTES];
    size_t n;
};
void srv_git_key(struct srv_git_key *k, int64_t repo_id, const void *a, size_t an, sp_str b);
void srv_git_tree_value_free(void *tree); // git_tree.c

// ---- raw objects (git_raw.c)

struct srv_tree_row {
    unsigned mode;
    sp_str name;
    const uint8_t *oid;
};
// Next row of a raw tree; 1 row, 0 end, SP_EFORMAT. *at starts at 0.
int srv_tree_next(struct srv_tree_row *out, sp_str raw, size_t *at, struct sp_err *err);
#define GIT_MODE_DIR  040000u
#define GIT_MODE_FILE 0100644u
// git's order: names bytewise, a directory as if it ended in '/'.
int srv_name_cmp(sp_str a, bool a_dir, sp_str b, bool b_dir);
struct srv_git_commit_raw {
    uint8_t tree[GIT_BIN], parent[GIT_BIN];
    unsigned parents_n;
    sp_str author, email, message; // views into raw
    int64_t date_s;                // committer's
};
int srv_git_commit_parse(struct srv_git_commit_raw *out, sp_str raw, struct sp_err *err);
// Reads an object of the wanted type whole: *obj is released with git_odb_object_free.
int srv_git_read(git_odb_object **obj, sp_str *raw, struct srv_git_handle *h,
                 const uint8_t oid[GIT_BIN], git_object_t type, struct sp_err *err);
static inline void srv_git_odb_objectp(git_odb_object **o)
{
    if (*o)
        git_odb_object_free(*o);
    *o = NULL;
}
#define SP_AUTO_OBJ SP_AUTO(srv_git_odb_objectp)

// ---- sizes and LFS pointers of blobs (git_sizes.c)

struct srv_blob_facts {
    uint64_t size;         // of the content a user sees
    uint32_t pointer_size; // 0 = no LFS pointer
    uint8_t sha256[HASH_SHA256_BYTES];
};
struct srv_sizes_row {
    uint8_t oid[GIT_BIN];
    struct srv_blob_facts f;
};
// Facts of one blob, from memory and the side file; false = not known yet.
bool srv_sizes_find(struct srv_blob_facts *out, struct srv_git_shared *s,
                    const uint8_t oid[GIT_BIN]);
int srv_sizes_learn(struct srv_sizes_row *out, struct srv_git_handle *h, const uint8_t oid[GIT_BIN],
                    struct sp_err *err); // reads the blob, adds nothing
void srv_blob_facts_of(struct srv_blob_facts *out, sp_str content);
// Appends rows; a failure is only logged: the file is a cache.
void srv_sizes_add(struct srv_git_shared *s, const struct srv_sizes_row *v, size_t n);
void srv_sizes_free(struct srv_sizes *s);

// ---- LFS pointer text (lfs_pointer.c)

#define LFS_POINTER_MAX 1024 // git-lfs: "must be less than 1024 bytes"
bool lfs_pointer_parse(sp_str text, char sha256[HASH_SHA256_HEX], uint64_t *size);
void lfs_pointer_write(struct sp_buf *out, const char *sha256, uint64_t size);

// ---- one pack per commit (git_pack.c)

struct srv_pack;
int srv_pack_begin(struct srv_pack **out, struct srv_git_handle *h, struct sp_err *err);
// Adds an object, unless the pack or the repository has it. oid out.
int srv_pack_add(uint8_t oid[GIT_BIN], struct srv_pack *p, git_object_t type, sp_str content,
                 struct sp_err *err);
// Durable on 0. An empty pack writes nothing.
int srv_pack_commit(struct srv_pack *p, struct sp_err *err);
void srv_pack_abort(struct srv_pack **p); // after commit: only frees

// ---- edits of a tree (git_edit.c)

struct srv_edit;
// Starts from a tree (NULL = empty). Reads only the folders that are touched.
int srv_edit_begin(struct srv_edit **out, struct srv_git_handle *h, const uint8_t *tree,
                   struct sp_err *err);
int srv_edit_put(struct srv_edit *e, sp_str path, const uint8_t oid[GIT_BIN],
                 struct sp_err *err); // SP_EINVALID: file where a folder is and the reverse
int srv_edit_delete(struct srv_edit *e, sp_str path, struct sp_err *err); // file; SP_ENOTFOUND
int srv_edit_delete_folder(struct srv_edit *e, sp_str path, struct sp_err *err); // "" = everything
// Writes changed trees to the pack (NULL = only compute ids). New names that differ from a
// neighbour only in case or Unicode form are SP_EINVALID.
int srv_edit_write(uint8_t tree[GIT_BIN], struct srv_edit *e, struct srv_pack *p,
                   struct sp_err *err);
void srv_edit_free(struct srv_edit **e);

// ---- refs (git_refs.c)

struct srv_ref {
    char *name;           // "refs/heads/main"
    uint8_t oid[GIT_BIN]; // of the commit, tags peeled
};
// All refs that lead to a commit, by name, in the arena.
int srv_refs_list(struct srv_ref **out, size_t *n_out, struct srv_git_handle *h, struct sp_arena *a,
                  struct sp_err *err);
// Value of one full ref name (peeled), from memory while its files are unchanged. SP_EREVISION.
int srv_ref_get(uint8_t oid[GIT_BIN], struct srv_git *g, int64_t repo_id, const char *name,
                struct sp_err *err);
// Compare and swap: was NULL = must not exist (SP_EEXIST), else SP_ECONFLICT when it is another.
// Durable on 0. SP_EINVALID: a ref of this name cannot be beside "a" and "a/b".
int srv_ref_set(struct srv_git_handle *h, const char *name, const uint8_t *now, const uint8_t *was,
                struct sp_err *err);
int srv_ref_delete(struct srv_git_handle *h, const char *name, struct sp_err *err); // SP_EREVISION
bool srv_ref_name_valid(sp_str full);
// A name that a user wants for a branch or tag (what). SP_EINVALID.
int srv_ref_name_check(sp_str name, const char *what, struct sp_err *err);

// ---- commits, trees (git_refs.c, git_commit.c, git_tree.c)

struct srv_git_tree_id {
    struct srv_memo_item item;
    uint8_t tree[GIT_BIN];
};
int srv_git_commit_tree(uint8_t tree[GIT_BIN], struct srv_git *g, int64_t repo_id,
                        const char *commit, struct sp_err *err);
// Position of a path in a listing's order; the place where it would be when it is not found.
size_t srv_tree_find(const struct srv_tree *t, sp_str path, bool as_dir, bool *found);
// Rows of one folder, in git's order, after a name, at most limit; in the arena.
struct srv_folder_page {
    const char *tree; // its id
    sp_str prefix;    // its path, "" = root
    sp_str after;     // name, "" = from the start
    bool after_dir;
    size_t limit;
};
int srv_git_folder(struct srv_entry **out, size_t *n_out, bool *more, struct srv_git *g,
                   int64_t repo_id, const struct srv_folder_page *want, struct sp_arena *a,
                   struct sp_err *err);
// A blob's content, held until it is released. SP_ETOOBIG above max bytes.
struct srv_git_blob_value {
    struct srv_memo_item item;
    size_t n;
    char p[];
};
int srv_git_blob_hold(const struct srv_git_blob_value **out, struct srv_git *g, int64_t repo_id,
                      const char *oid, size_t max, struct sp_err *err);
void srv_git_blob_release(struct srv_git *g, const struct srv_git_blob_value *v);

#endif
