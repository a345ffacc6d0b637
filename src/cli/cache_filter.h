// Filters and orders of `cache ls`: "size>1GB", "accessed>7d", "refs=main", "type=model".
#ifndef SPOKE_CLI_CACHE_FILTER_H
#define SPOKE_CLI_CACHE_FILTER_H

#include "base/base.h"

struct cli_cache_item { // what a filter looks at: a repository or one revision
    const char *type;   // "model"
    const char *name;   // "ns/name"
    uint64_t size;
    int64_t accessed_ms, modified_ms;
    const char *refs; // '\n' between names
};
// 1 = the item passes, 0 = it does not, SP_EUSAGE = the filter is malformed.
int cli_cache_filter(const char *filter, const struct cli_cache_item *item, int64_t now_ms,
                     struct sp_err *err);
// "key[:asc|desc]" over accessed, modified, name, size. SP_EUSAGE when malformed.
struct cli_cache_order {
    enum { CLI_BY_NAME, CLI_BY_SIZE, CLI_BY_ACCESSED, CLI_BY_MODIFIED } key;
    bool desc;
};
int cli_cache_order_parse(struct cli_cache_order *out, const char *text, struct sp_err *err);
int cli_cache_order_cmp(const struct cli_cache_order *o, const struct cli_cache_item *a,
                        const struct cli_cache_item *b);

#endif
