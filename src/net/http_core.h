// Private to the HTTP server: connections, workers, one exchange.
//
// Who owns what. A connection is a slot of a slab that is never given back while the server lives,
// so that a late event can look at it. Its `state` word (generation and flags) says who may touch
// the rest: the thread that moved it from CONN_IDLE to CONN_BUSY, until it parks or closes it.
// Epoll is edge-triggered; an edge for a busy connection only leaves CONN_PENDING for its owner,
// who then reads again before parking. That is one system call less per request than one-shot
// re-arming, and hang-ups are noticed while a handler runs.
#ifndef SPOKE_NET_HTTP_CORE_H
#define SPOKE_NET_HTTP_CORE_H

#include "net/http.h"
#include "net/http_parse.h"
#include "net/http_proxy.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

// ---- connections

enum {
    CONN_FREE = 0,
    CONN_IDLE = 1,    // parked: whoever takes it owns it
    CONN_BUSY = 2,    // owned by a thread
    CONN_PENDING = 4, // an edge came while busy: read again before parking
    CONN_GONE = 8,    // the peer has closed its side
    CONN_FLAGS = 0xff,
};
#define CONN_STATE(gen, flags) ((uint64_t)(gen) << 8 | (uint64_t)(flags))

enum http_phase {
    PHASE_PROXY,     // waits for the PROXY protocol header
    PHASE_HANDSHAKE, // TLS
    PHASE_NEW,       // no byte of a first request yet
    PHASE_HEAD,      // part of a head is in the stash
    PHASE_KEEP,      // between requests
    PHASE_LINGER,    // answered, our side closed: what still comes is thrown away
};
struct http_conn {
    _Atomic uint64_t state;
    _Atomic int64_t deadline_ms; // parked: when it is closed; sp_mono_ms()
    _Atomic int64_t busy_ms;     // busy: since when
    _Atomic uint8_t phase;
    struct http_server *s;
    SSL *ssl;
    char *stash; // bytes of a head that is not complete
    size_t stash_n, scan;
    struct sp_cancel cancel;
    int fd;
    uint32_t slot, gen, next_free;
    short ssl_want;        // POLLIN or POLLOUT after IO_WAIT
    bool drained;          // the last read emptied the socket
    bool trusted;          // the peer may set forwarding headers
    bool deaf;             // taken out of epoll while a long body is read
    bool bye_told;         // TLS close notice sent
    uint32_t lingered;     // bytes thrown away since the answer
    bool yielded;          // parked with whole requests in the stash, or unread ones in the socket
    struct http_addr addr; // of the client (PROXY protocol applied)
    struct http_addr socket_addr;
};

// ---- one exchange

#define HTTP_ANSWER_HEADERS_MAX 96
#define HTTP_OUT_BYTES          (16 * SP_KIB) // answers up to this size leave in one write

enum body_in { BODY_NONE, BODY_LENGTH, BODY_CHUNK_SIZE, BODY_CHUNK, BODY_CHUNK_END, BODY_TRAILER };
enum answer { ANSWER_NONE, ANSWER_STREAM, ANSWER_DONE };

struct http_resp {
    struct http_worker *w;
    struct http_conn *c;
    int minor;
    bool keep;   // the connection survives this exchange
    bool broken; // bytes on the wire are not what the head promised: close hard
    // request body
    enum body_in in;
    uint64_t in_left; // of the body or of the chunk
    uint64_t in_max;  // route limit
    size_t trailer_n;
    size_t held; // http_hold
    bool expect; // 100-continue has not been answered
    bool in_bad; // the body cannot be read on: the connection ends after the answer
    // answer
    enum answer answer;
    bool chunked, no_body, until_close;
    const char *reason; // in the arena, NULL = standard
    uint64_t out_left;  // of the length promised by http_begin
    struct sp_buf hdr;  // "Name: value\r\n"…
    struct {
        uint32_t off, n, name_n; // n 0 = replaced
    } lines[HTTP_ANSWER_HEADERS_MAX];
    size_t lines_n;
    struct sp_buf out;  // head that goes to the socket next
    struct sp_buf body; // gathered by http_write
    // waiting
    bool is_long, denied; // has, or was refused, a long-stream slot
    bool lingers;         // counted in denied_n
    int64_t denied_ms, waited_ms;
    uint64_t window_bytes;
    char share[HTTP_ADDR_MAX]; // is_long: whose share the slot comes from, "" = nobody's
};

struct http_worker {
    pthread_t thread;
    struct http_server *s;
    struct http_worker *next;
    char *in; // receive buffer: head, then what came behind it
    size_t in_cap, in_at, in_end, head_n;
    char *copy; // for bodies that cannot go out by sendfile
    struct http_header *headers;
    struct sp_arena arena;
    struct http_req q;
    struct http_resp r;
    int64_t date_s;
    char date[SP_TIME_MAX];
    size_t date_n;
    uint64_t seed;
    bool exited;
};
#define HTTP_COPY_BYTES (128 * SP_KIB)

// ---- server

#define CONN_BLOCK 64
struct http_server {
    struct http_limits lim;
    const struct http_router *router;
    int (*before)(struct http_req *q, void *ud, struct sp_err *err);
    void (*fail)(struct http_req *q, int code, const struct sp_err *why, void *ud);
    void (*done)(struct http_req *q, void *ud);
    void *ud;
    char *url, *base_path, *public_url, *unix_path;
    bool proxy_protocol, inherited; // inherited: the listening socket belongs to somebody else, too
    struct http_trust trust;
    struct http_head_limits head_lim;
    char *tls_cert, *tls_key;
    bool secure;  // speaks TLS
    SSL_CTX *tls; // read and replaced under tls_mu
    pthread_mutex_t tls_mu;

