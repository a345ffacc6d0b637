// Private to the HTTP client: slots, exchanges, answers.
#ifndef SPOKE_NET_CLIENT_H
#define SPOKE_NET_CLIENT_H

#include "net/curl_table.h"
#include "net/net.h"

#include <pthread.h>

// An easy handle with a multi of its own. The multi keeps the connections; running it ourselves
// (not curl_easy_perform, which sleeps up to 1 s) lets cancel and stall checks come in time.
struct net_slot {
    struct net_slot *next;
    CURL *easy;
    CURLM *multi;
    char *origin; // last used for: "scheme://host:port"
    bool busy;
    uint64_t used; // clock of uses, for the choice of the oldest
};

enum { NET_CLIENT_MAGIC = 0x4e45434c, NET_CLIENT_LOCKS = 8 };
struct net_client {
    unsigned magic;
    const struct net_curl *curl; // NULL until the first request
    int64_t connect_timeout_ms, stall_ms;
    unsigned connections;
    char *user_agent;
    pthread_mutex_t lock; // guards what follows; held for memory work only
    pthread_cond_t freed;
    struct net_slot *slots;
    size_t slots_n;
    uint64_t clock;
    CURLSH *share; // DNS answers and TLS sessions
    pthread_mutex_t share_lock[NET_CLIENT_LOCKS];
    _Atomic uint64_t requests, opened;
};

// Borrows a slot for the origin, waits when `connections` are busy. nested: do not wait.
int net_slot_take(struct net_slot **out, struct net_client *c, const char *origin, bool nested,
                  const struct sp_cancel *cancel, struct sp_err *err);
void net_slot_give(struct net_client *c, struct net_slot *s);

// ---- answers (resp.c)

// Takes one header line as curl hands it out; keeps the fields of the last block.
int net_resp_line(struct net_resp *r, size_t *bytes, sp_str line, struct sp_err *err);
// Content-Length, Content-Range and encodings of a complete head agree with each other.
int net_resp_check(const struct net_resp *r, bool identity, struct sp_err *err);
void net_resp_clear_headers(struct net_resp *r);
bool net_resp_is_redirect(int status);

// ---- one exchange (exchange.c)

struct net_exchange {
    struct net_client *c;
    struct net_slot *slot;
    const struct net_req *q;
    const char *url, *method;
    bool with_body;       // false after a redirect turned the request into a GET
    bool private_headers; // token, Authorization and Cookie may go out
    bool may_redirect;    // the body of a 3xx is thrown away
    struct net_resp *resp;
    // results
    bool delivered; // on_body saw a byte
    bool unsent;    // the server cannot have seen the request
    bool again;     // another try may help
    // private
    int cb_rc; // what a callback returned
    struct sp_err *err;
    struct curl_slist *headers;
    const char *proxy, *proxy_var;
    size_t head_bytes;
    bool head_done, moved, enough;
    uint64_t sent;     // of the body, this try
    uint64_t uploaded; // as last seen by curl
    char why[CURL_ERROR_SIZE];
};
int net_exchange_run(struct net_exchange *x, struct sp_err *err);
// The URL for messages: no secrets, at most 300 bytes.
void net_show_url(char out[304], const char *url);

#endif
