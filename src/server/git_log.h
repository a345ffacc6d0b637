// Private to server: history. Messages and names are in the caller's arena.
#ifndef SPOKE_SERVER_GIT_LOG_H
#define SPOKE_SERVER_GIT_LOG_H

#include "server/git.h"

// Commits from `from` on, newest first, after the first `skip`, at most `limit`; total counts all.
int srv_log_list(struct srv_commit **out, size_t *n_out, size_t *total, struct srv_git *g,
                 int64_t repo_id, const char *from, size_t skip, size_t limit, struct sp_arena *a,
                 struct sp_err *err);
// out[i]: the last commit that changed paths[i] (file or folder), seen from `from`; NULL = not
// found. One walk over the history for all of them.
int srv_log_last(const struct srv_commit **out, struct srv_git *g, int64_t repo_id,
                 const char *from, const sp_str *paths, size_t n, struct sp_arena *a,
                 const struct sp_cancel *cancel, struct sp_err *err);

#endif
