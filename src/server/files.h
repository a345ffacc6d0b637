// Private to the file routes of server: revision and path of a request, entries as JSON.
#ifndef SPOKE_SERVER_FILES_H
#define SPOKE_SERVER_FILES_H

#include "server/git.h"
#include "server/git_log.h"
#include "server/handlers.h"

// {rev} and {path*} of the route. "refs/pr/1" and "refs/convert/x" may have come unquoted, as
// clients of other languages send them: then they are put together again.
struct srv_place {
    struct srv *srv;
    int64_t repo_id;
    sp_str rev, path;
    char commit[41];
};
// Splits, checks and resolves; from here on answers carry X-Repo-Commit. SP_EREVISION.
int srv_place(struct srv_place *out, struct http_req *q, struct sp_err *err);
// The entry at the place. SP_ENOTFOUND.
int srv_place_entry(struct srv_entry *out, const struct srv_place *p, struct http_req *q,
                    struct sp_err *err);
// A row of tree and paths-info. last NULL = not asked for or not known.
void srv_entry_write(struct sp_jw *w, const struct srv_entry *e, bool expand,
                     const struct srv_commit *last);
// Bool of the query, "true"/"True"/"1".
bool srv_query_bool(struct http_req *q, const char *name);
// Number of the query clamped to 1…max; absent or malformed = dflt.
size_t srv_query_size(struct http_req *q, const char *name, size_t dflt, size_t max);
// create_pr=1 comes later. 0, or SP_EUNSUPPORTED.
int srv_no_pull_request(struct http_req *q, struct sp_err *err);
// srv_job_put for content that a user sent: when it is an LFS pointer, the object must have been
// uploaded to this very repository, because knowing the hash of somebody else's file gives nobody
// that file. SP_EINVALID. (commit.c)
struct srv_job;
int srv_commit_put(struct srv *s, int64_t repo_id, struct srv_job *j, sp_str path, sp_str content,
                   struct sp_err *err);

#endif
