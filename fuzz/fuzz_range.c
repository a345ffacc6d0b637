// Range and Content-Range headers. The first eight bytes are the size of the file.
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX = 8 };
    uint64_t file = 0;
    if (size < sizeof file)
        return 0;
    memcpy(&file, data, sizeof file);
    sp_str header = sp_str_of(data + sizeof file, size - sizeof file);
    struct net_range r[MAX];
    int n = net_range_parse(r, MAX, header, file);
    SP_ASSERT(n == SP_ERANGE || (n >= 0 && n <= MAX));
    for (int i = 0; i < n; i++) {
        SP_ASSERT(r[i].len > 0 && r[i].off < file && r[i].len <= file - r[i].off);
        // Written down plainly it is the same range.
        SP_AUTO_BUF struct sp_buf b = {0};
        struct net_range again[1];
        sp_buf_printf(&b, "bytes=%llu-%llu", (unsigned long long)r[i].off,
                      (unsigned long long)(r[i].off + r[i].len - 1));
        SP_ASSERT(net_range_parse(again, 1, sp_buf_view(&b), file) == 1);
        SP_ASSERT(again[0].off == r[i].off && again[0].len == r[i].len);
    }
    uint64_t first = 0, last = 0, total = 0;
    if (net_content_range_parse(header, &first, &last, &total)) {
        SP_ASSERT(first <= last);
        SP_ASSERT(total == UINT64_MAX || last < total || (first == 0 && last == 0));
    }
    return 0;
}
