// The body of an LFS batch request, parsed as JSON and then as a list of objects.
#include "server/lfs_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *body;
    struct srv_lfs_batch_req r;
    struct sp_err err = {0};
    if (sp_json_parse(&body, sp_str_of(data, size), &a, &err) < 0 ||
        srv_lfs_batch_parse(&r, body, 100, &a, &err) < 0) {
        SP_ASSERT(err.msg[0]);
        return 0;
    }
    SP_ASSERT(r.n <= 100);
    for (size_t i = 0; i < r.n; i++)
        SP_ASSERT(sp_is_hex(sp_cstr(r.v[i].oid), 64) && r.v[i].size <= (uint64_t)1 << 47);
    return 0;
}
