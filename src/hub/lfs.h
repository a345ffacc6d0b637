// Private to hub: the answer of an LFS batch; the fuzz target lfs_batch calls the parser too.
#ifndef SPOKE_HUB_LFS_H
#define SPOKE_HUB_LFS_H

#include "hub/client.h"

#define HUB_LFS_PARTS_MAX   10000 // of one object, S3's own limit
#define HUB_LFS_HEADERS_MAX 32

struct hub_lfs_action {   // in the arena
    const char *href;     // NULL = there is nothing to do
    const char **headers; // "Name: value", NULL-terminated
    uint64_t chunk_size;  // multipart, else 0
    const char **parts;   // URLs
    size_t parts_n;
};
struct hub_lfs_todo {
    struct hub_lfs_action upload, verify;
};
// todo[i] belongs to objs[i]; every object must be answered exactly once.
int hub_lfs_parse(struct hub_lfs_todo *todo, struct sp_arena *arena, struct hub *h,
                  const struct hub_lfs_obj *objs, size_t n, const struct net_resp *resp,
                  const struct sp_json *answer, struct sp_err *err);

#endif
