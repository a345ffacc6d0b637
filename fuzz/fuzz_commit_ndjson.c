#include "server/commit_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A commit's body, line by line. What comes out must keep its promises: checked paths, hex ids.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sp_str rest = sp_str_of(data, size), text;
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    SP_AUTO_BUF struct sp_buf content = {0};
    while (sp_split(&rest, '\n', &text)) {
        struct srv_commit_line l;
        struct sp_err err = {0};
        sp_arena_reset(&a);
        if (srv_commit_line_parse(&l, text, &a, &err) < 0) {
            SP_ASSERT(err.msg[0]);
            continue;
        }
        if (l.path.n)
            SP_ASSERT(srv_path_check(l.path, &err) == 0);
        if (l.key == SRV_COMMIT_LFS_FILE)
            SP_ASSERT(sp_is_hex(l.oid, 64) && l.size >= -1);
        if (l.key == SRV_COMMIT_HEADER)
            SP_ASSERT(l.parent.n <= 40 && !sp_has_nul(l.summary));
        if (l.key == SRV_COMMIT_FILE && l.base64) {
            sp_buf_reset(&content);
            sp_buf_unb64(&content, l.content, &err);
        }
    }
    return 0;
}
