// For tests of the HTTP server: a server in this process with routes that do one thing each, and a
// client that sends exactly the bytes it is told.
#ifndef SPOKE_NET_HTTP_HARNESS_H
#define SPOKE_NET_HTTP_HARNESS_H

#include "net/http.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdatomic.h>

#define FILE_BYTES ((size_t)3 * SP_MIB + 17)
#define FILE_ETAG  "\"0123456789abcdef\""
#define FILE_DATE  "Sat, 21 Nov 2026 09:55:53 GMT"

struct harness {
    struct http_server *server;
    int port;
    const char *url;
};
// What handlers saw, for assertions.
extern struct http_seen {
    _Atomic int cancelled;  // /wait ended because its token was set
    _Atomic int waiting;    // handlers inside /wait or /hold
    _Atomic int release;    // lets /hold end
    _Atomic int incomplete; // /count met SP_EINCOMPLETE
    _Atomic int timeouts;   // /count met SP_ETIMEOUT
    _Atomic int done;       // calls of the `done` hook
    _Atomic int last_status;
} seen;

// opts: listen, router and hooks are filled in where empty. Fails the test when it does not start.
void harness_start(struct harness *h, struct http_server_opts opts);
void harness_stop(struct harness *h); // asks it to stop, joins; checks that run returned 0
void harness_ask_stop(struct harness *h);
void harness_join(struct harness *h);
uint8_t harness_byte(uint64_t i); // of the file behind /file, FILE_BYTES long
void harness_cleanup(void);

int client_open(const struct harness *h);
void client_send(int fd, const char *text);
void client_send_n(int fd, const void *p, size_t n);
struct answer_text {
    int status; // 0 = the connection ended or 10 s went by without an answer
    struct sp_buf head, body;
    bool closed; // the answer ended with the connection
};
// Reads one answer: by Content-Length, chunked (decoded) or until the end. head_only: answer to
// HEAD.
void client_read(int fd, struct answer_text *a, bool head_only);
void client_answer_fini(struct answer_text *a);
// Whole exchange on a new connection.
void client_ask(const struct harness *h, const char *request, struct answer_text *a);
sp_str answer_header(const struct answer_text *a, const char *name);
bool client_at_end(int fd); // the server closes within 10 s, without a further byte
// Waits up to 10 s until *v is at least n.
bool wait_for(const _Atomic int *v, int n);

#endif
