// Private to hub: the client object, URLs, calls and what their failures mean.
#ifndef SPOKE_HUB_CLIENT_H
#define SPOKE_HUB_CLIENT_H

#include "hub/hub.h"

#include <pthread.h>

enum { HUB_MAGIC = 0x48554243, HUB_TOPICS_MAX = 16 };
struct hub {
    unsigned magic;
    char *endpoint; // no '/' at the end
    char *token;    // NULL = anonymous
    struct net_client *net;
    const struct sp_cancel *cancel;
    pthread_mutex_t lock;         // topics
    char *topics[HUB_TOPICS_MAX]; // X-HF-Warning topics that were shown
    size_t topics_n;
};

// ---- URLs (url.c)

// "{E}/api/models/ns/name" + tail; rev and path are quoted as single segments.
void hub_url_api(struct sp_buf *b, const struct hub *h, const struct hub_repo *r, const char *tail);
void hub_url_seg(struct sp_buf *b, const char *segment); // "/" + fully quoted
// Adds "?key=value" or "&key=value".
void hub_url_query(struct sp_buf *b, const char *key, sp_str value);
int hub_url_done(char **out, struct sp_buf *b, struct sp_err *err);
// A URL that the server handed out, brought back to the endpoint when it names huggingface.co or,
// with `always`, any other host (pagination links of mirrors). Relative ones are resolved against
// `at`.
int hub_url_own(char **out, const struct hub *h, const char *at, sp_str link, bool always,
                struct sp_err *err);
bool hub_url_is_own(const struct hub *h, const char *url); // origin of the endpoint

// ---- calls (call.c)

struct hub_call {
    const char *method; // NULL = GET
    const char *url;
    sp_str body;
    const char *content_type; // NULL = application/json when there is a body
    const char *accept;
    enum net_retry retry;
    bool no_token, identity, same_origin;
    size_t body_max; // 0 = SP_LIM_JSON_BYTES
    int64_t timeout_ms, stall_ms;
    unsigned max_tries;
    net_send_fn send; // body as a stream
    int (*send_rewind)(void *ud);
    void *send_ud;
    int64_t send_size;
    struct sp_progress *progress;
};
// Performs; any status is success.
int hub_call_raw(struct net_resp *resp, struct hub *h, const struct hub_call *c,
                 struct sp_err *err);
// Status other than 2xx becomes an error.
int hub_call_do(struct net_resp *resp, struct hub *h, const struct hub_call *c, struct sp_err *err);
// 2xx with JSON of the kind; tree in the arena.
int hub_call_json(struct sp_json **out, struct sp_arena *a, struct net_resp *resp, struct hub *h,
                  const struct hub_call *c, enum sp_json_kind kind, struct sp_err *err);
int hub_call_parse(struct sp_json **out, struct sp_arena *a, const struct net_resp *resp,
                   enum sp_json_kind kind, struct sp_err *err);
// Error of a non-2xx answer: X-Error-Code decides, then the status.
int hub_call_fail(struct hub *h, const struct net_resp *resp, struct sp_err *err);
// "the answer of URL: field x is missing": what a lying server gets.
int hub_call_lied(const struct net_resp *resp, struct sp_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));
// Address of the next page (heap) or NULL: Link rel="next", brought back to the endpoint.
int hub_call_next(char **out, struct hub *h, const struct net_resp *resp, struct sp_err *err);
// String members of answers: SP_EREPLY when present with another type.
int hub_call_str(sp_str *out, const struct net_resp *resp, const struct sp_json *obj,
                 const char *key, bool required, struct sp_err *err);
// hex digits of exactly n, or SP_EREPLY; copies with NUL.
int hub_call_hex(char *out, size_t n, const struct net_resp *resp, sp_str value, const char *key,
                 struct sp_err *err);

#endif
