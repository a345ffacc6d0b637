// A tree from YAML must be JSON that our own reader takes, within the node and depth limits.
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0}, b = {0};
    SP_AUTO_BUF struct sp_buf text = SP_BUF_MAX(512 * SP_MIB);
    struct sp_err err = {0};
    struct sp_yaml_at at = {0};
    struct sp_json *v = NULL, *again = NULL;
    sp_str all = sp_str_of(data, size), block = all, body = {0};
    size_t off = 0;
    if (sp_yaml_front_matter(all, &block, &body, &off))
        SP_ASSERT(block.p >= all.p && body.p + body.n == all.p + all.n && off >= 1);
    if (sp_yaml_parse(&v, block, &a, &at, &err) < 0) {
        SP_ASSERT(err.msg[0] && at.line >= 1 && at.column >= 1);
        return 0;
    }
    // one long string may be repeated by aliases up to the node limit: too much text is no fault
    struct sp_jw w = sp_jw(&text);
    sp_jw_value(&w, v);
    if (text.bad || text.n > 16 * SP_MIB)
        return 0;
    if (sp_json_parse(&again, sp_buf_view(&text), &b, &err) < 0) {
        fprintf(stderr, "%s\n%s\n", err.msg, text.p);
        abort();
    }
    return 0;
}