    int listen_fd, epoll_fd, wake_fd;
    _Atomic bool draining, stopping;
    struct sp_cancel abort; // running requests must end

    pthread_mutex_t conns_mu; // slab, free list, peers, cancelling of another thread's connection
    struct http_conn **blocks;
    size_t blocks_n;
    _Atomic uint32_t slots_n;
    uint32_t free_head;  // slot + 1, 0 = none
    struct sp_map peers; // address text → count, only with lim.per_peer

    pthread_mutex_t workers_mu;
    struct http_worker *workers;
    _Atomic unsigned workers_n;
    _Atomic unsigned long_n;   // written under workers_mu
    struct sp_map long_peers;  // whose share → slots taken; under workers_mu
    _Atomic unsigned denied_n; // threads for short requests that wait for a peer without a slot

    _Atomic unsigned conns_n, busy_n;
    _Atomic uint64_t accepted, requests, refused, timeouts;
    _Atomic size_t stash_bytes, held_bytes;
};

// http_io.c: bytes under deadlines. >0 = count, 0 = end of the stream.
enum { IO_WAIT = -1, IO_DEAD = -2 };
ssize_t http_io_recv(struct http_conn *c, void *p, size_t n); // does not block
ssize_t http_io_peek(struct http_conn *c, void *p, size_t n); // plain socket, does not block
int http_io_read(struct http_resp *r, void *p, size_t n, size_t *got, struct sp_err *err);
// Everything, or <0 with r->broken set. more: further bytes follow at once.
int http_io_write(struct http_resp *r, struct iovec *iov, int n, bool more, struct sp_err *err);
int http_io_sendfile(struct http_resp *r, int fd, uint64_t off, uint64_t n, struct sp_err *err);

// http_conn.c
struct http_conn *http_conn_open(struct http_server *s, int fd, const struct http_addr *addr);
// Parks a new connection and puts it into epoll; -errno when that failed (its deadline closes it).
int http_conn_watch(struct http_conn *c, enum http_phase phase, int64_t deadline_ms);
void http_conn_close(struct http_conn *c, bool reset);
bool http_conn_claim(struct http_conn *c, uint32_t gen, uint32_t events);
// Gives the connection back to epoll. false = something came meanwhile, the caller still owns it.
bool http_conn_park(struct http_conn *c, enum http_phase phase, int64_t deadline_ms);
// The same in the middle of pipelined requests: an event comes at once, behind those that wait.
bool http_conn_yield(struct http_conn *c, int64_t deadline_ms);
struct http_conn *http_conn_at(struct http_server *s, uint32_t slot);
bool http_conn_close_oldest_idle(struct http_server *s);
// Closes what is late (close_idle: and every connection between requests), cancels requests of
// peers that are gone. Returns how many requests are under way.
unsigned http_conn_sweep(struct http_server *s, int64_t now, bool close_idle);
void http_conn_abort_all(struct http_server *s);
void http_conn_free_all(struct http_server *s);
void http_conn_deafen(struct http_conn *c, bool deaf);
void http_conn_linger(struct http_conn *c);

// http_exchange.c: called with an owned connection that is readable; parks or closes it.
void http_conn_serve(struct http_worker *w, struct http_conn *c);

// http_body.c
void http_body_begin(struct http_resp *r, const struct http_head *h, uint64_t max);
// The request body is read to its end, or what is left is small and could be thrown away.
bool http_body_discard(struct http_resp *r);
bool http_body_unread(const struct http_resp *r);

// http_resp.c
void http_resp_begin(struct http_worker *w, struct http_conn *c);
void http_resp_fini(struct http_resp *r);
// Status line and headers into r->out. length: -1 = chunked or until close, -2 = no body headers.
void http_resp_head(struct http_req *q, int status, const char *content_type, int64_t length);
void http_resp_drop(struct http_resp *r, const char *name);
sp_str http_resp_find(const struct http_resp *r, const char *name);
// Sends r->out and body (counted as body). more: further bytes follow at once.
int http_resp_flush(struct http_req *q, sp_str body, bool more, struct sp_err *err);
// {"error": …} with X-Error-Message; used where the application has not answered.
void http_resp_plain_error(struct http_req *q, int status, const char *xcode, const char *text);

// http_server.c
// asked: by the handler (http_long), which knows who asks; else by the wait for a slow peer, and
// then a quarter of the slots is out of reach: strangers with slow bodies leave room for transfers.
// One address gets at most its share (limits.long_per_peer), asked or not.
bool http_long_take(struct http_resp *r, bool asked);
// Gives back all that a request took of what requests share: its slot or its place among those
// without one, and the memory of http_hold.
void http_give_back(struct http_resp *r);
// A place among the few threads for short requests that may wait for a peer that got no slot.
bool http_denied_take(struct http_server *s);
bool http_crowded(const struct http_resp *r); // neither is to be had

// http_listen.c
int http_listen_open(struct http_server *s, const char *spec, struct sp_err *err);

// tls.c
int http_tls_load(SSL_CTX **out, const char *cert, const char *key, struct sp_err *err);
int http_tls_accept(struct http_conn *c); // 1 = done, 0 = wait, <0 dead
ssize_t http_tls_recv(struct http_conn *c, void *p, size_t n);
ssize_t http_tls_send(struct http_conn *c, const void *p, size_t n);
void http_tls_bye(struct http_conn *c);

#endif
