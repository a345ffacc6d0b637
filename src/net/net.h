// net: URLs, ranges and the HTTP client (libcurl, opened with dlopen at the first request). A
// caller borrows a slot (an easy handle in a multi of its own, with its kept connections) and runs
// the exchange in its own thread: no hand-over of bodies. Promises: connections are reused; no
// token goes to another origin; offline mode refuses before a socket is made; every wait ends by
// cancel, time-out or stall. struct net_client is thread-safe. The server core is in net/http.h.
#ifndef SPOKE_NET_H
#define SPOKE_NET_H

#include "base/base.h"

// ---- URLs (url.c)

struct net_url {
    sp_str scheme, host, path, query; // views into the text; host without port, brackets kept
    int port;                         // default filled in
};
int net_url_parse(struct net_url *out, sp_str text, struct sp_err *err); // http and https only
bool net_url_same_origin(sp_str a, sp_str b);
// Resolves a Location/Link target against base (RFC 3986 §5). Heap.
int net_url_resolve(char **out, sp_str base, sp_str ref, struct sp_err *err);

// ---- ranges (range.c)

struct net_range {
    uint64_t off, len;
};
// "bytes=a-b, c-, -n" against size. Returns the count (≤ max, satisfiable ones, ordered as sent); 0
// = ignore the header (malformed, other unit, or too many); SP_ERANGE = none satisfiable.
int net_range_parse(struct net_range *out, size_t max, sp_str header, uint64_t size);
// "bytes a-b/total" or "bytes */total"; total UINT64_MAX = "*". false = malformed.
bool net_content_range_parse(sp_str header, uint64_t *first, uint64_t *last, uint64_t *total);

// ---- client (client.c, retry.c)

struct net_client;
struct net_resp;
struct net_client_opts {        // zero = from the settings
    int64_t connect_timeout_ms; // 10 s
    int64_t stall_ms;           // no byte: SP_ETIMEOUT, 30 s
    unsigned connections;       // per host
    const char *user_agent;     // full value; NULL = "spoke/<version>"
};
int net_client_new(struct net_client **out, const struct net_client_opts *o, struct sp_err *err);
void net_client_free(struct net_client *c);

struct net_resp_header {
    char *name; // lower case
    char *value;
};
// body(): called from the thread that called net_fetch, in order; <0 stops the transfer with that
// code.
typedef int (*net_body_fn)(void *ud, const void *p, size_t n, struct sp_err *err);
// send(): fills up to n bytes of the request body; 0 = end, <0 error. rewind(): from the start
// again.
typedef ssize_t (*net_send_fn)(void *ud, void *p, size_t n, struct sp_err *err);

// What may be tried again (retry.c): nothing; what the server cannot have acted on (no connection,
// 429, 503 with Retry-After); or also cut and stalled exchanges, 408, 429, 500, 502, 503, 504.
// Never once on_body has seen a byte: the caller then asks again for the rest with a Range.
enum net_retry { NET_RETRY_NONE, NET_RETRY_IDEMPOTENT, NET_RETRY_UNSENT };
struct net_req {
    const char *method; // "GET"
    const char *url;
    const char *token;          // "Authorization: Bearer …" to the origin of url only; NULL = none
    const char *const *headers; // "Name: value", NULL-terminated list, may be NULL
    sp_str body;                // request body in memory …
    net_send_fn send;           // … or streamed: size in send_size (-1 = chunked)
    int (*send_rewind)(void *ud);
    void *send_ud;
    int64_t send_size;
    struct sp_source *send_src; // … or from a source (send_off, send_size)
    uint64_t send_off;
    bool identity;             // Accept-Encoding: identity (ranges, HEAD resolve)
    bool no_redirect;          // hand back 3xx
    bool same_origin_redirect; // follow only within the origin of url; else hand back the 3xx
    unsigned max_redirects;    // 0 = 20
    int64_t timeout_ms;        // one try of the exchange, 0 = none (stall still applies)
    int64_t stall_ms;          // 0 = the client's; longer where the server thinks for long
    enum net_retry retry;
    unsigned max_tries;  // 0 = 5, where nobody can be reached 2
    size_t body_max;     // response kept in memory at most, 0 = 64 MiB
    net_body_fn on_body; // streaming instead of memory (only for 2xx answers)
    // Before on_body, 2xx only; again for every try. Bodies of other answers go to resp->body, cut
    // at body_max and 1 MiB.
    int (*on_head)(void *ud, struct net_resp *resp, struct sp_err *err);
    void *ud;
    struct sp_progress *progress; // counts body bytes received (on_body) or sent
    const struct sp_cancel *cancel;
};
struct net_resp {
    int status;
    char *url; // final URL
    struct net_resp_header *headers;
    size_t headers_n;
    struct sp_buf body; // memory mode, or the error body when the status is not 2xx
    unsigned tries, redirects;
};
// Any HTTP status is success (0): the caller looks at resp->status. <0: SP_EOFFLINE, SP_ENET,
// SP_ETIMEOUT, SP_ECANCELLED, SP_EREPLY (an answer that breaks HTTP), SP_ETOOBIG (body_max,
// headers), SP_EINVALID (the request), SP_EUNSUPPORTED (no libcurl), or what a callback returned.
// The message names the URL (redacted) and the proxy or CA file in use. *resp is fini'ed first and,
// on failure, left empty. At most `connections` exchanges per origin run at once; more callers wait
// their turn (but not a fetch made inside a callback of another one: it would wait for itself).
int net_fetch(struct net_client *c, const struct net_req *q, struct net_resp *resp,
              struct sp_err *err);
const char *net_resp_get(const struct net_resp *r, const char *name); // NULL = absent; first one
void net_resp_fini(struct net_resp *r);
// Wait that Retry-After or RateLimit (`"api";r=0;t=55`) asks for, −1 = none; milliseconds.
int64_t net_retry_after_ms(const struct net_resp *r);
// Counters since start, for tests and --verbose: requests sent, connections opened.
void net_client_stats(const struct net_client *c, uint64_t *requests, uint64_t *connections);

#endif
