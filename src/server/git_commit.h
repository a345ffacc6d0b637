// Private to server: one commit from its first changed file to the moved ref.
#ifndef SPOKE_SERVER_GIT_COMMIT_H
#define SPOKE_SERVER_GIT_COMMIT_H

#include "server/git.h"

struct srv_git_commit_text {
    sp_str user; // author and committer: "user <user@users.noreply.spoke>"
    sp_str summary, description;
};
// "summary\n", and "\ndescription\n" when there is one.
void srv_git_message(struct sp_buf *out, sp_str summary, sp_str description);
int srv_git_commit_write(uint8_t oid[GIT_BIN], struct srv_pack *p, const uint8_t tree[GIT_BIN],
                         const uint8_t *parent, const struct srv_git_commit_text *t,
                         struct sp_err *err);

// Collects changes in their order; contents go to the pack at once. One thread.
struct srv_job;
int srv_job_begin(struct srv_job **out, struct srv_git *g, int64_t repo_id, struct sp_err *err);
int srv_job_put(struct srv_job *j, sp_str path, sp_str content, struct sp_err *err);
int srv_job_put_pointer(struct srv_job *j, sp_str path, const char *sha256, uint64_t size,
                        struct sp_err *err);
void srv_job_delete(struct srv_job *j, sp_str path);
void srv_job_delete_folder(struct srv_job *j, sp_str path);
size_t srv_job_changes(const struct srv_job *j);
struct srv_job_result {
    char commit[41]; // the new commit, or the head when nothing changed or it was made before
    bool made;
};
// ref: full name of an existing branch (SP_EREVISION). parent: full or short id that must be the
// head,
// "" = whatever it is; SP_ECONFLICT when it is not, unless head is this very change on that parent.
// SP_ENOTFOUND: a deletion of what is not there; SP_EINVALID: file against folder, clashing names.
int srv_job_finish(struct srv_job_result *out, struct srv_job *j, const char *ref, sp_str parent,
                   const struct srv_git_commit_text *text, struct sp_err *err);
void srv_job_free(struct srv_job **j);

// The .gitattributes of a new repository (git_create.c).
void srv_git_default_attributes(struct sp_buf *out, enum meta_repo_type type);

// Consolidates packs in the background when there are many (git_repack.c).
void srv_git_repack_maybe(struct srv_git *g, int64_t repo_id);
int srv_git_repack(struct srv_git *g, int64_t repo_id, size_t *merged, struct sp_err *err);

#endif
