// libcurl, opened at the first request: commands that need no network start without it.
#include "net/curl_table.h"

#include <dlfcn.h>
#include <pthread.h>

// 4 is libcurl's ABI since 2006; the flavours of Debian differ in the TLS library only. The OpenSSL
// one comes first because libcrypto is loaded already.
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4",
                                    "libcurl.4.dylib", NULL};

static int fill(struct net_curl *out, void *lib, const char *name, struct sp_err *err)
{
#define X(f)                                                                                       \
    {                                                                                              \
        void *p = dlsym(lib, "curl_" #f);                                                          \
        if (!p)                                                                                    \
            return sp_fail(err, SP_EUNSUPPORTED, "%s has no curl_" #f ": too old or damaged",      \
                           name);                                                                  \
        memcpy(&out->f, &p, sizeof p);                                                             \
    }
    NET_CURL_FUNCTIONS(X)
#undef X
    return 0;
}

int net_curl_load(struct net_curl *out, const char *const *list, struct sp_err *err)
{
    SP_AUTO_BUF struct sp_buf why = SP_BUF_MAX(2048);
    for (size_t i = 0; list[i]; i++) {
        void *lib = dlopen(list[i], RTLD_NOW | RTLD_LOCAL);
        if (lib)
            return fill(out, lib, list[i], err); // stays open for the life of the process
        if (i == 0)
            sp_buf_cstr(&why, dlerror());
    }
    sp_fail(err, SP_EUNSUPPORTED, "network requests need libcurl, which cannot be opened: %s",
            why.p ? why.p : "no name to try");
    sp_hint(err, "install it, for instance: apt-get install libcurl4");
    return SP_EUNSUPPORTED;
}

static struct net_curl table;
static struct sp_err table_err;
static int table_rc;

static void open_once(void)
{
    table_rc = net_curl_load(&table, names, &table_err);
    if (table_rc == 0 && table.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        table_rc = sp_fail(&table_err, SP_EUNSUPPORTED, "libcurl cannot be initialised");
}

int net_curl_open(const struct net_curl **out, struct sp_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_once);
    if (table_rc < 0) {
        if (err)
            *err = table_err;
        return table_rc;
    }
    *out = &table;
    return 0;
}
