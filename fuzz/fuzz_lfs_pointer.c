#include "server/git.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is taken for a pointer is exactly what would be written for that object.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char sha256[HASH_SHA256_HEX];
    uint64_t n;
    sp_str text = sp_str_of(data, size);
    if (!lfs_pointer_parse(text, sha256, &n))
        return 0;
    SP_AUTO_BUF struct sp_buf b = {0};
    lfs_pointer_write(&b, sha256, n);
    SP_ASSERT(sp_eq(sp_buf_view(&b), text));
    return 0;
}
