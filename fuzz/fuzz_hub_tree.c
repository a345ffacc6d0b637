// One page of a tree answer. What is accepted must be safe to use as paths and hashes.
#include "hub/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct hub_file *f)
{
    SP_ASSERT(sp_path_check(sp_cstr(f->path), "", NULL) == 0);
    SP_ASSERT(f->oid[0] == 0 || sp_is_hex(sp_cstr(f->oid), 40));
    SP_ASSERT(f->sha256[0] == 0 || sp_is_hex(sp_cstr(f->sha256), 64));
    SP_ASSERT(f->xet_hash[0] == 0 || sp_is_hex(sp_cstr(f->xet_hash), 64));
    SP_ASSERT(f->size <= INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    SP_AUTO(hub_files_fini) struct hub_files files = {0};
    SP_AUTO(hub_tree_seen_fini) struct hub_tree_seen seen = {0};
    char url[] = "http://h/api/models/a/b/tree/main";
    struct net_resp resp = {.status = 200, .url = url};
    struct sp_json *page;
    struct sp_err err = {0};
    if (sp_json_parse(&page, sp_str_of(data, size), &arena, NULL) < 0)
        return 0;
    int rc = hub_tree_page(&files, &seen, &resp, page, &err);
    SP_ASSERT(rc == 0 || err.msg[0]);
    SP_VEC_EACH (&files.list, f)
        check(f);
    return 0;
}
