// Private to server: the body of an LFS batch request. No I/O: also a fuzz target.
#ifndef SPOKE_SERVER_LFS_BATCH_H
#define SPOKE_SERVER_LFS_BATCH_H

#include "hash/hash.h"

struct srv_lfs_object {
    char oid[HASH_SHA256_HEX];
    uint64_t size; // at most 2^47, what a pointer's record can hold
};
struct srv_lfs_batch_req {
    bool upload; // else download
    struct srv_lfs_object *v;
    size_t n;
};
int srv_lfs_object_parse(struct srv_lfs_object *out, const struct sp_json *o, struct sp_err *err);
// SP_EFORMAT; SP_ETOOBIG above max objects. The rows are in the arena.
int srv_lfs_batch_parse(struct srv_lfs_batch_req *out, const struct sp_json *body, size_t max,
                        struct sp_arena *a, struct sp_err *err);

#endif
