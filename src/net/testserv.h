// A scripted HTTP server on a loopback port for unit tests: a thread per connection; the test's
// answer function writes whatever bytes it likes, so it can lie, cut and stall. Not built into
// products.
#ifndef SPOKE_NET_TESTSERV_H
#define SPOKE_NET_TESTSERV_H

#include "base/base.h"

struct testserv;
struct testserv_req {
    char *method, *target; // target as sent, with the query
    struct sp_buf head;    // whole head
    struct sp_buf body;    // by Content-Length or chunked, decoded; at most 64 MiB
    int fd;                // the connection, for handlers that misbehave
    unsigned conn;         // number of the connection, from 0
    unsigned seq;          // number of the request on it, from 0
};
// Answers one request. Return false to close the connection.
typedef bool (*testserv_fn)(void *ud, struct testserv *s, const struct testserv_req *q);
struct testserv *testserv_start(testserv_fn fn, void *ud);
void testserv_stop(struct testserv *s);             // closes everything, joins the threads
const char *testserv_url(const struct testserv *s); // "http://127.0.0.1:PORT"
unsigned testserv_requests(const struct testserv *s);
// Value of a request header (heap) or NULL.
char *testserv_header(const struct testserv_req *q, const char *name);
// "HTTP/1.1 <status> T\r\nContent-Length: …\r\n<extra>\r\n<body>"; extra lines end with \r\n. For
// HEAD the body is left out.
bool testserv_answer(const struct testserv_req *q, int status, const char *extra, sp_str body);
bool testserv_send(const struct testserv_req *q, const void *p, size_t n); // raw
// Sleeps until ms passed or the peer hung up or the server stops.
void testserv_stall(struct testserv *s, const struct testserv_req *q, int ms);

#endif
