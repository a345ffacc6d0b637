// Who the client is: addresses, trusted proxies, PROXY protocol, forwarding headers.
#ifndef SPOKE_NET_HTTP_PROXY_H
#define SPOKE_NET_HTTP_PROXY_H

#include "net/http.h"

#include <sys/socket.h>

enum http_family { HTTP_FAMILY_NONE, HTTP_FAMILY_V4, HTTP_FAMILY_V6, HTTP_FAMILY_UNIX };
struct http_addr {
    uint8_t bytes[16]; // network order; v4 in the first four
    uint16_t port;
    uint8_t family; // enum http_family
};
#define HTTP_ADDR_MAX 64
void http_addr_from(struct http_addr *out, const struct sockaddr_storage *ss);
bool http_addr_parse(struct http_addr *out, sp_str text); // "1.2.3.4", "::1", "[::1]", with :port
void http_addr_text(char out[HTTP_ADDR_MAX], const struct http_addr *a); // without the port

struct http_trust {
    struct http_trust_net {
        struct http_addr addr;
        unsigned bits;
    } *v;
    size_t n;
};
// "10.0.0.0/8, ::1, unix"; NULL or "" = nobody.
int http_trust_parse(struct http_trust *out, const char *list, struct sp_err *err);
void http_trust_fini(struct http_trust *t);
bool http_trust_has(const struct http_trust *t, const struct http_addr *a);

// PROXY protocol v1 and v2. Bytes of the header, 0 = not complete, <0 = malformed. *out is the
// client; family NONE = LOCAL or UNKNOWN, keep the socket's address.
ssize_t http_proxy_parse(struct http_addr *out, sp_str in);
#define HTTP_PROXY_HEADER_MAX 2048

// Applies X-Forwarded-For/-Proto/-Host and Forwarded of a trusted peer to scheme, host and peer of
// q. peer_known: the PROXY protocol has named the client, who may have written these headers
// himself; they do not change who he is.
void http_forwarded_apply(struct http_req *q, const struct http_trust *t, bool peer_known);

#endif
