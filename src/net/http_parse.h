// The head of a request: bytes to a checked struct. No state, no allocation; views into the input.
// Refusals are listed in http_parse_test.c, which is also compared with nginx.
#ifndef SPOKE_NET_HTTP_PARSE_H
#define SPOKE_NET_HTTP_PARSE_H

#include "net/http.h"

struct http_head_limits {
    size_t bytes;        // request line and headers together
    size_t target_bytes; // request target
    size_t headers_n;
};
struct http_head {
    enum http_method method;
    sp_str target; // as sent
    sp_str path;   // raw, begins with '/' ("*" only with OPTIONS)
    sp_str query;  // raw, without '?'
    sp_str host;   // of the Host header or of an absolute target; empty only for HTTP/1.0
    int minor;     // HTTP/1.minor
    size_t headers_n;
    int64_t content_length; // -1 = chunked, 0 = none
    bool keep_alive;
    bool expect_continue;
};
// Bytes of the head (> 0); 0 = not complete yet; SP_EFORMAT with *status_out = what to answer
// (400, 414, 417, 431, 501, 505) and the reason in err. `headers` has room for lim->headers_n.
// *scan (0 at first) remembers across calls for the same head what was looked at already.
ssize_t http_head_parse(struct http_head *out, struct http_header *headers,
                        const struct http_head_limits *lim, sp_str in, size_t *scan,
                        int *status_out, struct sp_err *err);

// host, host:port, [v6], [v6]:port with the characters of a DNS name or an address only.
bool http_host_valid(sp_str host);
// Percent-encoding is whole, no %00, decodes to UTF-8 without control bytes (controls other than
// NUL are allowed when `text`: query values may hold line breaks).
bool http_encoding_valid(sp_str raw, bool text);
// Decodes once what http_encoding_valid has accepted; plus: '+' is a space (queries and forms). The
// view is raw itself where nothing is encoded, else memory of the arena.
sp_str http_percent_decode(struct sp_arena *arena, sp_str raw, bool plus);
bool http_is_token(sp_str s);

// Chunked coding (RFC 9112 §7.1). The line is what stands before CRLF. false = malformed or > 2^60.
bool http_chunk_size_parse(sp_str line, uint64_t *size_out);
// A trailer line: name, colon, value; checked and thrown away.
bool http_trailer_valid(sp_str line);

#endif
