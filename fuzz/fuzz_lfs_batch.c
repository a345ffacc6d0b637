// The client's side of an LFS batch: the answer says where to send users' bytes. What is accepted
// names http(s) URLs only, no header can end early, and parts cover the object exactly.
#include "hub/lfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 5 };

static void check(const struct hub_lfs_action *a)
{
    struct net_url u;
    SP_ASSERT(!a->href || net_url_parse(&u, sp_cstr(a->href), NULL) == 0);
    for (size_t i = 0; a->headers && a->headers[i]; i++)
        SP_ASSERT(!sp_has_ctl(sp_cstr(a->headers[i])));
    SP_ASSERT(a->parts_n == 0 || (a->parts_n - 1) * a->chunk_size < SIZE);
    SP_ASSERT(a->parts_n == 0 || a->parts_n * a->chunk_size >= SIZE);
    for (size_t i = 0; i < a->parts_n; i++)
        SP_ASSERT(net_url_parse(&u, sp_cstr(a->parts[i]), NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    static char endpoint[] = "http://h:1/pre", url[] = "http://h:1/pre/a/b.git/info/lfs";
    struct hub hub = {.magic = HUB_MAGIC, .endpoint = endpoint};
    const struct hub_lfs_obj objs[2] = {
        {.sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         .size = SIZE},
        {.sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
         .size = SIZE},
    };
    struct hub_lfs_todo todo[2] = {0};
    struct net_resp resp = {.status = 200, .url = url};
    struct sp_json *answer;
    struct sp_err err = {0};
    size_t n = size && data[0] == ' ' ? 2 : 1; // a leading space: two objects were asked for
    if (sp_json_parse(&answer, sp_str_of(data, size), &arena, NULL) < 0)
        return 0;
    int rc = hub_lfs_parse(todo, &arena, &hub, objs, n, &resp, answer, &err);
    SP_ASSERT(rc == 0 || err.msg[0]);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        check(&todo[i].upload);
        check(&todo[i].verify);
    }
    return 0;
}
