#include "server/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A README: whatever is in it, the answer is JSON with both lists.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf out = {0};
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_err err = {0};
    int rc = srv_card_check(&out, sp_str_of(data, size), META_DATASET, &err);
    SP_ASSERT(rc == 0 || rc == 1);
    struct sp_json *top;
    SP_ASSERT(sp_json_parse(&top, sp_buf_view(&out), &a, &err) == 0);
    const struct sp_json *errors = sp_json_get(top, "errors");
    SP_ASSERT(errors && (errors->n > 0) == (rc == 1));
    return 0;
}
