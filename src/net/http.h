// net/http.h: the HTTP/1.1 server core. Worker threads share one epoll set (leader/follower): the
// thread that gets a readable connection parses the request, runs the handler and answers, blocking
// but under deadlines, then parks the connection again. A parked connection holds no buffer.
// Promises: a request reaches a handler only when it is well-formed beyond doubt (one
// Content-Length, no CL+TE, known transfer codings, no control bytes, valid UTF-8 after decoding,
// path split into segments before it is decoded, once); every wait has a deadline; a handler sees
// bodies as a stream. A struct http_req belongs to the thread that runs its handler.
#ifndef SPOKE_NET_HTTP_H
#define SPOKE_NET_HTTP_H

#include "base/base.h"

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_PATCH = 32,
    HTTP_OPTIONS = 64
};

struct http_header {
    sp_str name, value; // value trimmed
};
struct http_param {
    sp_str name, value; // value percent-decoded, valid UTF-8, no NUL
};
#define HTTP_PARAMS_MAX 12

struct http_conn;  // private
struct http_route; // row of the router, see below
struct http_req {
    struct sp_arena *arena; // freed after the answer
    struct http_conn *conn;
    struct sp_cancel *cancel; // set when the peer is gone, the time is up or the server must stop
    enum http_method method;
    sp_str target; // as sent, for logs
    sp_str path;   // raw path without the query, base path removed
    sp_str query;  // raw, without '?'
    sp_str scheme; // "http" or "https", forwarding headers from trusted proxies applied
    sp_str host;   // validated host[:port], empty = the request had none (HTTP/1.0)
    sp_str peer;   // address of the client for logs ("127.0.0.1")
    const struct http_header *headers;
    size_t headers_n;
    int64_t content_length; // -1 = chunked; 0 also when there is no body
    const struct http_route *route;
    struct http_param params[HTTP_PARAMS_MAX]; // of the route's pattern
    size_t params_n;
    char request_id[40]; // X-Amzn-Trace-Id / X-Request-Id when sane, else new
    void *user;          // the application's (server: struct srv_who)
    // What the answer was, for access logs and metrics; valid in the `done` hook.
    int status;
    uint64_t body_in, body_out;
    int64_t start_ns;
    sp_str log_user;        // set by the application, logged
    struct http_resp *resp; // private
};

// ---- request

sp_str http_header(const struct http_req *q, const char *name); // {NULL,0} = absent
sp_str http_param(const struct http_req *q, const char *name);  // of the path
// Query parameters, decoded ("+" is a space). First value, or all by index; also finds "name[]".
bool http_query(struct http_req *q, const char *name, sp_str *out);
bool http_query_at(struct http_req *q, const char *name, size_t i, sp_str *out);
// Same for an application/x-www-form-urlencoded body that was read already.
bool http_form_at(struct http_req *q, sp_str body, const char *name, size_t i, sp_str *out);
// Walks a form (or q->query) once: rest starts as the text; false = the end. Pairs with bad
// encoding are passed over. "x[]" stays "x[]" here.
bool http_form_next(struct http_req *q, sp_str *rest, sp_str *name, sp_str *value);
// Body. The first read answers "Expect: 100-continue". 0 = end; SP_ETOOBIG past the route's limit;
// SP_ETIMEOUT below the minimum rate; SP_EINCOMPLETE when the peer closes early.
ssize_t http_body_read(struct http_req *q, void *buf, size_t n, struct sp_err *err);
int http_body_all(struct http_req *q, struct sp_buf *out,
                  struct sp_err *err); // out->max also bounds
// Marks this request as a long stream (large upload or download): it moves to the long-stream
// slots; SP_EBUSY (503 + Retry-After) when they are full.
int http_long(struct http_req *q, struct sp_err *err);

// Counts memory that this request keeps for what its peer sent, until it is answered. SP_EBUSY
// (503 + Retry-After) when all requests together would keep more than limits.body_memory.
// http_body_all counts by itself what is above HTTP_HOLD_FREE.
int http_hold(struct http_req *q, size_t bytes, struct sp_err *err);
#define HTTP_HOLD_FREE SP_MIB // small bodies are bounded by the number of threads

// ---- answer

