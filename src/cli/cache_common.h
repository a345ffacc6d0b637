// What the commands of the cache share.
#ifndef SPOKE_CLI_CACHE_COMMON_H
#define SPOKE_CLI_CACHE_COMMON_H

#include "cache/cache.h"
#include "cli/cli.h"

#define CLI_CACHE_DIR {"cache-dir", 0, CLI_CONF, NULL, "DIR", "Cache to use", SP_CONF_hub_cache}

// A cache that nothing was put into yet is an empty one (and stays a zero *s), unless the user
// named the folder.
static inline int cli_cache_scan(struct cache_scan *s, struct sp_err *err)
{
    bool named = sp_conf_is_set(SP_CONF_hub_cache);
    if (!named && !sp_exists(cache_root_default()))
        return 0;
    return cache_scan_run(s, NULL, err);
}

#endif
