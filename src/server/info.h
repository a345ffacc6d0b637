// Private: a repository as JSON, for info answers and lists.
#ifndef SPOKE_SERVER_INFO_H
#define SPOKE_SERVER_INFO_H

#include "server/facts.h"

struct srv_info {
    struct srv *srv;
    struct sp_arena *arena;
    const struct meta_repo *repo;
    struct srv_facts facts; // sha "" = not known
    uint64_t props;         // bits of expand.def
    bool blobs;             // size, blobId and lfs of the siblings
    bool one;               // an info answer, not a row of a list: may look into files
};
// expand= names of the request into props; *any = there were some. SP_EINVALID for an unknown one.
int srv_info_expand(uint64_t *props, bool *any, struct http_req *q, enum meta_repo_type type,
                    struct sp_err *err);
// Properties of this place: "i", "l", "f", "c", "g".
uint64_t srv_info_props(enum meta_repo_type type, char where);
// Do these need git?
bool srv_info_reads_git(uint64_t props);
// One object. Fails when git does; what was written then is of no use.
int srv_info_write(struct sp_jw *w, const struct srv_info *i, struct sp_err *err);

#endif