// Headers first, then exactly one of http_send*, or http_begin/http_write…/http_end. Values are
// checked for CR/LF/NUL. Content-Length, Date, Connection, X-Request-Id are added by the core.
void http_set(struct http_req *q, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void http_set_str(struct http_req *q, const char *name, sp_str value);
void http_add(struct http_req *q, const char *name, sp_str value); // repeatable header
// Text of the status line instead of the standard phrase; some clients show nothing else.
void http_set_reason(struct http_req *q, const char *text);
int http_send(struct http_req *q, int status, const char *content_type, sp_str body,
              struct sp_err *err);
int http_send_empty(struct http_req *q, int status, struct sp_err *err);
int http_send_json(struct http_req *q, int status, struct sp_buf *json,
                   struct sp_err *err); // checks json->bad
// Bytes of src under the request's Range/If-Range/If-None-Match/If-Modified-Since: 200, 206 (single
// or multipart/byteranges), 304 or 416; HEAD answers the same headers. etag: quoted form without
// W/, "" = none. Plain files go out by sendfile (TLS: read + SSL_write).
int http_send_source(struct http_req *q, struct sp_source *src, const char *content_type,
                     const char *etag, struct sp_err *err);
// Streaming: length -1 = chunked (HTTP/1.0: until close). On HEAD the body calls do nothing.
int http_begin(struct http_req *q, int status, const char *content_type, int64_t length,
               struct sp_err *err);
int http_write(struct http_req *q, sp_str bytes, struct sp_err *err);
int http_flush(struct http_req *q, struct sp_err *err); // sends what http_write has gathered
int http_end(struct http_req *q, struct sp_err *err);
bool http_answered(const struct http_req *q); // a status line is out
// "http://host[:port]/base" of this request: from Host and scheme (trusted forwarding headers), or
// the configured public URL when Host is missing. No trailing '/'. In the arena.
sp_str http_base_url(struct http_req *q);

// ---- router

// Patterns: "/api/{kind}/{ns}/{name}/tree/{rev}/{path*}". A literal segment, {x} one segment, {x*}
// the rest (may be empty), {x.git} = segment with a fixed suffix: "{name}.git". Kinds are plain
// literals or an alternative list "{kind:models|datasets|spaces}". Literals win over parameters;
// segments are matched raw, then decoded ("%2F" inside a segment stays in that parameter).
typedef int (*http_handler_fn)(struct http_req *q, struct sp_err *err);
struct http_route {
    unsigned methods; // HTTP_GET|HTTP_HEAD…
    const char *pattern;
    http_handler_fn handler;
    int permission;     // the application's
    uint64_t body_max;  // bytes
    const char *name;   // handler's name, for logs, metrics and docs
    const char *client; // the client call that uses it
};
struct http_router;
int http_router_new(struct http_router **out, const struct http_route *rows, size_t n,
                    struct sp_err *err);
void http_router_free(struct http_router *r);
// Fills route and params. SP_ENOROUTE; SP_EMETHOD with *allow_out = methods the path has;
// SP_EFORMAT for bad encoding.
int http_router_match(const struct http_router *r, struct http_req *q, unsigned *allow_out,
                      struct sp_err *err);

// ---- server

// Defaults; the texts in server/settings.def say the same (opts_test).
#define HTTP_CONNECTIONS   8192
#define HTTP_LONG_STREAMS  256
#define HTTP_IDLE_MS       60000
#define HTTP_HEAD_MS       10000
#define HTTP_SEND_STALL_MS 30000
#define HTTP_MIN_RATE      SP_KIB
#define HTTP_DRAIN_MS      30000
#define HTTP_BODY_MEMORY   SP_GIB
struct http_limits {        // zero = default
    size_t header_bytes;    // whole head, SP_LIM_HEADERS_BYTES
    size_t headers_n;       // SP_LIM_HEADERS_N
    unsigned connections;   // bounded by RLIMIT_NOFILE; over it: oldest idle is closed, else 503
    unsigned workers;       // short-request threads; one more than CPUs, ≥ 3
    unsigned long_streams;  // additional threads for peers that make a thread wait
    unsigned long_per_peer; // of these for one address (IPv6: one /64), half of them; not for
                            // trusted proxies and Unix sockets
    int64_t idle_ms;        // keep-alive
    int64_t head_ms;        // whole request head must arrive within
    int64_t send_stall_ms;  // no byte accepted by the peer
    uint64_t min_rate;      // bytes/s over a window of 30 s for bodies in and out
    int64_t drain_ms;       // SIGTERM: time for running requests
    size_t body_memory;     // http_hold of all requests
    unsigned per_peer;      // connections of one address, 0 = no limit
};
struct http_server_opts {
    const char
        *listen; // "127.0.0.1:0", "[::1]:8080", ":8080", "unix:/path", "fd:3" (socket activation)
    const char *tls_cert, *tls_key; // PEM; both or none; reloaded by http_server_reload
    const char *public_url;         // used where a request has no Host; may carry the base path
    const char *base_path;          // "" or "/prefix": requests must begin with it
    const char *trusted_proxies; // comma list of addresses/CIDR whose X-Forwarded-*/Forwarded count
    bool proxy_protocol;         // PROXY v1/v2 from trusted proxies
    struct http_limits limits;
    const struct http_router *router;
    // Runs after routing, before the handler (authentication, permission): <0 = answer the error.
    int (*before)(struct http_req *q, void *ud, struct sp_err *err);
    // Turns a failure into an answer when none was sent: sets status, X-Error-Code, body.
    void (*fail)(struct http_req *q, int code, const struct sp_err *why, void *ud);
    // After every request, also malformed ones (route NULL): access log, metrics.
    void (*done)(struct http_req *q, void *ud);
    void *ud;
};
struct http_server;
int http_server_new(struct http_server **out, const struct http_server_opts *o,
                    struct sp_err *err);                  // binds
const char *http_server_url(const struct http_server *s); // with the real port
int http_server_run(struct http_server *s, struct sp_cancel *stop,
                    struct sp_err *err);                           // until stop; drains
int http_server_reload(struct http_server *s, struct sp_err *err); // certificates
struct http_stats {
    unsigned connections, idle, busy, long_streams;
    uint64_t accepted, requests, refused, timeouts, body_memory;
};
void http_server_stats(const struct http_server *s, struct http_stats *out);
void http_server_free(struct http_server *s);

#endif
