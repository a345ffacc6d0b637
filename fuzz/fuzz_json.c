// What is read must be written and read again as the same text: a reader that loses bytes shows.
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {.ceiling = 64 * SP_MIB}, b = {0};
    SP_AUTO_BUF struct sp_buf one = {0}, two = {0};
    struct sp_err err = {0};
    struct sp_json *v = NULL, *again = NULL;
    if (sp_json_parse(&v, sp_str_of(data, size), &a, &err) < 0) {
        SP_ASSERT(err.code < 0 && err.msg[0] && !v);
        return 0;
    }
    struct sp_jw w = sp_jw(&one);
    sp_jw_value(&w, v);
    SP_ASSERT(one.bad == 0 && sp_utf8_valid(sp_buf_view(&one)));
    SP_ASSERT(sp_json_parse(&again, sp_buf_view(&one), &b, &err) == 0);
    w = sp_jw(&two);
    sp_jw_value(&w, again);
    SP_ASSERT(sp_eq(sp_buf_view(&one), sp_buf_view(&two)));
    int64_t i;
    double d;
    size_t n = 0;
    SP_JSON_EACH(it, v)
    {
        if (n++ > 1000)
            break; // sp_json_get is linear
        sp_json_i64(it, &i);
        sp_json_f64(it, &d);
        if (v->kind == SP_JSON_OBJ) {
            SP_AUTO_FREE char *key = sp_str_dup(it->key);
            SP_ASSERT(sp_json_get(v, key) == it); // keys are unique and hold no NUL
        }
    }
    return 0;
}
