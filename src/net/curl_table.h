// The libcurl functions that the client uses, as a table filled by dlopen at the first request:
// linking libcurl costs 3–4 ms and 33 libraries at every start.
#ifndef SPOKE_NET_CURL_TABLE_H
#define SPOKE_NET_CURL_TABLE_H

#include "base/base.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define NET_CURL_FUNCTIONS(X)                                                                      \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_reset)                                                                                  \
    X(easy_cleanup)                                                                                \
    X(easy_strerror)                                                                               \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_info_read)                                                                             \
    X(multi_strerror)                                                                              \
    X(share_init)                                                                                  \
    X(share_setopt)                                                                                \
    X(share_cleanup)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)

struct net_curl {
#define X(name) __typeof__(curl_##name) *name;
    NET_CURL_FUNCTIONS(X)
#undef X
};
// Once per process; later calls repeat the first answer. SP_EUNSUPPORTED names the package.
int net_curl_open(const struct net_curl **out, struct sp_err *err);
// The part that tests exercise: tries the names in turn.
int net_curl_load(struct net_curl *out, const char *const *names, struct sp_err *err);

#endif
